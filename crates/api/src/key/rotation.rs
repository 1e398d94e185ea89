//! Rotations on the wire: which secrets to replace or to end, and when (D13, D41).
//!
//! Owns:  `RotateIn`, `EndPreviousIn`, and the list of environments that they share with new keys.
//! Never: makes a secret; `control` does.
//! Read:  top down.

use crate::{problem::FieldProblem, schema, validation::Checks};
use model::{Environment, Environments};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How long an old secret lives on after a rotation when the caller does not say: 24 hours (D13).
pub const OVERLAP_DEFAULT_SECONDS: u64 = 86_400;
/// The longest overlap: 90 days (D13).
pub const OVERLAP_MAX_SECONDS: u64 = 90 * 86_400;

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

/// One environment or both, from their names, each once.
pub(super) fn environments(texts: &[String], checks: &mut Checks) -> Option<Environments> {
    let mut chosen = [false; 2];
    if texts.len() > chosen.len() || matches!(texts, [one, other] if one == other) {
        return checks.want("/environments", None, "name test, live or both, each once");
    }
    for (i, text) in texts.iter().enumerate() {
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
