//! Field: what a member of a record may hold.
//!
//! Owns:  the checks that records of several kinds share.
//! Never: changes what a caller wrote, spaces at its ends excepted.
//! Read:  top down.

use crate::problem::Problem;
use jiff::civil::Date;

/// Characters of an e-mail address (RFC 5321).
const EMAIL_MAX: usize = 254;
/// Digits of a telephone number (E.164).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Control characters, and the two that no XML document can hold.
fn is_strange(c: char) -> bool {
    c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// A text of 1 to `max` characters without control characters, trimmed.
pub(crate) fn text(name: &str, value: &str, max: usize) -> Result<String, Problem> {
    let value = value.trim();
    let fits = (1..=max).contains(&value.chars().count()) && !value.chars().any(is_strange);
    if !fits {
        return Err(Problem::invalid_record(format!("`{name}` is not a text of 1 to {max} characters.")));
    }
    Ok(value.to_owned())
}

/// The same where there may be none; an empty one counts as none.
pub(crate) fn optional_text(name: &str, value: Option<&str>, max: usize) -> Result<Option<String>, Problem> {
    value.filter(|value| !value.trim().is_empty()).map(|value| text(name, value, max)).transpose()
}

/// A text of several lines.
pub(crate) fn lines(name: &str, value: &str, max: usize) -> Result<String, Problem> {
    let strange = |c: char| is_strange(c) && !matches!(c, '\n' | '\r' | '\t');
    if value.trim().is_empty() || value.chars().count() > max || value.chars().any(strange) {
        return Err(Problem::invalid_record(format!("`{name}` is not a text of 1 to {max} characters.")));
    }
    Ok(value.to_owned())
}

/// Whether this can be an e-mail address: one @, a name before it and a dotted host behind it.
pub(crate) fn is_email(value: &str) -> bool {
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| !c.is_whitespace() && !c.is_control());
    value.len() <= EMAIL_MAX
        && value.split_once('@').is_some_and(|(name, host)| {
            let labels = || host.split('.');
            let label = |text: &str| {
                !text.is_empty()
                    && !text.starts_with('-')
                    && !text.ends_with('-')
                    && text.chars().all(|c| c.is_alphanumeric() || c == '-')
            };
            plain(name) && !name.contains(['<', '>', ',', ';', '"']) && labels().count() > 1 && labels().all(label)
        })
}

/// An e-mail address, where there is one.
pub(crate) fn email(name: &str, value: Option<&str>) -> Result<Option<String>, Problem> {
    let value = value.map(str::trim).filter(|value| !value.is_empty());
    match value {
        Some(value) if !is_email(value) => Err(Problem::invalid_record(format!("`{name}` is not an e-mail address."))),
        value => Ok(value.map(str::to_owned)),
    }
}

/// Whether this is a telephone number with its country, such as +393331234567.
pub(crate) fn is_phone(value: &str) -> bool {
    value.strip_prefix('+').is_some_and(|digits| {
        PHONE_DIGITS.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0')
    })
}

/// A day, written 2026-01-31.
pub(crate) fn date(name: &str, value: &str) -> Result<Date, Problem> {
    let read = (value.len() == 10).then(|| value.parse::<Date>().ok()).flatten();
    read.filter(|date| (1970..=9998).contains(&date.year()))
        .ok_or_else(|| Problem::invalid_record(format!("`{name}` is not a day such as 2026-01-31.")))
}

/// Whether these are the two capitals of a country.
pub(crate) fn is_country(value: &str) -> bool {
    value.len() == 2 && value.bytes().all(|b| b.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_numbers_and_days_are_told_from_other_texts() {
        for good in ["a@example.com", "anna.rossi+x@sub.example.co", "ü@exämple.de"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@example.com",
            "a@",
            "a@example",
            "a b@example.com",
            "a@-x.com",
            "a@x..com",
            "<a@x.com>",
            "a@x.com,b@x.com",
            "a@b@x.com",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
        assert!(is_phone("+393331234567") && is_phone("+1234567"));
        for bad in ["393331234567", "+0393331234", "+39 333", "+123456", "+1234567890123456", "+"] {
            assert!(!is_phone(bad), "{bad}");
        }
        assert!(date("d", "2026-02-28").is_ok());
        for bad in ["2026-02-29", "2026-2-8", "20260228", "28.02.2026", "", "1969-12-31"] {
            assert!(date("d", bad).is_err(), "{bad}");
        }
        assert!(text("n", "  a ", 1).is_ok() && text("n", " ", 5).is_err() && text("n", "a\nb", 5).is_err());
        assert!(lines("n", "a\nb", 5).is_ok() && lines("n", "a\u{0}", 5).is_err());
        assert!(text("n", "a\u{ffff}", 5).is_err() && lines("n", "a\u{fffe}", 5).is_err());
    }
}
