//! New secrets on the wire: shown in the answer that made them, and never again (R68, R72).
//!
//! Owns:  `SecretText`, the only type of the product that serialises a secret, and the answers that hold one.
//! Never: makes or stores a secret.
//! Read:  top down.

use super::KeyOut;
use crate::receipt::ReceiptOut;
use model::Secret;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// A secret's text on its one way out. The only type of the product that serialises one (R68, R72).
#[derive(Clone, Debug)]
pub struct SecretText(Secret<String>);

impl SecretText {
    /// Takes the text that is to be shown once.
    #[must_use]
    pub const fn new(text: Secret<String>) -> Self {
        Self(text)
    }

    /// The text, for the client that received it.
    #[must_use]
    pub const fn secret(&self) -> &Secret<String> {
        &self.0
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

/// The secrets of a new or rotated key: shown here and never again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KeySecrets {
    /// Which key.
    #[schema(example = "key_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub key_id: String,
    /// The test credential, if there is a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<CredentialSecret>,
    /// The live credential, if there is a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<CredentialSecret>,
}

/// A credential with its secret.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CredentialSecret {
    /// The public half.
    #[schema(example = "ci_0123456789abcdef01234567")]
    pub client_id: String,
    /// The key's whole text. Keep it now: it cannot be shown again.
    #[schema(value_type = String)]
    pub secret: SecretText,
}

/// A new or rotated key with its new secrets: the only answer that ever shows them.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KeyIssued {
    /// The id and the new secrets.
    #[serde(flatten)]
    pub secrets: KeySecrets,
    /// The key's record.
    pub key: KeyOut,
    /// Since when the new secrets work, and old ones that were ended do not.
    pub in_force: ReceiptOut,
}
