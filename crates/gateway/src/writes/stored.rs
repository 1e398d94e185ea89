//! Stored: an answer as it is kept, and how it is given again (D16).
//!
//! Owns:  which headers are kept, the bytes of a kept answer, the answer to a retry.
//! Never: keeps what belongs to one moment or one caller's session (`Date`, `Set-Cookie`).
//! Read:  `Stored`, then `Replay::respond`.

use crate::{body::ResponseBody, core::Shared, fault::Fault, respond};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use model::RequestId;

/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// With an answer that was too large to keep: the status that it had.
const ORIGINAL_STATUS: HeaderName = HeaderName::from_static("idempotent-status");

/// Headers of the moment, of the session or of the framing; `egress` took those of the connection out.
const NOT_KEPT: [HeaderName; 9] = [
    header::DATE,
    header::SET_COOKIE,
    header::CONTENT_LENGTH,
    header::TRAILER,
    header::AGE,
    header::STRICT_TRANSPORT_SECURITY,
    header::ALT_SVC,
    header::RETRY_AFTER,
    HeaderName::from_static("x-request-id"),
];

/// What is kept of an answer as it passes.
pub(crate) struct Stored {
    status: StatusCode,
    headers: HeaderMap,
    /// `None` once it was longer than the bound.
    body: Option<BytesMut>,
    max: usize,
}

impl Stored {
    /// From the head of an answer; at most `max` bytes of its body are kept.
    pub(crate) fn new(status: StatusCode, headers: &HeaderMap, max: usize) -> Self {
        let mut headers = headers.clone();
        for name in NOT_KEPT {
            headers.remove(name);
        }
        Self { status, headers, body: Some(BytesMut::new()), max }
    }

    /// One more piece of the body.
    pub(crate) fn data(&mut self, data: &[u8]) {
        self.body = self.body.take().filter(|body| data.len() <= self.max - body.len()).map(|mut body| {
            body.extend_from_slice(data);
            body
        });
    }

    /// Whether the body was too long to keep.
    pub(crate) const fn is_too_large(&self) -> bool {
        self.body.is_none()
    }

    pub(crate) const fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// A flag (whether the body is there), the headers with their lengths, the body.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let body = self.body.as_deref().unwrap_or_default();
        let mut out = Vec::with_capacity(body.len() + 512);
        out.push(u8::from(self.body.is_some()));
        out.extend_from_slice(&(self.headers.len() as u32).to_be_bytes());
        for (name, value) in &self.headers {
            for part in [name.as_str().as_bytes(), value.as_bytes()] {
                out.extend_from_slice(&(part.len() as u32).to_be_bytes());
                out.extend_from_slice(part);
            }
        }
        out.extend_from_slice(body);
        out
    }

    /// From what `to_bytes` made.
    fn from_bytes(status: StatusCode, bytes: &[u8]) -> Option<Self> {
        let (whole, mut rest) = bytes.split_first()?;
        let mut headers = HeaderMap::new();
        let (count, after) = number(rest)?;
        rest = after;
        for _ in 0..count {
            let (name, after) = part(rest)?;
            let (value, after) = part(after)?;
            headers.append(HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?);
            rest = after;
        }
        let body = (*whole == 1).then(|| BytesMut::from(rest));
        Some(Self { status, headers, body, max: 0 })
    }
}

fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*number) as usize, rest))
}

fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = number(bytes)?;
    rest.split_at_checked(length)
}

/// The answer to a request that was carried out before.
pub(crate) struct Replay {
    status: StatusCode,
    stored: Option<Stored>,
}

impl Replay {
    /// From what the record holds; `None` within: its answer cannot be given again.
    pub(crate) fn new(status: u16, opened: Option<&[u8]>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, stored: opened.and_then(|bytes| Stored::from_bytes(status, bytes)) }
    }

    /// The first answer again; or, where it was too large to keep, that it was given, and what it was.
    pub(crate) fn respond(self, shared: &Shared, request: &HeaderValue) -> Response<ResponseBody> {
        let mut headers = HeaderMap::new();
        if let Some(stored) = self.stored {
            if let Some(body) = stored.body {
                let mut response = Response::new(whole(body.freeze()));
                *response.status_mut() = self.status;
                *response.headers_mut() = stored.headers;
                response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
                return response;
            }
            headers = stored.headers;
        }
        // The id was made by this gateway.
        let id = request.to_str().ok().and_then(|id| id.parse::<RequestId>().ok());
        let Some(id) = id else { return Response::new(ResponseBody::Whole(None)) };
        let mut response = respond::refuse(Fault::AnswerNotKept.into(), shared, id, None);
        let out = response.headers_mut();
        out.insert(REPLAYED, HeaderValue::from_static("true"));
        out.insert(ORIGINAL_STATUS, HeaderValue::from(self.status.as_u16()));
        for name in [header::LOCATION, header::ETAG] {
            if let Some(value) = headers.remove(&name) {
                out.insert(name, value);
            }
        }
        response
    }
}

fn whole(body: Bytes) -> ResponseBody {
    ResponseBody::Whole((!body.is_empty()).then_some(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d16_an_answer_comes_back_as_it_was_kept_and_a_damaged_one_does_not() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("content-type", "text/plain"), ("x-two", "1"), ("x-two", "2"), ("set-cookie", "s=1")] {
            headers.append(name, HeaderValue::from_static(value));
        }
        let mut stored = Stored::new(StatusCode::CREATED, &headers, 5);
        stored.data(b"he");
        stored.data(b"llo");
        let bytes = stored.to_bytes();
        let again = Stored::from_bytes(StatusCode::CREATED, &bytes).unwrap();
        assert_eq!(again.body.unwrap(), "hello");
        assert_eq!(again.headers.len(), 3, "no cookie");
        for end in 0..bytes.len() - 5 {
            assert!(Stored::from_bytes(StatusCode::CREATED, &bytes[..end]).is_none(), "{end}");
        }
        stored.data(b"!");
        assert!(stored.is_too_large());
        assert!(Stored::from_bytes(StatusCode::CREATED, &stored.to_bytes()).unwrap().body.is_none());
    }
}
