//! Keys: one record with up to two credentials (D1, D2, D4, D13, D14, D41).
//!
//! Owns:  `Key` (what both environments obey) and `Credential` (one environment's half of it).
//! Never: holds a secret; only hashes.
//! Read:  `Key`, then `Credential`.

use crate::{
    company::CompanyRestriction,
    environment::{Environment, Environments},
    id::{AccountId, KeyId},
    limit::KeyLimits,
    network::NetworkList,
    origin::OriginList,
    scope::Preset,
    secret::SecretHash,
    time::Timestamp,
};
use std::fmt;

/// The longest description, in characters.
pub const DESCRIPTION_MAX: usize = 500;

/// Primary or restricted (R18, R19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// Comes with the account; full access (R18).
    Primary,
    /// Everything else.
    Restricted,
}

impl KeyKind {
    /// `primary` or `restricted`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Restricted => "restricted",
        }
    }

    /// From `primary` or `restricted`, exactly.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Primary, Self::Restricted].into_iter().find(|k| k.as_str() == text)
    }
}

/// Whether a key works. Expiry is not a status: it follows from the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyStatus {
    /// Usable (R13).
    Active,
    /// Switched off, reversibly (R22).
    Disabled,
    /// Ended for good (R59).
    Revoked,
    /// Ended for good and out of view.
    Deleted,
}

impl KeyStatus {
    /// All, in the order of a key's life.
    pub const ALL: [Self; 4] = [Self::Active, Self::Disabled, Self::Revoked, Self::Deleted];

    /// `active`, `disabled`, `revoked` or `deleted`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Revoked => "revoked",
            Self::Deleted => "deleted",
        }
    }

    /// From the text of `as_str`, exactly.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// The record that both credentials of a key obey (D4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// The account that owns it.
    pub account: AccountId,
    /// Primary or restricted.
    pub kind: KeyKind,
    /// What it is for, in the owner's words (R21).
    pub description: String,
    /// Whether it works.
    pub status: KeyStatus,
    /// What it may do.
    pub preset: Preset,
    /// Whose documents it may reach.
    pub companies: CompanyRestriction,
    /// In which environments it has a credential.
    pub environments: Environments,
    /// From which web pages it may be used; empty: from none (D10).
    pub origins: OriginList,
    /// From which addresses it may be used; empty: from all (D12).
    pub networks: NetworkList,
    /// Its own numbers in place of the deployment's (R77).
    pub limits: KeyLimits,
    /// How old its secret may grow before its owner is reminded to rotate it, in days (D13).
    pub rotate_every_days: Option<u16>,
    /// From this instant on it is refused (D13).
    pub expires_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// The public half of a credential: 24 lower-case hex digits behind a prefix of the deployment, `ci_` by default (D2, R66).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId([u8; 12]);

impl ClientId {
    /// From twelve random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    /// The twelve bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 12] {
        self.0
    }

    /// From its 24 digits; `None` when these are not 24 lower-case hex digits. `KeyShape::client_id` reads the whole text.
    #[must_use]
    pub fn of_digits(digits: &[u8]) -> Option<Self> {
        let digits: &[u8; 24] = digits.try_into().ok()?;
        let digit = |b: u8| match b {
            b'0'..=b'9' => Some(b - b'0'),
            b'a'..=b'f' => Some(b - b'a' + 10),
            _ => None,
        };
        let mut bytes = [0u8; 12];
        for (slot, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = pair else { return None };
            *slot = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(bytes))
    }

    /// The 24 digits, without the deployment's prefix.
    #[must_use]
    pub fn digits(self) -> String {
        use fmt::Write as _;
        self.0.iter().fold(String::with_capacity(24), |mut text, byte| {
            // Writing to a string does not fail.
            let _written = write!(text, "{byte:02x}");
            text
        })
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientId({})", self.digits())
    }
}

/// Which of a credential's secrets: after a rotation the old one lives on for the overlap (D13, D41).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretSlot {
    /// The one in use.
    Current,
    /// The one before the last rotation.
    Previous,
}

/// One secret of one environment of a key, as the gateway looks it up by hash.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The public half; the same for the current and the previous secret.
    pub client_id: ClientId,
    /// Which world it opens.
    pub environment: Environment,
    /// SHA-256 of the whole key text.
    pub hash: SecretHash,
    /// The last four characters of the text, for people (R123).
    pub last_four: [u8; 4],
    /// Current, or the one before.
    pub slot: SecretSlot,
    /// From this instant on the secret is refused; set on the previous one.
    pub ends_at: Option<Timestamp>,
}
