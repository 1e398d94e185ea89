//! `kill -9` at any moment loses no acknowledged change and leaves none half made.

use crate::deployment::{Admin, CLAVIGER, NewKey, launch_before};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use testkit::{Claviger, Launch, Must, Upstream, client::Call};

/// How often the process is killed.
const ROUNDS: usize = 8;
/// Changes that may be asked for in a round before it is killed, at most.
const CHANGES: usize = 60;

/// What was acknowledged of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    Active,
    Revoked,
    /// A change was asked for and not answered: either state is right, a third is not.
    Unsure,
}

#[tokio::test(flavor = "multi_thread")]
async fn heavy_d44_kill_9_keeps_every_acknowledged_change() {
    let upstream = Upstream::start().await;
    let mut claviger = launch_before(&upstream).start().await;
    let (home, secrets) = (claviger.home().clone(), claviger.secrets().clone());
    let mut acknowledged: BTreeMap<String, (NewKey, Known)> = BTreeMap::new();
    for round in 0..ROUNDS {
        let ready = claviger.ready().clone();
        let writer = tokio::spawn(change_until_it_dies(ready, std::mem::take(&mut acknowledged), secrets.clone()));
        // Not a pause to wait for something: the moment of the kill is meant to be anywhere in the stream of changes.
        tokio::time::sleep(std::time::Duration::from_millis(60 + 37 * (round as u64 % 5))).await;
        claviger.kill().await;
        acknowledged = writer.await.must("join the writer");
        let description = home.path().join("upstream.json");
        claviger = Launch::quickstart(CLAVIGER)
            .at(&home, &secrets)
            .args(["--openapi".into(), description.into_os_string()])
            .args(["--upstream", &upstream.url()])
            .start()
            .await;
        // The secret of the first start is not shown twice (R68).
        assert!(claviger.ready()["primary"].is_null(), "the primary key was shown again");
        verify(&mut claviger, &mut acknowledged).await;
    }
    assert!(acknowledged.len() > ROUNDS, "too few changes were acknowledged to prove anything: {}", acknowledged.len());
    claviger.stop().await;
}

/// Creates and revokes keys, one after the other, until the control API is gone.
async fn change_until_it_dies(
    ready: Value,
    mut known: BTreeMap<String, (NewKey, Known)>,
    secrets: testkit::Secrets,
) -> BTreeMap<String, (NewKey, Known)> {
    let text = |name: &str| ready[name].as_str().must("find it in the ready line").to_owned();
    let base = format!("{}/v1/accounts/{}/keys", text("control_url").trim_end_matches('/'), text("account_id"));
    let token = text("operator_token");
    for number in 0..CHANGES {
        let call = Call::post(&base).bearer(&token).json(&json!({"description": format!("change {number}")}));
        let Some(created) = try_send(call).await else { return known };
        secrets.learn(&created);
        let key = NewKey::of(&created);
        let id = key.id.clone();
        known.insert(id.clone(), (key.clone(), Known::Active));
        if number % 2 == 0 {
            known.insert(id.clone(), (key.clone(), Known::Unsure));
            let call = Call::post(&format!("{base}/{id}/revoke")).bearer(&token).json(&json!({}));
            if try_send(call).await.is_none() {
                return known;
            }
            known.insert(id, (key, Known::Revoked));
        }
    }
    known
}

/// The answer's body, or nothing when the process died meanwhile.
async fn try_send(call: Call) -> Option<Value> {
    let reply = call.attempt().await?;
    assert!(matches!(reply.status, 200 | 201), "{}: {}", reply.status, String::from_utf8_lossy(&reply.body));
    Some(reply.json())
}

/// Every acknowledged change is there, in the control API and at the gateway alike, and the audit chain holds.
async fn verify(claviger: &mut Claviger, known: &mut BTreeMap<String, (NewKey, Known)>) {
    let mut admin = Admin::of(claviger).await;
    for (id, (key, state)) in known.iter_mut() {
        let url = admin.url(&format!("/keys/{id}"));
        let reply = admin.ask(Call::get(&url)).await;
        assert_eq!(reply.status, 200, "the acknowledged key {id} is gone");
        let status = reply.json()["status"].as_str().must("find the status").to_owned();
        match state {
            Known::Active => assert_eq!(status, "active", "{id}"),
            Known::Revoked => assert_eq!(status, "revoked", "an acknowledged revocation of {id} was lost"),
            Known::Unsure => {
                assert!(status == "active" || status == "revoked", "{status}");
                *state = if status == "active" { Known::Active } else { Known::Revoked };
            }
        }
        let expected = if status == "active" { 200 } else { 401 };
        for secret in [&key.test, &key.live] {
            let reply = Call::get(&format!("{}/things", claviger.gateway())).key(secret).send().await;
            assert_eq!(reply.status, expected, "{id} is {status}");
        }
    }
    let audit = admin.ask(Call::get(&format!("{}/v1/audit/verify", claviger.control()))).await;
    assert_eq!(audit.status, 200, "{}", String::from_utf8_lossy(&audit.body));
    assert_eq!(audit.json()["intact"], true, "{}", audit.json());
}
