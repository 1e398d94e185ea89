//! Answers that the gateway makes itself, and what it adds to the upstream's.
//!
//! Owns:  refusals as problem bodies (D6), the request id, HSTS (R65), `WWW-Authenticate`, `Retry-After`.
//! Never: says more than `Answer` holds.
//! Read:  `refuse`, then `finish`.

use crate::{body::ResponseBody, core::Shared, fault::Refusal};
use api::problem::{ProblemParts, render};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use model::{Denial, Presentation, Presentations, RequestId};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// One year, as browsers' preload lists ask for (R65).
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The answer to a request that is not passed on.
pub(crate) fn refuse(
    refusal: Refusal,
    shared: &Shared,
    request: RequestId,
    limit: Option<&str>,
) -> Response<ResponseBody> {
    let mut answer = refusal.answer();
    if refusal == Refusal::Denied(Denial::IdempotencyKeyReused) {
        answer.status = shared.idempotency.conflict_status;
    }
    let parts = ProblemParts { limit, ..ProblemParts::new(answer.status, answer.code, answer.title, answer.detail) };
    let body = Bytes::from(render(&shared.problems, &parts, request));
    let mut response = Response::new(ResponseBody::Whole(Some(body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(api::problem::CONTENT_TYPE));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match answer.status {
        401 => {
            let challenge = challenge(answer.code, shared.policy.presentations);
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
        }
        503 => headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1")),
        _ if refusal == Refusal::Denied(Denial::IdempotencyInProgress) => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"))
        }
        _ => None,
    };
    response
}

/// What a 401 asks for (RFC 9110, section 11.6.1; RFC 6750, section 3): a scheme that is taken. Keys in headers of their own have
/// no registered one.
fn challenge(code: &str, accepted: Presentations) -> &'static str {
    let basic = [Presentation::BasicUsername, Presentation::ClientIdSecret];
    match code {
        "invalid_token" => "Bearer realm=\"api\", error=\"invalid_token\"",
        "bearer_token_required" => "Bearer realm=\"api\"",
        _ if accepted.contains(Presentation::Bearer) => "Bearer realm=\"api\"",
        _ if basic.into_iter().any(|presentation| accepted.contains(presentation)) => "Basic realm=\"api\"",
        _ => "ApiKey realm=\"api\"",
    }
}

/// A document of the gateway's own.
pub(crate) fn document(body: Bytes, content_type: &'static str, max_age: &'static str) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::Whole(Some(body)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(max_age));
    response
}

/// What every answer carries.
pub(crate) fn finish(response: &mut Response<ResponseBody>, request: &HeaderValue, secure: bool, close: bool) {
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, request.clone());
    if secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    if close {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}

/// An answer to HEAD: what was made here for GET, without its body (RFC 9110, 9.3.2). hyper's HTTP/2 would send it.
pub(crate) fn without_body(response: &mut Response<ResponseBody>) {
    if let ResponseBody::Whole(bytes) = response.body_mut()
        && let Some(bytes) = bytes.take()
    {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    }
}

/// The request id as a header value.
pub(crate) fn id_value(request: RequestId) -> HeaderValue {
    HeaderValue::from_bytes(&request.to_text()).unwrap_or_else(|_| HeaderValue::from_static("req"))
}
