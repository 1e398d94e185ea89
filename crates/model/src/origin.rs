//! Origins: from which web pages a key may be used (D10, R25, R81-R83).
//!
//! Owns:  `OriginPattern`, `OriginList`, and the one rule of how a browser's `Origin` matches.
//! Never: reads a header; `null`, an empty text and everything that is no origin match nothing.
//! Read:  `OriginList`, then `OriginPattern::matches`.

use std::fmt;

/// The most origins of one key.
pub const ORIGINS_MAX: usize = 64;
/// The longest origin, in bytes: scheme, a host name of 253, a port.
pub const ORIGIN_MAX: usize = 8 + 253 + 6;

/// One entry of a key's list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OriginPattern {
    /// Exactly this origin, as browsers write it: `https://app.example.com`, `http://localhost:5173`.
    Exact(Box<str>),
    /// Every host below `host`, at any depth, not `host` itself; scheme and port as given: `https://*.example.com:8443`.
    Subdomains {
        /// `https://` or `http://`.
        scheme: &'static str,
        /// What comes after `*`: `.example.com`, or `.example.com:8443`.
        ending: Box<str>,
    },
    /// Every page of the web: `*`.
    Any,
}

/// A text that is no origin, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OriginError(pub &'static str);

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for OriginError {}

impl OriginPattern {
    /// From `scheme://host[:port]`, `scheme://*.host[:port]` or `*`.
    ///
    /// Only the spelling that browsers send is taken: lower case, ASCII (punycode), no default port, no path, no slash at
    /// the end. Anything else would never match, so it is an error here and not a silent refusal later.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if text.len() > ORIGIN_MAX {
            return Err(OriginError("is too long"));
        }
        let (scheme, default_port, rest) = if let Some(rest) = text.strip_prefix("https://") {
            ("https://", "443", rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            ("http://", "80", rest)
        } else {
            return Err(OriginError("must begin with https:// or http://"));
        };
        let (wildcard, named) = match rest.strip_prefix("*.") {
            Some(named) => (true, named),
            None => (false, rest),
        };
        let host = match named.strip_prefix('[') {
            Some(inner) if !wildcard => {
                let (address, port) = inner.split_once(']').ok_or(OriginError("has [ without ]"))?;
                let parsed: std::net::Ipv6Addr =
                    address.parse().map_err(|_| OriginError("has no IPv6 address in the brackets"))?;
                if parsed.to_string() != address {
                    return Err(OriginError("has an IPv6 address that browsers write in another way"));
                }
                check_port(port, default_port)?;
                None
            }
            _ => {
                let (host, port) = named.find(':').map_or((named, ""), |at| named.split_at(at));
                check_port(port, default_port)?;
                Some(host)
            }
        };
        if let Some(host) = host {
            check_host(host, wildcard)?;
        }
        Ok(if wildcard {
            Self::Subdomains { scheme, ending: format!(".{named}").into() }
        } else {
            Self::Exact(text.into())
        })
    }

    /// Whether a browser's `Origin` is one of these. `null` never is (D10).
    #[must_use]
    pub fn matches(&self, origin: &[u8]) -> bool {
        match self {
            Self::Exact(exact) => exact.as_bytes() == origin,
            Self::Subdomains { scheme, ending } => origin
                .strip_prefix(scheme.as_bytes())
                .and_then(|rest| rest.strip_suffix(ending.as_bytes()))
                .is_some_and(|labels| {
                    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
                    !labels.is_empty() && labels.split(|b| *b == b'.').all(|l| !l.is_empty() && l.iter().all(plain))
                }),
            // Even then the text must be an origin: `null` names nobody.
            Self::Any => origin.starts_with(b"https://") || origin.starts_with(b"http://"),
        }
    }
}

fn check_host(host: &str, wildcard: bool) -> Result<(), OriginError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    if host.is_empty() || host.len() > 253 {
        return Err(OriginError("has no host name of 1 to 253 characters"));
    }
    if host.contains('*') {
        return Err(OriginError("may have * only as its whole first label: https://*.example.com"));
    }
    if host.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(OriginError("must be in lower case, as browsers send it"));
    }
    if host.split('.').any(|label| label.is_empty() || label.len() > 63 || !label.bytes().all(plain)) {
        return Err(OriginError("has a host that browsers would write in another way (use punycode, and no path)"));
    }
    if wildcard && !host.contains('.') {
        return Err(OriginError("must name a domain below *, such as https://*.example.com"));
    }
    Ok(())
}

fn check_port(port: &str, default: &str) -> Result<(), OriginError> {
    let Some(digits) = port.strip_prefix(':') else {
        return if port.is_empty() { Ok(()) } else { Err(OriginError("has something other than a port after ]")) };
    };
    let number: u16 = digits.parse().map_err(|_| OriginError("has no port number after the colon"))?;
    if number == 0 || number.to_string() != digits {
        return Err(OriginError("has no port number after the colon"));
    }
    if digits == default {
        return Err(OriginError("names the default port, which browsers leave out"));
    }
    Ok(())
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) => f.write_str(text),
            Self::Subdomains { scheme, ending } => write!(f, "{scheme}*{ending}"),
            Self::Any => f.write_str("*"),
        }
    }
}

/// A key's origins. Empty, the default: no page may use the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OriginList(Box<[OriginPattern]>);

impl OriginList {
    /// At most `ORIGINS_MAX` patterns, sorted and without repeats; `None` for more.
    #[must_use]
    pub fn new(mut patterns: Vec<OriginPattern>) -> Option<Self> {
        patterns.sort_unstable();
        patterns.dedup();
        (patterns.len() <= ORIGINS_MAX).then(|| Self(patterns.into()))
    }

    /// The patterns, sorted.
    #[must_use]
    pub fn as_slice(&self) -> &[OriginPattern] {
        &self.0
    }

    /// Whether the list has no pattern: no page may use the key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a browser's `Origin` is allowed.
    #[must_use]
    pub fn allows(&self, origin: &[u8]) -> bool {
        self.0.iter().any(|pattern| pattern.matches(origin))
    }

    /// Whether `*` is in the list.
    #[must_use]
    pub fn has_any(&self) -> bool {
        self.0.contains(&OriginPattern::Any)
    }

    /// Whether every pattern of `other` is in this list too, or this list has `*`.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.has_any() || other.0.iter().all(|pattern| self.0.contains(pattern))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> OriginPattern {
        OriginPattern::parse(text).unwrap()
    }

    #[test]
    fn d10_origins_round_trip() {
        for text in [
            "*",
            "https://app.example.com",
            "https://app.example.com:8443",
            "http://localhost:5173",
            "http://127.0.0.1:3000",
            "http://[::1]:3000",
            "https://*.example.com",
            "https://*.example.com:8443",
            "https://xn--bcher-kva.example",
        ] {
            assert_eq!(parse(text).to_string(), text);
        }
    }

    #[test]
    fn d10_what_no_browser_sends_is_refused() {
        for text in [
            "",
            "null",
            "example.com",
            "*.example.com",
            "ftp://example.com",
            "https://",
            "https://Example.com",
            "https://example.com/",
            "https://example.com:443",
            "http://example.com:80",
            "https://example.com:0",
            "https://example.com:99999",
            "https://example.com:08443",
            "https://exa mple.com",
            "https://bücher.example",
            "https://*.com*",
            "https://*",
            "https://*.",
            "https://*.example",
            "https://a.*.example.com",
            "https://*app.example.com",
            "https://user@example.com",
            "https://example.com?x",
            "https://[::1",
            "https://[0:0:0:0:0:0:0:1]:3000",
            "https://*.[::1]",
            "https://a..b",
        ] {
            assert!(OriginPattern::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn d10_matching_is_exact_and_null_never_matches() {
        let table = [
            ("https://app.example.com", "https://app.example.com", true),
            ("https://app.example.com", "https://app.example.com:8443", false),
            ("https://app.example.com", "http://app.example.com", false),
            ("https://app.example.com", "https://app.example.com.evil.example", false),
            ("https://*.example.com", "https://a.example.com", true),
            ("https://*.example.com", "https://a.b.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            ("https://*.example.com", "https://.example.com", false),
            ("https://*.example.com", "https://a..example.com", false),
            ("https://*.example.com", "https://evilexample.com", false),
            ("https://*.example.com", "http://a.example.com", false),
            ("https://*.example.com", "https://a.example.com:8443", false),
            ("https://*.example.com", "https://evil.example/.example.com", false),
            ("https://*.example.com", "https://evil.example@a.example.com", false),
            ("https://*.example.com:8443", "https://a.example.com:8443", true),
            ("*", "https://anything.example", true),
            ("*", "null", false),
            ("*", "", false),
            ("*", "file://", false),
        ];
        for (pattern, origin, expected) in table {
            assert_eq!(parse(pattern).matches(origin.as_bytes()), expected, "{pattern} {origin}");
        }
    }

    #[test]
    fn lists_are_bounded_and_compared() {
        let list = |texts: &[&str]| OriginList::new(texts.iter().map(|t| parse(t)).collect()).unwrap();
        let (one, two) = (list(&["https://a.example"]), list(&["https://b.example", "https://a.example"]));
        assert!(two.covers(&one) && !one.covers(&two) && list(&["*"]).covers(&two));
        assert!(two.allows(b"https://b.example") && !OriginList::default().allows(b"https://b.example"));
        let many = (0..=ORIGINS_MAX).map(|n| parse(&format!("https://a{n}.example"))).collect();
        assert!(OriginList::new(many).is_none());
    }
}
