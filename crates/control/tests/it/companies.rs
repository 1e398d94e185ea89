//! Companies: create, change, delete, and what that does to keys.

use crate::world::{World, id_of, secret};
use model::{Denial, HttpMethod};
use serde_json::json;

#[tokio::test]
async fn companies_are_created_changed_and_deleted() {
    let world = World::new().await;
    let (account, created) = world.account("A").await;
    let companies = format!("{account}/companies");
    let names = json!(["test:id=42", "live:vat=IT01234567890", "test:id=42"]);
    let reply = world.post(&companies, json!({ "name": "Bianchi", "external_names": names })).await.expect(201).json;
    let company = &reply["company"];
    assert_eq!(company["external_names"].as_array().unwrap().len(), 2, "repeats are folded");
    assert_eq!(company["account_id"], created["account"]["id"]);
    assert_eq!(company["version"], 1);
    let path = format!("{companies}/{}", company["id"].as_str().unwrap());
    assert_eq!(&world.get(&path).await.expect(200).json, company);

    world.pass(60);
    let patched = world.send("PATCH", &path, Some(json!({ "name": "Verdi" }))).await.expect(200).json;
    assert_eq!(patched["company"]["name"], "Verdi");
    assert_eq!(patched["company"]["external_names"], company["external_names"], "what is left out stays");
    assert_eq!(
        (&patched["company"]["version"], &patched["company"]["updated_at"]),
        (&json!(2), &json!("2026-11-23T12:01:00Z"))
    );
    let cleared = world.send("PATCH", &path, Some(json!({ "external_names": null }))).await.expect(200).json;
    assert_eq!((&cleared["company"]["external_names"], &cleared["company"]["name"]), (&json!([]), &json!("Verdi")));

    let stale = world.send("PATCH", &path, Some(json!({ "name": "Neri", "expected_version": 1 }))).await.expect(409);
    assert_eq!(stale.code(), "stale_version");
    world.send("PATCH", &path, Some(json!({ "name": "Neri", "expected_version": 3 }))).await.expect(200);

    let gone = world.send("DELETE", &path, None).await.expect(200).json;
    assert_eq!((&gone["company_id"], &gone["keys"]), (&company["id"], &json!([])));
    for (method, body) in [("GET", None), ("PATCH", Some(json!({ "name": "x" }))), ("DELETE", None)] {
        world.send(method, &path, body).await.expect(404);
    }
    assert_eq!(world.get(&companies).await.expect(200).json, json!({ "data": [], "next_cursor": null }));
}

#[tokio::test]
async fn d9_a_key_that_loses_its_last_company_reaches_nothing() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let company = world.company(&account, "C").await;
    let (key, issued) = world.key(&account, json!({ "companies": [company] })).await;
    let secret = secret(&issued, "test");
    assert_eq!(world.decide(&secret, HttpMethod::Get, "/v1/company").await, Ok(()));
    let gone = world.send("DELETE", &format!("{account}/companies/{company}"), None).await.expect(200).json;
    assert_eq!(gone["keys"], json!([id_of(&key)]));
    assert_eq!(world.decide(&secret, HttpMethod::Get, "/v1/company").await, Err(Denial::CompanyNotAllowed));
    assert_eq!(world.get(&key).await.json["companies"], json!([]));
}

#[tokio::test]
async fn every_problem_of_a_company_is_told_at_once() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let companies = format!("{account}/companies");
    let reply = world
        .post(&companies, json!({ "name": "", "external_names": ["id=1", "test:id=1", "live:ID=x"] }))
        .await
        .expect(422);
    assert_eq!(reply.pointers(), ["/name", "/external_names/0", "/external_names/2"]);
    let many: Vec<_> = (0..65).map(|n| format!("test:id={n}")).collect();
    let reply = world.post(&companies, json!({ "name": "x", "external_names": many })).await.expect(422);
    assert_eq!(reply.pointers(), ["/external_names"]);
    let path = format!("{companies}/{}", world.company(&account, "C").await);
    let reply = world.send("PATCH", &path, Some(json!({ "name": null, "external_names": ["x"] }))).await.expect(422);
    assert_eq!(reply.pointers(), ["/name", "/external_names/0"]);
    let reply = world.send("PATCH", &path, Some(json!({ "id": "co_1" }))).await.expect(422);
    assert!(reply.text.contains("unknown field"), "{}", reply.text);
}

#[tokio::test]
async fn d35_an_external_name_belongs_to_one_company_of_an_account() {
    let world = World::new().await;
    let (account, _) = world.account("A").await;
    let (other, _) = world.account("B").await;
    let body = json!({ "name": "C", "external_names": ["live:id=7"] });
    world.post(&format!("{account}/companies"), body.clone()).await.expect(201);
    let taken = world.post(&format!("{account}/companies"), body.clone()).await.expect(409);
    assert_eq!(taken.code(), "external_name_taken");
    assert!(taken.json["detail"].as_str().unwrap().contains("live:id=7"));
    world.post(&format!("{other}/companies"), body).await.expect(201);
}
