//! A running gateway: its parts put together, and the handle on them.
//!
//! Owns:  the order of start and stop, `Gateway`, `StartError`.
//! Never: sees a request.
//! Read:  `Gateway::start`.

use crate::{
    Clock, Exposition, GatewayConfig,
    caps::Caps,
    core::{COMMANDS_MAX, Command, CoreStart, IdSource, Names, Shared},
    cors::Cors,
    errands::{self, Desk, Errands},
    follow::Applied,
    follow::{Follower, IN_FORCE_MAX, Progress},
    listen,
    metrics::Counters,
    people::People,
    rates::{self, Rates},
    record,
    record::Recorder,
    signer::Signer,
    snapshot::{Snapshot, Writer},
    writes::Idempotency,
};
use http::HeaderName;
use model::Catalogue;
use std::{collections::VecDeque, net::SocketAddr, sync::Arc, thread::JoinHandle, time::Duration};
use store::{Feed, Revision, StoreError};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
};

/// Why a gateway could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// A thread or its runtime could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// The namespace cannot begin a header name.
    #[error("the namespace {0:?} cannot begin a header name: use lower-case letters, digits and hyphens")]
    Namespace(String),
    /// The signing key is not an Ed25519 key in PKCS#8.
    #[error("the signing key is not an Ed25519 private key in PKCS#8 form")]
    SigningKey,
    /// The key that seals answers at rest is none.
    #[error("the sealing key is not a key of 32 bytes")]
    SealingKey,
    /// The keys could not be loaded.
    #[error("the keys could not be loaded: {0}")]
    Load(#[from] StoreError),
}

/// A running gateway. Dropping it without `shutdown` ends its threads without a drain.
pub struct Gateway {
    addresses: Vec<SocketAddr>,
    commands: Vec<mpsc::Sender<Command>>,
    cores: Vec<JoinHandle<()>>,
    log: Option<JoinHandle<()>>,
    progress: watch::Receiver<Progress>,
    follower: Option<oneshot::Sender<()>>,
    exposition: Exposition,
    snapshot: Arc<Snapshot>,
    clock: Clock,
    name: String,
    /// What is still to be asked of the store.
    errands: JoinSet<()>,
    /// Fetch signing keys; they end with the gateway.
    _issuers: JoinSet<()>,
}

impl Gateway {
    /// Loads every key, then listens. When this returns the gateway serves.
    ///
    /// The follower runs on the runtime that this is called on; requests never wait for that one.
    ///
    /// # Errors
    /// See `StartError`; nothing is left running then.
    pub async fn start(mut config: GatewayConfig, catalogue: Arc<Catalogue>, feed: Feed) -> Result<Self, StartError> {
        let names = Arc::new(names(&config.namespace)?);
        let idempotency = Idempotency::new(&config.idempotency, config.randomness).ok_or(StartError::SealingKey)?;
        let cores = config.cores.max(1);
        let (listeners, addresses) = listen::bind(&config.listen, cores)?;
        let snapshot = Snapshot::new();
        let signer = Signer::start(&config, Arc::clone(&names), Arc::clone(&snapshot))?;
        let usage = config.usage.take();
        let (queue, log) = config.log.take().map(record::start).transpose()?.unzip();
        let (commands, receivers): (Vec<_>, Vec<_>) = (0..cores).map(|_| mpsc::channel(COMMANDS_MAX)).unzip();
        let start = Progress { revision: Revision::START, history: VecDeque::new() };
        let (progress, watched) = watch::channel(start);
        let mut follower = Follower {
            feed,
            snapshot: Arc::clone(&snapshot),
            writer: Writer::new(Arc::clone(&snapshot)),
            cores: commands.clone(),
            progress,
            clock: config.clock,
            limits: config.limits.clone(),
        };
        follower.load().await?;
        let counters: Vec<_> = (0..cores).map(|_| Counters::new()).collect();
        let name = config.name.clone();
        let clock = config.clock;
        let randomness = config.randomness;
        let (shared, errands) = shared(config, names, idempotency, &signer, &snapshot, watched.clone());
        let issuers = shared.people.start(clock).await;
        let mut handles = Vec::with_capacity(cores);
        for (index, (listeners, commands)) in listeners.into_iter().zip(receivers).enumerate() {
            let counters = Arc::clone(&counters[index]);
            let mut random = [0; 10];
            randomness(&mut random);
            let start = CoreStart {
                shared: Arc::clone(&shared),
                listeners,
                catalogue: Arc::clone(&catalogue),
                signer: signer.clone(),
                recorder: Recorder::new(queue.clone(), usage.clone(), Arc::clone(&counters)),
                counters,
                ids: IdSource::new(random),
                commands,
            };
            handles.push(spawn_core(index, start)?);
        }
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(follower.run(stopped));
        tokio::spawn(rates::sweep(Arc::downgrade(&shared.rates)));
        let exposition = Exposition { cores: counters, credentials: Arc::clone(&snapshot) };
        Ok(Self {
            addresses,
            commands,
            cores: handles,
            log,
            progress: watched,
            follower: Some(stop),
            exposition,
            snapshot,
            clock,
            name,
            errands,
            _issuers: issuers,
        })
    }

    /// The addresses that are listened on, in the order of the configuration.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The gateway's name in receipts.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits until everything up to `revision` is in force here: no later request is admitted against it, and what was
    /// in flight is cut (D14). `None` when that did not happen within 30 s; the gateway then fences itself, because it
    /// does not say yes longer than `revocation_bound` after its last read.
    pub async fn in_force(&self, revision: Revision) -> Option<Applied> {
        let mut progress = self.progress.clone();
        let wait = progress.wait_for(|p| p.revision >= revision);
        let reached = tokio::time::timeout(IN_FORCE_MAX, wait).await.ok()?.ok()?;
        reached.of(revision)
    }

    /// Whether requests are admitted now: the change log was read within `revocation_bound`.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        (self.clock)() < self.snapshot.freshness().fresh_until
    }

    /// The counters, for a registry.
    #[must_use]
    pub fn exposition(&self) -> Exposition {
        self.exposition.clone()
    }

    /// Matches requests against another catalogue from now on; returns when every core does.
    pub async fn set_catalogue(&self, catalogue: &Arc<Catalogue>) {
        for core in &self.commands {
            let (done, answer) = oneshot::channel();
            if core.send(Command::Catalogue(Arc::clone(catalogue), done)).await.is_ok() {
                let _core_is_gone = answer.await;
            }
        }
    }

    /// Has every core hand over what it recorded, so that a request that was just answered can be read of.
    pub async fn hand_over(&self) {
        for core in &self.commands {
            let (done, handed) = oneshot::channel();
            if core.send(Command::HandOver(done)).await.is_ok() {
                let _core_is_gone = handed.await;
            }
        }
    }

    /// Takes no more connections, lets requests in flight finish for at most `drain_max`, and ends all threads.
    pub async fn shutdown(mut self, drain_max: Duration) {
        for core in &self.commands {
            let _core_is_gone = core.send(Command::Shutdown(drain_max)).await;
        }
        let threads = std::mem::take(&mut self.cores);
        let log = self.log.take();
        let wait = tokio::task::spawn_blocking(move || {
            for thread in threads {
                let _panicked = thread.join();
            }
            // Its queue is gone with the last core, so it has written everything.
            if let Some(log) = log {
                let _panicked = log.join();
            }
        });
        let _cancelled = wait.await;
        errands::finish(std::mem::take(&mut self.errands)).await;
        // Last, so that revocations were obeyed during the drain.
        drop(self.follower.take());
    }
}

fn names(namespace: &str) -> Result<Names, StartError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if namespace.is_empty() || namespace.len() > 32 || !namespace.bytes().all(plain) {
        return Err(StartError::Namespace(namespace.to_owned()));
    }
    let name = |end: &str| {
        HeaderName::from_bytes(format!("{namespace}-{end}").as_bytes())
            .map_err(|_| StartError::Namespace(namespace.to_owned()))
    };
    Ok(Names {
        request_id: HeaderName::from_static("x-request-id"),
        forwarded_for: HeaderName::from_static("x-forwarded-for"),
        forwarded_host: HeaderName::from_static("x-forwarded-host"),
        forwarded_proto: HeaderName::from_static("x-forwarded-proto"),
        context: name("context")?,
        account: name("account")?,
        environment: name("environment")?,
        key: name("key")?,
        kind: name("kind")?,
        member: name("member")?,
        companies: name("companies")?,
    })
}

fn shared(
    config: GatewayConfig,
    names: Arc<Names>,
    idempotency: Idempotency,
    signer: &Signer,
    snapshot: &Arc<Snapshot>,
    progress: watch::Receiver<Progress>,
) -> (Arc<Shared>, JoinSet<()>) {
    let desk = Desk { store: config.store, clock: config.clock, randomness: config.randomness };
    let (errands, tasks) = Errands::start(desk.clone(), progress);
    let shared = Shared {
        caps: Caps::start(config.caps, desk),
        names,
        idempotency,
        namespace: config.namespace,
        hosts: config.hosts,
        plain_http: config.plain_http,
        proxies: config.proxies,
        cors: Cors::new(&config.cors, config.policy.presentations),
        policy: config.policy,
        upstreams: config.upstreams,
        problems: config.problems,
        limits: config.limits,
        clock: config.clock,
        snapshot: Arc::clone(snapshot),
        jwks: signer.jwks().into(),
        people: People::new(config.people),
        rates: Arc::new(Rates::new(config.rates)),
        errands,
    };
    (Arc::new(shared), tasks)
}

/// Starts one core and waits until it listens.
fn spawn_core(index: usize, start: CoreStart) -> Result<JoinHandle<()>, StartError> {
    let (ready, listens) = std::sync::mpsc::sync_channel(1);
    let thread = std::thread::Builder::new().name(format!("core-{index}"));
    let handle = thread.spawn(move || crate::core::run(start, ready)).map_err(StartError::Thread)?;
    let died = || Err(std::io::Error::other("the core ended before it listened"));
    listens.recv().unwrap_or_else(|_| died()).map_err(StartError::Thread)?;
    Ok(handle)
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}
