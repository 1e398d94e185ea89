//! Tests of `path::canonical` (design section 4).
//!
//! Owns:  the table of spellings, and what must hold for every accepted path.
//! Never: matches operations, except to show that tricks do not reach one.
//! Read:  the tables, then the properties.

use admission::path::{PATH_MAX, PathError, canonical};
use model::{Catalogue, HttpMethod};
use proptest::prelude::*;
use std::borrow::Cow;

/// Both directions of what a path may look like.
const ACCEPTED: [(&str, &str); 24] = [
    ("/", "/"),
    ("/v1/company", "/v1/company"),
    ("/v1/company/", "/v1/company/"),
    ("/%76%31/Company", "/v1/Company"),
    ("/a%2Db%2dc%5F%5f%7E", "/a-b-c__~"),
    ("/a%2E%2Eb", "/a..b"),
    ("/%2e%2e%2e", "/..."),
    ("/...", "/..."),
    ("/.a/..a", "/.a/..a"),
    ("/a%20b", "/a%20b"),
    ("/%c3%a9", "/%C3%A9"),
    ("/%C3%A9", "/%C3%A9"),
    ("/%E2%82%ac%f0%9f%98%80x", "/%E2%82%AC%F0%9F%98%80x"),
    ("/a@b:c,d=e+f&g$h!i*j(k)'l", "/a@b:c,d=e+f&g$h!i*j(k)'l"),
    ("/a%40b%3ac", "/a%40b%3Ac"),
    ("/100%25", "/100%25"),
    ("/%252e%252e/x", "/%252e%252e/x"),
    ("/%25%32%65", "/%252e"),
    ("/%252f", "/%252f"),
    ("/%3f%23", "/%3F%23"),
    ("/%5b%7b%7c%22%3c", "/%5B%7B%7C%22%3C"),
    ("/~user", "/~user"),
    ("/a/b/c/d", "/a/b/c/d"),
    ("/%E1%80%80", "/%E1%80%80"),
];

const REFUSED: [(&[u8], PathError); 52] = [
    (b"", PathError::NotAbsolute),
    (b"*", PathError::NotAbsolute),
    (b"v1", PathError::NotAbsolute),
    (b"http://x/", PathError::NotAbsolute),
    (b"%2Fv1", PathError::NotAbsolute),
    (b"//", PathError::EmptySegment),
    (b"//v1", PathError::EmptySegment),
    (b"/v1//company", PathError::EmptySegment),
    (b"/v1/company//", PathError::EmptySegment),
    (b"/.", PathError::DotSegment),
    (b"/..", PathError::DotSegment),
    (b"/./v1", PathError::DotSegment),
    (b"/v1/../admin", PathError::DotSegment),
    (b"/v1/%2e%2E/admin", PathError::DotSegment),
    (b"/v1/.%2e/admin", PathError::DotSegment),
    (b"/v1/%2e./admin", PathError::DotSegment),
    (b"/v1/%2e", PathError::DotSegment),
    (b"/v1/..", PathError::DotSegment),
    (b"/v1%2fadmin", PathError::EncodedSlash),
    (b"/v1/%2F", PathError::EncodedSlash),
    (b"/v1/..%2fadmin", PathError::EncodedSlash),
    (b"/v1\\admin", PathError::Backslash),
    (b"/v1/%5c..", PathError::Backslash),
    (b"/v1/..%5Cadmin", PathError::Backslash),
    (b"/v1;x=1", PathError::Semicolon),
    (b"/v1/..;/admin", PathError::Semicolon),
    (b"/v1%3b", PathError::Semicolon),
    (b"/v1%3B/x", PathError::Semicolon),
    (b"/v1%00", PathError::EncodedControl),
    (b"/%0d%0aset-cookie:x", PathError::EncodedControl),
    (b"/%1f", PathError::EncodedControl),
    (b"/%7f", PathError::EncodedControl),
    (b"/v1\0", PathError::ForbiddenByte),
    (b"/v1\r\n", PathError::ForbiddenByte),
    (b"/v1 x", PathError::ForbiddenByte),
    (b"/v1\t", PathError::ForbiddenByte),
    (b"/v1\x7f", PathError::ForbiddenByte),
    (b"/caf\xc3\xa9", PathError::ForbiddenByte),
    (b"/v1?x=1", PathError::ForbiddenByte),
    (b"/v1#x", PathError::ForbiddenByte),
    (b"/{id}", PathError::ForbiddenByte),
    (b"/a|b", PathError::ForbiddenByte),
    (b"/%", PathError::BadEscape),
    (b"/%2", PathError::BadEscape),
    (b"/%zz", PathError::BadEscape),
    (b"/%2%35", PathError::BadEscape),
    (b"/%+1", PathError::BadEscape),
    (b"/%u002e", PathError::BadEscape),
    (b"/%ff", PathError::NotUtf8),
    (b"/%c0%ae%c0%ae/x", PathError::NotUtf8),
    (b"/%c0%af", PathError::NotUtf8),
    (b"/%e2%82x", PathError::NotUtf8),
];

#[test]
fn every_accepted_spelling_has_one_canonical_form() {
    for (raw, expected) in ACCEPTED {
        let path = canonical(raw.as_bytes()).unwrap_or_else(|error| panic!("{raw}: {error}"));
        assert_eq!(String::from_utf8_lossy(&path), expected, "{raw}");
        assert_eq!(matches!(path, Cow::Borrowed(_)), raw == expected, "{raw}: borrowed when nothing changed");
    }
}

#[test]
fn every_trick_is_refused_with_its_reason() {
    for (raw, expected) in REFUSED {
        assert_eq!(canonical(raw), Err(expected), "{}", String::from_utf8_lossy(raw));
    }
    for error in [PathError::NotUtf8, PathError::BadEscape] {
        for cut in [b"/%e2%82".as_slice(), b"/%e2", b"/%f0%9f%98", b"/%e2%", b"/%e2%8"] {
            assert!(canonical(cut).is_err(), "{error:?} {}", String::from_utf8_lossy(cut));
        }
    }
    assert_eq!(canonical(b"/%ed%a0%80"), Err(PathError::NotUtf8), "a surrogate");
    assert_eq!(canonical(b"/%f4%90%80%80"), Err(PathError::NotUtf8), "beyond Unicode");
}

#[test]
fn the_longest_path_is_accepted_and_a_longer_one_is_not() {
    let longest = format!("/{}", "a".repeat(PATH_MAX - 1));
    assert!(canonical(longest.as_bytes()).is_ok());
    assert_eq!(canonical(format!("{longest}a").as_bytes()), Err(PathError::TooLong));
    assert!(PathError::TooLong.sentence().contains(&PATH_MAX.to_string()));
}

#[test]
fn every_reason_is_its_own_and_no_sentence_is_empty() {
    let mut reasons = PathError::ALL.map(PathError::reason);
    reasons.sort_unstable();
    assert!(reasons.windows(2).all(|pair| pair[0] != pair[1]));
    assert!(PathError::ALL.iter().all(|error| error.to_string().ends_with('.')));
}

#[test]
fn an_encoded_spelling_reaches_the_operation_that_the_plain_one_reaches() {
    let operation = crate::world::operation();
    let catalogue = Catalogue::new(vec![operation]).unwrap();
    let path = canonical(b"/v1/%69nvoices").unwrap();
    assert_eq!(catalogue.find(HttpMethod::Get, &path).map(|o| o.id.as_str()), Some("invoices_list"));
}

/// All escapes decoded, once, as a server does. For accepted paths only.
fn decoded(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < path.len() {
        if path[at] == b'%' {
            let digits = std::str::from_utf8(&path[at + 1..at + 3]).unwrap();
            out.push(u8::from_str_radix(digits, 16).unwrap());
            at += 3;
        } else {
            out.push(path[at]);
            at += 1;
        }
    }
    out
}

/// What `canonical` promises, said the long way round: decode everything, look at the whole, encode again.
fn reference(raw: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(raw).ok().filter(|text| text.is_ascii() && text.len() <= PATH_MAX)?;
    let rest = text.strip_prefix('/')?;
    let mut segments = Vec::new();
    for segment in rest.split('/') {
        let mut pieces = segment.split('%');
        let mut bytes = pieces.next()?.bytes().map(|b| (b, false)).collect::<Vec<_>>();
        for piece in pieces {
            let digits = piece.get(..2).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
            bytes.push((u8::from_str_radix(digits, 16).ok()?, true));
            bytes.extend(piece[2..].bytes().map(|b| (b, false)));
        }
        let plain: Vec<u8> = bytes.iter().map(|(b, _)| *b).collect();
        let plain = String::from_utf8(plain).ok()?;
        if plain == "." || plain == ".." || plain.contains(|c: char| c.is_ascii_control() || "/\\;".contains(c)) {
            return None;
        }
        let mut spelled = String::new();
        for (byte, escaped) in bytes {
            let character = char::from(byte);
            let unreserved = byte.is_ascii_alphanumeric() || "-._~".contains(character);
            if unreserved {
                spelled.push(character);
            } else if escaped {
                spelled.push_str(&format!("%{byte:02X}"));
            } else if "!$&'()*+,=:@".contains(character) {
                spelled.push(character);
            } else {
                return None;
            }
        }
        segments.push(spelled);
    }
    let (_, inner) = segments.split_last()?;
    if inner.iter().any(String::is_empty) {
        return None;
    }
    Some(format!("/{}", segments.join("/")).into_bytes())
}

/// Bytes that matter here, much more often than chance would have it.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => "[a-zA-Z0-9._~-]{1,4}".prop_map(String::into_bytes),
        4 => Just(b"/".to_vec()),
        4 => any::<u8>().prop_map(|b| format!("%{b:02x}").into_bytes()),
        2 => (0x20u8..0x7f).prop_map(|b| format!("%{b:02X}").into_bytes()),
        2 => "\\PC".prop_map(|c| c.bytes().flat_map(|b| format!("%{b:02x}").into_bytes()).collect()),
        2 => prop_oneof!["%", "%2", "\\.", "\\.\\.", "%2e", "%2E%2e", ";", "%25", "[!$&'()*+,=:@]"].prop_map(String::into_bytes),
        1 => any::<u8>().prop_map(|b| vec![b]),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| [b"/".to_vec(), pieces.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn agrees_with_the_reference(raw in hostile()) {
        prop_assert_eq!(canonical(&raw).ok().map(Cow::into_owned), reference(&raw));
    }

    #[test]
    fn any_bytes_are_accepted_or_refused_without_a_panic(raw: Vec<u8>) {
        prop_assert_eq!(canonical(&raw).ok().map(Cow::into_owned), reference(&raw));
    }

    #[test]
    fn the_spelling_of_a_spelling_is_itself(raw in hostile()) {
        if let Ok(path) = canonical(&raw) {
            let again = canonical(&path);
            prop_assert!(matches!(again, Ok(Cow::Borrowed(_))), "{again:?}");
            prop_assert_eq!(&again.unwrap(), &path);
        }
    }

    #[test]
    fn every_server_reads_an_accepted_path_alike(raw in hostile()) {
        if let Ok(path) = canonical(&raw) {
            let whole = decoded(&path);
            prop_assert_eq!(&whole, &decoded(&raw), "it still means what was sent");
            prop_assert!(std::str::from_utf8(&whole).is_ok());
            // Decoding before or after splitting makes no difference, and nothing is left to resolve or to cut.
            let split_first: Vec<Vec<u8>> = path.split(|b| *b == b'/').map(decoded).collect();
            let decoded_first: Vec<Vec<u8>> = whole.split(|b| *b == b'/').map(<[u8]>::to_vec).collect();
            prop_assert_eq!(&split_first, &decoded_first);
            prop_assert!(decoded_first.iter().all(|s| s != b"." && s != b".."));
            prop_assert!(!whole.iter().any(|b| b.is_ascii_control() || *b == b'\\' || *b == b';'));
            prop_assert!(path.len() <= raw.len());
        }
    }
}
