//! Customers: `/v1/customers`.
//!
//! Owns:  what a customer's record may say.
//! Never: SQL; a change of a member that was left out.
//! Read:  `CustomerBody`, then the operations.

use super::{Id, changed, many, new_id, one, pager, parameters, said};
use crate::{
    body, field,
    ledger::{
        Json, Moment,
        laabam::{
            Books,
            customer::{Address, CustomerFilter, CustomerRow, ORDERS},
        },
    },
    problem::Problem,
    serve::App,
};
use axum::{
    extract::{RawQuery, Request, State},
    response::Response,
};
use http::StatusCode;
use serde::Deserialize;

/// Characters of names, codes, address lines and notes.
const NAME_MAX: usize = 200;
const CODE_MAX: usize = 64;
const LINE_MAX: usize = 200;
const NOTES_MAX: usize = 2_000;

/// A customer as a caller writes it. In a change, what is left out stays, and `null` takes away.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerBody {
    name: Option<String>,
    #[serde(default, deserialize_with = "said")]
    reference: Option<Option<String>>,
    #[serde(default, deserialize_with = "said")]
    email: Option<Option<String>>,
    #[serde(default, deserialize_with = "said")]
    phone: Option<Option<String>>,
    #[serde(default, deserialize_with = "said")]
    tax_id: Option<Option<String>>,
    #[serde(default, deserialize_with = "said")]
    address: Option<Option<AddressBody>>,
    #[serde(default, deserialize_with = "said")]
    notes: Option<Option<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddressBody {
    line1: Option<String>,
    line2: Option<String>,
    postal_code: Option<String>,
    city: Option<String>,
    country: Option<String>,
}

impl CustomerBody {
    /// Checks what is said and puts it into the row.
    fn put(self, row: &mut CustomerRow) -> Result<(), Problem> {
        if let Some(name) = self.name {
            row.name = field::text("name", &name, NAME_MAX)?;
        }
        if let Some(reference) = self.reference {
            row.reference = field::optional_text("reference", reference.as_deref(), CODE_MAX)?;
        }
        if let Some(email) = self.email {
            row.email = field::email("email", email.as_deref())?;
        }
        if let Some(phone) = self.phone {
            row.phone = phone.filter(|phone| !phone.is_empty());
            if row.phone.as_deref().is_some_and(|phone| !field::is_phone(phone)) {
                return Err(Problem::invalid_record(
                    "`phone` is not a number with its country, such as +393331234567.",
                ));
            }
        }
        if let Some(tax_id) = self.tax_id {
            row.tax_id = field::optional_text("tax_id", tax_id.as_deref(), CODE_MAX)?;
        }
        if let Some(address) = self.address {
            row.address = address.map(AddressBody::checked).transpose()?.map(Json);
        }
        if let Some(notes) = self.notes {
            row.notes = notes.map(|notes| field::lines("notes", &notes, NOTES_MAX)).transpose()?;
        }
        Ok(())
    }
}

impl AddressBody {
    fn checked(self) -> Result<Address, Problem> {
        let text = |name: &str, value: Option<String>| field::optional_text(name, value.as_deref(), LINE_MAX);
        if self.country.as_deref().is_some_and(|country| !field::is_country(country)) {
            return Err(Problem::invalid_record("`address.country` is not the two capitals of a country, such as IT."));
        }
        Ok(Address {
            line1: text("address.line1", self.line1)?,
            line2: text("address.line2", self.line2)?,
            postal_code: text("address.postal_code", self.postal_code)?,
            city: text("address.city", self.city)?,
            country: self.country,
        })
    }
}

pub(super) async fn list(books: Books, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = parameters(raw.as_deref(), &["reference", "email", "tax_id"])?;
    let filter =
        CustomerFilter { reference: query.text("reference"), email: query.text("email"), tax_id: query.text("tax_id") };
    many(&books.customers(&pager(&query, &ORDERS)?, &filter).await?)
}

pub(super) async fn find(books: Books, Id(id): Id) -> Result<Response, Problem> {
    one(StatusCode::OK, &books.customer(&id).await?.ok_or_else(Problem::not_found)?)
}

pub(super) async fn create(State(app): State<App>, books: Books, request: Request) -> Result<Response, Problem> {
    let body: CustomerBody = body::read_json(request).await?;
    if body.name.is_none() {
        return Err(Problem::invalid_record("`name` is missing."));
    }
    let now = (app.clock)();
    let mut row = CustomerRow {
        id: new_id(&app, "cus", now),
        name: String::new(),
        reference: None,
        email: None,
        phone: None,
        tax_id: None,
        address: None,
        notes: None,
        created: Moment(now),
        updated: Moment(now),
    };
    body.put(&mut row)?;
    changed(StatusCode::CREATED, books.create_customer(row).await?)
}

pub(super) async fn update(
    State(app): State<App>,
    books: Books,
    Id(id): Id,
    request: Request,
) -> Result<Response, Problem> {
    let body: CustomerBody = body::read_json(request).await?;
    let now = Moment((app.clock)());
    let change = |row: &mut CustomerRow| {
        row.updated = now;
        body.put(row)
    };
    changed(StatusCode::OK, books.update_customer(&id, change).await??)
}

pub(super) async fn delete(books: Books, Id(id): Id) -> Result<Response, Problem> {
    changed(StatusCode::OK, books.delete_customer(&id).await?)
}
