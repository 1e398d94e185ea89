//! Overview on the wire: an account at a glance.
//!
//! Owns:  its JSON and its query.
//! Never: counts.
//! Read:  `OverviewOut`.

use crate::{time::Time, usage::TotalsOut};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The longest time that is looked back, in hours.
pub const HOURS_MAX: u32 = 24 * 90;
/// How far is looked back when nobody says.
pub const HOURS_DEFAULT: u32 = 24;

/// What to look at.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct OverviewQuery {
    /// Only the `test` or the `live` halves of keys.
    #[param(pattern = "^(test|live)$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// How many hours to look back: 1 to 2160, 24 when left out.
    #[param(minimum = 1, maximum = 2160, default = 24)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<u32>,
}

/// An account at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OverviewOut {
    /// The start of the first span.
    pub since: Time,
    /// The end.
    pub until: Time,
    /// How long each span is: `minute`, `hour` or `day`.
    #[schema(example = "hour")]
    pub granularity: String,
    /// Since when usage is kept; what was before is not known. Null: nothing was kept yet.
    #[schema(required = true)]
    pub kept_since: Option<Time>,
    /// The sums of all spans.
    pub totals: TotalsOut,
    /// Oldest first; spans without requests are not listed.
    #[schema(max_items = 2200)]
    pub spans: Vec<SpanOut>,
    /// The keys most used, the most used first.
    #[schema(max_items = 10)]
    pub top_keys: Vec<KeyCountOut>,
    /// Why requests were refused, the most frequent first, as far as the request log goes back.
    #[schema(max_items = 20)]
    pub refusals: Vec<ReasonCountOut>,
    /// What is worth looking at in the keys, the most frequent first.
    #[schema(max_items = 50)]
    pub findings: Vec<FindingCountOut>,
    /// Which limits of which keys had no room, the most frequent first, as far as the request log goes back.
    #[schema(max_items = 20)]
    pub limits: Vec<LimitCountOut>,
    /// How full limits were at their peaks of the last hour, the fullest first. Of windows only, of the newest 1,000 keys and of
    /// the account. Each is a lower bound: it adds up whole minutes, while the gateway counts every instant.
    #[schema(max_items = 20)]
    pub limit_use: Vec<LimitUseOut>,
    /// Whether every key was looked at for findings. Only the newest 1,000 are.
    pub findings_complete: bool,
}

/// The requests of one span.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpanOut {
    /// Its start.
    pub start: Time,
    /// By outcome.
    #[serde(flatten)]
    pub counts: TotalsOut,
}

/// How often a key was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyCountOut {
    /// Which.
    #[schema(example = "key_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub key_id: String,
    /// What it is for; empty when it is deleted.
    pub description: String,
    /// `primary` or `restricted`; null when it is deleted.
    #[schema(required = true)]
    pub kind: Option<String>,
    /// Its requests.
    pub count: u64,
}

/// How often requests were refused for a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReasonCountOut {
    /// The precise reason.
    #[schema(example = "insufficient_scope")]
    pub reason: String,
    /// How often.
    pub count: u64,
}

/// How many keys have a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FindingCountOut {
    /// Which finding.
    #[schema(example = "no_expiry")]
    pub code: String,
    /// `warning` or `advice`.
    #[schema(example = "advice")]
    pub level: String,
    /// How many keys.
    pub count: u64,
}

/// How full a limit was at its peak of the last hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LimitUseOut {
    /// By which key; null: by all keys of the account together.
    #[schema(required = true, example = "key_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub key_id: Option<String>,
    /// With its `test` or its `live` half: they are counted apart.
    #[schema(example = "live")]
    pub environment: String,
    /// Which limit.
    #[schema(example = "default")]
    pub limit: String,
    /// How many requests were let through within so many seconds.
    #[schema(example = 48)]
    pub used: u64,
    /// How many the limit lets through in that time, with the key's own number where it has one.
    #[schema(example = 60)]
    pub room: u64,
    /// The time of the peak, in seconds.
    #[schema(example = 60)]
    pub seconds: u32,
    /// `used` of `room`, in whole percent, rounded down. From 80 on the limit is close to its end.
    #[schema(example = 80)]
    pub percent: u32,
}

/// How often a limit of a key had no room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LimitCountOut {
    /// Whose.
    #[schema(example = "key_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub key_id: String,
    /// Which limit.
    #[schema(example = "default")]
    pub limit: String,
    /// How many requests were refused.
    pub count: u64,
}
