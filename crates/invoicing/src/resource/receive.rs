//! Received invoices: `/v1/receive`. This API is not connected to the exchange, so nothing ever arrives.
//!
//! Owns:  the empty list and its parameters.
//! Never: another account's sent invoices, even when they are addressed to a company of this one.
//! Read:  top down.

use super::{in_reach, page};
use crate::{
    ledger::{Rows, Scoped},
    problem::Problem,
    query::Query,
};
use axum::{extract::RawQuery, response::Response};

const KNOWN: [&str; 18] = [
    "company_id",
    "identifier",
    "unread",
    "committente",
    "prestatore",
    "file_name",
    "last_update_from",
    "last_update_to",
    "date_sent_from",
    "date_sent_to",
    "document_date_from",
    "document_date_to",
    "document_number",
    "include_payload",
    "page",
    "page_size",
    "sort",
    "q",
];

pub(crate) async fn list(scope: Scoped, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = Query::parse(raw.as_deref(), &KNOWN)?;
    in_reach(&scope, query.int("company_id")?).await?;
    page(&Rows::<()> { rows: Vec::new(), total: 0 })
}

/// Reading, deleting, the payload: there is none.
pub(crate) async fn find(_: Scoped) -> Problem {
    Problem::not_found()
}
