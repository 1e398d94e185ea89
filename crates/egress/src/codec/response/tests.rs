//! Tests of `response`.
//!
//! Owns:  tables of heads, good and hostile; the same heads in pieces.
//! Never: the network.
//! Read:  top down.

use super::*;
use proptest::prelude::*;

const LIMITS: Limits = Limits { head_max: 1024, headers_max: 8 };
const GET: Asked<'_> = Asked { head: false, upgrade: None };
const HEAD: Asked<'_> = Asked { head: true, upgrade: None };
const SOCKET: Asked<'_> = Asked { head: false, upgrade: Some(b"websocket") };

fn read(bytes: &[u8], asked: &Asked<'_>) -> Result<Option<ResponseHead>, Fault> {
    HeadReader::default().read(&mut BytesMut::from(bytes), asked, &LIMITS)
}

fn good(bytes: &str, asked: &Asked<'_>) -> ResponseHead {
    match read(bytes.as_bytes(), asked) {
        Ok(Some(head)) => head,
        other => panic!("{bytes:?}: {other:?}"),
    }
}

#[test]
fn d42_framing_is_read_one_way_or_refused() {
    use Framing::{Chunked, Close, Empty, Length};
    let table: &[(&str, &Asked<'_>, Framing, bool)] = &[
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", &GET, Length(5), true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &GET, Length(0), true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", &GET, Length(5), true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", &GET, Length(5), true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n", &GET, Length(u64::MAX), true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &GET, Chunked, true),
        ("HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: ChunkeD\r\n\r\n", &GET, Chunked, true),
        ("HTTP/1.1 200 OK\r\n\r\n", &GET, Close, false),
        ("HTTP/1.1 200\r\n\r\n", &GET, Close, false),
        ("HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\n", &GET, Length(1), true),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n", &GET, Length(5), false),
        ("HTTP/1.1 200 OK\r\nConnection: x, CLOSE\r\nContent-Length: 5\r\n\r\n", &GET, Length(5), false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", &GET, Length(5), false),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n", &GET, Length(5), true),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", &GET, Close, false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", &HEAD, Empty, true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &HEAD, Empty, true),
        ("HTTP/1.1 200 OK\r\n\r\n", &HEAD, Empty, true),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", &GET, Empty, true),
        ("HTTP/1.1 204 No Content\r\n\r\n", &GET, Empty, true),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", &GET, Empty, true),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", &GET, Empty, false),
        ("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", &GET, Empty, false),
        ("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", &GET, Empty, true),
        ("HTTP/1.1 599 x\r\nContent-Length: 1\r\n\r\n", &GET, Length(1), true),
    ];
    for (bytes, asked, framing, keep) in table {
        let head = good(bytes, asked);
        assert_eq!((head.framing, head.keep), (*framing, *keep), "{bytes:?}");
    }
}

#[test]
fn d42_hostile_heads_are_refused() {
    use Fault::{BothFramings, ContentLength, Head, HeadFields, HeadSize, TransferEncoding, Unasked101};
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(9));
    let large = format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(1024));
    let endless = format!("HTTP/1.1 200 OK\r\na: {}", "x".repeat(1024));
    let table: &[(&str, Fault)] = &[
        // Two framings, or one that is not clear.
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", BothFramings),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", BothFramings),
        ("HTTP/1.1 304 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", BothFramings),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", ContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n", ContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n", ContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", ContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\n", ContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5 5\r\n\r\n", ContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", ContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5,\r\n\r\n", ContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n", ContentLength),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", TransferEncoding),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n", TransferEncoding),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", TransferEncoding),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n", TransferEncoding),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n", TransferEncoding),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", TransferEncoding),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n", TransferEncoding),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked;a=b\r\n\r\n", TransferEncoding),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", TransferEncoding),
        ("HTTP/1.1 204 OK\r\nTransfer-Encoding: gzip\r\n\r\n", TransferEncoding),
        // Lines that two readers could end differently.
        ("HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n", Head),
        ("HTTP/1.1 200 OK\r\n a: b\r\n\r\n", Head),
        ("HTTP/1.1 200 OK\na: b\r\n\r\n", Head),
        ("HTTP/1.1 200 OK\r\na: b\nc: d\r\n\r\n", Head),
        ("HTTP/1.1 200 OK\r\na: b\n\n", Head),
        ("HTTP/1.1 200 OK\n\n", Head),
        ("HTTP/1.1 200 OK\r\na: b\r\n\n\r\n\r\n", Head),
        ("HTTP/1.1 200 OK\r\na: b\rc: d\r\n\r\n", Head),
        ("HTTP/1.1 200 OK\ra: b\r\n\r\n", Head),
        ("HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n", Head),
        ("HTTP/1.1 200 OK\r\na\0: b\r\n\r\n", Head),
        ("HTTP/1.1 200 OK\r\na: \x07\r\n\r\n", Head),
        ("HTTP/1.1 200 OK\r\na: \x7f\r\n\r\n", Head),
        ("HTTP/1.1 200 O\0K\r\n\r\n", Head),
        ("HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n", Head),
        ("HTTP/1.1 200 OK\r\nContent-Length\t: 5\r\n\r\n", Head),
        ("HTTP/1.1 200 OK\r\nContent Length: 5\r\n\r\n", Head),
        ("HTTP/1.1 200 OK\r\n: b\r\n\r\n", Head),
        ("HTTP/1.1 200 OK\r\nnocolon\r\n\r\n", Head),
        // Not a response.
        ("\r\nHTTP/1.1 200 OK\r\n\r\n", Head),
        (" HTTP/1.1 200 OK\r\n\r\n", Head),
        ("HTTP/2 200 OK\r\n\r\n", Head),
        ("HTTP/2.0 200 OK\r\n\r\n", Head),
        ("HTTP/1.2 200 OK\r\n\r\n", Head),
        ("HTTP/1.10 200 OK\r\n\r\n", Head),
        ("http/1.1 200 OK\r\n\r\n", Head),
        ("HTTP/1.1  200 OK\r\n\r\n", Head),
        ("HTTP/1.1 20 OK\r\n\r\n", Head),
        ("HTTP/1.1 2000 OK\r\n\r\n", Head),
        ("HTTP/1.1 099 OK\r\n\r\n", Head),
        ("HTTP/1.1 abc OK\r\n\r\n", Head),
        ("\x15\x03\x01\x00\x02\x02\x46", Head),
        ("SSH-2.0-OpenSSH", Head),
        ("<html>", Head),
        ("{", Head),
        // Too much.
        (&many, HeadFields),
        (&large, HeadSize),
        (&endless, HeadSize),
        // A protocol that nobody asked for.
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", Unasked101),
    ];
    for (bytes, fault) in table {
        assert_eq!(read(bytes.as_bytes(), &GET).unwrap_err(), *fault, "{bytes:?}");
    }
}

#[test]
fn a_switch_is_believed_only_to_what_was_asked_for() {
    let head = good("HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-A: b\r\n\r\n", &SOCKET);
    assert_eq!((head.status.as_u16(), head.framing, head.keep), (101, Framing::Empty, false));
    assert_eq!(head.fields.clone().into_map()["upgrade"], "WebSocket");
    assert_eq!(head.fields.clone().into_map()["sec-a"], "b");
    for bytes in [
        "HTTP/1.1 101 x\r\n\r\n",
        "HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\n",
        "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
        assert_eq!(read(bytes.as_bytes(), &SOCKET).unwrap_err(), Fault::Unasked101, "{bytes:?}");
    }
}

#[test]
fn d27_connection_fields_and_what_they_name_stop_here() {
    let head = good(
        "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\nUpgrade: h2c\r\n\
         Content-Length: 5, 5\r\nTrailer: x-sum\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n",
        &GET,
    );
    let map = head.fields.into_map();
    let mut names: Vec<_> = map.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-length", "set-cookie", "trailer"]);
    assert_eq!(map["content-length"], "5");
    assert_eq!(map.get_all("set-cookie").iter().count(), 2);
}

#[test]
fn a_204_passes_no_length_on_and_head_and_304_keep_theirs() {
    assert!(good("HTTP/1.1 204 x\r\nContent-Length: 5\r\n\r\n", &GET).fields.into_map().is_empty());
    assert_eq!(good("HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n", &GET).fields.into_map()["content-length"], "5");
    assert_eq!(good("HTTP/1.1 200 x\r\nContent-Length: 5\r\n\r\n", &HEAD).fields.into_map()["content-length"], "5");
}

#[test]
fn values_keep_their_bytes_and_lose_their_padding() {
    let head = match read(b"HTTP/1.1 200 OK\r\na: \t x \xe9\ty \t\r\nb:\r\n\r\nrest", &GET) {
        Ok(Some(head)) => head,
        other => panic!("{other:?}"),
    };
    let raw: Vec<_> = head.fields.iter().collect();
    assert_eq!(raw, [(&b"a"[..], &b"x \xe9\ty"[..]), (b"b", b"")], "as they came, for whoever passes them on");
    let map = head.fields.into_map();
    assert_eq!(map["a"].as_bytes(), b"x \xe9\ty");
    assert_eq!(map["b"], "");
}

#[test]
fn what_follows_the_head_is_left_in_the_buffer() {
    let mut buf = BytesMut::from(&b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"[..]);
    let mut reader = HeadReader::default();
    let statuses: Vec<u16> = std::iter::from_fn(|| reader.read(&mut buf, &GET, &LIMITS).unwrap())
        .take(2)
        .map(|h| h.status.as_u16())
        .collect();
    assert_eq!(statuses, [100, 200]);
    assert_eq!(&buf[..], b"ok");
}

#[test]
fn nothing_is_decided_before_the_head_has_ended() {
    let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\n";
    for cut in 0..bytes.len() {
        assert!(read(&bytes[..cut], &GET).unwrap().is_none(), "{cut}");
    }
}

proptest! {
    /// Whatever pieces the network makes of an answer, it is read as one.
    #[test]
    fn pieces_are_read_like_the_whole(how: u8, bytes in answer()) {
        let mut data = vec![how];
        data.extend_from_slice(&bytes);
        crate::fuzz::response(&data);
    }

    #[test]
    fn any_bytes_are_survived(data in proptest::collection::vec(any::<u8>(), 0..512)) {
        crate::fuzz::response(&data);
    }
}

/// Text that is often an answer, and nearly one otherwise.
fn answer() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just("Content-Length: 5"),
        Just("Content-Length: 7"),
        Just("Transfer-Encoding: chunked"),
        Just("Connection: close"),
        Just("Connection: upgrade"),
        Just("Upgrade: websocket"),
        Just("A: b"),
        Just(" fold"),
        Just(""),
        Just("A b: c"),
        Just("Connection: A"),
        Just("Trailer: t"),
    ];
    let end = prop_oneof![9 => Just("\r\n"), 1 => Just("\n"), 1 => Just("\r")];
    let first = prop_oneof![
        Just("HTTP/1.1 200 OK\r\n"),
        Just("HTTP/1.0 200 OK\r\n"),
        Just("HTTP/1.1 204 x\r\n"),
        Just("HTTP/1.1 100 x\r\n\r\nHTTP/1.1 200 OK\r\n"),
        Just("HTTP/1.1 101 x\r\n"),
        Just("HTTP/1.1 304 x\r\n")
    ];
    let chunk = prop_oneof![
        6 => Just("5\r\nhello\r\n"), 3 => Just("1;a=b\r\nx\r\n"), 1 => Just("5 \r\nhello\r\n"), 1 => Just("zz\r\n"),
        3 => Just("0\r\n\r\n"), 3 => Just("0\r\nt: u\r\n\r\n"), 1 => Just("ffffffffffffffffff\r\n"), 2 => Just("hello"),
    ];
    let fields = proptest::collection::vec((line, end), 0..5);
    (first, fields, proptest::collection::vec(chunk, 0..5)).prop_map(|(first, fields, chunks)| {
        let mut text = first.to_owned();
        fields.iter().for_each(|(line, end)| text.extend([*line, *end]));
        text.push_str("\r\n");
        text.extend(chunks);
        text.into_bytes()
    })
}
