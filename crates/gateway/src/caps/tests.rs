//! Tests of daily caps against a store on disk.
//!
//! Owns:  what `Caps::take` promises.
//! Never: a mock of the store.
//! Read:  top down.

use super::*;
use model::Entropy;
use std::{future::Future, path::Path};
use store::{GatewayStore, Options, Store};

const NOW: Timestamp = Timestamp::from_secs(20_000 * DAY_SECS + 100);

fn fill_bytes(buffer: &mut [u8]) {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let count = COUNT.fetch_add(1, AcqRel).to_be_bytes();
    for (to, from) in buffer.iter_mut().rev().zip(count.into_iter().rev()) {
        *to = from;
    }
}

fn caps(store: GatewayStore, count: u32) -> Arc<Caps> {
    let cap = DailyCap { channel: sms(), count };
    Arc::new(Caps::start(vec![cap], Desk { store, clock: || NOW, randomness: fill_bytes }))
}

fn sms() -> LimitName {
    LimitName::new("sms").unwrap()
}

fn key(number: u8) -> KeyId {
    KeyId::new(NOW, Entropy([number; 10]))
}

async fn open(folder: &Path) -> Store {
    Store::open(folder, Options::default()).await.unwrap()
}

/// How many of `tries` requests get one, and what the others are told.
async fn taken(caps: &Caps, now: Timestamp, tries: usize) -> (usize, Option<u64>) {
    let (mut got, mut told) = (0, None);
    for _ in 0..tries {
        match caps.take(key(1), Environment::Live, &sms(), now).await.unwrap() {
            Taken::One(spent) => {
                spent.keep();
                got += 1;
            }
            Taken::Exceeded { retry_after } => told = Some(retry_after),
            Taken::Free => panic!("the channel has a cap"),
        }
    }
    (got, told)
}

#[tokio::test]
async fn r80_a_key_gets_its_cap_a_day_and_is_told_when_the_next_begins() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let caps = caps(store.for_gateway(), 200);
    assert_eq!(taken(&caps, NOW, 205).await, (200, Some(86_300)));
    let late = Timestamp::from_secs(20_001 * DAY_SECS).plus_micros(-1);
    assert_eq!(taken(&caps, late, 1).await, (0, Some(1)), "never 0 seconds");
    // Another environment and key have their own; a channel without a cap has none.
    let test = caps.take(key(1), Environment::Test, &sms(), NOW).await.unwrap();
    let other = caps.take(key(2), Environment::Live, &sms(), NOW).await.unwrap();
    assert!(matches!((test, other), (Taken::One(_), Taken::One(_))));
    let email = LimitName::new("email").unwrap();
    assert!(matches!(caps.take(key(1), Environment::Live, &email, NOW).await.unwrap(), Taken::Free));
    assert_eq!(taken(&caps, NOW.plus_secs(DAY_SECS), 201).await.0, 200);
    assert_eq!(taken(&caps, NOW, 1).await, (0, Some(86_300 + 86_400)), "a clock set back opens no second day");
    assert_eq!(caps.blocks.len(), 1, "keys that were not seen on the newest day left memory");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d38_cores_together_never_admit_more_than_the_cap() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let caps = caps(store.for_gateway(), 300);
    let mut cores = JoinSet::new();
    for _ in 0..16 {
        let caps = Arc::clone(&caps);
        cores.spawn(async move { taken(&caps, NOW, 25).await.0 });
    }
    assert_eq!(cores.join_all().await.into_iter().sum::<usize>(), 300);
    store.close().await;
}

#[tokio::test]
async fn d38_a_restart_wastes_at_most_the_rest_of_a_block_and_never_admits_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    assert_eq!(taken(&caps(store.for_gateway(), 640), NOW, 15).await, (15, None));
    store.close().await;
    let store = open(folder.path()).await;
    let caps = caps(store.for_gateway(), 640);
    // Two blocks of ten were reserved before.
    assert_eq!(taken(&caps, NOW, 640).await.0, 620);
    let before = NOW.plus_secs(-DAY_SECS);
    assert_eq!(taken(&caps, before, 1).await, (0, Some(86_300 + 86_400)));
    store.close().await;
}

#[tokio::test]
async fn d38_what_a_later_stage_refused_is_given_back_on_the_same_day_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let caps = caps(store.for_gateway(), 2);
    let one = async |now| caps.take(key(1), Environment::Live, &sms(), now).await;
    let Taken::One(first) = one(NOW).await.unwrap() else { panic!("one is left") };
    let Taken::One(second) = one(NOW).await.unwrap() else { panic!("one is left") };
    assert_eq!(taken(&caps, NOW, 1).await.0, 0);
    drop(first);
    assert_eq!(taken(&caps, NOW, 2).await.0, 1);
    let tomorrow = NOW.plus_secs(DAY_SECS);
    assert_eq!(taken(&caps, tomorrow, 1).await.0, 1);
    drop(second);
    assert_eq!(taken(&caps, tomorrow, 2).await.0, 1, "yesterday's is no use today");
    store.close().await;
}

#[tokio::test]
async fn d38_who_goes_away_while_it_waits_spends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let caps = caps(store.for_gateway(), 5);
    {
        let (key, channel) = (key(1), sms());
        let mut waits = std::pin::pin!(caps.take(key, Environment::Live, &channel, NOW));
        let asked = std::future::poll_fn(|context| std::task::Poll::Ready(waits.as_mut().poll(context).is_pending()));
        assert!(asked.await);
    }
    assert_eq!(taken(&caps, NOW, 6).await.0, 5);
    store.close().await;
}

#[tokio::test]
async fn d15_without_the_store_nothing_is_admitted() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let caps = caps(store.for_gateway(), 640);
    assert_eq!(taken(&caps, NOW, 1).await.0, 1);
    store.close().await;
    assert_eq!(taken(&caps, NOW, 9).await.0, 9, "what was reserved may be spent");
    assert!(matches!(caps.take(key(1), Environment::Live, &sms(), NOW).await, Err(Fault::Overloaded)));
}
