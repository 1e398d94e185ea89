//! Invoice: `/api/invoices`, what members draft, approve and keep an eye on (R139).
//!
//! Owns:  drafts, and the step from a draft to a document that is on its way.
//! Never: changes what was sent.
//! Read:  `create`, then `approve`.

use super::{
    Office,
    content::InvoiceBody,
    created, day, found, paged, pager, parameters,
    participant::{is_participant, wrong},
    removed,
    send::{Routing, draft, sent},
};
use crate::{
    body,
    ledger::invostaq::document::{DocumentFilter, ORDERS, State},
    problem::{Code, Problem},
    serve::App,
};
use axum::{
    extract::{Path, RawQuery, Request, State as Shared},
    response::Response,
};
use http::StatusCode;
use serde::Deserialize;

/// A draft may leave the routing for later.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DraftBody {
    sender_participant_id: Option<String>,
    receiver_participant_id: Option<String>,
    invoice: InvoiceBody,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ApproveBody {
    sender_participant_id: Option<String>,
    receiver_participant_id: Option<String>,
}

pub(super) async fn list(office: Office, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = parameters(raw.as_deref(), &["number", "state", "senderParticipantId", "from", "to"])?;
    let filter = DocumentFilter {
        number: query.text("number"),
        state: query.read("state", "one of Draft, Processing, Delivered, Failed", State::named)?,
        sender: query.text("senderParticipantId"),
        from: day(&query, "from")?,
        to: day(&query, "to")?,
        without_drafts: false,
    };
    paged(&office.documents(&pager(&query, &ORDERS)?, &filter).await?)
}

pub(super) async fn create(Shared(app): Shared<App>, office: Office, request: Request) -> Result<Response, Problem> {
    let DraftBody { sender_participant_id, receiver_participant_id, invoice } = body::read_json(request).await?;
    for (name, id) in
        [("senderParticipantId", &sender_participant_id), ("receiverParticipantId", &receiver_participant_id)]
    {
        if id.as_deref().is_some_and(|id| !is_participant(id)) {
            return Err(Problem::invalid_record(wrong(name)));
        }
    }
    let content = invoice.content()?;
    let now = (app.clock)();
    let draft = draft(&app, &invoice, &content, (sender_participant_id, receiver_participant_id), now);
    created(&office.create_draft(&draft).await?)
}

pub(super) async fn find(office: Office, Path(id): Path<String>) -> Result<Response, Problem> {
    found(office.document(&id).await?)
}

pub(super) async fn remove(office: Office, Path(id): Path<String>) -> Result<Response, Problem> {
    let row = office.document(&id).await?.ok_or_else(Problem::not_found)?;
    if row.state != State::Draft.name() {
        return Err(Problem::new(Code::StateConflict, "Only drafts are deleted; this invoice was sent."));
    }
    removed(office.delete_draft(&id).await?)
}

/// Sends a draft. The routing is the draft's, or the body's where it says something.
pub(super) async fn approve(
    Shared(app): Shared<App>,
    office: Office,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let body: ApproveBody = body::read_json_or_nothing(request).await?.unwrap_or_default();
    let row = office.document(&id).await?.ok_or_else(Problem::not_found)?;
    if row.state != State::Draft.name() {
        return Err(Problem::new(Code::StateConflict, "The invoice is no draft: it was sent before."));
    }
    let sender = body.sender_participant_id.or(row.sender);
    let routing = Routing::read(sender, body.receiver_participant_id.or(row.receiver))?;
    let text = office.content_of(&id).await?.ok_or_else(Problem::not_found)?;
    let invoice: InvoiceBody = serde_json::from_str(&text).map_err(|error| {
        tracing::error!(%error, "invoicing: a draft cannot be read");
        Problem::new(Code::Internal, "The draft cannot be read. The cause is in the server's log.")
    })?;
    let now = (app.clock)();
    let posting = routing.posting(&app, &invoice.content()?, now)?;
    let row = sent(office.approve(&id, &posting, now).await?)?;
    body::json(StatusCode::OK, &row)
}

/// Notes that an invoice was paid, so that it is asked for no more.
pub(super) async fn paid(
    Shared(app): Shared<App>,
    office: Office,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let row = office.document(&id).await?.ok_or_else(Problem::not_found)?;
    if row.state != State::Delivered.name() {
        return Err(Problem::new(Code::StateConflict, "Only what was delivered is paid."));
    }
    found(office.mark_paid(&id, (app.clock)()).await?)
}
