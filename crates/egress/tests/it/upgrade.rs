//! Upgrade: 101 and what follows.
//!
//! Owns:  bytes only after the upstream's 101, bytes that came with it, the refusal of a switch that nobody asked for.
//! Never: the WebSocket protocol itself.
//! Read:  top down.

use crate::harness::{config, empty, fed, get, ok, peer, text, upstream};
use egress::{Answer, Fault, Upstream, UpstreamConfig, UpstreamError};
use http::HeaderValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn an_upgrade_passes_bytes_both_ways_from_the_101_on() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        let head = wire.head().await.unwrap();
        assert!(head.contains("\r\nupgrade: websocket\r\n") && head.contains("\r\nconnection: upgrade\r\n"), "{head}");
        assert!(head.contains("\r\nsec-websocket-key: k\r\n"), "{head}");
        wire.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: a\r\n\r\nearly ").await;
        assert_eq!(wire.body(4).await, b"ping");
        wire.say("pong").await;
        assert!(wire.closed().await);
    })
    .await;
    let upstream = Upstream::new(UpstreamConfig { total_max: 1, ..config(address) });
    let mut request = get("/socket");
    request.upgrade = Some(b"websocket");
    request.headers.insert("sec-websocket-key", HeaderValue::from_static("k"));
    let Answer::Upgraded(response, mut io) = request.raw(&upstream, empty()).await.unwrap() else {
        panic!("no upgrade")
    };
    assert_eq!(
        (response.status().as_u16(), &response.headers()["sec-websocket-accept"]),
        (101, &HeaderValue::from_static("a"))
    );
    io.write_all(b"ping").await.unwrap();
    let mut said = [0; 10];
    io.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"early pong");
    assert_eq!((upstream.counts().active, upstream.counts().idle), (1, 0), "it counts against total_max");
    io.shutdown().await.unwrap();
    assert_eq!(io.read(&mut said).await.unwrap(), 0);
    drop(io);
    assert_eq!((upstream.counts().active, upstream.counts().idle), (0, 0), "and never becomes an ordinary connection");
    peer.await.unwrap();
}

#[tokio::test]
async fn d14_dropping_an_upgraded_connection_cuts_it() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n").await;
        assert!(wire.closed().await);
    })
    .await;
    let mut request = get("/");
    request.upgrade = Some(b"websocket");
    let answer = request.raw(&upstream(address), empty()).await.unwrap();
    assert!(matches!(answer, Answer::Upgraded(..)));
    drop(answer);
    peer.await.unwrap();
}

#[tokio::test]
async fn an_upgrade_that_is_refused_is_an_ordinary_answer() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno").await;
        wire.head().await.unwrap();
        wire.say(ok("ordinary")).await;
    })
    .await;
    let upstream = upstream(address);
    let mut request = get("/");
    request.upgrade = Some(b"websocket");
    assert_eq!(request.text(&upstream).await, (403, "no".to_owned()));
    assert_eq!(get("/").text(&upstream).await.1, "ordinary");
    assert_eq!(upstream.counts().opened, 1);
    peer.await.unwrap();
}

#[tokio::test]
async fn a_switch_before_the_request_was_sent_is_refused() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n").await;
        wire.closed().await;
    })
    .await;
    let (_feeder, body) = fed(None);
    let mut request = get("/");
    request.upgrade = Some(b"websocket");
    let error = request.raw(&upstream(address), body).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Protocol { fault: Fault::Unasked101, .. }), "{error}");
    peer.await.unwrap();
}

#[tokio::test]
async fn d14_a_stream_whose_answer_is_read_to_the_end_is_not_an_upgrade() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\nok").await;
    })
    .await;
    let response = get("/").send(&upstream(address)).await.unwrap();
    assert!(response.headers().get("upgrade").is_none());
    assert_eq!(text(response).await.1, "ok");
    peer.await.unwrap();
}
