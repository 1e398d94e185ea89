//! Tests of `openapi`: the committed copy is current, and the document keeps its promises.

use super::*;
use serde_json::Value;
use std::collections::BTreeSet;

fn json() -> Value {
    serde_json::to_value(document()).unwrap()
}

/// `UPDATE_OPENAPI=1 cargo nextest run -p api` writes the file anew.
#[test]
fn the_committed_document_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let current = text();
    #[expect(clippy::disallowed_methods, reason = "a switch of this test")]
    if std::env::var("UPDATE_OPENAPI").is_ok() {
        std::fs::write(path, &current).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == current, "crates/api/openapi.json is stale: run UPDATE_OPENAPI=1 cargo nextest run -p api");
}

#[test]
fn every_reference_leads_somewhere_and_no_schema_is_left_over() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(to)) = map.get("$ref") {
                    found.insert(to.clone());
                }
                map.values().for_each(|v| references(v, found));
            }
            Value::Array(list) => list.iter().for_each(|v| references(v, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let json = json();
    let mut found = BTreeSet::new();
    references(&json, &mut found);
    let schemas = json["components"]["schemas"].as_object().unwrap();
    let there: BTreeSet<_> = schemas.keys().map(|name| format!("#/components/schemas/{name}")).collect();
    assert_eq!(found, there);
}

#[test]
fn d8_every_operation_states_who_may_ask_and_the_open_ones_are_these() {
    let open: Vec<_> = table().iter().filter(|e| e.authority == Authority::Anyone).map(|e| e.id).collect();
    let known = [
        "sign_in_options_get",
        "registrations_create",
        "session_create",
        "oidc_start",
        "oidc_callback",
        "invitations_look_up",
        "invitations_accept",
        "openapi_get",
        "health_get",
        "ready_get",
    ];
    assert_eq!(open, known);
    for entry in table() {
        let operation = &json()["paths"][entry.path][entry.method.as_str().to_ascii_lowercase()];
        let needed = operation["security"].as_array().unwrap();
        let has = |scheme: &str| needed.iter().any(|n| n.get(scheme).is_some());
        let open = entry.authority == Authority::Anyone;
        assert_eq!(has("operator_token"), !open && entry.authority.admits_operator(), "{}", entry.id);
        assert_eq!(has("session"), entry.authority.admits_sessions(), "{}", entry.id);
        if !open {
            assert!(operation["responses"].get("401").is_some(), "{}", entry.id);
        }
    }
}

#[test]
fn an_operation_for_members_of_an_account_is_below_it_and_no_other_is_for_one() {
    for entry in table() {
        let below = entry.path.starts_with("/v1/accounts/{account_id}");
        if entry.authority.least_role().is_some() {
            assert!(below, "{}: no account to be a member of", entry.id);
        } else if below {
            assert_eq!(entry.authority, Authority::Operator, "{}", entry.id);
        }
    }
}

#[test]
fn every_operation_is_there_once_with_its_statuses() {
    let table = table();
    let ids: BTreeSet<_> = table.iter().map(|e| e.id).collect();
    assert_eq!(ids.len(), table.len());
    let json = json();
    assert_eq!(json["openapi"], "3.1.0");
    for entry in &table {
        let operation = &json["paths"][entry.path][entry.method.as_str().to_ascii_lowercase()];
        assert_eq!(operation["operationId"], entry.id);
        assert!(operation["summary"].as_str().is_some_and(|s| s.ends_with('.')), "{}", entry.id);
        let statuses: BTreeSet<_> = operation["responses"].as_object().unwrap().keys().cloned().collect();
        let mut wanted: BTreeSet<_> = entry.refusals.iter().map(|c| c.answer().status.to_string()).collect();
        wanted.insert(entry.status.to_string());
        assert_eq!(statuses, wanted, "{}", entry.id);
        let named = entry.path.matches('{').count();
        let in_path = operation["parameters"].as_array().unwrap().iter().filter(|p| p["in"] == "path").count();
        assert_eq!(in_path, named, "{}: a parameter of the path is not described", entry.id);
    }
}

#[test]
fn the_document_speaks_to_its_readers() {
    let text = text();
    for number in ["(R", "(D"] {
        let found = text.match_indices(number).find(|(at, _)| text[at + 2..].starts_with(|c: char| c.is_ascii_digit()));
        assert!(
            found.is_none(),
            "a number of our requirements is in the document: {:?}",
            found.map(|(at, _)| &text[at - 60..at + 9])
        );
    }
}
