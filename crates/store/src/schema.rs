//! The schema: which database is ours, and which migrations it has.
//!
//! Owns:  the embedded migrations (forward only), the mark in the file's header, the journal mode.
//! Never: touches a file that is not ours.
//! Read:  `connect`, `claim`, `migrate`, `check`.

use crate::{
    column,
    error::{StoreError, is_not_a_database},
};
use sqlx::{Connection, SqliteConnection, migrate::MigrateError, sqlite::SqliteConnectOptions};
use std::path::Path;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// `PRAGMA application_id` of our databases: "CLAV".
const APPLICATION_ID: i64 = 0x434C_4156;

/// Whose file this is.
#[derive(PartialEq, Eq)]
enum Owner {
    Ours,
    Nobody,
    Other,
}

/// Connects; a file that SQLite cannot read at all is not ours.
pub(crate) async fn connect(options: &SqliteConnectOptions, path: &Path) -> Result<SqliteConnection, StoreError> {
    SqliteConnection::connect_with(options).await.map_err(|error| not_ours(error, path))
}

async fn owner(connection: &mut SqliteConnection, path: &Path) -> Result<Owner, StoreError> {
    let statement = "SELECT application_id, (SELECT COUNT(*) FROM sqlite_schema) FROM pragma_application_id";
    let (id, tables) = sqlx::query_as::<_, (i64, i64)>(statement)
        .fetch_one(connection)
        .await
        .map_err(|error| not_ours(error, path))?;
    Ok(match (id, tables) {
        (0, 0) => Owner::Nobody,
        (APPLICATION_ID, _) => Owner::Ours,
        _ => Owner::Other,
    })
}

fn not_ours(error: sqlx::Error, path: &Path) -> StoreError {
    if is_not_a_database(&error) { StoreError::Foreign { path: path.to_owned() } } else { error.into() }
}

/// Takes an empty file, refuses somebody else's, and makes sure of the write-ahead log.
pub(crate) async fn claim(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    match owner(connection, path).await? {
        Owner::Ours => {}
        Owner::Other => return Err(StoreError::Foreign { path: path.to_owned() }),
        Owner::Nobody => {
            sqlx::query("PRAGMA application_id = 1129070934").execute(&mut *connection).await?;
        }
    }
    let row = sqlx::query("PRAGMA journal_mode = WAL").fetch_one(connection).await?;
    let mode = column::text(&row, 0)?;
    if mode != "wal" {
        return Err(StoreError::invalid(format!(
            "{}: this file system does not support SQLite's write-ahead log (journal mode {mode}); use a local disk",
            path.display()
        )));
    }
    Ok(())
}

/// Brings the schema up to this release.
pub(crate) async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    match MIGRATIONS.run_direct(None, connection, false).await {
        Ok(()) => Ok(()),
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Err(error.into()),
        Err(error) => Err(StoreError::Schema { path: path.to_owned(), what: error.to_string() }),
    }
}

/// Checks, without writing, that the file is ours and holds no migration that this release does not know. Returns the last one.
pub(crate) async fn check(connection: &mut SqliteConnection, path: &Path) -> Result<i64, StoreError> {
    if owner(connection, path).await? != Owner::Ours {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    let unknown = |what: String| StoreError::Schema { path: path.to_owned(), what };
    let statement = "SELECT version, checksum, success FROM _sqlx_migrations ORDER BY version";
    let rows = sqlx::query_as::<_, (i64, Vec<u8>, bool)>(statement).fetch_all(connection).await?;
    for (version, checksum, success) in &rows {
        let known = MIGRATIONS.iter().find(|m| m.version == *version);
        if !success || known.is_none_or(|m| *m.checksum != **checksum) {
            return Err(unknown(format!("migration {version} is unknown, changed or incomplete")));
        }
    }
    rows.last().map(|(version, _, _)| *version).ok_or_else(|| unknown("it has no migrations".to_owned()))
}
