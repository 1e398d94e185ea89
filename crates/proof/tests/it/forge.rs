//! Keys and tokens for the tests: every part of a token can be made wrong.

use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    rsa::{KeyPair as RsaPair, KeySize},
    signature::{
        self, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
        RSA_PSS_SHA256,
    },
};
use data_encoding::BASE64URL_NOPAD;
use model::Timestamp;
use proof::{Algorithm, Directory, Issuer, KeySet};
use serde_json::{Value, json};
use std::sync::OnceLock;

pub(crate) const ISSUER: &str = "https://id.example.com";
pub(crate) const CLIENT: &str = "our-client";
pub(crate) const NOW: i64 = 1_800_000_000;

pub(crate) struct Keys {
    rsa: RsaPair,
    p256: EcdsaKeyPair,
    ed: Ed25519KeyPair,
}

pub(crate) fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| Keys {
        rsa: RsaPair::generate(KeySize::Rsa2048).unwrap(),
        p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        ed: Ed25519KeyPair::generate().unwrap(),
    })
}

pub(crate) fn b64(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

impl Keys {
    pub(crate) fn jwks(&self) -> Value {
        // PKCS #1 for 2048 bits: nine bytes of tags and lengths, the modulus, two of tag and length, the exponent.
        let rsa = self.rsa.public_key().as_ref();
        let (n, e) = (&rsa[9..265], &rsa[267..]);
        let point = self.p256.public_key().as_ref();
        json!({"keys": [
            {"kty": "RSA", "kid": "rsa", "use": "sig", "n": b64(n), "e": b64(e)},
            {"kty": "EC", "crv": "P-256", "kid": "p256", "x": b64(&point[1..33]), "y": b64(&point[33..])},
            {"kty": "OKP", "crv": "Ed25519", "kid": "ed", "alg": "EdDSA", "x": b64(self.ed.public_key().as_ref())},
        ]})
    }

    pub(crate) fn rsa_der(&self) -> Vec<u8> {
        self.rsa.public_key().as_der().unwrap().as_ref().to_vec()
    }

    pub(crate) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        let rng = SystemRandom::new();
        let rsa = |padding: &'static dyn signature::RsaEncoding| {
            let mut sig = vec![0; self.rsa.public_modulus_len()];
            self.rsa.sign(padding, &rng, message, &mut sig).unwrap();
            sig
        };
        match algorithm {
            Algorithm::Rs256 => rsa(&RSA_PKCS1_SHA256),
            Algorithm::Ps256 => rsa(&RSA_PSS_SHA256),
            Algorithm::Es256 => self.p256.sign(&rng, message).unwrap().as_ref().to_vec(),
            Algorithm::EdDsa => self.ed.sign(message).as_ref().to_vec(),
        }
    }
}

pub(crate) fn kid(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Rs256 | Algorithm::Ps256 => "rsa",
        Algorithm::Es256 => "p256",
        Algorithm::EdDsa => "ed",
    }
}

pub(crate) fn key_set() -> KeySet {
    KeySet::parse(keys().jwks().to_string().as_bytes()).unwrap()
}

pub(crate) fn issuer(directory: Directory) -> Issuer {
    Issuer {
        url: ISSUER.to_owned(),
        client_ids: vec![CLIENT.to_owned(), "other-client".to_owned()],
        algorithms: Algorithm::ALL.to_vec(),
        directory,
    }
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_secs(NOW)
}

pub(crate) fn claims() -> Value {
    json!({"iss": ISSUER, "aud": CLIENT, "sub": "alice", "iat": NOW - 10, "nbf": NOW - 10, "exp": NOW + 3_600})
}

pub(crate) fn token_of(header: &Value, claims: &Value, algorithm: Algorithm) -> String {
    let message = format!("{}.{}", b64(header.to_string().as_bytes()), b64(claims.to_string().as_bytes()));
    let sig = keys().sign(algorithm, message.as_bytes());
    format!("{message}.{}", b64(&sig))
}

pub(crate) fn signed(claims: &Value) -> String {
    token_of(&json!({"alg": "ES256", "typ": "JWT", "kid": "p256"}), claims, Algorithm::Es256)
}
