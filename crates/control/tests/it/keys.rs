//! Keys: their whole life, each step held against real decisions.

use crate::world::{World, id_of, secret};
use model::{Denial, HttpMethod};
use serde_json::{Value, json};

const READ: (HttpMethod, &str) = (HttpMethod::Get, "/v1/company");
const WRITE: (HttpMethod, &str) = (HttpMethod::Post, "/v1/company");
const SEND: (HttpMethod, &str) = (HttpMethod::Post, "/v1/send");

async fn decide(world: &World, secret: &str, what: (HttpMethod, &str)) -> Result<(), Denial> {
    world.decide(secret, what.0, what.1).await
}

async fn act(world: &World, key: &str, action: &str, body: Value) -> Value {
    world.post(&format!("{key}/{action}"), body).await.expect(200).json
}

#[tokio::test]
async fn r19_r21_r24_r26_d7_a_new_key_is_read_only_and_a_pair() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (path, issued) = world.key(&account, json!({ "description": "Reporting" })).await;
    for environment in ["test", "live"] {
        let secret = secret(&issued, environment);
        assert!(secret.starts_with(&format!("rk_{environment}_")));
        assert_eq!(decide(&world, &secret, READ).await, Ok(()));
        assert_eq!(decide(&world, &secret, WRITE).await, Err(Denial::ScopeInsufficient));
        assert_eq!(decide(&world, &secret, SEND).await, Err(Denial::ScopeInsufficient));
        assert_eq!(issued["key"][environment]["last_four"], secret[secret.len() - 4..]);
        assert_eq!(issued["key"][environment]["client_id"], issued[environment]["client_id"]);
    }
    let key = world.get(&path).await.expect(200).json;
    assert_eq!(key, issued["key"]);
    assert_eq!(
        (&key["preset"], &key["scopes"], &key["status"]),
        (&json!("read_only"), &json!(["*:read"]), &json!("active"))
    );
    assert_eq!(
        (&key["kind"], &key["companies"], &key["expires_at"]),
        (&json!("restricted"), &json!("all"), &json!(null))
    );
    assert_eq!((&key["environments"], &key["description"]), (&json!(["test", "live"]), &json!("Reporting")));
}

#[tokio::test]
async fn r27_r31_r74_presets_and_scopes_decide() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let no = Err(Denial::ScopeInsufficient);
    for (body, read, write, send) in [
        (json!({ "preset": "full_access" }), Ok(()), Ok(()), Ok(())),
        (json!({ "preset": "send" }), Ok(()), no, Ok(())),
        (json!({ "preset": "custom", "scopes": ["company:write"] }), no, Ok(()), no),
        (json!({ "scopes": ["send:send", "*:read"] }), Ok(()), no, Ok(())),
    ] {
        let (_, issued) = world.key(&account, body.clone()).await;
        let secret = secret(&issued, "live");
        for (what, expected) in [(READ, read), (WRITE, write), (SEND, send)] {
            assert_eq!(decide(&world, &secret, what).await, expected, "{body} {what:?}");
        }
    }
}

#[tokio::test]
async fn d4_a_key_may_have_one_half_only() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (path, issued) = world.key(&account, json!({ "environments": ["test"] })).await;
    assert!(issued.get("live").is_none() && issued["key"].get("live").is_none());
    assert_eq!(issued["key"]["environments"], json!(["test"]));
    let reply = world.post(&format!("{path}/rotate"), json!({ "environments": ["live"] })).await.expect(422);
    assert_eq!(reply.pointers(), ["/environments"]);
    let rotated = act(&world, &path, "rotate", json!({})).await;
    assert!(rotated.get("live").is_none() && rotated["test"]["secret"].is_string());
}

#[tokio::test]
async fn r23_d9_all_companies_or_an_explicit_set_of_this_account() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (other, _) = world.account("B").await;
    let (mine, foreign) = (world.company(&account, "mine").await, world.company(&other, "foreign").await);
    let keys = format!("{account}/keys");
    for (companies, pointer) in [
        (json!([]), "/companies"),
        (json!([foreign]), "/companies"),
        (json!([mine, "co_00000000000000000000000000"]), "/companies"),
        (json!([mine, "x"]), "/companies/1"),
        (json!("none"), "/companies"),
        (json!(1), "/companies"),
    ] {
        let reply = world.post(&keys, json!({ "companies": companies })).await.expect(422);
        assert_eq!(reply.pointers(), [pointer], "{companies}");
    }
    let unknown = world.post(&keys, json!({ "companies": [foreign] })).await.json["errors"].clone();
    assert_eq!(unknown[0]["message"], format!("no such company in this account: {foreign}"));
    assert_eq!(world.get(&keys).await.json["data"].as_array().unwrap().len(), 1, "only the primary key is there");

    let (path, issued) = world.key(&account, json!({ "companies": [mine, mine] })).await;
    assert_eq!(issued["key"]["companies"], json!([mine]));
    let reply = world.send("PATCH", &path, Some(json!({ "companies": [] }))).await.expect(422);
    assert_eq!(reply.pointers(), ["/companies"]);
    let reply = world.send("PATCH", &path, Some(json!({ "companies": [foreign] }))).await.expect(422);
    assert_eq!(reply.pointers(), ["/companies"]);
    let patched = world.send("PATCH", &path, Some(json!({ "companies": "all" }))).await.expect(200).json;
    assert_eq!(patched["key"]["companies"], "all");
}

#[tokio::test]
async fn r89_a_deployment_may_bind_each_key_to_exactly_one_company() {
    let world = World::with(|parts| parts.one_company = true).await;
    let (account, _) = world.account("A").await;
    let (first, second) = (world.company(&account, "first").await, world.company(&account, "second").await);
    let keys = format!("{account}/keys");
    for body in [json!({}), json!({ "companies": "all" }), json!({ "companies": [first, second] })] {
        let reply = world.post(&keys, body.clone()).await.expect(422);
        assert_eq!(reply.pointers(), ["/companies"], "{body}");
    }
    let (path, issued) = world.key(&account, json!({ "companies": [first] })).await;
    assert_eq!(issued["key"]["companies"], json!([first]));
    for companies in [json!("all"), json!([first, second])] {
        let reply = world.send("PATCH", &path, Some(json!({ "companies": companies }))).await.expect(422);
        assert_eq!(reply.pointers(), ["/companies"]);
    }
    let moved = world.send("PATCH", &path, Some(json!({ "companies": [second] }))).await.expect(200).json;
    assert_eq!(moved["key"]["companies"], json!([second]));
}

#[tokio::test]
async fn r7_r15_r22_r60_r88_d14_disable_enable_and_revoke_are_in_force_when_the_answer_arrives() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (path, issued) = world.key(&account, json!({})).await;
    let (other, bystander) = world.key(&account, json!({})).await;
    let (test, live) = (secret(&issued, "test"), secret(&issued, "live"));

    let disabled = act(&world, &path, "disable", json!({})).await;
    assert_eq!(disabled["key"]["status"], "disabled");
    assert_eq!(decide(&world, &test, READ).await, Err(Denial::KeyDisabled));
    assert_eq!(decide(&world, &live, READ).await, Err(Denial::KeyDisabled));
    act(&world, &path, "disable", json!({})).await;
    act(&world, &path, "enable", json!({})).await;
    assert_eq!(decide(&world, &test, READ).await, Ok(()));

    let revoked = act(&world, &path, "revoke", json!({})).await;
    assert_eq!(revoked["key"]["status"], "revoked");
    assert!(revoked["in_force"]["revision"].as_u64() > disabled["in_force"]["revision"].as_u64());
    for secret in [&test, &live] {
        assert!(decide(&world, secret, READ).await.is_err());
    }
    act(&world, &path, "revoke", json!({})).await;
    for action in ["enable", "disable", "rotate", "end-previous"] {
        let reply = world.post(&format!("{path}/{action}"), json!({})).await.expect(409);
        assert_eq!(reply.code(), "key_final", "{action}");
    }
    let reply = world.send("PATCH", &path, Some(json!({ "description": "x" }))).await.expect(409);
    assert_eq!(reply.code(), "key_final");
    assert_eq!(world.get(&path).await.expect(200).json["status"], "revoked");
    // R60, R88: another key notices nothing.
    assert_eq!(decide(&world, &secret(&bystander, "test"), READ).await, Ok(()));
    assert_eq!(world.get(&other).await.json["status"], "active");
}

#[tokio::test]
async fn r59_a_deleted_key_is_out_of_force_and_out_of_view() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (path, issued) = world.key(&account, json!({})).await;
    let gone = world.send("DELETE", &path, None).await.expect(200).json;
    assert_eq!(gone["key_id"], id_of(&path));
    assert!(decide(&world, &secret(&issued, "live"), READ).await.is_err());
    for (method, at, body) in [
        ("GET", path.clone(), None),
        ("PATCH", path.clone(), Some(json!({ "description": "x" }))),
        ("DELETE", path.clone(), None),
        ("POST", format!("{path}/enable"), None),
        ("POST", format!("{path}/revoke"), None),
        ("POST", format!("{path}/rotate"), Some(json!({}))),
    ] {
        world.send(method, &at, body).await.expect(404);
    }
    let listed = world.get(&format!("{account}/keys")).await.json;
    assert!(listed["data"].as_array().unwrap().iter().all(|k| k["id"] != gone["key_id"]));
}

#[tokio::test]
async fn the_primary_key_is_rotated_or_disabled_but_never_ended_or_narrowed() {
    let world = World::new().await;
    let (account, created) = world.account("A").await;
    let path = format!("{account}/keys/{}", created["primary"]["key_id"].as_str().unwrap());
    let old = secret(&created["primary"], "live");
    for (method, at, body) in [
        ("POST", format!("{path}/revoke"), None),
        ("DELETE", path.clone(), None),
        ("PATCH", path.clone(), Some(json!({ "preset": "read_only" }))),
        ("PATCH", path.clone(), Some(json!({ "scopes": ["a:read"] }))),
        ("PATCH", path.clone(), Some(json!({ "companies": "all" }))),
        ("PATCH", path.clone(), Some(json!({ "expires_at": "2100-01-01T00:00:00Z" }))),
    ] {
        assert_eq!(world.send(method, &at, body).await.expect(409).code(), "primary_key_protected", "{method} {at}");
    }
    assert_eq!(decide(&world, &old, WRITE).await, Ok(()));
    world.send("PATCH", &path, Some(json!({ "description": "back office" }))).await.expect(200);
    act(&world, &path, "disable", json!({})).await;
    assert_eq!(decide(&world, &old, READ).await, Err(Denial::KeyDisabled));
    act(&world, &path, "enable", json!({})).await;
    let rotated = act(&world, &path, "rotate", json!({ "overlap_seconds": 0 })).await;
    assert!(decide(&world, &old, READ).await.is_err());
    assert_eq!(decide(&world, &secret(&rotated, "live"), WRITE).await, Ok(()));
}

#[tokio::test]
async fn r87_d13_rotation_overlaps_and_ends() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (path, issued) = world.key(&account, json!({})).await;
    let first = secret(&issued, "test");
    let rotated = act(&world, &path, "rotate", json!({ "environments": ["test"], "overlap_seconds": 3600 })).await;
    let second = secret(&rotated, "test");
    assert!(rotated.get("live").is_none());
    assert_eq!(rotated["test"]["client_id"], issued["test"]["client_id"], "the client id stays");
    assert_eq!(rotated["key"]["test"]["previous"]["ends_at"], "2026-11-23T13:00:00Z");
    assert_eq!(rotated["key"]["test"]["previous"]["last_four"], first[first.len() - 4..]);
    assert!(rotated["key"]["live"].get("previous").is_none());
    for secret in [&first, &second, &secret(&issued, "live")] {
        assert_eq!(decide(&world, secret, READ).await, Ok(()));
    }
    world.pass(3599);
    assert_eq!(decide(&world, &first, READ).await, Ok(()));
    world.pass(1);
    assert_eq!(decide(&world, &first, READ).await, Err(Denial::SecretEnded), "over to the second");
    assert!(world.get(&path).await.json["test"].get("previous").is_none());

    // D41: a further rotation ends the older secret; ending by hand ends the overlap.
    let third = secret(&act(&world, &path, "rotate", json!({})).await, "test");
    assert_eq!(decide(&world, &second, READ).await, Ok(()));
    let ended = act(&world, &path, "end-previous", json!({})).await;
    assert!(ended["key"]["test"].get("previous").is_none() && ended["key"]["live"].get("previous").is_none());
    assert!(decide(&world, &second, READ).await.is_err());
    assert_eq!(decide(&world, &third, READ).await, Ok(()));
    let fourth = secret(&act(&world, &path, "rotate", json!({})).await, "test");
    let fifth = secret(&act(&world, &path, "rotate", json!({})).await, "test");
    assert!(decide(&world, &third, READ).await.is_err());
    assert_eq!(decide(&world, &fourth, READ).await, Ok(()));
    assert_eq!(decide(&world, &fifth, READ).await, Ok(()));
}

#[tokio::test]
async fn d13_an_overlap_never_outlives_the_key_and_lasts_a_day_by_default() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (path, issued) = world.key(&account, json!({ "expires_at": "2026-11-23T14:00:00+01:00" })).await;
    assert_eq!(issued["key"]["expires_at"], "2026-11-23T13:00:00Z");
    let rotated = act(&world, &path, "rotate", json!({})).await;
    assert_eq!(rotated["key"]["test"]["previous"]["ends_at"], "2026-11-23T13:00:00Z");
    let patched = world.send("PATCH", &path, Some(json!({ "expires_at": null }))).await.expect(200).json;
    assert_eq!(patched["key"]["expires_at"], json!(null));
    let rotated = act(&world, &path, "rotate", json!({})).await;
    assert_eq!(rotated["key"]["test"]["previous"]["ends_at"], "2026-11-24T12:00:00Z");
    for (overlap, pointer) in
        [(json!(7_776_001), "/overlap_seconds"), (json!(-1), "/overlap_seconds"), (json!("1"), "/overlap_seconds")]
    {
        let reply = world.post(&format!("{path}/rotate"), json!({ "overlap_seconds": overlap })).await.expect(422);
        assert_eq!(reply.pointers(), [pointer], "{overlap}");
    }
}

#[tokio::test]
async fn r86_d13_expiry_is_enforced_to_the_second_and_can_be_moved() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (path, issued) = world.key(&account, json!({ "expires_at": "2026-11-23T12:00:10Z" })).await;
    let secret = secret(&issued, "live");
    world.pass(9);
    assert_eq!(decide(&world, &secret, READ).await, Ok(()));
    world.pass(1);
    assert_eq!(decide(&world, &secret, READ).await, Err(Denial::KeyExpired));
    let past = world.send("PATCH", &path, Some(json!({ "expires_at": "2026-11-23T12:00:10Z" }))).await.expect(422);
    assert_eq!(past.pointers(), ["/expires_at"]);
    world.send("PATCH", &path, Some(json!({ "expires_at": "2026-11-23T12:00:20Z" }))).await.expect(200);
    assert_eq!(decide(&world, &secret, READ).await, Ok(()));
}

#[tokio::test]
async fn narrowing_is_in_force_when_the_answer_arrives() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (path, issued) = world.key(&account, json!({ "preset": "full_access" })).await;
    let secret = secret(&issued, "test");
    assert_eq!(decide(&world, &secret, WRITE).await, Ok(()));
    let patched =
        world.send("PATCH", &path, Some(json!({ "preset": "read_only", "description": null }))).await.expect(200);
    assert_eq!(patched.json["key"]["preset"], "read_only");
    assert_eq!(decide(&world, &secret, WRITE).await, Err(Denial::ScopeInsufficient));
    let stale = world.send("PATCH", &path, Some(json!({ "preset": "send", "expected_version": 1 }))).await.expect(409);
    assert_eq!(stale.code(), "stale_version");
    let nothing = world.send("PATCH", &path, Some(json!({}))).await.expect(200);
    assert_eq!(nothing.json["key"]["version"], patched.json["key"]["version"], "no change is no new version");
}

#[tokio::test]
async fn every_problem_of_a_key_is_told_at_once_and_no_value_is_repeated() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let secret = "sk_live_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH";
    let body = json!({
        "description": format!("{secret}\n"), "preset": secret, "scopes": [secret], "companies": [secret],
        "environments": [secret], "expires_at": secret,
    });
    let reply = world.post(&format!("{account}/keys"), body).await.expect(422);
    assert_eq!(
        reply.pointers(),
        ["/description", "/preset", "/companies/0", "/environments/0", "/environments", "/expires_at"]
    );
    assert!(!reply.text.contains(secret), "{}", reply.text);
    for body in [
        json!({ secret: 1 }),
        json!({ "description": [secret] }),
        json!({ "companies": secret }),
        json!({ "environments": secret }),
    ] {
        let reply = world.post(&format!("{account}/keys"), body).await.expect(422);
        assert!(!reply.text.contains(secret), "{}", reply.text);
    }
}

#[tokio::test]
async fn keys_are_listed_and_filtered() {
    let world = World::new().await;
    let (account, created) = world.account("A").await;
    let mut ids = vec![created["primary"]["key_id"].as_str().unwrap().to_owned()];
    for _ in 0..3 {
        world.pass(1);
        ids.push(id_of(&world.key(&account, json!({})).await.0).to_owned());
    }
    act(&world, &format!("{account}/keys/{}", ids[1]), "disable", json!({})).await;
    act(&world, &format!("{account}/keys/{}", ids[2]), "revoke", json!({})).await;
    ids.reverse();
    let listed = async |query: &str| -> Vec<String> {
        let page = world.get(&format!("{account}/keys?{query}")).await.expect(200).json;
        page["data"].as_array().unwrap().iter().map(|k| k["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed("").await, ids);
    assert_eq!(listed("status=active").await, [&*ids[0], &*ids[3]]);
    assert_eq!(listed("status=disabled").await, [&*ids[2]]);
    assert_eq!(listed("status=revoked&kind=restricted").await, [&*ids[1]]);
    assert_eq!(listed("kind=primary").await, [&*ids[3]]);
    let first = world.get(&format!("{account}/keys?limit=3")).await.json;
    let cursor = first["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(listed(&format!("limit=3&cursor={cursor}")).await, [&*ids[3]]);
    for query in ["status=deleted", "status=Active", "kind=any", "preset=send"] {
        let reply = world.get(&format!("{account}/keys?{query}")).await.expect(400);
        assert_eq!(reply.code(), "invalid_query", "{query}");
    }
}
