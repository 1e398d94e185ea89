//! Listening: sockets, TLS, and hyper's server on each connection.
//!
//! Owns:  the accept loop with its bound, who may speak plain HTTP (R64, D21), the server's settings, graceful ends.
//! Never: looks into a request.
//! Read:  `accept`, then `connection`.

use crate::{
    StartError,
    config::{Limits, Listen, PlainHttp, TlsSlot},
    core::{Connection, Core},
    exchange,
};
use http::{HeaderValue, Request};
use hyper::{body::Incoming, rt::Executor, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    cell::Cell,
    convert::Infallible,
    future::Future,
    net::{IpAddr, SocketAddr, TcpListener},
    pin::pin,
    rc::Rc,
    sync::Arc,
    task::Poll,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::Semaphore,
};

/// Connections that the kernel keeps for us until they are accepted.
const BACKLOG: i32 = 1024;
/// Pause after a failed accept (out of descriptors, mostly), so that the core does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Reset streams that an HTTP/2 peer may leave behind (Rapid Reset, MadeYouReset).
const RESET_STREAMS_MAX: usize = 20;
/// An HTTP/2 connection without an answer to a ping for this long is closed.
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// The listening sockets of one core, each with its TLS if it has any.
pub(crate) type Listeners = Vec<(TcpListener, Option<TlsSlot>)>;

/// Binds one socket per core to every address, all with SO_REUSEPORT; returns them by core, and the addresses bound.
pub(crate) fn bind(
    listen: &[Listen],
    cores: usize,
) -> Result<(Vec<Listeners>, Vec<SocketAddr>), StartError> {
    let mut by_core: Vec<Listeners> = (0..cores).map(|_| Vec::new()).collect();
    let mut addresses = Vec::new();
    for one in listen {
        let mut address = one.address;
        // Without this, two processes on one port would silently share its connections.
        let probe = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP));
        let probe = probe.and_then(|s| {
            s.set_reuse_address(true)?;
            s.bind(&address.into())?;
            Ok(s)
        });
        drop(probe.map_err(|source| StartError::Bind { address, source })?);
        for sockets in &mut by_core {
            let socket = socket(address).map_err(|source| StartError::Bind { address, source })?;
            address = socket.local_addr().map_err(|source| StartError::Bind { address, source })?;
            sockets.push((socket, one.tls.clone()));
        }
        addresses.push(address);
    }
    Ok((by_core, addresses))
}

fn socket(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Accepts connections until the core drains.
pub(crate) async fn accept(core: Rc<Core>, listener: tokio::net::TcpListener, tls: Option<TlsSlot>) {
    let places = Arc::new(Semaphore::new(core.shared.limits.connections_max));
    let builder = Rc::new(builder(&core.shared.limits));
    let mut draining = core.draining.subscribe();
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            _ = draining.wait_for(|d| *d) => return,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let work = connection(Rc::clone(&core), Rc::clone(&builder), stream, peer, tls.clone());
                tokio::task::spawn_local(async move {
                    let _place = place;
                    work.await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(core: Rc<Core>, builder: Rc<auto::Builder<OnThisCore>>, stream: TcpStream, peer: SocketAddr, tls: Option<TlsSlot>) {
    let _open = core.open();
    // A socket that is gone already fails at the first read.
    let _fails_later = stream.set_nodelay(true);
    let peer = peer.ip().to_canonical();
    let cut = Rc::new(Cell::new(false));
    let facts = |secure, refused| {
        let peer_value = HeaderValue::from_str(&peer.to_string()).unwrap_or_else(|_| HeaderValue::from_static("unknown"));
        Rc::new(Connection { peer, peer_value, secure, refused, cut: Rc::clone(&cut) })
    };
    match tls {
        Some(slot) => {
            let acceptor = tokio_rustls::TlsAcceptor::from(slot.load_full());
            let handshake = tokio::time::timeout(core.shared.limits.handshake_timeout, acceptor.accept(stream));
            // A failed handshake is the peer's affair; there is nobody to answer.
            if let Ok(Ok(stream)) = handshake.await {
                http(core, &builder, stream, facts(true, false)).await;
            }
        }
        None => {
            let local = stream.local_addr().is_ok_and(|a| a.ip().to_canonical().is_loopback());
            let terminated = terminated(&core.shared.plain_http, peer);
            http(core, &builder, stream, facts(terminated, !local && !terminated)).await;
        }
    }
}

fn terminated(plain_http: &PlainHttp, peer: IpAddr) -> bool {
    match plain_http {
        PlainHttp::Loopback => false,
        PlainHttp::TerminatedBy(networks) => networks.iter().any(|network| network.contains(&peer)),
    }
}

/// Serves HTTP/1.1 or HTTP/2 (by ALPN or prior knowledge) until the peer, a cut or the drain ends it.
async fn http<S>(core: Rc<Core>, builder: &auto::Builder<OnThisCore>, stream: S, facts: Rc<Connection>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let asked = Rc::new(Cell::new(false));
    let service = {
        let (core, facts, asked) = (Rc::clone(&core), Rc::clone(&facts), Rc::clone(&asked));
        service_fn(move |request: Request<Incoming>| {
            asked.set(true);
            let work = exchange::handle(Rc::clone(&core), Rc::clone(&facts), request);
            async move { Ok::<_, Infallible>(work.await) }
        })
    };
    let mut served = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
    let mut draining = core.draining.subscribe();
    let mut drain = pin!(async move { draining.wait_for(|d| *d).await.map(|_| ()) });
    let mut drained = false;
    // hyper's clock for a head starts when it knows which HTTP it reads; until then a silent caller is given up here.
    let mut silent = pin!(tokio::time::sleep(core.shared.limits.header_timeout));
    std::future::poll_fn(|context| {
        if !asked.get() && silent.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        // A cut stream may be stuck in a write that the caller does not take; then only this ends it.
        if facts.cut.get() {
            return Poll::Ready(());
        }
        if !drained && drain.as_mut().poll(context).is_ready() {
            drained = true;
            served.as_mut().graceful_shutdown();
        }
        // How a connection ended is of no use: broken ones are the peer's affair, ours became an answer already.
        let ended = served.as_mut().poll(context).map(|_ended| ());
        if facts.cut.get() { Poll::Ready(()) } else { ended }
    })
    .await;
}

fn builder(limits: &Limits) -> auto::Builder<OnThisCore> {
    let mut builder = auto::Builder::new(OnThisCore);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(limits.headers_max)
        .max_buf_size(limits.head_max);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams_max)
        .max_header_list_size(u32::try_from(limits.head_max).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(RESET_STREAMS_MAX)
        .max_local_error_reset_streams(RESET_STREAMS_MAX)
        .keep_alive_interval(limits.header_timeout)
        .keep_alive_timeout(PING_TIMEOUT);
    builder
}

/// Runs HTTP/2 streams on the core that has the connection.
#[derive(Clone, Copy)]
struct OnThisCore;

impl<F: Future + 'static> Executor<F> for OnThisCore
where
    F::Output: 'static,
{
    fn execute(&self, work: F) {
        tokio::task::spawn_local(work);
    }
}
