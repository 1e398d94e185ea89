//! Sub-keys: the facade for restricted keys between the planes, when the catalogue has operations for it (D32, D45).
//!
//! Owns:  its loopback socket, the gateway's way there, and the key by which it believes the gateway.
//! Never: is there without such an operation; decides about a request.
//! Read:  `Wiring::of`, then `Wiring::serve`.

use crate::{config::Config, signing_key};
use anyhow::Context as _;
use control::{Control, SubKeys, serve_sub_keys};
use egress::{Target, UpstreamConfig};
use http::HeaderName;
use model::{Catalogue, operation::ServedBy};
use proof::ContextKey;
use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    time::Duration,
};
use tokio::{sync::oneshot, task::JoinHandle};

/// How long the gateway waits for an answer: longer than the control plane lets any request take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// How long the gateway keeps an unused connection: shorter than the control plane does, so that it never meets a closed one.
const IDLE_KEEP: Duration = Duration::from_secs(10);
/// Connections of all cores, fewer than the facade accepts, and requests of one core that wait for one. People and scripts that
/// set keys up need few.
const CONNECTIONS_MAX: usize = 96;
const WAITING_MAX: usize = 256;

/// Whether a catalogue has operations that manage restricted keys.
pub(crate) fn are_in(catalogue: &Catalogue) -> bool {
    catalogue.operations().iter().any(|operation| operation.served_by == ServedBy::SubKeys)
}

/// The socket of the facade, before it serves.
pub(crate) struct Wiring {
    listener: TcpListener,
    address: SocketAddr,
}

impl Wiring {
    /// A socket on loopback, if the catalogue has operations for it.
    pub(crate) fn of(catalogue: &Catalogue) -> anyhow::Result<Option<Self>> {
        if !are_in(catalogue) {
            return Ok(None);
        }
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        });
        bound.map(Some).context("a socket for the management of restricted keys")
    }

    /// The way there of a gateway with so many cores.
    pub(crate) fn upstream(&self, cores: usize) -> anyhow::Result<UpstreamConfig> {
        let target = Target::parse(&format!("http://{}", self.address)).context("the facade's own address")?;
        let connections = (CONNECTIONS_MAX / cores.max(1)).max(1);
        Ok(UpstreamConfig {
            head_timeout: HEAD_TIMEOUT,
            idle_keep: IDLE_KEEP,
            idle_max: connections,
            total_max: connections,
            waiting_max: WAITING_MAX,
            ..UpstreamConfig::new(target, None)
        })
    }

    /// Serves from now on, until the sender says so or is dropped.
    pub(crate) fn serve(
        self,
        control: Control,
        config: &Config,
        grace: Duration,
    ) -> anyhow::Result<(oneshot::Sender<()>, JoinHandle<()>)> {
        let socket = tokio::net::TcpListener::from_std(self.listener).context("the facade's socket")?;
        let header = HeaderName::try_from(format!("{}-context", config.namespace)).context("the context's header")?;
        // The issuer is the namespace (D24).
        let key = ContextKey::new(signing_key::public(&config.folder)?, config.namespace.clone());
        let facade = SubKeys::new(control, key, header);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stopped = async move {
                // A dropped sender means the same as a stop.
                let _dropped = stopped.await;
            };
            serve_sub_keys(socket, facade, stopped, grace).await;
        });
        Ok((stop, task))
    }
}
