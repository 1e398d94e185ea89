//! Bodies on their way: the caller's, counted and timed; the answer's, held to its ticket.
//!
//! Owns:  `RequestBody` (cap and timeout with a name) and `ResponseBody` (ends when its request is cut).
//! Never: buffers; frames pass as they come. Trailers lose what headers lose.
//! Read:  top down.

use crate::{caller::CallerBody, core::Core, facts, fault::Fault, inflight::Ticket, writes::Relay};
use bytes::Bytes;
use egress::UpstreamBody;
use http_body::{Body, Frame, SizeHint};
use std::{
    cell::Cell,
    fmt,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};
use tokio::time::Sleep;

/// Why a body ended early.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// The caller's body failed; the fault says how.
    Request(Fault),
    /// The request was cut (D14).
    Cut,
    /// The upstream broke off.
    Upstream(egress::UpstreamError),
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(fault) => f.write_str(fault.answer().reason),
            Self::Cut => f.write_str("cut"),
            Self::Upstream(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BodyError {}

/// The caller's body: at most `body_max` bytes, never silent for longer than `body_timeout`.
pub(crate) struct RequestBody {
    inner: CallerBody,
    core: Rc<Core>,
    left: u64,
    /// Set while the body is waited for; plain requests never need it.
    alarm: Option<Pin<Box<Sleep>>>,
    failed: Rc<Cell<Option<Fault>>>,
}

impl RequestBody {
    /// `failed` tells the exchange afterwards whether it was the body that ended it, and how.
    pub(crate) fn new(inner: CallerBody, core: Rc<Core>, failed: Rc<Cell<Option<Fault>>>) -> Self {
        let left = core.shared.limits.body_max;
        Self { inner, core, left, alarm: None, failed }
    }

    fn fail(&self, fault: Fault) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.failed.set(Some(fault));
        Poll::Ready(Some(Err(BodyError::Request(fault))))
    }

    fn poll_alarm(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let timeout = self.core.shared.limits.body_timeout;
        self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout))).as_mut().poll(context)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        match Pin::new(&mut this.inner).poll_frame(context) {
            Poll::Ready(Some(Ok(mut frame))) => {
                // A server may read a trailer as if it were a header (D27).
                if let Some(trailers) = frame.trailers_mut() {
                    facts::strip_request(trailers, &this.core.shared.namespace);
                }
                let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                let Some(left) = this.left.checked_sub(length) else { return this.fail(Fault::BodyTooLarge) };
                this.left = left;
                this.alarm = None;
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(_))) => this.fail(Fault::BodyBroken),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                ready!(this.poll_alarm(context));
                this.fail(Fault::BodyTimeout)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The body of an answer.
pub(crate) enum ResponseBody {
    /// Made here: a refusal, a document of the gateway's own.
    Whole(Option<Bytes>),
    /// The upstream's, for as long as its request is not cut.
    Held(Held),
    /// That of a write with an `Idempotency-Key`, whose exchange goes on without its caller.
    Relayed(Box<Relay>),
}

/// An upstream's body and the ticket of its request.
pub(crate) struct Held {
    pub(crate) core: Rc<Core>,
    pub(crate) body: UpstreamBody,
    pub(crate) ticket: Ticket,
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            Self::Held(held) => held.poll_frame(context),
            Self::Relayed(relay) => relay.poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Self::Held(held) => held.body.is_end_stream(),
            // Its end is only known when its record is durable.
            Self::Relayed(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Held(held) => held.body.size_hint(),
            Self::Relayed(relay) => relay.size_hint(),
        }
    }
}

impl Held {
    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.ticket.asked();
        if self.ticket.poll_cut(context).is_ready() {
            return Poll::Ready(Some(Err(BodyError::Cut)));
        }
        let mut frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(trailers) = frame.as_mut().and_then(|f| f.as_mut().ok()).and_then(Frame::trailers_mut) {
            facts::strip_response(trailers, &self.core.shared.namespace);
        }
        self.ticket.handed_out();
        Poll::Ready(frame.map(|f| f.map_err(BodyError::Upstream)))
    }
}
