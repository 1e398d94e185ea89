//! Tests of `present`: where a credential may be, and which texts are one (D1, D2, D3).
//!
//! Owns:  the table of presentations.
//! Never: looks anything up.
//! Read:  top down.

use crate::world::{Holder, id_text, policy, restricted};
use admission::{CredentialFields, Facts, Field, Policy, present};
use data_encoding::BASE64;
use model::{Denial, Presentation, Presentations, SecretHash};
use proptest::prelude::*;

const NONE: CredentialFields<'_> = CredentialFields {
    api_key: Field::Absent,
    authorization: Field::Absent,
    client_id: Field::Absent,
    client_secret: Field::Absent,
};

fn outcome(credential: CredentialFields<'_>, policy: &Policy) -> Result<[u8; 32], Denial> {
    let facts = Facts { operation: None, credential, origin: Field::Absent, address: None, ..Facts::default() };
    present(&facts, policy).map(|presented| *presented.hash().as_bytes())
}

fn hash(holder: &Holder) -> Result<[u8; 32], Denial> {
    Ok(*SecretHash::of(holder.text.as_bytes()).as_bytes())
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{password}").as_bytes()))
}

fn authorization(value: &str) -> CredentialFields<'_> {
    CredentialFields { authorization: Field::One(value.as_bytes()), ..NONE }
}

fn accepting(list: &[Presentation]) -> Policy {
    Policy { presentations: Presentations::of(list), ..policy() }
}

/// The four headers for each presentation, and Basic's second use.
fn every_presentation(holder: &Holder, check: &mut dyn FnMut(Presentation, CredentialFields<'_>)) {
    let (text, id) = (holder.text.as_str(), id_text(holder));
    check(Presentation::ApiKeyHeader, CredentialFields { api_key: Field::One(text.as_bytes()), ..NONE });
    check(Presentation::BasicUsername, authorization(&basic(text, "")));
    check(Presentation::Bearer, authorization(&format!("Bearer {text}")));
    check(Presentation::ClientIdSecret, authorization(&basic(&id, text)));
    let pair =
        CredentialFields { client_id: Field::One(id.as_bytes()), client_secret: Field::One(text.as_bytes()), ..NONE };
    check(Presentation::ClientIdSecret, pair);
}

#[test]
fn r111_d3_each_presentation_carries_the_key_and_only_where_it_is_accepted() {
    let holder = restricted();
    every_presentation(&holder, &mut |presentation, fields| {
        assert_eq!(outcome(fields, &policy()), hash(&holder), "{presentation:?}");
        assert_eq!(outcome(fields, &accepting(&[presentation])), hash(&holder), "{presentation:?} alone");
        let others: Vec<_> = Presentation::ALL.into_iter().filter(|p| *p != presentation).collect();
        assert_eq!(
            outcome(fields, &accepting(&others)),
            Err(Denial::CredentialMissing),
            "{presentation:?} not accepted"
        );
    });
}

#[test]
fn d3_a_credential_that_is_not_accepted_does_not_get_in_the_way_of_one_that_is() {
    let holder = restricted();
    let bearer = format!("Bearer {}", holder.text);
    let both = CredentialFields { api_key: Field::One(b"anything"), ..authorization(&bearer) };
    assert_eq!(outcome(both, &accepting(&[Presentation::Bearer])), hash(&holder));
    assert_eq!(outcome(both, &policy()), Err(Denial::CredentialAmbiguous));
}

#[test]
fn d3_two_credentials_are_ambiguous_whatever_they_are() {
    let holder = restricted();
    let text = Field::One(holder.text.as_bytes());
    let bearer = format!("Bearer {}", holder.text);
    let id = id_text(&holder);
    let id = Field::One(id.as_bytes());
    let table = [
        CredentialFields { api_key: text, ..authorization(&bearer) },
        CredentialFields { api_key: Field::One(b""), ..authorization(&bearer) },
        CredentialFields { api_key: text, client_id: id, ..NONE },
        CredentialFields { api_key: text, client_secret: text, ..NONE },
        CredentialFields { client_id: id, client_secret: text, ..authorization(&bearer) },
        CredentialFields { api_key: text, client_id: id, client_secret: text, ..NONE },
        CredentialFields { api_key: text, ..authorization("Basic ???") },
    ];
    for fields in table {
        assert_eq!(outcome(fields, &policy()), Err(Denial::CredentialAmbiguous), "{fields:?}");
    }
}

#[test]
fn d3_one_header_twice_is_ambiguous_even_where_it_is_not_read() {
    let holder = restricted();
    let key = CredentialFields { api_key: Field::One(holder.text.as_bytes()), ..NONE };
    let table = [
        CredentialFields { api_key: Field::Many, ..NONE },
        CredentialFields { authorization: Field::Many, ..key },
        CredentialFields { client_id: Field::Many, ..key },
        CredentialFields { client_secret: Field::Many, ..key },
    ];
    for fields in table {
        assert_eq!(outcome(fields, &policy()), Err(Denial::CredentialAmbiguous), "{fields:?}");
        assert_eq!(outcome(fields, &accepting(&[Presentation::ApiKeyHeader])), Err(Denial::CredentialAmbiguous));
    }
}

#[test]
fn d3_nothing_tried_is_missing() {
    let table = ["Digest username=\"x\"", "Negotiate abcd", "basicx abcd", "Bearerx", "", " ", "token"];
    assert_eq!(outcome(NONE, &policy()), Err(Denial::CredentialMissing));
    for value in table {
        assert_eq!(outcome(authorization(value), &policy()), Err(Denial::CredentialMissing), "{value:?}");
    }
}

#[test]
fn d2_half_a_pair_cannot_be_right() {
    let holder = restricted();
    let id = id_text(&holder);
    let id_only = CredentialFields { client_id: Field::One(id.as_bytes()), ..NONE };
    let secret_only = CredentialFields { client_secret: Field::One(holder.text.as_bytes()), ..NONE };
    for fields in [id_only, secret_only, authorization(&basic(&id, ""))] {
        assert_eq!(outcome(fields, &policy()), Err(Denial::CredentialMalformed), "{fields:?}");
    }
}

#[test]
fn d3_scheme_names_have_no_case_and_white_space_around_a_value_is_not_part_of_it() {
    let holder = restricted();
    let encoded = BASE64.encode(format!("{}:", holder.text).as_bytes());
    for value in [
        format!("bEARER {}", holder.text),
        format!("Bearer   {}", holder.text),
        format!(" Bearer {}\t", holder.text),
        format!("BASIC {encoded}"),
        format!("basic  {encoded} "),
    ] {
        assert_eq!(outcome(authorization(&value), &policy()), hash(&holder), "{value}");
    }
    let padded = format!("\t {} ", holder.text);
    let fields = CredentialFields { api_key: Field::One(padded.as_bytes()), ..NONE };
    assert_eq!(outcome(fields, &policy()), hash(&holder));
}

#[test]
fn d1_what_has_not_the_shape_of_a_key_is_malformed() {
    let holder = restricted();
    let text = holder.text.as_str();
    let id = id_text(&holder);
    let mut wrong_sum = text.to_owned();
    let last = if wrong_sum.pop() == Some('a') { 'b' } else { 'a' };
    wrong_sum.push(last);
    let unpadded = BASE64.encode(format!("{text}:").as_bytes());
    let unpadded = unpadded.trim_end_matches('=');
    assert!(!unpadded.len().is_multiple_of(4));
    let long = format!("{text}{}", "x".repeat(1_000_000));
    let values = [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer {wrong_sum}"),
        format!("Bearer {}", &text[..text.len() - 1]),
        format!("Bearer {text} {text}"),
        format!("Bearer {text},{text}"),
        format!("Bearer {long}"),
        "Bearer eyJhbGciOiJIUzI1NiJ9.e30.ZRrHA1JJJW8opsbCGfG_HACGpVUMN_a9IV7pAx_Zmeo".to_owned(),
        "Basic".to_owned(),
        "Basic ".to_owned(),
        "Basic ****".to_owned(),
        format!("Basic {unpadded}"),
        format!("Basic {}", BASE64.encode(text.as_bytes())),
        format!("Basic {}", BASE64.encode(b":")),
        format!("Basic {}", BASE64.encode(long.as_bytes())),
        basic("", text),
        basic(text, text),
        basic(&id.to_uppercase(), text),
        basic(&format!(" {id}"), text),
        basic(&id, &format!("{text} ")),
        basic(&id, &format!("{text}:")),
    ];
    for value in &values {
        let shown = &value[..value.len().min(90)];
        assert_eq!(outcome(authorization(value), &policy()), Err(Denial::CredentialMalformed), "{shown}");
    }
    for value in ["", " ", "sk_test_", &long, &wrong_sum] {
        let fields = CredentialFields { api_key: Field::One(value.as_bytes()), ..NONE };
        assert_eq!(outcome(fields, &policy()), Err(Denial::CredentialMalformed));
    }
}

#[test]
fn the_longest_credential_of_the_longest_prefix_fits_every_presentation() {
    let prefix = "p".repeat(model::key_text::PREFIX_MAX);
    let shape = model::KeyShape::new(&prefix, &prefix).unwrap();
    let fill = &mut crate::world::filler(5);
    let text = shape.generate(model::KeyKind::Restricted, model::Environment::Live, fill).expose().clone();
    let holder = Holder { text, ..restricted() };
    let policy = Policy { shape, ..policy() };
    every_presentation(&holder, &mut |presentation, fields| {
        assert_eq!(outcome(fields, &policy), hash(&holder), "{presentation:?}");
    });
}

#[test]
fn debug_shows_no_credential() {
    let holder = restricted();
    let bearer = format!("Bearer {}", holder.text);
    let fields = CredentialFields { api_key: Field::One(holder.text.as_bytes()), ..authorization(&bearer) };
    let facts = Facts { operation: None, credential: fields, origin: Field::Absent, address: None, ..Facts::default() };
    assert!(!format!("{facts:?} {:?}", holder.entry).contains(&holder.text[8..]));
    let shown = [Field::Absent, Field::One(b"secret"), Field::Many].map(|field| format!("{field:?}"));
    assert_eq!(shown, ["Absent", "One([hidden])", "Many"]);
}

#[test]
fn a_field_knows_how_often_it_was_sent() {
    let two: [&[u8]; 2] = [b"a", b"a"];
    assert_eq!(Field::of([]), Field::Absent);
    assert_eq!(Field::of([&b"a"[..]]), Field::One(b"a"));
    assert_eq!(Field::of(two), Field::Many);
}

proptest! {
    #[test]
    fn hostile_headers_never_panic_and_never_pass(a: Vec<u8>, b: Vec<u8>, c: Vec<u8>, basic: Vec<u8>, which in 0u8..16) {
        let with_scheme = [b"Basic ".as_slice(), BASE64.encode(&basic).as_bytes()].concat();
        let pick = |bit: u8, value| if which & bit == 0 { Field::Absent } else { Field::One(value) };
        let fields = CredentialFields {
            api_key: pick(1, a.as_slice()),
            authorization: pick(2, with_scheme.as_slice()),
            client_id: pick(4, b.as_slice()),
            client_secret: pick(8, c.as_slice()),
        };
        let facts = Facts { operation: None, credential: fields, origin: Field::Absent, address: None, ..Facts::default() };
        prop_assert!(present(&facts, &policy()).is_err());
    }
}
