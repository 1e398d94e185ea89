//! Records of writes: claimed once, durable when acknowledged, never lost to a crash, never kept for longer than needed.
//!
//! Owns:  the contract of `Writes`, and a writer of records that is killed.
//! Never: requests or answers; the gateway's tests have those.
//! Read:  `d16_one_of_many_claims_wins`, then `run_and_kill`.

use crate::world::World;
use model::{AccountId, Entropy, Timestamp};
use std::{collections::HashMap, io::Write as _, path::Path, process::Stdio, sync::Arc};
use store::{
    Done, Earlier, Found, Hold, NewWrite, Options, Request, Store, StoreError, WriteId, WriteOutcome, Writes,
    WritesOptions, inspect_writes,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

const HOUR: i64 = 3_600_000_000;

fn at(hours: i64) -> Timestamp {
    Timestamp::from_secs(1_790_000_000).plus_micros(hours * HOUR)
}

fn account() -> AccountId {
    AccountId::new(at(0), Entropy([7; 10]))
}

fn id(n: u64) -> WriteId {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    WriteId(bytes)
}

fn new(n: u64, now: Timestamp) -> NewWrite {
    NewWrite {
        id: id(n),
        account: account(),
        head: [1; 32],
        now,
        lease_until: now.plus_micros(HOUR / 4),
        expires_at: now.plus_micros(24 * HOUR),
    }
}

fn done(status: u16, answer: Option<&[u8]>) -> Done {
    let request = Some(Request { fingerprint: [2; 32], bytes: 5 });
    Done { request, status, answer: answer.map(<[u8]>::to_vec), expires_at: at(24) }
}

async fn open(store: &Store) -> Writes {
    store.writes([9; 8], WritesOptions::default()).await.unwrap()
}

async fn first(writes: &Writes, n: u64, now: Timestamp) -> Hold {
    match writes.claim(new(n, now)).await.unwrap() {
        Found::Nothing(hold) => hold,
        other @ (Found::Earlier(_) | Found::Full) => panic!("{other:?}"),
    }
}

async fn earlier(writes: &Writes, n: u64, now: Timestamp) -> Earlier {
    match writes.claim(new(n, now)).await.unwrap() {
        Found::Earlier(earlier) => earlier,
        other @ (Found::Nothing(_) | Found::Full) => panic!("{other:?}"),
    }
}

/// Commits in the write-ahead log: frames that end one name the size of the database.
fn flushes(folder: &Path) -> usize {
    let log = std::fs::read(folder.join("writes.db-wal")).unwrap();
    let page = u32::from_be_bytes(log[8..12].try_into().unwrap()) as usize;
    log[32..].chunks_exact(24 + page).filter(|frame| frame[4..8] != [0; 4]).count()
}

#[tokio::test]
async fn d16_one_of_many_claims_wins_and_claims_that_wait_together_share_a_flush() {
    let world = World::new().await;
    let writes = open(&world.store).await;
    let before = flushes(world.path());
    let claims: Vec<_> = (0..64)
        .map(|n| {
            let writes = writes.clone();
            tokio::spawn(async move { writes.claim(new(n % 32, at(0))).await.unwrap() })
        })
        .collect();
    let mut holds = Vec::new();
    for claim in claims {
        match claim.await.unwrap() {
            Found::Nothing(hold) => holds.push(hold),
            Found::Earlier(earlier) => assert_eq!(earlier.state, WriteOutcome::InFlight),
            Found::Full => panic!("there is room"),
        }
    }
    assert_eq!(holds.len(), 32, "one claim of each two wins");
    let shared = flushes(world.path()) - before;
    assert!((1..=8).contains(&shared), "64 claims took {shared} flushes");
    // Another process reads them at once.
    assert_eq!(inspect_writes(world.path()).await.unwrap().records, 32);
}

#[tokio::test]
async fn d16_the_first_result_is_kept_for_its_time_and_no_longer() {
    let world = World::new().await;
    let writes = open(&world.store).await;
    first(&writes, 1, at(0)).await.done(done(201, Some(b"sealed"))).await.unwrap();
    first(&writes, 2, at(0)).await.done(done(200, None)).await.unwrap();
    let kept = earlier(&writes, 1, at(23)).await;
    assert_eq!(kept.state, WriteOutcome::Done { status: 201, answer: Some(b"sealed".to_vec()) });
    assert_eq!((kept.head, kept.request.unwrap().bytes), ([1; 32], 5));
    assert_eq!(earlier(&writes, 2, at(23)).await.state, WriteOutcome::Done { status: 200, answer: None });
    assert_eq!(writes.sweep(at(23)).await.unwrap(), 0);
    // Over: a claim takes its place, and what nobody asks for is swept.
    let again = first(&writes, 1, at(24)).await;
    assert_eq!(writes.sweep(at(24)).await.unwrap(), 1);
    assert_eq!(inspect_writes(world.path()).await.unwrap().records, 1);
    again.release().await.unwrap();
    assert_eq!(inspect_writes(world.path()).await.unwrap().records, 0);
}

#[tokio::test]
async fn d40_what_was_not_sent_is_released_and_what_was_sent_is_unknown_when_its_owner_goes_away() {
    let world = World::new().await;
    let writes = open(&world.store).await;
    drop(first(&writes, 1, at(0)).await);
    let mut hold = first(&writes, 1, at(0)).await;
    hold.sent();
    drop(hold);
    assert_eq!(earlier(&writes, 1, at(0)).await.state, WriteOutcome::Unknown);
    // A claim whose caller is gone before it is made is released too.
    let abandoned = writes.claim(new(2, at(0)));
    let mut abandoned = Box::pin(abandoned);
    let once = std::future::poll_fn(|context| std::task::Poll::Ready(abandoned.as_mut().poll(context).is_pending()));
    assert!(once.await);
    drop(abandoned);
    // The queue is in order: when this is answered, the claim before it was made and given up again.
    let _ = writes.sweep(at(0)).await.unwrap();
    let _ = writes.sweep(at(0)).await.unwrap();
    drop(first(&writes, 2, at(0)).await);
}

#[tokio::test]
async fn d16_what_runs_in_this_process_is_never_taken_for_lost_whatever_the_clock_says() {
    let world = World::new().await;
    let writes = open(&world.store).await;
    let mut hold = first(&writes, 1, at(0)).await;
    hold.sent();
    assert_eq!(earlier(&writes, 1, at(20)).await.state, WriteOutcome::InFlight, "its lease has ended, and it lives");
    hold.renew(at(48));
    // Nor does the sweep take away what runs, although its time is over.
    assert_eq!(writes.sweep(at(30)).await.unwrap(), 0);
    assert_eq!(earlier(&writes, 1, at(30)).await.state, WriteOutcome::InFlight);
    hold.done(done(200, Some(b"late"))).await.unwrap();
    let late = WriteOutcome::Done { status: 200, answer: Some(b"late".to_vec()) };
    assert_eq!(earlier(&writes, 1, at(20)).await.state, late);
}

#[tokio::test]
async fn d17_one_of_two_takes_over_what_is_unknown_and_the_former_owner_is_not_heard() {
    let world = World::new().await;
    let other = world.store.writes([2; 8], WritesOptions::default()).await.unwrap();
    let writes = open(&world.store).await;
    let mut lost = first(&other, 1, at(0)).await;
    lost.sent();
    assert_eq!(earlier(&writes, 1, at(0)).await.state, WriteOutcome::InFlight, "for as long as its lease");
    lost.renew(at(1));
    // In order: when this is answered, the renewal is there.
    let _ = other.sweep(at(0)).await.unwrap();
    assert_eq!(earlier(&writes, 1, at(1).plus_micros(-1)).await.state, WriteOutcome::InFlight);
    let unknown = earlier(&writes, 1, at(1)).await;
    assert_eq!(unknown.state, WriteOutcome::Unknown, "the lease has ended");
    let taken = writes.take(&unknown, at(2)).await.unwrap().unwrap();
    assert!(writes.take(&unknown, at(2)).await.unwrap().is_none(), "one of two");
    assert_eq!(earlier(&writes, 1, at(1)).await.state, WriteOutcome::InFlight);
    lost.done(done(200, Some(b"from before"))).await.unwrap();
    assert_eq!(earlier(&writes, 1, at(1)).await.state, WriteOutcome::InFlight, "the former owner is not heard");
    // Given up without a word it is as unknown as before.
    drop(taken);
    let unknown = earlier(&writes, 1, at(1)).await;
    assert_eq!(unknown.state, WriteOutcome::Unknown);
    let taken = writes.take(&unknown, at(2)).await.unwrap().unwrap();
    taken.release().await.unwrap();
    drop(first(&writes, 1, at(1)).await);
}

#[tokio::test]
async fn d17_what_another_run_left_in_flight_is_unknown_and_what_it_finished_is_there() {
    let world = World::new().await;
    let writes = open(&world.store).await;
    first(&writes, 1, at(0)).await.done(done(201, Some(b"sealed"))).await.unwrap();
    let mut running = first(&writes, 2, at(0)).await;
    running.sent();
    writes.close().await;
    assert!(matches!(writes.claim(new(3, at(0))).await, Err(StoreError::Closed)));
    let writes = world.store.writes([8; 8], WritesOptions::default()).await.unwrap();
    assert!(matches!(earlier(&writes, 1, at(0)).await.state, WriteOutcome::Done { status: 201, .. }));
    assert_eq!(
        earlier(&writes, 2, at(0)).await.state,
        WriteOutcome::Unknown,
        "its lease still runs, but nobody has it"
    );
    assert_eq!(inspect_writes(world.path()).await.unwrap().unknown, 1);
}

#[tokio::test]
async fn an_account_has_a_bound_and_room_comes_back() {
    let world = World::new().await;
    let options = WritesOptions { records_max: 2, sweep_max: 1, ..WritesOptions::default() };
    let writes = world.store.writes([1; 8], options).await.unwrap();
    let (one, two) = (first(&writes, 1, at(0)).await, first(&writes, 2, at(0)).await);
    assert!(matches!(writes.claim(new(3, at(0))).await.unwrap(), Found::Full));
    let other = AccountId::new(at(0), Entropy([8; 10]));
    let elsewhere = writes.claim(NewWrite { account: other, ..new(4, at(0)) }).await.unwrap();
    assert!(matches!(elsewhere, Found::Nothing(_)), "the bound is each account's own");
    one.release().await.unwrap();
    first(&writes, 3, at(0)).await.done(done(200, None)).await.unwrap();
    two.done(done(200, None)).await.unwrap();
    assert_eq!(writes.sweep(at(30)).await.unwrap(), 1, "a sweep is bounded");
    assert_eq!(writes.sweep(at(30)).await.unwrap(), 1);
}

#[tokio::test]
async fn d44_back_ups_hold_the_records_and_a_restore_never_forgets_newer_ones() {
    let (world, _account) = World::with_account().await;
    let writes = open(&world.store).await;
    first(&writes, 1, at(0)).await.done(done(201, Some(b"sealed"))).await.unwrap();
    let target = world.path().join("backup.db");
    let made = world.store.backup(&target).await.unwrap();
    assert_eq!(made.writes.as_deref(), Some(world.path().join("backup.db-writes").as_path()));
    first(&writes, 2, at(0)).await.done(done(200, None)).await.unwrap();
    writes.close().await;

    let empty = tempfile::tempdir().unwrap();
    let _ = store::restore(&target, empty.path(), Options::default(), world.source.stamp()).await.unwrap();
    assert_eq!(inspect_writes(empty.path()).await.unwrap().records, 1);
    let store = Store::open(empty.path(), Options::default()).await.unwrap();
    let writes = open(&store).await;
    assert!(matches!(earlier(&writes, 1, at(0)).await.state, WriteOutcome::Done { status: 201, .. }));
    first(&writes, 5, at(0)).await.done(done(200, None)).await.unwrap();
    writes.close().await;
    store.close().await;

    let _ = store::restore(&target, empty.path(), Options::default(), world.source.stamp()).await.unwrap();
    assert_eq!(inspect_writes(empty.path()).await.unwrap().records, 2, "a write that is known must not run again");
}

#[tokio::test]
async fn another_database_is_not_taken_for_records() {
    let world = World::new().await;
    std::fs::write(world.path().join("writes.db"), b"not a database at all, but long enough to look at").unwrap();
    let refused = world.store.writes([1; 8], WritesOptions::default()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Foreign { .. }), "{refused}");
}

const KILLS: u64 = 12;
const WRITERS: u64 = 6;
const FOLDER: &str = "CLAVIGER_STORE_TEST_WRITES_FOLDER";

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// Not a test: the process that is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the writer that d16_kill_9 starts and kills"]
async fn writer_process() {
    let Some(setting) = std::env::var_os(FOLDER) else { return };
    let setting = setting.into_string().unwrap();
    let (round, folder) = setting.split_once(':').unwrap();
    let round: u64 = round.parse().unwrap();
    let store = Store::open(Path::new(folder), Options::default()).await.unwrap();
    let writes = Arc::new(store.writes(round.to_be_bytes(), WritesOptions::default()).await.unwrap());
    let tasks: Vec<_> = (0..WRITERS)
        .map(|task| {
            let writes = Arc::clone(&writes);
            tokio::spawn(async move {
                for n in 0.. {
                    let n = (round * WRITERS + task) * 1_000_000 + n;
                    let mut hold = first(&writes, n, at(0)).await;
                    say(&format!("ack {n} claimed"));
                    hold.sent();
                    if n.is_multiple_of(3) {
                        hold.unknown(None, at(24)).await.unwrap();
                        say(&format!("ack {n} unknown"));
                    } else {
                        hold.done(done(201, Some(&n.to_be_bytes()))).await.unwrap();
                        say(&format!("ack {n} done"));
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Starts a writer, kills it after some acknowledgements, and notes them.
async fn run_and_kill(folder: &Path, round: u64, acknowledged: &mut HashMap<u64, String>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["writes::writer_process", "--exact", "--ignored", "--nocapture"])
        .env(FOLDER, format!("{round}:{}", folder.to_str().unwrap()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut count = 0;
    while let Some(line) = lines.next_line().await.unwrap() {
        let Some((_, rest)) = line.split_once("ack ") else { continue };
        let Some((n, state)) = rest.split_once(' ') else { continue };
        if !matches!(state, "claimed" | "unknown" | "done") {
            continue;
        }
        acknowledged.insert(n.parse().unwrap(), state.to_owned());
        count += 1;
        if count == 5 + round * 7 % 23 {
            child.start_kill().unwrap();
        }
    }
    let status = child.wait().await.unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "round {round}: {status}");
}

#[tokio::test]
async fn d16_kill_9_at_any_moment_loses_no_acknowledged_record() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = HashMap::new();
    for round in 0..KILLS {
        run_and_kill(folder.path(), round, &mut acknowledged).await;
        let store = Store::open(folder.path(), Options::default()).await.unwrap();
        let writes = store.writes([0xff; 8], WritesOptions::default()).await.unwrap();
        for (n, state) in &acknowledged {
            let now = earlier(&writes, *n, at(0)).await.state;
            match state.as_str() {
                "done" => assert_eq!(now, WriteOutcome::Done { status: 201, answer: Some(n.to_be_bytes().to_vec()) }),
                "unknown" => assert_eq!(now, WriteOutcome::Unknown),
                // What was claimed may have got further than was said; it is never free again.
                _ => assert_ne!(now, WriteOutcome::InFlight),
            }
        }
        writes.close().await;
        store.close().await;
    }
    assert!(acknowledged.len() as u64 > KILLS * 2, "{} records were acknowledged", acknowledged.len());
    assert_eq!(inspect_writes(folder.path()).await.unwrap().problems, Vec::<String>::new());
}
