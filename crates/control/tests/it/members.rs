//! Members: invitations, roles, and what becomes of keys.

use crate::{
    browser::{Browser, PASSWORD, invite},
    world::{World, id_of, secret},
};
use axum::body::Body;
use http::Request;
use model::HttpMethod;
use serde_json::json;

const OWNER: &str = "owner@example.com";

#[tokio::test]
async fn an_invitation_is_accepted_once_by_whom_it_is_for() {
    let world = World::new().await;
    let (mut owner, account, _) = Browser::registered(&world, OWNER).await;
    let (_, token) = invite(&world, &account, "new@example.com", "developer").await;
    let look =
        async |token: &str| Browser::default().post(&world, "/v1/invitations/look-up", json!({ "token": token })).await;
    let seen = look(&token).await.expect(200).json;
    let told = (&seen["account_name"], &seen["email"], &seen["role"], &seen["has_person"]);
    assert_eq!(told, (&json!("Rossi"), &json!("new@example.com"), &json!("developer"), &json!(false)));
    assert_eq!(seen["expires_at"], "2026-11-30T12:00:00Z");

    let accept = json!({ "token": token, "name": "New", "password": PASSWORD });
    let somebody_else = owner.post(&world, "/v1/invitations/accept", accept.clone()).await.expect(404);
    assert_eq!(somebody_else.code(), "invitation_invalid");
    let without =
        Browser::default().post(&world, "/v1/invitations/accept", json!({ "token": token })).await.expect(422);
    assert_eq!(without.pointers(), ["/name", "/password"]);
    let mut new = Browser::default();
    let view = new.post(&world, "/v1/invitations/accept", accept.clone()).await.expect(201).json;
    assert_eq!(view["memberships"][0]["role"], "developer");
    let used = Browser::default().post(&world, "/v1/invitations/accept", accept).await.expect(404).json;
    let never = look(&"A".repeat(43)).await.expect(404).json;
    assert_eq!(used["detail"], never["detail"], "used and unknown are not told apart");
    assert_eq!(look("no token").await.code(), "invitation_invalid");

    let (_, late) = invite(&world, &account, "late@example.com", "viewer").await;
    world.pass(7 * 86_400);
    look(&late).await.expect(404);
    let listed = world.get(&format!("{account}/invitations")).await.expect(200).json;
    assert_eq!(listed["data"], json!([]));
}

#[tokio::test]
async fn who_can_sign_in_already_has_to_and_their_session_is_renewed() {
    let world = World::new().await;
    let (mut known, _, _) = Browser::registered(&world, "known@example.com").await;
    let (account, _) = world.account("B").await;
    let (_, token) = invite(&world, &account, "Known@example.com", "admin").await;
    let accept = json!({ "token": token, "name": "Mallory", "password": PASSWORD });
    let refused = Browser::default().post(&world, "/v1/invitations/accept", accept).await.expect(401);
    assert_eq!(refused.code(), "not_signed_in");
    let mut before = known.clone();
    let view = known.post(&world, "/v1/invitations/accept", json!({ "token": token })).await.expect(201).json;
    assert_eq!(view["memberships"].as_array().unwrap().len(), 2);
    assert_eq!((before.looks(&world).await, known.looks(&world).await), (401, 200));
    known.get(&world, &account).await.expect(200);
    let again = json!({ "email": "known@example.com", "role": "viewer" });
    assert_eq!(world.post(&format!("{account}/invitations"), again).await.code(), "already_member");
}

#[tokio::test]
async fn admins_touch_no_owner_and_the_last_owner_stays() {
    let world = World::new().await;
    let (mut owner, account, made) = Browser::registered(&world, OWNER).await;
    let mut admin = Browser::joined(&world, &account, "admin@example.com", "admin").await;
    let admin_id = admin.member(&world, &account).await;
    let owner_path = format!("{account}/members/{}", made["member"]["id"].as_str().unwrap());
    let admin_path = format!("{account}/members/{admin_id}");
    let role = |role: &str| Some(json!({ "role": role }));
    for (method, path, body) in
        [("PATCH", &owner_path, role("viewer")), ("DELETE", &owner_path, None), ("PATCH", &admin_path, role("owner"))]
    {
        let reply = admin.send(&world, method, path, body).await.expect(403);
        assert_eq!(reply.code(), "role_insufficient", "{method} {path}");
    }
    let wish = json!({ "email": "x@example.com", "role": "owner" });
    admin.post(&world, &format!("{account}/invitations"), wish).await.expect(403);
    for (method, body) in [("PATCH", role("admin")), ("DELETE", None)] {
        assert_eq!(owner.send(&world, method, &owner_path, body).await.expect(409).code(), "last_owner");
    }
    let changed = owner.send(&world, "PATCH", &admin_path, role("owner")).await.expect(200).json;
    assert_eq!(changed["member"]["role"], "owner");
    admin.send(&world, "DELETE", &owner_path, None).await.expect(200);
    owner.get(&world, &account).await.expect(404);
    assert_eq!(owner.looks(&world).await, 200, "still somebody, but nothing there");
}

/// Nobody keeps a way back in: an admin who invites a second address of their own does not outlast their removal by it.
#[tokio::test]
async fn an_invitation_ends_with_the_authority_of_who_made_it() {
    let world = World::new().await;
    let (mut owner, account, _) = Browser::registered(&world, OWNER).await;
    let invitations = format!("{account}/invitations");
    for end in ["remove", "demote", "forget"] {
        let address = format!("{end}@example.com");
        let mut admin = Browser::joined(&world, &account, &address, "admin").await;
        let wish = json!({ "email": format!("back-{address}"), "role": "admin" });
        let made = admin.post(&world, &invitations, wish).await.expect(201).json;
        let token = made["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
        let member = format!("{account}/members/{}", admin.member(&world, &account).await);
        let view = admin.get(&world, "/v1/session").await.json;
        let person = format!("/v1/persons/{}", view["person"]["id"].as_str().unwrap());
        match end {
            "remove" => owner.send(&world, "DELETE", &member, None).await.expect(200),
            "demote" => owner.send(&world, "PATCH", &member, Some(json!({ "role": "developer" }))).await.expect(200),
            _ => world.send("DELETE", &person, None).await.expect(204),
        };
        let wish = json!({ "token": token, "name": "Back", "password": PASSWORD });
        let refused = Browser::default().post(&world, "/v1/invitations/accept", wish).await.expect(404);
        assert_eq!(refused.code(), "invitation_invalid", "{end}");
        assert_eq!(owner.get(&world, &invitations).await.expect(200).json["data"], json!([]), "{end}");
    }
}

/// What was let in by a token that is no good any more does not outlast it.
#[tokio::test]
async fn an_invitation_ends_with_the_operator_token_that_made_it() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let made = world.post("/v1/operator-tokens", json!({ "description": "leaked" })).await.expect(201).json;
    let wish = json!({ "email": "theirs@example.com", "role": "owner" });
    let request = Request::post(format!("{account}/invitations"))
        .header("authorization", format!("Bearer {}", made["token"].as_str().unwrap()))
        .header("content-type", "application/json");
    let invited = world.raw(request.body(Body::from(wish.to_string())).unwrap()).await.expect(201).json;
    let (_, ours) = invite(&world, &account, "ours@example.com", "owner").await;
    let token = made["operator_token"]["id"].as_str().unwrap();
    world.post(&format!("/v1/operator-tokens/{token}/revoke"), json!({})).await.expect(200);
    let theirs = invited["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    let accept = |token: &str| json!({ "token": token, "name": "New", "password": PASSWORD });
    let refused = Browser::default().post(&world, "/v1/invitations/accept", accept(&theirs)).await.expect(404);
    assert_eq!(refused.code(), "invitation_invalid");
    Browser::default().post(&world, "/v1/invitations/accept", accept(&ours)).await.expect(201);
    let audit = world.get("/v1/audit").await.expect(200).json;
    let entry = audit["data"].as_array().unwrap().iter().find(|e| e["action"] == "operator_token.revoked").unwrap();
    let ended = invited["invitation"]["id"].as_str().unwrap();
    assert!(entry["subjects"].as_array().unwrap().iter().any(|id| id == ended), "{entry}");
}

#[tokio::test]
async fn r59_an_operator_forgets_nobody_whom_an_account_with_members_depends_on() {
    let world = World::new().await;
    let (mut owner, account, _) = Browser::registered(&world, OWNER).await;
    let admin = Browser::joined(&world, &account, "admin@example.com", "admin").await.member(&world, &account).await;
    let person = owner.get(&world, "/v1/session").await.json["person"]["id"].as_str().unwrap().to_owned();
    let forget = async || world.send("DELETE", &format!("/v1/persons/{person}"), None).await;
    assert_eq!(forget().await.expect(409).code(), "last_owner");
    assert_eq!(owner.looks(&world).await, 200, "nothing of it was done");
    let path = format!("{account}/members/{admin}");
    world.send("PATCH", &path, Some(json!({ "role": "owner" }))).await.expect(200);
    forget().await.expect(204);
    assert_eq!(owner.looks(&world).await, 401);
    // Nobody else is left: then the account waits for whom the operator invites.
    let (mut alone, theirs, _) = Browser::registered(&world, "alone@example.com").await;
    let person = alone.get(&world, "/v1/session").await.json["person"]["id"].as_str().unwrap().to_owned();
    world.send("DELETE", &format!("/v1/persons/{person}"), None).await.expect(204);
    assert_eq!(world.get(&format!("{theirs}/members")).await.expect(200).json["data"], json!([]));
    let keys = world.get(&format!("{theirs}/keys")).await.expect(200).json;
    assert_eq!(keys["data"][0]["status"], "active");
    invite(&world, &theirs, "next@example.com", "owner").await;
}

#[tokio::test]
async fn r59_a_key_says_which_member_created_it_and_a_member_when_they_were_seen_last() {
    let world = World::new().await;
    let (mut owner, account, made) = Browser::registered(&world, OWNER).await;
    let mut developer = Browser::joined(&world, &account, "dev@example.com", "developer").await;
    let member = developer.member(&world, &account).await;
    let theirs = developer.post(&world, &format!("{account}/keys"), json!({})).await.expect(201).json;
    assert_eq!(theirs["key"]["created_by"], json!(member));
    let key = format!("{account}/keys/{}", theirs["key_id"].as_str().unwrap());
    owner.post(&world, &format!("{key}/rotate"), json!({})).await.expect(200);
    assert_eq!(owner.get(&world, &key).await.json["created_by"], json!(member), "a rotation creates nothing");
    let (operators, _) = world.key(&account, json!({})).await;
    for other in [operators, format!("{account}/keys/{}", made["key"]["key_id"].as_str().unwrap())] {
        assert_eq!(world.get(&other).await.expect(200).json["created_by"], json!(null));
    }
    world.pass(3_600);
    owner.get(&world, "/v1/session").await.expect(200);
    let members = owner.get(&world, &format!("{account}/members")).await.expect(200).json;
    let seen: Vec<_> = members["data"].as_array().unwrap().iter().map(|m| m["last_seen_at"].clone()).collect();
    assert_eq!(seen, ["2026-11-23T12:00:00Z", "2026-11-23T13:00:00Z"]);
    developer.send(&world, "DELETE", "/v1/session", None).await.expect(204);
    let members = owner.get(&world, &format!("{account}/members")).await.expect(200).json;
    assert_eq!(members["data"][0]["last_seen_at"], json!(null));
}

#[tokio::test]
async fn r71_a_name_that_hides_something_is_refused_everywhere_with_the_reason() {
    let world = World::new().await;
    let (mut owner, account, _) = Browser::registered(&world, OWNER).await;
    let bad = "Rossi\u{202e}.l.r.S";
    let (company, key) = (format!("{account}/companies"), format!("{account}/keys"));
    for (method, path, body, pointer) in [
        (
            "POST",
            "/v1/registrations",
            json!({ "account_name": bad, "name": "A", "email": "a@example.com", "password": PASSWORD }),
            "/account_name",
        ),
        ("PATCH", "/v1/me", json!({ "name": bad }), "/name"),
        ("POST", &company, json!({ "name": bad }), "/name"),
        ("POST", &key, json!({ "description": bad }), "/description"),
    ] {
        let refused = owner.send(&world, method, path, Some(body)).await.expect(422);
        assert_eq!(refused.pointers(), [pointer], "{path}");
        assert!(refused.json.to_string().contains("U+202E"), "{}", refused.json);
    }
    let account = world.post("/v1/accounts", json!({ "name": bad })).await.expect(422);
    assert!(account.json.to_string().contains("U+202E"), "{}", account.json);
    owner.send(&world, "PATCH", "/v1/me", Some(json!({ "name": "شرکت می\u{200c}خواهم" }))).await.expect(200);
}

#[tokio::test]
async fn r29_developers_manage_restricted_keys_and_never_the_primary_one() {
    let world = World::new().await;
    let (_, account, made) = Browser::registered(&world, OWNER).await;
    let mut developer = Browser::joined(&world, &account, "dev@example.com", "developer").await;
    let primary = format!("{account}/keys/{}", made["key"]["key_id"].as_str().unwrap());
    for (method, path, body) in [
        ("POST", format!("{primary}/rotate"), json!({})),
        ("POST", format!("{primary}/disable"), json!({})),
        ("POST", format!("{primary}/enable"), json!({})),
        ("POST", format!("{primary}/end-previous"), json!({})),
        ("PATCH", primary.clone(), json!({ "description": "mine" })),
    ] {
        let reply = developer.send(&world, method, &path, Some(body)).await.expect(403);
        assert_eq!(reply.code(), "role_insufficient", "{path}");
    }
    let created = developer.post(&world, &format!("{account}/keys"), json!({})).await.expect(201).json;
    let key = format!("{account}/keys/{}", created["key_id"].as_str().unwrap());
    developer.post(&world, &format!("{key}/rotate"), json!({})).await.expect(200);
    developer.post(&world, &format!("{key}/revoke"), json!({})).await.expect(200);
    let audit = world.get(&format!("{account}/audit")).await.json;
    let member = developer.member(&world, &account).await;
    assert_eq!((&audit["data"][0]["action"], &audit["data"][0]["author"]), (&json!("key.revoked"), &json!(member)));
}

#[tokio::test]
async fn r59_removing_a_member_says_what_becomes_of_their_keys_and_revoked_ones_stop_at_once() {
    let world = World::new().await;
    let (mut owner, account, _) = Browser::registered(&world, OWNER).await;
    for (fate, passes, named) in [("keep", true, 0), ("disable", false, 1), ("revoke", false, 1)] {
        let mut developer = Browser::joined(&world, &account, &format!("{fate}@example.com"), "developer").await;
        let member = developer.member(&world, &account).await;
        let created = developer.post(&world, &format!("{account}/keys"), json!({})).await.expect(201).json;
        let secret = secret(&created, "live");
        let path = format!("{account}/members/{member}");
        let refused = owner.send(&world, "DELETE", &path, None).await.expect(409);
        assert_eq!(refused.code(), "member_has_keys");
        assert!(refused.text.contains("created or rotated 1 keys"), "{}", refused.text);
        owner.send(&world, "DELETE", &format!("{path}?keys=burn"), None).await.expect(400);
        let removed = owner.send(&world, "DELETE", &format!("{path}?keys={fate}"), None).await.expect(200).json;
        assert_eq!(removed["keys"].as_array().unwrap().len(), named, "{fate}");
        assert_eq!(world.decide(&secret, HttpMethod::Get, "/v1/company").await.is_ok(), passes, "{fate}");
        developer.get(&world, &account).await.expect(404);
        developer.post(&world, &format!("{account}/keys"), json!({})).await.expect(404);
    }
}

#[tokio::test]
async fn members_explain_their_own_keys_and_see_the_chain_is_whole() {
    let world = World::new().await;
    let (mut owner, account, made) = Browser::registered(&world, OWNER).await;
    let key = made["key"]["key_id"].as_str().unwrap();
    let (theirs, other) = world.account("theirs").await;
    let described = json!({ "key_id": key, "environment": "live", "method": "POST", "path": "/v1/send" });
    let path = format!("{account}/explain");
    assert_eq!(owner.post(&world, &path, described.clone()).await.expect(200).json["allowed"], true);
    let mut foreign = described.clone();
    foreign["key_id"] = other["primary"]["key_id"].clone();
    owner.post(&world, &path, foreign.clone()).await.expect(404);
    foreign["account_id"] = json!(id_of(&theirs));
    owner.post(&world, &path, foreign).await.expect(404);
    let verified = owner.get(&world, &format!("{account}/audit/verification")).await.expect(200).json;
    assert_eq!((&verified["intact"], verified["head"].as_str().unwrap().len()), (&json!(true), 64));
    let overview = owner.get(&world, &format!("{account}/overview?hours=48&environment=live")).await.expect(200).json;
    assert_eq!((&overview["granularity"], &overview["spans"]), (&json!("hour"), &json!([])));
    assert!(!overview["findings"].as_array().unwrap().is_empty(), "{overview}");
    for bad in ["hours=0", "hours=2161", "environment=prod", "days=1"] {
        owner.get(&world, &format!("{account}/overview?{bad}")).await.expect(400);
    }
}
