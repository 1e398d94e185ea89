//! Ledger: one environment's rows, in a database file or in a schema of PostgreSQL; there are two, and they share nothing.
//!
//! Owns:  where the two are, their connections, who may reach the rows (`Scoped`).
//! Never: gives SQL or a connection to a handler: everything of an account goes through `Scoped`.
//! Read:  `Ledgers::open`, then `scoped`, then the rows.

mod account;
pub(crate) mod company;
mod engine;
pub(crate) mod event;
pub(crate) mod invostaq;
pub(crate) mod laabam;
pub(crate) mod moment;
mod paged;
mod postgres;
pub(crate) mod receive;
mod schema;
mod scoped;
pub(crate) mod send;
mod sql;
pub(crate) mod state;
mod steps;
pub(crate) mod update;
pub(crate) mod webhook;

pub(crate) use moment::Moment;
pub(crate) use scoped::{Rows, Scoped, Slice};
pub(crate) use sql::Json;

use crate::{
    context::Environment,
    options::DatabaseUrl,
    problem::{Code, Problem},
};
use engine::{Access, Engine, Reach, Tx};
use event::{EVENTS_WAITING_MAX, Inbox, Message};
use sql::{Sql, Value};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::{fs, io, path::Path, sync::Arc, time::Duration};
use tokio::sync::{Notify, mpsc};

/// Connections that read at once, each a thread.
const READERS: u32 = 4;
/// How long a request waits for a connection before it is told to come back.
const CONNECTION_WAIT_MAX: Duration = Duration::from_secs(5);
/// How long the database waits for another process that holds it.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// A database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LedgerError {
    #[error("the folder {folder} cannot be used: {error}")]
    Folder { folder: String, error: io::Error },
    /// What PostgreSQL was asked for cannot be had; the text says what to do.
    #[error("{0}")]
    Database(String),
    #[error("the database {file} has format {found}; this version knows up to {known}. Start the newer version")]
    TooNew { file: String, found: i64, known: i64 },
    #[error("a text holds the character U+0000, which a ledger cannot store")]
    Nul,
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
}

/// What PostgreSQL says of a transaction that may be tried again: it met another one (40001, 40P01), waited too long for a
/// lock or for its end (55P03, 57014), or the server has no connection left or is going down (53300, 57P01 to 57P03).
const PASSING: [&str; 8] = ["40001", "40P01", "55P03", "57014", "53300", "57P01", "57P02", "57P03"];

impl LedgerError {
    /// Whether the same may work in a moment.
    fn is_passing(&self) -> bool {
        match self {
            Self::Sql(sqlx::Error::PoolTimedOut | sqlx::Error::Io(_)) => true,
            Self::Sql(sqlx::Error::Database(error)) => error.code().is_some_and(|code| PASSING.contains(&&*code)),
            Self::Folder { .. } | Self::Database(_) | Self::TooNew { .. } | Self::Nul | Self::Sql(_) => false,
        }
    }
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        if error.is_passing() {
            tracing::warn!(%error, "invoicing: the ledger was not ready in time");
            return Self::new(Code::Overloaded, "Too many requests are waiting for the ledger. Try again in a moment.");
        }
        if matches!(error, LedgerError::Nul) {
            return Self::invalid_record("A text holds the character U+0000. Leave it out.");
        }
        tracing::error!(%error, "invoicing: the ledger failed");
        Self::new(Code::Internal, "The ledger could not do this. The cause is in the server's log.")
    }
}

/// Both ledgers.
#[derive(Clone)]
pub(crate) struct Ledgers {
    test: Ledger,
    live: Ledger,
}

/// One ledger. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Ledger {
    environment: Environment,
    engine: Engine,
    /// Requests to be written to the log.
    events: mpsc::Sender<Message>,
    /// Wakes the worker that moves invoices on.
    sent: Arc<Notify>,
}

impl Ledgers {
    /// Opens both ledgers, in the database if one is named, else in two files of the folder; hands out what the workers of
    /// each need.
    pub(crate) async fn open(
        folder: &Path,
        database: Option<&DatabaseUrl>,
    ) -> Result<(Self, [(Ledger, Inbox); 2]), LedgerError> {
        let [test, live] = match database {
            Some(url) => [
                Engine::Postgres(postgres::open(url, Environment::Test).await?),
                Engine::Postgres(postgres::open(url, Environment::Live).await?),
            ],
            None => {
                prepare(folder).map_err(|error| LedgerError::Folder { folder: folder.display().to_string(), error })?;
                [open_file(folder, "invoicing-test.db").await?, open_file(folder, "invoicing-live.db").await?]
            }
        };
        let (test, live) = (Ledger::new(test, Environment::Test), Ledger::new(live, Environment::Live));
        Ok((Self { test: test.0.clone(), live: live.0.clone() }, [test, live]))
    }

    pub(crate) fn of(&self, environment: Environment) -> &Ledger {
        match environment {
            Environment::Test => &self.test,
            Environment::Live => &self.live,
        }
    }

    pub(crate) fn each(&self) -> [&Ledger; 2] {
        [&self.test, &self.live]
    }

    pub(crate) async fn close(&self) {
        for ledger in self.each() {
            ledger.engine.close().await;
        }
    }
}

/// The folder holds invoices: nobody but the owner of the process reads it.
fn prepare(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

async fn open_file(folder: &Path, name: &str) -> Result<Engine, LedgerError> {
    let file = SqliteConnectOptions::new()
        .filename(folder.join(name))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_MAX);
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(CONNECTION_WAIT_MAX)
        .connect_with(file.clone().create_if_missing(true))
        .await?;
    schema::prepare(&writer, name).await?;
    let reader = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(CONNECTION_WAIT_MAX)
        .connect_with(file.read_only(true))
        .await?;
    Ok(Engine::Sqlite { writer, reader })
}

impl Ledger {
    fn new(engine: Engine, environment: Environment) -> (Self, Inbox) {
        let (events, inbox) = mpsc::channel(EVENTS_WAITING_MAX);
        (Self { environment, engine, events, sent: Arc::new(Notify::new()) }, Inbox(inbox))
    }

    /// Whether the database answers.
    pub(crate) async fn is_well(&self) -> bool {
        self.engine.is_well().await
    }

    /// A transaction over all accounts' rows, for work that no request asks for: states, the log, deliveries; and to
    /// find the account of a request before there is a scope. Handlers cannot come here: they have a `Scoped` only.
    async fn system(&self, access: Access) -> Result<Tx, LedgerError> {
        self.engine.begin(Reach::System, access).await
    }
}

/// A `LIKE` pattern that finds `text` anywhere; its own signs stand for themselves, and case does not matter in ASCII.
fn like(text: &str) -> String {
    let text = text.to_ascii_lowercase();
    format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

/// Adds the condition that one of `columns` matches a pattern of `like`.
fn matches_any(sql: &mut Sql, columns: &[&'static str], like: &str) {
    sql.push(" AND (");
    for (index, column) in columns.iter().enumerate() {
        let or = if index == 0 { "lower(" } else { " OR lower(" };
        sql.push(or).push(column).push(") LIKE ").bind(like).push(" ESCAPE '\\'");
    }
    sql.push(")");
}

/// Adds the condition that `column` is `value`, if there is one.
fn equals(sql: &mut Sql, column: &'static str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        sql.push(" AND ").push(column).push(" = ").bind(value);
    }
}

/// A span of time in a filter; either end may be open, both belong to it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Span {
    pub(crate) from: Option<Moment>,
    pub(crate) to: Option<Moment>,
}

/// Adds the condition that `column` lies in `span`.
fn within(sql: &mut Sql, column: &'static str, span: Span) {
    if let Some(from) = span.from {
        sql.push(" AND ").push(column).push(" >= ").bind(from);
    }
    if let Some(to) = span.to {
        sql.push(" AND ").push(column).push(" <= ").bind(to);
    }
}
