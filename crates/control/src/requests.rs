//! Requests: the request log of an account, and one request by its id (D25, D5).
//!
//! Owns:  their handlers, the check of their query, and the wait for a request that was just answered.
//! Never: says why a request was refused; that is `trace`.
//! Read:  `list`, then `get`.

use crate::{
    operation::Op,
    pages::{page, shown},
    refusal::Refusal,
    trace,
};
use api::{
    Code, Time,
    contract::{RequestsFind, RequestsGet, RequestsList},
    page::Page,
    request::{RequestOut, RequestTraceOut, RequestsQuery},
};
use model::{Environment, Timestamp};
use std::str::FromStr;
use store::{RequestFilter, RequestRow, StoreError};

/// The longest text that a filter may be, in bytes.
const FILTER_MAX: usize = 128;

pub(crate) async fn list(op: Op<RequestsList>) -> Result<Page<RequestOut>, Refusal> {
    let account = op.context.account(op.target.account);
    account.account().await?;
    let page = page(op.query.limit, op.query.cursor.as_deref())?;
    let filter = filter(&op.query)?;
    Ok(shown(account.usage().requests(&filter, page).await?, show))
}

pub(crate) async fn get(op: Op<RequestsGet>) -> Result<RequestTraceOut, Refusal> {
    let usage = op.context.account(op.target.account).usage();
    let mut row = usage.request(op.target.request).await;
    if is_missing(&row) {
        op.context.hand_over().await;
        row = usage.request(op.target.request).await;
    }
    trace::trace(&op.context, row?).await
}

pub(crate) async fn find(op: Op<RequestsFind>) -> Result<RequestTraceOut, Refusal> {
    let usage = op.context.store().usage();
    let mut row = usage.request(op.target.request).await;
    if is_missing(&row) {
        op.context.hand_over().await;
        row = usage.request(op.target.request).await;
    }
    trace::trace(&op.context, row?).await
}

/// "Why" is asked right after the answer: what gateways have gathered is then looked at before the answer is no.
const fn is_missing(row: &Result<RequestRow, StoreError>) -> bool {
    matches!(row, Err(StoreError::NotFound { .. }))
}

fn filter(query: &RequestsQuery) -> Result<RequestFilter, Refusal> {
    let status = |text: &str| {
        let (digit, rest) = text.split_at_checked(1)?;
        digit.parse().ok().filter(|digit| (1..=5).contains(digit) && rest == "xx")
    };
    let short = |text: &str| (text.len() <= FILTER_MAX).then(|| text.to_owned());
    Ok(RequestFilter {
        key: read(query.key_id.as_deref(), "key_id: no id of a key.", parsed)?,
        operation: read(query.operation.as_deref(), "operation: too long.", short)?,
        status_class: read(query.status.as_deref(), "status: use 2xx, 3xx, 4xx or 5xx.", status)?,
        reason: read(query.reason.as_deref(), "reason: too long.", short)?,
        environment: read(query.environment.as_deref(), "environment: use test or live.", Environment::parse)?,
        since: instant(query.since.as_deref(), "since")?,
        until: instant(query.until.as_deref(), "until")?,
    })
}

fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// An instant of a query.
pub(crate) fn instant(text: Option<&str>, name: &str) -> Result<Option<Timestamp>, Refusal> {
    read(text, &format!("{name}: write RFC 3339 with an offset: 2027-01-31T00:00:00Z."), |t| Time::parse(t).ok())
}

/// What a parameter says; nothing when it is left out.
pub(crate) fn read<T>(
    text: Option<&str>,
    problem: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Refusal> {
    text.map(|text| parse(text).ok_or_else(|| Refusal::with_detail(Code::InvalidQuery, problem))).transpose()
}

/// A request of the log on the wire.
pub(crate) fn show(row: &RequestRow) -> RequestOut {
    RequestOut {
        id: row.id.to_string(),
        at: Time(row.at),
        account_id: row.account.map(|id| id.to_string()),
        key_id: row.key.map(|id| id.to_string()),
        environment: row.environment.map(|e| e.as_str().to_owned()),
        method: row.method.clone(),
        operation: row.operation.clone(),
        status: row.status,
        outcome: row.outcome.as_str().to_owned(),
        reason: row.reason.clone(),
        limit: row.limit.clone(),
        company_id: row.company.map(|id| id.to_string()),
        address: row.address.clone(),
        user_agent: row.agent.clone(),
        origin: row.origin.clone(),
        duration_micros: row.micros,
    }
}
