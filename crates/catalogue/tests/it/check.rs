//! Check: what the report says of catalogues that drifted, overlap or leave things out.
//!
//! Owns:  every list of the report.
//! Never: tests the import.
//! Read:  `a_fresh_import_is_clean`.

use super::{EXTENSION, LEDGER, import, options};
use catalogue::{ImportOptions, Report, RuleKind, check, examine};
use model::Operation;

fn report(operations: &[Operation]) -> Report {
    check(operations, Some((LEDGER, &options(&[])))).unwrap()
}

#[test]
fn a_fresh_import_is_clean() {
    let draft = import(LEDGER, &[]);
    let report = report(&draft.operations);
    assert!(report.is_clean(), "{report}");
    insta::assert_snapshot!(report.to_string());
    insta::assert_json_snapshot!(report.summary);
}

#[test]
fn d7_what_is_in_one_of_the_two_only_is_told() {
    let mut operations = import(LEDGER, &[]).operations;
    let gone = operations.remove(3);
    let mut extra = gone.clone();
    extra.template = model::Template::parse("/v1/elsewhere").unwrap();
    operations.push(extra);
    let report = report(&operations);
    assert!(!report.is_clean());
    assert_eq!(report.unmapped.len(), 1);
    assert_eq!((report.unmapped[0].method, report.unmapped[0].path.as_str()), ("POST", "/v1/organisation"));
    assert_eq!(report.stale.iter().map(|entry| entry.path.as_str()).collect::<Vec<_>>(), ["/v1/elsewhere"]);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["unmapped"][0]["summary"], "Add an organisation");
    assert_eq!(json["stale"][0]["path"], "/v1/elsewhere");
}

#[test]
fn what_a_rule_or_the_extension_leaves_out_is_not_missing() {
    let rules = [(RuleKind::Ignore, "* /inbox*")];
    let operations = import(LEDGER, &rules).operations;
    assert!(check(&operations, Some((LEDGER, &options(&rules)))).unwrap().is_clean());
    assert_eq!(report(&operations).unmapped.len(), 4, "without the rule they are");
}

#[test]
fn the_prefix_is_found_in_the_catalogue() {
    let other = ImportOptions { prefix: Some("/api".into()), ..options(&[]) };
    let operations = catalogue::import(LEDGER, &other).unwrap().operations;
    let report = report(&operations);
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.prefix.as_deref(), Some("/api"));
    let wrong = ImportOptions { prefix: Some("/wrong".into()), extension: EXTENSION.into(), ..Default::default() };
    let report = check(&operations, Some((LEDGER, &wrong))).unwrap();
    assert_eq!(report.stale.len(), operations.len(), "a prefix that is given is not second-guessed");
}

#[test]
fn d22_d34_unreachable_ambiguous_and_public_writes_are_told() {
    let entry = |id: &str, method: &str, path: &str, rest: &str| {
        format!("[[operation]]\nid = \"{id}\"\nmethod = \"{method}\"\npath = \"{path}\"\nscope = \"x:write\"\n{rest}\n")
    };
    let key = "audience = \"key\"";
    let text = [
        entry("a", "GET", "/x/{a}", key),
        entry("b", "GET", "/x/{b}", key),
        entry("c", "POST", "/y", "audience = \"public\"\nenvironment = \"live\""),
        entry("d", "GET", "/y", "audience = \"public\"\nenvironment = \"live\""),
        entry("e", "GET", "/z/../w", key),
        entry("f", "GET", "/n/1{x}", key),
        entry("g", "GET", "/n/{y:int32}", "audience = \"key\"\ncompany = { mode = \"context\" }"),
        entry("h", "PUT", "/n", "audience = \"key\"\ncompany = { mode = \"lookup\", operation = \"nobody\" }"),
    ];
    let reading = examine(&text.concat());
    let report = check(&reading.operations, None).unwrap();
    assert!(!report.is_clean());
    let ids = |list: &[check::Reason]| list.iter().map(|r| r.operation.id.clone()).collect::<Vec<_>>();
    assert_eq!(
        report.ambiguous.iter().map(|p| (p.first.id.as_str(), p.second.id.as_str())).collect::<Vec<_>>(),
        [("a", "b")]
    );
    assert_eq!(ids(&report.public_writes), ["c", "d"]);
    assert_eq!(ids(&report.unreachable), ["e"]);
    assert_eq!(ids(&report.company_restricted), ["a", "b", "e", "f"]);
    assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
    assert_eq!(report.overlaps.len(), 1, "{:?}", report.overlaps);
    insta::assert_snapshot!(report.to_string());
}
