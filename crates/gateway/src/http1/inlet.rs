//! Reading a caller's connection: heads, bodies, and whether somebody is still there.
//!
//! Owns:  `Inlet` (the socket and what was read of it) and `Body` (what a head announced).
//! Never: reads past a body on that body's behalf, or holds more than one head or `AHEAD_MAX` that nobody asked for.
//! Read:  `Inlet`, then `Body::poll_frame`.

use super::{
    head::Parsed,
    socket::{CallerSocket, Rewound},
};
use crate::caller::{Broken, CallerBody};
use bytes::{Buf, Bytes, BytesMut};
use http::Request;
use http_body::{Frame, SizeHint};
use std::{
    cell::{Cell, RefCell},
    io::{self, IoSlice},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncReadExt, AsyncWrite};

/// Room for a read at first: an ordinary request in one.
const READ_MIN: usize = 4 * 1024;
/// Room that is left for another ordinary request in what an earlier read was given.
const READ_SPARE: usize = 1024;
/// Room for a read on a connection that fills what it is given.
const READ_MAX: usize = 64 * 1024;
/// Bytes that are read while an answer is under way. Beyond it nobody looks whether the caller is still there.
const AHEAD_MAX: usize = 16 * 1024;

/// One connection, shared by its loop and the body that is being read. They never run at the same time.
pub(crate) struct Inlet(Rc<Shared>);

struct Shared {
    wire: RefCell<Reading>,
    /// Bytes of the body under way that were not taken yet.
    left: Cell<u64>,
    /// Nobody takes them any more.
    abandoned: Cell<bool>,
}

struct Reading {
    /// None once it was handed over.
    socket: Option<CallerSocket>,
    buffer: BytesMut,
    read_size: usize,
}

/// The outcome of one read.
pub(crate) enum Filled {
    Some,
    End,
    Failed,
}

impl Reading {
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Filled> {
        let Some(socket) = &mut self.socket else { return Poll::Ready(Filled::Failed) };
        let enough = if self.read_size == READ_MIN { READ_SPARE } else { self.read_size };
        if self.buffer.capacity() - self.buffer.len() < enough {
            self.buffer.reserve(self.read_size);
        }
        let room = self.buffer.capacity() - self.buffer.len();
        // The future of one read holds nothing between two polls.
        let read = ready!(pin!(socket.read_buf(&mut self.buffer)).poll(context));
        if read.as_ref().is_ok_and(|count| *count == room) {
            self.read_size = (self.read_size * 2).min(READ_MAX);
        }
        Poll::Ready(match read {
            Ok(0) => Filled::End,
            Ok(_) => Filled::Some,
            Err(_) => Filled::Failed,
        })
    }
}

impl Inlet {
    pub(crate) fn new(socket: CallerSocket) -> Self {
        let wire = Reading { socket: Some(socket), buffer: BytesMut::new(), read_size: READ_MIN };
        Self(Rc::new(Shared { wire: RefCell::new(wire), left: Cell::new(0), abandoned: Cell::new(false) }))
    }

    pub(crate) fn with_buffer<T>(&self, read: impl FnOnce(&mut BytesMut) -> T) -> T {
        read(&mut self.0.wire.borrow_mut().buffer)
    }

    pub(crate) fn poll_fill(&self, context: &mut Context<'_>) -> Poll<Filled> {
        self.0.wire.borrow_mut().poll_fill(context)
    }

    /// Ready when the caller has closed its side. While a body is being read, its reader finds out.
    pub(crate) fn poll_gone(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.0.left.get() > 0 && !self.0.abandoned.get() {
            return Poll::Pending;
        }
        let mut wire = self.0.wire.borrow_mut();
        while wire.buffer.len() < AHEAD_MAX {
            match ready!(wire.poll_fill(context)) {
                Filled::Some => {}
                Filled::End | Filled::Failed => return Poll::Ready(()),
            }
        }
        Poll::Pending
    }

    /// Whether part of the body will have to be thrown away that has not even arrived.
    pub(crate) fn is_behind(&self) -> bool {
        self.0.abandoned.get() && self.0.left.get() > self.0.wire.borrow().buffer.len() as u64
    }

    /// Makes ready for the next head: drops what is here of a body that nobody took. False when some is still to come.
    pub(crate) fn skip_rest(&self) -> bool {
        let mut wire = self.0.wire.borrow_mut();
        let left = usize::try_from(self.0.left.get()).unwrap_or(usize::MAX);
        let here = wire.buffer.len().min(left);
        wire.buffer.advance(here);
        self.0.left.set((left - here) as u64);
        self.0.abandoned.set(false);
        if wire.read_size > READ_MIN && wire.buffer.is_empty() {
            wire.read_size = READ_MIN;
            wire.buffer = BytesMut::new();
        }
        here == left
    }

    /// The connection, and what was read of it and not answered.
    pub(crate) fn hand_over(&self) -> Option<Rewound> {
        let mut wire = self.0.wire.borrow_mut();
        let ahead = std::mem::take(&mut wire.buffer).freeze();
        wire.socket.take().map(|socket| Rewound::new(ahead, socket))
    }

    fn with_socket<T>(&self, work: impl FnOnce(Pin<&mut CallerSocket>) -> Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match &mut self.0.wire.borrow_mut().socket {
            Some(socket) => work(Pin::new(socket)),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    pub(crate) fn poll_write(&self, context: &mut Context<'_>, parts: &[&[u8]; 3]) -> Poll<io::Result<usize>> {
        self.with_socket(|socket| match parts {
            [only, [], []] => socket.poll_write(context, only),
            _ => socket.poll_write_vectored(context, &parts.map(IoSlice::new)),
        })
    }

    pub(crate) fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with_socket(|socket| socket.poll_flush(context))
    }

    pub(crate) fn poll_shutdown(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with_socket(|socket| socket.poll_shutdown(context))
    }
}

/// A body of a length that was announced.
pub(crate) struct Body(State);

enum State {
    /// All of it had arrived with the head.
    Whole(Bytes),
    Coming(Rc<Shared>),
}

impl Body {
    /// The request of a head that was just taken off the connection, with its body.
    pub(crate) fn begin(inlet: &Inlet, head: Parsed) -> Request<CallerBody> {
        let state = match usize::try_from(head.length) {
            Ok(0) => State::Whole(Bytes::new()),
            Ok(length) if inlet.0.wire.borrow().buffer.len() >= length => {
                State::Whole(inlet.0.wire.borrow_mut().buffer.split_to(length).freeze())
            }
            Ok(_) | Err(_) => {
                inlet.0.left.set(head.length);
                State::Coming(Rc::clone(&inlet.0))
            }
        };
        head.request.map(|()| CallerBody::Own(Self(state)))
    }

    fn left(&self) -> u64 {
        match &self.0 {
            State::Whole(bytes) => bytes.len() as u64,
            State::Coming(shared) => shared.left.get(),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let shared = match &mut self.0 {
            State::Whole(bytes) => {
                let all = std::mem::take(bytes);
                return Poll::Ready((!all.is_empty()).then(|| Ok(Frame::data(all))));
            }
            State::Coming(shared) => shared,
        };
        let left = shared.left.get();
        if left == 0 {
            return Poll::Ready(None);
        }
        let mut wire = shared.wire.borrow_mut();
        if wire.buffer.is_empty() {
            match ready!(wire.poll_fill(context)) {
                Filled::Some => {}
                Filled::End | Filled::Failed => return Poll::Ready(Some(Err(Broken))),
            }
        }
        let here = wire.buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        shared.left.set(left - here as u64);
        Poll::Ready(Some(Ok(Frame::data(wire.buffer.split_to(here).freeze()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left())
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let State::Coming(shared) = &self.0 {
            shared.abandoned.set(true);
        }
    }
}
