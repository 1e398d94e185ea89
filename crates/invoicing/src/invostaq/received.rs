//! Received: `/api/v2/received`, what reached the account.
//!
//! Owns:  the operations.
//! Never: marks or changes what it shows.
//! Read:  top down.

use super::{Tenant, day, found, paged, pager, parameters, xml};
use crate::{
    ledger::invostaq::received::{ORDERS, ReceivedFilter},
    problem::Problem,
};
use axum::{
    extract::{Path, RawQuery},
    response::Response,
};

pub(super) async fn list(tenant: Tenant, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
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
        tenant.may_act_as(receiver)?;
    }
    paged(&tenant.received(&pager(&query, &ORDERS)?, &filter).await?)
}

pub(super) async fn find(tenant: Tenant, Path(transaction): Path<String>) -> Result<Response, Problem> {
    found(tenant.received_of(&transaction).await?)
}

pub(super) async fn document(tenant: Tenant, Path(transaction): Path<String>) -> Result<Response, Problem> {
    xml(tenant.received_ubl(&transaction).await?)
}
