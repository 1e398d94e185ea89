//! Reuse: which connections are used again, and what happens when one has died.
//!
//! Owns:  keep-alive, liveness, the one retry, bounds of the pool.
//! Never: a timeout (see `waits`).
//! Read:  top down.

use crate::harness::{ask, config, fed, full, get, ok, peer, post, text, upstream};
use bytes::Bytes;
use egress::{Counts, Fate, Upstream, UpstreamError};
use http::Method;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn opened_reused_retried(counts: Counts) -> (u64, u64, u64) {
    (counts.opened, counts.reused, counts.retried)
}

/// Waits until the runtime has heard everything that the system knew when this began: a connection of our own is made, and
/// what was ready before it is told before it.
async fn until_heard() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    let (mut near, (mut far, _)) = (near.unwrap(), far.unwrap());
    far.write_all(b"x").await.unwrap();
    near.read_exact(&mut [0]).await.unwrap();
}

/// Waits until the runtime has heard that the unused connections were closed.
async fn until_idle_is_gone(upstream: &Rc<Upstream>) {
    while upstream.counts().idle > 0 {
        upstream.sweep();
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn one_connection_serves_one_request_after_another() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        for turn in 0..3 {
            let head = wire.head().await.unwrap();
            assert!(head.starts_with(&format!("GET /{turn} HTTP/1.1\r\nhost: ")), "{head}");
            wire.say(ok(&format!("answer {turn}"))).await;
        }
        assert_eq!(wire.reads, 3, "a request is one write");
        assert!(wire.closed().await);
    })
    .await;
    let upstream = upstream(address);
    for turn in 0..3 {
        assert_eq!(get(&format!("/{turn}")).text(&upstream).await, (200, format!("answer {turn}")));
        assert_eq!((upstream.counts().active, upstream.counts().idle), (0, 1));
    }
    assert_eq!(opened_reused_retried(upstream.counts()), (1, 2, 0));
    assert_eq!(upstream.counts().writes, 3);
    drop(upstream);
    peer.await.unwrap();
}

#[tokio::test]
async fn a_small_body_goes_out_with_its_head_in_one_write() {
    /// Ready only after it was asked once, as a server's body is.
    struct Late(u8);
    impl Body for Late {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0 += 1;
            match self.0 {
                1 => {
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                2 => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"hello"))))),
                _ => Poll::Ready(None),
            }
        }
        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(5)
        }
    }
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        for _ in 0..2 {
            let before = wire.reads;
            let head = wire.head().await.unwrap();
            assert!(head.contains("\r\ncontent-length: 5\r\n") && !head.contains("transfer-encoding"), "{head}");
            assert_eq!(wire.body(5).await, b"hello");
            assert_eq!(wire.reads - before, 1);
            wire.say(ok("")).await;
        }
    })
    .await;
    let upstream = upstream(address);
    assert_eq!(text(post("/").with(&upstream, full("hello")).await.unwrap()).await.0, 200);
    assert_eq!(upstream.counts().writes, 1);
    assert_eq!(text(post("/").with(&upstream, Late(0)).await.unwrap()).await.0, 200);
    assert_eq!(upstream.counts().writes, 2);
    peer.await.unwrap();
}

#[tokio::test]
async fn a_whole_answer_gives_its_connection_back_before_it_is_read() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        for body in ["first", "second"] {
            wire.head().await.unwrap();
            wire.say(ok(body)).await;
        }
    })
    .await;
    let upstream = upstream(address);
    let first = get("/").send(&upstream).await.unwrap();
    assert_eq!(upstream.counts().idle, 1);
    let second = get("/").send(&upstream).await.unwrap();
    assert_eq!(first.body().size_hint().exact(), Some(5));
    assert_eq!(text(second).await.1, "second");
    assert_eq!(text(first).await.1, "first");
    assert_eq!(upstream.counts().opened, 1);
    peer.await.unwrap();
}

#[tokio::test]
async fn a_connection_that_the_upstream_closed_is_not_used() {
    let (closed, heard) = tokio::sync::oneshot::channel();
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say(ok("first")).await;
        drop(wire);
        closed.send(()).unwrap();
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say(ok("second")).await;
    })
    .await;
    let upstream = upstream(address);
    assert_eq!(get("/").text(&upstream).await.1, "first");
    heard.await.unwrap();
    until_heard().await;
    assert_eq!(upstream.counts().idle, 1, "nothing has swept it away");
    assert_eq!(post("/").text(&upstream).await.1, "second", "even a POST is safe: nothing was sent on the dead one");
    assert_eq!(opened_reused_retried(upstream.counts()), (2, 0, 0));
    peer.await.unwrap();
}

#[tokio::test]
async fn a_sweep_closes_what_the_upstream_closed() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say(ok("")).await;
    })
    .await;
    let upstream = upstream(address);
    get("/").text(&upstream).await;
    until_idle_is_gone(&upstream).await;
    assert_eq!(upstream.counts().active, 0);
    peer.await.unwrap();
}

#[tokio::test]
async fn bytes_on_an_unused_connection_spoil_it() {
    let (ask, asked) = tokio::sync::oneshot::channel();
    let (said, heard) = tokio::sync::oneshot::channel();
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say(ok("first")).await;
        asked.await.unwrap();
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison").await;
        said.send(()).unwrap();
        let mut other = listener.accept().await;
        other.head().await.unwrap();
        other.say(ok("second")).await;
    })
    .await;
    let upstream = upstream(address);
    assert_eq!(get("/").text(&upstream).await.1, "first");
    assert_eq!(upstream.counts().idle, 1);
    ask.send(()).unwrap();
    heard.await.unwrap();
    until_heard().await;
    assert_eq!(get("/").text(&upstream).await.1, "second");
    peer.await.unwrap();
}

#[tokio::test]
async fn d17_a_safe_request_on_a_connection_that_dies_is_sent_once_more() {
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        let (address, peer) = peer(async |listener| {
            let mut wire = listener.accept().await;
            wire.head().await.unwrap();
            wire.say("HTTP/1.1 204 x\r\n\r\n").await;
            wire.head().await.unwrap();
            drop(wire);
            let mut other = listener.accept().await;
            let again = other.head().await.unwrap();
            assert!(again.contains(" /again HTTP/1.1\r\n"), "{again}");
            other.say("HTTP/1.1 204 x\r\nX: 2\r\n\r\n").await;
        })
        .await;
        let upstream = upstream(address);
        get("/").text(&upstream).await;
        let answer = ask(method, "/again").send(&upstream).await.unwrap();
        assert_eq!(answer.headers()["x"], "2");
        assert_eq!(opened_reused_retried(upstream.counts()), (2, 1, 1));
        peer.await.unwrap();
    }
}

#[tokio::test]
async fn d17_a_write_on_a_connection_that_dies_is_never_sent_twice() {
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let (address, peer) = peer(async |listener| {
            let mut wire = listener.accept().await;
            wire.head().await.unwrap();
            wire.say(ok("")).await;
            wire.head().await.unwrap();
            drop(wire);
            listener
        })
        .await;
        let upstream = upstream(address);
        get("/").text(&upstream).await;
        let error = ask(method, "/").with(&upstream, full("x")).await.unwrap_err();
        assert!(matches!(error, UpstreamError::Broken { .. }), "{error}");
        assert_eq!(error.fate(), Fate::Unknown);
        assert_eq!(opened_reused_retried(upstream.counts()), (1, 1, 0));
        assert_eq!((upstream.counts().active, upstream.counts().idle), (0, 0));
        drop(peer.await.unwrap());
    }
}

#[tokio::test]
async fn d17_a_safe_request_is_not_repeated_once_its_answer_began_or_its_connection_was_new() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        drop(wire);
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say(ok("")).await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 2").await;
        drop(wire);
        listener
    })
    .await;
    let upstream = upstream(address);
    let error = get("/").send(&upstream).await.unwrap_err();
    assert_eq!(error.fate(), Fate::Unknown, "{error}");
    get("/").text(&upstream).await;
    let error = get("/").send(&upstream).await.unwrap_err();
    assert_eq!(error.fate(), Fate::Unknown, "{error}");
    assert_eq!(opened_reused_retried(upstream.counts()), (2, 1, 0));
    peer.await.unwrap();
}

#[tokio::test]
async fn a_request_whose_body_was_passed_on_is_not_repeated() {
    let (seen, saw) = tokio::sync::oneshot::channel();
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say(ok("")).await;
        wire.head().await.unwrap();
        wire.until(b"5\r\nfirst\r\n").await;
        seen.send(()).unwrap();
        wire.until(b"6\r\nsecond\r\n").await;
        drop(wire);
        listener
    })
    .await;
    let upstream = upstream(address);
    get("/").text(&upstream).await;
    let (feeder, body) = fed(None);
    let feed = tokio::spawn(async move {
        feeder.data("first").await;
        saw.await.unwrap();
        feeder.data("second").await;
        feeder.dropped().await;
    });
    let error = get("/").with(&upstream, body).await.unwrap_err();
    assert_eq!(error.fate(), Fate::Unknown, "{error}");
    assert_eq!(upstream.counts().retried, 0);
    feed.await.unwrap();
    peer.await.unwrap();
}

#[tokio::test]
async fn d42_an_answer_that_leaves_something_over_ends_its_connection() {
    let table = [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\nbody",
        "HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nbody",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ];
    for answer in table {
        let (address, peer) = peer(async move |listener| {
            let mut wire = listener.accept().await;
            wire.head().await.unwrap();
            wire.say(answer).await;
            assert!(wire.closed().await, "nothing more is asked on it");
        })
        .await;
        let upstream = upstream(address);
        let (_, body) = get("/").text(&upstream).await;
        assert!(body.is_empty() || body == "ok", "{answer:?}: {body:?}");
        assert_eq!((upstream.counts().active, upstream.counts().idle), (0, 0), "{answer:?}");
        peer.await.unwrap();
    }
}

#[tokio::test]
async fn head_and_304_and_204_have_no_body_and_keep_their_connection() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        assert!(wire.head().await.unwrap().starts_with("HEAD / "));
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 304 x\r\nContent-Length: 1000\r\nETag: \"a\"\r\n\r\n").await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 204 x\r\n\r\n").await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.0 200 x\r\nConnection: Keep-Alive\r\nContent-Length: 3\r\n\r\nold").await;
        wire.head().await.unwrap();
        wire.say(ok("last")).await;
    })
    .await;
    let upstream = upstream(address);
    let response = ask(Method::HEAD, "/").send(&upstream).await.unwrap();
    assert_eq!(response.headers()["content-length"], "1000");
    assert!(response.body().is_end_stream());
    assert_eq!(text(response).await, (200, String::new()));
    assert_eq!(get("/").text(&upstream).await, (304, String::new()));
    assert_eq!(get("/").text(&upstream).await, (204, String::new()));
    assert_eq!(get("/").text(&upstream).await, (200, "old".to_owned()));
    assert_eq!(get("/").text(&upstream).await, (200, "last".to_owned()));
    assert_eq!(upstream.counts().opened, 1);
    peer.await.unwrap();
}

#[tokio::test]
async fn invariant10_unused_connections_are_bounded_in_number_and_age() {
    let (address, peer) = peer(async |listener| {
        let mut wires = Vec::new();
        for _ in 0..3 {
            let mut wire = listener.accept().await;
            wire.head().await.unwrap();
            wires.push(wire);
        }
        for wire in &mut wires {
            wire.say(ok("")).await;
        }
        let mut open = 0;
        for wire in &mut wires {
            let closed = tokio::time::timeout(Duration::from_millis(200), wire.closed()).await;
            open += usize::from(closed.is_err());
        }
        assert_eq!(open, 2, "idle_max");
        for wire in &mut wires {
            assert!(wire.closed().await);
        }
    })
    .await;
    let upstream =
        Upstream::new(egress::UpstreamConfig { idle_max: 2, idle_keep: Duration::from_millis(500), ..config(address) });
    let (path, other, third) = (get("/"), get("/"), get("/"));
    let (a, b, c) = tokio::join!(path.text(&upstream), other.text(&upstream), third.text(&upstream));
    assert_eq!((a.0, b.0, c.0), (200, 200, 200));
    assert_eq!(upstream.counts().idle, 2);
    until_idle_is_gone(&upstream).await;
    peer.await.unwrap();
}

#[tokio::test]
async fn the_connection_put_away_last_is_used_first() {
    let (address, peer) = peer(async |listener| {
        let mut first = listener.accept().await;
        first.head().await.unwrap();
        let mut second = listener.accept().await;
        second.head().await.unwrap();
        first.say(ok("first")).await;
        second.say(ok("second")).await;
        second.head().await.unwrap();
        second.say(ok("second again")).await;
    })
    .await;
    let upstream = upstream(address);
    let (one, two) = (get("/"), get("/"));
    let (one, two) = tokio::join!(one.text(&upstream), two.text(&upstream));
    assert_eq!((one.1.as_str(), two.1.as_str()), ("first", "second"));
    assert_eq!(get("/").text(&upstream).await.1, "second again");
    peer.await.unwrap();
}

#[tokio::test]
async fn a_body_read_to_its_end_gives_its_connection_back_at_once() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst").await;
        wire.head().await
    })
    .await;
    let upstream = upstream(address);
    let mut response = get("/").send(&upstream).await.unwrap();
    assert_eq!(response.body().size_hint().exact(), Some(10));
    let frame = response.body_mut().frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "first");
    assert_eq!(response.body().size_hint().exact(), Some(5));
    assert_eq!((upstream.counts().active, upstream.counts().idle), (1, 0));
    // Dropped in the middle: the connection is closed, not kept.
    drop(response);
    assert_eq!((upstream.counts().active, upstream.counts().idle), (0, 0));
    assert_eq!(peer.await.unwrap(), None);
}
