//! Keys on the wire (D1, D2, D4, D7, D9, D13).
//!
//! Owns:  the JSON of keys. Secrets are in `issued` alone (R68, R72).
//! Never: draws secrets or looks companies up; `control` does.
//! Read:  `KeyIn`, `KeyOut`, then `issued`. Tests: `key/tests.rs`.

mod issued;
mod restriction;
#[cfg(test)]
mod tests;

pub use issued::{CredentialSecret, KeyIssued, KeySecrets, SecretText};
pub use restriction::{ALL, Companies};

use crate::{
    problem::FieldProblem,
    receipt::{ReceiptOut, RowState},
    schema,
    time::Time,
    usage::LastUsedOut,
    validation::{Change, Checks},
};
use model::{
    CompanyRestriction, Credential, Environment, Environments, Key, Preset, ScopeSet, SecretSlot, Timestamp,
    key::DESCRIPTION_MAX,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How long an old secret lives on after a rotation when the caller does not say: 24 hours (D13).
pub const OVERLAP_DEFAULT_SECONDS: u64 = 86_400;
/// The longest overlap: 90 days (D13).
pub const OVERLAP_MAX_SECONDS: u64 = 90 * 86_400;

/// A new restricted key. Everything may be left out: the key is then read-only, for all companies, without expiry.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyIn {
    /// What it is for.
    #[schema(schema_with = schema::description)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it may do: `full_access`, `read_only` (the default), `send`, or `custom` with `scopes`.
    #[schema(pattern = "^(full_access|read_only|send|custom)$", default = "read_only")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// For a custom key: `resource:action` or `*:action`, with action `read`, `write` or `send`.
    #[schema(schema_with = schema::scopes)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// `"all"` (the default), or the ids of the companies it may reach, at least one.
    #[schema(schema_with = restriction::chosen_schema)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub companies: Option<Companies>,
    /// Which credentials it has: `test`, `live` or both (the default). It cannot be changed later.
    #[schema(schema_with = schema::environments)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environments: Option<Vec<String>>,
    /// From this instant on the key is refused; never when left out.
    #[schema(schema_with = schema::expiry)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// Changes to a key; a member that is left out keeps its value.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyPatch {
    /// What it is for; null clears it.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    #[schema(schema_with = schema::description, required = false)]
    pub description: Change<String>,
    /// What it may do: `full_access`, `read_only`, `send`, or `custom` with `scopes`.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    #[schema(value_type = String, required = false, pattern = "^(full_access|read_only|send|custom)$")]
    pub preset: Change<String>,
    /// The whole new list of scopes; the key becomes `custom`.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    #[schema(schema_with = schema::scopes, required = false)]
    pub scopes: Change<Vec<String>>,
    /// `"all"`, or the whole new list of companies, at least one.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    #[schema(schema_with = restriction::chosen_schema, required = false)]
    pub companies: Change<Companies>,
    /// A new expiry; null removes it.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    #[schema(schema_with = schema::expiry, required = false)]
    pub expires_at: Change<String>,
    /// Refuse the change when the key is not at this `version` any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<u64>,
}

/// The checked settings of a new key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDraft {
    /// What it is for.
    pub description: String,
    /// What it may do.
    pub preset: Preset,
    /// Whose documents it may reach; whether these companies exist is not checked yet.
    pub companies: CompanyRestriction,
    /// In which environments it has a credential.
    pub environments: Environments,
    /// From this instant on it is refused.
    pub expires_at: Option<Timestamp>,
}

/// The checked changes to a key; `None` keeps the value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyChange {
    /// What it is for.
    pub description: Option<String>,
    /// What it may do.
    pub preset: Option<Preset>,
    /// Whose documents it may reach; whether these companies exist is not checked yet.
    pub companies: Option<CompanyRestriction>,
    /// From this instant on it is refused; the inner `None` removes the expiry.
    pub expires_at: Option<Option<Timestamp>>,
    /// The version that the caller has read.
    pub expected_version: Option<u64>,
}

impl KeyIn {
    /// The checked settings, or every problem. `now` bounds the expiry.
    pub fn check(self, now: Timestamp) -> Result<KeyDraft, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let description = description(self.description.unwrap_or_default(), &mut checks);
        let preset = preset(self.preset.as_deref(), self.scopes.as_deref(), &mut checks);
        let companies = self.companies.map_or(Some(CompanyRestriction::All), |c| c.check(&mut checks));
        let environments = self.environments.map_or(Some(Environments::Both), |e| environments(&e, &mut checks));
        let expires_at = self.expires_at.and_then(|text| expiry(&text, now, &mut checks));
        checks.finish()?;
        Ok(KeyDraft {
            description,
            preset: preset.unwrap_or(Preset::ReadOnly),
            companies: companies.unwrap_or(CompanyRestriction::All),
            environments: environments.unwrap_or(Environments::Both),
            expires_at,
        })
    }
}

impl KeyPatch {
    /// The checked changes, or every problem. `now` bounds the expiry.
    pub fn check(self, now: Timestamp) -> Result<KeyChange, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let description = match self.description {
            Change::Keep => None,
            Change::Clear => Some(String::new()),
            Change::Set(text) => Some(description(text, &mut checks)),
        };
        let name = self.preset.required("/preset", &mut checks);
        let scopes = self.scopes.required("/scopes", &mut checks);
        let named = name.is_some() || scopes.is_some();
        let preset = named.then(|| preset(name.as_deref(), scopes.as_deref(), &mut checks)).flatten();
        let companies = self.companies.required("/companies", &mut checks).and_then(|c| c.check(&mut checks));
        let expires_at = match self.expires_at {
            Change::Keep => None,
            Change::Clear => Some(None),
            Change::Set(text) => expiry(&text, now, &mut checks).map(Some),
        };
        checks.finish()?;
        Ok(KeyChange { description, preset, companies, expires_at, expected_version: self.expected_version })
    }
}

fn description(text: String, checks: &mut Checks) -> String {
    checks.text("/description", text, 0, DESCRIPTION_MAX).unwrap_or_default()
}

/// Scopes without a preset mean `custom`; neither means `read_only` (D7).
fn preset(name: Option<&str>, scopes: Option<&[String]>, checks: &mut Checks) -> Option<Preset> {
    match (name, scopes) {
        (None, None) | (Some("read_only"), None) => Some(Preset::ReadOnly),
        (Some("full_access"), None) => Some(Preset::FullAccess),
        (Some("send"), None) => Some(Preset::Send),
        (Some("custom"), None) => checks.want("/scopes", None, "a custom key needs its scopes"),
        (Some("custom") | None, Some(texts)) => custom(texts, checks),
        (Some("full_access" | "read_only" | "send"), Some(_)) => checks.want(
            "/scopes",
            None,
            "only a custom key has scopes of its own; leave scopes out or use preset custom",
        ),
        (Some(_), _) => checks.want("/preset", None, "use full_access, read_only, send or custom"),
    }
}

fn custom(texts: &[String], checks: &mut Checks) -> Option<Preset> {
    if texts.is_empty() || texts.len() > model::scope::SCOPES_MAX {
        let wanted = format!("name 1 to {} scopes", model::scope::SCOPES_MAX);
        return checks.want("/scopes", None, &wanted);
    }
    let wanted = "not a scope: write resource:action or *:action, with action read, write or send";
    for (i, text) in texts.iter().enumerate() {
        checks.want(format!("/scopes/{i}"), ScopeSet::parse(std::slice::from_ref(text)).ok(), wanted);
    }
    ScopeSet::parse(texts).ok().map(Preset::Custom)
}

fn environments(texts: &[String], checks: &mut Checks) -> Option<Environments> {
    let mut chosen = [false; 2];
    for (i, text) in texts.iter().enumerate().take(4) {
        match checks.want(format!("/environments/{i}"), Environment::parse(text), "use test or live") {
            Some(Environment::Test) => chosen[0] = true,
            Some(Environment::Live) => chosen[1] = true,
            None => {}
        }
    }
    match chosen {
        [true, true] => Some(Environments::Both),
        [true, false] => Some(Environments::Only(Environment::Test)),
        [false, true] => Some(Environments::Only(Environment::Live)),
        [false, false] => checks.want("/environments", None, "name test, live or both"),
    }
}

fn expiry(text: &str, now: Timestamp, checks: &mut Checks) -> Option<Timestamp> {
    match Time::parse(text) {
        Ok(at) => checks.want("/expires_at", (at > now).then_some(at), "is over already; choose a time to come"),
        Err(error) => checks.want("/expires_at", None, &error.to_string()),
    }
}

/// How to rotate a key. Everything may be left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateIn {
    /// Which secrets to replace; left out: all that the key has.
    #[schema(schema_with = schema::environments)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environments: Option<Vec<String>>,
    /// How long the old secrets live on, in seconds; 0 ends them at once. Never past the key's own expiry.
    #[schema(minimum = 0, maximum = 7_776_000, default = 86_400)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlap_seconds: Option<u64>,
}

/// The checked wish to rotate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// `None`: all that the key has.
    pub environments: Option<Environments>,
    /// Seconds.
    pub overlap: u64,
}

impl RotateIn {
    /// The checked wish, or every problem.
    pub fn check(self) -> Result<Rotation, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let environments = self.environments.and_then(|e| environments(&e, &mut checks));
        let overlap = self.overlap_seconds.unwrap_or(OVERLAP_DEFAULT_SECONDS);
        if overlap > OVERLAP_MAX_SECONDS {
            checks.problem("/overlap_seconds", format!("at most {OVERLAP_MAX_SECONDS} seconds (90 days)"));
        }
        checks.finish()?;
        Ok(Rotation { environments, overlap })
    }
}

/// Which old secrets to end before their overlap is over. It may be left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndPreviousIn {
    /// In which environments; left out: in all that the key has.
    #[schema(schema_with = schema::environments)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environments: Option<Vec<String>>,
}

impl EndPreviousIn {
    /// The checked environments; `None`: all that the key has.
    pub fn check(self) -> Result<Option<Environments>, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let environments = self.environments.and_then(|e| environments(&e, &mut checks));
        checks.finish()?;
        Ok(environments)
    }
}

/// Which keys of an account.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct KeysQuery {
    /// The most items to answer: 1 to 200, 50 when left out.
    #[param(minimum = 1, maximum = 200, default = 50)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before; left out for the first page.
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
    #[schema(example = json!(["test", "live"]))]
    pub environments: Vec<String>,
    /// From this instant on it is refused.
    #[schema(required = true)]
    pub expires_at: Option<Time>,
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
#[derive(Clone, Copy, Debug)]
pub struct CredentialState<'a> {
    /// The credential.
    pub credential: &'a Credential,
    /// When this secret was made.
    pub created_at: Timestamp,
    /// Whether its overlap was ended by hand.
    pub ended: bool,
}

impl KeyOut {
    /// A key and its credentials as they are at `now`.
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
        client_id: current.credential.client_id.to_string(),
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
