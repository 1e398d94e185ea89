//! Configurations: every problem at once, with its place and what to do; what is in force and why.

use crate::run::{Folder, Said};

/// What a file cannot do without.
const REQUIRED: &str = r#"
[upstream.test]
url = "http://127.0.0.1:9001"
[upstream.live]
url = "http://127.0.0.1:9002"
[catalogue]
file = "catalogue.toml"
"#;

const CATALOGUE: &str = r#"
[[operation]]
id = "company_list"
method = "GET"
path = "/v1/company"
audience = "key"
scope = "company:read"
"#;

fn check(text: &str) -> Said {
    check_with(text, &[])
}

fn check_with(text: &str, variables: &[(&str, &str)]) -> Said {
    let folder = Folder::new().with("claviger.toml", text).with("catalogue.toml", CATALOGUE);
    folder.run_with(&["config", "check"], variables)
}

/// One file, and what is said about it.
fn golden(name: &str, text: &str) {
    let said = check(text);
    assert_eq!((said.code, said.out.as_str()), (3, ""), "{name}: {}", said.err);
    insta::assert_snapshot!(name, said.err, text);
}

#[test]
fn a_file_with_what_is_required_is_fine() {
    let said = check(REQUIRED);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("lists 1 operations"), "{}", said.out);
}

#[test]
fn a_profile_brings_its_settings_and_its_catalogue_and_a_mistyped_one_is_named() {
    let upstreams = REQUIRED.replace("[catalogue]\nfile = \"catalogue.toml\"\n", "");
    let said = check(&format!("profile = \"invoicetronic\"\n{upstreams}"));
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(!said.out.contains("lists 1 operations"), "{}", said.out);
    // A catalogue of the operator's own is used in its place.
    let said = check(&format!("profile = \"invoicetronic\"\n{REQUIRED}"));
    assert!(said.out.contains("lists 1 operations"), "{}", said.out);
    let said = check(&format!("profile = \"invoicetronix\"\n{REQUIRED}"));
    assert_eq!(said.code, 3);
    assert!(said.err.contains("claviger.toml:1:11: `profile`: \"invoicetronix\" is not one of"), "{}", said.err);
    // Keys that do not say their environment need a client id beside them.
    let said = check(&format!("{REQUIRED}[keys]\nenvironment_in_text = false\n"));
    assert!(said.err.contains("keys.presentations = [\"client-id-secret\"]"), "{}", said.err);
}

#[test]
fn bad_files_are_told_all_their_problems() {
    golden("empty", "");
    golden("not_toml", "[gateway\nlisten = 127.0.0.1\n");
    golden("unknown_keys", &format!("[gatway]\nx = 1\n[gateway]\nlisen = \"127.0.0.1:1\"\nzebra = 1\n{REQUIRED}"));
    golden(
        "wrong_types",
        &format!(
            "[gateway]\nlisten = 8080\ncores = true\nhosts = \"api.example.com\"\norigins = [1]\ntls = 5\n\
             [gateway.limits]\nbody_max = 1.5\nheader_timeout = \"30\"\nheaders_max = \"many\"\n{REQUIRED}"
        ),
    );
    golden(
        "wrong_values",
        "[gateway]\nlisten = \"localhost:8080\"\norigins = [\"https://app.example.com/\"]\n\
         [gateway.limits]\nbody_max = \"1 TB\"\nstreams_max = 0\nrevocation_bound = \"1s\"\n\
         [upstream.test]\nurl = \"http://user:hush@127.0.0.1\"\n[upstream.live]\nurl = \"ftp://127.0.0.1\"\n\
         [catalogue]\nfile = \"\"\n[keys]\nprimary_prefix = \"Sk\"\npresentations = [\"query\"]\n\
         [errors]\nstyle = \"plain\"\ntype_base = \"errors\"\n[context]\nnamespace = \"My App\"\n\
         [log]\nlevel = \"loud\"\nformat = \"xml\"\n\
         [sign_in]\nregistration = \"anybody\"\npublic_url = \"console.example.com\"\nsession_idle = \"2m\"\nproduct = \"\"\n",
    );
    golden(
        "d4_one_environment_without_an_upstream",
        "[upstream.live]\nurl = \"http://127.0.0.1:9002\"\n[catalogue]\nfile = \"catalogue.toml\"\n",
    );
    golden(
        "d21_plain_off_loopback",
        &format!(
            "[gateway]\nlisten = \"0.0.0.0:8080\"\nplain_listen = \"0.0.0.0:80\"\n[control]\nlisten = \"0.0.0.0:8081\"\n{REQUIRED}"
        ),
    );
    golden(
        "d21_terminated_without_proxies",
        &format!(
            "[gateway]\nlisten = \"0.0.0.0:8080\"\n[gateway.tls]\nmode = \"terminated\"\n[control.tls]\nmode = \"terminated\"\n{REQUIRED}"
        ),
    );
    golden(
        "tls_files_missing",
        &format!(
            "[gateway.tls]\nmode = \"files\"\ncert_file = \"tls.crt\"\n[control.tls]\ncert_file = \"a\"\n{REQUIRED}"
        ),
    );
}

#[test]
fn what_a_file_names_is_looked_into() {
    let text = format!("{REQUIRED}[gateway.tls]\nmode = \"files\"\ncert_file = \"tls.crt\"\nkey_file = \"tls.key\"\n");
    let folder = Folder::new().with("claviger.toml", &text).with("catalogue.toml", "[[operation]]\nid = 5\n");
    let said = folder.run(&["config", "check"]);
    assert_eq!(said.code, 3);
    assert!(said.err.contains("catalogue.toml:2:6") && said.err.contains("tls.crt"), "{}", said.err);
    let said = Folder::new().with("claviger.toml", REQUIRED).run(&["config", "check"]);
    assert!(said.code == 3 && said.err.contains("catalogue.toml: cannot be read"), "{}", said.err);
}

#[test]
fn r80_a_channel_without_a_daily_cap_is_told() {
    let catalogue = format!(
        "{CATALOGUE}\n[[operation]]\nid = \"sms\"\nmethod = \"POST\"\npath = \"/v1/sms\"\naudience = \"key\"\n\
         scope = \"messages:send\"\nchannel = \"sms\"\n"
    );
    let told = "\nwarning: the catalogue has operations of channel sms, for which limits.daily_caps has no cap";
    for (caps, warned) in [("", true), ("daily_caps = [\"email = 5\"]", true), ("daily_caps = [\"sms = 5\"]", false)] {
        let text = format!("[limits]\n{caps}\n{REQUIRED}");
        let said =
            Folder::new().with("claviger.toml", &text).with("catalogue.toml", &catalogue).run(&["config", "check"]);
        assert_eq!((said.code, said.out.contains(told)), (0, warned), "{caps}: {}{}", said.out, said.err);
    }
}

#[test]
fn relative_paths_start_from_the_files_folder() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("etc")).unwrap();
    let folder = folder.with("etc/claviger.toml", REQUIRED).with("etc/catalogue.toml", CATALOGUE);
    let said = folder.run(&["config", "check", "--config", "etc/claviger.toml"]);
    assert_eq!(said.code, 0, "{}", said.err);
}

#[test]
fn no_secret_of_a_url_is_repeated() {
    let said = check("[upstream.test]\nurl = \"http://user:hush@127.0.0.1:99999\"\n");
    assert!(said.code == 3 && !said.err.contains("hush"), "{}", said.err);
}

#[test]
fn the_environment_overrides_the_file_and_unknown_variables_are_errors() {
    let listen = ("CLAVIGER__GATEWAY__LISTEN", "127.0.0.1:7777");
    assert_eq!(check_with(REQUIRED, &[listen, ("CLAVIGER_PORT_8080_TCP", "set by a platform")]).code, 0);
    let said = check_with(REQUIRED, &[("CLAVIGER__GATEWAY__LISEN", "127.0.0.1:7777")]);
    assert_eq!(said.code, 3);
    assert!(said.err.contains("did you mean CLAVIGER__GATEWAY__LISTEN?"), "{}", said.err);
    let said = check_with(REQUIRED, &[("CLAVIGER__GATEWAY__LIMITS__BODY_MAX", "huge")]);
    assert!(
        said.code == 3 && said.err.contains("environment variable CLAVIGER__GATEWAY__LIMITS__BODY_MAX"),
        "{}",
        said.err
    );
    let said = check_with(REQUIRED, &[("CLAVIGER__GATEWAY__HOSTS", "api.example.com, API")]);
    assert!(said.code == 3 && said.err.contains("\"API\" is no host name"), "{}", said.err);
}

#[test]
fn explain_says_where_every_value_comes_from() {
    let text = format!("{REQUIRED}[gateway.limits]\nbody_max = \"8MiB\"\n");
    let folder = Folder::new().with("claviger.toml", &text);
    let variables = [("CLAVIGER__GATEWAY__LISTEN", "127.0.0.1:7777")];
    let said = folder.run_with(&["config", "explain"], &variables);
    assert_eq!(said.code, 0, "{}", said.err);
    insta::assert_snapshot!("explain", said.out);
    let said = folder.run_with(&["config", "explain", "--json"], &variables);
    let settings: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let find = |name: &str| settings.as_array().unwrap().iter().find(|s| s["setting"] == name).unwrap().clone();
    assert_eq!(find("gateway.limits.body_max")["from"], "claviger.toml:9:12");
    assert_eq!(find("gateway.limits.body_max")["value"], "\"8MiB\"");
    assert_eq!(find("gateway.listen")["from"], "environment variable CLAVIGER__GATEWAY__LISTEN");
    assert_eq!(find("keys.primary_prefix")["from"], "default");
    assert_eq!(find("upstream.test.ca_file")["value"], serde_json::Value::Null);
}

/// The reference page is generated; when this fails: `claviger config example > docs/reference/claviger.example.toml`.
#[test]
fn the_example_is_current_complete_and_accepted() {
    let folder = Folder::new();
    let example = folder.run(&["config", "example"]).out;
    let written = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/claviger.example.toml");
    assert_eq!(std::fs::read_to_string(written).unwrap_or_default(), example, "the example is stale");
    assert_eq!(check(&example).code, 0, "{}", check(&example).err);

    // With everything switched on that is commented out, every key is known and of the right type.
    let bare = |line: &str| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned();
    let all: Vec<_> = example.lines().map(bare).collect();
    let all = all.join("\n");
    let said = check(&all);
    assert!(!said.err.contains("unknown") && !said.err.contains("expected"), "{}", said.err);
}
