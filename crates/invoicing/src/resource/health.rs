//! Health: `/v1/health`, the one operation without a context.
//!
//! Owns:  whether both ledgers answer.
//! Never: anything of an account.
//! Read:  `find`.

use crate::{
    body,
    problem::{Code, Problem},
    serve::App,
};
use axum::{extract::State, response::Response};
use http::StatusCode;

pub(crate) async fn find(State(app): State<App>) -> Result<Response, Problem> {
    for ledger in app.ledgers.each() {
        if !ledger.is_well().await {
            return Err(Problem::new(Code::Overloaded, "A ledger does not answer."));
        }
    }
    body::json(StatusCode::OK, &serde_json::json!({ "status": "ok" }))
}
