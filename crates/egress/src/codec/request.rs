//! Request heads: what goes out.
//!
//! Owns:  the request line, the fields that frame and route (`Host`, `Content-Length`, `Transfer-Encoding`,
//!        `Connection`, `Upgrade`, `TE`), and the encoding of trailers.
//! Never: takes framing from a caller's fields, or writes a byte that could end a line early.
//! Read:  `write_head`. Tests: `request/tests.rs`.

use super::may_trail;
use crate::prepared::Prepared;
use crate::target::Target;
use crate::upstream::{HostField, RequestHead};
use http::{HeaderMap, HeaderValue, Method};

/// How a request's body is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// There is none, and nothing is said about it.
    None,
    /// So many bytes.
    Exact(u64),
    /// By chunks, trailers possible.
    Chunked,
}

impl Length {
    /// From what a body says about itself. No body is said only for methods that usually have one (RFC 9110 8.6).
    pub(crate) fn of(method: &Method, hint: &http_body::SizeHint, ended: bool) -> Self {
        match hint.exact() {
            _ if ended => Self::empty(method),
            Some(0) => Self::empty(method),
            Some(length) => Self::Exact(length),
            None => Self::Chunked,
        }
    }

    fn empty(method: &Method) -> Self {
        if *method == Method::POST || *method == Method::PUT || *method == Method::PATCH {
            Self::Exact(0)
        } else {
            Self::None
        }
    }
}

/// Appends the whole head, the empty line included.
///
/// # Errors
/// When something in `head` cannot be written without changing how the request is read.
pub(crate) fn write_head(
    out: &mut Vec<u8>,
    target: &Target,
    head: &RequestHead<'_>,
    length: Length,
    close: bool,
) -> Result<(), &'static str> {
    request_line(out, target, head)?;
    let host = match head.host {
        HostField::Target => target.authority().as_bytes(),
        HostField::Value(value) => value,
    };
    if host.iter().any(|byte| !byte.is_ascii_graphic()) {
        return Err("the Host field holds a character that cannot stand there");
    }
    line(out, b"host", host);
    for (name, value) in head.headers {
        if !is_ours(name.as_str()) {
            line(out, name.as_str().as_bytes(), value.as_bytes());
        }
    }
    out.extend_from_slice(head.prepared.map_or(b"", Prepared::as_bytes));
    for (name, value) in head.extra {
        if !is_ours(name.as_str()) {
            line(out, name.as_str().as_bytes(), value.as_bytes());
        }
    }
    match length {
        Length::None => {}
        Length::Exact(length) => {
            out.extend_from_slice(b"content-length: ");
            decimal(out, length);
            out.extend_from_slice(b"\r\n");
        }
        Length::Chunked => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
    }
    connection(out, head, close)?;
    out.extend_from_slice(b"\r\n");
    Ok(())
}

fn request_line(out: &mut Vec<u8>, target: &Target, head: &RequestHead<'_>) -> Result<(), &'static str> {
    if *head.method == Method::CONNECT {
        return Err("CONNECT is never forwarded");
    }
    let path = head.path_and_query;
    // Bytes above 0x7f are passed as they came; spaces, controls and fragments would be read differently.
    if path.iter().fold(false, |bad, byte| bad | (*byte <= b' ') | (*byte == 0x7f) | (*byte == b'#')) {
        return Err("the path holds a character that cannot stand there");
    }
    out.extend_from_slice(head.method.as_str().as_bytes());
    out.push(b' ');
    match path {
        [b'/', ..] => {
            out.extend_from_slice(target.base_path().as_bytes());
            out.extend_from_slice(path);
        }
        b"*" if *head.method == Method::OPTIONS && target.base_path().is_empty() => out.push(b'*'),
        _ => return Err("the path does not begin with a slash"),
    }
    out.extend_from_slice(b" HTTP/1.1\r\n");
    Ok(())
}

fn connection(out: &mut Vec<u8>, head: &RequestHead<'_>, close: bool) -> Result<(), &'static str> {
    if let Some(protocol) = head.upgrade {
        if protocol.is_empty() || !is_value(protocol) {
            return Err("the protocol to upgrade to holds a character that cannot stand there");
        }
        line(out, b"upgrade", protocol);
    }
    if head.trailers {
        line(out, b"te", b"trailers");
    }
    match (head.upgrade.is_some(), head.trailers, close) {
        (false, false, false) => {}
        (true, true, _) => line(out, b"connection", b"upgrade, te"),
        (true, false, _) => line(out, b"connection", b"upgrade"),
        (false, true, true) => line(out, b"connection", b"te, close"),
        (false, true, false) => line(out, b"connection", b"te"),
        (false, false, true) => line(out, b"connection", b"close"),
    }
    Ok(())
}

/// Appends trailer fields (those that may stand there) and the empty line.
pub(crate) fn write_trailers(out: &mut Vec<u8>, trailers: &HeaderMap) {
    for (name, value) in trailers {
        if may_trail(name) {
            line(out, name.as_str().as_bytes(), value.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends a chunk's size line.
pub(crate) fn write_chunk_size(out: &mut Vec<u8>, size: usize) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [0_u8; 16];
    let mut at = digits.len();
    let mut left = size;
    loop {
        at -= 1;
        digits[at] = HEX[left & 0xf];
        left >>= 4;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
    out.extend_from_slice(b"\r\n");
}

pub(crate) fn line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.reserve(name.len() + value.len() + 4);
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn decimal(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut left = number;
    loop {
        at -= 1;
        // A remainder of ten always fits.
        digits[at] = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Fields that this side of the connection writes itself.
pub(crate) fn is_ours(name: &str) -> bool {
    matches!(
        name,
        "host"
            | "content-length"
            | "transfer-encoding"
            | "connection"
            | "keep-alive"
            | "proxy-connection"
            | "upgrade"
            | "te"
            | "expect"
    )
}

fn is_value(value: &[u8]) -> bool {
    HeaderValue::from_bytes(value).is_ok()
}

#[cfg(test)]
mod tests;
