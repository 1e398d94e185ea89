//! Fetch: one request, one bounded answer, one connection.
//!
//! Owns:  `fetch`, for the CLI and for small documents such as a JWKS.
//! Never: keeps a connection, follows a redirect, or reads more than `body_max`.
//! Read:  `fetch`.

use crate::error::UpstreamError;
use crate::target::TargetError;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use std::sync::Arc;
use std::time::Duration;

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
    let _ = request;
    Err(FetchError::Exchange(UpstreamError::Request("under construction")))
}
