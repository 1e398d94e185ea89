//! Payments: `/v1/payments`.
//!
//! Owns:  what a payment may say.
//! Never: SQL.
//! Read:  `PaymentBody`, then `create`.

use super::{Id, changed, invoice::day, many, new_id, one, pager, parameters};
use crate::{
    body, field,
    ledger::{
        Moment,
        laabam::{
            Books,
            payment::{ORDERS, Paid, PaymentDraft, PaymentFilter},
        },
    },
    money::{Amount, Fixed},
    problem::{Code, Problem},
    serve::App,
};
use axum::{
    extract::{RawQuery, Request, State},
    response::Response,
};
use http::StatusCode;
use serde::Deserialize;

/// Characters of a reference.
const REFERENCE_MAX: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaymentBody {
    invoice_id: String,
    amount: Amount,
    currency: Option<String>,
    method: Option<Method>,
    paid_on: Option<String>,
    reference: Option<String>,
}

/// How the money came.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Method {
    Cash,
    Card,
    #[default]
    Transfer,
    Other,
}

impl Method {
    const fn name(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Card => "card",
            Self::Transfer => "transfer",
            Self::Other => "other",
        }
    }
}

pub(super) async fn list(books: Books, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = parameters(raw.as_deref(), &["invoice_id", "customer_id", "reference", "from", "to"])?;
    let filter = PaymentFilter {
        invoice_id: query.text("invoice_id"),
        customer_id: query.text("customer_id"),
        reference: query.text("reference"),
        from: day(&query, "from")?,
        to: day(&query, "to")?,
    };
    many(&books.payments(&pager(&query, &ORDERS)?, &filter).await?)
}

pub(super) async fn find(books: Books, Id(id): Id) -> Result<Response, Problem> {
    one(StatusCode::OK, &books.payment(&id).await?.ok_or_else(Problem::not_found)?)
}

pub(super) async fn create(State(app): State<App>, books: Books, request: Request) -> Result<Response, Problem> {
    let body: PaymentBody = body::read_json(request).await?;
    if body.amount <= Fixed(0) {
        return Err(Problem::invalid_record("`amount` is not more than nothing."));
    }
    let now = (app.clock)();
    let today = Moment(now).day();
    let draft = PaymentDraft {
        id: new_id(&app, "pay", now),
        invoice_id: body.invoice_id,
        amount: body.amount,
        currency: body.currency,
        method: body.method.unwrap_or_default().name(),
        paid_on: field::date("paid_on", body.paid_on.as_deref().unwrap_or(&today))?.to_string(),
        reference: field::optional_text("reference", body.reference.as_deref(), REFERENCE_MAX)?,
        now,
    };
    match books.create_payment(draft).await? {
        Paid::Done(row) => one(StatusCode::CREATED, &row),
        Paid::NoInvoice => Err(Problem::invalid_record("`invoice_id` names nothing that this company has.")),
        Paid::Voided => Err(Problem::new(Code::StateConflict, "The invoice is voided: nothing is due for it.")),
        Paid::TooMuch(due) => {
            Err(Problem::new(Code::Overpayment, format!("`amount` is more than what is due for the invoice: {due}.")))
        }
        Paid::OtherCurrency(currency) => {
            Err(Problem::invalid_record(format!("`currency` is not the invoice's, which is {currency}.")))
        }
        Paid::ReferenceTaken => {
            Err(Problem::new(Code::AlreadyExists, "The company has another payment with this `reference`."))
        }
    }
}

pub(super) async fn void(State(app): State<App>, books: Books, Id(id): Id) -> Result<Response, Problem> {
    changed(StatusCode::OK, books.void_payment(&id, (app.clock)()).await?)
}
