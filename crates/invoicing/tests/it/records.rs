//! Companies and webhooks: what a record may say, versions, deletion.

use super::harness::{Caller, Invoice, with_server};
use serde_json::{Value, json};

fn caller() -> Caller {
    Caller::new("test", "acc_one")
}

fn company(vat: &str) -> Value {
    json!({"vat": vat, "fiscal_code": "RSSMRA70A01F205V", "name": "Mario Rossi"})
}

#[tokio::test]
async fn a_company_is_made_read_changed_and_deleted() {
    with_server(async |server| {
        let caller = caller();
        let made = server.json(&caller, "POST", "/v1/company", &company("it 01234.567-890")).await.expect(201);
        assert_eq!(
            made,
            json!({
                "id": 1, "created": "2026-11-23T12:00:00Z", "version": 1, "user_id": 1,
                "vat": "IT01234567890", "fiscal_code": "RSSMRA70A01F205V", "name": "Mario Rossi"
            })
        );
        for path in ["/v1/company/1", "/v1/company/IT01234567890", "/v1/company/it01234567890"] {
            assert_eq!(server.get(&caller, path).await.expect(200), made);
        }
        server.json(&caller, "POST", "/v1/company", &company("IT01234567890")).await.refused(422, "company_exists");
        let put = async |more: Value| {
            let mut record = company("IT01234567891");
            record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            server.json(&caller, "PUT", "/v1/company", &record).await
        };
        let changed = put(json!({"id": 1, "version": 1, "created": "x", "user_id": 77})).await.expect(200);
        assert_eq!(
            (&changed["version"], &changed["vat"], &changed["user_id"]),
            (&json!(2), &json!("IT01234567891"), &json!(1))
        );
        put(json!({"id": 1, "version": 1})).await.refused(422, "version_stale");
        put(json!({"id": 2})).await.refused(404, "not_found");
        put(json!({})).await.refused(422, "invalid_record");
        // A client that does not send the version says that it does not care.
        assert_eq!(put(json!({"id": 1})).await.expect(200)["version"], json!(3));
        let deleted = server.call(&caller, "DELETE", "/v1/company/1", "", "").await.expect(200);
        assert_eq!(deleted["version"], json!(3));
        server.get(&caller, "/v1/company/1").await.refused(404, "not_found");
        server
    })
    .await;
}

#[tokio::test]
async fn strange_companies_are_refused() {
    with_server(async |server| {
        let caller = caller();
        let post = async |record: &Value| server.json(&caller, "POST", "/v1/company", record).await;
        for vat in [
            "",
            "IT",
            "01234567890",
            "IT0123456789",
            "IT0123456789A",
            "I101234567890",
            "ÌT01234567890",
            "DE!",
            &"DE1".repeat(20),
        ] {
            post(&company(vat)).await.refused(422, "invalid_record");
        }
        for (name, value) in [
            ("fiscal_code", json!("")),
            ("fiscal_code", json!("a b")),
            ("name", json!(" ")),
            ("name", json!("x".repeat(201))),
            ("name", json!("a\u{0}b")),
            ("id", json!(5)),
        ] {
            let mut record = company("IT01234567890");
            record[name] = value.clone();
            post(&record).await.refused(422, "invalid_record");
        }
        for record in [
            json!({}),
            json!([]),
            json!({"vat": 1, "fiscal_code": "x", "name": "y"}),
            json!({"vat": "IT1", "fiscal_code": "x", "name": "y", "account": "acc_two"}),
        ] {
            post(&record).await.refused(400, "bad_body");
        }
        assert_eq!(server.get(&caller, "/v1/company").await.total(), 0);
        server
    })
    .await;
}

#[tokio::test]
async fn deleting_a_company_with_invoices_needs_force_and_takes_everything_along() {
    with_server(async |server| {
        let caller = caller();
        let sent =
            server.json(&caller, "POST", "/v1/send/json", &Invoice::new("IT00000000001", "1").json()).await.expect(201);
        assert_eq!(sent["company_id"], json!(1));
        let hook = json!({"url": "https://example.com/", "company_id": 1});
        server.json(&caller, "POST", "/v1/webhook", &hook).await.expect(201);
        let problem = server.call(&caller, "DELETE", "/v1/company/1", "", "").await.refused(409, "company_in_use");
        assert!(problem["detail"].as_str().unwrap().contains("1 sent invoice(s) and 0 received"));
        server.call(&caller, "DELETE", "/v1/company/1?force=false", "", "").await.refused(409, "company_in_use");
        server.call(&caller, "DELETE", "/v1/company/1?force=true", "", "").await.expect(200);
        for list in ["company", "send", "update", "webhook", "log?company_id=1"] {
            let answer = server.get(&caller, &format!("/v1/{list}")).await;
            assert!(answer.status == 404 || answer.total() == 0, "{list}: {}", answer.text());
        }
        server.call(&caller, "DELETE", "/v1/company/1?force=true", "", "").await.refused(404, "not_found");
        server
    })
    .await;
}

#[tokio::test]
async fn a_webhook_tells_its_secret_once() {
    with_server(async |server| {
        let caller = caller();
        let record = json!({"url": "https://example.com/hook?a=b", "events": ["send.add", "update.add"], "description": "d", "enabled": false});
        let made = server.json(&caller, "POST", "/v1/webhook", &record).await.expect(201);
        let secret = made["secret"].as_str().unwrap().to_owned();
        assert!(secret.starts_with("wh_sec_") && secret.len() == 71);
        assert_eq!((&made["enabled"], &made["company_id"], &made["events"]), (&json!(true), &Value::Null, &record["events"]));
        let changed = json!({"id": 1, "version": 1, "url": "https://example.com/other", "enabled": false});
        let changed = server.json(&caller, "PUT", "/v1/webhook", &changed).await.expect(200);
        assert_eq!((&changed["version"], &changed["enabled"], &changed["events"]), (&json!(2), &json!(false), &Value::Null));
        let stale = json!({"id": 1, "version": 1, "url": "https://example.com/"});
        server.json(&caller, "PUT", "/v1/webhook", &stale).await.refused(422, "version_stale");
        let second = server.json(&caller, "POST", "/v1/webhook", &record).await.expect(201);
        assert_ne!(second["secret"], json!(secret), "each subscription has its own");
        for (query, count) in [("enabled=false", 1), ("events=send.add", 1), ("url=OTHER", 1), ("description=d", 1), ("", 2)] {
            assert_eq!(server.get(&caller, &format!("/v1/webhook?{query}")).await.total(), count, "{query}");
        }
        for path in ["/v1/webhook", "/v1/webhook/1", "/v1/log", "/v1/webhookhistory?webhook_id=1"] {
            assert!(!server.get(&caller, path).await.text().contains(&secret), "{path}");
        }
        server.get(&caller, "/v1/webhookhistory?webhook_id=7").await.refused(404, "not_found");
        let deleted = server.call(&caller, "DELETE", "/v1/webhook/1", "", "").await;
        assert!(!deleted.text().contains(&secret));
        deleted.expect(200);
        for (name, value) in [
            ("url", json!("http://example.com/")),
            ("url", json!("https://user:pass@example.com/")),
            ("url", json!("not an address")),
            ("url", json!("")),
            ("events", json!(["Send"])),
            ("events", json!(vec!["a.b"; 51])),
            ("description", json!("x".repeat(501))),
        ] {
            let mut record = json!({"url": "https://example.com/"});
            record[name] = value;
            server.json(&caller, "POST", "/v1/webhook", &record).await.refused(422, "invalid_record");
        }
        server
    })
    .await;
}
