//! Serve: listening, and stopping in good order.
//!
//! Owns:  the accept loops of the control plane.
//! Never: decides on which addresses plain HTTP is fit; `server` does (D21).
//! Read:  `serve`.

use crate::{connection, control::Control};
use std::{sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tokio_rustls::rustls::ServerConfig;

/// The TLS configuration as it is now; asked for every connection, so that certificates can be replaced.
pub type TlsConfig = Arc<dyn Fn() -> Arc<ServerConfig> + Send + Sync>;

/// How long the accept loop rests after the system refused it a connection (out of descriptors).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A socket to accept on.
pub struct Listener {
    /// The socket.
    pub socket: TcpListener,
    /// With TLS, or plain for loopback and trusted proxies.
    pub tls: Option<TlsConfig>,
}

/// Serves until `shutdown` resolves; then takes no more connections and lets requests in flight finish, for at most
/// `grace`.
pub async fn serve(listeners: Vec<Listener>, control: Control, shutdown: impl Future<Output = ()>, grace: Duration) {
    let (stop, stopping) = watch::channel(false);
    let room = Arc::new(Semaphore::new(control.parts().limits.connections_max));
    let mut loops = JoinSet::new();
    for listener in listeners {
        loops.spawn(accept(listener, control.clone(), Arc::clone(&room), stopping.clone()));
    }
    drop(stopping);
    shutdown.await;
    let _nobody_listens = stop.send(true);
    control.close();
    let finish = async { while loops.join_next().await.is_some() {} };
    if tokio::time::timeout(grace, finish).await.is_err() {
        tracing::warn!("requests to the control plane were still in flight when its grace was over");
    }
    // Dropping the set ends what is left.
}

async fn accept(listener: Listener, control: Control, room: Arc<Semaphore>, mut stopping: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        // Without room nothing is accepted: the system's queue is the bound.
        let next = async { (Arc::clone(&room).acquire_owned().await, listener.socket.accept().await) };
        let (seat, accepted) = tokio::select! {
            next = next => next,
            () = connection::stopped(&mut stopping) => break,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                let run = connection::run(stream, listener.tls.clone(), control.clone(), stopping.clone());
                connections.spawn(async move {
                    run.await;
                    drop(seat);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the control plane could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}
