//! Setting: `/api/settings/webhooks` and `/api/settings/integrations` (R136). Stored only.
//!
//! Owns:  what may stand there.
//! Never: tells a secret again; calls anybody.
//! Read:  top down.

use super::{Office, created, listed, removed};
use crate::{
    body, field, identifier,
    ledger::{Moment, invostaq::webhook::WebhookRow},
    problem::{Code, Problem},
    serve::App,
};
use axum::{
    extract::{Path, Request, State},
    response::Response,
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

/// Characters of a name, an address and a secret.
const NAME_MAX: usize = 100;
const URL_MAX: usize = 2_048;
const SECRET: std::ops::RangeInclusive<usize> = 16..=256;
/// Bytes of the settings of integrations.
const INTEGRATIONS_MAX: usize = 64 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookBody {
    name: String,
    url: String,
    secret: String,
}

pub(super) async fn webhooks(office: Office) -> Result<Response, Problem> {
    listed(&office.webhooks().await?)
}

pub(super) async fn create_webhook(
    State(app): State<App>,
    office: Office,
    request: Request,
) -> Result<Response, Problem> {
    let WebhookBody { name, url, secret } = body::read_json(request).await?;
    let https =
        |url: &Url| url.scheme() == "https" && url.has_host() && url.username().is_empty() && url.password().is_none();
    if url.len() > URL_MAX || !Url::parse(&url).is_ok_and(|url| https(&url)) {
        return Err(Problem::invalid_record("`url` is not an https:// address without a user name in it."));
    }
    if !SECRET.contains(&secret.len()) || !secret.bytes().all(|b| b.is_ascii_graphic()) {
        let (least, most) = (SECRET.start(), SECRET.end());
        return Err(Problem::invalid_record(format!("`secret` is not {least} to {most} visible ASCII characters.")));
    }
    let row = WebhookRow {
        id: identifier::uuid(&app.randomness),
        name: field::text("name", &name, NAME_MAX)?,
        url,
        created: Moment((app.clock)()),
    };
    if !office.create_webhook(&row, &secret).await? {
        return Err(Problem::new(Code::TooMany, "The account has as many webhooks as it may have: delete one first."));
    }
    created(&row)
}

pub(super) async fn delete_webhook(office: Office, Path(id): Path<String>) -> Result<Response, Problem> {
    removed(office.delete_webhook(&id).await?)
}

pub(super) async fn integrations(office: Office) -> Result<Response, Problem> {
    raw(office.integrations().await?)
}

pub(super) async fn put_integrations(
    State(app): State<App>,
    office: Office,
    request: Request,
) -> Result<Response, Problem> {
    let settings: serde_json::Map<String, serde_json::Value> = body::read_json(request).await?;
    let text = serde_json::Value::Object(settings).to_string();
    if text.len() > INTEGRATIONS_MAX {
        return Err(Problem::invalid_record(format!("The settings are more than {INTEGRATIONS_MAX} bytes.")));
    }
    office.put_integrations(&text, (app.clock)()).await?;
    raw(text)
}

/// JSON as it is.
fn raw(text: String) -> Result<Response, Problem> {
    let value = RawValue::from_string(text).map_err(|error| {
        tracing::error!(%error, "invoicing: stored settings are not JSON");
        Problem::new(Code::Internal, "The settings cannot be read. The cause is in the server's log.")
    })?;
    body::json(StatusCode::OK, &value)
}
