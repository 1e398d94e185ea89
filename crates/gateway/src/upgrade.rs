//! Upgraded connections: WebSockets, as opaque bytes both ways.
//!
//! Owns:  the 101 answer, the copying, and its end: by either side, by silence, by a cut (D14).
//! Never: starts before the upstream has said 101.
//! Read:  `join`.

use crate::{body::ResponseBody, core::Core, facts, inflight::Ticket};
use egress::UpgradedIo;
use http::{HeaderValue, Response, header};
use hyper_util::rt::TokioIo;
use std::{
    cell::Cell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};

/// Time for the caller's side of the connection to be handed over after the 101.
const HANDOVER_TIMEOUT: Duration = Duration::from_secs(10);
/// An upgraded connection on which no byte passed either way for this long is closed.
const SILENCE_MAX: Duration = Duration::from_secs(15 * 60);

/// The 101 answer for the caller.
pub(crate) fn accept(response: Response<()>, namespace: &str) -> Response<ResponseBody> {
    let (mut head, ()) = response.into_parts();
    facts::strip_response(&mut head.headers, namespace);
    head.headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    head.headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    Response::from_parts(head, ResponseBody::Whole(None))
}

/// Joins both sides on a task of their own, for as long as the ticket is good.
pub(crate) fn join(
    core: &Rc<Core>,
    ticket: Ticket,
    caller_side: hyper::upgrade::OnUpgrade,
    mut upstream_side: UpgradedIo,
) {
    ticket.stream();
    let open = core.open();
    tokio::task::spawn_local(async move {
        let _open = open;
        let copy = async {
            let Ok(Ok(caller)) = tokio::time::timeout(HANDOVER_TIMEOUT, caller_side).await else { return };
            let passed = Rc::new(Cell::new(0u64));
            let mut caller = Counted { inner: TokioIo::new(caller), passed: Rc::clone(&passed) };
            tokio::select! {
                // How it ended is of no use to anybody: both sides see the connection close.
                _ended = copy_bidirectional(&mut caller, &mut upstream_side) => {}
                () = silence(&passed) => {}
            }
        };
        tokio::select! {
            biased;
            () = std::future::poll_fn(|context| ticket.poll_cut(context)) => {}
            () = copy => {}
        }
    });
}

/// Ready when nothing has passed for `SILENCE_MAX`, give or take one such span.
async fn silence(passed: &Cell<u64>) {
    loop {
        let before = passed.get();
        tokio::time::sleep(SILENCE_MAX).await;
        if passed.get() == before {
            return;
        }
    }
}

/// Counts the bytes of the caller's side, in both directions.
struct Counted<T> {
    inner: T,
    passed: Rc<Cell<u64>>,
}

impl<T> Counted<T> {
    fn count(&self, bytes: usize) {
        self.passed.set(self.passed.get().wrapping_add(bytes as u64));
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Counted<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(context, buffer);
        self.count(buffer.filled().len() - before);
        result
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Counted<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(context, bytes);
        if let Poll::Ready(Ok(written)) = &result {
            self.count(*written);
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
