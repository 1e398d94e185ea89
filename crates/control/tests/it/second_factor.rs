//! Second factors: asked for once they are confirmed, each code once, and recovery codes for the day of need (RFC 6238).

use crate::{
    browser::{Browser, PASSWORD},
    world::World,
};
use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};
use totp_rs::{Algorithm, Builder};

const OWNER: &str = "owner@example.com";

/// The code of an authenticator that knows `secret`, now.
fn code(world: &World, secret: &str) -> String {
    let bytes = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let totp = Builder::new().with_algorithm(Algorithm::SHA1).with_secret(bytes.into_boxed_slice());
    let secs = u64::try_from(world.now().as_secs()).unwrap();
    totp.with_account_name("a").with_issuer(Some("b")).build().unwrap().generate(secs).to_string()
}

async fn sign_in(world: &World, code: Option<&str>) -> (u16, String) {
    let mut body = json!({ "email": OWNER, "password": PASSWORD });
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    let reply = Browser::default().post(world, "/v1/session", body).await;
    (reply.status.as_u16(), reply.code().to_owned())
}

/// Sets a second factor up: its secret and the recovery codes.
pub(crate) async fn enrolled(world: &World, browser: &mut Browser) -> (String, Vec<String>) {
    let offered = browser.post(world, "/v1/me/totp", json!({ "password": PASSWORD })).await.expect(200).json;
    let secret = offered["secret"].as_str().unwrap().to_owned();
    assert!(offered["uri"].as_str().unwrap().contains(&secret));
    let body = json!({ "code": code(world, &secret) });
    let confirmed = browser.send(world, "PUT", "/v1/me/totp", Some(body)).await.expect(200).json;
    let codes = confirmed["recovery_codes"].as_array().unwrap().iter().map(|c| c.as_str().unwrap().to_owned());
    (secret, codes.collect())
}

fn required() -> (u16, String) {
    (401, "second_factor_required".to_owned())
}

fn done() -> (u16, String) {
    (201, String::new())
}

#[tokio::test]
async fn a_second_factor_is_asked_for_once_it_is_confirmed_and_takes_each_code_once() {
    let world = World::new().await;
    let (mut owner, _, _) = Browser::registered(&world, OWNER).await;
    let refused = owner.post(&world, "/v1/me/totp", json!({ "password": "wrong horse battery" })).await.expect(403);
    assert_eq!(refused.code(), "confirmation_failed");
    owner.post(&world, "/v1/me/totp", json!({ "password": PASSWORD })).await.expect(200);
    assert_eq!(sign_in(&world, None).await, done(), "not asked for before it is confirmed");
    let wrong = owner.send(&world, "PUT", "/v1/me/totp", Some(json!({ "code": "000000" }))).await.expect(403);
    assert_eq!(wrong.code(), "confirmation_failed");
    let mut there = Browser::signed_in(&world, OWNER).await;
    let before = owner.clone();
    let (secret, recovery) = enrolled(&world, &mut owner).await;
    assert_eq!(
        (there.looks(&world).await, before.clone().looks(&world).await, owner.looks(&world).await),
        (401, 401, 200)
    );
    assert_eq!(recovery.len(), 10);

    let now = code(&world, &secret);
    assert_eq!(sign_in(&world, None).await, required());
    assert_eq!(sign_in(&world, Some("123456")).await, required());
    assert_eq!(sign_in(&world, Some(&now)).await, required(), "the code that confirmed it was taken");
    world.pass(30);
    let next = code(&world, &secret);
    assert_eq!(sign_in(&world, Some(&next)).await, done());
    assert_eq!(sign_in(&world, Some(&next)).await, required(), "replayed");
    world.pass(600);
    assert_eq!(sign_in(&world, Some(&next)).await, required(), "old");
    let wrong = json!({ "email": OWNER, "password": "wrong horse battery", "code": code(&world, &secret) });
    let reply = Browser::default().post(&world, "/v1/session", wrong).await.expect(401);
    assert_eq!(reply.code(), "sign_in_failed", "without the password nobody learns that there is one");
}

#[tokio::test]
async fn a_recovery_code_works_once_and_new_ones_end_the_old() {
    let world = World::new().await;
    let (mut owner, _, _) = Browser::registered(&world, OWNER).await;
    let (secret, recovery) = enrolled(&world, &mut owner).await;
    assert_eq!(sign_in(&world, Some(&recovery[0].to_uppercase())).await, done());
    assert_eq!(sign_in(&world, Some(&recovery[0])).await, required());
    world.pass(60);
    let fresh = json!({ "code": code(&world, &secret) });
    let renewed = owner.post(&world, "/v1/me/recovery-codes", fresh).await.expect(200).json;
    assert_eq!(sign_in(&world, Some(&recovery[1])).await, required());
    assert_eq!(sign_in(&world, renewed["recovery_codes"][0].as_str()).await, done());
    let actions = actions(&world).await;
    assert!(actions.contains(&"person.recovery_code_used".to_owned()), "{actions:?}");
}

#[tokio::test]
async fn a_second_factor_is_given_up_with_password_and_code_or_taken_away_by_the_operator() {
    let world = World::new().await;
    let (mut owner, _, _) = Browser::registered(&world, OWNER).await;
    let (secret, _) = enrolled(&world, &mut owner).await;
    world.pass(60);
    for body in [
        json!({ "password": PASSWORD, "code": "000000" }),
        json!({ "password": "wrong horse battery", "code": code(&world, &secret) }),
        json!({ "code": code(&world, &secret) }),
    ] {
        owner.send(&world, "DELETE", "/v1/me/totp", Some(body)).await.expect(403);
    }
    let body = json!({ "password": PASSWORD, "code": code(&world, &secret) });
    let view = owner.send(&world, "DELETE", "/v1/me/totp", Some(body)).await.expect(200).json;
    assert_eq!(view["person"]["has_totp"], false);
    assert_eq!(sign_in(&world, None).await, done());
    enrolled(&world, &mut owner).await;
    let person = view["person"]["id"].as_str().unwrap();
    world.send("DELETE", &format!("/v1/persons/{person}/totp"), None).await.expect(204);
    assert_eq!((owner.looks(&world).await, sign_in(&world, None).await), (401, done()));
}

/// Whoever has stolen a session and knows the password still lacks the codes: what proves the password forgives no wrong code.
#[tokio::test]
async fn codes_are_braked_apart_from_passwords_wherever_one_is_asked_for() {
    let world = World::new().await;
    let (mut owner, _, _) = Browser::registered(&world, OWNER).await;
    let (secret, _) = enrolled(&world, &mut owner).await;
    world.pass(60);
    let mut statuses = Vec::new();
    for guess in 0..12 {
        let body = json!({ "password": PASSWORD, "code": format!("{guess:06}") });
        statuses.push(owner.send(&world, "DELETE", "/v1/me/totp", Some(body)).await.status.as_u16());
    }
    assert_eq!((&statuses[..6], &statuses[6..]), (&[403; 6][..], &[429; 6][..]));
    let guess = json!({ "code": "000000" });
    owner.post(&world, "/v1/me/recovery-codes", guess).await.expect(429);
    assert_eq!(sign_in(&world, Some("000000")).await, (429, "too_many_attempts".to_owned()));
    world.pass(1);
    let right = json!({ "code": code(&world, &secret) });
    owner.post(&world, "/v1/me/recovery-codes", right).await.expect(200);
    owner.post(&world, "/v1/me/recovery-codes", json!({ "code": "000000" })).await.expect(403);
}

async fn actions(world: &World) -> Vec<String> {
    let audit = world.get("/v1/audit?limit=200").await.expect(200).json;
    audit["data"].as_array().unwrap().iter().map(|e: &Value| e["action"].as_str().unwrap().to_owned()).collect()
}
