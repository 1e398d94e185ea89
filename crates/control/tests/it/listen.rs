//! Listening: the control plane on real sockets, plain and with TLS.

use crate::world::World;
use control::{Listener, TlsConfig, serve};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, ServerConfig},
};

const GRACE: Duration = Duration::from_secs(5);

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    done: JoinHandle<()>,
}

async fn start(world: &World, tls: Option<TlsConfig>) -> Running {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async {
        let _ = stopped.await;
    };
    let done = tokio::spawn(serve(vec![Listener { socket, tls }], world.control.clone(), shutdown, GRACE));
    Running { address, stop, done }
}

async fn exchange(stream: &mut (impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin), request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.unwrap();
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn a_request_in_flight_is_finished_and_an_idle_connection_closed_at_shutdown() {
    let world = World::new().await;
    let running = start(&world, None).await;
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 15];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");

    // Its body has not arrived when the shutdown begins.
    let mut busy = TcpStream::connect(running.address).await.unwrap();
    let body = r#"{"name":"A"}"#;
    let head = format!(
        "POST /v1/accounts HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        world.token,
        body.len()
    );
    busy.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    busy.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    running.stop.send(()).unwrap();
    let answer = exchange(&mut busy, body).await;
    assert!(answer.starts_with("HTTP/1.1 201 Created"), "{answer}");
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    running.done.await.unwrap();
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_head_that_does_not_arrive_in_time_ends_the_connection() {
    let world = World::with(|parts| parts.limits.header_read = Duration::from_millis(50)).await;
    let running = start(&world, None).await;
    for half in ["", "GET /healthz HTTP/1.1\r\nhost:"] {
        let mut slow = TcpStream::connect(running.address).await.unwrap();
        let answer = exchange(&mut slow, half).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let world = World::new().await;
    let running = start(&world, None).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let request = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "x".repeat(40_000));
    // The server may close before it has read everything.
    let _refused = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn an_old_connection_is_closed_between_requests_and_one_that_does_not_read_is_cut() {
    let world = World::with(|parts| {
        parts.limits.connection_age = Duration::from_millis(50);
        parts.limits.request = Duration::from_millis(50);
    })
    .await;
    let running = start(&world, None).await;
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    let answer = exchange(&mut idle, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut deaf = TcpStream::connect(running.address).await.unwrap();
    let ask = "GET /v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(200);
    deaf.write_all(ask.as_bytes()).await.unwrap();
    // Its answers fill every buffer on the way; the shutdown can only end when the connection was cut.
    running.stop.send(()).unwrap();
    running.done.await.unwrap();
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_for_room() {
    let world = World::with(|parts| parts.limits.connections_max = 1).await;
    let running = start(&world, None).await;
    let first = TcpStream::connect(running.address).await.unwrap();
    let mut second = TcpStream::connect(running.address).await.unwrap();
    second.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut byte = [0; 1];
    let early = tokio::time::timeout(Duration::from_millis(100), second.read(&mut byte)).await;
    assert!(early.is_err(), "the second connection was served while the first one held the room");
    drop(first);
    let answer = exchange(&mut second, "").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn tls(
    versions: &[&'static tokio_rustls::rustls::SupportedProtocolVersion],
    alpn: &[&[u8]],
) -> (TlsConfig, TlsConnector) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = rustls_pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut server =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate.clone()], key).unwrap();
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let server = Arc::new(server);
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let mut client =
        ClientConfig::builder_with_protocol_versions(versions).with_root_certificates(roots).with_no_client_auth();
    client.alpn_protocols = alpn.iter().map(|p| p.to_vec()).collect();
    (Arc::new(move || Arc::clone(&server)), TlsConnector::from(Arc::new(client)))
}

#[tokio::test]
async fn r63_r65_tls_1_2_and_1_3_are_spoken_with_hsts() {
    let world = World::new().await;
    for version in [&tokio_rustls::rustls::version::TLS12, &tokio_rustls::rustls::version::TLS13] {
        let (config, connector) = tls(&[version], &[b"http/1.1"]);
        let running = start(&world, Some(config)).await;
        let stream = TcpStream::connect(running.address).await.unwrap();
        let mut stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
        let answer = exchange(&mut stream, "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("strict-transport-security: max-age=31536000"), "{answer}");
    }
}

#[tokio::test]
async fn http_2_is_spoken_over_tls() {
    let world = World::new().await;
    let (config, connector) = tls(&[&tokio_rustls::rustls::version::TLS13], &[b"h2"]);
    let running = start(&world, Some(config)).await;
    let stream = TcpStream::connect(running.address).await.unwrap();
    let stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
    let executor = hyper_util::rt::TokioExecutor::new();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("https://localhost/v1/accounts")
        .header("authorization", format!("Bearer {}", world.token))
        .body(axum::body::Body::empty())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000");
}

#[tokio::test]
async fn r64_plain_http_on_a_tls_listener_gets_nothing() {
    let world = World::new().await;
    let (config, _) = tls(&[&tokio_rustls::rustls::version::TLS13], &[]);
    let running = start(&world, Some(config)).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/1.1"), "{answer:?}");
}
