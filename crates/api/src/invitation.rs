//! Invitations on the wire: links by which somebody comes into an account.
//!
//! Owns:  the JSON of invitations, and the answer that shows a link once.
//! Never: a link's token in any other answer.
//! Read:  `InvitationIn`, then `InvitationAcceptIn`.

use crate::{
    key::SecretText,
    member::{RoleName, email},
    person::new_password,
    problem::FieldProblem,
    schema,
    time::Time,
    validation::Checks,
};
use model::{EmailAddress, Role, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whom to invite.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationIn {
    /// The e-mail address.
    #[schema(schema_with = schema::email)]
    pub email: String,
    /// As what.
    pub role: RoleName,
}

impl InvitationIn {
    /// The checked address and the role.
    ///
    /// # Errors
    /// Field by field.
    pub fn check(self) -> Result<(EmailAddress, Role), Vec<FieldProblem>> {
        Ok((email(&self.email)?, self.role.into()))
    }
}

/// An invitation. Its link is not here: nothing shows it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvitationOut {
    /// Its id.
    #[schema(example = "inv_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub id: String,
    /// Whom.
    #[schema(example = "anna@example.com")]
    pub email: String,
    /// As what.
    pub role: RoleName,
    /// When it was made.
    pub created_at: Time,
    /// From then on it is of no use.
    pub expires_at: Time,
    /// Who made it: an operator token or a member.
    #[schema(example = "mem_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub created_by: String,
}

/// A new invitation with its link: the only answer that ever shows it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct InvitationCreated {
    /// The record.
    pub invitation: InvitationOut,
    /// To be given to whoever is invited. Its token is behind the `#`, which browsers keep to themselves.
    #[schema(value_type = String)]
    pub link: SecretText,
}

/// The token of a link.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationTokenIn {
    /// What is behind the `#` of the link.
    #[schema(value_type = String, max_length = 128)]
    pub token: SecretText,
}

/// What an invitation is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvitationSeen {
    /// The account's name.
    pub account_name: String,
    /// Whom it invites.
    #[schema(example = "anna@example.com")]
    pub email: String,
    /// As what.
    pub role: RoleName,
    /// From then on it is of no use.
    pub expires_at: Time,
    /// Whether somebody with this address can sign in already, and then has to.
    pub has_person: bool,
}

/// An invitation that is accepted.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationAcceptIn {
    /// What is behind the `#` of the link.
    #[schema(value_type = String, max_length = 128)]
    pub token: SecretText,
    /// What the new person is called; left out by who is signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub name: Option<String>,
    /// The new person's password, 12 to 256 characters; left out by who is signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 12, max_length = 256)]
    pub password: Option<SecretText>,
}

impl InvitationAcceptIn {
    /// The checked name and password of somebody new.
    ///
    /// # Errors
    /// Field by field.
    pub fn check(self, email: &EmailAddress) -> Result<(String, Secret<String>), Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let name = checks.name("/name", self.name.unwrap_or_default());
        let password = checks.want("/password", self.password, "choose a password");
        let password = password.and_then(|text| new_password(&mut checks, "/password", text, Some(email)));
        checks.finish()?;
        name.zip(password).ok_or_else(Vec::new)
    }
}
