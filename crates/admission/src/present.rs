//! Present: which credential a request carries, before anything is looked up (D1, D2, D3).
//!
//! Owns:  reading the four presentations; refusing two credentials and everything that has not the shape of a key.
//! Never: allocates, looks up, or keeps the text; what leaves is its hash.
//! Read:  `present`, then `Claim`.

use crate::facts::{CredentialFields, Facts, Field, Policy};
use model::{
    ClientId, Denial, Environment, Presentation, Presentations, Recognised, SecretHash,
    key_text::{PREFIX_MAX, TEXT_MAX},
};

/// A prefix, an underscore, 24 digits, a colon, a key.
const BASIC_MAX: usize = PREFIX_MAX + 1 + 24 + 1 + TEXT_MAX;
/// Its base64 text. A longer one is malformed, unread; so is a key text longer than `TEXT_MAX`.
const BASIC_ENCODED_MAX: usize = BASIC_MAX.div_ceil(3) * 4;
/// What base64 of that length can decode to.
const BASIC_BUFFER: usize = BASIC_ENCODED_MAX / 4 * 3;
/// `Bearer`, the longest scheme that is known.
const SCHEME_MAX: usize = 6;

/// A credential with the shape of a key of this deployment. Whose it is, nobody has asked yet.
///
/// ```compile_fail,E0451
/// # fn forge(hash: model::SecretHash) -> admission::Presented {
/// admission::Presented { hash, environment: Some(model::Environment::Live), client_id: None }
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Presented {
    hash: SecretHash,
    /// `None` where keys do not say it.
    pub(crate) environment: Option<Environment>,
    pub(crate) client_id: Option<ClientId>,
}

impl Presented {
    /// What to look up.
    #[must_use]
    pub const fn hash(&self) -> &SecretHash {
        &self.hash
    }

    /// The credential that a described request is assumed to carry: the right one, properly presented.
    pub(crate) const fn assumed(hash: SecretHash, environment: Environment, client_id: ClientId) -> Self {
        Self { hash, environment: Some(environment), client_id: Some(client_id) }
    }
}

/// Reads the request's credential.
///
/// * Only the presentations that `policy` accepts are read; a credential elsewhere counts as absent (D3).
/// * Two credentials, or one of the four headers twice (even one that is not read), is `CredentialAmbiguous` (D3, always).
/// * `X-Client-Id` without `X-Client-Secret`, or the other way round, is a credential that cannot be right:
///   `CredentialMalformed`. So is an empty value. `CredentialMissing` means that nothing was tried (D2, D5).
/// * `Basic` with an empty password is the key as user name; with a password it is client id and secret.
pub fn present(facts: &Facts<'_>, policy: &Policy) -> Result<Presented, Denial> {
    let fields = &facts.credential;
    let CredentialFields { api_key, authorization, client_id, client_secret } = *fields;
    if [api_key, authorization, client_id, client_secret].contains(&Field::Many) {
        return Err(Denial::CredentialAmbiguous);
    }
    let mut buffer = [0u8; BASIC_BUFFER];
    let accepted = policy.presentations;
    let claims = [
        in_api_key(api_key, accepted),
        in_client_headers(client_id, client_secret, accepted),
        in_authorization(authorization, accepted, &mut buffer),
    ];
    let mut claims = claims.into_iter().flatten();
    let claim = claims.next().ok_or(Denial::CredentialMissing)?;
    if claims.next().is_some() {
        return Err(Denial::CredentialAmbiguous);
    }
    claim.check(policy).ok_or(Denial::CredentialMalformed)
}

/// What a caller claims to be a credential.
enum Claim<'a> {
    Key(&'a [u8]),
    Pair { id: &'a [u8], secret: &'a [u8] },
    Unreadable,
}

impl Claim<'_> {
    fn check(&self, policy: &Policy) -> Option<Presented> {
        let (client_id, text) = match *self {
            Self::Key(text) => (None, text),
            Self::Pair { id, secret } => (Some(policy.shape.client_id(id)?), secret),
            Self::Unreadable => return None,
        };
        let Recognised { environment } = (text.len() <= TEXT_MAX).then(|| policy.shape.recognise(text))??;
        Some(Presented { hash: SecretHash::of(text), environment, client_id })
    }
}

fn in_api_key(field: Field<'_>, accepted: Presentations) -> Option<Claim<'_>> {
    let value = accepted.contains(Presentation::ApiKeyHeader).then(|| sent(field))??;
    Some(Claim::Key(value))
}

fn in_client_headers<'a>(id: Field<'a>, secret: Field<'a>, accepted: Presentations) -> Option<Claim<'a>> {
    accepted.contains(Presentation::ClientIdSecret).then_some(())?;
    match (sent(id), sent(secret)) {
        (None, None) => None,
        (Some(id), Some(secret)) => Some(Claim::Pair { id, secret }),
        (Some(_), None) | (None, Some(_)) => Some(Claim::Unreadable),
    }
}

fn in_authorization<'a>(field: Field<'a>, accepted: Presentations, buffer: &'a mut [u8]) -> Option<Claim<'a>> {
    let value = sent(field)?;
    let end = value.iter().take(SCHEME_MAX + 1).position(|b| *b == b' ').unwrap_or(value.len());
    let (scheme, rest) = value.split_at_checked(end)?;
    let token = rest.trim_ascii_start();
    if scheme.eq_ignore_ascii_case(b"bearer") {
        return accepted.contains(Presentation::Bearer).then_some(Claim::Key(token));
    }
    let [username, pair] = [Presentation::BasicUsername, Presentation::ClientIdSecret].map(|p| accepted.contains(p));
    if !scheme.eq_ignore_ascii_case(b"basic") || !(username || pair) {
        return None;
    }
    let Some((user, password)) = basic(token, buffer) else { return Some(Claim::Unreadable) };
    match password {
        b"" => username.then_some(Claim::Key(user)),
        secret => pair.then_some(Claim::Pair { id: user, secret }),
    }
}

/// RFC 7617: base64 of `user:password`, split at the first colon. Padding is required, so a text has one spelling.
fn basic<'a>(token: &[u8], buffer: &'a mut [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let room = data_encoding::BASE64.decode_len(token.len()).ok()?;
    // A token longer than `BASIC_ENCODED_MAX` does not fit, and is not read.
    let target = buffer.get_mut(..room)?;
    let len = data_encoding::BASE64.decode_mut(token, target).ok()?;
    let text: &[u8] = target.get(..len)?;
    let colon = text.iter().position(|b| *b == b':')?;
    Some((text.get(..colon)?, text.get(colon + 1..)?))
}

/// The value without the optional white space around it, which is not part of it (RFC 9110 section 5.5).
fn sent(field: Field<'_>) -> Option<&[u8]> {
    match field {
        Field::Absent | Field::Many => None,
        Field::One(value) => Some(value.trim_ascii()),
    }
}
