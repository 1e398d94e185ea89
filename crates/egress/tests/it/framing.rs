//! Framing: hostile and broken answers over a real socket.
//!
//! Owns:  that nothing of a refused answer is passed on, and that its connection ends.
//! Never: the full tables (see `src/codec/*/tests.rs`).
//! Read:  top down.

use crate::harness::{fed, get, peer, post, text, upstream};
use egress::{Fate, Fault, UpstreamError};
use http_body_util::BodyExt;
use std::io;

#[tokio::test]
async fn d42_a_refused_head_gives_an_error_and_no_byte_of_the_answer() {
    let table = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Fault::BothFramings),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", Fault::ContentLength),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", Fault::TransferEncoding),
        ("HTTP/1.1 200 OK\r\nA: b\r\n folded\r\nContent-Length: 0\r\n\r\n", Fault::Head),
        ("HTTP/1.1 200 OK\nContent-Length: 0\n\n", Fault::Head),
        ("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n", Fault::Unasked101),
        ("SSH-2.0-OpenSSH_9.2\r\n", Fault::Head),
    ];
    for (answer, fault) in table {
        let (address, peer) = peer(async move |listener| {
            let mut wire = listener.accept().await;
            wire.head().await.unwrap();
            wire.say(answer).await;
            wire.closed().await;
        })
        .await;
        let upstream = upstream(address);
        let error = get("/").send(&upstream).await.unwrap_err();
        let UpstreamError::Protocol { fault: found, fate: Fate::Unknown } = error else {
            panic!("{answer:?}: {error}")
        };
        assert_eq!(found, fault, "{answer:?}");
        assert_eq!((upstream.counts().active, upstream.counts().idle), (0, 0));
        peer.await.unwrap();
    }
}

#[tokio::test]
async fn invariant10_an_endless_head_is_refused_at_its_bound() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 200 OK\r\n").await;
        let mut said = 0_usize;
        while wire.try_say(format!("a: {}\r\n", "x".repeat(1000))).await {
            said += 1000;
            assert!(said < 32 << 20, "the client goes on reading");
        }
    })
    .await;
    let error = get("/").send(&upstream(address)).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Protocol { fault: Fault::HeadSize, .. }), "{error}");
    peer.await.unwrap();
}

#[tokio::test]
async fn an_answer_that_is_cut_short_is_an_error_and_never_an_end() {
    let table = [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n",
    ];
    for answer in table {
        let (address, peer) = peer(async move |listener| {
            let mut wire = listener.accept().await;
            wire.head().await.unwrap();
            wire.say(answer).await;
        })
        .await;
        let upstream = upstream(address);
        let mut response = get("/").send(&upstream).await.unwrap();
        let frame = response.body_mut().frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "hello");
        let error = response.body_mut().frame().await.unwrap().unwrap_err();
        assert_eq!(error.fate(), Fate::Answered);
        let UpstreamError::Broken { source, .. } = error else { panic!("{error}") };
        assert_eq!(source.kind(), io::ErrorKind::UnexpectedEof);
        assert!(response.body_mut().frame().await.is_none(), "an error is the last thing said");
        assert_eq!((upstream.counts().active, upstream.counts().idle), (0, 0));
        peer.await.unwrap();
    }
}

#[tokio::test]
async fn a_broken_chunk_is_an_error_in_the_body() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n").await;
        wire.closed().await;
    })
    .await;
    let mut response = get("/").send(&upstream(address)).await.unwrap();
    response.body_mut().frame().await.unwrap().unwrap();
    let error = response.body_mut().frame().await.unwrap().unwrap_err();
    assert!(matches!(error, UpstreamError::Protocol { fault: Fault::Chunk, fate: Fate::Answered }), "{error}");
    peer.await.unwrap();
}

#[tokio::test]
async fn an_answer_without_a_length_ends_with_its_connection() {
    for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n"] {
        let (address, peer) = peer(async move |listener| {
            let mut wire = listener.accept().await;
            wire.head().await.unwrap();
            wire.say(head).await;
            wire.say("all that ").await;
            wire.say("comes").await;
        })
        .await;
        let upstream = upstream(address);
        assert_eq!(get("/").text(&upstream).await, (200, "all that comes".to_owned()));
        assert_eq!((upstream.counts().active, upstream.counts().idle), (0, 0));
        peer.await.unwrap();
    }
}

#[tokio::test]
async fn a_body_that_breaks_its_promise_never_becomes_a_whole_request() {
    for (length, frames, fails) in
        [(10, vec!["short"], false), (3, vec!["much too long"], false), (10, vec!["part"], true)]
    {
        let (address, peer) = peer(async move |listener| {
            let mut wire = listener.accept().await;
            while wire.fill().await {}
            let text = String::from_utf8(wire.buf).unwrap();
            let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            assert!(body.len() < length, "{text:?}");
        })
        .await;
        let upstream = upstream(address);
        let (feeder, body) = fed(Some(length as u64));
        let feed = tokio::spawn(async move {
            for frame in frames {
                feeder.data(frame).await;
            }
            if fails {
                feeder.fail("the caller went away").await;
            }
        });
        let error = post("/").with(&upstream, body).await.unwrap_err();
        assert!(matches!(error, UpstreamError::RequestBody { .. }), "{error}");
        feed.await.unwrap();
        drop(upstream);
        peer.await.unwrap();
    }
}

#[tokio::test]
async fn d42_an_answer_that_arrives_byte_by_byte_is_the_same_answer() {
    let answer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n";
    let (address, peer) = peer(async move |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        for byte in answer.as_bytes() {
            wire.say([*byte]).await;
            tokio::task::yield_now().await;
        }
        wire.closed().await;
    })
    .await;
    let upstream = upstream(address);
    let response = get("/").send(&upstream).await.unwrap();
    assert_eq!(response.headers().len(), 1);
    assert_eq!(text(response).await.1, "hello world");
    assert_eq!(upstream.counts().idle, 1);
    drop(upstream);
    peer.await.unwrap();
}
