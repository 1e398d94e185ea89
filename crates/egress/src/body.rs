//! Body: an upstream's response as it arrives.
//!
//! Owns:  `UpstreamBody`.
//! Never: holds more than one read of the body.
//! Read:  top down.

use crate::error::UpstreamError;
use bytes::Bytes;
use http_body::{Body, Frame};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The body of a response. Complete: its connection went back to the pool. Dropped before: its connection is closed.
#[derive(Debug)]
pub struct UpstreamBody {}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = UpstreamError;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, UpstreamError>>> {
        Poll::Ready(None)
    }
}
