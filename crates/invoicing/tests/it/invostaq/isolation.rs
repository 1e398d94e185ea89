//! R119, R125, R126: nothing of another office, another participant or the other environment, by any way.

use super::super::harness::Caller;
use super::{BUYER, SELLER, body, buyer, content, items, register, seller, send, settled, with_invostaq};
use serde_json::json;

#[tokio::test]
async fn r119_r125_r126_tenants_and_environments_are_kept_apart() {
    with_invostaq(|server| async move {
        register(&server, &seller(), SELLER).await;
        register(&server, &buyer(), BUYER).await;
        let transaction = send(&server, &seller(), &body("N1")).await;
        settled(&server, &seller(), &transaction, "Delivered").await;
        let member = Caller::member("live", "acc_seller");
        let draft =
            server.json(&member, "POST", "/api/invoices", &json!({ "invoice": content("D") })).await.expect(201);
        let draft = draft["databaseRecordId"].as_str().unwrap().to_owned();
        for other in
            [Caller::new("live", "acc_third"), Caller::new("test", "acc_seller"), Caller::new("test", "acc_buyer")]
        {
            for path in ["invoices", "received"] {
                assert!(items(&server.get(&other, &format!("/api/v2/{path}")).await.expect(200)).is_empty());
                for suffix in ["", "/document"] {
                    let path = format!("/api/v2/{path}/{transaction}{suffix}");
                    let told = server.get(&other, &path).await;
                    told.invostaq_refused(404, "not-found");
                    let unknown = server.get(&other, &path.replace(&transaction, "txn_unknown")).await;
                    assert_eq!(told.body, unknown.body, "a foreign document is as an unknown one");
                }
            }
            server.get(&other, "/api/v2/invoices/lookup?number=N1").await.invostaq_refused(404, "not-found");
            let people = Caller::member(other.environment, other.account);
            assert!(items(&server.get(&people, "/api/invoices").await.expect(200)).is_empty());
            for path in [
                format!("/api/invoices/{draft}"),
                format!("/api/invoices/{draft}/approve"),
                format!("/api/invoices/{draft}/paid"),
            ] {
                let method = if path.ends_with(&draft) { "DELETE" } else { "POST" };
                server.call(&people, method, &path, "", "").await.invostaq_refused(404, "not-found");
            }
            let remind = json!({ "invoiceId": draft });
            server.json(&people, "POST", "/api/reminders", &remind).await.invostaq_refused(422, "invalid-record");
        }
        // R119: the same participant and the same number are free in the other network.
        let test = Caller::new("test", "acc_seller");
        server
            .json(&test, "POST", "/api/v2/invoices/send", &body("N1"))
            .await
            .invostaq_refused(403, "participant-not-allowed");
        register(&server, &test, SELLER).await;
        let transaction = send(&server, &test, &body("N1")).await;
        // Its receiver is registered in the live network alone.
        settled(&server, &test, &transaction, "Failed").await;
        assert_eq!(items(&server.get(&buyer(), "/api/v2/received").await.expect(200)).len(), 1);
        server
    })
    .await;
}

#[tokio::test]
async fn d9_a_key_of_some_participants_sends_and_receives_as_those_alone() {
    with_invostaq(|server| async move {
        let second = "0007:556677";
        for participant in [SELLER, second] {
            register(&server, &seller(), participant).await;
        }
        let limited = seller().only(json!({ "participant": [second, "0007:999999"] }));
        let as_second = |number: &str| {
            let mut body = body(number);
            body["senderParticipantId"] = json!(second);
            body["receiverParticipantId"] = json!(SELLER);
            body
        };
        let theirs = send(&server, &seller(), &body("N1")).await;
        let own = send(&server, &limited, &as_second("N1")).await;
        settled(&server, &seller(), &own, "Delivered").await;
        let told = server.json(&limited, "POST", "/api/v2/invoices/send", &body("N2")).await;
        told.invostaq_refused(403, "participant-not-allowed");
        let list = server.get(&limited, "/api/v2/invoices").await.expect(200);
        assert_eq!((items(&list).len(), &items(&list)[0]["transactionId"]), (1, &json!(own)));
        for path in [format!("/api/v2/invoices/{theirs}"), format!("/api/v2/invoices/{theirs}/document")] {
            server.get(&limited, &path).await.invostaq_refused(404, "not-found");
        }
        // The account received it as the other participant.
        assert!(items(&server.get(&limited, "/api/v2/received").await.expect(200)).is_empty());
        server.get(&limited, &format!("/api/v2/received/{own}")).await.invostaq_refused(404, "not-found");
        assert_eq!(items(&server.get(&seller(), "/api/v2/received").await.expect(200)).len(), 1);
        let filter = format!("/api/v2/received?receiverParticipantId={SELLER}");
        server.get(&limited, &filter).await.invostaq_refused(403, "participant-not-allowed");
        // Registrations: only its own.
        let list = server.get(&limited, "/api/v2/participants").await.expect(200);
        assert_eq!(items(&list), &vec![json!({ "participantId": second })]);
        server
            .call(&limited, "DELETE", &format!("/api/v2/participants/{SELLER}"), "", "")
            .await
            .invostaq_refused(404, "not-found");
        let third = json!({ "participantId": "0007:111111" });
        server
            .json(&limited, "POST", "/api/v2/participants", &third)
            .await
            .invostaq_refused(403, "participant-not-allowed");
        register(&server, &limited, "0007:999999").await;
        // An emptied set reaches nothing.
        let none = Caller { companies: json!([]), ..limited.clone() };
        assert!(items(&server.get(&none, "/api/v2/invoices").await.expect(200)).is_empty());
        assert!(items(&server.get(&none, "/api/v2/participants").await.expect(200)).is_empty());
        let told = server.json(&none, "POST", "/api/v2/invoices/send", &as_second("N3")).await;
        told.invostaq_refused(403, "participant-not-allowed");
        server
    })
    .await;
}
