//! Tests of `identify`: whether a credential is that of a working key (D2, D5, D13, D14, design section 5).
//!
//! Owns:  one test per reason, and that callers cannot tell the reasons apart.
//! Never: asks what the key may do.
//! Read:  top down.

use crate::world::{
    FRESH, Holder, NOW, decide_at, facts, filler, holder, id_text, operation, policy, primary, restricted,
};
use admission::{CredentialFields, Entry, Facts, Field, Freshness, Policy, present};
use model::{Denial, Environment, KeyKind, KeyStatus, SecretSlot, Timestamp};

/// Presents `holder`'s key and identifies it against `found`.
fn identify(holder: &Holder, found: Option<&Entry>, freshness: Freshness, now: Timestamp) -> Result<(), Denial> {
    let facts = facts(None, holder);
    present(&facts, &policy()).unwrap().identify(found, freshness, now).map(|identified| {
        assert_eq!(identified.entry().record.key, holder.entry.record.key);
    })
}

fn identify_now(holder: &Holder) -> Result<(), Denial> {
    identify(holder, Some(&holder.entry), FRESH, NOW)
}

#[test]
fn r13_d14_only_an_active_key_is_identified() {
    let table = [
        (KeyStatus::Active, Ok(())),
        (KeyStatus::Disabled, Err(Denial::KeyDisabled)),
        (KeyStatus::Revoked, Err(Denial::KeyRevoked)),
        (KeyStatus::Deleted, Err(Denial::KeyDeleted)),
    ];
    for (status, expected) in table {
        let mut holder = restricted();
        holder.record().status = status;
        assert_eq!(identify_now(&holder), expected, "{status:?}");
    }
}

#[test]
fn d1_a_key_that_nobody_issued_is_unknown() {
    let holder = restricted();
    assert_eq!(identify(&holder, None, FRESH, NOW), Err(Denial::CredentialUnknown));
}

#[test]
fn r70_an_entry_found_for_another_hash_does_not_vouch_for_this_one() {
    let (mine, other) = (restricted(), primary());
    assert_eq!(identify(&mine, Some(&other.entry), FRESH, NOW), Err(Denial::CredentialUnknown));
    let mut almost = mine.entry.clone();
    let mut bytes = *almost.hash.as_bytes();
    bytes[31] ^= 1;
    almost.hash = model::SecretHash::from_bytes(bytes);
    assert_eq!(identify(&mine, Some(&almost), FRESH, NOW), Err(Denial::CredentialUnknown));
}

#[test]
fn d4_a_text_of_one_environment_never_opens_the_other() {
    let mut holder = restricted();
    assert_eq!(holder.entry.environment, Environment::Test);
    holder.entry.environment = Environment::Live;
    assert_eq!(identify_now(&holder), Err(Denial::CredentialMismatched));
}

#[test]
fn r66_d2_client_id_and_secret_have_to_belong_together() {
    let (mine, other) = (restricted(), holder(9, KeyKind::Restricted, Environment::Test));
    let (right, wrong) = (id_text(&mine), id_text(&other));
    for (id, expected) in [(right, Ok(())), (wrong, Err(Denial::CredentialMismatched))] {
        let credential = CredentialFields {
            client_id: Field::One(id.as_bytes()),
            client_secret: Field::One(mine.text.as_bytes()),
            ..CredentialFields::default()
        };
        let facts = Facts { operation: None, credential, origin: Field::Absent, address: None, ..Facts::default() };
        let outcome = present(&facts, &policy()).unwrap().identify(Some(&mine.entry), FRESH, NOW);
        assert_eq!(outcome.map(|_| ()), expected);
    }
}

#[test]
fn d1_d2_without_an_environment_in_the_text_the_client_id_names_the_credential() {
    let shape = model::KeyShape::new("lk_secret", "lk_secret").unwrap().with_client_prefix("lk_id").unwrap();
    let shape = shape.without_environment();
    let (mut mine, other) = (restricted(), holder(9, KeyKind::Restricted, Environment::Live));
    mine.text = shape.generate(KeyKind::Restricted, Environment::Live, &mut filler(7)).expose().clone();
    mine.entry.hash = model::SecretHash::of(mine.text.as_bytes());
    mine.entry.environment = Environment::Live;
    let policy = Policy { shape: shape.clone(), ..policy() };
    for (id, expected) in [(&mine, Ok(())), (&other, Err(Denial::CredentialMismatched))] {
        let id = shape.client_text(id.entry.client_id);
        let credential = CredentialFields {
            client_id: Field::One(id.as_bytes()),
            client_secret: Field::One(mine.text.as_bytes()),
            ..CredentialFields::default()
        };
        let facts = Facts { operation: None, credential, origin: Field::Absent, address: None, ..Facts::default() };
        let outcome = present(&facts, &policy).unwrap().identify(Some(&mine.entry), FRESH, NOW);
        assert_eq!(outcome.map(|_| ()), expected);
    }
}

#[test]
fn d13_every_end_is_half_open() {
    let ends = |end: i64| {
        let mut expired = restricted();
        expired.record().expires_at = Some(NOW.plus_micros(end));
        let mut ended = restricted();
        (ended.entry.slot, ended.entry.ends_at) = (SecretSlot::Previous, Some(NOW.plus_micros(end)));
        let fresh = Freshness { fresh_until: NOW.plus_micros(end) };
        let stale = restricted();
        [identify_now(&expired), identify_now(&ended), identify(&stale, Some(&stale.entry), fresh, NOW)]
    };
    let over = [Err(Denial::KeyExpired), Err(Denial::SecretEnded), Err(Denial::FreshnessLost)];
    assert_eq!(ends(1), [Ok(()); 3], "one microsecond before the end");
    assert_eq!(ends(0), over, "at the end");
    assert_eq!(ends(-1), over, "after the end");
}

#[test]
fn d13_during_the_overlap_both_secrets_work_and_after_it_the_current_one_does() {
    let current = restricted();
    let mut previous = holder(3, KeyKind::Restricted, Environment::Test);
    previous.entry.record = current.entry.record.clone();
    (previous.entry.slot, previous.entry.ends_at) = (SecretSlot::Previous, Some(NOW.plus_secs(60)));
    let fresh = Freshness { fresh_until: Timestamp::MAX };
    let at = |holder: &Holder, now| identify(holder, Some(&holder.entry), fresh, now);
    assert_eq!((at(&current, NOW), at(&previous, NOW)), (Ok(()), Ok(())));
    let later = NOW.plus_secs(60);
    assert_eq!((at(&current, later), at(&previous, later)), (Ok(()), Err(Denial::SecretEnded)));
}

#[test]
fn r59_a_key_that_ended_says_so_before_its_times_do() {
    let mut holder = restricted();
    holder.record().status = KeyStatus::Revoked;
    holder.record().expires_at = Some(Timestamp::MIN);
    holder.entry.ends_at = Some(Timestamp::MIN);
    let stale = Freshness { fresh_until: Timestamp::MIN };
    assert_eq!(identify(&holder, Some(&holder.entry), stale, NOW), Err(Denial::KeyRevoked));
}

/// Every way in which a credential itself can be wrong, as a whole decision about `operation`.
fn every_wrong_credential(check: &mut dyn FnMut(&Facts<'_>, Result<(), Denial>)) {
    let operation = operation();
    let changes: [&dyn Fn(&mut Holder); 8] = [
        &|h| h.text.truncate(h.text.len() - 1),
        &|h| h.text = holder(77, KeyKind::Restricted, Environment::Test).text,
        &|h| h.entry.environment = Environment::Live,
        &|h| h.record().status = KeyStatus::Disabled,
        &|h| h.record().status = KeyStatus::Revoked,
        &|h| h.record().status = KeyStatus::Deleted,
        &|h| h.record().expires_at = Some(NOW),
        &|h| h.entry.ends_at = Some(NOW),
    ];
    for change in changes {
        for operation in [Some(&operation), None] {
            let mut holder = restricted();
            change(&mut holder);
            let facts = facts(operation, &holder);
            let outcome = decide_at(&facts, &policy(), &holder, FRESH, NOW);
            check(&facts, outcome.map(|_| ()));
        }
    }
}

#[test]
fn d5_no_wrong_credential_is_told_apart_from_another() {
    let mut answers = Vec::new();
    let mut reasons = Vec::new();
    every_wrong_credential(&mut |_, outcome| {
        let answer = outcome.unwrap_err().answer();
        answers.push((answer.status, answer.code, answer.title, answer.detail));
        reasons.push(answer.reason);
    });
    answers.dedup();
    assert_eq!(answers.len(), 1, "one public answer");
    assert_eq!(answers[0].0, 401);
    reasons.dedup();
    assert_eq!(reasons.len(), 8, "and a precise reason for the account's log");
}

#[test]
fn d7_without_a_valid_key_nobody_learns_which_operations_exist() {
    every_wrong_credential(&mut |facts, outcome| {
        let denial = outcome.unwrap_err();
        assert_ne!(denial, Denial::OperationUnknown, "{facts:?}");
        assert_eq!(denial.answer().status, 401);
    });
    let nothing = Facts::default();
    assert_eq!(present(&nothing, &policy()).map(|_| ()), Err(Denial::CredentialMissing));
}
