//! Callback: how an inbound callback proves where it comes from (D19, R107).
//!
//! Owns:  the three schemes, the tolerance, and `Called`, the proof that a callback passed.
//! Never: keeps a secret as text: a shared one is kept as its hash, a signing one as an HMAC key.
//! Read:  `CallbackRule::check`.

use aws_lc_rs::hmac;
use data_encoding::{BASE64, HEXLOWER};
use model::{AccountId, Denial, LimitName, SecretHash, Timestamp};

/// How old, or how far in the future, a signed callback may be, in seconds.
pub const TOLERANCE_SECS: i64 = 300;
/// Secrets of one callback: two, while the sender changes from one to the other.
pub const SECRETS_MAX: usize = 2;
/// The longest signature header, in bytes, and the most signatures in it.
const HEADER_MAX: usize = 1_024;
const SIGNATURES_MAX: usize = 8;
/// How Standard Webhooks writes a secret.
const STANDARD_PREFIX: &str = "whsec_";
/// The shortest secret, in bytes: shorter ones can be guessed.
const SECRET_MIN: usize = 16;

/// A header of the callback as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent<'a> {
    /// Not there.
    Absent,
    /// Once.
    One(&'a [u8]),
    /// More than once.
    Many,
}

/// How a callback proves itself.
#[derive(Clone, Debug)]
pub enum CallbackScheme {
    /// The secret itself, in a header.
    Secret {
        /// The header, in lower case.
        header: String,
        /// SHA-256 of each accepted secret.
        secrets: Vec<SecretHash>,
    },
    /// `t=<unix seconds>,v1=<hex>`: HMAC-SHA256 over `{t}.{body}`.
    Hmac {
        /// The header, in lower case.
        header: String,
        /// The accepted keys.
        keys: Vec<hmac::Key>,
    },
    /// Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`; over `{id}.{timestamp}.{body}`.
    Standard {
        /// The accepted keys.
        keys: Vec<hmac::Key>,
    },
}

impl CallbackScheme {
    /// A shared secret in `header`; `None` when a secret is too short to be one.
    #[must_use]
    pub fn secret(header: &str, secrets: &[&str]) -> Option<Self> {
        let hashes = within(secrets)?.iter().map(|secret| SecretHash::of(secret.as_bytes())).collect();
        Some(Self::Secret { header: header.to_ascii_lowercase(), secrets: hashes })
    }

    /// A signature with a time in `header`.
    #[must_use]
    pub fn hmac(header: &str, secrets: &[&str]) -> Option<Self> {
        let key = |secret: &&str| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        Some(Self::Hmac { header: header.to_ascii_lowercase(), keys: within(secrets)?.iter().map(key).collect() })
    }

    /// Standard Webhooks, with secrets as it writes them: `whsec_` and base64.
    #[must_use]
    pub fn standard(secrets: &[&str]) -> Option<Self> {
        let key = |secret: &&str| {
            let bytes = BASE64.decode(secret.strip_prefix(STANDARD_PREFIX)?.as_bytes()).ok()?;
            (bytes.len() >= SECRET_MIN).then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
        };
        Some(Self::Standard { keys: within(secrets)?.iter().map(key).collect::<Option<_>>()? })
    }
}

fn within<'s, 't>(secrets: &'s [&'t str]) -> Option<&'s [&'t str]> {
    let fit = (1..=SECRETS_MAX).contains(&secrets.len()) && secrets.iter().all(|s| s.len() >= SECRET_MIN);
    fit.then_some(secrets)
}

/// One configured callback.
#[derive(Clone, Debug)]
pub struct CallbackRule {
    /// What the catalogue calls it.
    pub name: LimitName,
    /// How it proves itself.
    pub scheme: CallbackScheme,
    /// Whose it is, if anybody's (D37).
    pub account: Option<AccountId>,
}

/// A callback that proved where it comes from. Only `CallbackRule::check` makes one:
///
/// ```compile_fail,E0451
/// let forged = proof::Called { rule: model::SecretHash::of(b"bank"), account: None, seal: None };
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Called {
    /// SHA-256 of the rule's name, so that a proof for one rule is none for another.
    rule: SecretHash,
    account: Option<AccountId>,
    seal: Option<(SecretHash, Timestamp)>,
}

impl Called {
    /// Whether it was the rule of this name that it passed.
    #[must_use]
    pub fn is_for(&self, name: &LimitName) -> bool {
        self.rule.matches(&SecretHash::of(name.as_str().as_bytes()))
    }

    /// Whose callback it is, if anybody's.
    #[must_use]
    pub const fn account(&self) -> Option<AccountId> {
        self.account
    }

    /// For a signed one: what it is recognised by if it comes again, and from when on its time alone refuses it.
    #[must_use]
    pub const fn seal(&self) -> Option<(SecretHash, Timestamp)> {
        self.seal
    }
}

impl CallbackRule {
    /// Whether the check needs the whole body.
    #[must_use]
    pub const fn reads_body(&self) -> bool {
        !matches!(self.scheme, CallbackScheme::Secret { .. })
    }

    /// The headers that carry the proof and go no further: a secret is nobody else's to know (D27).
    #[must_use]
    pub fn private_header(&self) -> Option<&str> {
        match &self.scheme {
            CallbackScheme::Secret { header, .. } => Some(header),
            CallbackScheme::Hmac { .. } | CallbackScheme::Standard { .. } => None,
        }
    }

    /// Holds a callback against the rule. `header` gives a header by its lower-case name; `body` is whole where
    /// `reads_body`, and not looked at otherwise.
    pub fn check<'h>(&self, header: impl Fn(&str) -> Sent<'h>, body: &[u8], now: Timestamp) -> Result<Called, Denial> {
        let one = |name: &str| match header(name) {
            Sent::One(value) if value.len() <= HEADER_MAX => Ok(value.trim_ascii()),
            Sent::One(_) => Err(Denial::CallbackProofWrong),
            Sent::Absent | Sent::Many => Err(Denial::CallbackProofMissing),
        };
        match &self.scheme {
            CallbackScheme::Secret { header, secrets } => {
                let sent = SecretHash::of(one(header)?);
                // All are compared, so that the time does not tell which one it is.
                let found = secrets.iter().fold(false, |found, secret| secret.matches(&sent) | found);
                found.then(|| self.called(None)).ok_or(Denial::CallbackProofWrong)
            }
            CallbackScheme::Hmac { header, keys } => {
                let (time, signatures) = stamped(one(header)?).ok_or(Denial::CallbackProofWrong)?;
                self.signed(keys, &[time, b".", body], &signatures, time, now)
            }
            CallbackScheme::Standard { keys } => {
                let (id, time) = (one("webhook-id")?, one("webhook-timestamp")?);
                let signatures = standard(one("webhook-signature")?);
                self.signed(keys, &[id, b".", time, b".", body], &signatures, time, now)
            }
        }
    }

    fn signed(
        &self,
        keys: &[hmac::Key],
        message: &[&[u8]],
        signatures: &[Vec<u8>],
        time: &[u8],
        now: Timestamp,
    ) -> Result<Called, Denial> {
        let time = seconds(time).ok_or(Denial::CallbackProofWrong)?;
        let made = keys.iter().map(|key| {
            let mut context = hmac::Context::with_key(key);
            message.iter().for_each(|part| context.update(part));
            context.sign()
        });
        // Held against the hash of what was sent: a comparison whose time tells nothing.
        let sent: Vec<SecretHash> = signatures.iter().map(|s| SecretHash::of(s)).collect();
        let mut seal = None;
        for tag in made {
            let ours = SecretHash::of(tag.as_ref());
            if sent.iter().fold(false, |found, theirs| theirs.matches(&ours) | found) {
                seal = Some(ours);
            }
        }
        let seal = seal.ok_or(Denial::CallbackProofWrong)?;
        let at = Timestamp::from_secs(time);
        let (early, late) = (at.plus_secs(-TOLERANCE_SECS), at.plus_secs(TOLERANCE_SECS));
        if now < early || now >= late {
            return Err(Denial::CallbackStale);
        }
        Ok(self.called(Some((seal, late))))
    }

    fn called(&self, seal: Option<(SecretHash, Timestamp)>) -> Called {
        Called { rule: SecretHash::of(self.name.as_str().as_bytes()), account: self.account, seal }
    }
}

/// Unix seconds: digits, no sign, no leading zero, in this era.
fn seconds(text: &[u8]) -> Option<i64> {
    let plain = (1..=11).contains(&text.len()) && text.iter().all(u8::is_ascii_digit) && text.first() != Some(&b'0');
    std::str::from_utf8(text).ok().filter(|_| plain)?.parse().ok()
}

/// `t=<time>,v1=<hex>`: one time, one to `SIGNATURES_MAX` signatures; other versions are passed over.
fn stamped(header: &[u8]) -> Option<(&[u8], Vec<Vec<u8>>)> {
    let (mut time, mut signatures) = (None, Vec::new());
    for part in header.split(|b| *b == b',') {
        let part = part.trim_ascii();
        if let Some(text) = part.strip_prefix(b"t=") {
            if time.replace(text).is_some() {
                return None;
            }
        } else if let Some(hex) = part.strip_prefix(b"v1=") {
            if signatures.len() == SIGNATURES_MAX {
                return None;
            }
            signatures.push(HEXLOWER.decode(hex).ok()?);
        }
    }
    Some((time?, signatures)).filter(|(_, signatures)| !signatures.is_empty())
}

/// `v1,<base64>`, separated by spaces; other versions are passed over.
fn standard(header: &[u8]) -> Vec<Vec<u8>> {
    let ours = header.split(|b| *b == b' ').filter_map(|part| part.strip_prefix(b"v1,"));
    ours.take(SIGNATURES_MAX).filter_map(|text| BASE64.decode(text).ok()).collect()
}
