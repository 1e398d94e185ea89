//! Ledger: the import of the project's own fixtures.
//!
//! Owns:  the goldens of what an import writes, and what is said of every trap in the fixtures.
//! Never: needs anything from outside the repository.
//! Read:  the golden beside this file.

use super::{EXTENSION, LEDGER, LEDGER_31, ids, import, operation, problems, with_paths};
use catalogue::{ImportOptions, NoteKind, RuleKind, read};
use model::{Action, Audience, Catalogue, CompanyMode, Environment, HttpMethod};

#[test]
fn the_draft_of_the_ledger_is_reviewable() {
    let draft = import(LEDGER, &[]);
    assert_eq!(problems(&draft), [""; 0]);
    insta::assert_snapshot!(draft.to_toml());
}

#[test]
fn a_draft_is_a_catalogue_that_reads_back() {
    let draft = import(LEDGER, &[]);
    assert_eq!(read(&draft.to_toml()).unwrap(), draft.operations);
    assert!(Catalogue::new(draft.operations).is_ok());
}

#[test]
fn openapi_31_in_json_says_the_same_as_30_in_yaml() {
    let (yaml, json) = (import(LEDGER, &[]), import(LEDGER_31, &[]));
    assert_eq!(yaml.operations, json.operations);
    assert_eq!(yaml.to_toml(), json.to_toml());
}

#[test]
fn overlapping_templates_are_told_apart_without_losing_one() {
    let draft = import(LEDGER, &[]);
    let catalogue = Catalogue::new(draft.operations).unwrap();
    let find = |path: &str| catalogue.find(HttpMethod::Get, path.as_bytes()).map(|operation| operation.id.as_str());
    assert_eq!(find("/v1/organisation/42"), Some("organisationGet"));
    assert_eq!(find("/v1/organisation/IT01234567890"), Some("organisationGet_2"));
    assert_eq!(find("/v1/send/9000000000"), Some("send_id_get"), "int64");
    assert_eq!(find("/v1/send/A-1"), Some("send_reference_get"));
    assert_eq!(find("/v1/send/7/payload"), Some("send_id_payload_get"));
    assert_eq!(find("/v1/statement/7.pdf"), Some("statement_number.pdf_get"));
    assert_eq!(find("/v1/statement/7"), None);
}

#[test]
fn d7_actions_are_guessed_from_what_requests_do() {
    let draft = import(LEDGER, &[]);
    let action = |id: &str| operation(&draft, id).scope.action;
    assert_eq!(action("send_post"), Action::Send);
    assert_eq!(action("send_file_post"), Action::Send);
    assert_eq!(action("send_validate_post"), Action::Read, "a POST that only validates");
    assert_eq!(action("send_get"), Action::Read);
    assert_eq!(action("inbox_id_payload_get"), Action::Write, "a GET that changes state");
    assert_eq!(action("archive_get"), Action::Write, "a GET that changes state");
    assert_eq!(action("inbox_get"), Action::Read, "a GET that changes state only when asked to");
    assert_eq!(action("status_get"), Action::Read, "its text denies the change");
    assert_eq!(action("organisationList"), Action::Read, "what is created elsewhere is not created here");
    assert_eq!(action("organisationDelete"), Action::Write);
    let warned = |id: &str| {
        draft
            .notes
            .iter()
            .any(|n| n.kind == NoteKind::Warning && n.operation.as_ref().is_some_and(|o| o.as_str() == id))
    };
    for id in
        ["send_validate_post", "inbox_id_payload_get", "archive_get", "inbox_get", "send_id_payload_get", "token_post"]
    {
        assert!(warned(id), "{id}");
    }
    assert!(!warned("status_get") && !warned("organisationList") && !warned("send_post"));
}

#[test]
fn d22_d37_only_health_becomes_public() {
    let draft = import(LEDGER, &[]);
    let of = |audience: Audience| -> Vec<&str> {
        draft.operations.iter().filter(|o| o.audience == audience).map(|o| o.id.as_str()).collect()
    };
    assert_eq!(of(Audience::Public), ["health_get"]);
    assert_eq!(of(Audience::Member), ["people_get"], "its security is one of people, not of keys");
    assert_eq!(of(Audience::Callback), ["bank_callback"]);
    assert_eq!(operation(&draft, "health_get").environment, Some(Environment::Live));
    assert_eq!(operation(&draft, "health_get").company, CompanyMode::Neutral);
    assert_eq!(operation(&draft, "bank_callback").environment, Some(Environment::Test));
    assert_eq!(operation(&draft, "token_post").audience, Audience::Key, "no credential, but a POST");
}

#[test]
fn d34_companies_are_suggested_and_never_applied() {
    let draft = import(LEDGER, &[]);
    let applied = draft.operations.iter().filter(|o| o.company != CompanyMode::Account).map(|o| o.id.as_str());
    assert_eq!(applied.collect::<Vec<_>>(), ["health_get", "remind"], "health, and what the extension says");
    let suggestion = |id: &str| {
        let mut notes = draft.notes.iter().filter(|n| n.kind == NoteKind::Suggestion);
        notes
            .find(|n| n.operation.as_ref().is_some_and(|o| o.as_str() == id))
            .map(|n| n.text.as_str())
            .unwrap_or_default()
    };
    assert!(suggestion("organisationGet").contains(r#"at = "path:id", kind = "id""#));
    assert!(suggestion("organisationGet_2").contains(r#"at = "path:vat", kind = "vat""#));
    assert!(suggestion("organisationAdd").contains(r#"at = "body:/vat", kind = "vat""#));
    assert!(suggestion("inbox_get").contains(r#"mode = "injected", at = "query:organisation_id""#));
    assert!(suggestion("inbox_id_get").contains(r#"at = "response:/organisation_id""#));
    assert!(suggestion("inbox_id_delete").contains(r#"mode = "lookup", operation = "inbox_id_get""#));
    assert!(suggestion("inbox_id_payload_get").contains(r#"mode = "lookup", operation = "inbox_id_get""#));
    assert!(suggestion("send_post").contains(r#"at = "body:/organisation_id""#));
    assert_eq!(suggestion("status_get"), "");
}

#[test]
fn the_prefix_is_an_option_and_else_that_of_the_servers() {
    let path = |prefix: Option<&str>| {
        let options = ImportOptions {
            prefix: prefix.map(str::to_owned),
            extension: EXTENSION.into(),
            ..ImportOptions::default()
        };
        catalogue::import(LEDGER, &options).map(|draft| draft.operations[0].template.to_string())
    };
    assert_eq!(path(None).unwrap(), "/v1/health", "two servers, one path");
    assert_eq!(path(Some("/api/v2/")).unwrap(), "/api/v2/health");
    assert_eq!(path(Some("")).unwrap(), "/health");
    assert_eq!(path(Some("/")).unwrap(), "/health");
    for bad in ["v1", "/{x}", "/a b", "/a//b"] {
        assert!(path(Some(bad)).is_err(), "{bad}");
    }
}

#[test]
fn ambiguous_templates_stay_in_the_draft_as_a_problem_that_a_rule_settles() {
    let text = with_paths("{ '/a/{x}': { get: {} }, '/a/{y}': { get: {} } }");
    let draft = import(&text, &[]);
    assert_eq!(ids(&draft), ["a_x_get", "a_y_get"]);
    assert_eq!(draft.problems.len(), 1);
    assert!(
        problems(&draft)[0].contains("GET /a/{y}: answers to the same requests as a_x_get"),
        "{:?}",
        problems(&draft)
    );
    assert!(draft.to_toml().contains("NOTHING TELLS THEM APART"));
    assert!(read(&draft.to_toml()).unwrap_err().to_string().contains("same requests"), "and the file says so again");
    let settled = import(&text, &[(RuleKind::Param, "GET /a/{x}=x:int64")]);
    assert_eq!(problems(&settled), [""; 0]);
    let left = import(&text, &[(RuleKind::Ignore, "GET /a/{y}")]);
    assert_eq!((ids(&left), left.problems.len()), (vec!["a_x_get"], 0));
    assert!(left.to_toml().contains("# left out: GET /a/{y}, by --ignore 'GET /a/{y}'"));
}

#[test]
fn what_cannot_be_served_is_left_out_and_told() {
    let text = with_paths(
        "{ '/ok': { get: {}, trace: {}, options: {} }, '/a/{x}-{y}': { get: {} }, '/b/{x:[0-9]+}': { get: {} }, 'c': { get: {} }, \
         '/d e': { get: {} }, '/f?g=h': { get: {} }, '/i/{x}': { $ref: 'other.yml#/i' }, '/j': 7, '/k': { get: 7 }, \
         '/l': { $ref: '#/paths/~1ok', get: {} }, '/m': { $ref: '#/paths/~1m' }, x-note: 7 }",
    );
    let draft = import(&text, &[]);
    assert_eq!(ids(&draft), ["ok_get"]);
    insta::assert_snapshot!(problems(&draft).join("\n"));
    let rules = ["/a/*", "/b/*", "*c", "/d*", "/f*", "/i*", "/j", "/l", "/m"].map(|path| format!("* {path}"));
    let rules: Vec<_> = rules.iter().map(|rule| (RuleKind::Ignore, rule.as_str())).collect();
    let settled = import(&text, &rules);
    let left: Vec<String> = problems(&settled);
    assert_eq!((ids(&settled), left.len()), (vec!["ok_get"], 1), "what is no operation cannot be ignored: {left:?}");
}

#[test]
fn parameters_that_lie_elsewhere_are_problems() {
    let text = with_paths(
        "{ '/a/{x}': { get: { parameters: [{ $ref: 'p.yml#/x' }, { in: path }, { in: body, name: x }, 7] } } }",
    );
    let draft = import(&text, &[]);
    assert_eq!(draft.problems.len(), 4, "{:?}", problems(&draft));
    assert!(problems(&draft)[0].contains("another document"));
}

#[test]
fn ids_are_made_plain_and_unique() {
    let text = with_paths(
        "{ '/a': { get: { operationId: 'List all (a)' }, post: { operationId: a_get } }, '/A': { get: {} }, '/{x}': { get: {} }, \
         '/{x}/': { get: { operationId: '???' } } }",
    );
    let draft = import(&text, &[]);
    assert_eq!(ids(&draft), ["List_all_a", "a_get", "a_get_2", "x_get", "x_get_2"]);
}

#[test]
fn foreign_text_never_leaves_its_comment() {
    let text = "{\"openapi\": \"3.1.0\", \"info\": {\"title\": \"T\\n[[operation]]\\nid = 1\", \"version\": \"1\"}, \"paths\": {\"/a\": \
                {\"get\": {\"summary\": \"S\\r\\n[[operation]]\\u2028x\\u202e\", \"description\": \"Marks it\\nas read.\\n[[x]]\"}}}}";
    let draft = import(text, &[]);
    assert_eq!(read(&draft.to_toml()).unwrap(), draft.operations);
    assert!(!draft.to_toml().contains(['\r', '\u{2028}', '\u{202e}']));
}
