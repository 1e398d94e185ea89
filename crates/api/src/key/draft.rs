//! What a caller wants a key to be: the bodies that create and change one, checked (D4, D7, D9, D10, D12, D13, R77).
//!
//! Owns:  `KeyIn` and `KeyPatch`, and what becomes of them: `KeyDraft` and `KeyChange`.
//! Never: looks companies up; `control` does.
//! Read:  `KeyIn`, then `KeyIn::check`.

use super::{
    restriction::{self, Companies},
    rotation::environments,
    settings::{self, ANY_ORIGIN_UNCONFIRMED, OwnLimits, any_origin_needs_confirmation},
};
use crate::{
    problem::FieldProblem,
    schema,
    time::Time,
    validation::{Change, Checks},
};
use model::{
    CompanyRestriction, Environments, KeyLimits, LimitName, NetworkList, OriginList, Preset, ScopeSet, Timestamp,
    key::DESCRIPTION_MAX,
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// A new restricted key. Everything may be left out: the key is then read-only, for all companies, without expiry.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "description": "Reporting", "preset": "read_only", "environments": ["test", "live"], "expires_at": "2099-01-31T00:00:00Z",
    "networks": ["203.0.113.0/24"], "rotate_every_days": 90,
}))]
pub struct KeyIn {
    /// What it is for.
    #[schema(schema_with = schema::description)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it may do: `full_access`, `read_only` (the default), `send`, or `custom` with `scopes`.
    #[schema(pattern = "^(full_access|read_only|send|custom)$", default = "read_only", example = "custom")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// For a custom key: `resource:action` or `*:action`, with action `read`, `write` or `send`.
    #[schema(schema_with = schema::scopes)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// `"all"` (the default), or the ids of the companies it may reach, at least one.
    #[schema(schema_with = restriction::chosen_schema, required = false)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub companies: Option<Companies>,
    /// Which credentials it has: `test`, `live` or both (the default). It cannot be changed later.
    #[schema(schema_with = schema::environments)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environments: Option<Vec<String>>,
    /// From this instant on the key is refused; never when left out.
    #[schema(schema_with = schema::expiry)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// The web pages that may use it; none when left out.
    #[schema(schema_with = settings::origins_schema)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origins: Option<Vec<String>>,
    /// The addresses that it may be used from; all when left out.
    #[schema(schema_with = settings::networks_schema)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub networks: Option<Vec<String>>,
    /// Its own numbers in place of the deployment's.
    #[schema(schema_with = settings::limits_schema)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<OwnLimits>,
    /// How old its secrets may grow before a rotation is due, in days.
    #[schema(schema_with = settings::rotate_every_days_schema)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotate_every_days: Option<u64>,
    /// Confirms the origin `*` for a key that may do more than read.
    #[serde(default)]
    #[schema(required = false)]
    pub confirm_any_origin: bool,
}

/// Changes to a key; a member that is left out keeps its value.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "description": "Reporting", "networks": ["203.0.113.0/24"], "expires_at": null }))]
pub struct KeyPatch {
    /// What it is for; null clears it.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    #[schema(schema_with = schema::description, required = false)]
    pub description: Change<String>,
    /// What it may do: `full_access`, `read_only`, `send`, or `custom` with `scopes`.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    #[schema(value_type = String, required = false, pattern = "^(full_access|read_only|send|custom)$", example = "custom")]
    pub preset: Change<String>,
    /// The whole new list of scopes; the key becomes `custom`.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    #[schema(schema_with = schema::new_scopes, required = false)]
    pub scopes: Change<Vec<String>>,
    /// `"all"`, or the whole new list of companies, at least one.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    #[schema(schema_with = restriction::chosen_schema, required = false)]
    pub companies: Change<Companies>,
    /// A new expiry; null removes it.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    #[schema(schema_with = schema::expiry, required = false)]
    pub expires_at: Change<String>,
    /// The whole new list of web pages that may use it; null empties it.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    #[schema(schema_with = settings::origins_schema, required = false)]
    pub origins: Change<Vec<String>>,
    /// The whole new list of addresses that it may be used from; null empties it.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    #[schema(schema_with = settings::networks_schema, required = false)]
    pub networks: Change<Vec<String>>,
    /// All its own numbers; null goes back to the deployment's.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    #[schema(schema_with = settings::limits_schema, required = false)]
    pub limits: Change<OwnLimits>,
    /// Another rotation reminder, in days; null removes it.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    #[schema(schema_with = settings::rotate_every_days_schema, required = false)]
    pub rotate_every_days: Change<u64>,
    /// Confirms the origin `*` for a key that may do more than read.
    #[serde(default)]
    #[schema(required = false)]
    pub confirm_any_origin: bool,
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
    /// The web pages that may use it.
    pub origins: OriginList,
    /// The addresses that it may be used from.
    pub networks: NetworkList,
    /// Its own numbers.
    pub limits: KeyLimits,
    /// How old its secrets may grow, in days.
    pub rotate_every_days: Option<u16>,
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
    /// The web pages that may use it.
    pub origins: Option<OriginList>,
    /// The addresses that it may be used from.
    pub networks: Option<NetworkList>,
    /// Its own numbers.
    pub limits: Option<KeyLimits>,
    /// How old its secrets may grow, in days; the inner `None` removes the reminder.
    pub rotate_every_days: Option<Option<u16>>,
    /// Whether the origin `*` is confirmed for a key that may do more than read; what the key may do is not known here.
    pub confirm_any_origin: bool,
    /// The version that the caller has read.
    pub expected_version: Option<u64>,
}

impl KeyIn {
    /// The checked settings, or every problem. `now` bounds the expiry; `known` are the limits of the deployment.
    pub fn check(self, now: Timestamp, known: &[LimitName]) -> Result<KeyDraft, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let description = description(self.description.unwrap_or_default(), &mut checks);
        let preset = preset(self.preset.as_deref(), self.scopes.as_deref(), &mut checks);
        let companies = self.companies.map_or(Some(CompanyRestriction::All), |c| c.check(&mut checks));
        let environments = self.environments.map_or(Some(Environments::Both), |e| environments(&e, &mut checks));
        let expires_at = self.expires_at.and_then(|text| expiry(&text, now, &mut checks));
        let origins = self.origins.and_then(|texts| settings::origins(&texts, &mut checks)).unwrap_or_default();
        let networks = self.networks.and_then(|texts| settings::networks(&texts, &mut checks)).unwrap_or_default();
        let limits = self.limits.and_then(|own| settings::limits(&own, known, &mut checks)).unwrap_or_default();
        let rotate_every_days = self.rotate_every_days.and_then(|days| settings::rotate_every_days(days, &mut checks));
        let preset = preset.unwrap_or(Preset::ReadOnly);
        if any_origin_needs_confirmation(&origins, &preset) && !self.confirm_any_origin {
            checks.problem("/origins", ANY_ORIGIN_UNCONFIRMED);
        }
        checks.finish()?;
        Ok(KeyDraft {
            description,
            preset,
            companies: companies.unwrap_or(CompanyRestriction::All),
            environments: environments.unwrap_or(Environments::Both),
            expires_at,
            origins,
            networks,
            limits,
            rotate_every_days,
        })
    }
}

impl KeyPatch {
    /// The checked changes, or every problem. `now` bounds the expiry; `known` are the limits of the deployment.
    pub fn check(self, now: Timestamp, known: &[LimitName]) -> Result<KeyChange, Vec<FieldProblem>> {
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
        let origins = emptied(self.origins).and_then(|texts| settings::origins(&texts, &mut checks));
        let networks = emptied(self.networks).and_then(|texts| settings::networks(&texts, &mut checks));
        let limits = emptied(self.limits).and_then(|own| settings::limits(&own, known, &mut checks));
        let rotate_every_days = match self.rotate_every_days {
            Change::Keep => None,
            Change::Clear => Some(None),
            Change::Set(days) => settings::rotate_every_days(days, &mut checks).map(Some),
        };
        checks.finish()?;
        Ok(KeyChange {
            description,
            preset,
            companies,
            expires_at,
            origins,
            networks,
            limits,
            rotate_every_days,
            confirm_any_origin: self.confirm_any_origin,
            expected_version: self.expected_version,
        })
    }
}

/// What is there, which null is not: nothing that a program forgot to fill in widens a key.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Companies>, D::Error> {
    Companies::deserialize(deserializer).map(Some)
}

/// The new value of a field that null empties.
fn emptied<T: Default>(change: Change<T>) -> Option<T> {
    match change {
        Change::Keep => None,
        Change::Clear => Some(T::default()),
        Change::Set(value) => Some(value),
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

fn expiry(text: &str, now: Timestamp, checks: &mut Checks) -> Option<Timestamp> {
    match Time::parse(text) {
        Ok(at) => checks.want("/expires_at", (at > now).then_some(at), "is over already; choose a time to come"),
        Err(error) => checks.want("/expires_at", None, &error.to_string()),
    }
}
