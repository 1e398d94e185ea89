//! Where a key may be used from, how often, and when its owner is reminded to rotate it (D10, D12, D13, R77).
//!
//! Owns:  the wire forms of origins, networks, own limits and rotation reminder, their checks, and the rule for `*`.
//! Never: repeats a long word in a pointer or a message: it may be a secret in the wrong place (R71).
//! Read:  `any_origin_needs_confirmation`, then the checks.

use crate::{
    schema::{nullable, text},
    validation::Checks,
};
use model::{
    KeyLimits, LimitName, Network, NetworkList, OriginList, OriginPattern, Preset,
    limit::{COUNT_MAX, LIMITS_MAX},
    network::NETWORKS_MAX,
    origin::{ORIGIN_MAX, ORIGINS_MAX},
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, MapAccess, Visitor},
};
use std::{collections::BTreeMap, fmt};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, Type},
};

/// The longest rotation reminder, in days: ten years.
pub const ROTATE_DAYS_MAX: u16 = 3_650;
/// Names of this length or longer are left out of pointers; every secret is longer.
const NAMED_MAX: usize = 32;

/// A key's own numbers in place of the deployment's, by name of the limit (R77).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct OwnLimits(pub BTreeMap<String, u64>);

impl From<&KeyLimits> for OwnLimits {
    fn from(limits: &KeyLimits) -> Self {
        Self(limits.as_slice().iter().map(|(name, count)| (name.to_string(), u64::from(*count))).collect())
    }
}

impl<'de> Deserialize<'de> for OwnLimits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = OwnLimits;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a number for each limit")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<OwnLimits, A::Error> {
                let mut numbers = BTreeMap::new();
                while let Some((name, count)) = members.next_entry::<String, u64>()? {
                    // Which of two numbers was meant? Unknown means no.
                    if numbers.insert(name, count).is_some() {
                        return Err(A::Error::custom("names a limit twice"));
                    }
                }
                Ok(OwnLimits(numbers))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl PartialSchema for OwnLimits {
    fn schema() -> RefOr<Schema> {
        numbers().into()
    }
}

impl ToSchema for OwnLimits {}

/// Whether these origins need the owner's confirmation: `*`, for a key that may do more than read (D10, R83).
#[must_use]
pub fn any_origin_needs_confirmation(origins: &OriginList, preset: &Preset) -> bool {
    any_origin(origins) && !preset.scopes().is_read_only()
}

/// What is said when the confirmation is missing.
pub const ANY_ORIGIN_UNCONFIRMED: &str = "* lets every web page use the key, and the key may do more than read: name the \
     pages, make the key read-only, or say confirm_any_origin: true";

/// Whether every web page may use the key.
pub(super) fn any_origin(origins: &OriginList) -> bool {
    origins.as_slice().contains(&OriginPattern::Any)
}

pub(super) fn origins(texts: &[String], checks: &mut Checks) -> Option<OriginList> {
    let mut patterns = Vec::new();
    for (i, text) in texts.iter().enumerate().take(ORIGINS_MAX) {
        match OriginPattern::parse(text) {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => checks.problem(format!("/origins/{i}"), format!("an origin {error}")),
        }
    }
    let list = OriginList::new(patterns).filter(|_| texts.len() <= ORIGINS_MAX);
    checks.want("/origins", list, &format!("name at most {ORIGINS_MAX} origins"))
}

pub(super) fn networks(texts: &[String], checks: &mut Checks) -> Option<NetworkList> {
    let wanted = "write an address or a block of addresses, such as 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32; the bits \
                  behind the prefix are zero";
    let mut blocks = Vec::new();
    for (i, text) in texts.iter().enumerate().take(NETWORKS_MAX) {
        blocks.extend(checks.want(format!("/networks/{i}"), Network::parse(text), wanted));
    }
    let list = NetworkList::new(blocks).filter(|_| texts.len() <= NETWORKS_MAX);
    checks.want("/networks", list, &format!("name at most {NETWORKS_MAX} networks"))
}

/// `known`: the limits of the deployment that a key may have numbers of its own for.
pub(super) fn limits(numbers: &OwnLimits, known: &[LimitName], checks: &mut Checks) -> Option<KeyLimits> {
    if numbers.0.len() > LIMITS_MAX {
        return checks.want("/limits", None, &format!("set at most {LIMITS_MAX} limits"));
    }
    let names: Vec<_> = known.iter().map(LimitName::as_str).collect();
    let unknown = match &*names {
        [] => "no such limit: this deployment has none that a key may have numbers of its own for".to_owned(),
        names => format!("no such limit; this deployment has: {}", names.join(", ")),
    };
    let mut own = Vec::new();
    for (name, count) in &numbers.0 {
        let at = if name.len() < NAMED_MAX { format!("/limits/{}", escaped(name)) } else { "/limits".to_owned() };
        let known = known.iter().find(|known| known.as_str() == name).cloned();
        let known = checks.want(at.clone(), known, &unknown);
        let count = u32::try_from(*count).ok().filter(|count| (1..=COUNT_MAX).contains(count));
        let count = checks.want(at, count, &format!("give a whole number from 1 to {COUNT_MAX}"));
        own.extend(known.zip(count));
    }
    KeyLimits::new(own)
}

/// A member's name in a pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

pub(super) fn rotate_every_days(days: u64, checks: &mut Checks) -> Option<u16> {
    let days = u16::try_from(days).ok().filter(|days| (1..=ROTATE_DAYS_MAX).contains(days));
    checks.want("/rotate_every_days", days, &format!("give 1 to {ROTATE_DAYS_MAX} days"))
}

/// A list of origins, or null.
pub(super) fn origins_schema() -> RefOr<Schema> {
    let one = text("^(\\*|https?://[!-~]+)$").max_length(Some(ORIGIN_MAX));
    let one = one.examples(["https://app.example.com", "https://*.example.com"]);
    let list = ArrayBuilder::new().schema_type(nullable(Type::Array)).items(one).max_items(Some(ORIGINS_MAX));
    list.description(Some(
        "The web pages that may use it, as browsers write their Origin: `https://app.example.com`, every host below one \
         (`https://*.example.com`), or `*` for all. Empty: none. In a change: the whole new list; null empties it.",
    ))
    .into()
}

/// A list of networks, or null.
pub(super) fn networks_schema() -> RefOr<Schema> {
    let one = text("^[0-9a-fA-F:.]+(/[0-9]{1,3})?$").examples(["203.0.113.0/24", "2001:db8::/32"]);
    let list = ArrayBuilder::new().schema_type(nullable(Type::Array)).items(one).max_items(Some(NETWORKS_MAX));
    list.description(Some(
        "The addresses that it may be used from, IPv4 or IPv6, single or as CIDR blocks. Empty: all. In a change: the whole \
         new list; null empties it.",
    ))
    .into()
}

/// Numbers by name of the limit, or null.
pub(super) fn limits_schema() -> RefOr<Schema> {
    let numbers = numbers().schema_type(nullable(Type::Object)).description(Some(
        "Its own numbers in place of the deployment's, by name of the limit. In a change: all of them; null goes back to the \
         deployment's.",
    ));
    numbers.into()
}

fn numbers() -> ObjectBuilder {
    let count = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(COUNT_MAX));
    let numbers = ObjectBuilder::new().additional_properties(Some(Schema::from(count)));
    numbers.max_properties(Some(LIMITS_MAX)).examples([serde_json::json!({ "default": 600 })])
}

/// Days, or null.
pub(super) fn rotate_every_days_schema() -> RefOr<Schema> {
    let days =
        ObjectBuilder::new().schema_type(nullable(Type::Integer)).minimum(Some(1)).maximum(Some(ROTATE_DAYS_MAX));
    days.description(Some(
        "How old its secrets may grow, in days, before its findings say that a rotation is due. Null or left out at creation: \
         no reminder.",
    ))
    .examples([90])
    .into()
}
