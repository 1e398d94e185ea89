//! Check: what a catalogue covers, what it leaves out, and what a person should look at before serving it.
//!
//! Owns:  the report: unmapped, stale, ambiguous, unreachable, public writes, what company-restricted keys cannot reach.
//! Never: changes a catalogue.
//! Read:  `check`, then `Report`.

mod report;

pub use report::{Endpoint, Entry, Pair, Reason, Report, Summary};

use crate::{
    import::{ImportError, ImportOptions, Survey, survey},
    overlap,
    problem::{Problem, ProblemCode},
    sound,
};
use model::{Action, Audience, Catalogue, CatalogueError, CompanyMode, Operation, OperationId, operation::Segment};
use std::collections::{HashMap, HashSet};

/// Reports on a catalogue, compared with the OpenAPI description that `against` gives, if any. Operations that a rule of
/// `against` ignores are not reported as unmapped. Without a prefix in the options, the one that fits the catalogue best
/// is taken.
///
/// # Errors
/// The description cannot be read at all.
pub fn check(operations: &[Operation], against: Option<(&str, &ImportOptions)>) -> Result<Report, ImportError> {
    let mut report = Report::default();
    flaws(operations, &mut report);
    reach(operations, &mut report);
    report.summary = summary(operations);
    report.company_restricted = operations.iter().filter_map(|o| Some(Reason::new(o, restricted(o)?))).collect();
    if let Some((source, options)) = against {
        let survey = survey(source, options)?;
        compare(operations, &survey, options.prefix.is_some(), &mut report);
    }
    Ok(report)
}

fn flaws(operations: &[Operation], report: &mut Report) {
    for (index, flaw) in sound::flaws(operations) {
        let Some(operation) = operations.get(index) else { continue };
        let subject = format!("operation {}", operation.id);
        let problem = Problem { code: flaw.code, position: None, subject, message: flaw.message, hint: flaw.hint };
        // These two have lists of their own.
        if !matches!(flaw.code, ProblemCode::Ambiguous | ProblemCode::PublicWrite) {
            report.problems.push(problem);
        }
    }
    let by_id: HashMap<&OperationId, &Operation> =
        operations.iter().map(|operation| (&operation.id, operation)).collect();
    for error in Catalogue::new(operations.to_vec()).err().into_iter().flatten() {
        let CatalogueError::Ambiguous(first, second) = &error else { continue };
        if let (Some(first), Some(second)) = (by_id.get(first), by_id.get(second)) {
            report.ambiguous.push(Pair::new(first, second, "nothing tells them apart".to_owned()));
        }
    }
    for overlap in overlap::overlaps(operations) {
        let (Some(first), Some(second)) = (operations.get(overlap.first), operations.get(overlap.second)) else {
            continue;
        };
        report.overlaps.extend(overlap.apart.map(|words| Pair::new(first, second, words)));
    }
    for operation in operations.iter().filter(|o| o.audience == Audience::Public) {
        if !operation.method.is_safe() {
            report.public_writes.push(Reason::new(operation, "public operations are GET or HEAD".to_owned()));
        } else if operation.scope.action != Action::Read {
            let because =
                format!("anyone may call it, and its scope says that it can {}", operation.scope.action.as_str());
            report.public_writes.push(Reason::new(operation, because));
        }
    }
}

fn reach(operations: &[Operation], report: &mut Report) {
    // Of operations with one id, or that answer to the same requests, the first one is asked about; the rest is reported
    // as such.
    let (mut ids, mut shapes) = (HashSet::new(), HashSet::new());
    let distinct = operations.iter().filter(|o| ids.insert(&o.id) && shapes.insert((o.method, shape(o))));
    let distinct: Vec<Operation> =
        distinct.map(|o| Operation { audience: Audience::Key, environment: None, ..o.clone() }).collect();
    let Ok(catalogue) = Catalogue::new(distinct.clone()) else { return };
    let unreachable = distinct.iter().filter_map(|o| Some(Reason::new(o, overlap::shadowed(&catalogue, o)?)));
    report.unreachable = unreachable.collect();
}

/// The template without the names of its parameters: what the router goes by.
fn shape(operation: &Operation) -> String {
    let segments = operation.template.segments().iter().map(|segment| match segment {
        Segment::Literal(text) => format!("/{text}"),
        Segment::Param { prefix, kind, suffix, .. } => format!("/{prefix}{{:{}}}{suffix}", kind.as_str()),
    });
    segments.collect()
}

/// Why a key that is limited to companies cannot reach an operation that other keys reach (D34).
fn restricted(operation: &Operation) -> Option<String> {
    let whole = operation.audience == Audience::Key && operation.company == CompanyMode::Account;
    whole.then(|| "company mode account: data of the whole account".to_owned())
}

fn summary(operations: &[Operation]) -> Summary {
    let mut summary = Summary { operations: operations.len(), ..Summary::default() };
    for operation in operations {
        *summary.by_audience.entry(operation.audience.as_str()).or_default() += 1;
        *summary.by_action.entry(operation.scope.action.as_str()).or_default() += 1;
        *summary.by_company.entry(operation.company.as_str()).or_default() += 1;
        *summary.by_class.entry(operation.class.as_str().to_owned()).or_default() += 1;
    }
    summary
}

/// Method and path without the kinds of parameters: what a description and a catalogue have in common.
fn plain(operation: &Operation) -> (&'static str, String) {
    let segments = operation.template.segments().iter().map(|segment| match segment {
        Segment::Literal(text) => format!("/{text}"),
        Segment::Param { prefix, name, suffix, .. } => format!("/{prefix}{{{name}}}{suffix}"),
    });
    (operation.method.as_str(), segments.collect())
}

fn compare(operations: &[Operation], survey: &Survey, prefix_given: bool, report: &mut Report) {
    let mapped: HashMap<(&str, String), usize> =
        operations.iter().enumerate().map(|(index, operation)| (plain(operation), index)).collect();
    let keys = |prefix: &str| -> Vec<(&'static str, String)> {
        survey.endpoints.iter().map(|e| (e.method.as_str(), format!("{prefix}{}", e.path))).collect()
    };
    let fits = |prefix: &str| keys(prefix).iter().filter(|key| mapped.contains_key(key)).count();
    let mut prefix = survey.prefix.clone();
    if !prefix_given {
        // The longest wins a tie last, so the description's own prefix stays when nothing fits better.
        for candidate in common_prefixes(operations) {
            if fits(&candidate) > fits(&prefix) {
                prefix = candidate;
            }
        }
    }
    let mut stale = vec![true; operations.len()];
    for (endpoint, key) in survey.endpoints.iter().zip(keys(&prefix)) {
        match mapped.get(&key) {
            Some(index) => stale.iter_mut().skip(*index).take(1).for_each(|flag| *flag = false),
            None if endpoint.ignored => {}
            None => report.unmapped.push(Endpoint { method: key.0, path: key.1, summary: endpoint.summary.clone() }),
        }
    }
    let old = operations.iter().zip(stale).filter(|(_, stale)| *stale);
    report.stale = old.map(|(operation, _)| Entry::new(operation)).collect();
    report.compared_with = Some(survey.title.clone());
    report.prefix = Some(prefix);
}

/// What all paths of the catalogue start with: nothing, `/v1`, `/v1/x`, ...
fn common_prefixes(operations: &[Operation]) -> Vec<String> {
    let literals = |operation: &Operation| -> Vec<String> {
        let segments = operation.template.segments().iter();
        let fixed = segments.map_while(|s| if let Segment::Literal(text) = s { Some(text.to_string()) } else { None });
        fixed.collect()
    };
    let Some((first, rest)) = operations.split_first() else { return Vec::new() };
    let mut common = literals(first);
    for operation in rest {
        let same = common.iter().zip(literals(operation)).take_while(|(a, b)| **a == *b).count();
        common.truncate(same);
    }
    let mut prefix = String::new();
    let mut prefixes = vec![prefix.clone()];
    for segment in common {
        prefix = format!("{prefix}/{segment}");
        prefixes.push(prefix.clone());
    }
    prefixes
}
