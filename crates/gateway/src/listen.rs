//! Listening: sockets, TLS, and hyper's server on each connection.
//!
//! Owns:  the accept loop with its bound, who may speak plain HTTP (R64, D21), the server's settings, graceful ends.
//! Never: looks into a request.
//! Read:  `accept`, then `connection`.

use crate::{
    StartError,
    body::ResponseBody,
    caller::CallerBody,
    client_address,
    config::{Limits, Listen, PlainHttp, TlsSlot},
    core::{Connection, Core},
    exchange,
    http1::{self, date::DateText, socket::CallerSocket},
    proxy_protocol,
    wire::Wire,
};
use bytes::Bytes;
use http::{HeaderValue, Request, header};
use http_body::{Body, Frame, SizeHint};
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
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::Semaphore,
    time::Instant,
};

/// Connections that the kernel keeps for us until they are accepted.
const BACKLOG: i32 = 1024;
/// Pause after a failed accept (out of descriptors, mostly), so that the core does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Reset streams that an HTTP/2 peer may leave behind (Rapid Reset, MadeYouReset).
const RESET_STREAMS_MAX: usize = 20;
/// An HTTP/2 connection without an answer to a ping for this long is closed.
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// hyper reads heads of at least this size.
const HEAD_MIN: usize = 8 * 1024;

/// The listening sockets of one core, each with its TLS if it has any.
pub(crate) type Listeners = Vec<(TcpListener, Option<TlsSlot>)>;

/// Binds one socket per core to every address, all with SO_REUSEPORT; returns them by core, and the addresses bound.
pub(crate) fn bind(listen: &[Listen], cores: usize) -> Result<(Vec<Listeners>, Vec<SocketAddr>), StartError> {
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
    let served = Rc::new(Served { builder: builder(&core.shared.limits), date: DateText::default() });
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
                let work = connection(Rc::clone(&core), Rc::clone(&served), stream, peer, tls.clone());
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

async fn connection(core: Rc<Core>, served: Rc<Served>, stream: TcpStream, peer: SocketAddr, tls: Option<TlsSlot>) {
    let _open = core.open();
    // A socket that is gone already fails at the first read.
    let _fails_later = stream.set_nodelay(true);
    let local = stream.local_addr().is_ok_and(|a| a.ip().to_canonical().is_loopback());
    let peer = peer.ip().to_canonical();
    let mut stream = stream;
    let Some(caller) = caller(&core, &mut stream, peer).await else { return };
    let stream = Wire::new(stream, core.shared.limits.client_stall_max);
    let cut = Rc::new(Cell::new(false));
    let shared = Arc::clone(&core.shared);
    let facts = |secure, refused| Rc::new(Connection::new(caller, &shared.proxies, secure, refused, Rc::clone(&cut)));
    match tls {
        Some(slot) => {
            let acceptor = tokio_rustls::TlsAcceptor::from(slot.load_full());
            let handshake = tokio::time::timeout(core.shared.limits.handshake_timeout, acceptor.accept(stream));
            // A failed handshake is the peer's affair; there is nobody to answer.
            if let Ok(Ok(stream)) = handshake.await {
                serve(core, &served, CallerSocket::Tls(Box::new(stream)), facts(true, false)).await;
            }
        }
        None => {
            let terminated = terminated(&core.shared.plain_http, peer);
            serve(core, &served, CallerSocket::Plain(stream), facts(terminated, !local && !terminated)).await;
        }
    }
}

/// Who is at the other end: the peer, or whom its PROXY header names. Nobody: the connection is not served.
async fn caller(core: &Core, stream: &mut TcpStream, peer: IpAddr) -> Option<IpAddr> {
    let proxies = &core.shared.proxies;
    if !proxies.proxy_protocol {
        return Some(peer);
    }
    if !client_address::is_trusted(peer, &proxies.trusted) {
        return None;
    }
    tokio::time::timeout(core.shared.limits.handshake_timeout, proxy_protocol::read(stream, peer)).await.ok()?.ok()
}

fn terminated(plain_http: &PlainHttp, peer: IpAddr) -> bool {
    match plain_http {
        PlainHttp::Loopback => false,
        PlainHttp::TerminatedBy(networks) => networks.iter().any(|network| network.contains(&peer)),
    }
}

/// What the connections of one listener have in common.
struct Served {
    builder: auto::Builder<OnThisCore>,
    date: DateText,
}

/// Serves plain HTTP/1.1 by code of our own, and from the first thing that is not plain on by hyper.
async fn serve(core: Rc<Core>, served: &Served, socket: CallerSocket, facts: Rc<Connection>) {
    if let Some(rewound) = http1::serve(&core, &facts, &served.date, socket).await {
        http(core, &served.builder, rewound, facts).await;
    }
}

/// Serves HTTP/1.1 or HTTP/2 (by ALPN or prior knowledge) until the peer, a cut or the drain ends it.
async fn http<S>(core: Rc<Core>, builder: &auto::Builder<OnThisCore>, stream: S, facts: Rc<Connection>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let work = Rc::new(Work::default());
    let service = {
        let (core, facts, work) = (Rc::clone(&core), Rc::clone(&facts), Rc::clone(&work));
        service_fn(move |request: Request<Incoming>| {
            let one = work.begin();
            let request = with_host(request.map(CallerBody::Hyper));
            let answer = exchange::handle(Rc::clone(&core), Rc::clone(&facts), request);
            async move { Ok::<_, Infallible>(answer.await.response.map(|body| Counted { body, _one: one })) }
        })
    };
    let mut served = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
    let mut draining = core.draining.subscribe();
    let mut drain = pin!(async move { draining.wait_for(|d| *d).await.map(|_| ()) });
    let mut drained = false;
    let mut idle = Idle::new(&core.shared.limits);
    std::future::poll_fn(|context| {
        match idle.poll(&work, context) {
            Poll::Ready(End::Now) => return Poll::Ready(()),
            Poll::Ready(End::Gracefully) => served.as_mut().graceful_shutdown(),
            Poll::Pending => {}
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

/// HTTP/2 names the host in the target; from here on it stands in one place.
fn with_host(mut request: Request<CallerBody>) -> Request<CallerBody> {
    let authority = request.uri().authority().filter(|_| !request.headers().contains_key(header::HOST));
    if let Some(Ok(host)) = authority.map(|authority| HeaderValue::from_str(authority.as_str())) {
        request.headers_mut().insert(header::HOST, host);
    }
    request
}

/// The requests of one connection.
struct Work {
    open: Cell<usize>,
    asked: Cell<bool>,
    /// Since when there is none.
    idle_since: Cell<Instant>,
}

impl Default for Work {
    fn default() -> Self {
        Self { open: Cell::new(0), asked: Cell::new(false), idle_since: Cell::new(Instant::now()) }
    }
}

impl Work {
    fn begin(self: &Rc<Self>) -> OneRequest {
        self.open.set(self.open.get() + 1);
        self.asked.set(true);
        OneRequest(Rc::clone(self))
    }
}

/// Counts a request until its answer has been handed over.
struct OneRequest(Rc<Work>);

impl Drop for OneRequest {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
        self.0.idle_since.set(Instant::now());
    }
}

enum End {
    Gracefully,
    Now,
}

/// Gives up a connection without requests: hyper's clock for a head starts when it knows which HTTP it reads, and its
/// HTTP/2 keeps a connection for as long as pings are answered.
struct Idle {
    max: Duration,
    stall_max: Duration,
    asked_to_go: bool,
    alarm: Pin<Box<tokio::time::Sleep>>,
}

impl Idle {
    fn new(limits: &Limits) -> Self {
        let (max, stall_max) = (limits.header_timeout, limits.client_stall_max);
        Self { max, stall_max, asked_to_go: false, alarm: Box::pin(tokio::time::sleep(max)) }
    }

    fn poll(&mut self, work: &Work, context: &mut Context<'_>) -> Poll<End> {
        while self.alarm.as_mut().poll(context).is_ready() {
            let now = Instant::now();
            let over = if work.open.get() == 0 { work.idle_since.get() + self.max } else { now + self.max };
            if over > now {
                self.alarm.as_mut().reset(over);
                self.asked_to_go = false;
            } else if self.asked_to_go || !work.asked.get() {
                return Poll::Ready(End::Now);
            } else {
                self.asked_to_go = true;
                // What was handed over last may still be on its way.
                self.alarm.as_mut().reset(now + self.stall_max);
                return Poll::Ready(End::Gracefully);
            }
        }
        Poll::Pending
    }
}

/// An answer's body that is counted among its connection's work.
struct Counted {
    body: ResponseBody,
    _one: OneRequest,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = <ResponseBody as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn builder(limits: &Limits) -> auto::Builder<OnThisCore> {
    let mut builder = auto::Builder::new(OnThisCore);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(limits.headers_max)
        .max_buf_size(limits.head_max.max(HEAD_MIN));
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

/// Runs HTTP/2 streams on the core that has the connection, each so that a cut can end it.
#[derive(Clone, Copy)]
struct OnThisCore;

tokio::task_local! {
    static STREAM_CUT: Rc<Cell<bool>>;
}

/// The mark that ends the HTTP/2 stream that is being worked on; none on HTTP/1.
pub(crate) fn stream_cut() -> Option<Rc<Cell<bool>>> {
    STREAM_CUT.try_with(Rc::clone).ok()
}

impl<F: Future + 'static> Executor<F> for OnThisCore
where
    F::Output: 'static,
{
    fn execute(&self, work: F) {
        let cut = Rc::new(Cell::new(false));
        tokio::task::spawn_local(STREAM_CUT.scope(Rc::clone(&cut), async move {
            let mut work = pin!(work);
            std::future::poll_fn(|context| {
                let ended = work.as_mut().poll(context).map(|_| ());
                // One that waits for its caller's window does not ask its body, so it never hears of the cut. Dropping
                // it resets the stream, and what waited in it is thrown away.
                if cut.get() { Poll::Ready(()) } else { ended }
            })
            .await;
        }));
    }
}
