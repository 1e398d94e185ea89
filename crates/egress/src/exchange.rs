//! Exchange: a request goes out, and the head of its answer comes in, on one connection.
//!
//! Owns:  the two directions at once (an answer may come before the request is sent), interim answers, the waits.
//! Never: chooses the connection, or says whether a failed exchange may be repeated.
//! Read:  `Exchange::poll`.

use crate::codec::{Asked, HeadReader, Limits, ResponseHead};
use crate::connection::Connection;
use crate::error::{Fate, Fault, UpstreamError, Wait};
use crate::sender::{BodyError, SendFault, Sender, Waits};
use bytes::Bytes;
use http::StatusCode;
use http_body::Body;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

/// 1xx answers before the final one.
const INTERIM_MAX: u8 = 16;

/// The bounds of one exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) limits: Limits,
    /// From the request sent to the head of the answer.
    pub(crate) head_timeout: Duration,
    /// Between two steps of sending the request.
    pub(crate) idle_body_timeout: Duration,
}

/// Why an exchange came to no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: UpstreamError,
    /// The connection broke before one byte of an answer, as one does that the upstream had given up.
    pub(crate) stale: bool,
}

impl From<UpstreamError> for Failure {
    fn from(error: UpstreamError) -> Self {
        Self { error, stale: false }
    }
}

/// The head of an answer, and whether the whole request had been sent by then.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) head: ResponseHead,
    pub(crate) sent: bool,
}

/// Runs the exchange up to the head of the final answer (or of 101).
pub(crate) async fn exchange<B>(
    conn: &mut Connection,
    sender: &mut Sender<B>,
    asked: Asked<'_>,
    terms: &Terms,
) -> Result<Answered, Failure>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    let mut exchange = Exchange {
        conn,
        sender,
        asked,
        terms,
        reader: HeadReader::default(),
        interim: 0,
        out: Out::Open { written: 0 },
    };
    poll_fn(|cx| exchange.poll(cx)).await
}

/// The outgoing direction.
#[derive(Debug)]
enum Out {
    /// Being sent; bytes written when last looked.
    Open { written: u64 },
    /// Sent.
    Done,
    /// The upstream takes no more. It may still have answered, so its last words are read.
    Broken(io::Error),
}

struct Exchange<'a, B> {
    conn: &'a mut Connection,
    sender: &'a mut Sender<B>,
    asked: Asked<'a>,
    terms: &'a Terms,
    reader: HeadReader,
    interim: u8,
    out: Out,
}

impl<B> Exchange<'_, B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Answered, Failure>> {
        self.poll_out(cx)?;
        if self.turn() {
            return Poll::Pending;
        }
        loop {
            if let Some(head) = self.read_head()? {
                return Poll::Ready(Ok(Answered { head, sent: matches!(self.out, Out::Done) }));
            }
            match self.conn.poll_fill(cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(self.broken(io::ErrorKind::UnexpectedEof.into()))),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(self.broken(error))),
                Poll::Pending => break,
            }
        }
        self.poll_wait(cx)
    }

    fn poll_out(&mut self, cx: &mut Context<'_>) -> Result<(), Failure> {
        let Out::Open { written } = &mut self.out else { return Ok(()) };
        match self.sender.poll_send(&mut self.conn.io, cx) {
            Poll::Pending => {
                if *written != self.sender.written() {
                    *written = self.sender.written();
                    self.conn.timer.clear();
                }
            }
            Poll::Ready(Ok(())) => {
                self.conn.timer.clear();
                self.out = Out::Done;
            }
            Poll::Ready(Err(SendFault::Io(error))) => {
                self.conn.timer.clear();
                self.out = Out::Broken(error);
            }
            Poll::Ready(Err(SendFault::Body(source))) => {
                return Err(UpstreamError::RequestBody { source, fate: self.fate() }.into());
            }
        }
        Ok(())
    }

    /// Whether the sender only stepped back: then there is nothing to read and nothing to wait for.
    fn turn(&self) -> bool {
        matches!(self.out, Out::Open { .. }) && self.sender.waits() == Waits::Turn
    }

    /// The final head, if it has arrived; interim ones are passed over.
    fn read_head(&mut self) -> Result<Option<ResponseHead>, Failure> {
        loop {
            let read = self.reader.read(&mut self.conn.buf, &self.asked, &self.terms.limits);
            let head = match read.map_err(|fault| self.refuse(fault))? {
                None => return Ok(None),
                Some(head) => head,
            };
            if head.status == StatusCode::SWITCHING_PROTOCOLS && !matches!(self.out, Out::Done) {
                return Err(self.refuse(Fault::Unasked101));
            }
            if !head.status.is_informational() || head.status == StatusCode::SWITCHING_PROTOCOLS {
                return Ok(Some(head));
            }
            self.interim += 1;
            if self.interim > INTERIM_MAX {
                return Err(self.refuse(Fault::Interim));
            }
        }
    }

    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<Result<Answered, Failure>> {
        let (wait, patience) = match self.out {
            Out::Open { .. } if self.sender.waits() == Waits::Body => (Wait::RequestBody, self.terms.idle_body_timeout),
            Out::Open { .. } => (Wait::RequestWrite, self.terms.idle_body_timeout),
            Out::Done | Out::Broken(_) => (Wait::ResponseHead, self.terms.head_timeout),
        };
        if self.conn.timer.poll_expired(cx, patience) {
            return Poll::Ready(Err(UpstreamError::Timeout { wait, fate: self.fate() }.into()));
        }
        Poll::Pending
    }

    fn broken(&mut self, error: io::Error) -> Failure {
        let stale = self.conn.buf.is_empty() && self.interim == 0;
        // The first error is the cause; what reading says afterwards only follows from it.
        let source = match std::mem::replace(&mut self.out, Out::Done) {
            Out::Broken(first) => first,
            Out::Open { .. } | Out::Done => error,
        };
        Failure { error: UpstreamError::Broken { source, fate: self.fate() }, stale }
    }

    fn refuse(&self, fault: Fault) -> Failure {
        UpstreamError::Protocol { fault, fate: self.fate() }.into()
    }

    const fn fate(&self) -> Fate {
        if self.sender.written() == 0 { Fate::NotSent } else { Fate::Unknown }
    }
}
