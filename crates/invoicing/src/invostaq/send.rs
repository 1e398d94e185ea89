//! Send: `/api/v2/invoices`, what keys send.
//!
//! Owns:  the body of version 2 with its routing, and the way from it to a document that is on its way.
//! Never: delivers; the courier does.
//! Read:  `create`, then `Routing`.

use super::{
    Office,
    content::{Content, InvoiceBody},
    day, found, paged, pager, parameters,
    participant::{PROVIDER, is_participant, wrong},
    ubl, xml,
};
use crate::{
    body, identifier,
    ledger::invostaq::document::{DocumentDraft, DocumentFilter, DocumentRow, ORDERS, Posting, Sent, State, Summary},
    problem::{Code, Problem},
    query::Query,
    serve::App,
};
use axum::{
    extract::{Path, RawQuery, Request, State as Shared},
    response::Response,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SendBody {
    sender_participant_id: Option<String>,
    receiver_participant_id: Option<String>,
    invoice: InvoiceBody,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SendAnswer<'a> {
    status: &'static str,
    transaction_id: Option<&'a str>,
    database_record_id: &'a str,
    provider: &'static str,
}

/// From whom to whom.
pub(super) struct Routing {
    pub(super) sender: String,
    pub(super) receiver: String,
}

impl Routing {
    /// Both participants; what is missing is named first.
    pub(super) fn read(sender: Option<String>, receiver: Option<String>) -> Result<Self, Problem> {
        let there = |id: Option<String>| id.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
        match (there(sender), there(receiver)) {
            (Some(sender), Some(receiver)) => {
                for (name, id) in [("senderParticipantId", &sender), ("receiverParticipantId", &receiver)] {
                    if !is_participant(id) {
                        return Err(Problem::invalid_record(wrong(name)));
                    }
                }
                Ok(Self { sender, receiver })
            }
            (sender, receiver) => {
                let missing =
                    [("senderParticipantId", sender.is_none()), ("receiverParticipantId", receiver.is_none())];
                let names: Vec<_> = missing.into_iter().filter(|(_, missing)| *missing).map(|(name, _)| name).collect();
                let verb = if names.len() == 1 { "is" } else { "are" };
                let detail = format!("{} {verb} missing: the routing names both participants.", names.join(", "));
                Err(Problem::new(Code::MissingRouting, detail))
            }
        }
    }

    /// What makes a draft of `content` one that is on its way.
    pub(super) fn posting(self, app: &App, content: &Content, now: i64) -> Result<Posting, Problem> {
        let ubl = ubl::write(content, &self.sender, &self.receiver)?;
        Ok(Posting {
            transaction_id: identifier::prefixed("txn", now, &app.randomness),
            sender: self.sender,
            receiver: self.receiver,
            ubl,
            first_attempt: now.saturating_add(app.state_step),
        })
    }
}

/// A document on its way into the ledger.
pub(super) fn draft(
    app: &App,
    body: &InvoiceBody,
    content: &Content,
    (sender, receiver): (Option<String>, Option<String>),
    now: i64,
) -> DocumentDraft {
    DocumentDraft {
        id: identifier::uuid(&app.randomness),
        sender,
        receiver,
        summary: Summary {
            number: content.number.clone(),
            issue_date: content.issue_date.clone(),
            due_date: content.due_date.clone(),
            currency: content.currency.clone(),
            supplier_name: content.supplier.name.clone(),
            supplier_tax_id: content.supplier.tax_id.clone(),
            buyer_name: content.buyer.name.clone(),
            buyer_tax_id: content.buyer.tax_id.clone(),
            net: content.totals.net,
            tax: content.totals.tax,
            total: content.totals.total,
        },
        content: serde_json::json!(body).to_string(),
        now,
    }
}

/// What came of sending, or why nothing did.
pub(super) fn sent(outcome: Sent) -> Result<Box<DocumentRow>, Problem> {
    match outcome {
        Sent::Done(row) => Ok(row),
        Sent::SenderUnknown => Err(Problem::new(
            Code::ParticipantNotAllowed,
            "The account has not registered `senderParticipantId` in this network: register it in the settings or with \
             POST /api/v2/participants.",
        )),
        Sent::NumberTaken => Err(Problem::new(
            Code::AlreadyExists,
            "The sender has sent an invoice of this number before, and it did not fail.",
        )),
        Sent::NoDraft => Err(Problem::new(Code::StateConflict, "The invoice is no draft: it was sent before.")),
    }
}

pub(super) async fn create(Shared(app): Shared<App>, office: Office, request: Request) -> Result<Response, Problem> {
    let body: SendBody = body::read_json(request).await?;
    let routing = Routing::read(body.sender_participant_id, body.receiver_participant_id)?;
    office.may_act_as(&routing.sender)?;
    let content = body.invoice.content()?;
    let now = (app.clock)();
    let named = (Some(routing.sender.clone()), Some(routing.receiver.clone()));
    let draft = draft(&app, &body.invoice, &content, named, now);
    let posting = routing.posting(&app, &content, now)?;
    answer(&*sent(office.send(&draft, &posting).await?)?)
}

fn answer(row: &DocumentRow) -> Result<Response, Problem> {
    let answer = SendAnswer {
        status: "success",
        transaction_id: row.transaction_id.as_deref(),
        database_record_id: &row.id,
        provider: PROVIDER,
    };
    body::json(StatusCode::OK, &answer)
}

/// What was sent under a number, found again by whoever lost the answer (D17). Numbers are a sender's own, so that there may
/// be several; then nothing is certain.
pub(super) async fn lookup(office: Office, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = Query::parse(raw.as_deref(), &["number", "senderParticipantId"])?;
    let number = query.text("number");
    number.ok_or_else(|| Problem::bad_query("The parameter `number` is missing."))?;
    let sender = query.text("senderParticipantId");
    let filter = DocumentFilter { number, sender, without_drafts: true, ..DocumentFilter::default() };
    let first = pager(&Query::parse(None, &[])?, &ORDERS)?;
    let mut rows = office.documents(&first, &filter).await?.rows;
    // What failed may be sent again under its number, and then that is meant.
    rows.retain(|row| row.state != State::Failed.name());
    match &*rows {
        [] => Err(Problem::not_found()),
        [row] => answer(row),
        _ => Err(Problem::new(Code::StateConflict, "Several senders have sent an invoice of this number: name one.")),
    }
}

pub(super) async fn list(office: Office, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = parameters(raw.as_deref(), &["number", "state", "senderParticipantId", "from", "to"])?;
    let filter = DocumentFilter {
        number: query.text("number"),
        state: query.read("state", "one of Processing, Delivered, Failed", State::named)?,
        sender: query.text("senderParticipantId"),
        from: day(&query, "from")?,
        to: day(&query, "to")?,
        without_drafts: true,
    };
    paged(&office.documents(&pager(&query, &ORDERS)?, &filter).await?)
}

pub(super) async fn find(office: Office, Path(transaction): Path<String>) -> Result<Response, Problem> {
    found(office.document_of(&transaction).await?)
}

pub(super) async fn document(office: Office, Path(transaction): Path<String>) -> Result<Response, Problem> {
    xml(office.ubl_of(&transaction).await?)
}
