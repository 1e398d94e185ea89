//! The audit log on the wire.
//!
//! Owns:  the JSON of audit entries and of a walk along their chain.
//! Never: makes or checks the chain; `store` does.
//! Read:  top down.

use crate::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One change, as the audit chain keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntryOut {
    /// Its id.
    #[schema(example = "aud_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub id: String,
    /// Its place in the chain of the whole deployment, from 1, without gaps.
    #[schema(example = 17)]
    pub sequence: u64,
    /// When.
    pub at: Time,
    /// What was done: `key.revoked`.
    #[schema(example = "key.revoked")]
    pub action: String,
    /// Who: the id of an operator token, of a member, of a person, or of the primary key that changed a restricted one;
    /// `installation` for the first start and for commands on the data folder.
    #[schema(example = "opt_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub author: String,
    /// In which request, if it was one.
    #[schema(required = true)]
    pub request_id: Option<String>,
    /// In which account, if in one.
    #[schema(required = true)]
    pub account_id: Option<String>,
    /// What was changed: the id of the thing itself first, then of what changed with it.
    pub subjects: Vec<String>,
    /// The place of the change in the change log.
    #[schema(example = 42)]
    pub revision: u64,
    /// The particulars; never a secret.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
    /// SHA-256 over the hash of the entry before and this entry, in lower-case hex.
    pub hash: String,
}

/// What a walk along the whole audit chain found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditVerified {
    /// Whether every entry fits.
    pub intact: bool,
    /// How many entries fit, counted from the first.
    #[schema(example = 17)]
    pub entries: u64,
    /// The hash of the last entry that fits, in lower-case hex. Keep it elsewhere to prove later that nothing before it
    /// was changed.
    pub head: String,
    /// The first entry that does not fit.
    #[schema(required = true)]
    pub broken: Option<AuditBroken>,
}

/// What a member is told of the audit chain. It is one for the whole deployment; what is other accounts' stays out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditVerifiedInAccount {
    /// Whether every entry fits.
    pub intact: bool,
    /// When that was found.
    pub verified_at: Time,
    /// The hash of the last entry that fits, in lower-case hex. Keep it elsewhere to prove later that nothing before it
    /// was changed.
    pub head: String,
}

/// The first entry of the chain that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditBroken {
    /// Its place in the chain.
    pub sequence: u64,
    /// Its id, when the entry is there.
    #[schema(required = true)]
    pub id: Option<String>,
    /// What does not fit.
    pub what: String,
}
