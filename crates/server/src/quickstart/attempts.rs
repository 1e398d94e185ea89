//! Lines to copy: what a newcomer can try at once, in the way that this deployment wants keys to be sent.
//!
//! Owns:  the curl lines of a quickstart, for each profile and for an API of one's own.
//! Never: prints a secret at a later start than the first: then the shell has to know it.
//! Read:  `Attempts::lines`.

use crate::config::Profile;
use api::key::CredentialSecret;
use model::{Presentation, Presentations};

/// Lines for an API of one's own, at most.
const OWN_MAX: usize = 3;

/// What there is to try.
pub(super) struct Attempts<'a> {
    pub(super) base: &'a str,
    /// The gateway's certificate, as an option of curl; empty if there is none.
    pub(super) trust: &'a str,
    pub(super) presentations: Presentations,
    /// The primary test credential, at the first start.
    pub(super) credential: Option<&'a CredentialSecret>,
}

impl Attempts<'_> {
    /// The lines, and before them what the shell has to know.
    pub(super) fn lines(&self, profile: Option<Profile>, readable: &[String]) -> (Vec<String>, &'static str) {
        let (key, before) = self.key();
        let curl = |path: &str| {
            // A shell would read a question mark.
            let quote = if path.contains('?') { "'" } else { "" };
            format!("curl{} {key} {quote}{}{path}{quote}", self.trust, self.base)
        };
        let post = |path: &str, body: &str| {
            format!("{} -H 'Content-Type: application/json' \\\n      -d '{body}'", curl(path))
        };
        let lines = match profile {
            Some(Profile::Invoicetronic) => vec![
                curl("/v1/company"),
                post("/v1/company", r#"{"name":"Rossi S.r.l.","vat":"IT01234567890","fiscal_code":"01234567890"}"#),
                curl("/v1/status"),
            ],
            Some(Profile::Laabam) => vec![
                post("/v1/companies", r#"{"slug":"acme","name":"Acme Traders"}"#),
                post("/v1/customers", r#"{"name":"Meera Stores","email":"meera@example.com"}"#),
                curl("/v1/customers"),
            ],
            Some(Profile::Invostaq) => vec![
                post("/api/v2/participants", r#"{"participantId":"0196:971501234567"}"#),
                curl("/api/v2/lookup?participantId=0196:971501234567"),
                curl("/api/v2/invoices"),
            ],
            None => readable.iter().take(OWN_MAX).map(|path| curl(path)).collect(),
        };
        (lines, before)
    }

    /// The options that carry the key, and what the shell has to know before.
    fn key(&self) -> (String, &'static str) {
        let (id, secret, before) = match self.credential {
            Some(credential) => (credential.client_id.clone(), credential.secret.secret().expose().clone(), ""),
            None if self.needs_pair() => (
                "$CLIENT_ID".to_owned(),
                "$SECRET".to_owned(),
                "  CLIENT_ID=... SECRET=...   # your primary test key\n",
            ),
            None => (String::new(), "$KEY".to_owned(), "  KEY=...   # your primary test key\n"),
        };
        let header = |name: &str, value: &str| format!("-H \"{name}: {value}\"");
        let sent = |presentation| self.presentations.contains(presentation);
        let options = if sent(Presentation::BasicUsername) {
            if self.credential.is_some() { format!("-u {secret}:") } else { format!("-u \"{secret}:\"") }
        } else if sent(Presentation::ApiKeyHeader) {
            header("X-API-Key", &secret)
        } else if sent(Presentation::Bearer) {
            header("Authorization", &format!("Bearer {secret}"))
        } else {
            format!("{} {}", header("X-Client-Id", &id), header("X-Client-Secret", &secret))
        };
        (options, before)
    }

    const fn needs_pair(&self) -> bool {
        only_pairs(self.presentations)
    }
}

/// Whether a secret is of no use without its client id.
pub(super) const fn only_pairs(presentations: Presentations) -> bool {
    !(presentations.contains(Presentation::BasicUsername)
        || presentations.contains(Presentation::ApiKeyHeader)
        || presentations.contains(Presentation::Bearer))
}
