//! The usage file: batches, counters, last uses, retention, two accounts, failures (D25, D44, R14, R101).

use crate::world::{World, number, raw};
use model::{Entropy, Environment, KeyStatus, RequestId, SecretHash, SecretSlot, Timestamp};
use std::{fs, path::PathBuf};
use store::{
    AccountStore, COUNTS_MAX, Granularity, KeyRow, Options, Page, RequestFilter, RequestOutcome, RequestRow, SecretTag,
    Seen, SeenCaller, Store, StoreError, USER_AGENT_MAX, UsageOptions, UseFinding, backup_usage, inspect_usage,
    restore_usage, use_findings,
};

const START: i64 = 1_790_000_000;
const DAY: i64 = 86_400;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(START + secs)
}

fn id(at: Timestamp, number: u8) -> RequestId {
    RequestId::new(at, Entropy([number; 10]))
}

/// A request that was passed on with the first test secret of `key`.
fn seen(key: &KeyRow, at: Timestamp, number: u8) -> Seen<'static> {
    let credential = &key.credentials[0].credential;
    Seen {
        request: id(at, number),
        at,
        micros: 900,
        status: 200,
        outcome: RequestOutcome::Ok,
        caller: Some(SeenCaller {
            account: key.key.account,
            key: key.key.id,
            secret: SecretTag::of(&credential.hash),
            environment: credential.environment,
            good: true,
        }),
        company: None,
        method: "GET",
        operation: "company_list",
        reason: "",
        limit: "",
        address: "192.0.2.7",
        agent: b"curl/8.5",
        origin: b"",
    }
}

fn refused<'a>(seen: Seen<'a>, reason: &'a str, status: u16) -> Seen<'a> {
    Seen { status, reason, outcome: RequestOutcome::Refused, ..seen }
}

/// Hands requests over as one batch, without waiting for them.
fn tell(store: &Store, requests: &[Seen<'_>]) {
    let mut batch = Vec::new();
    for request in requests {
        request.write(&mut batch);
    }
    store.usage().intake().unwrap().put(batch, requests.len() as u64);
}

async fn told(store: &Store, requests: &[Seen<'_>]) {
    tell(store, requests);
    store.usage().flush().await;
}

async fn all(account: &AccountStore) -> Vec<RequestRow> {
    account.usage().requests(&RequestFilter::default(), Page::first(200)).await.unwrap().items
}

fn file(world: &World) -> PathBuf {
    world.path().join("usage.db")
}

fn losses(store: &Store) -> [u64; 3] {
    store.usage().losses().by_cause().map(|(_, count)| count)
}

#[tokio::test]
async fn d25_a_request_is_read_as_it_was_told_newest_first() {
    let (world, account) = World::with_account().await;
    let key = world.key(&account).await;
    let first = seen(&key, at(0), 1);
    let second = Seen {
        origin: b"https://a.example",
        limit: "burst",
        ..refused(seen(&key, at(1), 2), "rate_limit_exceeded", 429)
    };
    told(&world.store, &[second, first]).await;
    let rows = all(&account).await;
    assert_eq!(rows.iter().map(|r| r.id).collect::<Vec<_>>(), [second.request, first.request]);
    let row = &rows[0];
    assert_eq!((row.account, row.key), (Some(account.id()), Some(key.key.id)));
    assert_eq!((row.at, row.status, row.micros, row.outcome), (at(1), 429, 900, RequestOutcome::Refused));
    assert_eq!((row.reason.as_deref(), row.limit.as_deref()), (Some("rate_limit_exceeded"), Some("burst")));
    assert_eq!((row.origin.as_deref(), row.agent.as_deref()), (Some("https://a.example"), Some("curl/8.5")));
    assert_eq!((row.environment, row.secret), (Some(Environment::Test), first.caller.map(|c| c.secret)));
    assert_eq!((rows[1].reason.clone(), rows[1].limit.clone(), rows[1].origin.clone()), (None, None, None));
    assert_eq!(account.usage().request(first.request).await.unwrap(), rows[1]);
    assert_eq!(world.store.usage().request(first.request).await.unwrap(), rows[1]);
    // What is told twice is one request.
    told(&world.store, &[first]).await;
    assert_eq!(all(&account).await.len(), 2);
}

#[tokio::test]
async fn d25_filters_and_pages_find_what_they_say() {
    let (world, account) = World::with_account().await;
    let (key, other) = (world.key(&account).await, world.key(&account).await);
    let mut requests = Vec::new();
    for n in 0..10u8 {
        let plain = seen(if n % 2 == 0 { &key } else { &other }, at(i64::from(n)), n);
        requests.push(if n % 5 == 0 { refused(plain, "insufficient_scope", 403) } else { plain });
    }
    told(&world.store, &requests).await;
    let find = async |filter: RequestFilter| -> Vec<u8> {
        let list = account.usage().requests(&filter, Page::first(200)).await.unwrap();
        assert!(list.next.is_none());
        list.items.iter().map(|row| row.id.to_bytes()[15]).collect()
    };
    let any = RequestFilter::default();
    assert_eq!(find(any.clone()).await, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    assert_eq!(find(RequestFilter { key: Some(key.key.id), ..any.clone() }).await, [8, 6, 4, 2, 0]);
    assert_eq!(find(RequestFilter { status_class: Some(4), ..any.clone() }).await, [5, 0]);
    assert_eq!(find(RequestFilter { reason: Some("insufficient_scope".into()), ..any.clone() }).await, [5, 0]);
    assert_eq!(find(RequestFilter { operation: Some("send_create".into()), ..any.clone() }).await, [0u8; 0]);
    assert_eq!(find(RequestFilter { environment: Some(Environment::Live), ..any.clone() }).await, [0u8; 0]);
    assert_eq!(find(RequestFilter { since: Some(at(3)), until: Some(at(6)), ..any.clone() }).await, [5, 4, 3]);
    let both = RequestFilter { key: Some(key.key.id), status_class: Some(2), since: Some(at(1)), ..any.clone() };
    assert_eq!(find(both).await, [8, 6, 4, 2]);
    let (mut after, mut walked) = (None, Vec::new());
    loop {
        let list = account.usage().requests(&any, Page { after, limit: 3 }).await.unwrap();
        walked.extend(list.items.iter().map(|row| row.id.to_bytes()[15]));
        let Some(next) = list.next else { break };
        after = Some(next);
    }
    assert_eq!(walked, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
}

#[tokio::test]
async fn r14_requests_are_counted_by_minute_hour_and_day() {
    let (world, account) = World::with_account().await;
    let key = world.key(&account).await;
    // 1_790_000_000 is 20 s into a minute and 13 min 20 s into an hour.
    let minute = |n: i64| at(n * 60 - 20);
    let ok = |secs, n| seen(&key, at(secs), n);
    told(&world.store, &[ok(0, 1), ok(1, 2), refused(ok(2, 3), "insufficient_scope", 403)]).await;
    told(&world.store, &[ok(3, 4), ok(60, 5), ok(3_600, 6)]).await;
    let count = async |granularity| account.usage().counts(key.key.id, granularity, at(-DAY), at(DAY)).await.unwrap();
    let minutes = count(Granularity::Minute).await;
    let seen: Vec<_> = minutes.items.iter().map(|c| (c.start, c.outcome, c.count)).collect();
    assert_eq!(
        seen,
        [
            (minute(60), RequestOutcome::Ok, 1),
            (minute(1), RequestOutcome::Ok, 1),
            (minute(0), RequestOutcome::Ok, 3),
            (minute(0), RequestOutcome::Refused, 1)
        ]
    );
    assert_eq!(minutes.items[0].operation.as_deref(), Some("company_list"));
    assert_eq!(count(Granularity::Hour).await.items.iter().map(|c| c.count).collect::<Vec<_>>(), [1, 4, 1]);
    assert_eq!(count(Granularity::Day).await.items.iter().map(|c| c.count).collect::<Vec<_>>(), [5, 1]);
    let since = account.usage().counts(key.key.id, Granularity::Minute, minute(1), minute(60)).await.unwrap();
    assert_eq!(since.items.len(), 1);
    assert!(!since.more && usize::from(COUNTS_MAX) > since.items.len());
}

#[tokio::test]
async fn r101_d13_the_last_use_of_each_secret_is_kept_and_only_of_good_ones() {
    let (world, account) = World::with_account().await;
    let key = world.key(&account).await;
    let bad = refused(seen(&key, at(9), 9), "key_disabled", 401);
    let bad = Seen { caller: bad.caller.map(|c| SeenCaller { good: false, ..c }), ..bad };
    told(&world.store, &[seen(&key, at(5), 5), seen(&key, at(3), 3), bad]).await;
    // A core that hands over late does not set it back.
    told(&world.store, &[Seen { address: "198.51.100.1", ..seen(&key, at(4), 4) }]).await;
    let last = account.usage().last_used(key.key.id).await.unwrap();
    assert_eq!(last.len(), 1);
    assert_eq!((last[0].at, last[0].address.as_str()), (at(5), "192.0.2.7"));
    assert_eq!(
        (last[0].secret, last[0].operation.as_deref()),
        (SecretTag::of(&key.credentials[0].credential.hash), Some("company_list"))
    );
    let client = key.credentials[0].credential.client_id;
    let fresh = world.credential(Environment::Test, Some(client));
    let tag = SecretTag::of(&fresh.hash);
    let row = account.rotate_key(world.stamp_at(at(10)), key.key.id, vec![fresh], at(DAY)).await.unwrap().value;
    told(&world.store, &[seen(&key, at(20), 20), seen(&row, at(30), 30)]).await;
    let last = account.usage().last_used(key.key.id).await.unwrap();
    assert_eq!(last.iter().map(|l| (l.at, l.secret == tag)).collect::<Vec<_>>(), [(at(30), true), (at(20), false)]);
}

#[tokio::test]
async fn r101_d13_findings_name_unused_keys_and_old_secrets_in_use() {
    let (world, account) = World::with_account().await;
    let key = world.key(&account).await;
    let created = key.key.created_at;
    let later = |days: i64| created.plus_secs(days * DAY);
    let none: [UseFinding; 0] = [];
    assert_eq!(use_findings(&key, &[], Some(created), later(90)), [UseFinding::Unused90Days]);
    assert_eq!(use_findings(&key, &[], Some(created), later(89)), none);
    assert_eq!(use_findings(&key, &[], None, later(900)), none, "nothing is known of before");
    assert_eq!(use_findings(&key, &[], Some(later(50)), later(100)), none, "nothing is known of before");
    told(&world.store, &[seen(&key, later(30), 1)]).await;
    let last = account.usage().last_used(key.key.id).await.unwrap();
    assert_eq!(use_findings(&key, &last, Some(created), later(100)), none);
    assert_eq!(use_findings(&key, &last, Some(created), later(120)), [UseFinding::Unused90Days]);
    let client = key.credentials[0].credential.client_id;
    let fresh = vec![world.credential(Environment::Test, Some(client))];
    let row = account.rotate_key(world.stamp_at(later(31)), key.key.id, fresh, later(60)).await.unwrap().value;
    let old = row.credentials.iter().find(|c| c.credential.slot == SecretSlot::Previous).unwrap();
    assert_eq!(SecretTag::of(&old.credential.hash), last[0].secret);
    assert_eq!(use_findings(&row, &last, Some(created), later(32)), none, "used before the rotation only");
    told(&world.store, &[seen(&key, later(33), 2)]).await;
    let last = account.usage().last_used(key.key.id).await.unwrap();
    assert_eq!(use_findings(&row, &last, Some(created), later(34)), [UseFinding::OldSecretStillUsed]);
    assert_eq!(use_findings(&row, &last, Some(created), later(41)), none, "silent for a week");
    assert_eq!(use_findings(&row, &last, Some(created), later(60)), none, "its overlap is over");
    let _ = account.set_key_status(world.stamp(), key.key.id, KeyStatus::Disabled).await.unwrap();
    let row = account.key(key.key.id).await.unwrap();
    assert_eq!(use_findings(&row, &last, Some(created), later(34)), none, "disabled");
}

#[tokio::test]
async fn invariant_5_no_account_reaches_anothers_usage() {
    let world = World::new().await;
    let (mine, theirs) = (world.account().await, world.account().await);
    let (key, foreign) = (world.key(&mine).await, world.key(&theirs).await);
    let nobody = Seen { caller: None, ..refused(seen(&key, at(2), 3), "credential_unknown", 401) };
    let (own, other) = (seen(&key, at(0), 1), seen(&foreign, at(1), 2));
    told(&world.store, &[own, other, nobody]).await;
    for id in [other.request, nobody.request, id(at(5), 9)] {
        let refused = mine.usage().request(id).await.unwrap_err();
        assert!(matches!(refused, StoreError::NotFound { what: "request" }), "{refused}");
    }
    assert_eq!(all(&mine).await.iter().map(|r| r.id).collect::<Vec<_>>(), [own.request]);
    let filter = RequestFilter { key: Some(foreign.key.id), ..RequestFilter::default() };
    assert!(mine.usage().requests(&filter, Page::first(9)).await.unwrap().items.is_empty());
    let behind = mine.usage().requests(&RequestFilter::default(), Page::behind(nobody.request, 9)).await.unwrap();
    assert_eq!(behind.items.len(), 1);
    let counts = mine.usage().counts(foreign.key.id, Granularity::Day, at(-DAY), at(DAY)).await.unwrap();
    assert!(counts.items.is_empty());
    assert!(mine.usage().last_used(foreign.key.id).await.unwrap().is_empty());
    // Whoever runs the deployment sees all of them.
    let row = world.store.usage().request(nobody.request).await.unwrap();
    assert_eq!((row.account, row.key, row.reason.as_deref()), (None, None, Some("credential_unknown")));
}

#[tokio::test]
async fn d25_what_is_too_old_leaves_in_bounded_batches() {
    let (world, account) = World::with_account().await;
    let key = world.key(&account).await;
    let days = [0, 1, 14, 15, 89, 729];
    let requests: Vec<_> = days.iter().map(|d| seen(&key, at(d * DAY), u8::try_from(d % 200).unwrap())).collect();
    told(&world.store, &requests).await;
    let counted = async |granularity| {
        account.usage().counts(key.key.id, granularity, at(-DAY), at(1_000 * DAY)).await.unwrap().items.len()
    };
    // Sweeping goes on with the writer's own second; a flush behind it shows how far it is.
    let sweep = async |now: Timestamp, rows: usize| {
        world.store.usage().sweep(now);
        let mut turns = 0;
        while all(&account).await.len() > rows {
            world.store.usage().flush().await;
            turns += 1;
            assert!(turns < 100_000, "what is too old stays");
        }
    };
    sweep(at(15 * DAY + 1), 5).await;
    assert_eq!(all(&account).await.last().unwrap().at, at(DAY));
    assert_eq!(
        [counted(Granularity::Minute).await, counted(Granularity::Hour).await, counted(Granularity::Day).await],
        [4, 6, 6]
    );
    sweep(at(730 * DAY + 1), 1).await;
    assert_eq!(
        [counted(Granularity::Minute).await, counted(Granularity::Hour).await, counted(Granularity::Day).await],
        [1, 1, 5]
    );
    assert_eq!(account.usage().kept_since().await.unwrap(), Some(at(0)));
}

#[tokio::test]
async fn invariant_10_a_full_second_keeps_refusals_and_counts_everything() {
    let usage = UsageOptions { requests_per_second_max: 3, ..UsageOptions::default() };
    let world = World::with(Options { usage, ..Options::default() }).await;
    let account = world.account().await;
    let key = world.key(&account).await;
    let stranger = |n| Seen { caller: None, ..refused(seen(&key, at(0), n), "credential_unknown", 401) };
    let mut requests = vec![stranger(1), stranger(2)];
    requests.extend((3..8).map(|n| seen(&key, at(0), n)));
    requests.extend((8..10).map(|n| refused(seen(&key, at(0), n), "insufficient_scope", 403)));
    requests.push(stranger(10));
    told(&world.store, &requests).await;
    let kept: Vec<_> = all(&account).await.iter().map(|row| row.id.to_bytes()[15]).collect();
    assert_eq!(kept, [9, 8, 3], "refusals first, then what was passed on, strangers last");
    let counts = account.usage().counts(key.key.id, Granularity::Day, at(-DAY), at(DAY)).await.unwrap();
    assert_eq!(counts.items.iter().map(|c| c.count).collect::<Vec<_>>(), [5, 2], "complete");
    assert_eq!(losses(&world.store), [0, 7, 0]);
}

#[tokio::test]
async fn heavy_invariant_10_a_rare_filter_looks_at_a_bounded_number_of_rows_for_each_page() {
    let usage = UsageOptions { requests_per_second_max: 100_000, ..UsageOptions::default() };
    let world = World::with(Options { usage, ..Options::default() }).await;
    let account = world.account().await;
    let key = world.key(&account).await;
    let rare = Seen { operation: "rare", ..seen(&key, at(-1), 1) };
    told(&world.store, &[rare]).await;
    // One more than are looked at for a page.
    for thousand in 0..50 {
        let requests: Vec<_> = (0..1_000).map(|n| seen(&key, at(thousand * 1_000 + n), 2)).collect();
        told(&world.store, &requests).await;
    }
    let filter = RequestFilter { operation: Some("rare".into()), ..RequestFilter::default() };
    let first = account.usage().requests(&filter, Page::first(10)).await.unwrap();
    assert_eq!((first.items.len(), first.next), (0, Some(id(at(0), 2))), "what was looked at held none");
    let second = account.usage().requests(&filter, Page::behind(first.next.unwrap(), 10)).await.unwrap();
    assert_eq!((second.items[0].id, second.next), (rare.request, None));
}

#[tokio::test]
async fn invariant_10_a_full_queue_drops_and_counts() {
    let usage = UsageOptions { batches_max: 2, ..UsageOptions::default() };
    let world = World::with(Options { usage, ..Options::default() }).await;
    let account = world.account().await;
    let key = world.key(&account).await;
    // This thread does not yield, so the writer takes nothing meanwhile.
    for n in 0..5 {
        tell(&world.store, &[seen(&key, at(0), n), seen(&key, at(1), n)]);
    }
    assert_eq!(losses(&world.store), [6, 0, 0]);
    world.store.usage().flush().await;
    assert_eq!(all(&account).await.len(), 4);
}

#[tokio::test]
async fn d44_a_crash_loses_at_most_what_was_not_committed() {
    let (world, account) = World::with_account().await;
    let key = world.key(&account).await;
    told(&world.store, &[seen(&key, at(0), 1)]).await;
    tell(&world.store, &[seen(&key, at(1), 2)]);
    // The files as a process that is killed now leaves them.
    let after = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(world.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "db" || end == "db-wal") {
            fs::copy(&path, after.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    let store = Store::open(after.path(), Options::default()).await.unwrap();
    let rows = all(&store.account(account.id())).await;
    assert_eq!(rows.iter().map(|r| r.at).collect::<Vec<_>>(), [at(0)]);
    // The living one loses nothing, and a close commits.
    let mut world = world;
    world.reopen().await;
    assert_eq!(all(&world.store.account(account.id())).await.len(), 2);
}

#[tokio::test]
async fn d44_r14_hours_and_days_that_a_crash_lost_are_made_good_from_the_minutes() {
    let (mut world, account) = World::with_account().await;
    let key = world.key(&account).await;
    // An hour back, and two minutes of the last hour.
    told(&world.store, &[seen(&key, at(-3_600), 1), seen(&key, at(0), 2), seen(&key, at(60), 3)]).await;
    // As after a second that had its minutes written and not yet its hours.
    let behind = "UPDATE counts SET count = 1 WHERE granularity <> 'minute'";
    let lost = "DELETE FROM counts WHERE granularity = 'hour' AND start = (SELECT MAX(start) FROM counts WHERE granularity = 'hour')";
    raw(&file(&world), &[behind, lost]).await;
    world.reopen().await;
    let account = world.store.account(account.id());
    for (granularity, expected) in [(Granularity::Hour, vec![2, 1]), (Granularity::Day, vec![3])] {
        let counts = account.usage().counts(key.key.id, granularity, at(-DAY), at(DAY)).await.unwrap();
        assert_eq!(counts.items.iter().map(|c| c.count).collect::<Vec<_>>(), expected, "{granularity:?}");
    }
}

#[tokio::test]
async fn d44_usage_that_cannot_be_written_stops_nothing() {
    let (world, account) = World::with_account().await;
    let key = world.key(&account).await;
    told(&world.store, &[seen(&key, at(0), 1)]).await;
    raw(&file(&world), &["ALTER TABLE requests RENAME TO elsewhere"]).await;
    told(&world.store, &[seen(&key, at(1), 2)]).await;
    assert_eq!(losses(&world.store), [0, 0, 1]);
    assert!(account.key(key.key.id).await.is_ok());
    let _ = account.set_key_status(world.stamp(), key.key.id, KeyStatus::Revoked).await.unwrap();
    raw(&file(&world), &["ALTER TABLE elsewhere RENAME TO requests"]).await;
    told(&world.store, &[seen(&key, at(2), 3)]).await;
    assert_eq!(all(&account).await.iter().map(|r| r.at).collect::<Vec<_>>(), [at(2), at(0)]);
}

#[tokio::test]
async fn d44_a_full_usage_file_makes_room_and_the_main_one_does_not_care() {
    let usage = UsageOptions { size_max: 192 * 1024, requests_per_second_max: 100_000, ..UsageOptions::default() };
    let world = World::with(Options { usage, ..Options::default() }).await;
    let account = world.account().await;
    let key = world.key(&account).await;
    let agent = [b'-'; USER_AGENT_MAX];
    for round in 0..4 {
        let requests: Vec<_> = (0..100)
            .map(|n| Seen { agent: &agent, ..seen(&key, at(round * 100 + n), u8::try_from(n).unwrap()) })
            .collect();
        told(&world.store, &requests).await;
    }
    assert!(losses(&world.store)[2] > 0, "the file is full");
    world.key(&account).await;
    world.store.usage().sweep(at(1_000));
    let newest = seen(&key, at(900), 200);
    let mut turns = 0;
    while account.usage().request(newest.request).await.is_err() {
        told(&world.store, &[newest]).await;
        turns += 1;
        assert!(turns < 100_000, "no room was made");
    }
    assert!(fs::metadata(file(&world)).unwrap().len() <= 192 * 1024);
}

#[tokio::test]
async fn d44_a_usage_file_that_cannot_be_read_is_put_aside() {
    let (mut world, account) = World::with_account().await;
    let key = world.key(&account).await;
    told(&world.store, &[seen(&key, at(0), 1)]).await;
    world.store.clone().close().await;
    fs::write(file(&world), "burnt ".repeat(1_000)).unwrap();
    let found = inspect_usage(world.path()).await.unwrap();
    assert_eq!(found.problems.len(), 1, "{found:?}");
    world.reopen().await;
    assert!(fs::read(world.path().join("usage.db.damaged")).unwrap().starts_with(b"burnt"));
    told(&world.store, &[seen(&key, at(1), 2)]).await;
    let account = world.store.account(account.id());
    assert_eq!(all(&account).await.iter().map(|r| r.at).collect::<Vec<_>>(), [at(1)]);
    // A folder in its place: nothing is recorded, everything else works.
    world.store.clone().close().await;
    fs::remove_file(file(&world)).unwrap();
    fs::create_dir(file(&world)).unwrap();
    world.store = Store::open(world.path(), Options::default()).await.unwrap();
    let account = world.store.account(account.id());
    assert!(world.store.usage().intake().is_none());
    world.store.usage().flush().await;
    assert!(account.usage().request(id(at(0), 1)).await.is_err());
    assert!(account.key(key.key.id).await.is_ok());
}

#[tokio::test]
async fn d44_usage_is_backed_up_and_put_back_beside_the_main_file() {
    let (world, account) = World::with_account().await;
    let key = world.key(&account).await;
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(backup_usage(empty.path(), &empty.path().join("b")).await.unwrap(), None);
    told(&world.store, &[seen(&key, at(0), 1)]).await;
    let to = empty.path().join("b.usage");
    assert!(backup_usage(world.path(), &to).await.unwrap().is_some());
    assert!(matches!(backup_usage(world.path(), &to).await, Err(StoreError::Exists { .. })));
    told(&world.store, &[seen(&key, at(1), 2)]).await;
    assert!(matches!(restore_usage(&to, world.path(), at(9)).await, Err(StoreError::Locked { .. })));
    let mut world = world;
    world.store.clone().close().await;
    let not_ours = empty.path().join("main.db");
    fs::copy(world.database(), &not_ours).unwrap();
    assert!(matches!(restore_usage(&not_ours, world.path(), at(9)).await, Err(StoreError::Foreign { .. })));
    let kept = restore_usage(&to, world.path(), at(9)).await.unwrap().unwrap();
    assert_eq!(number(&kept, "SELECT COUNT(*) FROM requests").await, 2);
    world.reopen().await;
    assert_eq!(all(&world.store.account(account.id())).await.len(), 1);
    let health = inspect_usage(world.path()).await.unwrap();
    assert_eq!((health.requests, health.since, health.problems.len()), (1, Some(at(0)), 0));
}

#[tokio::test]
async fn r69_no_secret_reaches_the_usage_file() {
    let (world, account) = World::with_account().await;
    let key = world.key(&account).await;
    let secret = format!("sk_test_{}", "Zq7".repeat(15));
    let request = Seen { agent: secret.as_bytes(), origin: secret.as_bytes(), ..seen(&key, at(0), 1) };
    told(&world.store, &[request]).await;
    world.store.clone().close().await;
    let bytes = fs::read(file(&world)).unwrap();
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"company_list") && !holds(&secret.as_bytes()[8..24]));
    let hash: &SecretHash = &key.credentials[0].credential.hash;
    assert!(!holds(hash.as_bytes()), "not even the whole hash");
}
