//! World: a control plane over a real store, and a follower that admits by what the store's feed says.
//!
//! Owns:  the harness. Every answer that goes through it is held against the contract: status and code are documented.
//! Never: sleeps, or draws real randomness.
//! Read:  `World`.

use admission::{CredentialFields, Entry, Facts, Field, Freshness, Policy, Record, Settlement};
use api::{ProblemStyle, contract};
use axum::body::Body;
use control::{Applied, Arrival, Control, InForce, Limits, Parts, PeopleParts, Readiness, Receipt, Registration};
use futures_util::StreamExt as _;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use model::{
    Audience, Catalogue, CompanyMode, Denial, Environment, HttpMethod, Idempotency, KeyId, Limit, LimitClass,
    LimitKind, LimitMethods, LimitName, LimitSubject, Operation, OperationId, Scope, Secret, SecretHash, Template,
    Timestamp,
    operation::{OtherBodies, ServedBy},
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use store::{Author, Feed, FeedItem, Options, Revision, Stamp, Store};
use tempfile::TempDir;

/// Where people reach the dashboard.
pub(crate) const ORIGIN: &str = "https://console.example.com";

/// 2026-11-23T12:00:00Z
pub(crate) const START: Timestamp = Timestamp::from_secs(1_795_435_200);

/// Everything that a test needs.
pub(crate) struct World {
    pub(crate) control: Control,
    pub(crate) parts: Parts,
    pub(crate) store: Store,
    pub(crate) follower: Arc<Follower>,
    /// A valid operator token.
    pub(crate) token: String,
    pub(crate) token_id: String,
    clock: Arc<AtomicI64>,
    /// Where requests come from.
    pub(crate) peer: Option<IpAddr>,
    /// The text of every answer so far.
    pub(crate) answers: Mutex<Vec<String>>,
    folder: TempDir,
}

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
    pub(crate) text: String,
}

impl Reply {
    /// The code of a problem.
    pub(crate) fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or_default()
    }

    /// The pointers of a refused body.
    pub(crate) fn pointers(&self) -> Vec<&str> {
        self.json["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect()
    }

    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }
}

/// What a gateway would know: every secret's entry, kept current by the store's feed.
pub(crate) struct Follower {
    feed: Feed,
    known: tokio::sync::Mutex<Known>,
    clock: Arc<AtomicI64>,
}

#[derive(Default)]
struct Known {
    revision: Revision,
    entries: HashMap<[u8; 32], Entry>,
}

impl Known {
    fn forget(&mut self, key: KeyId) {
        self.entries.retain(|_, entry| entry.record.key != key);
    }

    fn apply(&mut self, item: FeedItem) {
        match item {
            FeedItem::Key(key, credentials) => {
                self.forget(key.id);
                let record = Arc::new(Record::from(&key));
                for credential in credentials {
                    self.entries.insert(*credential.hash.as_bytes(), Entry::new(&credential, Arc::clone(&record)));
                }
            }
            FeedItem::KeyGone(key) => self.forget(key),
            FeedItem::Company(_) | FeedItem::CompanyGone(_) | FeedItem::Identity(_) | FeedItem::IdentityGone(_) => {}
        }
    }
}

impl Follower {
    async fn follow(&self, revision: Revision) {
        let mut known = self.known.lock().await;
        while known.revision < revision {
            let batch = self.feed.since(known.revision, 100).await.unwrap();
            assert!(batch.revision > known.revision, "the feed must reach {revision}");
            batch.items.into_iter().for_each(|item| known.apply(item));
            known.revision = batch.revision;
        }
    }

    /// The decision on a request with `secret` as `X-API-Key`, by what is known now and nothing else.
    pub(crate) async fn decide(
        &self,
        world: &World,
        secret: &str,
        method: HttpMethod,
        path: &str,
    ) -> Result<(), Denial> {
        let known = self.known.lock().await;
        let catalogue = (world.parts.catalogue)();
        let path = admission::path::canonical(path.as_bytes()).unwrap();
        let credential = CredentialFields { api_key: Field::One(secret.as_bytes()), ..CredentialFields::default() };
        let facts = Facts {
            operation: catalogue.find(method, &path),
            credential,
            origin: Field::Absent,
            address: None,
            ..Facts::default()
        };
        let policy = &world.parts.policy;
        let fresh = Freshness { fresh_until: Timestamp::MAX };
        let presented = admission::present(&facts, policy)?;
        let found = known.entries.get(presented.hash().as_bytes());
        let permit =
            presented.identify(found, fresh, world.now())?.authorize(&facts, policy)?.settle(Settlement::default())?;
        drop(permit);
        Ok(())
    }
}

impl InForce for Follower {
    fn in_force(&self, revision: Revision) -> Pin<Box<dyn Future<Output = Receipt> + Send + '_>> {
        Box::pin(async move {
            self.follow(revision).await;
            let applied_at = Timestamp::from_micros(self.clock.load(Ordering::SeqCst));
            Receipt { revision, gateways: vec![Applied { name: "one".into(), applied_at, cut: 0 }], fenced: Vec::new() }
        })
    }
}

fn operation(id: &str, method: HttpMethod, template: &str, audience: Audience, scope: &str) -> Operation {
    Operation {
        id: OperationId::new(id).unwrap(),
        method,
        template: Template::parse(template).unwrap(),
        audience,
        scope: Scope::parse(scope).unwrap(),
        company: if audience == Audience::Key { CompanyMode::Context } else { CompanyMode::Neutral },
        class: LimitClass::default(),
        environment: (audience != Audience::Key).then_some(Environment::Live),
        other_bodies: OtherBodies::default(),
        idempotency: Idempotency::default(),
        channel: None,
        learn: None,
        callback: None,
        served_by: ServedBy::default(),
    }
}

fn catalogue() -> Catalogue {
    Catalogue::new(vec![
        operation("company_list", HttpMethod::Get, "/v1/company", Audience::Key, "company:read"),
        operation("company_create", HttpMethod::Post, "/v1/company", Audience::Key, "company:write"),
        operation("send_create", HttpMethod::Post, "/v1/send", Audience::Key, "send:send"),
        operation("health", HttpMethod::Get, "/v1/health", Audience::Public, "health:read"),
        operation("settings", HttpMethod::Get, "/v1/settings", Audience::Member, "settings:read"),
    ])
    .unwrap()
}

fn rates() -> Arc<[Limit]> {
    let limit = |name, class, seconds, count| Limit {
        name: LimitName::new(name).unwrap(),
        subject: LimitSubject::Key,
        class,
        methods: LimitMethods::All,
        kind: LimitKind::Window { seconds },
        count,
    };
    [
        limit("default", None, 60, 5),
        limit("messaging", LimitClass::new("messaging"), 60, 1),
        Limit { subject: LimitSubject::Account, ..limit("account", None, 120, 100) },
    ]
    .into()
}

/// Deterministic, and never the same twice.
fn randomness() -> control::Randomness {
    let state = Mutex::new(0x9e37_79b9_7f4a_7c15u64);
    Arc::new(move |buffer: &mut [u8]| {
        let mut state = state.lock().unwrap();
        for byte in buffer {
            *state ^= *state << 13;
            *state ^= *state >> 7;
            *state ^= *state << 17;
            *byte = (*state >> 32) as u8;
        }
    })
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A world whose parts are changed before it starts.
    pub(crate) async fn with(change: impl FnOnce(&mut Parts)) -> Self {
        Self::bounded(Options::default(), change).await
    }

    /// A world whose store has bounds of its own.
    pub(crate) async fn bounded(options: Options, change: impl FnOnce(&mut Parts)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), options).await.unwrap();
        let clock = Arc::new(AtomicI64::new(START.as_micros()));
        let follower =
            Arc::new(Follower { feed: store.feed(), known: tokio::sync::Mutex::default(), clock: Arc::clone(&clock) });
        let catalogue = Arc::new(catalogue());
        let tells = Arc::clone(&clock);
        let mut parts = Parts {
            store: store.clone(),
            in_force: Arc::clone(&follower) as Arc<dyn InForce>,
            clock: Arc::new(move || Timestamp::from_micros(tells.load(Ordering::SeqCst))),
            randomness: randomness(),
            catalogue: Arc::new(move || Arc::clone(&catalogue)),
            policy: Arc::new(Policy::default()),
            one_company: false,
            problems: ProblemStyle::new("https://x.test/errors/"),
            ready: Arc::new(Readiness::default),
            limits: Limits::default(),
            rates: rates(),
            limit_names: ["default", "messaging"].into_iter().filter_map(LimitName::new).collect(),
            people: people(),
        };
        change(&mut parts);
        let (token_id, token) = first_token(&parts).await;
        let control = Control::new(parts.clone());
        Self { control, parts, store, follower, token, token_id, clock, peer: None, answers: Mutex::default(), folder }
    }

    /// The data folder.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.clock.load(Ordering::SeqCst))
    }

    pub(crate) fn pass(&self, secs: i64) {
        self.clock.fetch_add(secs * 1_000_000, Ordering::SeqCst);
    }

    /// Sends `request` as it is.
    pub(crate) async fn raw(&self, request: Request<Body>) -> Reply {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.control.answer(request, Arrival { secure: false, peer: self.peer }).await;
        let (parts, body) = response.into_parts();
        let bytes = if parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream") {
            // It ends when nobody watches any more: its opening says that it began.
            body.into_data_stream().next().await.unwrap().unwrap()
        } else {
            body.collect().await.unwrap().to_bytes()
        };
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let json = serde_json::from_str(&text).unwrap_or_default();
        let reply = Reply { status: parts.status, headers: parts.headers, json, text };
        check(&method, &path, &reply);
        self.answers.lock().unwrap().push(reply.text.clone());
        reply
    }

    /// Sends with the operator token and, if there is one, a JSON body.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        let mut request =
            Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", self.token));
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |json| Body::from(json.to_string()));
        self.raw(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send("POST", path, Some(body)).await
    }

    /// A new account: its path, and the answer.
    pub(crate) async fn account(&self, name: &str) -> (String, Value) {
        let created = self.post("/v1/accounts", json!({ "name": name })).await.expect(201).json;
        (format!("/v1/accounts/{}", created["account"]["id"].as_str().unwrap()), created)
    }

    /// A new company of the account at `account`: its id.
    pub(crate) async fn company(&self, account: &str, name: &str) -> String {
        let created = self.post(&format!("{account}/companies"), json!({ "name": name })).await.expect(201);
        created.json["company"]["id"].as_str().unwrap().to_owned()
    }

    /// A new identity of the account at `account`: its id.
    pub(crate) async fn identity(&self, account: &str, issuer: &str) -> String {
        let created = self.post(&format!("{account}/identities"), json!({ "issuer": issuer })).await.expect(201);
        created.json["identity"]["id"].as_str().unwrap().to_owned()
    }

    /// A new key of the account at `account`: its path, and the answer.
    pub(crate) async fn key(&self, account: &str, body: Value) -> (String, Value) {
        let created = self.post(&format!("{account}/keys"), body).await.expect(201).json;
        (format!("{account}/keys/{}", created["key_id"].as_str().unwrap()), created)
    }

    pub(crate) async fn decide(&self, secret: &str, method: HttpMethod, path: &str) -> Result<(), Denial> {
        self.follower.decide(self, secret, method, path).await
    }
}

fn people() -> PeopleParts {
    PeopleParts {
        api_url: Some("https://api.example.com".to_owned()),
        registration: Registration::Open,
        session_idle: Duration::from_secs(12 * 3_600),
        session_max: Duration::from_secs(7 * 86_400),
        product: "Claviger".to_owned(),
        namespace: "claviger".to_owned(),
        public_url: Some(ORIGIN.to_owned()),
        sealing_key: Secret::new(vec![7; 32]),
        providers: Vec::new(),
    }
}

/// What an installation does at its first start.
async fn first_token(parts: &Parts) -> (String, String) {
    let issuer = control::Issuer { shape: &parts.policy.shape, now: (parts.clock)(), fill: &*parts.randomness };
    let issued = issuer.operator_token("first".into());
    let stamp = Stamp { author: Author::Installation, request: None, now: issuer.now, audit_id: issuer.audit_id() };
    let id = issued.new.id.to_string();
    let _committed = parts.store.create_operator_token(stamp, issued.new).await.unwrap();
    (id, issued.text.expose().clone())
}

/// Every answer names its request, is not stored, and is one that the document promises.
fn check(method: &Method, path: &str, reply: &Reply) {
    let id = reply.headers["x-request-id"].to_str().unwrap();
    assert!(id.starts_with("req_"), "{id}");
    assert_eq!(reply.headers["cache-control"], "no-store");
    assert_eq!(reply.headers["x-content-type-options"], "nosniff");
    let problem = reply.status.as_u16() >= 400;
    if problem && *method != Method::HEAD {
        assert_eq!(reply.headers["content-type"], "application/problem+json", "{}", reply.text);
        assert_eq!(reply.json["status"], reply.status.as_u16(), "{}", reply.text);
        assert_eq!(reply.json["request_id"], id);
        assert!(reply.json["type"].as_str().unwrap().starts_with("https://x.test/errors/"));
    }
    let segments = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let asked = segments(path);
    let matches = |template: &str| {
        let parts = segments(template);
        parts.len() == asked.len()
            && parts.iter().zip(&asked).all(|(t, a)| t == a || (t.starts_with('{') && !a.is_empty()))
    };
    let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
    let Some(entry) = contract::table().into_iter().find(|e| e.method.as_str() == method && matches(e.path)) else {
        assert!([404, 405].contains(&reply.status.as_u16()), "{method} {path}: {}", reply.text);
        return;
    };
    if !problem {
        assert_eq!(reply.status.as_u16(), entry.status, "{}", entry.id);
    } else if !reply.text.is_empty() {
        let promised = entry.refusals.iter().any(|c| c.answer().code == reply.code());
        assert!(promised, "{} does not document {}", entry.id, reply.text);
    }
}

/// The id at the end of a path.
pub(crate) fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

/// The secret of one half of an answer that shows secrets.
pub(crate) fn secret(answer: &Value, environment: &str) -> String {
    answer[environment]["secret"].as_str().unwrap().to_owned()
}

/// SHA-256 of a text, for asking the store directly.
pub(crate) fn hash(text: &str) -> SecretHash {
    SecretHash::of(text.as_bytes())
}
