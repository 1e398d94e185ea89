//! Signing in and out: one answer for what is wrong, a fresh token each time, and a brake.

use crate::{
    browser::{Browser, COOKIE, PASSWORD, invite},
    world::{World, secret},
};
use control::Registration;
use model::HttpMethod;
use serde_json::{Value, json};

const OWNER: &str = "owner@example.com";

fn with(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

#[tokio::test]
async fn r18_a_registration_yields_the_account_its_owner_and_a_primary_pair_that_works() {
    let world = World::new().await;
    let (mut owner, account, made) = Browser::registered(&world, OWNER).await;
    assert_eq!((made["member"]["role"].as_str(), made["member"]["email"].as_str()), (Some("owner"), Some(OWNER)));
    assert_eq!(made["key"]["key"]["kind"], "primary");
    for environment in ["test", "live"] {
        let secret = secret(&made["key"], environment);
        assert_eq!(world.decide(&secret, HttpMethod::Post, "/v1/send").await, Ok(()));
    }
    let view = owner.get(&world, "/v1/session").await.expect(200).json;
    assert_eq!(view["memberships"][0]["role"], "owner");
    assert!(view["memberships"][0]["rights"].as_array().unwrap().contains(&json!("members_delete")));
    assert_eq!(view["expires_at"], "2026-11-30T12:00:00Z");
    let audit = owner.get(&world, &format!("{account}/audit")).await.expect(200).json;
    assert!(audit["data"][0]["author"].as_str().unwrap().starts_with("per_"), "{audit}");
    let taken = json!({ "account_name": "B", "name": "B", "email": "Owner@Example.com", "password": PASSWORD });
    assert_eq!(Browser::default().post(&world, "/v1/registrations", taken).await.code(), "email_taken");
    let bad = json!({ "account_name": "", "name": "B", "email": "no", "password": "short" });
    let refused = Browser::default().post(&world, "/v1/registrations", bad).await.expect(422);
    assert_eq!(refused.pointers(), ["/account_name", "/email", "/password"]);
}

#[tokio::test]
async fn who_may_register_and_invite_is_the_deployments_to_say() {
    for (registration, registers, member_invites) in
        [(Registration::Open, 201, 201), (Registration::Invitation, 403, 201), (Registration::Operator, 403, 403)]
    {
        let world = World::with(|parts| parts.people.registration = registration).await;
        let (account, _) = world.account("A").await;
        let options = world.get("/v1/sign-in-options").await.expect(200).json;
        assert_eq!(
            (&options["registration"], &options["needs_first_owner"]),
            (&json!(registration.as_str()), &json!(true))
        );
        let mut owner = Browser::joined(&world, &account, OWNER, "owner").await;
        assert_eq!(world.get("/v1/sign-in-options").await.json["needs_first_owner"], false);
        let wish = json!({ "account_name": "B", "name": "B", "email": "b@example.com", "password": PASSWORD });
        Browser::default().post(&world, "/v1/registrations", wish).await.expect(registers);
        let body = json!({ "email": "c@example.com", "role": "viewer" });
        owner.post(&world, &format!("{account}/invitations"), body).await.expect(member_invites);
    }
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_have_one_answer() {
    let world = World::new().await;
    Browser::registered(&world, OWNER).await;
    let mut answers = Vec::new();
    for (email, password) in
        [(OWNER, "wrong horse battery"), ("x@example.com", PASSWORD), ("no address", PASSWORD), (OWNER, "")]
    {
        let reply = Browser::default().post(&world, "/v1/session", with(email, password)).await.expect(401);
        let mut json = reply.json;
        json.as_object_mut().unwrap().remove("request_id");
        assert!(reply.headers.get("set-cookie").is_none());
        answers.push(json);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    Browser::default().post(&world, "/v1/session", with(" OWNER@example.com ", PASSWORD)).await.expect(201);
}

#[tokio::test]
async fn guessing_becomes_slow_and_never_locks_out() {
    let mut world = World::new().await;
    world.peer = Some("192.0.2.7".parse().unwrap());
    Browser::registered(&world, OWNER).await;
    let attempt = async |email: &str, password: &str| {
        let reply = Browser::default().post(&world, "/v1/session", with(email, password)).await;
        let wait = reply.headers.get("retry-after").map(|secs| secs.to_str().unwrap().parse::<i64>().unwrap());
        (reply.status.as_u16(), wait)
    };
    for _ in 0..6 {
        assert_eq!(attempt(OWNER, "wrong horse battery").await, (401, None));
    }
    assert_eq!(attempt(OWNER, PASSWORD).await, (429, Some(1)), "the right one has to wait as well");
    world.pass(1);
    assert_eq!(attempt(OWNER, "wrong horse battery").await, (401, None));
    assert_eq!(attempt(OWNER, PASSWORD).await, (429, Some(2)));
    world.pass(2);
    assert_eq!(attempt(OWNER, PASSWORD).await, (201, None));
    for _ in 0..6 {
        assert_eq!(attempt(OWNER, "wrong horse battery").await, (401, None), "success forgave");
    }
    // By address: many people, one guess each.
    for n in 0..8 {
        attempt(&format!("{n}@example.com"), PASSWORD).await;
    }
    assert_eq!(attempt("somebody@example.com", PASSWORD).await.0, 429);
    world.pass(900);
    assert_eq!(attempt(OWNER, PASSWORD).await.0, 201, "after the longest wait everybody gets in");
}

#[tokio::test]
async fn a_planted_cookie_is_never_adopted_and_a_sign_in_always_gives_a_fresh_token() {
    let world = World::new().await;
    let (mut mallory, _, _) = Browser::registered(&world, "mallory@example.com").await;
    Browser::registered(&world, OWNER).await;
    // Mallory plants her session, or a text of her choice, in the victim's browser.
    for planted in [mallory.token.clone().unwrap(), "A".repeat(43)] {
        let mut victim = Browser { token: Some(planted.clone()) };
        victim.post(&world, "/v1/session", with(OWNER, PASSWORD)).await.expect(201);
        assert_ne!(victim.token.as_ref(), Some(&planted));
        assert_eq!(victim.get(&world, "/v1/session").await.json["person"]["email"], OWNER);
        assert_eq!(Browser { token: Some(planted) }.looks(&world).await, 401, "what was planted opens nothing");
    }
    assert_eq!(mallory.looks(&world).await, 401);
}

#[tokio::test]
async fn the_cookie_is_bound_to_this_host_and_hidden_from_scripts() {
    let world = World::new().await;
    Browser::registered(&world, OWNER).await;
    let reply = Browser::default().post(&world, "/v1/session", with(OWNER, PASSWORD)).await.expect(201);
    let cookie = reply.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with(&format!("{COOKIE}=")), "{cookie}");
    for attribute in ["; HttpOnly", "; Secure", "; SameSite=Strict", "; Path=/", "; Max-Age=604800"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
    assert!(!reply.text.contains(cookie.split(['=', ';']).nth(1).unwrap()), "the token is in the cookie alone");
}

#[tokio::test]
async fn a_new_password_ends_every_other_session_and_renews_this_one() {
    let world = World::new().await;
    let (mut here, _, _) = Browser::registered(&world, OWNER).await;
    let mut there = Browser::signed_in(&world, OWNER).await;
    let wrong = json!({ "current_password": "wrong horse battery", "new_password": "another horse battery" });
    let refused = here.send(&world, "PUT", "/v1/me/password", Some(wrong)).await.expect(403);
    assert_eq!(refused.code(), "confirmation_failed");
    assert_eq!(there.looks(&world).await, 200);
    let mut before = here.clone();
    let wish = json!({ "current_password": PASSWORD, "new_password": "another horse battery" });
    here.send(&world, "PUT", "/v1/me/password", Some(wish)).await.expect(200);
    assert_eq!((here.looks(&world).await, before.looks(&world).await, there.looks(&world).await), (200, 401, 401));
    Browser::default().post(&world, "/v1/session", with(OWNER, PASSWORD)).await.expect(401);
    Browser::default().post(&world, "/v1/session", with(OWNER, "another horse battery")).await.expect(201);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all() {
    let world = World::new().await;
    let (mut here, _, _) = Browser::registered(&world, OWNER).await;
    let mut there = Browser::signed_in(&world, OWNER).await;
    let (mut other, _, _) = Browser::registered(&world, "other@example.com").await;
    let listed = here.get(&world, "/v1/me/sessions").await.expect(200).json;
    let listed = listed["data"].as_array().unwrap();
    assert_eq!(listed.iter().map(|s| s["current"].as_bool().unwrap()).filter(|c| *c).count(), 1);
    assert_eq!((listed.len(), listed[0]["user_agent"].as_str()), (2, Some("Firefox/140")));
    let foreign = listed.iter().find(|s| s["current"] == false).unwrap()["id"].as_str().unwrap().to_owned();
    other.send(&world, "DELETE", &format!("/v1/me/sessions/{foreign}"), None).await.expect(404);
    here.send(&world, "DELETE", &format!("/v1/me/sessions/{foreign}"), None).await.expect(204);
    assert_eq!((there.looks(&world).await, here.looks(&world).await), (401, 200));
    let mut copy = here.clone();
    here.send(&world, "DELETE", "/v1/me/sessions", None).await.expect(204);
    assert_eq!((here.token.is_none(), copy.looks(&world).await, other.looks(&world).await), (true, 401, 200));
}

#[tokio::test]
async fn an_operator_sees_who_can_sign_in_and_signs_them_out() {
    let world = World::new().await;
    let (mut owner, account, _) = Browser::registered(&world, OWNER).await;
    let persons = world.get("/v1/persons").await.expect(200).json;
    let person = persons["data"][0]["id"].as_str().unwrap();
    assert_eq!(persons["data"][0]["memberships"][0]["role"], "owner");
    let sessions = world.get(&format!("/v1/persons/{person}/sessions")).await.expect(200).json;
    assert_eq!(sessions["data"].as_array().unwrap().len(), 1);
    world.send("DELETE", &format!("/v1/persons/{person}/sessions"), None).await.expect(204);
    assert_eq!(owner.looks(&world).await, 401);
    let audit = world.get("/v1/audit").await.json;
    assert_eq!(
        (&audit["data"][0]["action"], &audit["data"][0]["author"]),
        (&json!("session.all_ended"), &json!(world.token_id))
    );
    invite(&world, &account, "x@example.com", "viewer").await;
}

#[tokio::test]
async fn who_lost_their_password_is_forgotten_by_the_operator_and_invited_again() {
    let world = World::new().await;
    let (mut owner, account, made) = Browser::registered(&world, OWNER).await;
    let person = made["member"]["person_id"].as_str().unwrap();
    world.send("DELETE", &format!("/v1/persons/{person}"), None).await.expect(204);
    assert_eq!(owner.looks(&world).await, 401);
    Browser::default().post(&world, "/v1/session", with(OWNER, PASSWORD)).await.expect(401);
    assert_eq!(world.get(&format!("{account}/members")).await.expect(200).json["data"], json!([]));
    let key = format!("{account}/keys/{}", made["key"]["key_id"].as_str().unwrap());
    assert_eq!(world.get(&key).await.expect(200).json["status"], "active", "keys are the account's");
    let mut again = Browser::joined(&world, &account, OWNER, "owner").await;
    again.get(&world, &account).await.expect(200);
    world.send("DELETE", &format!("/v1/persons/{person}"), None).await.expect(404);
    assert_eq!(world.get("/v1/audit/verify").await.json["intact"], true);
}

#[tokio::test]
async fn r71_neither_a_password_nor_a_token_is_in_the_data_folder_or_in_a_second_answer() {
    let world = World::new().await;
    let (owner, account, _) = Browser::registered(&world, OWNER).await;
    let (_, link) = invite(&world, &account, "x@example.com", "viewer").await;
    let token = owner.token.unwrap();
    world.store.clone().close().await;
    for file in std::fs::read_dir(world.folder()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        for secret in [PASSWORD, &token, &link] {
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{} holds a secret", path.display());
        }
    }
    let answers = world.answers.lock().unwrap();
    assert_eq!(answers.iter().filter(|text| text.contains(&token) || text.contains(PASSWORD)).count(), 0);
    assert_eq!(answers.iter().filter(|text| text.contains(&link)).count(), 1, "the link is shown once");
}
