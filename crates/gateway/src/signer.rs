//! The signed context: what the upstream is told of a caller, and proof that the gateway said it (D24, D33).
//!
//! Owns:  the token's claims, its cache beside each secret, signing on a thread of its own, and the JWKS.
//! Never: signs on a data-plane core: a missing token is waited for, an ageing one is used while a new one is made.
//! Read:  `Signer::token`, then `work`.

use crate::{
    config::{Clock, GatewayConfig},
    core::Names,
    people::{Sender, Visitor},
    snapshot::{Live, Snapshot},
};
use admission::Entry;
use arc_swap::ArcSwapOption;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use egress::Prepared;
use http::{HeaderName, HeaderValue};
use model::{CompanyRestriction, Environment, Timestamp};
use proof::SUB_KEYS_AUDIENCE;
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::{mpsc, oneshot};

/// A token is valid this long (D24).
const TOKEN_LIFE_SECS: i64 = 60;
/// From this age on a token is made anew, off the request's way (D33).
const TOKEN_RENEW_MICROS: i64 = 20_000_000;
/// From this age on a token is not used any more: the upstream needs some of its life, and clocks differ.
const TOKEN_USE_MICROS: i64 = 45_000_000;
/// Signatures that may wait; beyond it a request without a token is answered 503.
const QUEUE_MAX: usize = 4_096;
/// Who the token is for. One that manages keys is for another, `proof::SUB_KEYS_AUDIENCE`: what the upstream is given opens
/// nothing there.
const AUDIENCE: &str = "upstream";

/// What the upstream is told of a caller, made once for many requests: the signed context and its plain copies.
pub(crate) struct Token {
    /// All of it, as it goes to the upstream.
    pub(crate) fields: Prepared,
    /// Whom it speaks of, for the log; none for the public and for visitors.
    pub(crate) caller: Option<TokenCaller>,
    signed_at: Timestamp,
    names_epoch: u64,
}

/// The ids of a caller as text.
pub(crate) struct TokenCaller {
    pub(crate) key: String,
    pub(crate) account: String,
}

/// The token of one secret (or of the public), if one was made.
#[derive(Default)]
pub(crate) struct TokenSlot {
    token: ArcSwapOption<Token>,
    renewing: AtomicBool,
}

/// Whom a token speaks of.
#[derive(Clone)]
pub(crate) enum Subject {
    /// The holder of a secret.
    Key(Arc<Live>),
    /// The holder of a primary key's secret, who manages restricted keys (D32). Such tokens are made for one request each.
    Manager(Arc<Live>),
    /// Anyone, in one environment.
    Public(Environment),
    /// A person, in one environment (D37).
    Person(Arc<Visitor>, Environment),
    /// Where a callback comes from, in one environment.
    Callback(Arc<Sender>, Environment),
}

struct Job {
    subject: Subject,
    done: Option<oneshot::Sender<Arc<Token>>>,
}

impl TokenCaller {
    fn of(entry: &Entry) -> Self {
        let record = &entry.record;
        Self { key: record.key.to_string(), account: record.account.to_string() }
    }
}

/// No token can be had now: the signer's queue is full or the signer is gone.
#[derive(Debug)]
pub(crate) struct SignerBusy;

/// Hands out tokens. Cheap to clone; one per core.
#[derive(Clone)]
pub(crate) struct Signer {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Job>,
}

struct Shared {
    snapshot: Arc<Snapshot>,
    public: [TokenSlot; 2],
    issuer: String,
    key_id: String,
    header: String,
    names: Arc<Names>,
    pair: Ed25519KeyPair,
    clock: Clock,
}

impl Signer {
    /// Starts the signing thread. It ends when the last `Signer` is dropped.
    pub(crate) fn start(
        config: &GatewayConfig,
        names: Arc<Names>,
        snapshot: Arc<Snapshot>,
    ) -> Result<Self, crate::gateway::StartError> {
        let pair = Ed25519KeyPair::from_pkcs8(config.signing_key.expose())
            .map_err(|_| crate::gateway::StartError::SigningKey)?;
        let digest = model::SecretHash::of(pair.public_key().as_ref());
        let key_id = BASE64URL_NOPAD.encode(digest.as_bytes().get(..12).unwrap_or_default());
        let header = json!({"alg": "EdDSA", "typ": "JWT", "kid": key_id}).to_string();
        let shared = Arc::new(Shared {
            snapshot,
            public: [TokenSlot::default(), TokenSlot::default()],
            issuer: config.namespace.clone(),
            key_id,
            names,
            header: BASE64URL_NOPAD.encode(header.as_bytes()),
            pair,
            clock: config.clock,
        });
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        let worker = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("signer".into())
            .spawn(move || work(&worker, jobs))
            .map_err(crate::gateway::StartError::Thread)?;
        Ok(Self { shared, queue })
    }

    /// The key set that verifies the tokens (RFC 8037).
    pub(crate) fn jwks(&self) -> String {
        let x = BASE64URL_NOPAD.encode(self.shared.pair.public_key().as_ref());
        let key =
            json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.shared.key_id, "x": x});
        json!({ "keys": [key] }).to_string()
    }

    /// The token of `subject` if a usable one is at hand; asks for a new one in good time. No wait, no signature.
    pub(crate) fn at_hand(&self, subject: &Subject, now: Timestamp) -> Option<Arc<Token>> {
        let slot = self.shared.slot(subject)?;
        let token = slot.token.load_full()?;
        let age = now.micros_since(token.signed_at);
        let names_changed = token.names_epoch != self.shared.snapshot.names_epoch();
        if !(0..TOKEN_USE_MICROS).contains(&age) || (names_changed && subject.carries_names()) {
            return None;
        }
        if age >= TOKEN_RENEW_MICROS && !slot.renewing.swap(true, Ordering::AcqRel) {
            let job = Job { subject: subject.clone(), done: None };
            if self.queue.try_send(job).is_err() {
                slot.renewing.store(false, Ordering::Release);
            }
        }
        Some(token)
    }

    /// A token made now, by the signing thread.
    pub(crate) async fn fresh(&self, subject: Subject) -> Result<Arc<Token>, SignerBusy> {
        let (done, token) = oneshot::channel();
        self.queue.try_send(Job { subject, done: Some(done) }).map_err(|_| SignerBusy)?;
        token.await.map_err(|_| SignerBusy)
    }
}

impl Subject {
    fn carries_names(&self) -> bool {
        match self {
            Self::Key(live) => matches!(live.entry.record.companies, CompanyRestriction::Only(_)),
            Self::Manager(_) | Self::Public(_) | Self::Person(..) | Self::Callback(..) => false,
        }
    }
}

/// The signing thread: one job after the other until all senders are gone.
fn work(shared: &Shared, mut jobs: mpsc::Receiver<Job>) {
    while let Some(job) = jobs.blocking_recv() {
        let slot = shared.slot(&job.subject);
        let now = (shared.clock)();
        // Many first requests of one key wait at once; one signature serves them all.
        let just_made = slot.and_then(|slot| slot.token.load_full()).filter(|token| {
            // A token from the future is of no use: the clock was set back since.
            (0..TOKEN_RENEW_MICROS).contains(&now.micros_since(token.signed_at))
                && token.names_epoch == shared.snapshot.names_epoch()
        });
        let token = just_made.or_else(|| shared.sign(&job.subject, now).map(Arc::new));
        if let Some(slot) = slot {
            slot.renewing.store(false, Ordering::Release);
        }
        let Some(token) = token else { continue };
        if let Some(slot) = slot {
            slot.token.store(Some(Arc::clone(&token)));
        }
        if let Some(done) = job.done {
            // The request may have ended meanwhile; its token serves the next one.
            let _gone = done.send(token);
        }
    }
}

impl Shared {
    fn slot<'a>(&'a self, subject: &'a Subject) -> Option<&'a TokenSlot> {
        let (slots, environment) = match subject {
            Subject::Key(live) => return Some(&live.token),
            Subject::Manager(_) => return None,
            Subject::Public(environment) => (&self.public, environment),
            Subject::Person(visitor, environment) => (&visitor.tokens, environment),
            Subject::Callback(sender, environment) => (&sender.tokens, environment),
        };
        let [test, live] = slots;
        Some(match environment {
            Environment::Test => test,
            Environment::Live => live,
        })
    }

    fn sign(&self, subject: &Subject, now: Timestamp) -> Option<Token> {
        // Read before the names are, so that a change in between makes the token stale, never the reverse.
        let names_epoch = self.snapshot.names_epoch();
        let mut claims = match subject {
            Subject::Key(live) | Subject::Manager(live) => self.claims(&live.entry),
            Subject::Public(environment) => json!({ "environment": environment.as_str() }),
            Subject::Person(visitor, environment) => person_claims(visitor, *environment),
            Subject::Callback(sender, environment) => json!({
                "environment": environment.as_str(),
                "audience": "callback",
                "callback": sender.rule.name.as_str(),
                "account": sender.rule.account.map(|account| account.to_string()),
            }),
        };
        let audience = if matches!(subject, Subject::Manager(_)) { SUB_KEYS_AUDIENCE } else { AUDIENCE };
        let issued = now.as_secs();
        for (name, value) in [
            ("iss", Value::from(self.issuer.as_str())),
            ("aud", Value::from(audience)),
            ("iat", Value::from(issued)),
            ("exp", Value::from(issued + TOKEN_LIFE_SECS)),
        ] {
            claims.as_object_mut()?.insert(name.to_owned(), value);
        }
        let mut text = format!("{}.{}", self.header, BASE64URL_NOPAD.encode(claims.to_string().as_bytes()));
        let signature = self.pair.sign(text.as_bytes());
        text.push('.');
        text.push_str(&BASE64URL_NOPAD.encode(signature.as_ref()));
        let caller = match subject {
            Subject::Key(live) | Subject::Manager(live) => Some(TokenCaller::of(&live.entry)),
            Subject::Public(_) | Subject::Person(..) | Subject::Callback(..) => None,
        };
        let fields = self.fields(subject, text)?;
        Some(Token { fields, caller, signed_at: now, names_epoch })
    }

    /// The signed context and its plain copies. `None`: a text that no field can carry, of which there is none.
    fn fields(&self, subject: &Subject, context: String) -> Option<Prepared> {
        let names = &self.names;
        let plain: Vec<(&HeaderName, String)> = match subject {
            Subject::Key(live) | Subject::Manager(live) => {
                let Entry { record, environment, .. } = &live.entry;
                vec![
                    (&names.environment, environment.as_str().to_owned()),
                    (&names.key, record.key.to_string()),
                    (&names.account, record.account.to_string()),
                    (&names.kind, record.kind.as_str().to_owned()),
                ]
            }
            Subject::Public(environment) => vec![(&names.environment, environment.as_str().to_owned())],
            Subject::Person(visitor, environment) => {
                let subject = visitor.person.subject();
                let mut plain = vec![
                    (&names.environment, environment.as_str().to_owned()),
                    (&names.account, visitor.account.to_string()),
                ];
                // Where a header can carry it; the context always does.
                if subject.bytes().all(|b| b.is_ascii_graphic()) {
                    plain.push((&names.member, subject.to_owned()));
                }
                plain
            }
            Subject::Callback(sender, environment) => {
                let mut plain = vec![(&names.environment, environment.as_str().to_owned())];
                plain.extend(sender.rule.account.map(|account| (&names.account, account.to_string())));
                plain
            }
        };
        let said = std::iter::once((&names.context, context)).chain(plain);
        let said = said.map(|(name, text)| HeaderValue::try_from(text).map(|value| (name, value)));
        let said = said.collect::<Result<Vec<_>, _>>().ok()?;
        Some(Prepared::of(said.iter().map(|(name, value)| (*name, value))))
    }

    fn claims(&self, entry: &Entry) -> Value {
        let record = &entry.record;
        let companies = match &record.companies {
            CompanyRestriction::All => Value::from("all"),
            CompanyRestriction::Only(set) => set
                .as_slice()
                .iter()
                .map(|id| json!({"id": id.to_string(), "names": self.names(*id, entry.environment)}))
                .collect(),
        };
        json!({
            "environment": entry.environment.as_str(),
            "account": record.account.to_string(),
            "key": record.key.to_string(),
            "kind": record.kind.as_str(),
            "preset": record.preset.name(),
            "scopes": record.preset.scopes().to_texts(),
            "companies": companies,
        })
    }

    /// The names of a company in one environment, by kind.
    fn names(&self, company: model::CompanyId, environment: Environment) -> Value {
        let mut by_kind = serde_json::Map::new();
        for name in self.snapshot.company_names(company).iter().flat_map(|names| names.iter()) {
            if name.environment == environment {
                let values = by_kind.entry(name.kind.as_str()).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(values) = values {
                    values.push(Value::from(&*name.value));
                }
            }
        }
        Value::Object(by_kind)
    }
}

/// What the upstream is told of a person (D20): who, in which account, and whether as an administrator.
fn person_claims(visitor: &Visitor, environment: Environment) -> Value {
    let person = &visitor.person;
    json!({
        "environment": environment.as_str(),
        "audience": "member",
        "account": visitor.account.to_string(),
        "member": {
            "issuer": person.issuer(),
            "directory": person.directory(),
            "subject": person.subject(),
            "email": person.email(),
            "admin": person.is_admin(),
        },
    })
}
