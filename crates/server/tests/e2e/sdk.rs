//! A real provider's client library, unmodified, in front of the reference API.

use crate::deployment::{Admin, CLAVIGER, NewKey, test_data};
use serde_json::json;
use std::{path::PathBuf, process::Stdio};
use testkit::{
    Claviger, Home, Launch, Must, Postgres, Run, Secrets,
    client::Call,
    eventually,
    postgres::{Database, PASSWORD},
};
use tokio::{io::AsyncWriteExt as _, process::Command};

/// The interpreter with the library, which `./test` installs.
const PYTHON: &str = "CLAVIGER_TEST_SDK_PYTHON";

#[tokio::test(flavor = "multi_thread")]
async fn r75_d7_the_sdk_in_front_of_the_quickstart() {
    let Some(python) = python() else { return };
    let claviger = Launch::quickstart(CLAVIGER).start().await;
    drive(&python, &claviger).await;
    claviger.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d43_the_sdk_with_the_real_description_and_the_reference_api_alone() {
    with_the_reference_api_alone(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r91_the_sdk_with_the_reference_api_in_postgresql() {
    let database = Postgres::of_run().database(&format!("sdk_{}", std::process::id()));
    if with_the_reference_api_alone(Some(&database)).await {
        assert_ne!(database.run("SELECT count(*) FROM test.send"), "0", "the invoices are somewhere else");
    }
    // As a superuser it does not even start, and says what to do, without the address.
    let arguments = ["invoicing", "--listen", "127.0.0.1:0", "--jwks", "http://127.0.0.1:1/jwks.json"];
    let done = Run::new(CLAVIGER, &arguments).env(DATABASE, &database.powerful_url).end().await;
    assert_ne!(done.code, 0);
    assert!(done.errors.contains("CREATE ROLE invoicing LOGIN") && !done.errors.contains("postgres://"), "{done:?}");
}

/// The variable of the environment that names the reference API's database.
const DATABASE: &str = "CLAVIGER_INVOICING_DATABASE";

/// False when there is no client library here.
async fn with_the_reference_api_alone(database: Option<&Database>) -> bool {
    let (Some(python), Some(description)) = (python(), test_data("invoicetronic-openapi.yml")) else { return false };
    let home = Home::new();
    let reference = free_address();
    let claviger = Launch::quickstart(CLAVIGER)
        .at(&home, &Secrets::default())
        .args(["--openapi".into(), description.into_os_string()])
        .args(["--prefix", "/v1", "--upstream", &format!("http://{reference}")])
        .start()
        .await;
    let key_set = format!("{}/.well-known/claviger/jwks.json", claviger.gateway());
    let data = home.path().join("invoicing");
    let launch = Launch::new(CLAVIGER, "invoicing")
        .at(&home, claviger.secrets())
        .args(["--listen", &reference, "--jwks", &key_set]);
    let invoicing = match database {
        None => launch.args(["--data".into(), data.clone().into_os_string()]).spawn(),
        Some(database) => {
            claviger.secrets().plant(PASSWORD);
            launch.env(DATABASE, &database.url).spawn()
        }
    };
    let health = format!("http://{reference}/v1/health");
    eventually("the reference API to listen", async || Call::get(&health).attempt().await).await;
    drive(&python, &claviger).await;
    if database.is_none() {
        claviger.secrets().assert_absent_below(&data);
    }
    invoicing.stop().await;
    claviger.stop().await;
    true
}

fn python() -> Option<PathBuf> {
    let Some(python) = std::env::var_os(PYTHON).map(PathBuf::from) else {
        println!("SKIPPED: {PYTHON} is not set; ./test installs invoicetronic-sdk and sets it");
        return None;
    };
    assert!(python.exists(), "{PYTHON} names {}, which is not there", python.display());
    Some(python)
}

/// A free address of loopback.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").must("find a free port");
    listener.local_addr().must("know the own address").to_string()
}

/// Runs `sdk.py` against the gateway, with keys of every preset made for it; then looks at what it could not reach.
async fn drive(python: &PathBuf, claviger: &Claviger) {
    let mut admin = Admin::of(claviger).await;
    let mut secret = async |preset: &str| admin.create_key(json!({ "preset": preset })).await;
    let (reader, sender, full): (NewKey, NewKey, NewKey) =
        (secret("read_only").await, secret("send").await, secret("full_access").await);
    let given = json!({
        "host": format!("{}/v1", claviger.gateway()),
        "test": claviger.text("/primary/test/secret"),
        "live": claviger.text("/primary/live/secret"),
        "read_only": reader.test,
        "send": sender.test,
        "full_access": full.test,
    });
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/sdk.py");
    let mut command = Command::new(python);
    command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().must("start the interpreter");
    let mut input = child.stdin.take().must("have its input");
    input.write_all(given.to_string().as_bytes()).await.must("tell it the keys");
    drop(input);
    let ended = child.wait_with_output().await.must("wait for the interpreter");
    let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{said}");
    println!("{said}");
    // A full-access key reads and writes everything behind the gateway, and cannot reach the control API (D8).
    let url = format!("{}/v1/accounts", claviger.control());
    for key in [&full.test, &full.live] {
        let reply = Call::get(&url).bearer(key).send().await;
        assert_eq!((reply.status, reply.code().as_str()), (401, "unauthorized"));
    }
}
