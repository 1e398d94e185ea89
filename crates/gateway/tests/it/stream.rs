//! Bodies in both directions when a key is revoked, a caller leaves, or the gateway ends.

use crate::harness::{World, ask, get, read_to_end, read_until, real_clock, soon, status, until};
use http_body_util::BodyExt;
use model::{KeyStatus, Preset};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::io::AsyncWriteExt;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d14_an_upload_is_answered_401_and_an_early_answer_is_cut() {
    let world = World::start().await;
    let key = world.key(Preset::FullAccess).await;
    let post = |path: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: api\r\nX-API-Key: {}\r\nContent-Length: 600000\r\n\r\nabc", key.text)
    };
    let mut upload = world.send(&post("/v1/thing")).await;
    let mut early = world.send(&post("/v1/early")).await;
    read_until(&mut early, "early").await;
    world.upstream.wait_seen(2).await;
    assert_eq!(world.set_status(&key, KeyStatus::Revoked).await, 2);
    assert_eq!(status(&read_to_end(&mut upload).await), 401);
    assert!(!read_to_end(&mut early).await.ends_with("0\r\n\r\n"));
    until("the upstream is left", || world.upstream.open.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_leaves_takes_its_request_with_it() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let h2 = world.h2().await;
    let one = tokio::spawn({
        let (mut h2, key) = (h2.clone(), key.text.clone());
        async move { ask(&mut h2, "GET", "/v1/hold", &key).await.status() }
    });
    let streamed = ask(&mut h2.clone(), "GET", "/v1/stream", &key.text).await;
    let held = world.send(&get("/v1/hold", &key.text)).await;
    world.upstream.wait_seen(3).await;
    world.wait_metric("requests_in_flight 3").await;
    // A stream of its own, an HTTP/1 connection, then the HTTP/2 connection with what is left on it.
    drop(streamed);
    drop(held);
    world.wait_metric("requests_in_flight 1").await;
    one.abort();
    drop(h2);
    world.wait_metric("requests_in_flight 0").await;
    until("the upstream is left", || world.upstream.open.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_ends_http2_gracefully_and_still_cuts() {
    let world = World::start().await;
    let (key, other) = (world.key(Preset::ReadOnly).await, world.key(Preset::ReadOnly).await);
    let (h2, streams) = (world.h2().await, world.h2().await);
    let waiting = |key: &str| {
        let (mut h2, key) = (h2.clone(), key.to_owned());
        tokio::spawn(async move { ask(&mut h2, "GET", "/v1/hold", &key).await.status() })
    };
    let (held, revoked) = (waiting(&key.text), waiting(&other.text));
    let mut streamed = ask(&mut streams.clone(), "GET", "/v1/stream", &other.text).await.into_body();
    world.upstream.wait_seen(3).await;
    let (release, rows, stamp) = (world.upstream.release.clone(), world.rows(), world.stamp());
    let ended = tokio::spawn(world.gateway.shutdown(Duration::from_secs(15)));
    until("it listens no more", || std::net::TcpStream::connect(world.address).is_err()).await;
    // What is told here is told below: 401, and a stream that ends.
    let _revision = rows.set_key_status(stamp, other.id, KeyStatus::Revoked).await.unwrap();
    assert_eq!(soon(revoked).await.unwrap(), 401);
    let cut = async { while streamed.frame().await.unwrap().is_ok() {} };
    soon(cut).await;
    assert!(!ended.is_finished());
    release.notify_waiters();
    assert_eq!(soon(held).await.unwrap(), 200);
    soon(ended).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d13_secrets_end_during_a_drain_too() {
    use model::Timestamp;
    use std::sync::atomic::AtomicI64;
    static SHIFT: AtomicI64 = AtomicI64::new(0);
    fn clock() -> Timestamp {
        real_clock().plus_micros(SHIFT.load(Ordering::SeqCst))
    }
    let world = World::start_with(clock, |_| {}).await;
    let key = world.key_until(Preset::ReadOnly, Some(clock().plus_secs(600))).await;
    let mut held = world.send(&get("/v1/hold", &key.text)).await;
    world.upstream.wait_seen(1).await;
    let ended = tokio::spawn(world.gateway.shutdown(Duration::from_secs(15)));
    until("it listens no more", || std::net::TcpStream::connect(world.address).is_err()).await;
    SHIFT.store(600_000_000, Ordering::SeqCst);
    assert_eq!(status(&read_to_end(&mut held).await), 401);
    soon(ended).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_is_nothing_to_a_key_that_may_not_and_to_another_protocol() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let upgrade = |key: &str, to: &str| {
        get("/v1/thing/1", key).replace("Connection: close", &format!("Connection: close, Upgrade\r\nUpgrade: {to}"))
    };
    let refused = world.raw(&upgrade("sk_test_wrong", "websocket")).await;
    assert_eq!(status(&refused), 401);
    let other = world.raw(&upgrade(&key.text, "h2c")).await;
    assert_eq!(status(&other), 200);
    assert!(world.upstream.field("upgrade").is_none());
    // Asked for, and the upstream goes on in HTTP.
    let mut stays = world.send(&upgrade(&key.text, "websocket")).await;
    assert_eq!(status(&read_to_end(&mut stays).await), 200);
    assert_eq!(world.upstream.field("upgrade").as_deref(), Some("websocket"));
    let mut spare = world.send("").await;
    spare.write_all(get("/v1/thing/1", &key.text).as_bytes()).await.unwrap();
    assert_eq!(status(&read_to_end(&mut spare).await), 200);
}
