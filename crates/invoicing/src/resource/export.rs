//! Export: `/v1/export`, the issued and the received invoices of a period as a ZIP archive.
//!
//! Owns:  which period is meant and what the files are called.
//! Never: an invoice that is not issued yet; more than one answer may hold.
//! Read:  `archive`.

use super::{in_reach, receive, send::decode};
use crate::{
    body,
    ledger::{
        Moment, Rows, Scoped, Slice, Span,
        receive::ReceiveFilter,
        send::{DocumentFilter, Encoding, PAYLOADS_MAX, SendFilter},
    },
    problem::Problem,
    query::Query,
    serve::App,
    zip::Zip,
};
use axum::{
    body::Body,
    extract::{RawQuery, State},
    response::Response,
};
use http::{HeaderValue, StatusCode, header};
use jiff::civil::Date;
use std::collections::HashSet;

/// Invoices of one archive, sent and received; their size is bounded like that of any answer with payloads.
const INVOICES_MAX: i64 = 2_000;

const KNOWN: [&str; 7] = ["type", "company_id", "year", "month", "quarter", "document_date_from", "document_date_to"];

/// Received invoices that were unread are read by this, and count as operations.
pub(crate) async fn archive(
    State(app): State<App>,
    scope: Scoped,
    RawQuery(raw): RawQuery,
) -> Result<Response, Problem> {
    let query = Query::parse(raw.as_deref(), &KNOWN)?;
    let sent = query.read("type", "one of send, receive", |text| match text.to_ascii_lowercase().as_str() {
        "send" => Some(true),
        "receive" => Some(false),
        _ => None,
    })?;
    let company_id = query.int("company_id")?;
    let document = DocumentFilter { number: None, date: period(&query)? };
    in_reach(&scope, company_id).await?;
    let slice = Slice { order: "t.id", descending: false, limit: INVOICES_MAX, offset: 0 };
    let (mut issued, mut arrived) = (Rows::default(), Rows::default());
    if sent != Some(false) {
        let filter = SendFilter { company_id, document, definitive_only: true, ..SendFilter::default() };
        issued = scope.sends(&slice, &filter).await?;
    }
    if sent != Some(true) {
        arrived = scope.receives(&slice, &ReceiveFilter { company_id, document, ..ReceiveFilter::default() }).await?;
    }
    let bytes = issued.rows.iter().map(|row| row.payload_bytes).sum::<i64>()
        + arrived.rows.iter().map(|row| row.payload_bytes()).sum::<i64>();
    if issued.total + arrived.total > INVOICES_MAX || bytes > PAYLOADS_MAX {
        return Err(Problem::bad_query("The archive would be too large: choose a shorter period, or one company."));
    }
    if issued.rows.is_empty() && arrived.rows.is_empty() {
        return Ok(body::empty(StatusCode::NO_CONTENT));
    }
    scope.include_payloads(&mut issued.rows).await?;
    receive::open(&app, &scope, &mut arrived.rows).await?;
    let mut files = Files::default();
    for row in &issued.rows {
        files.add(row.archive_name(""), || row.archive_name(&format!("{}_", row.id)), row.encoding(), &row.payload);
    }
    for row in &arrived.rows {
        files.add(row.archive_name(""), || row.archive_name(&format!("{}_", row.id)), row.encoding(), &row.payload);
    }
    let mut response = Response::new(Body::from(files.zip.finish()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"invoices.zip\""));
    Ok(response)
}

/// The files of an archive, each with a name of its own.
#[derive(Default)]
struct Files {
    zip: Zip,
    names: HashSet<String>,
}

impl Files {
    /// Adds a file under its name or, where that is taken, under the one that is not.
    fn add(&mut self, name: String, other: impl FnOnce() -> String, encoding: Encoding, payload: &str) {
        let name = if self.names.insert(name.clone()) { name } else { other() };
        match encoding {
            Encoding::Base64 => self.zip.add(&name, &decode(payload).unwrap_or_default()),
            Encoding::Xml => self.zip.add(&name, payload.as_bytes()),
        }
    }
}

/// A month, a quarter or two dates; one of them, or none for everything.
fn period(query: &Query) -> Result<Span, Problem> {
    let span = query.span("document_date_from", "document_date_to")?;
    let (year, month, quarter) = (query.int("year")?, query.int("month")?, query.int("quarter")?);
    let wrong = || {
        Problem::bad_query("The period is either `year` and `month`, or `year` and `quarter`, or dates from and to.")
    };
    let (first, months) = match (year, month, quarter) {
        (None, None, None) => return Ok(span),
        (Some(_), Some(month @ 1..=12), None) => (month, 1),
        (Some(_), None, Some(quarter @ 1..=4)) => (quarter * 3 - 2, 3),
        _ => return Err(wrong()),
    };
    let year = year.and_then(|year| i16::try_from(year).ok()).filter(|year| (1970..=9998).contains(year));
    let (Some(year), None, None) = (year, span.from, span.to) else { return Err(wrong()) };
    let day = |month: i64| {
        let date = Date::new(year, i8::try_from(month).ok()?, 1).ok()?;
        Some(date)
    };
    let (Some(from), Some(last)) = (day(first), day(first + months - 1)) else { return Err(wrong()) };
    let moment = |date: Date| Moment::read(&date.to_string());
    Ok(Span { from: moment(from), to: moment(last.last_of_month()) })
}
