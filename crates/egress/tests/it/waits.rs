//! Waits: every one ends, with its own name.
//!
//! Owns:  the timeouts and the bounded queue for a connection (invariant 10).
//! Never: a wait longer than the test states.
//! Read:  top down.

use crate::harness::{config, fed, full, get, ok, peer, post, text};
use egress::{Fate, Upstream, UpstreamConfig, UpstreamError, Wait};
use http_body_util::BodyExt;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(80);

fn timed_out(error: &UpstreamError) -> (Wait, Fate, bool) {
    let UpstreamError::Timeout { wait, fate } = error else { panic!("{error}") };
    (*wait, *fate, error.is_upstream_timeout())
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_is_given_up_and_its_connection_closed() {
    for said in ["", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 100 Continue\r\n\r\n"] {
        let (address, peer) = peer(async move |listener| {
            let mut wire = listener.accept().await;
            wire.head().await.unwrap();
            wire.say(said).await;
            assert!(wire.closed().await);
        })
        .await;
        let upstream = Upstream::new(UpstreamConfig { head_timeout: SHORT, ..config(address) });
        let error = get("/").send(&upstream).await.unwrap_err();
        assert_eq!(timed_out(&error), (Wait::ResponseHead, Fate::Unknown, true));
        assert_eq!((upstream.counts().active, upstream.counts().idle), (0, 0));
        peer.await.unwrap();
    }
}

#[tokio::test]
async fn the_wait_for_the_head_begins_when_the_request_is_sent() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.until(b"0\r\n\r\n").await;
        wire.say(ok("in time")).await;
    })
    .await;
    let upstream = Upstream::new(UpstreamConfig { head_timeout: SHORT, ..config(address) });
    let (feeder, body) = fed(None);
    let feed = tokio::spawn(async move {
        for _ in 0..6 {
            feeder.data("more").await;
            tokio::time::sleep(SHORT / 2).await;
        }
    });
    assert_eq!(text(post("/").with(&upstream, body).await.unwrap()).await.1, "in time");
    feed.await.unwrap();
    peer.await.unwrap();
}

#[tokio::test]
async fn an_answer_that_stops_in_the_middle_is_given_up() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello").await;
        assert!(wire.closed().await);
    })
    .await;
    let upstream = Upstream::new(UpstreamConfig { idle_body_timeout: SHORT, ..config(address) });
    let mut response = get("/").send(&upstream).await.unwrap();
    response.body_mut().frame().await.unwrap().unwrap();
    let error = response.body_mut().frame().await.unwrap().unwrap_err();
    assert_eq!(timed_out(&error), (Wait::ResponseBody, Fate::Answered, true));
    drop(upstream);
    peer.await.unwrap();
}

#[tokio::test]
async fn an_answer_that_keeps_coming_is_not_given_up() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        for _ in 0..6 {
            wire.say("1\r\nx\r\n").await;
            tokio::time::sleep(SHORT / 2).await;
        }
        wire.say("0\r\n\r\n").await;
    })
    .await;
    let upstream = Upstream::new(UpstreamConfig { idle_body_timeout: SHORT, head_timeout: SHORT, ..config(address) });
    assert_eq!(get("/").text(&upstream).await.1, "xxxxxx");
    peer.await.unwrap();
}

#[tokio::test]
async fn a_reader_that_takes_its_time_does_not_use_up_the_upstreams() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello").await;
        tokio::time::sleep(SHORT * 2).await;
        wire.say("world").await;
        wire.closed().await
    })
    .await;
    let upstream = Upstream::new(UpstreamConfig { idle_body_timeout: SHORT, ..config(address) });
    let mut response = get("/").send(&upstream).await.unwrap();
    response.body_mut().frame().await.unwrap().unwrap();
    tokio::time::sleep(SHORT * 3).await;
    assert_eq!(response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap(), "world");
    drop(upstream);
    assert!(peer.await.unwrap());
}

#[tokio::test]
async fn an_upstream_that_stops_reading_is_given_up() {
    let (address, peer) = peer(async |listener| {
        let wire = listener.accept().await;
        (listener, wire)
    })
    .await;
    let upstream = Upstream::new(UpstreamConfig { idle_body_timeout: SHORT, ..config(address) });
    let (feeder, body) = fed(None);
    let feed = tokio::spawn(async move { while feeder.data(vec![0; 64 * 1024]).await {} });
    let error = post("/").with(&upstream, body).await.unwrap_err();
    assert_eq!(timed_out(&error), (Wait::RequestWrite, Fate::Unknown, true));
    feed.await.unwrap();
    peer.await.unwrap();
}

#[tokio::test]
async fn a_caller_that_stops_sending_is_given_up_and_not_the_upstreams_fault() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.closed().await;
    })
    .await;
    let upstream = Upstream::new(UpstreamConfig { idle_body_timeout: SHORT, ..config(address) });
    let (feeder, body) = fed(Some(10));
    feeder.data("hello").await;
    let error = post("/").with(&upstream, body).await.unwrap_err();
    assert_eq!(timed_out(&error), (Wait::RequestBody, Fate::Unknown, false));
    peer.await.unwrap();
}

#[tokio::test]
async fn a_timer_left_over_from_one_request_does_not_end_the_next() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        for _ in 0..5 {
            wire.head().await.unwrap();
            tokio::time::sleep(SHORT / 2).await;
            wire.say(ok("")).await;
        }
    })
    .await;
    let upstream = Upstream::new(UpstreamConfig { head_timeout: SHORT, ..config(address) });
    for _ in 0..5 {
        assert_eq!(get("/").text(&upstream).await.0, 200);
    }
    assert_eq!(upstream.counts().opened, 1);
    peer.await.unwrap();
}

#[tokio::test]
async fn invariant10_connections_are_bounded_and_so_is_the_wait_for_one() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello").await;
        assert!(wire.head().await.is_none(), "no second request came while this one was unfinished");
    })
    .await;
    let upstream =
        Upstream::new(UpstreamConfig { total_max: 1, waiting_max: 1, acquire_timeout: SHORT, ..config(address) });
    let held = get("/").send(&upstream).await.unwrap();
    let (waits, refused) = (post("/"), post("/"));
    let (waited, refused) = tokio::join!(waits.with(&upstream, full("x")), async {
        assert_eq!(upstream.counts().waiting, 1);
        refused.with(&upstream, full("x")).await
    });
    assert!(matches!(refused.unwrap_err(), UpstreamError::Busy));
    assert_eq!(timed_out(&waited.unwrap_err()), (Wait::Connection, Fate::NotSent, true));
    assert_eq!((upstream.counts().active, upstream.counts().waiting), (1, 0));
    drop(held);
    peer.await.unwrap();
}

#[tokio::test]
async fn a_waiting_request_goes_on_with_the_connection_that_comes_free() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        for _ in 0..4 {
            let head = wire.head().await.unwrap();
            let path = head.split(' ').nth(1).unwrap().to_owned();
            wire.say(ok(&path)).await;
        }
    })
    .await;
    let upstream = Upstream::new(UpstreamConfig { total_max: 1, ..config(address) });
    let asks = [get("/a"), get("/b"), get("/c"), get("/d")];
    let [a, b, c, d] = &asks;
    let answers = tokio::join!(a.text(&upstream), b.text(&upstream), c.text(&upstream), d.text(&upstream));
    let (a, b, c, d) = answers;
    assert_eq!([a.1, b.1, c.1, d.1], ["/a", "/b", "/c", "/d"]);
    assert_eq!((upstream.counts().opened, upstream.counts().idle), (1, 1));
    peer.await.unwrap();
}
