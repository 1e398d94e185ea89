//! Callback: `/api/callbacks/access-point`, what the access point says of the documents it was given (R107).
//!
//! Owns:  the three events.
//! Never: tells whose a document is, or whether there is one that the access point was not given.
//! Read:  `access_point`.

use crate::{body, context::Environment, problem::Problem, serve::App};
use axum::{
    Extension,
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use serde::{Deserialize, Serialize, de::IgnoredAny};

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum Event {
    /// The receiver's access point has it.
    #[serde(rename = "transaction.sent")]
    Sent,
    #[serde(rename = "transaction.failed")]
    Failed,
    /// The receiver has it.
    #[serde(rename = "transaction.received")]
    Received,
}

/// An event. Members that senders add over time are not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventBody {
    event_type: Event,
    transaction_id: Option<String>,
    reason: Option<String>,
    payload: Option<Payload>,
    #[serde(rename = "timestamp")]
    _timestamp: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    transaction_id: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    status: &'static str,
    state: String,
}

/// Ends the way of a document. Said again it changes nothing, and a state that is final stays.
pub(super) async fn access_point(
    State(app): State<App>,
    Extension(environment): Extension<Environment>,
    request: Request,
) -> Result<Response, Problem> {
    let body: EventBody = body::read_json(request).await?;
    let named = body.transaction_id.or_else(|| body.payload.and_then(|payload| payload.transaction_id));
    let transaction = named.ok_or_else(|| Problem::invalid_record("`transactionId` is missing."))?;
    let delivered = body.event_type != Event::Failed;
    // A state must not be lost for a character that no ledger keeps.
    let said = body.reason.map(|reason| reason.replace('\0', ""));
    let reason = (!delivered).then(|| said.unwrap_or_else(|| "The access point gave no reason.".to_owned()));
    let ledger = app.ledgers.of(environment);
    let state = ledger.called_back(&transaction, delivered, reason.as_deref(), (app.clock)()).await?;
    let state = state.ok_or_else(Problem::not_found)?;
    body::json(StatusCode::OK, &Answer { status: "accepted", state })
}
