//! Signing in with a provider: code, PKCE, state and nonce, and who a provider's subject is here (OpenID Connect Core 3.1).
//!
//! Owns:  a provider of its own that listens on loopback and is as strict or as false as a test says.
//! Never: Entra ID's directories: `proof` has those in tables; the real oidc-provider is in the end-to-end tests.
//! Read:  `Provider`, then any test.

use crate::{
    browser::{Browser, COOKIE, PASSWORD, invite},
    second_factor::enrolled,
    world::{ORIGIN, Reply, START, World},
};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use axum::body::Body;
use control::{Provider as Configured, Registration};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use model::{Secret, SecretHash};
use proof::{Algorithm, Directory, Issuer};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex},
};
use tokio::net::TcpListener;

/// Which providers are linked.
const LINKS: &str = "/v1/me/providers";
/// What links the provider of these tests.
const LINK: &str = "/v1/me/providers/acme";

/// What the provider says when a code is redeemed.
#[derive(Default)]
struct Says {
    /// Claims that replace the usual ones.
    claims: HashMap<String, Value>,
    /// The challenge and the nonce of each code that was given out and not redeemed yet.
    codes: HashMap<String, (String, String)>,
}

#[derive(Clone)]
struct Provider {
    url: String,
    says: Arc<Mutex<Says>>,
}

impl Provider {
    async fn start() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self { url: format!("http://{}", socket.local_addr().unwrap()), says: Arc::default() };
        let serving = provider.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                let provider = serving.clone();
                let service = service_fn(move |request| answer(provider.clone(), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        provider
    }

    fn configured(&self) -> Configured {
        Configured {
            id: "acme".to_owned(),
            name: "Acme".to_owned(),
            issuer: Issuer {
                url: self.url.clone(),
                client_ids: vec!["claviger".to_owned()],
                algorithms: vec![Algorithm::EdDsa],
                directory: Directory::Plain,
            },
            client_id: "claviger".to_owned(),
            client_secret: Secret::new("s:e c".to_owned()),
            tls: None,
            unsafe_plain_http: true,
        }
    }

    /// The person signs in there: the code that the browser comes back with.
    fn code(&self, location: &str) -> (String, String) {
        let asked = query(location);
        assert_eq!((&*asked["response_type"], &*asked["client_id"]), ("code", "claviger"));
        assert_eq!((&*asked["code_challenge_method"], &*asked["scope"]), ("S256", "openid email profile"));
        assert_eq!(asked["redirect_uri"], format!("{ORIGIN}/v1/sign-in/oidc/acme/callback"));
        let mut says = self.says.lock().unwrap();
        let code = format!("code-{}", says.codes.len() + 1);
        says.codes.insert(code.clone(), (asked["code_challenge"].clone(), asked["nonce"].clone()));
        (code, asked["state"].clone())
    }

    fn claim(&self, name: &str, value: Value) {
        self.says.lock().unwrap().claims.insert(name.to_owned(), value);
    }

    /// What a token endpoint does (RFC 6749 section 4.1.3, RFC 7636 section 4.6).
    fn redeem(&self, form: &HashMap<String, String>) -> (u16, Value) {
        let mut says = self.says.lock().unwrap();
        let Some((challenge, nonce)) = says.codes.remove(&form["code"]) else {
            return (400, json!({ "error": "invalid_grant" }));
        };
        let verified = BASE64URL_NOPAD.encode(SecretHash::of(form["code_verifier"].as_bytes()).as_bytes());
        if verified != challenge {
            return (400, json!({ "error": "invalid_grant" }));
        }
        let mut claims = json!({
            "iss": self.url, "aud": "claviger", "sub": "s-1", "email": "anna@example.com", "email_verified": true,
            "nonce": nonce, "iat": START.as_secs(), "exp": START.as_secs() + 3_600,
        });
        for (name, value) in &says.claims {
            claims[name] = value.clone();
        }
        (200, json!({ "id_token": sign(&claims), "token_type": "Bearer", "access_token": "x" }))
    }
}

fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap()
}

fn sign(claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let message = format!("{}.{}", part(&json!({ "alg": "EdDSA", "kid": "k" })), part(claims));
    format!("{message}.{}", BASE64URL_NOPAD.encode(key().sign(message.as_bytes()).as_ref()))
}

async fn answer(
    provider: Provider,
    request: Request<Incoming>,
) -> Result<http::Response<Full<bytes::Bytes>>, Infallible> {
    let url = &provider.url;
    let (status, body) = match request.uri().path() {
        "/.well-known/openid-configuration" => (
            200,
            json!({
                "issuer": url, "authorization_endpoint": format!("{url}/authorize"),
                "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/jwks"),
            }),
        ),
        "/jwks" => {
            let x = BASE64URL_NOPAD.encode(key().public_key().as_ref());
            (
                200,
                json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "k", "alg": "EdDSA", "use": "sig" }] }),
            )
        }
        "/token" => {
            let basic = format!("Basic {}", BASE64.encode(b"claviger:s%3Ae+c"));
            assert_eq!(request.headers()["authorization"], basic);
            let body = request.into_body().collect().await.unwrap().to_bytes();
            provider.redeem(&query(&format!("http://x/?{}", String::from_utf8_lossy(&body))))
        }
        _ => (404, json!({})),
    };
    let body = Full::new(bytes::Bytes::from(body.to_string()));
    Ok(http::Response::builder().status(status).body(body).unwrap())
}

fn query(url: &str) -> HashMap<String, String> {
    url::Url::parse(url).unwrap().query_pairs().into_owned().collect()
}

async fn world(provider: &Provider, registration: Registration) -> World {
    let providers = vec![provider.configured()];
    World::with(|parts| {
        parts.people.registration = registration;
        parts.people.providers = providers;
    })
    .await
}

/// What a browser has while it is away, and where it was sent.
struct Journey {
    cookie: String,
    location: String,
}

async fn start(world: &World, browser: &Browser) -> Journey {
    let mut request = Request::get("/v1/sign-in/oidc/acme");
    if let Some(token) = &browser.token {
        request = request.header("cookie", format!("{COOKIE}={token}"));
    }
    let reply = world.raw(request.body(Body::empty()).unwrap()).await.expect(302);
    let location = reply.headers["location"].to_str().unwrap().to_owned();
    Journey { cookie: journey_cookie(&reply), location }
}

/// Off to the provider, to have its account linked.
async fn start_linking(world: &World, browser: &mut Browser, proof: Value) -> Journey {
    let reply = browser.post(world, LINK, proof).await.expect(200);
    Journey { cookie: journey_cookie(&reply), location: reply.json["location"].as_str().unwrap().to_owned() }
}

fn journey_cookie(reply: &Reply) -> String {
    let cookie = reply.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=600"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

/// Comes back with these parameters: where the browser goes on to, and the browser.
async fn back(world: &World, cookie: &str, query: &str) -> (String, Browser) {
    let path = format!("/v1/sign-in/oidc/acme/callback?{query}");
    let request = Request::get(path).header("cookie", cookie).body(Body::empty()).unwrap();
    let reply: Reply = world.raw(request).await.expect(302);
    let cookies: Vec<_> = reply.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).collect();
    assert!(cookies[0].starts_with("__Host-claviger-journey=;"), "a journey is made once: {cookies:?}");
    let token = cookies.get(1).map(|c| c.split(['=', ';']).nth(1).unwrap().to_owned());
    (reply.headers["location"].to_str().unwrap().to_owned(), Browser { token })
}

/// The person signs in at the provider and comes back.
async fn come_back(world: &World, provider: &Provider, journey: &Journey) -> (String, Browser) {
    let (code, state) = provider.code(&journey.location);
    back(world, &journey.cookie, &format!("code={code}&state={state}&session_state=x")).await
}

/// The whole way.
async fn sign_in(world: &World, provider: &Provider, browser: &Browser) -> (String, Browser) {
    come_back(world, provider, &start(world, browser).await).await
}

/// The whole way, of who has a password and wants the provider's account linked.
async fn link(world: &World, provider: &Provider, browser: &mut Browser) -> (String, Browser) {
    let journey = start_linking(world, browser, json!({ "password": PASSWORD })).await;
    come_back(world, provider, &journey).await
}

#[tokio::test]
async fn d20_whom_the_provider_vouches_for_is_signed_in_and_is_the_same_person_again() {
    let provider = Provider::start().await;
    let world = world(&provider, Registration::Open).await;
    let options = world.get("/v1/sign-in-options").await.json;
    assert_eq!(options["providers"], json!([{ "id": "acme", "name": "Acme" }]));
    let (to, mut anna) = sign_in(&world, &provider, &Browser::default()).await;
    assert_eq!(to, "/");
    let view = anna.get(&world, "/v1/session").await.expect(200).json;
    assert_eq!(
        (&view["person"]["email"], &view["person"]["has_password"]),
        (&json!("anna@example.com"), &json!(false))
    );
    // The address changes hands at the provider; the subject does not.
    provider.claim("email", json!("new@example.com"));
    let (_, mut again) = sign_in(&world, &provider, &Browser::default()).await;
    assert_eq!(again.get(&world, "/v1/session").await.json["person"]["id"], view["person"]["id"]);
    assert_eq!(world.get("/v1/persons").await.json["data"].as_array().unwrap().len(), 1);
    world.raw(Request::get("/v1/sign-in/oidc/nobody").body(Body::empty()).unwrap()).await.expect(404);
}

#[tokio::test]
async fn what_does_not_belong_to_this_journey_signs_nobody_in() {
    let provider = Provider::start().await;
    let world = world(&provider, Registration::Open).await;
    let one = start(&world, &Browser::default()).await;
    let other = start(&world, &Browser::default()).await;
    let failed = "/sign-in?error=sign_in_failed";
    let fails = async |cookie: &str, query: String| {
        let (to, mut browser) = back(&world, cookie, &query).await;
        assert_eq!((&*to, browser.looks(&world).await), (failed, 401), "{query}");
    };
    let (code, state) = provider.code(&one.location);
    let (other_code, other_state) = provider.code(&other.location);
    fails(&one.cookie, format!("code={code}&state={other_state}")).await;
    fails(&one.cookie, format!("code={code}")).await;
    fails("", format!("code={code}&state={state}")).await;
    fails("__Host-claviger-journey=AAAA", format!("code={code}&state={state}")).await;
    fails(&one.cookie, format!("error=access_denied&state={state}")).await;
    // PKCE: a code that was stolen from another journey.
    fails(&one.cookie, format!("code={other_code}&state={state}")).await;
    fails(&one.cookie, format!("code=unknown&state={state}")).await;
    let (to, _) = back(&world, &one.cookie, &format!("code={code}&state={state}")).await;
    assert_eq!(to, "/", "the right one");
    fails(&one.cookie, format!("code={code}&state={state}")).await;
    let late = start(&world, &Browser::default()).await;
    let (code, state) = provider.code(&late.location);
    world.pass(600);
    fails(&late.cookie, format!("code={code}&state={state}")).await;
}

#[tokio::test]
async fn d20_a_token_for_another_sign_in_client_issuer_or_time_is_refused() {
    let wrong = [
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("aud", json!("another")),
        ("iss", json!("https://another.example.com")),
        ("exp", json!(START.as_secs() - 61)),
        ("sub", Value::Null),
    ];
    for (name, value) in wrong {
        let provider = Provider::start().await;
        let world = world(&provider, Registration::Open).await;
        provider.claim(name, value.clone());
        let (to, mut browser) = sign_in(&world, &provider, &Browser::default()).await;
        let answer = (to.as_str(), browser.looks(&world).await);
        assert_eq!(answer, ("/sign-in?error=sign_in_failed", 401), "{name} = {value}");
    }
}

#[tokio::test]
async fn an_address_that_was_only_ever_typed_is_not_linked_and_who_is_signed_in_links_it() {
    let provider = Provider::start().await;
    let world = world(&provider, Registration::Open).await;
    // Somebody wrote Anna's address down before she came.
    let (mut mallory, _, _) = Browser::registered(&world, "anna@example.com").await;
    let (to, mut anna) = sign_in(&world, &provider, &Browser::default()).await;
    assert_eq!((&*to, anna.looks(&world).await), ("/sign-in?error=email_taken", 401));
    // Whoever is signed in may link what is theirs at the provider.
    let (to, unchanged) = link(&world, &provider, &mut mallory).await;
    assert_eq!((&*to, unchanged.token), ("/settings", None), "back to where they came from");
    let (_, mut linked) = sign_in(&world, &provider, &Browser::default()).await;
    assert_eq!(linked.get(&world, "/v1/session").await.json["person"]["has_password"], true);
    let (mut other, _, _) = Browser::registered(&world, "other@example.com").await;
    assert_eq!(link(&world, &provider, &mut other).await.0, "/settings?error=conflict", "it is somebody's");
    // A session that ended meanwhile links nothing.
    let mut ended = Browser::signed_in(&world, "other@example.com").await;
    let journey = start_linking(&world, &mut ended, json!({ "password": PASSWORD })).await;
    ended.send(&world, "DELETE", "/v1/session", None).await.expect(204);
    assert_eq!(come_back(&world, &provider, &journey).await.0, "/settings?error=not_signed_in");
}

/// Whoever has a stolen session gets no way back by it, nor does a page that leads a browser to the sign-in.
#[tokio::test]
async fn signing_in_at_a_provider_links_nothing_to_whoever_is_signed_in() {
    let provider = Provider::start().await;
    let world = world(&provider, Registration::Open).await;
    let (mut owner, _, _) = Browser::registered(&world, "owner@example.com").await;
    let (to, mut came) = sign_in(&world, &provider, &owner).await;
    let view = came.get(&world, "/v1/session").await.expect(200).json;
    assert_eq!((&*to, &view["person"]["email"]), ("/", &json!("anna@example.com")), "somebody of their own");
    assert_eq!(owner.get(&world, LINKS).await.expect(200).json["data"], json!([]));
}

#[tokio::test]
async fn a_provider_is_linked_and_unlinked_only_with_the_password_and_guessing_it_is_braked() {
    let provider = Provider::start().await;
    let world = world(&provider, Registration::Open).await;
    let (mut owner, _, _) = Browser::registered(&world, "owner@example.com").await;
    let right = json!({ "password": PASSWORD });
    let wrong = json!({ "password": "wrong horse battery" });
    for (method, proof) in [("POST", json!({})), ("POST", wrong.clone())] {
        let refused = owner.send(&world, method, LINK, Some(proof)).await.expect(403);
        assert_eq!((refused.code(), refused.headers.get("set-cookie")), ("confirmation_failed", None));
    }
    owner.post(&world, "/v1/me/providers/nobody", right.clone()).await.expect(404);
    owner.send_from(&world, Some("https://evil.test"), ("POST", LINK), Some(right.clone())).await.expect(403);
    assert_eq!(link(&world, &provider, &mut owner).await.0, "/settings");
    let listed = owner.get(&world, LINKS).await.expect(200).json;
    let linked_at = listed["data"][0]["linked_at"].clone();
    assert!(linked_at.is_string());
    assert_eq!(listed["data"], json!([{ "provider_id": "acme", "name": "Acme", "linked_at": linked_at }]));
    // A new password leaves the link as it is.
    let change = json!({ "current_password": PASSWORD, "new_password": "another horse battery" });
    owner.send(&world, "PUT", "/v1/me/password", Some(change)).await.expect(200);
    let (_, mut there) = sign_in(&world, &provider, &Browser::default()).await;
    assert_eq!(there.get(&world, "/v1/session").await.json["person"]["email"], "owner@example.com");

    let before = owner.clone();
    for proof in [json!({}), right] {
        owner.send(&world, "DELETE", LINK, Some(proof)).await.expect(403);
    }
    let proof = json!({ "password": "another horse battery" });
    owner.send(&world, "DELETE", LINK, Some(proof.clone())).await.expect(200);
    let looks = (there.looks(&world).await, before.clone().looks(&world).await, owner.looks(&world).await);
    assert_eq!(looks, (401, 401, 200), "whoever came in by the link is out");
    assert_eq!(owner.get(&world, LINKS).await.expect(200).json["data"], json!([]));
    owner.send(&world, "DELETE", LINK, Some(proof)).await.expect(404);
    let (_, mut stranger) = sign_in(&world, &provider, &Browser::default()).await;
    assert_eq!(stranger.get(&world, "/v1/session").await.json["person"]["email"], "anna@example.com");

    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(owner.post(&world, LINK, wrong.clone()).await.status.as_u16());
    }
    assert_eq!((statuses[0], statuses[7]), (403, 429));
}

/// Where there is a second factor, the password alone links nothing, and each code confirms one change.
#[tokio::test]
async fn a_provider_is_linked_only_with_a_code_by_who_has_a_second_factor() {
    let provider = Provider::start().await;
    let world = world(&provider, Registration::Open).await;
    let (mut owner, _, _) = Browser::registered(&world, "owner@example.com").await;
    let (_, codes) = enrolled(&world, &mut owner).await;
    for proof in [
        json!({ "password": PASSWORD }),
        json!({ "code": codes[0] }),
        json!({ "password": PASSWORD, "code": "000000" }),
    ] {
        let refused = owner.post(&world, LINK, proof).await.expect(403);
        assert_eq!(refused.code(), "confirmation_failed");
    }
    let proof = |n: usize| json!({ "password": PASSWORD, "code": codes[n] });
    let journey = start_linking(&world, &mut owner, proof(0)).await;
    assert_eq!(come_back(&world, &provider, &journey).await.0, "/settings");
    owner.send(&world, "DELETE", LINK, Some(proof(0))).await.expect(403);
    owner.send(&world, "DELETE", LINK, Some(proof(1))).await.expect(200);
    let actions = world.get("/v1/audit?limit=200").await.expect(200).text;
    assert!(actions.contains("person.linked") && actions.contains("person.unlinked"));
}

#[tokio::test]
async fn who_has_no_password_keeps_the_last_provider() {
    let provider = Provider::start().await;
    let world = world(&provider, Registration::Open).await;
    let (_, mut anna) = sign_in(&world, &provider, &Browser::default()).await;
    let refused = anna.send(&world, "DELETE", LINK, Some(json!({}))).await.expect(409);
    assert_eq!(refused.code(), "conflict");
    assert_eq!(anna.get(&world, LINKS).await.expect(200).json["data"].as_array().unwrap().len(), 1);
    // Another account at the same provider is a link of its own, and goes with the provider.
    provider.claim("sub", json!("s-2"));
    let journey = start_linking(&world, &mut anna, json!({})).await;
    assert_eq!(come_back(&world, &provider, &journey).await.0, "/settings");
    assert_eq!(anna.get(&world, LINKS).await.expect(200).json["data"].as_array().unwrap().len(), 2);
    anna.send(&world, "DELETE", LINK, Some(json!({}))).await.expect(409);
}

#[tokio::test]
async fn where_nobody_registers_only_who_is_invited_comes_in_and_only_with_a_proven_address() {
    let provider = Provider::start().await;
    let world = world(&provider, Registration::Invitation).await;
    let closed = "/sign-in?error=registration_closed";
    assert_eq!(sign_in(&world, &provider, &Browser::default()).await.0, closed);
    let (account, _) = world.account("A").await;
    let (_, token) = invite(&world, &account, "anna@example.com", "admin").await;
    provider.claim("email_verified", json!(false));
    assert_eq!(sign_in(&world, &provider, &Browser::default()).await.0, closed);
    provider.claim("email_verified", json!(true));
    let (to, mut anna) = sign_in(&world, &provider, &Browser::default()).await;
    assert_eq!(to, "/");
    anna.get(&world, &account).await.expect(404);
    anna.post(&world, "/v1/invitations/accept", json!({ "token": token })).await.expect(201);
    anna.get(&world, &account).await.expect(200);
    let body = json!({ "email": "anna@example.com", "password": PASSWORD });
    Browser::default().post(&world, "/v1/session", body).await.expect(401);
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_is_told() {
    let provider = Provider { url: "http://127.0.0.1:1".to_owned(), says: Arc::default() };
    let world = world(&provider, Registration::Open).await;
    let reply = world.raw(Request::get("/v1/sign-in/oidc/acme").body(Body::empty()).unwrap()).await.expect(503);
    assert_eq!(reply.code(), "provider_unavailable");
}
