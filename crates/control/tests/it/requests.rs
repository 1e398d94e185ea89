//! The request log, the trace of a decision, counts and last uses over the control API (D25, D5, R14, R101).

use crate::world::{START, World, hash, id_of, secret};
use model::{AccountId, Denial, Entropy, Environment, KeyId, RequestId};
use serde_json::{Value, json};
use store::{RequestOutcome, SecretTag, Seen, SeenCaller};

/// A key as a gateway knows it.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    account: AccountId,
    key: KeyId,
    secret: SecretTag,
}

impl Known {
    /// The test half of a key.
    pub(crate) fn of(account: &str, key: &str, issued: &Value) -> Self {
        let secret = SecretTag::of(&hash(&secret(issued, "test")));
        Self { account: id_of(account).parse().unwrap(), key: id_of(key).parse().unwrap(), secret }
    }
}

fn id(secs: i64, number: u8) -> RequestId {
    RequestId::new(START.plus_secs(secs), Entropy([number; 10]))
}

pub(crate) fn seen(by: Option<Known>, secs: i64, number: u8) -> Seen<'static> {
    Seen {
        request: id(secs, number),
        at: START.plus_secs(secs),
        micros: 500,
        status: 200,
        outcome: RequestOutcome::Ok,
        caller: by.map(|known| SeenCaller {
            account: known.account,
            key: known.key,
            secret: known.secret,
            environment: Environment::Test,
            good: true,
        }),
        company: None,
        method: "GET",
        operation: "company_list",
        reason: "",
        limit: "",
        address: "192.0.2.7",
        agent: b"tool/1",
        origin: b"",
    }
}

fn refused(seen: Seen<'static>, denial: Denial) -> Seen<'static> {
    let answer = denial.answer();
    Seen { reason: answer.reason, status: answer.status, outcome: RequestOutcome::Refused, ..seen }
}

/// What a gateway does; without waiting for the writer.
pub(crate) fn tell(world: &World, requests: &[Seen<'_>]) {
    let mut batch = Vec::new();
    requests.iter().for_each(|request| request.write(&mut batch));
    world.store.usage().intake().unwrap().put(batch, requests.len() as u64);
}

fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn d25_the_request_log_is_filtered_and_paged_newest_first() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (key, issued) = world.key(&account, json!({})).await;
    let (other, other_issued) = world.key(&account, json!({})).await;
    let (known, second) = (Known::of(&account, &key, &issued), Known::of(&account, &other, &other_issued));
    let requests = [
        seen(Some(known), 0, 1),
        refused(seen(Some(second), 1, 2), Denial::ScopeInsufficient),
        Seen { origin: b"https://a.example", ..refused(seen(Some(known), 2, 3), Denial::OriginNotAllowed) },
        refused(seen(None, 3, 4), Denial::CredentialUnknown),
    ];
    tell(&world, &requests);
    world.store.usage().flush().await;
    let list = async |query: &str| world.get(&format!("{account}/requests{query}")).await.expect(200).json;
    let [first, second, third, _] = requests.map(|r| r.request.to_string());
    assert_eq!(ids(&list("").await), [third.clone(), second.clone(), first.clone()]);
    for (query, expected) in [
        (format!("?key_id={}", id_of(&key)), vec![&third, &first]),
        ("?status=4xx".to_owned(), vec![&third, &second]),
        ("?status=2xx".to_owned(), vec![&first]),
        ("?reason=insufficient_scope".to_owned(), vec![&second]),
        ("?operation=company_list".to_owned(), vec![&third, &second, &first]),
        ("?operation=send_create".to_owned(), vec![]),
        ("?environment=live".to_owned(), vec![]),
        ("?since=2026-11-23T12:00:01Z&until=2026-11-23T12:00:02Z".to_owned(), vec![&second]),
        (format!("?key_id={}&status=4xx", id_of(&key)), vec![&third]),
    ] {
        let found = ids(&list(&query).await);
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let page = list("?limit=2").await;
    assert_eq!(ids(&page), [third.clone(), second]);
    let page = list(&format!("?limit=2&cursor={}", page["next_cursor"].as_str().unwrap())).await;
    assert_eq!((ids(&page), &page["next_cursor"]), (vec![first], &json!(null)));
    let shown = &list("?limit=1").await["data"][0];
    assert_eq!(shown["origin"], "https://a.example");
    assert_eq!((&shown["user_agent"], &shown["address"]), (&json!("tool/1"), &json!("192.0.2.7")));
    assert_eq!((&shown["duration_micros"], &shown["outcome"]), (&json!(500), &json!("refused")));
    for query in [
        "?status=9xx",
        "?status=200",
        "?key_id=x",
        "?since=now",
        "?environment=prod",
        "?limit=0",
        "?cursor=x",
        "?path=/",
    ] {
        let reply = world.get(&format!("{account}/requests{query}")).await.expect(400);
        assert_eq!(reply.code(), "invalid_query", "{query}");
    }
}

#[tokio::test]
async fn d25_a_request_can_be_asked_for_right_after_its_answer_by_its_account_alone() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (theirs, _) = world.account("B").await;
    let (key, issued) = world.key(&account, json!({})).await;
    let known = Known::of(&account, &key, &issued);
    let (own, stranger) = (seen(Some(known), 0, 1), refused(seen(None, 1, 2), Denial::CredentialUnknown));
    // Not flushed: the question itself waits for what was handed over.
    tell(&world, &[own, stranger]);
    let shown = world.get(&format!("{account}/requests/{}", own.request)).await.expect(200).json;
    assert_eq!(shown["request"]["key_id"], id_of(&key));
    assert_eq!(
        (&shown["refusal"], &shown["now"]["allowed"], &shown["secret"]),
        (&json!(null), &json!(true), &json!("current"))
    );
    let unknown = world.get(&format!("{theirs}/requests/{}", id(9, 9))).await.expect(404);
    for path in [
        format!("{theirs}/requests/{}", own.request),
        format!("{account}/requests/{}", stranger.request),
        format!("{account}/requests/nonsense"),
        format!("/v1/requests/{}", id(9, 9)),
    ] {
        let reply = world.get(&path).await.expect(404);
        assert_eq!((reply.code(), &reply.json["detail"]), ("not_found", &unknown.json["detail"]), "{path}");
    }
    assert!(ids(&world.get(&format!("{theirs}/requests")).await.expect(200).json).is_empty());
    world.get("/v1/accounts/acc_00000000000000000000000000/requests").await.expect(404);
    // The operator sees both.
    for (request, account_id) in [(own, json!(id_of(&account))), (stranger, json!(null))] {
        let shown = world.get(&format!("/v1/requests/{}", request.request)).await.expect(200).json;
        assert_eq!(shown["request"]["account_id"], account_id);
    }
    let shown = world.get(&format!("/v1/requests/{}", stranger.request)).await.expect(200).json;
    assert_eq!((&shown["refusal"]["check"], &shown["now"]), (&json!("credential"), &json!(null)));
    assert!(shown["not_replayed"].as_str().unwrap().contains("No key was recognised"));
    assert_eq!(shown["remedies"][0]["action"], "check_key");
}

#[tokio::test]
async fn d5_every_denial_is_traced_to_a_check_a_rule_and_something_to_do() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (key, issued) = world.key(&account, json!({ "preset": "full_access" })).await;
    let known = Known::of(&account, &key, &issued);
    for (number, denial) in (0u8..).zip(Denial::ALL) {
        let request = refused(seen(Some(known), 0, number), denial);
        tell(&world, &[request]);
        let shown = world.get(&format!("{account}/requests/{}", request.request)).await.expect(200).json;
        let refusal = &shown["refusal"];
        assert_eq!(refusal["reason"], denial.answer().reason);
        assert_eq!(refusal["code"], denial.answer().code);
        assert!(refusal["check"].as_str().is_some_and(|check| check != "transport"), "{shown}");
        assert!(refusal["rule"].as_str().unwrap().ends_with('.'), "{shown}");
        // The key of today may do everything: what a replay sees would pass, and what it cannot see has advice.
        let replayed = matches!(
            denial,
            Denial::KeyDisabled
                | Denial::KeyRevoked
                | Denial::KeyDeleted
                | Denial::KeyExpired
                | Denial::SecretEnded
                | Denial::FreshnessLost
                | Denial::OperationUnknown
                | Denial::AudienceMismatched
                | Denial::SubKeyNotAllowed
                | Denial::IpNotAllowed
                | Denial::PrimaryKeyInBrowser
                | Denial::OriginNotAllowed
                | Denial::ScopeInsufficient
                | Denial::CompanyNotAllowed
        );
        assert_eq!(shown["now"]["allowed"], true, "{shown}");
        assert_eq!(shown["remedies"].as_array().unwrap().is_empty(), replayed, "{denial:?}: {shown}");
    }
    let fault = Seen { reason: "upstream_timeout", status: 504, ..seen(Some(known), 1, 99) };
    tell(&world, &[fault]);
    let shown = world.get(&format!("{account}/requests/{}", fault.request)).await.expect(200).json;
    assert_eq!((&shown["refusal"]["check"], &shown["refusal"]["code"]), (&json!("transport"), &json!(null)));
}

#[tokio::test]
async fn d5_a_trace_says_what_failed_then_and_what_would_happen_now() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (key, issued) = world.key(&account, json!({})).await;
    let known = Known::of(&account, &key, &issued);
    let scope = Seen {
        operation: "send_create",
        method: "POST",
        ..refused(seen(Some(known), 0, 1), Denial::ScopeInsufficient)
    };
    let origin = Seen { origin: b"https://a.example", ..refused(seen(Some(known), 0, 2), Denial::OriginNotAllowed) };
    let limit = Seen { limit: "burst", ..refused(seen(Some(known), 0, 3), Denial::LimitExceeded) };
    let gone = Seen { operation: "no_longer", ..refused(seen(Some(known), 0, 4), Denial::ScopeInsufficient) };
    tell(&world, &[scope, origin, limit, gone]);
    let trace =
        async |request: Seen<'_>| world.get(&format!("{account}/requests/{}", request.request)).await.expect(200).json;
    let then = trace(scope).await;
    assert_eq!(then["refusal"]["check"], "scope");
    assert_eq!(
        then["refusal"]["rule"],
        "The operation send_create needs the scope send:send, which the key did not have."
    );
    assert_eq!(
        (&then["now"]["allowed"], &then["now"]["refusal"]["reason"]),
        (&json!(false), &json!("insufficient_scope"))
    );
    assert_eq!(
        (&then["remedies"][0]["action"], &then["remedies"][0]["scope"]),
        (&json!("grant_scope"), &json!("send:send"))
    );
    // What it proposes is done: the same request would pass, and nothing is left to do.
    world.send("PATCH", &key, Some(json!({ "scopes": ["*:read", "send:send"] }))).await.expect(200);
    let now = trace(scope).await;
    assert_eq!((&now["now"]["allowed"], &now["remedies"]), (&json!(true), &json!([])));
    assert_eq!(now["refusal"], then["refusal"], "what was does not change");

    let shown = trace(origin).await;
    assert!(shown["refusal"]["rule"].as_str().unwrap().contains("https://a.example"), "{shown}");
    assert_eq!(shown["now"]["allowed"], false, "the origin is part of the replay");
    assert!(!shown["remedies"].as_array().unwrap().is_empty());
    let shown = trace(limit).await;
    assert_eq!(shown["refusal"]["rule"], "The limit burst had no room for another request.");
    assert_eq!(shown["remedies"][0]["action"], "wait_or_raise_limit");
    let shown = trace(gone).await;
    assert_eq!(shown["not_replayed"], "The catalogue no longer has the operation.");

    // The secret is rotated away, then the key is disabled, then deleted.
    world.post(&format!("{key}/rotate"), json!({ "overlap_seconds": 60 })).await.expect(200);
    assert_eq!(trace(scope).await["secret"], "previous");
    world.pass(60);
    let shown = trace(scope).await;
    assert_eq!(
        (&shown["now"]["refusal"]["reason"], &shown["remedies"][0]["action"]),
        (&json!("secret_ended"), &json!("use_current_secret"))
    );
    world.post(&format!("{key}/rotate"), json!({ "overlap_seconds": 60 })).await.expect(200);
    assert_eq!(trace(scope).await["secret"], "ended", "a further rotation forgot it");
    world.post(&format!("{key}/disable"), json!({})).await.expect(200);
    assert_eq!(trace(scope).await["remedies"][0]["action"], "enable_key");
    world.send("DELETE", &key, None).await.expect(200);
    let shown = trace(scope).await;
    assert_eq!((&shown["now"], &shown["not_replayed"]), (&json!(null), &json!("The key was deleted.")));
    let late = refused(seen(Some(known), 90, 5), Denial::KeyRevoked);
    tell(&world, &[late]);
    assert_eq!(trace(late).await["remedies"][0]["action"], "create_key", "nothing can be replayed, so it is said");
}

#[tokio::test]
async fn r14_a_keys_usage_is_counted_by_operation_and_outcome() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (key, issued) = world.key(&account, json!({})).await;
    let known = Known::of(&account, &key, &issued);
    let empty = world.get(&format!("{key}/usage")).await.expect(200).json;
    assert_eq!((&empty["data"], &empty["kept_since"]), (&json!([]), &json!(null)));
    let scope = Seen { operation: "send_create", ..refused(seen(Some(known), -10, 3), Denial::ScopeInsufficient) };
    tell(&world, &[seen(Some(known), -20, 1), seen(Some(known), -15, 2), scope, seen(Some(known), -7_000, 4)]);
    world.store.usage().flush().await;
    let usage = async |query: &str| world.get(&format!("{key}/usage{query}")).await.expect(200).json;
    let hours = usage("").await;
    assert_eq!((&hours["granularity"], &hours["complete"]), (&json!("hour"), &json!(true)));
    assert_eq!(hours["totals"], json!({"ok": 3, "client_error": 0, "server_error": 0, "refused": 1, "limited": 0}));
    assert_eq!(
        hours["data"][0],
        json!({"start": "2026-11-23T11:00:00Z", "operation": "company_list", "environment": "test", "outcome": "ok", "count": 2})
    );
    assert_eq!(hours["kept_since"], "2026-11-23T10:03:20Z");
    assert_eq!(usage("?granularity=minute").await["totals"]["ok"], 2);
    assert_eq!(usage("?granularity=day&since=2026-11-23T11:59:00Z").await["totals"]["ok"], 3, "a day is whole");
    assert_eq!(usage("?granularity=minute&until=2026-11-23T11:59:00Z").await["totals"]["ok"], 0);
    for query in ["?granularity=week", "?since=yesterday", "?x=1"] {
        assert_eq!(world.get(&format!("{key}/usage{query}")).await.expect(400).code(), "invalid_query", "{query}");
    }
}

#[tokio::test]
async fn r101_d13_records_of_keys_say_when_each_secret_was_used_last() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (key, issued) = world.key(&account, json!({})).await;
    let known = Known::of(&account, &key, &issued);
    let show = async || world.get(&key).await.expect(200).json;
    assert!(show().await["test"].get("last_used").is_none());
    let rotated = world.post(&format!("{key}/rotate"), json!({ "overlap_seconds": 600 })).await.expect(200).json;
    let fresh = Known::of(&account, &key, &rotated);
    let late = Seen { address: "198.51.100.9", operation: "", ..seen(Some(known), 5, 2) };
    tell(&world, &[seen(Some(fresh), 1, 1), late]);
    world.store.usage().flush().await;
    let shown = show().await;
    let used = json!({"at": "2026-11-23T12:00:01Z", "address": "192.0.2.7", "operation": "company_list", "environment": "test"});
    assert_eq!(shown["test"]["last_used"], used);
    let old = &shown["test"]["previous"]["last_used"];
    assert_eq!((&old["address"], &old["operation"]), (&json!("198.51.100.9"), &json!(null)));
    assert!(shown["live"].get("last_used").is_none());
    let listed = world.get(&format!("{account}/keys")).await.expect(200).json;
    assert_eq!(listed["data"][0]["test"]["last_used"], used);
}

#[tokio::test]
async fn d44_keys_are_shown_when_the_usage_file_is_gone() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (key, _) = world.key(&account, json!({})).await;
    std::fs::write(world.folder().join("usage.db"), "burnt ".repeat(2_000)).unwrap();
    for rest in ["usage.db-wal", "usage.db-shm"] {
        let _absent = std::fs::remove_file(world.folder().join(rest));
    }
    world.get(&key).await.expect(200);
    world.get(&format!("{account}/keys")).await.expect(200);
}

#[tokio::test]
async fn d11_d13_r101_what_the_use_of_a_key_tells_is_among_its_findings() {
    let world = World::new().await;
    let (account, created) = world.account("A").await;
    let primary = format!("{account}/keys/{}", created["primary"]["key_id"].as_str().unwrap());
    let (key, issued) = world.key(&account, json!({})).await;
    let codes = async |path: &str| -> Vec<String> {
        let shown = world.get(path).await.expect(200).json;
        shown["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap().to_owned()).collect()
    };
    let usual = ["no_expiry", "no_network_list", "no_rotation_reminder"];
    assert_eq!(codes(&key).await, usual);
    assert_eq!(codes(&primary).await, usual[1..]);

    let known = Known::of(&account, &primary, &created["primary"]);
    let page = Seen { origin: b"https://a.example", ..seen(Some(known), 1, 1) };
    tell(&world, &[refused(page, Denial::PrimaryKeyInBrowser)]);
    world.store.usage().flush().await;
    assert_eq!(codes(&primary).await[0], "primary_used_in_browser");
    world.pass(10);
    world.post(&format!("{primary}/rotate"), json!({ "overlap_seconds": 0 })).await.expect(200);
    assert_eq!(codes(&primary).await, usual[1..], "what the page had is worth nothing any more");

    world.post(&format!("{key}/rotate"), json!({ "overlap_seconds": 86_400 })).await.expect(200);
    tell(&world, &[seen(Some(Known::of(&account, &key, &issued)), 20, 2)]);
    world.store.usage().flush().await;
    assert_eq!(codes(&key).await[0], "old_secret_still_used");
    world.pass(91 * 86_400);
    assert_eq!(codes(&key).await[0], "unused_90_days");
    let listed = world.get(&format!("{account}/keys?kind=restricted")).await.expect(200).json;
    assert_eq!(listed["data"][0]["findings"][0]["code"], "unused_90_days");
}

#[tokio::test]
async fn r14_an_overview_sums_the_account_and_nothing_of_another() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (theirs, their_issued) = world.account("B").await;
    let (key, issued) = world.key(&account, json!({ "description": "Reporting" })).await;
    let their_key = format!("{theirs}/keys/{}", their_issued["primary"]["key_id"].as_str().unwrap());
    let known = Known::of(&account, &key, &issued);
    let foreign = Known::of(&theirs, &their_key, &their_issued["primary"]);
    world.pass(7_200);
    tell(
        &world,
        &[
            seen(Some(known), 0, 1),
            seen(Some(known), 3_700, 2),
            refused(seen(Some(known), 3_701, 3), Denial::ScopeInsufficient),
            Seen { limit: "messaging", outcome: RequestOutcome::Limited, ..seen(Some(known), 3_702, 4) },
            seen(Some(foreign), 3_703, 5),
        ],
    );
    world.store.usage().flush().await;
    let all = world.get(&format!("{account}/overview")).await.expect(200).json;
    assert_eq!(
        (&all["totals"]["ok"], &all["totals"]["refused"], &all["totals"]["limited"]),
        (&json!(2), &json!(1), &json!(1))
    );
    let spans: Vec<_> =
        all["spans"].as_array().unwrap().iter().map(|s| (s["start"].clone(), s["ok"].clone())).collect();
    assert_eq!(spans, [(json!("2026-11-23T12:00:00Z"), json!(1)), (json!("2026-11-23T13:00:00Z"), json!(1))]);
    let top = json!([{ "key_id": id_of(&key), "description": "Reporting", "kind": "restricted", "count": 4 }]);
    assert_eq!(all["top_keys"], top);
    assert_eq!(all["refusals"], json!([{ "reason": "insufficient_scope", "count": 1 }]));
    assert_eq!(all["limits"], json!([{ "key_id": id_of(&key), "limit": "messaging", "count": 1 }]));
    let live = world.get(&format!("{account}/overview?environment=live")).await.expect(200).json;
    assert_eq!((&live["top_keys"], &live["refusals"]), (&json!([]), &json!([])));
    let hour = world.get(&format!("{account}/overview?hours=1")).await.expect(200).json;
    assert_eq!((&hour["granularity"], &hour["totals"]["ok"]), (&json!("minute"), &json!(1)));
}

#[tokio::test]
async fn d15_an_overview_says_how_full_limits_were_at_their_peaks_of_the_last_hour() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (theirs, their_issued) = world.account("B").await;
    let (busy, issued) = world.key(&account, json!({})).await;
    let (own, own_issued) = world.key(&account, json!({ "limits": { "default": 40 } })).await;
    let their_key = format!("{theirs}/keys/{}", their_issued["primary"]["key_id"].as_str().unwrap());
    let foreign = Known::of(&theirs, &their_key, &their_issued["primary"]);
    let [busy_key, own_key] = [Known::of(&account, &busy, &issued), Known::of(&account, &own, &own_issued)];
    // A minute long ago that was full, then one of four and one of three; what was turned away spent nothing.
    let mut all: Vec<_> = (0..5).map(|n| seen(Some(busy_key), n, 1 + n as u8)).collect();
    all.extend((0..4).map(|n| seen(Some(busy_key), 7_200 + n, 11 + n as u8)));
    all.extend((0..3).map(|n| seen(Some(busy_key), 7_260 + n, 21 + n as u8)));
    all.extend((0..9).map(|n| refused(seen(Some(busy_key), 7_200 + n, 31 + n as u8), Denial::ScopeInsufficient)));
    all.extend((0..8).map(|n| seen(Some(own_key), 7_210 + n, 51 + n as u8)));
    all.extend((0..30).map(|n| seen(Some(foreign), 7_210 + n, 71 + n as u8)));
    world.pass(7_320);
    tell(&world, &all);
    world.store.usage().flush().await;
    let overview = world.get(&format!("{account}/overview?environment=test")).await.expect(200).json;
    let of = |key: Option<&str>, limit, used, room, seconds, percent| {
        json!({
            "key_id": key.map(id_of), "environment": "test", "limit": limit, "used": used, "room": room,
            "seconds": seconds, "percent": percent,
        })
    };
    let wanted = [
        of(Some(&busy), "default", 4, 5, 60, 80),
        of(Some(&own), "default", 8, 40, 60, 20),
        of(None, "account", 15, 100, 120, 15),
    ];
    assert_eq!(overview["limit_use"], json!(wanted));
    let live = world.get(&format!("{account}/overview?environment=live")).await.expect(200).json;
    assert_eq!(live["limit_use"], json!([]));
    world.pass(7_200);
    let later = world.get(&format!("{account}/overview")).await.expect(200).json;
    assert_eq!(later["limit_use"], json!([]), "only the last hour counts");
}
