//! Invostaq: participants, documents in UBL, and what members see of them, under `/api`.
//!
//! Owns:  the table of paths; who may call which; the way from a request to one account's rows; the form of answers.
//! Never: an operation outside of the gate, the health check excepted.
//! Read:  `router`, then `admit`.

pub(crate) mod address;
mod callback;
mod contact;
mod content;
pub(crate) mod courier;
mod csv;
mod import;
mod invoice;
pub(crate) mod network;
mod participant;
mod profile;
mod received;
mod reminder;
mod report;
mod send;
mod setting;
mod ubl;
mod vat_return;

use address::Address;

use crate::{
    body,
    context::{CompanyLimit, Context, Environment, Party},
    cursor::{Order, PAGING, Page, Pager},
    field,
    gate::in_time,
    ledger::invostaq::{Office, contact::Kind},
    problem::{Code, Problem},
    query::Query,
    resource::health,
    routes::wrong_method,
    serve::App,
};
use axum::{
    Router,
    extract::{FromRequestParts, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use serde::Serialize;

/// The whole API of this surface.
pub(crate) fn router(app: App) -> Router {
    let health = Router::new().route("/api/health", get(health::find)).method_not_allowed_fallback(wrong_method);
    let nothing = Router::new().fallback(async || Problem::not_found());
    let routes = [
        (Audience::Key, keys()),
        (Audience::Member, members()),
        (Audience::Admin, Router::new().route("/api/admin/tenants", get(report::accounts))),
        (Audience::Callback, Router::new().route("/api/callbacks/access-point", post(callback::access_point))),
        (Audience::Anybody, nothing),
    ];
    let gated = routes.into_iter().fold(Router::new(), |all, (audience, router)| {
        let gate = middleware::from_fn_with_state((app.clone(), audience), admit);
        all.merge(router.method_not_allowed_fallback(wrong_method).layer(gate))
    });
    health.merge(gated).with_state(app)
}

fn keys() -> Router<App> {
    Router::new()
        .route("/api/v1/lookup", get(participant::lookup))
        .route("/api/v2/lookup", get(participant::lookup))
        .route("/api/v2/participants", get(participant::list).post(participant::register))
        .route("/api/v2/participants/{id}", delete(participant::unregister))
        .route("/api/v2/invoices/send", post(send::create))
        .route("/api/v2/invoices", get(send::list))
        .route("/api/v2/invoices/lookup", get(send::lookup))
        .route("/api/v2/invoices/{id}", get(send::find))
        .route("/api/v2/invoices/{id}/document", get(send::document))
        .route("/api/v2/received", get(received::list))
        .route("/api/v2/received/{id}", get(received::find))
        .route("/api/v2/received/{id}/document", get(received::document))
}

fn members() -> Router<App> {
    let contacts = |path: &str, kind: Kind| {
        Router::new()
            .route(path, get(contact::list).post(contact::create))
            .route(&format!("{path}/import"), post(import::create))
            .route(&format!("{path}/seed-from-invoices"), post(import::seed))
            .route(&format!("{path}/{{id}}"), get(contact::find).put(contact::update).delete(contact::remove))
            .layer(axum::Extension(kind))
    };
    Router::new()
        .route("/api/dashboard/stats", get(report::stats))
        .route("/api/settings/profile", get(profile::find).put(profile::update))
        .route("/api/settings/webhooks", get(setting::webhooks).post(setting::create_webhook))
        .route("/api/settings/webhooks/{id}", delete(setting::delete_webhook))
        .route("/api/settings/integrations", get(setting::integrations).put(setting::put_integrations))
        .route("/api/invoices", get(invoice::list).post(invoice::create))
        .route("/api/invoices/{id}", get(invoice::find).delete(invoice::remove))
        .route("/api/invoices/{id}/approve", post(invoice::approve))
        .route("/api/invoices/{id}/paid", post(invoice::paid))
        .route("/api/vat-returns", get(vat_return::list).post(vat_return::create))
        .route("/api/vat-returns/{id}", get(vat_return::find))
        .route("/api/vat-returns/{id}/submit", post(vat_return::submit))
        .route("/api/reminders", get(reminder::list).post(reminder::create))
        .route("/api/reports/ageing", get(report::ageing))
        .merge(contacts("/api/customers", Kind::Customer))
        .merge(contacts("/api/suppliers", Kind::Supplier))
}

/// Who may call an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Audience {
    Key,
    Member,
    Admin,
    Callback,
    /// Whoever comes through the gateway: to be told that there is nothing.
    Anybody,
}

impl Audience {
    fn refusal(self) -> Problem {
        let (code, detail) = match self {
            Self::Key | Self::Anybody => (Code::KeyRequired, "This operation is for API keys."),
            Self::Member => (Code::MemberRequired, "This operation is for people who are signed in."),
            Self::Admin => (Code::AdminRequired, "This operation is for administrators."),
            Self::Callback => (Code::CallbackRequired, "This operation is for the access point."),
        };
        Problem::new(code, detail)
    }
}

/// Verifies the context and opens what it allows.
async fn admit(State((app, audience)): State<(App, Audience)>, mut request: Request, next: Next) -> Response {
    match office(&app, audience, request.headers()).await {
        Ok((environment, office)) => {
            request.extensions_mut().insert(environment);
            if let Some(office) = office {
                request.extensions_mut().insert(office);
            }
            in_time(request, next).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn office(app: &App, audience: Audience, headers: &HeaderMap) -> Result<(Environment, Option<Office>), Problem> {
    let now = (app.clock)();
    let Context { environment, party } = app.verifier.verify(headers, now).await?;
    let (account, limit) = match (audience, party) {
        (Audience::Key, Party::Key(caller)) => (caller.account, caller.companies),
        (Audience::Member, Party::Member(member)) => (member.account, CompanyLimit::All),
        (Audience::Admin, Party::Member(member)) if member.admin => (member.account, CompanyLimit::All),
        (Audience::Callback, Party::Callback) | (Audience::Anybody, _) => return Ok((environment, None)),
        _ => return Err(audience.refusal()),
    };
    Ok((environment, Some(app.ledgers.of(environment).office(&account, limit, now).await?)))
}

impl FromRequestParts<App> for Office {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        // Only the gate puts one there; a route that is outside of it gets no data.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            tracing::error!(path = parts.uri.path(), "invoicing: a route is outside of the gate");
            Problem::new(Code::Internal, "This operation is not available.")
        })
    }
}

impl Office {
    /// Refuses to act for a participant that the key's companies do not include (D9).
    fn may_act_as(&self, participant: &str) -> Result<(), Problem> {
        if self.reaches(participant) {
            return Ok(());
        }
        Err(Problem::new(Code::ParticipantNotAllowed, "This key may not act for that participant."))
    }
}

#[derive(Serialize)]
struct Items<'a, T> {
    items: &'a [T],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemsPage<'a, T> {
    items: &'a [T],
    next_cursor: Option<&'a str>,
    has_more: bool,
}

/// A list that is never longer than one answer.
fn listed<T: Serialize>(items: &[T]) -> Result<Response, Problem> {
    body::json(StatusCode::OK, &Items { items })
}

/// A page of a list.
fn paged<T: Serialize>(page: &Page<T>) -> Result<Response, Problem> {
    let page = ItemsPage { items: &page.rows, next_cursor: page.next.as_deref(), has_more: page.next.is_some() };
    body::json(StatusCode::OK, &page)
}

fn created(value: &impl Serialize) -> Result<Response, Problem> {
    body::json(StatusCode::CREATED, value)
}

fn found<T: Serialize>(value: Option<T>) -> Result<Response, Problem> {
    body::json(StatusCode::OK, &value.ok_or_else(Problem::not_found)?)
}

fn removed(there: bool) -> Result<Response, Problem> {
    if there { Ok(body::empty(StatusCode::NO_CONTENT)) } else { Err(Problem::not_found()) }
}

/// A document in UBL.
fn xml(text: Option<String>) -> Result<Response, Problem> {
    let mut response = Response::new(axum::body::Body::from(text.ok_or_else(Problem::not_found)?));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    Ok(response)
}

/// The parameters of a list: paging and its own.
fn parameters(raw: Option<&str>, own: &[&str]) -> Result<Query, Problem> {
    let known: Vec<&str> = PAGING.into_iter().chain(own.iter().copied()).collect();
    Query::parse(raw, &known)
}

/// The page that a list's parameters ask for. Newest first unless they say otherwise.
fn pager(query: &Query, orders: &[Order]) -> Result<Pager, Problem> {
    Pager::read(query, orders, true)
}

/// A day of a filter.
fn day<'a>(query: &'a Query, name: &str) -> Result<Option<&'a str>, Problem> {
    let Some(text) = query.text(name) else { return Ok(None) };
    let wrong = |_| Problem::bad_query(format!("The parameter `{name}` is not a day such as 2026-01-31."));
    field::date(name, text).map_err(wrong)?;
    Ok(Some(text))
}
