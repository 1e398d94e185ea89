//! One request from its facts to its answer (design section 4).
//!
//! Owns:  the order: facts, decision, ticket, token, forward, answer; and what a cut or a failure becomes.
//! Never: says yes; only a `Permit` from `admission` reaches `forward` (invariant 1).
//! Read:  `handle`, then `decide`, then `forward`.

use crate::{
    body::{Held, RequestBody, ResponseBody},
    core::{Connection, Core},
    facts::{self, Facts},
    fault::{Fault, Refusal},
    inflight::{Hold, Ticket},
    listen,
    record::Line,
    respond,
    signer::{Subject, Token},
    upgrade,
};
use admission::Permit;
use bytes::Bytes;
use egress::{Answer, Fate, HostField, RequestHead, UpstreamError, Wait};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header, request::Parts};
use hyper::body::{Body as _, Incoming};
use model::{AccountId, Denial, Environment, KeyId, RequestId, Timestamp};
use std::{cell::Cell, future::Future, panic::AssertUnwindSafe, pin::pin, rc::Rc, sync::Arc, task::Poll};

/// Where the key set of the signed context is served, after the namespace.
const JWKS_PATH_END: &str = "/jwks.json";

/// What is known of a request so far.
#[derive(Default)]
struct Story {
    operation: Option<model::OperationId>,
    caller: Option<(KeyId, AccountId)>,
    /// Has the caller's ids as text already.
    token: Option<Arc<Token>>,
    environment: Option<Environment>,
    own: bool,
}

/// A request that was taken in. Whatever becomes of it, even when its caller goes away and nothing is awaited any more,
/// its line is written when this is dropped.
struct Taken<'a> {
    core: &'a Core,
    at: Timestamp,
    id: &'a HeaderValue,
    peer: &'a HeaderValue,
    method: &'static str,
    story: Story,
    status: u16,
    refusal: Option<Refusal>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let spelt =
            self.story.caller.filter(|_| self.story.token.is_none()).map(|(k, a)| (k.to_string(), a.to_string()));
        let known = self.story.token.as_ref().and_then(|t| t.caller.as_ref()).map(|c| (&*c.key, &*c.account));
        self.core.recorder.record(&Line {
            at: self.at,
            request: self.id.to_str().unwrap_or_default(),
            peer: self.peer.to_str().unwrap_or_default(),
            method: self.method,
            operation: self.story.operation.as_ref().map(model::OperationId::as_str),
            caller: known.or_else(|| spelt.as_ref().map(|(k, a)| (&**k, &**a))),
            environment: self.story.environment,
            status: self.status,
            refusal: self.refusal,
            own: self.story.own,
            micros: (self.core.shared.clock)().micros_since(self.at),
        });
    }
}

/// Answers one request; never fails, and a panic of ours becomes a 500.
pub(crate) async fn handle(
    core: Rc<Core>,
    connection: Rc<Connection>,
    request: Request<Incoming>,
) -> Response<ResponseBody> {
    let started = (core.shared.clock)();
    let id = core.next_request_id(started);
    let id_value = respond::id_value(id);
    let head = request.method() == http::Method::HEAD;
    let method = model::HttpMethod::parse(request.method().as_str()).map_or("OTHER", model::HttpMethod::as_str);
    let gone = Fault::CallerGone;
    let mut taken = Taken {
        core: &core,
        at: started,
        id: &id_value,
        peer: &connection.peer_value,
        method,
        story: Story::default(),
        status: gone.answer().status,
        refusal: Some(gone.into()),
    };
    let result = {
        let mut work = pin!(exchange(&core, &connection, request, started, &id_value, &mut taken.story));
        std::future::poll_fn(|context| {
            std::panic::catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)))
                .unwrap_or(Poll::Ready(Err(Fault::Internal.into())))
        })
        .await
    };
    taken.refusal = result.as_ref().err().copied();
    let mut response = result.unwrap_or_else(|refusal| respond::refuse(refusal, &core.shared.problems, id));
    respond::finish(&mut response, &id_value, connection.secure, connection.refused);
    if head {
        respond::without_body(&mut response);
    }
    taken.status = response.status().as_u16();
    response
}

/// A request that may be passed on.
struct Admitted {
    permit: Permit,
    ticket: Ticket,
    subject: Subject,
    token: Option<Arc<Token>>,
}

async fn exchange(
    core: &Rc<Core>,
    connection: &Connection,
    request: Request<Incoming>,
    now: Timestamp,
    id: &HeaderValue,
    story: &mut Story,
) -> Result<Response<ResponseBody>, Refusal> {
    let (mut parts, body) = request.into_parts();
    let catalogue = core.catalogue();
    if connection.refused {
        note_exposed(core, &parts.headers, now, story);
        return Err(Fault::HttpsRequired.into());
    }
    // HTTP/2 bounds the bytes of a head only.
    if parts.headers.len() > core.shared.limits.headers_max {
        return Err(Fault::TooManyHeaders.into());
    }
    let (admitted, target) = {
        let facts = Facts::read(&parts, &catalogue, core.shared.hosts.as_deref())?;
        story.operation = facts.operation.map(|o| o.id.clone());
        if let Some(answer) = own_document(core, &facts) {
            story.own = true;
            return Ok(answer);
        }
        if is_preflight(&parts) {
            return Err(Fault::PreflightRefused.into());
        }
        let stuck = listen::stream_cut().unwrap_or_else(|| Rc::clone(&connection.cut));
        let admitted = decide(core, stuck, &facts, &parts.headers, now, story)?;
        (admitted, target(&facts, &parts))
    };
    if body.size_hint().lower() > core.shared.limits.body_max {
        return Err(Fault::BodyTooLarge.into());
    }
    let Admitted { permit, ticket, subject, token } = admitted;
    let token = match token {
        Some(token) => token,
        None => until_cut(&ticket, core.signer.fresh(subject)).await?.map_err(|_| Fault::Overloaded)?,
    };
    let websocket = facts::wants_websocket(&parts);
    let trailers = facts::takes_trailers(&parts);
    let caller_side = websocket.then(|| parts.extensions.remove::<hyper::upgrade::OnUpgrade>()).flatten();
    story.token = Some(Arc::clone(&token));
    facts::strip_request(&mut parts.headers, &core.shared.namespace);
    let outgoing = Outgoing { parts, target, body: Some(body), caller_side, trailers, token, id };
    forward(core, connection, permit, ticket, outgoing).await
}

/// Facts to `Permit`: the stages of `admission`, the look-up between them, and the ticket, without yielding, so that no
/// revocation can fall between the look-up and the ticket (see `inflight`).
fn decide(
    core: &Core,
    stuck: Rc<Cell<bool>>,
    facts: &Facts<'_>,
    headers: &HeaderMap,
    now: Timestamp,
    story: &mut Story,
) -> Result<Admitted, Denial> {
    let judged = Facts::judged(facts.operation, headers);
    if let Some(permit) = admission::public(&judged) {
        let environment = permit.environment();
        story.environment = Some(environment);
        let subject = Subject::Public(environment);
        let token = core.signer.at_hand(&subject, now);
        return Ok(Admitted { permit, ticket: core.inflight.enter(None, stuck), subject, token });
    }
    let policy = &core.shared.policy;
    let presented = admission::present(&judged, policy)?;
    let live = core.shared.snapshot.find(presented.hash());
    if let Some(live) = &live {
        story.caller = Some((live.entry.record.key, live.entry.record.account));
        story.environment = Some(live.entry.environment);
    }
    let freshness = core.shared.snapshot.freshness();
    let identified = presented.identify(live.as_ref().map(|l| &l.entry), freshness, now)?;
    let permit = identified.authorize(&judged, policy)?.settle()?;
    // `identify` says no without a record, so there is one here.
    let live = live.ok_or(Denial::CredentialUnknown)?;
    let hold = Hold {
        key: live.entry.record.key,
        hash: live.entry.hash,
        secret_ends: live.entry.ends_at.unwrap_or(Timestamp::MAX),
        key_ends: live.entry.record.expires_at.unwrap_or(Timestamp::MAX),
    };
    let ticket = core.inflight.enter(Some(hold), stuck);
    let subject = Subject::Key(live);
    let token = core.signer.at_hand(&subject, now);
    Ok(Admitted { permit, ticket, subject, token })
}

/// A key that is shown over plain HTTP is on record as exposed (D21). Nothing else is done with it.
fn note_exposed(core: &Core, headers: &HeaderMap, now: Timestamp, story: &mut Story) {
    let judged = Facts::judged(None, headers);
    let Ok(presented) = admission::present(&judged, &core.shared.policy) else { return };
    let Some(live) = core.shared.snapshot.find(presented.hash()) else { return };
    if presented.identify(Some(&live.entry), core.shared.snapshot.freshness(), now).is_ok() {
        story.caller = Some((live.entry.record.key, live.entry.record.account));
        tracing::warn!(key_id = %live.entry.record.key, "a valid key was sent over plain HTTP: rotate it");
    }
}

/// Documents that the gateway serves itself, without a key.
fn own_document(core: &Core, facts: &Facts<'_>) -> Option<Response<ResponseBody>> {
    let rest = facts.path.strip_prefix(b"/.well-known/")?;
    let rest = rest.strip_prefix(core.shared.namespace.as_bytes())?;
    (rest == JWKS_PATH_END.as_bytes() && facts.method.is_some_and(model::HttpMethod::is_safe))
        .then(|| respond::document(core.shared.jwks.clone(), "application/jwk-set+json", "public, max-age=60"))
}

fn is_preflight(parts: &Parts) -> bool {
    parts.method == http::Method::OPTIONS
        && parts.headers.contains_key(header::ORIGIN)
        && parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// What the upstream is asked for: exactly the path that was matched, and the query as it came.
fn target(facts: &Facts<'_>, parts: &Parts) -> Bytes {
    match parts.uri.query() {
        None => Bytes::copy_from_slice(&facts.path),
        Some(query) => [&*facts.path, b"?", query.as_bytes()].concat().into(),
    }
}

/// What the gateway says to the upstream about the request: the signed context, plain copies of it, and the way here.
fn introduction<'a>(
    core: &'a Core,
    connection: &'a Connection,
    outgoing: &'a Outgoing<'_>,
) -> Vec<(&'a HeaderName, &'a [u8])> {
    const SAID_MAX: usize = 9;
    let (names, token) = (&core.shared.names, &outgoing.token);
    let mut said: Vec<(&HeaderName, &[u8])> = Vec::with_capacity(SAID_MAX);
    said.push((&names.context, token.context.as_bytes()));
    said.push((&names.environment, token.environment.as_str().as_bytes()));
    if let Some(caller) = &token.caller {
        said.push((&names.key, caller.key.as_bytes()));
        said.push((&names.account, caller.account.as_bytes()));
        said.push((&names.kind, caller.kind.as_bytes()));
    }
    said.push((&names.request_id, outgoing.id.as_bytes()));
    said.push((&names.forwarded_for, connection.peer_value.as_bytes()));
    said.push((&names.forwarded_proto, if connection.secure { b"https" } else { b"http" }));
    let authority = outgoing.parts.uri.authority().map(|a| a.as_str().as_bytes());
    let host = authority.or_else(|| outgoing.parts.headers.get(header::HOST).map(HeaderValue::as_bytes));
    said.extend(host.map(|host| (&names.forwarded_host, host)));
    said
}

/// The rest of a request, ready to go out.
struct Outgoing<'a> {
    parts: Parts,
    target: Bytes,
    body: Option<Incoming>,
    caller_side: Option<hyper::upgrade::OnUpgrade>,
    trailers: bool,
    token: Arc<Token>,
    id: &'a HeaderValue,
}

/// Passes a permitted request on and its answer back. Revoked while waiting: 401 (D14).
async fn forward(
    core: &Rc<Core>,
    connection: &Connection,
    permit: Permit,
    ticket: Ticket,
    mut outgoing: Outgoing<'_>,
) -> Result<Response<ResponseBody>, Refusal> {
    let body_failed = Rc::new(Cell::new(None));
    let (caller_side, body) = (outgoing.caller_side.take(), outgoing.body.take().ok_or(Fault::Internal)?);
    let body = RequestBody::new(body, Rc::clone(core), Rc::clone(&body_failed));
    let extra = introduction(core, connection, &outgoing);
    let head = RequestHead {
        method: &outgoing.parts.method,
        path_and_query: &outgoing.target,
        headers: &outgoing.parts.headers,
        extra: &extra,
        host: HostField::Target,
        upgrade: caller_side.is_some().then_some(b"websocket"),
        trailers: outgoing.trailers,
    };
    let upstream = core.upstream(permit.environment());
    let answer = until_cut(&ticket, upstream.send(head, body)).await?;
    let answer = answer.map_err(|error| body_failed.get().unwrap_or_else(|| fault(&error)))?;
    match answer {
        Answer::Response(response) => {
            let (mut head, body) = response.into_parts();
            facts::strip_response(&mut head.headers, &core.shared.namespace);
            let body = if body.is_end_stream() {
                ResponseBody::Whole(None)
            } else {
                ticket.stream();
                ResponseBody::Held(Held { core: Rc::clone(core), body, ticket })
            };
            Ok(Response::from_parts(head, body))
        }
        Answer::Upgraded(response, upstream_side) => {
            let caller_side = caller_side.ok_or(Fault::UpstreamBroken)?;
            let response = upgrade::accept(response, &core.shared.namespace);
            upgrade::join(core, ticket, caller_side, upstream_side);
            Ok(response)
        }
    }
}

/// The work's result, or the denial of a request that is cut before.
async fn until_cut<F: Future>(ticket: &Ticket, work: F) -> Result<F::Output, Denial> {
    let mut work = pin!(work);
    std::future::poll_fn(|context| {
        if ticket.poll_cut(context).is_ready() {
            return Poll::Ready(Err(Denial::KeyRevoked));
        }
        work.as_mut().poll(context).map(Ok)
    })
    .await
}

fn fault(error: &UpstreamError) -> Fault {
    match error {
        UpstreamError::Busy | UpstreamError::Timeout { wait: Wait::Connection, .. } => Fault::Overloaded,
        UpstreamError::Timeout { wait: Wait::RequestBody, .. } => Fault::BodyTimeout,
        UpstreamError::Timeout { fate: Fate::NotSent, .. }
        | UpstreamError::Resolve(_)
        | UpstreamError::Connect(_)
        | UpstreamError::Tls(_) => Fault::UpstreamUnreachable,
        UpstreamError::Timeout { .. } => Fault::UpstreamTimeout,
        UpstreamError::RequestBody { .. } => Fault::BodyBroken,
        UpstreamError::Broken { .. } | UpstreamError::Protocol { .. } => Fault::UpstreamBroken,
        UpstreamError::Request(_) => Fault::Internal,
    }
}

impl Core {
    /// A new request id: unique by the core's random start and a count.
    pub(crate) fn next_request_id(&self, now: Timestamp) -> RequestId {
        RequestId::new(now, self.ids.next())
    }
}
