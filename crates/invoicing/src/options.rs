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

/// Which provider's API is served. One running API serves one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Surface {
    /// Companies, sent invoices in FatturaPA and their states, under `/v1`.
    #[default]
    Invoicetronic,
    /// Invoices, customers, payments, products and messages of a company, under `/v1`.
    Laabam,
    /// Participants, documents in UBL, and what members see of them, under `/api`.
    Invostaq,
}

impl Surface {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Invoicetronic, Self::Laabam, Self::Invostaq];

    /// Its name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invoicetronic => "invoicetronic",
            Self::Laabam => "laabam",
            Self::Invostaq => "invostaq",
        }
    }

    /// From its name, exactly.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|surface| surface.name() == name)
    }
}

/// Where live documents of the Invostaq surface are handed over (R118). Test documents never get there, whatever is said
/// here (R120).
#[derive(Clone)]
pub struct AccessPoint {
    /// An `http://` address on loopback: what leaves the machine is encrypted by a forwarder beside this API.
    pub url: String,
    /// Sent with every document in `X-Access-Point-Secret`. 1 to 256 visible characters.
    pub secret: String,
}

impl fmt::Debug for AccessPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessPoint").field("url", &self.url).finish_non_exhaustive()
    }
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
    /// Which API is served. Default: Invoicetronic's.
    pub surface: Surface,
    /// Where the Invostaq surface hands over live documents. Default: nowhere; they reach accounts of the same ledger.
    pub access_point: Option<AccessPoint>,
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
            surface: Surface::default(),
            access_point: None,
            clock,
            randomness,
        }
    }
}
