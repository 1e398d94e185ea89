//! Companies: what a request of a company-restricted key names, found out before it is judged (D9, D34, D36).
//!
//! Owns:  reading the body that has to be read, resolving names, and setting the only company where the catalogue says so.
//! Never: judges; `admission` does, with what is found here. Other keys' requests never come here.
//! Read:  `admit`, then `inspect` and `settled`.

use crate::{
    body::{BodyError, RequestBody, ResponseBody},
    caller::CallerBody,
    core::{Connection, Core},
    decide::{Admitted, Decided, decide},
    exchange::Story,
    facts::{self, Facts},
    fault::{Fault, Refusal},
    forward,
    guard::Guard,
    inflight::Ticket,
    learn::Learner,
    lookup,
    percent::encode,
    signer::Subject,
    snapshot::Live,
};
use admission::{
    Asked,
    company::{BodyKind, Request, names_in_header, wants_body},
};
use bytes::{Bytes, BytesMut};
use egress::UpstreamBody;
use http::{HeaderMap, HeaderName, HeaderValue, Response, header, request::Parts};
use http_body::Body as _;
use model::{
    Catalogue, CompanyId, CompanyMode, CompanyRestriction, Denial, ExternalName, NameKind, Operation, Timestamp,
    operation::Place,
};
use std::{cell::Cell, future::poll_fn, pin::Pin, rc::Rc, sync::Arc};

/// Ids of companies in the header that narrows a request; with more, the upstream goes by the signed context alone.
const NARROWED_MAX: usize = 64;

/// A request of a company-restricted key that was looked into and admitted.
pub(crate) struct Inspected {
    pub(crate) admitted: Admitted,
    pub(crate) target: Bytes,
    pub(crate) body: CallerBody,
    pub(crate) held: Held,
}

/// What is left to do for a request that was looked into. Few requests have any of it, and all of them carry it about: what
/// is large is boxed.
#[derive(Default)]
pub(crate) struct Held {
    /// A field beside the usual ones that the upstream does not get to see.
    pub(crate) hidden: Option<HeaderName>,
    /// The companies that it names: the upstream may narrow what it does to them, and never widens it (D33).
    pub(crate) narrowed: Option<HeaderValue>,
    /// A field to set (D34, mode injected).
    pub(crate) field: Option<Box<(HeaderName, HeaderValue)>>,
    /// Its answer is held to the key's companies.
    pub(crate) guard: Option<Box<Guard>>,
    /// Its answer may name a company that the upstream created (D35).
    pub(crate) learner: Option<Box<Learner>>,
}

impl Held {
    /// Makes the caller's fields ready to go: sets the company's, and takes out what would hide the answer from the guard.
    pub(crate) fn prepare(&mut self, headers: &mut HeaderMap) {
        if let Some(field) = self.field.take() {
            let (name, value) = *field;
            headers.insert(name, value);
        }
        if self.guard.is_some() {
            ask_plainly(headers);
        } else if self.learner.is_some() {
            Learner::prepare(headers);
        }
    }

    /// Whether there is anything that an answer could be read for.
    pub(crate) const fn may_read(&self) -> bool {
        self.guard.is_some() || self.learner.is_some()
    }

    /// Whether the answer is read before it is passed on; all others stream.
    pub(crate) fn reads(&self, core: &Core, response: &Response<UpstreamBody>) -> bool {
        self.guard.is_some() || self.learner.as_ref().is_some_and(|learner| learner.reads(core, response))
    }

    /// Reads the answer: holds it to the key's companies, and learns of new ones.
    pub(crate) async fn hold(
        &self,
        core: &Core,
        ticket: Option<&Ticket>,
        response: Response<UpstreamBody>,
    ) -> Result<Response<ResponseBody>, Refusal> {
        let response = match &self.guard {
            Some(guard) => guard.hold(core, ticket, response).await?,
            None => Learner::read(core, ticket, response).await?,
        };
        if let (Some(learner), ResponseBody::Whole(Some(bytes)), true) =
            (&self.learner, response.body(), response.status().is_success())
        {
            learner.learn(core, ticket, bytes).await?;
        }
        Ok(response)
    }
}

/// What a request comes with.
pub(crate) struct Inspection<'a> {
    pub(crate) facts: &'a Facts<'a>,
    pub(crate) parts: &'a Parts,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) connection: &'a Connection,
    pub(crate) stuck: Rc<Cell<bool>>,
    pub(crate) id: &'a HeaderValue,
}

/// Decides on a request. One of a company-restricted key that names companies is looked into first; boxed, so that the
/// others need not make room for it.
pub(crate) async fn admit(
    core: &Rc<Core>,
    inspection: Inspection<'_>,
    body: CallerBody,
    now: Timestamp,
    story: &mut Story,
) -> Result<Inspected, Refusal> {
    let Inspection { facts, parts, .. } = inspection;
    match decide(core, Rc::clone(&inspection.stuck), facts, &parts.headers, None, now, story)? {
        Decided::Admitted(admitted) => {
            let learner = facts.operation.filter(|operation| operation.learn.is_some()).and_then(|operation| {
                let Subject::Key(live) = &admitted.subject else { return None };
                Learner::of(operation, live, inspection.id).map(Box::new)
            });
            let held = Held { learner, ..Held::default() };
            Ok(Inspected { admitted, target: forward::target(facts, parts), body, held })
        }
        Decided::Inspect(live, ticket) => Box::pin(inspect(core, inspection, body, live, ticket, story)).await,
    }
}

/// Finds out which companies a request names, and asks admission again with that. The ticket holds meanwhile, so a
/// revocation answers 401 as it does later (D14).
async fn inspect(
    core: &Rc<Core>,
    inspection: Inspection<'_>,
    body: CallerBody,
    live: Arc<Live>,
    ticket: Ticket,
    story: &mut Story,
) -> Result<Inspected, Refusal> {
    let Inspection { facts, parts, .. } = inspection;
    let operation = facts.operation.ok_or(Denial::OperationUnknown)?;
    let kind = BodyKind::of(
        facts::field(&parts.headers, &header::CONTENT_TYPE),
        facts::field(&parts.headers, &header::CONTENT_ENCODING),
    );
    let (body, read) = if wants_body(operation, kind) {
        let read = forward::until_cut(&ticket, whole(core, body)).await??;
        (CallerBody::Read(Some(read.clone())), read)
    } else {
        // Not empty stands for all that cannot be read.
        let some = if body.is_end_stream() { Bytes::new() } else { Bytes::from_static(b"?") };
        (body, some)
    };
    let mut named = Vec::new();
    let outcome = match &operation.company {
        CompanyMode::Lookup(id) => {
            let asked = inspection.catalogue.by_id(id.as_str()).ok_or(Fault::Internal)?;
            named = lookup::owners(core, &inspection, asked, &live, &ticket).await?;
            Ok(false)
        }
        CompanyMode::Locators(_)
        | CompanyMode::Injected(_)
        | CompanyMode::Context
        | CompanyMode::Neutral
        | CompanyMode::Account => names(core, &inspection, operation, (&read, kind), &live, &mut named),
    };
    let left = outcome == Ok(true);
    // For the request log: one company is "the company", several are none in particular.
    if let [Some(company)] = *named {
        story.told.company = Some(company);
    }
    let asked = match (outcome, &operation.company) {
        (Err(denial), _) => Asked::broken(denial),
        (Ok(_), CompanyMode::Lookup(_)) => Asked::owned(&named),
        (Ok(true), _) => Asked::left(&named),
        (Ok(false), _) => Asked::named(&named),
    };
    let now = (core.shared.clock)();
    let stuck = Rc::clone(&inspection.stuck);
    let Decided::Admitted(admitted) = decide(core, stuck, facts, &parts.headers, Some(asked), now, story)? else {
        return Err(Fault::Internal.into());
    };
    // The request was registered anew, so nothing falls between the two.
    drop(ticket);
    settled(core, &inspection, admitted, body, (&named, left))
}

/// The names that a request has at its locators, resolved in the key's account; whether its body is left to the upstream.
fn names(
    core: &Core,
    inspection: &Inspection<'_>,
    operation: &Operation,
    (body, kind): (&[u8], BodyKind),
    live: &Live,
    named: &mut Vec<Option<CompanyId>>,
) -> Result<bool, Denial> {
    let headers = |each: &mut dyn FnMut(&str, &[u8])| {
        inspection.parts.headers.iter().for_each(|(name, value)| each(name.as_str(), value.as_bytes()));
    };
    let request = Request {
        operation,
        path: &inspection.facts.path,
        query: inspection.parts.uri.query().unwrap_or_default().as_bytes(),
        headers: &headers,
        body,
        kind,
    };
    request.names(&mut |locator, name| {
        let company = name.and_then(|name| resolve(core, live, &locator.kind, name));
        // Bodies may name one company many times.
        if named.last() != Some(&company) {
            named.push(company);
        }
    })?;
    Ok(request.leaves_body())
}

/// The company that the key's account calls so in the key's environment.
pub(crate) fn resolve(core: &Core, live: &Live, kind: &NameKind, value: &str) -> Option<CompanyId> {
    let name = ExternalName { environment: live.entry.environment, kind: kind.clone(), value: value.into() };
    core.shared.snapshot.company(live.entry.record.account, name)
}

/// What an admitted request still needs: the only company set at its place, the header that narrows, the guard.
fn settled(
    core: &Core,
    &Inspection { facts, parts, id, .. }: &Inspection<'_>,
    admitted: Admitted,
    body: CallerBody,
    (named, left): (&[Option<CompanyId>], bool),
) -> Result<Inspected, Refusal> {
    let operation = facts.operation.ok_or(Fault::Internal)?;
    let Subject::Key(live) = &admitted.subject else { return Err(Fault::Internal.into()) };
    let mut target = forward::target(facts, parts);
    let learner = Learner::of(operation, live, id).map(Box::new);
    let mut held = Held { guard: Guard::of(operation, live, id).map(Box::new), learner, ..Held::default() };
    let mut companies: Vec<CompanyId> = named.iter().flatten().copied().collect();
    if let (CompanyMode::Injected(locator), true) = (&operation.company, named.is_empty() && !left) {
        let CompanyRestriction::Only(set) = &live.entry.record.companies else { return Err(Fault::Internal.into()) };
        let only = set.as_slice().first().copied().ok_or(Denial::CompanyNotAllowed)?;
        let names = core.shared.snapshot.company_names(only).unwrap_or_default();
        let of_kind = |n: &&ExternalName| n.environment == live.entry.environment && n.kind == locator.kind;
        // A company that the upstream does not know by this kind of name cannot be set, and nothing else may be.
        let name = names.iter().find(of_kind).ok_or(Denial::CompanyNotAllowed)?;
        match &locator.place {
            Place::Query(parameter) => target = with_parameter(&target, parameter, &name.value),
            Place::Header(field) => {
                let field = HeaderName::from_bytes(field.as_bytes()).map_err(|_| Fault::Internal)?;
                let value = HeaderValue::from_str(&name.value).map_err(|_| Denial::CompanyNotAllowed)?;
                held.field = Some(Box::new((field, value)));
            }
            Place::Path(_) | Place::Body(_) | Place::Response(_) => return Err(Denial::CompanyNotAllowed.into()),
        }
        companies.push(only);
    }
    let body = if names_in_header(operation) { body.without_trailers() } else { body };
    companies.sort_unstable();
    companies.dedup();
    if (1..=NARROWED_MAX).contains(&companies.len()) {
        let ids: Vec<String> = companies.iter().map(CompanyId::to_string).collect();
        held.narrowed = HeaderValue::from_str(&ids.join(",")).ok();
    }
    Ok(Inspected { admitted, target, body, held })
}

/// The target with one more parameter, everything in its value escaped that could mean something else.
fn with_parameter(target: &[u8], name: &str, value: &str) -> Bytes {
    let mut out = target.to_vec();
    out.push(if target.contains(&b'?') { b'&' } else { b'?' });
    out.extend_from_slice(name.as_bytes());
    out.push(b'=');
    encode(value.as_bytes(), &mut out);
    out.into()
}

/// The whole body, at most `inspect_max` of it (D36).
async fn whole(core: &Rc<Core>, body: CallerBody) -> Result<Bytes, Refusal> {
    let failed = Rc::new(Cell::new(None));
    let mut body = RequestBody::new(body, Rc::clone(core), Rc::clone(&failed));
    let max = core.shared.limits.inspect_max;
    if body.size_hint().lower() > max {
        return Err(Fault::BodyTooLarge.into());
    }
    let mut bytes = BytesMut::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|error| match error {
            BodyError::Request(fault) => fault,
            BodyError::Cut | BodyError::Upstream(_) => Fault::BodyBroken,
        })?;
        // Trailers end here: a server may read them as headers, and they were not looked into.
        let Ok(data) = frame.into_data() else { continue };
        if (bytes.len() + data.len()) as u64 > max {
            return Err(Fault::BodyTooLarge.into());
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

/// What of the caller's fields would keep an answer from being held to companies: encodings, parts, and conditions, whose
/// outcome tells of an object that nobody looked at.
pub(crate) fn ask_plainly(headers: &mut HeaderMap) {
    for name in [
        header::RANGE,
        header::IF_RANGE,
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        header::IF_MODIFIED_SINCE,
        header::IF_UNMODIFIED_SINCE,
    ] {
        headers.remove(name);
    }
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d34_a_set_parameter_cannot_be_more_than_one() {
        assert_eq!(&*with_parameter(b"/v1/x", "c", "42"), b"/v1/x?c=42");
        assert_eq!(&*with_parameter(b"/v1/x?a=1", "c", "a&c=2#;"), b"/v1/x?a=1&c=a%26c%3D2%23%3B");
    }
}
