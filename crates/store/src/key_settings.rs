//! Key settings: origins, networks and limits as columns hold them, and all settings as the audit chain tells them.
//!
//! Owns:  the text of each list in a column, both ways; `describe`.
//! Never: statements.
//! Read:  top down.

use crate::column;
use model::{CompanyRestriction, Key, KeyLimits, LimitName, Network, NetworkList, OriginList, OriginPattern};
use serde_json::{Map, Value, json};

/// Origins separated by spaces; an origin has none.
pub(crate) fn origins_text(origins: &OriginList) -> String {
    joined(origins.as_slice())
}

/// From the text of `origins_text`.
pub(crate) fn parse_origins(text: &str) -> Option<OriginList> {
    let patterns = text.split_whitespace().map(|word| OriginPattern::parse(word).ok()).collect::<Option<_>>()?;
    OriginList::new(patterns)
}

/// Networks separated by spaces.
pub(crate) fn networks_text(networks: &NetworkList) -> String {
    joined(networks.as_slice())
}

/// From the text of `networks_text`.
pub(crate) fn parse_networks(text: &str) -> Option<NetworkList> {
    NetworkList::new(text.split_whitespace().map(Network::parse).collect::<Option<_>>()?)
}

/// `name=count` separated by spaces.
pub(crate) fn limits_text(limits: &KeyLimits) -> String {
    let texts: Vec<String> = limits.as_slice().iter().map(|(name, count)| format!("{name}={count}")).collect();
    texts.join(" ")
}

/// From the text of `limits_text`.
pub(crate) fn parse_limits(text: &str) -> Option<KeyLimits> {
    let number = |word: &str| {
        let (name, count) = word.split_once('=')?;
        Some((LimitName::new(name)?, count.parse().ok()?))
    };
    KeyLimits::new(text.split_whitespace().map(number).collect::<Option<_>>()?)
}

fn joined(items: &[impl ToString]) -> String {
    let texts: Vec<String> = items.iter().map(ToString::to_string).collect();
    texts.join(" ")
}

/// The settings of a key as the audit chain tells them; nothing of its secrets.
pub(crate) fn describe(key: &Key) -> Map<String, Value> {
    let companies = match &key.companies {
        CompanyRestriction::All => json!("all"),
        CompanyRestriction::Only(set) => json!(set.as_slice().iter().map(ToString::to_string).collect::<Vec<_>>()),
    };
    let mut details = Map::new();
    details.insert("kind".into(), json!(key.kind.as_str()));
    details.insert("description".into(), json!(key.description));
    details.insert("preset".into(), json!(key.preset.name()));
    details.insert("scopes".into(), json!(key.preset.scopes().to_texts()));
    details.insert("companies".into(), companies);
    details.insert("environments".into(), json!(column::environments_text(key.environments)));
    let origins: Vec<String> = key.origins.as_slice().iter().map(ToString::to_string).collect();
    let networks: Vec<String> = key.networks.as_slice().iter().map(ToString::to_string).collect();
    let limits = key.limits.as_slice().iter().map(|(name, count)| (name.to_string(), json!(count)));
    details.insert("origins".into(), json!(origins));
    details.insert("networks".into(), json!(networks));
    details.insert("limits".into(), Value::Object(limits.collect()));
    details.insert("rotate_every_days".into(), json!(key.rotate_every_days));
    details.insert("expires_at".into(), json!(key.expires_at.map(column::time_text)));
    details
}
