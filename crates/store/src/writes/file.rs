//! File: `writes.db` as a whole: opening, copying, putting back, examining.
//!
//! Owns:  which file is ours, its migrations and settings, its part in back-ups, restores and `doctor`.
//! Never: puts older records in the place of newer ones.
//! Read:  `open`, then `restore`.

use crate::{
    column,
    error::StoreError,
    folder::{self, Folder},
    options::Options,
    schema,
    store::read_only,
    writes::{WritesOptions, row},
};
use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    migrate::MigrateError,
    sqlite::{SqliteConnectOptions, SqliteSynchronous},
};
use std::path::{Path, PathBuf};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations-writes");

/// `PRAGMA application_id` of the file: "CLAW".
const APPLICATION_ID: i64 = 0x434C_4157;
/// Bytes that the write-ahead log is cut back to when it was larger.
const WAL_KEPT_MAX: &str = "67108864";
/// SQLite's page, as new databases get it.
const PAGE_BYTES: u64 = 4_096;
/// The most findings of SQLite's own check that are told.
const FINDINGS_MAX: i64 = 20;

/// Facts about the records of writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WritesHealth {
    /// Size of the file; 0 when there is none yet.
    pub bytes: u64,
    /// Records in all.
    pub records: u64,
    /// Of them: outcomes that nobody knows (D17).
    pub unknown: u64,
    /// What is wrong, in sentences.
    pub problems: Vec<String>,
}

/// Opens the file, makes it where it is missing, and marks what another run left in flight.
pub(crate) async fn open(
    folder: &Folder,
    options: &WritesOptions,
) -> Result<(SqliteConnection, SqliteConnectOptions), StoreError> {
    let path = folder.writes();
    folder.make_private(&path)?;
    let connect = SqliteConnectOptions::new()
        .filename(&path)
        .busy_timeout(options.busy_timeout)
        // Every claim is flushed to disk before its request is forwarded (D16).
        .synchronous(SqliteSynchronous::Full)
        .pragma("trusted_schema", "OFF")
        .pragma("journal_size_limit", WAL_KEPT_MAX)
        .pragma("max_page_count", (options.size_max / PAGE_BYTES).to_string())
        .disable_statement_logging();
    let mut connection = schema::connect(&connect, &path).await?;
    claim(&mut connection, &path).await?;
    match MIGRATIONS.run_direct(None, &mut connection, false).await {
        Ok(()) => {}
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => return Err(error.into()),
        Err(error) => return Err(StoreError::Schema { path, what: error.to_string() }),
    }
    let orphans = row::orphan(&mut connection).await?;
    if orphans > 0 {
        tracing::warn!(orphans, "writes were in flight when the process ended; their outcome is looked up on a retry");
    }
    Ok((connection, connect))
}

async fn claim(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    match owner(connection, path).await? {
        APPLICATION_ID => {}
        0 if is_empty(connection).await? => {
            sqlx::query("PRAGMA application_id = 1129070935").execute(&mut *connection).await?;
        }
        _ => return Err(StoreError::Foreign { path: path.to_owned() }),
    }
    let mode = column::text(&sqlx::query("PRAGMA journal_mode = WAL").fetch_one(connection).await?, 0)?;
    if mode == "wal" {
        return Ok(());
    }
    Err(StoreError::invalid(format!(
        "{}: this file system does not support SQLite's write-ahead log (journal mode {mode}); use a local disk",
        path.display()
    )))
}

async fn owner(connection: &mut SqliteConnection, path: &Path) -> Result<i64, StoreError> {
    let statement = "SELECT application_id FROM pragma_application_id";
    sqlx::query_scalar::<_, i64>(statement).fetch_one(connection).await.map_err(|error| {
        if crate::error::is_not_a_database(&error) {
            return StoreError::Foreign { path: path.to_owned() };
        }
        error.into()
    })
}

async fn is_empty(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM sqlite_schema").fetch_one(connection).await? == 0)
}

/// Where the records of a back-up are: beside it.
fn beside(backup: &Path) -> PathBuf {
    let mut name = backup.as_os_str().to_owned();
    name.push("-writes");
    name.into()
}

/// Copies the records, if there are any yet, beside the back-up `to`.
pub(crate) async fn backup(folder: &Folder, to: &Path) -> Result<Option<PathBuf>, StoreError> {
    let (from, to) = (folder.writes(), beside(to));
    if !from.exists() {
        return Ok(None);
    }
    drop(folder::make_new(&to)?);
    let written = copy(&from, &to).await;
    if written.is_err()
        && let Err(error) = std::fs::remove_file(&to)
    {
        tracing::warn!(%error, file = %to.display(), "the unfinished back-up could not be removed");
    }
    written.map(|()| Some(to))
}

async fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let mut connection = schema::connect(&read_only(from, &Options::default()), from).await?;
    sqlx::query("VACUUM INTO $1").bind(folder::as_text(to)?).execute(&mut connection).await?;
    connection.close().await?;
    folder::flush(to)?;
    sound(to).await
}

/// Puts the records of the back-up `from` into a folder that has none. A folder that has some keeps them: they are newer,
/// and a write that they know must not run again.
pub(crate) async fn restore(from: &Path, folder: &Folder) -> Result<(), StoreError> {
    let (from, to) = (beside(from), folder.writes());
    if !from.exists() || to.exists() {
        return Ok(());
    }
    sound(&from).await?;
    let incoming = folder.path().join("writes.incoming");
    match std::fs::remove_file(&incoming) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(StoreError::file(&incoming)(error)),
        Ok(()) | Err(_) => {}
    }
    let mut source = std::fs::File::open(&from).map_err(StoreError::file(&from))?;
    let mut target = folder::make_new(&incoming)?;
    std::io::copy(&mut source, &mut target).map_err(StoreError::file(&incoming))?;
    folder::flush(&incoming)?;
    std::fs::rename(&incoming, &to).map_err(StoreError::file(&to))?;
    folder::flush_folder(folder.path())
}

async fn sound(path: &Path) -> Result<(), StoreError> {
    let health = examine(path).await?;
    health.problems.first().map_or(Ok(()), |problem| Err(StoreError::corrupt(problem.clone())))
}

/// Examines the records of the data folder `folder`, also while a process serves from it.
pub async fn inspect(folder: &Path) -> Result<WritesHealth, StoreError> {
    let path = Folder::new(folder)?.writes();
    if !path.exists() {
        return Ok(WritesHealth::default());
    }
    examine(&path).await
}

async fn examine(path: &Path) -> Result<WritesHealth, StoreError> {
    let mut connection = schema::connect(&read_only(path, &Options::default()), path).await?;
    if owner(&mut connection, path).await? != APPLICATION_ID {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    let mut problems = Vec::new();
    let check = sqlx::query("SELECT integrity_check FROM pragma_integrity_check LIMIT $1").bind(FINDINGS_MAX);
    for row in check.fetch_all(&mut connection).await? {
        let finding = column::text(&row, 0)?;
        if finding != "ok" {
            problems.push(format!("the records of writes: {finding}"));
        }
    }
    let count = "SELECT COUNT(*), COALESCE(SUM(state = 'unknown'), 0) FROM writes";
    let row = sqlx::query(count).fetch_one(&mut connection).await?;
    let (records, unknown) = (column::count(&row, 0)?, column::count(&row, 1)?);
    connection.close().await?;
    Ok(WritesHealth { bytes: folder::size(path), records, unknown, problems })
}
