//! Deployment: the parts of the product put together, running, and taken down again.
//!
//! Owns:  the order of start and stop; the one place where the planes meet.
//! Never: decides about a request.
//! Read:  `Deployment::start`, then `Deployment::stop`.

use crate::{
    catalogue_file, clock,
    config::{Config, Tls},
    control_plane::{ControlPlane, Parts},
    failure::{Exit, Failure},
    logging, people_file, sealing_key, signing_key, sub_keys,
    tls::{Certificates, Reload},
};
use anyhow::Context as _;
use egress::{TrustRoots, UpstreamConfig};
use gateway::{Gateway, GatewayConfig, IdempotencyConfig, Listen, PlainHttp, Proxies, StartError, Upstreams};
use model::{Catalogue, DailyCap, Environment, LimitName};
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use store::{Store, Writes, WritesOptions};

/// A running deployment.
pub(crate) struct Deployment {
    store: Store,
    writes: Writes,
    gateway: Arc<Gateway>,
    control: ControlPlane,
    certificates: Vec<(&'static str, Arc<Certificates>)>,
    catalogue_file: Option<PathBuf>,
    daily_caps: Vec<DailyCap>,
    reopen_log: Arc<AtomicBool>,
    gateway_tls: bool,
    control_tls: bool,
    drain_max: Duration,
}

impl Deployment {
    /// Opens the store, then the data plane, then the control plane. When this returns, both serve.
    pub(crate) async fn start(config: &Config, catalogue: Catalogue) -> Result<Self, Failure> {
        clock::check_randomness()?;
        // The lock on the data folder comes first: whoever has it has the deployment.
        let store = Store::open(&config.folder, store_options(config)).await?;
        let started = Self::start_with(&store, config, catalogue).await;
        if started.is_err() {
            store.close().await;
        }
        started
    }

    async fn start_with(store: &Store, config: &Config, catalogue: Catalogue) -> Result<Self, Failure> {
        let open =
            |tls, listener| Certificates::open(tls, &config.folder, listener, clock::now()).map(|c| c.map(Arc::new));
        let gateway_certificates = open(&config.gateway.tls, "gateway").context("[gateway.tls]")?;
        let control_certificates = open(&config.control.tls, "control").context("[control.tls]")?;
        let log = logging::request_sink(&config.log.requests)?;
        // Bound before the data plane starts, so that a port in use is said before anything serves.
        let listener = ControlPlane::bind(config.control.listen)?;
        let sub_keys = sub_keys::Wiring::of(&catalogue)?;
        let catalogue = Arc::new(catalogue);
        let mut boot = [0; 8];
        clock::fill(&mut boot);
        let writes = store.writes(boot, WritesOptions::default()).await?;
        let mut gateway_config = gateway_config(config, store, gateway_certificates.as_deref(), log.sink, &writes)?;
        let facade = sub_keys.as_ref().map(|wiring| wiring.upstream(gateway_config.cores));
        gateway_config.upstreams.sub_keys = facade.transpose()?;
        people_file::check(&gateway_config.people, &catalogue)?;
        let gateway =
            Gateway::start(gateway_config, Arc::clone(&catalogue), store.feed()).await.map_err(not_started)?;
        let gateway = Arc::new(gateway);
        let control = ControlPlane::start(
            listener,
            Parts { config, store, gateway: &gateway, catalogue, tls: control_certificates.as_deref(), sub_keys },
        )?;
        let certificates = [("gateway", gateway_certificates), ("control", control_certificates)];
        Ok(Self {
            store: store.clone(),
            writes,
            gateway,
            control,
            gateway_tls: certificates[0].1.is_some(),
            control_tls: certificates[1].1.is_some(),
            certificates: certificates.into_iter().filter_map(|(name, c)| Some((name, c?))).collect(),
            catalogue_file: config.catalogue.clone(),
            daily_caps: config.limits.daily_caps.clone(),
            reopen_log: log.reopen,
            drain_max: config.gateway.limits.drain_max,
        })
    }

    /// Where callers reach the API.
    pub(crate) fn gateway_url(&self) -> String {
        let address = self.gateway.addresses().first().copied();
        url(self.gateway_tls, address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0))))
    }

    /// Where a process of this machine reaches the gateway without TLS, if anywhere.
    pub(crate) fn plain_url(&self) -> Option<String> {
        let plain = if self.gateway_tls { self.gateway.addresses().get(1) } else { self.gateway.addresses().first() };
        plain.map(|address| url(false, *address))
    }

    /// Where the control API is.
    pub(crate) fn control_url(&self) -> String {
        url(self.control_tls, self.control.address())
    }

    /// The store, for what the process itself keeps there.
    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    /// The certificates of the listeners that have one.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = (&'static str, &Certificates)> {
        self.certificates.iter().map(|(name, certificates)| (*name, &**certificates))
    }

    /// The self-signed certificate of a listener, for callers to trust.
    pub(crate) fn self_signed(&self, listener: &str) -> Option<PathBuf> {
        self.certificates().find(|(name, _)| *name == listener)?.1.self_signed.clone()
    }

    /// Reads the certificate files again; what is broken is logged, and the old one stays.
    pub(crate) fn reload_certificates(&self) {
        for (listener, certificates) in &self.certificates {
            match certificates.reload(clock::now()) {
                Ok(Reload::Unchanged) => {}
                Ok(Reload::Changed(fingerprint)) => tracing::info!(listener, fingerprint, "new certificate in force"),
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::warn!(listener, error, "the new certificate is not used; the old one stays in force");
                }
            }
        }
    }

    /// Begins to remove usage that is older than it is to be kept.
    pub(crate) fn sweep_usage(&self) {
        self.store.usage().sweep(clock::now());
    }

    /// Removes records of writes whose time is over, a bounded number at a time.
    pub(crate) async fn sweep_writes(&self) {
        if let Err(error) = self.writes.sweep(clock::now()).await {
            tracing::warn!(%error, "records of writes whose time is over could not be removed");
        }
    }

    /// Reads everything again that can change while the process runs (SIGHUP).
    pub(crate) async fn reload(&self) {
        tracing::info!("reading certificates, catalogue and log files again");
        self.reopen_log.store(true, Ordering::Relaxed);
        self.reload_certificates();
        let Some(path) = &self.catalogue_file else { return };
        match catalogue_file::load(path) {
            // Their socket is made at the start, so that the planes know it before either serves.
            Ok(catalogue) if sub_keys::are_in(&catalogue) && !self.control.serves_sub_keys() => tracing::warn!(
                "the new catalogue is not used: it is the first with operations that manage restricted keys, which takes a restart"
            ),
            Ok(catalogue) => {
                for warning in uncapped(&self.daily_caps, &catalogue) {
                    tracing::warn!("{warning}");
                }
                let catalogue = Arc::new(catalogue);
                self.gateway.set_catalogue(&catalogue).await;
                self.control.set_catalogue(&catalogue);
                tracing::info!(operations = catalogue.operations().len(), "catalogue in force");
            }
            Err(failure) => {
                let problems = failure.message;
                tracing::warn!(problems, "the new catalogue is not used; the old one stays in force");
            }
        }
    }

    /// Completes when the control plane has ended by itself, which it only does on a defect.
    pub(crate) async fn failed(&mut self) -> Failure {
        self.control.ended().await;
        Failure::new(Exit::Failed, "the control plane ended; the log says why")
    }

    /// Takes no more requests, lets those in flight end, then closes the store.
    pub(crate) async fn stop(self) {
        self.control.stop().await;
        match Arc::try_unwrap(self.gateway) {
            Ok(gateway) => gateway.shutdown(self.drain_max).await,
            // A control request that outlived its drain holds on to it; the process is about to end anyway.
            Err(_) => tracing::warn!("a control request did not end; requests in flight are cut"),
        }
        self.writes.close().await;
        self.store.close().await;
    }
}

fn store_options(config: &Config) -> store::Options {
    store::Options { usage: config.usage.clone(), ..store::Options::default() }
}

fn gateway_config(
    config: &Config,
    store: &Store,
    certificates: Option<&Certificates>,
    log: Option<gateway::LogSink>,
    writes: &Writes,
) -> Result<GatewayConfig, Failure> {
    let section = &config.gateway;
    let mut listen = vec![Listen { address: section.listen, tls: certificates.map(|c| Arc::clone(&c.slot)) }];
    listen.extend(section.plain_listen.map(|address| Listen { address, tls: None }));
    let plain_http = match section.tls {
        Tls::Terminated => PlainHttp::TerminatedBy(section.trusted_proxies.clone()),
        Tls::Off | Tls::Files { .. } | Tls::SelfSigned(_) => PlainHttp::Loopback,
    };
    Ok(GatewayConfig {
        name: section.name.clone(),
        namespace: config.namespace.clone(),
        listen,
        plain_http,
        proxies: Proxies { trusted: section.trusted_proxies.clone(), proxy_protocol: section.proxy_protocol },
        cors: config.cors.clone(),
        hosts: (!section.hosts.is_empty()).then(|| section.hosts.clone()),
        cores: section.cores,
        policy: policy(config),
        upstreams: upstreams(config)?,
        problems: config.errors.clone(),
        people: people_file::load(config.people.as_deref())?,
        idempotency: IdempotencyConfig {
            writes: writes.clone(),
            sealing_key: sealing_key::load(&config.folder)?,
            retention: config.idempotency.retention,
            answer_max: config.idempotency.answer_max,
            lease: config.idempotency.lease,
            conflict_status: config.idempotency.conflict_status,
        },
        caps: config.limits.daily_caps.clone(),
        store: store.for_gateway(),
        limits: section.limits.clone(),
        rates: config.limits.rates.clone(),
        signing_key: signing_key::load(&config.folder)?,
        clock: clock::now,
        randomness: clock::fill,
        log,
        usage: store.usage().intake(),
    })
}

/// How credentials are recognised, on both planes.
pub(crate) fn policy(config: &Config) -> admission::Policy {
    admission::Policy {
        shape: config.keys.shape.clone(),
        presentations: config.keys.presentations,
        own_origins: config.gateway.origins.clone().into(),
    }
}

/// Where admitted requests go.
pub(crate) fn upstreams(config: &Config) -> anyhow::Result<Upstreams> {
    let one = |environment| {
        let upstream = config.upstream(environment);
        let section = || format!("[upstream.{environment}]");
        let tls = if !upstream.target.is_tls() {
            None
        } else if let Some(path) = &upstream.ca_file {
            let pem = std::fs::read(path).with_context(|| format!("{} {}", section(), path.display()))?;
            Some(
                egress::client_config(TrustRoots::CaFile(&pem))
                    .with_context(|| format!("{} {}", section(), path.display()))?,
            )
        } else {
            Some(egress::client_config(TrustRoots::Platform).with_context(section)?)
        };
        let limits = &config.upstream_limits;
        Ok::<_, anyhow::Error>(UpstreamConfig {
            connect_timeout: limits.connect_timeout,
            head_timeout: limits.head_timeout,
            idle_body_timeout: limits.idle_body_timeout,
            idle_keep: limits.idle_keep,
            idle_max: limits.idle_max,
            total_max: limits.total_max,
            waiting_max: limits.waiting_max,
            acquire_timeout: limits.acquire_timeout,
            ..UpstreamConfig::new(upstream.target.clone(), tls)
        })
    };
    Ok(Upstreams { test: one(Environment::Test)?, live: one(Environment::Live)?, sub_keys: None })
}

/// What an operator should know although it is allowed; said at every start (D31).
pub(crate) fn warnings(config: &Config) -> Vec<String> {
    let mut warnings = Vec::new();
    for (tls, listener) in [(&config.gateway.tls, "gateway"), (&config.control.tls, "control")] {
        if matches!(tls, Tls::SelfSigned(_)) {
            warnings.push(format!("[{listener}.tls] is self-signed: for development only"));
        }
    }
    warnings.extend(people_file::weakened(config.people.as_deref()));
    for environment in Environment::ALL {
        let upstream = config.upstream(environment);
        if upstream.ca_file.is_some() && !upstream.target.is_tls() {
            warnings
                .push(format!("[upstream.{environment}] has a ca_file, but its URL is not https: it has no effect"));
        }
    }
    warnings
}

/// Channels of a catalogue that have no daily cap: nothing but rates bounds what they send (R80).
pub(crate) fn uncapped(caps: &[DailyCap], catalogue: &Catalogue) -> Vec<String> {
    let channels: BTreeSet<&str> =
        catalogue.operations().iter().filter_map(|o| o.channel.as_ref().map(LimitName::as_str)).collect();
    let uncapped = channels.into_iter().filter(|channel| caps.iter().all(|cap| cap.channel.as_str() != *channel));
    uncapped
        .map(|channel| {
            format!("the catalogue has operations of channel {channel}, for which limits.daily_caps has no cap")
        })
        .collect()
}

/// Said when both environments have one upstream (D43).
pub(crate) fn shared_upstream(config: &Config) -> Option<String> {
    let (test, live) = (&config.upstream_test.target, &config.upstream_live.target);
    (test == live).then(|| {
        format!("test and live go to the same upstream, {test}: it must tell them apart by the signed context")
    })
}

fn not_started(error: StartError) -> Failure {
    match error {
        StartError::Bind { address, source } => not_bound("the gateway", "gateway.listen (--listen)", address, &source),
        StartError::Load(error) => error.into(),
        StartError::Thread(_) | StartError::Namespace(_) | StartError::SigningKey | StartError::SealingKey => {
            Failure::new(Exit::Failed, error.to_string())
        }
    }
}

/// That `whose` cannot listen on `address`, and what to do about it.
pub(crate) fn not_bound(whose: &str, setting: &str, address: SocketAddr, error: &std::io::Error) -> Failure {
    use std::io::ErrorKind;
    let failure = Failure::new(Exit::Failed, format!("{whose} cannot listen on {address}: {error}"));
    let hints = [
        (ErrorKind::AddrInUse, "another process listens there: stop it, or choose another port with"),
        (ErrorKind::AddrNotAvailable, "this machine does not have that address; see"),
        (ErrorKind::PermissionDenied, "ports below 1024 need a privilege; see"),
    ];
    match hints.iter().find(|(kind, _)| *kind == error.kind()) {
        Some((_, hint)) => failure.hint(format!("{hint} {setting}")),
        None => failure,
    }
}

/// The URL of a listener.
pub(crate) fn url(tls: bool, address: SocketAddr) -> String {
    format!("{}://{address}", if tls { "https" } else { "http" })
}
