//! Forward: a permitted request on its way to the upstream, and its answer back.
//!
//! Owns:  what the upstream is told and asked; what a cut or a failure of the upstream becomes.
//! Never: goes without a `Permit` (invariant 1).
//! Read:  `forward`, then `introduction`.

use crate::{
    body::{Held, RequestBody, ResponseBody},
    caller::CallerBody,
    companies::Held as CompanyHeld,
    core::{Connection, Core},
    facts::{self, Facts},
    fault::{Fault, Refusal},
    inflight::Ticket,
    signer::Token,
    upgrade,
};
use admission::Permit;
use bytes::Bytes;
use egress::{AnswerHead, Fate, Fields, HostField, RawAnswer, RequestHead, UpstreamBody, UpstreamError, Wait};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, header, request::Parts};
use http_body::Body as _;
use model::Denial;
use std::{cell::Cell, future::Future, pin::pin, rc::Rc, sync::Arc, task::Poll};

/// Fields of the gateway's own in an answer, usually: growing a map costs more than room.
const OWN_USUAL: usize = 8;

/// What the upstream is asked for: exactly the path that was matched, and the query as it came.
pub(crate) fn target(facts: &Facts<'_>, parts: &Parts) -> Bytes {
    match parts.uri.query() {
        None => Bytes::copy_from_slice(&facts.path),
        Some(query) => [&*facts.path, b"?", query.as_bytes()].concat().into(),
    }
}

static HTTP: HeaderValue = HeaderValue::from_static("http");
static HTTPS: HeaderValue = HeaderValue::from_static("https");

/// What the gateway says to the upstream about this request beside the signed context: how it is narrowed, and the way here.
pub(crate) fn introduction<'a>(
    core: &'a Core,
    connection: &'a Connection,
    parts: &'a Parts,
    id: &'a HeaderValue,
    narrowed: Option<&'a HeaderValue>,
) -> Vec<(&'a HeaderName, &'a HeaderValue)> {
    const SAID_MAX: usize = 5;
    let names = &core.shared.names;
    let mut said = Vec::with_capacity(SAID_MAX);
    said.extend(narrowed.map(|ids| (&names.companies, ids)));
    said.push((&names.request_id, id));
    said.push((&names.forwarded_for, &connection.peer_value));
    said.push((&names.forwarded_proto, if connection.secure { &HTTPS } else { &HTTP }));
    // Whoever took the request in put an authority of its target there.
    said.extend(parts.headers.get(header::HOST).map(|host| (&names.forwarded_host, host)));
    said
}

/// The rest of a request, ready to go out.
pub(crate) struct Outgoing<'a> {
    pub(crate) parts: &'a mut Parts,
    pub(crate) target: Bytes,
    pub(crate) body: Option<CallerBody>,
    pub(crate) caller_side: Option<hyper::upgrade::OnUpgrade>,
    pub(crate) trailers: bool,
    pub(crate) token: Arc<Token>,
    pub(crate) id: &'a HeaderValue,
    /// What the companies of the key ask for, if it is restricted to some.
    pub(crate) held: CompanyHeld,
}

/// Passes a permitted request on and its answer back. Revoked while waiting: 401 (D14). The upstream's fields are handed
/// over in `fields`, as they came, when whoever writes the answer can take them so.
pub(crate) async fn forward(
    core: &Rc<Core>,
    connection: &Connection,
    permit: Permit,
    ticket: Ticket,
    mut outgoing: Outgoing<'_>,
    fields: &mut Fields,
) -> Result<Response<ResponseBody>, Refusal> {
    let body_failed = Rc::new(Cell::new(None));
    let (caller_side, body) = (outgoing.caller_side.take(), outgoing.body.take().ok_or(Fault::Internal)?);
    let plain = body.is_plain();
    let body = RequestBody::new(body, Rc::clone(core), Rc::clone(&body_failed));
    let guarded = outgoing.held.guard.is_some();
    outgoing.held.prepare(&mut outgoing.parts.headers);
    let Outgoing { parts, token, held, .. } = &outgoing;
    let extra = introduction(core, connection, parts, outgoing.id, held.narrowed.as_ref());
    let head = RequestHead {
        // Without its body an answer cannot be held to companies; whoever asked for the head alone gets the head alone.
        method: if guarded && parts.method == Method::HEAD { &Method::GET } else { &parts.method },
        path_and_query: &outgoing.target,
        headers: &parts.headers,
        prepared: Some(&token.fields),
        extra: &extra,
        host: HostField::Target,
        upgrade: caller_side.is_some().then_some(b"websocket"),
        trailers: outgoing.trailers,
    };
    let upstream = core.upstream_of(&permit).ok_or(Fault::Internal)?;
    let answer = until_cut(&ticket, upstream.send_raw(head, body)).await?;
    let answer = answer.map_err(|error| body_failed.get().unwrap_or_else(|| fault(&error)))?;
    match (answer, &held.guard) {
        (RawAnswer::Response(head, body), _) if held.may_read() => {
            let response = head.with(body);
            if held.reads(core, &response) {
                return held.hold(core, Some(&ticket), response).await;
            }
            Ok(mapped(core, response.map(|body| streamed(core, ticket, body))))
        }
        (RawAnswer::Upgraded(..), Some(_)) => Err(Fault::AnswerNotInspectable.into()),
        (RawAnswer::Response(head, body), _) if plain => Ok(beside(head, streamed(core, ticket, body), fields)),
        (RawAnswer::Response(head, body), _) => Ok(mapped(core, head.with(streamed(core, ticket, body)))),
        (RawAnswer::Upgraded(head, upstream_side), None) => {
            let caller_side = caller_side.ok_or(Fault::UpstreamBroken)?;
            let response = upgrade::accept(head.with(()), &core.shared.namespace);
            upgrade::join(core, ticket, caller_side, upstream_side);
            Ok(response)
        }
    }
}

/// The body of an answer that is passed on as it comes, for as long as its ticket is good.
fn streamed(core: &Rc<Core>, ticket: Ticket, body: UpstreamBody) -> ResponseBody {
    if body.is_end_stream() {
        return ResponseBody::Whole(None);
    }
    ticket.stream();
    ResponseBody::Held(Held { core: Rc::clone(core), body, ticket })
}

/// The answer with a map of the upstream's fields, less those that only the gateway may say.
fn mapped(core: &Core, mut response: Response<ResponseBody>) -> Response<ResponseBody> {
    facts::strip_response(response.headers_mut(), &core.shared.namespace);
    response
}

/// The answer with the upstream's fields beside it, and room for the gateway's own.
fn beside(head: AnswerHead, body: ResponseBody, fields: &mut Fields) -> Response<ResponseBody> {
    *fields = head.fields;
    let mut response = Response::new(body);
    *response.status_mut() = head.status;
    *response.headers_mut() = HeaderMap::with_capacity(OWN_USUAL);
    response
}

/// The work's result, or the denial of a request that is cut before.
pub(crate) async fn until_cut<F: Future>(ticket: &Ticket, work: F) -> Result<F::Output, Denial> {
    let mut work = pin!(work);
    std::future::poll_fn(|context| {
        if ticket.poll_cut(context).is_ready() {
            return Poll::Ready(Err(ticket.denial()));
        }
        work.as_mut().poll(context).map(Ok)
    })
    .await
}

pub(crate) fn fault(error: &UpstreamError) -> Fault {
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
