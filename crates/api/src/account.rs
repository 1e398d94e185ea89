//! Accounts on the wire.
//!
//! Owns:  the JSON of accounts, and the answer that shows a new account's primary pair once (R18, R68).
//! Never: the rules of keys; that is `key`.
//! Read:  top down.

use crate::{key::KeySecrets, problem::FieldProblem, receipt::ReceiptOut, schema, time::Time, validation::Checks};
use model::Account;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A new account.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountIn {
    /// A name for people.
    #[schema(schema_with = schema::name)]
    pub name: String,
}

impl AccountIn {
    /// The checked name.
    pub fn check(self) -> Result<String, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let name = checks.name("/name", self.name);
        checks.finish()?;
        Ok(name.unwrap_or_default())
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountOut {
    /// Its id.
    #[schema(example = "acc_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub id: String,
    /// A name for people.
    pub name: String,
    /// When it was created.
    pub created_at: Time,
}

impl From<&Account> for AccountOut {
    fn from(account: &Account) -> Self {
        Self { id: account.id.to_string(), name: account.name.clone(), created_at: Time(account.created_at) }
    }
}

/// A new account with its primary pair: the only answer that ever shows these secrets.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AccountCreated {
    /// The account.
    pub account: AccountOut,
    /// Its primary key, with both secrets.
    pub primary: KeySecrets,
    /// Since when the key works.
    pub in_force: ReceiptOut,
}
