//! The guard: an answer held to the companies of the key that asked (D34).
//!
//! Owns:  what becomes of an answer that names a foreign company, or cannot be read.
//! Never: lets a byte of the body out before the whole of it was read. Other keys' answers stream.
//! Read:  `Guard::hold`.

use crate::{
    body::ResponseBody,
    companies,
    core::Core,
    facts,
    fault::{Fault, Refusal},
    forward,
    inflight::Ticket,
    snapshot::Live,
    violation::Violation,
};
use admission::{
    company::{BodyKind, guards},
    json::{self, Found},
};
use bytes::{Bytes, BytesMut};
use egress::UpstreamBody;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body::Body as _;
use model::{CompanyId, Denial, Locator, Operation, OperationId, RequestId, operation::Place};
use std::{future::poll_fn, pin::Pin, sync::Arc};

/// The places of an answer to look at, and for whom.
pub(crate) struct Guard {
    operation: OperationId,
    request: Option<RequestId>,
    places: Box<[Locator]>,
    live: Arc<Live>,
}

/// What an answer says of companies.
#[derive(Default)]
struct Told {
    /// An object of a company beyond the key's.
    foreign: bool,
    /// An item of a list that is.
    violation: bool,
    /// A place that the answer does not have.
    absent: bool,
}

impl Guard {
    /// The guard of an operation; none when its answers name no companies.
    pub(crate) fn of(operation: &Operation, live: &Arc<Live>, id: &HeaderValue) -> Option<Self> {
        let places: Box<[Locator]> = guards(operation).cloned().collect();
        let request = id.to_str().ok().and_then(|id| id.parse().ok());
        (!places.is_empty()).then(|| Self { operation: operation.id.clone(), request, places, live: Arc::clone(live) })
    }

    /// Reads the answer and gives it on if every company in it is one of the key's.
    pub(crate) async fn hold(
        &self,
        core: &Core,
        ticket: Option<&Ticket>,
        response: Response<UpstreamBody>,
    ) -> Result<Response<ResponseBody>, Refusal> {
        let (mut head, body) = response.into_parts();
        // One body for all that is not there, so that nobody learns what is there for others (D9).
        if head.status == StatusCode::NOT_FOUND {
            return Err(Denial::CompanyForeign.into());
        }
        let kind = kind(&head.headers);
        let bytes = match ticket {
            Some(ticket) => forward::until_cut(ticket, whole(core, body)).await??,
            // A write that was begun goes to its end (D40).
            None => whole(core, body).await?,
        };
        if bytes.is_empty() && !head.status.is_success() {
            return Ok(Response::from_parts(head, ResponseBody::Whole(None)));
        }
        if kind != BodyKind::Json {
            return Err(Fault::AnswerNotInspectable.into());
        }
        let told = self.read(core, &bytes)?;
        if told.violation {
            let record = &self.live.entry.record;
            tracing::error!(
                key_id = %record.key,
                account = %record.account,
                operation = %self.operation,
                "isolation.violation: the upstream listed an item of a company that the key may not reach"
            );
            let (account, key) = (record.account, record.key);
            let (operation, request) = (self.operation.clone(), self.request);
            let violation = Violation { account, key, operation, request, count: 1 };
            core.shared.errands.violated(&core.counters, violation);
            return Err(Fault::IsolationViolation.into());
        }
        if told.foreign {
            return Err(Denial::CompanyForeign.into());
        }
        if told.absent && head.status.is_success() {
            return Err(Fault::AnswerNotInspectable.into());
        }
        facts::strip_response(&mut head.headers, &core.shared.namespace);
        head.headers.remove(header::TRAILER);
        Ok(Response::from_parts(head, ResponseBody::Whole(Some(bytes))))
    }

    fn read(&self, core: &Core, bytes: &[u8]) -> Result<Told, Fault> {
        let mut told = Told::default();
        let list = bytes.trim_ascii_start().first() == Some(&b'[');
        names(self.places.iter(), bytes, &mut |locator, pointer, found| {
            // Where a list is declared and an object came, as errors are, nothing was listed.
            if !list && pointer.split('/').nth(1) == Some("*") {
                told.absent = true;
                return;
            }
            let company = match found {
                Found::Absent { .. } => {
                    told.absent = true;
                    return;
                }
                Found::Name(name) => companies::resolve(core, &self.live, &locator.kind, &name),
                Found::Unreadable => None,
            };
            let within = company.is_some_and(|company| self.live.entry.record.companies.allows(company));
            // What stands in a list was listed by the upstream; what stands alone was asked for by the caller.
            let listed = pointer.split('/').any(|token| token == "*");
            told.violation |= !within && listed;
            told.foreign |= !within && !listed;
        })?;
        Ok(told)
    }
}

/// Hands over what stands at the response locators.
fn names<'b, 'l>(
    locators: impl Iterator<Item = &'l Locator>,
    bytes: &'b [u8],
    each: &mut dyn FnMut(&Locator, &str, Found<'b>),
) -> Result<(), Fault> {
    let places: Vec<(&Locator, &str)> = locators
        .filter_map(|locator| match &locator.place {
            Place::Response(pointer) => Some((locator, &**pointer)),
            Place::Path(_) | Place::Query(_) | Place::Header(_) | Place::Body(_) => None,
        })
        .collect();
    let pointers: Vec<&str> = places.iter().map(|(_, pointer)| *pointer).collect();
    json::scan(bytes, &pointers, &mut |index, found| {
        if let Some((locator, pointer)) = places.get(index) {
            each(locator, pointer, found);
        }
    })
    .map_err(|_| Fault::AnswerNotInspectable)
}

/// Whose an object is, as the answer of a look-up tells; `None` is a name that is not known, or none where one should be.
pub(crate) fn owners(
    core: &Core,
    operation: &Operation,
    live: &Live,
    bytes: &[u8],
) -> Result<Vec<Option<CompanyId>>, Fault> {
    let mut owners = Vec::new();
    names(guards(operation), bytes, &mut |locator, _, found| {
        owners.push(match found {
            Found::Name(name) => companies::resolve(core, live, &locator.kind, &name),
            Found::Unreadable | Found::Absent { .. } => None,
        });
    })?;
    Ok(owners)
}

/// What the body of an answer is.
pub(crate) fn kind(headers: &HeaderMap) -> BodyKind {
    BodyKind::of(facts::field(headers, &header::CONTENT_TYPE), facts::field(headers, &header::CONTENT_ENCODING))
}

/// The whole of an answer, at most `answer_inspect_max` of it, within `answer_inspect_timeout`.
pub(crate) async fn whole(core: &Core, mut body: UpstreamBody) -> Result<Bytes, Fault> {
    let max = core.shared.limits.answer_inspect_max;
    if body.size_hint().lower() > max {
        return Err(Fault::AnswerNotInspectable);
    }
    let read = async {
        let mut bytes = BytesMut::new();
        while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            let frame = frame.map_err(|error| forward::fault(&error))?;
            let Ok(data) = frame.into_data() else { continue };
            if (bytes.len() + data.len()) as u64 > max {
                return Err(Fault::AnswerNotInspectable);
            }
            bytes.extend_from_slice(&data);
        }
        Ok(bytes.freeze())
    };
    tokio::time::timeout(core.shared.limits.answer_inspect_timeout, read).await.map_err(|_| Fault::UpstreamTimeout)?
}
