//! Figures: durable changes per second, one caller and many; the first load of a gateway.
//!
//! Owns:  nothing that ships. `cargo bench -p store` prints the figures; `TMPDIR` chooses the disk.
//! Never: fails a build; what must hold is in `tests/it`.
//! Read:  `main`.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on fails")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![expect(clippy::print_stdout, reason = "a measurement prints its figures")]

use model::{
    Account, AccountId, AuditId, ClientId, CompanyRestriction, Credential, Entropy, Environment, Environments, Key,
    KeyId, KeyKind, KeyLimits, KeyStatus, NetworkList, OriginList, Preset, SecretHash, SecretSlot, Timestamp,
};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};
use store::{AccountStore, Author, NewKey, Options, Revision, Stamp, Store};

const ACCOUNTS: usize = 200;
const TASKS: usize = 64;
const ALONE: usize = 500;
const TOGETHER: usize = 6_400;
/// Of the first load; the statement below says it too.
const LOADED: u32 = 100_000;

static COUNT: AtomicU64 = AtomicU64::new(1);

fn fresh() -> (Timestamp, Entropy, [u8; 8]) {
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let bytes = count.to_be_bytes();
    let mut entropy = [0; 10];
    entropy[..8].copy_from_slice(&SecretHash::of(&bytes).as_bytes()[..8]);
    let now = Timestamp::from_secs(1_790_000_000).plus_micros(i64::try_from(count).unwrap() * 250);
    (now, Entropy(entropy), bytes)
}

fn stamp() -> Stamp {
    let (now, entropy, _) = fresh();
    Stamp { author: Author::Installation, request: None, now, audit_id: AuditId::new(now, entropy) }
}

fn new_key(account: AccountId, kind: KeyKind) -> NewKey {
    let (now, entropy, _) = fresh();
    let key = Key {
        id: KeyId::new(now, entropy),
        account,
        kind,
        description: "integration of the shop".to_owned(),
        status: KeyStatus::Active,
        preset: Preset::ReadOnly,
        companies: CompanyRestriction::All,
        environments: Environments::Both,
        origins: OriginList::default(),
        networks: NetworkList::default(),
        limits: KeyLimits::default(),
        rotate_every_days: None,
        expires_at: None,
        created_at: now,
    };
    let credentials = Environment::ALL.map(|environment| {
        let (_, _, bytes) = fresh();
        let mut client_id = [0; 12];
        client_id[4..].copy_from_slice(&bytes);
        let (client_id, hash) = (ClientId::from_bytes(client_id), SecretHash::of(&bytes));
        Credential { client_id, environment, hash, last_four: *b"Ab9z", slot: SecretSlot::Current, ends_at: None }
    });
    NewKey { key, credentials: credentials.to_vec() }
}

async fn create(accounts: &[AccountStore], keys: usize) -> Vec<Duration> {
    let mut waits = Vec::with_capacity(keys);
    for account in accounts.iter().cycle().take(keys) {
        let start = Instant::now();
        let _ = account.create_key(stamp(), new_key(account.id(), KeyKind::Restricted)).await.unwrap();
        waits.push(start.elapsed());
    }
    waits
}

/// Wall-clock and processor time, the second of which does not depend on what else the machine does.
struct Watch(Instant, Duration);

impl Watch {
    fn start() -> Self {
        Self(Instant::now(), Self::processor())
    }

    /// User and system time of this process, as Linux counts it: in hundredths of a second.
    fn processor() -> Duration {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        let fields = stat.rsplit(") ").next().unwrap().split(' ').skip(11).take(2);
        Duration::from_millis(fields.map(|ticks| ticks.parse::<u64>().unwrap() * 10).sum())
    }

    fn stop(&self) -> (Duration, Duration) {
        (self.0.elapsed(), Self::processor().saturating_sub(self.1))
    }
}

fn report(what: &str, watch: &Watch, mut waits: Vec<Duration>) {
    let (took, processor) = watch.stop();
    waits.sort_unstable();
    let (median, slow) = (waits[waits.len() / 2], waits[waits.len() * 99 / 100]);
    let rate = waits.len() as f64 / took.as_secs_f64();
    let each = processor / u32::try_from(waits.len()).unwrap();
    println!("{what}: {rate:.0} durable changes/s, wait p50 {median:?}, p99 {slow:?}, processor {each:?} each");
}

/// Puts keys into a closed store, past the one commit function: only their reading is measured.
async fn seed(folder: &std::path::Path) {
    let options = SqliteConnectOptions::new().filename(folder.join("claviger.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    for statement in [
        "CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i FROM n",
        "INSERT INTO keys SELECT unhex(printf('01%030x', i)), account_id, 'restricted', 'integration of the shop', 'active', \
         'read_only', '', 'all', 'both', NULL, created_at, updated_at, 1, '', '', '', NULL, NULL FROM n, (SELECT * FROM keys LIMIT 1)",
        "INSERT INTO credentials (key_id, environment, slot, client_id, hash, last_four, created_at, ends_at, ended_at) \
         SELECT unhex(printf('01%030x', i)), environment, 'current', \
         unhex(printf('%s%022x', mark, i)), unhex(printf('%s%062x', mark, i)), unhex('41414141'), 1, NULL, NULL \
         FROM n, (SELECT 'test' AS environment, '02' AS mark UNION ALL SELECT 'live', '03')",
    ] {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

/// Claims and results of writes, as the gateway makes them: two flushes each, shared by whoever waits.
async fn carry_out(writes: store::Writes, account: AccountId, count: usize) -> Vec<Duration> {
    let mut waits = Vec::with_capacity(count * 2);
    for _ in 0..count {
        let (now, _, bytes) = fresh();
        let id = store::WriteId(*SecretHash::of(&bytes).as_bytes());
        let (lease_until, expires_at) = (now.plus_micros(60_000_000), now.plus_micros(86_400_000_000));
        let new = store::NewWrite { id, account, head: id.0, now, lease_until, expires_at };
        let start = Instant::now();
        let store::Found::Nothing(mut hold) = writes.claim(new).await.unwrap() else { panic!("it is new") };
        waits.push(start.elapsed());
        hold.sent();
        let request = Some(store::Request { fingerprint: id.0, bytes: 512 });
        let answer = Some(vec![7; 1_024]);
        let start = Instant::now();
        hold.done(store::Done { request, status: 201, answer, expires_at }).await.unwrap();
        waits.push(start.elapsed());
    }
    waits
}

async fn measure_writes(store: &Store) {
    let writes = store.writes([1; 8], store::WritesOptions::default()).await.unwrap();
    let (now, entropy, _) = fresh();
    let account = AccountId::new(now, entropy);
    let watch = Watch::start();
    let waits = carry_out(writes.clone(), account, ALONE).await;
    report("claims and results of writes, one caller", &watch, waits);
    let watch = Watch::start();
    let tasks: Vec<_> =
        (0..TASKS).map(|_| tokio::spawn(carry_out(writes.clone(), account, TOGETHER / TASKS))).collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.unwrap());
    }
    report(&format!("claims and results of writes, {TASKS} callers"), &watch, waits);
    writes.close().await;
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Options::default()).await.unwrap();
        let mut accounts = Vec::new();
        for _ in 0..ACCOUNTS {
            let (now, entropy, _) = fresh();
            let account = Account { id: AccountId::new(now, entropy), name: "Rossi Srl".to_owned(), created_at: now };
            let primary = new_key(account.id, KeyKind::Primary);
            accounts.push(store.account(account.id));
            let _ = store.create_account(stamp(), account, primary).await.unwrap();
        }
        let watch = Watch::start();
        let waits = create(&accounts, ALONE).await;
        report("one caller", &watch, waits);

        let watch = Watch::start();
        let tasks: Vec<_> = (0..TASKS)
            .map(|n| {
                let accounts: Vec<_> = accounts.iter().cycle().skip(n * 3).take(ACCOUNTS).cloned().collect();
                tokio::spawn(async move { create(&accounts, TOGETHER / TASKS).await })
            })
            .collect();
        let mut waits = Vec::new();
        for task in tasks {
            waits.extend(task.await.unwrap());
        }
        report(&format!("{TASKS} callers"), &watch, waits);
        let watch = Watch::start();
        let _ = store.feed().since(Revision::START, 1_000).await.unwrap();
        println!("a batch of 1000 changes: {:?}", watch.stop());

        measure_writes(&store).await;
        store.close().await;
        seed(folder.path()).await;
        let store = Store::open(folder.path(), Options::default()).await.unwrap();
        for _ in 0..3 {
            let (watch, mut items) = (Watch::start(), 0);
            store.feed().all(&mut |_| items += 1).await.unwrap();
            assert!(items > LOADED);
            let (took, processor) = watch.stop();
            println!("first load: {items} keys in {took:?}, processor {:?} each", processor / items);
        }
        let watch = Watch::start();
        let health = store.health().await.unwrap();
        println!("examination: {:?}, database of {} bytes", watch.stop(), health.database_bytes);
    });
}
