//! Visit: from the facts of a request without a key to an authorised one (D19, D20, D37).
//!
//! Owns:  verifying a person's token or a callback, and the order of look-up, admission and ticket.
//! Never: yields between the look-up of the account and the ticket (see `inflight`).
//! Read:  `admit`, then `person` and `callback`.

use crate::{
    caller::CallerBody,
    companies::{Held, Inspected, Inspection},
    core::Core,
    decide::{Admitted, Passage},
    exchange::Story,
    facts::Facts,
    fault::{Fault, Refusal},
    forward::target,
    inflight::{Hold, Holder},
    people::{Sender, Visitor},
    signer::Subject,
};
use admission::{Authorized, Field, Settlement};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Body;
use model::{Audience, Denial, SecretHash, Timestamp};
use proof::{Person, Sent, Token};
use std::{cell::Cell, net::IpAddr, pin::Pin, rc::Rc, sync::Arc};

/// Whether the operation is for callers without a key, other than the public.
pub(crate) fn is_for_visitors(facts: &Facts<'_>) -> bool {
    facts.operation.is_some_and(|o| matches!(o.audience, Audience::Member | Audience::Admin | Audience::Callback))
}

/// Verifies who calls, and authorises the request.
pub(crate) async fn admit(
    core: &Core,
    asked: Inspection<'_>,
    mut body: CallerBody,
    story: &mut Story,
) -> Result<Inspected, Refusal> {
    let (facts, parts, stuck) = (asked.facts, asked.parts, Rc::clone(&asked.stuck));
    let (headers, address) = (&parts.headers, asked.connection.address);
    let operation = facts.operation.ok_or(Denial::OperationUnknown)?;
    story.environment = operation.environment;
    story.told.note_origin(Facts::judged(facts.operation, headers, Some(address)).origin);
    match &operation.callback {
        Some(name) if operation.audience == Audience::Callback => {
            // One that is not configured is nobody's: unknown means no.
            let sender = core.shared.people.sender(name).ok_or(Denial::CallbackProofWrong)?;
            let hidden = sender.rule.private_header().and_then(|name| HeaderName::from_bytes(name.as_bytes()).ok());
            let admitted = callback(core, stuck, facts, (headers, address), &mut body, Arc::clone(sender)).await?;
            Ok(Inspected { admitted, target: target(facts, parts), body, held: Held { hidden, ..Held::default() } })
        }
        Some(_) | None => {
            let admitted = person(core, stuck, facts, (headers, address)).await?;
            Ok(Inspected { admitted, target: target(facts, parts), body, held: Held::default() })
        }
    }
}

async fn person(
    core: &Core,
    stuck: Rc<Cell<bool>>,
    facts: &Facts<'_>,
    (headers, address): (&HeaderMap, IpAddr),
) -> Result<Admitted, Refusal> {
    let judged = Facts::judged(facts.operation, headers, Some(address));
    let text = presented(&judged)?;
    let hash = SecretHash::of(text);
    let clock = core.shared.clock;
    let people = &core.shared.people;
    let known = core.visitors.find(&hash, people, clock());
    let (person, keys) = match &known {
        Some(visitor) => (visitor.person.clone(), Arc::clone(&visitor.keys)),
        None => {
            let token = Token::read(text)?;
            let claimed = token.claimed_issuer().ok_or(Denial::TokenClaimsUnusable)?;
            let issuer = people.issuers.iter().find(|keys| keys.config.issuer.issues(claimed));
            let issuer = issuer.ok_or(Denial::TokenIssuerUnknown)?;
            let keys = issuer.keys(token.kid(), clock).await?;
            (Person::verify(&token, &issuer.config.issuer, &keys.set, &people.admins, clock())?, keys)
        }
    };
    // From here to the ticket nothing is awaited.
    let now = clock();
    let snapshot = &core.shared.snapshot;
    let mapped = snapshot.identity(person.issuer(), person.directory());
    let account = mapped.map(|(_, account)| account);
    let policy = &core.shared.policy;
    let authorized = admission::person(&judged, policy, &person, account, snapshot.freshness(), now)?;
    let (identity, account) = mapped.ok_or(Denial::AccountNotMapped)?;
    let hold =
        Hold { holder: Holder::Identity(identity), hash, secret_ends: person.ends_at(), key_ends: Timestamp::MAX };
    let ticket = core.inflight.enter(Some(hold), stuck);
    let visitor = match known.filter(|visitor| visitor.account == account) {
        Some(visitor) => visitor,
        None => {
            let visitor = Arc::new(Visitor { person, account, keys, tokens: Default::default() });
            core.visitors.keep(&hash, &visitor, now);
            visitor
        }
    };
    let subject = Subject::Person(visitor, authorized.permit().environment());
    let token = core.signer.at_hand(&subject, now);
    Ok(Admitted { passage: settled(authorized)?, ticket, subject, token })
}

/// Limits and idempotency records are of keys: here nothing was reserved or claimed, so that nothing can be replayed.
fn settled(authorized: Authorized) -> Result<Passage, Refusal> {
    let permit = authorized.settle(Settlement::default())?.permit().ok_or(Fault::Internal)?;
    Ok(Passage::Public(permit))
}

/// The one bearer token of the request. A key beside it is a second credential (D3); a key instead of it is none (D20).
fn presented<'h>(judged: &admission::Facts<'h>) -> Result<&'h [u8], Denial> {
    let sent = &judged.credential;
    let others = [sent.api_key, sent.client_id, sent.client_secret];
    match sent.authorization {
        Field::Many => Err(Denial::CredentialAmbiguous),
        Field::Absent => Err(Denial::TokenMissing),
        Field::One(_) if others.iter().any(|field| *field != Field::Absent) => Err(Denial::CredentialAmbiguous),
        Field::One(value) => Token::text_of(value).ok_or(Denial::TokenMissing),
    }
}

async fn callback(
    core: &Core,
    stuck: Rc<Cell<bool>>,
    facts: &Facts<'_>,
    (headers, address): (&HeaderMap, IpAddr),
    body: &mut CallerBody,
    sender: Arc<Sender>,
) -> Result<Admitted, Refusal> {
    let rule = &sender.rule;
    let whole = if rule.reads_body() { read_whole(core, body).await? } else { Bytes::new() };
    let now = (core.shared.clock)();
    let sent = |name: &str| {
        let mut values = headers.get_all(name).iter().map(HeaderValue::as_bytes);
        match (values.next(), values.next()) {
            (None, _) => Sent::Absent,
            (Some(value), None) => Sent::One(value),
            (Some(_), Some(_)) => Sent::Many,
        }
    };
    let called = rule.check(sent, &whole, now)?;
    let judged = Facts::judged(facts.operation, headers, Some(address));
    let authorized = admission::callback(&judged, &core.shared.policy, called)?;
    core.shared.people.take(&called, now)?;
    if rule.reads_body() {
        *body = CallerBody::Read(Some(whole));
    }
    let ticket = core.inflight.enter(None, stuck);
    let subject = Subject::Callback(sender, authorized.permit().environment());
    let token = core.signer.at_hand(&subject, now);
    Ok(Admitted { passage: settled(authorized)?, ticket, subject, token })
}

/// The whole body, within `callback_body_max` and `body_timeout`.
async fn read_whole(core: &Core, body: &mut CallerBody) -> Result<Bytes, Refusal> {
    let max = core.shared.people.callback_body_max;
    if body.size_hint().lower() > max as u64 {
        return Err(Fault::BodyTooLarge.into());
    }
    let mut whole = BytesMut::new();
    loop {
        let next = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context));
        let waited = tokio::time::timeout(core.shared.limits.body_timeout, next).await;
        match waited.map_err(|_| Fault::BodyTimeout)? {
            None => return Ok(whole.freeze()),
            Some(Err(_)) => return Err(Fault::BodyBroken.into()),
            // Trailers are not signed and go no further.
            Some(Ok(frame)) => {
                let Ok(data) = frame.into_data() else { continue };
                if data.len() > max - whole.len() {
                    return Err(Fault::BodyTooLarge.into());
                }
                whole.extend_from_slice(&data);
            }
        }
    }
}
