//! Messages of the three channels.

use super::{acme, data, with_laabam};
use serde_json::{Value, json};

#[tokio::test]
async fn messages_are_taken_with_202_and_listed() {
    with_laabam(|server| async move {
        for (channel, body) in [
            ("sms", json!({ "to": "+393331234567", "text": "Hello", "reference": "M1" })),
            ("whatsapp", json!({ "to": "+393331234567", "text": "Hello\nAnna" })),
            ("email", json!({ "to": "anna@example.com", "subject": "Your invoice", "text": "Hello" })),
        ] {
            let answer =
                server.json(&acme(), "POST", &format!("/v1/messaging/acme/{channel}"), &body).await.expect(202);
            let message = data(answer);
            assert!(message["id"].as_str().unwrap().starts_with("msg_"));
            assert_eq!((&message["channel"], &message["status"]), (&json!(channel), &json!("sent")));
            assert_eq!((&message["to"], &message["created_at"]), (&body["to"], &json!("2026-11-23T12:00:00Z")));
            assert!(message.get("text").is_none());
        }
        let list = server.get(&acme(), "/v1/messaging/acme/messages").await.expect(200);
        assert_eq!(list["data"].as_array().unwrap().len(), 3);
        let list = server.get(&acme(), "/v1/messaging/acme/messages?channel=email").await.expect(200);
        assert_eq!(list["data"].as_array().unwrap().len(), 1);
        let found = data(server.get(&acme(), "/v1/messaging/acme/lookup?reference=M1").await.expect(200));
        assert_eq!(found["channel"], "sms");
        server.get(&acme(), "/v1/messaging/acme/lookup?reference=M2").await.laabam_refused(404, "not_found");
        server
    })
    .await;
}

#[tokio::test]
async fn what_a_message_cannot_say_is_refused() {
    with_laabam(|server| async move {
        let send = async |channel: &str, body: Value| {
            server.json(&acme(), "POST", &format!("/v1/messaging/acme/{channel}"), &body).await
        };
        for (channel, body) in [
            ("sms", json!({ "to": "anna@example.com", "text": "A" })),
            ("sms", json!({ "to": "3331234567", "text": "A" })),
            ("sms", json!({ "to": "+393331234567", "text": "" })),
            ("sms", json!({ "to": "+393331234567", "text": "x".repeat(1_531) })),
            ("whatsapp", json!({ "to": "+393331234567", "text": "A", "subject": "B" })),
            ("email", json!({ "to": "+393331234567", "subject": "A", "text": "A" })),
            ("email", json!({ "to": "anna@example.com", "text": "A" })),
            ("email", json!({ "to": "anna@example.com", "subject": "A\nBcc: x@example.com", "text": "A" })),
        ] {
            send(channel, body).await.laabam_refused(422, "invalid_record");
        }
        send("sms", json!({ "to": "+393331234567" })).await.laabam_refused(400, "bad_body");
        send("fax", json!({ "to": "+393331234567", "text": "A" })).await.laabam_refused(404, "not_found");
        let once = json!({ "to": "+393331234567", "text": "A", "reference": "R" });
        send("sms", once.clone()).await.expect(202);
        send("whatsapp", once).await.laabam_refused(409, "already_exists");
        server.get(&acme(), "/v1/messaging/acme/messages?channel=fax").await.laabam_refused(400, "bad_query");
        server
    })
    .await;
}
