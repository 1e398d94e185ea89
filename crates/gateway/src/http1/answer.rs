//! Answers on their way to the caller: the head, the framing, and as few writes as can be.
//!
//! Owns:  `Writer`: what is gathered into one write, and whether the connection can be used again.
//! Never: writes more or less than the length it announced, or holds more than `BATCH_MAX` and one frame.
//! Read:  `Writer::write`, then `Sending::poll`.

use super::{
    date::DateText,
    inlet::Inlet,
    passed::{Passed, Seen},
};
use crate::{
    body::ResponseBody,
    core::{Connection, Core},
    exchange::Answer,
};
use bytes::{Buf, Bytes};
use http::{StatusCode, header, response::Parts};
use http_body::Body;
use model::Timestamp;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

/// A frame up to this size is copied behind what is waiting already; a larger one is written from where it lies.
const COPY_MAX: usize = 16 * 1024;
/// Bytes gathered before they are written.
const BATCH_MAX: usize = 64 * 1024;
/// Room for an ordinary head and a small body.
const HEAD_USUAL: usize = 1024;
/// Room kept from one answer to the next, at most.
const KEPT_MAX: usize = 32 * 1024;

/// What a connection can be used for after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Reusable,
    Last,
    /// It holds half an answer, or nobody takes it.
    Broken,
}

/// How an answer's body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    None,
    Exact(u64),
    Chunked,
}

/// Writes answers, one at a time, from room that is used again.
#[derive(Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
    no_body: bool,
    last: bool,
}

impl Writer {
    /// `no_body`: HEAD was asked. `last`: nothing is read after this.
    pub(crate) const fn begin(&mut self, no_body: bool, last: bool) {
        self.no_body = no_body;
        self.last = last;
    }

    pub(crate) async fn write(
        &mut self,
        core: &Core,
        connection: &Connection,
        date: &DateText,
        inlet: &Inlet,
        answer: Answer,
    ) -> Ended {
        let Answer { response, fields } = answer;
        let (parts, body) = response.into_parts();
        let framing = self.framing(&parts, &body);
        let body = (framing != Framing::None).then_some(body);
        // An answer that is all here ends before the rest of the request could arrive.
        self.last |= parts.headers.contains_key(header::CONNECTION) || inlet.is_behind();
        let now = || (core.shared.clock)();
        self.head(&parts, &Passed { fields: &fields, namespace: &core.shared.namespace }, framing, date, now);
        drop((parts, fields));
        let mut out = std::mem::take(&mut self.out);
        let mut sending = Sending::new(&mut out, body, framing);
        let sent = std::future::poll_fn(|context| sending.poll(connection, inlet, context)).await;
        drop(sending);
        if out.capacity() <= KEPT_MAX {
            out.clear();
            self.out = out;
        }
        match sent {
            Ok(()) if self.last => Ended::Last,
            Ok(()) => Ended::Reusable,
            Err(Unsent) => Ended::Broken,
        }
    }

    /// The answer to a head that nobody may read, as short as hyper's to a malformed one.
    pub(crate) async fn refuse(&mut self, now: Timestamp, connection: &Connection, date: &DateText, inlet: &Inlet) {
        self.out.extend_from_slice(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n");
        date.append(now, &mut self.out);
        self.out.extend_from_slice(b"\r\n");
        let mut sending = Sending::new(&mut self.out, None, Framing::None);
        // The connection ends either way.
        let _sent = std::future::poll_fn(|context| sending.poll(connection, inlet, context)).await;
    }

    fn framing(&self, parts: &Parts, body: &ResponseBody) -> Framing {
        let bodiless = self.no_body
            || parts.status.is_informational()
            || parts.status == StatusCode::NO_CONTENT
            || parts.status == StatusCode::NOT_MODIFIED;
        match body.size_hint().exact() {
            _ if bodiless => Framing::None,
            Some(length) => Framing::Exact(length),
            None => Framing::Chunked,
        }
    }

    fn head(
        &mut self,
        parts: &Parts,
        passed: &Passed<'_>,
        framing: Framing,
        date: &DateText,
        now: impl FnOnce() -> Timestamp,
    ) {
        let out = &mut self.out;
        out.reserve(HEAD_USUAL);
        if parts.status == StatusCode::OK {
            out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        } else {
            put(out, &[b"HTTP/1.1 ", parts.status.as_str().as_bytes(), b" "]);
            put(out, &[parts.status.canonical_reason().unwrap_or_default().as_bytes(), b"\r\n"]);
        }
        let Seen { mut dated, varies } = passed.write(&parts.headers, out);
        for (name, value) in &parts.headers {
            match name.as_str() {
                // Framing and the connection are said below. A bodiless answer may tell the length that it stands for.
                "connection" | "transfer-encoding" | "keep-alive" => continue,
                "content-length" if framing != Framing::None || parts.status == StatusCode::NO_CONTENT => continue,
                "date" => dated = true,
                "vary" if varies => continue,
                _ => {}
            }
            put(out, &[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
        }
        match framing {
            Framing::None => {
                if let Some(length) = passed.fields.length() {
                    put_length(out, length);
                }
            }
            Framing::Exact(length) => put_length(out, length),
            Framing::Chunked => put(out, &[b"transfer-encoding: chunked\r\n"]),
        }
        if self.last {
            put(out, &[b"connection: close\r\n"]);
        }
        if !dated {
            date.append(now(), out);
        }
        put(out, &[b"\r\n"]);
    }
}

fn put_length(out: &mut Vec<u8>, length: u64) {
    put(out, &[b"content-length: ", itoa::Buffer::new().format(length).as_bytes(), b"\r\n"]);
}

fn put(out: &mut Vec<u8>, pieces: &[&[u8]]) {
    pieces.iter().for_each(|piece| out.extend_from_slice(piece));
}

/// The caller did not get, or could not be given, the whole answer.
struct Unsent;

/// An answer while it is sent.
struct Sending<'a> {
    /// The head, and what was gathered behind it.
    out: &'a mut Vec<u8>,
    /// How much of `out` is written.
    at: usize,
    /// A large frame, written after `out`.
    data: Bytes,
    /// What follows `data`.
    tail: &'static [u8],
    /// Held until its last byte is written, so that a cut ends that too.
    body: Option<ResponseBody>,
    framing: Framing,
    /// Everything of the body was taken.
    over: bool,
    /// The body has nothing now.
    starved: bool,
    /// The socket took nothing when last asked.
    blocked: bool,
}

impl<'a> Sending<'a> {
    fn new(out: &'a mut Vec<u8>, body: Option<ResponseBody>, framing: Framing) -> Self {
        let over = framing == Framing::None;
        Self { out, at: 0, data: Bytes::new(), tail: b"", body, framing, over, starved: false, blocked: false }
    }

    fn poll(&mut self, connection: &Connection, inlet: &Inlet, context: &mut Context<'_>) -> Poll<Result<(), Unsent>> {
        loop {
            // A cut stream may be stuck in a write that the caller does not take; then only this ends it.
            if connection.cut.get() {
                return Poll::Ready(Err(Unsent));
            }
            // While the caller takes nothing, nobody asks for more on its behalf.
            if !std::mem::take(&mut self.blocked) {
                self.gather(context)?;
            }
            ready!(self.poll_write(inlet, context))?;
            if ready!(inlet.poll_flush(context)).is_err() {
                return Poll::Ready(Err(Unsent));
            }
            if self.over {
                return Poll::Ready(Ok(()));
            }
            if self.starved {
                return inlet.poll_gone(context).map(|()| Err(Unsent));
            }
        }
    }

    fn poll_write(&mut self, inlet: &Inlet, context: &mut Context<'_>) -> Poll<Result<(), Unsent>> {
        while self.at < self.out.len() || !self.data.is_empty() || !self.tail.is_empty() {
            let parts = [&self.out[self.at..], &*self.data, self.tail];
            match inlet.poll_write(context, &parts) {
                Poll::Ready(Ok(count @ 1..)) => self.advance(count),
                Poll::Ready(Ok(_) | Err(_)) => return Poll::Ready(Err(Unsent)),
                Poll::Pending => {
                    self.blocked = true;
                    return Poll::Pending;
                }
            }
        }
        self.out.clear();
        self.at = 0;
        Poll::Ready(Ok(()))
    }

    /// Takes what the body has ready, up to a batch.
    fn gather(&mut self, context: &mut Context<'_>) -> Result<(), Unsent> {
        self.starved = false;
        while !self.over && self.data.is_empty() && self.out.len() < BATCH_MAX {
            let Some(body) = &mut self.body else { return Err(Unsent) };
            match Pin::new(&mut *body).poll_frame(context) {
                Poll::Pending => {
                    self.starved = true;
                    return Ok(());
                }
                Poll::Ready(Some(Ok(frame))) => {
                    let over = body.is_end_stream();
                    // Trailers are for those who said that they take them, and those are not served here.
                    if let Ok(data) = frame.into_data() {
                        self.push(data)?;
                    }
                    if over {
                        self.end()?;
                    }
                }
                Poll::Ready(Some(Err(_))) => return Err(Unsent),
                Poll::Ready(None) => self.end()?,
            }
        }
        Ok(())
    }

    fn push(&mut self, data: Bytes) -> Result<(), Unsent> {
        if data.is_empty() {
            return Ok(());
        }
        match &mut self.framing {
            Framing::None => return Err(Unsent),
            Framing::Exact(left) => *left = left.checked_sub(data.len() as u64).ok_or(Unsent)?,
            Framing::Chunked => {
                write_size(self.out, data.len());
                self.tail = b"\r\n";
            }
        }
        if data.len() <= COPY_MAX {
            put(self.out, &[&data, std::mem::take(&mut self.tail)]);
        } else {
            self.data = data;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Unsent> {
        self.over = true;
        match self.framing {
            Framing::Exact(1..) => Err(Unsent),
            Framing::None | Framing::Exact(0) => Ok(()),
            Framing::Chunked if self.data.is_empty() => {
                put(self.out, &[b"0\r\n\r\n"]);
                Ok(())
            }
            Framing::Chunked => {
                self.tail = b"\r\n0\r\n\r\n";
                Ok(())
            }
        }
    }

    fn advance(&mut self, count: usize) {
        let from_out = count.min(self.out.len() - self.at);
        self.at += from_out;
        let from_data = (count - from_out).min(self.data.len());
        self.data.advance(from_data);
        self.tail = self.tail.get(count - from_out - from_data..).unwrap_or_default();
    }
}

/// Appends a chunk's size line.
fn write_size(out: &mut Vec<u8>, size: usize) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let digits = (usize::BITS - (size | 1).leading_zeros()).div_ceil(4);
    out.extend((0..digits).rev().map(|at| HEX[(size >> (4 * at)) & 0xf]));
    out.extend_from_slice(b"\r\n");
}
