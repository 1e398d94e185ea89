//! Leaky: an upstream in front of another, which breaks one promise at a time.
//!
//! Owns:  the leaks; the signed contexts that it saw, which it puts in the place of others; webhooks below their company,
//!        which the API behind does not have.
//! Never: forges a context: it has no key. What it shows, an upstream with a forgotten filter shows.
//! Read:  `LEAKS`, then `forward` and `nested`.

use crate::must::Must;
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, client::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::net::{TcpListener, TcpStream};

/// The header that says who is calling.
const CONTEXT: &str = "claviger-context";

/// A promise that can be broken.
#[derive(Clone, Copy, Debug)]
pub struct Leak {
    /// What is forgotten.
    pub name: &'static str,
    /// At which operation of the reference catalogue.
    pub operation: &'static str,
    method: &'static str,
    path: &'static str,
    /// Text that the query has, if it matters.
    query: &'static str,
    forgets: Forgets,
}

/// Which limit is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Forgets {
    /// The companies of the key.
    Companies,
    /// The account: the other one answers.
    Account,
    /// In a nested path, whether the company is within reach.
    Parent,
    /// In a nested path, whether the object is within reach and of that company.
    Child,
}

const fn leak(name: &'static str, operation: &'static str, method: &'static str, path: &'static str) -> Leak {
    Leak { name, operation, method, path, query: "", forgets: Forgets::Companies }
}

/// An object below its company.
const NESTED: &str = "/v1/company/{}/webhook/{}";

/// All of them. `{}` in a path is any one segment.
pub const LEAKS: [Leak; 14] = [
    leak("a list without the company filter", "company_get", "GET", "/v1/company"),
    leak("a second list without it", "webhook_get", "GET", "/v1/webhook"),
    leak("a company by its id", "company_id_get", "GET", "/v1/company/{}"),
    leak("an object by its id", "send_id_get", "GET", "/v1/send/{}"),
    leak("what is inside of an object", "send_id_payload_get", "GET", "/v1/send/{}/payload"),
    leak("a deletion by id", "webhook_id_delete", "DELETE", "/v1/webhook/{}"),
    leak("a write in another company's name", "send_json_post", "POST", "/v1/send/json"),
    leak("an update of another company's object", "webhook_put", "PUT", "/v1/webhook"),
    Leak { query: "company_id=", ..leak("a filter in place of the limit", "send_get", "GET", "/v1/send") },
    Leak { forgets: Forgets::Account, ..leak("the wrong account", "log_get", "GET", "/v1/log") },
    leak("a write by XML in another company's name", "send_xml_post", "POST", "/v1/send/xml"),
    leak("an object below its company", "company_webhook_id_get", "GET", NESTED),
    Leak { forgets: Forgets::Parent, ..leak("the company in a path", "company_webhook_id_get", "GET", NESTED) },
    Leak { forgets: Forgets::Child, ..leak("the object in a path", "company_webhook_id_get", "GET", NESTED) },
];

#[derive(Default)]
struct State {
    leak: Option<Leak>,
    behind: Option<SocketAddr>,
    /// The freshest context of a key for all companies, by account.
    contexts: HashMap<String, HeaderValue>,
}

/// A running leaky upstream. It keeps nothing but contexts.
pub struct Leaky {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

impl Leaky {
    /// Listens on a free port of loopback.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.must("listen");
        let address = listener.local_addr().must("know the address");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                let service = service_fn(move |request| forward(request, Arc::clone(&state)));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self { address, state, task }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where the honest upstream is.
    pub fn stand_before(&self, behind: SocketAddr) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).behind = Some(behind);
    }

    /// From now on it breaks this promise, or none. What it saw before is forgotten.
    pub fn plant(&self, leak: Option<Leak>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.leak = leak;
        state.contexts.clear();
    }
}

impl Drop for Leaky {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Leak {
    fn concerns(&self, request: &Request<Incoming>) -> bool {
        let (wanted, path) = (self.path.split('/'), request.uri().path().split('/'));
        let alike = wanted.clone().count() == path.clone().count()
            && wanted.zip(path).all(|(wanted, segment)| wanted == "{}" || wanted == segment);
        alike && self.method == request.method() && request.uri().query().unwrap_or_default().contains(self.query)
    }
}

impl State {
    /// Remembers the request's context, and finds the one that the leak wants in its place.
    fn judge(&mut self, request: &Request<Incoming>) -> Option<Judged> {
        let own = request.headers().get(CONTEXT)?.clone();
        let claims = claims(&own)?;
        let account = claims["account"].as_str()?.to_owned();
        if claims["companies"] == "all" {
            self.contexts.insert(account.clone(), own.clone());
        }
        let forgets = self.leak.filter(|leak| leak.concerns(request)).map(|leak| leak.forgets);
        let wanted = |name: &str| (name == account) != (forgets == Some(Forgets::Account));
        let wide = self.contexts.iter().find(|(name, _)| forgets.is_some() && wanted(name.as_str()));
        let wide = wide.map_or_else(|| own.clone(), |(_, context)| context.clone());
        Some(Judged { behind: self.behind?, own, wide, forgets })
    }
}

/// What becomes of a request.
struct Judged {
    behind: SocketAddr,
    /// The context that it came with.
    own: HeaderValue,
    /// The context that sees too much, where a leak is; else its own.
    wide: HeaderValue,
    forgets: Option<Forgets>,
}

fn claims(context: &HeaderValue) -> Option<Value> {
    let payload = context.to_str().ok()?.split('.').nth(1)?;
    serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?).ok()
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Gives the request on, on a connection of its own.
async fn forward(mut request: Request<Incoming>, state: Arc<Mutex<State>>) -> Result<Response<Full<Bytes>>, Failed> {
    let judged = state.lock().unwrap_or_else(PoisonError::into_inner).judge(&request);
    let judged = judged.ok_or("no context, or nobody behind")?;
    let path = request.uri().path().to_owned();
    match *path.split('/').collect::<Vec<_>>() {
        ["", "v1", "company", company, "webhook"] => {
            ask(&judged, &judged.wide, &format!("/v1/webhook?company_id={company}")).await
        }
        ["", "v1", "company", company, "webhook", webhook] => nested(&judged, company, webhook).await,
        _ => {
            request.headers_mut().insert(CONTEXT, judged.wide.clone());
            send(judged.behind, request).await
        }
    }
}

/// A webhook below its company: both must be within reach and belong together, as far as that is not forgotten.
async fn nested(judged: &Judged, company: &str, webhook: &str) -> Result<Response<Full<Bytes>>, Failed> {
    let context = if judged.forgets == Some(Forgets::Companies) { &judged.wide } else { &judged.own };
    if judged.forgets != Some(Forgets::Parent) {
        let parent = ask(judged, context, &format!("/v1/company/{company}")).await?;
        if !parent.status().is_success() {
            return Ok(parent);
        }
    }
    let context = if judged.forgets == Some(Forgets::Child) { &judged.wide } else { context };
    let (head, body) = ask(judged, context, &format!("/v1/webhook/{webhook}")).await?.into_parts();
    let bytes = body.collect().await?.to_bytes();
    let child: Value = serde_json::from_slice(&bytes)?;
    let together = matches!(judged.forgets, Some(Forgets::Parent | Forgets::Child));
    if together || !head.status.is_success() || child["company_id"].as_u64() == company.parse().ok() {
        return Ok(Response::from_parts(head, Full::new(bytes)));
    }
    Ok(Response::builder().status(404).body(Full::default())?)
}

/// Asks the API behind with this context.
async fn ask(judged: &Judged, context: &HeaderValue, target: &str) -> Result<Response<Full<Bytes>>, Failed> {
    let request = Request::builder().uri(target).header("host", judged.behind.to_string()).header(CONTEXT, context);
    send(judged.behind, request.body(Full::<Bytes>::default())?).await
}

async fn send<B>(behind: SocketAddr, request: Request<B>) -> Result<Response<Full<Bytes>>, Failed>
where
    B: hyper::body::Body<Data: Send, Error: Into<Failed>> + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(TcpStream::connect(behind).await?)).await?;
    tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await?.into_parts();
    Ok(Response::from_parts(head, Full::new(body.collect().await?.to_bytes())))
}
