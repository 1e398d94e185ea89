//! Who gets in: the holder of a valid operator token, and nobody else.

use crate::world::{World, hash, secret};
use api::{
    contract::{self, Authority},
    openapi::Entry,
};
use axum::body::Body;
use data_encoding::BASE64;
use http::{Request, request};
use serde_json::json;

/// A request for an operation with real ids in its path.
fn request(entry: &Entry, ids: [&str; 4]) -> request::Builder {
    let [account, company, key, token] = ids;
    let path = entry
        .path
        .replace("{account_id}", account)
        .replace("{company_id}", company)
        .replace("{key_id}", key)
        .replace("{request_id}", "req_00000000000000000000000001")
        .replace("{identity_id}", "idm_00000000000000000000000001")
        .replace("{member_id}", "mem_00000000000000000000000001")
        .replace("{invitation_id}", "inv_00000000000000000000000001")
        .replace("{person_id}", "per_00000000000000000000000001")
        .replace("{operator_token_id}", token);
    Request::builder().method(entry.method.as_str()).uri(path)
}

/// The body of a refusal without what names the single request.
fn same(text: &str) -> serde_json::Value {
    let mut json: serde_json::Value = serde_json::from_str(text).unwrap();
    json.as_object_mut().unwrap().remove("request_id");
    json
}

#[tokio::test]
async fn r28_r29_r136_d8_every_operation_that_an_operator_token_opens_refuses_everything_else_with_one_answer() {
    let world = World::new().await;
    let (account, created) = world.account("A").await;
    let company = world.company(&account, "C").await;
    let (key, full) = world.key(&account, json!({ "preset": "full_access" })).await;
    let revoked = world.post("/v1/operator-tokens", json!({ "description": "x" })).await.expect(201).json;
    let revoked_id = revoked["operator_token"]["id"].as_str().unwrap();
    world.post(&format!("/v1/operator-tokens/{revoked_id}/revoke"), json!({})).await.expect(200);
    let ids = [&account[13..], &company, crate::world::id_of(&key), &world.token_id];

    let good = world.token.clone();
    let mut wrong_checksum = good.clone();
    wrong_checksum.pop();
    wrong_checksum.push(if good.ends_with('0') { '1' } else { '0' });
    let unknown = model::key_text::token_text("op_", &mut |buffer| buffer.fill(7)).expose().clone();
    let (primary, restricted) = (secret(&created["primary"], "live"), secret(&full, "test"));
    let client = full["test"]["client_id"].as_str().unwrap().to_owned();
    let basic = |pair: String| format!("Basic {}", BASE64.encode(pair.as_bytes()));
    let bearer = |text: &str| format!("Bearer {text}");
    let authorization = |value: String| vec![("authorization", value)];

    let table: Vec<(&str, Vec<(&str, String)>)> = vec![
        ("nothing", vec![]),
        ("an empty bearer", authorization(bearer(""))),
        ("no token at all", authorization(bearer("hello"))),
        ("a wrong checksum", authorization(bearer(&wrong_checksum))),
        ("an unknown token", authorization(bearer(&unknown))),
        ("a revoked token", authorization(bearer(revoked["token"].as_str().unwrap()))),
        ("a long text", authorization(bearer(&"x".repeat(10_000)))),
        ("the token without its scheme", authorization(good.clone())),
        ("the token as Basic", authorization(basic(format!("{good}:")))),
        ("the token twice", vec![("authorization", bearer(&good)), ("authorization", bearer(&good))]),
        ("the token as a key", vec![("x-api-key", good.clone())]),
        ("the token in a cookie", vec![("cookie", format!("token={good}"))]),
        ("a primary key as bearer", authorization(bearer(&primary))),
        ("a primary key in x-api-key", vec![("x-api-key", primary.clone())]),
        ("a primary key as Basic user", authorization(basic(format!("{primary}:")))),
        ("a full-access key as bearer", authorization(bearer(&restricted))),
        ("a full-access key in x-api-key", vec![("x-api-key", restricted.clone())]),
        ("a full-access key as Basic user", authorization(basic(format!("{restricted}:")))),
        ("a client id and secret", vec![("x-client-id", client.clone()), ("x-client-secret", restricted.clone())]),
        ("a client id and secret as Basic", authorization(basic(format!("{client}:{restricted}")))),
    ];
    let mut first = None;
    let opened = |e: &&Entry| e.authority != Authority::Anyone && e.authority.admits_operator();
    for entry in contract::table().iter().filter(opened) {
        for (what, headers) in &table {
            let mut request = request(entry, ids);
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            let reply = world.raw(request.body(Body::empty()).unwrap()).await;
            assert_eq!(reply.status, 401, "{} with {what}: {}", entry.id, reply.text);
            assert_eq!(reply.headers["www-authenticate"], "Bearer");
            let body = same(&reply.text);
            assert_eq!(&body, first.get_or_insert_with(|| body.clone()), "{} with {what}", entry.id);
        }
    }
    world.get(&key).await.expect(200);
}

#[tokio::test]
async fn authority_is_asked_before_anything_else() {
    let world = World::new().await;
    for (method, path) in [
        ("GET", "/v1/accounts?limit=0&token=x"),
        ("GET", "/v1/accounts/acc_nonsense"),
        ("POST", "/v1/accounts"),
        ("POST", "/v1/explain"),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::from("not json")).unwrap();
        assert_eq!(world.raw(request).await.status, 401, "{method} {path}");
    }
}

#[tokio::test]
async fn anyone_may_ask_for_what_is_public() {
    let world = World::new().await;
    for path in ["/v1/openapi.json", "/healthz", "/readyz"] {
        let reply = world.raw(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(reply.status, 200, "{path}");
    }
}

#[tokio::test]
async fn the_scheme_is_read_in_any_case() {
    let world = World::new().await;
    let request = Request::get("/v1/accounts").header("authorization", format!("bEARER  {}", world.token));
    assert_eq!(world.raw(request.body(Body::empty()).unwrap()).await.status, 200);
}

#[tokio::test]
async fn a_revoked_token_ends_with_the_answer_to_its_revocation_and_others_go_on() {
    let world = World::new().await;
    world.pass(60);
    let created = world.post("/v1/operator-tokens", json!({ "description": "pipeline" })).await.expect(201).json;
    let text = created["token"].as_str().unwrap();
    assert!(text.starts_with("op_") && text.len() == 47);
    let ask = async || {
        let request = Request::get("/v1/accounts").header("authorization", format!("Bearer {text}"));
        world.raw(request.body(Body::empty()).unwrap()).await.status.as_u16()
    };
    assert_eq!(ask().await, 200);
    let id = created["operator_token"]["id"].as_str().unwrap();
    let revoke = format!("/v1/operator-tokens/{id}/revoke");
    let revoked = world.post(&revoke, json!({})).await.expect(200).json;
    assert_eq!(revoked["operator_token"]["revoked_at"], "2026-11-23T12:01:00Z");
    assert_eq!(ask().await, 401);
    world.post(&revoke, json!({})).await.expect(200);
    world.post("/v1/operator-tokens/opt_00000000000000000000000000/revoke", json!({})).await.expect(404);

    let listed = world.get("/v1/operator-tokens").await.expect(200).json;
    let shown: Vec<_> = listed["data"].as_array().unwrap().iter().map(|t| t["description"].as_str().unwrap()).collect();
    assert_eq!(shown, ["pipeline", "first"]);
    assert!(world.store.operator_token_by_hash(&hash(text)).await.unwrap().unwrap().revoked_at.is_some());
}

#[tokio::test]
async fn operator_tokens_need_a_description() {
    let world = World::new().await;
    for body in [
        json!({}),
        json!({ "description": "" }),
        json!({ "description": "x".repeat(201) }),
        json!({ "description": 1 }),
    ] {
        let reply = world.post("/v1/operator-tokens", body.clone()).await.expect(422);
        assert_eq!(reply.code(), "validation_failed", "{body}");
    }
}

#[tokio::test]
async fn a_token_that_is_revoked_while_a_body_arrives_changes_nothing() {
    let world = World::new().await;
    let created = world.post("/v1/operator-tokens", json!({ "description": "slow" })).await.expect(201).json;
    let (started, mut starts) = tokio::sync::mpsc::channel(1);
    let (go_on, goes_on) = tokio::sync::oneshot::channel::<()>();
    let body = futures_util::stream::once(async move {
        started.send(()).await.unwrap();
        goes_on.await.unwrap();
        Ok::<_, std::io::Error>(http_body::Frame::data(bytes::Bytes::from_static(br#"{"name":"A"}"#)))
    });
    let request = Request::post("/v1/accounts")
        .header("authorization", format!("Bearer {}", created["token"].as_str().unwrap()))
        .header("content-type", "application/json")
        .body(Body::new(http_body_util::StreamBody::new(body)))
        .unwrap();
    let revoke = async {
        // The body is read only after the token was found valid.
        starts.recv().await.unwrap();
        let id = created["operator_token"]["id"].as_str().unwrap();
        world.post(&format!("/v1/operator-tokens/{id}/revoke"), json!({})).await.expect(200);
        go_on.send(()).unwrap();
    };
    let (reply, ()) = tokio::join!(world.raw(request), revoke);
    assert_eq!(reply.status, 401, "{}", reply.text);
    assert_eq!(world.get("/v1/accounts").await.json["data"], json!([]));
}
