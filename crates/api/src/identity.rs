//! Identities on the wire: whose people act in an account (D37).
//!
//! Owns:  the JSON of the mapping of an issuer and directory to an account.
//! Never: people; who somebody is, the issuer says.
//! Read:  top down.

use crate::{problem::FieldProblem, receipt::ReceiptOut, time::Time, validation::Checks};
use model::{Identity, account::ISSUER_MAX};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An issuer, and where it has directories one directory, whose people are to act in the account.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityIn {
    /// `iss`, exactly as the issuer's tokens say it.
    #[schema(
        example = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0",
        min_length = 1,
        max_length = 512,
        pattern = "^[!-~]+$"
    )]
    pub issuer: String,
    /// `tid` for Entra ID, in lower case; left out for issuers without directories.
    #[serde(default)]
    #[schema(
        example = "11111111-2222-3333-4444-555555555555",
        required = false,
        max_length = 64,
        pattern = "^[!-~]*$"
    )]
    pub directory: String,
}

impl IdentityIn {
    /// The checked pair, or every problem.
    pub fn check(self) -> Result<(String, String), Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let visible = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
        let issuer = Some(self.issuer).filter(|text| (1..=ISSUER_MAX).contains(&text.len()) && visible(text));
        let issuer = checks.want("/issuer", issuer, "write the tokens' iss: 1 to 512 visible ASCII characters");
        let directory = Some(self.directory).filter(|text| text.len() <= 64 && visible(text));
        let directory =
            checks.want("/directory", directory, "write the tokens' tid: at most 64 visible ASCII characters");
        checks.finish()?;
        Ok((issuer.unwrap_or_default(), directory.unwrap_or_default()))
    }
}

/// Whose people act in an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IdentityOut {
    /// Its id.
    #[schema(example = "idm_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub id: String,
    /// The account.
    pub account_id: String,
    /// `iss`.
    pub issuer: String,
    /// `tid`, or empty.
    pub directory: String,
    /// When it was mapped.
    pub created_at: Time,
}

impl IdentityOut {
    /// From the model.
    #[must_use]
    pub fn new(identity: &Identity) -> Self {
        Self {
            id: identity.id.to_string(),
            account_id: identity.account.to_string(),
            issuer: identity.issuer.clone(),
            directory: identity.directory.clone(),
            created_at: Time(identity.created_at),
        }
    }
}

/// An identity after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IdentityChanged {
    /// The identity; after a deletion, as it was.
    pub identity: IdentityOut,
    /// Since when the change is in force.
    pub in_force: ReceiptOut,
}
