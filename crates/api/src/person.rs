//! Persons on the wire: a name, a password, a second factor.
//!
//! Owns:  the JSON of whoever signs in, and the rule for new passwords.
//! Never: shows a password, or anything made of one.
//! Read:  `PersonOut`, then `new_password`.

use crate::{
    key::SecretText, member::RoleName, problem::FieldProblem, schema, session::AccountName, time::Time,
    validation::Checks,
};
use model::{EmailAddress, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The shortest new password, in characters (NIST SP 800-63B-4 section 3.1.1.2 asks for 15 without a second factor and 8
/// with one).
pub const PASSWORD_MIN: usize = 12;
/// The longest password, in characters.
pub const PASSWORD_MAX: usize = 256;
/// How many recovery codes a person has.
pub const RECOVERY_CODES: usize = 10;

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonOut {
    /// Their id.
    #[schema(example = "per_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub id: String,
    /// What they are called.
    pub name: String,
    /// Their e-mail address.
    #[schema(example = "anna@example.com")]
    pub email: String,
    /// Whether they have a second factor.
    pub has_totp: bool,
    /// Whether they can sign in with a password.
    pub has_password: bool,
}

/// Somebody who can sign in, as the operator sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonRecordOut {
    /// Who.
    #[serde(flatten)]
    pub person: PersonOut,
    /// Since when.
    pub created_at: Time,
    /// Where they are members.
    #[schema(max_items = 200)]
    pub memberships: Vec<PersonMembershipOut>,
}

/// Where somebody is a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonMembershipOut {
    /// In which account.
    pub account: AccountName,
    /// As which member.
    #[schema(example = "mem_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub member_id: String,
    /// As what.
    pub role: RoleName,
}

/// A change of oneself.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MePatch {
    /// The new name.
    #[schema(schema_with = schema::name)]
    pub name: String,
}

impl MePatch {
    /// The checked name.
    ///
    /// # Errors
    /// Field by field.
    pub fn check(self) -> Result<String, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let name = checks.name("/name", self.name);
        checks.finish()?;
        Ok(name.unwrap_or_default())
    }
}

/// A new password.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordIn {
    /// The present one.
    #[schema(value_type = String, max_length = 256)]
    pub current_password: SecretText,
    /// The new one, 12 to 256 characters.
    #[schema(value_type = String, min_length = 12, max_length = 256)]
    pub new_password: SecretText,
}

impl PasswordIn {
    /// The present password and the checked new one.
    ///
    /// # Errors
    /// Field by field.
    pub fn check(self, email: &EmailAddress) -> Result<(SecretText, Secret<String>), Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let new = new_password(&mut checks, "/new_password", self.new_password, Some(email));
        checks.finish()?;
        Ok((self.current_password, new.ok_or_else(Vec::new)?))
    }
}

/// A checked new password: long enough, and not the address that it belongs to.
pub fn new_password(
    checks: &mut Checks,
    pointer: &str,
    text: SecretText,
    email: Option<&EmailAddress>,
) -> Option<Secret<String>> {
    let password = text.secret();
    let length = password.expose().chars().count();
    let fits = (PASSWORD_MIN..=PASSWORD_MAX).contains(&length);
    let own = email.is_some_and(|email| password.expose().trim().to_lowercase() == email.as_str());
    let message = "choose 12 to 256 characters, and not the e-mail address";
    checks.want(pointer, (fits && !own).then(|| password.clone()), message)
}

/// A wish for a second factor.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpIn {
    /// The password; left out by who has none.
    #[schema(value_type = Option<String>, max_length = 256)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretText>,
}

/// A second factor to be confirmed: the only answer that ever shows its secret.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TotpOffered {
    /// The secret in base 32, for typing it in.
    #[schema(value_type = String)]
    pub secret: SecretText,
    /// The same as `otpauth://totp/...`, for a picture.
    #[schema(value_type = String)]
    pub uri: SecretText,
}

/// A code of the second factor.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpCodeIn {
    /// Six digits.
    #[schema(value_type = String, max_length = 64)]
    pub code: SecretText,
}

/// What gives a second factor up.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpOffIn {
    /// The password; left out by who has none.
    #[schema(value_type = Option<String>, max_length = 256)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretText>,
    /// Six digits, or a recovery code.
    #[schema(value_type = String, max_length = 64)]
    pub code: SecretText,
}

/// What confirms a change of the providers that somebody signs in with.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmationIn {
    /// The password; left out by who has none.
    #[schema(value_type = Option<String>, max_length = 256)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretText>,
    /// Six digits, or a recovery code; left out by who has no second factor.
    #[schema(value_type = Option<String>, max_length = 64)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<SecretText>,
}

/// Where a provider is linked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProviderLinkStarted {
    /// Where the browser goes next, within ten minutes.
    #[schema(example = "https://id.example.com/authorize?client_id=claviger")]
    pub location: String,
}

/// A provider's account that signs somebody in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkedProviderOut {
    /// The provider's name in paths.
    #[schema(example = "entra")]
    pub provider_id: String,
    /// Its name for people.
    #[schema(example = "Microsoft")]
    pub name: String,
    /// Since when.
    pub linked_at: Time,
}

/// Recovery codes: the only answer that ever shows them.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RecoveryCodesOut {
    /// Each stands in for a code of the second factor, once.
    #[schema(value_type = Vec<String>, min_items = 10, max_items = 10)]
    pub recovery_codes: Vec<SecretText>,
}
