//! Bearer tokens: hostile header, claims and signature; what is read has one spelling, and nobody is believed without the key.
#![no_main]

use data_encoding::BASE64URL_NOPAD;
use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use model::{Denial, Timestamp};
use proof::{Admins, Algorithm, Directories, Directory, Issuer, KeySet, Person, TOKEN_MAX, Token};
use std::sync::LazyLock;

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    /// The value of `Authorization`.
    Bytes(&'a [u8]),
    /// The parts before their encoding, so that the fuzzer need not find base64 to get past it.
    Parts { header: &'a [u8], claims: &'a [u8], signature: &'a [u8] },
    /// A header that passes, and these claims.
    Claims { algorithm: u8, claims: &'a [u8], signature: &'a [u8] },
}

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
/// The public key of RFC 8037, appendix A.2. Nothing here can sign with it.
const KEYS: &[u8] =
    br#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

static KEY_SET: LazyLock<KeySet> = LazyLock::new(|| KeySet::parse(KEYS).unwrap());
static ISSUERS: LazyLock<[Issuer; 2]> = LazyLock::new(|| {
    [Directory::Plain, Directory::Entra(Directories::Any)].map(|directory| Issuer {
        url: "https://id.example.com".to_owned(),
        client_ids: vec!["client".to_owned()],
        algorithms: Algorithm::ALL.to_vec(),
        directory,
    })
});

fn text_of(input: &Input<'_>) -> Vec<u8> {
    let joined = |parts: [&[u8]; 3]| parts.map(|part| BASE64URL_NOPAD.encode(part)).join(".").into_bytes();
    match input {
        Input::Bytes(bytes) => bytes.to_vec(),
        Input::Parts { header, claims, signature } => joined([header, claims, signature]),
        Input::Claims { algorithm, claims, signature } => {
            let algorithm = Algorithm::ALL[usize::from(*algorithm) % Algorithm::ALL.len()].as_str();
            joined([format!(r#"{{"alg":"{algorithm}","kid":"k"}}"#).as_bytes(), claims, signature])
        }
    }
}

fuzz_target!(|input: Input<'_>| {
    let text = text_of(&input);
    let in_field = Token::in_authorization(&text).map(|token| token.kid().to_owned());
    let behind = Token::text_of(&text).ok_or(Denial::TokenMissing).and_then(Token::read);
    assert_eq!(in_field, behind.map(|token| token.kid().to_owned()));
    let Ok(token) = Token::read(&text) else { return };
    assert!(text.len() <= TOKEN_MAX && !token.kid().is_empty());
    // One spelling: what was read is made of the same text again, and of no other.
    let parts: Vec<Vec<u8>> = text.split(|b| *b == b'.').map(|part| BASE64URL_NOPAD.decode(part).unwrap()).collect();
    let again: Vec<String> = parts.iter().map(|part| BASE64URL_NOPAD.encode(part)).collect();
    assert_eq!(again.join(".").as_bytes(), text);
    // Another reader finds the same names, and the header brings no key and asks for nothing.
    let header: serde_json::Value = serde_json::from_slice(&parts[0]).unwrap();
    assert_eq!(header["kid"].as_str(), Some(token.kid()));
    for name in ["jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"] {
        assert!(header.get(name).is_none(), "{name}");
    }
    let claims: serde_json::Value = serde_json::from_slice(&parts[1]).unwrap();
    assert_eq!(claims["iss"].as_str(), token.claimed_issuer());
    assert_eq!(format!("{token:?}"), "Token([hidden])");
    for issuer in &*ISSUERS {
        let admins = Admins::new(["root@example.com".to_owned()]);
        let person = Person::verify(&token, issuer, &KEY_SET, &admins, NOW);
        assert!(person.is_err(), "nobody has signed anything");
    }
});
