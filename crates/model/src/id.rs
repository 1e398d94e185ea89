//! Identifiers: a prefix that says what it names, and 26 sortable characters.
//!
//! Owns:  the text form of ids (`key_01j…`, `acc_…`, `co_…`), its parsing and its order.
//! Never: draws randomness or reads a clock; both are arguments.
//! Read:  `Entropy`, then the `id!` lines.

use crate::time::Timestamp;
use std::{fmt, str::FromStr};

/// Eighty bits of randomness for one id, drawn by the caller.
#[derive(Clone, Copy)]
pub struct Entropy(pub [u8; 10]);

/// The text is not an id of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseIdError {
    /// What the id should have started with, without the underscore.
    pub prefix: &'static str,
}

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected an id of the form {}_ followed by 26 characters", self.prefix)
    }
}

impl std::error::Error for ParseIdError {}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LEN: usize = 26;

/// 48 bits of milliseconds, then 80 random bits.
const fn compose(millis: i64, entropy: Entropy) -> u128 {
    let e = entropy.0;
    let random = u128::from_be_bytes([0, 0, 0, 0, 0, 0, e[0], e[1], e[2], e[3], e[4], e[5], e[6], e[7], e[8], e[9]]);
    ((millis as u128 & 0xFFFF_FFFF_FFFF) << 80) | random
}

/// The 26 characters, from the last, twelve at a time: shifting numbers that fit a register costs a fraction of shifting
/// those that do not, and this runs for every request.
fn spell(value: u128, text: &mut [u8]) {
    let (mut low, mut high) = (value as u64 & (u64::MAX >> 4), (value >> 60) as u64);
    let (front, back) = text.split_at_mut(LEN - 12);
    for slot in back.iter_mut().rev() {
        *slot = ALPHABET[(low & 31) as usize];
        low >>= 5;
    }
    for (i, slot) in front.iter_mut().rev().enumerate() {
        // The first two characters hold what is beyond the second twelve.
        let digit = if i < 12 { high & 31 } else { (value >> (60 + 5 * i)) as u64 & 31 };
        *slot = ALPHABET[digit as usize];
        high >>= 5;
    }
}

fn read_text(text: &str) -> Option<u128> {
    let bytes = text.as_bytes();
    // 26 characters hold 130 bits; the first may not use the two that an id does not have.
    if bytes.len() != LEN || bytes.first()? > &b'7' {
        return None;
    }
    bytes.iter().try_fold(0u128, |value, byte| {
        let digit = ALPHABET.iter().position(|a| a == byte)?;
        Some((value << 5) | digit as u128)
    })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// What the text form starts with, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id: sorts by `now`, told apart by `entropy`.
            #[must_use]
            pub const fn new(now: Timestamp, entropy: Entropy) -> Self {
                Self(compose(now.as_millis(), entropy))
            }

            /// The sixteen bytes behind the text form, in sort order.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.to_be_bytes()
            }

            /// The text form, as ASCII.
            #[must_use]
            pub fn to_text(self) -> [u8; concat!($prefix, "_").len() + LEN] {
                let mut text = [0; concat!($prefix, "_").len() + LEN];
                let (front, back) = text.split_at_mut(concat!($prefix, "_").len());
                front.copy_from_slice(concat!($prefix, "_").as_bytes());
                spell(self.0, back);
                text
            }

            /// From the sixteen bytes of `to_bytes`.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(u128::from_be_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(std::str::from_utf8(&self.to_text()).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(read_text)
                    .map(Self)
                    .ok_or(ParseIdError { prefix: $prefix })
            }
        }
    };
}

id!(
    /// Who signs up, pays, and owns keys and companies.
    AccountId, "acc");
id!(
    /// Whose documents are kept apart; an account has many.
    CompanyId, "co");
id!(
    /// One key record with up to two credentials.
    KeyId, "key");
id!(
    /// A token that lets an operator's program into the control API.
    OperatorTokenId, "opt");
id!(
    /// Which account people of an issuer and directory belong to.
    IdentityId, "idm");
id!(
    /// One entry of the audit chain.
    AuditId, "aud");
id!(
    /// One request through the gateway or the control API.
    RequestId, "req");
id!(
    /// Somebody who can sign in.
    PersonId, "per");
id!(
    /// A person in one account, with a role.
    MemberId, "mem");
id!(
    /// An invitation into an account.
    InvitationId, "inv");
id!(
    /// A person who is signed in, on one device.
    SessionId, "ses");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_round_trips_and_sorts_like_time(a in 0i64..1 << 47, b in 0i64..1 << 47, ea: [u8; 10], eb: [u8; 10]) {
            let x = KeyId::new(Timestamp::from_millis(a), Entropy(ea));
            let y = KeyId::new(Timestamp::from_millis(b), Entropy(eb));
            prop_assert_eq!(x.to_string().parse::<KeyId>().unwrap(), x);
            prop_assert_eq!(KeyId::from_bytes(x.to_bytes()), x);
            prop_assert_eq!(x.cmp(&y), x.to_string().cmp(&y.to_string()));
            if a < b { prop_assert!(x < y); }
        }

        #[test]
        fn no_other_text_is_an_id(text in "\\PC{0,40}") {
            if let Ok(id) = text.parse::<CompanyId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn a_foreign_prefix_is_refused() {
        let id = KeyId::new(Timestamp::from_secs(1), Entropy([7; 10])).to_string();
        assert!(id.starts_with("key_") && id.len() == 30);
        assert!(id.parse::<CompanyId>().is_err());
    }
}
