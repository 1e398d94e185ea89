//! Early: answers that come before the request was sent.
//!
//! Owns:  413 in the middle of an upload, answers that stream while the request does, interim answers.
//! Never: trailers (see `streams`).
//! Read:  top down.

use crate::harness::{fed, full, get, ok, peer, post, text, upstream};
use egress::{Fate, Fault, UpstreamError};
use http_body_util::BodyExt;

#[tokio::test]
async fn an_early_refusal_is_delivered_and_the_upload_stops() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\ntoo large").await;
        wire.closed().await;
    })
    .await;
    let upstream = upstream(address);
    let (feeder, body) = fed(Some(1 << 40));
    let feed = tokio::spawn(async move { while feeder.data(vec![7; 64 * 1024]).await {} });
    let response = post("/").with(&upstream, body).await.unwrap();
    feed.await.unwrap();
    assert_eq!(text(response).await, (413, "too large".to_owned()));
    assert_eq!((upstream.counts().active, upstream.counts().idle), (0, 0), "the connection is not used again");
    peer.await.unwrap();
}

#[tokio::test]
async fn an_early_refusal_is_delivered_even_when_the_upstream_hangs_up_on_the_upload() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 9\r\n\r\ntoo large").await;
        // Dropped with unread bytes: the system resets the connection.
    })
    .await;
    let upstream = upstream(address);
    let (feeder, body) = fed(Some(1 << 40));
    let feed = tokio::spawn(async move { while feeder.data(vec![7; 64 * 1024]).await {} });
    let response = post("/").with(&upstream, body).await.unwrap();
    assert_eq!(text(response).await, (413, "too large".to_owned()));
    feed.await.unwrap();
    peer.await.unwrap();
}

#[tokio::test]
async fn an_upload_that_is_answered_by_hanging_up_is_broken_with_unknown_outcome() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
    })
    .await;
    let upstream = upstream(address);
    let (feeder, body) = fed(Some(1 << 40));
    let feed = tokio::spawn(async move { while feeder.data(vec![7; 64 * 1024]).await {} });
    let error = post("/").with(&upstream, body).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Broken { fate: Fate::Unknown, .. }), "{error}");
    feed.await.unwrap();
    peer.await.unwrap();
}

#[tokio::test]
async fn a_willing_upstream_gets_the_rest_while_its_answer_is_read() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        for turn in 0..3 {
            wire.until(format!("4\r\nask{turn}\r\n").as_bytes()).await;
            wire.say(format!("7\r\nanswer{turn}\r\n")).await;
        }
        wire.until(b"0\r\n\r\n").await;
        wire.say("0\r\n\r\n").await;
        wire.head().await.unwrap();
        wire.say(ok("next")).await;
    })
    .await;
    let upstream = upstream(address);
    let (feeder, body) = fed(None);
    let mut response = post("/").with(&upstream, body).await.unwrap();
    for turn in 0..3 {
        assert!(feeder.data(format!("ask{turn}")).await);
        let frame = response.body_mut().frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), format!("answer{turn}"));
    }
    drop(feeder);
    assert!(response.body_mut().frame().await.is_none());
    assert_eq!(upstream.counts().idle, 1, "both directions ended cleanly");
    assert_eq!(get("/").text(&upstream).await.1, "next");
    peer.await.unwrap();
}

#[tokio::test]
async fn an_answer_that_ends_before_its_request_ends_the_connection() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say(ok("enough")).await;
        wire.closed().await;
    })
    .await;
    let upstream = upstream(address);
    let (feeder, body) = fed(None);
    let response = post("/").with(&upstream, body).await.unwrap();
    assert_eq!(text(response).await, (200, "enough".to_owned()));
    feeder.dropped().await;
    assert_eq!((upstream.counts().active, upstream.counts().idle), (0, 0));
    peer.await.unwrap();
}

#[tokio::test]
async fn d42_a_request_that_fails_after_its_answer_began_ends_the_connection() {
    let (seen, saw) = tokio::sync::oneshot::channel();
    let (go, gone) = tokio::sync::oneshot::channel();
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nans").await;
        wire.until(b"half").await;
        seen.send(()).unwrap();
        gone.await.unwrap();
        wire.say("wer").await;
        assert!(wire.closed().await, "what comes next would be read as the other half");
    })
    .await;
    let upstream = upstream(address);
    let (feeder, body) = fed(Some(8));
    let feed = async {
        feeder.data("half").await;
        saw.await.unwrap();
        feeder.fail("the caller went away").await;
        feeder.dropped().await;
        go.send(()).unwrap();
    };
    let mut response = post("/").with(&upstream, body).await.unwrap();
    response.body_mut().frame().await.unwrap().unwrap();
    let (last, ()) = tokio::join!(response.body_mut().frame(), feed);
    assert_eq!(last.unwrap().unwrap().into_data().unwrap(), "wer");
    assert_eq!((upstream.counts().active, upstream.counts().idle), (0, 0));
    peer.await.unwrap();
}

#[tokio::test]
async fn interim_answers_are_passed_over_up_to_a_bound() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").await;
        wire.say(ok("final")).await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 100 Continue\r\n\r\n".repeat(17)).await;
        wire.closed().await;
    })
    .await;
    let upstream = upstream(address);
    let response = get("/").send(&upstream).await.unwrap();
    assert!(!response.headers().contains_key("link"));
    assert_eq!(text(response).await.1, "final");
    let error = post("/").with(&upstream, full("x")).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Protocol { fault: Fault::Interim, fate: Fate::Unknown }), "{error}");
    assert_eq!((upstream.counts().active, upstream.counts().idle), (0, 0));
    peer.await.unwrap();
}
