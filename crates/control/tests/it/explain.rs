//! Explain: it says what really happens.

use crate::world::{World, id_of, secret};
use model::{Denial, HttpMethod};
use serde_json::{Value, json};

async fn explain(world: &World, key: Option<(&str, &str)>, method: &str, path: &str) -> Value {
    let mut body = json!({ "method": method, "path": path });
    if let Some((account, key)) = key {
        body["account_id"] = id_of(account).into();
        body["key_id"] = id_of(key).into();
        body["environment"] = "test".into();
    }
    world.post("/v1/explain", body).await.expect(200).json
}

#[tokio::test]
async fn explain_agrees_with_the_decision_on_every_request() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let company = world.company(&account, "C").await;
    let mut keys = Vec::new();
    for body in [
        json!({}),
        json!({ "preset": "full_access" }),
        json!({ "preset": "send", "companies": [company] }),
        json!({ "scopes": ["company:write"] }),
        json!({ "expires_at": "2026-11-23T12:00:01Z" }),
    ] {
        keys.push(world.key(&account, body).await);
    }
    let (disabled, issued) = world.key(&account, json!({})).await;
    world.post(&format!("{disabled}/disable"), json!({})).await.expect(200);
    keys.push((disabled, issued));
    let (revoked, issued) = world.key(&account, json!({})).await;
    world.post(&format!("{revoked}/revoke"), json!({})).await.expect(200);
    keys.push((revoked, issued));
    world.pass(2);

    let mut outcomes = std::collections::BTreeSet::new();
    for (key, issued) in &keys {
        for (method, path) in [
            ("GET", "/v1/company"),
            ("HEAD", "/v1/company"),
            ("POST", "/v1/company"),
            ("POST", "/v1/send"),
            ("GET", "/v1/settings"),
            ("GET", "/v1/nothing"),
            ("GET", "/v1/%63ompany?x=1"),
        ] {
            let explained = explain(&world, Some((&account, key)), method, path).await;
            let plain = path.split('?').next().unwrap();
            let decided = world.decide(&secret(issued, "test"), HttpMethod::parse(method).unwrap(), plain).await;
            assert_eq!(explained["allowed"], decided.is_ok(), "{method} {path}: {explained}");
            let reason = decided.err().map(|denial: Denial| denial.answer().reason);
            assert_eq!(explained["refusal"]["reason"].as_str(), reason, "{method} {path}");
            assert_eq!(explained["remedies"].as_array().unwrap().is_empty(), decided.is_ok());
            assert_eq!(explained["steps"].as_array().unwrap().len(), 11);
            outcomes.insert(reason);
        }
    }
    assert_eq!(outcomes.len(), 7, "the table reaches all of these: {outcomes:?}");
}

#[tokio::test]
async fn what_explain_proposes_helps() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (key, issued) = world.key(&account, json!({})).await;
    let explained = explain(&world, Some((&account, &key)), "POST", "/v1/send").await;
    assert_eq!(explained["operation"], "send_create");
    assert_eq!(explained["refusal"]["code"], "insufficient_scope");
    assert_eq!(explained["refusal"]["status"], 403);
    assert_eq!(
        (&explained["remedies"][0]["action"], &explained["remedies"][0]["scope"]),
        (&json!("grant_scope"), &json!("send:send"))
    );
    world.send("PATCH", &key, Some(json!({ "scopes": ["*:read", "send:send"] }))).await.expect(200);
    assert_eq!(explain(&world, Some((&account, &key)), "POST", "/v1/send").await["allowed"], true);
    assert_eq!(world.decide(&secret(&issued, "test"), HttpMethod::Post, "/v1/send").await, Ok(()));
}

#[tokio::test]
async fn a_rotated_secret_is_explained_as_such() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (key, _) = world.key(&account, json!({})).await;
    let described = json!({
        "account_id": id_of(&account), "key_id": id_of(&key), "environment": "live", "secret": "previous",
        "method": "GET", "path": "/v1/company",
    });
    let none = world.post("/v1/explain", described.clone()).await.expect(422);
    assert_eq!(none.pointers(), ["/secret"]);
    world.post(&format!("{key}/rotate"), json!({ "overlap_seconds": 60 })).await.expect(200);
    assert_eq!(world.post("/v1/explain", described.clone()).await.expect(200).json["allowed"], true);
    world.pass(60);
    let ended = world.post("/v1/explain", described).await.expect(200).json;
    assert_eq!(
        (&ended["refusal"]["reason"], &ended["remedies"][0]["action"]),
        (&json!("secret_ended"), &json!("use_current_secret"))
    );
}

#[tokio::test]
async fn a_request_without_a_key_is_explained() {
    let world = World::new().await;
    let public = explain(&world, None, "GET", "/v1/health").await;
    assert_eq!(
        (&public["allowed"], &public["refusal"], &public["operation"]),
        (&json!(true), &json!(null), &json!("health"))
    );
    for path in ["/v1/company", "/v1/nothing", "/v1/settings"] {
        let refused = explain(&world, None, "GET", path).await;
        assert_eq!(
            (&refused["allowed"], &refused["refusal"]["code"]),
            (&json!(false), &json!("api_key_required")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_browser_with_a_primary_key_is_explained() {
    let world = World::new().await;
    let (account, created) = world.account("A").await;
    let reply = world
        .post(
            "/v1/explain",
            json!({
                "account_id": id_of(&account), "key_id": created["primary"]["key_id"], "environment": "live",
                "method": "GET", "path": "/v1/company", "origin": "https://app.example.com",
            }),
        )
        .await
        .expect(200);
    assert_eq!(reply.json["refusal"]["code"], "primary_key_in_browser");
}

#[tokio::test]
async fn unusable_descriptions_are_refused() {
    let world = World::new().await;
    let (account, created) = world.account("A").await;
    let key = created["primary"]["key_id"].as_str().unwrap();
    for (body, pointer) in [
        (json!({ "method": "get", "path": "/" }), "/method"),
        (json!({ "method": "GET", "path": "v1" }), "/path"),
        (json!({ "method": "GET", "path": "/a/../b" }), "/path"),
        (json!({ "method": "GET", "path": "/", "key_id": key }), "/account_id"),
        (json!({ "method": "GET", "path": "/", "account_id": id_of(&account), "key_id": key }), "/environment"),
        (json!({ "path": "/" }), ""),
        (json!({ "method": "GET", "path": "/", "secrets": "x" }), "/secrets"),
    ] {
        let reply = world.post("/v1/explain", body.clone()).await.expect(422);
        assert_eq!(reply.pointers(), [pointer], "{body}");
    }
}
