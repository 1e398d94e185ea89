//! Status: `/v1/status`, what is left of the account's allowance and what kind of key is asking.
//!
//! Owns:  the numbers as clients expect them.
//! Never: a seat: seats belong to the gateway's account, not to this API.
//! Read:  `find`.

use crate::{body, ledger::Scoped, problem::Problem, serve::App};
use axum::{extract::State, response::Response};
use http::StatusCode;
use serde::Serialize;

#[derive(Serialize)]
struct Status {
    operation_left: i64,
    signature_left: i64,
    has_active_seat: bool,
    is_sub_key: bool,
}

pub(crate) async fn find(State(app): State<App>, scope: Scoped) -> Result<Response, Problem> {
    let left = i64::from(app.operation_allowance) - scope.operations().await?;
    let status = Status {
        operation_left: left.clamp(0, i64::from(i32::MAX)),
        // This API holds no certificate, so it has no signatures to give.
        signature_left: 0,
        has_active_seat: false,
        is_sub_key: scope.is_restricted(),
    };
    body::json(StatusCode::OK, &status)
}
