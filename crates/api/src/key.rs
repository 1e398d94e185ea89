//! Keys on the wire (D1, D2, D4, D7, D9, D13).
//!
//! Owns:  the JSON of keys as they are. Secrets are in `issued` alone (R68, R72).
//! Never: draws secrets or looks companies up; `control` does.
//! Read:  `KeyOut`, then `draft` and `issued`. Tests: `key/tests.rs`.

mod draft;
mod finding;
mod issued;
mod restriction;
mod rotation;
mod settings;
#[cfg(test)]
mod tests;

pub use draft::{KeyChange, KeyDraft, KeyIn, KeyPatch};
pub use finding::{EXPIRES_SOON_DAYS, Finding, FindingOut, FindingText, Level, findings};
pub use issued::{CredentialSecret, KeyIssued, KeySecrets, SecretText};
pub use restriction::{ALL, Companies};
pub use rotation::{EndPreviousIn, OVERLAP_DEFAULT_SECONDS, OVERLAP_MAX_SECONDS, RotateIn, Rotation};
pub use settings::{ANY_ORIGIN_UNCONFIRMED, OwnLimits, ROTATE_DAYS_MAX, any_origin_needs_confirmation};

use crate::{
    receipt::{ReceiptOut, RowState},
    time::Time,
    usage::LastUsedOut,
};
use model::{Credential, Environment, Key, SecretSlot, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which keys of an account.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct KeysQuery {
    /// The most items to answer: 1 to 200, 50 when left out.
    #[param(minimum = 1, maximum = 200, default = 50)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before; left out for the first page.
    #[param(min_length = 1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Only keys with this status: `active`, `disabled` or `revoked`.
    #[param(pattern = "^(active|disabled|revoked)$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Only `primary` or only `restricted` keys.
    #[param(pattern = "^(primary|restricted)$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// A key. Its secrets are not here: nothing shows them again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyOut {
    /// Its id.
    #[schema(example = "key_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub id: String,
    /// The account that owns it.
    pub account_id: String,
    /// `primary` or `restricted`.
    #[schema(example = "restricted")]
    pub kind: String,
    /// What it is for.
    pub description: String,
    /// `active`, `disabled` or `revoked`. Expiry is not a status: compare `expires_at`.
    #[schema(example = "active")]
    pub status: String,
    /// `full_access`, `read_only`, `send` or `custom`.
    #[schema(example = "read_only")]
    pub preset: String,
    /// The scopes that the preset stands for.
    #[schema(example = json!(["*:read"]))]
    pub scopes: Vec<String>,
    /// `"all"`, or the ids of the companies it may reach. An empty list reaches nothing: its companies were deleted.
    pub companies: Companies,
    /// The environments in which it has a credential.
    #[schema(max_items = 2, example = json!(["test", "live"]))]
    pub environments: Vec<String>,
    /// From this instant on it is refused.
    #[schema(required = true)]
    pub expires_at: Option<Time>,
    /// The web pages that may use it; empty: none.
    #[schema(example = json!(["https://app.example.com"]))]
    pub origins: Vec<String>,
    /// The addresses that it may be used from; empty: all.
    #[schema(example = json!(["203.0.113.0/24"]))]
    pub networks: Vec<String>,
    /// Its own numbers in place of the deployment's.
    pub limits: OwnLimits,
    /// How old its secrets may grow before a rotation is due, in days.
    #[schema(required = true, example = 90)]
    pub rotate_every_days: Option<u16>,
    /// What its owner should look at, the urgent first.
    pub findings: Vec<FindingOut>,
    /// The member who created it. Null: an operator did, or whoever registered the account.
    #[schema(required = true, example = "mem_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub created_by: Option<String>,
    /// When it was created.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// Grows with every change; a patch may name the version that it was made for.
    #[schema(example = 1)]
    pub version: u64,
    /// Its test credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<CredentialOut>,
    /// Its live credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<CredentialOut>,
}

/// One environment's half of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CredentialOut {
    /// The public half.
    #[schema(example = "ci_0123456789abcdef01234567")]
    pub client_id: String,
    /// The last four characters of the secret.
    #[schema(example = "x7Qa")]
    pub last_four: String,
    /// When the secret was made.
    pub created_at: Time,
    /// The secret before the last rotation, while it lives on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousSecretOut>,
    /// When the secret was used last, if ever; up to a second behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used: Option<LastUsedOut>,
}

/// A secret that was rotated away and still works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviousSecretOut {
    /// Its last four characters.
    #[schema(example = "p0Zr")]
    pub last_four: String,
    /// From this instant on it is refused.
    pub ends_at: Time,
    /// When it was used last, if ever: whether somebody still has to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used: Option<LastUsedOut>,
}

/// One secret of a key, as the store has it.
#[derive(Clone, Debug)]
pub struct CredentialState<'a> {
    /// The credential.
    pub credential: &'a Credential,
    /// Its client id, as this deployment writes it.
    pub client_id: String,
    /// When this secret was made.
    pub created_at: Timestamp,
    /// Whether its overlap was ended by hand.
    pub ended: bool,
}

impl KeyOut {
    /// A key and its credentials as they are at `now`. Who created it stands in the row alone: `created_by` is the caller's to add.
    #[must_use]
    pub fn new(key: &Key, credentials: &[CredentialState<'_>], row: RowState, now: Timestamp) -> Self {
        let half = |environment| half(credentials, environment, now);
        Self {
            id: key.id.to_string(),
            account_id: key.account.to_string(),
            kind: key.kind.as_str().to_owned(),
            description: key.description.clone(),
            status: key.status.as_str().to_owned(),
            preset: key.preset.name().to_owned(),
            scopes: key.preset.scopes().to_texts(),
            companies: Companies::from(&key.companies),
            environments: key.environments.iter().map(|e| e.as_str().to_owned()).collect(),
            expires_at: key.expires_at.map(Time),
            origins: key.origins.as_slice().iter().map(ToString::to_string).collect(),
            networks: key.networks.as_slice().iter().map(ToString::to_string).collect(),
            limits: OwnLimits::from(&key.limits),
            rotate_every_days: key.rotate_every_days,
            findings: findings(key, credentials, now).into_iter().map(FindingOut::from).collect(),
            created_by: None,
            created_at: Time(key.created_at),
            updated_at: Time(row.updated_at),
            version: row.version,
            test: half(Environment::Test),
            live: half(Environment::Live),
        }
    }
}

fn half(credentials: &[CredentialState<'_>], environment: Environment, now: Timestamp) -> Option<CredentialOut> {
    let slot =
        |slot| credentials.iter().find(move |c| c.credential.environment == environment && c.credential.slot == slot);
    let current = slot(SecretSlot::Current)?;
    let previous = slot(SecretSlot::Previous).filter(|p| !p.ended).and_then(|previous| {
        let ends_at = previous.credential.ends_at.filter(|at| *at > now)?;
        Some(PreviousSecretOut { last_four: last_four(previous.credential), ends_at: Time(ends_at), last_used: None })
    });
    Some(CredentialOut {
        client_id: current.client_id.clone(),
        last_four: last_four(current.credential),
        created_at: Time(current.created_at),
        previous,
        last_used: None,
    })
}

fn last_four(credential: &Credential) -> String {
    String::from_utf8_lossy(&credential.last_four).into_owned()
}

/// A key after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyChanged {
    /// The key as it is now.
    pub key: KeyOut,
    /// Since when the change is in force.
    pub in_force: ReceiptOut,
}

/// A key that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyDeleted {
    /// Its id.
    pub key_id: String,
    /// Since when the deletion is in force.
    pub in_force: ReceiptOut,
}
