//! The operation catalogue on the wire.
//!
//! Owns:  the JSON of an operation of the upstream.
//! Never: the catalogue file; that is the `catalogue` crate's.
//! Read:  top down.

use model::{CompanyMode, Operation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One operation that callers can ask of the upstream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperationOut {
    /// Its name in the catalogue.
    #[schema(example = "company_get")]
    pub id: String,
    /// Its method.
    #[schema(example = "GET")]
    pub method: String,
    /// Its path as callers send it.
    #[schema(example = "/v1/company/{id:int32}")]
    pub path: String,
    /// Who may call it: `public`, `key`, `member`, `admin` or `callback`.
    #[schema(example = "key")]
    pub audience: String,
    /// The scope that a key needs.
    #[schema(example = "company:read")]
    pub scope: String,
    /// How it is held to a key's companies: `locators`, `injected`, `lookup`, `context`, `neutral` or `account`.
    #[schema(example = "locators")]
    pub company_mode: String,
    /// Where a request names a company, or the operation that tells it; empty for modes without either.
    #[schema(example = json!(["path:id=id"]))]
    pub company_sources: Vec<String>,
    /// What becomes of a body that is not JSON where a restricted key's body would be looked into: `refused`, or left to the
    /// `upstream`.
    #[schema(example = "refused")]
    pub other_bodies: String,
    /// Which counter it spends from.
    #[schema(example = "default")]
    pub limit_class: String,
    /// For audiences without a key: the environment it goes to.
    #[schema(required = true)]
    pub environment: Option<String>,
    /// Who answers it: the `upstream`, or `subkeys`, the deployment's own management of restricted keys, which no restricted key
    /// may call.
    #[schema(example = "upstream")]
    pub served_by: String,
}

impl From<&Operation> for OperationOut {
    fn from(operation: &Operation) -> Self {
        let locator = |l: &model::Locator| format!("{}={}", l.place, l.kind.as_str());
        Self {
            id: operation.id.to_string(),
            method: operation.method.as_str().to_owned(),
            path: operation.template.to_string(),
            audience: operation.audience.as_str().to_owned(),
            scope: operation.scope.to_string(),
            company_mode: operation.company.as_str().to_owned(),
            company_sources: match &operation.company {
                CompanyMode::Locators(locators) => locators.iter().map(locator).collect(),
                CompanyMode::Injected(place) => vec![locator(place)],
                CompanyMode::Lookup(other) => vec![other.to_string()],
                CompanyMode::Context | CompanyMode::Neutral | CompanyMode::Account => Vec::new(),
            },
            other_bodies: operation.other_bodies.as_str().to_owned(),
            limit_class: operation.class.as_str().to_owned(),
            environment: operation.environment.map(|e| e.as_str().to_owned()),
            served_by: operation.served_by.as_str().to_owned(),
        }
    }
}
