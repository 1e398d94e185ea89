//! Updates: `/v1/update`, the states that sent invoices reached.
//!
//! Owns:  the filters of the list.
//! Never: changes a state.
//! Read:  top down.

use super::{Named, in_reach, one, page};
use crate::{
    ledger::{
        Scoped,
        state::State,
        update::{ORDERS, UpdateFilter},
    },
    problem::Problem,
    query::Query,
};
use axum::{extract::RawQuery, response::Response};
use http::StatusCode;

const KNOWN: [&str; 13] = [
    "company_id",
    "identifier",
    "prestatore",
    "unread",
    "send_id",
    "state",
    "last_update_from",
    "last_update_to",
    "date_sent_from",
    "date_sent_to",
    "page",
    "page_size",
    "sort",
];

pub(crate) async fn list(scope: Scoped, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = Query::parse(raw.as_deref(), &KNOWN)?;
    let filter = UpdateFilter {
        company_id: query.int("company_id")?,
        identifier: query.text("identifier"),
        prestatore: query.text("prestatore"),
        unread: query.flag("unread")?.unwrap_or(false),
        send_id: query.int("send_id")?,
        state: query.read("state", "a state of the exchange", State::named)?,
        last_update: query.span("last_update_from", "last_update_to")?,
        date_sent: query.span("date_sent_from", "date_sent_to")?,
    };
    in_reach(&scope, filter.company_id).await?;
    page(&scope.updates(&query.slice(&ORDERS)?, &filter).await?)
}

pub(crate) async fn find(scope: Scoped, name: Named) -> Result<Response, Problem> {
    let row = scope.read_update(name.only_id()?).await?.ok_or_else(Problem::not_found)?;
    one(StatusCode::OK, &row, row.id, Some(row.company_id))
}
