//! Relay: the answer of a write on its way to a caller who may be gone.
//!
//! Owns:  the caller's end: it ends when the request is cut, the exchange behind it does not.
//! Never: holds more than `FRAMES_MAX` pieces of an answer.
//! Read:  `Relay::poll_frame`. The other end is `run`.

use crate::{body::BodyError, inflight::Ticket, writes::feed::Lifeline};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::task::{Context, Poll, ready};
use tokio::sync::mpsc;

/// Pieces of an answer that may wait for the caller.
pub(crate) const FRAMES_MAX: usize = 4;

/// One piece, or how it ended.
pub(crate) type Piece = Result<Frame<Bytes>, BodyError>;

/// The caller's end.
pub(crate) struct Relay {
    pieces: mpsc::Receiver<Piece>,
    /// Bytes that are still to come, when the upstream said.
    left: Option<u64>,
    ticket: Ticket,
    /// An answer may begin before its request was read whole.
    _lifeline: Option<Lifeline>,
}

impl Relay {
    pub(crate) const fn new(
        pieces: mpsc::Receiver<Piece>,
        left: Option<u64>,
        ticket: Ticket,
        lifeline: Option<Lifeline>,
    ) -> Self {
        Self { pieces, left, ticket, _lifeline: lifeline }
    }

    pub(crate) fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Piece>> {
        self.ticket.asked();
        if self.ticket.poll_cut(context).is_ready() {
            return Poll::Ready(Some(Err(BodyError::Cut)));
        }
        let piece = ready!(self.pieces.poll_recv(context));
        let length = piece.as_ref().and_then(|p| p.as_ref().ok()).and_then(Frame::data_ref).map_or(0, Bytes::len);
        self.left = self.left.map(|left| left.saturating_sub(length as u64));
        self.ticket.handed_out();
        Poll::Ready(piece)
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
