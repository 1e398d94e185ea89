//! Log: `/v1/log`, the requests made to this API.
//!
//! Owns:  the filters of the list.
//! Never: shows a request of another account, ledger or company.
//! Read:  top down.

use super::{Named, in_reach, one, page};
use crate::{
    ledger::{
        Scoped,
        event::{EventFilter, ORDERS},
    },
    problem::Problem,
    query::Query,
};
use axum::{extract::RawQuery, response::Response};
use http::StatusCode;

/// `api_verion` is how the public description spells it.
const KNOWN: [&str; 15] = [
    "company_id",
    "endpoint",
    "method",
    "api_verion",
    "status_code",
    "date_created_from",
    "date_created_to",
    "query",
    "success",
    "date_time_from",
    "date_time_to",
    "user_agent",
    "page",
    "page_size",
    "sort",
];

pub(crate) async fn list(scope: Scoped, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = Query::parse(raw.as_deref(), &KNOWN)?;
    let filter = EventFilter {
        company_id: query.int("company_id")?,
        endpoint: query.text("endpoint"),
        method: query.text("method"),
        api_version: query.int("api_verion")?,
        status_code: query.int("status_code")?,
        success: query.flag("success")?,
        created: query.span("date_created_from", "date_created_to")?,
        date_time: query.span("date_time_from", "date_time_to")?,
        user_agent: query.text("user_agent"),
        query: query.text("query"),
    };
    in_reach(&scope, filter.company_id).await?;
    page(&scope.events(&query.slice(&ORDERS)?, &filter).await?)
}

pub(crate) async fn find(scope: Scoped, name: Named) -> Result<Response, Problem> {
    let row = scope.event(name.only_id()?).await?.ok_or_else(Problem::not_found)?;
    one(StatusCode::OK, &row, row.id, None)
}
