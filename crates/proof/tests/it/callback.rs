//! D19, R107: shared secrets, signatures, times.

use crate::forge::{NOW, now};
use aws_lc_rs::hmac;
use data_encoding::{BASE64, HEXLOWER};
use model::{Denial, LimitName, Timestamp};
use proof::{CallbackRule, CallbackScheme, Called, Sent};
use proptest::prelude::*;

const OLD: &str = "old-secret-of-16-and-more";
const NEW: &str = "new-secret-of-16-and-more";
const BODY: &[u8] = b"{\"paid\":true}";

fn rule(scheme: Option<CallbackScheme>) -> CallbackRule {
    CallbackRule { name: LimitName::new("bank").unwrap(), scheme: scheme.unwrap(), account: None }
}

fn check(rule: &CallbackRule, headers: &[(&str, &str)], body: &[u8], at: Timestamp) -> Result<Called, Denial> {
    let header = |name: &str| {
        let mut found = headers.iter().filter(|(n, _)| *n == name).map(|(_, value)| value.as_bytes());
        match (found.next(), found.next()) {
            (None, _) => Sent::Absent,
            (Some(value), None) => Sent::One(value),
            (Some(_), Some(_)) => Sent::Many,
        }
    };
    rule.check(header, body, at)
}

fn tag(secret: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec()
}

#[test]
fn r107_a_shared_secret_is_one_of_two_in_one_header() {
    let rule = rule(CallbackScheme::secret("X-Arratech-Webhook-Secret", &[OLD, NEW]));
    let name = "x-arratech-webhook-secret";
    for secret in [OLD, NEW] {
        assert!(check(&rule, &[(name, secret)], b"", now()).unwrap().seal().is_none());
    }
    assert_eq!(check(&rule, &[], b"", now()).unwrap_err(), Denial::CallbackProofMissing);
    assert_eq!(check(&rule, &[(name, NEW), (name, NEW)], b"", now()).unwrap_err(), Denial::CallbackProofMissing);
    let longer = format!("{NEW}x");
    for wrong in ["", "x", &NEW[1..], &longer] {
        assert_eq!(check(&rule, &[(name, wrong)], b"", now()).unwrap_err(), Denial::CallbackProofWrong, "{wrong}");
    }
    assert_eq!(rule.private_header(), Some(name));
    assert!(CallbackScheme::secret("x", &["short"]).is_none() && CallbackScheme::secret("x", &[]).is_none());
    assert!(CallbackScheme::secret("x", &[OLD, NEW, OLD]).is_none());
    assert!(!format!("{rule:?}").contains(NEW));
}

#[test]
fn d19_a_signature_holds_for_its_body_and_its_time() {
    let rule = rule(CallbackScheme::hmac("X-Sig", &[OLD, NEW]));
    let header = |secret: &str, time: i64, body: &[u8]| {
        let message = [format!("{time}.").as_bytes(), body].concat();
        format!("t={time},v1={}", HEXLOWER.encode(&tag(secret.as_bytes(), &message)))
    };
    let outcome = |value: &str, body: &[u8], at: i64| {
        check(&rule, &[("x-sig", value)], body, Timestamp::from_secs(at)).map(|called| called.seal().is_some())
    };
    let good = header(NEW, NOW, BODY);
    assert_eq!(outcome(&good, BODY, NOW), Ok(true));
    assert_eq!(outcome(&header(OLD, NOW, BODY), BODY, NOW), Ok(true));
    assert_eq!(outcome(&good.replace("v1=", "v1=00,v1="), BODY, NOW), Ok(true));
    assert_eq!(outcome(&good, BODY, NOW + 299), Ok(true));
    assert_eq!(outcome(&good, BODY, NOW - 300), Ok(true));
    for at in [NOW + 300, NOW - 301] {
        assert_eq!(outcome(&good, BODY, at), Err(Denial::CallbackStale));
    }
    let moved = good.replace(&NOW.to_string(), &(NOW + 1).to_string());
    let nine = format!("t={NOW}{}", ",v1=00".repeat(9));
    for (value, body) in [
        (good.as_str(), b"{}".as_slice()),
        (moved.as_str(), BODY),
        (&header("another-secret-of-16", NOW, BODY), BODY),
        (&good.replace("v1=", "v2="), BODY),
        (&format!("{good},t={NOW}"), BODY),
        (&nine, BODY),
        ("t=,v1=", BODY),
        ("", BODY),
    ] {
        assert_eq!(outcome(value, body, NOW), Err(Denial::CallbackProofWrong), "{value}");
    }
}

#[test]
fn d19_standard_webhooks_are_read_as_their_page_says() {
    let secret = format!("whsec_{}", BASE64.encode(NEW.as_bytes()));
    let rule = rule(CallbackScheme::standard(&[&secret]));
    let time = NOW.to_string();
    let sig = BASE64.encode(&tag(NEW.as_bytes(), &[b"msg_1.", time.as_bytes(), b".", BODY].concat()));
    let outcome = |id: &str, value: &str| {
        check(&rule, &[("webhook-id", id), ("webhook-timestamp", &time), ("webhook-signature", value)], BODY, now())
            .map(|_| ())
    };
    assert_eq!(outcome("msg_1", &format!("v1a,xx v1,{sig}")), Ok(()));
    assert_eq!(outcome("msg_2", &format!("v1,{sig}")), Err(Denial::CallbackProofWrong));
    assert_eq!(outcome("msg_1", &format!("v2,{sig}")), Err(Denial::CallbackProofWrong));
    assert!(CallbackScheme::standard(&[NEW]).is_none());
}

proptest! {
    #[test]
    fn no_header_passes_by_chance_and_nothing_panics(value in proptest::collection::vec(any::<u8>(), 0..120)) {
        for scheme in [CallbackScheme::secret("x", &[NEW]), CallbackScheme::hmac("x", &[NEW])] {
            let rule = rule(scheme);
            prop_assert!(rule.check(|_| Sent::One(&value), BODY, now()).is_err());
        }
    }
}
