//! Tests of `target`.
//!
//! Owns:  tables of good and bad URLs.
//! Never: the network.
//! Read:  top down.

use super::*;

#[test]
fn d43_an_upstream_url_gives_host_port_authority_and_base() {
    let table = [
        ("http://127.0.0.1:3000", "127.0.0.1:3000", 3000, ""),
        ("http://127.0.0.1:3000/", "127.0.0.1:3000", 3000, ""),
        ("http://example.com", "example.com", 80, ""),
        ("http://example.com:80/", "example.com", 80, ""),
        ("https://EXAMPLE.com/v2", "example.com", 443, "/v2"),
        ("https://example.com:8443/v2/", "example.com:8443", 8443, "/v2"),
        ("http://example.com:443/a/b//", "example.com:443", 443, "/a/b"),
        ("http://[::1]:8080/x", "[::1]:8080", 8080, "/x"),
        ("https://[2001:db8::1]", "[2001:db8::1]", 443, ""),
        ("http://b\u{fc}cher.example/", "xn--bcher-kva.example", 80, ""),
    ];
    for (text, authority, port, base) in table {
        let target = Target::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!((target.authority(), target.port(), target.base_path()), (authority, port, base), "{text}");
        assert_eq!(Target::parse(&target.to_string()).as_ref(), Ok(&target), "{text}: what it prints reads back");
    }
}

#[test]
fn d43_what_is_no_upstream_is_refused_with_the_reason() {
    let table = [
        ("127.0.0.1:3000", "not a url"),
        ("localhost:3000", "scheme"),
        ("", "not a url"),
        ("/v1", "not a url"),
        ("unix:/run/app.sock", "scheme"),
        ("ftp://example.com", "scheme"),
        ("http://", "not a url"),
        ("http://example.com:0/", "port"),
        ("http://example.com:70000/", "not a url"),
        ("http://u:p@example.com", "user"),
        ("http://u@example.com", "user"),
        ("http://example.com/?a=1", "query"),
        ("http://example.com/#f", "query"),
    ];
    for (text, kind) in table {
        let error = Target::parse(text).expect_err(text);
        let told = match error {
            TargetError::NotAUrl(_) => "not a url",
            TargetError::Scheme => "scheme",
            TargetError::NoHost => "host",
            TargetError::PortZero => "port",
            TargetError::UserInfo => "user",
            TargetError::QueryOrFragment => "query",
        };
        assert_eq!(told, kind, "{text}");
    }
}

#[test]
fn invariant9_a_password_in_the_url_is_not_repeated() {
    let error = Target::parse("http://me:hunter2@example.com").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[test]
fn a_resource_keeps_its_path_and_query() {
    let (target, path) = Target::parse_resource("https://id.example.com/.well-known/jwks.json?v=1").unwrap();
    assert_eq!((target.authority(), target.base_path()), ("id.example.com", ""));
    assert_eq!(path, "/.well-known/jwks.json?v=1");
    assert_eq!(Target::parse_resource("http://h").unwrap().1, "/");
}
