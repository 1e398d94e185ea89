//! Recovery: asking the upstream whether a write whose answer was lost was carried out (D17).
//!
//! Owns:  the question (the declared look-up, with the business key of the retry) and what its answer means.
//! Never: guesses: what is neither clearly there nor clearly not there is unclear.
//! Read:  `ask`, then `read`.

use crate::{
    core::Core,
    decide,
    forward::introduction,
    percent::encode,
    writes::{claim::Asking, stored::Stored},
};
use bytes::{Bytes, BytesMut};
use egress::{Answer, HostField, RequestHead, UpstreamBody};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body::Body as _;
use model::{Catalogue, HttpMethod, Operation, Recovery, Template, operation::Place, operation::Segment};
use serde_json::Value;
use std::pin::Pin;

/// The longest business key, in bytes.
const BUSINESS_KEY_MAX: usize = 1_024;

/// The look-up that an operation declares.
pub(crate) struct Lookup<'c> {
    /// The operation whose outcome is unknown.
    write: &'c Operation,
    recovery: &'c Recovery,
    /// The operation that is asked.
    reads: &'c Operation,
}

impl<'c> Lookup<'c> {
    /// `None` when none is declared, or it would do more than read.
    pub(crate) fn of(write: &'c Operation, catalogue: &'c Catalogue) -> Option<Self> {
        let recovery = write.idempotency.recovery.as_ref()?;
        let reads = catalogue.by_id(recovery.operation.as_str()).filter(|reads| reads.method == HttpMethod::Get)?;
        Some(Self { write, recovery, reads })
    }
}

/// Whether the write was carried out.
pub(crate) enum Made {
    /// It was, and this is its answer.
    Yes(Stored),
    /// It was not.
    No,
    /// The upstream did not say.
    Unclear,
}

/// Asks, if the retry's caller may ask itself.
pub(crate) async fn ask(asking: &Asking<'_>, lookup: &Lookup<'_>, body: &[u8]) -> Made {
    let now = (asking.core.shared.clock)();
    let Ok(permit) = decide::lookup(asking.core, lookup.reads, (&asking.parts.headers, asking.connection.address), now)
    else {
        return Made::Unclear;
    };
    let Some(key) = business_key(asking, lookup, body) else { return Made::Unclear };
    let Some(target) = target(asking, lookup, &key) else { return Made::Unclear };
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.uri.clone_from(&asking.parts.uri);
    parts.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(host) = asking.parts.headers.get(header::HOST) {
        parts.headers.insert(header::HOST, host.clone());
    }
    if let Place::Header(name) = &lookup.recovery.at {
        let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(&key)) else {
            return Made::Unclear;
        };
        parts.headers.insert(name, value);
    }
    let core = asking.core;
    let extra = introduction(core, asking.connection, &parts, asking.id, None);
    let head = RequestHead {
        method: &Method::GET,
        path_and_query: &target,
        headers: &parts.headers,
        prepared: Some(&asking.token.fields),
        extra: &extra,
        host: HostField::Target,
        upgrade: None,
        trailers: false,
    };
    let Some(upstream) = core.upstream_of(&permit) else { return Made::Unclear };
    match upstream.send(head, http_body_util::Empty::<Bytes>::new()).await {
        Ok(Answer::Response(response)) if response.status() == StatusCode::NOT_FOUND => Made::No,
        Ok(Answer::Response(response)) if response.status() == StatusCode::OK => {
            read(core, lookup.recovery, response.into_body()).await
        }
        Ok(Answer::Response(_) | Answer::Upgraded(..)) | Err(_) => Made::Unclear,
    }
}

/// What the upstream's answer says. An empty list and `null` say that there is nothing; what is missing without either says
/// nothing at all.
async fn read(core: &Core, recovery: &Recovery, mut body: UpstreamBody) -> Made {
    let max = core.shared.idempotency.answer_max;
    let mut whole = BytesMut::new();
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(frame) = frame else { return Made::Unclear };
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > max - whole.len() {
            return Made::Unclear;
        }
        whole.extend_from_slice(&data);
    }
    let Ok(value) = serde_json::from_slice::<Value>(&whole) else { return Made::Unclear };
    let Place::Response(pointer) = &recovery.found else { return Made::Unclear };
    let found = match found(&value, pointer) {
        Found::Nothing => return Made::No,
        Found::Unclear => return Made::Unclear,
        Found::Something(found) => found,
    };
    let (Ok(status), Ok(text)) = (StatusCode::from_u16(recovery.status), serde_json::to_vec(found)) else {
        return Made::Unclear;
    };
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let mut stored = Stored::new(status, &headers, max);
    stored.data(&text);
    Made::Yes(stored)
}

#[derive(Debug, PartialEq, Eq)]
enum Found<'v> {
    Something(&'v Value),
    Nothing,
    Unclear,
}

fn found<'v>(value: &'v Value, pointer: &str) -> Found<'v> {
    let empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    match value.pointer(pointer) {
        Some(found) if empty(found) => Found::Nothing,
        Some(found) => Found::Something(found),
        // The first of an empty list is not there because the list is empty.
        None => {
            let above = pointer.rsplit_once('/').and_then(|(above, _)| value.pointer(above));
            if above.is_some_and(empty) { Found::Nothing } else { Found::Unclear }
        }
    }
}

/// The business key in the retry.
fn business_key(asking: &Asking<'_>, lookup: &Lookup<'_>, body: &[u8]) -> Option<Vec<u8>> {
    let key = match &lookup.recovery.from {
        Place::Body(pointer) => match serde_json::from_slice::<Value>(body).ok()?.pointer(pointer)? {
            Value::String(text) => text.clone().into_bytes(),
            Value::Number(number) => number.to_string().into_bytes(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        },
        Place::Query(name) => query(asking.parts.uri.query()?, name)?,
        Place::Path(name) => parameter(&lookup.write.template, asking.target, name)?,
        Place::Header(name) => {
            let mut values = asking.parts.headers.get_all(&**name).iter();
            let value = values.next()?.as_bytes().to_vec();
            values.next().is_none().then_some(value)?
        }
        Place::Response(_) => return None,
    };
    (1..=BUSINESS_KEY_MAX).contains(&key.len()).then_some(key)
}

/// The value of a query parameter that is there once.
fn query(query: &str, name: &str) -> Option<Vec<u8>> {
    let mut values = query.split('&').filter_map(|pair| pair.split_once('=')).filter(|(key, _)| *key == name);
    let (_, value) = values.next()?;
    values.next().is_none().then(|| decoded(value.replace('+', " ").as_bytes()))?
}

/// The value of a parameter of the path.
fn parameter(template: &Template, target: &[u8], name: &str) -> Option<Vec<u8>> {
    let path = target.split(|b| *b == b'?').next()?;
    let parts = path.split(|b| *b == b'/').skip(1);
    parts.zip(template.segments()).find_map(|(part, segment)| match segment {
        Segment::Param { prefix, name: own, suffix, .. } if **own == *name => {
            decoded(part.strip_prefix(prefix.as_bytes())?.strip_suffix(suffix.as_bytes())?)
        }
        Segment::Param { .. } | Segment::Literal(_) => None,
    })
}

/// What is asked for. A path that callers could not send is not sent either.
fn target(asking: &Asking<'_>, lookup: &Lookup<'_>, key: &[u8]) -> Option<Bytes> {
    let mut target = Vec::new();
    for segment in lookup.reads.template.segments() {
        target.push(b'/');
        match segment {
            Segment::Literal(text) => target.extend_from_slice(text.as_bytes()),
            Segment::Param { prefix, name, kind, suffix } => {
                let value = match &lookup.recovery.at {
                    Place::Path(at) if at == name => key.to_vec(),
                    Place::Path(_) | Place::Query(_) | Place::Header(_) | Place::Body(_) | Place::Response(_) => {
                        parameter(&lookup.write.template, asking.target, name)?
                    }
                };
                if !kind.accepts(&value) {
                    return None;
                }
                target.extend_from_slice(prefix.as_bytes());
                encode(&value, &mut target);
                target.extend_from_slice(suffix.as_bytes());
            }
        }
    }
    admission::path::canonical(&target).ok()?;
    if let Place::Query(name) = &lookup.recovery.at {
        target.push(b'?');
        encode(name.as_bytes(), &mut target);
        target.push(b'=');
        encode(key, &mut target);
    }
    Some(target.into())
}

fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte == b'%' {
            let (digits, after) = rest.split_first_chunk::<2>()?;
            out.extend(data_encoding::HEXUPPER_PERMISSIVE.decode(digits).ok()?);
            rest = after;
        } else {
            out.push(*byte);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn d17_only_an_empty_list_or_null_says_that_nothing_was_made() {
        let list = json!([{"id": 1}]);
        assert_eq!(found(&list, "/0"), Found::Something(&json!({"id": 1})));
        assert_eq!(found(&json!([]), "/0"), Found::Nothing);
        assert_eq!(found(&json!([]), ""), Found::Nothing);
        assert_eq!(found(&json!(null), ""), Found::Nothing);
        assert_eq!(found(&json!({"items": []}), "/items/0"), Found::Nothing);
        assert_eq!(found(&json!({"items": null}), "/items/0"), Found::Nothing);
        assert_eq!(found(&json!({"item": null}), "/item"), Found::Nothing);
        for odd in [json!({}), json!({"error": "try later"}), json!("x"), json!([1])] {
            assert_eq!(found(&odd, "/items/0"), Found::Unclear, "{odd}");
        }
        assert_eq!(found(&json!({"id": 1}), ""), Found::Something(&json!({"id": 1})));
    }

    #[test]
    fn keys_go_from_one_spelling_to_another_unchanged() {
        assert_eq!(query("a=1&no=F%2F1+b&c=2", "no").unwrap(), b"F/1 b");
        assert_eq!(query("no=1&no=2", "no"), None);
        assert_eq!(query("no=%2", "no"), None);
        let template = Template::parse("/v1/company/{company}/invoice/n{no}").unwrap();
        assert_eq!(parameter(&template, b"/v1/company/7/invoice/n2024%20a?x=1", "no").unwrap(), b"2024 a");
        let mut out = Vec::new();
        encode("F/1 é&=".as_bytes(), &mut out);
        assert_eq!(out, b"F%2F1%20%C3%A9%26%3D");
        assert_eq!(decoded(&out).unwrap(), "F/1 é&=".as_bytes());
    }
}
