//! HTTP: what every operation has in common.

use crate::{
    browser::Browser,
    world::{World, id_of},
};
use api::contract::{self, Authority};
use axum::body::Body;
use control::{InForce, Readiness, Receipt};
use http::Request;
use serde_json::json;
use std::{future::pending, pin::Pin, sync::Arc, time::Duration};
use store::Revision;

fn authorized(world: &World, method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", world.token))
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let world = World::new().await;
    for path in ["/", "/v1", "/v1/accounts/", "/v2/accounts", "/v1/accounts/a/b/c/d", "/v1//accounts"] {
        let reply = world.get(path).await.expect(404);
        assert_eq!(reply.code(), "route_not_found", "{path}");
    }
    let reply = world.send("PUT", "/v1/accounts", None).await.expect(405);
    assert_eq!(reply.code(), "method_not_allowed");
    let mut allowed: Vec<_> = reply.headers["allow"].to_str().unwrap().split(',').map(str::trim).collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
    for method in ["OPTIONS", "TRACE", "DELETE", "FOO"] {
        world.send(method, "/v1/accounts", None).await.expect(405);
    }
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let world = World::new().await;
    for path in ["/v1/accounts", "/healthz", "/v1/openapi.json", "/v1/operations"] {
        let get = world.get(path).await.expect(200);
        let head = world.send("HEAD", path, None).await.expect(200);
        assert_eq!(head.text, "", "{path}");
        assert_eq!(head.headers["content-length"], get.text.len().to_string(), "{path}");
        assert_eq!(head.headers["content-type"], get.headers["content-type"]);
    }
    world.send("HEAD", "/v1/accounts/acc_x", None).await.expect(404);
}

#[tokio::test]
async fn unknown_query_parameters_are_refused_by_every_operation() {
    let world = World::new().await;
    let (account, created) = world.account("A").await;
    let company = world.company(&account, "C").await;
    let (mut browser, _, _) = Browser::registered(&world, "a@example.com").await;
    // A provider may send a browser back with more than we know of.
    for entry in contract::table().into_iter().filter(|entry| entry.id != "oidc_callback") {
        let path = entry
            .path
            .replace("{member_id}", "mem_00000000000000000000000001")
            .replace("{invitation_id}", "inv_00000000000000000000000001")
            .replace("{person_id}", "per_00000000000000000000000001")
            .replace("{session_id}", "ses_00000000000000000000000001")
            .replace("{provider_id}", "nobody")
            .replace("{account_id}", id_of(&account))
            .replace("{company_id}", &company)
            .replace("{key_id}", created["primary"]["key_id"].as_str().unwrap())
            .replace("{identity_id}", "idm_00000000000000000000000001")
            .replace("{request_id}", "req_00000000000000000000000001")
            .replace("{operator_token_id}", &world.token_id);
        let path = format!("{path}?surprise=1");
        let method = entry.method.as_str();
        let reply = if entry.authority == Authority::SignedIn {
            browser.send(&world, method, &path, None).await
        } else {
            world.send(method, &path, None).await
        };
        let reply = reply.expect(400);
        assert_eq!(reply.code(), "invalid_query", "{}", entry.id);
        assert!(reply.json["detail"].as_str().unwrap().contains("surprise"), "{}", reply.text);
    }
}

#[tokio::test]
async fn bodies_are_json_of_bounded_size() {
    let world = World::with(|parts| parts.limits.body_max = 1_000).await;
    let send = async |content_type: Option<&str>, body: Body| {
        let mut request = authorized(&world, "POST", "/v1/accounts");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        world.raw(request.body(body).unwrap()).await
    };
    let json = Some("application/json");
    let named = |length: usize| Body::from(format!(r#"{{"name":"{}"}}"#, "x".repeat(length)));
    assert_eq!(send(json, named(10)).await.status, 201);
    assert_eq!(send(Some("Application/JSON; charset=utf-8"), named(10)).await.status, 201);
    for other in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonp")] {
        assert_eq!(send(other, named(10)).await.expect(415).code(), "unsupported_media_type", "{other:?}");
    }
    let large = send(json, named(1_000)).await.expect(413);
    assert_eq!(large.code(), "body_too_large");
    assert!(large.json["detail"].as_str().unwrap().contains("1000 bytes"));
    for text in ["{", "nonsense", r#"{"name":"x"}}"#, r#"{"name":"x""#, "\u{feff}{}", r#"{"name":"\ud800"}"#] {
        assert_eq!(send(json, Body::from(text)).await.expect(400).code(), "malformed_json", "{text}");
    }
    assert_eq!(send(json, Body::from(&b"{\"name\":\"\xff\"}"[..])).await.expect(400).code(), "malformed_json");
    for text in ["[]", r#"["by position"]"#, "7", "null", r#"{"name":"x","name":"y"}"#, ""] {
        assert_eq!(send(json, Body::from(text)).await.expect(422).code(), "validation_failed", "{text}");
    }
    let deep = format!(r#"{{"name":{}"#, "[".repeat(900));
    assert!(matches!(send(json, Body::from(deep)).await.status.as_u16(), 400 | 422));
}

#[tokio::test]
async fn an_operation_without_a_body_takes_none_or_an_empty_object() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (key, _) = world.key(&account, json!({})).await;
    let disable = format!("{key}/disable");
    world.send("POST", &disable, None).await.expect(200);
    world.send("POST", &disable, Some(json!({}))).await.expect(200);
    let reply = world.send("POST", &disable, Some(json!({ "reason": "x" }))).await.expect(422);
    assert_eq!(reply.pointers(), ["/reason"]);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_in_time_is_given_up() {
    let world = World::with(|parts| parts.limits.body_read = Duration::from_millis(30)).await;
    let never = http_body_util::StreamBody::new(futures_util::stream::pending::<
        Result<http_body::Frame<bytes::Bytes>, std::io::Error>,
    >());
    let request = authorized(&world, "POST", "/v1/accounts").header("content-type", "application/json");
    let reply = world.raw(request.body(Body::new(never)).unwrap()).await.expect(400);
    assert_eq!(reply.code(), "malformed_request");
}

struct Silent;

impl InForce for Silent {
    fn in_force(&self, _: Revision) -> Pin<Box<dyn Future<Output = Receipt> + Send + '_>> {
        Box::pin(pending())
    }
}

#[tokio::test]
async fn d14_a_change_that_gateways_do_not_confirm_is_never_answered_as_done() {
    let world = World::with(|parts| {
        parts.in_force = Arc::new(Silent);
        parts.limits.confirm = Duration::from_millis(30);
    })
    .await;
    let reply = world.post("/v1/accounts", json!({ "name": "A" })).await.expect(503);
    assert_eq!(reply.code(), "not_confirmed");
    assert!(reply.json["detail"].as_str().unwrap().contains("stored as revision"), "{}", reply.text);
    assert_eq!(world.get("/v1/accounts").await.json["data"].as_array().unwrap().len(), 1, "it is stored, as it says");
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered() {
    let world = World::with(|parts| {
        parts.in_force = Arc::new(Silent);
        parts.limits.request = Duration::from_millis(30);
    })
    .await;
    let reply = world.post("/v1/accounts", json!({ "name": "A" })).await.expect(503);
    assert_eq!(reply.code(), "timeout");
}

#[tokio::test]
async fn more_requests_than_there_is_room_for_are_refused_at_once() {
    let world = World::with(|parts| {
        parts.in_force = Arc::new(Silent);
        parts.limits.requests_max = 1;
        parts.limits.request = Duration::from_millis(30);
    })
    .await;
    // Its caller has an answer; the work on it goes on, and keeps its room.
    assert_eq!(world.post("/v1/accounts", json!({ "name": "A" })).await.expect(503).code(), "timeout");
    let reply = world.get("/v1/accounts").await.expect(503);
    assert_eq!(reply.code(), "overloaded");
    assert_eq!(reply.headers["retry-after"], "1");
}

#[tokio::test]
async fn a_panic_ends_one_request_and_nothing_else() {
    let world = World::with(|parts| parts.ready = Arc::new(|| panic!("a defect"))).await;
    let reply = world.get("/readyz").await.expect(500);
    assert_eq!(reply.code(), "internal_error");
    assert!(!reply.text.contains("a defect"));
    world.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn readiness_says_what_is_missing() {
    let missing = || Readiness { missing: vec!["the gateway has lost the change log".into()] };
    let world = World::with(|parts| parts.ready = Arc::new(missing)).await;
    let reply = world.get("/readyz").await.expect(503);
    assert_eq!(
        (reply.code(), reply.json["detail"].as_str().unwrap()),
        ("not_ready", "Not ready: the gateway has lost the change log.")
    );
    assert_eq!(world.get("/healthz").await.expect(200).json, json!({ "status": "alive" }));
}

#[tokio::test]
async fn the_document_is_served_as_it_is_committed() {
    let world = World::new().await;
    let committed: serde_json::Value = serde_json::from_str(include_str!("../../../api/openapi.json")).unwrap();
    assert!(world.get("/v1/openapi.json").await.expect(200).json == committed);
}

#[tokio::test]
async fn operations_are_listed_in_the_order_of_the_catalogue() {
    let world = World::new().await;
    let mut ids = Vec::new();
    let mut next = String::from("/v1/operations?limit=2");
    loop {
        let page = world.get(&next).await.expect(200).json;
        ids.extend(page["data"].as_array().unwrap().iter().map(|o| o["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("/v1/operations?limit=2&cursor={cursor}");
    }
    assert_eq!(ids, ["company_list", "company_create", "send_create", "health", "settings"]);
    let first = &world.get("/v1/operations?limit=1").await.json["data"][0];
    assert_eq!(
        (&first["path"], &first["scope"], &first["company_mode"]),
        (&json!("/v1/company"), &json!("company:read"), &json!("context"))
    );
    assert_eq!(world.get("/v1/operations?cursor=nothing").await.expect(400).code(), "invalid_query");
}

#[tokio::test]
async fn d6_the_plain_style_has_no_extension_members() {
    let world = World::with(|parts| parts.problems = api::ProblemStyle::rfc9457("https://x.test/errors/")).await;
    let response = world
        .control
        .answer(
            Request::get("/v1/accounts").body(Body::empty()).unwrap(),
            control::Arrival { secure: true, peer: None },
        )
        .await;
    assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000");
    let bytes = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let members: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["detail", "status", "title", "type"]);
}

#[tokio::test]
async fn the_bounds_of_the_deployment_are_told() {
    let options = store::Options {
        restricted_keys_max: 1,
        companies_max: 1,
        operator_tokens_max: 1,
        accounts_max: 1,
        ..Default::default()
    };
    let world = World::bounded(options, |_| {}).await;
    let (account, _) = world.account("A").await;
    world.company(&account, "C").await;
    world.key(&account, json!({})).await;
    for (path, body) in [
        ("/v1/accounts".to_owned(), json!({ "name": "B" })),
        (format!("{account}/companies"), json!({ "name": "D" })),
        (format!("{account}/keys"), json!({})),
        ("/v1/operator-tokens".to_owned(), json!({ "description": "x" })),
    ] {
        let reply = world.post(&path, body).await.expect(409);
        assert_eq!(reply.code(), "limit_reached", "{path}");
        assert!(reply.json["detail"].as_str().unwrap().starts_with("At most 1 "), "{}", reply.text);
    }
}

#[tokio::test]
async fn metrics_are_there_when_the_process_has_some() {
    let world = World::new().await;
    assert_eq!(world.get("/metrics").await.expect(404).code(), "route_not_found");
    let control = control::Control::with_metrics(world.parts.clone(), Arc::new(|| "# EOF\n".to_owned()));
    let ask = async |method: &str| {
        let request = Request::builder().method(method).uri("/metrics").body(Body::empty()).unwrap();
        control.answer(request, control::Arrival::default()).await
    };
    let answer = ask("GET").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
    assert_eq!(text, "# EOF\n");
    assert_eq!(ask("POST").await.status(), 405);
}
