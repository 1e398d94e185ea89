//! Feed: the caller's body on its way into an exchange that may outlive the caller.
//!
//! Owns:  the rule that nobody reads a caller's connection once its request is over there.
//! Never: holds bytes.
//! Read:  `Feed`, then `Lifeline`.

use crate::{
    body::{BodyError, RequestBody},
    fault::Fault,
};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
};

#[derive(Default)]
struct Shared {
    body: Option<RequestBody>,
    /// It was read whole.
    ended: bool,
    /// Whoever waits for more of it.
    waker: Option<Waker>,
}

/// The exchange's end.
pub(crate) struct Feed(Rc<RefCell<Shared>>);

/// The caller's end. Dropped with the request: what was not read by then is not read any more, because the connection goes
/// on to its next request or ends.
pub(crate) struct Lifeline(Rc<RefCell<Shared>>);

impl Feed {
    pub(crate) fn new(body: RequestBody) -> (Self, Lifeline) {
        let ended = body.is_end_stream();
        let shared = Rc::new(RefCell::new(Shared { body: Some(body), ended, waker: None }));
        (Self(Rc::clone(&shared)), Lifeline(shared))
    }
}

impl Drop for Lifeline {
    fn drop(&mut self) {
        let (body, waker) = {
            let mut shared = self.0.borrow_mut();
            (shared.body.take(), shared.waker.take())
        };
        // Outside the borrow: both may run code of ours.
        drop(body);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Body for Feed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut shared = self.0.borrow_mut();
        if shared.ended {
            return Poll::Ready(None);
        }
        shared.waker = Some(context.waker().clone());
        let Some(body) = &mut shared.body else {
            return Poll::Ready(Some(Err(BodyError::Request(Fault::CallerGone))));
        };
        let frame = ready!(Pin::new(&mut *body).poll_frame(context));
        let ended = match &frame {
            None => true,
            Some(Ok(frame)) => frame.is_trailers() || body.is_end_stream(),
            Some(Err(_)) => false,
        };
        shared.ended = ended;
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.borrow().ended
    }

    fn size_hint(&self) -> SizeHint {
        self.0.borrow().body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}
