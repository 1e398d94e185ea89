//! A public API for keys and an internal one for people, side by side as one provider has them: each credential opens its own.

use crate::{
    harness::{World, credential, entropy, fill, new_key, operation, real_clock, status},
    issuer::LocalIssuer,
};
use data_encoding::BASE64;
use gateway::PeopleConfig;
use model::{
    Audience, Catalogue, Environment, HttpMethod, Identity, IdentityId, KeyKind, KeyShape, KeyStatus, Operation,
    Presentation, Presentations, Preset,
};
use std::sync::{Arc, atomic::Ordering};

const LOOKUP: &str = "/api/v2/lookup?participantId=0196:971501234567";
const SEND: &str = "/api/v2/invoices/send";
/// Ends of `type`: no key where it is looked for, and a key that is none.
const MISSING: &str = "/api-key-required";
const INVALID: &str = "/invalid-api-key";

/// What takes the token of a person.
const INTERNAL: [(&str, HttpMethod, &str); 10] = [
    ("stats", HttpMethod::Get, "/api/dashboard/stats"),
    ("analytics", HttpMethod::Get, "/api/dashboard/analytics"),
    ("settings", HttpMethod::Get, "/api/settings/profile"),
    ("keys_list", HttpMethod::Get, "/api/settings/api-keys"),
    ("keys_make", HttpMethod::Post, "/api/settings/api-keys"),
    ("customers", HttpMethod::Post, "/api/customers"),
    ("suppliers", HttpMethod::Get, "/api/suppliers"),
    ("vat_returns", HttpMethod::Get, "/api/vat-returns"),
    ("approval", HttpMethod::Post, "/api/invoices/approve"),
    ("reminders", HttpMethod::Post, "/api/reports/reminders"),
];

async fn world(issuer: &LocalIssuer) -> World {
    let people = PeopleConfig { issuers: vec![issuer.config()], ..PeopleConfig::default() };
    let world = World::start_with(real_clock, |config| {
        config.policy.presentations = Presentations::of(&[Presentation::ApiKeyHeader]);
        config.problems = api::problem::ProblemStyle::rfc9457("https://invostaq.com/errors/");
        config.people = people;
    })
    .await;
    let member = |(id, method, path)| Operation {
        audience: Audience::Member,
        environment: Some(Environment::Live),
        ..operation(id, method, path, "internal:read")
    };
    let mut operations: Vec<Operation> = INTERNAL.into_iter().map(member).collect();
    operations.push(operation("lookup", HttpMethod::Get, "/api/v2/lookup", "participants:read"));
    operations.push(operation("send", HttpMethod::Post, SEND, "invoices:send"));
    world.gateway.set_catalogue(&Arc::new(Catalogue::new(operations).unwrap())).await;
    world
}

/// Whoever the issuer vouches for acts in the account from now on.
async fn mapped(world: &World, issuer: &LocalIssuer) {
    let id = IdentityId::new(real_clock(), entropy());
    let (issuer, directory) = (issuer.url.clone(), String::new());
    let identity = Identity { id, account: world.account, issuer, directory, created_at: real_clock() };
    let made = world.rows().create_identity(world.stamp(), identity).await.unwrap();
    world.applied(made.revision).await;
}

async fn ask(world: &World, method: &str, path: &str, fields: &str) -> String {
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: api\r\n{fields}Content-Length: 0\r\nConnection: close\r\n\r\n");
    world.raw(&head).await
}

/// `type` of a problem.
fn kind(answer: &str) -> String {
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    let problem: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    problem["type"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r103_r104_r109_r110_r111_the_public_api_takes_a_key_in_its_one_header() {
    let issuer = LocalIssuer::start().await;
    let world = world(&issuer).await;
    mapped(&world, &issuer).await;
    let (mut new, test) = new_key(world.account, KeyKind::Restricted, Preset::Send, real_clock());
    let live = KeyShape::default().generate(KeyKind::Restricted, Environment::Live, &mut fill).expose().clone();
    new.credentials[1] = credential(Environment::Live, &live);
    let made = world.rows().create_key(world.stamp(), new).await.unwrap();
    world.applied(made.revision).await;
    for (text, environment) in [(&test, "test"), (&live, "live")] {
        for (method, path) in [("GET", LOOKUP), ("POST", SEND)] {
            let answer = ask(&world, method, path, &format!("x-api-key: {text}\r\n")).await;
            assert_eq!(status(&answer), 200, "{method} {environment}");
            assert!(world.upstream.head().starts_with(&format!("{method} {path} HTTP/1.1\r\n")));
            assert_eq!(world.upstream.field("claviger-environment").as_deref(), Some(environment));
        }
    }
    let gone = world.key(Preset::Send).await;
    world.set_status(&gone, KeyStatus::Revoked).await;
    let unknown = KeyShape::default().generate(KeyKind::Primary, Environment::Live, &mut fill).expose().clone();
    let basic = BASE64.encode(format!("{test}:").as_bytes());
    let token = issuer.sign(&issuer.claims());
    let seen = world.upstream.seen.load(Ordering::SeqCst);
    for (fields, wanted) in [
        (String::new(), MISSING),
        (format!("Authorization: Bearer {test}\r\n"), MISSING),
        (format!("Authorization: Basic {basic}\r\n"), MISSING),
        (format!("Authorization: Bearer {token}\r\n"), MISSING),
        (format!("Cookie: x-api-key={test}\r\n"), MISSING),
        (format!("x-api-key: {}\r\n", gone.text), INVALID),
        (format!("x-api-key: {unknown}\r\n"), INVALID),
        (format!("x-api-key: {token}\r\n"), INVALID),
        ("x-api-key: sk_test_short\r\n".to_owned(), INVALID),
    ] {
        for (method, path) in [("GET", LOOKUP), ("POST", SEND), ("GET", &format!("{LOOKUP}&x-api-key={test}"))] {
            let answer = ask(&world, method, path, &fields).await;
            let told = (status(&answer), kind(&answer));
            assert!(told.0 == 401 && told.1.ends_with(wanted), "{method} {path} {fields}: {told:?}");
        }
    }
    assert_eq!(world.upstream.seen.load(Ordering::SeqCst), seen, "nothing refused reached the upstream");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r108_r134_r135_r136_r137_r138_r139_r140_the_internal_api_takes_the_token_of_a_person_and_no_key() {
    let issuer = LocalIssuer::start().await;
    let world = world(&issuer).await;
    mapped(&world, &issuer).await;
    let key = world.key(Preset::FullAccess).await.text;
    let token = issuer.sign(&issuer.claims());
    for (id, method, path) in INTERNAL {
        let answer = ask(&world, method.as_str(), path, &format!("Authorization: Bearer {token}\r\n")).await;
        assert_eq!(status(&answer), 200, "{id}");
        assert_eq!(world.upstream.field("claviger-member").as_deref(), Some("alice"), "{id}");
        let seen = world.upstream.seen.load(Ordering::SeqCst);
        for fields in [String::new(), format!("x-api-key: {key}\r\n"), format!("Authorization: Bearer {key}\r\n")] {
            let answer = ask(&world, method.as_str(), path, &fields).await;
            assert_eq!(status(&answer), 401, "{id} {fields}");
        }
        assert_eq!(world.upstream.seen.load(Ordering::SeqCst), seen, "{id}");
    }
}
