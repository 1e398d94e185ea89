//! Callbacks: whatever the headers say, only a proof with the secret passes, and a right one always does.
#![no_main]

use aws_lc_rs::hmac;
use data_encoding::{BASE64, HEXLOWER};
use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use model::{Denial, LimitName, Timestamp};
use proof::{CallbackRule, CallbackScheme, Sent, TOLERANCE_SECS};
use std::sync::LazyLock;

const SECRET: &str = "a-shared-secret-of-some-length";
const NOW: i64 = 1_800_000_000;

#[derive(Arbitrary, Debug)]
enum Header<'a> {
    Absent,
    Twice,
    Bytes(&'a [u8]),
    /// A time near now, and these bytes as the signature.
    Stamped(i16, &'a [u8]),
}

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    headers: [Header<'a>; 3],
    body: &'a [u8],
    /// When it arrives, around the time of the signature.
    late: i16,
}

static RULES: LazyLock<[CallbackRule; 3]> = LazyLock::new(|| {
    let standard = format!("whsec_{}", BASE64.encode(SECRET.as_bytes()));
    [
        CallbackScheme::secret("X-Proof", &[SECRET]),
        CallbackScheme::hmac("X-Proof", &[SECRET]),
        CallbackScheme::standard(&[&standard]),
    ]
    .map(|scheme| CallbackRule { name: LimitName::new("bank").unwrap(), scheme: scheme.unwrap(), account: None })
});

fn text_of(header: &Header<'_>) -> Option<Vec<u8>> {
    match header {
        Header::Absent | Header::Twice => None,
        Header::Bytes(bytes) => Some(bytes.to_vec()),
        Header::Stamped(late, bytes) => {
            Some(format!("t={},v1={}", NOW + i64::from(*late), HEXLOWER.encode(bytes)).into_bytes())
        }
    }
}

fuzz_target!(|input: Input<'_>| {
    let texts = input.headers.each_ref().map(text_of);
    let sent = |at: usize| match (&input.headers[at], &texts[at]) {
        (Header::Twice, _) => Sent::Many,
        (_, Some(text)) => Sent::One(text),
        (_, None) => Sent::Absent,
    };
    let header = |name: &str| match name {
        "x-proof" | "webhook-id" => sent(0),
        "webhook-timestamp" => sent(1),
        "webhook-signature" => sent(2),
        other => panic!("{other} is no header of a callback"),
    };
    let at = Timestamp::from_secs(NOW + i64::from(input.late));
    for rule in &*RULES {
        let outcome = rule.check(header, input.body, at);
        let knows = !rule.reads_body() && texts[0].as_deref().is_some_and(|t| t.trim_ascii() == SECRET.as_bytes());
        assert_eq!(outcome.is_ok(), knows, "only who knows the secret has a proof");
        assert!(outcome.err() != Some(Denial::CallbackStale), "only whose signature holds hears of its time");
    }
    signed_ones_pass_in_their_time(input.body, input.late);
});

/// What the sender signs passes within the tolerance, once its time is past it no more, and never with another body.
fn signed_ones_pass_in_their_time(body: &[u8], late: i16) {
    let [_, stamping, standard] = &*RULES;
    let at = Timestamp::from_secs(NOW + i64::from(late));
    let time = NOW.to_string();
    let stamped = format!("t={time},v1={}", HEXLOWER.encode(&tag(&[time.as_bytes(), b".", body].concat())));
    let signature = format!("v1,{}", BASE64.encode(&tag(&[b"id.", time.as_bytes(), b".", body].concat())));
    let header = |name: &str| match name {
        "x-proof" => Sent::One(stamped.as_bytes()),
        "webhook-id" => Sent::One(b"id"),
        "webhook-timestamp" => Sent::One(time.as_bytes()),
        _ => Sent::One(signature.as_bytes()),
    };
    let in_time = (-TOLERANCE_SECS..TOLERANCE_SECS).contains(&i64::from(late));
    for rule in [stamping, standard] {
        let called = rule.check(header, body, at);
        assert_eq!(called.as_ref().err(), (!in_time).then_some(&Denial::CallbackStale));
        assert!(called.is_err() || called.is_ok_and(|called| called.is_for(&rule.name) && called.seal().is_some()));
        let other = [body, b"x"].concat();
        assert_eq!(rule.check(header, &other, at).err(), Some(Denial::CallbackProofWrong));
    }
}

fn tag(message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), message).as_ref().to_vec()
}
