//! Upstream: one target as seen by one core.
//!
//! Owns:  the connection pool of one core and target, its bounds, the one retry of a stale connection.
//! Never: crosses threads, spawns a task, retries what the upstream may have acted on.
//! Read:  `Upstream::send`.

use crate::body::UpstreamBody;
use crate::error::UpstreamError;
use crate::target::Target;
use crate::upgraded::UpgradedIo;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, Response};
use http_body::Body;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Where an upstream is and the bounds of talking to it. Every bound is per core.
#[derive(Clone, Debug)]
pub struct UpstreamConfig {
    /// Where it is.
    pub target: Target,
    /// How TLS is done; needed for https targets, ignored for others.
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// Name look-up, TCP and TLS handshake together.
    pub connect_timeout: Duration,
    /// From the request fully sent to the response's head.
    pub head_timeout: Duration,
    /// Between two reads of a response's body, or two writes of a request's.
    pub idle_body_timeout: Duration,
    /// How long an unused connection is kept. Best below the upstream's own keep-alive time.
    pub idle_keep: Duration,
    /// Unused connections kept.
    pub idle_max: usize,
    /// Connections in all, upgraded ones included.
    pub total_max: usize,
    /// Requests that may wait for a connection when `total_max` are in use.
    pub waiting_max: usize,
    /// How long such a request waits.
    pub acquire_timeout: Duration,
    /// Bytes of a response's head, and of its trailers.
    pub head_max: usize,
    /// Fields of a response's head; at most 256.
    pub headers_max: usize,
}

impl UpstreamConfig {
    /// The defaults for a target.
    #[must_use]
    pub fn new(target: Target, tls: Option<Arc<rustls::ClientConfig>>) -> Self {
        Self {
            target,
            tls,
            connect_timeout: Duration::from_secs(5),
            head_timeout: Duration::from_secs(60),
            idle_body_timeout: Duration::from_secs(60),
            idle_keep: Duration::from_secs(30),
            idle_max: 256,
            total_max: 4096,
            waiting_max: 1024,
            acquire_timeout: Duration::from_secs(5),
            head_max: 64 * 1024,
            headers_max: 128,
        }
    }
}

/// Which `Host` field the upstream sees.
#[derive(Clone, Copy, Debug)]
pub enum HostField<'a> {
    /// The target's authority.
    Target,
    /// This one (the caller's).
    Value(&'a [u8]),
}

/// The head of a request as the gateway wants it sent. Framing and connection fields are written here, not taken from
/// `headers`: `Host`, `Content-Length`, `Transfer-Encoding`, `Connection`, `Keep-Alive`, `Proxy-Connection`, `Upgrade`,
/// `TE` and `Expect` in `headers` or `extra` are left out.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// The method.
    pub method: &'a Method,
    /// Path and query, beginning with `/` (or `*`); put behind the target's base path. No space, no control character.
    pub path_and_query: &'a [u8],
    /// The caller's fields, already cleaned.
    pub headers: &'a HeaderMap,
    /// Fields that the gateway adds after them.
    pub extra: &'a [(&'a HeaderName, &'a [u8])],
    /// The `Host` field.
    pub host: HostField<'a>,
    /// The protocol that the caller asks to switch to (`websocket`).
    pub upgrade: Option<&'a [u8]>,
    /// Whether the caller takes trailers (its `TE: trailers`): said to the upstream when set.
    pub trailers: bool,
}

/// What an upstream answered.
#[derive(Debug)]
pub enum Answer {
    /// A final response. Connection fields are removed from its head; `Content-Length` and `Trailer` stay.
    Response(Response<UpstreamBody>),
    /// 101, to the protocol that was asked for. From here on it is opaque bytes.
    Upgraded(Response<()>, UpgradedIo),
}

/// What a core holds towards one target now, and has done since start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections in use.
    pub active: usize,
    /// Connections kept unused.
    pub idle: usize,
    /// Requests waiting for a connection.
    pub waiting: usize,
    /// Connections opened since start.
    pub opened: u64,
    /// Requests that began on a kept connection since start.
    pub reused: u64,
    /// Requests repeated on a fresh connection because the kept one had died.
    pub retried: u64,
}

/// One target as seen by one core: its pool of connections. Not `Send`.
#[derive(Debug)]
pub struct Upstream {
    config: UpstreamConfig,
}

impl Upstream {
    /// A pool without connections.
    #[must_use]
    pub fn new(config: UpstreamConfig) -> Rc<Self> {
        Rc::new(Self { config })
    }

    /// Sends a request and waits for the head of its answer. Dropping the future closes the connection it used.
    ///
    /// # Errors
    /// See `UpstreamError`; its `fate` says what the upstream may have done.
    pub async fn send<B>(self: &Rc<Self>, head: RequestHead<'_>, body: B) -> Result<Answer, UpstreamError>
    where
        B: Body<Data = Bytes> + Unpin + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let _ = (head, body);
        Err(UpstreamError::Request("under construction"))
    }

    /// Closes connections that have been unused for longer than `idle_keep` or that the upstream has closed.
    /// Called now and then (once a second is plenty), so that a quiet core does not keep dead sockets.
    pub fn sweep(&self) {}

    /// What this core holds towards the target.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts::default()
    }

    /// The settings.
    #[must_use]
    pub const fn config(&self) -> &UpstreamConfig {
        &self.config
    }
}
