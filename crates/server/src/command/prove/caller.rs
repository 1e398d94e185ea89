//! Caller: requests to the gateway, as its callers send them.
//!
//! Owns:  the gateway's address, one connection per request, answers as text and JSON.
//! Never: follows, retries, or tells a key.
//! Read:  `Gateway::ask`.

use crate::{
    cli::control::Connection,
    client,
    failure::{Exit, Failure},
    name,
};
use bytes::Bytes;
use egress::{Fetch, Target};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use model::Secret;
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// For one probe, from dialling to the last byte.
const PROBE_TIMEOUT: Duration = Duration::from_secs(20);
/// How often one probe waits for room under the deployment's limits.
const WAITS_MAX: usize = 3;
/// Bytes of an answer that is looked at.
const ANSWER_MAX: usize = 8 << 20;

/// A request to be made.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    /// One more field.
    pub(super) field: Option<(String, String)>,
    /// The body and its type.
    pub(super) body: Option<(&'static str, String)>,
}

/// An answer.
pub(super) struct Answered {
    pub(super) status: u16,
    /// How long to wait, when it was asked too much.
    retry_after: Option<Duration>,
    pub(super) text: String,
    /// Null when it is no JSON.
    pub(super) json: Value,
}

/// The way to a gateway.
pub(super) struct Gateway {
    base: String,
    tls: Option<Arc<rustls::ClientConfig>>,
    /// Nothing waits beyond this instant.
    until: Instant,
}

impl Gateway {
    pub(super) fn open(url: &str, at: &Connection, until: Instant) -> Result<Self, Failure> {
        let target = Target::parse(url)
            .map_err(|error| Failure::usage(format!("the address of the gateway: {error}"), "set --gateway"))?;
        let tls = target.is_tls().then(|| client::tls(at)).transpose()?;
        Ok(Self { base: target.to_string(), tls, until })
    }

    /// Asks with a key. When it asks too much it waits as long as it is told, and asks again.
    pub(super) async fn ask(&self, asked: &Asked, key: &Secret<String>) -> Result<Answered, Failure> {
        for _ in 0..WAITS_MAX {
            let answer = self.once(asked, key).await?;
            match answer.retry_after {
                Some(wait) if Instant::now() + wait < self.until => tokio::time::sleep(wait).await,
                _ => return Ok(answer),
            }
        }
        self.once(asked, key).await
    }

    async fn once(&self, asked: &Asked, key: &Secret<String>) -> Result<Answered, Failure> {
        let url = format!("{}{}", self.base, asked.target);
        let method = Method::from_bytes(asked.method.as_bytes()).map_err(anyhow::Error::from)?;
        let mut fetch = Fetch::new(method, &url, self.tls.clone());
        fetch.timeout = PROBE_TIMEOUT;
        fetch.body_max = ANSWER_MAX;
        fetch.headers = headers(asked, key)?;
        if let Some((_, body)) = &asked.body {
            fetch.body = Bytes::copy_from_slice(body.as_bytes());
        }
        let answer = egress::fetch(fetch).await.map_err(|error| {
            let error = error.to_string().replace("the upstream", "the gateway");
            Failure::new(Exit::Unreachable, format!("{}: {error}", self.base)).hint("is this the gateway's address?")
        })?;
        let seconds = answer.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(Answered {
            status: answer.status.as_u16(),
            retry_after: seconds.map(Duration::from_secs).filter(|_| answer.status == StatusCode::TOO_MANY_REQUESTS),
            json: serde_json::from_slice(&answer.body).unwrap_or_default(),
            text: String::from_utf8_lossy(&answer.body).into_owned(),
        })
    }
}

fn headers(asked: &Asked, key: &Secret<String>) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    let mut value = HeaderValue::from_str(key.expose()).map_err(anyhow::Error::from)?;
    value.set_sensitive(true);
    headers.insert("x-api-key", value);
    headers.insert(header::USER_AGENT, HeaderValue::from_static(name::USER_AGENT));
    if let Some((kind, _)) = &asked.body {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if let Some((field, value)) = &asked.field {
        let field = HeaderName::from_bytes(field.as_bytes()).map_err(anyhow::Error::from)?;
        headers.append(field, HeaderValue::from_str(value).map_err(anyhow::Error::from)?);
    }
    Ok(headers)
}

impl Answered {
    #[cfg(test)]
    pub(super) fn of(status: u16) -> Self {
        Self { status, retry_after: None, text: String::new(), json: Value::Null }
    }

    /// The public code of a refusal, or an empty text.
    pub(super) fn code(&self) -> &str {
        self.json.pointer("/error/code").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}
