//! One request from its facts to its answer (design section 4).
//!
//! Owns:  the order: facts, decision, settlement, token, forward, answer; the line in the log that every request gets.
//! Never: says yes; only a `Permit` from `admission` reaches `forward` (invariant 1).
//! Read:  `handle`, then `exchange`; then `decide` and `forward`, which have files of their own.

use crate::{
    body::ResponseBody,
    caller::CallerBody,
    caps,
    companies::{Inspected, Inspection, admit},
    core::{Connection, Core},
    cors::{self, Page},
    decide::{Admitted, Passage, note_exposed},
    facts::{self, Facts},
    fault::{Fault, Refusal},
    forward::{Outgoing, forward, until_cut},
    listen,
    rates::{Shown, Spent},
    record::Line,
    respond,
    signer::{Subject, Token},
    usage::Told,
    visit,
    writes::{self, Asked, Asking, Claim},
};
use admission::{Authorized, Reserved, Settled, Settlement};
use egress::Fields;
use http::{HeaderValue, Request, Response, request::Parts};
use http_body::Body as _;
use model::{AccountId, Denial, Environment, KeyId, RequestId, Timestamp};
use std::{future::Future, net::IpAddr, panic::AssertUnwindSafe, pin::pin, rc::Rc, sync::Arc, task::Poll};

/// Where the key set of the signed context is served, after the namespace.
const JWKS_PATH_END: &str = "/jwks.json";

/// What is known of a request so far.
#[derive(Default)]
pub(crate) struct Story {
    pub(crate) operation: Option<model::OperationId>,
    pub(crate) caller: Option<(KeyId, AccountId)>,
    /// Has the caller's ids as text already.
    pub(crate) token: Option<Arc<Token>>,
    pub(crate) environment: Option<Environment>,
    own: bool,
    /// The caller's, as trusted proxies tell it.
    pub(crate) address: Option<IpAddr>,
    /// What the page that it comes from may read of the answer.
    pub(crate) page: Page,
    /// How it stands with its limits.
    pub(crate) shown: Option<Shown>,
    /// The upstream's fields of the answer, when they are passed on as they came.
    pub(crate) fields: Fields,
    /// For the request log alone.
    pub(crate) told: Told,
}

impl Story {
    /// What a refused credential is answered with: the next one of an address that has had too many is braked.
    fn brake(&mut self, core: &Core, refusal: Refusal) -> Refusal {
        if refusal.answer().status != 401 {
            return refusal;
        }
        match core.shared.rates.failed(self.address) {
            None => refusal,
            braked @ Some(_) => {
                self.shown = braked;
                Denial::AddressBraked.into()
            }
        }
    }
}

/// A request that was taken in. Whatever becomes of it, even when its caller goes away and nothing is awaited any more,
/// its line is written when this is dropped.
struct Taken<'a> {
    core: &'a Core,
    at: Timestamp,
    request: RequestId,
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
            id: self.request,
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
            story: &self.story,
        });
    }
}

/// The answer to a request. Fields of the upstream that are not in the response's map are beside it, as they came: none
/// when hyper writes the answer.
pub(crate) struct Answer {
    pub(crate) response: Response<ResponseBody>,
    pub(crate) fields: Fields,
}

/// Answers one request; never fails, and a panic of ours becomes a 500.
pub(crate) async fn handle(core: Rc<Core>, connection: Rc<Connection>, request: Request<CallerBody>) -> Answer {
    let started = (core.shared.clock)();
    let connection = if connection.proxied {
        Rc::new(connection.of_request(request.headers(), &core.shared.proxies))
    } else {
        connection
    };
    let id = core.next_request_id(started);
    let id_value = respond::id_value(id);
    let head = request.method() == http::Method::HEAD;
    let method = model::HttpMethod::parse(request.method().as_str()).map_or("OTHER", model::HttpMethod::as_str);
    let gone = Fault::CallerGone;
    let mut taken = Taken {
        core: &core,
        at: started,
        request: id,
        id: &id_value,
        peer: &connection.peer_value,
        method,
        story: Story { address: Some(connection.address), ..Story::default() },
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
    let result = result.map_err(|refusal| taken.story.brake(&core, refusal));
    taken.refusal = result.as_ref().err().copied();
    let limit = core.shared.rates.exceeded(taken.story.shown.as_ref());
    let mut response = result.unwrap_or_else(|refusal| respond::refuse(refusal, &core.shared, id, limit.as_deref()));
    taken.story.told.limit = limit;
    taken.story.page.write(response.headers_mut(), &core.shared.cors);
    core.shared.rates.write(taken.story.shown.as_ref(), response.headers_mut());
    respond::finish(&mut response, &id_value, connection.secure, connection.refused);
    if head {
        respond::without_body(&mut response);
    }
    taken.status = response.status().as_u16();
    let fields = if taken.refusal.is_none() { std::mem::take(&mut taken.story.fields) } else { Fields::default() };
    Answer { response, fields }
}

async fn exchange(
    core: &Rc<Core>,
    connection: &Rc<Connection>,
    request: Request<CallerBody>,
    now: Timestamp,
    id: &HeaderValue,
    story: &mut Story,
) -> Result<Response<ResponseBody>, Refusal> {
    let (mut parts, body) = request.into_parts();
    let catalogue = core.catalogue();
    story.told.agent = core.recorder.agent(&parts.headers);
    if connection.refused {
        note_exposed(core, &parts.headers, now, story);
        return Err(Fault::HttpsRequired.into());
    }
    // HTTP/2 bounds the bytes of a head only.
    if parts.headers.len() > core.shared.limits.headers_max {
        return Err(Fault::TooManyHeaders.into());
    }
    let (Inspected { admitted, target, body, held }, asked, (reserved, spent)) = {
        let mut facts = Facts::read(&parts, &catalogue, core.shared.hosts.as_deref())?;
        facts.operation = facts.operation.filter(|operation| core.answers(operation));
        story.operation = facts.operation.map(|o| o.id.clone());
        if let Some(answer) = answered_here(core, &facts, &parts, now, story) {
            return Ok(answer?);
        }
        let stuck = listen::stream_cut().unwrap_or_else(|| Rc::clone(&connection.cut));
        let asked = Inspection { facts: &facts, parts: &parts, catalogue: &catalogue, connection, stuck, id };
        let inspected = judge(core, asked, body, now, story).await?;
        let reserved = reserve(core, facts.operation, &inspected.admitted, connection, (now, &mut *story)).await?;
        (inspected, writes::asked(&facts, &parts.headers), reserved)
    };
    if body.size_hint().lower() > core.shared.limits.body_max {
        return Err(Fault::BodyTooLarge.into());
    }
    let Admitted { passage, mut ticket, subject, token } = admitted;
    let token = match token {
        Some(token) => token,
        None => until_cut(&ticket, core.signer.fresh(subject)).await?.map_err(|_| Fault::Overloaded)?,
    };
    let mut body = Some(body);
    let (permit, write) = match passage {
        Passage::Public(_) if reserved != Reserved::Within => return Err(Denial::LimitExceeded.into()),
        Passage::Public(permit) => (permit, None),
        Passage::Key(authorized) => {
            let asking =
                Asking { core, connection, ticket: &ticket, parts: &parts, target: &target, token: &token, id };
            let (settled, claim) = settle(asking, authorized, reserved, asked, &mut body).await?;
            match settled {
                Settled::Forward(permit) => (permit, claim.write),
                Settled::Replay => {
                    // A replay counts as a request (D39).
                    drop(spent.and_then(Spent::keep));
                    return Ok(claim.replay.ok_or(Fault::Internal)?.respond(&core.shared, id));
                }
            }
        }
    };
    ticket.hold(spent.and_then(Spent::keep));
    let websocket = facts::wants_websocket(&parts);
    let trailers = facts::takes_trailers(&parts);
    let caller_side = websocket.then(|| parts.extensions.remove::<hyper::upgrade::OnUpgrade>()).flatten();
    story.token = Some(Arc::clone(&token));
    facts::strip_request(&mut parts.headers, &core.shared.namespace);
    facts::strip_hidden(&mut parts.headers, held.hidden.as_ref());
    let outgoing = Outgoing { parts: &mut parts, target, body, caller_side, trailers, token, id, held };
    match write {
        Some(write) => Box::pin(writes::forward(core, connection, permit, ticket, *write, outgoing)).await,
        None => forward(core, connection, permit, ticket, outgoing, &mut story.fields).await,
    }
}

/// What the gateway answers itself, without a key: its documents and preflights.
fn answered_here(
    core: &Core,
    facts: &Facts<'_>,
    parts: &Parts,
    now: Timestamp,
    story: &mut Story,
) -> Option<Result<Response<ResponseBody>, Fault>> {
    if let Some(answer) = own_document(core, facts) {
        story.own = true;
        return Some(Ok(answer));
    }
    cors::is_preflight(parts).then(|| cors::preflight(core, facts, parts, now))
}

/// Reserves what the request spends of its limits, before anything is claimed for it (D39).
async fn reserve(
    core: &Rc<Core>,
    operation: Option<&model::Operation>,
    admitted: &Admitted,
    connection: &Connection,
    (now, story): (Timestamp, &mut Story),
) -> Result<(Reserved, Option<Spent>), Refusal> {
    let (reserved, mut spent, shown) = core.shared.rates.reserve(core, operation, admitted, connection.address)?;
    story.shown = shown;
    let (Reserved::Within, Some(channel), Subject::Key(live)) =
        (reserved, operation.and_then(|o| o.channel.as_ref()), &admitted.subject)
    else {
        return Ok((reserved, spent));
    };
    // Boxed: few operations have a channel. It may wait for a block of the day's cap (R80).
    let entry = &live.entry;
    let taken = caps::take(core, &admitted.ticket, entry.record.key, entry.environment, channel, now);
    match Box::pin(taken).await? {
        caps::Taken::Free => Ok((reserved, spent)),
        caps::Taken::One(one) => {
            spent.get_or_insert_with(|| Spent::of_cap(core)).hold(one);
            Ok((reserved, spent))
        }
        caps::Taken::Exceeded { retry_after } => {
            story.shown = Some(Shown::capped(retry_after));
            Ok((Reserved::DailyCapExceeded, None))
        }
    }
}

/// The last stage of admission for a key's request: the record of a write is claimed, and all is held together (D39).
async fn settle(
    asking: Asking<'_>,
    authorized: Authorized,
    limits: Reserved,
    asked: Asked,
    body: &mut Option<CallerBody>,
) -> Result<(Settled, Claim), Refusal> {
    let claim = match asked {
        // What is over its limit claims nothing.
        _ if limits != Reserved::Within => Claim::default(),
        Asked::No => Claim::default(),
        // Boxed: a request without the header shall not make room for it.
        asked @ (Asked::Missing | Asked::Malformed | Asked::Key(_)) => {
            Box::pin(asking.claim(authorized.permit(), asked, body)).await?
        }
    };
    let settled = authorized.settle(Settlement { limits, write: claim.said })?;
    Ok((settled, claim))
}

/// Decides: by what a caller without a key proves, or by the key.
async fn judge(
    core: &Rc<Core>,
    asked: Inspection<'_>,
    body: CallerBody,
    now: Timestamp,
    story: &mut Story,
) -> Result<Inspected, Refusal> {
    if visit::is_for_visitors(asked.facts) {
        return Box::pin(visit::admit(core, asked, body, story)).await;
    }
    admit(core, asked, body, now, story).await
}

/// Documents that the gateway serves itself, without a key.
fn own_document(core: &Core, facts: &Facts<'_>) -> Option<Response<ResponseBody>> {
    let rest = facts.path.strip_prefix(b"/.well-known/")?;
    let rest = rest.strip_prefix(core.shared.namespace.as_bytes())?;
    (rest == JWKS_PATH_END.as_bytes() && facts.method.is_some_and(model::HttpMethod::is_safe))
        .then(|| respond::document(core.shared.jwks.clone(), "application/jwk-set+json", "public, max-age=60"))
}

impl Core {
    /// A new request id: unique by the core's random start and a count.
    pub(crate) fn next_request_id(&self, now: Timestamp) -> RequestId {
        RequestId::new(now, self.ids.next())
    }
}
