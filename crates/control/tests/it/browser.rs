//! Browsers: who is signed in, as a browser would be, with cookies and an origin.
//!
//! Owns:  the harness for people.
//! Never: reads the store: what a browser knows, it was told.
//! Read:  `Browser`.

use crate::world::{ORIGIN, Reply, World, id_of};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

/// The password of everybody in these tests.
pub(crate) const PASSWORD: &str = "correct horse battery";
/// The name of the session's cookie.
pub(crate) const COOKIE: &str = "__Host-claviger-session";

/// A browser at the dashboard.
#[derive(Clone, Default)]
pub(crate) struct Browser {
    /// The session's token, once there is one.
    pub(crate) token: Option<String>,
}

impl Browser {
    /// Sends as the dashboard does, and keeps the cookie that comes back.
    pub(crate) async fn send(&mut self, world: &World, method: &str, path: &str, body: Option<Value>) -> Reply {
        let reply = self.send_from(world, Some(ORIGIN), (method, path), body).await;
        self.keep(&reply);
        reply
    }

    /// Sends as a page of `origin` does.
    pub(crate) async fn send_from(
        &self,
        world: &World,
        origin: Option<&str>,
        (method, path): (&str, &str),
        body: Option<Value>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("user-agent", "Firefox/140");
        if let Some(token) = &self.token {
            request = request.header("cookie", format!("{COOKIE}={token}"));
        }
        if let Some(origin) = origin.filter(|_| method != "GET") {
            request = request.header("origin", origin);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |json| Body::from(json.to_string()));
        world.raw(request.body(body).unwrap()).await
    }

    fn keep(&mut self, reply: &Reply) {
        for field in reply.headers.get_all("set-cookie") {
            let Some(rest) = field.to_str().unwrap().strip_prefix(&format!("{COOKIE}=")) else { continue };
            let value = rest.split(';').next().unwrap();
            self.token = (!value.is_empty()).then(|| value.to_owned());
        }
    }

    pub(crate) async fn get(&mut self, world: &World, path: &str) -> Reply {
        self.send(world, "GET", path, None).await
    }

    pub(crate) async fn post(&mut self, world: &World, path: &str, body: Value) -> Reply {
        self.send(world, "POST", path, Some(body)).await
    }

    /// Registers an account with its owner: the browser, the account's path, the answer.
    pub(crate) async fn registered(world: &World, email: &str) -> (Self, String, Value) {
        let mut browser = Self::default();
        let wish = json!({ "account_name": "Rossi", "name": "Anna", "email": email, "password": PASSWORD });
        let made = browser.post(world, "/v1/registrations", wish).await.expect(201).json;
        (browser, format!("/v1/accounts/{}", made["account"]["id"].as_str().unwrap()), made)
    }

    /// Somebody new whom the operator invited into the account at `account`.
    pub(crate) async fn joined(world: &World, account: &str, email: &str, role: &str) -> Self {
        let (_, token) = invite(world, account, email, role).await;
        let mut browser = Self::default();
        let wish = json!({ "token": token, "name": role, "password": PASSWORD });
        browser.post(world, "/v1/invitations/accept", wish).await.expect(201);
        browser
    }

    /// Signs in with the password of everybody.
    pub(crate) async fn signed_in(world: &World, email: &str) -> Self {
        let mut browser = Self::default();
        let wish = json!({ "email": email, "password": PASSWORD });
        browser.post(world, "/v1/session", wish).await.expect(201);
        browser
    }

    /// The member that this is in the account at `account`.
    pub(crate) async fn member(&mut self, world: &World, account: &str) -> String {
        let view = self.get(world, "/v1/session").await.expect(200).json;
        let memberships = view["memberships"].as_array().unwrap();
        let here = memberships.iter().find(|m| m["account"]["id"] == id_of(account)).unwrap();
        here["member_id"].as_str().unwrap().to_owned()
    }

    /// The status of a look at who is signed in.
    pub(crate) async fn looks(&mut self, world: &World) -> u16 {
        self.get(world, "/v1/session").await.status.as_u16()
    }
}

/// The operator invites somebody: the invitation's id and the token of its link.
pub(crate) async fn invite(world: &World, account: &str, email: &str, role: &str) -> (String, String) {
    let path = format!("{account}/invitations");
    let made = world.post(&path, json!({ "email": email, "role": role })).await.expect(201).json;
    let link = made["link"].as_str().unwrap();
    let (page, token) = link.split_once('#').unwrap();
    assert_eq!(page, format!("{ORIGIN}/invitation"));
    (made["invitation"]["id"].as_str().unwrap().to_owned(), token.to_owned())
}
