//! Paths: whatever is accepted has one spelling, and every server reads it alike.
#![no_main]

use admission::path::{PATH_MAX, canonical};
use libfuzzer_sys::fuzz_target;
use std::borrow::Cow;

fuzz_target!(|raw: &[u8]| {
    let Ok(path) = canonical(raw) else { return };
    assert!(path.starts_with(b"/") && path.len() <= raw.len() && raw.len() <= PATH_MAX);
    let again = canonical(&path);
    assert!(matches!(&again, Ok(Cow::Borrowed(same)) if *same == &*path), "the spelling of a spelling is itself");
    let whole = decoded(&path);
    assert_eq!(whole, decoded(raw), "it means what was sent");
    assert!(std::str::from_utf8(&whole).is_ok());
    assert!(!whole.iter().any(|b| b.is_ascii_control() || matches!(b, b'\\' | b';')));
    assert!(!path.iter().any(|b| !b.is_ascii_graphic() || matches!(b, b'?' | b'#')));
    let split_first: Vec<Vec<u8>> = path.split(|b| *b == b'/').map(decoded).collect();
    let decoded_first: Vec<&[u8]> = whole.split(|b| *b == b'/').collect();
    assert_eq!(split_first, decoded_first);
    assert!(decoded_first.iter().all(|segment| *segment != b"." && *segment != b".."));
    let (_, inner) = decoded_first[1..].split_last().unwrap();
    assert!(inner.iter().all(|segment| !segment.is_empty()));
});

/// All escapes decoded, once, as a server does.
fn decoded(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((byte, after)) = rest.split_first() {
        let digits = rest.get(1..3).filter(|_| *byte == b'%');
        let escape = digits.and_then(|d| u8::from_str_radix(std::str::from_utf8(d).ok()?, 16).ok());
        out.push(escape.unwrap_or(*byte));
        rest = if escape.is_some() { &rest[3..] } else { after };
    }
    out
}
