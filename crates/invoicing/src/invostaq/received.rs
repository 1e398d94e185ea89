//! Received: `/api/v2/received`, what reached the account.
//!
//! Owns:  the operations.
//! Never: marks or changes what it shows.
//! Read:  top down.

use super::{Office, day, found, paged, pager, parameters, xml};
use crate::{
    ledger::invostaq::received::{ORDERS, ReceivedFilter},
    problem::Problem,
};
use axum::{
    extract::{Path, RawQuery},
    response::Response,
};

pub(super) async fn list(office: Office, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let known = ["number", "senderParticipantId", "receiverParticipantId", "from", "to"];
    let query = parameters(raw.as_deref(), &known)?;
    let filter = ReceivedFilter {
        number: query.text("number"),
        sender: query.text("senderParticipantId"),
        receiver: query.text("receiverParticipantId"),
        from: day(&query, "from")?,
        to: day(&query, "to")?,
    };
    if let Some(receiver) = filter.receiver {
        office.may_act_as(receiver)?;
    }
    paged(&office.received(&pager(&query, &ORDERS)?, &filter).await?)
}

pub(super) async fn find(office: Office, Path(transaction): Path<String>) -> Result<Response, Problem> {
    found(office.received_of(&transaction).await?)
}

pub(super) async fn document(office: Office, Path(transaction): Path<String>) -> Result<Response, Problem> {
    xml(office.received_ubl(&transaction).await?)
}
