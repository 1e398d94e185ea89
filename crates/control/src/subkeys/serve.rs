//! Serve: the facade's listener, for the gateway of the same process (D45).
//!
//! Owns:  its accept loop and the bounds of its connections.
//! Never: listens beyond loopback.
//! Read:  `serve_sub_keys`.

use super::SubKeys;
use crate::connection::stopped;
use axum::body::Body;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};

/// Connections that are open at once; each has one request. More wait to be accepted.
const CONNECTIONS_MAX: usize = 128;
/// How long the accept loop rests after the system refused it a connection (out of descriptors).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown` resolves; then lets requests in flight finish, for at most `grace`. A socket that is not on loopback
/// is not served.
pub async fn serve_sub_keys(
    socket: TcpListener,
    sub_keys: SubKeys,
    shutdown: impl Future<Output = ()>,
    grace: Duration,
) {
    if !socket.local_addr().is_ok_and(|address| address.ip().is_loopback()) {
        tracing::error!("the management of restricted keys is not served: its socket is not on loopback");
        return;
    }
    let (stop, stopping) = watch::channel(false);
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async { (Arc::clone(&room).acquire_owned().await, socket.accept().await) };
        let (seat, accepted) = tokio::select! {
            next = next => next,
            () = shutdown.as_mut() => break,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                let run = run(stream, sub_keys.clone(), stopping.clone());
                connections.spawn(async move {
                    run.await;
                    drop(seat);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the management of restricted keys could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(socket);
    let _nobody_listens = stop.send(true);
    let finish = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(grace, finish).await.is_err() {
        tracing::warn!("changes of restricted keys were still in flight when the grace of the control plane was over");
    }
}

/// One connection until it ends, or until it has finished what is in flight when `stopping` says so.
async fn run(stream: TcpStream, sub_keys: SubKeys, mut stopping: watch::Receiver<bool>) {
    let _unsupported = stream.set_nodelay(true);
    let limits = &sub_keys.inner.limits;
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // As the provider writes them: some of its clients look names up as they were sent.
        .title_case_headers(true)
        .header_read_timeout(limits.header_read)
        .max_headers(limits.headers_max)
        .max_header_size(limits.head_max)
        .max_buf_size(limits.head_max);
    let service = service_fn(|request: http::Request<hyper::body::Incoming>| {
        let sub_keys = sub_keys.clone();
        async move { Ok::<_, Infallible>(sub_keys.answer(request.map(Body::new)).await) }
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection of the gateway to the management of restricted keys ended early");
    }
}
