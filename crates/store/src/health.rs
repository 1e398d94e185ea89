//! Health: facts about a database, for `claviger doctor`, back-ups and restores.
//!
//! Owns:  the examination of a database file: version, integrity, sizes, counts, audit chain.
//! Never: writes, or needs the folder's lock.
//! Read:  `Health`, then `inspect` and `examine`.

use crate::{
    audit::{self, AuditReport},
    column,
    error::StoreError,
    folder::{self, Folder},
    options::Options,
    schema,
    stamp::Revision,
    store::read_only,
};
use sqlx::{Connection, SqliteConnection};
use std::path::Path;

/// The oldest SQLite without the WAL-reset defect, which can damage a database that has two connections.
pub const SQLITE_VERSION_MIN: &str = "3.51.3";
/// The most findings of SQLite's own check that are told.
const FINDINGS_MAX: usize = 20;

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

/// Facts about a database. `problems` is empty when all is well.
#[derive(Clone, Debug)]
pub struct Health {
    /// Version of the SQLite library in use; at least `SQLITE_VERSION_MIN`.
    pub sqlite_version: String,
    /// `wal` for a database in use; `delete` for a back-up.
    pub journal_mode: String,
    /// The last migration that was applied.
    pub schema_version: i64,
    /// Size of the database file.
    pub database_bytes: u64,
    /// Size of the write-ahead log beside it.
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

/// Examines the database of the data folder `folder`, also while a process serves from it. Reads the whole file once.
pub async fn inspect(folder: &Path) -> Result<Health, StoreError> {
    let path = Folder::new(folder)?.database();
    let mut health = examine(&path).await?;
    if health.journal_mode != "wal" {
        health.problems.push(format!("the journal mode is {}, expected wal", health.journal_mode));
    }
    Ok(health)
}

/// Examines one database file.
pub(crate) async fn examine(path: &Path) -> Result<Health, StoreError> {
    std::fs::metadata(path).map_err(StoreError::file(path))?;
    let mut connection = schema::connect(&read_only(path, &Options::default()), path).await?;
    let health = facts(&mut connection, path).await;
    connection.close().await?;
    health
}

async fn facts(connection: &mut SqliteConnection, path: &Path) -> Result<Health, StoreError> {
    // One transaction: all facts are of one state.
    let mut tx = connection.begin().await?;
    let schema_version = schema::check(&mut tx, path).await?;
    let statement = "SELECT sqlite_version(), (SELECT journal_mode FROM pragma_journal_mode), \
                     (SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count), \
                     (SELECT COUNT(*) FROM change_log), (SELECT COALESCE(MAX(revision), 0) FROM change_log)";
    let row = sqlx::query(statement).fetch_one(&mut *tx).await?;
    let revision = column::count(&row, 5)?;
    let mut health = Health {
        sqlite_version: column::text(&row, 0)?,
        journal_mode: column::text(&row, 1)?,
        schema_version,
        database_bytes: folder::size(path),
        wal_bytes: folder::size(&folder::log_of(path)),
        pages: column::count(&row, 2)?,
        free_pages: column::count(&row, 3)?,
        revision: Revision(revision),
        counts: count(&mut tx).await?,
        audit: audit::verify(&mut tx).await?,
        problems: findings(&mut tx).await?,
    };
    if version(&health.sqlite_version) < version(SQLITE_VERSION_MIN) {
        let text = format!(
            "SQLite {} can damage the database; at least {SQLITE_VERSION_MIN} is needed",
            health.sqlite_version
        );
        health.problems.push(text);
    }
    if column::count(&row, 4)? != revision {
        health.problems.push(format!("the change log has gaps: it goes to {revision} in fewer rows"));
    }
    if let Some(broken) = &health.audit.broken {
        health.problems.push(format!("audit entry {} {}: {}", broken.sequence, broken.id, broken.what));
    }
    Ok(health)
}

/// What SQLite itself finds wrong: structure, indexes, constraints, references.
async fn findings(connection: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    let mut problems = Vec::new();
    for row in sqlx::query("PRAGMA integrity_check(20)").fetch_all(&mut *connection).await? {
        let text = column::text(&row, 0)?;
        if text != "ok" {
            problems.push(format!("integrity: {text}"));
        }
    }
    let dangling = "SELECT \"table\", COUNT(*) FROM pragma_foreign_key_check GROUP BY 1";
    for row in sqlx::query(dangling).fetch_all(connection).await? {
        problems.push(format!(
            "{} rows of {} point at rows that are not there",
            column::count(&row, 1)?,
            column::text(&row, 0)?
        ));
    }
    problems.truncate(FINDINGS_MAX);
    Ok(problems)
}

/// How many rows there are.
pub(crate) async fn count(connection: &mut SqliteConnection) -> Result<Counts, StoreError> {
    let statement = "SELECT (SELECT COUNT(*) FROM accounts), (SELECT COUNT(*) FROM companies), \
                     (SELECT COUNT(*) FROM keys WHERE status <> 'deleted'), \
                     (SELECT COUNT(*) FROM operator_tokens WHERE revoked_at IS NULL), (SELECT COUNT(*) FROM audit)";
    let row = sqlx::query(statement).fetch_one(connection).await?;
    Ok(Counts {
        accounts: column::count(&row, 0)?,
        companies: column::count(&row, 1)?,
        keys: column::count(&row, 2)?,
        operator_tokens: column::count(&row, 3)?,
        audit_entries: column::count(&row, 4)?,
    })
}

/// `3.51.3` as numbers that compare; what is no number counts as 0.
fn version(text: &str) -> Vec<u32> {
    text.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(version("3.51.3") < version("3.51.10") && version("3.9.0") < version("3.51.3"));
    }
}
