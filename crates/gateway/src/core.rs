//! One core of the data plane: a thread, a single-threaded runtime, and everything that only it touches.
//!
//! Owns:  the core's loop: commands (cuts, a new catalogue, shutdown), the tick, and the drain.
//! Never: shares what changes per request with another core.
//! Read:  `Core`, then `run`.

use crate::{
    caps::Caps,
    client_address,
    config::{Clock, Limits, PlainHttp, Proxies, Upstreams},
    cors::Cors,
    errands::Errands,
    inflight::{Cut, InFlight},
    listen,
    metrics::Counters,
    people::{People, Visitors},
    rates::Rates,
    record::Recorder,
    signer::Signer,
    snapshot::Snapshot,
    writes::{Idempotency, Running},
};
use admission::Permit;
use bytes::Bytes;
use egress::Upstream;
use http::{HeaderMap, HeaderName, HeaderValue};
use model::{Catalogue, Entropy, Environment, Operation, operation::ServedBy};
use std::{
    cell::{Cell, RefCell},
    net::IpAddr,
    rc::Rc,
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::LocalSet,
};

/// How often expiry and stalls are looked at and log lines are handed over.
const TICK: Duration = Duration::from_millis(250);
/// How often a drain looks whether the last connection is gone.
const DRAIN_LOOK: Duration = Duration::from_millis(10);
/// Commands that may wait for a core.
pub(crate) const COMMANDS_MAX: usize = 64;

/// What all cores of a gateway share; none of it changes on the request's way.
pub(crate) struct Shared {
    pub(crate) namespace: String,
    pub(crate) names: Arc<Names>,
    pub(crate) hosts: Option<Vec<String>>,
    pub(crate) plain_http: PlainHttp,
    pub(crate) proxies: Proxies,
    pub(crate) cors: Cors,
    pub(crate) policy: admission::Policy,
    pub(crate) upstreams: Upstreams,
    pub(crate) problems: api::problem::ProblemStyle,
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
    pub(crate) idempotency: Idempotency,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) jwks: Bytes,
    pub(crate) people: People,
    pub(crate) rates: Arc<Rates>,
    pub(crate) caps: Caps,
    pub(crate) errands: Errands,
}

/// What the gateway says to the upstream is called: in the product's namespace (D24), and about the way here.
pub(crate) struct Names {
    pub(crate) request_id: HeaderName,
    pub(crate) forwarded_for: HeaderName,
    pub(crate) forwarded_host: HeaderName,
    pub(crate) forwarded_proto: HeaderName,
    pub(crate) context: HeaderName,
    pub(crate) account: HeaderName,
    pub(crate) environment: HeaderName,
    pub(crate) key: HeaderName,
    pub(crate) kind: HeaderName,
    pub(crate) member: HeaderName,
    pub(crate) companies: HeaderName,
}

/// What a core is told.
pub(crate) enum Command {
    /// End what these name; answer with how many requests that were.
    Cut(Arc<[Cut]>, oneshot::Sender<u64>),
    /// Match requests against this catalogue from now on.
    Catalogue(Arc<Catalogue>, oneshot::Sender<()>),
    /// Hand over what was recorded, without waiting for the tick.
    HandOver(oneshot::Sender<()>),
    /// Take no more connections, finish what is in flight within the bound, and end.
    Shutdown(Duration),
}

/// What a core's thread starts with.
pub(crate) struct CoreStart {
    pub(crate) shared: Arc<Shared>,
    pub(crate) listeners: listen::Listeners,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) signer: Signer,
    pub(crate) recorder: Recorder,
    pub(crate) counters: Arc<Counters>,
    pub(crate) ids: IdSource,
    pub(crate) commands: mpsc::Receiver<Command>,
}

/// One core, as its requests see it.
pub(crate) struct Core {
    pub(crate) shared: Arc<Shared>,
    pub(crate) inflight: Rc<InFlight>,
    pub(crate) signer: Signer,
    pub(crate) recorder: Recorder,
    pub(crate) counters: Arc<Counters>,
    pub(crate) ids: IdSource,
    pub(crate) draining: watch::Sender<bool>,
    pub(crate) visitors: Visitors,
    pub(crate) writes: Running,
    test: Rc<Upstream>,
    live: Rc<Upstream>,
    sub_keys: Option<Rc<Upstream>>,
    catalogue: RefCell<Rc<CoreCatalogue>>,
    open: Rc<Cell<usize>>,
}

/// The catalogue behind a count of this core's own, so that a request can hold on to it without touching what cores share.
pub(crate) struct CoreCatalogue(Arc<Catalogue>);

impl std::ops::Deref for CoreCatalogue {
    type Target = Catalogue;

    fn deref(&self) -> &Catalogue {
        &self.0
    }
}

/// What a request knows of its connection.
pub(crate) struct Connection {
    /// The caller's address: the peer's, or what trusted proxies say (D12).
    pub(crate) address: IpAddr,
    /// The same as text.
    pub(crate) peer_value: HeaderValue,
    /// The peer is a trusted proxy, so each request says for itself where it comes from.
    pub(crate) proxied: bool,
    /// HTTPS, or behind a proxy that ended it.
    pub(crate) secure: bool,
    /// Plain HTTP from where it is not allowed: every request is answered 403 (D21).
    pub(crate) refused: bool,
    /// Set when a stream of an HTTP/1 connection is cut; see `inflight`.
    pub(crate) cut: Rc<Cell<bool>>,
}

impl Connection {
    pub(crate) fn new(address: IpAddr, proxies: &Proxies, secure: bool, refused: bool, cut: Rc<Cell<bool>>) -> Self {
        let proxied = client_address::is_trusted(address, &proxies.trusted);
        Self { address, peer_value: spelt(address), proxied, secure, refused, cut }
    }

    /// What a request that came through a proxy knows of the connection.
    pub(crate) fn of_request(&self, headers: &HeaderMap, proxies: &Proxies) -> Self {
        let address = client_address::find(self.address, &proxies.trusted, headers);
        let cut = Rc::clone(&self.cut);
        Self { address, peer_value: spelt(address), proxied: true, secure: self.secure, refused: self.refused, cut }
    }
}

fn spelt(address: IpAddr) -> HeaderValue {
    HeaderValue::from_str(&address.to_string()).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

/// Request ids of one core: five random bytes of its own, then a count that starts at random.
pub(crate) struct IdSource {
    prefix: [u8; 5],
    count: Cell<u64>,
}

impl IdSource {
    pub(crate) fn new(random: [u8; 10]) -> Self {
        let [a, b, c, d, e, rest @ ..] = random;
        let [f, g, h, i, j] = rest;
        Self { prefix: [a, b, c, d, e], count: Cell::new(u64::from_be_bytes([0, 0, 0, f, g, h, i, j])) }
    }

    pub(crate) fn next(&self) -> Entropy {
        let count = self.count.get().wrapping_add(1);
        self.count.set(count);
        let [_, _, _, f, g, h, i, j] = count.to_be_bytes();
        let [a, b, c, d, e] = self.prefix;
        Entropy([a, b, c, d, e, f, g, h, i, j])
    }
}

/// Counts an open connection, for the drain and the metrics.
pub(crate) struct Open {
    count: Rc<Cell<usize>>,
    counters: Arc<Counters>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.count.set(self.count.get() - 1);
        self.counters.connections(-1);
    }
}

impl Core {
    pub(crate) fn catalogue(&self) -> Rc<CoreCatalogue> {
        Rc::clone(&self.catalogue.borrow())
    }

    pub(crate) fn upstream(&self, environment: Environment) -> &Rc<Upstream> {
        match environment {
            Environment::Test => &self.test,
            Environment::Live => &self.live,
        }
    }

    /// Where a permitted request goes; none when its operation is not answered here, and then it was not admitted either.
    pub(crate) fn upstream_of(&self, permit: &Permit) -> Option<&Rc<Upstream>> {
        match permit.served_by() {
            ServedBy::Upstream => Some(self.upstream(permit.environment())),
            ServedBy::SubKeys => self.sub_keys.as_ref(),
        }
    }

    /// Whether anybody here answers `operation`; what nobody answers does not exist.
    pub(crate) fn answers(&self, operation: &Operation) -> bool {
        match operation.served_by {
            ServedBy::Upstream => true,
            ServedBy::SubKeys => self.sub_keys.is_some(),
        }
    }

    pub(crate) fn open(&self) -> Open {
        self.open.set(self.open.get() + 1);
        self.counters.connections(1);
        Open { count: Rc::clone(&self.open), counters: Arc::clone(&self.counters) }
    }

    pub(crate) fn connections(&self) -> usize {
        self.open.get()
    }

    fn cut(&self, cuts: &[Cut]) -> u64 {
        let named: u64 = cuts.iter().map(|cut| self.inflight.cut(cut)).sum();
        let ended = named + self.inflight.expire((self.shared.clock)());
        self.counters.cut(ended);
        ended
    }

    fn tick(&self) {
        self.shared.snapshot.fence(self.shared.limits.revocation_bound);
        let stall = self.shared.limits.client_stall_max.as_millis() / TICK.as_millis();
        let ended = self.inflight.expire((self.shared.clock)())
            + self.inflight.advance(u32::try_from(stall).unwrap_or(u32::MAX));
        self.counters.cut(ended);
        self.counters.in_flight(self.inflight.len());
        self.recorder.flush();
        self.test.sweep();
        self.live.sweep();
        if let Some(upstream) = &self.sub_keys {
            upstream.sweep();
        }
    }
}

/// The thread of one core. `ready` is told once it listens.
pub(crate) fn run(start: CoreStart, ready: std::sync::mpsc::SyncSender<std::io::Result<()>>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _starter_is_waiting = ready.send(Err(error));
            return;
        }
    };
    LocalSet::new().block_on(&runtime, serve(start, ready));
}

async fn serve(start: CoreStart, ready: std::sync::mpsc::SyncSender<std::io::Result<()>>) {
    let CoreStart { shared, listeners, catalogue, signer, recorder, counters, ids, mut commands } = start;
    let core = Rc::new(Core {
        inflight: InFlight::new(),
        signer,
        recorder,
        counters,
        ids,
        draining: watch::Sender::new(false),
        visitors: Visitors::default(),
        writes: Running::default(),
        test: Upstream::new(shared.upstreams.of(Environment::Test).clone()),
        live: Upstream::new(shared.upstreams.of(Environment::Live).clone()),
        sub_keys: shared.upstreams.sub_keys.clone().map(Upstream::new),
        catalogue: RefCell::new(Rc::new(CoreCatalogue(catalogue))),
        open: Rc::new(Cell::new(0)),
        shared,
    });
    for (listener, tls) in listeners {
        match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => drop(tokio::task::spawn_local(listen::accept(Rc::clone(&core), listener, tls))),
            Err(error) => {
                let _starter_is_waiting = ready.send(Err(error));
                return;
            }
        }
    }
    if ready.send(Ok(())).is_err() {
        return;
    }
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let drain_max = loop {
        tokio::select! {
            biased;
            command = commands.recv() => match command {
                Some(Command::Cut(cuts, done)) => answer(done, core.cut(&cuts)),
                Some(Command::Catalogue(catalogue, done)) => {
                    core.catalogue.replace(Rc::new(CoreCatalogue(catalogue)));
                    answer(done, ());
                }
                Some(Command::HandOver(done)) => hand_over(&core, done),
                Some(Command::Shutdown(drain_max)) => break drain_max,
                None => break Duration::ZERO,
            },
            _ = tick.tick() => core.tick(),
        }
    };
    drain(&core, &mut commands, drain_max).await;
    core.tick();
}

/// Lets what is in flight finish; cuts are still obeyed meanwhile.
async fn drain(core: &Rc<Core>, commands: &mut mpsc::Receiver<Command>, drain_max: Duration) {
    core.draining.send_replace(true);
    let deadline = tokio::time::sleep(drain_max);
    tokio::pin!(deadline);
    let mut look = tokio::time::interval(DRAIN_LOOK);
    let mut tick = tokio::time::interval(TICK);
    // A write goes on without its caller.
    while core.connections() > 0 || core.writes.count() > 0 {
        tokio::select! {
            () = &mut deadline => return,
            command = commands.recv() => match command {
                Some(Command::Cut(cuts, done)) => answer(done, core.cut(&cuts)),
                Some(Command::Catalogue(_, done)) => answer(done, ()),
                Some(Command::HandOver(done)) => hand_over(core, done),
                Some(Command::Shutdown(_)) => {}
                None => return,
            },
            // Secrets end and callers stall during a drain too.
            _ = tick.tick() => core.tick(),
            _ = look.tick() => {}
        }
    }
}

fn hand_over(core: &Core, done: oneshot::Sender<()>) {
    core.recorder.flush();
    answer(done, ());
}

/// Whoever is gone no longer waits for the answer.
fn answer<T>(done: oneshot::Sender<T>, value: T) {
    let _gone = done.send(value);
}
