//! TLS: certificates that are good, and each way for one not to be.
//!
//! Owns:  the verified handshake, its typed faults, ALPN, closing without notice.
//! Never: a certificate from outside the test.
//! Read:  top down.

use crate::harness::{fed, get, post, text};
use bytes::Bytes;
use egress::{
    Fate, Fetch, Target, TlsFault, TrustError, TrustRoots, Upstream, UpstreamConfig, UpstreamError, client_config,
    fetch,
};
use http::Method;
use http_body_util::BodyExt;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls_pki_types::PrivatePkcs8KeyDer;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// An authority: its certificate as PEM, and what it signs with.
pub(crate) fn authority() -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    (pem, Issuer::new(params, key))
}

fn server(
    issuer: &Issuer<'static, KeyPair>,
    name: &str,
    change: impl FnOnce(&mut CertificateParams),
) -> Arc<ServerConfig> {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

/// Answers each request head with `answer`, on as many connections as come; whether a handshake succeeded, in turn.
async fn peer(config: Arc<ServerConfig>, answer: String) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let Ok(mut tls) = TlsAcceptor::from(Arc::clone(&config)).accept(tcp).await else { continue };
            assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
            let mut seen = Vec::new();
            while tls.read_buf(&mut seen).await.is_ok_and(|count| count > 0) {
                if seen.ends_with(b"\r\n\r\n") {
                    seen.clear();
                    tls.write_all(answer.as_bytes()).await.unwrap();
                    tls.flush().await.unwrap();
                    if !answer.contains("Content-Length") && !answer.contains("Transfer-Encoding") {
                        // Gone without a word of farewell, as somebody in between would cut it.
                        break;
                    }
                }
            }
        }
    });
    (address, task)
}

fn client(address: SocketAddr, host: &str, pem: &str) -> Rc<Upstream> {
    let tls = client_config(TrustRoots::CaFile(pem.as_bytes())).unwrap();
    let target = Target::parse(&format!("https://{host}:{}/", address.port())).unwrap();
    Upstream::new(UpstreamConfig::new(target, Some(tls)))
}

#[tokio::test]
async fn r63_a_verified_connection_carries_requests_and_is_reused() {
    let (pem, issuer) = authority();
    for (name, host) in [("localhost", "localhost"), ("127.0.0.1", "127.0.0.1")] {
        let (address, peer) = peer(server(&issuer, name, |_| ()), crate::harness::ok("secret")).await;
        let upstream = client(address, host, &pem);
        for _ in 0..3 {
            assert_eq!(get("/").text(&upstream).await, (200, "secret".to_owned()));
        }
        assert_eq!((upstream.counts().opened, upstream.counts().reused), (1, 2), "session tickets do not spoil it");
        peer.abort();
    }
}

#[tokio::test]
async fn r63_a_certificate_that_is_not_good_is_refused_with_the_reason() {
    let (pem, issuer) = authority();
    let (other_pem, _) = authority();
    let expired = |params: &mut CertificateParams| {
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
    };
    let future = |params: &mut CertificateParams| {
        params.not_before = date_time_ymd(2090, 1, 1);
        params.not_after = date_time_ymd(2091, 1, 1);
    };
    let table = [
        (server(&issuer, "other.example", |_| ()), &pem, TlsFault::WrongName),
        (server(&issuer, "localhost", expired), &pem, TlsFault::Expired),
        (server(&issuer, "localhost", future), &pem, TlsFault::NotYetValid),
        (server(&issuer, "localhost", |_| ()), &other_pem, TlsFault::Untrusted),
    ];
    for (config, pem, fault) in table {
        let (address, peer) = peer(config, crate::harness::ok("secret")).await;
        let upstream = client(address, "localhost", pem);
        let error = get("/").send(&upstream).await.unwrap_err();
        assert_eq!(error.fate(), Fate::NotSent);
        let UpstreamError::Tls(found) = error else { panic!("{fault:?}: {error}") };
        assert_eq!(found, fault);
        assert_eq!(upstream.counts().active, 0);
        peer.abort();
    }
}

#[tokio::test]
async fn an_upstream_that_speaks_no_tls_is_told_apart() {
    let (pem, _) = authority();
    let (address, peer) = crate::harness::peer(async |listener| {
        let mut wire = listener.accept().await;
        wire.fill().await;
        wire.try_say("HTTP/1.1 400 Bad Request\r\n\r\n").await;
        wire.closed().await;
    })
    .await;
    let error = get("/").send(&client(address, "localhost", &pem)).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Tls(TlsFault::Handshake(_))), "{error}");
    peer.await.unwrap();
}

#[tokio::test]
async fn an_answer_cut_off_inside_tls_is_not_taken_for_its_end() {
    let (pem, issuer) = authority();
    let (address, peer) = peer(server(&issuer, "localhost", |_| ()), "HTTP/1.1 200 OK\r\n\r\nhalf of".to_owned()).await;
    let response = get("/").send(&client(address, "localhost", &pem)).await.unwrap();
    let error = response.into_body().collect().await.unwrap_err();
    assert!(matches!(error, UpstreamError::Broken { fate: Fate::Answered, .. }), "{error}");
    peer.abort();
}

#[tokio::test]
async fn large_frames_pass_through_tls_whole() {
    const SIZE: usize = 3_000_000;
    let (pem, issuer) = authority();
    let config = server(&issuer, "localhost", |_| ());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let peer = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut tls = TlsAcceptor::from(config).accept(tcp).await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\n0\r\n\r\n") {
            assert!(tls.read_buf(&mut seen).await.unwrap() > 0);
        }
        let count = seen.iter().filter(|byte| **byte == b'\xff').count();
        tls.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {count}\r\n\r\n").as_bytes()).await.unwrap();
        tls.write_all(&vec![0xfe; count]).await.unwrap();
        tls.flush().await.unwrap();
        tls.shutdown().await.unwrap();
    });
    let (feeder, body) = fed(None);
    let feed = tokio::spawn(async move {
        feeder.data(vec![0xff; SIZE - 2]).await;
        feeder.data(vec![0xff; 2]).await;
    });
    let response = post("/").with(&client(address, "localhost", &pem), body).await.unwrap();
    let got = response.into_body().collect().await.unwrap().to_bytes();
    assert!(got.len() == SIZE && got.iter().all(|byte| *byte == 0xfe));
    feed.await.unwrap();
    peer.await.unwrap();
}

#[tokio::test]
async fn fetch_speaks_tls_with_the_settings_it_is_given() {
    let (pem, issuer) = authority();
    let (address, peer) = peer(server(&issuer, "localhost", |_| ()), crate::harness::ok("keys")).await;
    let url = format!("https://localhost:{}/jwks.json", address.port());
    let tls = client_config(TrustRoots::CaFile(pem.as_bytes())).unwrap();
    let fetched = fetch(Fetch::new(Method::GET, &url, Some(tls))).await.unwrap();
    assert_eq!((fetched.status.as_u16(), fetched.body), (200, Bytes::from_static(b"keys")));
    assert!(fetch(Fetch::new(Method::GET, &url, None)).await.unwrap_err().to_string().contains("TLS"));
    peer.abort();
}

#[test]
fn a_ca_file_without_certificates_is_refused_in_words() {
    assert!(matches!(client_config(TrustRoots::CaFile(b"")), Err(TrustError::Empty)));
    assert!(matches!(client_config(TrustRoots::CaFile(b"not pem at all")), Err(TrustError::Empty)));
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(client_config(TrustRoots::CaFile(broken)), Err(TrustError::Certificate { index: 1, .. })));
    let (pem, issuer) = authority();
    drop(issuer);
    let config = client_config(TrustRoots::CaFile(format!("{pem}{pem}").as_bytes())).unwrap();
    assert_eq!(config.alpn_protocols, [b"http/1.1"]);
}

#[test]
fn the_machines_trust_store_is_used_or_its_absence_said_in_words() {
    match client_config(TrustRoots::Platform) {
        Ok(config) => assert_eq!(config.alpn_protocols, [b"http/1.1"]),
        Err(error) => assert!(error.to_string().contains("ca-certificates"), "{error}"),
    }
}

#[tokio::test]
async fn an_upstream_closing_tls_politely_leaves_no_dead_connection() {
    let (pem, issuer) = authority();
    let config = server(&issuer, "localhost", |_| ());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let peer = tokio::spawn(async move {
        for body in ["first", "second"] {
            let (tcp, _) = listener.accept().await.unwrap();
            let mut tls = TlsAcceptor::from(Arc::clone(&config)).accept(tcp).await.unwrap();
            let mut seen = Vec::new();
            while !seen.ends_with(b"\r\n\r\n") {
                assert!(tls.read_buf(&mut seen).await.unwrap() > 0);
            }
            tls.write_all(crate::harness::ok(body).as_bytes()).await.unwrap();
            tls.shutdown().await.unwrap();
        }
    });
    let upstream = client(address, "localhost", &pem);
    assert_eq!(text(get("/").send(&upstream).await.unwrap()).await.1, "first");
    while upstream.counts().idle > 0 {
        upstream.sweep();
        tokio::task::yield_now().await;
    }
    assert_eq!(text(get("/").send(&upstream).await.unwrap()).await.1, "second");
    peer.await.unwrap();
}
