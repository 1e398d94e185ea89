//! Requests on the wire: the request log, and why a request was refused (D25, D5).
//!
//! Owns:  the JSON of a request of the log, its query, and of a decision traced back.
//! Never: decides or explains; `control` replays a request through `admission`.
//! Read:  `RequestOut`, then `RequestTraceOut`.

use crate::{
    explain::{ExplainOut, RemedyOut},
    time::Time,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which requests of an account.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RequestsQuery {
    /// The most items to answer: 1 to 200, 50 when left out. A page may hold fewer and still have a next one.
    #[param(minimum = 1, maximum = 200, default = 50)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before; left out for the first page.
    #[param(min_length = 1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Only requests with this key.
    #[param(pattern = "^key_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// Only requests for this operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Only answers of this class: `2xx`, `3xx`, `4xx` or `5xx`.
    #[param(pattern = "^[1-5]xx$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Only requests refused for this reason: `insufficient_scope`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Only requests with the `test` or the `live` half of a key.
    #[param(pattern = "^(test|live)$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// From this instant on (RFC 3339), to the millisecond.
    #[param(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Before this instant (RFC 3339), to the millisecond.
    #[param(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// One request of the log. It never holds a secret, a path, a query value or a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestOut {
    /// Its id, as the caller was told it in `x-request-id`.
    #[schema(example = "req_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub id: String,
    /// When it came.
    pub at: Time,
    /// Whose key it was; null when no key was recognised.
    #[schema(required = true)]
    pub account_id: Option<String>,
    /// With which key; null when none was recognised.
    #[schema(required = true, example = "key_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub key_id: Option<String>,
    /// With which half of the key.
    #[schema(required = true, example = "live")]
    pub environment: Option<String>,
    /// The method, or `OTHER`.
    #[schema(example = "POST")]
    pub method: String,
    /// The operation; null when the catalogue has none for it.
    #[schema(required = true, example = "send_create")]
    pub operation: Option<String>,
    /// The answer's status.
    #[schema(example = 403)]
    pub status: u16,
    /// `ok`, `client_error`, `server_error`, `refused` or `limited`.
    #[schema(example = "refused")]
    pub outcome: String,
    /// The precise reason of a refusal, which the caller was not told.
    #[schema(required = true, example = "insufficient_scope")]
    pub reason: Option<String>,
    /// The limit that had no room.
    #[schema(required = true)]
    pub limit: Option<String>,
    /// The company that it named, when that is known.
    #[schema(required = true)]
    pub company_id: Option<String>,
    /// The caller's address.
    #[schema(example = "192.0.2.7")]
    pub address: String,
    /// What the caller said of itself, without control characters and at most 512 bytes.
    #[schema(required = true, example = "curl/8.5.0")]
    pub user_agent: Option<String>,
    /// The web origin, when a browser sent one.
    #[schema(required = true)]
    pub origin: Option<String>,
    /// Microseconds to the head of the answer.
    #[schema(example = 812)]
    pub duration_micros: u64,
}

/// One request, why it was refused, and what would happen to it now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestTraceOut {
    /// What was recorded.
    pub request: RequestOut,
    /// Which of the key's secrets it came with, as that stands now: `current`, `previous` or `ended`.
    #[schema(required = true, example = "current")]
    pub secret: Option<String>,
    /// Why it was refused then; null when it was not.
    #[schema(required = true)]
    pub refusal: Option<TracedRefusalOut>,
    /// What the same request would meet now, by the code that decides real requests. Null when it cannot be said.
    #[schema(required = true)]
    pub now: Option<ExplainOut>,
    /// Why `now` is null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_replayed: Option<String>,
    /// Which changes would allow the request; empty when it would pass as it is.
    pub remedies: Vec<RemedyOut>,
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TracedRefusalOut {
    /// The check that failed: `credential`, `status`, `expiry`, `secret`, `freshness`, `operation`, `audience`, `address`,
    /// `origin`, `scope`, `company`, `body`, `limit`, `idempotency`, `token`, `identity`, `callback`; or `transport` when no
    /// rule was asked.
    #[schema(example = "scope")]
    pub check: String,
    /// The precise reason.
    #[schema(example = "insufficient_scope")]
    pub reason: String,
    /// The public code that the caller was told; null for what is no refusal by a rule.
    #[schema(required = true, example = "insufficient_scope")]
    pub code: Option<String>,
    /// The rule and what it was held against, as far as it was recorded.
    #[schema(example = "The operation send_create needs the scope send:send, which the key did not have.")]
    pub rule: String,
}
