//! Decision: what the checks cost a request, with few keys and with many (design section 13).
//!
//! Owns:  the whole decision (present, look-up, identify, authorize, settle) for keys that pass and keys that do not,
//!        and the bytes that a key takes in memory.
//! Never: the HTTP machinery around it.
//! Read:  `main`, then `World`. Run: `cargo bench -p admission`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench is a test that prints")]

use admission::{CredentialFields, Entry, Facts, Field, Freshness, Permit, Policy, Record, Settlement, path, present};
use divan::{AllocProfiler, Bencher, black_box};
use model::{
    AccountId, Audience, Catalogue, ClientId, CompanyMode, CompanyRestriction, Denial, Entropy, Environment,
    HttpMethod, Idempotency, KeyId, KeyKind, KeyLimits, KeyShape, KeyStatus, LimitClass, NetworkList, Operation,
    OperationId, OriginList, Preset, Scope, SecretHash, SecretSlot, Template, Timestamp,
    operation::{OtherBodies, ServedBy},
};
use papaya::HashMap;
use std::{
    fs,
    sync::{Arc, OnceLock},
};

/// Divan prints how often a decision allocates; it must not.
#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const NOW: Timestamp = Timestamp::from_secs(1_000);
const FRESH: Freshness = Freshness { fresh_until: Timestamp::from_secs(1_010) };
/// What every request asks for.
const PATH: &[u8] = b"/v1/send/4711";
/// Key records; each has a test and a live secret.
const SIZES: [usize; 2] = [1_000, 1_000_000];
/// Secrets that are presented in turn, so that the table's memory is touched as real traffic touches it.
const PRESENTED: usize = 4_096;
/// Decisions between two readings of the clock, which is coarse beside one of them.
const BATCH: u32 = 1_024;

fn main() {
    print_bytes_per_key();
    divan::main();
}

struct World {
    table: HashMap<[u8; 32], Arc<Entry>>,
    texts: Vec<String>,
    catalogue: Catalogue,
    policy: Policy,
}

impl World {
    fn of(keys: usize) -> &'static Self {
        static WORLDS: [OnceLock<World>; 2] = [const { OnceLock::new() }; 2];
        let at = SIZES.iter().position(|size| *size == keys).unwrap();
        WORLDS[at].get_or_init(|| Self::new(keys))
    }

    fn new(keys: usize) -> Self {
        let shape = KeyShape::default();
        let table = HashMap::new();
        let mut texts = Vec::with_capacity(PRESENTED);
        let mut fill = filler(1);
        for n in 0..keys {
            let mut id = [0u8; 10];
            fill(&mut id);
            let record = Arc::new(Record {
                key: KeyId::new(NOW, Entropy(id)),
                account: AccountId::new(NOW, Entropy(id)),
                kind: KeyKind::Restricted,
                status: KeyStatus::Active,
                preset: Preset::ReadOnly,
                companies: CompanyRestriction::All,
                origins: OriginList::default(),
                networks: NetworkList::default(),
                limits: KeyLimits::default(),
                expires_at: Some(NOW.plus_secs(1)),
            });
            for environment in Environment::ALL {
                let text = shape.generate(KeyKind::Restricted, environment, &mut fill);
                let mut client_id = [0u8; 12];
                fill(&mut client_id);
                let entry = Entry {
                    hash: SecretHash::of(text.expose().as_bytes()),
                    client_id: ClientId::from_bytes(client_id),
                    environment,
                    slot: SecretSlot::Current,
                    ends_at: None,
                    record: Arc::clone(&record),
                };
                table.pin().insert(*entry.hash.as_bytes(), Arc::new(entry));
                if n % keys.div_ceil(PRESENTED) == 0 && texts.len() < PRESENTED {
                    texts.push(text.expose().clone());
                }
            }
        }
        Self { table, texts, catalogue: catalogue(), policy: Policy { shape, ..Policy::default() } }
    }

    /// Everything between the parsed request head and the permit.
    fn decide(&self, method: HttpMethod, raw: &[u8], text: &[u8]) -> Result<Permit, Denial> {
        // A path that is refused is no operation; the paths here are fine.
        let path = path::canonical(raw).map_err(|_| Denial::OperationUnknown)?;
        let facts = facts(self.catalogue.find(method, &path), text);
        let presented = present(&facts, &self.policy)?;
        let table = self.table.pin();
        let found = table.get(presented.hash().as_bytes()).map(|entry| &**entry);
        let settled =
            presented.identify(found, FRESH, NOW)?.authorize(&facts, &self.policy)?.settle(Settlement::default())?;
        settled.permit().ok_or(Denial::IdempotencyInProgress)
    }
}

fn facts<'a>(operation: Option<&'a Operation>, text: &'a [u8]) -> Facts<'a> {
    let credential = CredentialFields { api_key: Field::One(text), ..CredentialFields::default() };
    Facts { operation, credential, origin: Field::Absent, address: None, ..Facts::default() }
}

fn catalogue() -> Catalogue {
    let actions = [
        (HttpMethod::Get, "read"),
        (HttpMethod::Post, "write"),
        (HttpMethod::Put, "write"),
        (HttpMethod::Delete, "write"),
    ];
    let resources = ["company", "send", "update", "receive", "status", "log", "webhook", "health", "export"];
    let operations = resources.into_iter().flat_map(|resource| {
        actions.into_iter().map(move |(method, action)| Operation {
            id: OperationId::new(&format!("{resource}_{}", method.as_str().to_lowercase())).unwrap(),
            method,
            template: Template::parse(&format!("/v1/{resource}/{{id:int32}}")).unwrap(),
            audience: Audience::Key,
            scope: Scope::parse(&format!("{resource}:{action}")).unwrap(),
            company: CompanyMode::Account,
            class: LimitClass::default(),
            environment: None,
            other_bodies: OtherBodies::default(),
            idempotency: Idempotency::default(),
            channel: None,
            learn: None,
            callback: None,
            served_by: ServedBy::default(),
        })
    });
    Catalogue::new(operations.collect()).unwrap()
}

fn filler(seed: u64) -> impl FnMut(&mut [u8]) {
    let mut state = seed | 1;
    move |buffer: &mut [u8]| {
        for byte in buffer {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = (state >> 32) as u8;
        }
    }
}

/// Decides about the texts in turn, and makes sure once that every outcome is the one that is measured.
fn run(bencher: Bencher<'_, '_>, world: &World, method: HttpMethod, texts: &[String], expected: Result<(), Denial>) {
    for text in texts {
        assert_eq!(world.decide(method, PATH, text.as_bytes()).map(|_| ()), expected);
    }
    let mut turn = texts.iter().cycle();
    bencher
        .with_inputs(|| turn.next().unwrap().as_bytes())
        .bench_local_values(|text| world.decide(black_box(method), black_box(PATH), text));
}

#[divan::bench(args = SIZES, sample_size = BATCH)]
fn known(bencher: Bencher<'_, '_>, keys: usize) {
    let world = World::of(keys);
    run(bencher, world, HttpMethod::Get, &world.texts, Ok(()));
}

#[divan::bench(args = SIZES, sample_size = BATCH)]
fn refused_lacking_scope(bencher: Bencher<'_, '_>, keys: usize) {
    let world = World::of(keys);
    run(bencher, world, HttpMethod::Post, &world.texts, Err(Denial::ScopeInsufficient));
}

#[divan::bench(args = SIZES, sample_size = BATCH)]
fn refused_unknown(bencher: Bencher<'_, '_>, keys: usize) {
    let world = World::of(keys);
    let shape = KeyShape::default();
    let mut fill = filler(0x5EED_0000);
    let texts: Vec<_> = (0..PRESENTED)
        .map(|_| shape.generate(KeyKind::Restricted, Environment::Live, &mut fill).expose().clone())
        .collect();
    run(bencher, world, HttpMethod::Get, &texts, Err(Denial::CredentialUnknown));
}

#[divan::bench(args = SIZES, sample_size = BATCH)]
fn refused_malformed(bencher: Bencher<'_, '_>, keys: usize) {
    let world = World::of(keys);
    // Another environment in a right text: the checksum no longer fits.
    let test = world.texts.iter().filter(|text| text.starts_with("rk_test_"));
    let texts: Vec<_> = test.map(|text| text.replacen("rk_test_", "rk_live_", 1)).collect();
    run(bencher, world, HttpMethod::Get, &texts, Err(Denial::CredentialMalformed));
}

/// The parts that need no table, to see where the time of a decision goes.
mod part {
    use super::{FRESH, NOW, World, facts};
    use admission::Settlement;
    use admission::{path, present};
    use divan::{Bencher, black_box};
    use model::HttpMethod;

    #[divan::bench(sample_size = super::BATCH)]
    fn canonical_path(bencher: Bencher<'_, '_>) {
        bencher.bench_local(|| path::canonical(black_box(super::PATH)));
    }

    #[divan::bench(sample_size = super::BATCH)]
    fn find_operation(bencher: Bencher<'_, '_>) {
        let catalogue = super::catalogue();
        bencher.bench_local(|| catalogue.find(black_box(HttpMethod::Get), black_box(super::PATH)).is_some());
    }

    #[divan::bench(sample_size = super::BATCH)]
    fn present_and_hash(bencher: Bencher<'_, '_>) {
        let world = World::of(super::SIZES[0]);
        let text = world.texts[0].as_bytes();
        bencher.bench_local(|| present(&facts(None, black_box(text)), &world.policy).is_ok());
    }

    #[divan::bench(sample_size = super::BATCH)]
    fn identify_authorize_settle(bencher: Bencher<'_, '_>) {
        let world = World::of(super::SIZES[0]);
        let facts = facts(world.catalogue.find(HttpMethod::Get, super::PATH), world.texts[0].as_bytes());
        let table = world.table.pin();
        let found = table.get(present(&facts, &world.policy).unwrap().hash().as_bytes()).map(|entry| &**entry);
        bencher.with_inputs(|| present(&facts, &world.policy).unwrap()).bench_local_values(|presented| {
            let identified = presented.identify(black_box(found), FRESH, NOW)?;
            identified.authorize(black_box(&facts), &world.policy)?.settle(Settlement::default())
        });
    }
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse::<usize>().ok()).unwrap_or_default() * 1024
}

fn print_bytes_per_key() {
    let [_, keys] = SIZES;
    let before = resident();
    let world = World::of(keys);
    let grown = resident().saturating_sub(before);
    let secrets = world.table.len();
    println!("memory: {keys} keys ({secrets} secrets) take {} MiB, {} bytes per key", grown >> 20, grown / keys);
}
