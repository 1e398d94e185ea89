//! Companies: `/v1/companies`. Our own addition; it stands for the provider's portal.
//!
//! Owns:  what a company's record may say.
//! Never: a company that the caller's context does not reach.
//! Read:  top down.

use super::{many, not_allowed, one, parameters};
use crate::{
    body,
    cursor::Pager,
    field,
    ledger::{
        Scoped,
        laabam::{COMPANY_ORDERS, is_slug},
    },
    problem::{Code, Problem},
    serve::App,
};
use axum::{
    extract::{Path, RawQuery, Request, State},
    response::Response,
};
use http::StatusCode;
use serde::Deserialize;

/// Characters of a name.
const NAME_MAX: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompanyBody {
    slug: String,
    name: Option<String>,
}

pub(super) async fn list(scope: Scoped, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = parameters(raw.as_deref(), &[])?;
    let pager = Pager::read(&query, &COMPANY_ORDERS, false)?;
    many(&scope.list_companies_of(&pager).await?)
}

pub(super) async fn find(scope: Scoped, Path(slug): Path<String>) -> Result<Response, Problem> {
    if !scope.allows_slug(&slug) {
        return Err(not_allowed());
    }
    one(StatusCode::OK, &scope.company_of(&slug).await?.ok_or_else(Problem::not_found)?)
}

pub(super) async fn create(State(app): State<App>, scope: Scoped, request: Request) -> Result<Response, Problem> {
    let CompanyBody { slug, name } = body::read_json(request).await?;
    if !is_slug(&slug) {
        let wanted = "1 to 64 lower-case letters and digits, with single hyphens between them";
        return Err(Problem::invalid_record(format!("`slug` is not {wanted}.")));
    }
    let name = field::text("name", name.as_deref().unwrap_or(&slug), NAME_MAX)?;
    if !scope.allows_slug(&slug) {
        return Err(not_allowed());
    }
    match scope.insert_company_of(&slug, &name, (app.clock)()).await? {
        (row, true) => one(StatusCode::CREATED, &row),
        (_, false) => Err(Problem::new(Code::AlreadyExists, "The account has a company of this name already.")),
    }
}
