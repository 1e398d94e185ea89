//! Report: what a check found, for people (`Display`) and for programs (`Serialize`).
//!
//! Owns:  the shape of the report and its words.
//! Never: finds anything; `check` does.
//! Read:  `Report`.

use crate::problem::Problem;
use model::Operation;
use serde::Serialize;
use std::{collections::BTreeMap, fmt};

/// An operation of a description that the catalogue does not list: it is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// Its method.
    pub method: &'static str,
    /// Its path as callers would send it.
    pub path: String,
    /// What the description says of it, on one line.
    pub summary: String,
}

/// An operation of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// Its method.
    pub method: &'static str,
    /// Its path template.
    pub path: String,
}

impl Entry {
    pub(crate) fn new(operation: &Operation) -> Self {
        Self { id: operation.id.to_string(), method: operation.method.as_str(), path: operation.template.to_string() }
    }
}

/// An operation, and why it is in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The operation.
    #[serde(flatten)]
    pub operation: Entry,
    /// Why.
    pub because: String,
}

impl Reason {
    pub(crate) fn new(operation: &Operation, because: String) -> Self {
        Self { operation: Entry::new(operation), because }
    }
}

/// Two operations that take some of the same paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// The one listed first.
    pub first: Entry,
    /// The other.
    pub second: Entry,
    /// What tells them apart.
    pub because: String,
}

impl Pair {
    pub(crate) fn new(first: &Operation, second: &Operation, because: String) -> Self {
        Self { first: Entry::new(first), second: Entry::new(second), because }
    }
}

/// How many operations of which sort.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// All of them.
    pub operations: usize,
    /// By who may call.
    pub by_audience: BTreeMap<&'static str, usize>,
    /// By the action of the scope.
    pub by_action: BTreeMap<&'static str, usize>,
    /// By company mode.
    pub by_company: BTreeMap<&'static str, usize>,
    /// By limit class.
    pub by_class: BTreeMap<String, usize>,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Counts.
    pub summary: Summary,
    /// The description that the catalogue was compared with.
    pub compared_with: Option<String>,
    /// What was taken to stand before the description's paths.
    pub prefix: Option<String>,
    /// Flaws that keep the catalogue from being served and have no list of their own.
    pub problems: Vec<Problem>,
    /// In the description, not in the catalogue.
    pub unmapped: Vec<Endpoint>,
    /// In the catalogue, not in the description.
    pub stale: Vec<Entry>,
    /// Pairs that nothing tells apart.
    pub ambiguous: Vec<Pair>,
    /// Operations that no request reaches.
    pub unreachable: Vec<Reason>,
    /// Public operations that change something (D22).
    pub public_writes: Vec<Reason>,
    /// What keys that are limited to companies cannot reach (D34). Not a fault: a decision to know of.
    pub company_restricted: Vec<Reason>,
    /// Pairs that share paths and are told apart. Not a fault.
    pub overlaps: Vec<Pair>,
}

impl Report {
    /// Whether nothing needs a person's attention; what company-restricted keys cannot reach and overlaps that are told
    /// apart are no faults.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
            && self.unmapped.is_empty()
            && self.stale.is_empty()
            && self.ambiguous.is_empty()
            && self.unreachable.is_empty()
            && self.public_writes.is_empty()
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} {})", self.id, self.method, self.path)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        if self.summary.is_empty() { Ok(()) } else { write!(f, ": {}", self.summary) }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.because)
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {}: {}", self.first, self.second, self.because)
    }
}

fn section<T: fmt::Display>(f: &mut fmt::Formatter<'_>, title: &str, items: &[T]) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}: {}", items.len())?;
    items.iter().try_for_each(|item| writeln!(f, "  {item}"))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = |map: &BTreeMap<&'static str, usize>| {
            map.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
        };
        let Summary { operations, by_audience, by_action, by_company, by_class } = &self.summary;
        writeln!(f, "{operations} operations")?;
        for (title, map) in [("audience", by_audience), ("action", by_action), ("company", by_company)] {
            writeln!(f, "  {title}: {}", counts(map))?;
        }
        let classes: Vec<String> = by_class.iter().map(|(name, count)| format!("{count} {name}")).collect();
        writeln!(f, "  limit class: {}", classes.join(", "))?;
        if let (Some(title), Some(prefix)) = (&self.compared_with, &self.prefix) {
            let prefix = if prefix.is_empty() { "no prefix" } else { prefix };
            writeln!(f, "compared with {title}, paths under {prefix}")?;
        }
        section(f, "Problems", &self.problems)?;
        section(f, "Ambiguous, so the catalogue cannot be served", &self.ambiguous)?;
        section(f, "Public operations that change something", &self.public_writes)?;
        section(f, "Unreachable", &self.unreachable)?;
        section(f, "Unmapped: in the description, not in the catalogue, so refused", &self.unmapped)?;
        section(f, "Stale: in the catalogue, not in the description", &self.stale)?;
        section(f, "Not for keys that are limited to companies", &self.company_restricted)?;
        section(f, "Overlaps that are told apart", &self.overlaps)?;
        if self.is_clean() { writeln!(f, "\nNothing to settle.") } else { writeln!(f, "\nSettle the lists above.") }
    }
}
