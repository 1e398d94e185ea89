//! Received invoices: `/v1/receive`, what other accounts of the same ledger sent to this account's companies.
//!
//! Owns:  the filters of the list; what reading a payload costs.
//! Never: another account's sent invoices: what arrived is a copy of the recipient's own.
//! Read:  top down.

use super::{Named, in_reach, one, page};
use crate::{
    ledger::{
        Scoped,
        receive::{ORDERS, Opened, ReceiveFilter, ReceiveRow},
        send::{DocumentFilter, PAYLOADS_MAX},
    },
    problem::{Code, Problem},
    query::Query,
    resource::send::{exhausted, payload_text},
    serve::App,
};
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::StatusCode;

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

pub(crate) async fn list(State(app): State<App>, scope: Scoped, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = Query::parse(raw.as_deref(), &KNOWN)?;
    let filter = ReceiveFilter {
        company_id: query.int("company_id")?,
        identifier: query.text("identifier"),
        unread: query.flag("unread")?.unwrap_or(false),
        committente: query.text("committente"),
        prestatore: query.text("prestatore"),
        file_name: query.text("file_name"),
        last_update: query.span("last_update_from", "last_update_to")?,
        date_sent: query.span("date_sent_from", "date_sent_to")?,
        document: DocumentFilter {
            number: query.text("document_number"),
            date: query.span("document_date_from", "document_date_to")?,
        },
        q: query.text("q"),
    };
    in_reach(&scope, filter.company_id).await?;
    let include = query.flag("include_payload")?.unwrap_or(false);
    if include {
        may_open(&scope)?;
    }
    let mut rows = scope.receives(&query.slice(&ORDERS)?, &filter).await?;
    if include {
        open(&app, &scope, &mut rows.rows).await?;
    }
    page(&rows)
}

pub(crate) async fn find(
    State(app): State<App>,
    scope: Scoped,
    name: Named,
    RawQuery(raw): RawQuery,
) -> Result<Response, Problem> {
    let include = Query::parse(raw.as_deref(), &["include_payload"])?.flag("include_payload")?.unwrap_or(false);
    if include {
        may_open(&scope)?;
    }
    let mut row = scope.receive(name.only_id()?).await?.ok_or_else(Problem::not_found)?;
    if include {
        open(&app, &scope, std::slice::from_mut(&mut row)).await?;
    }
    one(StatusCode::OK, &row, row.id, Some(row.company_id))
}

pub(crate) async fn payload(State(app): State<App>, scope: Scoped, name: Named) -> Result<Response, Problem> {
    let mut row = scope.receive(name.only_id()?).await?.ok_or_else(Problem::not_found)?;
    open(&app, &scope, std::slice::from_mut(&mut row)).await?;
    Ok(payload_text(row.payload))
}

pub(crate) async fn delete(scope: Scoped, name: Named) -> Result<Response, Problem> {
    let row = scope.delete_receive(name.only_id()?).await?.ok_or_else(Problem::not_found)?;
    one(StatusCode::OK, &row, row.id, Some(row.company_id))
}

/// A parameter that makes a read change something takes the scope of a change (D7).
fn may_open(scope: &Scoped) -> Result<(), Problem> {
    if scope.may("receive", "write") {
        return Ok(());
    }
    let detail = "Payloads of received invoices make them read, which needs the scope receive:write.";
    Err(Problem::new(Code::InsufficientScope, detail))
}

/// Puts in the payloads, which makes the invoices read and counts each that was not.
pub(super) async fn open(app: &App, scope: &Scoped, rows: &mut [ReceiveRow]) -> Result<(), Problem> {
    match scope.open_received(rows, app.operation_allowance).await? {
        Opened::Done => Ok(()),
        Opened::OperationsExhausted => Err(exhausted()),
        Opened::TooLarge => {
            let max = PAYLOADS_MAX / 1024 / 1024;
            let detail = format!("The payloads of this page are larger than {max} MB together: ask for fewer rows.");
            Err(Problem::bad_query(detail))
        }
    }
}
