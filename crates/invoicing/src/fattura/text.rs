//! Texts: what the text of an element may be.
//!
//! Owns:  one check per kind of text, and the numbers that rules calculate with.
//! Never: regular expressions or floating point.
//! Read:  `fits`.

use super::schema::Text;

/// Characters of an attachment are bounded by the whole file; this is only its alphabet.
const BASE64_EXTRA: &[u8] = b"+/=\r\n\t ";

impl Text {
    /// Whether `text` is one of these.
    pub(super) fn fits(self, text: &str) -> bool {
        let length = |min: usize, max: usize| (min..=max).contains(&text.chars().count());
        let all = |ok: fn(u8) -> bool| text.bytes().all(ok);
        match self {
            Self::Words(min, max) => length(min, max) && !text.trim().is_empty() && !text.chars().any(is_control),
            Self::Code(min, max) => length(min, max) && all(|b| b.is_ascii_alphanumeric()),
            Self::Upper(min, max) => length(min, max) && all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()),
            Self::Digits(min, max) => length(min, max) && all(|b| b.is_ascii_digit()),
            Self::OneOf(list) => list.contains(&text),
            Self::Amount(min, max) => decimal(text.strip_prefix('-').unwrap_or(text), 11, min, max),
            Self::Quantity => decimal(text, 12, 2, 8),
            Self::Rate => decimal(text, 3, 2, 2) && hundredths(text).is_some_and(|rate| rate <= 100 * UNIT),
            Self::Number(max) => length(1, max) && all(|b| b.is_ascii_digit()),
            Self::Date => is_date(text),
            Self::Instant => {
                text.split_once('T').is_some_and(|(day, time)| is_date(day) && day.len() == 10 && is_time(time))
            }
            Self::Email => {
                length(7, 256)
                    && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
                    && all(|b| b.is_ascii_graphic())
            }
            Self::Attachment => {
                !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || BASE64_EXTRA.contains(&b))
            }
        }
    }

    /// What it should have been, for people.
    pub(super) fn wanted(self) -> String {
        match self {
            Self::Words(min, max) => format!("a text of {min} to {max} characters"),
            Self::Code(min, max) => format!("{min} to {max} letters and digits"),
            Self::Upper(min, max) if min == max => format!("{min} capital letters or digits"),
            Self::Upper(min, max) => format!("{min} to {max} capital letters or digits"),
            Self::Digits(min, max) if min == max => format!("{min} digits"),
            Self::Digits(min, max) => format!("{min} to {max} digits"),
            Self::OneOf(list) => format!("one of {}", list.join(", ")),
            Self::Amount(min, max) if min == max => {
                format!("a decimal with a point and {min} decimals, such as 100.00")
            }
            Self::Amount(min, max) => format!("a decimal with a point and {min} to {max} decimals, such as 100.00"),
            Self::Quantity => String::from("a decimal with a point and 2 to 8 decimals, such as 1.00"),
            Self::Rate => String::from("a percentage from 0.00 to 100.00 with two decimals"),
            Self::Number(max) => format!("a whole number of at most {max} digits"),
            Self::Date => String::from("a date such as 2026-01-31"),
            Self::Instant => String::from("a date and time such as 2026-01-31T12:30:00"),
            Self::Email => String::from("an e-mail address"),
            Self::Attachment => String::from("base64"),
        }
    }
}

fn is_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}

/// Digits, a point, digits. `whole` is the most digits before the point.
fn decimal(text: &str, whole: usize, min: usize, max: usize) -> bool {
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    text.split_once('.').is_some_and(|(before, after)| {
        (1..=whole).contains(&before.len()) && (min..=max).contains(&after.len()) && digits(before) && digits(after)
    })
}

/// What one is in the numbers of `hundredths`.
pub(super) const UNIT: i128 = 100_000_000;

/// A decimal as a multiple of 10⁻⁸; none if it is not a decimal with at most eight decimals.
pub(super) fn hundredths(text: &str) -> Option<i128> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (before, after) = text.split_once('.').unwrap_or((text, ""));
    if before.is_empty() || before.len() > 20 || after.len() > 8 {
        return None;
    }
    let digits: String = format!("{before}{after:0<8}");
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value: i128 = digits.parse().ok()?;
    Some(if negative { -value } else { value })
}

/// A day, with a zone or without, not before 1970.
fn is_date(text: &str) -> bool {
    let (Some(day), Some(zone)) = (text.get(..10), text.get(10..)) else { return false };
    let plain = day.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    plain && is_zone(zone) && day.parse::<jiff::civil::Date>().is_ok_and(|date| date.year() >= 1970)
}

fn is_zone(text: &str) -> bool {
    let offset = |text: &str| {
        text.split_once(':').is_some_and(|(h, m)| {
            let number = |part: &str, max: u8| part.len() == 2 && part.parse::<u8>().is_ok_and(|n| n <= max);
            number(h, 14) && number(m, 59)
        })
    };
    matches!(text, "" | "Z") || text.strip_prefix(['+', '-']).is_some_and(offset)
}

fn is_time(text: &str) -> bool {
    let end = text.find(['Z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(end);
    let plain = clock.bytes().all(|b| b.is_ascii_digit() || b == b':' || b == b'.');
    plain && clock.len() >= 8 && clock.parse::<jiff::civil::Time>().is_ok() && is_zone(zone)
}
