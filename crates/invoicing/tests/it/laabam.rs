//! The Laabam surface: companies, records, money, messages, lists, and who sees what.

#[path = "laabam/companies.rs"]
mod companies;
#[path = "laabam/invoices.rs"]
mod invoices;
#[path = "laabam/isolation.rs"]
mod isolation;
#[path = "laabam/lists.rs"]
mod lists;
#[path = "laabam/messages.rs"]
mod messages;
#[path = "laabam/records.rs"]
mod records;

use super::harness::{Caller, Server, with_surface};
use invoicing::Surface;
use serde_json::{Value, json};

/// A key that is bound to the company `acme` of `acc_one`.
pub(super) fn acme() -> Caller {
    bound("live", "acc_one", "acme")
}

/// A key that is bound to one company.
pub(super) fn bound(environment: &'static str, account: &'static str, slug: &str) -> Caller {
    Caller::new(environment, account).only(json!({ "slug": [slug] }))
}

pub(super) async fn with_laabam<F: Future<Output = Server>>(test: impl FnOnce(Server) -> F) {
    with_surface(Surface::Laabam, test).await;
}

/// The record that was made.
#[track_caller]
pub(super) fn data(value: Value) -> Value {
    value["data"].clone()
}

pub(super) async fn made(server: &Server, caller: &Caller, path: &str, body: &Value) -> Value {
    data(server.json(caller, "POST", path, body).await.expect(201))
}

pub(super) async fn customer(server: &Server, caller: &Caller, name: &str) -> String {
    made(server, caller, "/v1/customers", &json!({ "name": name })).await["id"].as_str().unwrap().to_owned()
}

/// An invoice over `price` at a tax rate of nothing.
pub(super) async fn invoice(server: &Server, caller: &Caller, customer: &str, price: &str) -> Value {
    let lines = json!([{ "description": "Work", "quantity": 1, "unit_price": price }]);
    made(server, caller, "/v1/invoices", &json!({ "customer_id": customer, "currency": "EUR", "lines": lines })).await
}

pub(super) fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}
