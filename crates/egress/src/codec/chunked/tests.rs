//! Tests of `chunked`.
//!
//! Owns:  tables of good and hostile bodies; every split against a straight-line reading.
//! Never: the network.
//! Read:  top down.

use super::*;
use proptest::prelude::*;

const LIMITS: Limits = Limits { head_max: 256, headers_max: 4 };

#[derive(Debug, PartialEq, Eq)]
struct Read {
    content: Vec<u8>,
    trailers: Option<HeaderMap>,
    complete: bool,
    left_over: Vec<u8>,
}

/// Reads `pieces` as they arrive.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Read, Fault> {
    let mut pieces = pieces.into_iter();
    let mut buf = BytesMut::new();
    let mut chunked = Chunked::new();
    let (mut content, mut trailers) = (Vec::new(), None);
    let complete = loop {
        match chunked.step(&mut buf, &LIMITS)? {
            Step::Data(data) => {
                assert!(!data.is_empty(), "an empty piece of content");
                content.extend_from_slice(&data);
            }
            Step::Trailers(fields) => trailers = Some(fields),
            Step::End => break true,
            Step::More => match pieces.next() {
                Some(piece) => buf.extend_from_slice(piece),
                None => break false,
            },
        }
    };
    assert_eq!(complete, chunked.is_complete());
    pieces.for_each(|piece| buf.extend_from_slice(piece));
    Ok(Read { content, trailers, complete, left_over: buf.to_vec() })
}

#[test]
fn good_bodies_are_read() {
    let table: &[(&str, &str, &str)] = &[
        ("0\r\n\r\n", "", ""),
        ("5\r\nhello\r\n0\r\n\r\n", "hello", ""),
        ("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nHTTP", "hello world", "HTTP"),
        ("A\r\n0123456789\r\n0\r\n\r\n", "0123456789", ""),
        ("a\r\n0123456789\r\n000\r\n\r\n", "0123456789", ""),
        ("0000000000000005\r\nhello\r\n0\r\n\r\n", "hello", ""),
        ("5;a\r\nhello\r\n0;b=c\r\n\r\n", "hello", ""),
        ("5 ; a=\"b c\"\t\r\nhello\r\n0\r\n\r\n", "hello", ""),
        ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n", ""),
    ];
    for (bytes, content, left_over) in table {
        let read = read([bytes.as_bytes()]).unwrap_or_else(|e| panic!("{bytes:?}: {e}"));
        assert!(read.complete, "{bytes:?}");
        assert_eq!((read.content, read.left_over), (content.as_bytes().to_vec(), left_over.as_bytes().to_vec()));
        assert_eq!(read.trailers, None);
    }
}

#[test]
fn d42_hostile_bodies_are_refused() {
    let long = format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(LINE_MAX));
    let large = format!("0\r\na: {}\r\n\r\n", "x".repeat(256));
    let endless = format!("0\r\na: {}", "x".repeat(256));
    let many = format!("0\r\n{}\r\n", "a: b\r\n".repeat(5));
    let table: &[(&str, Fault)] = &[
        ("\r\n", Fault::Chunk),
        ("x\r\n", Fault::Chunk),
        ("-1\r\n", Fault::Chunk),
        ("+5\r\nhello\r\n", Fault::Chunk),
        ("0x5\r\nhello\r\n", Fault::Chunk),
        (" 5\r\nhello\r\n", Fault::Chunk),
        ("5 \r\nhello\r\n", Fault::Chunk),
        ("5\t\r\nhello\r\n", Fault::Chunk),
        ("5 5\r\nhello\r\n", Fault::Chunk),
        ("5\nhello\r\n", Fault::Chunk),
        ("5\rhello\r\n", Fault::Chunk),
        ("5;a\nhello\r\n", Fault::Chunk),
        ("5;a\rb\r\nhello\r\n", Fault::Chunk),
        ("5;a\0\r\nhello\r\n", Fault::Chunk),
        ("5,a\r\nhello\r\n", Fault::Chunk),
        ("00000000000000005\r\nhello\r\n", Fault::Chunk),
        ("10000000000000000\r\n", Fault::Chunk),
        ("ffffffffffffffffffff", Fault::Chunk),
        ("5\r\nhello!\r\n", Fault::Chunk),
        ("5\r\nhello\n", Fault::Chunk),
        ("5\r\nhello\rx", Fault::Chunk),
        ("5\r\nhello5\r\n", Fault::Chunk),
        (&long, Fault::Chunk),
        ("0\r\na: b\nc: d\r\n\r\n", Fault::Trailers),
        ("0\r\na: b\r\n c\r\n\r\n", Fault::Trailers),
        ("0\r\na : b\r\n\r\n", Fault::Trailers),
        ("0\r\na: b\0\r\n\r\n", Fault::Trailers),
        ("0\r\nnocolon\r\n\r\n", Fault::Trailers),
        ("0\r\n\n\r\n\r\n", Fault::Trailers),
        (&large, Fault::Trailers),
        (&endless, Fault::Trailers),
        (&many, Fault::Trailers),
    ];
    for (bytes, fault) in table {
        assert_eq!(read([bytes.as_bytes()]).unwrap_err(), *fault, "{bytes:?} at once");
        assert_eq!(read(bytes.as_bytes().chunks(1)).unwrap_err(), *fault, "{bytes:?} byte by byte");
    }
}

#[test]
fn the_largest_size_is_taken_and_not_reserved() {
    let read = read([&b"ffffffffffffffff\r\nabc"[..]]).unwrap();
    assert!(!read.complete);
    assert_eq!(read.content, b"abc");
}

#[test]
fn d42_trailers_lose_what_may_not_trail() {
    let bytes = b"0\r\nX-Sum: 1\r\nContent-Length: 9\r\nSet-Cookie: a\r\nx-sum: 2\r\n\r\n";
    let trailers = read([&bytes[..]]).unwrap().trailers.unwrap();
    assert_eq!(trailers.keys_len(), 1);
    assert_eq!(trailers.get_all("x-sum").iter().collect::<Vec<_>>(), ["1", "2"]);
}

/// A chunked body and what it stands for.
#[derive(Debug, Clone)]
struct Sample {
    bytes: Vec<u8>,
    content: Vec<u8>,
    trailer: Option<String>,
}

fn sample() -> impl Strategy<Value = Sample> {
    let chunk = (
        proptest::collection::vec(any::<u8>(), 1..40),
        proptest::option::of("[a-z]{1,5}(=[a-z]{1,5})?"),
        any::<bool>(),
    );
    (proptest::collection::vec(chunk, 0..5), proptest::option::of("[a-z]{1,9}")).prop_map(|(chunks, trailer)| {
        let (mut bytes, mut content) = (Vec::new(), Vec::new());
        for (data, extension, upper) in chunks {
            let size = if upper { format!("{:X}", data.len()) } else { format!("{:04x}", data.len()) };
            bytes.extend_from_slice(size.as_bytes());
            extension.iter().for_each(|text| bytes.extend_from_slice(format!(";{text}").as_bytes()));
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(&data);
            bytes.extend_from_slice(b"\r\n");
            content.extend_from_slice(&data);
        }
        bytes.extend_from_slice(b"0\r\n");
        trailer.iter().for_each(|text| bytes.extend_from_slice(format!("x-t: {text}\r\n").as_bytes()));
        bytes.extend_from_slice(b"\r\n");
        Sample { bytes, content, trailer }
    })
}

proptest! {
    /// Every split of a body into two pieces, and every even split, gives its content and nothing else.
    #[test]
    fn every_split_gives_the_same(sample in sample()) {
        let check = |read: Read| {
            assert!(read.complete && read.left_over.is_empty());
            assert_eq!(read.content, sample.content);
            let trailer = read.trailers.map(|map| map["x-t"].to_str().unwrap().to_owned());
            assert_eq!(trailer, sample.trailer);
        };
        for cut in 0..=sample.bytes.len() {
            let (a, b) = sample.bytes.split_at(cut);
            check(read([a, b]).unwrap());
        }
        for size in 1..8 {
            check(read(sample.bytes.chunks(size)).unwrap());
        }
        // Cut short anywhere, it is never complete.
        for cut in 0..sample.bytes.len() {
            prop_assert!(!read([&sample.bytes[..cut]]).unwrap().complete);
        }
    }

    /// One changed byte: refused, incomplete, or read alike however it is split.
    #[test]
    fn a_changed_byte_is_read_alike_however_split(sample in sample(), at: proptest::sample::Index, byte: u8) {
        let mut bytes = sample.bytes;
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let whole = read([&bytes[..]]);
        for size in 1..5 {
            prop_assert_eq!(read(bytes.chunks(size)).ok(), whole.as_ref().ok().map(|read| Read {
                content: read.content.clone(),
                trailers: read.trailers.clone(),
                complete: read.complete,
                left_over: read.left_over.clone(),
            }));
        }
    }
}
