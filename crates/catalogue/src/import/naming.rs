//! Naming: ids for the operations of a description.
//!
//! Owns:  ids from `operationId`, or from path and method; that no two are the same.
//! Never: changes an id because another operation came or went, unless the two collide.
//! Read:  `ids`.

use super::description::Endpoint;
use model::OperationId;
use std::collections::{HashMap, HashSet};

/// The longest id that is made here; leaves room for a number behind it.
const MADE_MAX: usize = 120;

/// An id, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) id: OperationId,
    pub(super) from: From,
}

/// Where an id comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum From {
    Extension,
    OperationId,
    /// Guessed; the text says how.
    Made(&'static str),
}

/// The ids of these endpoints, in their order. Ids that the description states are given out first, so that none of them
/// changes because of a made one.
pub(super) fn ids(endpoints: &[Endpoint<'_>]) -> Vec<Name> {
    let mut taken: HashSet<OperationId> = HashSet::new();
    let mut names: Vec<Option<Name>> = endpoints.iter().map(|_| None).collect();
    for (name, endpoint) in names.iter_mut().zip(endpoints) {
        // A repeated one stays as it is: an id that a person chose is not changed, and the flaw is told.
        if let Some(id) = &endpoint.overlay.id {
            taken.insert(id.clone());
            *name = Some(Name { id: id.clone(), from: From::Extension });
        }
    }
    for (name, endpoint) in names.iter_mut().zip(endpoints) {
        let stated = endpoint.operation_id.and_then(OperationId::new).filter(|_| name.is_none());
        if let Some(id) = stated.filter(|id| taken.insert(id.clone())) {
            *name = Some(Name { id, from: From::OperationId });
        }
    }
    let mut numbers = HashMap::new();
    let made = names.into_iter().zip(endpoints).map(|(name, endpoint)| {
        name.unwrap_or_else(|| {
            let (base, how) = match endpoint.operation_id {
                Some(id) if !clean(id).is_empty() => (clean(id), "from operationId, changed to be unique and plain"),
                _ => (derived(endpoint), "from path and method"),
            };
            Name { id: free(&base, &mut taken, &mut numbers), from: From::Made(how) }
        })
    });
    made.collect()
}

/// `company_id_get` of `GET /company/{id}`.
fn derived(endpoint: &Endpoint<'_>) -> String {
    let path = endpoint.path.to_lowercase().replace(['{', '}'], "");
    clean(&format!("{path}_{}", endpoint.method.as_str().to_lowercase()))
}

/// Runs of other characters become one underscore; none at the ends.
fn clean(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if out.len() >= MADE_MAX {
            break;
        }
        match c {
            c if c.is_ascii_alphanumeric() || c == '-' || c == '.' => out.push(c),
            _ if out.is_empty() || out.ends_with('_') => {}
            _ => out.push('_'),
        }
    }
    out.trim_end_matches('_').to_owned()
}

/// `base`, or `base` with a number behind it that makes it new. `numbers` remembers how far each base has come.
fn free(base: &str, taken: &mut HashSet<OperationId>, numbers: &mut HashMap<String, usize>) -> OperationId {
    let base = if base.is_empty() { "operation" } else { base };
    let number = numbers.entry(base.to_owned()).or_insert(0);
    // There are more numbers than operations, so this ends.
    loop {
        *number += 1;
        let text = if *number == 1 { base.to_owned() } else { format!("{base}_{number}") };
        let id = OperationId::new(&text);
        if let Some(id) = id.filter(|id| taken.insert(id.clone())) {
            return id;
        }
    }
}
