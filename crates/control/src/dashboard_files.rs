//! The dashboard's files, for everything that a browser asks beside the API (design section 10).
//!
//! Owns:  which requests are for a page, and the headers of its answer.
//! Never: reads a disk or a session: the pages hold nothing of anybody, and ask the API that scripts ask (invariant 12).
//! Read:  `answer`.

use crate::operation::Handled;
use axum::{body::Body, extract::Request, response::Response};
use dashboard::{File, POLICY};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

/// Where the API is; what is not there is no page either.
const API: &str = "/v1/";
/// What the line of the log says that was asked for.
const OPERATION: &str = "dashboard";

/// A page is opened by nobody else's page, tells nobody where it is, and uses nothing of the machine.
const GUARDS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
];

/// The file that a request asks for; `None` when it is none of the dashboard's.
pub(crate) fn answer(request: &Request) -> Option<Response> {
    let path = request.uri().path();
    if !matches!(*request.method(), Method::GET | Method::HEAD) || path.starts_with(API) {
        return None;
    }
    // A script that mistook a path is told so; a browser that opens an address of the dashboard gets the page.
    let file = dashboard::file(path).or_else(|| dashboard::page(path).filter(|_| opens_pages(request.headers())))?;
    let mut response = if is_known(file, request.headers()) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        whole(file, request.headers())
    };
    let headers = response.headers_mut();
    let own =
        [(header::CACHE_CONTROL, file.cache.control()), (header::ETAG, file.etag), (header::VARY, "Accept-Encoding")];
    for (name, value) in own.into_iter().chain(GUARDS) {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response.extensions_mut().insert(Handled { operation: OPERATION, author: None });
    Some(response)
}

fn whole(file: &'static File, asked: &HeaderMap) -> Response {
    let compressed = file.brotli.filter(|_| takes_brotli(asked));
    let mut response = Response::new(Body::from(compressed.unwrap_or(file.bytes)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    if compressed.is_some() {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

fn opens_pages(asked: &HeaderMap) -> bool {
    let mut types = asked.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    types.any(|value| value.contains("text/html"))
}

/// Whether the browser has this very file (RFC 9110, 13.1.2).
fn is_known(file: &File, asked: &HeaderMap) -> bool {
    let mut tags = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    tags.any(|value| value.split(',').any(|tag| tag.trim().trim_start_matches("W/") == file.etag))
}

/// Whether `Accept-Encoding` lists brotli and does not refuse it (RFC 9110, 12.5.3).
fn takes_brotli(asked: &HeaderMap) -> bool {
    let mut codings = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    codings.any(|value| {
        value.split(',').any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.trim_matches(['0', '.']).is_empty());
            name.trim().eq_ignore_ascii_case("br") && !refused
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: Method, path: &str, fields: &[(HeaderName, &'static str)]) -> Option<Response> {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap();
        for (name, value) in fields {
            request.headers_mut().append(name, HeaderValue::from_static(value));
        }
        answer(&request)
    }

    fn field<'a>(response: &'a Response, name: &HeaderName) -> &'a str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[test]
    fn r20_every_address_of_the_dashboard_is_its_page_under_a_strict_policy() {
        for path in ["/", "/sign-in", "/a/acc_x/keys"] {
            let page = ask(Method::GET, path, &[(header::ACCEPT, "text/html,*/*;q=0.8")]).unwrap();
            assert_eq!(
                (page.status(), field(&page, &header::CONTENT_TYPE)),
                (StatusCode::OK, "text/html; charset=utf-8")
            );
            assert_eq!(field(&page, &header::CACHE_CONTROL), "no-cache");
            let policy = field(&page, &header::CONTENT_SECURITY_POLICY);
            assert!(policy.contains("default-src 'self'") && !policy.contains("unsafe"), "{policy}");
        }
        for (method, path) in [
            (Method::GET, "/v1/nothing"),
            (Method::GET, "/assets/gone.js"),
            (Method::POST, "/"),
            (Method::PUT, "/sign-in"),
        ] {
            assert!(ask(method, path, &[(header::ACCEPT, "text/html")]).is_none(), "{path}");
        }
        assert!(ask(Method::GET, "/sign-in", &[(header::ACCEPT, "application/json")]).is_none());
    }

    #[test]
    fn files_are_compressed_for_who_takes_it_and_not_sent_twice() {
        let compressed = |accepts| {
            let page = ask(Method::GET, "/theme.js", &[(header::ACCEPT_ENCODING, accepts)]).unwrap();
            field(&page, &header::CONTENT_ENCODING) == "br"
        };
        for (accepts, expected) in
            [("gzip, br", true), ("BR;q=0.5", true), ("gzip", false), ("br;q=0", false), ("", false)]
        {
            assert_eq!(compressed(accepts), expected, "{accepts}");
        }
        let first = ask(Method::GET, "/theme.js", &[]).unwrap();
        let tag: &'static str = field(&first, &header::ETAG).to_owned().leak();
        let again = ask(Method::GET, "/theme.js", &[(header::IF_NONE_MATCH, tag)]).unwrap();
        assert_eq!((again.status(), field(&again, &header::ETAG)), (StatusCode::NOT_MODIFIED, tag));
        let other = ask(Method::GET, "/theme.js", &[(header::IF_NONE_MATCH, "\"x\"")]).unwrap();
        assert_eq!(other.status(), StatusCode::OK);
    }
}
