//! A real browser: what scripts of several origins can and cannot read through the gateway (R1-R3, D10, D11, D29).
//!
//! Every statement about an answer is about what the page's script saw of it. A refusal is opaque: the script learns that
//! the fetch failed, and nothing else.

use crate::deployment::{Admin, Deployment, NewKey};
use serde_json::json;
use testkit::{
    Browser,
    browser::{Job, SANDBOXED, Seen},
    client::Call,
    eventually,
};

const APP: &str = "app.example.test";
const EVIL: &str = "evil.example.test";
const APEX: &str = "example.test";
const DEEP: &str = "deep.app.example.test";

/// A deployment, a browser with pages on some hosts, and a client of the control API.
struct Scene {
    browser: Browser,
    deployment: Deployment,
    admin: Admin,
}

impl Scene {
    async fn open(hosts: &[&str]) -> Option<Self> {
        let browser = Browser::start(hosts).await?;
        let deployment = Deployment::start().await;
        let admin = deployment.admin().await;
        Some(Self { browser, deployment, admin })
    }

    /// A URL of the gateway under a name, as pages know it.
    fn url(&self, path: &str) -> String {
        format!("http://api.example.test:{}{path}", self.deployment.claviger.address().port())
    }

    /// A key for pages with these origins.
    async fn key(&mut self, preset: &str, origins: &[&str]) -> NewKey {
        self.admin.create_key(json!({"preset": preset, "origins": origins})).await
    }

    /// What the page on `host` sees of `GET /things/7`.
    async fn read(&self, host: &str, key: &str) -> Seen {
        self.browser.fetch(host, Job::new("GET", &self.url("/things/7"), key)).await
    }

    /// The page on `host` learns nothing, and nothing reaches the upstream.
    async fn assert_refused(&self, host: &str, job: Job) {
        let before = self.deployment.upstream.requests();
        let seen = self.browser.fetch(host, job).await;
        assert!(seen.is_opaque(), "the page on {host} saw {seen:?}");
        assert_eq!(self.deployment.upstream.requests(), before, "the refused request reached the upstream");
    }

    async fn assert_cannot_read(&self, host: &str, key: &str) {
        self.assert_refused(host, Job::new("GET", &self.url("/things/7"), key)).await;
    }

    /// Waits for the log of a `GET` (and not of its preflight) that was refused for this reason.
    async fn until_logged(&self, reason: &str) {
        let (method, reason) = ("\"method\":\"GET\"", format!("\"reason\":\"{reason}\""));
        eventually(&format!("{reason} in the log"), async || {
            let logs = self.deployment.claviger.logs();
            logs.lines().any(|line| line.contains(method) && line.contains(&reason)).then_some(())
        })
        .await;
    }

    /// Ends both and judges the deployment's run.
    async fn stop(self) {
        self.browser.stop().await;
        self.deployment.stop().await;
    }

    /// What the gateway answers to the real request when no browser hides it.
    async fn code(&self, origin: &str, key: &str) -> (u16, String) {
        let reply = Call::get(&self.deployment.url("/things/7")).key(key).header("origin", origin).send().await;
        (reply.status, reply.code())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_r9_r25_r41_d10_a_page_reads_with_a_key_that_names_its_origin_and_no_other_page_does() {
    let Some(mut scene) = Scene::open(&[APP, EVIL]).await else { return };
    let app = scene.browser.origin(APP);
    let (key, silent) = (scene.key("read_only", &[&app]).await, scene.key("read_only", &[]).await);
    for secret in [&key.test, &key.live] {
        let seen = scene.read(APP, secret).await;
        assert_eq!((seen.status(), &seen.json()["target"]), (Some(200), &json!("/things/7")), "{seen:?}");
        assert!(!seen.header("x-request-id").is_empty(), "{seen:?}");
    }
    scene.assert_cannot_read(EVIL, &key.test).await;
    scene.assert_cannot_read(SANDBOXED, &key.test).await;
    // The preflight passes because of the other key, so that the request itself has to be refused.
    scene.assert_cannot_read(APP, &silent.test).await;
    assert_eq!(scene.code(&app, &silent.test).await, (403, "origin_not_allowed".into()));
    // Any page of the web may read with this one, but `null` is no page of the web.
    let open = scene.key("read_only", &["*"]).await;
    assert_eq!(scene.read(EVIL, &open.test).await.status(), Some(200));
    scene.assert_cannot_read(SANDBOXED, &open.test).await;
    scene.assert_cannot_read(EVIL, &key.test).await;
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_d10_a_preflighted_put_with_a_header_of_its_own_works_for_an_allowed_page() {
    let Some(mut scene) = Scene::open(&[APP, EVIL]).await else { return };
    let app = scene.browser.origin(APP);
    let key = scene.key("full_access", &[&app]).await;
    let put = || {
        let job = Job::new("PUT", &scene.url("/things/7"), &key.test).header("content-type", "application/json");
        job.header("x-trace", "blue").body("{\"size\":3}")
    };
    let seen = scene.browser.fetch(APP, put()).await;
    assert_eq!((seen.status(), &seen.json()["method"]), (Some(200), &json!("PUT")), "{seen:?}");
    assert_eq!(seen.json()["body_bytes"], 10);
    let heads = scene.deployment.upstream.heads();
    // One request: the preflight stayed at the gateway.
    assert_eq!(heads.iter().map(|head| head.method.as_str()).collect::<Vec<_>>(), ["PUT"]);
    assert_eq!(heads[0].headers["x-trace"], "blue");
    scene.assert_refused(EVIL, put()).await;
    // Names that would not reach the upstream are not granted (D27), so the browser does not even send the request.
    scene.assert_refused(APP, put().header("x-http-method-override", "DELETE")).await;
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d10_d29_errors_can_be_read_by_an_allowed_page_and_by_no_other() {
    let Some(mut scene) = Scene::open(&[APP, EVIL]).await else { return };
    let app = scene.browser.origin(APP);
    let reader = scene.key("read_only", &[&app]).await;
    let put = |key: &str| Job::new("PUT", &scene.url("/things/7"), key).body("{}");
    // No key of the deployment lets a page of this origin write: the preflight says no.
    scene.assert_refused(APP, put(&reader.test)).await;
    let writer = scene.key("full_access", &[&app]).await;
    let (rest, last) = writer.test.split_at(writer.test.len() - 1);
    let unknown = format!("{rest}{}", if last == "x" { "y" } else { "x" });
    let put = |key: &str| Job::new("PUT", &scene.url("/things/7"), key).body("{}");
    for (key, status, code) in
        [(reader.test.as_str(), 403, "insufficient_scope"), (unknown.as_str(), 401, "invalid_api_key")]
    {
        let seen = scene.browser.fetch(APP, put(key)).await;
        assert_eq!((seen.status(), seen.code().as_str()), (Some(status), code), "{seen:?}");
        assert_eq!(seen.json()["request_id"], seen.header("x-request-id"), "{seen:?}");
        assert_eq!(seen.header("www-authenticate").is_empty(), status != 401, "{seen:?}");
        scene.assert_refused(EVIL, put(key)).await;
    }
    assert_eq!(scene.deployment.upstream.requests(), 0);
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d10_a_wildcard_is_every_host_below_and_not_the_apex() {
    let Some(mut scene) = Scene::open(&[APP, DEEP, APEX]).await else { return };
    let below = scene.browser.origin("*.example.test");
    let key = scene.key("read_only", &[&below]).await;
    for host in [APP, DEEP] {
        let seen = scene.read(host, &key.test).await;
        assert_eq!(seen.status(), Some(200), "{host}: {seen:?}");
    }
    scene.assert_cannot_read(APEX, &key.test).await;
    // The port is part of an origin.
    let port = scene.key("read_only", &["http://example.test"]).await;
    scene.assert_cannot_read(APEX, &port.test).await;
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d11_r16_a_primary_key_is_refused_on_a_page() {
    let Some(mut scene) = Scene::open(&[APP]).await else { return };
    let app = scene.browser.origin(APP);
    let (test, live) = (scene.deployment.test.clone(), scene.deployment.live.clone());
    scene.assert_cannot_read(APP, &test).await;
    // With a restricted key for the same page the preflight passes, and the primary key is refused all the same.
    let key = scene.key("full_access", &[&app]).await;
    assert_eq!(scene.read(APP, &key.test).await.status(), Some(200));
    for primary in [&test, &live] {
        scene.assert_cannot_read(APP, primary).await;
        assert_eq!(scene.code(&app, primary).await, (403, "primary_key_in_browser".into()));
    }
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d11_a_primary_key_works_on_the_apis_own_page_alone() {
    let Some(browser) = Browser::start(&[APP, EVIL]).await else { return };
    let deployment = Deployment::serve(&[("gateway.origins", &browser.origin(APP))]).await;
    let admin = deployment.admin().await;
    let scene = Scene { browser, deployment, admin };
    let seen = scene.read(APP, &scene.deployment.test).await;
    assert_eq!((seen.status(), &seen.json()["target"]), (Some(200), &json!("/things/7")), "{seen:?}");
    scene.assert_cannot_read(EVIL, &scene.deployment.test).await;
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d10_d14_an_open_page_is_refused_by_its_next_fetch_once_its_origin_or_its_key_is_gone() {
    let Some(mut scene) = Scene::open(&[APP, EVIL]).await else { return };
    let (app, evil) = (scene.browser.origin(APP), scene.browser.origin(EVIL));
    let key = scene.key("read_only", &[&app, &evil]).await;
    // Both pages have read, so the browser remembers a preflight that said yes: the next request is refused itself.
    for host in [APP, EVIL] {
        assert_eq!(scene.read(host, &key.test).await.status(), Some(200));
    }
    let cli = scene.deployment.claviger.cli();
    let done = cli.run(&["keys", "update", &key.id, "--origin", &app]).await;
    assert_eq!(done.code, 0, "{}", done.errors);
    scene.assert_cannot_read(EVIL, &key.test).await;
    scene.until_logged("origin_not_allowed").await;
    assert_eq!(scene.read(APP, &key.test).await.status(), Some(200), "the other origin is still there");

    scene.admin.change_key(&key.id, "revoke").await;
    scene.assert_cannot_read(APP, &key.test).await;
    scene.until_logged("key_revoked").await;
    // While another key still allows the page, it may read why.
    let other = scene.key("read_only", &[&app]).await;
    let seen = scene.read(APP, &key.test).await;
    assert_eq!((seen.status(), seen.code().as_str()), (Some(401), "invalid_api_key"), "{seen:?}");
    assert_eq!(scene.read(APP, &other.test).await.status(), Some(200));
    scene.stop().await;
}
