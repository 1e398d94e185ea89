//! Sessions on the wire: signing in, who is signed in, and where.
//!
//! Owns:  the JSON of registrations, sign-ins, sessions and devices.
//! Never: a session's token: it is in a cookie and in nothing else.
//! Read:  `SessionView`, then `SignInIn`.

use crate::{
    account::AccountOut,
    key::{KeyIssued, SecretText},
    member::{MemberOut, RoleName},
    person::{PersonOut, new_password},
    problem::FieldProblem,
    schema,
    time::Time,
    validation::Checks,
};
use model::{EmailAddress, Secret};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What is said of a text that is no address.
pub(crate) const NO_EMAIL: &str = "write an e-mail address: name@example.com";

/// How people sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignInOptionsOut {
    /// `open`: anybody registers an account. `invitation`: people are invited by members or by the operator. `operator`: by
    /// the operator alone.
    #[schema(example = "invitation", pattern = "^(open|invitation|operator)$")]
    pub registration: String,
    /// The providers that people can sign in with.
    #[schema(max_items = 16)]
    pub providers: Vec<ProviderOut>,
    /// What the product is called here.
    #[schema(example = "Claviger")]
    pub product: String,
    /// Nobody can sign in yet.
    pub needs_first_owner: bool,
    /// Where callers reach the API, for lines that can be copied; `null` when the deployment does not say.
    #[schema(example = "https://api.example.com")]
    pub api_url: Option<String>,
    /// Where callers put a key, for the same lines.
    #[schema(max_items = 4, example = json!(["header:x-api-key", "basic-username"]))]
    pub presentations: Vec<String>,
}

/// A provider that people can sign in with (OpenID Connect).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProviderOut {
    /// Its name in paths.
    #[schema(example = "entra")]
    pub id: String,
    /// Its name for people.
    #[schema(example = "Microsoft")]
    pub name: String,
}

/// A new account and its owner.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistrationIn {
    /// What the account is called.
    #[schema(schema_with = schema::name)]
    pub account_name: String,
    /// What the owner is called.
    #[schema(schema_with = schema::name)]
    pub name: String,
    /// The owner's e-mail address.
    #[schema(schema_with = schema::email)]
    pub email: String,
    /// 12 to 256 characters.
    #[schema(value_type = String, min_length = 12, max_length = 256)]
    pub password: SecretText,
}

/// A checked registration.
#[derive(Debug)]
pub struct Registration {
    /// What the account is called.
    pub account_name: String,
    /// What the owner is called.
    pub name: String,
    /// The owner's address.
    pub email: EmailAddress,
    /// The owner's password.
    pub password: Secret<String>,
}

impl RegistrationIn {
    /// The checked registration, or every problem.
    ///
    /// # Errors
    /// Field by field.
    pub fn check(self) -> Result<Registration, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let account_name = checks.name("/account_name", self.account_name);
        let name = checks.name("/name", self.name);
        let email = checks.want("/email", EmailAddress::parse(&self.email), NO_EMAIL);
        let password = new_password(&mut checks, "/password", self.password, email.as_ref());
        checks.finish()?;
        let all = (account_name.zip(name), email.zip(password));
        let (Some((account_name, name)), Some((email, password))) = all else { return Err(Vec::new()) };
        Ok(Registration { account_name, name, email, password })
    }
}

/// A new account with its owner, who is signed in: the only answer that ever shows these secrets.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RegistrationOut {
    /// The account.
    pub account: AccountOut,
    /// Its owner.
    pub member: MemberOut,
    /// Its primary key with both secrets.
    pub key: KeyIssued,
}

/// What somebody signs in with.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInIn {
    /// The e-mail address, in any case.
    #[schema(schema_with = schema::email)]
    pub email: String,
    /// The password.
    #[schema(value_type = String, max_length = 256)]
    pub password: SecretText,
    /// Six digits of the second factor, or a recovery code. Left out at first; the answer says whether it is needed.
    #[schema(value_type = Option<String>, max_length = 64)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<SecretText>,
}

/// Who is signed in, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionView {
    /// The session.
    #[schema(example = "ses_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub session_id: String,
    /// When it ends at the latest, however much it is used.
    pub expires_at: Time,
    /// Who.
    pub person: PersonOut,
    /// In which accounts, and as what.
    #[schema(max_items = 200)]
    pub memberships: Vec<MembershipOut>,
}

/// A person's place in one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MembershipOut {
    /// The account.
    pub account: AccountName,
    /// The member that the person is there.
    #[schema(example = "mem_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub member_id: String,
    /// As what.
    pub role: RoleName,
    /// The operations on the account that may be asked for, by the names of this document.
    #[schema(max_items = 200)]
    pub rights: Vec<String>,
}

/// An account by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountName {
    /// Its id.
    #[schema(example = "acc_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Where somebody is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceOut {
    /// The session.
    #[schema(example = "ses_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub id: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// Since when.
    pub created_at: Time,
    /// When it was used last, to the minute.
    pub last_seen_at: Time,
    /// From which address it was begun; null when that is not known.
    #[schema(required = true, example = "192.0.2.7")]
    pub address: Option<String>,
    /// What the browser said of itself.
    #[schema(required = true)]
    pub user_agent: Option<String>,
    /// When it ends at the latest.
    pub expires_at: Time,
}

/// What a provider sends a browser back with (OpenID Connect Core, section 3.1.2.5).
#[derive(Clone, Default, Deserialize, IntoParams)]
pub struct OidcCallbackQuery {
    /// The code to be exchanged.
    pub code: Option<String>,
    /// What the browser was sent off with.
    pub state: Option<String>,
    /// What went wrong there.
    pub error: Option<String>,
}

// A code is as good as a sign-in until it is exchanged.
impl std::fmt::Debug for OidcCallbackQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OidcCallbackQuery").field("error", &self.error).finish_non_exhaustive()
    }
}
