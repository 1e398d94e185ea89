//! Claim: what becomes of a write's record before the write is settled (D16, D39).
//!
//! Owns:  the claim, the comparison of a retry with the first request, taking over what is unknown.
//! Never: forwards a write; what it asks the upstream only reads.
//! Read:  `Asking::claim`.

use crate::caller::CallerBody;
use crate::{
    body::RequestBody,
    core::{Connection, Core},
    fault::{Fault, Refusal},
    forward::until_cut,
    inflight::Ticket,
    signer::Token,
    writes::{
        Asked, fingerprint,
        fingerprint::Seen,
        recovery::{self, Lookup, Made},
        run::keeping,
        stored::{Replay, Stored},
        write_id,
    },
};
use admission::{Caller, Claimed, Permit};
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, request::Parts};
use http_body::Body;
use model::Timestamp;
use std::{cell::Cell, pin::Pin, rc::Rc, sync::Arc};
use store::{Done, Earlier, Found, Hold, NewWrite, Request, WriteOutcome as Outcome};

/// Bytes of a retry's body that are held while the outcome of the first request is looked up.
const RETRY_MAX: u64 = 8 * 1024 * 1024;

/// A request that asks for its write to be carried out once.
pub(crate) struct Asking<'a> {
    pub(crate) core: &'a Rc<Core>,
    pub(crate) connection: &'a Connection,
    pub(crate) ticket: &'a Ticket,
    pub(crate) parts: &'a Parts,
    pub(crate) target: &'a Bytes,
    pub(crate) token: &'a Arc<Token>,
    pub(crate) id: &'a HeaderValue,
}

/// What became of its record.
#[derive(Default)]
pub(crate) struct Claim {
    /// What admission is told.
    pub(crate) said: Claimed,
    /// With `First`: the write.
    pub(crate) write: Option<Box<Write>>,
    /// With `Replay`: the answer.
    pub(crate) replay: Option<Box<Replay>>,
}

/// A write that is this request's to carry out.
pub(crate) struct Write {
    pub(crate) hold: Hold,
    pub(crate) head: [u8; 32],
    /// The body, when the look-up needed it before.
    pub(crate) body: Option<Bytes>,
}

impl From<Claimed> for Claim {
    fn from(said: Claimed) -> Self {
        Self { said, ..Self::default() }
    }
}

impl Asking<'_> {
    /// Claims the record, durably; or compares the request with the one that has it. A retry's body is read here.
    pub(crate) async fn claim(
        &self,
        permit: &Permit,
        asked: Asked,
        body: &mut Option<CallerBody>,
    ) -> Result<Claim, Refusal> {
        let key = match asked {
            Asked::No => return Ok(Claim::default()),
            Asked::Missing => return Ok(Claimed::KeyMissing.into()),
            Asked::Malformed => return Ok(Claimed::KeyMalformed.into()),
            Asked::Key(key) => key,
        };
        let caller = permit.caller();
        let id = write_id(&caller, permit.operation(), &key).ok_or(Fault::Internal)?;
        let Caller::Key { account, .. } = caller else { return Err(Fault::Internal.into()) };
        let head = fingerprint::head(self.parts, self.target);
        let (idempotency, now) = (&self.core.shared.idempotency, self.now());
        let (lease_until, expires_at) = (idempotency.lease_until(now), idempotency.expires_at(now));
        let write = NewWrite { id, account, head, now, lease_until, expires_at };
        let found = until_cut(self.ticket, idempotency.writes.claim(write)).await?;
        match found.map_err(|_logged| Fault::RecordsUnavailable)? {
            Found::Nothing(hold) => {
                let write = Some(Box::new(Write { hold, head, body: None }));
                Ok(Claim { said: Claimed::First, write, replay: None })
            }
            Found::Full => Err(Fault::RecordsUnavailable.into()),
            Found::Earlier(earlier) if earlier.head != head => Ok(Claimed::Reused.into()),
            Found::Earlier(earlier) => self.retry(permit, earlier, body).await,
        }
    }

    fn now(&self) -> Timestamp {
        (self.core.shared.clock)()
    }

    /// A request whose head is that of an earlier one.
    async fn retry(
        &self,
        permit: &Permit,
        mut earlier: Earlier,
        body: &mut Option<CallerBody>,
    ) -> Result<Claim, Refusal> {
        match std::mem::replace(&mut earlier.state, Outcome::InFlight) {
            Outcome::InFlight => Ok(Claimed::InProgress.into()),
            Outcome::Done { status, answer } => {
                if let Some(first) = earlier.request
                    && self.read(earlier.head, body, first.bytes, false).await?.request != Some(first)
                {
                    return Ok(Claimed::Reused.into());
                }
                let sealer = &self.core.shared.idempotency.sealer;
                let opened = answer.and_then(|sealed| sealer.open(earlier.id, status, sealed));
                let replay = Some(Box::new(Replay::new(status, opened.as_deref())));
                Ok(Claim { said: Claimed::Replay, write: None, replay })
            }
            Outcome::Unknown => self.unknown(permit, &earlier, body).await,
        }
    }

    /// Nobody knows what became of the first request: the operation may say how to find out (D17).
    async fn unknown(
        &self,
        permit: &Permit,
        earlier: &Earlier,
        body: &mut Option<CallerBody>,
    ) -> Result<Claim, Refusal> {
        let max = earlier.request.map_or(RETRY_MAX, |first| first.bytes);
        let read = self.read(earlier.head, body, max, max <= RETRY_MAX).await?;
        if earlier.request.is_some_and(|first| read.request != Some(first)) {
            return Ok(Claimed::Reused.into());
        }
        let catalogue = self.core.catalogue();
        let lookup = catalogue.by_id(permit.operation()).and_then(|operation| Lookup::of(operation, &catalogue));
        let (Some(lookup), Some(whole)) = (lookup, read.whole) else { return Ok(Claimed::OutcomeUnknown.into()) };
        let idempotency = &self.core.shared.idempotency;
        let take = idempotency.writes.take(earlier, idempotency.lease_until(self.now()));
        let taken = until_cut(self.ticket, take).await?.map_err(|_logged| Fault::RecordsUnavailable)?;
        // Another retry looks already.
        let Some(hold) = taken else { return Ok(Claimed::InProgress.into()) };
        let asking = recovery::ask(self, &lookup, &whole);
        let made = until_cut(self.ticket, keeping(self.core, &hold, asking)).await?;
        let expires_at = idempotency.expires_at(self.now());
        match made {
            Made::Yes(stored) => self.found(hold, &stored, read.request, expires_at).await,
            Made::No => {
                let write = Some(Box::new(Write { hold, head: earlier.head, body: Some(whole) }));
                Ok(Claim { said: Claimed::First, write, replay: None })
            }
            Made::Unclear => {
                hold.unknown(read.request, expires_at).await.map_err(|_logged| Fault::RecordsUnavailable)?;
                Ok(Claimed::OutcomeUnknown.into())
            }
        }
    }

    /// What the look-up found is the write's answer from here on.
    async fn found(
        &self,
        hold: Hold,
        stored: &Stored,
        request: Option<Request>,
        expires_at: Timestamp,
    ) -> Result<Claim, Refusal> {
        let (status, bytes) = (stored.status(), stored.to_bytes());
        let answer = self.core.shared.idempotency.sealer.seal(hold.id(), status, bytes.clone());
        let done = Done { request, status, answer, expires_at };
        hold.done(done).await.map_err(|_logged| Fault::RecordsUnavailable)?;
        Ok(Claim { said: Claimed::Replay, write: None, replay: Some(Box::new(Replay::new(status, Some(&bytes)))) })
    }

    /// Reads a retry's body: its fingerprint, and with `keep` the body itself. No more than one byte beyond `max` counts:
    /// what is longer is another request.
    async fn read(&self, head: [u8; 32], body: &mut Option<CallerBody>, max: u64, keep: bool) -> Result<Read, Refusal> {
        let failed = Rc::new(Cell::new(None));
        let body = body.take().ok_or(Fault::Internal)?;
        let mut body = RequestBody::new(body, Rc::clone(self.core), Rc::clone(&failed));
        let mut seen = Seen::new(&head);
        if body.size_hint().lower() > max {
            return Ok(Read::default());
        }
        let mut whole = BytesMut::new();
        loop {
            let next = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context));
            let Some(frame) = until_cut(self.ticket, next).await? else { break };
            let frame = frame.map_err(|_| failed.get().unwrap_or(Fault::BodyBroken))?;
            let Ok(data) = frame.into_data() else { continue };
            seen.data(&data);
            if seen.bytes() > max {
                return Ok(Read::default());
            }
            if keep {
                whole.extend_from_slice(&data);
            }
        }
        seen.end();
        Ok(Read { request: seen.request(), whole: keep.then(|| whole.freeze()) })
    }
}

/// A retry's body.
#[derive(Default)]
struct Read {
    /// None when it was longer than it may be.
    request: Option<Request>,
    whole: Option<Bytes>,
}
