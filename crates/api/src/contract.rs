//! The contract: every operation of the control API, once, with its authority, its types and its refusals.
//!
//! Owns:  what an operation states, and who may ask for it. `control` mounts handlers against the table, `openapi` writes the
//!        document from it: neither can say something that the other does not.
//! Never: does anything.
//! Read:  `Authority`, `Operation`, then the table.

mod table;
mod target;

pub use table::*;
pub use target::{
    AtAccount, AtAnyRequest, AtCompany, AtDevice, AtIdentity, AtInvitation, AtKey, AtMember, AtOperatorToken, AtPerson,
    AtProvider, AtRequest, Everywhere, Target,
};

use crate::code::Code;
use model::{HttpMethod, Role};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema, openapi::path::Parameter};

/// Who may ask for an operation. What is not said here is refused. No API key is ever any of these (D8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Authority {
    /// Anyone: it tells nothing that is not public, or takes its own proof in the body.
    Anyone,
    /// Whoever is signed in, for what is theirs. An operator token is nobody in particular, and is refused.
    SignedIn,
    /// Operator tokens, and whoever is signed in and a member of any account.
    AnyMember,
    /// Operator tokens, and every member of the account that the path names.
    Viewer,
    /// Operator tokens, and developers, admins and owners of the account.
    Developer,
    /// Operator tokens, and admins and owners of the account.
    Admin,
    /// Operator tokens and nobody else.
    Operator,
}

impl Authority {
    /// The least role of a member that may ask, for operations below an account.
    #[must_use]
    pub const fn least_role(self) -> Option<Role> {
        match self {
            Self::Viewer => Some(Role::Viewer),
            Self::Developer => Some(Role::Developer),
            Self::Admin => Some(Role::Admin),
            Self::Anyone | Self::SignedIn | Self::AnyMember | Self::Operator => None,
        }
    }

    /// Whether a member of this role may ask, in an account of theirs.
    #[must_use]
    pub fn admits(self, role: Role) -> bool {
        match self {
            Self::Anyone | Self::SignedIn | Self::AnyMember => true,
            Self::Operator => false,
            Self::Viewer | Self::Developer | Self::Admin => self.least_role().is_some_and(|least| role.includes(least)),
        }
    }

    /// Whether the holder of an operator token may ask.
    #[must_use]
    pub const fn admits_operator(self) -> bool {
        !matches!(self, Self::SignedIn)
    }

    /// Whether a session may open it at all.
    #[must_use]
    pub const fn admits_sessions(self) -> bool {
        matches!(self, Self::SignedIn | Self::AnyMember | Self::Viewer | Self::Developer | Self::Admin)
    }
}

/// The operations on an account that a member of this role may ask for, by name, in the order of the table.
#[must_use]
pub fn rights(role: Role) -> Vec<&'static str> {
    let below = |entry: &crate::openapi::Entry| entry.authority.least_role().is_some_and(|least| role.includes(least));
    table().iter().filter(|entry| below(entry)).map(|entry| entry.id).collect()
}

/// Whether an operation changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It only looks.
    Reads,
    /// It changes something, and answers when the change is in force (D14).
    Changes,
}

/// One operation of the control API.
pub trait Operation: Send + Sync + 'static {
    /// Its name: `keys_revoke`.
    const ID: &'static str;
    /// The group that it stands in.
    const TAG: &'static str;
    /// Its method.
    const METHOD: HttpMethod;
    /// Its path, with `{parameters}`.
    const PATH: &'static str;
    /// What it does: a sentence, then particulars.
    const DOC: &'static [&'static str];
    /// Who may ask for it.
    const AUTHORITY: Authority;
    /// Whether it changes anything.
    const EFFECT: Effect;
    /// The status of its answer.
    const STATUS: u16;
    /// What it may refuse besides what every operation of its form may.
    const REFUSALS: &'static [Code];
    /// What its path names.
    type Target: Target;
    /// Its query parameters.
    type Query: DeserializeOwned + IntoParams + Send;
    /// Its body.
    type Body: DeserializeOwned + ToSchema + Send;
    /// Its answer.
    type Answer: Serialize + ToSchema + Send;
}

/// No query parameters; any is refused.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoQuery {}

impl IntoParams for NoQuery {
    fn into_params(_: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>) -> Vec<Parameter> {
        Vec::new()
    }
}

/// No body, or an empty JSON object.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoBody {}
