//! Serve: puts the parts together and takes them down again.
//!
//! Owns:  the order of start and stop; the state that handlers share.
//! Never: decides about a request.
//! Read:  `serve`.

use crate::{
    context::Verifier,
    invostaq::{
        self, courier,
        network::{AccessPoint, Local},
    },
    key_set::{KeySet, KeysError},
    laabam,
    ledger::{LedgerError, Ledgers},
    listen,
    options::{Clock, Options, Randomness, Surface},
    problem, routes,
};
use axum::middleware;
use std::sync::Arc;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

/// Why the API could not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The keys of the signed context are unusable as configured.
    #[error("invoicing: the keys of the signed context: {0}")]
    Keys(String),
    /// The header's name is not one.
    #[error("invoicing: `{0}` is not a header name")]
    Header(String),
    /// The access point is unusable as configured.
    #[error("invoicing: the access point: {0}")]
    AccessPoint(String),
    /// A database could not be opened or prepared.
    #[error("invoicing: {0}")]
    Ledger(String),
}

impl From<KeysError> for ServeError {
    fn from(error: KeysError) -> Self {
        Self::Keys(error.to_string())
    }
}

impl From<LedgerError> for ServeError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error.to_string())
    }
}

/// What every handler may use.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) ledgers: Ledgers,
    pub(crate) verifier: Verifier,
    pub(crate) clock: Clock,
    pub(crate) randomness: Randomness,
    pub(crate) operation_allowance: u32,
    /// Microseconds that an invoice rests in each state.
    pub(crate) state_step: i64,
}

impl std::ops::Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Serves the API of `options.surface` on `listener` until `shutdown` completes, then ends open requests and closes the databases.
///
/// # Errors
/// When the keys, the header's name or a database cannot be used; never because of a request.
pub async fn serve(
    listener: TcpListener,
    options: Options,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let keys = KeySet::open(&options.keys)?;
    let verifier = Verifier::new(keys, &options.issuer, &options.header)?;
    let access_point = options.access_point.as_ref().map(AccessPoint::open).transpose()?;
    let (ledgers, parts) = Ledgers::open(&options.folder, options.database.as_ref()).await?;
    let (stop, stopping) = watch::channel(false);
    let mut workers = JoinSet::new();
    match options.surface {
        Surface::Invoicetronic => {
            for (ledger, inbox) in parts {
                workers.spawn(ledger.clone().record_events(inbox, Arc::clone(&options.clock), stopping.clone()));
                workers.spawn(ledger.step_states(options.state_step, Arc::clone(&options.clock), stopping.clone()));
            }
        }
        Surface::Laabam => {}
        Surface::Invostaq => couriers(&ledgers, &options, access_point, &stopping, &mut workers),
    }
    let app = App(Arc::new(Parts {
        ledgers: ledgers.clone(),
        verifier,
        clock: options.clock,
        randomness: options.randomness,
        operation_allowance: options.operation_allowance,
        state_step: i64::try_from(options.state_step.as_micros()).unwrap_or(i64::MAX),
    }));
    let surface = options.surface;
    let router = match surface {
        Surface::Invoicetronic => routes::router(app),
        Surface::Laabam => laabam::router(app),
        Surface::Invostaq => invostaq::router(app),
    };
    let router = router.layer(middleware::from_fn_with_state(surface, problem::write));
    listen::accept(listener, router, shutdown).await;
    stop.send_replace(true);
    while workers.join_next().await.is_some() {}
    ledgers.close().await;
    Ok(())
}

/// The workers that hand documents over. Those of the test ledger know one network, and the compiler holds them to it (R120).
fn couriers(
    ledgers: &Ledgers,
    options: &Options,
    access_point: Option<AccessPoint>,
    stopping: &watch::Receiver<bool>,
    workers: &mut JoinSet<()>,
) {
    let (clock, stopping) = (|| Arc::clone(&options.clock), || stopping.clone());
    let local = || Local { clock: clock(), randomness: Arc::clone(&options.randomness) };
    workers.spawn(courier::carry(ledgers.test_post(), local(), clock(), stopping()));
    match access_point {
        Some(access_point) => workers.spawn(courier::carry(ledgers.live_post(), access_point, clock(), stopping())),
        None => workers.spawn(courier::carry(ledgers.live_post(), local(), clock(), stopping())),
    };
}
