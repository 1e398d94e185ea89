//! An upstream that does what a path says: answers, waits, streams for ever, hangs up, counts, talks WebSocket.
//!
//! Owns:  the behaviours, what arrived (heads, counts, who is waiting), and the OpenAPI document that describes them.
//! Never: decides anything about keys.
//! Read:  `OPENAPI` for what there is, then `answer`.

use crate::{must::Must, poll::eventually};
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _, stream};
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{handshake::derive_accept_key, protocol::Role},
};

/// How many request heads are kept.
const HEADS_MAX: usize = 4096;
/// Time between two pieces of an endless answer.
const PIECE_EVERY: Duration = Duration::from_millis(10);

/// What the upstream offers, for `catalogue import`.
pub const OPENAPI: &str = r#"{
  "openapi": "3.1.0",
  "info": {"title": "An upstream that misbehaves", "version": "1"},
  "paths": {
    "/things": {
      "get": {"operationId": "things_list", "responses": {"200": {"description": "ok"}}},
      "post": {"operationId": "things_create", "responses": {"201": {"description": "ok"}}}
    },
    "/things/{id}": {
      "get": {
        "operationId": "things_read",
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
        "responses": {"200": {"description": "ok"}}
      },
      "put": {
        "operationId": "things_replace",
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
        "responses": {"200": {"description": "ok"}}
      },
      "delete": {
        "operationId": "things_delete",
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
        "responses": {"204": {"description": "ok"}}
      }
    },
    "/head": {"get": {"operationId": "head_read", "responses": {"200": {"description": "the head as it arrived"}}}},
    "/slow": {"get": {"operationId": "slow_read", "responses": {"200": {"description": "after the release"}}}},
    "/stream": {"get": {"operationId": "stream_read", "responses": {"200": {"description": "never ends"}}}},
    "/socket": {"get": {"operationId": "socket_read", "responses": {"101": {"description": "WebSocket echo"}}}},
    "/hang": {"get": {"operationId": "hang_read", "responses": {"200": {"description": "never"}}}},
    "/reset": {"get": {"operationId": "reset_read", "responses": {"200": {"description": "hangs up instead"}}}},
    "/trailers": {"get": {"operationId": "trailers_read", "responses": {"200": {"description": "with trailers"}}}},
    "/count": {"post": {"operationId": "count_create", "responses": {"200": {"description": "counts the body"}}}},
    "/early": {"post": {"operationId": "early_create", "responses": {"200": {"description": "does not read it"}}}}
  }
}"#;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A request head as it arrived.
#[derive(Clone, Debug)]
pub struct Head {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
}

#[derive(Default)]
struct Seen {
    requests: AtomicU64,
    body_bytes: AtomicU64,
    streams_ended: AtomicU64,
    sockets_ended: AtomicU64,
    heads: Mutex<VecDeque<Head>>,
}

struct State {
    seen: Seen,
    waiting: watch::Sender<u64>,
    released: watch::Sender<bool>,
}

/// A running upstream. Dropping it stops it.
pub struct Upstream {
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Upstream {
    /// Starts one on a free port of loopback; it speaks HTTP/1.1 and HTTP/2.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.must("listen");
        let address = listener.local_addr().must("know the own address");
        let state = Arc::new(State {
            seen: Seen::default(),
            waiting: watch::Sender::new(0),
            released: watch::Sender::new(false),
        });
        let task = tokio::spawn(accept(listener, state.clone()));
        Self { address, state, task }
    }

    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Requests that arrived.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.state.seen.requests.load(Ordering::SeqCst)
    }

    /// Bytes of bodies that `/count` has read.
    #[must_use]
    pub fn body_bytes(&self) -> u64 {
        self.state.seen.body_bytes.load(Ordering::SeqCst)
    }

    /// Endless answers that were cut.
    #[must_use]
    pub fn streams_ended(&self) -> u64 {
        self.state.seen.streams_ended.load(Ordering::SeqCst)
    }

    /// WebSockets that ended.
    #[must_use]
    pub fn sockets_ended(&self) -> u64 {
        self.state.seen.sockets_ended.load(Ordering::SeqCst)
    }

    /// The heads that arrived, oldest first.
    #[must_use]
    pub fn heads(&self) -> Vec<Head> {
        self.state.seen.heads.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Requests to `/slow` and `/hang` that are waiting now.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        *self.state.waiting.borrow()
    }

    /// Returns when exactly `count` requests wait here.
    pub async fn until_waiting(&self, count: u64) {
        eventually(&format!("{count} requests waiting at the upstream"), async || {
            (self.waiting() == count).then_some(())
        })
        .await;
    }

    /// Lets everything that waits in `/slow` answer, now and from now on.
    pub fn release(&self) {
        self.state.released.send_replace(true);
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let state = state.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, state.clone()));
            let builder = auto::Builder::new(TokioExecutor::new());
            // A connection that ends badly is the other side's doing, and often the point of a test.
            let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
        });
    }
}

/// Counts someone who waits, for as long as it lives.
struct Waiting(Arc<State>);

impl Waiting {
    fn new(state: &Arc<State>) -> Self {
        state.waiting.send_modify(|count| *count += 1);
        Self(state.clone())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.send_modify(|count| *count -= 1);
    }
}

async fn answer(request: Request<Incoming>, state: Arc<State>) -> Result<Response<Body>, HangUp> {
    state.seen.requests.fetch_add(1, Ordering::SeqCst);
    let head = Head {
        method: request.method().to_string(),
        target: request.uri().path_and_query().map_or_else(String::new, ToString::to_string),
        headers: request.headers().clone(),
    };
    {
        let mut heads = state.seen.heads.lock().unwrap_or_else(PoisonError::into_inner);
        if heads.len() == HEADS_MAX {
            heads.pop_front();
        }
        heads.push_back(head.clone());
    }
    let last = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    Ok(match last.as_str() {
        "head" => reply(&seen_head(&head)),
        "slow" => {
            let _waiting = Waiting::new(&state);
            let _ = state.released.subscribe().wait_for(|released| *released).await;
            reply(&json!({"slow": true}))
        }
        "hang" => {
            let _waiting = Waiting::new(&state);
            std::future::pending().await
        }
        "reset" => return Err(HangUp),
        "stream" => endless(&state),
        "socket" => socket(request, &state),
        "trailers" => trailers(),
        "count" => {
            let mut body = request.into_body();
            let mut count = 0u64;
            while let Some(Ok(frame)) = body.frame().await {
                let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                count += length;
                state.seen.body_bytes.fetch_add(length, Ordering::SeqCst);
            }
            reply(&json!({"bytes": count}))
        }
        // The body stays unread: the connection decides what to do with the rest.
        "early" => reply(&json!({"early": true})),
        _ => {
            let body = request.into_body().collect().await.map(|body| body.to_bytes().len()).unwrap_or_default();
            reply(&json!({"method": head.method, "target": head.target, "body_bytes": body}))
        }
    })
}

/// Ends the connection without an answer.
#[derive(Debug)]
struct HangUp;

impl std::fmt::Display for HangUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hanging up on purpose")
    }
}

impl std::error::Error for HangUp {}

fn reply(value: &Value) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(value.to_string())).boxed_unsync());
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

fn seen_head(head: &Head) -> Value {
    let headers: Vec<Value> = head
        .headers
        .iter()
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
        .collect();
    json!({"method": head.method, "target": head.target, "headers": headers})
}

/// Counts the end of what it belongs to.
struct Ended(Arc<State>, fn(&Seen) -> &AtomicU64);

impl Drop for Ended {
    fn drop(&mut self) {
        (self.1)(&self.0.seen).fetch_add(1, Ordering::SeqCst);
    }
}

fn endless(state: &Arc<State>) -> Response<Body> {
    let ended = Ended(state.clone(), |seen| &seen.streams_ended);
    let pieces = stream::unfold((tokio::time::interval(PIECE_EVERY), ended), async |(mut clock, ended)| {
        clock.tick().await;
        Some((Ok(Frame::data(Bytes::from_static(b"piece\n"))), (clock, ended)))
    });
    Response::new(StreamBody::new(pieces).boxed_unsync())
}

fn trailers() -> Response<Body> {
    let mut fields = HeaderMap::new();
    fields.insert("x-sum", header::HeaderValue::from_static("42"));
    let frames = [Ok(Frame::data(Bytes::from_static(b"body"))), Ok(Frame::trailers(fields))];
    let mut response = Response::new(StreamBody::new(stream::iter(frames)).boxed_unsync());
    response.headers_mut().insert(header::TRAILER, header::HeaderValue::from_static("x-sum"));
    response
}

fn socket(mut request: Request<Incoming>, state: &Arc<State>) -> Response<Body> {
    let Some(key) = request.headers().get("sec-websocket-key").map(|key| derive_accept_key(key.as_bytes())) else {
        let mut response = reply(&json!({"socket": false}));
        *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
        return response;
    };
    let ended = Ended(state.clone(), |seen| &seen.sockets_ended);
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let _ended = ended;
        let Ok(upgraded) = upgrade.await else { return };
        let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        while let Some(Ok(message)) = socket.next().await {
            if (message.is_text() || message.is_binary()) && socket.send(message).await.is_err() {
                return;
            }
        }
    });
    let mut response = reply(&Value::Null);
    *response.body_mut() = Full::new(Bytes::new()).boxed_unsync();
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    headers.insert(header::CONNECTION, header::HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, header::HeaderValue::from_static("websocket"));
    headers.insert("sec-websocket-accept", key.parse().must("send the accept key"));
    response
}
