//! TLS, plain HTTP beyond loopback, and what a revocation cuts on connections that several keys share.

use crate::harness::{Http2, World, ask, get, http2, read_to_end, read_until, real_clock, soon, status};
use arc_swap::ArcSwap;
use gateway::{Listen, PlainHttp, TlsSlot};
use http_body_util::BodyExt;
use model::{KeyStatus, Preset};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use std::sync::Arc;
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_rustls::{TlsConnector, client::TlsStream};

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn certified() -> (rustls::ServerConfig, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(vec!["api".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut config = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (config, certificate)
}

struct Secure {
    world: World,
    slot: TlsSlot,
    trusted: CertificateDer<'static>,
}

impl Secure {
    async fn start() -> Self {
        let (config, trusted) = certified();
        let slot: TlsSlot = Arc::new(ArcSwap::from_pointee(config));
        let listen = Listen { address: "127.0.0.1:0".parse().unwrap(), tls: Some(Arc::clone(&slot)) };
        let world = World::start_with(real_clock, |config| config.listen = vec![listen]).await;
        Self { world, slot, trusted }
    }

    async fn attempt(
        &self,
        alpn: &[u8],
        version: &'static rustls::SupportedProtocolVersion,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.trusted.clone()).unwrap();
        let mut config = rustls::ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![alpn.to_vec()];
        let tcp = TcpStream::connect(self.world.address).await.unwrap();
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("api").unwrap(), tcp).await
    }

    async fn http1(&self) -> TlsStream<TcpStream> {
        self.attempt(b"http/1.1", &rustls::version::TLS13).await.unwrap()
    }

    async fn http2(&self) -> Http2 {
        let stream = self.attempt(b"h2", &rustls::version::TLS13).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
        http2(stream).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r63_r65_both_versions_of_tls_and_of_http_with_hsts_on_every_answer() {
    let secure = Secure::start().await;
    let key = secure.world.key(Preset::ReadOnly).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for (key, code) in [(key.text.as_str(), 200), ("sk_test_wrong", 401)] {
            let mut stream = secure.attempt(b"http/1.1", version).await.unwrap();
            stream.write_all(get("/v1/thing/1", key).as_bytes()).await.unwrap();
            let answer = read_to_end(&mut stream).await;
            assert_eq!(status(&answer), code);
            assert!(answer.contains("strict-transport-security: max-age=31536000"), "{answer}");
        }
    }
    assert_eq!(secure.world.upstream.field("x-forwarded-proto").as_deref(), Some("https"));
    let answer = ask(&mut secure.http2().await, "GET", "/v1/thing/1", &key.text).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().contains_key("strict-transport-security"));
    // Plain HTTP to the TLS port is no HTTP at all.
    let answer = secure.world.get("/v1/thing/1", &key.text).await;
    assert!(!answer.contains("HTTP/1.1"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_certificate_is_shown_to_new_connections_and_old_ones_go_on() {
    let mut secure = Secure::start().await;
    let key = secure.world.key(Preset::ReadOnly).await;
    let mut old = secure.http1().await;
    let (config, trusted) = certified();
    secure.slot.store(Arc::new(config));
    assert!(secure.attempt(b"http/1.1", &rustls::version::TLS13).await.is_err());
    secure.trusted = trusted;
    secure.http1().await;
    old.write_all(get("/v1/thing/1", &key.text).as_bytes()).await.unwrap();
    assert_eq!(status(&read_to_end(&mut old).await), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d14_one_of_two_keys_on_one_http2_connection_is_revoked() {
    let secure = Secure::start().await;
    let world = &secure.world;
    let (key, other) = (world.key(Preset::ReadOnly).await, world.key(Preset::ReadOnly).await);
    let h2 = secure.http2().await;
    let mut mine = ask(&mut h2.clone(), "GET", "/v1/stream", &key.text).await.into_body();
    let mut others = ask(&mut h2.clone(), "GET", "/v1/stream", &other.text).await.into_body();
    // Stuck: its caller's window is full.
    let stuck = ask(&mut h2.clone(), "GET", "/v1/flood", &key.text).await.into_body();
    for body in [&mut mine, &mut others] {
        soon(body.frame()).await.unwrap().unwrap();
    }
    let waiting = |key: &str| {
        let (mut h2, key) = (h2.clone(), key.to_owned());
        tokio::spawn(async move { ask(&mut h2, "GET", "/v1/hold", &key).await.status() })
    };
    let (held, others_held) = (waiting(&key.text), waiting(&other.text));
    world.upstream.wait_seen(5).await;
    assert_eq!(world.set_status(&key, KeyStatus::Revoked).await, 3);
    assert_eq!(soon(held).await.unwrap(), 401);
    let ended = async { while mine.frame().await.unwrap().is_ok() {} };
    soon(ended).await;
    // Stream, flood and held one have left the upstream, though the flood's caller still takes nothing; the other key's
    // two are there.
    crate::harness::until("two upstream connections", || {
        world.upstream.open.load(std::sync::atomic::Ordering::SeqCst) == 2
    })
    .await;
    assert!(soon(stuck.collect()).await.is_err(), "reset, not completed");
    for _ in 0..20 {
        soon(others.frame()).await.unwrap().unwrap();
    }
    world.upstream.release.notify_waiters();
    assert_eq!(soon(others_held).await.unwrap(), 200);
    assert_eq!(ask(&mut h2.clone(), "GET", "/v1/thing/1", &key.text).await.status(), 401);
    assert_eq!(ask(&mut h2.clone(), "GET", "/v1/thing/1", &other.text).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d14_a_websocket_over_tls_is_cut() {
    let secure = Secure::start().await;
    let key = secure.world.key(Preset::ReadOnly).await;
    let mut socket = secure.http1().await;
    let upgrade =
        get("/v1/ws", &key.text).replace("Connection: close", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket");
    // The first bytes of the other protocol come with the request.
    socket.write_all(format!("{upgrade}hello").as_bytes()).await.unwrap();
    let answer = read_until(&mut socket, "hello").await;
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    socket.write_all(b"more").await.unwrap();
    read_until(&mut socket, "more").await;
    assert_eq!(secure.world.set_status(&key, KeyStatus::Revoked).await, 1);
    assert_eq!(read_to_end(&mut socket).await, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d21_plain_http_beyond_loopback_is_refused_and_behind_a_proxy_it_is_not() {
    // No packet is sent: this only asks the system which address it would use.
    let probe = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let own = probe.connect("198.51.100.1:9").and_then(|()| probe.local_addr());
    let Some(own) = own.ok().map(|a| a.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified()) else {
        eprintln!("not tested: this machine has no address beyond loopback");
        return;
    };
    for (plain_http, code) in [
        (PlainHttp::Loopback, 403),
        (PlainHttp::TerminatedBy(vec!["203.0.113.0/24".parse().unwrap()]), 403),
        (PlainHttp::TerminatedBy(vec![own.into()]), 200),
    ] {
        let world = World::start_with(real_clock, |config| {
            config.listen[0].address = "0.0.0.0:0".parse().unwrap();
            config.plain_http = plain_http;
        })
        .await;
        let key = world.key(Preset::ReadOnly).await;
        // Refused before anything else is said of the request, and the connection ends although it was to be kept.
        for path in ["/v1/thing/1", "/v1//x", "/.well-known/claviger/jwks.json"] {
            let request = get(path, &key.text)
                .replace("Connection: close\r\n", if code == 403 { "" } else { "Connection: close\r\n" });
            let mut socket = TcpStream::connect((own, world.address.port())).await.unwrap();
            socket.write_all(request.as_bytes()).await.unwrap();
            let answer = read_to_end(&mut socket).await;
            if code == 403 {
                assert!(status(&answer) == 403 && answer.contains("https_required"), "{path}: {answer}");
                assert!(!answer.contains("strict-transport"), "{answer}");
            } else if path == "/v1/thing/1" {
                assert!(status(&answer) == 200 && answer.contains("strict-transport"), "{answer}");
            }
        }
        let mut h2 = http2(TcpStream::connect((own, world.address.port())).await.unwrap()).await;
        assert_eq!(ask(&mut h2, "GET", "/v1/thing/1", &key.text).await.status(), code);
        let mut local = TcpStream::connect(("127.0.0.1", world.address.port())).await.unwrap();
        local.write_all(get("/v1/thing/1", &key.text).as_bytes()).await.unwrap();
        assert_eq!(status(&read_to_end(&mut local).await), 200);
    }
}
