//! VatReturn: `/api/vat-returns` (R138).
//!
//! Owns:  what a period may be.
//! Never: a figure that a caller sent.
//! Read:  top down.

use super::{Office, created, found, paged, pager, parameters};
use crate::{
    body, field, identifier,
    ledger::invostaq::vat_return::{ORDERS, Period},
    money::is_currency,
    problem::{Code, Problem},
    serve::App,
};
use axum::{
    extract::{Path, RawQuery, Request, State},
    response::Response,
};
use serde::Deserialize;

/// Days of a period.
const DAYS_MAX: i64 = 366;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PeriodBody {
    period_start: String,
    period_end: String,
    /// The account's own when it is left out.
    currency: Option<String>,
}

pub(super) async fn list(office: Office, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = parameters(raw.as_deref(), &[])?;
    paged(&office.vat_returns(&pager(&query, &ORDERS)?).await?)
}

pub(super) async fn find(office: Office, Path(id): Path<String>) -> Result<Response, Problem> {
    found(office.vat_return(&id).await?)
}

pub(super) async fn create(State(app): State<App>, office: Office, request: Request) -> Result<Response, Problem> {
    let body: PeriodBody = body::read_json(request).await?;
    let start = field::date("periodStart", &body.period_start)?;
    let end = field::date("periodEnd", &body.period_end)?;
    let days = start.duration_until(end).as_hours() / 24 + 1;
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Problem::invalid_record(format!("The period is not one of 1 to {DAYS_MAX} days.")));
    }
    let currency = match body.currency {
        Some(currency) => currency,
        None => office.profile().await?.currency,
    };
    if !is_currency(&currency) {
        return Err(Problem::invalid_record(
            "`currency` is not the three capitals of a currency with two decimal places.",
        ));
    }
    let period = Period { start: start.to_string(), end: end.to_string(), currency };
    let id = identifier::uuid(&app.randomness);
    match office.draft_vat_return(&id, &period, (app.clock)()).await? {
        Some(row) => created(&row),
        None => {
            Err(Problem::new(Code::StateConflict, "The return of this period was submitted, so it stays as it is."))
        }
    }
}

pub(super) async fn submit(
    State(app): State<App>,
    office: Office,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    found(office.submit_vat_return(&id, (app.clock)()).await?)
}
