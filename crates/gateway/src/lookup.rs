//! Look-up: the upstream is asked whose an object is before anything is done with it (D34, mode lookup).
//!
//! Owns:  the look-up's request: the same path parameters, the same caller, nothing else of the caller's request.
//! Never: judges; `admission` does, with the answer.
//! Read:  `owners`.

use crate::{
    companies::{Inspection, ask_plainly},
    core::Core,
    fault::{Fault, Refusal},
    forward::{self, until_cut},
    guard,
    inflight::Ticket,
    signer::Subject,
    snapshot::Live,
};
use admission::company::{BodyKind, parameter, raw_parameter};
use egress::{Answer, HostField, RequestHead};
use http::{HeaderMap, HeaderValue, Method, header};
use http_body_util::Empty;
use model::{CompanyId, Operation, operation::Segment};
use std::{rc::Rc, sync::Arc};

/// Whose the object of the request's path is, as the operation `asked` tells. Nothing when there is none.
pub(crate) async fn owners(
    core: &Rc<Core>,
    inspection: &Inspection<'_>,
    asked: &Operation,
    live: &Arc<Live>,
    ticket: &Ticket,
) -> Result<Vec<Option<CompanyId>>, Refusal> {
    let operation = inspection.facts.operation.ok_or(Fault::Internal)?;
    let Some(path) = path(operation, asked, &inspection.facts.path) else { return Ok(Vec::new()) };
    let subject = Subject::Key(Arc::clone(live));
    let token = match core.signer.at_hand(&subject, (core.shared.clock)()) {
        Some(token) => token,
        None => until_cut(ticket, core.signer.fresh(subject)).await?.map_err(|_| Fault::Overloaded)?,
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    ask_plainly(&mut headers);
    let extra = forward::introduction(core, inspection.connection, inspection.parts, inspection.id, None);
    let head = RequestHead {
        method: &Method::GET,
        path_and_query: &path,
        headers: &headers,
        prepared: Some(&token.fields),
        extra: &extra,
        host: HostField::Target,
        upgrade: None,
        trailers: false,
    };
    let upstream = core.upstream(live.entry.environment);
    let timeout = core.shared.limits.answer_inspect_timeout;
    let sent = tokio::time::timeout(timeout, upstream.send(head, Empty::new()));
    let answer = until_cut(ticket, sent).await?.map_err(|_| Fault::UpstreamTimeout)?;
    let Answer::Response(response) = answer.map_err(|error| forward::fault(&error))? else {
        return Err(Fault::UpstreamBroken.into());
    };
    let status = response.status();
    if status.is_server_error() {
        return Err(Fault::UpstreamBroken.into());
    }
    if !status.is_success() {
        return Ok(Vec::new());
    }
    if guard::kind(response.headers()) != BodyKind::Json {
        return Err(Fault::AnswerNotInspectable.into());
    }
    let bytes = until_cut(ticket, guard::whole(core, response.into_body())).await??;
    Ok(guard::owners(core, asked, live, &bytes)?)
}

/// The path of the look-up, with the parameters of the request's; `None` when they are none that the look-up takes.
fn path(operation: &Operation, asked: &Operation, path: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(path.len());
    for segment in asked.template.segments() {
        out.push(b'/');
        match segment {
            Segment::Literal(text) => out.extend_from_slice(text.as_bytes()),
            Segment::Param { prefix, name, kind, suffix } => {
                kind.accepts(&parameter(operation, path, name)?).then_some(())?;
                out.extend_from_slice(prefix.as_bytes());
                out.extend_from_slice(raw_parameter(operation, path, name)?);
                out.extend_from_slice(suffix.as_bytes());
            }
        }
    }
    Some(out)
}
