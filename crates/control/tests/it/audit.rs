//! The audit log: who did what, and that nothing of it was changed.

use crate::world::{World, id_of};
use serde_json::json;

#[tokio::test]
async fn every_change_leaves_one_entry_that_says_who_did_it_in_which_request() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    world.pass(1);
    let (key, _) = world.key(&account, json!({})).await;
    world.pass(1);
    let reply = world.post(&format!("{key}/revoke"), json!({})).await.expect(200);
    let request = reply.headers["x-request-id"].to_str().unwrap().to_owned();

    let page = world.get(&format!("{account}/audit")).await.expect(200).json;
    let actions: Vec<_> = page["data"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["key.revoked", "key.created", "account.created"]);
    let newest = &page["data"][0];
    assert_eq!(newest["author"], world.token_id);
    assert_eq!(newest["request_id"], request);
    assert_eq!(newest["account_id"], id_of(&account));
    assert_eq!(newest["subjects"], json!([id_of(&key)]));
    assert_eq!(newest["at"], "2026-11-23T12:00:02Z");
    assert_eq!(newest["revision"], reply.json["in_force"]["revision"]);
    assert!(newest["details"].is_object());
    assert_eq!(newest["hash"].as_str().unwrap().len(), 64);

    let all = world.get("/v1/audit?limit=200").await.expect(200).json;
    let all = all["data"].as_array().unwrap();
    assert_eq!(all.len(), 4);
    assert_eq!((&all[3]["action"], &all[3]["author"]), (&json!("operator_token.created"), &json!("installation")));
    assert_eq!(all[3]["account_id"], json!(null));
    assert!(all.iter().rev().enumerate().all(|(n, e)| e["sequence"] == n + 1));

    let verified = world.get("/v1/audit/verify").await.expect(200).json;
    assert_eq!(verified, json!({ "intact": true, "entries": 4, "head": all[0]["hash"], "broken": null }));
}

#[tokio::test]
async fn what_is_refused_or_only_looked_at_leaves_no_entry() {
    let world = World::new().await;
    let (account, created) = world.account("A").await;
    let primary = format!("{account}/keys/{}", created["primary"]["key_id"].as_str().unwrap());
    world.post(&format!("{primary}/revoke"), json!({})).await.expect(409);
    world.post(&format!("{account}/keys"), json!({ "preset": "x" })).await.expect(422);
    world.get(&primary).await.expect(200);
    let described = json!({ "method": "GET", "path": "/v1/company" });
    world.post("/v1/explain", described).await.expect(200);
    assert_eq!(world.get(&format!("{account}/audit")).await.json["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn audit_pages_join_without_gap_or_repeat() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    for n in 0..6 {
        world.company(&account, &format!("C{n}")).await;
    }
    let mut sequences = Vec::new();
    let mut next = format!("{account}/audit?limit=3");
    loop {
        let page = world.get(&next).await.expect(200).json;
        sequences.extend(page["data"].as_array().unwrap().iter().map(|e| e["sequence"].as_u64().unwrap()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("{account}/audit?limit=3&cursor={cursor}");
    }
    assert_eq!(sequences, [8, 7, 6, 5, 4, 3, 2]);
}
