//! Companies on the wire (D9, D35).
//!
//! Owns:  the JSON of companies; external names as texts, `test:id=42`.
//! Never: which company a request names; that is the gateway's.
//! Read:  top down.

use crate::{
    problem::FieldProblem,
    receipt::{ReceiptOut, RowState},
    schema,
    time::Time,
    validation::{Change, Checks},
};
use model::{Company, ExternalName};
use serde::{Deserialize, Serialize};
use utoipa::{
    ToSchema,
    openapi::{RefOr, Schema},
};

/// The most external names of one company.
pub const EXTERNAL_NAMES_MAX: usize = 64;

/// A new company.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompanyIn {
    /// A name for people.
    #[schema(schema_with = schema::name)]
    pub name: String,
    /// What the upstream calls it, per environment and kind: `environment:kind=value`.
    #[serde(default)]
    #[schema(schema_with = listed_schema, required = false)]
    pub external_names: Vec<String>,
}

/// Changes to a company; a member that is left out keeps its value.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompanyPatch {
    /// A new name.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    #[schema(schema_with = schema::name, required = false)]
    pub name: Change<String>,
    /// The whole new list of external names; null or an empty list removes all.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    #[schema(schema_with = cleared_schema, required = false)]
    pub external_names: Change<Vec<String>>,
    /// Refuse the change when the company is not at this `version` any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<u64>,
}

/// The checked settings of a new company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanyDraft {
    /// Its name.
    pub name: String,
    /// What the upstream calls it.
    pub external_names: Vec<ExternalName>,
}

/// The checked changes to a company.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompanyChange {
    /// A new name.
    pub name: Option<String>,
    /// The whole new list.
    pub external_names: Option<Vec<ExternalName>>,
    /// The version that the caller has read.
    pub expected_version: Option<u64>,
}

impl CompanyIn {
    /// The checked settings, or every problem.
    pub fn check(self) -> Result<CompanyDraft, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let name = checks.name("/name", self.name);
        let external_names = external_names(&self.external_names, &mut checks);
        checks.finish()?;
        Ok(CompanyDraft { name: name.unwrap_or_default(), external_names })
    }
}

impl CompanyPatch {
    /// The checked changes, or every problem.
    pub fn check(self) -> Result<CompanyChange, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let name = self.name.required("/name", &mut checks).and_then(|text| checks.name("/name", text));
        let external_names = match self.external_names {
            Change::Keep => None,
            Change::Clear => Some(Vec::new()),
            Change::Set(texts) => Some(external_names(&texts, &mut checks)),
        };
        checks.finish()?;
        Ok(CompanyChange { name, external_names, expected_version: self.expected_version })
    }
}

fn listed_schema() -> RefOr<Schema> {
    schema::external_names(false)
}

fn cleared_schema() -> RefOr<Schema> {
    schema::external_names(true)
}

/// Sorted, repeats folded.
fn external_names(texts: &[String], checks: &mut Checks) -> Vec<ExternalName> {
    if texts.len() > EXTERNAL_NAMES_MAX {
        checks.problem("/external_names", format!("at most {EXTERNAL_NAMES_MAX} external names"));
        return Vec::new();
    }
    let wanted = "write environment:kind=value, for example test:id=42 or live:vat=IT01234567890";
    let parsed = texts
        .iter()
        .enumerate()
        .filter_map(|(i, text)| checks.want(format!("/external_names/{i}"), ExternalName::parse(text), wanted));
    let mut names: Vec<_> = parsed.collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A company.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CompanyOut {
    /// Its id.
    #[schema(example = "co_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub id: String,
    /// The account that owns it.
    pub account_id: String,
    /// A name for people.
    pub name: String,
    /// What the upstream calls it: `environment:kind=value`.
    #[schema(example = json!(["test:id=42", "live:vat=IT01234567890"]))]
    pub external_names: Vec<String>,
    /// When it was created.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// Grows with every change; a patch may name the version that it was made for.
    #[schema(example = 1)]
    pub version: u64,
}

impl CompanyOut {
    /// A company and the state of its row.
    #[must_use]
    pub fn new(company: &Company, row: RowState) -> Self {
        let mut names: Vec<_> = company.external_names.iter().collect();
        names.sort_unstable();
        Self {
            id: company.id.to_string(),
            account_id: company.account.to_string(),
            name: company.name.clone(),
            external_names: names.into_iter().map(ToString::to_string).collect(),
            created_at: Time(company.created_at),
            updated_at: Time(row.updated_at),
            version: row.version,
        }
    }
}

/// A company after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CompanyChanged {
    /// The company as it is now.
    pub company: CompanyOut,
    /// Since when the change is in force.
    pub in_force: ReceiptOut,
}

/// A company that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CompanyDeleted {
    /// Its id.
    pub company_id: String,
    /// The keys that were restricted to it and lost it. None of them gained anything by that.
    pub keys: Vec<String>,
    /// Since when the deletion is in force.
    pub in_force: ReceiptOut,
}
