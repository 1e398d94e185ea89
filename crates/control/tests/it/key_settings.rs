//! Key settings: origins, networks, own limits and rotation reminder, and the findings that follow from a key's record.

use crate::world::World;
use serde_json::{Value, json};

fn codes(key: &Value) -> Vec<&str> {
    key["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect()
}

async fn patch(world: &World, path: &str, body: Value) -> Value {
    world.send("PATCH", path, Some(body)).await.expect(200).json["key"].clone()
}

#[tokio::test]
async fn r25_r85_d10_d12_r77_settings_are_created_shown_changed_and_cleared() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let set = json!({
        "origins": ["https://app.example.com", "https://*.example.org"],
        "networks": ["203.0.113.7", "2001:db8::/32"],
        "limits": { "default": 600 },
        "rotate_every_days": 90,
    });
    let (path, issued) = world.key(&account, set).await;
    let key = world.get(&path).await.expect(200).json;
    assert_eq!(key, issued["key"]);
    assert_eq!(key["origins"], json!(["https://app.example.com", "https://*.example.org"]));
    assert_eq!(key["networks"], json!(["203.0.113.7/32", "2001:db8::/32"]));
    assert_eq!((&key["limits"], &key["rotate_every_days"]), (&json!({ "default": 600 }), &json!(90)));

    // What a change leaves out stays, and a list is replaced as a whole.
    let changed = patch(&world, &path, json!({ "origins": ["https://b.example"], "limits": { "messaging": 5 } })).await;
    assert_eq!((&changed["origins"], &changed["limits"]), (&json!(["https://b.example"]), &json!({ "messaging": 5 })));
    assert_eq!((&changed["networks"], &changed["rotate_every_days"]), (&key["networks"], &json!(90)));
    let cleared = json!({ "origins": null, "networks": [], "limits": null, "rotate_every_days": null });
    let cleared = patch(&world, &path, cleared).await;
    assert_eq!((&cleared["origins"], &cleared["networks"]), (&json!([]), &json!([])));
    assert_eq!((&cleared["limits"], &cleared["rotate_every_days"]), (&json!({}), &json!(null)));

    let audit = world.get(&format!("{account}/audit")).await.expect(200).json;
    let details = &audit["data"][0]["details"];
    assert_eq!(details["networks"]["from"], json!(["203.0.113.7/32", "2001:db8::/32"]), "{details}");
    assert_eq!(details["origins"], json!({ "from": ["https://b.example"], "to": [] }), "{details}");
}

#[tokio::test]
async fn d10_d12_r77_every_problem_is_told_at_once_and_nothing_is_made() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (path, _) = world.key(&account, json!({})).await;
    let wrong = json!({
        "preset": "root",
        "origins": ["https://app.example.com/"],
        "networks": ["203.0.113.7/24"],
        "limits": { "sms": 5, "default": 0 },
        "rotate_every_days": 0,
    });
    let pointers = ["/preset", "/origins/0", "/networks/0", "/limits/default", "/limits/sms", "/rotate_every_days"];
    let created = world.post(&format!("{account}/keys"), wrong.clone()).await.expect(422);
    assert_eq!(created.pointers(), pointers);
    assert!(created.text.contains("this deployment has: default, messaging"), "R77: {}", created.text);
    assert_eq!(world.send("PATCH", &path, Some(wrong)).await.expect(422).pointers(), pointers);
    assert_eq!(world.get(&format!("{account}/keys")).await.json["data"].as_array().unwrap().len(), 2);
    for (body, pointer) in [
        (json!({ "origins": "https://a.example" }), "/origins"),
        (json!({ "networks": [1] }), "/networks/0"),
        (json!({ "limits": { "default": "many" } }), "/limits/default"),
        (json!({ "rotate_every_days": -1 }), "/rotate_every_days"),
        (json!({ "confirm_any_origin": "yes" }), "/confirm_any_origin"),
    ] {
        let reply = world.post(&format!("{account}/keys"), body.clone()).await.expect(422);
        assert_eq!(reply.pointers(), [pointer], "{body}");
    }
}

#[tokio::test]
async fn d10_r83_any_origin_with_more_than_reading_needs_a_confirmation_whichever_comes_last() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let keys = format!("{account}/keys");
    let refused = world.post(&keys, json!({ "preset": "send", "origins": ["*"] })).await.expect(422);
    assert_eq!(refused.pointers(), ["/origins"]);
    assert!(refused.text.contains("confirm_any_origin"), "{}", refused.text);
    let confirmed = json!({ "preset": "send", "origins": ["*"], "confirm_any_origin": true });
    let (_, issued) = world.key(&account, confirmed).await;
    let warning = &issued["key"]["findings"][0];
    assert_eq!((&warning["code"], &warning["level"]), (&json!("any_origin_can_write"), &json!("warning")));

    let (path, issued) = world.key(&account, json!({ "origins": ["*"] })).await;
    assert_eq!(codes(&issued["key"])[0], "any_origin", "reading alone needs none, and is warned of as well");
    for wider in [json!({ "preset": "send" }), json!({ "scopes": ["a:read", "a:write"] })] {
        assert_eq!(world.send("PATCH", &path, Some(wider)).await.expect(422).pointers(), ["/origins"]);
    }
    patch(&world, &path, json!({ "preset": "send", "confirm_any_origin": true })).await;
    patch(&world, &path, json!({ "description": "asked once is enough" })).await;
    assert_eq!(
        world.send("PATCH", &path, Some(json!({ "origins": ["*"] }))).await.expect(422).pointers(),
        ["/origins"]
    );
    let named = patch(&world, &path, json!({ "origins": ["https://app.example.com"] })).await;
    assert!(!codes(&named).contains(&"any_origin_can_write"));
    patch(&world, &path, json!({ "origins": ["*"], "preset": "read_only" })).await;
}

#[tokio::test]
async fn d11_r16_a_primary_key_is_never_given_to_a_page_and_may_have_networks() {
    let world = World::new().await;
    let (account, created) = world.account("A").await;
    let path = format!("{account}/keys/{}", created["primary"]["key_id"].as_str().unwrap());
    for origins in [json!(["https://app.example.com"]), json!(["*"])] {
        let body = json!({ "origins": origins, "confirm_any_origin": true });
        let refused = world.send("PATCH", &path, Some(body)).await.expect(422);
        assert_eq!(refused.pointers(), ["/origins"]);
        assert!(refused.text.contains("restricted key"), "{}", refused.text);
    }
    patch(&world, &path, json!({ "origins": [] })).await;
    let before = world.get(&path).await.json;
    assert_eq!(codes(&before), ["no_network_list", "no_rotation_reminder"]);
    let body = json!({ "networks": ["203.0.113.0/24"], "rotate_every_days": 30, "limits": { "default": 1000 } });
    let safer = patch(&world, &path, body).await;
    assert_eq!((codes(&safer), &safer["preset"]), (vec![], &json!("full_access")));
}

#[tokio::test]
async fn d26_r101_findings_follow_the_key_and_the_time() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let body = json!({ "rotate_every_days": 30, "networks": ["203.0.113.7"], "expires_at": "2027-02-21T12:00:00Z" });
    let (path, issued) = world.key(&account, body).await;
    assert_eq!(codes(&issued["key"]), [""; 0]);
    world.pass(30 * 86_400 - 1);
    assert_eq!(codes(&world.get(&path).await.json), [""; 0]);
    world.pass(1);
    let due = world.get(&path).await.json;
    assert_eq!(codes(&due), ["rotation_due"]);
    assert_eq!(due["findings"][0]["action"], "Rotate the key.");
    let listed = world.get(&format!("{account}/keys?kind=restricted")).await.json;
    assert_eq!(listed["data"][0]["findings"], due["findings"], "the list tells the same");
    let rotated = world.post(&format!("{path}/rotate"), json!({})).await.expect(200).json;
    assert_eq!(codes(&rotated["key"]), [""; 0]);
    world.pass(31 * 86_400);
    assert_eq!(codes(&world.get(&path).await.json), ["rotation_due", "expires_soon"]);
    world.pass(29 * 86_400);
    assert_eq!(codes(&world.get(&path).await.json), ["expired"]);
    let revoked = world.post(&format!("{path}/revoke"), json!({})).await.expect(200).json;
    assert_eq!(codes(&revoked["key"]), [""; 0]);
}

#[tokio::test]
async fn a_change_to_a_stale_version_changes_no_setting() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (path, _) = world.key(&account, json!({})).await;
    patch(&world, &path, json!({ "preset": "send" })).await;
    let stale = json!({ "origins": ["https://a.example"], "expected_version": 1 });
    assert_eq!(world.send("PATCH", &path, Some(stale)).await.expect(409).code(), "stale_version");
    assert_eq!(world.get(&path).await.json["origins"], json!([]));
}

#[tokio::test]
async fn a_second_account_neither_sees_nor_changes_the_settings() {
    let world = World::new().await;
    let ((mine, _), (other, _)) = (world.account("A").await, world.account("B").await);
    let (path, issued) = world.key(&mine, json!({ "networks": ["203.0.113.7"] })).await;
    let foreign = format!("{other}/keys/{}", issued["key_id"].as_str().unwrap());
    world.send("GET", &foreign, None).await.expect(404);
    for body in [json!({ "networks": [] }), json!({ "origins": ["https://evil.example"] }), json!({ "limits": null })] {
        world.send("PATCH", &foreign, Some(body)).await.expect(404);
    }
    assert_eq!(world.get(&path).await.json, issued["key"]);
}
