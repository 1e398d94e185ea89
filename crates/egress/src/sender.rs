//! Sender: a request on its way out.
//!
//! Owns:  what of a request is written, gathering a small body into the head's write, framing the rest.
//! Never: writes more or less than the body's announced length, or holds more than `BATCH_MAX` and one frame.
//! Read:  `Sender::poll_send`.

use crate::codec::{Length, write_chunk_size, write_trailers};
use crate::connection::Io;
use bytes::{Buf, Bytes};
use http_body::Body;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// The error of a request's body.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// A frame up to this size is copied behind what is waiting already; a larger one is written from where it lies.
const COPY_MAX: usize = 16 * 1024;
/// Bytes gathered before they are written.
const BATCH_MAX: usize = 64 * 1024;
/// How often the task steps back once before the first write, so that the server side can hand over a body that it has
/// already received: a step costs far less than a second write.
const TURNS: u8 = 2;

/// Why a request could not be sent on.
#[derive(Debug)]
pub(crate) enum SendFault {
    /// The connection.
    Io(io::Error),
    /// The body.
    Body(BodyError),
}

/// What a pending `poll_send` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// The body's next frame.
    Body,
    /// The socket.
    Socket,
    /// Nothing: it only stepped back and has woken the task.
    Turn,
}

/// A request on its way out.
#[derive(Debug)]
pub(crate) struct Sender<B> {
    /// The head, and what was gathered behind it.
    out: Vec<u8>,
    /// How much of `out` is written.
    at: usize,
    /// A large frame, written after `out`.
    data: Bytes,
    /// What follows `data`.
    tail: &'static [u8],
    body: B,
    length: Length,
    /// Everything of the body was taken.
    complete: bool,
    /// `out` still begins with the head, and everything taken from the body is in it.
    rewindable: bool,
    flushed: bool,
    turns: u8,
    waits: Waits,
    /// Bytes that a socket took.
    written: u64,
    /// In so many writes.
    writes: u64,
}

impl<B> Sender<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    /// `out` holds the head, written for a body of this length.
    pub(crate) fn new(out: Vec<u8>, body: B, length: Length) -> Self {
        let complete = matches!(length, Length::None | Length::Exact(0));
        Self {
            out,
            at: 0,
            data: Bytes::new(),
            tail: b"",
            body,
            length,
            complete,
            rewindable: true,
            flushed: false,
            turns: if complete { 0 } else { TURNS },
            waits: Waits::Socket,
            written: 0,
            writes: 0,
        }
    }

    /// Sends as much as can be sent now. Ready when the whole request has been handed to the system.
    pub(crate) fn poll_send(&mut self, io: &mut Io, cx: &mut Context<'_>) -> Poll<Result<(), SendFault>> {
        loop {
            let starved = self.gather(cx).map_err(SendFault::Body)?;
            if starved && self.turns > 0 {
                self.turns -= 1;
                self.waits = Waits::Turn;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            self.turns = 0;
            self.waits = Waits::Socket;
            while self.has_bytes() {
                let count = ready!(self.poll_write(io, cx)).map_err(SendFault::Io)?;
                self.advance(count);
            }
            if !self.flushed {
                ready!(Pin::new(&mut *io).poll_flush(cx)).map_err(SendFault::Io)?;
                self.flushed = true;
            }
            if self.complete {
                return Poll::Ready(Ok(()));
            }
            if starved {
                self.waits = Waits::Body;
                return Poll::Pending;
            }
        }
    }

    /// Takes what the body has ready; whether it had less than there was room for.
    fn gather(&mut self, cx: &mut Context<'_>) -> Result<bool, BodyError> {
        while !self.complete && self.data.is_empty() && self.out.len() - self.at < BATCH_MAX {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else { return Ok(true) };
            if self.at == self.out.len() {
                self.out.clear();
                self.at = 0;
                self.rewindable = false;
            }
            self.flushed = false;
            match frame {
                Some(frame) => match frame.map_err(Into::into)?.into_data() {
                    Ok(data) => self.push(data)?,
                    Err(frame) => {
                        if let (Length::Chunked, Ok(trailers)) = (self.length, frame.into_trailers()) {
                            self.out.extend_from_slice(b"0\r\n");
                            write_trailers(&mut self.out, &trailers);
                            self.complete = true;
                        }
                    }
                },
                None => self.end()?,
            }
        }
        Ok(false)
    }

    fn push(&mut self, data: Bytes) -> Result<(), BodyError> {
        if data.is_empty() {
            return Ok(());
        }
        match &mut self.length {
            Length::Chunked => {
                write_chunk_size(&mut self.out, data.len());
                self.tail = b"\r\n";
            }
            Length::Exact(left) if *left >= data.len() as u64 => {
                *left -= data.len() as u64;
                self.complete = *left == 0;
            }
            Length::Exact(_) | Length::None => return Err("the body is longer than its Content-Length".into()),
        }
        if data.len() <= COPY_MAX {
            self.out.extend_from_slice(&data);
            self.out.extend_from_slice(std::mem::take(&mut self.tail));
        } else {
            self.rewindable = false;
            self.data = data;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), BodyError> {
        match self.length {
            Length::Chunked => self.out.extend_from_slice(b"0\r\n\r\n"),
            Length::None | Length::Exact(0) => {}
            Length::Exact(_) => return Err("the body ended before its Content-Length".into()),
        }
        self.complete = true;
        Ok(())
    }

    fn has_bytes(&self) -> bool {
        self.at < self.out.len() || !self.data.is_empty() || !self.tail.is_empty()
    }

    fn poll_write(&self, io: &mut Io, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let out = &self.out[self.at..];
        let count = if self.data.is_empty() && self.tail.is_empty() {
            ready!(Pin::new(io).poll_write(cx, out))?
        } else {
            let slices = [IoSlice::new(out), IoSlice::new(&self.data), IoSlice::new(self.tail)];
            ready!(Pin::new(io).poll_write_vectored(cx, &slices))?
        };
        Poll::Ready(if count == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(count) })
    }

    fn advance(&mut self, count: usize) {
        self.written += count as u64;
        self.writes += 1;
        let from_out = count.min(self.out.len() - self.at);
        self.at += from_out;
        let from_data = (count - from_out).min(self.data.len());
        self.data.advance(from_data);
        self.tail = self.tail.get(count - from_out - from_data..).unwrap_or_default();
    }

    /// Makes ready to be sent from the start on another connection, if nothing has been thrown away.
    pub(crate) const fn rewind(&mut self) -> bool {
        if self.rewindable {
            self.at = 0;
            self.written = 0;
            self.flushed = false;
        }
        self.rewindable
    }

    /// Bytes of the request that a socket took.
    pub(crate) const fn written(&self) -> u64 {
        self.written
    }

    /// Writes that a socket took.
    pub(crate) const fn writes(&self) -> u64 {
        self.writes
    }

    /// What the last pending `poll_send` waits for.
    pub(crate) const fn waits(&self) -> Waits {
        self.waits
    }

    /// The room for heads, to be used again.
    pub(crate) fn into_scratch(self) -> Vec<u8> {
        self.out
    }
}

/// The rest of a request whose answer has begun.
pub(crate) trait Rest {
    /// As `Sender::poll_send`, and how many bytes have been written so far.
    fn poll_rest(&mut self, io: &mut Io, cx: &mut Context<'_>) -> (Poll<Result<(), SendFault>>, u64);
}

impl<B> Rest for Sender<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    fn poll_rest(&mut self, io: &mut Io, cx: &mut Context<'_>) -> (Poll<Result<(), SendFault>>, u64) {
        let polled = self.poll_send(io, cx);
        (polled, self.written)
    }
}
