//! Leaky: an upstream in front of another, which breaks one promise at a time.
//!
//! Owns:  the ten leaks; the signed contexts that it saw, which it puts in the place of others.
//! Never: forges a context: it has no key. What it shows, an upstream with a forgotten filter shows.
//! Read:  `LEAKS`, then `forward`.

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
    /// The other account answers instead of the caller's.
    account: bool,
}

const fn leak(name: &'static str, operation: &'static str, method: &'static str, path: &'static str) -> Leak {
    Leak { name, operation, method, path, query: "", account: false }
}

/// All of them. `{}` in a path is any one segment.
pub const LEAKS: [Leak; 10] = [
    leak("a list without the company filter", "company_get", "GET", "/v1/company"),
    leak("a second list without it", "webhook_get", "GET", "/v1/webhook"),
    leak("a company by its id", "company_id_get", "GET", "/v1/company/{}"),
    leak("an object by its id", "send_id_get", "GET", "/v1/send/{}"),
    leak("what is inside of an object", "send_id_payload_get", "GET", "/v1/send/{}/payload"),
    leak("a deletion by id", "webhook_id_delete", "DELETE", "/v1/webhook/{}"),
    leak("a write in another company's name", "send_json_post", "POST", "/v1/send/json"),
    leak("an update of another company's object", "webhook_put", "PUT", "/v1/webhook"),
    Leak { query: "company_id=", ..leak("a filter in place of the limit", "send_get", "GET", "/v1/send") },
    Leak { account: true, ..leak("the wrong account", "log_get", "GET", "/v1/log") },
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
    /// Remembers the request's context, and puts another in its place where the leak wants it.
    fn judge(&mut self, request: &mut Request<Incoming>) -> Option<SocketAddr> {
        let context = request.headers().get(CONTEXT)?.clone();
        let claims = claims(&context)?;
        let account = claims["account"].as_str()?.to_owned();
        if claims["companies"] == "all" {
            self.contexts.insert(account.clone(), context);
        }
        if let Some(leak) = self.leak.filter(|leak| leak.concerns(request)) {
            let other = |(name, _): &(&String, &HeaderValue)| (**name == account) != leak.account;
            if let Some((_, context)) = self.contexts.iter().find(other) {
                request.headers_mut().insert(CONTEXT, context.clone());
            }
        }
        self.behind
    }
}

fn claims(context: &HeaderValue) -> Option<Value> {
    let payload = context.to_str().ok()?.split('.').nth(1)?;
    serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?).ok()
}

/// Gives the request on, on a connection of its own.
async fn forward(
    mut request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
    let behind = state.lock().unwrap_or_else(PoisonError::into_inner).judge(&mut request);
    let behind = behind.ok_or("no context, or nobody behind")?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(TcpStream::connect(behind).await?)).await?;
    tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await?.into_parts();
    Ok(Response::from_parts(head, Full::new(body.collect().await?.to_bytes())))
}
