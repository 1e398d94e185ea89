//! Explanations on the wire: what would happen to a request, and which change would allow it.
//!
//! Owns:  the JSON of a described request and of what admission says about it.
//! Never: decides; `admission::explain` does, with the code that decides real requests.
//! Read:  top down.

use crate::{problem::FieldProblem, schema, validation::Checks};
use model::{AccountId, Denial, Environment, HttpMethod, KeyId, SecretSlot};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use utoipa::ToSchema;

/// The longest path or origin that can be described, in bytes.
pub const TEXT_MAX: usize = 8 * 1024;

/// A request as somebody describes it. Its secret is not part of it: the right one is assumed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainIn {
    /// The account whose key it would use; left out for a request without a key.
    #[schema(schema_with = schema::account_id)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// The key that it would use; left out for a request without a key.
    #[schema(schema_with = schema::key_id)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// Which of the key's credentials: `test` or `live`. Needed with a key.
    #[schema(pattern = "^(test|live)$", example = "live")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Which of the credential's secrets: `current` (the default), or `previous` for the one before the last rotation.
    #[schema(pattern = "^(current|previous)$", default = "current")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The method: `GET`, `HEAD`, `POST`, `PUT`, `PATCH` or `DELETE`.
    #[schema(pattern = "^(GET|HEAD|POST|PUT|PATCH|DELETE)$", example = "POST")]
    pub method: String,
    /// The path as the caller would send it; a query string is left aside.
    #[schema(max_length = 8192, pattern = "^/", example = "/v1/send")]
    pub path: String,
    /// The `Origin` that a browser would send.
    #[schema(max_length = 8192, example = "https://app.example.com")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The address that it would come from. A key with networks works from no other, and from none that is not known.
    #[schema(max_length = 45, example = "203.0.113.7")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A checked description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The key it would use, if any.
    pub key: Option<DescribedKey>,
    /// The method.
    pub method: HttpMethod,
    /// The path, not yet canonical, without its query string.
    pub path: String,
    /// The origin, if any.
    pub origin: Option<String>,
    /// The address, if any.
    pub address: Option<IpAddr>,
}

/// Which secret of which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DescribedKey {
    /// Whose.
    pub account: AccountId,
    /// Which key.
    pub key: KeyId,
    /// Which of its credentials.
    pub environment: Environment,
    /// Which of the credential's secrets.
    pub slot: SecretSlot,
}

impl ExplainIn {
    /// The checked description, or every problem.
    pub fn check(self) -> Result<Described, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let key = self.key(&mut checks);
        let wanted = "use GET, HEAD, POST, PUT, PATCH or DELETE, in capitals";
        let method = checks.want("/method", HttpMethod::parse(&self.method), wanted);
        let path = self.path.split('?').next().unwrap_or_default().to_owned();
        if self.path.len() > TEXT_MAX {
            checks.problem("/path", format!("at most {TEXT_MAX} bytes"));
        }
        if self.origin.as_ref().is_some_and(|o| o.len() > TEXT_MAX) {
            checks.problem("/origin", format!("at most {TEXT_MAX} bytes"));
        }
        let address = self.address.as_deref().and_then(|text| {
            checks.want("/address", text.parse().ok(), "use an IPv4 or IPv6 address, such as 203.0.113.7")
        });
        checks.finish()?;
        Ok(Described { key, method: method.unwrap_or(HttpMethod::Get), path, origin: self.origin, address })
    }

    fn key(&self, checks: &mut Checks) -> Option<DescribedKey> {
        let slot = match self.secret.as_deref() {
            None | Some("current") => Some(SecretSlot::Current),
            Some("previous") => Some(SecretSlot::Previous),
            Some(_) => checks.want("/secret", None, "use current or previous"),
        };
        let environment = self.environment.as_deref().map(Environment::parse);
        if environment == Some(None) {
            checks.problem("/environment", "use test or live");
        }
        match (&self.account_id, &self.key_id) {
            (None, None) => None,
            (Some(account), Some(key)) => {
                let account = account.parse::<AccountId>();
                let account = account.map_err(|e| checks.problem("/account_id", e.to_string())).ok();
                let key = key.parse::<KeyId>().map_err(|e| checks.problem("/key_id", e.to_string())).ok();
                if environment.is_none() {
                    checks.problem("/environment", "say test or live: a key has a credential in each");
                }
                Some(DescribedKey { account: account?, key: key?, environment: environment??, slot: slot? })
            }
            (Some(_), None) => checks.want("/key_id", None, "name the key too, or leave account_id out"),
            (None, Some(_)) => checks.want("/account_id", None, "name the key's account too"),
        }
    }
}

/// What would happen to the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExplainOut {
    /// Whether it would be forwarded.
    pub allowed: bool,
    /// The operation that it asks for, if the catalogue has one.
    #[schema(required = true, example = "send_create")]
    pub operation: Option<String>,
    /// The refusal that the caller would get, and its precise reason.
    #[schema(required = true)]
    pub refusal: Option<RefusalOut>,
    /// Every check, in order.
    pub steps: Vec<StepOut>,
    /// What would have to change, all of it, for the request to pass; empty when it passes as it is.
    pub remedies: Vec<RemedyOut>,
}

/// What a caller would be told, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusalOut {
    /// The status of the answer.
    #[schema(example = 403)]
    pub status: u16,
    /// The public code.
    #[schema(example = "insufficient_scope")]
    pub code: String,
    /// The public sentence.
    pub detail: String,
    /// The precise reason, which the caller is not told.
    #[schema(example = "insufficient_scope")]
    pub reason: String,
}

impl From<Denial> for RefusalOut {
    fn from(denial: Denial) -> Self {
        let answer = denial.answer();
        Self {
            status: answer.status,
            code: answer.code.to_owned(),
            detail: answer.detail.to_owned(),
            reason: answer.reason.to_owned(),
        }
    }
}

/// One check of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepOut {
    /// Which: `credential`, `status`, `expiry`, `secret`, `freshness`, `operation`, `audience`, `origin`, `scope` or
    /// `company`.
    #[schema(example = "scope")]
    pub check: String,
    /// `passed`, `failed` or `not_reached`.
    #[schema(example = "failed")]
    pub state: String,
    /// The same in words.
    #[schema(example = "The key lacks the scope send:send.")]
    pub sentence: String,
}

/// One change that the request needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RemedyOut {
    /// What to do: `grant_scope`, `enable_key`, ..., or `not_possible`.
    #[schema(example = "grant_scope")]
    pub action: String,
    /// The scope to grant, for `grant_scope`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "send:send")]
    pub scope: Option<String>,
    /// The same in words.
    #[schema(example = "Give the key the scope send:send.")]
    pub sentence: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Result<Described, Vec<String>> {
        let described = serde_json::from_str::<ExplainIn>(json).unwrap().check();
        described.map_err(|problems| problems.into_iter().map(|p| p.pointer).collect())
    }

    #[test]
    fn a_request_without_a_key_needs_no_account() {
        let described = check(r#"{"method":"GET","path":"/v1/health?x=1"}"#).unwrap();
        assert_eq!((described.key, described.path.as_str()), (None, "/v1/health"));
    }

    #[test]
    fn half_described_keys_are_refused_field_by_field() {
        let table = [
            (r#"{"method":"get","path":"/"}"#, vec!["/method"]),
            (r#"{"method":"GET","path":"/","key_id":"key_1"}"#, vec!["/account_id"]),
            (r#"{"method":"GET","path":"/","account_id":"acc_1"}"#, vec!["/key_id"]),
            (
                r#"{"method":"GET","path":"/","account_id":"acc_1","key_id":"key_1"}"#,
                vec!["/account_id", "/key_id", "/environment"],
            ),
            (r#"{"method":"GET","path":"/","environment":"prod","secret":"old"}"#, vec!["/secret", "/environment"]),
        ];
        for (json, pointers) in table {
            assert_eq!(check(json).unwrap_err(), pointers, "{json}");
        }
    }
}
