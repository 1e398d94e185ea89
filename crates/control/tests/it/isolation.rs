//! Isolation: what belongs to another account does not exist here.

use crate::{
    browser::{Browser, invite},
    world::{World, id_of},
};
use api::contract;
use serde_json::json;

#[tokio::test]
async fn every_operation_with_two_ids_refuses_those_of_another_account() {
    let world = World::new().await;
    let (mine, _) = world.account("mine").await;
    let (theirs, _) = world.account("theirs").await;
    let company = world.company(&theirs, "C").await;
    let (key, _) = world.key(&theirs, json!({ "companies": [company] })).await;
    let identity = world.identity(&theirs, "https://id.example.com").await;
    let member = Browser::joined(&world, &theirs, "p@example.com", "viewer").await.member(&world, &theirs).await;
    let invitation = invite(&world, &theirs, "q@example.com", "viewer").await.0;
    let identities = format!("{theirs}/identities");
    let mapped = world.get(&identities).await.text;
    let request = "req_00000000000000000000000001";
    let before = (world.get(&key).await.text, world.get(&format!("{theirs}/audit")).await.text);

    let mut asked = 0;
    for entry in contract::table().iter().filter(|e| e.path.matches('{').count() == 2 && e.authority.admits_operator())
    {
        let path = entry
            .path
            .replace("{account_id}", id_of(&mine))
            .replace("{company_id}", &company)
            .replace("{key_id}", id_of(&key))
            .replace("{identity_id}", &identity)
            .replace("{member_id}", &member)
            .replace("{invitation_id}", &invitation)
            .replace("{request_id}", request);
        let patch = if entry.path.contains("member") { json!({ "role": "viewer" }) } else { json!({}) };
        let body = (entry.method.as_str() == "PATCH").then(|| patch.clone());
        let reply = world.send(entry.method.as_str(), &path, body).await.expect(404);
        assert_eq!(reply.code(), "not_found");
        let unknown = path
            .replace(&company, "co_00000000000000000000000000")
            .replace(id_of(&key), "key_00000000000000000000000000")
            .replace(&identity, "idm_00000000000000000000000000")
            .replace(&member, "mem_00000000000000000000000000")
            .replace(&invitation, "inv_00000000000000000000000000")
            .replace(request, "req_00000000000000000000000000");
        let body = (entry.method.as_str() == "PATCH").then_some(patch);
        let other = world.send(entry.method.as_str(), &unknown, body).await.expect(404);
        assert_eq!(reply.json["detail"], other.json["detail"], "{}: foreign and unknown are told apart", entry.id);
        asked += 1;
    }
    assert_eq!(
        asked, 17,
        "3 operations on a company, 9 on a key, 2 on a member, 1 on a request, an identity, an invitation"
    );
    assert_eq!(world.get(&identities).await.text, mapped, "the mapping is still there");
    let explained = json!({
        "account_id": id_of(&mine), "key_id": id_of(&key), "environment": "live", "method": "GET", "path": "/v1/company",
    });
    world.post("/v1/explain", explained).await.expect(404);
    assert_eq!(
        before,
        (world.get(&key).await.text, world.get(&format!("{theirs}/audit")).await.text),
        "nothing was changed"
    );
}

#[tokio::test]
async fn lists_hold_what_is_the_accounts_own() {
    let world = World::new().await;
    let (mine, _) = world.account("mine").await;
    let (theirs, _) = world.account("theirs").await;
    world.company(&theirs, "C").await;
    world.key(&theirs, json!({})).await;
    world.identity(&theirs, "https://id.example.com").await;
    for (list, count) in [("companies", 0), ("keys", 1), ("identities", 0), ("audit", 1)] {
        let page = world.get(&format!("{mine}/{list}")).await.expect(200);
        assert_eq!(page.json["data"].as_array().unwrap().len(), count, "{list}");
        assert!(!page.text.contains(id_of(&theirs)), "{list}");
    }
}
