//! Export: `/v1/export`, the issued invoices of a period as a ZIP archive.
//!
//! Owns:  which period is meant and what the files are called.
//! Never: an invoice that is not issued yet; more than one answer may hold.
//! Read:  `archive`.

use super::{in_reach, send::decode};
use crate::{
    body,
    ledger::{
        Moment, Scoped, Slice, Span,
        send::{Encoding, SendFilter},
    },
    problem::Problem,
    query::Query,
    zip::Zip,
};
use axum::{body::Body, extract::RawQuery, response::Response};
use http::{HeaderValue, StatusCode, header};
use jiff::civil::Date;
use std::collections::HashSet;

/// Invoices of one archive; their size is bounded like that of any answer with payloads.
const INVOICES_MAX: i64 = 2_000;

const KNOWN: [&str; 7] = ["type", "company_id", "year", "month", "quarter", "document_date_from", "document_date_to"];

pub(crate) async fn archive(scope: Scoped, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = Query::parse(raw.as_deref(), &KNOWN)?;
    let sent = query.read("type", "one of send, receive", |text| match text.to_ascii_lowercase().as_str() {
        "send" => Some(true),
        "receive" => Some(false),
        _ => None,
    })?;
    let filter = SendFilter {
        company_id: query.int("company_id")?,
        document_date: period(&query)?,
        definitive_only: true,
        ..SendFilter::default()
    };
    in_reach(&scope, filter.company_id).await?;
    // Nothing is ever received, so an archive of that is empty.
    if sent == Some(false) {
        return Ok(body::empty(StatusCode::NO_CONTENT));
    }
    let slice = Slice { order: "t.id", descending: false, limit: INVOICES_MAX, offset: 0 };
    let mut found = scope.sends(&slice, &filter).await?;
    if found.total > INVOICES_MAX || !scope.include_payloads(&mut found.rows).await? {
        return Err(Problem::bad_query("The archive would be too large: choose a shorter period, or one company."));
    }
    if found.rows.is_empty() {
        return Ok(body::empty(StatusCode::NO_CONTENT));
    }
    let mut names = HashSet::new();
    let mut zip = Zip::default();
    for row in found.rows {
        let bytes = match row.encoding() {
            Encoding::Base64 => decode(&row.payload).unwrap_or_default(),
            Encoding::Xml => row.payload.clone().into_bytes(),
        };
        let mut name = row.archive_name("");
        if !names.insert(name.clone()) {
            name = row.archive_name(&format!("{}_", row.id));
        }
        zip.add(&name, &bytes);
    }
    let mut response = Response::new(Body::from(zip.finish()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"invoices.zip\""));
    Ok(response)
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
