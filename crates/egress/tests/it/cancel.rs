//! Cancel: a request may be dropped at any moment.
//!
//! Owns:  that its connection is closed, its place is free, and the next request gets its own answer.
//! Never: a guess at where the awaits are: every number of polls is tried.
//! Read:  top down.

use crate::harness::{Listener, Wire, config, fed, full, get, ok, post, upstream};
use egress::{Upstream, UpstreamConfig};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tokio::net::TcpListener;

/// Answers every request on every connection with its own path; slowly, in several pieces.
async fn echo(listener: Listener) {
    loop {
        let wire = listener.accept().await;
        tokio::spawn(answer_all(wire));
    }
}

async fn answer_all(mut wire: Wire) {
    while wire.fill().await {
        while let Some(at) = wire.buf.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = wire.buf.split_off(at + 4);
            let head = String::from_utf8(std::mem::replace(&mut wire.buf, rest)).unwrap();
            if head.contains("content-length: 5") {
                while wire.buf.len() < 5 {
                    if !wire.fill().await {
                        return;
                    }
                }
                wire.buf.drain(..5);
            }
            let path = head.split(' ').nth(1).unwrap();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{path}", path.len());
            for piece in answer.as_bytes().chunks(9) {
                if !wire.try_say(piece).await {
                    return;
                }
                tokio::task::yield_now().await;
            }
        }
    }
}

/// Polls `future` at most so often, giving everybody else a turn in between; whether it came to its end.
async fn poll_times<T>(future: impl Future<Output = T>, polls: usize) -> bool {
    let mut future = pin!(future);
    for _ in 0..polls {
        let mut cx = Context::from_waker(Waker::noop());
        if let Poll::Ready(_done) = future.as_mut().poll(&mut cx) {
            return true;
        }
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
    false
}

async fn check(upstream: &Rc<Upstream>, dropped_at: usize) {
    assert_eq!(upstream.counts().active, 0, "the place is free after {dropped_at} polls");
    assert_eq!(upstream.counts().waiting, 0);
    for path in ["/after", "/and-after"] {
        assert_eq!(get(path).text(upstream).await.1, path, "after a request was dropped at its poll {dropped_at}");
    }
}

#[tokio::test]
async fn d14_a_dropped_request_never_leaves_a_half_used_connection_behind() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let peer = tokio::spawn(echo(Listener(listener)));
    let mut ends = 0;
    for warm in [false, true] {
        for polls in 0..40 {
            let upstream = upstream(address);
            if warm {
                get("/warm").text(&upstream).await;
            }
            let request = post("/dropped");
            ends += usize::from(poll_times(request.with(&upstream, full("hello")), polls).await);
            check(&upstream, polls).await;
        }
    }
    assert!(ends > 0, "some were polled to their end, so every await before it was tried");
    peer.abort();
}

#[tokio::test]
async fn d14_dropping_a_request_closes_its_connection() {
    let (address, peer) = crate::harness::peer(async |listener| {
        let mut first = listener.accept().await;
        first.head().await.unwrap();
        assert!(first.closed().await, "waiting for its answer");
        let mut second = listener.accept().await;
        second.head().await.unwrap();
        second.until(b"5\r\nhello\r\n").await;
        assert!(second.closed().await, "in the middle of its body, and without the last chunk");
        let mut third = listener.accept().await;
        third.head().await.unwrap();
        third.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello").await;
        assert!(third.closed().await, "in the middle of its answer");
    })
    .await;
    let upstream = upstream(address);
    assert!(!poll_times(get("/").send(&upstream), 20).await);
    let (feeder, body) = fed(None);
    feeder.data("hello").await;
    assert!(!poll_times(post("/").with(&upstream, body), 20).await);
    let third = get("/").send(&upstream).await.unwrap();
    drop(third);
    assert_eq!((upstream.counts().active, upstream.counts().idle), (0, 0));
    peer.await.unwrap();
}

#[tokio::test]
async fn a_dropped_waiter_passes_its_turn_on() {
    let (address, peer) = crate::harness::peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no").await;
        assert!(wire.head().await.is_none());
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say(ok("mine")).await;
    })
    .await;
    let upstream = Upstream::new(UpstreamConfig { total_max: 1, ..config(address) });
    let held = get("/").send(&upstream).await.unwrap();
    let (first, second) = (get("/first"), get("/second"));
    let mut gives_up = Box::pin(first.send(&upstream));
    let mut waits = Box::pin(second.text(&upstream));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(gives_up.as_mut().poll(&mut cx).is_pending());
    assert!(waits.as_mut().poll(&mut cx).is_pending());
    assert_eq!(upstream.counts().waiting, 2);
    // The place falls to the first in the queue, which is dropped before it hears of it.
    drop(held);
    drop(gives_up);
    assert_eq!(waits.await.1, "mine");
    assert_eq!((upstream.counts().active, upstream.counts().waiting), (0, 0));
    peer.await.unwrap();
}
