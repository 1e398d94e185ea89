//! What callers are told, and what the upstream is told about them.

use crate::deployment::{CLAVIGER, Deployment};
use serde_json::{Value, json};
use testkit::{Launch, Must, client::Call, eventually};

/// The body with the request id blanked out: it is the one thing that may differ.
fn but_for_the_request_id(body: &[u8]) -> String {
    let mut text = String::from_utf8(body.to_vec()).must("read a body");
    let value: Value = serde_json::from_str(&text).must("read a problem");
    let id = value["request_id"].as_str().must("find the request id").to_owned();
    assert_eq!(text.matches(&id).count(), 1, "{text}");
    text = text.replace(&id, "");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_every_invalid_key_gets_one_body_byte_for_byte() {
    let deployment = Deployment::start().await;
    let mut admin = deployment.admin().await;
    let url = deployment.url("/things");
    let (disabled, revoked, deleted, rotated, other) = (
        admin.create_key(json!({"description": "to be disabled"})).await,
        admin.create_key(json!({"description": "to be revoked"})).await,
        admin.create_key(json!({"description": "to be deleted"})).await,
        admin.create_key(json!({"description": "to be rotated"})).await,
        admin.create_key(json!({"description": "stays"})).await,
    );
    admin.change_key(&disabled.id, "disable").await;
    admin.change_key(&revoked.id, "revoke").await;
    let gone = admin.url(&format!("/keys/{}", deleted.id));
    assert_eq!(admin.ask(Call::new("DELETE", &gone)).await.status, 200);
    let rotate = admin.url(&format!("/keys/{}/rotate", rotated.id));
    assert_eq!(admin.ask(Call::post(&rotate).json(&json!({"overlap_seconds": 0}))).await.status, 200);
    let shown = admin.url(&format!("/keys/{}", other.id));
    let other_client =
        admin.ask(Call::get(&shown)).await.json()["test"]["client_id"].as_str().must("find it").to_owned();

    let mut wrong_sum = deployment.test.clone();
    let last = wrong_sum.pop();
    wrong_sum.push(if last == Some('a') { 'b' } else { 'a' });
    let unknown = unknown_key();
    let calls = [
        ("disabled", Call::get(&url).key(&disabled.test)),
        ("revoked", Call::get(&url).key(&revoked.test)),
        ("deleted", Call::get(&url).key(&deleted.live)),
        ("rotated away", Call::get(&url).key(&rotated.test)),
        ("wrong checksum", Call::get(&url).key(&wrong_sum)),
        ("malformed", Call::get(&url).key("not a key")),
        ("truncated", Call::get(&url).key(&deployment.test[..30])),
        ("unknown", Call::get(&url).key(&unknown)),
        ("as bearer", Call::get(&url).bearer(&revoked.test)),
        (
            "wrong pair",
            Call::get(&url).header("x-client-id", &other_client).header("x-client-secret", &deployment.test),
        ),
        ("unknown operation", Call::get(&deployment.url("/no/such/thing")).key(&revoked.test)),
        ("unknown method", Call::new("PUT", &url).key(&revoked.test)),
    ];
    let mut first: Option<String> = None;
    for (why, call) in calls {
        let reply = call.send().await;
        assert_eq!(reply.status, 401, "{why}");
        assert_eq!(reply.header("content-type"), "application/problem+json", "{why}");
        let body = but_for_the_request_id(&reply.body);
        assert_eq!(&body, first.get_or_insert_with(|| body.clone()), "{why}");
    }
    assert!(first.must("have a body").contains("\"code\":\"invalid_api_key\""));
    assert_eq!(deployment.upstream.requests(), 0, "a refused request reached the upstream");
    // The operator's log is precise where the answer is not.
    for reason in ["key_disabled", "key_revoked", "credential_unknown", "credential_malformed", "credential_mismatched"]
    {
        let wanted = format!("\"reason\":\"{reason}\"");
        eventually(&wanted, async || deployment.claviger.logs().contains(&wanted).then_some(())).await;
    }
    deployment.stop().await;
}

/// A key with the right shape and checksum that nobody ever issued: from another deployment's quickstart it would come;
/// here it is a constant of the documented form (D1).
fn unknown_key() -> String {
    let head = format!("sk_test_{}", "A1b2C3d4E5".repeat(4).chars().take(38).collect::<String>());
    let mut rest = crc32(head.as_bytes());
    let alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut sum = [0u8; 6];
    for slot in sum.iter_mut().rev() {
        *slot = alphabet[(rest % 62) as usize];
        rest /= 62;
    }
    format!("{head}{}", String::from_utf8_lossy(&sum))
}

/// CRC-32 as in ISO 3309, bit by bit: an independent reading of D1.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 })
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_d6_d7_refusals_without_a_key_with_two_and_with_the_wrong_one() {
    let deployment = Deployment::start().await;
    let url = deployment.url("/things");
    let missing = Call::get(&url).send().await;
    assert_eq!((missing.status, missing.code().as_str()), (401, "api_key_required"));
    let unmapped = Call::get(&deployment.url("/nothing")).send().await;
    assert_eq!((unmapped.status, unmapped.code().as_str()), (401, "api_key_required"), "D7: 401 without a key");
    let unmapped = deployment.get("/nothing", &deployment.test).await;
    assert_eq!((unmapped.status, unmapped.code().as_str()), (404, "operation_not_found"), "D7: 404 with one");
    let key = &deployment.test;
    for (why, call) in [
        ("twice the same header", Call::get(&url).key(key).key(key)),
        ("two places", Call::get(&url).key(key).bearer(key)),
        ("a key and half a pair", Call::get(&url).key(key).header("x-client-id", "ci_0123456789abcdef01234567")),
    ] {
        let reply = call.send().await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "ambiguous_credentials"), "{why}");
    }
    // Never in a query, a body or a cookie.
    for (why, call) in [
        ("query", Call::get(&format!("{url}?api_key={key}&x-api-key={key}"))),
        ("cookie", Call::get(&url).header("cookie", &format!("x-api-key={key}"))),
        ("body", Call::post(&url).json(&json!({"x-api-key": key}))),
    ] {
        let reply = call.send().await;
        assert_eq!((reply.status, reply.code().as_str()), (401, "api_key_required"), "{why}");
    }
    let problem = missing.json();
    for member in ["type", "title", "status", "detail", "request_id"] {
        assert!(!problem[member].is_null(), "{member} is missing in {problem}");
    }
    assert_eq!(problem["request_id"].as_str(), Some(missing.header("x-request-id")));
    assert_eq!(deployment.upstream.requests(), 0);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_d3_all_four_presentations_open_the_same_door() {
    let deployment = Deployment::start().await;
    let (url, key) = (deployment.url("/things"), &deployment.test);
    let client = deployment.claviger.text("/primary/test/client_id");
    let basic = |user: &str, password: &str| {
        let pair = data_encoding::BASE64.encode(format!("{user}:{password}").as_bytes());
        Call::get(&url).header("authorization", &format!("Basic {pair}"))
    };
    for (how, call) in [
        ("X-API-Key", Call::get(&url).key(key)),
        ("Bearer", Call::get(&url).bearer(key)),
        ("Basic with the key as user name", basic(key, "")),
        ("Basic with client id and secret", basic(&client, key)),
        ("two headers", Call::get(&url).header("x-client-id", &client).header("x-client-secret", key)),
    ] {
        assert_eq!(call.send().await.status, 200, "{how}");
    }
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r75_a_missing_scope_is_403_insufficient_scope() {
    let deployment = Deployment::start().await;
    let mut admin = deployment.admin().await;
    let key = admin.create_key(json!({"preset": "read_only"})).await;
    assert_eq!(deployment.get("/things", &key.test).await.status, 200);
    for (method, path) in [("POST", "/things"), ("DELETE", "/things/7"), ("POST", "/count")] {
        let reply = Call::new(method, &deployment.url(path)).key(&key.live).json(&json!({})).send().await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "insufficient_scope"), "{method} {path}");
    }
    let custom = admin.create_key(json!({"scopes": ["things:write"]})).await;
    assert_eq!(deployment.get("/things", &custom.test).await.status, 403, "write does not imply read (D7)");
    let write = Call::post(&deployment.url("/things")).key(&custom.test).json(&json!({})).send().await;
    assert_eq!(write.status, 200);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d24_d27_the_upstream_learns_who_calls_and_never_with_what() {
    let deployment = Deployment::start().await;
    let call = Call::get(&deployment.url("/head?x=1"))
        .key(&deployment.live)
        .header("claviger-account", "acc_forged")
        .header("Claviger_Context", "forged")
        .header("x-http-method-override", "DELETE")
        .header("connection", "x-private")
        .header("x-private", "hop by hop")
        .header("x-kept", "kept");
    let reply = call.send().await;
    assert_eq!(reply.status, 200);
    let seen = reply.json();
    assert_eq!((seen["method"].as_str(), seen["target"].as_str()), (Some("GET"), Some("/head?x=1")));
    let pairs: Vec<(String, String)> = serde_json::from_value(seen["headers"].clone()).must("read the headers");
    let values =
        |name: &str| -> Vec<&str> { pairs.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect() };
    assert_eq!(values("claviger-account"), [deployment.claviger.text("/account_id")]);
    assert_eq!(values("claviger-environment"), ["live"]);
    assert_eq!(values("claviger-kind"), ["primary"]);
    assert_eq!(values("claviger-key"), [deployment.claviger.text("/primary/key_id")]);
    assert_eq!(values("claviger-context").len(), 1);
    assert_eq!(values("x-kept"), ["kept"]);
    assert_eq!(values("x-request-id"), [reply.header("x-request-id")]);
    for gone in ["x-api-key", "authorization", "claviger_context", "x-http-method-override", "x-private"] {
        assert!(values(gone).is_empty(), "{gone} reached the upstream");
    }
    deployment.claviger.secrets().assert_absent("what the upstream saw", seen.to_string().as_bytes());
    verify(values("claviger-context")[0], &deployment).await;
    deployment.stop().await;
}

/// Checks the signed context with the published key, and its claims.
async fn verify(token: &str, deployment: &Deployment) {
    let jwks = Call::get(&deployment.url("/.well-known/claviger/jwks.json")).send().await;
    assert_eq!(jwks.status, 200, "the key set needs no key");
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_slice(&jwks.body).must("read the key set");
    let header = jsonwebtoken::decode_header(token).must("read the token's header");
    assert_eq!(header.alg, jsonwebtoken::Algorithm::EdDSA);
    let key = set.find(&header.kid.must("find the key id")).must("find the key");
    let key = jsonwebtoken::DecodingKey::from_jwk(key).must("use the key");
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
    rules.set_audience(&["upstream"]);
    rules.set_issuer(&["claviger"]);
    rules.set_required_spec_claims(&["exp", "iss", "aud"]);
    let _installed_before = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let claims = jsonwebtoken::decode::<Value>(token, &key, &rules).must("verify the token").claims;
    assert_eq!(claims["account"].as_str(), Some(deployment.claviger.text("/account_id").as_str()));
    assert_eq!(claims["environment"], "live");
    assert_eq!(claims["kind"], "primary");
    assert_eq!(claims["companies"], "all");
    let life = claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(end, start)| end - start);
    assert_eq!(life, Some(60));
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_no_api_key_opens_the_control_api_and_no_operator_token_the_gateway() {
    let deployment = Deployment::start().await;
    let mut admin = deployment.admin().await;
    let full = admin.create_key(json!({"preset": "full_access"})).await;
    let control = deployment.claviger.control();
    for path in ["/v1/accounts", "/v1/operations", "/v1/audit", "/v1/operator-tokens"] {
        for key in [&deployment.test, &deployment.live, &full.test, &full.live] {
            for call in
                [Call::get(&format!("{control}{path}")).bearer(key), Call::get(&format!("{control}{path}")).key(key)]
            {
                let reply = call.send().await;
                assert_eq!((reply.status, reply.code().as_str()), (401, "unauthorized"), "{path}");
            }
        }
    }
    let token = deployment.claviger.text("/operator_token");
    assert_eq!(Call::get(&deployment.url("/things")).bearer(&token).send().await.status, 401);
    assert_eq!(deployment.get("/things", &token).await.status, 401);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r117_r118_r120_each_environment_has_its_own_upstream() {
    let (sandbox, real) = (testkit::Upstream::start().await, testkit::Upstream::start().await);
    let home = testkit::Home::new();
    let description = home.file("upstream.json", testkit::upstream::OPENAPI);
    let claviger = Launch::quickstart(CLAVIGER)
        .at(&home, &testkit::Secrets::default())
        .args(["--openapi".into(), description.into_os_string()])
        .args(["--upstream-test", &sandbox.url(), "--upstream-live", &real.url()])
        .start()
        .await;
    let url = format!("{}/things", claviger.gateway());
    for _ in 0..5 {
        let reply = Call::post(&url).key(&claviger.text("/primary/test/secret")).json(&json!({})).send().await;
        assert_eq!(reply.status, 200);
    }
    assert_eq!((sandbox.requests(), real.requests()), (5, 0));
    assert_eq!(Call::get(&url).key(&claviger.text("/primary/live/secret")).send().await.status, 200);
    assert_eq!((sandbox.requests(), real.requests()), (5, 1));
    claviger.stop().await;
}
