//! Companies.
use model::{Company, ExternalName, Timestamp};

/// A company and what the store knows about its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanyRow {
    /// The company.
    pub company: Company,
    /// Grows by one with every change.
    pub version: u64,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What to change of a company; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct CompanyPatch {
    /// A new name.
    pub name: Option<String>,
    /// All external names, in place of the present ones.
    pub external_names: Option<Vec<ExternalName>>,
    /// Refuse when the row is not at this version.
    pub expected_version: Option<u64>,
}
