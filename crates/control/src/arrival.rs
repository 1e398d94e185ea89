//! Arrival: how a request came, and whether the page that sent it is one of ours.
//!
//! Owns:  scheme, peer address and own origin of a request; the rule against requests forged by other pages (CSRF).
//! Never: believes a forwarded header.
//! Read:  `Arrival`, then `Arrival::is_own_page`.

use http::{HeaderMap, Uri, header, request::Parts};
use std::net::IpAddr;

/// How a request came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arrival {
    /// Over TLS.
    pub secure: bool,
    /// From which address the connection came.
    pub peer: Option<IpAddr>,
}

/// How a request came, where it was sent to, and by which page.
#[derive(Clone, Debug)]
pub(crate) struct Came {
    pub(crate) peer: Option<IpAddr>,
    /// The origin that the request was sent to.
    pub(crate) origin: String,
    /// What the browser says of itself.
    pub(crate) agent: Option<String>,
    /// `Origin`, when there is exactly one.
    page: Page,
}

#[derive(Clone, Debug)]
enum Page {
    /// No `Origin`.
    Unsaid,
    /// One.
    Said(String),
    /// Several, or one that is no text: no browser sends that.
    Unclear,
}

impl Came {
    /// Reads it off a request. `public` is the configured origin, when there is one.
    pub(crate) fn new(arrival: Arrival, public: Option<&str>, parts: &Parts) -> Self {
        let mut said = parts.headers.get_all(header::ORIGIN).iter();
        let page = match (said.next(), said.next()) {
            (None, _) => Page::Unsaid,
            (Some(one), None) => one.to_str().map_or(Page::Unclear, |text| Page::Said(text.to_owned())),
            (Some(_), Some(_)) => Page::Unclear,
        };
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).map(str::to_owned);
        let origin = public.map_or_else(|| asked(arrival.secure, &parts.uri, &parts.headers), str::to_owned);
        Self { peer: arrival.peer, origin, agent, page }
    }

    /// Whether the page that sent the request is one of this API's origin. `silent`: whether one that does not say so is.
    pub(crate) fn is_own_page(&self, silent: bool) -> bool {
        match &self.page {
            Page::Unsaid => silent,
            Page::Said(origin) => origin.eq_ignore_ascii_case(&self.origin),
            Page::Unclear => false,
        }
    }
}

/// The origin that a request was sent to: HTTP/2 says it in the target, HTTP/1.1 in `Host`.
fn asked(secure: bool, uri: &Uri, headers: &HeaderMap) -> String {
    let host = uri.authority().map(http::uri::Authority::as_str);
    let host = host.or_else(|| headers.get(header::HOST).and_then(|host| host.to_str().ok())).unwrap_or_default();
    let (scheme, usual) = if secure { ("https", ":443") } else { ("http", ":80") };
    format!("{scheme}://{}", host.strip_suffix(usual).unwrap_or(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn came(secure: bool, public: Option<&str>, headers: &[(&str, &str)]) -> Came {
        let mut request = Request::post("/v1/session");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Came::new(Arrival { secure, peer: None }, public, &request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn only_a_page_of_the_own_origin_is_own() {
        let host = ("host", "console.example.com");
        let own = |secure, public, origin: &str| came(secure, public, &[host, ("origin", origin)]).is_own_page(false);
        assert!(own(true, None, "https://console.example.com"));
        assert!(own(true, None, "https://Console.Example.com"));
        assert!(!own(false, None, "https://console.example.com"), "another scheme");
        for other in ["https://example.com", "https://console.example.com.evil.test", "null", "", "https://x"] {
            assert!(!own(true, None, other), "{other}");
        }
        assert!(own(false, Some("https://console.example.com"), "https://console.example.com"), "behind a proxy");
        assert!(!own(false, Some("https://other.example.com"), "http://console.example.com"));
    }

    #[test]
    fn silence_is_own_only_where_it_may_be_and_two_origins_never_are() {
        let silent = came(true, None, &[("host", "h")]);
        assert!(silent.is_own_page(true) && !silent.is_own_page(false));
        let two = came(true, None, &[("host", "h"), ("origin", "https://h"), ("origin", "https://h")]);
        assert!(!two.is_own_page(true));
    }

    #[test]
    fn the_usual_port_is_left_out_as_browsers_do() {
        assert_eq!(came(true, None, &[("host", "h:443")]).origin, "https://h");
        assert_eq!(came(true, None, &[("host", "h:8443")]).origin, "https://h:8443");
    }
}
