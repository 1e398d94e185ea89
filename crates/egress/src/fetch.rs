//! Fetch: one request, one bounded answer, one connection.
//!
//! Owns:  `fetch`, for the CLI and for small documents such as a JWKS.
//! Never: keeps a connection, follows a redirect, or reads more than `body_max`.
//! Read:  `fetch`.

use crate::body::Incoming;
use crate::codec::{Asked, Decoder, Length, Limits, write_head};
use crate::connection::Connection;
use crate::dial::{Lately, dial};
use crate::error::UpstreamError;
use crate::exchange::{Terms, exchange};
use crate::sender::Sender;
use crate::target::{Target, TargetError};
use crate::upstream::{HostField, RequestHead};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode};
use http_body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;

/// Bytes of an answer's head.
const HEAD_MAX: usize = 64 * 1024;
/// Fields of an answer's head.
const HEADERS_MAX: usize = 128;

/// One request and the bounds of its answer.
#[derive(Clone, Debug)]
pub struct Fetch<'a> {
    /// The method.
    pub method: Method,
    /// The whole URL, http or https.
    pub url: &'a str,
    /// Fields beside `Host` and the framing.
    pub headers: HeaderMap,
    /// The body; may be empty.
    pub body: Bytes,
    /// How TLS is done; needed for https.
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// For the whole exchange, from the name's look-up to the last byte.
    pub timeout: Duration,
    /// Bytes of the answer's body at most.
    pub body_max: usize,
}

impl<'a> Fetch<'a> {
    /// With 30 seconds, 8 MiB, no fields and no body.
    #[must_use]
    pub fn new(method: Method, url: &'a str, tls: Option<Arc<rustls::ClientConfig>>) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            tls,
            timeout: Duration::from_secs(30),
            body_max: 8 * 1024 * 1024,
        }
    }
}

/// A complete answer.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The status.
    pub status: StatusCode,
    /// The fields, without connection fields.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The URL is not one that can be fetched.
    #[error(transparent)]
    Url(#[from] TargetError),
    /// The exchange failed.
    #[error(transparent)]
    Exchange(#[from] UpstreamError),
    /// The body is larger than `body_max`.
    #[error("the answer's body is larger than {0} bytes")]
    TooLarge(usize),
    /// The time for all of it ran out.
    #[error("no complete answer within {0:?}")]
    Timeout(Duration),
}

/// Sends one request over a connection of its own and reads the whole answer. Works on any tokio runtime.
///
/// # Errors
/// A bad URL, any `UpstreamError`, an answer over `body_max`, or `timeout`.
pub async fn fetch(request: Fetch<'_>) -> Result<Fetched, FetchError> {
    let bound = request.timeout;
    // Boxed, because this is a rare call and the room that dialling needs is large.
    timeout(bound, Box::pin(run(request))).await.unwrap_or(Err(FetchError::Timeout(bound)))
}

async fn run(request: Fetch<'_>) -> Result<Fetched, FetchError> {
    let (target, path) = Target::parse_resource(request.url)?;
    let head = RequestHead {
        method: &request.method,
        path_and_query: path.as_bytes(),
        headers: &request.headers,
        prepared: None,
        extra: &[],
        host: HostField::Target,
        upgrade: None,
        trailers: false,
    };
    let body = Once(request.body);
    let length = Length::of(&request.method, &body.size_hint(), body.is_end_stream());
    let mut out = Vec::new();
    write_head(&mut out, &target, &head, length, true).map_err(UpstreamError::Request)?;
    let mut conn = dial(&target, request.tls.as_ref(), &Lately::default(), request.timeout).await?;
    let limits = Limits { head_max: HEAD_MAX, headers_max: HEADERS_MAX };
    let terms = Terms { limits, head_timeout: request.timeout, idle_body_timeout: request.timeout };
    let asked = Asked { head: request.method == Method::HEAD, upgrade: None };
    let answered = exchange(&mut conn, &mut Sender::new(out, body, length), asked, &terms).await;
    let head = answered.map_err(|failure| failure.error)?.head;
    let decoder = Decoder::new(head.framing);
    let body = collect(conn, Incoming { decoder, limits, idle_timeout: request.timeout }, request.body_max).await?;
    Ok(Fetched { status: head.status, headers: head.fields.into_map(), body })
}

async fn collect(mut conn: Box<Connection>, mut incoming: Incoming, max: usize) -> Result<Bytes, FetchError> {
    if incoming.decoder.left().is_some_and(|left| left > max as u64) {
        return Err(FetchError::TooLarge(max));
    }
    let mut body = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| incoming.poll_next(&mut conn, cx)).await {
        let Ok(data) = frame?.into_data() else { continue };
        if data.len() > max - body.len() {
            return Err(FetchError::TooLarge(max));
        }
        body.extend_from_slice(&data);
    }
    Ok(body.freeze())
}

/// A body that is at hand.
struct Once(Bytes);

impl Body for Once {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = std::mem::take(&mut self.0);
        Poll::Ready((!data.is_empty()).then(|| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}
