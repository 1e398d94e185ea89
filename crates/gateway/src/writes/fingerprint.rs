//! Fingerprint: what makes two requests the same write (D16).
//!
//! Owns:  the hash over method, target, content type and body; the body wrapper that completes it as the body passes.
//! Never: holds a body.
//! Read:  `head`, then `Fingerprinted`.

use crate::body::BodyError;
use aws_lc_rs::digest::{Context as Digest, SHA256};
use bytes::Bytes;
use http::{header, request::Parts};
use http_body::{Body, Frame, SizeHint};
use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};
use store::Request;

/// SHA-256 over parts that cannot be told differently: each goes with its length.
pub(crate) fn digest(label: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Digest::new(&SHA256);
    digest.update(label);
    for part in parts {
        digest.update(&(part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    finish(digest)
}

fn finish(digest: Digest) -> [u8; 32] {
    let mut bytes = [0; 32];
    // SHA-256 has 32 bytes.
    bytes.iter_mut().zip(digest.finish().as_ref()).for_each(|(to, from)| *to = *from);
    bytes
}

/// What is known of a request before its body: the method, the target as it is forwarded, and what the body claims to be.
pub(crate) fn head(parts: &Parts, target: &[u8]) -> [u8; 32] {
    let content_type = parts.headers.get(header::CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    digest(b"claviger.request.1", &[parts.method.as_str().as_bytes(), target, content_type])
}

/// The fingerprint of a request as its body passes.
pub(crate) struct Seen {
    digest: Digest,
    bytes: u64,
    ended: bool,
}

impl Seen {
    /// Of a request with this head.
    pub(crate) fn new(head: &[u8; 32]) -> Self {
        let mut digest = Digest::new(&SHA256);
        digest.update(head);
        Self { digest, bytes: 0, ended: false }
    }

    pub(crate) fn data(&mut self, data: &[u8]) {
        self.digest.update(data);
        self.bytes += data.len() as u64;
    }

    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) const fn end(&mut self) {
        self.ended = true;
    }

    /// The request, once its body was seen whole.
    pub(crate) fn request(&self) -> Option<Request> {
        self.ended.then(|| Request { fingerprint: finish(self.digest.clone()), bytes: self.bytes })
    }
}

/// A body whose fingerprint is completed as it passes.
pub(crate) struct Fingerprinted<B> {
    inner: B,
    seen: Rc<RefCell<Seen>>,
}

impl<B: Body<Data = Bytes, Error = BodyError> + Unpin> Fingerprinted<B> {
    pub(crate) fn new(inner: B, seen: Rc<RefCell<Seen>>) -> Self {
        if inner.is_end_stream() {
            seen.borrow_mut().end();
        }
        Self { inner, seen }
    }
}

impl<B: Body<Data = Bytes, Error = BodyError> + Unpin> Body for Fingerprinted<B> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        let mut seen = self.seen.borrow_mut();
        match &frame {
            None => seen.end(),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    seen.data(data);
                }
                // Whoever knows the length need not ask again.
                if frame.is_trailers() || self.inner.is_end_stream() {
                    seen.end();
                }
            }
            Some(Err(_)) => {}
        }
        drop(seen);
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d16_parts_cannot_run_into_each_other_and_every_byte_counts() {
        assert_ne!(digest(b"x", &[b"ab", b"c"]), digest(b"x", &[b"a", b"bc"]));
        assert_ne!(digest(b"x", &[b"ab"]), digest(b"y", &[b"ab"]));
        let of = |body: &[&[u8]]| {
            let mut seen = Seen::new(&[7; 32]);
            body.iter().for_each(|data| seen.data(data));
            assert!(seen.request().is_none(), "not before its end");
            seen.end();
            seen.request().unwrap()
        };
        assert_eq!(of(&[b"he", b"llo"]), of(&[b"hello"]));
        assert_ne!(of(&[b"hello"]), of(&[b"hellp"]));
        assert_eq!(of(&[b"hello"]).bytes, 5);
    }
}
