//! Seal: answers at rest, readable by this deployment only and only in their own record.
//!
//! Owns:  AES-256-GCM over an answer, bound to its record and its status.
//! Never: keeps a plain answer, or says why a seal does not fit.
//! Read:  `Sealer`.

use crate::config::Randomness;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use model::Secret;
use store::WriteId;

/// Seals and opens answers.
pub(crate) struct Sealer {
    key: LessSafeKey,
    randomness: Randomness,
}

impl Sealer {
    /// `None` when the key is not one of 32 bytes.
    pub(crate) fn new(key: &Secret<Vec<u8>>, randomness: Randomness) -> Option<Self> {
        let key = UnboundKey::new(&AES_256_GCM, key.expose()).ok()?;
        Some(Self { key: LessSafeKey::new(key), randomness })
    }

    /// The nonce and the sealed answer. A random nonce is enough for 2^32 answers under one key.
    pub(crate) fn seal(&self, id: WriteId, status: u16, mut plain: Vec<u8>) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        (self.randomness)(&mut nonce);
        let aad = Aad::from(bound_to(id, status));
        self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut plain).ok()?;
        let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len());
        sealed.extend_from_slice(&nonce);
        sealed.append(&mut plain);
        Some(sealed)
    }

    /// The answer, if it was sealed for this record and status with this key.
    pub(crate) fn open(&self, id: WriteId, status: u16, mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        let nonce = Nonce::try_assume_unique_for_key(sealed.get(..NONCE_LEN)?).ok()?;
        let mut sealed = sealed.split_off(NONCE_LEN);
        let length = self.key.open_in_place(nonce, Aad::from(bound_to(id, status)), &mut sealed).ok()?.len();
        sealed.truncate(length);
        Some(sealed)
    }
}

/// What an answer belongs to.
fn bound_to(id: WriteId, status: u16) -> [u8; 34] {
    let mut bound = [0; 34];
    let (to, rest) = bound.split_at_mut(32);
    to.copy_from_slice(&id.0);
    rest.copy_from_slice(&status.to_be_bytes());
    bound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_open_only_in_their_own_record_and_are_not_readable_at_rest() {
        let sealer = |key: u8| Sealer::new(&Secret::new(vec![key; 32]), |nonce| nonce.fill(9)).unwrap();
        let (id, answer) = (WriteId([1; 32]), b"the answer of the API".to_vec());
        let sealed = sealer(1).seal(id, 201, answer.clone()).unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"answer"));
        assert_eq!(sealer(1).open(id, 201, sealed.clone()), Some(answer));
        assert_eq!(sealer(1).open(WriteId([2; 32]), 201, sealed.clone()), None);
        assert_eq!(sealer(1).open(id, 200, sealed.clone()), None);
        assert_eq!(sealer(2).open(id, 201, sealed.clone()), None);
        assert_eq!(sealer(1).open(id, 201, sealed[..11].to_vec()), None);
        let mut changed = sealed;
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(sealer(1).open(id, 201, changed), None);
        assert!(Sealer::new(&Secret::new(vec![1; 31]), |_| {}).is_none());
    }
}
