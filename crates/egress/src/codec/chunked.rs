//! Chunked: the chunked transfer coding as it is read (RFC 9112 7.1).
//!
//! Owns:  `Chunked`: sizes, extensions (bounded, ignored), data, the trailer section.
//! Never: accepts a bare LF, a size that is not plain hexadecimal, or a line without a bound.
//! Read:  `Chunked::step`. Tests: `chunked/tests.rs` (every split of the input).

use super::{Limits, Step, end_of_fields, has_bare_lf, may_trail};
use crate::error::Fault;
use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Bytes of a chunk's size line, extensions and CRLF included.
const LINE_MAX: usize = 1024;
/// Hexadecimal digits of a size: what fits 64 bits.
const DIGITS_MAX: usize = 16;
/// Fields of a trailer section, whatever `headers_max` says.
const TRAILERS_MAX: usize = 64;

/// Where in a chunked body the reading is.
#[derive(Debug)]
pub(crate) struct Chunked {
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// Before a size line.
    Size,
    /// In data; so many bytes of this chunk are to come.
    Data(u64),
    /// Before the CRLF behind data.
    DataEnd,
    /// In the trailer section; so many bytes of it hold no end.
    Trailers(usize),
    /// Behind everything.
    End,
}

impl Chunked {
    pub(crate) const fn new() -> Self {
        Self { place: Place::Size }
    }

    pub(crate) const fn is_complete(&self) -> bool {
        matches!(self.place, Place::End)
    }

    /// Takes the next piece off the front of `buf`.
    pub(crate) fn step(&mut self, buf: &mut BytesMut, limits: &Limits) -> Result<Step, Fault> {
        loop {
            match &mut self.place {
                Place::Size => match size_line(buf)? {
                    None => return Ok(Step::More),
                    Some(0) => self.place = Place::Trailers(0),
                    Some(size) => self.place = Place::Data(size),
                },
                Place::Data(_) if buf.is_empty() => return Ok(Step::More),
                Place::Data(left) => {
                    let take = buf.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= take as u64;
                    if *left == 0 {
                        self.place = Place::DataEnd;
                    }
                    return Ok(Step::Data(buf.split_to(take).freeze()));
                }
                Place::DataEnd => match &buf[..buf.len().min(2)] {
                    b"\r\n" => {
                        buf.advance(2);
                        self.place = Place::Size;
                    }
                    b"" | b"\r" => return Ok(Step::More),
                    _ => return Err(Fault::Chunk),
                },
                Place::Trailers(seen) => {
                    let Some(section) = trailer_section(buf, seen, limits)? else { return Ok(Step::More) };
                    self.place = Place::End;
                    if !section.is_empty() {
                        return trailers(&section, limits).map(Step::Trailers);
                    }
                }
                Place::End => return Ok(Step::End),
            }
        }
    }
}

/// Takes a chunk's size line: hexadecimal digits, then CRLF or `;` and extensions.
fn size_line(buf: &mut BytesMut) -> Result<Option<u64>, Fault> {
    let window = &buf[..buf.len().min(LINE_MAX)];
    let mut size = 0_u64;
    let mut digits = 0;
    while let Some(digit) = window.get(digits).and_then(|byte| char::from(*byte).to_digit(16)) {
        if digits == DIGITS_MAX {
            return Err(Fault::Chunk);
        }
        size = size << 4 | u64::from(digit);
        digits += 1;
    }
    let rest = &window[digits..];
    if digits == 0 && !rest.is_empty() {
        return Err(Fault::Chunk);
    }
    match rest {
        [] | b"\r" => return Ok(None),
        [b'\r', b'\n', ..] => {
            buf.advance(digits + 2);
            return Ok(Some(size));
        }
        [b';' | b' ' | b'\t', ..] => {}
        _ => return Err(Fault::Chunk),
    }
    // Extensions mean nothing to us; they only have to be harmless text that ends soon.
    let Some(end) = rest.iter().position(|byte| byte.is_ascii_control() && *byte != b'\t') else {
        return if window.len() == LINE_MAX { Err(Fault::Chunk) } else { Ok(None) };
    };
    if rest[..end].trim_ascii_start().first() != Some(&b';') {
        return Err(Fault::Chunk);
    }
    match &rest[end..] {
        [b'\r', b'\n', ..] => {
            buf.advance(digits + end + 2);
            Ok(Some(size))
        }
        [b'\r'] if window.len() < LINE_MAX => Ok(None),
        _ => Err(Fault::Chunk),
    }
}

/// Takes the whole trailer section, its last CRLF included; empty when there are no fields.
fn trailer_section(buf: &mut BytesMut, seen: &mut usize, limits: &Limits) -> Result<Option<Bytes>, Fault> {
    if buf.starts_with(b"\r\n") {
        buf.advance(2);
        return Ok(Some(Bytes::new()));
    }
    let from = seen.saturating_sub(3);
    let Some(end) = end_of_fields(buf, from) else {
        *seen = buf.len();
        return if buf.len() >= limits.head_max { Err(Fault::Trailers) } else { Ok(None) };
    };
    if end > limits.head_max { Err(Fault::Trailers) } else { Ok(Some(buf.split_to(end).freeze())) }
}

fn trailers(section: &Bytes, limits: &Limits) -> Result<HeaderMap, Fault> {
    if has_bare_lf(section) {
        return Err(Fault::Trailers);
    }
    let mut room = [httparse::EMPTY_HEADER; TRAILERS_MAX];
    let room = &mut room[..limits.headers_max.min(TRAILERS_MAX)];
    let parsed = httparse::parse_headers(section, room).map_err(|_| Fault::Trailers)?;
    let httparse::Status::Complete((end, fields)) = parsed else { return Err(Fault::Trailers) };
    if end != section.len() {
        return Err(Fault::Trailers);
    }
    let mut map = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| Fault::Trailers)?;
        let value = HeaderValue::from_maybe_shared(section.slice_ref(field.value)).map_err(|_| Fault::Trailers)?;
        if may_trail(&name) {
            map.try_append(name, value).map_err(|_| Fault::Trailers)?;
        }
    }
    Ok(map)
}

#[cfg(test)]
mod tests;
