//! Streams: large bodies and trailers, both ways.
//!
//! Owns:  flat memory, back pressure, trailers.
//! Never: a body that is held whole.
//! Read:  top down.

use crate::harness::{fed, get, peer, post, text, upstream};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use std::cell::Cell;
use std::rc::Rc;

/// What flows in each direction.
const TOTAL: usize = 64 << 20;
/// What the process may grow by meanwhile: socket buffers, some reads, the test's own.
const GROWTH_MAX: usize = 20 << 20;

/// The most memory that this process ever held, in bytes.
fn high_water() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

async fn stream_both_ways(length: Option<u64>, response_head: &'static str, chunked: bool) {
    let (address, peer) = peer(async move |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        let mut got = wire.buf.len();
        let mut last = wire.buf.split_off(wire.buf.len().saturating_sub(5));
        wire.say(response_head).await;
        let piece = vec![b'x'; 1 << 16];
        let mut said = 0;
        // Half in, half out in turn, so that both directions flow at once.
        while said < TOTAL || got < TOTAL {
            if got < TOTAL && wire.fill().await {
                got += wire.buf.len();
                last = wire.buf.split_off(wire.buf.len().saturating_sub(5));
                wire.buf.clear();
            }
            if said < TOTAL {
                if chunked {
                    wire.say(format!("{:x}\r\n", piece.len())).await;
                }
                wire.say(&piece).await;
                said += piece.len();
                if chunked {
                    wire.say("\r\n").await;
                }
            }
        }
        if chunked {
            while last != b"0\r\n\r\n" {
                last.extend_from_slice(&std::mem::take(&mut wire.buf));
                last = last.split_off(last.len().saturating_sub(5));
                if last != b"0\r\n\r\n" {
                    assert!(wire.fill().await);
                }
            }
            wire.say("0\r\n\r\n").await;
        }
        assert!(wire.closed().await);
    })
    .await;
    let upstream = upstream(address);
    let (feeder, body) = fed(length);
    let piece = Bytes::from(vec![b'y'; 1 << 15]);
    let before = high_water();
    let feed = tokio::spawn(async move {
        for _ in 0..TOTAL / piece.len() {
            assert!(feeder.data(piece.clone()).await);
        }
    });
    let mut response = post("/").with(&upstream, body).await.unwrap();
    let mut got = 0;
    while let Some(frame) = response.body_mut().frame().await {
        got += frame.unwrap().into_data().unwrap().len();
    }
    feed.await.unwrap();
    assert_eq!(got, TOTAL);
    assert_eq!(upstream.counts().idle, 1, "all of both was read");
    drop(upstream);
    peer.await.unwrap();
    let grown = high_water() - before;
    assert!(grown < GROWTH_MAX, "memory grew by {grown} bytes");
}

#[tokio::test]
async fn d36_large_bodies_with_a_length_stream_both_ways_in_flat_memory() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n";
    stream_both_ways(Some(TOTAL as u64), head, false).await;
}

#[tokio::test]
async fn d36_large_chunked_bodies_stream_both_ways_in_flat_memory() {
    stream_both_ways(None, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true).await;
}

#[tokio::test]
async fn a_slow_upstream_holds_the_caller_back() {
    let (address, peer) = peer(async |listener| {
        let wire = listener.accept().await;
        (listener, wire)
    })
    .await;
    let upstream = upstream(address);
    let (feeder, body) = fed(None);
    let taken = Rc::new(Cell::new(0_usize));
    let request = post("/");
    let feed = async {
        while feeder.data(vec![0; 1 << 16]).await {
            taken.set(taken.get() + (1 << 16));
        }
    };
    let watch = async {
        // Once nothing more is taken for a while, everything that can be held is held.
        let mut seen = usize::MAX;
        while seen != taken.get() {
            seen = taken.get();
            tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        }
    };
    tokio::select! {
        _ = request.with(&upstream, body) => panic!("nobody answered"),
        () = feed => panic!("the body was dropped"),
        () = watch => {}
    }
    assert!(taken.get() < 32 << 20, "{} bytes were taken for an upstream that reads nothing", taken.get());
    peer.await.unwrap();
}

#[tokio::test]
async fn trailers_pass_both_ways() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        let head = wire.head().await.unwrap();
        assert!(head.contains("\r\nte: trailers\r\n") && head.contains("\r\nconnection: te\r\n"), "{head}");
        assert!(head.contains("\r\ntransfer-encoding: chunked\r\n") && head.contains("\r\ntrailer: x-sum\r\n"), "{head}");
        let body = wire.until(b"\r\n0\r\nx-sum: 7\r\n\r\n").await;
        assert_eq!(body, b"5\r\nhello\r\n0\r\nx-sum: 7\r\n\r\n");
        wire.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 8\r\nHost: evil\r\n\r\n").await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 204 x\r\n\r\n").await;
    })
    .await;
    let upstream = upstream(address);
    let (feeder, body) = fed(None);
    let feed = tokio::spawn(async move {
        feeder.data("hello").await;
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", HeaderValue::from_static("7"));
        trailers.insert("content-length", HeaderValue::from_static("7"));
        feeder.trailers(trailers).await;
    });
    let mut request = post("/");
    request.trailers = true;
    request.headers.insert("trailer", HeaderValue::from_static("x-sum"));
    let response = request.with(&upstream, body).await.unwrap();
    feed.await.unwrap();
    assert_eq!(response.headers()["trailer"], "x-sum");
    let collected = response.into_body().collect().await.unwrap();
    let trailers = collected.trailers().unwrap();
    assert_eq!((trailers.len(), &trailers["x-sum"]), (1, &HeaderValue::from_static("8")));
    assert_eq!(collected.to_bytes(), "ok");
    assert_eq!(get("/").text(&upstream).await.0, 204);
    assert_eq!(upstream.counts().opened, 1);
    peer.await.unwrap();
}

#[tokio::test]
async fn a_large_frame_and_small_ones_keep_their_order_in_chunks() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        let mut expected = b"2\r\nab\r\n".to_vec();
        expected.extend_from_slice(b"186a0\r\n");
        expected.extend(std::iter::repeat_n(b'L', 100_000));
        expected.extend_from_slice(b"\r\n2\r\ncd\r\n0\r\n\r\n");
        assert!(wire.body(expected.len()).await == expected, "the chunks are not what was sent");
        wire.say("HTTP/1.1 204 x\r\n\r\n").await;
    })
    .await;
    let upstream = upstream(address);
    let (feeder, body) = fed(None);
    let feed = tokio::spawn(async move {
        feeder.data("ab").await;
        feeder.data(Bytes::new()).await;
        feeder.data(vec![b'L'; 100_000]).await;
        feeder.data("cd").await;
    });
    assert_eq!(text(post("/").with(&upstream, body).await.unwrap()).await.0, 204);
    feed.await.unwrap();
    peer.await.unwrap();
}
