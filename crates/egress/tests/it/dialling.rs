//! Dialling: from a name to a socket, and the ways to fail before anything is sent.
//!
//! Owns:  refused, unknown, silent; the next address; what a bad request costs.
//! Never: certificates (see `tls`).
//! Read:  top down.

use crate::harness::{config, empty, get, ok, peer, upstream};
use egress::{
    Fate, HostField, RequestHead, Target, TrustRoots, Upstream, UpstreamConfig, UpstreamError, Wait, client_config,
};
use http::{HeaderMap, Method};
use std::time::Duration;
use tokio::net::TcpListener;

#[tokio::test]
async fn d40_a_refused_connection_was_never_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let upstream = upstream(address);
    let error = get("/").send(&upstream).await.unwrap_err();
    assert!(
        matches!(&error, UpstreamError::Connect(source) if source.kind() == std::io::ErrorKind::ConnectionRefused),
        "{error}"
    );
    assert_eq!((error.fate(), error.is_upstream_timeout()), (Fate::NotSent, false));
    assert_eq!(upstream.counts().active, 0);
}

#[tokio::test]
async fn d40_an_unknown_name_was_never_sent() {
    let target = Target::parse("http://no-such-host.invalid").unwrap();
    let upstream = Upstream::new(UpstreamConfig::new(target, None));
    let error = get("/").send(&upstream).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Resolve(_) | UpstreamError::Timeout { wait: Wait::Connect, .. }), "{error}");
    assert_eq!(error.fate(), Fate::NotSent);
}

#[tokio::test]
async fn the_next_address_of_a_name_is_tried() {
    // `localhost` is ::1 first on many machines; only 127.0.0.1 listens.
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        let head = wire.head().await.unwrap();
        wire.say(ok("here")).await;
        head
    })
    .await;
    let target = Target::parse(&format!("http://localhost:{}", address.port())).unwrap();
    let upstream = Upstream::new(UpstreamConfig::new(target, None));
    assert_eq!(get("/").text(&upstream).await.1, "here");
    let host = format!("\r\nhost: localhost:{}\r\n", address.port());
    assert!(peer.await.unwrap().contains(&host));
}

#[tokio::test]
async fn d40_a_handshake_that_never_ends_was_never_sent() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        while wire.fill().await {}
    })
    .await;
    let (pem, _) = crate::tls::authority();
    let tls = client_config(TrustRoots::CaFile(pem.as_bytes())).unwrap();
    let target = Target::parse(&format!("https://{address}")).unwrap();
    let connect_timeout = Duration::from_millis(80);
    let upstream = Upstream::new(UpstreamConfig { connect_timeout, ..UpstreamConfig::new(target, Some(tls)) });
    let error = get("/").send(&upstream).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Timeout { wait: Wait::Connect, fate: Fate::NotSent }), "{error}");
    assert_eq!(upstream.counts().active, 0);
    peer.await.unwrap();
}

#[tokio::test]
async fn a_request_that_cannot_be_written_costs_no_connection() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        for _ in 0..2 {
            wire.head().await.unwrap();
            wire.say(ok("")).await;
        }
    })
    .await;
    let upstream = upstream(address);
    get("/").text(&upstream).await;
    let headers = HeaderMap::new();
    let head = RequestHead {
        method: &Method::GET,
        path_and_query: b"/a b",
        headers: &headers,
        prepared: None,
        extra: &[],
        host: HostField::Target,
        upgrade: None,
        trailers: false,
    };
    let error = upstream.send(head, empty()).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Request(_)), "{error}");
    assert_eq!(error.fate(), Fate::NotSent);
    get("/").text(&upstream).await;
    assert_eq!(upstream.counts().opened, 1);
    peer.await.unwrap();
}

#[tokio::test]
async fn an_https_target_without_settings_is_refused_before_dialling() {
    let target = Target::parse("https://127.0.0.1:1").unwrap();
    let upstream = Upstream::new(UpstreamConfig::new(target, None));
    let error = get("/").send(&upstream).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Tls(egress::TlsFault::NotConfigured)), "{error}");
}

#[tokio::test]
async fn the_base_path_and_the_callers_host_are_sent() {
    let (address, peer) = peer(async |listener| {
        let mut wire = listener.accept().await;
        let head = wire.head().await.unwrap();
        wire.say(ok("")).await;
        head
    })
    .await;
    let target = Target::parse(&format!("http://{address}/base/")).unwrap();
    let upstream = Upstream::new(UpstreamConfig { target, ..config(address) });
    let headers = HeaderMap::new();
    let head = RequestHead {
        method: &Method::GET,
        path_and_query: b"/v1/a?b=c",
        headers: &headers,
        prepared: None,
        extra: &[],
        host: HostField::Value(b"api.example"),
        upgrade: None,
        trailers: false,
    };
    upstream.send(head, empty()).await.unwrap();
    assert_eq!(peer.await.unwrap(), "GET /base/v1/a?b=c HTTP/1.1\r\nhost: api.example\r\n\r\n");
}
