//! Response heads: bytes to status, fields and the one way to frame the body.
//!
//! Owns:  `HeadReader`, `ResponseHead`, `Framing`; what of a head is refused (`Fault`).
//! Never: a guess at framing; a connection field passed on.
//! Read:  `HeadReader::read`, then `Told::framing`. Tests: `response/tests.rs`.

use super::{Limits, end_of_fields, has_bare_lf};
use crate::error::Fault;
use crate::fields::Fields;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use std::mem::MaybeUninit;

/// Fields of a head that can be told at all, whatever `headers_max` says.
const FIELDS_MAX: usize = 256;

/// What was asked, as far as it changes how the answer is read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked<'a> {
    /// The method was HEAD: no body, whatever the fields say.
    pub(crate) head: bool,
    /// The protocol that was asked for, if any.
    pub(crate) upgrade: Option<&'a [u8]>,
}

/// How a response's body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is none.
    Empty,
    /// After so many bytes.
    Length(u64),
    /// With the last chunk.
    Chunked,
    /// With the connection.
    Close,
}

/// A response's head, its connection fields already acted upon and removed.
#[derive(Debug)]
pub(crate) struct ResponseHead {
    pub(crate) status: StatusCode,
    pub(crate) fields: Fields,
    pub(crate) framing: Framing,
    /// Whether the connection may be used again once the body was read.
    pub(crate) keep: bool,
}

/// Reads heads off the front of a buffer.
#[derive(Debug, Default)]
pub(crate) struct HeadReader {
    /// Bytes that were looked at and hold no end of the head.
    seen: usize,
}

impl HeadReader {
    /// Takes one head (interim ones too) off the front of `buf`; `None` when its end has not arrived.
    pub(crate) fn read(
        &mut self,
        buf: &mut BytesMut,
        asked: &Asked<'_>,
        limits: &Limits,
    ) -> Result<Option<ResponseHead>, Fault> {
        if buf.is_empty() {
            return Ok(None);
        }
        let from = self.seen.saturating_sub(3);
        let Some(end) = end_of_fields(buf, from) else {
            self.seen = buf.len();
            // What cannot become a head is refused now, not when the wait for more runs out.
            let start = b"HTTP/1.";
            let shared = buf.len().min(start.len());
            if buf[..shared] != start[..shared] || has_bare_lf(&buf[from..]) {
                return Err(Fault::Head);
            }
            return if buf.len() >= limits.head_max { Err(Fault::HeadSize) } else { Ok(None) };
        };
        self.seen = 0;
        if end > limits.head_max {
            return Err(Fault::HeadSize);
        }
        parse(buf.split_to(end).freeze(), asked, limits).map(Some)
    }
}

fn parse(bytes: Bytes, asked: &Asked<'_>, limits: &Limits) -> Result<ResponseHead, Fault> {
    if !bytes.starts_with(b"HTTP/1.") || has_bare_lf(&bytes) {
        return Err(Fault::Head);
    }
    let mut room = [const { MaybeUninit::uninit() }; FIELDS_MAX];
    let room = &mut room[..limits.headers_max.min(FIELDS_MAX)];
    let mut parsed = httparse::Response::new(&mut []);
    let status = httparse::ParserConfig::default()
        .parse_response_with_uninit_headers(&mut parsed, &bytes, room)
        .map_err(|error| match error {
            httparse::Error::TooManyHeaders => Fault::HeadFields,
            httparse::Error::HeaderName
            | httparse::Error::HeaderValue
            | httparse::Error::NewLine
            | httparse::Error::Status
            | httparse::Error::Token
            | httparse::Error::Version => Fault::Head,
        })?;
    if status != httparse::Status::Complete(bytes.len()) {
        return Err(Fault::Head);
    }
    let (Some(version), Some(code)) = (parsed.version, parsed.code) else { return Err(Fault::Head) };
    let status = StatusCode::from_u16(code).map_err(|_| Fault::Head)?;
    let mut told = Told::new(version, Fields::new(bytes.clone(), parsed.headers.len()));
    for field in parsed.headers.iter() {
        told.take(field)?;
    }
    told.finish(status, asked)
}

/// What a head's fields tell while they are gone through.
struct Told<'a> {
    /// The minor version, 0 or 1.
    version: u8,
    fields: Fields,
    length: Option<u64>,
    /// Transfer-Encoding: absent, exactly `chunked`, or anything else.
    coding: Option<bool>,
    close: bool,
    keep_alive: bool,
    upgrade: Option<&'a httparse::Header<'a>>,
    /// Further fields that `Connection` names.
    named: Vec<&'a [u8]>,
}

impl<'a> Told<'a> {
    const fn new(version: u8, fields: Fields) -> Self {
        Self {
            version,
            fields,
            length: None,
            coding: None,
            close: false,
            keep_alive: false,
            upgrade: None,
            named: Vec::new(),
        }
    }

    fn take(&mut self, field: &'a httparse::Header<'a>) -> Result<(), Fault> {
        let is = |name: &str| field.name.eq_ignore_ascii_case(name);
        // What is acted upon here is told by its length first.
        match field.name.len() {
            14 if is("content-length") => return self.take_length(field.value),
            17 if is("transfer-encoding") => {
                let alone = self.coding.is_none() && field.value.eq_ignore_ascii_case(b"chunked");
                self.coding = Some(alone);
            }
            10 if is("connection") => self.take_connection(field.value),
            7 if is("upgrade") => self.upgrade = Some(field),
            2 if is("te") => {}
            10 if is("keep-alive") => {}
            16 if is("proxy-connection") => {}
            _ if self.fields.push(field.name.as_bytes(), field.value) => {}
            _ => return Err(Fault::Head),
        }
        Ok(())
    }

    /// One number, or the same number again (RFC 9112 6.3): then it is passed on once.
    fn take_length(&mut self, value: &[u8]) -> Result<(), Fault> {
        for item in value.split(|byte| *byte == b',') {
            let number = decimal(item.trim_ascii()).ok_or(Fault::ContentLength)?;
            if *self.length.get_or_insert(number) != number {
                return Err(Fault::ContentLength);
            }
        }
        Ok(())
    }

    fn take_connection(&mut self, value: &'a [u8]) {
        for token in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            if token.eq_ignore_ascii_case(b"close") {
                self.close = true;
            } else if token.eq_ignore_ascii_case(b"keep-alive") {
                self.keep_alive = true;
            } else if !token.is_empty() && !token.eq_ignore_ascii_case(b"upgrade") {
                self.named.push(token);
            }
        }
    }

    fn finish(mut self, status: StatusCode, asked: &Asked<'_>) -> Result<ResponseHead, Fault> {
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return self.switch(status, asked);
        }
        let framing = self.framing(status, asked)?;
        let mut keep = !self.close && (self.version == 1 || self.keep_alive) && framing != Framing::Close;
        if status == StatusCode::NO_CONTENT {
            // RFC 9110 8.6: a 204 states no length. One that does may be followed by what it says.
            keep &= self.coding.is_none() && self.length.unwrap_or(0) == 0;
        }
        self.fields.set_length(self.length.filter(|_| status != StatusCode::NO_CONTENT));
        for name in self.named {
            self.fields.remove(name);
        }
        Ok(ResponseHead { status, fields: self.fields, framing, keep })
    }

    /// RFC 9112 6.3, with everything ambiguous refused.
    fn framing(&self, status: StatusCode, asked: &Asked<'_>) -> Result<Framing, Fault> {
        match (self.coding, self.length) {
            (Some(_), Some(_)) => return Err(Fault::BothFramings),
            (Some(false), None) => return Err(Fault::TransferEncoding),
            (Some(true), None) if self.version == 0 => return Err(Fault::TransferEncoding),
            (Some(true) | None, _) => {}
        }
        let bodiless = status.is_informational()
            || status == StatusCode::NO_CONTENT
            || status == StatusCode::NOT_MODIFIED
            || asked.head;
        Ok(match (self.coding, self.length) {
            _ if bodiless => Framing::Empty,
            (Some(_), _) => Framing::Chunked,
            (None, Some(length)) => Framing::Length(length),
            (None, None) => Framing::Close,
        })
    }

    /// 101 is believed only when it was asked for, and only to the protocol that was asked for.
    fn switch(mut self, status: StatusCode, asked: &Asked<'_>) -> Result<ResponseHead, Fault> {
        let (Some(wanted), Some(given)) = (asked.upgrade, self.upgrade) else { return Err(Fault::Unasked101) };
        let offered =
            |name: &[u8]| wanted.split(|b| *b == b',').any(|item| item.trim_ascii().eq_ignore_ascii_case(name));
        if self.coding.is_some() || self.length.is_some() || !offered(given.value) {
            return Err(Fault::Unasked101);
        }
        if !self.fields.push(given.name.as_bytes(), given.value) {
            return Err(Fault::Unasked101);
        }
        Ok(ResponseHead { status, fields: self.fields, framing: Framing::Empty, keep: false })
    }
}

/// Digits only; `None` for anything else and for what does not fit.
fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests;
