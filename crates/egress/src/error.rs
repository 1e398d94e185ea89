//! Failures of an exchange with an upstream, told apart by what the upstream may have done.
//!
//! Owns:  `UpstreamError`, `Fate` (never sent, outcome unknown, answered; D17, D40), the texts for the operator's log.
//! Never: repeats a header's value, a body or a path.
//! Read:  `Fate`, then `UpstreamError`.

use std::io;

/// What is known about the request when an exchange failed (D40).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Not one byte of the request reached a connection: the upstream cannot have acted.
    NotSent,
    /// The request was sent, wholly or in part, and no answer came: the upstream may have acted.
    Unknown,
    /// The upstream's status was received; the failure came after it.
    Answered,
}

/// What was waited for when a bound ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A free connection (`acquire_timeout`).
    Connection,
    /// Name look-up, TCP and TLS handshake together (`connect_timeout`).
    Connect,
    /// The upstream to take more of the request (`idle_body_timeout`).
    RequestWrite,
    /// The caller to send more of the request's body (`idle_body_timeout`).
    RequestBody,
    /// The response's head, once the request was sent (`head_timeout`).
    ResponseHead,
    /// More of the response's body (`idle_body_timeout`).
    ResponseBody,
}

impl Wait {
    const fn words(self) -> &'static str {
        match self {
            Self::Connection => "for a free connection to the upstream",
            Self::Connect => "to connect to the upstream",
            Self::RequestWrite => "for the upstream to take the request",
            Self::RequestBody => "for the caller to send the request's body",
            Self::ResponseHead => "for the upstream's answer",
            Self::ResponseBody => "for more of the upstream's answer",
        }
    }
}

/// How a response broke the rules of HTTP/1.1. Nothing of such a response is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not `HTTP/1.1 200 ...`, or a malformed field: folded lines, bare CR or LF, NUL, space before the colon.
    #[error("the response's head is malformed")]
    Head,
    /// More than `head_max` bytes.
    #[error("the response's head is too large")]
    HeadSize,
    /// More than `headers_max` fields.
    #[error("the response has too many fields")]
    HeadFields,
    /// Transfer-Encoding together with Content-Length (RFC 9112 6.3: possibly smuggling).
    #[error("the response has both Transfer-Encoding and Content-Length")]
    BothFramings,
    /// A Content-Length that is no number, or several that differ.
    #[error("the response's Content-Length is not one number")]
    ContentLength,
    /// A transfer coding other than exactly `chunked`, or any in an HTTP/1.0 response.
    #[error("the response's Transfer-Encoding is not exactly `chunked`")]
    TransferEncoding,
    /// A chunk's size line or end is malformed or too long.
    #[error("the response's chunked coding is malformed")]
    Chunk,
    /// Malformed or too many trailer fields.
    #[error("the response's trailers are malformed or too large")]
    Trailers,
    /// 101 that nobody asked for, or to another protocol.
    #[error("the upstream switched protocols unasked")]
    Unasked101,
    /// Too many 1xx responses before the final one.
    #[error("the upstream sent too many interim responses")]
    Interim,
}

/// Why a TLS connection to the upstream was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsFault {
    /// The target is https and no configuration was given.
    #[error("no TLS settings were given for an https upstream")]
    NotConfigured,
    /// The certificate is for another name.
    #[error("the upstream's certificate is not valid for this host name")]
    WrongName,
    /// The certificate is no longer valid.
    #[error("the upstream's certificate has expired")]
    Expired,
    /// The certificate is not valid yet; one of the two clocks may be wrong.
    #[error("the upstream's certificate is not valid yet (check the clocks)")]
    NotYetValid,
    /// No trusted authority stands behind the certificate.
    #[error(
        "the upstream's certificate is not signed by a trusted authority (if it is your own, configure its CA file)"
    )]
    Untrusted,
    /// Revoked by its authority.
    #[error("the upstream's certificate has been revoked")]
    Revoked,
    /// Another fault of the certificate.
    #[error("the upstream's certificate is not acceptable: {0}")]
    Certificate(String),
    /// The handshake failed for another reason: no common version, an alert, not TLS at all.
    #[error("the TLS handshake failed: {0}")]
    Handshake(String),
}

/// Why an exchange gave no (complete) answer.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The request cannot be written as HTTP/1.1; a mistake of the code that made it. Never sent.
    #[error("the request cannot be forwarded: {0}")]
    Request(&'static str),
    /// Every connection is in use and too many requests are waiting already. Never sent.
    #[error("too many requests are waiting for a connection to the upstream")]
    Busy,
    /// The host's name has no address, or the look-up failed. Never sent.
    #[error("the upstream's host name could not be resolved: {0}")]
    Resolve(#[source] io::Error),
    /// No address accepted the connection; the last one's error. Never sent.
    #[error("no connection to the upstream: {0}")]
    Connect(#[source] io::Error),
    /// TLS could not be set up. Never sent.
    #[error("{0}")]
    Tls(#[source] TlsFault),
    /// A bound ran out.
    #[error("timed out waiting {}", .wait.words())]
    Timeout {
        /// What was waited for.
        wait: Wait,
        /// What the upstream may have done.
        fate: Fate,
    },
    /// The connection broke, or was closed before the response was complete.
    #[error("the connection to the upstream broke: {source}")]
    Broken {
        /// The system's error; `UnexpectedEof` when the upstream closed.
        source: io::Error,
        /// What the upstream may have done.
        fate: Fate,
    },
    /// The response broke the rules of HTTP/1.1.
    #[error("the upstream's answer is not acceptable: {fault}")]
    Protocol {
        /// Which rule.
        fault: Fault,
        /// `Unknown` in the head, `Answered` in the body.
        fate: Fate,
    },
    /// The request's body failed while it was being forwarded (the caller went away, a limit was passed).
    #[error("the request's body failed: {source}")]
    RequestBody {
        /// The body's own error.
        source: Box<dyn std::error::Error + Send + Sync>,
        /// What the upstream may have done.
        fate: Fate,
    },
}

impl UpstreamError {
    /// What is known about the request.
    #[must_use]
    pub const fn fate(&self) -> Fate {
        match self {
            Self::Request(_) | Self::Busy | Self::Resolve(_) | Self::Connect(_) | Self::Tls(_) => Fate::NotSent,
            Self::Timeout { fate, .. }
            | Self::Broken { fate, .. }
            | Self::Protocol { fate, .. }
            | Self::RequestBody { fate, .. } => *fate,
        }
    }

    /// Whether a bound on time ran out while the upstream was waited for (a gateway answers 504, else 502).
    /// Waiting for the caller's own body is not the upstream's fault and not counted.
    #[must_use]
    pub const fn is_upstream_timeout(&self) -> bool {
        matches!(
            self,
            Self::Timeout {
                wait: Wait::Connection | Wait::Connect | Wait::RequestWrite | Wait::ResponseHead | Wait::ResponseBody,
                ..
            }
        )
    }
}
