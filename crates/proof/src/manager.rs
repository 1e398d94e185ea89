//! Manager: a primary key that manages restricted keys, as our own gateway vouches for it (D24, D32).
//!
//! Owns:  the verification of the context that the gateway signs for the management of restricted keys.
//! Never: takes the algorithm or the key from the token; tells one fault of it from another.
//! Read:  `ContextKey::verify`, then `Manager`.

use crate::{members::Members, token::Token};
use aws_lc_rs::signature::{ED25519, ED25519_PUBLIC_KEY_LEN, UnparsedPublicKey};
use model::{AccountId, Environment, KeyId, KeyKind, Timestamp};

/// Whom the signed context of such a request is for. The upstream's are for another, so that what the upstream is given
/// opens nothing here.
pub const SUB_KEYS_AUDIENCE: &str = "subkeys";
/// The only algorithm (RFC 8037).
const ALGORITHM: &str = "EdDSA";
/// Seconds between `iat` and `exp`; a token that wants to live longer is not the gateway's.
const LIFE_MAX_SECS: i64 = 60;
/// Seconds by which `iat` may lie ahead: gateway and control plane share a clock, which may be set back.
const AHEAD_MAX_SECS: i64 = 5;

/// The gateway's own key, handed over within the process.
pub struct ContextKey {
    public: [u8; ED25519_PUBLIC_KEY_LEN],
    issuer: String,
}

/// Who manages restricted keys: the primary key of an account. The fields are the token's, verified.
///
/// ```compile_fail,E0451
/// # fn forge(manager: proof::Manager, account: model::AccountId) -> proof::Manager {
/// proof::Manager { account, ..manager }
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manager {
    account: AccountId,
    key: KeyId,
    environment: Environment,
}

/// Why a context opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextFault {
    /// It is not a context of this gateway for this purpose and time.
    Invalid,
    /// It is, but of a restricted key (D8).
    Restricted,
}

impl ContextKey {
    /// The key `public` (Ed25519), whose gateway calls itself `issuer`.
    #[must_use]
    pub const fn new(public: [u8; ED25519_PUBLIC_KEY_LEN], issuer: String) -> Self {
        Self { public, issuer }
    }

    /// Who the context in `text` speaks of.
    pub fn verify(&self, text: &[u8], now: Timestamp) -> Result<Manager, ContextFault> {
        let token = Token::read(text).map_err(|_| ContextFault::Invalid)?;
        let (manager, kind) = self.holds(&token, now).ok_or(ContextFault::Invalid)?;
        match kind {
            KeyKind::Primary => Ok(manager),
            KeyKind::Restricted => Err(ContextFault::Restricted),
        }
    }

    fn holds(&self, token: &Token<'_>, now: Timestamp) -> Option<(Manager, KeyKind)> {
        (token.algorithm == ALGORITHM).then_some(())?;
        let key = UnparsedPublicKey::new(&ED25519, &self.public);
        key.verify(token.message, &token.signature).ok()?;
        let claims = &token.claims;
        (claims.text("iss")? == self.issuer && claims.text("aud")? == SUB_KEYS_AUDIENCE).then_some(())?;
        in_time(claims, now)?;
        let manager = Manager {
            account: claims.text("account")?.parse().ok()?,
            key: claims.text("key")?.parse().ok()?,
            environment: Environment::parse(claims.text("environment")?)?,
        };
        Some((manager, KeyKind::parse(claims.text("kind")?)?))
    }
}

impl std::fmt::Debug for ContextKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContextKey").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// At `exp` itself it is over.
fn in_time(claims: &Members, now: Timestamp) -> Option<()> {
    let second = |name: &str| claims.get(name)?.as_i64();
    let (issued, ends, now) = (second("iat")?, second("exp")?, now.as_secs());
    let life = ends.checked_sub(issued)?;
    let lives = (0..=LIFE_MAX_SECS).contains(&life);
    (lives && now < ends && issued <= now.saturating_add(AHEAD_MAX_SECS)).then_some(())
}

impl Manager {
    /// Whose keys it manages.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The primary key.
    #[must_use]
    pub const fn key(&self) -> KeyId {
        self.key
    }

    /// The half of the key that was used: its names of companies are the ones that are spoken (D35).
    #[must_use]
    pub const fn environment(&self) -> Environment {
        self.environment
    }
}
