//! Key settings from the command line: origins, networks, own limits, rotation reminder, and findings (D10, D12, R77, D26).

use crate::deployment::Deployment;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn r25_d10_d12_r77_d26_settings_are_set_shown_and_cleared_from_the_command_line() {
    let deployment = Deployment::start().await;
    let cli = deployment.claviger.cli();
    let created = cli
        .json(&[
            "keys",
            "create",
            "--origin",
            "https://app.example.com",
            "--origin",
            "https://*.example.org",
            "--network",
            "203.0.113.0/24",
            "--network",
            "2001:db8::1",
            "--limit",
            "default=600",
            "--rotate-every",
            "90",
        ])
        .await;
    let id = created["key_id"].as_str().unwrap_or_default().to_owned();
    let shown = cli.json(&["keys", "show", &id]).await;
    assert_eq!(shown["origins"], json!(["https://app.example.com", "https://*.example.org"]));
    assert_eq!(shown["networks"], json!(["203.0.113.0/24", "2001:db8::1/128"]));
    assert_eq!((&shown["limits"], &shown["rotate_every_days"]), (&json!({ "default": 600 }), &json!(90)));
    let text = cli.run(&["keys", "show", &id]).await.output;
    for line in
        ["https://*.example.org", "203.0.113.0/24 2001:db8::1/128", "default=600", "every 90 days", "(no_expiry)"]
    {
        assert!(text.contains(line), "{line} in {text}");
    }
    let listed = cli.run(&["keys", "list"]).await.output;
    assert!(listed.contains("https://app.example.com +1") && listed.contains("203.0.113.0/24 +1"), "{listed}");

    // What is wrong is told field by field, and a dangerous wish has to be confirmed.
    let wrong = cli.run(&["keys", "update", &id, "--origin", "https://App.example", "--limit", "sms=1"]).await;
    assert_eq!(wrong.code, 4);
    assert!(wrong.errors.contains("/origins/0: an origin must be in lower case"), "{}", wrong.errors);
    assert!(wrong.errors.contains("/limits/sms: no such limit; this deployment has: default"), "{}", wrong.errors);
    let wide = ["keys", "update", &id, "--preset", "send", "--origin", "*"];
    let refused = cli.run(&wide).await;
    assert!(refused.code == 4 && refused.errors.contains("confirm"), "{}", refused.errors);
    let confirmed = cli.run(&[&wide[..], &["--confirm-any-origin"]].concat()).await;
    assert_eq!(confirmed.code, 0, "{}", confirmed.errors);
    assert!(confirmed.output.contains("warning: Every web page may use the key"), "{}", confirmed.output);
    assert_eq!(cli.run(&["keys", "update", &id, "--limit", "default=1", "--limit", "default=2"]).await.code, 2);

    let found = cli.json(&["audit", "findings"]).await;
    let of = |found: &Value| found["data"].as_array().into_iter().flatten().find(|key| key["key_id"] == *id).cloned();
    let mine = of(&found).unwrap_or_default();
    assert_eq!(mine["findings"][0]["code"], "any_origin_can_write", "{found}");
    let text = cli.run(&["audit", "findings"]).await.output;
    assert!(text.contains(&id) && text.contains("(any_origin_can_write)"), "{text}");

    let cleared = cli
        .json(&[
            "keys",
            "update",
            &id,
            "--no-origins",
            "--any-network",
            "--no-limits",
            "--no-rotate-every",
            "--preset",
            "read_only",
            "--expires-in",
            "365d",
        ])
        .await;
    let key = &cleared["key"];
    assert_eq!((&key["origins"], &key["networks"], &key["limits"]), (&json!([]), &json!([]), &json!({})));
    assert_eq!(key["rotate_every_days"], Value::Null);
    deployment.stop().await;
}
