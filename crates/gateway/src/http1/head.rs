//! Request heads: which are plain, and what they say.
//!
//! Owns:  `HeadReader`; the list of what is plain; the framings that nobody may send (RFC 9112, 6.3).
//! Never: guesses. A head that is not plain is somebody else's to read; one that two readers could read differently is
//!        refused.
//! Read:  `HeadReader::read`, then `Fields::take`. Tests: `head/tests.rs`.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, uri::PathAndQuery};
use std::mem::MaybeUninit;

/// Fields of a head that are read here, whatever `headers_max` says.
const FIELDS_MAX: usize = 128;
/// Digits of the largest length that is read here.
const LENGTH_DIGITS_MAX: usize = 18;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A plain head.
pub(crate) struct Parsed {
    pub(crate) request: Request<()>,
    /// Bytes of the body.
    pub(crate) length: u64,
    /// The caller wants the connection to end with the answer.
    pub(crate) close: bool,
}

/// What the front of the buffer is.
#[expect(
    clippy::large_enum_variant,
    reason = "the large one is the usual one, and an allocation costs more than a move"
)]
pub(crate) enum Head {
    /// A plain head; it was taken off.
    Plain(Parsed),
    /// The beginning of one; `begun` when there is at least a byte.
    More { begun: bool },
    /// Something that is hyper's to read.
    Unusual,
    /// Nothing that may be read at all.
    Refused,
}

/// Reads heads off the front of a buffer.
pub(crate) struct HeadReader {
    head_max: usize,
    headers_max: usize,
    /// Bytes that were looked at and hold no end of the head.
    seen: usize,
}

impl HeadReader {
    pub(crate) const fn new(head_max: usize, headers_max: usize) -> Self {
        Self { head_max, headers_max, seen: 0 }
    }

    pub(crate) fn read(&mut self, buffer: &mut BytesMut) -> Head {
        let Some(first) = buffer.first() else { return Head::More { begun: false } };
        // Line ends in front, TLS, and the preface of HTTP/2 are known by their first bytes.
        if !first.is_ascii_uppercase() || buffer.starts_with(b"PRI") {
            return self.done(Head::Unusual);
        }
        let end = match end_of_head(buffer, self.seen) {
            Search::End(end) => end,
            Search::BareLineFeed => return self.done(Head::Refused),
            Search::None if buffer.len() >= self.head_max => return self.done(Head::Unusual),
            Search::None => {
                self.seen = buffer.len();
                return Head::More { begun: true };
            }
        };
        if end > self.head_max {
            return self.done(Head::Unusual);
        }
        let head = buffer.split_to(end).freeze();
        let found = match parse(&head, self.headers_max) {
            Ok(parsed) => Head::Plain(parsed),
            Err(Not::Acceptable) => Head::Refused,
            Err(Not::Plain) => {
                // Whoever reads it instead reads all of it.
                let rest = std::mem::replace(buffer, BytesMut::from(&*head));
                buffer.extend_from_slice(&rest);
                Head::Unusual
            }
        };
        self.done(found)
    }

    const fn done(&mut self, found: Head) -> Head {
        self.seen = 0;
        found
    }
}

enum Search {
    End(usize),
    BareLineFeed,
    None,
}

/// Index just behind the first empty line, of which less than `seen` bytes were looked at before.
fn end_of_head(bytes: &[u8], seen: usize) -> Search {
    // The last line's feed may be what shows an empty line.
    let mut line = memchr::memrchr(b'\n', &bytes[..seen]).map_or(0, |at| at + 1);
    while let Some(length) = memchr::memchr(b'\n', &bytes[line..]) {
        match bytes[line..line + length] {
            [b'\r'] => return Search::End(line + length + 1),
            [.., b'\r'] => line += length + 1,
            _ => return Search::BareLineFeed,
        }
    }
    Search::None
}

/// What a head is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Not {
    Plain,
    Acceptable,
}

fn parse(bytes: &Bytes, headers_max: usize) -> Result<Parsed, Not> {
    let mut room = [const { MaybeUninit::uninit() }; FIELDS_MAX];
    let room = &mut room[..headers_max.min(FIELDS_MAX)];
    let mut head = httparse::Request::new(&mut []);
    // What it does not take, hyper does not take either, and hyper knows the answer to it.
    if head.parse_with_uninit_headers(bytes, room) != Ok(httparse::Status::Complete(bytes.len())) {
        return Err(Not::Plain);
    }
    let (Some(1), Some(method), Some(target)) = (head.version, head.method.and_then(method), head.path) else {
        return Err(Not::Plain);
    };
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    if !target.starts_with('/') || !target.bytes().fold(true, |good, byte| good & is_plain(byte)) {
        return Err(Not::Plain);
    }
    let target = bytes.slice_ref(target.as_bytes());
    let target = PathAndQuery::from_maybe_shared(target).map_err(|_| Not::Plain)?;
    let mut fields = Fields::new(head.headers.len());
    for field in head.headers.iter() {
        fields.take(bytes, field)?;
    }
    fields.finish(method, target)
}

fn method(text: &str) -> Option<Method> {
    match text {
        "GET" => Some(Method::GET),
        "HEAD" => Some(Method::HEAD),
        "POST" => Some(Method::POST),
        "PUT" => Some(Method::PUT),
        "PATCH" => Some(Method::PATCH),
        "DELETE" => Some(Method::DELETE),
        "OPTIONS" => Some(Method::OPTIONS),
        _ => None,
    }
}

/// A head's fields while they are gone through.
struct Fields {
    headers: HeaderMap,
    length: Option<u64>,
    close: bool,
    /// Something was seen that hyper is to read. Whether the head is acceptable is still looked at to its end.
    unusual: bool,
    coding: bool,
}

impl Fields {
    fn new(count: usize) -> Self {
        Self { headers: HeaderMap::with_capacity(count), length: None, close: false, unusual: false, coding: false }
    }

    fn take(&mut self, bytes: &Bytes, field: &httparse::Header<'_>) -> Result<(), Not> {
        let name = name(field.name.as_bytes()).ok_or(Not::Plain)?;
        match name.as_str() {
            "content-length" => self.take_length(field.value)?,
            "transfer-encoding" => {
                // One coding that everybody knows; in a list, readers differ on which one frames.
                if self.coding || !field.value.eq_ignore_ascii_case(b"chunked") {
                    return Err(Not::Acceptable);
                }
                self.coding = true;
            }
            "connection" if field.value.eq_ignore_ascii_case(b"close") => self.close = true,
            "connection" if field.value.eq_ignore_ascii_case(b"keep-alive") => {}
            "connection" | "expect" | "te" | "trailer" | "upgrade" => self.unusual = true,
            _ => {}
        }
        let value = HeaderValue::from_maybe_shared(bytes.slice_ref(field.value)).map_err(|_| Not::Plain)?;
        self.headers.try_append(name, value).map(|_| ()).map_err(|_| Not::Plain)
    }

    /// One number, said once. That it is said twice alike helps nobody who is honest.
    fn take_length(&mut self, value: &[u8]) -> Result<(), Not> {
        let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        if self.length.is_some() || !is_number {
            return Err(Not::Acceptable);
        }
        self.unusual |= value.len() > LENGTH_DIGITS_MAX;
        let digits = value.iter().take(LENGTH_DIGITS_MAX);
        self.length = Some(digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')));
        Ok(())
    }

    fn finish(self, method: Method, target: PathAndQuery) -> Result<Parsed, Not> {
        match (self.coding, self.length) {
            (true, Some(_)) => return Err(Not::Acceptable),
            (true, None) => return Err(Not::Plain),
            (false, _) if self.unusual => return Err(Not::Plain),
            (false, _) => {}
        }
        let mut request = Request::new(());
        *request.method_mut() = method;
        *request.uri_mut() = Uri::from(target);
        *request.headers_mut() = self.headers;
        Ok(Parsed { request, length: self.length.unwrap_or(0), close: self.close })
    }
}

/// A field's name; the commonest one of ours without the copy that names of no standard take.
fn name(text: &[u8]) -> Option<HeaderName> {
    if text.len() == X_API_KEY.as_str().len() && text.eq_ignore_ascii_case(X_API_KEY.as_str().as_bytes()) {
        return Some(X_API_KEY);
    }
    HeaderName::from_bytes(text).ok()
}

#[cfg(test)]
mod tests;
