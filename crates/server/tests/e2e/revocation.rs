//! Revocation is in force when the call returns (R59, R124, D14, D41).
#![expect(clippy::disallowed_methods, reason = "a test compares an expiry with the time at which it happens")]

use crate::deployment::Deployment;
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::time::Duration;
use testkit::{
    client::{Call, Connection, Wire, address_of},
    eventually,
    websocket::WebSocket,
    within,
};
use tokio::task::JoinSet;

/// Requests that wait at the upstream when the key is revoked.
const IN_FLIGHT: usize = 1_000;
/// How long a cut may take to be seen by the caller.
const CUT_BOUND: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn heavy_d14_a_thousand_waiting_requests_are_answered_401_and_no_later_one_passes() {
    let deployment = Deployment::start().await;
    let mut admin = deployment.admin().await;
    let (key, other) = (admin.create_key(json!({})).await, admin.create_key(json!({})).await);
    let url = deployment.url("/slow");
    let mut waiting = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let call = Call::get(&url).key(&key.test);
        waiting.spawn(async move { call.send().await.status });
    }
    let neighbour = tokio::spawn(Call::get(&url).key(&other.test).send());
    deployment.upstream.until_waiting(IN_FLIGHT as u64 + 1).await;

    let receipt = admin.change_key(&key.id, "revoke").await;
    // The call has returned: from here on nothing of this key passes, whatever the upstream does.
    let arrived = deployment.upstream.requests();
    deployment.upstream.release();
    for _ in 0..50 {
        let late = deployment.get("/things", &key.test).await;
        assert_eq!((late.status, late.code().as_str()), (401, "invalid_api_key"));
    }
    assert_eq!(deployment.upstream.requests(), arrived, "a request after the revocation reached the upstream");
    let mut refused = 0;
    while let Some(status) = within("the answer of a waiting request", CUT_BOUND, waiting.join_next()).await {
        assert_eq!(status.expect("a caller's task"), 401);
        refused += 1;
    }
    assert_eq!(refused, IN_FLIGHT);
    let cut: u64 =
        receipt["in_force"]["gateways"].as_array().expect("gateways").iter().filter_map(|g| g["cut"].as_u64()).sum();
    assert_eq!(cut, IN_FLIGHT as u64, "the receipt counts what was cut: {receipt}");
    assert_eq!(neighbour.await.expect("the neighbour's task").status, 200, "another key noticed (R60, R88)");
    assert_eq!(deployment.get("/things", &other.test).await.status, 200);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d14_a_stream_and_a_websocket_are_cut() {
    let deployment = Deployment::start().await;
    let mut admin = deployment.admin().await;
    let (key, other) = (admin.create_key(json!({})).await, admin.create_key(json!({})).await);
    let mut stream = Call::get(&deployment.url("/stream")).key(&key.live).open().await;
    let mut untouched = Call::get(&deployment.url("/stream")).key(&other.live).open().await;
    assert_eq!((stream.status().as_u16(), untouched.status().as_u16()), (200, 200));
    for response in [&mut stream, &mut untouched] {
        response.body_mut().frame().await.expect("a first piece").expect("a whole piece");
    }
    let address = deployment.claviger.address();
    let mut socket = WebSocket::open(address, "/socket", &key.test).await.expect("an upgrade");
    let mut neighbour = WebSocket::open(address, "/socket", &other.test).await.expect("an upgrade");
    assert_eq!(socket.echo("hello").await.as_deref(), Some("hello"));

    admin.change_key(&key.id, "revoke").await;

    let rest = within("the end of the stream", CUT_BOUND, async {
        while let Some(Ok(_)) = stream.body_mut().frame().await {}
    });
    rest.await;
    socket.ended(CUT_BOUND).await;
    eventually("the upstream to notice both cuts", async || {
        let ended = (deployment.upstream.streams_ended(), deployment.upstream.sockets_ended());
        (ended == (1, 1)).then_some(())
    })
    .await;
    assert_eq!(neighbour.echo("still here").await.as_deref(), Some("still here"));
    untouched.body_mut().frame().await.expect("a further piece").expect("a whole piece");
    assert_eq!(WebSocket::open(address, "/socket", &key.test).await.err(), Some(401));
    drop((untouched, neighbour));
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d14_disable_is_reversible_and_as_immediate() {
    let deployment = Deployment::start().await;
    let mut admin = deployment.admin().await;
    let key = admin.create_key(json!({})).await;
    for _ in 0..20 {
        assert_eq!(deployment.get("/things", &key.test).await.status, 200);
        admin.change_key(&key.id, "disable").await;
        assert_eq!(deployment.get("/things", &key.test).await.status, 401);
        assert_eq!(deployment.get("/things", &key.live).await.status, 401, "both halves obey the record (D4)");
        admin.change_key(&key.id, "enable").await;
    }
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r87_d13_d41_a_rotation_overlaps_and_can_be_ended_early() {
    let deployment = Deployment::start().await;
    let mut admin = deployment.admin().await;
    let old = admin.create_key(json!({})).await;
    let rotated = admin.change_key(&old.id, "rotate").await;
    let fresh = crate::deployment::NewKey::of(&rotated);
    assert_eq!(deployment.get("/things", &old.test).await.status, 200, "the old secret lives on for the overlap");
    assert_eq!(deployment.get("/things", &fresh.test).await.status, 200);
    let call = Call::get(&deployment.url("/slow")).key(&old.test);
    let waiting = tokio::spawn(call.send());
    let call = Call::get(&deployment.url("/slow")).key(&fresh.test);
    let unharmed = tokio::spawn(call.send());
    deployment.upstream.until_waiting(2).await;
    admin.change_key(&old.id, "end-previous").await;
    assert_eq!(deployment.get("/things", &old.test).await.status, 401);
    assert_eq!(waiting.await.expect("a caller's task").status, 401, "what was admitted with the ended secret is cut");
    deployment.upstream.release();
    assert_eq!(unharmed.await.expect("a caller's task").status, 200, "what was admitted with the new secret is not");
    assert_eq!(deployment.get("/things", &fresh.test).await.status, 200);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d14_requests_on_one_http2_connection_are_cut_key_by_key() {
    let deployment = Deployment::start().await;
    let mut admin = deployment.admin().await;
    let (key, other) = (admin.create_key(json!({})).await, admin.create_key(json!({})).await);
    let address = address_of(&deployment.claviger.gateway());
    // Two callers, each with a connection of many streams.
    let mut calls = JoinSet::new();
    for secret in [&key.test, &other.test] {
        let mut connection = Connection::plain(address, Wire::Http2).await;
        let call = Call::get(&deployment.url("/slow")).key(secret);
        let expected = if *secret == key.test { 401 } else { 200 };
        calls.spawn(async move { (expected, connection.send(call).await.status) });
    }
    deployment.upstream.until_waiting(2).await;
    admin.change_key(&key.id, "revoke").await;
    deployment.upstream.release();
    while let Some(ended) = calls.join_next().await {
        let (expected, status) = ended.expect("a caller's task");
        assert_eq!(status, expected);
    }
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r86_d13_d41_expiry_is_enforced_to_the_second_and_cuts_what_was_admitted() {
    let deployment = Deployment::start().await;
    let mut admin = deployment.admin().await;
    let in_two_seconds = Timestamp::now().checked_add(SignedDuration::from_secs(2)).expect("a time");
    let key = admin.create_key(json!({"expires_at": in_two_seconds.to_string()})).await;
    let waiting = tokio::spawn(Call::get(&deployment.url("/slow")).key(&key.test).send());
    deployment.upstream.until_waiting(1).await;
    let refused_at = eventually("the key to expire", async || {
        let reply = deployment.get("/things", &key.live).await;
        (reply.status == 401).then(Timestamp::now)
    })
    .await;
    assert!(refused_at >= in_two_seconds, "refused before its time: {refused_at}");
    assert!(refused_at.duration_since(in_two_seconds) < SignedDuration::from_secs(1), "passed too long: {refused_at}");
    assert_eq!(within("the waiting request", CUT_BOUND, waiting).await.expect("a caller's task").status, 401);
    deployment.stop().await;
}
