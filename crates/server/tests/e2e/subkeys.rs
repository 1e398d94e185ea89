//! Restricted keys managed with a primary key through the gateway, as a real provider's clients do it (D8, D32).

use crate::{
    deployment::{Admin, CLAVIGER, Deployment},
    sdk::python,
};
use serde_json::{Value, json};
use std::{path::PathBuf, process::Stdio};
use testkit::{Claviger, Launch, Must, client::Call, eventually};
use tokio::{io::AsyncWriteExt as _, process::Command};

/// Restricted keys of one account.
const KEYS_MAX: usize = 1_000;

/// The profile that offers the resource, with its limits out of the way and keys taken in every place.
fn launch() -> Launch {
    let places = "header:x-api-key,basic-username,client-id-secret,bearer";
    let launch = Launch::quickstart(CLAVIGER).args(["--profile", "invoicetronic"]);
    launch.env("CLAVIGER__KEYS__PRESENTATIONS", places)
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_d32_without_a_profile_no_key_manages_keys() {
    let claviger = Launch::quickstart(CLAVIGER).start().await;
    let url = format!("{}/v1/subkey", claviger.gateway());
    let primary = claviger.text("/primary/test/secret");
    for call in [Call::get(&url), Call::post(&url).json(&json!({"description": "x"}))] {
        let reply = call.key(&primary).send().await;
        assert_eq!((reply.status, reply.code().as_str()), (404, "operation_not_found"));
    }
    claviger.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_d32_the_sdk_manages_restricted_keys_and_every_refusal_is_the_providers() {
    let Some(python) = python() else { return };
    let claviger = launch().start().await;
    let mut admin = Admin::of(&claviger).await;
    let url = format!("{}/v1/accounts", claviger.control());
    let other = admin.ask(Call::post(&url).json(&json!({ "name": "Somebody else" }))).await.json();
    let given = json!({
        "host": format!("{}/v1", claviger.gateway()),
        "test": claviger.text("/primary/test/secret"),
        "live": claviger.text("/primary/live/secret"),
        "other": other["primary"]["test"]["secret"],
    });
    let said = drive(&python, &given).await;
    let (told, secrets) = said.trim_end().rsplit_once('\n').must("have two lines");
    println!("{told}");
    let secrets: Value = serde_json::from_str(secrets).must("read the secrets");
    claviger.secrets().learn(&secrets);
    tells_who_it_was(&claviger, &mut admin).await;
    claviger.stop().await;
}

async fn drive(python: &PathBuf, given: &Value) -> String {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/subkeys.py");
    let mut command = Command::new(python);
    command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().must("start the interpreter");
    let mut input = child.stdin.take().must("have its input");
    input.write_all(given.to_string().as_bytes()).await.must("tell it the keys");
    drop(input);
    let ended = child.wait_with_output().await.must("wait for the interpreter");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{said}{}", String::from_utf8_lossy(&ended.stderr));
    said
}

/// The audit chain names the primary key, and the request as the gateway's log does.
async fn tells_who_it_was(claviger: &Claviger, admin: &mut Admin) {
    let primary = claviger.text("/primary/key_id");
    let url = admin.url("/audit?limit=200");
    let told = admin.ask(Call::get(&url)).await.json();
    let entries = told["data"].as_array().must("list entries").iter();
    let by_key: Vec<&Value> = entries.filter(|entry| entry["author"] == primary.as_str()).collect();
    for action in ["key.created", "key.updated", "key.rotated", "key.deleted"] {
        assert!(by_key.iter().any(|entry| entry["action"] == action), "{action}: {told:#}");
    }
    let request = by_key.first().and_then(|entry| entry["request_id"].as_str()).must("have a request");
    let url = admin.url(&format!("/requests/{request}"));
    let seen = admin.ask(Call::get(&url)).await;
    assert_eq!(seen.status, 200, "{}", String::from_utf8_lossy(&seen.body));
    assert_eq!(seen.json()["request"]["key_id"], primary.as_str(), "{}", seen.json());
}

#[tokio::test(flavor = "multi_thread")]
async fn d16_d32_a_retried_creation_makes_one_key_and_the_thousand_and_first_is_refused() {
    let claviger = launch().start().await;
    let mut admin = Admin::of(&claviger).await;
    let url = format!("{}/v1/subkey", claviger.gateway());
    let primary = claviger.text("/primary/test/secret");
    let wish = json!({ "description": "Made once" });
    let create = async |idempotency_key: &str| {
        let call = Call::post(&url).key(&primary).header("idempotency-key", idempotency_key).json(&wish);
        call.send().await
    };
    let (first, again) = (create("one").await, create("one").await);
    assert_eq!((first.status, again.status), (201, 201), "{}", String::from_utf8_lossy(&first.body));
    claviger.secrets().learn(&first.json());
    // The same answer, secrets and all: who lost the first one has no other way to them.
    assert_eq!(first.json(), again.json());
    let listed = Call::get(&url).key(&primary).send().await;
    assert_eq!(listed.json().as_array().map(Vec::len), Some(1));

    for _ in 1..KEYS_MAX {
        admin.create_key(json!({})).await;
    }
    let refused = create("two").await;
    let told = refused.json();
    assert_eq!((refused.status, &told["code"]), (400, &json!("subkey_limit_reached")), "{told}");
    let gone = Call::new("DELETE", &format!("{url}/{}", first.json()["id"])).key(&primary).send().await;
    assert_eq!(gone.status, 200);
    let last = create("three").await;
    assert_eq!(last.status, 201);
    claviger.secrets().learn(&last.json());
    claviger.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d7_d32_a_catalogue_without_such_operations_has_no_way_there() {
    let deployment = Deployment::serve(&[]).await;
    let unknown = async || {
        let reply = deployment.get("/v1/subkey", &deployment.test).await;
        assert_eq!((reply.status, reply.code().as_str()), (404, "operation_not_found"));
    };
    unknown().await;
    // A reload does not open one either: the planes know it from their start.
    let file = deployment.claviger.home().path().join("catalogue.toml");
    let mut catalogue = std::fs::read_to_string(&file).must("read the catalogue");
    catalogue.push_str(
        "\n[[operation]]\nid = \"subkey_get\"\nmethod = \"GET\"\npath = \"/v1/subkey\"\naudience = \"key\"\n\
         scope = \"subkey:read\"\nserved_by = \"subkeys\"\n",
    );
    std::fs::write(&file, catalogue).must("write the catalogue");
    deployment.claviger.signal("HUP").await;
    let said = "which takes a restart";
    eventually(said, async || deployment.claviger.logs().contains(said).then_some(())).await;
    unknown().await;
    deployment.stop().await;
}
