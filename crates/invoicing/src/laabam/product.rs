//! Products: `/v1/products`.
//!
//! Owns:  what a product's record may say.
//! Never: SQL; a change of a member that was left out.
//! Read:  `ProductBody`, then the operations.

use super::{Id, changed, many, new_id, one, pager, parameters, said};
use crate::{
    body, field,
    ledger::{
        Moment,
        laabam::{
            Books,
            product::{ORDERS, ProductRow},
        },
    },
    money::{Fixed, Price, Rate, is_currency},
    problem::Problem,
    serve::App,
};
use axum::{
    extract::{RawQuery, Request, State},
    response::Response,
};
use http::StatusCode;
use serde::Deserialize;

/// Characters of names, codes and descriptions.
const NAME_MAX: usize = 200;
const CODE_MAX: usize = 64;
const DESCRIPTION_MAX: usize = 1_000;

/// A product as a caller writes it. In a change, what is left out stays, and `null` takes away.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductBody {
    name: Option<String>,
    #[serde(default, deserialize_with = "said")]
    sku: Option<Option<String>>,
    #[serde(default, deserialize_with = "said")]
    description: Option<Option<String>>,
    currency: Option<String>,
    unit_price: Option<Price>,
    tax_rate: Option<Rate>,
}

impl ProductBody {
    /// Checks what is said and puts it into the row.
    fn put(self, row: &mut ProductRow) -> Result<(), Problem> {
        if let Some(name) = self.name {
            row.name = field::text("name", &name, NAME_MAX)?;
        }
        if let Some(sku) = self.sku {
            row.sku = field::optional_text("sku", sku.as_deref(), CODE_MAX)?;
        }
        if let Some(text) = self.description {
            row.description = text.map(|text| field::lines("description", &text, DESCRIPTION_MAX)).transpose()?;
        }
        if let Some(code) = self.currency {
            row.currency = currency(code)?;
        }
        if let Some(price) = self.unit_price {
            row.unit_price = price;
        }
        if let Some(rate) = self.tax_rate {
            row.tax_rate = tax_rate("tax_rate", rate)?;
        }
        if row.unit_price < Fixed(0) {
            return Err(Problem::invalid_record("`unit_price` is negative."));
        }
        Ok(())
    }
}

/// A currency that this API can count in.
pub(super) fn currency(code: String) -> Result<String, Problem> {
    if is_currency(&code) {
        return Ok(code);
    }
    let wanted = "the three capitals of a currency with two decimal places, such as EUR";
    Err(Problem::invalid_record(format!("`currency` is not {wanted}.")))
}

/// From nothing to all of it.
pub(super) fn tax_rate(name: &str, rate: Rate) -> Result<Rate, Problem> {
    if (Fixed(0)..=Fixed(10_000)).contains(&rate) {
        return Ok(rate);
    }
    Err(Problem::invalid_record(format!("`{name}` is not a percentage from 0 to 100.")))
}

pub(super) async fn list(books: Books, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = parameters(raw.as_deref(), &["sku"])?;
    many(&books.products(&pager(&query, &ORDERS)?, query.text("sku")).await?)
}

pub(super) async fn find(books: Books, Id(id): Id) -> Result<Response, Problem> {
    one(StatusCode::OK, &books.product(&id).await?.ok_or_else(Problem::not_found)?)
}

pub(super) async fn create(State(app): State<App>, books: Books, request: Request) -> Result<Response, Problem> {
    let body: ProductBody = body::read_json(request).await?;
    let missing = [
        ("name", body.name.is_none()),
        ("currency", body.currency.is_none()),
        ("unit_price", body.unit_price.is_none()),
    ];
    if let Some((name, _)) = missing.into_iter().find(|(_, missing)| *missing) {
        return Err(Problem::invalid_record(format!("`{name}` is missing.")));
    }
    let now = (app.clock)();
    let mut row = ProductRow {
        id: new_id(&app, "prd", now),
        name: String::new(),
        sku: None,
        description: None,
        currency: String::new(),
        unit_price: Fixed(0),
        tax_rate: Fixed(0),
        created: Moment(now),
        updated: Moment(now),
    };
    body.put(&mut row)?;
    changed(StatusCode::CREATED, books.create_product(row).await?)
}

pub(super) async fn update(
    State(app): State<App>,
    books: Books,
    Id(id): Id,
    request: Request,
) -> Result<Response, Problem> {
    let body: ProductBody = body::read_json(request).await?;
    let now = Moment((app.clock)());
    let change = |row: &mut ProductRow| {
        row.updated = now;
        body.put(row)
    };
    changed(StatusCode::OK, books.update_product(&id, change).await??)
}

pub(super) async fn delete(books: Books, Id(id): Id) -> Result<Response, Problem> {
    changed(StatusCode::OK, books.delete_product(&id).await?)
}
