//! Key set: what an issuer signs with (RFC 7517), as far as it is taken.
//!
//! Owns:  reading a JWKS within its bounds, finding a key, checking a signature.
//! Never: a key that a token brought along, a symmetric key, or one for encryption.
//! Read:  `KeySet::parse`, then `KeySet::verify`.

use crate::{issuer::Algorithm, members::Members};
use aws_lc_rs::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use data_encoding::BASE64URL_NOPAD;
use model::Denial;
use serde_json::Value;
use std::fmt;

/// The longest document, in bytes.
pub const DOCUMENT_MAX: usize = 256 * 1024;
/// The most keys of one document.
pub const KEYS_MAX: usize = 64;
/// Bytes of an RSA modulus: 2048 to 4096 bits.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=512;
/// The longest RSA exponent, in bytes: 65537 has three.
const EXPONENT_MAX: usize = 4;

enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// The uncompressed point.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

struct Key {
    kid: String,
    /// The only algorithm that it is for, when the issuer says so.
    algorithm: Option<Algorithm>,
    material: Material,
}

/// The signing keys of an issuer.
pub struct KeySet {
    keys: Vec<Key>,
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.kid)).finish()
    }
}

/// Why a document is no key set that is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySetError {
    /// Longer than `DOCUMENT_MAX`.
    TooLong,
    /// No object with a list `keys`.
    Malformed,
    /// More than `KEYS_MAX` keys.
    TooMany,
    /// Not one key that could be used.
    Empty,
}

impl fmt::Display for KeySetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the key set is too long",
            Self::Malformed => "the key set is not a JSON object with a list of keys",
            Self::TooMany => "the key set has too many keys",
            Self::Empty => "the key set has no key that can be used",
        })
    }
}

impl std::error::Error for KeySetError {}

impl KeySet {
    /// Reads a JWKS. Keys of other types and for other uses are left out, as are those without an id.
    pub fn parse(json: &[u8]) -> Result<Self, KeySetError> {
        if json.len() > DOCUMENT_MAX {
            return Err(KeySetError::TooLong);
        }
        let document = Members::parse(json).ok_or(KeySetError::Malformed)?;
        let list = document.get("keys").and_then(Value::as_array).ok_or(KeySetError::Malformed)?;
        if list.len() > KEYS_MAX {
            return Err(KeySetError::TooMany);
        }
        let keys: Vec<Key> = list.iter().filter_map(key).collect();
        if keys.is_empty() { Err(KeySetError::Empty) } else { Ok(Self { keys }) }
    }

    /// Whether there is a key of this id.
    #[must_use]
    pub fn has(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid == kid)
    }

    /// Whether `signature` is one of `message` by the key `kid`, which has to be of the algorithm's type.
    pub(crate) fn verify(
        &self,
        kid: &str,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Denial> {
        let mut keys = self.keys.iter().filter(|key| key.kid == kid).peekable();
        keys.peek().ok_or(Denial::TokenKeyUnknown)?;
        let fits = |key: &&Key| key.algorithm.is_none_or(|only| only == algorithm) && key.material.is_for(algorithm);
        let key = keys.find(fits).ok_or(Denial::TokenAlgorithmRefused)?;
        if key.material.signed(algorithm, message, signature) { Ok(()) } else { Err(Denial::TokenSignatureWrong) }
    }
}

impl Material {
    const fn is_for(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Rsa { .. } => matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256),
            Self::P256(_) => matches!(algorithm, Algorithm::Es256),
            Self::Ed25519(_) => matches!(algorithm, Algorithm::EdDsa),
        }
    }

    fn signed(&self, algorithm: Algorithm, message: &[u8], sig: &[u8]) -> bool {
        let verified = match (self, algorithm) {
            (Self::Rsa { n, e }, Algorithm::Rs256) => {
                RsaPublicKeyComponents { n, e }.verify(&signature::RSA_PKCS1_2048_8192_SHA256, message, sig)
            }
            (Self::Rsa { n, e }, Algorithm::Ps256) => {
                RsaPublicKeyComponents { n, e }.verify(&signature::RSA_PSS_2048_8192_SHA256, message, sig)
            }
            (Self::P256(point), Algorithm::Es256) => {
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).verify(message, sig)
            }
            (Self::Ed25519(point), Algorithm::EdDsa) => {
                UnparsedPublicKey::new(&signature::ED25519, point).verify(message, sig)
            }
            (Self::Rsa { .. } | Self::P256(_) | Self::Ed25519(_), _) => return false,
        };
        verified.is_ok()
    }
}

fn key(value: &Value) -> Option<Key> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let bytes = |name: &str| BASE64URL_NOPAD.decode(text(name)?.as_bytes()).ok();
    if value.get("use").is_some() && text("use") != Some("sig") {
        return None;
    }
    if let Some(operations) = value.get("key_ops") {
        operations.as_array()?.iter().find(|operation| operation.as_str() == Some("verify"))?;
    }
    let algorithm = match value.get("alg") {
        None => None,
        Some(alg) => Some(Algorithm::parse(alg.as_str()?)?),
    };
    let material = match (text("kty")?, text("crv")) {
        ("RSA", _) => {
            let plain = |bytes: Vec<u8>| bytes.into_iter().skip_while(|b| *b == 0).collect::<Vec<u8>>();
            let (n, e) = (plain(bytes("n")?), plain(bytes("e")?));
            (MODULUS.contains(&n.len()) && (1..=EXPONENT_MAX).contains(&e.len())).then_some(Material::Rsa { n, e })?
        }
        ("EC", Some("P-256")) => {
            let (x, y) = (bytes("x")?, bytes("y")?);
            (x.len() == 32 && y.len() == 32).then(|| Material::P256([&[4], &*x, &*y].concat()))?
        }
        ("OKP", Some("Ed25519")) => Material::Ed25519(bytes("x").filter(|x| x.len() == 32)?),
        _ => return None,
    };
    Some(Key { kid: text("kid").filter(|kid| !kid.is_empty())?.to_owned(), algorithm, material })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Token;
    use serde_json::json;

    /// Their payloads are no claims, so that a token of theirs is read no further than its signature.
    fn holds(jws: &str, keys: &KeySet) -> bool {
        let [header, payload, sig] = jws.split('.').collect::<Vec<_>>()[..] else { return false };
        // The header is held to our rules in a token of our own making.
        let ours = format!("{header}.{}.{sig}", BASE64URL_NOPAD.encode(b"{}"));
        let Ok(token) = Token::read(ours.as_bytes()) else { return false };
        let Some(algorithm) = Algorithm::parse(&token.algorithm) else { return false };
        keys.verify(&token.kid, algorithm, format!("{header}.{payload}").as_bytes(), &token.signature).is_ok()
    }

    #[test]
    fn d20_wycheproof_signatures_that_are_called_invalid_are_refused() {
        let Some(folder) = std::env::var_os("CLAVIGER_TEST_DATA") else {
            println!("skipped: CLAVIGER_TEST_DATA does not name a folder with wycheproof/json_web_signature_test.json");
            return;
        };
        let path = std::path::Path::new(&folder).join("wycheproof/json_web_signature_test.json");
        let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let (mut refused, mut verified) = (0, 0);
        for group in vectors["testGroups"].as_array().unwrap() {
            let document = json!({ "keys": [group["public"]] }).to_string();
            let Ok(keys) = KeySet::parse(document.as_bytes()) else { continue };
            for test in group["tests"].as_array().unwrap() {
                let holds = holds(test["jws"].as_str().unwrap_or_default(), &keys);
                assert!(!holds || test["result"] != "invalid", "{} {}", test["tcId"], test["comment"]);
                if holds { verified += 1 } else { refused += 1 }
            }
        }
        println!("{refused} refused, {verified} verified");
        assert!(refused > 0 && verified > 0);
    }
}
