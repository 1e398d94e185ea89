//! Money: decimal numbers, exact, as whole numbers of their smallest unit.
//!
//! Owns:  reading and writing of decimals, and the one way of rounding.
//! Never: a binary fraction, on the way in, in between or on the way out.
//! Read:  `Fixed`, then `round_half_up`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::value::RawValue;
use std::fmt;

/// Digits before the point. With four places behind it that is far from the bounds of 64 bits.
const WHOLE_DIGITS_MAX: usize = 12;
/// Currencies whose amounts do not have two places; this API counts in hundredths and refuses them.
const OTHER_PLACES: [&str; 26] = [
    "BHD", "BIF", "CLF", "CLP", "DJF", "GNF", "IQD", "ISK", "JOD", "JPY", "KMF", "KRW", "KWD", "LYD", "OMR", "PYG",
    "RWF", "TND", "UGX", "UYI", "UYW", "VND", "VUV", "XAF", "XOF", "XPF",
];

/// A decimal number with at most `PLACES` places, as a whole number of its smallest unit. Read from a JSON text or a JSON
/// number, by its digits; written as a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fixed<const PLACES: u32>(pub(crate) i64);

/// An amount of money, in hundredths.
pub(crate) type Amount = Fixed<2>;
/// A price of one piece, in ten-thousandths.
pub(crate) type Price = Fixed<4>;
/// How many pieces, in ten-thousandths.
pub(crate) type Quantity = Fixed<4>;
/// A tax rate, in hundredths of a percent.
pub(crate) type Rate = Fixed<2>;

impl<const PLACES: u32> Fixed<PLACES> {
    /// Reads digits, with a point in between if there are places, and a minus before them if it is negative.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, places) = match digits.split_once('.') {
            Some((whole, places)) if !places.is_empty() => (whole, places),
            Some(_) => return None,
            None => (digits, ""),
        };
        let all = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all(whole) || !all(places) {
            return None;
        }
        // Zeros at either end say nothing more.
        let (whole, places) = (whole.trim_start_matches('0'), places.trim_end_matches('0'));
        if whole.len() > WHOLE_DIGITS_MAX || places.len() > PLACES as usize {
            return None;
        }
        let mut units = if whole.is_empty() { 0 } else { whole.parse::<i64>().ok()? };
        for index in 0..PLACES as usize {
            let digit = places.as_bytes().get(index).map_or(0, |b| i64::from(b - b'0'));
            units = units.checked_mul(10)?.checked_add(digit)?;
        }
        Some(Self(if negative { -units } else { units }))
    }
}

impl<const PLACES: u32> fmt::Display for Fixed<PLACES> {
    /// Two places at least, and as many more as say something.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_u64.pow(PLACES);
        let size = self.0.unsigned_abs();
        let mut places = format!("{:0width$}", size % unit, width = PLACES as usize);
        while places.len() > 2 && places.ends_with('0') {
            places.pop();
        }
        write!(f, "{}{}.{places}", if self.0 < 0 { "-" } else { "" }, size / unit)
    }
}

impl<const PLACES: u32> Serialize for Fixed<PLACES> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const PLACES: u32> Deserialize<'de> for Fixed<PLACES> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The text of the number itself: what a parser makes of 0.1 is something else already.
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let text =
            if raw.starts_with('"') { serde_json::from_str(raw).map_err(D::Error::custom)? } else { raw.to_owned() };
        Self::read(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "a decimal number such as \"12.50\" with at most {WHOLE_DIGITS_MAX} digits before the point and {PLACES} \
                 behind it is expected"
            ))
        })
    }
}

/// `value / by`, halves away from zero, as invoices are rounded. `by` is positive.
pub(crate) const fn round_half_up(value: i128, by: i128) -> i128 {
    let half = by / 2;
    if value < 0 { (value - half) / by } else { (value + half) / by }
}

/// Whether this is a currency that this API can count in: three capitals, two places.
pub(crate) fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase()) && !OTHER_PLACES.contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_read_by_their_digits() {
        for (text, cents) in [
            ("0", 0),
            ("12", 1200),
            ("12.5", 1250),
            ("12.50", 1250),
            ("12.5000", 1250),
            ("-0.01", -1),
            ("007.10", 710),
            ("999999999999.99", 99_999_999_999_999),
        ] {
            assert_eq!(Amount::read(text), Some(Fixed(cents)), "{text}");
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "+1",
            "1e2",
            "1,5",
            "1.005",
            "--1",
            "1 ",
            "0x1",
            "1.2.3",
            "1000000000000",
            "NaN",
            "-",
            "１",
        ] {
            assert_eq!(Amount::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_json_number_is_taken_as_it_is_written_and_never_as_a_fraction_of_two() {
        assert_eq!(serde_json::from_str::<Amount>("0.10").unwrap(), Fixed(10));
        assert_eq!(serde_json::from_str::<Amount>("\"4.35\"").unwrap(), Fixed(435));
        assert_eq!(serde_json::from_str::<Option<Price>>("0.1234").unwrap(), Some(Fixed(1234)));
        for text in ["1e3", "\"1e3\"", "0.105", "true", "null", "[1]", "\"\""] {
            assert!(serde_json::from_str::<Amount>(text).is_err(), "{text}");
        }
        assert_eq!(serde_json::to_string(&Fixed::<4>(12_500)).unwrap(), "\"1.25\"");
        assert_eq!(serde_json::to_string(&Fixed::<4>(10_001)).unwrap(), "\"1.0001\"");
    }

    #[test]
    fn currencies_of_other_places_are_refused() {
        assert!(is_currency("EUR") && is_currency("AED"));
        assert!(!["JPY", "KWD", "eur", "EU", "EURO", "E1R", ""].into_iter().any(is_currency));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(units in -99_999_999_999_999_i64..=99_999_999_999_999) {
            prop_assert_eq!(Amount::read(&Fixed::<2>(units).to_string()), Some(Fixed(units)));
            prop_assert_eq!(Price::read(&Fixed::<4>(units).to_string()), Some(Fixed(units)));
        }

        #[test]
        fn rounding_is_off_by_half_at_most_and_symmetric(value in -1_000_000_000_000_i128..1_000_000_000_000, by in 1_i128..100_000) {
            let rounded = round_half_up(value, by * 2);
            prop_assert!((rounded * by * 2 - value).abs() <= by);
            prop_assert_eq!(round_half_up(-value, by * 2), -rounded);
        }
    }
}
