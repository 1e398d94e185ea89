//! Lookup: what was made, found by the caller's own name for it. For whoever lost the answer to a write (D17).
//!
//! Owns:  one look-up for each kind of record; the answer is the one that the write gave.
//! Never: anything where the name fits nothing: that is 404, so that the write may run again.
//! Read:  top down.

use super::{COMPANY, one, pager};
use crate::{
    cursor::{Order, Page, Pager},
    ledger::laabam::{Books, customer, invoice, message, payment, product},
    problem::Problem,
    query::Query,
};
use axum::{extract::RawQuery, response::Response};
use http::StatusCode;
use serde::Serialize;

/// The page that holds it, and its name.
struct By {
    query: Query,
    name: &'static str,
}

impl By {
    fn read(raw: Option<&str>, name: &'static str) -> Result<Self, Problem> {
        let query = Query::parse(raw, &[COMPANY, name])?;
        match query.text(name) {
            Some(_) => Ok(Self { query, name }),
            None => Err(Problem::bad_query(format!("The parameter `{name}` is missing."))),
        }
    }

    fn text(&self) -> Option<&str> {
        self.query.text(self.name)
    }
}

fn first(orders: &[Order]) -> Result<Pager, Problem> {
    pager(&Query::parse(None, &[])?, orders)
}

fn only<T: Serialize>(page: &Page<T>) -> Result<Response, Problem> {
    one(StatusCode::OK, page.rows.first().ok_or_else(Problem::not_found)?)
}

pub(super) async fn invoice(books: Books, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let by = By::read(raw.as_deref(), "number")?;
    let filter = invoice::InvoiceFilter { number: by.text(), ..invoice::InvoiceFilter::default() };
    only(&books.invoices(&first(&invoice::ORDERS)?, &filter).await?)
}

pub(super) async fn customer(books: Books, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let by = By::read(raw.as_deref(), "reference")?;
    let filter = customer::CustomerFilter { reference: by.text(), ..customer::CustomerFilter::default() };
    only(&books.customers(&first(&customer::ORDERS)?, &filter).await?)
}

pub(super) async fn product(books: Books, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let by = By::read(raw.as_deref(), "sku")?;
    only(&books.products(&first(&product::ORDERS)?, by.text()).await?)
}

pub(super) async fn payment(books: Books, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let by = By::read(raw.as_deref(), "reference")?;
    let filter = payment::PaymentFilter { reference: by.text(), ..payment::PaymentFilter::default() };
    only(&books.payments(&first(&payment::ORDERS)?, &filter).await?)
}

pub(super) async fn message(books: Books, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let by = By::read(raw.as_deref(), "reference")?;
    only(&books.messages(&first(&message::ORDERS)?, None, by.text()).await?)
}
