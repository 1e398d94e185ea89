//! Members through the built binary: invited on the command line, signed in by cookie, gone with their keys (R18, R59).

use crate::deployment::{Deployment, NewKey};
use serde_json::{Value, json};
use testkit::{Must, Reply, client::Call};

const COOKIE: &str = "__Host-claviger-session";

/// A browser at the dashboard.
struct Browser {
    origin: String,
    cookie: String,
}

impl Browser {
    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        let call = Call::new(method, &format!("{}{path}", self.origin));
        let call = call.header("origin", &self.origin).header("cookie", &self.cookie);
        match body {
            Some(body) => call.json(&body).send().await,
            None => call.send().await,
        }
    }
}

/// The cookie that an answer sets, as a browser sends it back; the run's secrets learn its token.
fn cookie(deployment: &Deployment, reply: &Reply) -> String {
    let set = reply.header("set-cookie");
    assert!(set.starts_with(COOKIE) && set.contains("HttpOnly; SameSite=Strict; Secure; Path=/"), "{set}");
    let pair = set.split(';').next().must("find the pair").to_owned();
    let token = pair.split_once('=').must("find the token").1;
    deployment.claviger.secrets().plant(token);
    pair
}

/// Somebody whom the operator invites, signed in.
async fn invited(deployment: &Deployment, email: &str, role: &str) -> Browser {
    let account = deployment.claviger.text("/account_id");
    let cli = deployment.claviger.cli();
    let made = cli.json(&["members", "invite", email, "--role", role, "--account", &account]).await;
    let link = made["link"].as_str().must("find the link").to_owned();
    let (page, token) = link.split_once('#').must("find the token");
    let origin = deployment.claviger.control();
    assert_eq!(page, format!("{origin}/invitation"));
    let secrets = deployment.claviger.secrets();
    secrets.plant(token);
    let password = format!("correct horse battery {email}");
    secrets.plant(&password);
    let accept = json!({ "token": token, "name": "Anna", "password": password });
    let url = format!("{origin}/v1/invitations/accept");
    let reply = Call::post(&url).header("origin", &origin).json(&accept).send().await;
    assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
    let cookie = cookie(deployment, &reply);
    Browser { origin, cookie }
}

#[tokio::test]
async fn r59_a_member_makes_a_key_and_is_removed_with_it_and_the_gateway_knows_at_once() {
    let deployment = Deployment::start().await;
    let account = deployment.claviger.text("/account_id");
    let developer = invited(&deployment, "dev@example.com", "developer").await;
    let made = developer.send("POST", &format!("/v1/accounts/{account}/keys"), Some(json!({}))).await;
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    deployment.claviger.secrets().learn(&made.json());
    let key = NewKey::of(&made.json());
    assert_eq!(deployment.get("/things", &key.live).await.status, 200);
    let forged = Call::post(&format!("{}/v1/accounts/{account}/keys", developer.origin))
        .header("origin", "https://evil.test")
        .header("cookie", &developer.cookie)
        .json(&json!({}));
    assert_eq!(forged.send().await.code(), "csrf_refused");

    let cli = deployment.claviger.cli();
    let members = cli.json(&["members", "list", "--account", &account]).await;
    let member = members["data"][0]["id"].as_str().must("find the member").to_owned();
    assert_eq!((&members["data"][0]["role"], &members["data"][0]["keys"]), (&json!("developer"), &json!(1)));
    let remove = ["members", "remove", &member, "--account", &account, "--keys", "revoke"];
    let removed = cli.json(&remove).await;
    assert_eq!(removed["keys"], json!([key.id]));
    assert_eq!(deployment.get("/things", &key.live).await.status, 401);
    let after = developer.send("GET", &format!("/v1/accounts/{account}"), None).await;
    assert_eq!(after.status, 404);
    let verified = cli.json(&["audit", "verify"]).await;
    assert_eq!(verified["intact"], true);
    deployment.stop().await;
}

#[tokio::test]
async fn an_operator_ends_the_sessions_of_a_person() {
    let deployment = Deployment::start().await;
    let owner = invited(&deployment, "owner@example.com", "owner").await;
    assert_eq!(owner.send("GET", "/v1/session", None).await.status, 200);
    let cli = deployment.claviger.cli();
    let people = cli.json(&["sessions", "people"]).await;
    let person = people["data"][0]["id"].as_str().must("find the person").to_owned();
    let listed = cli.json(&["sessions", "list", &person]).await;
    assert_eq!(listed["data"][0]["address"], "127.0.0.1");
    cli.json(&["sessions", "end", &person]).await;
    let ended = owner.send("GET", "/v1/session", None).await;
    assert_eq!((ended.status, ended.code()), (401, "not_signed_in".to_owned()));
    deployment.stop().await;
}
