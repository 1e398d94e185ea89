//! Health.
use crate::{AuditReport, Revision, StoreError};
use std::path::Path;

/// The oldest SQLite that does not have the WAL-reset defect.
pub const SQLITE_VERSION_MIN: &str = "3.51.3";

/// How many rows there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accounts.
    pub accounts: u64,
    /// Companies.
    pub companies: u64,
    /// Keys that are not deleted.
    pub keys: u64,
    /// Operator tokens that are not revoked.
    pub operator_tokens: u64,
    /// Audit entries.
    pub audit_entries: u64,
}

/// Facts about a database, for `claviger doctor`. `problems` is empty when all is well.
#[derive(Clone, Debug)]
pub struct Health {
    /// Version of the SQLite library in use.
    pub sqlite_version: String,
    /// `wal` when all is well.
    pub journal_mode: String,
    /// The last migration that was applied.
    pub schema_version: i64,
    /// Size of the database file.
    pub database_bytes: u64,
    /// Size of the write-ahead log.
    pub wal_bytes: u64,
    /// Pages of the file.
    pub pages: u64,
    /// Pages of the file that hold nothing.
    pub free_pages: u64,
    /// The last change.
    pub revision: Revision,
    /// How many rows there are.
    pub counts: Counts,
    /// The walk along the audit chain.
    pub audit: AuditReport,
    /// What is wrong, in sentences.
    pub problems: Vec<String>,
}

/// Examines the data folder `folder`, also while another process serves from it. Reads everything once.
pub async fn inspect(folder: &Path) -> Result<Health, StoreError> {
    let _ = folder;
    Err(StoreError::Closed)
}
