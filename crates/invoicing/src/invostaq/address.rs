//! Address: where somebody is.
//!
//! Owns:  its members and what may stand at each.
//! Never: guesses a country.
//! Read:  top down.

use crate::{field, problem::Problem};
use serde::{Deserialize, Serialize};

/// Characters of a line.
const LINE_MAX: usize = 200;

/// An address as callers write it and rows keep it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Address {
    pub(crate) street: Option<String>,
    pub(crate) additional_street: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) postal_code: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) country: Option<String>,
}

impl Address {
    /// The same with what may stand there; `at` is its name in a refusal.
    pub(crate) fn checked(&self, at: &str) -> Result<Self, Problem> {
        let line = |member: &str, value: &Option<String>| {
            field::optional_text(&format!("{at}.{member}"), value.as_deref(), LINE_MAX)
        };
        let country = self.country.clone().filter(|country| !country.is_empty());
        if country.as_deref().is_some_and(|country| !field::is_country(country)) {
            let name = format!("{at}.country");
            return Err(Problem::invalid_record(format!("`{name}` is not the two capitals of a country, such as AE.")));
        }
        Ok(Self {
            street: line("street", &self.street)?,
            additional_street: line("additionalStreet", &self.additional_street)?,
            city: line("city", &self.city)?,
            postal_code: line("postalCode", &self.postal_code)?,
            region: line("region", &self.region)?,
            country,
        })
    }

    /// Whether nothing is said.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
