//! Routes: the thirty-six operations of Invoicetronic's surface and their addresses.
//!
//! Owns:  the table of paths; what is answered off the table.
//! Never: an operation outside of the gate, the health check excepted.
//! Read:  `router`.

use crate::{
    gate,
    problem::{Code, Problem},
    resource::{company, event, export, health, receive, send, status, update, webhook},
    serve::App,
};
use axum::{
    Router, middleware,
    routing::{get, post},
};

/// The whole API. Ids and names share a place in the path: a whole number of 32 bits is an id.
pub(crate) fn router(app: App) -> Router {
    let operations = Router::new()
        .route("/v1/company", get(company::list).post(company::create).put(company::update))
        .route("/v1/company/{id}", get(company::find).delete(company::delete))
        .route("/v1/export", get(export::archive))
        .route("/v1/log", get(event::list))
        .route("/v1/log/{id}", get(event::find))
        .route("/v1/receive", get(receive::list))
        .route("/v1/receive/{id}", get(receive::find).delete(receive::delete))
        .route("/v1/receive/{id}/payload", get(receive::payload))
        .route("/v1/send", get(send::list).post(send::create))
        .route("/v1/send/xml", post(send::create_xml))
        .route("/v1/send/file", post(send::create_file))
        .route("/v1/send/json", post(send::create_json))
        .route("/v1/send/validate", post(send::validate))
        .route("/v1/send/validate/xml", post(send::validate_xml))
        .route("/v1/send/validate/file", post(send::validate_file))
        .route("/v1/send/validate/json", post(send::validate_json))
        .route("/v1/send/{id}", get(send::find))
        .route("/v1/send/{id}/payload", get(send::payload))
        .route("/v1/status", get(status::find))
        .route("/v1/update", get(update::list))
        .route("/v1/update/{id}", get(update::find))
        .route("/v1/webhook", get(webhook::list).post(webhook::create).put(webhook::update))
        .route("/v1/webhook/{id}", get(webhook::find).delete(webhook::delete))
        .route("/v1/webhookhistory", get(webhook::history))
        .route("/v1/webhookhistory/{id}", get(webhook::find_history))
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(app.clone(), gate::admit))
        .with_state(app.clone());
    let open = Router::new().route("/v1/health", get(health::find)).method_not_allowed_fallback(wrong_method);
    open.with_state(app).merge(operations)
}

pub(crate) async fn wrong_method() -> Problem {
    Problem::new(Code::MethodNotAllowed, "This address does not know this method.")
}
