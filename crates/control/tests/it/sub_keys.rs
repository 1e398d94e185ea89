//! The facade for restricted keys: whom it believes, and what each operation does, held against real decisions (D8, D32).

use crate::world::{START, World, secret};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use axum::{body::Body, extract::Request};
use control::{Parts, SubKeys};
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderName, StatusCode};
use http_body_util::BodyExt as _;
use model::{Denial, HttpMethod};
use proof::ContextKey;
use serde_json::{Value, json};
use store::Options;

const READ: (HttpMethod, &str) = (HttpMethod::Get, "/v1/company");
const WRITE: (HttpMethod, &str) = (HttpMethod::Post, "/v1/company");
const HEADER: &str = "claviger-context";

/// A gateway's key, an account with its primary key, and the facade.
struct Facade {
    world: World,
    pair: Ed25519KeyPair,
    facade: SubKeys,
    /// The account's path in the control API.
    account: String,
    primary: String,
}

struct Reply {
    status: StatusCode,
    total: Option<String>,
    json: Value,
    text: String,
}

impl Reply {
    fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json
    }

    /// A refusal with this status and code, in every place where clients look for them.
    fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!((&self.json["code"], &self.json["error"]["code"]), (&json!(code), &json!(code)), "{}", self.text);
        assert_eq!((&self.json["status"], &self.json["detail"]), (&json!(status), &self.json["error"]["message"]));
        assert!(self.json["type"].as_str().unwrap().ends_with(&code.replace('_', "-")), "{}", self.text);
        assert!(self.json["title"].is_string());
        self.json
    }
}

impl Facade {
    async fn new() -> Self {
        Self::with(Options::default(), |_| {}).await
    }

    async fn with(options: Options, change: impl FnOnce(&mut Parts)) -> Self {
        let world = World::bounded(options, change).await;
        let pair = Ed25519KeyPair::generate().unwrap();
        let public = pair.public_key().as_ref().try_into().unwrap();
        let key = ContextKey::new(public, "claviger".to_owned());
        let facade = SubKeys::new(world.control.clone(), key, HeaderName::from_static(HEADER));
        let (account, made) = world.account("A").await;
        let primary = made["primary"]["key_id"].as_str().unwrap().to_owned();
        Self { world, pair, facade, account, primary }
    }

    fn claims(&self) -> Value {
        let now = self.world.now().as_secs();
        json!({
            "iss": "claviger", "aud": "subkeys", "iat": now, "exp": now + 60, "environment": "test",
            "account": self.account.rsplit('/').next().unwrap(), "key": self.primary, "kind": "primary",
            "preset": "full_access", "scopes": ["*:read"], "companies": "all",
        })
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        sign(&self.pair, header, claims)
    }

    fn context(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims();
        change(&mut claims);
        self.sign(&header(), &claims)
    }

    async fn raw(&self, request: Request) -> Reply {
        let response = self.facade.answer(request).await;
        let (parts, body) = response.into_parts();
        assert_eq!(parts.headers["cache-control"], "no-store");
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        let kind = if parts.status.is_success() { "application/json" } else { "application/problem+json" };
        assert_eq!(parts.headers["content-type"], kind);
        let total = parts.headers.get("invoicetronic-total-count").map(|n| n.to_str().unwrap().to_owned());
        Reply { status: parts.status, total, json: serde_json::from_str(&text).unwrap_or_default(), text }
    }

    async fn send_as(&self, context: &str, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let request = Request::builder().method(method).uri(path).header(HEADER, context);
        let request = request.header("content-type", "application/json");
        let body = body.map_or_else(Body::empty, |json| Body::from(json.to_string()));
        self.raw(request.body(body).unwrap()).await
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        self.send_as(&self.context(|_| {}), method, path, body.as_ref()).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None).await
    }

    async fn create(&self, body: Value) -> Value {
        self.send("POST", "/v1/subkey", Some(body)).await.expect(201)
    }

    /// The same key, with changes, as a client writes it back.
    async fn put(&self, key: &Value, changes: Value) -> Reply {
        let mut body = key.clone();
        for name in ["test_key", "live_key"] {
            body.as_object_mut().unwrap().remove(name);
        }
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.send("PUT", "/v1/subkey", Some(body)).await
    }

    async fn decide(&self, secret: &Value, what: (HttpMethod, &str)) -> Result<(), Denial> {
        self.world.decide(secret.as_str().unwrap(), what.0, what.1).await
    }

    async fn company(&self, names: &[&str]) -> String {
        let body = json!({ "name": "Bottega", "external_names": names });
        let made = self.world.post(&format!("{}/companies", self.account), body).await.expect(201).json;
        made["company"]["id"].as_str().unwrap().to_owned()
    }
}

fn header() -> Value {
    json!({ "alg": "EdDSA", "typ": "JWT", "kid": "one" })
}

fn sign(pair: &Ed25519KeyPair, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = BASE64URL_NOPAD.encode(pair.sign(message.as_bytes()).as_ref());
    format!("{message}.{signature}")
}

#[tokio::test]
async fn d8_d24_d32_only_the_gateways_word_for_a_primary_key_opens_it() {
    let f = Facade::new().await;
    let (_, other) = f.world.account("B").await;
    let (restricted, _) = f.world.key(&f.account, json!({ "preset": "full_access" })).await;
    let restricted = restricted.rsplit('/').next().unwrap().to_owned();
    let wish = json!({ "description": "never made" });
    let stranger = Ed25519KeyPair::generate().unwrap();
    let (now, good) = (f.world.now().as_secs(), f.claims());
    let forged = |change: &dyn Fn(&mut Value)| f.context(change);
    let signed = |header: Value| f.sign(&header, &good);
    let tampered = {
        let context = f.context(|_| {});
        let mut parts: Vec<&str> = context.split('.').collect();
        let mut claims = good.clone();
        claims["account"] = other["account"]["id"].clone();
        let changed = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
        parts[1] = &changed;
        parts.join(".")
    };
    let refused = [
        ("another gateway's key", sign(&stranger, &header(), &good)),
        ("changed after it was signed", tampered),
        ("no signature", f.context(|_| {}).rsplit_once('.').unwrap().0.to_owned() + "."),
        ("nothing", String::new()),
        ("for the upstream", forged(&|c| c["aud"] = json!("upstream"))),
        ("for several", forged(&|c| c["aud"] = json!(["subkeys"]))),
        ("another issuer", forged(&|c| c["iss"] = json!("claviger2"))),
        ("over", forged(&|c| (c["iat"], c["exp"]) = (json!(now - 60), json!(now)))),
        ("not yet", forged(&|c| (c["iat"], c["exp"]) = (json!(now + 6), json!(now + 60)))),
        ("for ever", forged(&|c| c["exp"] = json!(now + 61))),
        ("without an end", forged(&|c| drop(c.as_object_mut().unwrap().remove("exp")))),
        ("without a key", forged(&|c| drop(c.as_object_mut().unwrap().remove("key")))),
        ("of no kind", forged(&|c| c["kind"] = json!("root"))),
        ("the public's", forged(&|c| ["account", "key", "kind"].iter().for_each(|n| c[*n] = Value::Null))),
        ("none", signed(json!({ "alg": "none", "typ": "JWT", "kid": "one" }))),
        ("HS256", signed(json!({ "alg": "HS256", "typ": "JWT", "kid": "one" }))),
        ("brings a key", signed(json!({ "alg": "EdDSA", "kid": "one", "jwk": {} }))),
    ];
    for (what, context) in &refused {
        for (method, path, body) in [("POST", "/v1/subkey", Some(&wish)), ("GET", "/v1/subkey", None)] {
            let reply = f.send_as(context, method, path, body).await;
            assert_eq!(reply.status, 401, "{what}");
            reply.refused(401, "context_invalid");
        }
    }
    let bare = Request::builder().uri("/v1/subkey").body(Body::empty()).unwrap();
    f.raw(bare).await.refused(401, "context_invalid");
    let twice =
        Request::builder().uri("/v1/subkey").header(HEADER, f.context(|_| {})).header(HEADER, f.context(|_| {}));
    f.raw(twice.body(Body::empty()).unwrap()).await.refused(401, "context_invalid");

    // What a restricted key says is true and opens nothing; neither does a key that calls itself what it is not.
    for context in [
        forged(&|c| (c["kind"], c["key"]) = (json!("restricted"), json!(restricted))),
        forged(&|c| c["key"] = json!(restricted)),
        forged(&|c| c["key"] = other["primary"]["key_id"].clone()),
    ] {
        f.send_as(&context, "POST", "/v1/subkey", Some(&wish)).await.refused(403, "subkey_not_allowed");
        f.send_as(&context, "GET", "/v1/subkey", None).await.refused(403, "subkey_not_allowed");
    }
    f.world.post(&format!("{}/keys/{}/disable", f.account, f.primary), json!({})).await.expect(200);
    f.send("POST", "/v1/subkey", Some(wish)).await.refused(403, "subkey_not_allowed");
    f.world.post(&format!("{}/keys/{}/enable", f.account, f.primary), json!({})).await.expect(200);
    assert_eq!(f.get("/v1/subkey").await.total.as_deref(), Some("1"), "nothing was made");
}

#[tokio::test]
async fn d32_a_restricted_key_from_its_creation_to_its_end() {
    let f = Facade::new().await;
    let made = f.create(json!({ "description": "Till", "permissions": { "company": "Write" } })).await;
    let (id, key) = (made["id"].as_u64().unwrap(), format!("/v1/subkey/{}", made["id"]));
    assert!(made["test_key"].as_str().unwrap().starts_with("rk_test_"));
    assert!(made["live_key"].as_str().unwrap().starts_with("rk_live_"));
    assert_eq!((&made["version"], &made["active"]), (&json!(1), &json!(true)));
    assert_eq!((&made["company_ids"], &made["cors_origins"]), (&json!([]), &json!([])));
    assert_eq!((&made["permissions"], &made["description"]), (&json!({ "company": "Write" }), &json!("Till")));
    assert_eq!(f.decide(&made["test_key"], WRITE).await, Ok(()));
    let read = f.get(&key).await.expect(200);
    assert!(read.get("test_key").is_none() && read.get("live_key").is_none(), "{read}");

    let changed = f.put(&made, json!({ "permissions": { "company": "Read" }, "active": false })).await.expect(200);
    assert_eq!((&changed["version"], &changed["active"], &changed["id"]), (&json!(2), &json!(false), &json!(id)));
    assert_eq!(f.decide(&made["test_key"], READ).await, Err(Denial::KeyDisabled));
    f.put(&made, json!({})).await.refused(422, "stale_version");
    assert_eq!(f.get(&key).await.expect(200), changed);
    let again = f.put(&changed, json!({ "active": true })).await.expect(200);
    assert_eq!(f.decide(&made["test_key"], READ).await, Ok(()));
    assert_eq!(f.decide(&made["test_key"], WRITE).await, Err(Denial::ScopeInsufficient));
    let same = f.put(&again, json!({})).await.expect(200);
    assert_eq!(same, again, "what was read and is given back changes nothing");

    let rolled = f.send("POST", &format!("{key}/roll?expires_in_hours=2"), None).await.expect(200);
    assert!(rolled["previous_key_expires_at"].as_str().unwrap().starts_with("2026-11-23T14:00:"), "{rolled}");
    for secret in [&made["test_key"], &rolled["test_key"]] {
        assert_eq!(f.decide(secret, READ).await, Ok(()));
    }
    f.world.pass(2 * 3_600 + 1);
    assert_eq!(f.decide(&made["test_key"], READ).await, Err(Denial::SecretEnded));
    assert_eq!(f.get(&key).await.expect(200)["previous_key_expires_at"], Value::Null);
    let last = f.send("POST", &format!("{key}/roll"), None).await.expect(200);
    assert_eq!(f.decide(&rolled["live_key"], READ).await, Err(Denial::SecretEnded));
    assert_eq!(last["previous_key_expires_at"], Value::Null);
    for query in ["expires_in_hours=0", "expires_in_hours=169", "overlap=1"] {
        f.send("POST", &format!("{key}/roll?{query}"), None).await.refused(400, "invalid_query");
    }

    let gone = f.send("DELETE", &key, None).await.expect(200);
    assert_eq!((&gone["id"], &gone["active"]), (&json!(id), &json!(false)));
    assert_eq!(f.decide(&last["test_key"], READ).await, Err(Denial::CredentialUnknown));
    for (method, path) in [("GET", key.clone()), ("DELETE", key.clone()), ("POST", format!("{key}/roll"))] {
        f.send(method, &path, None).await.refused(404, "not_found");
    }
    f.put(&last, json!({})).await.refused(404, "not_found");
    assert_eq!(f.get("/v1/subkey").await.total.as_deref(), Some("0"));

    // The audit chain tells who it was, and what the request was called.
    let told = f.world.get(&format!("{}/audit?limit=10", f.account)).await.expect(200).json;
    let by_key: Vec<&Value> = told["data"].as_array().unwrap().iter().filter(|e| e["author"] == f.primary).collect();
    let actions: Vec<&str> = by_key.iter().rev().map(|e| e["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        ["key.created", "key.updated", "key.updated", "key.rotated", "key.rotated", "key.deleted"],
        "{told}"
    );
    assert!(by_key.iter().all(|entry| entry["request_id"].as_str().unwrap().starts_with("req_")));
}

#[tokio::test]
async fn d9_d32_d35_companies_go_by_the_upstreams_numbers_of_the_callers_environment() {
    let f = Facade::new().await;
    let both = f.company(&["test:id=42", "live:id=7", "test:vat=IT1"]).await;
    let (live_only, odd) = (f.company(&["live:id=8"]).await, f.company(&["test:id=x9"]).await);
    let live = f.context(|c| c["environment"] = json!("live"));
    let in_live = async |id: &Value| f.send_as(&live, "GET", &format!("/v1/subkey/{id}"), None).await.expect(200);
    let companies = async |id: &Value| {
        let all = f.world.get(&format!("{}/keys?kind=restricted", f.account)).await.expect(200).json;
        let number = f.get(&format!("/v1/subkey/{id}")).await.expect(200);
        let mut keys = all["data"].as_array().unwrap().iter();
        keys.find(|key| key["description"] == number["description"]).unwrap()["companies"].clone()
    };
    let made = f.create(json!({ "description": "one", "company_ids": [42, 42] })).await;
    assert_eq!((&made["company_ids"], &in_live(&made["id"]).await["company_ids"]), (&json!([42]), &json!([7])));
    assert_eq!(companies(&made["id"]).await, json!([both]));
    for ids in [json!([7]), json!([42, 1]), json!([0]), json!([-1]), json!([9])] {
        let wish = json!({ "description": "none", "company_ids": ids });
        f.send("POST", "/v1/subkey", Some(wish)).await.refused(400, "company_not_found");
        f.put(&made, json!({ "company_ids": ids })).await.refused(400, "company_not_found");
    }
    // A key that is restricted to what has no number here never looks as if it reached everything.
    let key = json!({ "description": "two", "companies": [live_only, odd] });
    f.world.key(&f.account, key).await;
    let two = f.get("/v1/subkey?q=two").await.expect(200)[0].clone();
    assert_eq!((&two["company_ids"], &in_live(&two["id"]).await["company_ids"]), (&json!([0]), &json!([0, 8])));
    let two = f.put(&two, json!({ "active": false })).await.expect(200);
    assert_eq!(companies(&two["id"]).await.as_array().unwrap().len(), 2, "giving 0 back keeps them");
    let two = f.put(&two, json!({ "company_ids": [0, 42] })).await.expect(200);
    assert_eq!((&two["company_ids"], companies(&two["id"]).await.as_array().unwrap().len()), (&json!([0, 42]), 3));
    let two = f.put(&two, json!({ "company_ids": [42] })).await.expect(200);
    assert_eq!(companies(&two["id"]).await, json!([both]));

    // D9: a set whose companies are all gone shows 0, stays empty when it is given back, and can be given others or all.
    f.world.send("DELETE", &format!("{}/companies/{both}", f.account), None).await.expect(200);
    let emptied = f.get(&format!("/v1/subkey/{}", made["id"])).await.expect(200);
    assert_eq!((&emptied["company_ids"], companies(&made["id"]).await), (&json!([0]), json!([])));
    let emptied = f.put(&emptied, json!({ "description": "one more" })).await.expect(200);
    assert_eq!((&emptied["company_ids"], companies(&made["id"]).await), (&json!([0]), json!([])));
    f.put(&emptied, json!({ "company_ids": [0, 42] })).await.refused(400, "company_not_found");
    let all = f.put(&emptied, json!({ "company_ids": [] })).await.expect(200);
    assert_eq!((&all["company_ids"], companies(&made["id"]).await), (&json!([]), json!("all")));
}

#[tokio::test]
async fn d10_d32_what_cannot_be_accepted_is_said_and_changes_nothing() {
    let f = Facade::new().await;
    let made = f.create(json!({ "description": "Page", "permissions": { "log": "Read" } })).await;
    let exceeds = json!({ "permissions": { "status": "Write" } });
    f.put(&made, exceeds.clone()).await.refused(400, "permission_exceeds_parent");
    let mut wish = exceeds;
    wish["description"] = json!("x");
    f.send("POST", "/v1/subkey", Some(wish)).await.refused(400, "permission_exceeds_parent");
    for (changes, pointer) in [
        (json!({ "description": "" }), "/description"),
        (json!({ "description": null }), "/description"),
        (json!({ "description": "x".repeat(201) }), "/description"),
        (json!({ "permissions": { "company": "Admin" } }), "/permissions/company"),
        (json!({ "permissions": { "billing": "Read" } }), "/permissions/billing"),
        (json!({ "cors_origins": ["example.com"] }), "/cors_origins/0"),
        (json!({ "cors_origins": ["*"], "permissions": { "company": "Write" } }), "/cors_origins"),
        (json!({ "company_ids": "all" }), "/company_ids"),
        (json!({ "company_ids": (1..=1_001).collect::<Vec<_>>() }), "/company_ids"),
        (json!({ "secret": "rk" }), "/secret"),
    ] {
        let told = f.put(&made, changes.clone()).await.refused(422, "validation_failed");
        assert!(told["errors"][0]["pointer"].as_str().unwrap().starts_with(pointer), "{changes}: {told}");
    }
    for (missing, pointer) in [("version", "/version"), ("id", "/id")] {
        let told = f.put(&made, json!({ missing: null })).await.refused(422, "validation_failed");
        assert_eq!(told["errors"][0]["pointer"], pointer);
    }
    f.put(&made, json!({ "id": 4_000_000 })).await.refused(404, "not_found");
    let context = f.context(|_| {});
    let text = Request::builder().method("POST").uri("/v1/subkey").header(HEADER, &context);
    f.raw(text.body(Body::from("{}")).unwrap()).await.refused(415, "unsupported_media_type");
    let request = || Request::builder().method("POST").uri("/v1/subkey").header("content-type", "application/json");
    let broken = request().header(HEADER, &context).body(Body::from("{")).unwrap();
    f.raw(broken).await.refused(400, "malformed_json");
    let long = format!("{{\"description\":\"{}\"}}", "x".repeat(64 * 1024));
    f.raw(request().header(HEADER, &context).body(Body::from(long)).unwrap()).await.refused(413, "body_too_large");
    f.send("PATCH", "/v1/subkey", None).await.refused(405, "method_not_allowed");
    f.send("DELETE", "/v1/subkey/1?really=1", None).await.refused(400, "invalid_query");
    assert_eq!(f.get(&format!("/v1/subkey/{}", made["id"])).await.expect(200)["version"], 1);

    // A key that only reads may be used by every page; then it cannot be given more and keep them.
    let open = f.put(&made, json!({ "cors_origins": ["*", "*.example.com"] })).await.expect(200);
    assert_eq!(open["cors_origins"], json!(["*.example.com", "*"]));
    f.put(&open, json!({ "permissions": { "send": "Write" } })).await.refused(422, "validation_failed");
    f.put(&open, json!({ "permissions": { "send": "Write" }, "cors_origins": [] })).await.expect(200);
}

#[tokio::test]
async fn d32_permissions_left_out_are_the_primary_keys_at_first_and_none_later() {
    let f = Facade::new().await;
    for permissions in [json!({}), Value::Null] {
        let made = f.create(json!({ "description": "all", "permissions": permissions })).await;
        assert_eq!((&made["permissions"]["send"], &made["permissions"]["status"]), (&json!("Write"), &json!("Read")));
        assert_eq!(f.decide(&made["live_key"], WRITE).await, Ok(()));
        let none = f.put(&made, json!({ "permissions": permissions })).await.expect(200);
        assert_eq!(none["permissions"], json!({}));
        assert_eq!(f.decide(&made["live_key"], READ).await, Err(Denial::ScopeInsufficient));
    }
    let off = f.create(json!({ "description": "off", "active": false })).await;
    assert_eq!(f.decide(&off["live_key"], READ).await, Err(Denial::KeyDisabled));
    // A preset of the dashboard shows what it amounts to, and is still that preset when it is given back.
    let (path, issued) = f.world.key(&f.account, json!({ "description": "sender", "preset": "send" })).await;
    let sender = f.get("/v1/subkey?q=sender").await.expect(200)[0].clone();
    assert_eq!((&sender["permissions"]["send"], &sender["permissions"]["company"]), (&json!("Write"), &json!("Read")));
    f.put(&sender, json!({ "description": "still a sender" })).await.expect(200);
    assert_eq!(f.world.get(&path).await.expect(200).json["preset"], "send");
    assert_eq!(f.decide(&json!(secret(&issued, "test")), READ).await, Ok(()));
}

#[tokio::test]
async fn d32_lists_have_pages_and_filters_and_show_no_other_account() {
    let f = Facade::new().await;
    f.company(&["test:id=42"]).await;
    for n in 1..=5 {
        let ids = if n == 5 { json!([42]) } else { json!([]) };
        f.create(json!({ "description": format!("Shop {n}"), "active": n % 2 == 1, "company_ids": ids })).await;
    }
    let (_, other) = f.world.account("B").await;
    let theirs = f.context(|c| {
        c["account"] = other["account"]["id"].clone();
        c["key"] = other["primary"]["key_id"].clone();
    });
    let wish = json!({ "description": "Shop of B" });
    let made = f.send_as(&theirs, "POST", "/v1/subkey", Some(&wish)).await.expect(201);
    let names = async |query: &str| {
        let reply = f.get(&format!("/v1/subkey{query}")).await;
        let total = reply.total.clone().unwrap();
        let list = reply.expect(200);
        let names =
            list.as_array().unwrap().iter().map(|key| key["description"].as_str().unwrap().replace("Shop ", ""));
        (names.collect::<String>(), total)
    };
    for (query, expected, total) in [
        ("", "12345", "5"),
        ("?page=2&page_size=2", "34", "5"),
        ("?page=9", "", "5"),
        ("?active=false", "24", "2"),
        ("?active=true&page_size=1", "1", "3"),
        ("?q=shop%203", "3", "1"),
        ("?company_id=42", "5", "1"),
        ("?company_id=43", "", "0"),
        ("?company_id=0", "", "0"),
    ] {
        assert_eq!(names(query).await, (expected.to_owned(), total.to_owned()), "{query}");
    }
    for query in ["?page=0", "?page_size=201", "?active=maybe", "?sort=id", "?company_id=x"] {
        f.get(&format!("/v1/subkey{query}")).await.refused(400, "invalid_query");
    }
    let of_b = format!("/v1/subkey/{}", made["id"]);
    for (method, path) in [("GET", of_b.clone()), ("DELETE", of_b.clone()), ("POST", format!("{of_b}/roll"))] {
        f.send(method, &path, None).await.refused(404, "not_found");
    }
    f.put(&made, json!({ "description": "mine" })).await.refused(404, "not_found");
    assert_eq!(f.send_as(&theirs, "GET", &of_b, None).await.expect(200)["description"], "Shop of B");
    assert_eq!(f.decide(&made["live_key"], READ).await, Ok(()));
    assert_eq!(START.as_secs(), f.world.now().as_secs());
}

#[tokio::test]
async fn d32_an_account_has_so_many_restricted_keys_and_no_more() {
    let f = Facade::with(Options { restricted_keys_max: 2, ..Options::default() }, |_| {}).await;
    let first = f.create(json!({ "description": "one" })).await;
    f.create(json!({ "description": "two" })).await;
    let wish = || Some(json!({ "description": "three" }));
    f.send("POST", "/v1/subkey", wish()).await.refused(400, "subkey_limit_reached");
    f.send("DELETE", &format!("/v1/subkey/{}", first["id"]), None).await.expect(200);
    f.send("POST", "/v1/subkey", wish()).await.expect(201);
}

#[tokio::test]
async fn d32_a_key_that_was_ended_for_good_is_shown_and_cannot_be_changed() {
    let f = Facade::new().await;
    let (path, _) = f.world.key(&f.account, json!({ "description": "ended" })).await;
    f.world.post(&format!("{path}/revoke"), json!({})).await.expect(200);
    let ended = f.get("/v1/subkey").await.expect(200)[0].clone();
    assert_eq!(ended["active"], false);
    f.put(&ended, json!({ "active": true })).await.refused(422, "key_final");
    f.send("POST", &format!("/v1/subkey/{}/roll", ended["id"]), None).await.refused(422, "key_final");
    f.send("DELETE", &format!("/v1/subkey/{}", ended["id"]), None).await.expect(200);
}

#[tokio::test]
async fn d32_a_change_touches_nothing_that_it_does_not_name() {
    let f = Facade::new().await;
    // Left out, `active` stays; at its creation a key is enabled.
    let off = f.create(json!({ "description": "off", "active": false })).await;
    let mut body = json!({ "id": off["id"], "version": off["version"], "description": "still off" });
    body["permissions"] = off["permissions"].clone();
    let still = f.send("PUT", "/v1/subkey", Some(body)).await.expect(200);
    assert_eq!((&still["active"], &still["description"]), (&json!(false), &json!("still off")));
    // A description that could not be given here stays as it is, when it is given back.
    for description in [String::new(), "x".repeat(250)] {
        f.world.key(&f.account, json!({ "description": description })).await;
    }
    for key in f.get("/v1/subkey").await.expect(200).as_array().unwrap() {
        f.put(key, json!({})).await.expect(200);
    }
    // A roll that says a time and no number ends nothing.
    f.send("POST", &format!("/v1/subkey/{}/roll?expires_in_hours=", off["id"]), None)
        .await
        .refused(400, "invalid_query");
    // An expired key is not active, and new secrets would be as dead as it is.
    f.world.key(&f.account, json!({ "description": "short", "expires_at": "2100-01-01T00:00:00Z" })).await;
    f.world.pass(80 * 366 * 86_400);
    let expired = f.get("/v1/subkey?q=short").await.expect(200)[0].clone();
    assert_eq!(expired["active"], false);
    f.send("POST", &format!("/v1/subkey/{}/roll", expired["id"]), None).await.refused(422, "validation_failed");
    // 0 may be given back beside others, also where it stands for nothing any more.
    f.company(&["test:id=1"]).await;
    let gone = f.company(&["test:id=2"]).await;
    let key = f.create(json!({ "description": "emptied", "company_ids": [2] })).await;
    f.world.send("DELETE", &format!("{}/companies/{gone}", f.account), None).await.expect(200);
    let key = f.get(&format!("/v1/subkey/{}", key["id"])).await.expect(200);
    assert_eq!(f.put(&key, json!({ "company_ids": [0, 1] })).await.expect(200)["company_ids"], json!([1]));
}

#[tokio::test]
async fn r89_d32_where_a_key_is_for_one_company_it_is_for_one_here_as_well() {
    let f = Facade::with(Options::default(), |parts| parts.one_company = true).await;
    for n in [42, 43] {
        f.company(&[&format!("test:id={n}")]).await;
    }
    let made = f.create(json!({ "description": "one", "company_ids": [42] })).await;
    for ids in [json!([]), json!([42, 43])] {
        let wish = json!({ "description": "other", "company_ids": ids });
        let told = f.send("POST", "/v1/subkey", Some(wish)).await.refused(422, "validation_failed");
        assert_eq!(told["errors"][0]["pointer"], "/company_ids");
        f.put(&made, json!({ "company_ids": ids })).await.refused(422, "validation_failed");
    }
    assert_eq!(f.put(&made, json!({ "company_ids": [43] })).await.expect(200)["company_ids"], json!([43]));
}
