//! Person: who a verified token speaks of (D20).
//!
//! Owns:  the order of the checks of a token, the times, the directory rule, and who is an administrator.
//! Never: is made of anything but a token whose signature and claims hold.
//! Read:  `Person::verify`.

use crate::{
    issuer::{Algorithm, Issuer},
    key_set::KeySet,
    members::Members,
    token::Token,
};
use model::{Denial, Timestamp};
use serde_json::Value;

/// How far the clocks of issuer and gateway may differ, in seconds (D20).
pub const CLOCK_TOLERANCE_SECS: i64 = 60;
/// The longest subject, in bytes (OpenID Connect Core, section 2).
const SUBJECT_MAX: usize = 255;
/// The longest e-mail address, in bytes.
const EMAIL_MAX: usize = 254;
/// The last second that a token may name: the end of the year 9999. Later ones are no times.
const LATEST_SECS: i64 = 253_402_300_799;

/// Whose e-mail addresses are administrators' (R106).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admins(Vec<String>);

impl Admins {
    /// From addresses in any case.
    #[must_use]
    pub fn new(emails: impl IntoIterator<Item = String>) -> Self {
        Self(emails.into_iter().map(|email| email.to_ascii_lowercase()).collect())
    }

    fn has(&self, email: &str) -> bool {
        self.0.iter().any(|known| known.eq_ignore_ascii_case(email))
    }
}

/// A person whom an issuer vouches for. The fields are the token's, verified.
///
/// ```compile_fail,E0451
/// # fn forge(person: proof::Person) -> proof::Person {
/// proof::Person { admin: true, ..person }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    issuer: String,
    directory: String,
    subject: String,
    email: Option<String>,
    vouched: bool,
    admin: bool,
    nonce: Option<String>,
    ends_at: Timestamp,
}

impl Person {
    /// Verifies a token: algorithm, key, signature, then issuer, audience and times. The first fault is the reason; the
    /// public answer to all of them is the same.
    pub fn verify(
        token: &Token<'_>,
        issuer: &Issuer,
        keys: &KeySet,
        admins: &Admins,
        now: Timestamp,
    ) -> Result<Self, Denial> {
        let algorithm = Algorithm::parse(&token.algorithm)
            .filter(|algorithm| issuer.algorithms.contains(algorithm))
            .ok_or(Denial::TokenAlgorithmRefused)?;
        keys.verify(&token.kid, algorithm, token.message, &token.signature)?;
        let claims = &token.claims;
        let iss = claims.text("iss").ok_or(Denial::TokenClaimsUnusable)?;
        let tid = claims.text("tid");
        if !issuer.accepts(iss, tid) {
            return Err(Denial::TokenDirectoryRefused);
        }
        if !audience(claims, issuer)? {
            return Err(Denial::TokenAudienceWrong);
        }
        let ends_at = times(claims, now)?;
        let (subject, directory) = identity(claims, issuer, tid)?;
        let email = claims.text("email").filter(|email| (3..=EMAIL_MAX).contains(&email.len()));
        let vouched = if issuer.is_entra() { is_true(claims, "xms_edov") } else { is_true(claims, "email_verified") };
        Ok(Self {
            issuer: iss.to_owned(),
            directory,
            subject,
            email: email.map(str::to_owned),
            vouched,
            nonce: claims.text("nonce").map(str::to_owned),
            admin: vouched && email.is_some_and(|email| admins.has(email)),
            ends_at,
        })
    }

    /// `iss`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `tid` of Entra ID; empty otherwise.
    #[must_use]
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// Who, within issuer and directory: `sub`, or Entra ID's `oid`. Never the e-mail address, which can change hands.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The e-mail address, as the issuer says it.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// The e-mail address, when the issuer says that it is really theirs.
    #[must_use]
    pub fn proven_email(&self) -> Option<&str> {
        self.email.as_deref().filter(|_| self.vouched)
    }

    /// Whether the token was made for the sign-in that sent this along (OpenID Connect Core, section 3.1.3.7, step 11).
    #[must_use]
    pub fn answers(&self, nonce: &str) -> bool {
        !nonce.is_empty() && self.nonce.as_deref() == Some(nonce)
    }

    /// Whether the address is an administrator's and the issuer says that it is really theirs (R106).
    #[must_use]
    pub const fn is_admin(&self) -> bool {
        self.admin
    }

    /// From here on the token is of no use: `exp` and the tolerance.
    #[must_use]
    pub const fn ends_at(&self) -> Timestamp {
        self.ends_at
    }
}

/// Who it is: never something that people can choose.
fn identity(claims: &Members, issuer: &Issuer, tid: Option<&str>) -> Result<(String, String), Denial> {
    let name = if issuer.is_entra() { "oid" } else { "sub" };
    let visible = |text: &&str| (1..=SUBJECT_MAX).contains(&text.len()) && text.chars().all(|c| !c.is_control());
    let subject = claims.text(name).filter(visible).ok_or(Denial::TokenClaimsUnusable)?;
    let directory = if issuer.is_entra() { tid.unwrap_or_default() } else { "" };
    Ok((subject.to_owned(), directory.to_owned()))
}

/// Whether the token is for one of our client ids. `aud` is a text or a list of texts.
fn audience(claims: &Members, issuer: &Issuer) -> Result<bool, Denial> {
    let ours = |text: &str| issuer.client_ids.iter().any(|id| id == text);
    match claims.get("aud") {
        Some(Value::String(text)) => Ok(ours(text)),
        Some(Value::Array(list)) if !list.is_empty() => {
            let texts: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
            Ok(texts.ok_or(Denial::TokenClaimsUnusable)?.into_iter().any(ours))
        }
        _ => Err(Denial::TokenClaimsUnusable),
    }
}

/// The end, when `exp`, `nbf` and `iat` hold. `exp` and `iat` have to be there; each has to be a whole number.
fn times(claims: &Members, now: Timestamp) -> Result<Timestamp, Denial> {
    let seconds = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => {
            let secs = value.as_i64().filter(|secs| (0..=LATEST_SECS).contains(secs));
            secs.map(Some).ok_or(Denial::TokenClaimsUnusable)
        }
    };
    let (exp, nbf, iat) = (seconds("exp")?, seconds("nbf")?, seconds("iat")?);
    let (exp, iat) = exp.zip(iat).ok_or(Denial::TokenClaimsUnusable)?;
    let ends_at = Timestamp::from_secs(exp).plus_secs(CLOCK_TOLERANCE_SECS);
    if now >= ends_at {
        return Err(Denial::TokenExpired);
    }
    let begins = nbf.map_or(iat, |nbf| nbf.max(iat));
    if Timestamp::from_secs(begins) > now.plus_secs(CLOCK_TOLERANCE_SECS) {
        return Err(Denial::TokenNotYetValid);
    }
    Ok(ends_at)
}

/// Entra ID writes truths in three ways.
fn is_true(claims: &Members, name: &str) -> bool {
    match claims.get(name) {
        Some(Value::Bool(truth)) => *truth,
        Some(Value::String(text)) => text == "1" || text.eq_ignore_ascii_case("true"),
        Some(Value::Number(number)) => number.as_i64() == Some(1),
        _ => false,
    }
}
