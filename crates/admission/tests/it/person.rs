//! Tests of `person` and `callback`: what callers without a key have to pass (D11, D19, D20, D37, R105-R107).
//!
//! Owns:  one test per rule; the proofs are real ones, signed with a key of this file.
//! Never: asks whether a proof holds; the crate `proof` has tests of that.
//! Read:  top down.

use crate::world::{FRESH, NOW, OWN_ORIGIN, facts, operation, policy, restricted};
use admission::{Asked, Authorized, Caller, CredentialFields, Facts, Field, Freshness, Settlement, callback, person};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use data_encoding::BASE64URL_NOPAD;
use model::{AccountId, Audience, Denial, Entropy, Environment, LimitName, Operation, Timestamp};
use proof::{
    Admins, Algorithm, CLOCK_TOLERANCE_SECS, CallbackRule, CallbackScheme, Called, Directories, Directory,
    ENTRA_AUTHORITY, Issuer, KeySet, Person, Sent, Token,
};
use serde_json::{Value, json};
use std::sync::OnceLock;

const PLAIN: &str = "https://id.example.com";
const DIRECTORY: &str = "11111111-2222-3333-4444-555555555555";
const SECRET: &str = "a-shared-secret-of-some-length";
/// When the people's tokens end, before the tolerance.
const EXP: i64 = NOW.as_secs() + 600;

fn b64(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// The person of a token with these claims more.
fn proven(directory: Directory, claims: &Value) -> Person {
    static KEY: OnceLock<Ed25519KeyPair> = OnceLock::new();
    let key = KEY.get_or_init(|| Ed25519KeyPair::generate().unwrap());
    let mut all = json!({"iss": PLAIN, "aud": "client", "sub": "alice", "iat": NOW.as_secs(), "exp": EXP});
    all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    let header = json!({"alg": "EdDSA", "kid": "k"});
    let message = format!("{}.{}", b64(header.to_string().as_bytes()), b64(all.to_string().as_bytes()));
    let text = format!("{message}.{}", b64(key.sign(message.as_bytes()).as_ref()));
    let x = b64(key.public_key().as_ref());
    let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x}]}).to_string();
    let issuer = Issuer {
        url: PLAIN.to_owned(),
        client_ids: vec!["client".to_owned()],
        algorithms: vec![Algorithm::EdDsa],
        directory,
    };
    let admins = Admins::new(["root@example.com".to_owned()]);
    let token = Token::read(text.as_bytes()).unwrap();
    Person::verify(&token, &issuer, &KeySet::parse(keys.as_bytes()).unwrap(), &admins, NOW).unwrap()
}

fn alice() -> Person {
    proven(Directory::Plain, &json!({}))
}

fn root() -> Person {
    proven(Directory::Plain, &json!({"email": "root@example.com", "email_verified": true}))
}

fn account() -> AccountId {
    AccountId::new(NOW, Entropy([7; 10]))
}

fn of(audience: Audience) -> Operation {
    Operation { audience, environment: Some(Environment::Live), ..operation() }
}

/// A request without a key.
fn without_key<'a>(operation: &'a Operation, origin: Field<'a>) -> Facts<'a> {
    Facts {
        operation: Some(operation),
        credential: CredentialFields::default(),
        origin,
        address: None,
        companies: Asked::default(),
    }
}

fn caller(authorized: Authorized) -> Caller {
    authorized.settle(Settlement::default()).unwrap().permit().unwrap().caller()
}

fn decide(operation: &Operation, who: &Person) -> Result<Caller, Denial> {
    let facts = without_key(operation, Field::Absent);
    person(&facts, &policy(), who, Some(account()), FRESH, NOW).map(caller)
}

#[test]
fn r105_d37_a_permit_says_which_member_of_which_account_in_which_environment() {
    for environment in [Environment::Test, Environment::Live] {
        let operation = Operation { environment: Some(environment), ..of(Audience::Member) };
        for (who, is_admin) in [(alice(), false), (root(), true)] {
            let caller = decide(&operation, &who).unwrap();
            let Caller::Member { account: of, admin, environment: there, .. } = caller else {
                panic!("a member, not {caller:?}")
            };
            assert_eq!((of, admin, there), (account(), is_admin, environment));
        }
    }
}

#[test]
fn r106_what_is_for_administrators_is_refused_to_others_whatever_the_mapping() {
    let operation = of(Audience::Admin);
    assert!(matches!(decide(&operation, &root()).unwrap(), Caller::Member { admin: true, .. }));
    assert_eq!(decide(&operation, &alice()).unwrap_err(), Denial::AdminRequired);
    for claims in [json!({"email": "root@example.com"}), json!({"email": "root@example.com", "email_verified": false})]
    {
        let pretender = proven(Directory::Plain, &claims);
        assert_eq!(decide(&operation, &pretender).unwrap_err(), Denial::AdminRequired, "{claims}");
    }
    // Somebody without an account learns no more than that it is for administrators.
    let facts = without_key(&operation, Field::Absent);
    let unmapped = person(&facts, &policy(), &alice(), None, FRESH, NOW);
    assert_eq!(unmapped.map(caller).unwrap_err(), Denial::AdminRequired);
}

#[test]
fn d37_without_a_mapping_nobody_acts_not_even_an_administrator() {
    for audience in [Audience::Member, Audience::Admin] {
        let operation = of(audience);
        let facts = without_key(&operation, Field::Absent);
        let outcome = person(&facts, &policy(), &root(), None, FRESH, NOW).map(caller);
        assert_eq!(outcome.unwrap_err(), Denial::AccountNotMapped);
    }
}

#[test]
fn r108_d20_a_token_opens_nothing_that_is_not_for_people_or_says_no_environment() {
    for audience in [Audience::Public, Audience::Key, Audience::Callback] {
        assert_eq!(decide(&of(audience), &root()).unwrap_err(), Denial::AudienceMismatched, "{audience:?}");
    }
    for audience in [Audience::Member, Audience::Admin] {
        let nowhere = Operation { environment: None, ..of(audience) };
        assert_eq!(decide(&nowhere, &root()).unwrap_err(), Denial::AudienceMismatched, "{audience:?}");
    }
    let holder = restricted();
    let unknown = person(&facts(None, &holder), &policy(), &root(), Some(account()), FRESH, NOW).map(caller);
    assert_eq!(unknown.unwrap_err(), Denial::OperationUnknown);
}

#[test]
fn d20_a_person_ends_with_the_token_and_with_what_is_known_of_the_mapping() {
    let operation = of(Audience::Member);
    let facts = without_key(&operation, Field::Absent);
    let always = Freshness { fresh_until: Timestamp::MAX };
    let at = |freshness, now| person(&facts, &policy(), &alice(), Some(account()), freshness, now).map(caller).err();
    let end = EXP + CLOCK_TOLERANCE_SECS;
    assert_eq!(at(always, Timestamp::from_secs(end - 1)), None);
    assert_eq!(at(always, Timestamp::from_secs(end)), Some(Denial::TokenExpired));
    assert_eq!(at(FRESH, FRESH.fresh_until.plus_secs(-1)), None);
    assert_eq!(at(FRESH, FRESH.fresh_until), Some(Denial::FreshnessLost));
}

#[test]
fn d11_from_a_browser_only_the_apis_own_pages_may_bring_a_token_or_a_callback() {
    let (member, bank) = (of(Audience::Member), for_callback("bank"));
    for (origin, expected) in [
        (Field::Absent, None),
        (Field::One(OWN_ORIGIN.as_bytes()), None),
        (Field::One(b"https://evil.example"), Some(Denial::OriginNotAllowed)),
        (Field::One(b"null"), Some(Denial::OriginNotAllowed)),
        (Field::One(b""), Some(Denial::OriginNotAllowed)),
        (Field::Many, Some(Denial::OriginNotAllowed)),
    ] {
        let facts = without_key(&member, origin);
        let outcome = person(&facts, &policy(), &alice(), Some(account()), FRESH, NOW);
        assert_eq!(outcome.map(caller).err(), expected, "{origin:?}");
        let outcome = callback(&without_key(&bank, origin), &policy(), called("bank", None));
        assert_eq!(outcome.map(caller).err(), expected, "{origin:?}");
    }
}

#[test]
fn d20_two_people_are_never_one_however_their_names_are_cut() {
    let entra = |directory: &str, oid: &str| {
        let iss = format!("{ENTRA_AUTHORITY}/{directory}/v2.0");
        proven(Directory::Entra(Directories::Any), &json!({"iss": iss, "tid": directory, "oid": oid}))
    };
    let other = DIRECTORY.replace('1', "2");
    let subject = |who: &Person| {
        let caller = decide(&of(Audience::Member), who).unwrap();
        let Caller::Member { subject, .. } = caller else { panic!("a member, not {caller:?}") };
        *subject.as_bytes()
    };
    let people = [
        alice(),
        proven(Directory::Plain, &json!({"sub": "Alice"})),
        proven(Directory::Plain, &json!({"sub": format!("{DIRECTORY}alice")})),
        entra(DIRECTORY, "alice"),
        entra(&other, "alice"),
    ];
    let mut subjects: Vec<[u8; 32]> = people.iter().map(subject).collect();
    assert_eq!(subjects[0], subject(&proven(Directory::Plain, &json!({"email": "another@example.com"}))));
    subjects.sort_unstable();
    subjects.dedup();
    assert_eq!(subjects.len(), people.len());
}

fn name(text: &str) -> LimitName {
    LimitName::new(text).unwrap()
}

fn for_callback(rule: &str) -> Operation {
    Operation { callback: Some(name(rule)), ..of(Audience::Callback) }
}

/// A proof for the rule of this name.
fn called(rule: &str, account: Option<AccountId>) -> Called {
    let scheme = CallbackScheme::secret("x-secret", &[SECRET]).unwrap();
    let rule = CallbackRule { name: name(rule), scheme, account };
    rule.check(|_| Sent::One(SECRET.as_bytes()), b"", NOW).unwrap()
}

#[test]
fn r107_d19_a_proof_of_a_callback_opens_the_operation_that_names_its_rule_alone() {
    let decide = |operation: &Operation, proof: Called| {
        callback(&without_key(operation, Field::Absent), &policy(), proof).map(caller)
    };
    let bank = for_callback("bank");
    for whose in [None, Some(account())] {
        let caller = decide(&bank, called("bank", whose)).unwrap();
        let Caller::Callback { account, environment } = caller else { panic!("a callback, not {caller:?}") };
        assert_eq!((account, environment), (whose, Environment::Live));
    }
    for (operation, rule) in [
        (bank.clone(), "bank2"),
        (bank.clone(), "ban"),
        (Operation { callback: None, ..bank.clone() }, "bank"),
        (Operation { environment: None, ..bank.clone() }, "bank"),
    ] {
        assert_eq!(decide(&operation, called(rule, None)).unwrap_err(), Denial::AudienceMismatched, "{rule}");
    }
    for audience in [Audience::Public, Audience::Key, Audience::Member, Audience::Admin] {
        let operation = Operation { audience, ..bank.clone() };
        assert_eq!(decide(&operation, called("bank", None)).unwrap_err(), Denial::AudienceMismatched, "{audience:?}");
    }
    let holder = restricted();
    let unknown = callback(&facts(None, &holder), &policy(), called("bank", None)).map(caller);
    assert_eq!(unknown.unwrap_err(), Denial::OperationUnknown);
}
