//! Precedence: rule over extension over guess.
//!
//! Owns:  what rules and the extension may say, and what happens when they say it wrongly.
//! Never: tests the grammar of rules; `rule` does.
//! Read:  `a_rule_is_over_the_extension_and_both_over_the_guess`.

use super::{LEDGER, ids, import, operation, problems, with_paths};
use catalogue::{Field, NoteKind, RuleKind, read};
use model::{Audience, CompanyMode, Environment};

#[test]
fn a_rule_is_over_the_extension_and_both_over_the_guess() {
    let text =
        with_paths("{ '/a': { x-gate: { action: send }, get: {}, post: {}, put: { x-gate: { action: read } } } }");
    let draft = import(&text, &[(RuleKind::Write, "GET /a")]);
    let scope = |id: &str| operation(&draft, id).scope.to_string();
    assert_eq!((scope("a_get"), scope("a_post"), scope("a_put")), ("a:write".into(), "a:send".into(), "a:read".into()));
    let kind = |id: &str| {
        let of = |note: &&catalogue::Note| {
            note.field == Some(Field::Scope) && note.operation.as_ref().unwrap().as_str() == id
        };
        draft.notes.iter().find(of).map(|note| (note.kind, note.text.clone())).unwrap()
    };
    assert_eq!(kind("a_get").0, NoteKind::Rule);
    assert_eq!(kind("a_post"), (NoteKind::Extension, "x-gate".to_owned()));
}

#[test]
fn the_more_exact_level_of_the_extension_wins() {
    let paths = "{ '/a': { x-gate: { audience: member, action: write }, get: {}, put: { x-gate: { audience: admin } } }, '/b': { get: {} } }";
    let text = format!("{}x-gate: {{ environment: test, class: slow, resource: things }}\n", with_paths(paths));
    let draft = import(&text, &[]);
    let of = |id: &str| operation(&draft, id);
    assert_eq!(
        (of("a_get").audience, of("a_put").audience, of("b_get").audience),
        (Audience::Member, Audience::Admin, Audience::Key)
    );
    assert_eq!((of("a_get").environment, of("b_get").environment), (Some(Environment::Test), None));
    assert_eq!(of("a_get").scope.to_string(), "things:write");
    assert_eq!(of("b_get").class.as_str(), "slow");
    assert_eq!(problems(&draft), [""; 0]);
}

#[test]
fn an_extension_beside_a_reference_is_read() {
    let text = with_paths(
        "{ '/a': { x-gate: { class: slow }, get: {} }, '/b': { $ref: '#/paths/~1a', x-gate: { audience: admin } } }",
    );
    let draft = import(&format!("{text}x-gate: {{ environment: live }}\n"), &[]);
    assert_eq!(operation(&draft, "b_get").audience, Audience::Admin);
    assert_eq!(operation(&draft, "b_get").class.as_str(), "slow");
    assert_eq!(operation(&draft, "a_get").audience, Audience::Key);
    let odd = with_paths("{ '/a': { get: {} }, '/b': { $ref: '#/paths/~1a', x-gate: { ignored: true } } }");
    assert_eq!(ids(&import(&odd, &[])), ["a_get"]);
}

#[test]
fn what_is_decided_needs_no_warning() {
    let warnings = |rules: &[(RuleKind, &str)]| {
        import(LEDGER, rules).notes.into_iter().filter(|note| note.kind == NoteKind::Warning).count()
    };
    assert_eq!(warnings(&[]) - warnings(&[(RuleKind::Read, "GET /archive")]), 1);
}

#[test]
fn every_kind_of_rule_says_what_it_says() {
    let rules = [
        (RuleKind::Send, "POST /send*"),
        (RuleKind::Read, "POST /send/validate"),
        (RuleKind::Write, "GET /send/{id}/payload"),
        (RuleKind::Public, "GET /status"),
        (RuleKind::Resource, "* /inbox*=documents"),
        (RuleKind::Class, "POST /v1/send*=sending"),
        (RuleKind::Company, "GET /organisation/{id}=path:id:id,response:/id:id"),
        (RuleKind::Company, "DELETE /organisation/{id}=lookup:organisationGet"),
        (RuleKind::Param, "GET /organisation/{vat}=vat:uuid"),
        (RuleKind::Ignore, "* /people"),
    ];
    let draft = import(LEDGER, &rules);
    assert_eq!(problems(&draft), [""; 0]);
    let of = |id: &str| operation(&draft, id);
    assert_eq!(of("send_file_post").scope.to_string(), "send:send");
    assert_eq!(of("send_validate_post").scope.to_string(), "send:read", "the more exact rule wins");
    assert_eq!(of("send_id_payload_get").scope.to_string(), "send:write");
    assert_eq!((of("status_get").audience, of("status_get").environment), (Audience::Public, Some(Environment::Live)));
    assert_eq!(of("inbox_id_delete").scope.to_string(), "documents:write");
    assert_eq!(of("send_post").class.as_str(), "sending", "paths may be written with the prefix");
    assert!(matches!(&of("organisationGet").company, CompanyMode::Locators(locators) if locators.len() == 2));
    assert!(matches!(&of("organisationDelete").company, CompanyMode::Lookup(id) if id.as_str() == "organisationGet"));
    assert_eq!(of("organisationGet_2").template.to_string(), "/v1/organisation/{vat:uuid}");
    assert!(!ids(&draft).contains(&"people_get"));
    assert_eq!(read(&draft.to_toml()).unwrap(), draft.operations);
}

#[test]
fn a_rule_that_matches_nothing_is_a_problem() {
    let draft = import(LEDGER, &[(RuleKind::Send, "POST /sent*"), (RuleKind::Read, "GET /status")]);
    assert_eq!(problems(&draft).len(), 1);
    assert!(problems(&draft)[0].starts_with("--send 'POST /sent*': matches no operation"), "{:?}", problems(&draft));
}

#[test]
fn rules_that_contradict_each_other_leave_the_operation_out() {
    let draft = import(LEDGER, &[(RuleKind::Send, "POST /send"), (RuleKind::Read, "POST /send")]);
    assert!(!ids(&draft).contains(&"send_post") && ids(&draft).contains(&"send_file_post"));
    assert!(problems(&draft)[0].contains("equal weight"), "{:?}", problems(&draft));
    let same = import(LEDGER, &[(RuleKind::Send, "POST /send"), (RuleKind::Send, "POST /sen*d")]);
    assert_eq!(problems(&same), [""; 0], "two that agree are fine");
}

#[test]
fn rules_cannot_make_what_may_not_be() {
    let table = [
        ((RuleKind::Public, "POST /send"), "public operation must be GET or HEAD"),
        ((RuleKind::Company, "GET /status=path:id:id"), "no parameter id"),
        ((RuleKind::Company, "GET /status=lookup:nobody"), "no operation nobody"),
        ((RuleKind::Company, "DELETE /inbox/{id}=response:/id:id"), "only in the response"),
        ((RuleKind::Param, "GET /status=id:int32"), "does not have"),
    ];
    for (rule, expected) in table {
        let draft = import(LEDGER, &[rule]);
        assert!(
            problems(&draft).iter().any(|problem| problem.contains(expected)),
            "{expected}: {:?}",
            problems(&draft)
        );
    }
}

#[test]
fn an_extension_that_is_not_understood_leaves_the_operation_out() {
    for extension in [
        "{ audiense: admin }",
        "{ audience: everyone }",
        "{ scope: 'a:delete' }",
        "{ scope: 'a:read', action: read }",
        "{ company: { mode: locators } }",
        "{ company: account }",
        "{ ignore: 'yes please' }",
        "{ id: 'a b' }",
        "7",
    ] {
        let text = with_paths(&format!("{{ '/a': {{ get: {{ x-gate: {extension} }}, post: {{}} }} }}"));
        let draft = import(&text, &[]);
        assert_eq!(ids(&draft), ["a_post"], "{extension}");
        assert!(problems(&draft)[0].starts_with("GET /a: x-gate: "), "{:?}", problems(&draft));
        let above = with_paths(&format!("{{ '/a': {{ x-gate: {extension}, get: {{}} }}, '/b': {{ get: {{}} }} }}"));
        assert_eq!(ids(&import(&above, &[])), ["b_get"], "{extension}: on the path item it holds for all of the path");
    }
    let whole = format!("{}x-gate: {{ id: x }}\n", with_paths("{ '/a': { get: {} } }"));
    let draft = import(&whole, &[]);
    assert!(draft.operations.is_empty() && draft.problems.len() == 1, "{:?}", problems(&draft));
}

#[test]
fn an_extension_of_another_name_is_not_read() {
    let text = with_paths("{ '/a': { get: { x-other: { audiense: admin } } } }");
    assert_eq!(problems(&import(&text, &[])), [""; 0]);
    let options = catalogue::ImportOptions { extension: "gate".into(), ..Default::default() };
    assert!(catalogue::import(&text, &options).unwrap_err().to_string().contains("x-"));
}

#[test]
fn two_operations_with_one_id_of_the_extension_are_a_problem() {
    let text = with_paths("{ '/a': { get: { x-gate: { id: z } } }, '/b': { get: { x-gate: { id: z } } } }");
    assert!(problems(&import(&text, &[]))[0].contains("the id z is used before"));
}
