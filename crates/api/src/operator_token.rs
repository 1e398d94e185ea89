//! Operator tokens on the wire.
//!
//! Owns:  the JSON of operator tokens, and the answer that shows a new one once.
//! Never: recognises a token; `control` does.
//! Read:  top down.

use crate::{key::SecretText, problem::FieldProblem, receipt::ReceiptOut, schema, time::Time, validation::Checks};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest description, in characters.
pub const DESCRIPTION_MAX: usize = 200;

/// A new operator token.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorTokenIn {
    /// What it is for: who would miss it if it were revoked?
    #[schema(schema_with = schema::purpose)]
    pub description: String,
}

impl OperatorTokenIn {
    /// The checked description.
    pub fn check(self) -> Result<String, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let description = checks.text("/description", self.description, 1, DESCRIPTION_MAX);
        checks.finish()?;
        Ok(description.unwrap_or_default())
    }
}

/// An operator token. Its text is not here: nothing shows it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperatorTokenOut {
    /// Its id.
    #[schema(example = "opt_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub id: String,
    /// What it is for.
    pub description: String,
    /// When it was created.
    pub created_at: Time,
    /// When it was revoked; null while it works.
    #[schema(required = true)]
    pub revoked_at: Option<Time>,
}

/// A new operator token with its text: the only answer that ever shows it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OperatorTokenCreated {
    /// The record.
    pub operator_token: OperatorTokenOut,
    /// The text to send as `Authorization: Bearer`. Keep it now: it cannot be shown again.
    #[schema(value_type = String)]
    pub token: SecretText,
    /// Since when it works.
    pub in_force: ReceiptOut,
}

/// An operator token after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperatorTokenChanged {
    /// The record as it is now.
    pub operator_token: OperatorTokenOut,
    /// Since when the change is in force.
    pub in_force: ReceiptOut,
}
