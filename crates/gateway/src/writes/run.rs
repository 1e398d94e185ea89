//! Run: the exchange of a claimed write. Once begun it goes to its end, whoever still waits for it (D40).
//!
//! Owns:  the task that carries a write out, its lease, what each ending means for the record.
//! Never: hands out the end of an answer before its record is durable; repeats a write.
//! Read:  `forward` (the caller's side), then `run`, `carry` and `record`.

use crate::{
    body::{BodyError, RequestBody, ResponseBody},
    companies::Held,
    core::{Connection, Core},
    facts,
    fault::{Fault, Refusal},
    forward::{Outgoing, fault, introduction, until_cut},
    inflight::Ticket,
    signer::Token,
    writes::{
        Write,
        feed::Feed,
        fingerprint::{Fingerprinted, Seen},
        relay::{FRAMES_MAX, Piece, Relay},
        stored::Stored,
    },
};
use admission::Permit;
use bytes::Bytes;
use egress::{Answer, Fate, HostField, RequestHead, UpstreamBody};
use http::{HeaderValue, Request, Response, request::Parts, response};
use http_body::{Body, Frame, SizeHint};
use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};
use store::{Done, Hold, StoreError};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval_at},
};

/// How often within a lease it is renewed: two may be lost.
const RENEWALS: u32 = 3;

/// Everything that a write needs to go on alone.
struct Job {
    core: Rc<Core>,
    connection: Rc<Connection>,
    permit: Permit,
    parts: Parts,
    target: Bytes,
    trailers: bool,
    token: Arc<Token>,
    id: HeaderValue,
    /// What the companies of the key ask for.
    held: Held,
    body: WriteBody,
    head: [u8; 32],
    /// Statuses that say that nothing was done (D40).
    not_executed: Box<[u16]>,
    failed: Rc<Cell<Option<Fault>>>,
}

/// The head of an answer, or why there is none; then its pieces.
type Told = Result<(response::Parts, Option<(mpsc::Receiver<Piece>, Option<u64>)>), Refusal>;

/// Carries a write out and passes its answer back. Revoked while waiting: 401, and the write goes on without its caller.
pub(crate) async fn forward(
    core: &Rc<Core>,
    connection: &Rc<Connection>,
    permit: Permit,
    ticket: Ticket,
    write: Write,
    outgoing: Outgoing<'_>,
) -> Result<Response<ResponseBody>, Refusal> {
    let Outgoing { parts, target, body, caller_side: _, trailers, token, id, held } = outgoing;
    let failed = Rc::new(Cell::new(None));
    let (body, lifeline) = match (write.body, body) {
        (Some(whole), _) => (WriteBody::Whole(whole), None),
        (None, Some(body)) => {
            let (feed, lifeline) = Feed::new(RequestBody::new(body, Rc::clone(core), Rc::clone(&failed)));
            (WriteBody::Stream(feed), Some(lifeline))
        }
        (None, None) => return Err(Fault::Internal.into()),
    };
    let catalogue = core.catalogue();
    let rules = catalogue.by_id(permit.operation()).map(|operation| operation.idempotency.not_executed.clone());
    let job = Job {
        core: Rc::clone(core),
        connection: Rc::clone(connection),
        permit,
        parts: std::mem::replace(parts, Request::new(()).into_parts().0),
        target,
        trailers,
        token,
        id: id.clone(),
        held,
        body,
        head: write.head,
        not_executed: rules.unwrap_or_default(),
        failed,
    };
    let (tell, told) = oneshot::channel();
    drop(tokio::task::spawn_local(run(job, write.hold, tell)));
    // A run that ends without a word has failed; its hold has said so.
    let (head, pieces) = until_cut(&ticket, told).await?.unwrap_or(Err(Fault::Internal.into()))?;
    let body = pieces.map_or(ResponseBody::Whole(None), |(pieces, left)| {
        ticket.stream();
        ResponseBody::Relayed(Box::new(Relay::new(pieces, left, ticket, lifeline)))
    });
    Ok(Response::from_parts(head, body))
}

/// Waits for work, and renews the lease meanwhile: a slow write never looks like a lost one.
pub(crate) async fn keeping<F: Future>(core: &Core, hold: &Hold, work: F) -> F::Output {
    let shared = &core.shared;
    let every = shared.idempotency.lease / RENEWALS;
    let mut tick = interval_at(Instant::now() + every, every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            output = &mut work => return output,
            _ = tick.tick() => hold.renew(shared.idempotency.lease_until((shared.clock)())),
        }
    }
}

/// How an exchange ended, and what of the answer the caller has not got yet.
enum Ending {
    /// The answer is whole.
    Answered { stored: Stored, rest: Rest },
    /// There is none, or not all of it.
    Failed { fate: Fate, rest: Rest },
}

/// What is handed out once the record is durable.
enum Rest {
    /// Everything, as nothing was said yet.
    Told(Box<Told>),
    /// The last piece, if any, behind the others.
    Piece(mpsc::Sender<Piece>, Option<Piece>),
}

async fn run(job: Job, mut hold: Hold, tell: oneshot::Sender<Told>) {
    let (core, not_executed, id) = (Rc::clone(&job.core), job.not_executed.clone(), job.id.clone());
    let _running = core.writes.begin();
    let seen = Rc::new(RefCell::new(Seen::new(&job.head)));
    let mut tell = Some(tell);
    hold.sent();
    let ending = keeping(&core, &hold, carry(job, Rc::clone(&seen), &mut tell)).await;
    let request = seen.borrow().request();
    let (recorded, rest) = record(&core, &not_executed, hold, request, ending).await;
    if let Err(error) = recorded {
        // The caller is told what happened all the same; a retry finds an unknown outcome, and nothing runs twice.
        tracing::error!(%error, request_id = ?id, "the outcome of a write could not be recorded");
    }
    match rest {
        Rest::Told(told) => {
            if let Some(tell) = tell {
                let _caller_is_gone = tell.send(*told);
            }
        }
        Rest::Piece(relay, Some(piece)) => {
            let _caller_is_gone = relay.send(piece).await;
        }
        Rest::Piece(_, None) => {}
    }
}

/// Sends the request and relays the answer, but for its end.
async fn carry(job: Job, seen: Rc<RefCell<Seen>>, tell: &mut Option<oneshot::Sender<Told>>) -> Ending {
    let Job { core, connection, permit, mut parts, target, trailers, token, id, mut held, body, failed, .. } = job;
    held.prepare(&mut parts.headers);
    let extra = introduction(&core, &connection, &parts, &id, held.narrowed.as_ref());
    let head = RequestHead {
        method: &parts.method,
        path_and_query: &target,
        headers: &parts.headers,
        prepared: Some(&token.fields),
        extra: &extra,
        host: HostField::Target,
        upgrade: None,
        trailers,
    };
    let Some(upstream) = core.upstream_of(&permit) else {
        let told = Err(Fault::Internal.into());
        return Ending::Failed { fate: Fate::NotSent, rest: Rest::Told(Box::new(told)) };
    };
    let answer = upstream.send(head, Fingerprinted::new(body, seen)).await;
    let response = match answer {
        Ok(Answer::Response(response)) => response,
        // Nobody asked for another protocol.
        Ok(Answer::Upgraded(..)) => {
            let told = Err(Fault::UpstreamBroken.into());
            return Ending::Failed { fate: Fate::Unknown, rest: Rest::Told(Box::new(told)) };
        }
        Err(error) => {
            let told = Err(failed.get().unwrap_or_else(|| fault(&error)).into());
            return Ending::Failed { fate: error.fate(), rest: Rest::Told(Box::new(told)) };
        }
    };
    if held.reads(&core, &response) {
        return held_whole(&core, &held, response, tell).await;
    }
    let (mut head, body) = response.into_parts();
    facts::strip_response(&mut head.headers, &core.shared.namespace);
    let stored = Stored::new(head.status, &head.headers, core.shared.idempotency.answer_max);
    if body.is_end_stream() {
        return Ending::Answered { stored, rest: Rest::Told(Box::new(Ok((head, None)))) };
    }
    let (relay, pieces) = mpsc::channel(FRAMES_MAX);
    let left = body.size_hint().exact();
    if let Some(tell) = tell.take() {
        let _caller_is_gone = tell.send(Ok((head, Some((pieces, left)))));
    }
    pass(&core, body, left, stored, relay).await
}

/// An answer that is read whole, held to the companies of its key or learned from, then handed out. One that must not be
/// handed out was given all the same, so what was done is not known to the key.
async fn held_whole(
    core: &Core,
    held: &Held,
    response: Response<UpstreamBody>,
    tell: &mut Option<oneshot::Sender<Told>>,
) -> Ending {
    let (head, body) = match held.hold(core, None, response).await {
        Ok(response) => response.into_parts(),
        Err(refusal) => return Ending::Failed { fate: Fate::Answered, rest: Rest::Told(Box::new(Err(refusal))) },
    };
    let mut stored = Stored::new(head.status, &head.headers, core.shared.idempotency.answer_max);
    let ResponseBody::Whole(Some(bytes)) = body else {
        return Ending::Answered { stored, rest: Rest::Told(Box::new(Ok((head, None)))) };
    };
    stored.data(&bytes);
    let (relay, pieces) = mpsc::channel(FRAMES_MAX);
    if let Some(tell) = tell.take() {
        let _caller_is_gone = tell.send(Ok((head, Some((pieces, Some(bytes.len() as u64))))));
    }
    Ending::Answered { stored, rest: Rest::Piece(relay, Some(Ok(Frame::data(bytes)))) }
}

/// Relays pieces until the one with which the caller would have the whole answer. Where the upstream said no length, the
/// answer is whole when it ends, so only the end is held back.
async fn pass(
    core: &Core,
    mut body: UpstreamBody,
    mut left: Option<u64>,
    mut stored: Stored,
    relay: mpsc::Sender<Piece>,
) -> Ending {
    loop {
        // Nobody waits for it, and nothing of it can be kept: that it was answered is all that there is to know.
        if relay.is_closed() && stored.is_too_large() {
            return Ending::Answered { stored, rest: Rest::Piece(relay, None) };
        }
        let mut frame = match std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            None => return Ending::Answered { stored, rest: Rest::Piece(relay, None) },
            Some(Err(error)) => {
                let piece = Some(Err(BodyError::Upstream(error)));
                return Ending::Failed { fate: Fate::Answered, rest: Rest::Piece(relay, piece) };
            }
            Some(Ok(frame)) => frame,
        };
        if let Some(trailers) = frame.trailers_mut() {
            facts::strip_response(trailers, &core.shared.namespace);
        }
        if let Some(data) = frame.data_ref() {
            stored.data(data);
            left = left.map(|left| left.saturating_sub(data.len() as u64));
        }
        if left == Some(0) || frame.is_trailers() {
            return Ending::Answered { stored, rest: Rest::Piece(relay, Some(Ok(frame))) };
        }
        // The caller may be gone; the write goes on.
        let _caller_is_gone = relay.send(Ok(frame)).await;
    }
}

/// Makes the outcome durable (D40): not sent, 429, or a status that says that nothing was done: released. Another 5xx, or
/// lost: unknown. Everything else is kept.
async fn record(
    core: &Core,
    not_executed: &[u16],
    hold: Hold,
    request: Option<store::Request>,
    ending: Ending,
) -> (Result<(), StoreError>, Rest) {
    let idempotency = &core.shared.idempotency;
    let expires_at = idempotency.expires_at((core.shared.clock)());
    match ending {
        Ending::Failed { fate: Fate::NotSent, rest } => (hold.release().await, rest),
        Ending::Failed { fate: Fate::Unknown | Fate::Answered, rest } => {
            (hold.unknown(request, expires_at).await, rest)
        }
        Ending::Answered { stored, rest } => {
            let status = stored.status();
            let recorded = if status == 429 || not_executed.contains(&status) {
                hold.release().await
            } else if status >= 500 {
                hold.unknown(request, expires_at).await
            } else {
                let answer = idempotency.sealer.seal(hold.id(), status, stored.to_bytes());
                hold.done(Done { request, status, answer, expires_at }).await
            };
            (recorded, rest)
        }
    }
}

/// The body of a write: the caller's as it comes, or one that was read before.
enum WriteBody {
    Stream(Feed),
    Whole(Bytes),
}

impl Body for WriteBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Piece>> {
        match &mut *self {
            Self::Stream(body) => Pin::new(body).poll_frame(context),
            Self::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Stream(body) => body.is_end_stream(),
            Self::Whole(bytes) => bytes.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Stream(body) => body.size_hint(),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
        }
    }
}
