//! Secrets: shown in exactly one answer, and nowhere else.

use crate::world::{World, secret};
use serde_json::{Value, json};

#[tokio::test]
async fn r68_r72_r115_every_secret_is_in_exactly_one_answer() {
    let world = World::new().await;
    let (account, created) = world.account("A").await;
    let (key, issued) = world.key(&account, json!({})).await;
    let rotated = world.post(&format!("{key}/rotate"), json!({})).await.expect(200).json;
    let token = world.post("/v1/operator-tokens", json!({ "description": "x" })).await.expect(201).json;
    // Everything that can show anything about them.
    let id = token["operator_token"]["id"].as_str().unwrap();
    let key_id = issued["key_id"].as_str().unwrap();
    for path in [
        "/v1/accounts".to_owned(),
        account.clone(),
        format!("{account}/keys"),
        key.clone(),
        format!("{account}/audit"),
        "/v1/audit".to_owned(),
        "/v1/audit/verify".to_owned(),
        "/v1/operator-tokens".to_owned(),
        "/v1/openapi.json".to_owned(),
    ] {
        world.get(&path).await.expect(200);
    }
    world.send("PATCH", &key, Some(json!({ "description": "y" }))).await.expect(200);
    for action in ["disable", "enable", "end-previous", "revoke"] {
        world.post(&format!("{key}/{action}"), json!({})).await.expect(200);
    }
    let account_id = &account[13..];
    let described = json!({ "account_id": account_id, "key_id": key_id, "environment": "test", "method": "GET", "path": "/v1/company" });
    world.post("/v1/explain", described).await.expect(200);
    world.post(&format!("/v1/operator-tokens/{id}/revoke"), json!({})).await.expect(200);
    world.send("DELETE", &key, None).await.expect(200);

    let pair = |answer: &Value| ["test", "live"].map(|environment| secret(answer, environment));
    let mut secrets: Vec<String> = [pair(&created["primary"]), pair(&issued), pair(&rotated)].concat();
    secrets.push(token["token"].as_str().unwrap().to_owned());
    let answers = world.answers.lock().unwrap();
    assert!(answers.len() > 15);
    for secret in &secrets {
        assert_eq!(answers.iter().filter(|text| text.contains(secret)).count(), 1);
        // The part that matters alone, without its prefix, is nowhere else either.
        let body = secret.rsplit('_').next().unwrap();
        assert_eq!(answers.iter().filter(|text| text.contains(body)).count(), 1);
    }
    assert!(answers.iter().all(|text| !text.contains(&world.token)), "the token in use is never repeated");
}

#[tokio::test]
async fn r69_no_answer_shows_a_hash() {
    let world = World::new().await;
    let (account, created) = world.account("A").await;
    let hash = crate::world::hash(&secret(&created["primary"], "live"));
    let hex = data_encoding::HEXLOWER.encode(hash.as_bytes());
    let base64 = data_encoding::BASE64.encode(hash.as_bytes());
    for path in [format!("{account}/keys"), format!("{account}/audit"), "/v1/audit".to_owned()] {
        let text = world.get(&path).await.expect(200).text.to_lowercase();
        assert!(!text.contains(&hex) && !text.contains(&base64.to_lowercase()), "{path}");
    }
}
