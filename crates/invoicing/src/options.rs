//! Options: what the binary decides for this API.
//!
//! Owns:  `Options`, where the database is, and where the keys of the signed context come from.
//! Never: reads the environment, a clock or the system's randomness.
//! Read:  top down.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

/// Tells the present in microseconds since 1970-01-01T00:00:00Z.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Fills a buffer with unpredictable bytes.
pub type Randomness = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Where the keys that sign the context are found (D24).
#[derive(Clone, Debug)]
pub enum ContextKeys {
    /// An `http://` address on loopback that serves a JWKS. Read when a key id is unknown, at most once in ten seconds.
    Url(String),
    /// A JWKS as JSON text, for a gateway on another machine. It is never read again.
    Static(String),
}

/// Where a PostgreSQL database is: `postgres://USER:PASSWORD@HOST/NAME`. It holds a password and cannot be printed.
#[derive(Clone)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Takes the address as it is; it is read when the database is opened.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DatabaseUrl(...)")
    }
}

/// How to run the API. Make one with `new` and change what differs.
#[derive(Clone)]
pub struct Options {
    /// The folder of the two databases; made when it is missing. Not used with `database`.
    pub folder: PathBuf,
    /// A PostgreSQL database for both ledgers, each a schema of its own (`test`, `live`), made when they are missing. The
    /// role must be held by row-level security. Default: none, which means two SQLite files in `folder`.
    pub database: Option<DatabaseUrl>,
    /// The keys that sign the context.
    pub keys: ContextKeys,
    /// The `iss` that a context must state. Default: `claviger`.
    pub issuer: String,
    /// The request header that carries the context. Default: `claviger-context`.
    pub header: String,
    /// How long an invoice rests in each state before the next. Default: two seconds.
    pub state_step: Duration,
    /// Invoices and validations that each account may make in the live ledger. The test ledger counts none.
    /// Default: 100,000.
    pub operation_allowance: u32,
    /// The present.
    pub clock: Clock,
    /// Randomness for the secrets of webhooks.
    pub randomness: Randomness,
}

impl Options {
    /// The defaults, for the databases in `folder`.
    #[must_use]
    pub fn new(folder: PathBuf, keys: ContextKeys, clock: Clock, randomness: Randomness) -> Self {
        Self {
            folder,
            database: None,
            keys,
            issuer: String::from("claviger"),
            header: String::from("claviger-context"),
            state_step: Duration::from_secs(2),
            operation_allowance: 100_000,
            clock,
            randomness,
        }
    }
}
