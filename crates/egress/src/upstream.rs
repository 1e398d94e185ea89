//! Upstream: one target as seen by one core.
//!
//! Owns:  the connection pool of one core and target, its bounds, the one retry of a stale connection.
//! Never: crosses threads, spawns a task, retries what the upstream may have acted on.
//! Read:  `Upstream::send`.

use crate::body::UpstreamBody;
use crate::codec::{Asked, Length, Limits, write_head};
use crate::connection::Connection;
use crate::dial::{Lately, dial};
use crate::error::UpstreamError;
use crate::exchange::{Answered, Failure, Terms, exchange};
use crate::fields::Fields;
use crate::pool::{Lease, Pool, count};
use crate::prepared::Prepared;
use crate::sender::{BodyError, Rest, Sender};
use crate::target::Target;
use crate::upgraded::UpgradedIo;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
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
    /// Fields that the gateway adds after them, written out before.
    pub prepared: Option<&'a Prepared>,
    /// Fields that it adds for this request alone.
    pub extra: &'a [(&'a HeaderName, &'a HeaderValue)],
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

/// What an upstream answered, its fields as they came.
#[derive(Debug)]
pub enum RawAnswer {
    /// A final response.
    Response(AnswerHead, UpstreamBody),
    /// 101, to the protocol that was asked for.
    Upgraded(AnswerHead, UpgradedIo),
}

/// The head of an answer, its fields as they came.
#[derive(Debug)]
pub struct AnswerHead {
    /// The status.
    pub status: StatusCode,
    /// The fields, without connection fields.
    pub fields: Fields,
}

impl AnswerHead {
    /// The head with a map of its fields.
    #[must_use]
    pub fn with<T>(self, body: T) -> Response<T> {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.fields.into_map();
        response
    }
}

impl From<RawAnswer> for Answer {
    fn from(answer: RawAnswer) -> Self {
        match answer {
            RawAnswer::Response(head, body) => Self::Response(head.with(body)),
            RawAnswer::Upgraded(head, io) => Self::Upgraded(head.with(()), io),
        }
    }
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
    /// Writes of answered requests up to their answers, since start: one per plain request.
    pub writes: u64,
}

/// One target as seen by one core: its pool of connections. Not `Send`.
#[derive(Debug)]
pub struct Upstream {
    config: UpstreamConfig,
    terms: Terms,
    pool: Rc<Pool>,
    lately: Lately,
}

impl Upstream {
    /// A pool without connections.
    #[must_use]
    pub fn new(config: UpstreamConfig) -> Rc<Self> {
        let terms = Terms {
            limits: Limits { head_max: config.head_max, headers_max: config.headers_max },
            head_timeout: config.head_timeout,
            idle_body_timeout: config.idle_body_timeout,
        };
        Rc::new(Self { terms, pool: Pool::new(&config), lately: Lately::default(), config })
    }

    /// Sends a request and waits for the head of its answer. Dropping the future closes the connection it used.
    ///
    /// An answer that comes before the whole request was sent: below 400, the rest of the request is sent while the
    /// answer's body is read; from 400 on, it is dropped (RFC 9112 9.3). The connection is then used for nothing else.
    ///
    /// # Errors
    /// See `UpstreamError`; its `fate` says what the upstream may have done.
    pub async fn send<B>(self: &Rc<Self>, head: RequestHead<'_>, body: B) -> Result<Answer, UpstreamError>
    where
        B: Body<Data = Bytes> + Unpin + 'static,
        B::Error: Into<BodyError>,
    {
        self.send_raw(head, body).await.map(Answer::from)
    }

    /// As `send`, for whoever passes the answer's fields on without looking for one of them.
    ///
    /// # Errors
    /// As `send`.
    pub async fn send_raw<B>(self: &Rc<Self>, head: RequestHead<'_>, body: B) -> Result<RawAnswer, UpstreamError>
    where
        B: Body<Data = Bytes> + Unpin + 'static,
        B::Error: Into<BodyError>,
    {
        let (mut lease, reused) = self.lease().await?;
        let length = Length::of(head.method, &body.size_hint(), body.is_end_stream());
        let mut out = lease.conn.take_scratch();
        if let Err(why) = write_head(&mut out, &self.config.target, &head, length, false) {
            lease.give_back();
            return Err(UpstreamError::Request(why));
        }
        let mut sender = Sender::new(out, body, length);
        let asked = Asked { head: *head.method == Method::HEAD, upgrade: head.upgrade };
        let answered = match exchange(&mut lease.conn, &mut sender, asked, &self.terms).await {
            Ok(answered) => answered,
            Err(failure) if reused && may_repeat(&failure, head.method, &sender) && sender.rewind() => {
                count(&self.pool.retried, 1);
                lease.conn = self.dial().await?;
                exchange(&mut lease.conn, &mut sender, asked, &self.terms).await.map_err(|failure| failure.error)?
            }
            Err(failure) => return Err(failure.error),
        };
        Ok(self.answer(lease, sender, answered))
    }

    /// A connection: one kept, else a new one; and whether it was kept.
    async fn lease(&self) -> Result<(Lease, bool), UpstreamError> {
        let slot = self.pool.slot().await?;
        if let Some(conn) = self.pool.reuse() {
            count(&self.pool.reused, 1);
            return Ok((Lease { conn, slot }, true));
        }
        Ok((Lease { conn: self.dial().await?, slot }, false))
    }

    async fn dial(&self) -> Result<Box<Connection>, UpstreamError> {
        // Boxed, so that a request on a kept connection does not carry the room that dialling needs.
        let conn =
            Box::pin(dial(&self.config.target, self.config.tls.as_ref(), &self.lately, self.config.connect_timeout))
                .await?;
        count(&self.pool.opened, 1);
        Ok(conn)
    }

    fn answer<B>(&self, mut lease: Lease, sender: Sender<B>, answered: Answered) -> RawAnswer
    where
        B: Body<Data = Bytes> + Unpin + 'static,
        B::Error: Into<BodyError>,
    {
        let Answered { head, sent } = answered;
        count(&self.pool.writes, sender.writes());
        let said = AnswerHead { status: head.status, fields: head.fields };
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            return RawAnswer::Upgraded(said, UpgradedIo::new(lease.conn, lease.slot));
        }
        let willing = head.status.as_u16() < 400;
        let rest: Option<Box<dyn Rest>> = match sent {
            true => {
                lease.conn.put_scratch(sender.into_scratch());
                None
            }
            false if willing => Some(Box::new(sender)),
            false => None,
        };
        let keep = head.keep && (sent || willing);
        let body = UpstreamBody::new(lease, head.framing, keep, rest, self.terms.limits, self.terms.idle_body_timeout);
        RawAnswer::Response(said, body)
    }

    /// Closes connections that have been unused for longer than `idle_keep` or that the upstream has closed.
    /// Called now and then (once a second is plenty), so that a quiet core does not keep dead sockets.
    pub fn sweep(&self) {
        self.pool.sweep();
    }

    /// What this core holds towards the target.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.pool.counts()
    }

    /// The settings.
    #[must_use]
    pub const fn config(&self) -> &UpstreamConfig {
        &self.config
    }
}

/// Whether a request that failed on a kept connection may be sent once more: the connection had died, and either nothing
/// of the request was written or the method promises that doing it twice is doing it once, without any effect at all.
fn may_repeat<B>(failure: &Failure, method: &Method, sender: &Sender<B>) -> bool
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    let safe = *method == Method::GET || *method == Method::HEAD || *method == Method::OPTIONS;
    failure.stale && (safe || sender.written() == 0)
}
