//! Overlap: templates that take some of the same paths, what tells them apart, and which are never reached.
//!
//! Owns:  when two templates meet; the words for what tells them apart; sample paths of a template.
//! Never: decides which operation answers; `model::Catalogue` does, and is asked.
//! Read:  `overlaps`, then `shadowed`.

use model::{
    Catalogue, Operation, Template,
    operation::{ParamKind, Segment},
};
use std::collections::BTreeMap;

/// The most overlaps that are told.
pub(crate) const OVERLAPS_MAX: usize = 1_000;
/// The most pairs that are compared, so that a hostile description cannot cost minutes.
const PAIRS_MAX: usize = 2_000_000;

/// Two operations of one method whose templates meet and where neither is plainly the more exact one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Overlap {
    /// Their places in the list; the first one comes first in it.
    pub(crate) first: usize,
    pub(crate) second: usize,
    /// What tells them apart; `None` when nothing does.
    pub(crate) apart: Option<String>,
}

/// The overlaps among these operations, at most `OVERLAPS_MAX`.
pub(crate) fn overlaps(operations: &[Operation]) -> Vec<Overlap> {
    let mut groups: BTreeMap<(&str, usize), Vec<usize>> = BTreeMap::new();
    for (index, operation) in operations.iter().enumerate() {
        let key = (operation.method.as_str(), operation.template.segments().len());
        groups.entry(key).or_default().push(index);
    }
    let pairs = groups.values().flat_map(|group| {
        group.iter().enumerate().flat_map(|(at, first)| group.iter().skip(at + 1).map(move |second| (*first, *second)))
    });
    let mut found: Vec<Overlap> = pairs
        .take(PAIRS_MAX)
        .filter_map(|(first, second)| {
            let apart = compare(&operations.get(first)?.template, &operations.get(second)?.template)?;
            Some(Overlap { first, second, apart })
        })
        .take(OVERLAPS_MAX)
        .collect();
    found.sort_by_key(|overlap| (overlap.first, overlap.second));
    found
}

/// `None`: no word is needed. `Some(None)`: the same requests. `Some(Some(words))`: what tells them apart.
#[expect(clippy::option_option, reason = "the three answers are listed above and stay in this file")]
fn compare(a: &Template, b: &Template) -> Option<Option<String>> {
    let pairs = || a.segments().iter().zip(b.segments());
    if !pairs().all(|(a, b)| meet(a, b)) {
        return None;
    }
    let is_literal = |segment: &Segment| matches!(segment, Segment::Literal(_));
    let fixed_a = pairs().any(|(a, b)| is_literal(a) && !is_literal(b));
    let fixed_b = pairs().any(|(a, b)| !is_literal(a) && is_literal(b));
    let differing = pairs().find_map(|(a, b)| words(a, b));
    match (fixed_a, fixed_b, differing) {
        (true, true, _) => Some(Some("the one whose fixed text comes first in the path answers".to_owned())),
        (false, false, words) => Some(words),
        // Fixed text before a parameter, as OpenAPI has it.
        (_, _, None) => None,
        (_, _, words) => Some(words),
    }
}

fn affixes(segment: &Segment) -> Option<(&str, ParamKind, &str)> {
    match segment {
        Segment::Literal(_) => None,
        Segment::Param { prefix, kind, suffix, .. } => Some((prefix, *kind, suffix)),
    }
}

/// Whether some text fits both. Errs towards yes where fixed text around parameters differs.
fn meet(a: &Segment, b: &Segment) -> bool {
    match (a, b) {
        (Segment::Literal(a), Segment::Literal(b)) => a == b,
        (Segment::Literal(text), Segment::Param { prefix, kind, suffix, .. })
        | (Segment::Param { prefix, kind, suffix, .. }, Segment::Literal(text)) => text
            .strip_prefix(&**prefix)
            .and_then(|rest| rest.strip_suffix(&**suffix))
            .is_some_and(|value| kind.accepts(value.as_bytes())),
        (Segment::Param { .. }, Segment::Param { .. }) => {
            let (Some((pa, ka, sa)), Some((pb, kb, sb))) = (affixes(a), affixes(b)) else { return false };
            let prefixes = pa.starts_with(pb) || pb.starts_with(pa);
            let suffixes = sa.ends_with(sb) || sb.ends_with(sa);
            let uuid = |kind| kind == ParamKind::Uuid;
            let any = ka == ParamKind::Any || kb == ParamKind::Any;
            prefixes && suffixes && (any || uuid(ka) == uuid(kb) || (pa, sa) != (pb, sb))
        }
    }
}

/// What tells two parameters apart, the narrower one first; `None` when nothing does, or one is no parameter.
fn words(a: &Segment, b: &Segment) -> Option<String> {
    let (a_parts, b_parts) = (affixes(a)?, affixes(b)?);
    if a_parts == b_parts {
        return None;
    }
    let rank = |(prefix, kind, suffix): (&str, ParamKind, &str)| (usize::MAX - prefix.len() - suffix.len(), kind);
    let (narrow, wide) = if rank(a_parts) <= rank(b_parts) { (a, b) } else { (b, a) };
    let takes = match affixes(narrow)?.1 {
        ParamKind::Int32 => "digits up to 2147483647 without leading zeros",
        ParamKind::Int64 => "digits up to 9223372036854775807 without leading zeros",
        ParamKind::Uuid => "UUIDs",
        ParamKind::Any => "what has its fixed text",
    };
    Some(format!("{} takes {takes}, {} the rest", shown(narrow), shown(wide)))
}

fn shown(segment: &Segment) -> String {
    match segment {
        Segment::Literal(text) => text.to_string(),
        Segment::Param { prefix, name, kind: ParamKind::Any, suffix } => format!("{prefix}{{{name}}}{suffix}"),
        Segment::Param { prefix, name, kind, suffix } => format!("{prefix}{{{name}:{}}}{suffix}", kind.as_str()),
    }
}

/// Why no request reaches the operation at `index` of `catalogue`, which is made of `operations`; `None` when one does.
pub(crate) fn shadowed(catalogue: &Catalogue, operation: &Operation) -> Option<String> {
    let dots = |segment: &Segment| matches!(segment, Segment::Literal(text) if matches!(&**text, "." | ".."));
    if operation.template.segments().iter().any(dots) {
        return Some("no canonical path has a segment . or ..".to_owned());
    }
    let mut by = None;
    for sample in samples(&operation.template) {
        let found = catalogue.find(operation.method, sample.as_bytes());
        if found.is_some_and(|found| found.id == operation.id) {
            return None;
        }
        by = by.or_else(|| found.map(|found| found.id.clone()));
    }
    Some(by.map_or_else(|| "no path fits it".to_owned(), |id| format!("{id} answers to all of its requests")))
}

/// Paths that the template takes, with values that little else takes.
fn samples(template: &Template) -> Vec<String> {
    let values = |kind| match kind {
        ParamKind::Int32 => ["7", "20", "345", "2147483646"],
        ParamKind::Int64 => ["9223372036854775806", "3000000000", "4123456789", "8"],
        ParamKind::Uuid => [
            "5f0c2d1e-7a3b-4c9d-8e6f-0a1b2c3d4e5f",
            "a81bc81b-dead-4e5d-abff-90865d1e13b1",
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
        ],
        ParamKind::Any => ["~", "Zq7-x", "_y_", "9z"],
    };
    let path = |at: usize| -> String {
        let segments = template.segments().iter().map(|segment| match segment {
            Segment::Literal(text) => format!("/{text}"),
            Segment::Param { prefix, kind, suffix, .. } => {
                format!("/{prefix}{}{suffix}", values(*kind).get(at).copied().unwrap_or_default())
            }
        });
        segments.collect()
    };
    (0..4).map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(a: &str, b: &str) -> Option<Option<String>> {
        compare(&Template::parse(a).unwrap(), &Template::parse(b).unwrap())
    }

    #[test]
    fn overlaps_are_seen_and_put_into_words() {
        let words = told("/c/{vat}", "/c/{id:int32}").unwrap().unwrap();
        assert_eq!(words, "{id:int32} takes digits up to 2147483647 without leading zeros, {vat} the rest");
        assert_eq!(told("/c/{a}", "/c/{b}"), Some(None));
        assert_eq!(told("/c/{a:int32}", "/c/{b:uuid}"), None);
        assert_eq!(told("/c/{a}", "/c/export"), None, "fixed text goes first, as everywhere");
        assert_eq!(told("/c/{a:int32}", "/c/export"), None);
        assert!(told("/c/{a}/x", "/{b}/7/x").unwrap().unwrap().contains("first in the path"));
        assert!(told("/{a}/{b}", "/{c:int32}/export").unwrap().unwrap().starts_with("{c:int32} takes"));
        assert!(told("/v{a}", "/{b}").unwrap().unwrap().starts_with("v{a} takes"));
    }
}
