//! Hostile: descriptions that mean harm, or are simply not what they should be.
//!
//! Owns:  clear errors, no panic, bounded work.
//! Never: looks at what good descriptions become.
//! Read:  `what_is_no_description_is_refused_with_a_reason`.

use super::{import, problems, with_paths};
use catalogue::{ImportOptions, Rule, RuleKind, import as import_raw};
use proptest::prelude::*;

fn refused(text: &str) -> String {
    import_raw(text, &ImportOptions::default()).unwrap_err().to_string()
}

#[test]
fn what_is_no_description_is_refused_with_a_reason() {
    let table = [
        ("", "no OpenAPI description"),
        ("7", "no OpenAPI description"),
        ("[]", "no OpenAPI description"),
        ("swagger: '2.0'\npaths: {}", "Swagger 2.0"),
        ("openapi: 3.2.0\npaths: {}", "is OpenAPI 3.2.0"),
        ("openapi: 4.0.0\npaths: {}", "is OpenAPI 4.0.0"),
        ("openapi: 3.1\npaths: {}", "in quotes"),
        ("openapi: 3.10.0\npaths: {}", "is OpenAPI 3.10.0"),
        ("openapi: 3.0.0\n", "has no paths"),
        ("openapi: 3.0.0\npaths: 7\n", "has no paths"),
        ("openapi: 3.0.0\npaths: {}\n", "describes no operation"),
        ("openapi: 3.1.0\npaths: { /a: {} }\n", "describes no operation"),
        ("openapi: 3.0.0\npaths:\n  /a: {}\n  /a: {}\n", "4:3: is not YAML"),
        ("{\"openapi\": \"3.0.0\",\n \"paths\": {\"/a\": {}, \"/a\": {}}}", "comes twice"),
        ("{\"openapi\": \"3.0.0\", paths: {}}", "1:22: is not JSON"),
        ("openapi: 3.0.0\npaths: *nothing\n", "is not YAML"),
        ("openapi: 3.0.0\npaths: &a { /a: *a }\n", "is not YAML"),
    ];
    for (text, expected) in table {
        assert!(refused(text).contains(expected), "{text:?}: {}", refused(text));
    }
}

#[test]
fn too_many_operations_are_refused() {
    let paths: String = (0..10_001).map(|n| format!("  /p{n}: {{ get: {{}} }}\n")).collect();
    assert!(refused(&format!("openapi: 3.0.0\npaths:\n{paths}")).contains("more than 10000"));
}

#[test]
fn the_most_operations_that_all_overlap_are_drafted_in_bounded_time() {
    let paths: String =
        (0..3_000).map(|n| format!("  /{{a{n}}}/{{b}}/{{c}}: {{ get: {{ operationId: same }} }}\n")).collect();
    let draft = import(&format!("openapi: 3.0.0\npaths:\n{paths}"), &[]);
    assert_eq!(draft.operations.len(), 3_000);
    assert!(draft.problems.len() <= 201, "{}", draft.problems.len());
}

#[test]
fn references_that_fan_out_are_bounded() {
    // One path item with many parameters and a long text, referred to by thousands of paths.
    let parameters: String =
        (0..250).map(|n| format!("{{ in: query, name: q{n}, schema: {{ type: string }} }}, ")).collect();
    let text = "word ".repeat(50_000);
    let paths: String = (0..300).map(|n| format!("  /p{n}: {{ $ref: '#/paths/~1p' }}\n")).collect();
    let source = format!(
        "openapi: 3.1.0\npaths:\n  /p: {{ parameters: [{parameters}], get: {{ description: '{text}' }} }}\n{paths}"
    );
    assert_eq!(import(&source, &[]).operations.len(), 301);
}

#[test]
fn schemas_that_go_in_circles_end() {
    let text = "openapi: 3.0.0\npaths:\n  /company/{id}:\n    get:\n      parameters: [{ in: path, name: id, schema: { $ref: '#/components/schemas/A' } }]\n      \
                responses: { '200': { content: { application/json: { schema: { $ref: '#/components/schemas/B' } } } } }\n\
                components:\n  schemas:\n    A: { $ref: '#/components/schemas/A' }\n    B: { allOf: [{ $ref: '#/components/schemas/B' }, { $ref: '#/components/schemas/B' }] }\n";
    let draft = import(text, &[]);
    assert_eq!(draft.operations.len(), 1);
    assert!(problems(&draft)[0].contains("circle"), "{:?}", problems(&draft));
}

#[test]
fn too_many_rules_are_refused() {
    let rule = Rule::parse(RuleKind::Read, "GET /a").unwrap();
    let options = ImportOptions { rules: vec![rule; 1_001], ..ImportOptions::default() };
    assert!(import_raw(&with_paths("{ /a: { get: {} } }"), &options).unwrap_err().to_string().contains("rules"));
}

/// Values that stand where others belong.
fn odd() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        "(#/paths/~1a|get|integer|path|[a-z{}/:*.~-]{0,6})".prop_map(Into::into),
    ];
    let key = proptest::sample::select(
        [
            "get",
            "post",
            "parameters",
            "schema",
            "type",
            "$ref",
            "security",
            "x-gate",
            "company",
            "mode",
            "/a",
            "/a/{id}",
            "in",
            "name",
            "responses",
            "200",
            "content",
            "application/json",
            "allOf",
            "properties",
            "items",
            "servers",
            "url",
            "info",
        ]
        .as_slice(),
    );
    leaf.prop_recursive(6, 64, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::Array),
            proptest::collection::hash_map(key.clone(), inner, 0..5)
                .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_description_makes_the_import_panic(paths in odd(), rest in odd()) {
        let mut root = serde_json::json!({ "openapi": "3.1.0", "paths": { "/a": paths.clone(), "/a/{id}": paths } });
        root["components"] = rest.clone();
        root["servers"] = rest.clone();
        root["security"] = rest;
        if let Ok(draft) = import_raw(&root.to_string(), &super::options(&[])) {
            let read = catalogue::read(&draft.to_toml());
            if draft.problems.is_empty() {
                prop_assert_eq!(read.unwrap(), draft.operations);
            }
        }
    }

    #[test]
    fn no_text_makes_the_import_panic(text in "openapi: 3.0.0\npaths:\n(  [/a-z{}:'\"&*!|>\\[\\], #-]{0,12}\n){0,6}") {
        let _ = import_raw(&text, &ImportOptions::default());
    }
}
