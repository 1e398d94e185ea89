//! The management of restricted keys: where such a request goes, and with what word of the gateway (D8, D24, D32).

use crate::harness::{Upstream, World, entropy, get, new_key, operation, operations, real_clock, status};
use model::{Account, AccountId, Catalogue, HttpMethod, KeyKind, Operation, Preset, operation::ServedBy};
use std::sync::{Arc, atomic::Ordering};

fn with_sub_keys() -> Arc<Catalogue> {
    let mut list = operations();
    let manages = Operation {
        served_by: ServedBy::SubKeys,
        ..operation("subkey_id_get", HttpMethod::Get, "/v1/subkey/{id:int32}", "subkey:read")
    };
    list.push(manages);
    Arc::new(Catalogue::new(list).unwrap())
}

/// The text of a fresh account's primary key, and what the account is called.
async fn primary(world: &World) -> (String, AccountId) {
    let now = real_clock();
    let id = AccountId::new(now, entropy());
    let (key, text) = new_key(id, KeyKind::Primary, Preset::FullAccess, now);
    let account = Account { id, name: "two".into(), created_at: now };
    let made = world.store.create_account(world.stamp(), account, key).await.unwrap();
    world.applied(made.revision).await;
    (text, id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d8_d32_d45_such_requests_go_to_the_facade_alone_and_from_primary_keys_alone() {
    let facade = Upstream::start().await;
    let target = egress::Target::parse(&format!("http://{}", facade.address)).unwrap();
    let there = egress::UpstreamConfig::new(target, None);
    let world = World::start_with(real_clock, |config| config.upstreams.sub_keys = Some(there)).await;
    world.gateway.set_catalogue(&with_sub_keys()).await;
    let (text, account) = primary(&world).await;

    let answer = world.get("/v1/subkey/7?a=1", &text).await;
    assert_eq!(status(&answer), 200, "{answer}");
    assert_eq!((facade.seen.load(Ordering::SeqCst), world.upstream.seen.load(Ordering::SeqCst)), (1, 0));
    assert!(facade.head().starts_with("GET /v1/subkey/7?a=1 HTTP/1.1\r\n"), "{}", facade.head());
    assert!(!facade.head().contains(&text));
    let claims = facade.claims();
    assert_eq!((&claims["aud"], &claims["kind"]), (&"subkeys".into(), &"primary".into()));
    assert_eq!(claims["account"], account.to_string());

    // What the upstream is told of the same key is for the upstream, before and after.
    for _ in 0..2 {
        assert_eq!(status(&world.get("/v1/thing/7", &text).await), 200);
        assert_eq!(world.upstream.claims()["aud"], "upstream");
        assert_eq!(status(&world.get("/v1/subkey/7", &text).await), 200);
        assert_eq!(facade.claims()["aud"], "subkeys");
    }
    let seen = facade.seen.load(Ordering::SeqCst);
    let restricted = world.key(Preset::FullAccess).await;
    let refused = world.get("/v1/subkey/7", &restricted.text).await;
    assert!(status(&refused) == 403 && refused.contains("subkey_not_allowed"), "{refused}");
    let without = world.raw("GET /v1/subkey/7 HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n").await;
    assert_eq!(status(&without), 401);
    assert_eq!(facade.seen.load(Ordering::SeqCst), seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d7_d32_without_a_facade_there_is_no_such_operation() {
    let world = World::start().await;
    world.gateway.set_catalogue(&with_sub_keys()).await;
    let (text, _) = primary(&world).await;
    let restricted = world.key(Preset::FullAccess).await;
    for text in [&text, &restricted.text] {
        let answer = world.raw(&get("/v1/subkey/7", text)).await;
        assert!(status(&answer) == 404 && answer.contains("operation_not_found"), "{answer}");
    }
    assert_eq!(world.upstream.seen.load(Ordering::SeqCst), 0);
}
