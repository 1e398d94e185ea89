//! Keys.
use model::{Credential, Key, KeyKind, KeyStatus, Timestamp};

/// A key to be created, with one current credential for each of its environments.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The record.
    pub key: Key,
    /// Its credentials.
    pub credentials: Vec<Credential>,
}

/// A key and what the store knows about its row.
#[derive(Clone, Debug)]
pub struct KeyRow {
    /// The record.
    pub key: Key,
    /// Its secrets' hashes: per environment the current one, and the previous one after a rotation.
    pub credentials: Vec<CredentialRow>,
    /// Grows by one with every change.
    pub version: u64,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A credential and what the store knows about its row.
#[derive(Clone, Debug)]
pub struct CredentialRow {
    /// The credential.
    pub credential: Credential,
    /// When this secret was made.
    pub created_at: Timestamp,
    /// When its overlap was ended by hand, if it was.
    pub ended: Option<Timestamp>,
}

/// Which keys of an account are wanted; deleted ones never are.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyFilter {
    /// Only of this kind.
    pub kind: Option<KeyKind>,
    /// Only in this status.
    pub status: Option<KeyStatus>,
}
