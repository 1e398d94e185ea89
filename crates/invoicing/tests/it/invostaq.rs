//! The Invostaq surface: look-up, sending, networks, what members do, and who sees what.

#[path = "invostaq/access_point.rs"]
mod access_point;
#[path = "invostaq/audiences.rs"]
mod audiences;
#[path = "invostaq/directory.rs"]
mod directory;
#[path = "invostaq/finance.rs"]
mod finance;
#[path = "invostaq/isolation.rs"]
mod isolation;
#[path = "invostaq/members.rs"]
mod members;
#[path = "invostaq/send.rs"]
mod send;

use super::harness::{Caller, Server, with_surface};
use invoicing::Surface;
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const SELLER: &str = "0196:971501234567";
pub(super) const BUYER: &str = "0088:7300010000001";

pub(super) fn seller() -> Caller {
    Caller::new("live", "acc_seller")
}

pub(super) fn buyer() -> Caller {
    Caller::new("live", "acc_buyer")
}

pub(super) async fn with_invostaq<F: Future<Output = Server>>(test: impl FnOnce(Server) -> F) {
    with_surface(Surface::Invostaq, test).await;
}

pub(super) async fn register(server: &Server, caller: &Caller, participant: &str) {
    server.json(caller, "POST", "/api/v2/participants", &json!({ "participantId": participant })).await.expect(201);
}

/// An invoice over 3 pieces at 0.335 with 5 %, and one at 100 with nothing: 101.01 and 0.05.
pub(super) fn content(number: &str) -> Value {
    json!({
        "number": number, "issueDate": "2026-11-01", "dueDate": "2026-11-15", "currency": "AED",
        "supplier": { "name": "Seller <LLC> & Sons", "taxId": "100123456700003", "email": "sales@example.com",
            "address": { "street": "Street 1", "city": "Dubai", "postalCode": "00000", "country": "AE" } },
        "buyer": { "name": "Buyer Ltd", "taxId": "200123456700003", "address": { "country": "AE" } },
        "lineItems": [
            { "description": "Paper \"A4\"", "quantity": 3, "unitPrice": 0.335, "taxRate": 5 },
            { "description": "Consulting", "quantity": "1", "unitCode": "HUR", "unitPrice": "100.00", "taxRate": "0" },
        ],
    })
}

pub(super) fn body(number: &str) -> Value {
    json!({ "senderParticipantId": SELLER, "receiverParticipantId": BUYER, "invoice": content(number) })
}

/// Sends, and tells the transaction.
pub(super) async fn send(server: &Server, caller: &Caller, body: &Value) -> String {
    let answer = server.json(caller, "POST", "/api/v2/invoices/send", body).await.expect(200);
    answer["transactionId"].as_str().unwrap().to_owned()
}

/// Lets the courier come by until the document is in this state.
pub(super) async fn settled(server: &Server, caller: &Caller, transaction: &str, state: &str) -> Value {
    server.advance(Duration::from_secs(2));
    server.until(caller, &format!("/api/v2/invoices/{transaction}"), |row| row["state"] == state).await
}

pub(super) fn items(value: &Value) -> &Vec<Value> {
    value["items"].as_array().unwrap()
}

pub(super) fn detail(problem: &Value) -> &str {
    problem["detail"].as_str().unwrap()
}
