//! What passes the door and what does not; what the upstream is told; how a gateway ends.

use crate::harness::{World, get, operations, read_to_end, read_until, status};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use data_encoding::BASE64URL_NOPAD;
use model::{Catalogue, Preset};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::{io::AsyncWriteExt, net::TcpStream};

fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d24_the_upstream_gets_a_context_that_the_key_set_verifies_and_nothing_of_the_caller() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let request = format!(
        "GET /v1/thing/7?a=%41 HTTP/1.1\r\nHost: api\r\nX-API-Key: {}\r\nClaviger-Account: forged\r\nclaviger_context: forged\r\nX-Forwarded-For: 9.9.9.9\r\nConnection: close\r\n\r\n",
        key.text
    );
    let answer = world.raw(&request).await;
    assert_eq!(status(&answer), 200);
    assert!(!answer.to_lowercase().contains("claviger"), "the upstream cannot speak in our namespace: {answer}");
    let head = world.upstream.last_head.lock().unwrap().clone();
    assert!(head.starts_with("GET /v1/thing/7?a=%41 HTTP/1.1\r\n"), "{head}");
    assert!(!head.contains(&key.text) && !head.contains("forged") && !head.contains("9.9.9.9"), "{head}");
    let field = |name: &str| head.lines().find_map(|l| l.strip_prefix(&format!("{name}: "))).unwrap().to_owned();
    assert_eq!(field("x-forwarded-for"), "127.0.0.1");
    let token = field("claviger-context");
    let jwks = body(
        &world.raw("GET /.well-known/claviger/jwks.json HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n").await,
    );
    let x = BASE64URL_NOPAD.decode(jwks["keys"][0]["x"].as_str().unwrap().as_bytes()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    UnparsedPublicKey::new(&ED25519, x).verify(signed.as_bytes(), &signature).unwrap();
    let claims = BASE64URL_NOPAD.decode(signed.split('.').nth(1).unwrap().as_bytes()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["account"], world.account.to_string());
    assert_eq!(claims["environment"], "test");
    assert_eq!(claims["kind"], "restricted");
    assert_eq!(claims["companies"], "all");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d7_unknown_operations_are_401_without_a_key_and_404_with_one() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    for path in ["/v1/nothing", "/v1/thing/x", "/V1/hold"] {
        assert_eq!(status(&world.get(path, &key.text).await), 404, "{path}");
        let without = world.raw(&format!("GET {path} HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n")).await;
        assert_eq!((status(&without), body(&without)["error"]["code"].as_str().unwrap()), (401, "api_key_required"));
        assert!(without.contains("www-authenticate"));
    }
    let write = format!(
        "POST /v1/thing HTTP/1.1\r\nHost: api\r\nX-API-Key: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        key.text
    );
    let refused = world.raw(&write).await;
    assert_eq!((status(&refused), body(&refused)["error"]["code"].as_str().unwrap()), (403, "insufficient_scope"));
    let public = world.raw("GET /v1/health HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n").await;
    assert_eq!(status(&public), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_have_a_cap_and_a_time_and_paths_are_safe() {
    let world = World::start_with(crate::harness::real_clock, |config| {
        config.limits.body_max = 10;
        config.limits.body_timeout = Duration::from_millis(200);
        config.hosts = Some(vec!["api".into()]);
    })
    .await;
    let key = world.key(Preset::FullAccess).await;
    let post = |rest: &str| {
        format!("POST /v1/thing HTTP/1.1\r\nHost: api\r\nX-API-Key: {}\r\nConnection: close\r\n{rest}", key.text)
    };
    assert_eq!(status(&world.raw(&post("Content-Length: 10\r\n\r\n0123456789")).await), 200);
    assert_eq!(status(&world.raw(&post("Content-Length: 11\r\n\r\n01234567890")).await), 413);
    assert_eq!(status(&world.raw(&post("Transfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n")).await), 413);
    assert_eq!(status(&world.raw(&post("Content-Length: 10\r\n\r\n01")).await), 408);
    for path in ["/v1//hold", "/v1/%2e%2e/hold", "/v1/thing%2f7", "/v1/hold;a", "/v1/./hold"] {
        let answer = world.get(path, &key.text).await;
        assert_eq!((status(&answer), body(&answer)["error"]["code"].as_str().unwrap()), (400, "unsafe_path"), "{path}");
    }
    let elsewhere = get("/v1/thing/1", &key.text).replace("Host: api", "Host: evil.example");
    assert_eq!(status(&world.raw(&elsewhere).await), 421);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d42_both_framings_are_refused_or_reframed_and_the_connection_closes() {
    let world = World::start().await;
    let key = world.key(Preset::FullAccess).await;
    // What follows the chunked body would be a second request to whoever believes the length.
    let request = format!(
        "POST /v1/thing HTTP/1.1\r\nHost: api\r\nX-API-Key: {}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/thing/1 HTTP/1.1\r\nHost: api\r\n\r\n",
        key.text
    );
    let seen = || world.upstream.seen.load(std::sync::atomic::Ordering::SeqCst);
    let answer = world.raw(&request).await;
    assert_eq!((status(&answer), answer.matches("HTTP/1.1").count()), (400, 1), "one answer, then the end: {answer}");
    assert_eq!(seen(), 0);
    // An absolute target is read by the other server side, which drops the length.
    let answer = world.raw(&request.replacen("/v1/thing", "http://api/v1/thing", 1)).await;
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "one answer, then the end: {answer}");
    assert_eq!(seen(), usize::from(status(&answer) == 200), "the second request is never seen");
    if status(&answer) == 200 {
        let head = world.upstream.last_head.lock().unwrap().to_ascii_lowercase();
        assert!(head.contains("transfer-encoding: chunked") && !head.contains("content-length"), "{head}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_catalogue_is_matched_at_once_and_a_drain_finishes_what_is_in_flight() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let without = operations().into_iter().filter(|o| o.id.as_str() != "thing").collect();
    world.gateway.set_catalogue(&Arc::new(Catalogue::new(without).unwrap())).await;
    assert_eq!(status(&world.get("/v1/thing/1", &key.text).await), 404);
    let mut held = TcpStream::connect(world.address).await.unwrap();
    held.write_all(get("/v1/hold", &key.text).as_bytes()).await.unwrap();
    let mut idle = TcpStream::connect(world.address).await.unwrap();
    idle.write_all(get("/v1/nothing", &key.text).replace("Connection: close\r\n", "").as_bytes()).await.unwrap();
    read_until(&mut idle, "404").await;
    world.upstream.wait_seen(1).await;
    let (address, release) = (world.address, Arc::clone(&world.upstream.release));
    let ended = tokio::spawn(world.gateway.shutdown(Duration::from_secs(10)));
    read_to_end(&mut idle).await;
    assert!(!ended.is_finished(), "a request is still in flight");
    release.notify_waiters();
    assert_eq!(status(&read_to_end(&mut held).await), 200);
    ended.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}
