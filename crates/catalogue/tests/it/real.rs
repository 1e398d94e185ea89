//! Real: a public description of a real e-invoicing API, read from outside the repository.
//!
//! Owns:  that it imports as it is, with every operation mapped and reachable.
//! Never: repeats the file; it only counts, names paths and asks the router.
//! Read:  `r10_r30_r31_every_operation_of_the_real_description_is_mapped_and_found`.

use super::problems;
use catalogue::{Draft, ImportOptions, NoteKind, Rule, RuleKind, check, import, read};
use model::{Audience, Catalogue, CompanyMode, HttpMethod, Preset};
use std::{fs, path::PathBuf};

const FILE: &str = "invoicetronic-openapi.yml";

/// The description, or `None` with a line that says why the test did not run.
fn description() -> Option<String> {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("CLAVIGER_TEST_DATA").map_or_else(default, PathBuf::from);
    match fs::read_to_string(folder.join(FILE)) {
        Ok(text) => Some(text),
        Err(error) => {
            println!("skipped: {FILE} is not in {} ({error}); set CLAVIGER_TEST_DATA", folder.display());
            None
        }
    }
}

fn imported(text: &str, rules: &[(RuleKind, &str)]) -> Draft {
    let rules = rules.iter().map(|(kind, text)| Rule::parse(*kind, text).unwrap()).collect();
    let options = ImportOptions { prefix: Some("/v1".into()), rules, extension: "x-gate".into() };
    import(text, &options).unwrap()
}

/// Method, a request, the template that must take it, the scope that is guessed.
const REQUESTS: [(&str, &str, &str, &str); 36] = [
    ("GET", "/v1/company", "/v1/company", "company:read"),
    ("POST", "/v1/company", "/v1/company", "company:write"),
    ("PUT", "/v1/company", "/v1/company", "company:write"),
    ("GET", "/v1/company/42", "/v1/company/{id:int32}", "company:read"),
    ("DELETE", "/v1/company/42", "/v1/company/{id:int32}", "company:write"),
    ("GET", "/v1/company/IT01234567890", "/v1/company/{vat}", "company:read"),
    ("GET", "/v1/export", "/v1/export", "export:write"),
    ("GET", "/v1/health", "/v1/health", "health:read"),
    ("GET", "/v1/log", "/v1/log", "log:read"),
    ("GET", "/v1/log/1", "/v1/log/{id:int32}", "log:read"),
    ("GET", "/v1/receive", "/v1/receive", "receive:read"),
    ("GET", "/v1/receive/0", "/v1/receive/{id:int32}", "receive:read"),
    ("DELETE", "/v1/receive/7", "/v1/receive/{id:int32}", "receive:write"),
    ("GET", "/v1/receive/7/payload", "/v1/receive/{id:int32}/payload", "receive:write"),
    ("GET", "/v1/send", "/v1/send", "send:read"),
    ("POST", "/v1/send", "/v1/send", "send:send"),
    ("GET", "/v1/send/2147483647", "/v1/send/{id:int32}", "send:read"),
    ("GET", "/v1/send/2147483648", "/v1/send/{identifier}", "send:read"),
    ("GET", "/v1/send/7/payload", "/v1/send/{id:int32}/payload", "send:read"),
    ("POST", "/v1/send/xml", "/v1/send/xml", "send:send"),
    ("POST", "/v1/send/file", "/v1/send/file", "send:send"),
    ("POST", "/v1/send/json", "/v1/send/json", "send:send"),
    ("POST", "/v1/send/validate", "/v1/send/validate", "send:read"),
    ("POST", "/v1/send/validate/xml", "/v1/send/validate/xml", "send:read"),
    ("POST", "/v1/send/validate/file", "/v1/send/validate/file", "send:read"),
    ("POST", "/v1/send/validate/json", "/v1/send/validate/json", "send:read"),
    ("GET", "/v1/status", "/v1/status", "status:read"),
    ("GET", "/v1/update", "/v1/update", "update:read"),
    ("GET", "/v1/update/9", "/v1/update/{id:int32}", "update:read"),
    ("GET", "/v1/webhook", "/v1/webhook", "webhook:read"),
    ("POST", "/v1/webhook", "/v1/webhook", "webhook:write"),
    ("PUT", "/v1/webhook", "/v1/webhook", "webhook:write"),
    ("GET", "/v1/webhook/3", "/v1/webhook/{id:int32}", "webhook:read"),
    ("DELETE", "/v1/webhook/3", "/v1/webhook/{id:int32}", "webhook:write"),
    ("GET", "/v1/webhookhistory", "/v1/webhookhistory", "webhookhistory:read"),
    ("GET", "/v1/webhookhistory/3", "/v1/webhookhistory/{id:int32}", "webhookhistory:read"),
];

#[test]
fn r10_r30_r31_every_operation_of_the_real_description_is_mapped_and_found() {
    let Some(text) = description() else { return };
    let draft = imported(&text, &[]);
    assert_eq!(problems(&draft), [""; 0]);
    assert_eq!(draft.operations.len(), 36);
    let operations = read(&draft.to_toml()).unwrap();
    assert_eq!(operations, draft.operations, "what is written is what was drafted");
    let catalogue = Catalogue::new(operations).unwrap();
    let mut found = Vec::new();
    for (method, path, template, scope) in REQUESTS {
        let operation = catalogue.find(HttpMethod::parse(method).unwrap(), path.as_bytes());
        let operation = operation.unwrap_or_else(|| panic!("{method} {path} is not found"));
        assert_eq!(operation.template.to_string(), template, "{method} {path}");
        assert_eq!(operation.scope.to_string(), scope, "{method} {path}");
        found.push(operation.id.clone());
    }
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 36, "each of them by a request of its own");
}

#[test]
fn d22_d34_d37_audiences_and_companies_of_the_real_description() {
    let Some(text) = description() else { return };
    let draft = imported(&text, &[]);
    let public: Vec<&str> =
        draft.operations.iter().filter(|o| o.audience == Audience::Public).map(|o| o.id.as_str()).collect();
    assert_eq!(public, ["health_get"]);
    assert!(draft.operations.iter().filter(|o| o.audience != Audience::Public).all(|o| o.audience == Audience::Key));
    let applied = draft.operations.iter().filter(|o| o.company != CompanyMode::Account).map(|o| o.id.as_str());
    assert_eq!(applied.collect::<Vec<_>>(), ["health_get"], "nothing of companies is applied unasked");
    let count = |kind: NoteKind, id: &str| {
        let of =
            |note: &&catalogue::Note| note.kind == kind && note.operation.as_ref().is_some_and(|o| o.as_str() == id);
        draft.notes.iter().filter(of).count()
    };
    for id in ["company_id_get", "company_vat_get", "send_id_get", "send_identifier_get"] {
        assert_eq!(count(NoteKind::Overlap, id), 1, "{id}");
    }
    for id in ["export_get", "receive_id_payload_get", "receive_id_get", "receive_get", "send_validate_post"] {
        assert_eq!(count(NoteKind::Warning, id), 1, "{id}");
    }
    for id in ["update_get", "status_get", "company_get", "webhook_get", "send_post"] {
        assert_eq!(count(NoteKind::Warning, id), 0, "{id}");
    }
    for id in ["company_id_get", "company_vat_get", "send_get", "receive_id_delete", "receive_id_payload_get"] {
        assert_eq!(count(NoteKind::Suggestion, id), 1, "{id}");
    }
}

#[test]
fn r11_r28_r30_r31_presets_mean_what_they_say_on_the_real_description() {
    let Some(text) = description() else { return };
    let draft = imported(&text, &[]);
    let allowed = |preset: &Preset| draft.operations.iter().filter(|o| preset.allows(&o.scope)).count();
    assert_eq!(allowed(&Preset::FullAccess), 36);
    let written = draft.operations.iter().filter(|o| Preset::ReadOnly.allows(&o.scope) && !o.method.is_safe());
    assert!(written.clone().all(|o| o.template.to_string().contains("/validate")), "only validation");
    assert_eq!(written.count(), 4);
    let more = draft.operations.iter().filter(|o| Preset::Send.allows(&o.scope) && !Preset::ReadOnly.allows(&o.scope));
    assert_eq!(
        more.map(|o| o.id.as_str()).collect::<Vec<_>>(),
        ["send_post", "send_xml_post", "send_file_post", "send_json_post"]
    );
}

#[test]
fn rules_and_check_work_on_the_real_description() {
    let Some(text) = description() else { return };
    let rules =
        [(RuleKind::Send, "POST /send*"), (RuleKind::Read, "POST /send/validate*"), (RuleKind::Read, "GET /receive/*")];
    let draft = imported(&text, &rules);
    assert_eq!(problems(&draft), [""; 0]);
    let options = ImportOptions { extension: "x-gate".into(), ..ImportOptions::default() };
    let report = check(&draft.operations, Some((&text, &options))).unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.prefix.as_deref(), report.overlaps.len()), (Some("/v1"), 2));
    assert_eq!(report.company_restricted.len(), 35);
}
