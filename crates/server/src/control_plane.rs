//! The control plane as this process runs it: its listener, its parts, and the seam to the gateway (D14).
//!
//! Owns:  `InForce` over the gateway of this process, readiness, metrics, the control task.
//! Never: answers an operation.
//! Read:  `ControlPlane::start`, then `ThisProcess`.

use crate::{
    clock,
    config::{Config, Tls},
    deployment::{not_bound, policy, url},
    failure::Failure,
    name, people_file, sealing_key, sub_keys,
    tls::Certificates,
    usage_metrics::UsageMetrics,
};
use anyhow::Context as _;
use arc_swap::ArcSwap;
use control::{Applied, Control, Fenced, InForce, Listener, Metrics, PeopleParts, Readiness, Receipt};
use gateway::Gateway;
use model::{Catalogue, Timestamp};
use std::{
    net::{SocketAddr, TcpListener},
    pin::Pin,
    sync::Arc,
    time::Duration,
};
use store::{Revision, Store};
use tokio::{sync::oneshot, task::JoinHandle};

/// How long requests may take to end at a stop.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// A running control plane.
pub(crate) struct ControlPlane {
    address: SocketAddr,
    catalogue: Arc<ArcSwap<Catalogue>>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    /// The facade for restricted keys, if the catalogue has operations for it.
    sub_keys: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

/// What a control plane is made of.
pub(crate) struct Parts<'a> {
    pub(crate) config: &'a Config,
    pub(crate) store: &'a Store,
    pub(crate) gateway: &'a Arc<Gateway>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) tls: Option<&'a Certificates>,
    pub(crate) sub_keys: Option<sub_keys::Wiring>,
}

impl ControlPlane {
    /// Takes the address, so that one in use is said before anything serves.
    pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
        let bound = TcpListener::bind(address).and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
        bound.map_err(|error| not_bound("the control API", "control.listen (--control)", address, &error))
    }

    /// Serves on `listener` from now on.
    pub(crate) fn start(listener: TcpListener, parts: Parts<'_>) -> anyhow::Result<Self> {
        let address = listener.local_addr().context("the control listener's address")?;
        let socket = tokio::net::TcpListener::from_std(listener).context("the control listener")?;
        let catalogue = Arc::new(ArcSwap::from(parts.catalogue));
        let tls = parts.tls.map(|certificates| {
            let slot = Arc::clone(&certificates.slot);
            Arc::new(move || slot.load_full()) as control::TlsConfig
        });
        let shown = Arc::clone(&catalogue);
        let process = Arc::new(ThisProcess {
            gateway: Arc::clone(parts.gateway),
            revocation_bound: parts.config.gateway.limits.revocation_bound,
        });
        let ready = Arc::clone(&process);
        let control_parts = control::Parts {
            store: parts.store.clone(),
            in_force: process,
            clock: Arc::new(clock::now),
            randomness: Arc::new(clock::fill),
            catalogue: Arc::new(move || shown.load_full()),
            policy: Arc::new(policy(parts.config)),
            one_company: parts.config.keys.one_company,
            problems: parts.config.errors.clone(),
            ready: Arc::new(move || ready.readiness()),
            limits: control::Limits::default(),
            people: people(parts.config, parts.gateway)?,
            rates: parts.config.limits.rates.limits.iter().cloned().collect(),
            limit_names: parts.config.limits.rates.limits.iter().map(|limit| limit.name.clone()).collect(),
        };
        let control = Control::with_metrics(control_parts, metrics(parts.gateway, parts.store));
        let facade = parts.sub_keys.map(|wiring| wiring.serve(control.clone(), parts.config, DRAIN_MAX)).transpose()?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stopped = async move {
                // A dropped sender means the same as a stop.
                let _dropped = stopped.await;
            };
            control::serve(vec![Listener { socket, tls }], control, stopped, DRAIN_MAX).await;
        });
        Ok(Self { address, catalogue, stop, task, sub_keys: facade })
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shows and explains by another catalogue from now on.
    pub(crate) fn set_catalogue(&self, catalogue: &Arc<Catalogue>) {
        self.catalogue.store(Arc::clone(catalogue));
    }

    /// Completes when it ended, which it does by itself only on a defect.
    pub(crate) async fn ended(&mut self) {
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "the control plane died");
        }
    }

    /// Whether restricted keys can be managed through the gateway.
    pub(crate) const fn serves_sub_keys(&self) -> bool {
        self.sub_keys.is_some()
    }

    /// Takes no more requests and lets those in flight end.
    pub(crate) async fn stop(self) {
        if let Some((stop, task)) = self.sub_keys {
            let _ended_already = stop.send(());
            let _died = task.await;
        }
        let _ended_already = self.stop.send(());
        if !self.task.is_finished() {
            let _died = self.task.await;
        }
    }
}

/// What the configuration says about people who sign in.
fn people(config: &Config, gateway: &Gateway) -> anyhow::Result<PeopleParts> {
    let section = &config.sign_in;
    let providers = people_file::providers(config.people.as_deref());
    // An address that stands for all of the machine's is none that anybody can call.
    let listens = gateway.addresses().first().filter(|address| !address.ip().is_unspecified());
    let own = || listens.map(|address| url(config.gateway.tls != Tls::Off, *address));
    Ok(PeopleParts {
        api_url: config.gateway.public_url.clone().or_else(own),
        registration: section.registration,
        session_idle: section.session_idle,
        session_max: section.session_max,
        product: section.product.clone(),
        namespace: config.namespace.clone(),
        public_url: section.public_url.clone(),
        sealing_key: sealing_key::load(&config.folder)?,
        providers: providers.map_err(|failure| anyhow::anyhow!(failure.message))?,
    })
}

/// The one gateway of this process, as the control plane sees it.
struct ThisProcess {
    gateway: Arc<Gateway>,
    revocation_bound: Duration,
}

impl InForce for ThisProcess {
    fn in_force(&self, revision: Revision) -> Pin<Box<dyn Future<Output = Receipt> + Send + '_>> {
        Box::pin(async move {
            let name = self.gateway.name().to_owned();
            let (mut gateways, mut fenced) = (Vec::new(), Vec::new());
            match self.gateway.in_force(revision).await {
                Some(applied) => {
                    gateways.push(Applied { name, applied_at: applied.applied_at, cut: applied.cut });
                }
                None => fenced.push(Fenced { name, fenced_from: self.fenced_from(clock::now()) }),
            }
            Receipt { revision, gateways, fenced }
        })
    }

    fn hand_over(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.gateway.hand_over())
    }
}

impl ThisProcess {
    /// From then on at the latest the silent gateway refuses every key (design section 5).
    fn fenced_from(&self, now: Timestamp) -> Timestamp {
        if !self.gateway.is_fresh() {
            return now;
        }
        now.plus_micros(i64::try_from(self.revocation_bound.as_micros()).unwrap_or(i64::MAX))
    }

    fn readiness(&self) -> Readiness {
        let mut missing = Vec::new();
        if !self.gateway.is_fresh() {
            missing
                .push("the gateway could not read the change log within its bound, so it refuses every key".to_owned());
        }
        Readiness { missing }
    }
}

/// The text of `/metrics` (OpenMetrics).
fn metrics(gateway: &Gateway, store: &Store) -> Metrics {
    let mut registry = prometheus_client::registry::Registry::with_prefix(name::NAME);
    registry.register_collector(Box::new(gateway.exposition()));
    registry.register_collector(Box::new(UsageMetrics(store.usage().losses())));
    Arc::new(move || {
        let mut text = String::new();
        if prometheus_client::encoding::text::encode(&mut text, &registry).is_err() {
            tracing::error!("the metrics could not be written");
        }
        text
    })
}
