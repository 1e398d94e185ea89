//! Decide: from the facts of a request to an authorised one, without yielding.
//!
//! Owns:  the order of admission's stages, the look-up between them, and the ticket.
//! Never: awaits: a revocation that falls in between would be missed (see `inflight`).
//! Read:  `decide`.

use crate::{
    core::Core,
    exchange::Story,
    facts::Facts,
    inflight::{Hold, Holder, Ticket},
    signer::{Subject, Token},
    snapshot::Live,
};
use admission::{Asked, Authorized, Permit};
use http::HeaderMap;
use model::{Denial, Timestamp};
use std::{cell::Cell, rc::Rc, sync::Arc};

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
    let judged = Facts::judged(facts.operation, headers);
    let judged = admission::Facts { companies: asked.unwrap_or_default(), ..judged };
    story.told.note_origin(judged.origin);
    if let Some(permit) = admission::public(&judged) {
        let environment = permit.environment();
        story.environment = Some(environment);
        let subject = Subject::Public(environment);
        let token = core.signer.at_hand(&subject, now);
        let ticket = core.inflight.enter(None, stuck);
        return Ok(Decided::Admitted(Admitted { passage: Passage::Public(permit), ticket, subject, token }));
    }
    let policy = &core.shared.policy;
    let presented = admission::present(&judged, policy)?;
    let live = core.shared.snapshot.find(presented.hash());
    if let Some(live) = &live {
        story.caller = Some((live.entry.record.key, live.entry.record.account));
        story.environment = Some(live.entry.environment);
        story.told.secret = Some(store::SecretTag::of(&live.entry.hash));
    }
    let freshness = core.shared.snapshot.freshness();
    let identified = presented.identify(live.as_ref().map(|l| &l.entry), freshness, now)?;
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
    let subject = Subject::Key(live);
    let token = core.signer.at_hand(&subject, now);
    Ok(Decided::Admitted(Admitted { passage: Passage::Key(authorized), ticket, subject, token }))
}

/// A key that is shown over plain HTTP is on record as exposed (D21). Nothing else is done with it.
pub(crate) fn note_exposed(core: &Core, headers: &HeaderMap, now: Timestamp, story: &mut Story) {
    let judged = Facts::judged(None, headers);
    let Ok(presented) = admission::present(&judged, &core.shared.policy) else { return };
    let Some(live) = core.shared.snapshot.find(presented.hash()) else { return };
    if presented.identify(Some(&live.entry), core.shared.snapshot.freshness(), now).is_ok() {
        story.caller = Some((live.entry.record.key, live.entry.record.account));
        story.environment = Some(live.entry.environment);
        story.told.secret = Some(store::SecretTag::of(&live.entry.hash));
        tracing::warn!(key_id = %live.entry.record.key, "a valid key was sent over plain HTTP: rotate it");
    }
}
