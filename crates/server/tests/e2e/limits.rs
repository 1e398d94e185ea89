//! Limits of the built binary: the defaults, a key's own number, the words of a refusal (D15, R77, R78, R130).

use crate::deployment::Deployment;
use serde_json::json;
use testkit::{Home, Must};

#[tokio::test(flavor = "multi_thread")]
async fn r77_sixty_requests_a_minute_are_the_default_and_a_key_may_have_more() {
    let default = "default = 60 per 60s, messaging = 30 per 60s class messaging";
    let deployment = Deployment::serve(&[("limits.rules", default)]).await;
    let mut admin = deployment.admin().await;
    let key = admin.create_key(json!({"description": "counted"})).await;
    let more = admin.create_key(json!({"description": "counted", "limits": {"default": 61}})).await;
    for n in 0..60 {
        assert_eq!(deployment.get("/things", &key.test).await.status, 200, "{n}");
        assert_eq!(deployment.get("/things", &more.test).await.status, 200, "{n}");
    }
    let refused = deployment.get("/things", &key.test).await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "rate_limit_exceeded"));
    let wait: u64 = refused.header("retry-after").parse().unwrap_or(0);
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(refused.json()["limit"], "default");
    assert_eq!(deployment.get("/things", &more.test).await.status, 200, "its own number");
    assert_eq!(deployment.get("/things", &more.test).await.status, 429);
    // Both environments have the same limits and separate counters.
    assert_eq!(deployment.get("/things", &key.live).await.status, 200);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r80_a_channel_without_a_daily_cap_is_told_at_the_start() {
    let channel = |home: &Home| {
        let path = home.path().join("catalogue.toml");
        let catalogue = std::fs::read_to_string(&path).must("read the catalogue");
        let more = "\n[[operation]]\nid = \"sms\"\nmethod = \"POST\"\npath = \"/sms\"\naudience = \"key\"\n\
                    scope = \"messages:send\"\nchannel = \"sms\"\n";
        home.file("catalogue.toml", &(catalogue + more));
    };
    for (caps, told) in [("email = 5", true), ("sms = 5", false)] {
        let deployment = Deployment::serve_with(&[("limits.daily_caps", caps)], channel).await;
        let logs = deployment.claviger.logs();
        assert_eq!(logs.contains("operations of channel sms, for which limits.daily_caps has no cap"), told, "{logs}");
        deployment.stop().await;
    }
}
