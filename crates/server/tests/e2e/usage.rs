//! Usage: why a request was refused, who uses what, and what is left of it after a crash and a restore.

use crate::deployment::{CLAVIGER, Deployment};
use serde_json::{Value, json};
use testkit::{Launch, Must, Reply, Run, client::Call, eventually};

fn request_id(reply: &Reply) -> String {
    reply.header("x-request-id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_the_id_of_a_refusal_is_enough_to_ask_why_right_after_it() {
    let deployment = Deployment::start().await;
    let mut admin = deployment.admin().await;
    let key = admin.create_key(json!({})).await;
    let cli = deployment.claviger.cli();
    let passed = deployment.get("/things", &key.test).await;
    let call = Call::post(&deployment.url("/things")).key(&key.test).json(&json!({"name": "x"}));
    let refused = call.send().await;
    assert_eq!((passed.status, refused.status), (200, 403));
    let shown = cli.json(&["requests", "show", &request_id(&refused)]).await;
    assert_eq!((&shown["request"]["key_id"], &shown["request"]["status"]), (&json!(key.id), &json!(403)));
    assert_eq!(
        (&shown["refusal"]["check"], &shown["refusal"]["reason"]),
        (&json!("scope"), &json!("insufficient_scope"))
    );
    assert_eq!((&shown["now"]["allowed"], &shown["remedies"][0]["action"]), (&json!(false), &json!("grant_scope")));
    let scope = shown["remedies"][0]["scope"].as_str().must("name the scope").to_owned();
    let said = cli
        .run(&["requests", "show", &request_id(&refused), "--account", &deployment.claviger.text("/account_id")])
        .await;
    assert_eq!(said.code, 0, "{}", said.errors);
    for part in ["Refused then: insufficient_scope (check scope)", "To allow it:", &scope] {
        assert!(said.output.contains(part), "{part} is missing in\n{}", said.output);
    }
    // What it proposes helps.
    cli.json(&["keys", "update", &key.id, "--scope", "*:read", "--scope", &scope]).await;
    let shown = cli.json(&["requests", "show", &request_id(&refused)]).await;
    assert_eq!((&shown["now"]["allowed"], &shown["remedies"]), (&json!(true), &json!([])));

    let listed = cli.json(&["requests", "list", "--key", &key.id, "--status", "4xx"]).await;
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1), "{listed}");
    let everything = cli.run(&["requests", "list"]).await;
    assert!(everything.output.contains(&request_id(&passed)), "{}", everything.output);
    let usage = cli.json(&["usage", &key.id]).await;
    assert_eq!((&usage["totals"]["ok"], &usage["totals"]["refused"]), (&json!(1), &json!(1)));
    let said = cli.run(&["usage", &key.id, "--granularity", "minute"]).await;
    assert!(said.output.contains("refused") && said.output.contains("ok 1,"), "{}", said.output);
    let record = cli.json(&["keys", "show", &key.id]).await;
    assert_eq!(record["test"]["last_used"]["address"], "127.0.0.1", "{record}");
    assert!(record["live"].get("last_used").is_none());

    // A stranger's request is the operator's to see, and no account's.
    let stranger = deployment.get("/things", "sk_test_nobody").await;
    let shown = cli.json(&["requests", "show", &request_id(&stranger)]).await;
    assert_eq!((&shown["request"]["account_id"], &shown["refusal"]["check"]), (&json!(null), &json!("credential")));
    let account = deployment.claviger.text("/account_id");
    assert_eq!(cli.run(&["requests", "show", &request_id(&stranger), "--account", &account]).await.code, 4);
    assert_eq!(cli.run(&["requests", "show", "req_00000000000000000000000000"]).await.code, 4);
    let metrics = Call::get(&format!("{}/metrics", deployment.claviger.control())).send().await;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    assert!(metrics.contains("claviger_usage_requests_dropped_total{cause=\"queue_full\"} 0"), "{metrics}");
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d44_a_crash_keeps_what_was_stored_and_a_restore_brings_usage_back() {
    let deployment = Deployment::start().await;
    let first = deployment.get("/things", &deployment.test).await;
    let cli = deployment.claviger.cli();
    cli.json(&["requests", "show", &request_id(&first)]).await;
    let home = deployment.claviger.home().clone();
    let (data, file) = (home.data(), home.path().join("backup.db"));
    let backup = |to: &std::path::Path| Run::new(CLAVIGER, &["backup", "--json", "--data"]).arg(&data).arg(to);
    let written = backup(&file).end().await;
    assert_eq!(written.code, 0, "{}", written.errors);
    let written: Value = serde_json::from_str(&written.output).must("read the answer");
    assert_eq!(written["usage_file"], home.path().join("backup.db.usage").display().to_string());
    let copied = std::fs::read(home.path().join("backup.db.usage")).must("read the back-up");
    deployment.claviger.secrets().assert_absent("the back-up of usage", &copied);
    let bare = home.path().join("bare.db");
    assert_eq!(backup(&bare).arg("--without-usage").end().await.code, 0);
    assert!(!home.path().join("bare.db.usage").exists());
    let second = deployment.get("/things", &deployment.test).await;
    cli.json(&["requests", "show", &request_id(&second)]).await;

    let (claviger, upstream) = (deployment.claviger, deployment.upstream);
    let (home, secrets) = claviger.kill().await;
    let start = async || -> testkit::Claviger {
        let description = home.path().join("upstream.json");
        let launch = Launch::quickstart(CLAVIGER).at(&home, &secrets);
        launch
            .args(["--openapi".into(), description.into_os_string()])
            .args(["--upstream", &upstream.url()])
            .start()
            .await
    };
    let claviger = start().await;
    for request in [&first, &second] {
        claviger.cli().json(&["requests", "show", &request_id(request)]).await;
    }
    claviger.stop().await;
    let restored = Run::new(CLAVIGER, &["restore", "--json", "--data"]).arg(&data).arg(&file).end().await;
    assert_eq!(restored.code, 0, "{}", restored.errors);
    let restored: Value = serde_json::from_str(&restored.output).must("read the answer");
    assert_eq!(restored["usage"], true);
    let doctor = Run::new(CLAVIGER, &["doctor", "--json", "--data"]).arg(&data).end().await;
    let examined: Value = serde_json::from_str(&doctor.output).must("read the doctor's JSON");
    assert_eq!((&examined["problems"], &examined["usage_requests"]), (&json!([]), &json!(1)));
    let claviger = start().await;
    claviger.cli().json(&["requests", "show", &request_id(&first)]).await;
    assert_eq!(claviger.cli().run(&["requests", "show", &request_id(&second)]).await.code, 4);
    claviger.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d44_a_usage_file_that_cannot_be_read_stops_nothing() {
    let deployment = Deployment::start().await;
    let (home, secrets) = (deployment.claviger.home().clone(), deployment.claviger.secrets().clone());
    let (test, upstream) = (deployment.test.clone(), deployment.upstream);
    deployment.claviger.stop().await;
    std::fs::write(home.data().join("usage.db"), "burnt ".repeat(2_000)).must("burn the file");
    let doctor = Run::new(CLAVIGER, &["doctor", "--data"]).arg(home.data()).end().await;
    assert_eq!(doctor.code, 3, "{}{}", doctor.output, doctor.errors);
    let description = home.path().join("upstream.json");
    let launch = Launch::quickstart(CLAVIGER).at(&home, &secrets);
    let launch = launch.args(["--openapi".into(), description.into_os_string()]);
    let claviger = launch.args(["--upstream", &upstream.url()]).start().await;
    let reply = Call::get(&format!("{}/things", claviger.gateway())).key(&test).send().await;
    assert_eq!(reply.status, 200);
    let cli = claviger.cli();
    let id = request_id(&reply);
    eventually("the request in the new file", async || {
        (cli.run(&["requests", "show", &id]).await.code == 0).then_some(())
    })
    .await;
    assert!(claviger.logs().contains("kept aside"));
    claviger.stop().await;
}
