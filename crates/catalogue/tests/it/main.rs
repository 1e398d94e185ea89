//! It: the catalogue crate from outside: format, import, rules, check, hostile input, and a real description.
//!
//! Owns:  what the crate promises to `server` and to people.
//! Never: touches insides.
//! Read:  `format`, then `ledger`, then `real`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests stop at the first surprise and say why they skip")]

mod check;
mod format;
mod hostile;
mod idempotency;
mod ledger;
mod precedence;
mod real;

use catalogue::{Draft, ImportOptions, Rule, RuleKind};
use model::Operation;

/// The ledger fixture, OpenAPI 3.0 in YAML.
const LEDGER: &str = include_str!("../../fixtures/ledger.openapi.yml");
/// The same API, OpenAPI 3.1 in JSON.
const LEDGER_31: &str = include_str!("../../fixtures/ledger-3.1.openapi.json");
/// What the fixtures call their extension.
const EXTENSION: &str = "x-gate";

fn options(rules: &[(RuleKind, &str)]) -> ImportOptions {
    let rules = rules.iter().map(|(kind, text)| Rule::parse(*kind, text).unwrap()).collect();
    ImportOptions { prefix: None, rules, extension: EXTENSION.to_owned() }
}

fn import(source: &str, rules: &[(RuleKind, &str)]) -> Draft {
    catalogue::import(source, &options(rules)).unwrap()
}

/// A description with these paths, in YAML flow style.
fn with_paths(paths: &str) -> String {
    format!("openapi: 3.0.3\ninfo: {{ title: T, version: '1' }}\npaths: {paths}\n")
}

fn operation<'a>(draft: &'a Draft, id: &str) -> &'a Operation {
    let found = draft.operations.iter().find(|operation| operation.id.as_str() == id);
    found.unwrap_or_else(|| panic!("no operation {id}: {:?}", ids(draft)))
}

fn ids(draft: &Draft) -> Vec<&str> {
    draft.operations.iter().map(|operation| operation.id.as_str()).collect()
}

fn problems(draft: &Draft) -> Vec<String> {
    draft.problems.iter().map(ToString::to_string).collect()
}
