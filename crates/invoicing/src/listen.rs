//! Listener: accepts connections, bounded, and lets them end in peace.
//!
//! Owns:  the accept loop, the bounds of a connection, the graceful end.
//! Never: looks into a request.
//! Read:  `accept`.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{io, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    select,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time,
};

/// Connections open at once; more wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 1_024;
/// From the end of one request to the whole head of the next. Longer than any sensible gateway keeps a connection idle,
/// so that it is the gateway that closes first.
const HEAD_MAX: Duration = Duration::from_secs(120);
/// Header fields of one request.
const HEADERS_MAX: usize = 100;
/// Bytes of a request's head, and of what is read ahead.
const BUFFER_MAX: usize = 256 * 1024;
/// How long requests may take to end after the call to stop.
const GRACE_MAX: Duration = Duration::from_secs(10);
/// Rest after a failed accept, so that a full file table does not become a busy loop.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// Serves `router` until `shutdown` completes; then lets the open requests end.
pub(crate) async fn accept(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
    let (stop, stopping) = watch::channel(false);
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        select! {
            () = &mut shutdown => break,
            accepted = next(&listener, &slots) => match accepted {
                Ok((stream, slot)) => {
                    connections.spawn(connection(stream, slot, router.clone(), stopping.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "invoicing: a connection could not be accepted");
                    time::sleep(ACCEPT_REST).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    drop(listener);
    stop.send_replace(true);
    let ended = time::timeout(GRACE_MAX, async { while connections.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!(open = connections.len(), "invoicing: connections cut at the end of the grace period");
        connections.shutdown().await;
    }
}

async fn next(listener: &TcpListener, slots: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, slot))
}

async fn connection(
    stream: TcpStream,
    slot: OwnedSemaphorePermit,
    router: Router,
    mut stopping: watch::Receiver<bool>,
) {
    // Answers are small and written whole; waiting for more bytes only costs time.
    let _ = stream.set_nodelay(true);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_MAX).max_headers(HEADERS_MAX).max_buf_size(BUFFER_MAX);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)));
    let stopped = select! {
        _ = connection.as_mut() => false,
        _ = stopping.changed() => true,
    };
    if stopped {
        connection.as_mut().graceful_shutdown();
        // A broken connection concerns only its caller, who sees it too.
        let _ = connection.await;
    }
    drop(slot);
}
