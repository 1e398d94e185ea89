//! Laabam: invoices, customers, payments, products and messages of a company, under `/v1`.
//!
//! Owns:  the table of paths; the way from a request to one company's books; the form of answers.
//! Never: an operation outside of the gate, the health check excepted.
//! Read:  `router`, then `admit`, then `Books`.

mod company;
mod customer;
mod invoice;
mod lookup;
mod message;
mod payment;
mod product;

use crate::{
    body,
    context::{Context, Party},
    cursor::{Page, Pager},
    gate::in_time,
    identifier,
    ledger::{
        Scoped,
        laabam::{Books, Change, Opened},
    },
    problem::{Code, Problem},
    query::Query,
    resource::health,
    routes::wrong_method,
    serve::App,
};
use axum::{
    Router,
    extract::{FromRequestParts, Path, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, StatusCode, request::Parts};
use serde::{Deserialize, Deserializer, Serialize};
use std::{collections::HashMap, sync::Arc};

/// The whole API of this surface.
pub(crate) fn router(app: App) -> Router {
    let operations = Router::new()
        .route("/v1/companies", get(company::list).post(company::create))
        .route("/v1/companies/{company}", get(company::find))
        .route("/v1/customers", get(customer::list).post(customer::create))
        .route("/v1/customers/{id}", get(customer::find).patch(customer::update).delete(customer::delete))
        .route("/v1/products", get(product::list).post(product::create))
        .route("/v1/products/{id}", get(product::find).patch(product::update).delete(product::delete))
        .route("/v1/invoices", get(invoice::list).post(invoice::create))
        .route("/v1/invoices/{id}", get(invoice::find))
        .route("/v1/invoices/{id}/void", post(invoice::void))
        .route("/v1/payments", get(payment::list).post(payment::create))
        .route("/v1/payments/{id}", get(payment::find))
        .route("/v1/payments/{id}/void", post(payment::void))
        .route("/v1/lookup/invoice", get(lookup::invoice))
        .route("/v1/lookup/customer", get(lookup::customer))
        .route("/v1/lookup/product", get(lookup::product))
        .route("/v1/lookup/payment", get(lookup::payment))
        .route("/v1/messaging/{company}/lookup", get(lookup::message))
        .route("/v1/messaging/{company}/messages", get(message::list))
        .route("/v1/messaging/{company}/sms", post(message::sms))
        .route("/v1/messaging/{company}/whatsapp", post(message::whatsapp))
        .route("/v1/messaging/{company}/email", post(message::email))
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(app.clone(), admit))
        .with_state(app.clone());
    let open = Router::new().route("/v1/health", get(health::find)).method_not_allowed_fallback(wrong_method);
    open.with_state(app).merge(operations)
}

/// Verifies the context and opens its scope.
async fn admit(State(app): State<App>, mut request: Request, next: Next) -> Response {
    match scope(&app, request.headers()).await {
        Ok(scope) => {
            request.extensions_mut().insert(scope);
            in_time(request, next).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn scope(app: &App, headers: &HeaderMap) -> Result<Scoped, Problem> {
    let now = (app.clock)();
    let Context { environment, party } = app.verifier.verify(headers, now).await?;
    let Party::Key(caller) = party else {
        let detail = "This operation belongs to an account: call it through the gateway with an API key.";
        return Err(Problem::new(Code::AccountRequired, detail));
    };
    Ok(app.ledgers.of(environment).scope(Arc::new(caller), now).await?)
}

/// Says which of several companies is meant, where the path does not.
const COMPANY: &str = "company";

/// The parameters of the path by their names.
async fn in_path(parts: &mut Parts, app: &App) -> Result<HashMap<String, String>, Problem> {
    let path = Path::<HashMap<String, String>>::from_request_parts(parts, app).await;
    Ok(path.map_err(|_| Problem::not_found())?.0)
}

/// The last name in the path.
struct Id(String);

impl FromRequestParts<App> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        in_path(parts, app).await?.remove("id").map(Self).ok_or_else(Problem::not_found)
    }
}

impl FromRequestParts<App> for Books {
    type Rejection = Problem;

    /// The one company that the context reaches (R89). A name in the path or in `company` must be in its reach too, and
    /// picks one where there are several; it never adds any (R92).
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let scope = Scoped::from_request_parts(parts, app).await?;
        let in_path = in_path(parts, app).await?.remove(COMPANY);
        let pairs = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let mut named: Vec<String> =
            pairs.filter(|(name, _)| name == COMPANY).map(|(_, value)| value.into_owned()).collect();
        named.retain(|name| !name.is_empty());
        named.extend(in_path);
        if named.windows(2).any(|pair| pair.first() != pair.last()) {
            return Err(not_allowed());
        }
        match scope.books(named.first().map(String::as_str), (app.clock)()).await? {
            Opened::Books(books) => Ok(books),
            Opened::NotAllowed => Err(not_allowed()),
            Opened::Which => {
                let detail = "This key reaches several companies: say which one in `company`, such as ?company=acme.";
                Err(Problem::new(Code::CompanyRequired, detail))
            }
            Opened::None => {
                let detail = "This key reaches no company yet: make one with POST /v1/companies, or bind the key to one by \
                              a name of the kind `slug`.";
                Err(Problem::new(Code::CompanyRequired, detail))
            }
        }
    }
}

/// The same whether the company exists or not (D9).
fn not_allowed() -> Problem {
    Problem::new(Code::CompanyNotAllowed, "This key may not act for that company.")
}

/// The parameters of a list: paging, `company`, and its own.
fn parameters(raw: Option<&str>, own: &[&str]) -> Result<Query, Problem> {
    let known: Vec<&str> = crate::cursor::PAGING.into_iter().chain([COMPANY]).chain(own.iter().copied()).collect();
    Query::parse(raw, &known)
}

#[derive(Serialize)]
struct One<'a, T> {
    data: &'a T,
}

#[derive(Serialize)]
struct Many<'a, T> {
    data: &'a [T],
    paging: Paging<'a>,
}

#[derive(Serialize)]
struct Paging<'a> {
    next_cursor: Option<&'a str>,
    has_more: bool,
}

fn one(status: StatusCode, value: &impl Serialize) -> Result<Response, Problem> {
    body::json(status, &One { data: value })
}

fn many<T: Serialize>(page: &Page<T>) -> Result<Response, Problem> {
    let paging = Paging { next_cursor: page.next.as_deref(), has_more: page.next.is_some() };
    body::json(StatusCode::OK, &Many { data: &page.rows, paging })
}

/// An answer to a change.
fn changed<T: Serialize>(status: StatusCode, change: Change<T>) -> Result<Response, Problem> {
    match change {
        Change::Done(row) => one(status, &row),
        Change::NotFound => Err(Problem::not_found()),
        Change::Taken(member) => {
            Err(Problem::new(Code::AlreadyExists, format!("The company has another record with this `{member}`.")))
        }
        Change::InUse => Err(Problem::new(Code::InUse, "Other records refer to this one, so it stays as it is.")),
        Change::Unknown(member) => {
            Err(Problem::invalid_record(format!("`{member}` names nothing that this company has.")))
        }
    }
}

/// The id of a new record.
fn new_id(app: &App, prefix: &str, now: i64) -> String {
    identifier::prefixed(prefix, now, &app.randomness)
}

/// Tells `null` from a member that is not there.
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// The page that a list's parameters ask for. Newest first unless they say otherwise.
fn pager(query: &Query, orders: &[crate::cursor::Order]) -> Result<Pager, Problem> {
    Pager::read(query, orders, true)
}
