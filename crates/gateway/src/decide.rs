//! Decide: from the facts of a request to an authorised one, without yielding.
//!
//! Owns:  the order of admission's stages, the look-up between them, and the ticket.
//! Never: awaits: a revocation that falls in between would be missed (see `inflight`).
//! Read:  `decide`.

use crate::{
    core::Core,
    cors::Page,
    exchange::Story,
    facts::Facts,
    inflight::{Hold, Holder, Ticket},
    signer::{Subject, Token},
    snapshot::Live,
};
use admission::{Asked, Authorized, Permit, Settlement};
use http::HeaderMap;
use model::{CompanyMode, CompanyRestriction, Denial, Operation, Timestamp, operation::ServedBy};
use std::{cell::Cell, net::IpAddr, rc::Rc, sync::Arc};

/// A request that may be settled.
pub(crate) struct Admitted {
    pub(crate) passage: Passage,
    pub(crate) ticket: Ticket,
    pub(crate) subject: Subject,
    pub(crate) token: Option<Arc<Token>>,
}

/// How far the request has come.
pub(crate) enum Passage {
    /// Without a key: limits and idempotency records are of keys, so that nothing is left to settle.
    Public(Permit),
    /// A key's; limits and the idempotency record are still to be settled.
    Key(Authorized),
}

/// How far the facts lead.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once; a box would be an allocation per request")]
pub(crate) enum Decided {
    /// It may be settled.
    Admitted(Admitted),
    /// A company-restricted key: what the request names has to be found out first, under this ticket.
    Inspect(Arc<Live>, Ticket),
}

/// Facts to an authorised request: the stages of `admission`, the look-up between them, and the ticket, without yielding,
/// so that no revocation can fall between the look-up and the ticket (see `inflight`).
pub(crate) fn decide(
    core: &Core,
    stuck: Rc<Cell<bool>>,
    facts: &Facts<'_>,
    headers: &HeaderMap,
    asked: Option<Asked<'_>>,
    now: Timestamp,
    story: &mut Story,
) -> Result<Decided, Denial> {
    let judged = Facts::judged(facts.operation, headers, story.address);
    let judged = admission::Facts { companies: asked.unwrap_or_default(), ..judged };
    story.told.note_origin(judged.origin);
    // The index of pages costs more than all checks together, and only these two ask it.
    let before_key = || Page::before_key(core, &judged, now);
    if let Some(permit) = admission::public(&judged) {
        story.page = before_key();
        let environment = permit.environment();
        story.environment = Some(environment);
        let subject = Subject::Public(environment);
        let token = core.signer.at_hand(&subject, now);
        let ticket = core.inflight.enter(None, stuck);
        return Ok(Decided::Admitted(Admitted { passage: Passage::Public(permit), ticket, subject, token }));
    }
    let policy = &core.shared.policy;
    let presented = admission::present(&judged, policy).inspect_err(|_| story.page = before_key())?;
    let live = core.shared.snapshot.find(presented.hash());
    if let Some(live) = &live {
        story.caller = Some((live.entry.record.key, live.entry.record.account));
        story.environment = Some(live.entry.environment);
        story.told.secret = Some(store::SecretTag::of(&live.entry.hash));
    }
    let freshness = core.shared.snapshot.freshness();
    let entry = live.as_ref().map(|live| &live.entry);
    let identified = presented.identify(entry, freshness, now).inspect_err(|_| story.page = before_key())?;
    story.page = Page::of_key(&identified.entry().record, judged.origin, policy);
    let inspects = asked.is_none() && identified.inspects(&judged, policy)?;
    let authorized = if inspects { None } else { Some(identified.authorize(&judged, policy)?) };
    // `identify` says no without a record, so there is one here.
    let live = live.ok_or(Denial::CredentialUnknown)?;
    let hold = Hold {
        holder: Holder::Key(live.entry.record.key),
        hash: live.entry.hash,
        secret_ends: live.entry.ends_at.unwrap_or(Timestamp::MAX),
        key_ends: live.entry.record.expires_at.unwrap_or(Timestamp::MAX),
    };
    let ticket = core.inflight.enter(Some(hold), stuck);
    let Some(authorized) = authorized else { return Ok(Decided::Inspect(live, ticket)) };
    let subject = match authorized.permit().served_by() {
        ServedBy::Upstream => Subject::Key(live),
        ServedBy::SubKeys => Subject::Manager(live),
    };
    let token = core.signer.at_hand(&subject, now);
    Ok(Decided::Admitted(Admitted { passage: Passage::Key(authorized), ticket, subject, token }))
}

/// The permit of a look-up that the gateway makes for a request (D17): as if its caller had asked. What a caller may not read
/// by itself it cannot read through a retry either.
pub(crate) fn lookup(
    core: &Core,
    reads: &Operation,
    (headers, address): (&HeaderMap, IpAddr),
    now: Timestamp,
) -> Result<Permit, Denial> {
    let judged = Facts::judged(Some(reads), headers, Some(address));
    let presented = admission::present(&judged, &core.shared.policy)?;
    let live = core.shared.snapshot.find(presented.hash());
    let identified = presented.identify(live.as_ref().map(|l| &l.entry), core.shared.snapshot.freshness(), now)?;
    let record = &identified.entry().record;
    // No name of a company is read here, neither of the question nor of its answer: then the upstream has to filter.
    let filtered = matches!(reads.company, CompanyMode::Context | CompanyMode::Neutral);
    if !filtered && !matches!(record.companies, CompanyRestriction::All) {
        return Err(Denial::CompanyNotAllowed);
    }
    let settled = identified.authorize(&judged, &core.shared.policy)?.settle(Settlement::default())?;
    settled.permit().ok_or(Denial::OperationUnknown)
}

/// A key that is shown over plain HTTP is on record as exposed (D21). Nothing else is done with it.
pub(crate) fn note_exposed(core: &Core, headers: &HeaderMap, now: Timestamp, story: &mut Story) {
    let judged = Facts::judged(None, headers, story.address);
    let Ok(presented) = admission::present(&judged, &core.shared.policy) else { return };
    let Some(live) = core.shared.snapshot.find(presented.hash()) else { return };
    if presented.identify(Some(&live.entry), core.shared.snapshot.freshness(), now).is_ok() {
        story.caller = Some((live.entry.record.key, live.entry.record.account));
        story.environment = Some(live.entry.environment);
        story.told.secret = Some(store::SecretTag::of(&live.entry.hash));
        tracing::warn!(key_id = %live.entry.record.key, "a valid key was sent over plain HTTP: rotate it");
    }
}
