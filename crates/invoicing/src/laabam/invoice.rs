//! Invoices: `/v1/invoices`.
//!
//! Owns:  what an invoice may say; prices that come from products.
//! Never: a sum that a caller sent: sums are accepted and not read.
//! Read:  `InvoiceBody`, then `create`.

use super::{
    Id, changed, many, new_id, one, pager, parameters,
    product::{currency, tax_rate},
};
use crate::{
    body, field,
    ledger::{
        Moment,
        laabam::{
            Books, Change,
            invoice::{InvoiceDraft, InvoiceFilter, LineRow, ORDERS, Status, TaxRow},
        },
    },
    money::{Fixed, Price, Quantity, Rate},
    problem::{Code, Problem},
    query::Query,
    serve::App,
    totals::{Line, Totals},
};
use axum::{
    extract::{RawQuery, Request, State},
    response::Response,
};
use http::StatusCode;
use serde::{Deserialize, de::IgnoredAny};

/// Lines of an invoice.
const LINES_MAX: usize = 500;
/// Characters of a number, a description and notes.
const NUMBER_MAX: usize = 64;
const DESCRIPTION_MAX: usize = 500;
const NOTES_MAX: usize = 2_000;

/// An invoice as a caller writes it. What the server computes is accepted and not read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InvoiceBody {
    number: Option<String>,
    customer_id: String,
    currency: String,
    issue_date: Option<String>,
    due_date: Option<String>,
    lines: Vec<LineBody>,
    notes: Option<String>,
    #[serde(rename = "subtotal")]
    _subtotal: Option<IgnoredAny>,
    #[serde(rename = "taxes")]
    _taxes: Option<IgnoredAny>,
    #[serde(rename = "tax_total")]
    _tax_total: Option<IgnoredAny>,
    #[serde(rename = "total")]
    _total: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineBody {
    product_id: Option<String>,
    description: Option<String>,
    quantity: Quantity,
    unit_price: Option<Price>,
    tax_rate: Option<Rate>,
    #[serde(rename = "net")]
    _net: Option<IgnoredAny>,
    #[serde(rename = "tax")]
    _tax: Option<IgnoredAny>,
    #[serde(rename = "total")]
    _total: Option<IgnoredAny>,
}

impl LineBody {
    /// The line, with what its product says where it says nothing itself.
    async fn checked(self, at: usize, invoice_currency: &str, books: &Books) -> Result<LineRow, Problem> {
        let name = |member: &str| format!("lines[{at}].{member}");
        let wrong = |member: &str, what: &str| Err(Problem::invalid_record(format!("`{}` {what}.", name(member))));
        let product = match &self.product_id {
            None => None,
            Some(id) => match books.product(id).await? {
                None => return wrong("product_id", "names nothing that this company has"),
                Some(product) if self.unit_price.is_none() && product.currency != invoice_currency => {
                    return wrong("unit_price", "is missing, and the product's price is in another currency");
                }
                found => found,
            },
        };
        let description = self.description.or_else(|| product.as_ref().map(|product| product.name.clone()));
        let Some(description) = description else { return wrong("description", "is missing") };
        let Some(unit_price) = self.unit_price.or_else(|| product.as_ref().map(|product| product.unit_price)) else {
            return wrong("unit_price", "is missing");
        };
        let rate = self.tax_rate.or_else(|| product.as_ref().map(|product| product.tax_rate)).unwrap_or_default();
        if self.quantity <= Fixed(0) {
            return wrong("quantity", "is not more than nothing");
        }
        if unit_price < Fixed(0) {
            return wrong("unit_price", "is negative");
        }
        Ok(LineRow {
            product_id: self.product_id,
            description: field::text(&name("description"), &description, DESCRIPTION_MAX)?,
            quantity: self.quantity,
            unit_price,
            tax_rate: tax_rate(&name("tax_rate"), rate)?,
            net: Fixed(0),
        })
    }
}

impl InvoiceBody {
    async fn draft(self, id: String, now: i64, books: &Books) -> Result<InvoiceDraft, Problem> {
        let currency = currency(self.currency)?;
        let today = Moment(now).day();
        let issue_date = field::date("issue_date", self.issue_date.as_deref().unwrap_or(&today))?.to_string();
        let due_date = field::date("due_date", self.due_date.as_deref().unwrap_or(&issue_date))?.to_string();
        if due_date < issue_date {
            return Err(Problem::invalid_record("`due_date` is before `issue_date`."));
        }
        if !(1..=LINES_MAX).contains(&self.lines.len()) {
            return Err(Problem::invalid_record(format!("`lines` is not a list of 1 to {LINES_MAX} lines.")));
        }
        let mut lines = Vec::with_capacity(self.lines.len());
        for (at, line) in self.lines.into_iter().enumerate() {
            lines.push(line.checked(at, &currency, books).await?);
        }
        let counted = lines.iter();
        let counted = counted.map(|l| Line { quantity: l.quantity, price: l.unit_price, rate: l.tax_rate, kind: () });
        let totals = Totals::of(&counted.collect::<Vec<_>>())
            .ok_or_else(|| Problem::invalid_record("A sum of the invoice is larger than 999,999,999,999.99."))?;
        for (line, net) in lines.iter_mut().zip(&totals.lines) {
            line.net = *net;
        }
        let taxes = totals.groups.iter();
        Ok(InvoiceDraft {
            id,
            number: field::optional_text("number", self.number.as_deref(), NUMBER_MAX)?,
            customer_id: self.customer_id,
            currency,
            issue_date,
            due_date,
            taxes: taxes.map(|g| TaxRow { tax_rate: g.rate, taxable: g.taxable, tax: g.tax }).collect(),
            lines,
            subtotal: totals.net,
            tax_total: totals.tax,
            total: totals.total,
            notes: self.notes.map(|notes| field::lines("notes", &notes, NOTES_MAX)).transpose()?,
            now,
        })
    }
}

/// A day of a filter.
pub(super) fn day<'a>(query: &'a Query, name: &str) -> Result<Option<&'a str>, Problem> {
    let Some(text) = query.text(name) else { return Ok(None) };
    let wrong = |_| Problem::bad_query(format!("The parameter `{name}` is not a day such as 2026-01-31."));
    field::date(name, text).map_err(wrong)?;
    Ok(Some(text))
}

pub(super) async fn list(books: Books, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = parameters(raw.as_deref(), &["number", "status", "customer_id", "from", "to"])?;
    let filter = InvoiceFilter {
        number: query.text("number"),
        status: query.read("status", "one of unpaid, partial, paid, voided", Status::named)?,
        customer_id: query.text("customer_id"),
        from: day(&query, "from")?,
        to: day(&query, "to")?,
    };
    many(&books.invoices(&pager(&query, &ORDERS)?, &filter).await?)
}

pub(super) async fn find(books: Books, Id(id): Id) -> Result<Response, Problem> {
    one(StatusCode::OK, &books.invoice(&id).await?.ok_or_else(Problem::not_found)?)
}

pub(super) async fn create(State(app): State<App>, books: Books, request: Request) -> Result<Response, Problem> {
    let body: InvoiceBody = body::read_json(request).await?;
    let now = (app.clock)();
    let draft = body.draft(new_id(&app, "inv", now), now, &books).await?;
    changed(StatusCode::CREATED, books.create_invoice(draft).await?)
}

pub(super) async fn void(State(app): State<App>, books: Books, Id(id): Id) -> Result<Response, Problem> {
    match books.void_invoice(&id, (app.clock)()).await? {
        Change::InUse => {
            let detail = "Something was paid of this invoice. Void its payments first.";
            Err(Problem::new(Code::StateConflict, detail))
        }
        change @ (Change::Done(_) | Change::NotFound | Change::Taken(_) | Change::Unknown(_)) => {
            changed(StatusCode::OK, change)
        }
    }
}
