//! Resource: the handlers, one file for each kind of thing the API serves.
//!
//! Owns:  what the handlers share: ids in paths, pages of lists, what a request touched.
//! Never: SQL, or a decision about reach; both are in `ledger`.
//! Read:  `company`, then `send`.

pub(crate) mod company;
pub(crate) mod event;
pub(crate) mod export;
pub(crate) mod health;
pub(crate) mod receive;
pub(crate) mod send;
pub(crate) mod status;
pub(crate) mod update;
pub(crate) mod webhook;

use crate::{
    body,
    ledger::{Rows, Scoped, event::Touched},
    problem::Problem,
    serve::App,
};
use axum::{
    extract::{FromRequestParts, Path},
    response::Response,
};
use http::{HeaderName, HeaderValue, StatusCode, request::Parts};
use serde::Serialize;

/// Tells how many rows a list has on all its pages.
const TOTAL_COUNT: HeaderName = HeaderName::from_static("invoicetronic-total-count");

/// The last name in the path: an id, or the thing's own name.
pub(crate) struct Named(String);

impl Named {
    fn id(&self) -> Option<i64> {
        self.0.parse::<i32>().ok().map(i64::from)
    }

    /// The id, where only an id can be.
    fn only_id(&self) -> Result<i64, Problem> {
        self.id().ok_or_else(Problem::not_found)
    }
}

impl FromRequestParts<App> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path(name) = Path::<String>::from_request_parts(parts, app).await.map_err(|_| Problem::not_found())?;
        Ok(Self(name))
    }
}

/// A page of a list.
fn page<T: Serialize>(rows: &Rows<T>) -> Result<Response, Problem> {
    let mut response = body::json(StatusCode::OK, &rows.rows)?;
    response.headers_mut().insert(TOTAL_COUNT, HeaderValue::from(rows.total));
    Ok(response)
}

/// An answer about one thing, and what the log shall say of it.
fn one(status: StatusCode, value: &impl Serialize, id: i64, company: Option<i64>) -> Result<Response, Problem> {
    let mut response = body::json(status, value)?;
    response.extensions_mut().insert(Touched { resource: Some(id), company });
    Ok(response)
}

/// Refuses a filter that names a company out of reach, as an unknown one.
async fn in_reach(scope: &Scoped, company: Option<i64>) -> Result<(), Problem> {
    match company {
        Some(id) if scope.company(id).await?.is_none() => Err(Problem::not_found()),
        Some(_) | None => Ok(()),
    }
}
