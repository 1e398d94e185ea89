//! Idempotency: what `catalogue.toml` says of retries, read, written and checked (D17, D28, D40).
//!
//! Owns:  the round trip of the key and every flaw of it.
//! Never: carries a write out; the gateway's tests do.
//! Read:  top down.

use catalogue::{examine, read, write};

const WRITE: &str = r#"[[operation]]
id = "invoice_create"
method = "POST"
path = "/v1/company/{company}/invoices"
audience = "key"
scope = "invoice:write"
company = { mode = "context" }
class = "default"
"#;

const LIST: &str = r#"
[[operation]]
id = "invoice_list"
method = "GET"
path = "/v1/company/{company}/invoices"
audience = "key"
scope = "invoice:read"
company = { mode = "context" }
class = "default"
"#;

fn with(rules: &str) -> String {
    format!("{WRITE}idempotency = {rules}\n{LIST}")
}

const GOOD: &str = r#"{ required = true, not_executed = [422, 503], recovery = { operation = "invoice_list", at = "query:number", from = "body:/number", found = "response:/0", status = 201 } }"#;

#[test]
fn d17_d28_d40_the_rules_read_as_written() {
    let text = with(GOOD);
    let operations = read(&text).unwrap();
    let rules = &operations[0].idempotency;
    assert!(rules.required && *rules.not_executed == [422, 503]);
    let recovery = rules.recovery.as_ref().unwrap();
    assert_eq!((recovery.operation.as_str(), recovery.status), ("invoice_list", 201));
    assert_eq!(recovery.found.to_string(), "response:/0");
    assert_eq!(write(&operations), text);
    // Every write takes a key; without rules the file says nothing about it.
    let operations = read(&format!("{WRITE}{LIST}")).unwrap();
    assert_eq!(operations[0].idempotency, model::Idempotency::default());
    assert_eq!(write(&operations), format!("{WRITE}{LIST}"));
}

#[test]
fn d17_what_could_not_work_is_told() {
    let rules = |from: &str, to: &str| {
        let changed = GOOD.replace(from, to);
        assert_ne!(changed, GOOD, "{from}");
        with(&changed)
    };
    for (text, told) in [
        (rules("true", "\"yes\""), "required must be true or false"),
        (rules("[422, 503]", "422"), "not_executed must be a list"),
        (rules("422", "\"422\""), "is not an HTTP status"),
        (rules("422", "201"), "201 does not say that nothing was done"),
        (rules("[422, 503]", &format!("{:?}", [503; 17])), "more than 16 statuses"),
        (rules("required", "demanded"), "unknown key \"demanded\""),
        (rules("invoice_list", "nobody"), "there is no operation nobody"),
        (rules("invoice_list", "invoice_create"), "does not only read"),
        (rules("query:number", "body:/number"), "a look-up takes nothing at body:/number"),
        (rules("query:number", "path:number"), "has no parameter number"),
        (rules("body:/number", "path:number"), "no parameter number to take the business key from"),
        (rules("body:/number", "response:/number"), "cannot come from a lost answer"),
        (rules("response:/0", "query:x"), "what was made cannot be at query:x"),
        (rules("status = 201", "status = 404"), "404 is not the status of a write that was carried out"),
        (rules(", status = 201", ""), "status is missing"),
        (
            with(GOOD).replace(&LIST[1..], &LIST[1..].replace("{company}", "{company}/{year}")),
            "needs the path parameter year",
        ),
        (format!("{WRITE}{LIST}idempotency = {{ required = true }}\n"), "GET changes nothing"),
    ] {
        let problems: Vec<String> = examine(&text).problems.iter().map(ToString::to_string).collect();
        assert!(problems.iter().any(|problem| problem.contains(told)), "{told}: {problems:?}");
    }
}
