//! Tests of `request`.
//!
//! Owns:  the exact bytes of heads; what is refused.
//! Never: the network.
//! Read:  top down.

use super::*;
use http::{HeaderName, HeaderValue, header};
use http_body::SizeHint;

fn head<'a>(method: &'a Method, path: &'a [u8], headers: &'a HeaderMap) -> RequestHead<'a> {
    RequestHead {
        method,
        path_and_query: path,
        headers,
        prepared: None,
        extra: &[],
        host: HostField::Target,
        upgrade: None,
        trailers: false,
    }
}

fn written(target: &str, head: &RequestHead<'_>, length: Length) -> Result<String, &'static str> {
    let mut out = Vec::new();
    write_head(&mut out, &Target::parse(target).unwrap(), head, length, false)?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn a_head_is_written_to_the_byte() {
    let none = HeaderMap::new();
    let text = written("http://up:81/base", &head(&Method::GET, b"/a?b=c", &none), Length::None).unwrap();
    assert_eq!(text, "GET /base/a?b=c HTTP/1.1\r\nhost: up:81\r\n\r\n");

    let mut headers = HeaderMap::new();
    headers.append(header::ACCEPT, HeaderValue::from_static("a"));
    headers.append(header::ACCEPT, HeaderValue::from_static("b"));
    let name = HeaderName::from_static("claviger-context");
    let with = RequestHead {
        extra: &[(&name, &HeaderValue::from_static("ey"))],
        host: HostField::Value(b"api.example"),
        ..head(&Method::POST, b"/", &headers)
    };
    let text = written("http://up", &with, Length::Exact(1_234_567_890)).unwrap();
    assert_eq!(
        text,
        "POST / HTTP/1.1\r\nhost: api.example\r\naccept: a\r\naccept: b\r\nclaviger-context: ey\r\ncontent-length: 1234567890\r\n\r\n"
    );

    let text = written("http://up", &head(&Method::PUT, b"/", &none), Length::Chunked).unwrap();
    assert_eq!(text, "PUT / HTTP/1.1\r\nhost: up\r\ntransfer-encoding: chunked\r\n\r\n");

    let text = written("http://up", &head(&Method::OPTIONS, b"*", &none), Length::None).unwrap();
    assert_eq!(text, "OPTIONS * HTTP/1.1\r\nhost: up\r\n\r\n");

    let socket = RequestHead { upgrade: Some(b"websocket"), trailers: true, ..head(&Method::GET, b"/", &none) };
    let text = written("http://up", &socket, Length::None).unwrap();
    assert_eq!(
        text,
        "GET / HTTP/1.1\r\nhost: up\r\nupgrade: websocket\r\nte: trailers\r\nconnection: upgrade, te\r\n\r\n"
    );
}

#[test]
fn d42_framing_is_never_taken_from_the_callers_fields() {
    let mut headers = HeaderMap::new();
    for name in [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "proxy-connection",
        "upgrade",
        "te",
        "expect",
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static("7"));
    }
    let text = written("http://up", &head(&Method::GET, b"/", &headers), Length::None).unwrap();
    assert_eq!(text, "GET / HTTP/1.1\r\nhost: up\r\n\r\n");
}

#[test]
fn what_could_end_a_line_early_is_refused() {
    let none = HeaderMap::new();
    for path in ["", "a", "http://other/", "/a b", "/a\r\nx: y", "/a\nb", "/\0", "/\x7f", "/a#b", "*", "/a\tb"] {
        assert!(written("http://up", &head(&Method::GET, path.as_bytes(), &none), Length::None).is_err(), "{path:?}");
    }
    assert!(written("http://up/base", &head(&Method::OPTIONS, b"*", &none), Length::None).is_err());
    assert!(written("http://up", &head(&Method::CONNECT, b"/", &none), Length::None).is_err());
    for value in [&b"a\r\nb: c"[..], b"a\nb", b"\0", b"\x7f"] {
        let bad = RequestHead { upgrade: Some(value), ..head(&Method::GET, b"/", &none) };
        assert!(written("http://up", &bad, Length::None).is_err(), "{value:?}");
        let bad = RequestHead { host: HostField::Value(value), ..head(&Method::GET, b"/", &none) };
        assert!(written("http://up", &bad, Length::None).is_err(), "{value:?}");
    }
    let bytes = [b"/caf\xc3\xa9?q=\xe9".as_slice()];
    let mut out = Vec::new();
    let target = Target::parse("http://up").unwrap();
    assert!(write_head(&mut out, &target, &head(&Method::GET, bytes[0], &none), Length::None, false).is_ok());
    assert!(out.starts_with(b"GET /caf\xc3\xa9?q=\xe9 HTTP/1.1\r\n"), "bytes above ASCII pass unchanged");
}

#[test]
fn no_body_is_said_only_where_one_is_usual() {
    let exact = SizeHint::with_exact;
    let table = [
        (Method::GET, exact(0), true, Length::None),
        (Method::HEAD, exact(0), true, Length::None),
        (Method::DELETE, exact(0), false, Length::None),
        (Method::OPTIONS, exact(0), true, Length::None),
        (Method::POST, exact(0), true, Length::Exact(0)),
        (Method::PUT, exact(0), false, Length::Exact(0)),
        (Method::PATCH, exact(0), true, Length::Exact(0)),
        (Method::GET, SizeHint::default(), true, Length::None),
        (Method::GET, exact(3), false, Length::Exact(3)),
        (Method::DELETE, exact(3), false, Length::Exact(3)),
        (Method::POST, SizeHint::default(), false, Length::Chunked),
        (Method::GET, SizeHint::default(), false, Length::Chunked),
    ];
    for (method, hint, ended, length) in table {
        assert_eq!(Length::of(&method, &hint, ended), length, "{method} {hint:?} {ended}");
    }
}

#[test]
fn numbers_are_written_in_full() {
    for number in [0, 1, 9, 10, 99, 100, u64::MAX] {
        let mut out = Vec::new();
        decimal(&mut out, number);
        assert_eq!(out, number.to_string().as_bytes());
    }
    for size in [0, 1, 15, 16, 255, 4096, usize::MAX] {
        let mut out = Vec::new();
        write_chunk_size(&mut out, size);
        assert_eq!(out, format!("{size:x}\r\n").as_bytes());
    }
}

#[test]
fn trailers_lose_what_may_not_trail() {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", HeaderValue::from_static("1"));
    for name in ["content-length", "transfer-encoding", "host", "authorization", "keep-alive", "proxy-connection"] {
        trailers.insert(HeaderName::from_static(name), HeaderValue::from_static("1"));
    }
    let mut out = Vec::new();
    write_trailers(&mut out, &trailers);
    assert_eq!(out, b"x-sum: 1\r\n\r\n");
}
