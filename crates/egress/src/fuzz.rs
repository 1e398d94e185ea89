//! Fuzz: one door to the readers of hostile bytes, for the fuzz targets alone.
//!
//! Owns:  `response`: a whole answer through head and body decoders, at once and in pieces.
//! Never: used by the product.
//! Read:  top down.

use crate::codec::{Asked, Decoder, HeadReader, Limits, Step};
use crate::error::Fault;
use bytes::BytesMut;
use http::{HeaderMap, StatusCode};

const LIMITS: Limits = Limits { head_max: 8 * 1024, headers_max: 32 };
/// Interim heads that are passed over.
const INTERIM_MAX: usize = 16;

/// What a reader made of the bytes.
#[derive(Debug, PartialEq, Eq)]
struct Reading {
    status: StatusCode,
    headers: HeaderMap,
    keep: bool,
    content: Vec<u8>,
    trailers: Option<HeaderMap>,
    complete: bool,
    left_over: Vec<u8>,
}

/// Reads `data` as an upstream's bytes. The first byte says how: bit 0, the request was HEAD; bit 1, it asked for an
/// upgrade; the rest, the size of the pieces.
///
/// # Panics
/// When pieces are read differently from the whole, or a refused or bodiless answer yields content.
pub fn response(data: &[u8]) {
    let Some((how, bytes)) = data.split_first() else { return };
    let asked = Asked { head: how & 1 != 0, upgrade: (how & 2 != 0).then_some(b"websocket") };
    let piece = usize::from(how >> 2) + 1;
    let whole = read(bytes, bytes.len().max(1), &asked);
    let parts = read(bytes, piece, &asked);
    match (&whole, &parts) {
        (Ok(Some(whole)), Ok(Some(parts))) => assert_eq!(whole, parts, "pieces of {piece} are read differently"),
        (Ok(None), Ok(None)) | (Err(_), Err(_)) => {}
        (Ok(_) | Err(_), Ok(_) | Err(_)) => panic!("whole: {whole:?}, pieces of {piece}: {parts:?}"),
    }
    if let Ok(Some(reading)) = whole {
        assert!(!asked.head || reading.content.is_empty(), "content behind a HEAD");
        assert!(!reading.headers.contains_key("transfer-encoding"), "framing was passed on");
        assert!(!reading.headers.contains_key("connection"), "a connection field was passed on");
    }
}

fn read(bytes: &[u8], piece: usize, asked: &Asked<'_>) -> Result<Option<Reading>, Fault> {
    let mut pieces = bytes.chunks(piece);
    let mut buf = BytesMut::new();
    let mut reader = HeadReader::default();
    let mut interim = 0;
    let head = loop {
        match reader.read(&mut buf, asked, &LIMITS)? {
            Some(head) if head.status.is_informational() && head.status != StatusCode::SWITCHING_PROTOCOLS => {
                interim += 1;
                if interim > INTERIM_MAX {
                    return Err(Fault::Interim);
                }
            }
            Some(head) => break head,
            None => match pieces.next() {
                Some(piece) => buf.extend_from_slice(piece),
                None => return Ok(None),
            },
        }
    };
    let mut decoder = Decoder::new(head.framing);
    let (mut content, mut trailers) = (Vec::new(), None);
    let complete = loop {
        match decoder.step(&mut buf, &LIMITS)? {
            Step::Data(data) => content.extend_from_slice(&data),
            Step::Trailers(fields) => trailers = Some(fields),
            Step::End => break true,
            Step::More => match pieces.next() {
                Some(piece) => buf.extend_from_slice(piece),
                None => break decoder.ends_with_connection(),
            },
        }
    };
    pieces.for_each(|piece| buf.extend_from_slice(piece));
    let left_over = buf.to_vec();
    Ok(Some(Reading {
        status: head.status,
        headers: head.fields.into_map(),
        keep: head.keep,
        content,
        trailers,
        complete,
        left_over,
    }))
}
