//! Members on the wire: people in an account, each with a role.
//!
//! Owns:  the JSON of members and of roles, and what becomes of the keys of one who goes.
//! Never: says what a role may do; the table of operations does.
//! Read:  `MemberOut`, then `MemberDeleteQuery`.

use crate::{problem::FieldProblem, receipt::ReceiptOut, time::Time, validation::Checks};
use model::Role;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What somebody may do in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleName {
    /// Everything.
    Owner,
    /// Everything but owners.
    Admin,
    /// Keys and companies; never the primary key's secrets, never people.
    Developer,
    /// Looks, and changes nothing.
    Viewer,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Admin => Self::Admin,
            Role::Developer => Self::Developer,
            Role::Viewer => Self::Viewer,
        }
    }
}

impl From<RoleName> for Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Owner => Self::Owner,
            RoleName::Admin => Self::Admin,
            RoleName::Developer => Self::Developer,
            RoleName::Viewer => Self::Viewer,
        }
    }
}

/// A person in one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberOut {
    /// Its id.
    #[schema(example = "mem_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub id: String,
    /// Who.
    #[schema(example = "per_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub person_id: String,
    /// What they are called.
    pub name: String,
    /// Their e-mail address.
    #[schema(example = "anna@example.com")]
    pub email: String,
    /// As what.
    pub role: RoleName,
    /// Whether they have a second factor.
    pub has_totp: bool,
    /// Since when.
    pub created_at: Time,
    /// How many keys they created or rotated that are neither revoked nor deleted.
    pub keys: u64,
    /// When they last used the dashboard, here or in another account, to the minute. Null: they are signed in nowhere.
    #[schema(required = true)]
    pub last_seen_at: Option<Time>,
}

/// A new role.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberPatch {
    /// The role.
    pub role: RoleName,
}

/// A member after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberChanged {
    /// The member as it is now.
    pub member: MemberOut,
    /// Since when the change is in force.
    pub in_force: ReceiptOut,
}

/// What becomes of the keys of a member who goes.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct MemberDeleteQuery {
    /// `keep`, `disable` or `revoke` the keys that the member created or rotated.
    #[param(pattern = "^(keep|disable|revoke)$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<String>,
}

/// A member who is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberDeleted {
    /// Which.
    pub member_id: String,
    /// The keys that were disabled or revoked with it.
    pub keys: Vec<String>,
    /// Since when the change is in force.
    pub in_force: ReceiptOut,
}

/// An address that somebody typed, checked.
pub(crate) fn email(text: &str) -> Result<model::EmailAddress, Vec<FieldProblem>> {
    let mut checks = Checks::default();
    let email = checks.want("/email", model::EmailAddress::parse(text), crate::session::NO_EMAIL);
    checks.finish()?;
    email.ok_or_else(Vec::new)
}
