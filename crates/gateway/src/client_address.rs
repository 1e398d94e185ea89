//! Client address: who calls, when proxies stand in between (D12, R85).
//!
//! Owns:  the walk through `Forwarded` (RFC 7239) and `X-Forwarded-For`, right to left, through trusted proxies only.
//! Never: believes an untrusted hop, allocates, or fails: what is malformed ends the walk at the last trusted hop.
//! Read:  `find`.

use http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// Hops that are looked at; more proxies than this in a row are nobody's set-up.
const HOPS_MAX: usize = 32;
/// The longest text of one hop: an IPv6 address in brackets and quotes, a port, other parameters of its element.
const HOP_MAX: usize = 512;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Reads one hop.
type ReadHop = fn(&[u8]) -> Option<IpAddr>;

/// Whether `address` is one of our proxies.
pub(crate) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|network| network.contains(&address))
}

/// The caller's address: of the hops that lead here from right to left the first that is no trusted proxy.
///
/// A request that has both fields is read by `Forwarded` only when it has no `X-Forwarded-For`: most proxies write the
/// latter and pass the former on as a stranger sent it. A hop that is no address (`unknown`, `_hidden`, a host name) ends
/// the walk, and the proxy that reported it is the address.
#[must_use]
pub(crate) fn find(peer: IpAddr, trusted: &[IpNet], headers: &HeaderMap) -> IpAddr {
    let peer = peer.to_canonical();
    let (name, read): (_, ReadHop) = if headers.contains_key(&X_FORWARDED_FOR) {
        (X_FORWARDED_FOR, address)
    } else {
        (header::FORWARDED, forwarded_for)
    };
    // A comma inside quotes splits an element in two halves that are no addresses, and so ends the walk.
    let values = headers.get_all(name);
    let hops = values.iter().rev().flat_map(|value| value.as_bytes().rsplit(|b| *b == b','));
    let mut known = peer;
    for hop in hops.take(HOPS_MAX) {
        if !is_trusted(known, trusted) {
            break;
        }
        match Some(hop.trim_ascii()).filter(|hop| hop.len() <= HOP_MAX).and_then(read) {
            Some(next) => known = next,
            None => break,
        }
    }
    known
}

/// `for=192.0.2.43;proto=https`, `For="[2001:db8::1]:4711"`: exactly one `for`.
fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    let mut found = None;
    for pair in element.split(|b| *b == b';').map(<[u8]>::trim_ascii).filter(|p| !p.is_empty()) {
        let at = pair.iter().position(|b| *b == b'=')?;
        let (name, value) = pair.split_at(at);
        if name.eq_ignore_ascii_case(b"for") {
            let value = value.get(1..)?;
            let value = match value.strip_prefix(b"\"") {
                Some(quoted) => quoted.strip_suffix(b"\"")?,
                None => value,
            };
            if found.replace(address(value)?).is_some() {
                return None;
            }
        }
    }
    found
}

/// An address, IPv6 with or without brackets, with or without a port.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let address = match (bare, text.parse::<IpAddr>()) {
        (Some(six), _) => IpAddr::V6(six.parse().ok()?),
        (None, Ok(address)) => address,
        (None, Err(_)) => text.parse::<SocketAddr>().ok()?.ip(),
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn found(peer: &str, fields: &[(&str, &str)]) -> String {
        let trusted: Vec<IpNet> = ["10.0.0.0/8", "2001:db8:1::/48"].map(|n| n.parse().unwrap()).to_vec();
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        find(peer.parse().unwrap(), &trusted, &headers).to_string()
    }

    #[test]
    fn d12_only_trusted_proxies_are_believed_from_right_to_left() {
        let xff = |peer, value| found(peer, &[("x-forwarded-for", value)]);
        for (peer, value, expected) in [
            ("203.0.113.1", "198.51.100.7", "203.0.113.1"),
            ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("10.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"),
            ("10.0.0.1", "198.51.100.7,10.0.0.2 , 10.0.0.3", "198.51.100.7"),
            ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("10.0.0.1", "::ffff:198.51.100.7", "198.51.100.7"),
            ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
            ("10.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
            ("2001:db8:1::1", "2001:db8::7", "2001:db8::7"),
            ("10.0.0.1", "198.51.100.7, unknown", "10.0.0.1"),
            ("10.0.0.1", "198.51.100.7, , 10.0.0.2", "10.0.0.2"),
            ("10.0.0.1", "198.51.100.7, x, 10.0.0.2", "10.0.0.2"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "010.0.0.2", "10.0.0.1"),
        ] {
            assert_eq!(xff(peer, value), expected, "{peer} {value}");
        }
        let many = vec!["10.0.0.2"; 40].join(",");
        assert_eq!(xff("10.0.0.1", &format!("198.51.100.7,{many}")), "10.0.0.2", "a bounded walk");
        let lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "198.51.100.7")];
        assert_eq!(found("10.0.0.1", &lines), "198.51.100.7", "the last line is the nearest");
    }

    #[test]
    fn d12_forwarded_is_read_as_rfc_7239_writes_it() {
        let forwarded = |value| found("10.0.0.1", &[("forwarded", value)]);
        for (value, expected) in [
            ("for=198.51.100.7", "198.51.100.7"),
            ("For=\"198.51.100.7:80\";proto=https;by=10.0.0.1", "198.51.100.7"),
            ("for=1.1.1.1, for=\"[2001:db8::7]\"", "2001:db8::7"),
            ("for=_hidden", "10.0.0.1"),
            ("for=unknown, for=10.0.0.2", "10.0.0.2"),
            ("proto=https", "10.0.0.1"),
            ("for=1.1.1.1;for=2.2.2.2", "10.0.0.1"),
            ("for=\"1.1.1.1", "10.0.0.1"),
            ("for=\"1.1.1.1, 2.2.2.2\"", "10.0.0.1"),
        ] {
            assert_eq!(forwarded(value), expected, "{value}");
        }
        let both = [("forwarded", "for=1.1.1.1"), ("x-forwarded-for", "198.51.100.7")];
        assert_eq!(found("10.0.0.1", &both), "198.51.100.7");
    }
}
