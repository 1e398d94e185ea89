//! Fuzz: the doors to the readers of hostile bytes, for the fuzz targets alone.
//!
//! Owns:  `http1_head`: a head through our reader, at once and in pieces, beside what httparse makes of it; `client_address`.
//! Never: used by the product.
//! Read:  top down.

use crate::http1::head::{Head, HeadReader};
use bytes::BytesMut;

const HEAD_MAX: usize = 4 * 1024;
const HEADERS_MAX: usize = 24;

/// Reads `data` as a caller's bytes. The first byte says the size of the pieces.
///
/// # Panics
/// When a head is taken that httparse does not take or reads differently, when two readers could frame what follows
/// differently, when bytes are lost, or when pieces are read differently from the whole.
pub fn http1_head(data: &[u8]) {
    let Some((piece, bytes)) = data.split_first() else { return };
    let mut buffer = BytesMut::from(bytes);
    let whole = HeadReader::new(HEAD_MAX, HEADERS_MAX).read(&mut buffer);
    if bytes.len() < HEAD_MAX {
        let (mut reader, mut gathered) = (HeadReader::new(HEAD_MAX, HEADERS_MAX), BytesMut::new());
        let mut parts = Head::More { begun: false };
        for piece in bytes.chunks(usize::from(*piece) + 1) {
            gathered.extend_from_slice(piece);
            parts = reader.read(&mut gathered);
            if !matches!(parts, Head::More { .. }) {
                break;
            }
        }
        let same = std::mem::discriminant(&whole) == std::mem::discriminant(&parts);
        assert!(same, "pieces of {piece} are read differently");
    }
    match whole {
        Head::Plain(parsed) => {
            let head = bytes.strip_suffix(&buffer[..]).unwrap_or_default();
            let mut room = [httparse::EMPTY_HEADER; HEADERS_MAX];
            let mut theirs = httparse::Request::new(&mut room);
            let status = theirs.parse(head);
            assert_eq!(status, Ok(httparse::Status::Complete(head.len())), "httparse takes it too, to the same byte");
            assert_eq!((theirs.version, theirs.method), (Some(1), Some(parsed.request.method().as_str())));
            let target = parsed.request.uri().path_and_query().map(http::uri::PathAndQuery::as_str);
            assert_eq!(theirs.path, target, "the target is passed on as it came");
            assert_eq!(theirs.headers.len(), parsed.request.headers().len());
            let mut length = None;
            for field in theirs.headers.iter() {
                let values = parsed.request.headers().get_all(field.name);
                assert!(values.iter().any(|v| v.as_bytes() == field.value), "{} is passed on as it came", field.name);
                assert!(!field.name.eq_ignore_ascii_case("transfer-encoding"), "a coding is not plain");
                if field.name.eq_ignore_ascii_case("content-length") {
                    assert!(length.is_none(), "two lengths");
                    length = std::str::from_utf8(field.value).ok().and_then(|text| text.parse::<u64>().ok());
                    assert!(length.is_some(), "a length is a number");
                }
            }
            assert_eq!(length.unwrap_or(0), parsed.length);
            let lines = head.split(|byte| *byte == b'\n').count() - 1;
            assert_eq!(head.windows(2).filter(|pair| pair == b"\r\n").count(), lines, "every line ends alike");
        }
        Head::More { .. } | Head::Unusual => assert_eq!(buffer, bytes, "what is not taken is left whole"),
        // Nothing is read after it.
        Head::Refused => {}
    }
}

/// Finds the caller's address behind a proxy of `10.0.0.0/8`; `data` is the value of `X-Forwarded-For`, then of `Forwarded`.
///
/// # Panics
/// When an address is found that is not in canonical form.
pub fn client_address(data: &[u8]) {
    let Ok(value) = http::HeaderValue::from_bytes(data) else { return };
    let Ok(trusted) = "10.0.0.0/8".parse::<ipnet::IpNet>() else { return };
    let peer = std::net::IpAddr::from([10, 0, 0, 1]);
    for name in [http::HeaderName::from_static("x-forwarded-for"), http::header::FORWARDED] {
        let headers = http::HeaderMap::from_iter([(name, value.clone())]);
        let found = crate::client_address::find(peer, &[trusted], &headers);
        assert_eq!(found, found.to_canonical(), "an address has one form");
        let elsewhere = std::net::IpAddr::from([192, 0, 2, 1]);
        assert_eq!(
            crate::client_address::find(elsewhere, &[trusted], &headers),
            elsewhere,
            "a stranger is not believed"
        );
    }
}
