//! Body: an upstream's response as it arrives.
//!
//! Owns:  `UpstreamBody`: decoding, the idle bound, sending the rest of a request that was answered early, and what
//!        becomes of the connection in the end.
//! Never: holds more than one read of the body; gives a connection back on which anything is left over.
//! Read:  `UpstreamBody::poll_frame`, then `Stream::poll_next`.

use crate::codec::{Decoder, Framing, Limits, Step};
use crate::connection::Connection;
use crate::error::{Fate, Fault, UpstreamError, Wait};
use crate::pool::Lease;
use crate::sender::Rest;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// The body of a response. Read to its end: the connection went back to the pool, if both sides left it clean. Dropped
/// before: the connection is closed.
pub struct UpstreamBody {
    state: State,
}

enum State {
    /// All of it came with the head, and the connection is no longer needed.
    Whole(Bytes),
    /// It is still coming.
    Stream(Box<Stream>),
    /// It was handed out.
    Done,
}

/// A body on its way in.
struct Stream {
    lease: Lease,
    incoming: Incoming,
    keep: bool,
    rest: Option<Box<dyn Rest>>,
    /// Bytes of the request written when last looked.
    written: u64,
}

/// The reading of a body: where it is, and its bounds.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) decoder: Decoder,
    pub(crate) limits: Limits,
    pub(crate) idle_timeout: Duration,
}

impl Incoming {
    /// The next frame; `None` at the end.
    pub(crate) fn poll_next(
        &mut self,
        conn: &mut Connection,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UpstreamError>>> {
        loop {
            match self.decoder.step(&mut conn.buf, &self.limits) {
                Ok(Step::Data(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(Step::Trailers(fields)) => return Poll::Ready(Some(Ok(Frame::trailers(fields)))),
                Ok(Step::End) => return Poll::Ready(None),
                Ok(Step::More) => {}
                Err(fault) => return Poll::Ready(Some(Err(refuse(fault)))),
            }
            match conn.poll_fill(cx) {
                Poll::Ready(Ok(0)) if self.decoder.ends_with_connection() => return Poll::Ready(None),
                Poll::Ready(Ok(0)) => return Poll::Ready(Some(Err(broken(io::ErrorKind::UnexpectedEof.into())))),
                Poll::Ready(Ok(_)) => conn.timer.clear(),
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(broken(error)))),
                Poll::Pending if conn.timer.poll_expired(cx, self.idle_timeout) => {
                    let error = UpstreamError::Timeout { wait: Wait::ResponseBody, fate: Fate::Answered };
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

const fn refuse(fault: Fault) -> UpstreamError {
    UpstreamError::Protocol { fault, fate: Fate::Answered }
}

const fn broken(source: io::Error) -> UpstreamError {
    UpstreamError::Broken { source, fate: Fate::Answered }
}

impl UpstreamBody {
    /// The body behind a head that was just read from `lease`. `keep`: both sides agree to use the connection again;
    /// `rest`: what is still to be sent of the request.
    pub(crate) fn new(
        mut lease: Lease,
        framing: Framing,
        keep: bool,
        rest: Option<Box<dyn Rest>>,
        limits: Limits,
        idle_timeout: Duration,
    ) -> Self {
        lease.conn.timer.clear();
        let here = match framing {
            Framing::Empty => Some(0),
            Framing::Length(length) => usize::try_from(length).ok().filter(|length| *length <= lease.conn.buf.len()),
            Framing::Chunked | Framing::Close => None,
        };
        if let Some(length) = here {
            let data = lease.conn.buf.split_to(length).freeze();
            end(lease, keep && rest.is_none());
            return Self { state: State::Whole(data) };
        }
        let incoming = Incoming { decoder: Decoder::new(framing), limits, idle_timeout };
        Self { state: State::Stream(Box::new(Stream { lease, incoming, keep, rest, written: 0 })) }
    }
}

/// The end of an exchange: bytes that nobody asked for spoil the connection (RFC 9112 9.3: they would be taken for the
/// answer to the next request).
fn end(lease: Lease, keep: bool) {
    if keep && lease.conn.buf.is_empty() {
        lease.give_back();
    }
}

impl Stream {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, UpstreamError>>> {
        self.poll_rest(cx);
        self.incoming.poll_next(&mut self.lease.conn, cx)
    }

    /// Sends on what is left of the request. A failure here does not end the answer, which has begun, but the connection:
    /// on one that holds half a request the next would be read as the other half.
    fn poll_rest(&mut self, cx: &mut Context<'_>) {
        let Some(rest) = &mut self.rest else { return };
        let (polled, written) = rest.poll_rest(&mut self.lease.conn.io, cx);
        if written != self.written {
            self.written = written;
            self.lease.conn.timer.clear();
        }
        if let Poll::Ready(result) = polled {
            self.keep &= result.is_ok();
            self.rest = None;
        }
    }

    fn end(self) {
        end(self.lease, self.keep && self.rest.is_none());
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = UpstreamError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, UpstreamError>>> {
        let polled = match &mut self.state {
            State::Stream(stream) => std::task::ready!(stream.poll_next(cx)),
            State::Whole(data) if !data.is_empty() => Some(Ok(Frame::data(std::mem::take(data)))),
            State::Whole(_) | State::Done => None,
        };
        let over = match (&self.state, &polled) {
            (State::Stream(stream), Some(Ok(_))) => stream.incoming.decoder.is_complete(),
            (State::Stream(_) | State::Whole(_) | State::Done, _) => true,
        };
        if over
            && let State::Stream(stream) = std::mem::replace(&mut self.state, State::Done)
            && !matches!(polled, Some(Err(_)))
        {
            stream.end();
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        match &self.state {
            State::Whole(data) => data.is_empty(),
            State::Stream(_) => false,
            State::Done => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Whole(data) => SizeHint::with_exact(data.len() as u64),
            State::Stream(stream) => {
                stream.incoming.decoder.left().map_or_else(SizeHint::default, SizeHint::with_exact)
            }
            State::Done => SizeHint::with_exact(0),
        }
    }
}

impl fmt::Debug for UpstreamBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Whole(data) => return write!(f, "UpstreamBody(whole, {} bytes)", data.len()),
            State::Stream(_) => "streaming",
            State::Done => "done",
        };
        write!(f, "UpstreamBody({state})")
    }
}
