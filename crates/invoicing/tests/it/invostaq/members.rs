//! What members do: settings, drafts, and the look of things.

use super::super::harness::Caller;
use super::{BUYER, SELLER, buyer, content, detail, items, register, seller, settled, with_invostaq};
use serde_json::{Value, json};

fn member() -> Caller {
    Caller::member("live", "acc_seller")
}

fn profile(participants: &[&str]) -> Value {
    json!({ "name": "Seller LLC", "taxId": "100", "email": "a@example.com", "currency": "AED",
        "address": { "city": "Dubai", "country": "AE" }, "participantIds": participants })
}

#[tokio::test]
async fn a_profile_registers_its_participants() {
    with_invostaq(|server| async move {
        let empty = server.get(&member(), "/api/settings/profile").await.expect(200);
        assert_eq!(
            (&empty["name"], &empty["currency"], &empty["participantIds"]),
            (&json!(null), &json!("EUR"), &json!([]))
        );
        let put = async |body: &Value| server.json(&member(), "PUT", "/api/settings/profile", body).await;
        let after = put(&profile(&[SELLER, "0007:1"])).await.expect(200);
        assert_eq!((&after["name"], &after["address"]["city"]), (&json!("Seller LLC"), &json!("Dubai")));
        assert_eq!(after["participantIds"], json!(["0007:1", SELLER]));
        let look = format!("/api/v2/lookup?participantId={SELLER}");
        assert_eq!(server.get(&buyer(), &look).await.expect(200)["isRegistered"], true);
        // What somebody else has changes nothing at all.
        register(&server, &buyer(), BUYER).await;
        put(&profile(&[BUYER])).await.invostaq_refused(409, "participant-taken");
        assert_eq!(server.get(&member(), "/api/settings/profile").await.expect(200), after);
        put(&profile(&[])).await.expect(200);
        assert_eq!(server.get(&buyer(), &look).await.expect(200)["isRegistered"], false);
        for (name, value) in [
            ("currency", json!("JPY")),
            ("email", json!("x")),
            ("participantIds", json!(["x"])),
            ("participantIds", json!(vec![SELLER; 101])),
            ("address", json!({ "country": "Dubai" })),
        ] {
            let mut body = profile(&[]);
            body[name] = value;
            put(&body).await.invostaq_refused(422, "invalid-record");
        }
        put(&json!({ "currency": "AED" })).await.invostaq_refused(400, "bad-body");
        server
    })
    .await;
}

#[tokio::test]
async fn webhooks_and_integrations_are_kept_and_secrets_are_not_told() {
    with_invostaq(|server| async move {
        let body = json!({ "name": "ERP", "url": "https://example.com/hook", "secret": "0123456789abcdef" });
        let made = server.json(&member(), "POST", "/api/settings/webhooks", &body).await;
        assert!(!made.text().contains("0123456789abcdef"));
        let made = made.expect(201);
        let list = server.get(&member(), "/api/settings/webhooks").await;
        assert!(!list.text().contains("0123456789abcdef"));
        assert_eq!(items(&list.value()), &vec![made.clone()]);
        let path = format!("/api/settings/webhooks/{}", made["id"].as_str().unwrap());
        let other = Caller::member("live", "acc_buyer");
        server.call(&other, "DELETE", &path, "", "").await.invostaq_refused(404, "not-found");
        server.call(&member(), "DELETE", &path, "", "").await.expect(204);
        server.call(&member(), "DELETE", &path, "", "").await.invostaq_refused(404, "not-found");
        for (name, value) in [
            ("url", "http://example.com/"),
            ("url", "https://user@example.com/"),
            ("secret", "short"),
            ("secret", "with a space in it"),
            ("name", ""),
        ] {
            let mut body = body.clone();
            body[name] = json!(value);
            server
                .json(&member(), "POST", "/api/settings/webhooks", &body)
                .await
                .invostaq_refused(422, "invalid-record");
        }
        let settings = json!({ "erp": { "kind": "odoo", "fields": [1, 2] } });
        assert_eq!(server.get(&member(), "/api/settings/integrations").await.expect(200), json!({}));
        server.json(&member(), "PUT", "/api/settings/integrations", &settings).await.expect(200);
        assert_eq!(server.get(&member(), "/api/settings/integrations").await.expect(200), settings);
        assert_eq!(server.get(&other, "/api/settings/integrations").await.expect(200), json!({}));
        server.json(&member(), "PUT", "/api/settings/integrations", &json!([])).await.invostaq_refused(400, "bad-body");
        let large = json!({ "a": "x".repeat(65 * 1024) });
        server
            .json(&member(), "PUT", "/api/settings/integrations", &large)
            .await
            .invostaq_refused(422, "invalid-record");
        // The profile and the settings are one row, and neither takes the other along.
        server.json(&member(), "PUT", "/api/settings/profile", &profile(&[])).await.expect(200);
        assert_eq!(server.get(&member(), "/api/settings/integrations").await.expect(200), settings);
        server
    })
    .await;
}

#[tokio::test]
async fn r139_a_draft_is_approved_once_and_then_on_its_way() {
    with_invostaq(|server| async move {
        register(&server, &seller(), SELLER).await;
        register(&server, &buyer(), BUYER).await;
        let draft = json!({ "invoice": content("D1") });
        let draft = server.json(&member(), "POST", "/api/invoices", &draft).await.expect(201);
        assert_eq!(
            (&draft["state"], &draft["transactionId"], &draft["totalAmount"]),
            (&json!("Draft"), &json!(null), &json!("101.06"))
        );
        let path = format!("/api/invoices/{}", draft["databaseRecordId"].as_str().unwrap());
        // Keys do not see drafts.
        assert!(items(&server.get(&seller(), "/api/v2/invoices").await.expect(200)).is_empty());
        let approve = format!("{path}/approve");
        let told = server.call(&member(), "POST", &approve, "", "").await.invostaq_refused(400, "missing-routing");
        assert!(detail(&told).starts_with("senderParticipantId, receiverParticipantId"), "{told}");
        let foreign = json!({ "senderParticipantId": BUYER, "receiverParticipantId": SELLER });
        server.json(&member(), "POST", &approve, &foreign).await.invostaq_refused(403, "participant-not-allowed");
        let routing = json!({ "senderParticipantId": SELLER, "receiverParticipantId": BUYER });
        let sent = server.json(&member(), "POST", &approve, &routing).await.expect(200);
        assert_eq!((&sent["state"], &sent["databaseRecordId"]), (&json!("Processing"), &draft["databaseRecordId"]));
        server.json(&member(), "POST", &approve, &routing).await.invostaq_refused(409, "state-conflict");
        server.call(&member(), "DELETE", &path, "", "").await.invostaq_refused(409, "state-conflict");
        server.call(&member(), "POST", &format!("{path}/paid"), "", "").await.invostaq_refused(409, "state-conflict");
        settled(&server, &seller(), sent["transactionId"].as_str().unwrap(), "Delivered").await;
        let xml = server
            .get(&seller(), &format!("/api/v2/invoices/{}/document", sent["transactionId"].as_str().unwrap()))
            .await;
        assert!(xml.text().contains("<cbc:ID>D1</cbc:ID>"));
        let found = server.get(&member(), "/api/invoices?number=D1").await.expect(200);
        assert_eq!((items(&found).len(), &items(&found)[0]["state"]), (1, &json!("Delivered")));
        let paid = server.call(&member(), "POST", &format!("{path}/paid"), "", "").await.expect(200);
        assert!(paid["paidAt"].is_string());
        // A second draft of the number cannot follow it; it can be thrown away.
        let second = json!({ "invoice": content("D1"), "senderParticipantId": SELLER, "receiverParticipantId": BUYER });
        let second = server.json(&member(), "POST", "/api/invoices", &second).await.expect(201);
        let path = format!("/api/invoices/{}", second["databaseRecordId"].as_str().unwrap());
        server
            .call(&member(), "POST", &format!("{path}/approve"), "", "")
            .await
            .invostaq_refused(409, "already-exists");
        server.call(&member(), "DELETE", &path, "", "").await.expect(204);
        server.get(&member(), &path).await.invostaq_refused(404, "not-found");
        let wrong = json!({ "invoice": content("") });
        server.json(&member(), "POST", "/api/invoices", &wrong).await.invostaq_refused(422, "invalid-record");
        let wrong = json!({ "invoice": content("D2"), "senderParticipantId": "x" });
        server.json(&member(), "POST", "/api/invoices", &wrong).await.invostaq_refused(422, "invalid-record");
        server
    })
    .await;
}
