//! Companies: `/v1/company`.
//!
//! Owns:  what a company's record may say.
//! Never: an empty or strange VAT number.
//! Read:  top down.

use super::{Named, one, page};
use crate::{
    body,
    context::normal_vat,
    ledger::{
        Scoped,
        company::{CompanyChange, CompanyDraft, ORDERS},
    },
    problem::{Code, Problem},
    query::Query,
    serve::App,
};
use axum::{
    extract::{RawQuery, Request, State},
    response::Response,
};
use http::StatusCode;
use serde::{Deserialize, de::IgnoredAny};

/// Characters of a name and of a code.
const NAME_MAX: usize = 200;
const CODE_MAX: usize = 28;

/// A company as a caller writes it. What the server sets is accepted and not read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompanyBody {
    id: Option<i32>,
    version: Option<i64>,
    vat: String,
    fiscal_code: String,
    name: String,
    #[serde(rename = "created")]
    _created: Option<IgnoredAny>,
    #[serde(rename = "user_id")]
    _user_id: Option<IgnoredAny>,
}

impl CompanyBody {
    fn draft(&self) -> Result<CompanyDraft, Problem> {
        let vat = normal_vat(&self.vat);
        let (country, code) = vat.split_at_checked(2).unwrap_or_default();
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric());
        let fits =
            country.bytes().all(|b| b.is_ascii_uppercase()) && (2..=CODE_MAX).contains(&code.len()) && plain(code);
        let italian = country != "IT" || (code.len() == 11 && code.bytes().all(|b| b.is_ascii_digit()));
        if !fits || !italian {
            let wanted = "the country's two letters and the number, such as IT01234567890";
            return Err(Problem::invalid_record(format!("`vat` is not a VAT number: {wanted}.")));
        }
        let fiscal_code = self.fiscal_code.trim().to_ascii_uppercase();
        if !(2..=CODE_MAX).contains(&fiscal_code.len()) || !plain(&fiscal_code) {
            return Err(Problem::invalid_record(format!("`fiscal_code` is not 2 to {CODE_MAX} letters and digits.")));
        }
        let name = self.name.trim().to_owned();
        if !(1..=NAME_MAX).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(Problem::invalid_record(format!("`name` is not a text of 1 to {NAME_MAX} characters.")));
        }
        Ok(CompanyDraft { vat, fiscal_code, name })
    }
}

pub(crate) async fn list(scope: Scoped, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = Query::parse(raw.as_deref(), &["page", "page_size", "sort", "q"])?;
    page(&scope.companies(&query.slice(&ORDERS)?, query.text("q")).await?)
}

pub(crate) async fn find(scope: Scoped, name: Named) -> Result<Response, Problem> {
    let row = match name.id() {
        Some(id) => scope.company(id).await?,
        None => scope.company_by_vat(&normal_vat(&name.0)).await?,
    };
    let row = row.ok_or_else(Problem::not_found)?;
    one(StatusCode::OK, &row, row.id, Some(row.id))
}

pub(crate) async fn create(State(app): State<App>, scope: Scoped, request: Request) -> Result<Response, Problem> {
    let body: CompanyBody = body::read_json(request).await?;
    if body.id.is_some_and(|id| id != 0) {
        return Err(Problem::invalid_record("`id` is given by the server: leave it out, or 0."));
    }
    answer(StatusCode::CREATED, scope.create_company(&body.draft()?, (app.clock)()).await?)
}

pub(crate) async fn update(scope: Scoped, request: Request) -> Result<Response, Problem> {
    let body: CompanyBody = body::read_json(request).await?;
    let id = body.id.ok_or_else(|| Problem::invalid_record("`id` says which company to change; it is missing."))?;
    answer(StatusCode::OK, scope.update_company(i64::from(id), body.version, &body.draft()?).await?)
}

pub(crate) async fn delete(scope: Scoped, name: Named, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let force = Query::parse(raw.as_deref(), &["force"])?.flag("force")?.unwrap_or(false);
    answer(StatusCode::OK, scope.delete_company(name.only_id()?, force).await?)
}

fn answer(status: StatusCode, change: CompanyChange) -> Result<Response, Problem> {
    match change {
        CompanyChange::Done(row) => one(status, &row, row.id, Some(row.id)),
        CompanyChange::NotFound => Err(Problem::not_found()),
        CompanyChange::NotAllowed => Err(not_allowed()),
        CompanyChange::Exists => {
            Err(Problem::new(Code::CompanyExists, "The account has a company with this VAT number already."))
        }
        CompanyChange::Stale(version) => Err(stale(version)),
        CompanyChange::InUse(sent, received) => {
            let detail = format!(
                "The company has {sent} sent invoice(s) and {received} received. Deleting it deletes them, their updates, \
                 webhooks and log entries too: add `force=true` to do that."
            );
            Err(Problem::new(Code::CompanyInUse, detail))
        }
    }
}

/// The same whether the company exists or not (D9).
pub(super) fn not_allowed() -> Problem {
    Problem::new(Code::CompanyNotAllowed, "This key may not act for that company.")
}

pub(super) fn stale(version: i64) -> Problem {
    let detail =
        format!("The record has changed in the meantime and is at version {version}. Read it again, then repeat.");
    Problem::new(Code::VersionStale, detail)
}
