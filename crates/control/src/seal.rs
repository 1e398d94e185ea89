//! Seal: second factors at rest, and what a browser carries to a provider and back.
//!
//! Owns:  AES-256-GCM under keys of its own, made from the deployment's sealing key; each bound to what it is for.
//! Never: says why a seal does not fit.
//! Read:  `Sealer`.

use crate::control::Randomness;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Salt},
};
use model::Secret;

/// The length of the deployment's key, in bytes.
const KEY_BYTES: usize = 32;
/// What the key is for: the same file also seals the answers of writes, under the key itself.
const PURPOSE: &[u8] = b"people";

/// Seals and opens.
pub(crate) struct Sealer {
    key: LessSafeKey,
    randomness: Randomness,
}

impl Sealer {
    /// `None` when the key is not one of 32 bytes.
    pub(crate) fn new(key: &Secret<Vec<u8>>, randomness: Randomness) -> Option<Self> {
        if key.expose().len() != KEY_BYTES {
            return None;
        }
        let derived = Salt::new(HKDF_SHA256, PURPOSE).extract(key.expose());
        let key: UnboundKey = derived.expand(&[PURPOSE], &AES_256_GCM).ok()?.into();
        Some(Self { key: LessSafeKey::new(key), randomness })
    }

    /// The nonce and the sealed bytes, readable only with the same `bound_to`.
    pub(crate) fn seal(&self, bound_to: &[u8], mut plain: Vec<u8>) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        (self.randomness)(&mut nonce);
        let aad = Aad::from(bound_to);
        self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut plain).ok()?;
        Some([&nonce[..], &plain].concat())
    }

    /// The bytes, if they were sealed with this key and for this.
    pub(crate) fn open(&self, bound_to: &[u8], sealed: &[u8]) -> Option<Secret<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let length = self.key.open_in_place(nonce, Aad::from(bound_to), &mut sealed).ok()?.len();
        sealed.truncate(length);
        Some(Secret::new(sealed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_is_sealed_opens_with_its_key_and_for_its_purpose_only() {
        let sealer = |key: u8| Sealer::new(&Secret::new(vec![key; 32]), Arc::new(|nonce| nonce.fill(9))).unwrap();
        let sealed = sealer(1).seal(b"per_1", b"second factor".to_vec()).unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"factor"));
        assert_eq!(sealer(1).open(b"per_1", &sealed).unwrap().expose(), b"second factor");
        assert!(sealer(1).open(b"per_2", &sealed).is_none());
        assert!(sealer(2).open(b"per_1", &sealed).is_none());
        assert!(sealer(1).open(b"per_1", &sealed[..11]).is_none());
        assert!(Sealer::new(&Secret::new(vec![1; 31]), Arc::new(|_| {})).is_none());
    }
}
