//! Spelling: names that some server reads as one.
//!
//! Owns:  `alike`, and percent-decoding as servers do it.
//! Never: decides what becomes of a look-alike.
//! Read:  `alike`.

use std::borrow::Cow;

/// Times that a name is percent-decoded while it still changes: some servers sit behind others that decode too.
const DECODE_MAX: usize = 3;

/// Whether some server takes `other` for `name`: another case, `-`, `.`, space or `_` for each other or left out
/// (`companyId`, `company.id`), and the two letters beyond ASCII whose lower case is in it.
pub(crate) fn alike(name: &str, other: &str) -> bool {
    letters(name).eq(letters(other))
}

fn letters(text: &str) -> impl Iterator<Item = char> {
    let folded = text.chars().map(|c| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    });
    folded.filter(|c| !c.is_ascii() || c.is_ascii_alphanumeric())
}

/// Whether some server takes the parameter name `raw`, as it stands in a query or a form, for `name`: `alike` once decoded,
/// with brackets (`company_id[]`, `[company_id]`), or cut off at NUL.
pub(crate) fn parameter_alike(name: &str, raw: &[u8]) -> bool {
    let mut text = Cow::Borrowed(raw);
    for _ in 0..DECODE_MAX {
        let spelt = String::from_utf8_lossy(&text);
        let whole = spelt.split('\0').next().unwrap_or_default();
        let first = whole.split(['[', ']']).find(|part| !part.trim().is_empty()).unwrap_or_default();
        if alike(name, first) || alike(name, whole) {
            return true;
        }
        match decode(&text, true) {
            Cow::Borrowed(_) => return false,
            Cow::Owned(decoded) => text = Cow::Owned(decoded),
        }
    }
    // Whoever escapes this often hides something.
    text.contains(&b'%')
}

/// All escapes decoded, once; with `plus`, `+` is a space. Borrowed when nothing changes. A `%` without two digits stays.
pub(crate) fn decode(raw: &[u8], plus: bool) -> Cow<'_, [u8]> {
    if !raw.iter().any(|b| *b == b'%' || (plus && *b == b'+')) {
        return Cow::Borrowed(raw);
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((byte, after)) = rest.split_first() {
        let escape = match after {
            [high, low, ..] if *byte == b'%' => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        out.push(match byte {
            b'+' if plus => b' ',
            byte => escape.unwrap_or(*byte),
        });
        rest = if escape.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    if out == raw { Cow::Borrowed(raw) } else { Cow::Owned(out) }
}

const fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r92_every_spelling_that_some_server_reads_as_the_name_is_alike() {
        for raw in [
            "company_id",
            "Company_ID",
            "companyId",
            "company-id",
            "company.id",
            "company+id",
            "company%5Fid",
            "company_id[]",
            "company_id[0]",
            "company_id%5B%5D",
            "%5bcompany_id%5d",
            "[company_id]",
            "%2563ompany_id",
            "company_id%00x",
            "+company_id",
            "%20company_id",
            "company_id[a][b]",
        ] {
            assert!(parameter_alike("company_id", raw.as_bytes()), "{raw}");
        }
        for raw in ["", "company", "company_ids", "x[company_id]", "id", "%ff", "xcompany_id"] {
            assert!(!parameter_alike("company_id", raw.as_bytes()), "{raw}");
        }
        assert!(alike("locks", "loc\u{212a}\u{17f}"));
    }

    #[test]
    fn a_percent_sign_without_digits_stays() {
        assert_eq!(&*decode(b"a%4x+%41%", true), b"a%4x A%");
        assert_eq!(&*decode(b"+", false), b"+");
        assert_eq!(&*decode(b"+", true), b" ");
        assert_eq!(&*decode(b"%41+", false), b"A+");
    }

    #[test]
    fn r92_escapes_are_read_in_either_case_and_only_behind_a_percent_sign() {
        assert_eq!(&*decode(b"%5f%6a%5F%6A%af%FA", false), b"_j_j\xaf\xfa");
        assert_eq!(&*decode(b"a12%20", false), b"a12 ");
    }
}
