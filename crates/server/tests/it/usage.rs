//! Wrong command lines: what is said, and the exit code.

use crate::run::Folder;

/// Fails with `code` and says all of `parts`.
fn refused(args: &[&str], code: i32, parts: &[&str]) {
    refused_with(args, &[], code, parts);
}

fn refused_with(args: &[&str], variables: &[(&str, &str)], code: i32, parts: &[&str]) {
    let said = Folder::new()
        .with(
            "openapi.yml",
            "openapi: 3.0.0\ninfo: {title: T, version: '1'}\npaths: {/things: {get: {responses: {}}}}\n",
        )
        .run_with(args, variables);
    assert_eq!((said.code, said.out.as_str()), (code, ""), "{args:?}: {}", said.err);
    for part in parts {
        assert!(said.err.contains(part), "{args:?} does not say {part:?}: {}", said.err);
    }
}

#[test]
fn d43_a_quickstart_needs_both_a_description_and_an_upstream_or_neither() {
    refused(&["quickstart", "--openapi", "openapi.yml"], 2, &["nothing says where it is", "--upstream URL"]);
    refused(
        &["quickstart", "--upstream", "http://127.0.0.1:9"],
        2,
        &["every request would be refused", "--openapi FILE"],
    );
    refused(&["quickstart", "--upstream-test", "http://127.0.0.1:9"], 2, &["--upstream-live"]);
    refused(&["quickstart", "--prefix", "/v1"], 2, &["--openapi"]);
    let both = ["quickstart", "--openapi", "openapi.yml", "--upstream", "http://127.0.0.1:9"];
    refused(
        &[&both[..], &["--upstream-test", "http://127.0.0.1:8", "--upstream-live", "http://127.0.0.1:7"]].concat(),
        2,
        &["cannot be used with"],
    );
    refused(
        &["quickstart", "--openapi", "none.yml", "--upstream", "http://127.0.0.1:9"],
        3,
        &["none.yml: cannot be read"],
    );
    refused(
        &["quickstart", "--openapi", "openapi.yml", "--upstream", "ftp://127.0.0.1"],
        3,
        &["flag --upstream", "http:// or https://"],
    );
}

#[test]
fn d21_a_quickstart_off_loopback_needs_tls() {
    refused(
        &["quickstart", "--listen", "0.0.0.0:8080"],
        3,
        &["flag --listen", "off loopback", "CLAVIGER__GATEWAY__TLS__MODE"],
    );
    refused(&["quickstart", "--control", "0.0.0.0:8081"], 3, &["flag --control", "operator tokens"]);
    refused(&["quickstart", "--listen", "localhost:8080"], 2, &["--listen"]);
}

#[test]
fn r71_the_control_api_is_asked_only_where_a_token_may_travel() {
    let token = [("CLAVIGER_TOKEN", "op_hush")];
    refused(&["keys", "list"], 2, &["no operator token", "CLAVIGER_TOKEN"]);
    refused_with(&["keys", "list", "--url", "http://control.example.com"], &token, 2, &["not https"]);
    refused_with(&["keys", "list", "--url", "control.example.com"], &token, 2, &["CLAVIGER_URL"]);
    refused_with(&["keys", "list", "--token-file", "none"], &[], 1, &["none: "]);
    refused_with(&["keys", "list", "--url", "http://127.0.0.1:1"], &token, 5, &["http://127.0.0.1:1", "is it running"]);
    let said = Folder::new().run_with(&["keys", "list", "--url", "http://127.0.0.1:1", "--json"], &token);
    let error: serde_json::Value = serde_json::from_str(&said.err).unwrap();
    assert!(error["error"]["message"].is_string() && !said.err.contains("hush"), "{}", said.err);
}

#[test]
fn changes_that_change_nothing_are_said_before_anything_is_asked() {
    let token = [("CLAVIGER_TOKEN", "op_x")];
    refused_with(&["keys", "update", "key_1"], &token, 2, &["nothing to change"]);
    refused_with(&["companies", "update", "co_1"], &token, 2, &["nothing to change"]);
    refused_with(&["keys", "create", "--preset", "send", "--scope", "a:read"], &token, 2, &["cannot be used with"]);
}

#[test]
fn data_commands_say_which_folder_they_want() {
    refused(&["doctor"], 2, &["which data folder?", "--data DIR"]);
    refused(&["backup", "to.db"], 2, &["which data folder?"]);
    refused(&["serve", "--config", "none.toml"], 3, &["none.toml", "cannot be read", "--config"]);
}
