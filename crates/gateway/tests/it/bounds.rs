//! Bounds: what a caller can take of the gateway, and for how long.

use crate::harness::{World, ask, get, http2, read_to_end, real_clock, soon, status, until};
use http_body_util::BodyExt;
use model::Preset;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

const SHORT: Duration = Duration::from_millis(400);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_reads_no_answer_is_given_up() {
    let world = World::start_with(real_clock, |config| config.limits.client_stall_max = SHORT).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut socket = socket.connect(world.address).await.unwrap();
    // Refusals need no key, so nobody's revocation would ever end this one.
    let many = "GET /v1/thing/1 HTTP/1.1\r\nHost: api\r\n\r\n".repeat(100);
    let ends = async { while socket.write_all(many.as_bytes()).await.is_ok() {} };
    soon(ends).await;
    world.wait_metric("connections 0").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_http2_stream_is_given_up_and_the_others_go_on() {
    let world = World::start_with(real_clock, |config| config.limits.client_stall_max = SHORT).await;
    let key = world.key(Preset::ReadOnly).await;
    let mut h2 = world.h2().await;
    let stalled = ask(&mut h2, "GET", "/v1/flood", &key.text).await;
    let mut going = ask(&mut h2, "GET", "/v1/stream", &key.text).await;
    // The flood's window is full and nobody opens it; the other stream is read all the time.
    let left = async {
        while world.upstream.open.load(std::sync::atomic::Ordering::SeqCst) == 2 {
            going.frame().await.unwrap().unwrap();
        }
    };
    soon(left).await;
    for _ in 0..10 {
        soon(going.frame()).await.unwrap().unwrap();
    }
    assert!(soon(stalled.into_body().collect()).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_http2_connection_is_ended_and_a_busy_one_is_not() {
    let world = World::start_with(real_clock, |config| config.limits.header_timeout = SHORT).await;
    let key = world.key(Preset::ReadOnly).await;
    let mut idle = world.h2().await;
    let mut busy = world.h2().await;
    assert_eq!(ask(&mut idle, "GET", "/v1/thing/1", &key.text).await.status(), 200);
    let held = tokio::spawn({
        let (mut busy, key) = (busy.clone(), key.text.clone());
        async move { ask(&mut busy, "GET", "/v1/hold", &key).await.status() }
    });
    world.upstream.wait_seen(2).await;
    until("the idle one is closed", || idle.is_closed()).await;
    assert!(!busy.is_closed());
    world.upstream.release.notify_waiters();
    assert_eq!(soon(held).await.unwrap(), 200);
    assert_eq!(ask(&mut busy, "GET", "/v1/thing/1", &key.text).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_and_slow_heads_are_given_up() {
    let world = World::start_with(real_clock, |config| config.limits.header_timeout = SHORT).await;
    for start in ["", "PRI * HT", "GET /v1/thing/1 HTTP/1.1\r\nHost: a"] {
        let mut socket = world.send(start).await;
        let answer = read_to_end(&mut socket).await;
        assert!(answer.is_empty() || status(&answer) == 408, "{start:?}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_sends_far_too_much_still_reads_why() {
    let world = World::start_with(real_clock, |config| config.limits.body_max = 1 << 20).await;
    let key = world.key(Preset::FullAccess).await;
    let size = 64usize << 20;
    for (key, framing, code) in [
        (key.text.as_str(), format!("Content-Length: {size}"), 413),
        (&key.text, "Transfer-Encoding: chunked".to_owned(), 413),
        ("sk_test_wrong", format!("Content-Length: {size}"), 401),
    ] {
        let head = format!("POST /v1/thing HTTP/1.1\r\nHost: api\r\nX-API-Key: {key}\r\n{framing}\r\n\r\n");
        let mut socket = world.send(&head).await;
        // Like many clients: reads nothing before everything is written.
        let chunk = [b"100000\r\n".as_slice(), &vec![b'x'; 1 << 20], b"\r\n"].concat();
        for _ in 0..64 {
            let part = if framing.starts_with("Content") { &chunk[8..8 + (1 << 20)] } else { &chunk };
            soon(socket.write_all(part)).await.unwrap();
        }
        let answer = read_to_end(&mut socket).await;
        assert_eq!(status(&answer), code, "{framing}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_beyond_the_bound_wait_and_are_then_served() {
    let world = World::start_with(real_clock, |config| {
        config.cores = 1;
        config.limits.connections_max = 2;
        config.limits.header_timeout = SHORT;
    })
    .await;
    let key = world.key(Preset::ReadOnly).await;
    let _silent = [world.send("").await, world.send("").await];
    world.wait_metric("connections 2").await;
    assert_eq!(status(&world.get("/v1/thing/1", &key.text).await), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http2_resets_do_not_pile_up() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let mut h2 = world.h2().await;
    for _ in 0..300 {
        let request = crate::harness::request("GET", "/v1/hold", &key.text).body(crate::harness::no_body()).unwrap();
        let waiting = h2.send_request(request);
        // Polled once, so that it is sent; then dropped, so that it is reset.
        let _ = tokio::time::timeout(Duration::from_millis(1), waiting).await;
        if h2.ready().await.is_err() {
            break;
        }
    }
    drop(h2);
    world.wait_metric("requests_in_flight 0").await;
    assert_eq!(status(&world.get("/v1/thing/1", &key.text).await), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_bound_below_what_can_be_had_does_not_deafen_the_gateway() {
    let world = World::start_with(real_clock, |config| config.limits.head_max = 1000).await;
    let key = world.key(Preset::ReadOnly).await;
    assert_eq!(status(&world.get("/v1/thing/1", &key.text).await), 200);
    let huge =
        get("/v1/thing/1", &key.text).replace("Host: api", &format!("Host: api\r\nX-Big: {}", "x".repeat(200_000)));
    let mut socket = TcpStream::connect(world.address).await.unwrap();
    let _closed_early = socket.write_all(huge.as_bytes()).await;
    let mut answer = Vec::new();
    let _reset = soon(socket.read_to_end(&mut answer)).await;
    assert!(String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 431"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r71_r147_d25_every_request_has_one_line_and_no_line_has_a_secret() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lines);
    let world = World::start_with(real_clock, move |config| {
        config.log = Some(Box::new(move |batch| sink.lock().unwrap().extend_from_slice(batch)));
    })
    .await;
    let key = world.key(Preset::ReadOnly).await;
    let wrong = key.text.replace("_test_", "_live_");
    world.get(&format!("/v1/thing/1?api_key={}", key.text), &key.text).await;
    world.get(&format!("/v1/{}", key.text), &key.text).await;
    world.get("/v1/thing/1", &wrong).await;
    world
        .raw(&format!("{} / HTTP/1.1\r\nHost: {0}\r\nAuthorization: Bearer {0}\r\nConnection: close\r\n\r\n", key.text))
        .await;
    world.get("/.well-known/claviger/jwks.json", &key.text).await;
    let held = world.send(&get("/v1/hold", &key.text)).await;
    world.upstream.wait_seen(2).await;
    drop(held);
    let mut h2 = http2(TcpStream::connect(world.address).await.unwrap()).await;
    ask(&mut h2, "GET", "/v1/stream", &key.text).await;
    world.wait_metric("requests_refused_total{reason=\"caller_gone\"} 1").await;
    let metrics = world.metrics();
    let mut series: Vec<_> =
        metrics.lines().filter(|l| !l.starts_with('#')).map(|l| l.rsplit_once(' ').unwrap().0).collect();
    let count = series.len();
    series.sort_unstable();
    series.dedup();
    assert_eq!(series.len(), count, "no series twice");
    assert!(metrics.contains("documents_served_total 1"), "{metrics}");
    assert!(metrics.contains("requests_forwarded_total{status=\"2xx\"} 2"), "{metrics}");
    world.gateway.shutdown(Duration::from_millis(10)).await;
    let text = String::from_utf8(lines.lock().unwrap().clone()).unwrap();
    for secret in [&key.text, &wrong] {
        let part = &secret[10..40];
        assert!(!text.contains(part) && !metrics.contains(part), "{text}");
    }
    assert_eq!(text.lines().count(), 7, "{text}");
    let gone = text.lines().find(|l| l.contains("caller_gone")).unwrap();
    assert!(gone.contains(&key.id.to_string()) && gone.contains("\"operation\":\"hold\""), "{gone}");
}
