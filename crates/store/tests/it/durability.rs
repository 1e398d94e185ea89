//! Killing the process at any moment loses no acknowledged change, and leaves none half.
//!
//! The test starts its own binary again as a writer (`writer_process`), which changes keys and companies from several tasks
//! and says on its output what was acknowledged. It is killed at random moments; then everything that was acknowledged must
//! be there, and rows, change log and audit chain must agree.
//!
//! Owns:  the writer, the killing, and the comparison.
//! Never: loss of power: `synchronous=FULL` is for that, and `store::tests` shows that it is set.
//! Read:  `run_and_kill`, then `check`.

use crate::world::{Source, number};
use model::{AccountId, KeyId, KeyStatus};
use std::{collections::HashMap, io::Write, path::Path, process::Stdio, sync::Arc, time::Duration};
use store::{AccountStore, FeedItem, Options, Page, Revision, Store, Subject};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

const KILLS: u64 = 30;
const WRITERS: u64 = 6;
const FOLDER: &str = "CLAVIGER_STORE_TEST_FOLDER";

/// What the writer said about a key: its status, and the revision of the last change.
type Acknowledged = HashMap<KeyId, (KeyStatus, Revision)>;

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

async fn write(source: Arc<Source>, account: AccountStore) {
    loop {
        let id = account.create_key(source.stamp(), source.new_key(account.id())).await.map(|made| {
            say(&format!("ack {} active {}", made.value.key.id, made.revision));
            made.value.key.id
        });
        let Ok(id) = id else { return };
        for status in [KeyStatus::Disabled, KeyStatus::Revoked, KeyStatus::Deleted] {
            let made = account.set_key_status(source.stamp(), id, status).await.unwrap();
            say(&format!("ack {id} {} {}", status.as_str(), made.revision));
            if made.revision.0 % 3 == 0 {
                break;
            }
        }
        let company =
            account.create_company(source.stamp(), source.new_company(account.id(), &[])).await.unwrap().value;
        let _ = account.delete_company(source.stamp(), company.company.id, None).await.unwrap();
    }
}

/// Not a test: the process that is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the writer that r_kill_9 starts and kills"]
async fn writer_process() {
    let Some(setting) = std::env::var_os(FOLDER) else { return };
    let setting = setting.into_string().unwrap();
    let (round, folder) = setting.split_once(':').unwrap();
    let round: u64 = round.parse().unwrap();
    let options = Options { restricted_keys_max: 1_000_000, ..Options::default() };
    let store = Store::open(Path::new(folder), options).await.unwrap();
    let source = Arc::new(Source::new(round * 1_000_000 + 1));
    let known = store.accounts(Page::first(1)).await.unwrap().items;
    let account: AccountId = match known.first() {
        Some(account) => account.id,
        None => {
            let (account, primary) = source.new_account();
            store.create_account(source.stamp(), account, primary).await.unwrap().value.0.id
        }
    };
    let tasks: Vec<_> =
        (0..WRITERS).map(|_| tokio::spawn(write(Arc::clone(&source), store.account(account)))).collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Starts a writer, lets it run for a while, kills it, and notes everything that it acknowledged.
async fn run_and_kill(folder: &Path, round: u64, acknowledged: &mut Acknowledged) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["durability::writer_process", "--exact", "--ignored", "--nocapture"])
        .env(FOLDER, format!("{round}:{}", folder.to_str().unwrap()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The moment of the kill: so many acknowledgements and so many microseconds later, both scattered over the rounds.
    let (after, wait) = (round * 7 % 23, Duration::from_micros(round * 7_919 % 5_000));
    let mut count = 0;
    let mut killed = false;
    while let Some(line) = lines.next_line().await.unwrap() {
        // The harness writes lines of its own, and the kill may cut the last one.
        let Some((_, rest)) = line.split_once("ack ") else { continue };
        let parts: Vec<&str> = rest.split(' ').collect();
        let [id, status, revision] = parts[..] else { continue };
        let status = KeyStatus::parse(status).unwrap();
        acknowledged.insert(id.parse().unwrap(), (status, Revision(revision.parse().unwrap())));
        count += 1;
        if count > after && !killed {
            tokio::time::sleep(wait).await;
            child.start_kill().unwrap();
            killed = true;
        }
    }
    let status = child.wait().await.unwrap();
    assert!(killed && std::os::unix::process::ExitStatusExt::signal(&status) == Some(9), "round {round}: {status}");
    count
}

/// Rows, change log and audit chain agree, and hold everything that was acknowledged.
async fn check(folder: &Path, acknowledged: &Acknowledged) {
    let store = Store::open(folder, Options::default()).await.unwrap();
    let health = store.health().await.unwrap();
    assert_eq!(health.problems, Vec::<String>::new());

    let mut statuses = HashMap::new();
    store
        .feed()
        .all(&mut |item| {
            if let FeedItem::Key(key, credentials) = item {
                assert_eq!(credentials.len(), 2, "a key is there with both credentials");
                statuses.insert(key.id, key.status);
            }
        })
        .await
        .unwrap();
    for (id, (status, revision)) in acknowledged {
        let now = statuses.get(id).copied().unwrap_or(KeyStatus::Deleted);
        let reached = |s| KeyStatus::ALL.iter().position(|k| *k == s);
        // What was not acknowledged may have happened all the same, but nothing goes back.
        assert!(reached(now) >= reached(*status), "{id}: {status:?} was acknowledged, {now:?} is there");
        assert!(health.revision >= *revision);
    }

    // Every entry of the audit chain stands for exactly the change-log rows and the row versions that it names.
    let mut touched: HashMap<Subject, u64> = HashMap::new();
    let mut rows = 0;
    let mut page = Page::first(200);
    loop {
        let list = store.audit(page).await.unwrap();
        for entry in &list.items {
            rows += entry.subjects.len() as u64;
            entry.subjects.iter().for_each(|subject| *touched.entry(*subject).or_default() += 1);
        }
        let Some(next) = list.next else { break };
        page = Page::behind(next, 200);
    }
    assert_eq!(rows, health.revision.0, "change log and audit chain tell the same changes");
    let account = store.accounts(Page::first(1)).await.unwrap().items[0].id;
    let mut page = Page::first(200);
    loop {
        let list = store.account(account).keys(store::KeyFilter::default(), page).await.unwrap();
        for row in &list.items {
            assert_eq!(touched.get(&Subject::Key(row.key.id)), Some(&row.version), "{}", row.key.id);
        }
        let Some(next) = list.next else { break };
        page = Page::behind(next, 200);
    }
    store.close().await;
    let database = folder.join("claviger.db");
    let keys = touched.keys().filter(|subject| matches!(subject, Subject::Key(_))).count();
    assert_eq!(number(&database, "SELECT COUNT(*) FROM keys").await, i64::try_from(keys).unwrap());
}

#[tokio::test]
async fn kill_9_at_any_moment_loses_no_acknowledged_change_and_leaves_none_half() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Acknowledged::new();
    let mut total = 0;
    for round in 0..KILLS {
        total += run_and_kill(folder.path(), round, &mut acknowledged).await;
        check(folder.path(), &acknowledged).await;
    }
    assert!(total > KILLS, "{total} changes were acknowledged over {KILLS} kills");
}
