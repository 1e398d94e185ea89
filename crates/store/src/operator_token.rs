//! Operator tokens.
use model::{OperatorTokenId, SecretHash, Timestamp};

/// An operator token to be created. It was made at the stamp's time.
#[derive(Clone, Debug)]
pub struct NewOperatorToken {
    /// Its id.
    pub id: OperatorTokenId,
    /// SHA-256 of its text.
    pub hash: SecretHash,
    /// What it is for.
    pub description: String,
}

/// An operator token, without its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorToken {
    /// Its id.
    pub id: OperatorTokenId,
    /// What it is for.
    pub description: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}
