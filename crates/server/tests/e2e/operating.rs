//! Operating: a drain, back-up and restore, doctor, configuration, explain, the audit trail.

use crate::deployment::{CLAVIGER, Deployment, NewKey};
use serde_json::{Value, json};
use std::time::Duration;
use testkit::{Home, Launch, Must, Raw, Run, client::Call, eventually, within};

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_ends_what_was_begun_and_begins_nothing() {
    let deployment = Deployment::start().await;
    let address = deployment.claviger.address();
    let url = deployment.url("/slow");
    let waiting = tokio::spawn(Call::get(&url).key(&deployment.test).send());
    deployment.upstream.until_waiting(1).await;
    let mut claviger = deployment.claviger;
    claviger.signal("TERM").await;
    eventually("the port to be closed to new callers", async || {
        tokio::net::TcpStream::connect(address).await.is_err().then_some(())
    })
    .await;
    assert!(claviger.alive(), "it stopped before the request was answered");
    deployment.upstream.release();
    let reply = waiting.await.must("join the caller");
    assert_eq!(reply.status, 200);
    assert!(claviger.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_does_not_hold_up_a_drain() {
    let deployment = Deployment::start().await;
    let mut idle = Raw::open(deployment.claviger.address()).await;
    idle.send(format!("GET /things HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n\r\n", deployment.test)).await;
    assert_eq!(idle.answer().await.status, 200);
    within("a quick stop", Duration::from_secs(15), deployment.stop()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d44_a_backup_brings_back_what_it_held() {
    let deployment = Deployment::start().await;
    let mut admin = deployment.admin().await;
    let kept = admin.create_key(json!({"description": "before the back-up"})).await;
    let home = deployment.claviger.home().clone();
    let (data, file) = (home.data(), home.path().join("backup.db"));
    let backup = || Run::new(CLAVIGER, &["backup"]).arg(&file).arg("--data").arg(&data).arg("--json");
    let written = backup().end().await;
    assert_eq!(written.code, 0, "beside the running process: {}", written.errors);
    assert_ne!(backup().end().await.code, 0, "a back-up was overwritten");
    let later = admin.create_key(json!({"description": "after the back-up"})).await;
    let restore = || Run::new(CLAVIGER, &["restore"]).arg(&file).arg("--data").arg(&data).arg("--json");
    assert_ne!(restore().end().await.code, 0, "restored under a running process");

    deployment.claviger.secrets().assert_absent("the back-up", &std::fs::read(&file).must("read the back-up"));
    let (claviger, upstream) = (deployment.claviger, deployment.upstream);
    let (home, secrets) = claviger.stop().await;
    let restored = restore().end().await;
    assert_eq!(restored.code, 0, "{}", restored.errors);
    let doctor = Run::new(CLAVIGER, &["doctor", "--json", "--data"]).arg(&data).end().await;
    assert_eq!(doctor.code, 0, "{}{}", doctor.output, doctor.errors);
    let examined: Value = serde_json::from_str(&doctor.output).must("read the doctor's JSON");
    assert_eq!(examined["problems"], json!([]));

    let description = home.path().join("upstream.json");
    let claviger = Launch::quickstart(CLAVIGER)
        .at(&home, &secrets)
        .args(["--openapi".into(), description.into_os_string()])
        .args(["--upstream", &upstream.url()])
        .start()
        .await;
    let url = format!("{}/things", claviger.gateway());
    assert_eq!(Call::get(&url).key(&kept.test).send().await.status, 200);
    assert_eq!(Call::get(&url).key(&later.test).send().await.status, 401);
    claviger.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_damaged_database() {
    let deployment = Deployment::start().await;
    let (home, _) = deployment.stop().await;
    let examine = || Run::new(CLAVIGER, &["doctor", "--data"]).arg(home.data());
    assert_eq!(examine().end().await.code, 0);
    let database = std::fs::read_dir(home.data()).must("list the folder").flatten().map(|entry| entry.path());
    let database = database
        .filter(|path| path.extension().is_some_and(|end| end == "db"))
        .max_by_key(|path| std::fs::metadata(path).map(|file| file.len()).unwrap_or_default());
    let database = database.must("find the database");
    let mut bytes = std::fs::read(&database).must("read the database");
    let middle = bytes.len() / 2;
    for byte in &mut bytes[middle..] {
        *byte ^= 0x5A;
    }
    std::fs::write(&database, bytes).must("damage the database");
    let done = examine().end().await;
    assert_eq!(done.code, 3, "{}{}", done.output, done.errors);
    assert!(!done.errors.contains("panicked"), "{}", done.errors);
}

#[tokio::test(flavor = "multi_thread")]
async fn d31_what_weakens_a_rule_says_so_at_the_start_and_to_the_doctor() {
    let issuer = "[[issuer]]\nurl = \"http://127.0.0.1:1\"\nclient_ids = [\"c\"]\nunsafe_plain_http = true\n";
    let files = |home: &Home| {
        home.file("people.toml", issuer);
        let path = home.path().join("claviger.toml");
        let text = std::fs::read_to_string(&path).must("read the configuration");
        home.file("claviger.toml", &format!("{text}[people]\nfile = \"people.toml\"\n"));
    };
    let deployment = Deployment::serve_with(&[], files).await;
    let told = "http://127.0.0.1:1 has unsafe_plain_http";
    assert!(deployment.claviger.logs().contains(told), "{}", deployment.claviger.logs());
    let (home, _) = deployment.stop().await;
    for arguments in [&["doctor"][..], &["config", "check"]] {
        let done = Run::new(CLAVIGER, arguments).within(&home).end().await;
        assert!(done.code == 0 && done.output.contains(told), "{arguments:?}: {}{}", done.output, done.errors);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r15_r19_r22_r24_r123_the_command_line_does_all_of_it_through_the_control_api() {
    let deployment = Deployment::start().await;
    let cli = deployment.claviger.cli();
    let created = cli.json(&["keys", "create", "--preset", "read_only", "--description", "Reporting"]).await;
    let members: Vec<&String> = created.as_object().must("read an object").keys().collect();
    for member in ["key_id", "test", "live"] {
        assert!(members.iter().any(|name| *name == member), "{member} is missing: {members:?}");
    }
    let key = NewKey::of(&created);
    assert_eq!(deployment.get("/things", &key.test).await.status, 200);
    let shown = cli.json(&["keys", "show", &key.id]).await;
    let record = shown.get("key").unwrap_or(&shown);
    assert_eq!((record["preset"].as_str(), record["status"].as_str()), (Some("read_only"), Some("active")));
    assert_eq!(record["test"]["last_four"].as_str(), Some(&key.test[key.test.len() - 4..]), "R123");
    for (change, status) in [("disable", 401), ("enable", 200), ("revoke", 401)] {
        cli.json(&["keys", change, &key.id]).await;
        assert_eq!(deployment.get("/things", &key.test).await.status, status, "after {change}");
    }
    assert_eq!(cli.run(&["keys", "enable", &key.id]).await.code, 4, "a revoked key is final");
    cli.json(&["keys", "delete", &key.id]).await;
    assert_eq!(cli.run(&["keys", "show", &key.id]).await.code, 4);
    let company = cli.json(&["companies", "create", "--name", "Alfa Srl", "--external-name", "test:id=42"]).await;
    assert!(company.to_string().contains("co_"), "{company}");
    for list in
        [["accounts", "list"], ["companies", "list"], ["keys", "list"], ["operations", "list"], ["audit", "list"]]
    {
        let done = cli.run(&list).await;
        assert_eq!(done.code, 0, "{list:?}: {}", done.errors);
        assert!(done.output.lines().count() > 1, "{list:?}: {}", done.output);
    }
    let refused = cli.with_token("op_wrong").run(&["keys", "list"]).await;
    assert_eq!(refused.code, 4, "{}", refused.errors);
    let nobody =
        Run::new(CLAVIGER, &["keys", "list", "--url", "http://127.0.0.1:1"]).env("CLAVIGER_TOKEN", "op_x").end().await;
    assert_eq!(nobody.code, 5, "{}", nobody.errors);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_checked_whole_and_explained() {
    let home = Home::new();
    let bad =
        home.file("bad.toml", "[gateway]\nlisten = \"nowhere\"\nunknown = 1\n\n[upstream.test]\nurl = \"ftp://x\"\n");
    let check = |file: &std::path::Path| Run::new(CLAVIGER, &["config", "check", "--config"]).arg(file);
    let done = check(&bad).end().await;
    assert_eq!(done.code, 3, "{}{}", done.output, done.errors);
    let said = format!("{}{}", done.output, done.errors);
    for part in ["listen", "unknown", "upstream.test.url", "upstream.live"] {
        assert!(said.contains(part), "not all problems at once; {part} is missing in:\n{said}");
    }
    let example = Run::new(CLAVIGER, &["config", "example"]).end().await;
    assert_eq!(example.code, 0);
    assert!(example.output.contains("revocation_bound"));
    let good = home.file(
        "good.toml",
        "[upstream.test]\nurl = \"http://127.0.0.1:9001\"\n[upstream.live]\nurl = \"http://127.0.0.1:9002\"\n\
         [catalogue]\nfile = \"catalogue.toml\"\n",
    );
    let description = home.file("upstream.json", testkit::upstream::OPENAPI);
    let import =
        Run::new(CLAVIGER, &["catalogue", "import"]).arg(&description).args(["-o", "catalogue.toml"]).within(&home);
    assert_eq!(import.end().await.code, 0);
    let done = check(&good).end().await;
    assert_eq!(done.code, 0, "{}{}", done.output, done.errors);
    let explained = Run::new(CLAVIGER, &["config", "explain", "--config"])
        .arg(&good)
        .env("CLAVIGER__GATEWAY__LISTEN", "127.0.0.1:7777")
        .end()
        .await;
    assert_eq!(explained.code, 0, "{}", explained.errors);
    assert!(explained.output.contains("127.0.0.1:7777") && explained.output.contains("CLAVIGER__GATEWAY__LISTEN"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalogue_is_read_again_on_sighup_and_a_broken_one_is_not_used() {
    let deployment = Deployment::serve(&[]).await;
    let file = deployment.claviger.home().path().join("catalogue.toml");
    let first = std::fs::read_to_string(&file).must("read the catalogue");
    let reload = async |text: String, said: &str| {
        let before = deployment.claviger.logs().matches(said).count();
        std::fs::write(&file, text).must("write the catalogue");
        deployment.claviger.signal("HUP").await;
        let logs = || deployment.claviger.logs();
        eventually(said, async || (logs().matches(said).count() > before).then_some(())).await;
    };
    assert_eq!(deployment.get("/things", &deployment.test).await.status, 200);
    let without = first.split("[[operation]]").filter(|part| !part.contains("\"/things\"")).collect::<Vec<_>>();
    reload(without.join("[[operation]]"), "catalogue in force").await;
    assert_eq!(deployment.get("/things", &deployment.test).await.status, 404);
    assert_eq!(deployment.get("/things/7", &deployment.test).await.status, 200);
    reload(format!("{first}\n[[operation]]\nid = 7\n"), "the new catalogue is not used").await;
    assert_eq!(deployment.get("/things", &deployment.test).await.status, 404, "the one before stays in force");
    reload(first, "catalogue in force").await;
    assert_eq!(deployment.get("/things", &deployment.test).await.status, 200);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r72_metrics_and_readiness_tell_no_secret() {
    let deployment = Deployment::start().await;
    for key in [deployment.test.as_str(), "sk_test_wrong", ""] {
        let _status = deployment.get("/things", key).await;
    }
    let metrics = Call::get(&format!("{}/metrics", deployment.claviger.control())).send().await;
    assert_eq!(metrics.status, 200);
    let text = String::from_utf8_lossy(&metrics.body).into_owned();
    assert!(text.contains("claviger_requests_forwarded_total"), "{text}");
    // What must never be lost says so, and is zero.
    assert!(text.lines().any(|line| line == "claviger_audit_entries_dropped_total 0"), "{text}");
    deployment.claviger.secrets().assert_absent("the metrics", text.as_bytes());
    for id in ["/account_id", "/primary/key_id", "/primary/test/client_id", "/primary/live/client_id"] {
        assert!(!text.contains(&deployment.claviger.text(id)), "a metric names {id}:\n{text}");
    }
    let ready = Call::get(&format!("{}/readyz", deployment.claviger.control())).send().await;
    assert_eq!(ready.status, 200, "{}", String::from_utf8_lossy(&ready.body));
    deployment.stop().await;
}
