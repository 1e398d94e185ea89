//! People with tokens of a real provider (oidc-provider, unmodified) through the built binary (D20, D37, R105, R106).

use crate::deployment::Deployment;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use std::{path::PathBuf, process::Stdio};
use testkit::{Home, Must, Reply, client::Call, poll::SOON, within};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

/// The folder with the provider, which `./test` installs.
const FOLDER: &str = "CLAVIGER_TEST_OIDC";
/// What the provider's access tokens are for, when they are for us (RFC 8707).
const RESOURCE: &str = "urn:claviger:api";

const CATALOGUE: &str = r#"
[[operation]]
id = "member_read"
method = "GET"
path = "/member/head"
audience = "member"
environment = "live"
scope = "member:read"

[[operation]]
id = "admin_read"
method = "GET"
path = "/admin/head"
audience = "admin"
environment = "live"
scope = "admin:read"

[[operation]]
id = "key_read"
method = "GET"
path = "/key/head"
audience = "key"
scope = "key:read"
company = { mode = "context" }
"#;

/// The provider of `oidc/provider.mjs`. It ends with its standard input.
pub(crate) struct Provider {
    pub(crate) url: String,
    _process: Child,
}

impl Provider {
    /// `None`, and says so, where it is not installed.
    pub(crate) async fn start() -> Option<Self> {
        let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
            println!("SKIPPED: {FOLDER} is not set; ./test installs oidc-provider and sets it");
            return None;
        };
        assert!(folder.exists(), "{FOLDER} names {}, which is not there", folder.display());
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/oidc/provider.mjs");
        let mut command = Command::new("node");
        command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().must("start node");
        let mut lines = BufReader::new(process.stdout.take().must("have its output")).lines();
        let url = within("the provider's first line", SOON, lines.next_line()).await.must("read its output");
        Some(Self { url: url.must("find its URL"), _process: process })
    }

    async fn text(&self, call: Call) -> String {
        let reply = call.send().await;
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        reply.json()["text"].as_str().must("find the text").to_owned()
    }

    /// An access token of the machine, for a resource.
    async fn machine(&self, resource: &str) -> String {
        self.text(Call::get(&format!("{}/test/machine?resource={resource}", self.url))).await
    }

    /// An `id_token`, as the application gets it when this person signs in.
    pub(crate) async fn sign_in(&self, person: &str) -> String {
        self.text(Call::get(&format!("{}/test/sign-in?account={person}", self.url))).await
    }

    /// Any token, signed with the present key.
    async fn sign(&self, header: &Value, claims: &Value) -> String {
        let asked = json!({ "header": header, "claims": claims });
        self.text(Call::post(&format!("{}/test/sign", self.url)).json(&asked)).await
    }

    /// Signs with the next key from now on; its id.
    async fn rotate(&self) -> String {
        self.text(Call::post(&format!("{}/test/rotate", self.url)).json(&json!({}))).await
    }

    /// Lets the dashboard's client come back to this address.
    pub(crate) async fn return_to(&self, redirect_uri: &str) {
        let asked = json!({ "redirect_uri": redirect_uri });
        self.text(Call::post(&format!("{}/test/client", self.url)).json(&asked)).await;
    }

    /// A deployment that takes its tokens.
    async fn deployment(&self) -> Deployment {
        let people = format!(
            "admins = [\"root@example.com\"]\n\
             [[issuer]]\nurl = \"{}\"\nclient_ids = [\"{RESOURCE}\", \"web\"]\nunsafe_plain_http = true\n",
            self.url
        );
        let files = |home: &Home| {
            home.file("catalogue.toml", CATALOGUE);
            home.file("people.toml", &people);
        };
        Deployment::serve_with(&[("people.file", "people.toml")], files).await
    }
}

/// Lets the provider's people act in the account, on the command line; the mapping's id.
async fn map(deployment: &Deployment, provider: &Provider) -> String {
    let account = deployment.claviger.text("/account_id");
    let create = ["identities", "create", "--account", &account, "--issuer", &provider.url];
    let created = deployment.claviger.cli().json(&create).await;
    created.pointer("/identity/id").and_then(Value::as_str).must("find the id").to_owned()
}

async fn ask(deployment: &Deployment, path: &str, token: &str) -> Reply {
    Call::get(&deployment.url(path)).bearer(token).send().await
}

fn outcome(reply: &Reply) -> (u16, String) {
    (reply.status, if reply.status == 200 { String::new() } else { reply.code() })
}

fn denied(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// A header of what the upstream was sent, as it tells of itself.
fn sent<'a>(seen: &'a Value, name: &str) -> Option<&'a str> {
    let headers = seen["headers"].as_array().must("find the headers");
    headers.iter().find(|pair| pair[0] == name).and_then(|pair| pair[1].as_str())
}

/// The second part of a token, unverified.
fn claims_of(token: &str) -> Value {
    let payload = BASE64URL_NOPAD.decode(token.split('.').nth(1).must("find the claims").as_bytes());
    serde_json::from_slice(&payload.must("decode the claims")).must("read the claims")
}

#[tokio::test(flavor = "multi_thread")]
async fn r105_r132_d37_the_upstream_is_told_the_account_and_the_member_of_a_provider() {
    let Some(provider) = Provider::start().await else { return };
    let deployment = provider.deployment().await;
    let (machine, alice) = (provider.machine(RESOURCE).await, provider.sign_in("alice").await);
    for token in [&machine, &alice] {
        assert_eq!(outcome(&ask(&deployment, "/member/head", token).await), denied(403, "account_not_mapped"));
    }
    assert_eq!(deployment.upstream.requests(), 0);
    map(&deployment, &provider).await;
    let account = deployment.claviger.text("/account_id");
    for (token, subject, email) in [(&machine, "machine", Value::Null), (&alice, "alice", json!("alice@example.com"))] {
        let reply = ask(&deployment, "/member/head", token).await;
        assert_eq!(outcome(&reply), (200, String::new()));
        let seen = reply.json();
        assert_eq!(sent(&seen, "claviger-account"), Some(account.as_str()));
        assert_eq!(sent(&seen, "claviger-member"), Some(subject));
        assert_eq!(sent(&seen, "authorization"), None);
        let context = claims_of(sent(&seen, "claviger-context").must("find the context"));
        assert_eq!((&context["account"], &context["audience"]), (&json!(account), &json!("member")));
        let member = &context["member"];
        assert_eq!((&member["issuer"], &member["subject"]), (&json!(provider.url), &json!(subject)));
        assert_eq!((&member["email"], &member["admin"]), (&email, &json!(false)));
    }
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d20_every_fault_of_a_provider_token_is_one_401_and_reaches_nobody() {
    let Some(provider) = Provider::start().await else { return };
    let deployment = provider.deployment().await;
    map(&deployment, &provider).await;
    let good = provider.machine(RESOURCE).await;
    let claims = claims_of(&good);
    let issued = claims["iat"].as_i64().must("find the time");
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    let plain = json!({});
    let mut hostile = vec![("wrong aud", provider.machine("urn:another:api").await)];
    for (fault, header, claims) in [
        ("wrong iss", &plain, with("iss", json!("http://127.0.0.1:9"))),
        ("iss with a slash more", &plain, with("iss", json!(format!("{}/", provider.url)))),
        ("expired", &plain, with("exp", json!(issued - 61))),
        ("not yet valid", &plain, with("nbf", json!(issued + 600))),
        ("no aud", &plain, with("aud", Value::Null)),
        ("alg none", &json!({"alg": "none"}), claims.clone()),
        ("the public key as a shared secret", &json!({"alg": "HS256"}), claims.clone()),
        ("an algorithm that is not this issuer's", &json!({"alg": "PS256"}), claims.clone()),
        ("unknown kid", &json!({"kid": "stranger"}), claims.clone()),
        ("the kid of another key", &json!({"kid": "k2"}), claims.clone()),
        ("jku", &json!({"jku": format!("{}/jwks", provider.url)}), claims.clone()),
        ("crit", &json!({"crit": ["exp"]}), claims.clone()),
    ] {
        hostile.push((fault, provider.sign(header, &claims).await));
    }
    hostile.push(("an API key", deployment.live.clone()));
    for (fault, token) in &hostile {
        for path in ["/member/head", "/admin/head"] {
            let reply = ask(&deployment, path, token).await;
            assert_eq!(outcome(&reply), denied(401, "invalid_token"), "{fault}");
        }
    }
    assert_eq!(deployment.upstream.requests(), 0);
    // The same hand makes a token that passes: it is the fault that is refused.
    let same = provider.sign(&plain, &claims).await;
    assert_eq!(outcome(&ask(&deployment, "/member/head", &same).await), (200, String::new()));
    // A key is no token, and a token no key (R136).
    let with_key = deployment.get("/member/head", &deployment.live).await;
    assert_eq!(outcome(&with_key), denied(401, "bearer_token_required"));
    assert_eq!(outcome(&ask(&deployment, "/key/head", &good).await), denied(401, "invalid_api_key"));
    assert_eq!(deployment.get("/key/head", &deployment.live).await.status, 200);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d20_a_provider_that_exchanges_its_keys_is_followed() {
    let Some(provider) = Provider::start().await else { return };
    let deployment = provider.deployment().await;
    map(&deployment, &provider).await;
    let pass = async |token: &str| outcome(&ask(&deployment, "/member/head", token).await);
    let first = provider.machine(RESOURCE).await;
    assert_eq!(pass(&first).await, (200, String::new()));
    // The next key was published before it signs: nothing is fetched, and the key before it is still at hand.
    assert_eq!(provider.rotate().await, "k2");
    let second = provider.machine(RESOURCE).await;
    assert_eq!(pass(&second).await, (200, String::new()));
    assert_eq!(pass(&first).await, (200, String::new()));
    // This one nobody has seen: the key set is fetched, and what the provider has taken back is worth nothing.
    assert_eq!(provider.rotate().await, "k3");
    let third = provider.machine(RESOURCE).await;
    assert_eq!(pass(&third).await, (200, String::new()));
    for gone in [&first, &second] {
        assert_eq!(pass(gone).await, denied(401, "invalid_token"));
    }
    // Another fetch within the minute is not made: strangers cannot have the provider asked on their behalf.
    provider.rotate().await;
    assert_eq!(provider.rotate().await, "k5");
    assert_eq!(pass(&provider.machine(RESOURCE).await).await, denied(401, "invalid_token"));
    assert_eq!(pass(&third).await, (200, String::new()));
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r106_d20_an_administrator_is_whom_the_provider_vouches_for() {
    let Some(provider) = Provider::start().await else { return };
    let deployment = provider.deployment().await;
    map(&deployment, &provider).await;
    for (person, expected) in [
        ("root", (200, String::new())),
        ("alice", denied(403, "admin_required")),
        // The right address, but nobody has verified that it is theirs.
        ("pretender", denied(403, "admin_required")),
    ] {
        let token = provider.sign_in(person).await;
        assert_eq!(outcome(&ask(&deployment, "/admin/head", &token).await), expected, "{person}");
        assert_eq!(ask(&deployment, "/member/head", &token).await.status, 200, "{person}");
    }
    let machine = provider.machine(RESOURCE).await;
    assert_eq!(outcome(&ask(&deployment, "/admin/head", &machine).await), denied(403, "admin_required"));
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d37_identities_are_mapped_listed_and_taken_back_on_the_command_line() {
    let deployment = Deployment::serve(&[]).await;
    let (cli, account) = (deployment.claviger.cli(), deployment.claviger.text("/account_id"));
    let directory = "11111111-2222-3333-4444-555555555555";
    let entra = ["identities", "create", "--account", &account, "--entra-directory", &directory.to_uppercase()];
    let created = cli.json(&entra).await;
    let identity = &created["identity"];
    assert_eq!(identity["issuer"], format!("https://login.microsoftonline.com/{directory}/v2.0"));
    assert_eq!(identity["directory"], directory);
    let plain = ["identities", "create", "--account", &account, "--issuer", "https://id.example.com"];
    let plain = cli.run(&plain).await;
    assert_eq!(plain.code, 0, "{}", plain.errors);
    assert!(plain.output.contains("https://id.example.com"), "{}", plain.output);
    // One issuer and directory acts in one account.
    let again = cli.run(&entra).await;
    assert_ne!(again.code, 0, "{}", again.output);
    let list = ["identities", "list", "--account", &account];
    assert_eq!(cli.json(&list).await["data"].as_array().map(Vec::len), Some(2));
    let id = identity["id"].as_str().must("find the id");
    let deleted = cli.run(&["identities", "delete", "--account", &account, id]).await;
    assert!(deleted.code == 0 && deleted.output.contains("is deleted"), "{}{}", deleted.output, deleted.errors);
    let left = cli.json(&list).await;
    assert_eq!(left["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(left.pointer("/data/0/issuer"), Some(&json!("https://id.example.com")));
    assert_ne!(cli.run(&["identities", "delete", "--account", &account, id]).await.code, 0);
    // Neither, or both at once, says nobody's people.
    for wrong in [&[][..], &["--issuer", "https://id.example.com", "--entra-directory", directory]] {
        let arguments = [&["identities", "create", "--account", &account][..], wrong].concat();
        assert_eq!(cli.run(&arguments).await.code, 2);
    }
    deployment.stop().await;
}
