//! Codec: HTTP/1.1 as a client writes and reads it (RFC 9110, RFC 9112).
//!
//! Owns:  the bytes of request heads, response heads, bodies and trailers; what framing is believed.
//! Never: does I/O, waits, or guesses: what two readers could read differently is refused.
//! Read:  `response`, then `chunked`, then `request`.

pub(crate) mod chunked;
pub(crate) mod request;
pub(crate) mod response;

pub(crate) use chunked::Chunked;
pub(crate) use request::{Length, write_chunk_size, write_head, write_trailers};
pub(crate) use response::{Asked, Framing, HeadReader, ResponseHead};

use crate::error::Fault;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, header};

/// The bounds of what a response may make us hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of a head, and of a trailer section.
    pub(crate) head_max: usize,
    /// Fields of a head, and of a trailer section.
    pub(crate) headers_max: usize,
}

/// What a decoder found at the front of the buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Content.
    Data(Bytes),
    /// The trailer section, without fields that may not stand there. The end follows.
    Trailers(HeaderMap),
    /// The body is complete.
    End,
    /// Nothing without more bytes.
    More,
}

/// Where in a response's body the reading is.
#[derive(Debug)]
pub(crate) enum Decoder {
    /// So many bytes are to come.
    Length(u64),
    /// By chunks.
    Chunked(Chunked),
    /// Until the upstream closes.
    Close,
}

impl Decoder {
    pub(crate) const fn new(framing: Framing) -> Self {
        match framing {
            Framing::Empty => Self::Length(0),
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Chunked(Chunked::new()),
            Framing::Close => Self::Close,
        }
    }

    /// Takes the next piece off the front of `buf`.
    pub(crate) fn step(&mut self, buf: &mut BytesMut, limits: &Limits) -> Result<Step, Fault> {
        match self {
            Self::Length(0) => Ok(Step::End),
            Self::Length(_) | Self::Close if buf.is_empty() => Ok(Step::More),
            Self::Length(left) => {
                let take = buf.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= take as u64;
                Ok(Step::Data(buf.split_to(take).freeze()))
            }
            Self::Chunked(chunked) => chunked.step(buf, limits),
            Self::Close => Ok(Step::Data(buf.split().freeze())),
        }
    }

    /// Whether the upstream's closing now makes the body complete.
    pub(crate) const fn ends_with_connection(&self) -> bool {
        matches!(self, Self::Close)
    }

    /// Whether the body is known to be complete without another step.
    pub(crate) const fn is_complete(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunked) => chunked.is_complete(),
            Self::Close => false,
        }
    }

    /// Bytes still to come, when that is known.
    pub(crate) const fn left(&self) -> Option<u64> {
        match self {
            Self::Length(left) => Some(*left),
            Self::Chunked(_) | Self::Close => None,
        }
    }
}

/// Index just behind the first CRLF CRLF that begins at or after `from`.
fn end_of_fields(buf: &[u8], from: usize) -> Option<usize> {
    let mut feeds = memchr::memchr_iter(b'\n', buf.get(from..)?).map(|at| at + from);
    feeds.find(|at| *at >= from + 3 && buf[at - 3..=*at] == *b"\r\n\r\n").map(|at| at + 1)
}

/// Whether some LF does not follow a CR (the first byte is not looked at). The parser underneath would take it for a
/// line's end; other readers do not.
fn has_bare_lf(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', bytes).any(|at| at > 0 && bytes[at - 1] != b'\r')
}

/// Whether a field may stand in a trailer section: none that frames, routes, authenticates or describes the content
/// (RFC 9110 6.5.1).
fn may_trail(name: &HeaderName) -> bool {
    const REFUSED: [HeaderName; 20] = [
        header::AUTHORIZATION,
        header::CACHE_CONTROL,
        header::CONNECTION,
        header::CONTENT_ENCODING,
        header::CONTENT_LENGTH,
        header::CONTENT_RANGE,
        header::CONTENT_TYPE,
        header::COOKIE,
        header::EXPECT,
        header::HOST,
        header::LOCATION,
        header::MAX_FORWARDS,
        header::PROXY_AUTHENTICATE,
        header::PROXY_AUTHORIZATION,
        header::SET_COOKIE,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::WWW_AUTHENTICATE,
    ];
    !REFUSED.contains(name) && !matches!(name.as_str(), "keep-alive" | "proxy-connection")
}
