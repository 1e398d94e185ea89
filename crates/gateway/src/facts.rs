//! What of a request the decision is made on, read once.
//!
//! Owns:  the host, the canonical path, the operation, the credential fields; and the headers that never go through.
//! Never: decides; a fact that cannot be had is a fault.
//! Read:  `Facts::read`, then `strip_request`.

use crate::fault::Fault;
use admission::{CredentialFields, Field};
use http::{HeaderMap, HeaderName, HeaderValue, Version, header, request::Parts};
use model::{Catalogue, HttpMethod, Operation};
use std::{borrow::Cow, net::IpAddr};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const X_CLIENT_ID: HeaderName = HeaderName::from_static("x-client-id");
const X_CLIENT_SECRET: HeaderName = HeaderName::from_static("x-client-secret");

/// Request fields that never reach the upstream: of one connection only (RFC 9110, 7.6.1), credentials, and what the
/// gateway says itself (D27). `trailer` stays: trailers do. Framing and `Host` are written anew by `egress`. By their
/// first letter, since most names share it with none of them.
const fn never_forwarded(first: u8) -> &'static [&'static str] {
    match first {
        b'a' => &["authorization"],
        b'c' => &["connection"],
        b'e' => &["expect"],
        b'f' => &["forwarded"],
        b'k' => &["keep-alive"],
        b'p' => &["proxy-authorization", "proxy-connection", "proxy"],
        b't' => &["te", "transfer-encoding", "true-client-ip"],
        b'u' => &["upgrade"],
        b'x' => &[
            "x-api-key",
            "x-client-id",
            "x-client-secret",
            "x-real-ip",
            "x-request-id",
            "x-original-url",
            "x-rewrite-url",
            "x-original-host",
            "x-original-method",
            "x-original-uri",
            "x-forwarded",
            "x-client-ip",
            "x-cluster-client-ip",
            // Fields that would make the upstream do another operation than the one that was matched (D27).
            "x-http-method-override",
            "x-http-method",
            "x-method-override",
            "x-method",
        ],
        _ => &[],
    }
}

/// How fields about the way here begin; all of them are the gateway's to say (D27).
const FORWARDED_PREFIX: &str = "x-forwarded-";

/// The facts of one request, borrowed from its head.
pub(crate) struct Facts<'a> {
    pub(crate) method: Option<HttpMethod>,
    pub(crate) path: Cow<'a, [u8]>,
    pub(crate) operation: Option<&'a Operation>,
}

impl<'a> Facts<'a> {
    /// Reads them, or says why the request is none that can be judged.
    pub(crate) fn read(parts: &'a Parts, catalogue: &'a Catalogue, hosts: Option<&[String]>) -> Result<Self, Fault> {
        let host = host(parts)?;
        if let (Some(hosts), host) = (hosts, host) {
            let name = host.map_or("", without_port);
            if !hosts.iter().any(|h| h.eq_ignore_ascii_case(name)) {
                return Err(Fault::HostUnknown);
            }
        }
        let path = admission::path::canonical(parts.uri.path().as_bytes()).map_err(|_| Fault::PathUnsafe)?;
        let method = HttpMethod::parse(parts.method.as_str());
        let operation = method.and_then(|method| catalogue.find(method, &path));
        Ok(Self { method, path, operation })
    }

    /// The part of the facts that admission judges.
    pub(crate) fn judged<'h>(
        operation: Option<&'h Operation>,
        headers: &'h HeaderMap,
        address: Option<IpAddr>,
    ) -> admission::Facts<'h> {
        let credential = CredentialFields {
            api_key: field(headers, &X_API_KEY),
            authorization: field(headers, &header::AUTHORIZATION),
            client_id: field(headers, &X_CLIENT_ID),
            client_secret: field(headers, &X_CLIENT_SECRET),
        };
        admission::Facts {
            operation,
            credential,
            origin: field(headers, &header::ORIGIN),
            address,
            companies: admission::Asked::default(),
        }
    }
}

/// The host that the caller means: from the request target, or the one `Host` field.
fn host(parts: &Parts) -> Result<Option<&str>, Fault> {
    let mut fields = parts.headers.get_all(header::HOST).iter();
    let field = fields.next().map(|v| v.to_str().map_err(|_| Fault::HostMalformed)).transpose()?;
    if fields.next().is_some() {
        return Err(Fault::HostMalformed);
    }
    let target = parts.uri.authority().map(|a| a.as_str());
    // It is told to the upstream, which may build links of it: names, addresses and ports have no other characters.
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b':' | b'[' | b']');
    match (target, field) {
        (Some(target), Some(field)) if !target.eq_ignore_ascii_case(field) => Err(Fault::HostMalformed),
        (Some(host), _) | (None, Some(host)) if host.is_empty() || !host.bytes().all(is_plain) => {
            Err(Fault::HostMalformed)
        }
        (Some(host), _) | (None, Some(host)) => Ok(Some(host)),
        (None, None) if parts.version == Version::HTTP_11 => Err(Fault::HostMalformed),
        (None, None) => Ok(None),
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        // The colons of an address in brackets are not followed by a port alone.
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => authority,
    }
}

pub(crate) fn field<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Field<'h> {
    Field::of(headers.get_all(name).iter().map(HeaderValue::as_bytes))
}

/// Whether the caller asks for a WebSocket (RFC 6455 over HTTP/1.1). Other upgrades are not passed on.
pub(crate) fn wants_websocket(parts: &Parts) -> bool {
    let lists = |name: HeaderName, token: &str| {
        let values = parts.headers.get_all(name);
        values
            .iter()
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(','))
            .any(|t| t.trim().eq_ignore_ascii_case(token))
    };
    parts.version == Version::HTTP_11
        && parts.method == http::Method::GET
        && parts.headers.contains_key(header::UPGRADE)
        && lists(header::UPGRADE, "websocket")
        && lists(header::CONNECTION, "upgrade")
}

/// Whether the caller can take trailers (RFC 9110, 10.1.4).
pub(crate) fn takes_trailers(parts: &Parts) -> bool {
    let mut values = parts.headers.get_all(header::TE).iter().filter_map(|v| v.to_str().ok());
    values.any(|v| v.split(',').any(|t| t.trim().eq_ignore_ascii_case("trailers")))
}

/// Takes everything out of a request's headers that must not reach the upstream (D27).
pub(crate) fn strip_request(headers: &mut HeaderMap, namespace: &str) {
    if headers.contains_key(header::CONNECTION) {
        strip_named(headers);
    }
    strip(headers, |name| is_ours(name, namespace));
    join_cookies(headers);
}

/// Takes out one field, in any spelling.
pub(crate) fn strip_hidden(headers: &mut HeaderMap, field: Option<&HeaderName>) {
    if let Some(field) = field {
        strip(headers, |name| spells(name, field.as_str()));
    }
}

/// Takes out of an answer, or of trailers, what only the gateway may say. `egress` took the fields of one connection out.
pub(crate) fn strip_response(headers: &mut HeaderMap, namespace: &str) {
    // What browsers may do is the gateway's to say as well (D10).
    strip(headers, |name| is_said_here(name.as_bytes(), namespace));
}

/// Whether a field of an answer, its name in any case, is the gateway's alone to say.
pub(crate) fn is_said_here(name: &[u8], namespace: &str) -> bool {
    let begins = |start: &[u8]| name.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start));
    in_namespace(name, namespace) || begins(b"access-control-")
}

/// Whether a field of this name is taken out on the way to the upstream (D27).
pub(crate) fn never_reaches_upstream(name: &str, namespace: &str) -> bool {
    is_ours(name, namespace)
}

/// One look at each name: most requests have a handful of fields, and two or three that go.
fn strip(headers: &mut HeaderMap, goes: impl Fn(&str) -> bool) {
    let mut from = 0;
    // Removing reorders what comes after, so the look goes on where it found something.
    while let Some(name) = headers.keys().skip(from).find(|name| {
        from += 1;
        goes(name.as_str())
    }) {
        let name = name.clone();
        headers.remove(name);
        from = from.saturating_sub(1);
    }
}

/// Takes out what `Connection` names.
fn strip_named(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .filter_map(|token| HeaderName::from_bytes(token.trim_ascii()).ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
}

/// HTTP/2 callers may send a cookie in pieces; HTTP/1.1 knows one field only (RFC 9113, 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(header::COOKIE).iter().nth(1).is_none() {
        return;
    }
    let pieces: Vec<&[u8]> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    // Pieces of values are a value.
    if let Ok(whole) = HeaderValue::from_bytes(&pieces.join(b"; ".as_slice())) {
        headers.insert(header::COOKIE, whole);
    }
}

/// Whether a request's field may not reach the upstream, in any spelling: some servers read every character of a name that
/// is neither letter nor digit alike.
fn is_ours(name: &str, namespace: &str) -> bool {
    let first = name.bytes().next().unwrap_or_default();
    in_namespace(name.as_bytes(), namespace)
        || never_forwarded(first).iter().any(|known| spells(name, known))
        || first == b'x' && name.get(..FORWARDED_PREFIX.len()).is_some_and(|head| spells(head, FORWARDED_PREFIX))
}

/// Whether a field is of the product's own namespace.
fn in_namespace(name: &[u8], namespace: &str) -> bool {
    name.split_at_checked(namespace.len())
        .is_some_and(|(head, rest)| rest.first().copied().is_some_and(separates) && spells_bytes(head, namespace))
}

fn spells(text: &str, name: &str) -> bool {
    spells_bytes(text.as_bytes(), name)
}

/// In any case, and with any separator for a hyphen. `name` is in small letters.
fn spells_bytes(text: &[u8], name: &str) -> bool {
    let same = |(a, b): (&u8, u8)| a.to_ascii_lowercase() == b || (b == b'-' && separates(*a));
    text.len() == name.len() && text.iter().zip(name.bytes()).all(same)
}

const fn separates(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        map
    }

    #[test]
    fn d27_nothing_of_ours_and_nothing_hop_by_hop_goes_through() {
        let mut map = headers(&[
            ("connection", "close, X-Named"),
            ("x-named", "1"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("x-api-key", "sk"),
            ("x_api_key", "sk"),
            ("authorization", "Basic x"),
            ("claviger-account", "acc_1"),
            ("claviger_account", "acc_1"),
            ("claviger.account", "acc_1"),
            ("claviger~account", "acc_1"),
            ("x+api+key", "sk"),
            ("proxy", "http://evil.example"),
            ("clavigerx", "stays"),
            ("x-http-method-override", "DELETE"),
            ("x_http_method_override", "DELETE"),
            ("x-forwarded-for", "1.2.3.4"),
            ("x_forwarded_for", "1.2.3.4"),
            ("x-forwarded-user", "root"),
            ("x_forwarded-client_cert", "root"),
            ("cookie", "b=2"),
            ("expect", "100-continue"),
            ("idempotency-key", "stays"),
            ("cookie", "stays"),
        ]);
        strip_request(&mut map, "claviger");
        let mut left: Vec<_> = map.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["clavigerx", "cookie", "idempotency-key"]);
        assert_eq!(map.get("cookie").unwrap(), "b=2; stays");
        let mut map = headers(&[
            ("my_api_key", "1"),
            ("my-api_key", "1"),
            ("my_api-key", "1"),
            ("my-api-key", "1"),
            ("my.api", "stays"),
        ]);
        strip_request(&mut map, "my-api");
        assert_eq!(map.len(), 1);
    }

    #[test]
    fn hosts_are_one_or_refused() {
        let read = |target: &str, hosts: &[&str]| {
            let mut request = Request::builder().uri(target);
            for host in hosts {
                request = request.header("host", *host);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            let allowed = ["api.example.com".to_owned(), "[::1]".to_owned()];
            Facts::read(&parts, &Catalogue::default(), Some(&allowed)).map(|_| ())
        };
        assert_eq!(read("/", &["api.example.com"]), Ok(()));
        assert_eq!(read("/", &["API.example.com:8443"]), Ok(()));
        assert_eq!(read("/", &["[::1]:8443"]), Ok(()));
        assert_eq!(read("/", &["[::1]"]), Ok(()));
        assert_eq!(read("http://api.example.com/", &["api.example.com"]), Ok(()));
        assert_eq!(read("/", &["evil.example"]), Err(Fault::HostUnknown));
        assert_eq!(read("/", &[]), Err(Fault::HostMalformed));
        assert_eq!(read("/", &["a", "a"]), Err(Fault::HostMalformed));
        for odd in ["", "a b", "a\"b", "a<b", "a/b", "a?b", "a#b", "a,b"] {
            assert_eq!(read("/", &[odd]), Err(Fault::HostMalformed), "{odd}");
        }
        assert_eq!(read("http://evil.example/", &["api.example.com"]), Err(Fault::HostMalformed));
        assert_eq!(read("http://a@api.example.com/", &["a@api.example.com"]), Err(Fault::HostMalformed));
    }

    #[test]
    fn only_a_websocket_is_an_upgrade() {
        let wants = |pairs: &[(&str, &str)]| {
            let mut request = Request::new(());
            *request.headers_mut() = headers(pairs);
            wants_websocket(&request.into_parts().0)
        };
        assert!(wants(&[("connection", "keep-alive, Upgrade"), ("upgrade", "WebSocket")]));
        assert!(!wants(&[("upgrade", "websocket")]));
        assert!(!wants(&[("connection", "upgrade"), ("upgrade", "h2c")]));
    }
}
