//! Identifier: names for new things.
//!
//! Owns:  their text: a prefix, the time, randomness; and the form of a UUID.
//! Never: counts, so that a name tells nothing about how many things others have.
//! Read:  `prefixed`.

use crate::options::Randomness;

/// Crockford's digits: none of them is taken for another.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters behind the prefix: 48 bits of time and 80 random ones, five to a character.
const LENGTH: u32 = 26;

/// `prefix_` and 26 characters that sort by time. `now` in microseconds.
pub(crate) fn prefixed(prefix: &str, now: i64, randomness: &Randomness) -> String {
    let mut bytes = [0_u8; 10];
    randomness(&mut bytes);
    let random = bytes.iter().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let millis = u128::from(now.max(0).unsigned_abs() / 1_000) & 0xFFFF_FFFF_FFFF;
    let bits = millis << 80 | random;
    let mut text = format!("{prefix}_");
    for index in (0..LENGTH).rev() {
        let digit = usize::try_from(bits >> (index * 5) & 31).unwrap_or(0);
        text.push(char::from(DIGITS.get(digit).copied().unwrap_or(b'0')));
    }
    text
}

/// A random UUID (RFC 9562, version 4).
pub(crate) fn uuid(randomness: &Randomness) -> String {
    let mut bytes = [0_u8; 16];
    randomness(&mut bytes);
    let bits = u128::from_be_bytes(bytes);
    let bits = bits & !(0xF000_u128 << 64) | 0x4000_u128 << 64;
    let bits = bits & !(0xC000_u128 << 48) | 0x8000_u128 << 48;
    let hex = format!("{bits:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn names_have_their_form_and_sort_by_time() {
        let ones: Randomness = Arc::new(|buffer: &mut [u8]| buffer.fill(0xFF));
        let none: Randomness = Arc::new(|buffer: &mut [u8]| buffer.fill(0));
        let early = prefixed("inv", 1_795_435_200_000_000, &ones);
        let late = prefixed("inv", 1_795_435_200_001_000, &none);
        assert!(early < late, "{early} {late}");
        assert_eq!((early.len(), late.len()), (4 + 26, 4 + 26));
        assert!(late.starts_with("inv_") && late.bytes().skip(4).all(|b| DIGITS.contains(&b)));
        assert_eq!(uuid(&none), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(&ones), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
