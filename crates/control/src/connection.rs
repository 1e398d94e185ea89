//! Connections: one accepted socket, from its handshake to its end.
//!
//! Owns:  the bounds of TLS, HTTP/1.1 and HTTP/2 towards operators.
//! Never: knows operations.
//! Read:  `run`.

use crate::{arrival::Arrival, control::Control, limits::Limits, serve::TlsConfig};
use axum::body::Body;
use http::Request;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::{
    convert::Infallible,
    pin::{Pin, pin},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
};
use tokio_rustls::TlsAcceptor;

/// How long an HTTP/2 peer may be silent before it is asked, and then how long it has to answer.
const PING_AFTER: Duration = Duration::from_secs(30);
const PING_ANSWER: Duration = Duration::from_secs(10);
/// Resets that a peer may cause before its connection is closed (rapid reset and its kin).
const RESETS_MAX: usize = 50;
/// The smallest buffer that hyper takes, in bytes.
const BUFFER_MIN: usize = 8 * 1024;

/// Serves one connection until it ends or `stopping` says to finish what is in flight.
pub(crate) async fn run(stream: TcpStream, tls: Option<TlsConfig>, control: Control, stopping: watch::Receiver<bool>) {
    let _unsupported = stream.set_nodelay(true);
    let peer = stream.peer_addr().ok().map(|address| address.ip().to_canonical());
    let plain = Arrival { secure: false, peer };
    let Some(tls) = tls else { return http1(stream, plain, control, stopping).await };
    let arrival = Arrival { secure: true, peer };
    let handshake = TlsAcceptor::from(tls()).accept(stream);
    match tokio::time::timeout(control.parts().limits.handshake, handshake).await {
        Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
            http2(stream, arrival, control, stopping).await;
        }
        Ok(Ok(stream)) => http1(stream, arrival, control, stopping).await,
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake with the control plane failed"),
        Err(_) => tracing::debug!("TLS handshake with the control plane took too long"),
    }
}

async fn http1<S>(stream: S, arrival: Arrival, control: Control, stopping: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = &control.parts().limits;
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read)
        .max_headers(limits.headers_max)
        .max_header_size(limits.head_max)
        .max_buf_size(limits.head_max.max(BUFFER_MIN));
    let service = service_fn(|request| answer(request, arrival, control.clone()));
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    drive(connection, |connection| connection.graceful_shutdown(), limits, stopping).await;
}

async fn http2<S>(stream: S, arrival: Arrival, control: Control, stopping: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = &control.parts().limits;
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams_max)
        .max_header_list_size(u32::try_from(limits.head_max).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(RESETS_MAX)
        .max_local_error_reset_streams(RESETS_MAX)
        .keep_alive_interval(PING_AFTER)
        .keep_alive_timeout(PING_ANSWER);
    let service = service_fn(|request| answer(request, arrival, control.clone()));
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    drive(connection, |connection| connection.graceful_shutdown(), limits, stopping).await;
}

/// Runs a connection to its end. When the control plane stops, or the connection is old, it finishes what is in flight
/// and takes no more; a peer that does not read its answers cannot hold it longer than that.
async fn drive<C: Future<Output = hyper::Result<()>>>(
    connection: C,
    finish: impl FnOnce(Pin<&mut C>),
    limits: &Limits,
    mut stopping: watch::Receiver<bool>,
) {
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = async {
            tokio::select! {
                () = stopped(&mut stopping) => {}
                () = tokio::time::sleep(limits.connection_age) => {}
            }
        } => {
            finish(connection.as_mut());
            match tokio::time::timeout(limits.request, connection).await {
                Ok(ended) => ended,
                Err(_) => return tracing::debug!("a connection to the control plane was cut: its peer did not read"),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to the control plane ended early");
    }
}

async fn answer(
    request: Request<Incoming>,
    arrival: Arrival,
    control: Control,
) -> Result<http::Response<Body>, Infallible> {
    Ok(control.answer(request.map(Body::new), arrival).await)
}

/// Resolves when the control plane stops.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that nobody can say stop any more, which is the same.
    let _ = stopping.wait_for(|stop| *stop).await;
}
