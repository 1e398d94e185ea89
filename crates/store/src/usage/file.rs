//! The usage file: opened, kept apart from what is not ours, examined, backed up and put back.
//!
//! Owns:  the file's migrations and its mark; what happens to one that cannot be read.
//! Never: makes the product stop: without the file requests are served and not recorded.
//! Read:  `open`, then `backup_usage` and `restore_usage`.

use crate::{
    column,
    error::StoreError,
    folder::{self, Folder},
    options::Options,
    restore::{file_time, take_copy},
    schema,
    store::read_only,
};
use model::Timestamp;
use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    migrate::MigrateError,
    sqlite::{SqliteConnectOptions, SqliteSynchronous},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations-usage");

/// `PRAGMA application_id` of the usage file: "CLAU".
const APPLICATION_ID: i64 = 0x434C_4155;
/// Bytes that the write-ahead log is cut back to when it was larger.
const WAL_KEPT_MAX: &str = "67108864";
/// SQLite's page, as new databases get it.
const PAGE_BYTES: u64 = 4_096;
/// The most findings of SQLite's own check that are told.
const FINDINGS_MAX: usize = 20;

/// How the one writing connection is opened. A crash of the machine may lose the last commits, never the file (D44).
pub(crate) fn read_write(path: &Path, options: &Options) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(options.busy_timeout)
        .synchronous(SqliteSynchronous::Normal)
        .pragma("trusted_schema", "OFF")
        .pragma("journal_size_limit", WAL_KEPT_MAX)
        .pragma("max_page_count", (options.usage.size_max / PAGE_BYTES).to_string())
        .disable_statement_logging()
}

/// Opens the file for writing, and makes it where it is missing. One that SQLite cannot read is put aside: usage is worth
/// keeping, but not worth standing still for.
pub(crate) async fn open(folder: &Folder, options: &Options) -> Result<SqliteConnection, StoreError> {
    let path = folder.usage();
    match prepare(folder, &path, options).await {
        Err(StoreError::Corrupt { .. } | StoreError::Foreign { .. }) => {
            let aside = put_aside(&path)?;
            tracing::warn!(
                file = %path.display(), kept = %aside.display(),
                "the usage file cannot be read; it is kept aside and a new one begins"
            );
            prepare(folder, &path, options).await
        }
        outcome => outcome,
    }
}

async fn prepare(folder: &Folder, path: &Path, options: &Options) -> Result<SqliteConnection, StoreError> {
    folder.make_private(path)?;
    let mut connection = schema::connect(&read_write(path, options), path).await?;
    match owner(&mut connection, path).await? {
        (0, 0) => {
            sqlx::query("PRAGMA application_id = 1129070933").execute(&mut connection).await?;
        }
        (APPLICATION_ID, _) => {}
        _ => return Err(StoreError::Foreign { path: path.to_owned() }),
    }
    sqlx::query("PRAGMA journal_mode = WAL").fetch_one(&mut connection).await?;
    match MIGRATIONS.run_direct(None, &mut connection, false).await {
        Ok(()) => Ok(connection),
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Err(error.into()),
        Err(error) => Err(StoreError::Schema { path: path.to_owned(), what: error.to_string() }),
    }
}

/// The mark in the file's header, and how many tables there are.
async fn owner(connection: &mut SqliteConnection, path: &Path) -> Result<(i64, i64), StoreError> {
    let statement = "SELECT application_id, (SELECT COUNT(*) FROM sqlite_schema) FROM pragma_application_id";
    sqlx::query_as::<_, (i64, i64)>(statement).fetch_one(connection).await.map_err(|error| {
        if crate::error::is_not_a_database(&error) {
            StoreError::Foreign { path: path.to_owned() }
        } else {
            error.into()
        }
    })
}

/// Gives the file another name; an earlier one that was put aside makes way.
fn put_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let aside = path.with_extension("db.damaged");
    fs::rename(path, &aside).map_err(StoreError::file(path))?;
    remove_log(path)?;
    Ok(aside)
}

/// A log without its file, or beside another one, must not be there.
fn remove_log(path: &Path) -> Result<(), StoreError> {
    let memory = path.with_extension("db-shm");
    for file in [folder::log_of(path), memory] {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(StoreError::file(&file)(error)),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Facts about the usage file. `problems` is empty when all is well.
#[derive(Clone, Debug, Default)]
pub struct UsageHealth {
    /// Size of the file; 0 when there is none.
    pub bytes: u64,
    /// Requests in the log.
    pub requests: u64,
    /// When it began to keep account.
    pub since: Option<Timestamp>,
    /// What is wrong, in sentences.
    pub problems: Vec<String>,
}

/// Examines the usage file of the data folder `folder`, also while a process serves from it. None is no problem.
pub async fn inspect_usage(folder: &Path) -> Result<UsageHealth, StoreError> {
    let path = Folder::new(folder)?.usage();
    if folder::size(&path) == 0 {
        return Ok(UsageHealth::default());
    }
    match examine(&path).await {
        Ok(health) => Ok(health),
        Err(error @ (StoreError::Corrupt { .. } | StoreError::Foreign { .. } | StoreError::Schema { .. })) => {
            let problems = vec![format!("the usage file: {error}")];
            Ok(UsageHealth { bytes: folder::size(&path), problems, ..UsageHealth::default() })
        }
        Err(error) => Err(error),
    }
}

async fn examine(path: &Path) -> Result<UsageHealth, StoreError> {
    let mut connection = schema::connect(&read_only(path, &Options::default()), path).await?;
    let health = facts(&mut connection, path).await;
    connection.close().await?;
    health
}

async fn facts(connection: &mut SqliteConnection, path: &Path) -> Result<UsageHealth, StoreError> {
    if owner(connection, path).await?.0 != APPLICATION_ID {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    let mut tx = connection.begin().await?;
    let statement = "SELECT (SELECT COUNT(*) FROM requests), (SELECT MIN(at) FROM kept_since)";
    let row = sqlx::query(statement).fetch_one(&mut *tx).await?;
    let mut problems = Vec::new();
    for row in sqlx::query("PRAGMA integrity_check(20)").fetch_all(&mut *tx).await? {
        let text = column::text(&row, 0)?;
        if text != "ok" {
            problems.push(format!("the usage file: {text}"));
        }
    }
    problems.truncate(FINDINGS_MAX);
    Ok(UsageHealth {
        bytes: folder::size(path),
        requests: column::count(&row, 0)?,
        since: column::time_or_none(&row, 1)?,
        problems,
    })
}

/// Where the usage of the back-up `backup` stands: beside it.
#[must_use]
pub fn usage_beside(backup: &Path) -> PathBuf {
    let mut name = backup.as_os_str().to_owned();
    name.push(".usage");
    name.into()
}

/// Writes the usage file of `folder` to a new file (0600), also while a process serves from it. `None` when there is none.
pub async fn backup_usage(folder: &Path, to: &Path) -> Result<Option<u64>, StoreError> {
    let from = Folder::new(folder)?.usage();
    if folder::size(&from) == 0 {
        return Ok(None);
    }
    let to = std::path::absolute(to).map_err(StoreError::file(to))?;
    drop(folder::make_new(&to)?);
    let written = copy(&from, &to).await;
    if written.is_err()
        && let Err(error) = fs::remove_file(&to)
    {
        tracing::warn!(%error, file = %to.display(), "the unfinished back-up could not be removed");
    }
    written.map(Some)
}

async fn copy(from: &Path, to: &Path) -> Result<u64, StoreError> {
    let mut connection = schema::connect(&read_only(from, &Options::default()), from).await?;
    sqlx::query("VACUUM INTO $1").bind(folder::as_text(to)?).execute(&mut connection).await?;
    connection.close().await?;
    folder::flush(to)?;
    match examine(to).await?.problems.first() {
        None => Ok(folder::size(to)),
        Some(problem) => Err(StoreError::corrupt(format!("the back-up does not pass its check: {problem}"))),
    }
}

/// Checks the usage back-up `from` and puts it in the place of the usage file of `folder`, which no process may hold. The
/// file before is kept beside it.
pub async fn restore_usage(from: &Path, folder: &Path, now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
    let folder = Folder::new(folder)?;
    folder.make()?;
    let _lock = folder.lock()?;
    let path = folder.usage();
    let incoming = path.with_extension("db.incoming");
    take_copy(from, &incoming)?;
    let checked = match examine(&incoming).await {
        Ok(health) if health.problems.is_empty() => Ok(()),
        Ok(_) => Err(StoreError::corrupt("the usage back-up does not pass its check")),
        Err(StoreError::Foreign { .. }) => Err(StoreError::Foreign { path: from.to_owned() }),
        Err(error) => Err(error),
    };
    if let Err(error) = checked {
        fs::remove_file(&incoming).map_err(StoreError::file(&incoming))?;
        return Err(error);
    }
    let existed = path.exists();
    let kept = path.with_extension(format!("db.before-restore-{}", file_time(now)));
    if existed {
        fs::rename(&path, &kept).map_err(StoreError::file(&kept))?;
    }
    // What the log of the file before may still hold is at most its last second.
    remove_log(&path)?;
    fs::rename(&incoming, &path).map_err(StoreError::file(&path))?;
    folder::flush_folder(folder.path())?;
    Ok(existed.then_some(kept))
}
