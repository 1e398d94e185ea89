//! Audit: the chain of entries, one per change.
use crate::{Author, Revision, Subject};
use model::{AccountId, AuditId, RequestId, Timestamp};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditAction {
    /// An account and its primary key were created.
    AccountCreated,
    /// A company was created.
    CompanyCreated,
    /// A company's name or external names were changed.
    CompanyUpdated,
    /// A company was deleted, and removed from every key's set.
    CompanyDeleted,
    /// A key was created.
    KeyCreated,
    /// A key's settings were changed.
    KeyUpdated,
    /// A disabled key was enabled.
    KeyEnabled,
    /// A key was disabled.
    KeyDisabled,
    /// A key was revoked.
    KeyRevoked,
    /// A key was deleted.
    KeyDeleted,
    /// A key got a new secret.
    KeyRotated,
    /// The overlap of a rotation was ended early.
    PreviousSecretEnded,
    /// An operator token was created.
    OperatorTokenCreated,
    /// An operator token was revoked.
    OperatorTokenRevoked,
    /// The database was replaced by a back-up.
    StoreRestored,
}

/// One entry of the audit chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place in the chain, from 1, without gaps.
    pub sequence: u64,
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub author: Author,
    /// In which request.
    pub request: Option<RequestId>,
    /// What.
    pub action: AuditAction,
    /// In which account, when in one.
    pub account: Option<AccountId>,
    /// On what: the thing itself first, then what changed with it.
    pub subjects: Vec<Subject>,
    /// The revision that the change got.
    pub revision: Revision,
    /// A JSON object with the particulars; never a secret or a hash of one.
    pub details: String,
    /// SHA-256 over the hash of the entry before and this entry.
    pub hash: [u8; 32],
}

/// The end of the chain: whoever keeps it elsewhere can later prove that nothing before it was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The last entry's place; 0 when there is none.
    pub sequence: u64,
    /// The last entry's hash; zeros when there is none.
    pub hash: [u8; 32],
}

/// The first entry that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditBreak {
    /// Its place in the chain.
    pub sequence: u64,
    /// Its id, when the entry is there.
    pub id: Option<AuditId>,
    /// What does not fit.
    pub what: String,
}

/// What a walk along the chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReport {
    /// Entries that fit.
    pub entries: u64,
    /// The end of what fits.
    pub head: AuditHead,
    /// The first entry that does not, if any.
    pub broken: Option<AuditBreak>,
}
