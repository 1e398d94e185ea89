//! The caller's body, whichever side of ours reads the connection.
//!
//! Owns:  `CallerBody`, one type for both.
//! Never: counts, times or buffers; `RequestBody` does.
//! Read:  `CallerBody`.

use crate::http1;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// What a caller sends after its head.
pub(crate) enum CallerBody {
    /// Read by hyper: HTTP/2, and whatever is unusual in HTTP/1.
    Hyper(Incoming),
    /// The same, its trailers dropped: what headers say was looked into, and some servers read trailers as headers (D34).
    Untrailed(Incoming),
    /// Read by our own side: HTTP/1.1 with a length.
    Own(http1::inlet::Body),
    /// Read already, because what it names had to be known (D36).
    Read(Option<Bytes>),
}

impl CallerBody {
    /// Whether our own side reads the caller, and writes its answer.
    pub(crate) const fn is_plain(&self) -> bool {
        matches!(self, Self::Own(_))
    }

    /// The body alone.
    pub(crate) fn without_trailers(self) -> Self {
        match self {
            Self::Hyper(body) => Self::Untrailed(body),
            // A body with a length has no trailers, and one that was read has lost them.
            body @ (Self::Untrailed(_) | Self::Own(_) | Self::Read(_)) => body,
        }
    }
}

/// The body broke off or was malformed. Nobody is told more.
#[derive(Debug)]
pub(crate) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request body broke off")
    }
}

impl std::error::Error for Broken {}

impl Body for CallerBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match &mut *self {
            Self::Hyper(body) => Pin::new(body).poll_frame(context).map(|frame| frame.map(|f| f.map_err(|_| Broken))),
            Self::Untrailed(body) => {
                let frame = ready!(Pin::new(body).poll_frame(context));
                // Trailers are the last frame.
                let frame = frame.filter(|frame| !frame.as_ref().is_ok_and(Frame::is_trailers));
                Poll::Ready(frame.map(|frame| frame.map_err(|_| Broken)))
            }
            Self::Own(body) => Pin::new(body).poll_frame(context),
            Self::Read(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Hyper(body) | Self::Untrailed(body) => body.is_end_stream(),
            Self::Own(body) => body.is_end_stream(),
            Self::Read(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Hyper(body) | Self::Untrailed(body) => body.size_hint(),
            Self::Own(body) => body.size_hint(),
            Self::Read(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
        }
    }
}
