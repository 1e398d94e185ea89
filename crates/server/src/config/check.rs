//! Checks of single values: text in, a typed value or a sentence about what is wrong out.
//!
//! Owns:  the text forms of durations, sizes, addresses, networks, origins and names.
//! Never: reads files or knows which setting it serves.
//! Read:  any one.

use std::{net::SocketAddr, time::Duration};

/// `10s`, `500ms`, `2m`, `1h`; from a millisecond to a week.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let scale: u64 = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(format!("{text:?} is no duration: a whole number and one of ms, s, m, h, d")),
    };
    let millis = number.parse::<u64>().ok().and_then(|n| n.checked_mul(scale));
    match millis {
        Some(millis @ 1..=604_800_000) => Ok(Duration::from_millis(millis)),
        _ => Err(format!("{text:?} is out of range: from 1ms to 7d")),
    }
}

/// `64KiB`, `8MiB`, `1GiB`, or a plain number of bytes.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let scale: u64 = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(format!("{text:?} is no size: a whole number and one of B, KiB, MiB, GiB")),
    };
    let bytes = number.parse::<u64>().ok().and_then(|n| n.checked_mul(scale));
    bytes.filter(|n| (1..=1 << 50).contains(n)).ok_or_else(|| format!("{text:?} is out of range"))
}

/// A whole number from `min` to `max`.
pub(crate) fn number(text: &str, min: u64, max: u64) -> Result<u64, String> {
    let number = text.parse::<u64>().map_err(|_| format!("{text:?} is no whole number"))?;
    if (min..=max).contains(&number) {
        Ok(number)
    } else {
        Err(format!("{number} is out of range: from {min} to {max}"))
    }
}

/// `127.0.0.1:8080` or `[::1]:8080`.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "{text:?} is no address to listen on: write an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080"
        )
    })
}

/// `10.0.0.0/8`, `::1/128`, or a single address.
pub(crate) fn network(text: &str) -> Result<ipnet::IpNet, String> {
    let single = || text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from);
    text.parse::<ipnet::IpNet>().or_else(|_| single()).map_err(|_| format!("{text:?} is no network such as 10.0.0.0/8"))
}

/// `https://app.example.com`, with a port if it is not the scheme's own; as a browser sends it.
pub(crate) fn origin(text: &str) -> Result<Box<str>, String> {
    let wrong = || format!("{text:?} is no origin: write scheme and host only, such as https://app.example.com");
    let url = url::Url::parse(text).map_err(|_| wrong())?;
    let written = url.origin().ascii_serialization();
    if written == text { Ok(text.into()) } else { Err(wrong()) }
}

/// A host name without port, in lower case.
pub(crate) fn host(text: &str) -> Result<String, String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b':' | b'[' | b']');
    if (1..=253).contains(&text.len()) && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is no host name: lower-case letters, digits, hyphens and dots, without a port"))
    }
}

/// One of a closed list of words.
pub(crate) fn one_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let known: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        format!("{text:?} is not one of {}", known.join(", "))
    })
}

/// A header namespace: 1 to 32 lower-case letters, digits or inner hyphens.
pub(crate) fn namespace(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let inner = !text.starts_with('-') && !text.ends_with('-');
    if !plain || !inner || !(1..=32).contains(&text.len()) {
        return Err(format!("{text:?} cannot begin a header: 1 to 32 lower-case letters, digits or inner hyphens"));
    }
    // Everything that begins so is taken out of requests and answers.
    if TAKEN_NAMESPACES.contains(&text) {
        return Err(format!("headers of HTTP itself begin with {text}-: choose a name of your own"));
    }
    Ok(text.to_owned())
}

/// How registered header fields begin (IANA's list of HTTP field names, the permanent ones, and `x`).
const TAKEN_NAMESPACES: [&str; 37] = [
    "accept",
    "access",
    "alt",
    "authentication",
    "cache",
    "cdn",
    "clear",
    "client",
    "content",
    "cross",
    "dav",
    "early",
    "expect",
    "http2",
    "idempotency",
    "if",
    "keep",
    "last",
    "max",
    "memento",
    "nel",
    "optional",
    "origin",
    "permissions",
    "proxy",
    "public",
    "ratelimit",
    "reporting",
    "retry",
    "sec",
    "server",
    "set",
    "strict",
    "surrogate",
    "timing",
    "www",
    "x",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d27_a_namespace_takes_no_header_of_http_away() {
        assert_eq!(namespace("my-api"), Ok("my-api".to_owned()));
        for text in ["content", "x", "sec", "", "-a", "A", "a_b"] {
            assert!(namespace(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_and_sizes_are_read_with_their_units_and_nothing_else() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "10", "s", "0s", "-1s", "1.5s", "8d", "99999999999999999999s", "10sec"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert_eq!((size("64KiB"), size("512"), size("1GiB")), (Ok(65_536), Ok(512), Ok(1 << 30)));
        for bad in ["", "KiB", "1KB", "0", "99999999999999999999GiB", "-1"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn d11_origins_are_as_browsers_send_them() {
        assert!(origin("https://app.example.com").is_ok() && origin("http://localhost:5173").is_ok());
        for bad in ["https://app.example.com/", "https://APP.example.com", "https://app.example.com:443", "null", "*"] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
