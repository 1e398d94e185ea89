//! Usage on the wire: how often a key was used, for what and how it ended, and when it was used last (R14, R101).
//!
//! Owns:  the JSON of counts and of last uses.
//! Never: counts.
//! Read:  `KeyUsageOut`, then `LastUsedOut`.

use crate::{key::KeyOut, time::Time};
use model::{Environment, SecretSlot};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which counts of a key.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct UsageQuery {
    /// `minute` (kept for 2 days), `hour` (90 days) or `day` (2 years); `hour` when left out.
    #[param(pattern = "^(minute|hour|day)$", default = "hour")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub granularity: Option<String>,
    /// From this instant on (RFC 3339); left out: the last hour, day or 30 days.
    #[param(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Before this instant (RFC 3339); left out: now.
    #[param(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// How often a key was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyUsageOut {
    /// The key.
    pub key_id: String,
    /// `minute`, `hour` or `day`.
    #[schema(example = "hour")]
    pub granularity: String,
    /// The start of the first span.
    pub since: Time,
    /// The end.
    pub until: Time,
    /// Since when usage is kept; what was before is not known. Null: nothing was kept yet.
    #[schema(required = true)]
    pub kept_since: Option<Time>,
    /// Whether `data` holds all spans. If not, the oldest were left out: ask for a shorter time.
    pub complete: bool,
    /// The sums of `data`, by outcome.
    pub totals: TotalsOut,
    /// Newest span first; spans without requests are not listed.
    #[schema(max_items = 5000)]
    pub data: Vec<UsageCountOut>,
}

/// Requests by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TotalsOut {
    /// The upstream answered below 400.
    pub ok: u64,
    /// The upstream answered 4xx, or the caller's request broke off.
    pub client_error: u64,
    /// The upstream answered 5xx, or could not be reached.
    pub server_error: u64,
    /// The gateway said no.
    pub refused: u64,
    /// A limit had no room.
    pub limited: u64,
}

/// Requests of one kind in one span.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageCountOut {
    /// The start of the span.
    pub start: Time,
    /// The operation; null when the catalogue had none.
    #[schema(required = true, example = "send_create")]
    pub operation: Option<String>,
    /// `test` or `live`.
    #[schema(example = "live")]
    pub environment: String,
    /// `ok`, `client_error`, `server_error`, `refused` or `limited`.
    #[schema(example = "ok")]
    pub outcome: String,
    /// How many.
    #[schema(example = 17)]
    pub count: u64,
}

/// The last request that a secret was good for, whatever the key was allowed to do with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastUsedOut {
    /// When.
    pub at: Time,
    /// From which address.
    #[schema(example = "192.0.2.7")]
    pub address: String,
    /// For which operation; null when the catalogue had none.
    #[schema(required = true, example = "company_list")]
    pub operation: Option<String>,
    /// `test` or `live`.
    #[schema(example = "live")]
    pub environment: String,
}

impl KeyOut {
    /// Notes when one of its secrets was used last.
    pub fn note_use(&mut self, environment: Environment, slot: SecretSlot, used: LastUsedOut) {
        let half = match environment {
            Environment::Test => self.test.as_mut(),
            Environment::Live => self.live.as_mut(),
        };
        let Some(half) = half else { return };
        match slot {
            SecretSlot::Current => half.last_used = Some(used),
            SecretSlot::Previous => {
                if let Some(previous) = &mut half.previous {
                    previous.last_used = Some(used);
                }
            }
        }
    }
}
