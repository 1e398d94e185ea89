//! Fetching: `fetch` as the CLI and the readers of key sets use it.
//!
//! Owns:  its bounds, that its future may cross threads, that it follows nothing.
//! Never: TLS (see `tls`).
//! Read:  top down.

use crate::harness::{ok, peer};
use bytes::Bytes;
use egress::{Fate, Fetch, FetchError, UpstreamError, fetch};
use http::{HeaderValue, Method};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fetch_sends_one_request_and_reads_one_answer_on_any_runtime() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        let head = wire.head().await.unwrap();
        assert_eq!(wire.body(2).await, b"{}");
        wire.say(
            "HTTP/1.1 201 Created\r\nX-Id: 7\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n",
        )
        .await;
        assert!(wire.closed().await);
        head
    })
    .await;
    // Spawned, so it must be `Send`.
    let fetched = tokio::spawn(async move {
        let url = format!("http://{address}/v1/keys?limit=1");
        let mut request = Fetch::new(Method::POST, &url, None);
        request.headers.insert("authorization", HeaderValue::from_static("Bearer x"));
        request.body = Bytes::from_static(b"{}");
        fetch(request).await
    })
    .await
    .unwrap()
    .unwrap();
    assert_eq!((fetched.status.as_u16(), fetched.body), (201, Bytes::from_static(b"abcdef")));
    assert_eq!(fetched.headers["x-id"], "7");
    assert_eq!(
        peer.await.unwrap(),
        format!(
            "POST /v1/keys?limit=1 HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n"
        )
    );
}

#[tokio::test]
async fn invariant10_an_answer_over_the_bound_is_refused_not_cut() {
    let endless = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}", "a\r\n0123456789\r\n".repeat(5));
    for answer in [ok("0123456789x"), endless, "HTTP/1.1 200 OK\r\n\r\n0123456789x".to_owned()] {
        let (address, peer) = peer(async move |listener| {
            let mut wire = listener.accept().await;
            wire.head().await.unwrap();
            wire.say(&answer).await;
            wire.closed().await;
        })
        .await;
        let url = format!("http://{address}/");
        let error = fetch(Fetch { body_max: 10, ..Fetch::new(Method::GET, &url, None) }).await.unwrap_err();
        assert!(matches!(error, FetchError::TooLarge(10)), "{error}");
        peer.await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_of_just_the_bound_is_taken_and_a_redirect_is_an_answer() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 10\r\n\r\n0123456789")
            .await;
        wire.closed().await;
    })
    .await;
    let url = format!("http://{address}/");
    let fetched = fetch(Fetch { body_max: 10, ..Fetch::new(Method::GET, &url, None) }).await.unwrap();
    assert_eq!((fetched.status.as_u16(), fetched.body.len()), (302, 10));
    peer.await.unwrap();
}

#[tokio::test]
async fn invariant10_the_whole_fetch_has_one_bound_in_time() {
    for said in ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"] {
        let (address, peer) = peer(async move |listener| {
            let mut wire = listener.accept().await;
            wire.head().await.unwrap();
            wire.say(said).await;
            wire.closed().await;
        })
        .await;
        let url = format!("http://{address}/");
        let timeout = Duration::from_millis(80);
        let error = fetch(Fetch { timeout, ..Fetch::new(Method::GET, &url, None) }).await.unwrap_err();
        assert!(
            matches!(error, FetchError::Timeout(_) | FetchError::Exchange(UpstreamError::Timeout { .. })),
            "{error}"
        );
        peer.await.unwrap();
    }
}

#[tokio::test]
async fn a_url_that_cannot_be_fetched_is_refused_in_words() {
    for url in ["", "/etc/passwd", "file:///etc/passwd", "http://u:hunter2@host/", "http://host/#f"] {
        let error = fetch(Fetch::new(Method::GET, url, None)).await.unwrap_err();
        assert!(matches!(error, FetchError::Url(_)), "{url}: {error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
    let error = fetch(Fetch::new(Method::GET, "http://127.0.0.1:1/", None)).await.unwrap_err();
    assert!(matches!(&error, FetchError::Exchange(inner) if inner.fate() == Fate::NotSent), "{error}");
}
