//! Secrets that cannot be printed, and the only form of them that is kept.
//!
//! Owns:  `Secret<T>` (shown once, wiped on drop) and `SecretHash` (SHA-256, compared in constant time; R69, R70).
//! Never: `Display`, `Serialize` or a variable-time comparison of a secret (invariant 9).
//! Read:  top down.

use sha2::{Digest, Sha256};
use std::fmt;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroize;

/// A value that must not reach a log, an error, a metric or a row. Wiped when dropped.
///
/// ```compile_fail
/// # use model::Secret;
/// println!("{}", Secret::new(String::from("hush")));
/// ```
/// ```compile_fail
/// # use model::Secret;
/// let _ = Secret::new(1u8) == Secret::new(1u8);
/// ```
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes a value into custody.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Hands the value out. Every call of this is a place to review.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// SHA-256 of a secret's text: what the store keeps and what the gateway looks up (R69, R116).
///
/// Plain SHA-256 is enough because every secret is drawn from at least 200 bits of randomness (I19).
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Hashes a presented or freshly made secret.
    #[must_use]
    pub fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// From the bytes that the store keeps.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the store and for the look-up table.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are of the same secret, in time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        bool::from(self.0.ct_eq(&other.0))
    }

    /// `matches` as a `Choice`, to be combined with others before anything branches.
    #[must_use]
    pub fn ct_matches(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r71_debug_prints_neither_secret_nor_hash() {
        let secret = Secret::new(String::from("sk_test_hush"));
        assert_eq!(format!("{secret:?}"), "[secret]");
        assert_eq!(format!("{:?}", SecretHash::of(secret.expose().as_bytes())), "[hash]");
    }

    #[test]
    fn r69_hash_is_sha256_of_the_text() {
        let expected = [
            0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03,
            0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
        ];
        assert_eq!(SecretHash::of(b"abc").as_bytes(), &expected);
        assert!(SecretHash::of(b"abc").matches(&SecretHash::from_bytes(expected)));
        assert!(!SecretHash::of(b"abd").matches(&SecretHash::from_bytes(expected)));
    }
}
