//! D19, D20, D37: people with tokens of an issuer, and inbound callbacks, end to end through the gateway.

use crate::{
    harness::{World, entropy, read_to_end, real_clock, status},
    issuer::{LocalIssuer, entra_issuer},
};
use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use gateway::{IssuerConfig, PeopleConfig};
use model::{Identity, IdentityId, LimitName, Preset, Timestamp};
use proof::{Admins, CallbackRule, CallbackScheme, Directories};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

/// Two directories of Entra ID, and the one of all personal accounts.
const OURS: &str = "11111111-2222-3333-4444-555555555555";
const FOREIGN: &str = "99999999-2222-3333-4444-555555555555";
const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
const SECRET: &str = "a-shared-secret-of-some-length";

async fn world(issuer: &LocalIssuer) -> World {
    world_of(issuer.config()).await
}

async fn world_of(config: IssuerConfig) -> World {
    let rule = |name: &str, scheme: Option<CallbackScheme>| CallbackRule {
        name: LimitName::new(name).unwrap(),
        scheme: scheme.unwrap(),
        account: None,
    };
    World::start_with(real_clock, move |gateway| {
        gateway.policy.own_origins = ["https://app.example.com".into()].into();
        gateway.people = PeopleConfig {
            issuers: vec![config],
            admins: Admins::new(["root@example.com".to_owned()]),
            callbacks: vec![
                rule("bank", CallbackScheme::secret("X-Arratech-Webhook-Secret", &[SECRET])),
                rule("signed", CallbackScheme::hmac("X-Signature", &[SECRET])),
            ],
            ..PeopleConfig::default()
        };
    })
    .await
}

async fn mapped(world: &World, issuer: &LocalIssuer) -> IdentityId {
    mapped_to(world, &issuer.url, "").await
}

async fn mapped_to(world: &World, issuer: &str, directory: &str) -> IdentityId {
    let id = IdentityId::new(real_clock(), entropy());
    let (issuer, directory) = (issuer.to_owned(), directory.to_owned());
    let identity = Identity { id, account: world.account, issuer, directory, created_at: real_clock() };
    let made = world.rows().create_identity(world.stamp(), identity).await.unwrap();
    world.applied(made.revision).await;
    id
}

fn bearer(path: &str, token: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer {token}\r\n{more}Connection: close\r\n\r\n")
}

async fn ask(world: &World, path: &str, token: &str) -> String {
    world.raw(&bearer(path, token, "")).await
}

fn code(answer: &str) -> String {
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    body["type"].as_str().and_then(|text| text.rsplit('/').next()).unwrap_or_default().replace('-', "_")
}

#[tokio::test]
async fn r105_d37_a_member_reaches_the_account_of_the_mapping_and_is_cut_with_it() {
    let issuer = LocalIssuer::start().await;
    let world = world(&issuer).await;
    let token = issuer.sign(&issuer.claims());
    let unmapped = ask(&world, "/v1/settings", &token).await;
    assert_eq!((status(&unmapped), code(&unmapped).as_str()), (403, "account_not_mapped"));
    let identity = mapped(&world, &issuer).await;
    for _ in 0..2 {
        assert_eq!(status(&ask(&world, "/v1/settings", &token).await), 200);
    }
    let claims = world.upstream.claims();
    assert_eq!(claims["account"], world.account.to_string());
    assert_eq!((&claims["environment"], &claims["audience"]), (&json!("live"), &json!("member")));
    assert_eq!((&claims["member"]["subject"], &claims["member"]["admin"]), (&json!("alice"), &json!(false)));
    assert_eq!(world.upstream.field("claviger-member").as_deref(), Some("alice"));
    assert_eq!(world.upstream.field("authorization"), None);

    let before = world.upstream.seen.load(Ordering::SeqCst);
    let mut waiting = world.send(&bearer("/v1/member/hold", &token, "")).await;
    world.upstream.wait_seen(before + 1).await;
    let gone = world.rows().delete_identity(world.stamp(), identity).await.unwrap();
    assert_eq!(world.applied(gone.revision).await, 1);
    assert_eq!(code(&read_to_end(&mut waiting).await), "account_not_mapped");
    assert_eq!(code(&ask(&world, "/v1/settings", &token).await), "account_not_mapped");
}

#[tokio::test]
async fn d20_every_fault_of_a_token_has_one_answer() {
    let issuer = LocalIssuer::start().await;
    let world = world(&issuer).await;
    mapped(&world, &issuer).await;
    let with = |name: &str, value: Value| {
        let mut claims = issuer.claims();
        claims[name] = value;
        issuer.sign(&claims)
    };
    let good = issuer.sign(&issuer.claims());
    let key = world.key(Preset::FullAccess).await;
    let mut bodies = Vec::new();
    for token in [
        with("exp", json!(real_clock().as_secs() - 61)),
        with("aud", json!("another")),
        with("iss", json!("https://evil.example")),
        with("nbf", json!(real_clock().as_secs() + 3_600)),
        issuer.sign_as("unknown", &issuer.claims()),
        format!("{}AAAA", &good[..good.len() - 4]),
        key.text.clone(),
        "x".to_owned(),
    ] {
        let answer = ask(&world, "/v1/settings", &token).await;
        assert_eq!(status(&answer), 401, "{token}");
        assert!(answer.contains("error=\"invalid_token\""), "{answer}");
        let body = answer.split("\r\n\r\n").nth(1).unwrap();
        let mut body: Value = serde_json::from_str(body).unwrap();
        body.as_object_mut().unwrap().retain(|name, _| !name.contains("request"));
        body.as_object_mut().unwrap().remove("instance");
        bodies.push(body.to_string());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    assert!(bodies[0].contains("invalid-token"));
    assert_eq!(world.upstream.seen.load(Ordering::SeqCst), 0);

    // An API key is no token, a token is no key, and both together are ambiguous (R136, D3, D20).
    let with_key = world.get("/v1/settings", &key.text).await;
    assert_eq!((status(&with_key), code(&with_key).as_str()), (401, "bearer_token_required"));
    let as_key = ask(&world, "/v1/thing/1", &good).await;
    assert_eq!((status(&as_key), code(&as_key).as_str()), (401, "invalid_api_key"));
    let both = world.raw(&bearer("/v1/settings", &good, &format!("X-API-Key: {}\r\n", key.text))).await;
    assert_eq!(status(&both), 400);
    for (origin, expected) in [("https://app.example.com", 200), ("https://evil.example", 403), ("null", 403)] {
        let answer = world.raw(&bearer("/v1/settings", &good, &format!("Origin: {origin}\r\n"))).await;
        assert_eq!(status(&answer), expected, "{origin}");
    }
}

#[tokio::test]
async fn r106_only_administrators_reach_what_is_for_them() {
    let issuer = LocalIssuer::start().await;
    let world = world(&issuer).await;
    mapped(&world, &issuer).await;
    let plain = ask(&world, "/v1/admin", &issuer.sign(&issuer.claims())).await;
    assert_eq!((status(&plain), code(&plain).as_str()), (403, "admin_required"));
    let mut claims = issuer.claims();
    (claims["email"], claims["email_verified"]) = (json!("Root@example.com"), json!(true));
    assert_eq!(status(&ask(&world, "/v1/admin", &issuer.sign(&claims)).await), 200);
    assert_eq!(world.upstream.claims()["member"]["admin"], json!(true));
}

#[tokio::test]
async fn d20_a_rotated_key_is_fetched_once_and_strangers_cause_no_more() {
    let issuer = LocalIssuer::start().await;
    let world = world(&issuer).await;
    mapped(&world, &issuer).await;
    let old = issuer.sign(&issuer.claims());
    assert_eq!(status(&ask(&world, "/v1/settings", &old).await), 200);
    assert_eq!(issuer.reads.load(Ordering::SeqCst), 1);
    issuer.rotate("k2");
    assert_eq!(status(&ask(&world, "/v1/settings", &issuer.sign(&issuer.claims())).await), 200);
    assert_eq!(issuer.reads.load(Ordering::SeqCst), 2);
    // What the issuer took back is worth nothing, although it was verified before.
    assert_eq!(status(&ask(&world, "/v1/settings", &old).await), 401);
    for kid in 0..1_000 {
        let token = issuer.sign_as(&format!("stranger-{kid}"), &issuer.claims());
        assert_eq!(status(&ask(&world, "/v1/settings", &token).await), 401);
    }
    assert_eq!(issuer.reads.load(Ordering::SeqCst), 2);
    issuer.down.store(true, Ordering::SeqCst);
    assert_eq!(status(&ask(&world, "/v1/settings", &issuer.sign(&issuer.claims())).await), 200);
}

#[tokio::test]
async fn d20_an_issuer_that_is_down_is_said_and_takes_nothing_else_along() {
    let issuer = LocalIssuer::start().await;
    issuer.down.store(true, Ordering::SeqCst);
    let world = world(&issuer).await;
    mapped(&world, &issuer).await;
    let answer = ask(&world, "/v1/settings", &issuer.sign(&issuer.claims())).await;
    assert_eq!((status(&answer), code(&answer).as_str()), (503, "identity_unavailable"));
    let key = world.key(Preset::FullAccess).await;
    assert_eq!(status(&world.get("/v1/thing/1", &key.text).await), 200);
    // The minute of the first request is not over.
    issuer.down.store(false, Ordering::SeqCst);
    assert_eq!(status(&ask(&world, "/v1/settings", &issuer.sign(&issuer.claims())).await), 503);
}

#[tokio::test]
async fn r131_d20_any_directory_of_entra_is_taken_and_only_a_mapped_one_acts() {
    let issuer = LocalIssuer::start().await;
    let world = world_of(issuer.entra(Directories::Any)).await;
    mapped_to(&world, &entra_issuer(OURS), OURS).await;
    let token = issuer.sign(&issuer.entra_claims(OURS));
    assert_eq!(status(&ask(&world, "/v1/settings", &token).await), 200);
    let claims = world.upstream.claims();
    assert_eq!(claims["account"], world.account.to_string());
    // A person is tid and oid: sub differs between applications.
    let member = &claims["member"];
    assert_eq!((&member["directory"], &member["subject"]), (&json!(OURS), &json!("oid-of-alice")));
    let foreign = ask(&world, "/v1/settings", &issuer.sign(&issuer.entra_claims(FOREIGN))).await;
    assert_eq!((status(&foreign), code(&foreign).as_str()), (403, "account_not_mapped"));
    let personal = ask(&world, "/v1/settings", &issuer.sign(&issuer.entra_claims(PERSONAL))).await;
    assert_eq!((status(&personal), code(&personal).as_str()), (401, "invalid_token"));
    assert_eq!(world.upstream.seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn d20_only_the_listed_directory_of_entra_is_taken_and_iss_is_built_from_tid() {
    let issuer = LocalIssuer::start().await;
    let world = world_of(issuer.entra(Directories::Listed(vec![OURS.to_owned()]))).await;
    for directory in [OURS, FOREIGN, PERSONAL] {
        mapped_to(&world, &entra_issuer(directory), directory).await;
    }
    let with = |name: &str, value: Value| {
        let mut claims = issuer.entra_claims(OURS);
        claims[name] = value;
        claims
    };
    for (fault, claims) in [
        ("a foreign directory", issuer.entra_claims(FOREIGN)),
        ("personal accounts", issuer.entra_claims(PERSONAL)),
        ("tid of ours, iss of a foreign one", with("iss", json!(entra_issuer(FOREIGN)))),
        ("iss of ours, tid of a foreign one", with("tid", json!(FOREIGN))),
        ("no tid", with("tid", Value::Null)),
        ("no oid", with("oid", Value::Null)),
        ("version 1", with("iss", json!(format!("https://sts.windows.net/{OURS}/")))),
        ("version 1 at the new host", with("iss", json!(format!("https://login.microsoftonline.com/{OURS}/")))),
        ("the name that all directories share", with("iss", json!(entra_issuer("organizations")))),
        ("the URL of the configuration", with("iss", json!(issuer.url))),
    ] {
        let answer = ask(&world, "/v1/settings", &issuer.sign(&claims)).await;
        assert_eq!((status(&answer), code(&answer).as_str()), (401, "invalid_token"), "{fault}");
    }
    assert_eq!(world.upstream.seen.load(Ordering::SeqCst), 0);
    assert_eq!(status(&ask(&world, "/v1/settings", &issuer.sign(&issuer.entra_claims(OURS))).await), 200);
}

#[tokio::test]
async fn r106_an_address_of_entra_counts_when_its_domain_is_verified() {
    let issuer = LocalIssuer::start().await;
    let world = world_of(issuer.entra(Directories::Any)).await;
    mapped_to(&world, &entra_issuer(OURS), OURS).await;
    for (verified, expected) in [(json!(true), 200), (json!("1"), 200), (json!(false), 403), (Value::Null, 403)] {
        let mut claims = issuer.entra_claims(OURS);
        (claims["email"], claims["xms_edov"]) = (json!("root@example.com"), verified.clone());
        let answer = ask(&world, "/v1/admin", &issuer.sign(&claims)).await;
        assert_eq!(status(&answer), expected, "{verified}");
    }
}

fn callback(path: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: api\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn r107_d19_a_callback_shows_its_secret_and_the_upstream_does_not_see_it() {
    let issuer = LocalIssuer::start().await;
    let world = world(&issuer).await;
    let header = format!("X-Arratech-Webhook-Secret: {SECRET}\r\n");
    assert_eq!(status(&world.raw(&callback("/v1/callback", &header, "{}")).await), 200);
    assert!(!world.upstream.head().to_ascii_lowercase().contains("webhook-secret"));
    let claims = world.upstream.claims();
    assert_eq!((&claims["callback"], &claims["environment"]), (&json!("bank"), &json!("live")));
    for headers in ["", "X-Arratech-Webhook-Secret: wrong\r\n", &format!("{header}{header}")] {
        let answer = world.raw(&callback("/v1/callback", headers, "{}")).await;
        assert_eq!((status(&answer), code(&answer).as_str()), (401, "callback_unauthorized"), "{headers}");
    }
    let unconfigured = world.raw(&callback("/v1/nobodys", &header, "{}")).await;
    assert_eq!(code(&unconfigured), "callback_unauthorized");
}

#[tokio::test]
async fn d19_a_signed_callback_is_taken_once_with_its_whole_body() {
    let issuer = LocalIssuer::start().await;
    let world = world(&issuer).await;
    let signed = |body: &str, at: Timestamp| {
        let time = at.as_secs();
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let tag = hmac::sign(&key, format!("{time}.{body}").as_bytes());
        format!("X-Signature: t={time},v1={}\r\n", HEXLOWER.encode(tag.as_ref()))
    };
    let body = "{\"paid\":true}";
    let headers = signed(body, real_clock());
    assert_eq!(status(&world.raw(&callback("/v1/signed", &headers, body)).await), 200);
    assert_eq!(*world.upstream.last_body.lock().unwrap(), body.as_bytes());
    let again = world.raw(&callback("/v1/signed", &headers, body)).await;
    assert_eq!((status(&again), code(&again).as_str()), (401, "callback_unauthorized"));
    for (headers, body) in [
        (signed("other", real_clock()), body.to_owned()),
        (signed(body, real_clock().plus_secs(-301)), body.to_owned()),
    ] {
        assert_eq!(status(&world.raw(&callback("/v1/signed", &headers, &body)).await), 401);
    }
    let large = "x".repeat(1024 * 1024 + 1);
    assert_eq!(status(&world.raw(&callback("/v1/signed", &signed(&large, real_clock()), &large)).await), 413);
    assert_eq!(world.upstream.seen.load(Ordering::SeqCst), 1);
}
