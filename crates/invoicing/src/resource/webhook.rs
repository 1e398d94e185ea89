//! Webhooks: `/v1/webhook` and their history.
//!
//! Owns:  what a subscription may say; the making of its secret.
//! Never: delivers, so the history is empty; an address without encryption.
//! Read:  top down.

use super::{Named, in_reach, one, page};
use crate::{
    body,
    ledger::{
        Rows, Scoped,
        webhook::{ORDERS, WebhookChange, WebhookDraft, WebhookFilter},
    },
    problem::Problem,
    query::{PAGING, Query},
    resource::company::{not_allowed, stale},
    serve::App,
};
use axum::{
    extract::{RawQuery, Request, State},
    response::Response,
};
use data_encoding::HEXLOWER;
use http::StatusCode;
use serde::{Deserialize, de::IgnoredAny};
use url::Url;

/// Characters of an address and of a description.
const URL_MAX: usize = 2_048;
const DESCRIPTION_MAX: usize = 500;
/// Names of events in one subscription, and characters of one.
const EVENTS_MAX: usize = 50;
const EVENT_MAX: usize = 64;
/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;

/// A subscription as a caller writes it. What the server sets is accepted and not read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookBody {
    id: Option<i32>,
    version: Option<i64>,
    company_id: Option<i32>,
    url: String,
    enabled: Option<bool>,
    description: Option<String>,
    events: Option<Vec<String>>,
    #[serde(rename = "created")]
    _created: Option<IgnoredAny>,
    #[serde(rename = "user_id")]
    _user_id: Option<IgnoredAny>,
    #[serde(rename = "secret")]
    _secret: Option<IgnoredAny>,
    #[serde(rename = "failure_notified_at")]
    _failure_notified_at: Option<IgnoredAny>,
}

impl WebhookBody {
    fn draft(self) -> Result<WebhookDraft, Problem> {
        let https = |url: &Url| {
            url.scheme() == "https" && url.has_host() && url.username().is_empty() && url.password().is_none()
        };
        if self.url.len() > URL_MAX || !Url::parse(&self.url).is_ok_and(|url| https(&url)) {
            return Err(Problem::invalid_record("`url` is not an https:// address without a user name in it."));
        }
        if self.description.as_ref().is_some_and(|text| text.chars().count() > DESCRIPTION_MAX) {
            return Err(Problem::invalid_record(format!("`description` is longer than {DESCRIPTION_MAX} characters.")));
        }
        let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let named =
            |name: &String| name.len() <= EVENT_MAX && name.split_once('.').is_some_and(|(a, b)| word(a) && word(b));
        if self.events.as_ref().is_some_and(|events| events.len() > EVENTS_MAX || !events.iter().all(named)) {
            let wanted = format!("at most {EVENTS_MAX} names such as send.add");
            return Err(Problem::invalid_record(format!("`events` is not a list of {wanted}.")));
        }
        Ok(WebhookDraft {
            company_id: self.company_id.map(i64::from),
            url: self.url,
            enabled: self.enabled.unwrap_or(true),
            description: self.description,
            events: self.events,
        })
    }
}

const KNOWN: [&str; 8] = ["company_id", "description", "enabled", "events", "url", "page", "page_size", "sort"];

pub(crate) async fn list(scope: Scoped, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = Query::parse(raw.as_deref(), &KNOWN)?;
    let filter = WebhookFilter {
        company_id: query.int("company_id")?,
        description: query.text("description"),
        enabled: query.flag("enabled")?,
        event: query.text("events"),
        url: query.text("url"),
    };
    in_reach(&scope, filter.company_id).await?;
    page(&scope.webhooks(&query.slice(&ORDERS)?, &filter).await?)
}

pub(crate) async fn find(scope: Scoped, name: Named) -> Result<Response, Problem> {
    let row = scope.webhook(name.only_id()?).await?.ok_or_else(Problem::not_found)?;
    one(StatusCode::OK, &row, row.id, row.company_id)
}

pub(crate) async fn create(State(app): State<App>, scope: Scoped, request: Request) -> Result<Response, Problem> {
    let body: WebhookBody = body::read_json(request).await?;
    if body.id.is_some_and(|id| id != 0) {
        return Err(Problem::invalid_record("`id` is given by the server: leave it out, or 0."));
    }
    let draft = body.draft()?;
    let mut bytes = [0_u8; SECRET_BYTES];
    (app.randomness)(&mut bytes);
    let secret = format!("wh_sec_{}", HEXLOWER.encode(&bytes));
    answer(StatusCode::CREATED, scope.create_webhook(&draft, &secret, (app.clock)()).await?)
}

pub(crate) async fn update(scope: Scoped, request: Request) -> Result<Response, Problem> {
    let body: WebhookBody = body::read_json(request).await?;
    let id = body.id.ok_or_else(|| Problem::invalid_record("`id` says which webhook to change; it is missing."))?;
    let version = body.version;
    answer(StatusCode::OK, scope.update_webhook(i64::from(id), version, &body.draft()?).await?)
}

pub(crate) async fn delete(scope: Scoped, name: Named) -> Result<Response, Problem> {
    answer(StatusCode::OK, scope.delete_webhook(name.only_id()?).await?)
}

fn answer(status: StatusCode, change: WebhookChange) -> Result<Response, Problem> {
    match change {
        WebhookChange::Done(row) => one(status, &row, row.id, row.company_id),
        WebhookChange::NotFound => Err(Problem::not_found()),
        WebhookChange::NotAllowed => Err(not_allowed()),
        WebhookChange::Stale(version) => Err(stale(version)),
    }
}

/// Nothing is delivered, so there is no history; a subscription out of reach is as unknown as ever.
pub(crate) async fn history(scope: Scoped, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let known: Vec<&str> = PAGING.into_iter().chain(["webhook_id"]).collect();
    let query = Query::parse(raw.as_deref(), &known)?;
    if let Some(id) = query.int("webhook_id")? {
        scope.webhook(id).await?.ok_or_else(Problem::not_found)?;
    }
    page(&Rows::<()> { rows: Vec::new(), total: 0 })
}

pub(crate) async fn find_history(_: Scoped) -> Problem {
    Problem::not_found()
}
