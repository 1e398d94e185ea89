//! Behind a server: the pairing that the gateway runs, hyper's server in front of `Upstream::send` on one task.
//!
//! Owns:  that a plain exchange costs one write upstream, and that bodies and trailers pass through the pair.
//! Never: the gateway's own rules.
//! Read:  top down.

use crate::harness::{Wire, ok, peer, upstream};
use egress::{Answer, HostField, RequestHead, Upstream, UpstreamBody, UpstreamError};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::rc::Rc;
use tokio::net::{TcpListener, TcpStream};

async fn forward(upstream: Rc<Upstream>, request: Request<Incoming>) -> Result<Response<UpstreamBody>, UpstreamError> {
    let (parts, body) = request.into_parts();
    let head = RequestHead {
        method: &parts.method,
        path_and_query: parts.uri.path_and_query().map_or(&b"/"[..], |path| path.as_str().as_bytes()),
        headers: &parts.headers,
        prepared: None,
        extra: &[],
        host: HostField::Target,
        upgrade: None,
        trailers: parts.headers.get("te").is_some_and(|te| te == "trailers"),
    };
    match upstream.send(head, body).await? {
        Answer::Response(response) => Ok(response),
        Answer::Upgraded(..) => panic!("an upgrade that nobody asked for"),
    }
}

/// Runs `caller` against a server that forwards everything to `upstream`.
async fn through<T>(upstream: Rc<Upstream>, caller: impl AsyncFnOnce(Wire) -> T) -> T {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (accepted, _) = listener.accept().await.unwrap();
    let service = service_fn(|request| forward(Rc::clone(&upstream), request));
    let server = http1::Builder::new().serve_connection(TokioIo::new(accepted), service);
    let (_, result) = tokio::join!(server, caller(Wire { stream, buf: Vec::new(), reads: 0 }));
    result
}

#[tokio::test]
async fn a_plain_exchange_is_one_write_upstream() {
    let requests = [
        "GET /a HTTP/1.1\r\nhost: h\r\n\r\n",
        "POST /a HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nhello",
        "POST /a HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ];
    let (address, peer) = peer(async move |listener| {
        let mut wire = listener.accept().await;
        for request in requests {
            let head = wire.head().await.unwrap();
            assert!(head.contains(" /a HTTP/1.1\r\n"), "{head}");
            if request.contains("content-length") {
                assert_eq!(wire.body(5).await, b"hello");
            }
            if request.contains("chunked") {
                wire.until(b"5\r\nhello\r\n0\r\n\r\n").await;
            }
            wire.say(ok("answer")).await;
        }
    })
    .await;
    let upstream = upstream(address);
    through(Rc::clone(&upstream), async |mut caller| {
        for (turn, request) in requests.iter().enumerate() {
            caller.say(request).await;
            let head = caller.head().await.unwrap().to_ascii_lowercase();
            assert!(head.contains("\r\ncontent-length: 6\r\n"), "{head}");
            assert_eq!(caller.body(6).await, b"answer");
            assert_eq!(upstream.counts().writes, turn as u64 + 1, "more than one write upstream: {request:?}");
        }
    })
    .await;
    peer.await.unwrap();
}

#[tokio::test]
async fn a_slow_upload_is_passed_on_as_it_comes_and_trailers_arrive() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 200 OK\r\nTrailer: x-sum\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        for turn in 0..3 {
            wire.until(format!("4\r\nask{turn}\r\n").as_bytes()).await;
            wire.say(format!("7\r\nanswer{turn}\r\n")).await;
        }
        wire.until(b"0\r\nx-in: 1\r\n\r\n").await;
        wire.say("0\r\nx-sum: 9\r\n\r\n").await;
    })
    .await;
    through(upstream(address), async |mut caller| {
        caller
            .say("POST / HTTP/1.1\r\nhost: h\r\nte: trailers\r\ntrailer: x-in\r\ntransfer-encoding: chunked\r\n\r\n")
            .await;
        caller.head().await.unwrap();
        for turn in 0..3 {
            caller.say(format!("4\r\nask{turn}\r\n")).await;
            caller.until(format!("7\r\nanswer{turn}\r\n").as_bytes()).await;
        }
        caller.say("0\r\nx-in: 1\r\n\r\n").await;
        caller.until(b"0\r\nx-sum: 9\r\n\r\n").await;
    })
    .await;
    peer.await.unwrap();
}

#[tokio::test]
async fn a_caller_that_goes_away_closes_the_upstreams_connection() {
    let (seen, saw) = tokio::sync::oneshot::channel();
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.until(b"hello").await;
        seen.send(()).unwrap();
        assert!(wire.closed().await);
    })
    .await;
    let upstream = upstream(address);
    through(Rc::clone(&upstream), async |mut caller| {
        caller.say("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\nhello").await;
        saw.await.unwrap();
    })
    .await;
    assert_eq!((upstream.counts().active, upstream.counts().idle), (0, 0));
    peer.await.unwrap();
}

#[tokio::test]
async fn a_head_request_gets_the_length_and_nothing_else() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.head().await.unwrap();
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await;
        wire.head().await.unwrap();
        wire.say(ok("plain")).await;
    })
    .await;
    through(upstream(address), async |mut caller| {
        caller.say("HEAD / HTTP/1.1\r\nhost: h\r\n\r\n").await;
        let head = caller.head().await.unwrap();
        assert!(head.to_ascii_lowercase().contains("content-length: 1000\r\n"), "{head}");
        caller.say("GET / HTTP/1.1\r\nhost: h\r\n\r\n").await;
        assert!(caller.head().await.unwrap().starts_with("HTTP/1.1 200"));
        assert_eq!(caller.body(5).await, b"plain");
    })
    .await;
    peer.await.unwrap();
}
