//! What a change of a key does to requests: later ones, waiting ones, streams, upgraded connections.

use crate::harness::{World, get, read_to_end, read_until, status};
use model::{KeyStatus, Network, NetworkList, OriginList, OriginPattern, Preset, ScopeSet, Timestamp};
use std::sync::atomic::{AtomicI64, Ordering};
use store::KeyPatch;
use tokio::{io::AsyncWriteExt, net::TcpStream};

const HELD: usize = 200;

async fn send(world: &World, request: &str) -> TcpStream {
    let mut socket = TcpStream::connect(world.address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r7_r60_r88_r124_d14_revoking_answers_every_waiting_request_401_and_no_other_key_notices() {
    let world = World::start().await;
    let (key, other) = (world.key(Preset::ReadOnly).await, world.key(Preset::ReadOnly).await);
    let mut held = Vec::new();
    for _ in 0..HELD {
        held.push(send(&world, &get("/v1/hold", &key.text)).await);
    }
    let mut others = Vec::new();
    for _ in 0..5 {
        others.push(send(&world, &get("/v1/hold", &other.text)).await);
    }
    world.upstream.wait_seen(HELD + 5).await;
    let cut = world.set_status(&key, KeyStatus::Revoked).await;
    assert_eq!(cut, HELD as u64);
    // The upstream answers all of them now, after the call has returned.
    world.upstream.release.notify_waiters();
    for socket in &mut held {
        let answer = read_to_end(socket).await;
        assert_eq!(status(&answer), 401, "{answer}");
        assert!(answer.contains("invalid_api_key"));
    }
    for socket in &mut others {
        assert_eq!(status(&read_to_end(socket).await), 200);
    }
    assert_eq!(status(&world.get("/v1/thing/1", &key.text).await), 401);
    assert_eq!(status(&world.get("/v1/thing/1", &other.text).await), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r22_d14_streams_and_websockets_are_cut_and_disable_is_reversible() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let mut stream = send(&world, &get("/v1/stream", &key.text)).await;
    read_until(&mut stream, "tick").await;
    let upgrade = format!(
        "GET /v1/ws HTTP/1.1\r\nHost: api\r\nX-API-Key: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        key.text
    );
    let mut socket = send(&world, &upgrade).await;
    assert!(read_until(&mut socket, "\r\n\r\n").await.starts_with("HTTP/1.1 101"));
    socket.write_all(b"echo").await.unwrap();
    read_until(&mut socket, "echo").await;
    assert_eq!(world.set_status(&key, KeyStatus::Disabled).await, 2);
    let rest = read_to_end(&mut stream).await;
    assert!(!rest.ends_with("0\r\n\r\n"), "a cut stream does not look complete");
    assert_eq!(read_to_end(&mut socket).await, "");
    assert_eq!(status(&world.get("/v1/thing/1", &key.text).await), 401);
    world.set_status(&key, KeyStatus::Active).await;
    assert_eq!(status(&world.get("/v1/thing/1", &key.text).await), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d14_a_stream_that_the_caller_does_not_read_is_cut_too() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let mut flood = send(&world, &get("/v1/flood", &key.text)).await;
    read_until(&mut flood, "xxx").await;
    // Nothing is read until both sides' buffers are full and the gateway is stuck in its write.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(world.set_status(&key, KeyStatus::Revoked).await, 1);
    // Ends, although nobody has drained it: a gateway that waited for the write would never close.
    assert!(!read_to_end(&mut flood).await.ends_with("0\r\n\r\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d41_narrowing_cuts_streams_and_lets_waiting_requests_finish() {
    let world = World::start().await;
    let key = world.key(Preset::FullAccess).await;
    let mut held = send(&world, &get("/v1/hold", &key.text)).await;
    let mut stream = send(&world, &get("/v1/stream", &key.text)).await;
    read_until(&mut stream, "tick").await;
    world.upstream.wait_seen(2).await;
    let scopes = ScopeSet::parse(&["things:read"]).unwrap();
    let patch = KeyPatch { preset: Some(Preset::Custom(scopes)), ..KeyPatch::default() };
    let changed = world.rows().update_key(world.stamp(), key.id, patch).await.unwrap();
    assert_eq!(world.applied(changed.revision).await, 1);
    read_to_end(&mut stream).await;
    world.upstream.release.notify_waiters();
    assert_eq!(status(&read_to_end(&mut held).await), 200);
    // Widening cuts nothing.
    let mut stream = send(&world, &get("/v1/stream", &key.text)).await;
    read_until(&mut stream, "tick").await;
    let patch = KeyPatch { preset: Some(Preset::FullAccess), ..KeyPatch::default() };
    let changed = world.rows().update_key(world.stamp(), key.id, patch).await.unwrap();
    assert_eq!(world.applied(changed.revision).await, 0);
    read_until(&mut stream, "tick").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d41_fewer_networks_or_origins_cut_streams_and_more_do_not() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let networks = |texts: &[&str]| KeyPatch {
        networks: NetworkList::new(texts.iter().map(|t| Network::parse(t).unwrap()).collect()),
        ..KeyPatch::default()
    };
    let origins = |texts: &[&str]| KeyPatch {
        origins: OriginList::new(texts.iter().map(|t| OriginPattern::parse(t).unwrap()).collect()),
        ..KeyPatch::default()
    };
    // Without a list every address may use a key, and no page.
    for (patch, cut) in [
        (networks(&["127.0.0.0/8", "10.0.0.0/8"]), true),
        (networks(&["127.0.0.0/8"]), true),
        (networks(&["127.0.0.0/8", "10.0.0.0/8"]), false),
        (origins(&["https://a.example", "https://b.example"]), false),
        (origins(&["https://a.example"]), true),
        (origins(&[]), true),
    ] {
        let mut stream = send(&world, &get("/v1/stream", &key.text)).await;
        read_until(&mut stream, "tick").await;
        let changed = world.rows().update_key(world.stamp(), key.id, patch.clone()).await.unwrap();
        assert_eq!(world.applied(changed.revision).await > 0, cut, "{patch:?}");
        if cut {
            read_to_end(&mut stream).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d13_expiry_is_enforced_to_the_second_and_cuts_what_is_in_flight() {
    static NOW: AtomicI64 = AtomicI64::new(1_800_000_000_000_000);
    fn clock() -> Timestamp {
        Timestamp::from_micros(NOW.load(Ordering::SeqCst))
    }
    let world = World::start_with(clock, |_| {}).await;
    let key = world.key_until(Preset::ReadOnly, Some(clock().plus_secs(60))).await;
    let mut held = send(&world, &get("/v1/hold", &key.text)).await;
    world.upstream.wait_seen(1).await;
    for _ in 0..59 {
        NOW.fetch_add(1_000_000, Ordering::SeqCst);
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(status(&world.get("/v1/thing/1", &key.text).await), 200);
    NOW.fetch_add(1_000_000, Ordering::SeqCst);
    assert_eq!(status(&world.get("/v1/thing/1", &key.text).await), 401);
    assert_eq!(status(&read_to_end(&mut held).await), 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_cannot_read_the_log_stops_saying_yes_at_the_bound() {
    static NOW: AtomicI64 = AtomicI64::new(1_800_000_000_000_000);
    fn clock() -> Timestamp {
        Timestamp::from_micros(NOW.load(Ordering::SeqCst))
    }
    let world = World::start_with(clock, |_| {}).await;
    let key = world.key(Preset::ReadOnly).await;
    world.store.clone().close().await;
    NOW.fetch_add(9_999_999, Ordering::SeqCst);
    assert_eq!(status(&world.get("/v1/thing/1", &key.text).await), 200);
    assert!(world.gateway.is_fresh());
    NOW.fetch_add(200_000, Ordering::SeqCst);
    let answer = world.get("/v1/thing/1", &key.text).await;
    assert_eq!(status(&answer), 503, "{answer}");
    assert!(answer.contains("freshness_lost") && answer.contains("retry-after: 1") && !world.gateway.is_fresh());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_back_does_not_lengthen_the_bound() {
    static NOW: AtomicI64 = AtomicI64::new(1_800_000_000_000_000);
    fn clock() -> Timestamp {
        Timestamp::from_micros(NOW.load(Ordering::SeqCst))
    }
    let bound = std::time::Duration::from_millis(500);
    let world = World::start_with(clock, |config| config.limits.revocation_bound = bound).await;
    let key = world.key(Preset::ReadOnly).await;
    world.store.clone().close().await;
    NOW.fetch_sub(3_600_000_000, Ordering::SeqCst);
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(5);
    while status(&world.get("/v1/thing/1", &key.text).await) != 503 {
        assert!(tokio::time::Instant::now() < deadline, "the gateway still says yes");
    }
}
