//! D20: what a bearer token has to be, and what each fault is called inside.

use crate::forge::{CLIENT, ISSUER, NOW, b64, claims, issuer, key_set, keys, kid, now, signed, token_of};
use aws_lc_rs::hmac;
use model::{Denial, Timestamp};
use proof::{Admins, Algorithm, Directories, Directory, Issuer, KeySet, KeySetError, Person, TOKEN_MAX, Token};
use proptest::prelude::*;
use serde_json::{Value, json};

const DIRECTORY: &str = "11111111-2222-3333-4444-555555555555";

fn judged(text: &str, issuer: &Issuer, at: Timestamp) -> Result<Person, Denial> {
    let admins = Admins::new(["Admin@Example.com".to_owned()]);
    Person::verify(&Token::read(text.as_bytes())?, issuer, &key_set(), &admins, at)
}

fn plain(text: &str) -> Result<Person, Denial> {
    judged(text, &issuer(Directory::Plain), now())
}

fn with(name: &str, value: Value) -> String {
    let mut changed = claims();
    changed[name] = value;
    signed(&changed)
}

fn without(name: &str) -> String {
    let mut changed = claims();
    changed.as_object_mut().unwrap().remove(name);
    signed(&changed)
}

#[test]
fn d20_each_algorithm_is_verified_with_a_key_of_its_type() {
    for algorithm in Algorithm::ALL {
        let header = json!({"alg": algorithm.as_str(), "kid": kid(algorithm)});
        let person = plain(&token_of(&header, &claims(), algorithm)).unwrap();
        assert_eq!((person.subject(), person.issuer(), person.directory()), ("alice", ISSUER, ""));
        for other in Algorithm::ALL {
            let crossed = json!({"alg": other.as_str(), "kid": kid(algorithm)});
            let outcome = plain(&token_of(&crossed, &claims(), algorithm)).map(|_| ());
            assert_eq!(outcome.is_ok(), other == algorithm, "{algorithm:?} as {other:?}");
        }
        let mut narrow = issuer(Directory::Plain);
        narrow.algorithms.retain(|a| *a != algorithm);
        let refused = judged(&token_of(&header, &claims(), algorithm), &narrow, now());
        assert_eq!(refused, Err(Denial::TokenAlgorithmRefused));
    }
}

#[test]
fn d20_no_signature_and_a_shared_secret_are_never_signatures() {
    let body = b64(claims().to_string().as_bytes());
    for alg in ["none", "None", "HS256", "HS512", "rs256", "RS1", ""] {
        let header = b64(json!({"alg": alg, "kid": "rsa"}).to_string().as_bytes());
        let message = format!("{header}.{body}");
        assert_eq!(plain(&format!("{message}.")), Err(Denial::TokenAlgorithmRefused), "{alg}");
        // The public key as the shared secret: the confusion of RS256 and HS256.
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &keys().rsa_der()), message.as_bytes());
        assert_eq!(plain(&format!("{message}.{}", b64(tag.as_ref()))), Err(Denial::TokenAlgorithmRefused), "{alg}");
    }
}

#[test]
fn d20_a_header_brings_no_key_and_changes_no_rule() {
    for (name, value) in [
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/cert")),
        ("jwk", keys().jwks()["keys"][1].clone()),
        ("x5c", json!(["MII"])),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("typ", json!("dpop+jwt")),
        ("typ", json!(1)),
        ("kid", json!("")),
        ("kid", json!(["p256"])),
    ] {
        let mut header = json!({"alg": "ES256", "kid": "p256"});
        header[name] = value;
        assert_eq!(plain(&token_of(&header, &claims(), Algorithm::Es256)), Err(Denial::TokenMalformed), "{name}");
    }
    let unknown = json!({"alg": "ES256", "kid": "p257"});
    assert_eq!(plain(&token_of(&unknown, &claims(), Algorithm::Es256)), Err(Denial::TokenKeyUnknown));
    assert_eq!(plain(&token_of(&json!({"alg": "ES256"}), &claims(), Algorithm::Es256)), Err(Denial::TokenMalformed));
}

#[test]
fn d20_a_token_has_one_form() {
    let good = signed(&claims());
    assert!(plain(&good).is_ok());
    let [header, body, sig] = good.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let twice = b64(br#"{"alg":"ES256","kid":"p256","kid":"p256"}"#);
    let long = format!("{good}{}", "A".repeat(TOKEN_MAX));
    for bad in [
        String::new(),
        "..".to_owned(),
        format!("{header}.{body}"),
        format!("{good}.{sig}"),
        format!("{header}=.{body}.{sig}"),
        format!("{header}.{body}.{sig}="),
        format!("{header}.{body}.{sig}\n"),
        format!("{header}.{}.{sig}", b64(b"[1]")),
        format!("{header}.{}.{sig}", b64(b"{\"iss\":1} x")),
        format!("{twice}.{body}.{sig}"),
        long,
    ] {
        assert_eq!(plain(&bad), Err(Denial::TokenMalformed), "{bad:.80}");
    }
    assert_eq!(Token::text_of(b"Basic abc"), None);
    assert_eq!(Token::text_of(b"bearer  abc"), Some(b"abc".as_slice()));
    assert_eq!(Token::in_authorization(b"Bearer").map(|_| ()).unwrap_err(), Denial::TokenMissing);
}

#[test]
fn d20_every_claim_is_there_and_is_right() {
    use Denial::{TokenAudienceWrong, TokenClaimsUnusable, TokenDirectoryRefused};
    for (text, denial) in [
        (without("iss"), TokenClaimsUnusable),
        (without("aud"), TokenClaimsUnusable),
        (without("sub"), TokenClaimsUnusable),
        (without("exp"), TokenClaimsUnusable),
        (without("iat"), TokenClaimsUnusable),
        (with("exp", json!("1900000000")), TokenClaimsUnusable),
        (with("exp", json!(1.9e9)), TokenClaimsUnusable),
        (with("exp", json!(i64::MAX)), TokenClaimsUnusable),
        (with("nbf", json!("soon")), TokenClaimsUnusable),
        (with("sub", json!("")), TokenClaimsUnusable),
        (with("sub", json!("a\nb")), TokenClaimsUnusable),
        (with("aud", json!([CLIENT, 1])), TokenClaimsUnusable),
        (with("aud", json!([])), TokenClaimsUnusable),
        (with("aud", json!("our-client2")), TokenAudienceWrong),
        (with("aud", json!(["somebody"])), TokenAudienceWrong),
        (with("iss", json!("https://id.example.com/")), TokenDirectoryRefused),
        (with("iss", json!("https://ID.example.com")), TokenDirectoryRefused),
    ] {
        assert_eq!(plain(&text), Err(denial), "{text}");
    }
    assert!(plain(&with("aud", json!(["x", "other-client"]))).is_ok());
    assert!(plain(&without("nbf")).is_ok());
}

#[test]
fn r141_r142_times_hold_within_a_minute() {
    let at = |exp: i64, nbf: i64| {
        let mut changed = claims();
        changed["exp"] = json!(NOW + exp);
        changed["nbf"] = json!(NOW + nbf);
        plain(&signed(&changed)).map(|_| ())
    };
    assert_eq!(at(3_600, -3_600), Ok(()));
    assert_eq!(at(-59, -100), Ok(()));
    assert_eq!(at(-60, -100), Err(Denial::TokenExpired));
    assert_eq!(at(100, 60), Ok(()));
    assert_eq!(at(100, 61), Err(Denial::TokenNotYetValid));
    assert_eq!(plain(&with("iat", json!(NOW + 61))), Err(Denial::TokenNotYetValid));
    assert_eq!(Denial::TokenExpired.answer().status, 401);
}

fn entra(directories: Directories, change: impl FnOnce(&mut Value)) -> Result<Person, Denial> {
    let mut claims = claims();
    claims["tid"] = json!(DIRECTORY);
    claims["oid"] = json!("0000-oid");
    claims["iss"] = json!(format!("https://login.microsoftonline.com/{DIRECTORY}/v2.0"));
    change(&mut claims);
    judged(&signed(&claims), &issuer(Directory::Entra(directories)), now())
}

#[test]
fn d20_an_entra_issuer_is_built_from_an_accepted_directory() {
    let listed = || Directories::Listed(vec![DIRECTORY.to_owned()]);
    let person = entra(listed(), |_| {}).unwrap();
    assert_eq!((person.directory(), person.subject()), (DIRECTORY, "0000-oid"));
    assert!(entra(Directories::Any, |_| {}).is_ok());
    let other = "99999999-2222-3333-4444-555555555555";
    let iss = |directory: &str| json!(format!("https://login.microsoftonline.com/{directory}/v2.0"));
    let refused = Err(Denial::TokenDirectoryRefused);
    assert_eq!(entra(Directories::Listed(vec![other.to_owned()]), |_| {}), refused);
    for directories in [listed(), Directories::Any] {
        let change = |f: &dyn Fn(&mut Value)| entra(directories.clone(), f);
        assert_eq!(change(&|c| c["tid"] = json!(other)), refused);
        assert_eq!(change(&|c| c["iss"] = iss(other)), refused);
        assert_eq!(change(&|c| c["iss"] = iss("common")), refused);
        assert_eq!(change(&|c| c["iss"] = json!(format!("https://sts.windows.net/{DIRECTORY}/"))), refused);
        assert_eq!(change(&|c| c["iss"] = json!(format!("https://evil.example/{DIRECTORY}/v2.0"))), refused);
        assert_eq!(change(&|c| drop(c.as_object_mut().unwrap().remove("tid"))), refused);
        assert_eq!(change(&|c| drop(c.as_object_mut().unwrap().remove("oid"))), Err(Denial::TokenClaimsUnusable));
    }
    let personal = "9188040d-6c67-4c5b-b112-36a304b66dad";
    let of = |c: &mut Value| (c["tid"], c["iss"]) = (json!(personal), iss(personal));
    assert_eq!(entra(Directories::Any, of), refused, "strangers share that directory");
    assert!(entra(Directories::Listed(vec![personal.to_owned()]), of).is_ok());
}

#[test]
fn r106_an_administrator_has_a_verified_address_on_the_list() {
    let admin = |email: Value, verified: Value| {
        let mut claims = claims();
        (claims["email"], claims["email_verified"]) = (email, verified);
        plain(&signed(&claims)).unwrap().is_admin()
    };
    assert!(admin(json!("admin@example.COM"), json!(true)));
    for (email, verified) in [
        (json!("admin@example.com"), json!(false)),
        (json!("admin@example.com"), Value::Null),
        (json!("admin@example.com "), json!(true)),
        (json!("alice@example.com"), json!(true)),
        (json!(["admin@example.com"]), json!(true)),
        (Value::Null, json!(true)),
    ] {
        assert!(!admin(email.clone(), verified.clone()), "{email} {verified}");
    }
    let of_entra = |name: &str, value: Value| {
        let change = |c: &mut Value| (c["email"], c[name]) = (json!("admin@example.com"), value);
        entra(Directories::Any, change).unwrap().is_admin()
    };
    // Any directory can write any address, so that only the verified domain counts there.
    assert!(of_entra("xms_edov", json!(true)) && of_entra("xms_edov", json!("1")));
    assert!(!of_entra("email_verified", json!(true)) && !of_entra("xms_edov", json!("0")));
}

#[test]
fn d20_a_key_set_has_bounds_and_only_signing_keys() {
    let parse = |keys: Value| KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).map(|_| ());
    let rsa = keys().jwks()["keys"][0].clone();
    let change = |name: &str, value: Value| {
        let mut key = rsa.clone();
        key[name] = value;
        json!([key])
    };
    assert_eq!(parse(json!([rsa.clone()])), Ok(()));
    assert_eq!(parse(json!([{"kty": "oct", "kid": "a", "k": "c2VjcmV0"}])), Err(KeySetError::Empty));
    assert_eq!(parse(change("use", json!("enc"))), Err(KeySetError::Empty));
    assert_eq!(parse(change("key_ops", json!(["encrypt"]))), Err(KeySetError::Empty));
    assert_eq!(parse(change("alg", json!("HS256"))), Err(KeySetError::Empty));
    assert_eq!(parse(change("n", json!(b64(&[0xff; 128])))), Err(KeySetError::Empty), "1024 bits");
    assert_eq!(parse(change("n", json!(b64(&[0xff; 2048])))), Err(KeySetError::Empty), "16384 bits");
    assert_eq!(parse(change("kid", Value::Null)), Err(KeySetError::Empty));
    assert_eq!(parse(Value::Array(vec![rsa.clone(); 65])), Err(KeySetError::TooMany));
    assert_eq!(KeySet::parse(b"[]").unwrap_err(), KeySetError::Malformed);
    assert_eq!(KeySet::parse(&vec![b' '; proof::DOCUMENT_MAX + 1]).unwrap_err(), KeySetError::TooLong);
}

proptest! {
    #[test]
    fn no_bytes_are_a_token_and_nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Token::read(&bytes).is_err());
    }

    #[test]
    fn d20_one_changed_byte_is_no_token_any_more(at in 0usize..10_000, to in any::<u8>()) {
        let mut text = signed(&claims()).into_bytes();
        let at = at % text.len();
        prop_assume!(text[at] != to);
        text[at] = to;
        let outcome = Token::read(&text)
            .and_then(|t| Person::verify(&t, &issuer(Directory::Plain), &key_set(), &Admins::default(), now()));
        prop_assert!(outcome.is_err());
    }
}
