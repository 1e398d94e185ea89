//! Samples: one request or more for every operation, and what kind of request it is by what the provider says about it.

use super::world::{Body, Things, invoice};
use serde_json::{Value, json};

/// What a request does. Written by hand: nothing here is taken from the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Needs no key.
    Open,
    /// Changes nothing; validation is a look.
    Look,
    /// Makes, changes, deletes, or marks as read.
    Change,
    /// Marks as read by a parameter of an operation that is a look without it.
    Mark,
    /// Sends an invoice.
    Send,
    /// Manages restricted keys.
    Keys,
}

/// How a request is about a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// It is about none.
    Nothing,
    /// It would be for all of them.
    Everyone,
    /// It names one, by id or VAT number, as the company to act for.
    Company,
    /// It asks for something that belongs to one, or for the part of a list that does.
    Object,
}

/// What a request is about, and the company of the key that asks.
pub(super) struct At<'w> {
    pub(super) it: &'w Things,
    pub(super) own: &'w Things,
}

/// A request.
pub(super) struct Ask {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: Body,
}

/// A sort of request to an operation.
pub(super) struct Sample {
    pub(super) operation: &'static str,
    /// What sets it apart from the other samples of the operation.
    pub(super) note: &'static str,
    pub(super) kind: Kind,
    pub(super) about: About,
    /// The answer to a key that may do this, about what it reaches.
    pub(super) served: &'static str,
    /// The answer to a key for all companies, about what its account does not have.
    pub(super) unknown: &'static str,
    pub(super) ask: fn(&At) -> Ask,
}

impl Sample {
    const fn new(kind: Kind, operation: &'static str, about: About, ask: fn(&At) -> Ask) -> Self {
        Self { operation, note: "", kind, about, served: "200", unknown: "404 not_found", ask }
    }

    const fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }

    const fn answers(mut self, served: &'static str, unknown: &'static str) -> Self {
        (self.served, self.unknown) = (served, unknown);
        self
    }
}

/// All of them, in the order in which they are asked: what destroys comes last.
pub(super) fn samples() -> Vec<Sample> {
    let parts =
        [looks(), lists(), validations(), keys_looked_at(), marks(), creations(), sendings(), changes(), ends()];
    parts.into_iter().flatten().collect()
}

fn get(path: impl Into<String>) -> Ask {
    Ask { method: "GET", path: path.into(), body: Body::Nothing }
}

fn delete(path: String) -> Ask {
    Ask { method: "DELETE", path, body: Body::Nothing }
}

fn post(path: &str, body: Value) -> Ask {
    Ask { method: "POST", path: path.to_owned(), body: Body::Json(body) }
}

fn put(path: &str, body: Value) -> Ask {
    Ask { body: Body::Json(body), method: "PUT", path: path.to_owned() }
}

fn looks() -> Vec<Sample> {
    use About::{Company, Nothing, Object};
    let look = |operation, about, ask| Sample::new(Kind::Look, operation, about, ask);
    vec![
        Sample::new(Kind::Open, "health_get", Nothing, |_| get("/v1/health")),
        look("status_get", Nothing, |_| get("/v1/status")),
        look("company_id_get", Company, |at| get(format!("/v1/company/{}", at.it.id))),
        look("company_vat_get", Company, |at| get(format!("/v1/company/{}", at.it.vat))),
        look("send_id_get", Object, |at| get(format!("/v1/send/{}", at.it.send))),
        look("send_id_get", Object, |at| get(format!("/v1/send/{}?include_payload=true", at.it.send)))
            .note("with `include_payload`"),
        look("send_identifier_get", Object, |at| get(format!("/v1/send/{}", at.it.identifier))),
        look("send_id_payload_get", Object, |at| get(format!("/v1/send/{}/payload", at.it.send))),
        look("receive_id_get", Object, |at| get(format!("/v1/receive/{}", at.it.received))),
        look("update_id_get", Object, |at| get(format!("/v1/update/{}", at.it.update))),
        look("log_id_get", Object, |at| get(format!("/v1/log/{}", at.it.log))),
        look("webhook_id_get", Object, |at| get(format!("/v1/webhook/{}", at.it.webhook))),
        // Nothing is delivered, so no item has ever been there.
        look("webhookhistory_id_get", Nothing, |_| get("/v1/webhookhistory/1"))
            .answers("404 not_found", "404 not_found"),
    ]
}

fn lists() -> Vec<Sample> {
    use About::{Nothing, Object};
    let all = |operation, ask| Sample::new(Kind::Look, operation, Nothing, ask);
    let some = |operation, ask| Sample::new(Kind::Look, operation, Object, ask).note("with `company_id`");
    vec![
        all("company_get", |_| get("/v1/company")),
        all("send_get", |_| get("/v1/send")),
        some("send_get", |at| get(format!("/v1/send?company_id={}", at.it.id))),
        all("receive_get", |_| get("/v1/receive")),
        some("receive_get", |at| get(format!("/v1/receive?company_id={}", at.it.id))),
        all("update_get", |_| get("/v1/update")),
        some("update_get", |at| get(format!("/v1/update?company_id={}", at.it.id))),
        all("log_get", |_| get("/v1/log")),
        some("log_get", |at| get(format!("/v1/log?company_id={}", at.it.id))),
        all("webhook_get", |_| get("/v1/webhook")),
        some("webhook_get", |at| get(format!("/v1/webhook?company_id={}", at.it.id))),
        all("webhookhistory_get", |_| get("/v1/webhookhistory")),
        some("webhookhistory_get", |at| get(format!("/v1/webhookhistory?webhook_id={}", at.it.webhook)))
            .note("with `webhook_id`"),
    ]
}

fn keys_looked_at() -> Vec<Sample> {
    let keys = |operation, about, ask| Sample::new(Kind::Keys, operation, about, ask);
    vec![
        keys("subkey_get", About::Nothing, |_| get("/v1/subkey")),
        keys("subkey_get", About::Object, |at| get(format!("/v1/subkey?company_id={}", at.it.id)))
            .note("with `company_id`")
            .answers("200", "200"),
        keys("subkey_id_get", About::Object, |at| get(format!("/v1/subkey/{}", at.it.subkey))),
    ]
}

/// Four ways to write an invoice.
fn record(path: &str, at: &At) -> Ask {
    post(path, json!({"payload": invoice(at.it.digits(), "09876543210", 2)}))
}

fn xml(path: &str, at: &At) -> Ask {
    let body = Body::Text("application/xml", invoice(at.it.digits(), "09876543210", 3));
    Ask { method: "POST", path: path.to_owned(), body }
}

fn file(path: &str, at: &At) -> Ask {
    let invoice = invoice(at.it.digits(), "09876543210", 4);
    let text = format!(
        "--part\r\ncontent-disposition: form-data; name=\"file\"; filename=\"invoice.xml\"\r\n\
         content-type: application/xml\r\n\r\n{invoice}\r\n--part--\r\n"
    );
    let body = Body::Text("multipart/form-data; boundary=part", text);
    Ask { method: "POST", path: path.to_owned(), body }
}

fn text(path: &str, at: &At) -> Ask {
    let text = include_str!("invoice.json").replace("{vat}", at.it.digits()).replace("{number}", "5");
    Ask { method: "POST", path: path.to_owned(), body: Body::Text("application/json", text) }
}

/// An invoice of a company that the account does not have yet is fine: sending it makes the company.
fn validations() -> Vec<Sample> {
    let check = |operation, ask| Sample::new(Kind::Look, operation, About::Company, ask).answers("204", "204");
    vec![
        check("send_validate_post", |at| record("/v1/send/validate", at)),
        check("send_validate_xml_post", |at| xml("/v1/send/validate/xml", at)),
        check("send_validate_file_post", |at| file("/v1/send/validate/file", at)),
        check("send_validate_json_post", |at| text("/v1/send/validate/json", at)),
    ]
}

fn sendings() -> Vec<Sample> {
    let send = |operation, ask| Sample::new(Kind::Send, operation, About::Company, ask).answers("201", "201");
    vec![
        send("send_post", |at| record("/v1/send", at)),
        send("send_xml_post", |at| xml("/v1/send/xml", at)),
        send("send_file_post", |at| file("/v1/send/file", at)),
        send("send_json_post", |at| text("/v1/send/json", at)),
    ]
}

/// Reads that mark what they show as read.
fn marks() -> Vec<Sample> {
    use About::{Nothing, Object};
    let change = |operation, about, ask| Sample::new(Kind::Change, operation, about, ask);
    let include = |operation, about, ask| Sample::new(Kind::Mark, operation, about, ask).note("with `include_payload`");
    vec![
        include("receive_id_get", Object, |at| get(format!("/v1/receive/{}?include_payload=true", at.it.received))),
        include("receive_get", Nothing, |_| get("/v1/receive?include_payload=true")),
        change("receive_id_payload_get", Object, |at| get(format!("/v1/receive/{}/payload", at.it.received))),
        change("export_get", Nothing, |_| get("/v1/export")),
        change("export_get", Object, |at| get(format!("/v1/export?company_id={}", at.it.id))).note("with `company_id`"),
    ]
}

const HOOK: &str = "https://hooks.example.com/other";

fn creations() -> Vec<Sample> {
    use About::{Company, Everyone};
    let make = |operation, about, ask| Sample::new(Kind::Change, operation, about, ask);
    vec![
        // The key's own companies are there already; a number that only another account has is free here.
        make("company_post", Company, |at| {
            post("/v1/company", json!({"vat": at.it.vat, "fiscal_code": at.it.digits(), "name": "Gamma Srl"}))
        })
        .answers("422 company_exists", "201"),
        make("webhook_post", Everyone, |_| post("/v1/webhook", json!({"url": HOOK})))
            .note("for all companies")
            .answers("201", "201"),
        make("webhook_post", Company, |at| post("/v1/webhook", json!({"company_id": at.it.id, "url": HOOK})))
            .answers("201", "403 company_not_allowed"),
        Sample::new(Kind::Keys, "subkey_post", Company, |at| {
            post("/v1/subkey", json!({"description": "One more", "company_ids": [at.it.id]}))
        })
        .answers("201", "400 company_not_found"),
    ]
}

fn changes() -> Vec<Sample> {
    use About::{Company, Object};
    vec![
        Sample::new(Kind::Change, "company_put", Company, |at| {
            let (id, vat, code) = (at.it.id, &at.it.vat, at.it.digits());
            put("/v1/company", json!({"id": id, "vat": vat, "fiscal_code": code, "name": "Delta Srl"}))
        }),
        Sample::new(Kind::Change, "webhook_put", Company, |at| {
            put("/v1/webhook", json!({"id": at.it.webhook, "company_id": at.it.id, "url": HOOK}))
        }),
        Sample::new(Kind::Change, "webhook_put", Object, |at| {
            put("/v1/webhook", json!({"id": at.it.webhook, "company_id": at.own.id, "url": HOOK}))
        })
        .note("moved to the key's company"),
        Sample::new(Kind::Keys, "subkey_put", Object, |at| {
            put(
                "/v1/subkey",
                json!({"id": at.it.subkey, "version": 1, "description": "Changed", "company_ids": [at.own.id]}),
            )
        }),
        Sample::new(Kind::Keys, "subkey_id_roll_post", Object, |at| {
            let path = format!("/v1/subkey/{}/roll", at.it.subkey);
            Ask { method: "POST", path, body: Body::Nothing }
        }),
    ]
}

fn ends() -> Vec<Sample> {
    use About::{Company, Object};
    let end = |operation, about, ask| Sample::new(Kind::Change, operation, about, ask);
    vec![
        end("receive_id_delete", Object, |at| delete(format!("/v1/receive/{}", at.it.received))),
        end("webhook_id_delete", Object, |at| delete(format!("/v1/webhook/{}", at.it.webhook))),
        Sample::new(Kind::Keys, "subkey_id_delete", Object, |at| delete(format!("/v1/subkey/{}", at.it.subkey))),
        end("company_id_delete", Company, |at| delete(format!("/v1/company/{}?force=true", at.it.id))),
    ]
}
