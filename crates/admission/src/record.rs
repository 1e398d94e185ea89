//! Record: what a gateway remembers of a key and of each of its secrets.
//!
//! Owns:  `Record` (shared by a key's secrets), `Entry` (one secret), `Freshness` (how long both may be believed).
//! Never: is looked up here; the gateway's snapshot finds the entry of a hash.
//! Read:  `Entry`, then `Record`.

use model::{
    AccountId, ClientId, CompanyRestriction, Credential, Environment, Key, KeyId, KeyKind, KeyLimits, KeyStatus,
    NetworkList, OriginList, Preset, SecretHash, SecretSlot, Timestamp,
};
use std::sync::Arc;

/// One secret of one environment of a key.
#[derive(Clone, Debug)]
pub struct Entry {
    /// SHA-256 of the whole key text.
    pub hash: SecretHash,
    /// The public half (D2).
    pub client_id: ClientId,
    /// Which world it opens (D4).
    pub environment: Environment,
    /// Current, or the one before the last rotation.
    pub slot: SecretSlot,
    /// From this instant on the secret is refused (D13).
    pub ends_at: Option<Timestamp>,
    /// What it shares with the key's other secrets.
    pub record: Arc<Record>,
}

impl Entry {
    /// The entry of one credential of the key that `record` tells of.
    #[must_use]
    pub const fn new(credential: &Credential, record: Arc<Record>) -> Self {
        Self {
            hash: credential.hash,
            client_id: credential.client_id,
            environment: credential.environment,
            slot: credential.slot,
            ends_at: credential.ends_at,
            record,
        }
    }
}

/// What all secrets of a key obey (D4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The key.
    pub key: KeyId,
    /// The account that owns it.
    pub account: AccountId,
    /// Primary or restricted.
    pub kind: KeyKind,
    /// Whether it works.
    pub status: KeyStatus,
    /// What it may do.
    pub preset: Preset,
    /// Whose documents it may reach.
    pub companies: CompanyRestriction,
    /// From which web pages it may be used (D10).
    pub origins: OriginList,
    /// From which addresses it may be used (D12).
    pub networks: NetworkList,
    /// Its own numbers in place of the deployment's limits (R77).
    pub limits: KeyLimits,
    /// From this instant on it is refused (D13).
    pub expires_at: Option<Timestamp>,
}

impl From<&Key> for Record {
    fn from(key: &Key) -> Self {
        Self {
            key: key.id,
            account: key.account,
            kind: key.kind,
            status: key.status,
            preset: key.preset.clone(),
            companies: key.companies.clone(),
            origins: key.origins.clone(),
            networks: key.networks.clone(),
            limits: key.limits.clone(),
            expires_at: key.expires_at,
        }
    }
}

/// Until when what the gateway knows may be believed (design section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// From this instant on nothing is admitted with a key.
    pub fresh_until: Timestamp,
}
