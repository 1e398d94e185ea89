//! Accounts: the primary pair, lists, and what is refused.

use crate::world::{World, secret};
use model::HttpMethod;
use serde_json::json;

#[tokio::test]
async fn r18_an_account_comes_with_a_primary_pair_that_works_when_the_answer_arrives() {
    let world = World::new().await;
    let (path, created) = world.account("Rossi S.r.l.").await;
    let primary = &created["primary"];
    for environment in ["test", "live"] {
        let secret = secret(primary, environment);
        assert!(secret.starts_with(&format!("sk_{environment}_")), "{secret}");
        for (method, at) in
            [(HttpMethod::Get, "/v1/company"), (HttpMethod::Post, "/v1/company"), (HttpMethod::Post, "/v1/send")]
        {
            assert_eq!(world.decide(&secret, method, at).await, Ok(()));
        }
    }
    assert_ne!(secret(primary, "test"), secret(primary, "live"));
    assert_eq!(created["in_force"]["gateways"][0]["name"], "one");
    assert_eq!(created["in_force"]["gateways"][0]["applied_at"], "2026-11-23T12:00:00Z");
    assert!(created["in_force"]["revision"].as_u64().unwrap() >= 1);

    let shown = world.get(&path).await.expect(200).json;
    assert_eq!(shown, created["account"]);
    assert_eq!(shown["name"], "Rossi S.r.l.");
    assert_eq!(shown["created_at"], "2026-11-23T12:00:00Z");

    let key = format!("{path}/keys/{}", primary["key_id"].as_str().unwrap());
    let key = world.get(&key).await.expect(200).json;
    assert_eq!(
        (&key["kind"], &key["preset"], &key["companies"]),
        (&json!("primary"), &json!("full_access"), &json!("all"))
    );
    assert_eq!(key["test"]["client_id"], primary["test"]["client_id"]);
}

#[tokio::test]
async fn accounts_are_listed_newest_first_page_by_page() {
    let world = World::new().await;
    for n in 0..5 {
        world.account(&format!("A{n}")).await;
        world.pass(1);
    }
    let mut seen = Vec::new();
    let mut next = String::from("/v1/accounts?limit=2");
    loop {
        let page = world.get(&next).await.expect(200).json;
        let names = page["data"].as_array().unwrap();
        assert!((1..=2).contains(&names.len()));
        seen.extend(names.iter().map(|a| a["name"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("/v1/accounts?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["A4", "A3", "A2", "A1", "A0"]);
}

#[tokio::test]
async fn unusable_names_and_pages_are_refused_with_a_reason() {
    let world = World::new().await;
    for name in [
        json!(""),
        json!("   "),
        json!(" x"),
        json!("x\u{0}"),
        json!("x".repeat(201)),
        json!(null),
        json!(7),
        json!(["x"]),
    ] {
        let reply = world.post("/v1/accounts", json!({ "name": name })).await.expect(422);
        assert_eq!(reply.pointers(), ["/name"], "{name}");
    }
    let reply = world.post("/v1/accounts", json!({})).await.expect(422);
    assert!(reply.text.contains("missing field `name`"), "{}", reply.text);
    let reply = world.post("/v1/accounts", json!({ "name": "x", "plan": "gold" })).await.expect(422);
    assert!(reply.text.contains("unknown field `plan`, expected `name`"), "{}", reply.text);
    for query in [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=x",
        "cursor=x",
        "cursor=key_01jd8m3q5vk0a9n7x2c4b6d8e0",
        "page=2",
        "limit=1&limit=2",
    ] {
        let reply = world.get(&format!("/v1/accounts?{query}")).await.expect(400);
        assert_eq!(reply.code(), "invalid_query", "{query}");
    }
    assert_eq!(world.get("/v1/accounts").await.json["data"], json!([]));
}

#[tokio::test]
async fn an_unknown_account_is_not_found_everywhere() {
    let world = World::new().await;
    for id in [
        "acc_00000000000000000000000000",
        "acc_x",
        "key_00000000000000000000000000",
        "%F0%9F%A6%80",
        "ACC_00000000000000000000000000",
    ] {
        for below in ["", "/companies", "/keys", "/audit"] {
            let reply = world.get(&format!("/v1/accounts/{id}{below}")).await.expect(404);
            assert_eq!(reply.code(), "not_found", "{id}{below}");
        }
    }
    let nowhere = "/v1/accounts/acc_00000000000000000000000000";
    world.post(&format!("{nowhere}/companies"), json!({ "name": "x" })).await.expect(404);
    world.post(&format!("{nowhere}/keys"), json!({})).await.expect(404);
}
