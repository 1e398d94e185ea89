//! Reminder: `/api/reminders` (R140).
//!
//! Owns:  what may be asked for: invoices that were delivered, are due and not paid.
//! Never: sends.
//! Read:  `create`.

use super::{Office, created, paged, pager, parameters, report::days_between};
use crate::{
    body, field, identifier,
    ledger::{
        Moment,
        invostaq::{
            document::State as DocumentState,
            reminder::{ORDERS, ReminderRow},
        },
    },
    problem::{Code, Problem},
    serve::App,
};
use axum::{
    extract::{RawQuery, Request, State},
    response::Response,
};
use serde::Deserialize;

/// Characters of a message.
const MESSAGE_MAX: usize = 2_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReminderBody {
    invoice_id: String,
    message: Option<String>,
}

pub(super) async fn list(office: Office, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = parameters(raw.as_deref(), &["invoiceId"])?;
    paged(&office.reminders(&pager(&query, &ORDERS)?, query.text("invoiceId")).await?)
}

pub(super) async fn create(State(app): State<App>, office: Office, request: Request) -> Result<Response, Problem> {
    let body: ReminderBody = body::read_json(request).await?;
    let message = body.message.map(|message| field::lines("message", &message, MESSAGE_MAX)).transpose()?;
    let unknown = || Problem::invalid_record("`invoiceId` names no invoice of the account.");
    let row = office.document(&body.invoice_id).await?.ok_or_else(unknown)?;
    let now = Moment((app.clock)());
    let days_overdue = days_between(&row.due_date, &now.day());
    if row.state != DocumentState::Delivered.name() || row.paid.is_some() || days_overdue < 1 {
        let detail = "Only an invoice that was delivered, is overdue and is not paid is asked for.";
        return Err(Problem::new(Code::StateConflict, detail));
    }
    let reminder = ReminderRow {
        id: identifier::uuid(&app.randomness),
        document_id: row.id,
        number: row.number,
        buyer_name: row.buyer_name,
        currency: row.currency,
        total: row.total,
        due_date: row.due_date,
        days_overdue,
        message,
        created: now,
    };
    office.create_reminder(&reminder).await?;
    created(&reminder)
}
