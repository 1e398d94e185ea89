//! The snapshot: every key of the deployment in memory (design section 5).
//!
//! Owns:  the look-up table from a secret's hash to what is known of it, its freshness, and what a change of a key cuts.
//! Never: I/O; the follower feeds it. Readers never wait and never lock.
//! Read:  `Snapshot`, then `Writer::apply`.

use crate::{
    inflight::Cut,
    pages::{Pages, PagesWriter},
    signer::TokenSlot,
};
use admission::{Entry, Freshness, Record};
use model::{
    AccountId, Company, CompanyId, Credential, ExternalName, Identity, IdentityId, Key, KeyId, KeyStatus, SecretHash,
    Timestamp,
};
use papaya::{HashMap as SharedMap, ResizeMode};
use std::{
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};
use store::FeedItem;

/// One secret of one key, as requests find it.
pub(crate) struct Live {
    pub(crate) entry: Entry,
    pub(crate) token: TokenSlot,
}

/// The table that all cores read.
pub(crate) struct Snapshot {
    credentials: SharedMap<HashKey, Arc<Live>, BuildHasherDefault<HashKeyHasher>>,
    companies: SharedMap<CompanyId, Arc<[ExternalName]>>,
    /// By what names an issuer and directory in 32 bytes.
    identities: SharedMap<HashKey, (IdentityId, AccountId), BuildHasherDefault<HashKeyHasher>>,
    /// The same the other way round, so that a request's name finds its company.
    by_name: SharedMap<OwnedName, CompanyId>,
    fresh_until: AtomicI64,
    /// When it was last vouched for, in milliseconds of a clock that nobody can set back, since `born`.
    vouched_at: AtomicU64,
    born: tokio::time::Instant,
    /// Which pages may use what, for preflights.
    pub(crate) pages: Arc<Pages>,
    /// Changes when names of companies change, so that signed contexts that carry them are made anew.
    names_epoch: AtomicU64,
}

/// An external name and the account in which it is unique.
type OwnedName = (AccountId, ExternalName);

/// SHA-256 of a secret. It is uniform already, so eight of its bytes are the hash.
#[derive(PartialEq, Eq)]
struct HashKey([u8; 32]);

impl HashKey {
    /// No issuer holds the byte between them.
    fn of_identity(issuer: &str, directory: &str) -> Self {
        Self(*SecretHash::of([issuer, directory].join("\0").as_bytes()).as_bytes())
    }
}

impl Hash for HashKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

#[derive(Default)]
struct HashKeyHasher(u64);

impl Hasher for HashKeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// A table that grows in one go. Only the follower writes, and readers never wait for it; while one grows bit by bit,
/// look-ups cost ten times as much, and it may stay so for as long as nothing is written.
fn whole<K: Hash + Eq, V, S: BuildHasher + Default>() -> SharedMap<K, V, S> {
    SharedMap::builder().resize_mode(ResizeMode::Blocking).hasher(S::default()).build()
}

impl Snapshot {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            credentials: whole(),
            companies: whole(),
            identities: whole(),
            by_name: whole(),
            fresh_until: AtomicI64::new(Timestamp::MIN.as_micros()),
            vouched_at: AtomicU64::new(0),
            born: tokio::time::Instant::now(),
            pages: Arc::default(),
            names_epoch: AtomicU64::new(0),
        })
    }

    /// What is known of a secret. No lock, no wait.
    pub(crate) fn find(&self, hash: &SecretHash) -> Option<Arc<Live>> {
        self.credentials.pin().get(&HashKey(*hash.as_bytes())).cloned()
    }

    /// Until when the table may be believed.
    pub(crate) fn freshness(&self) -> Freshness {
        Freshness { fresh_until: Timestamp::from_micros(self.fresh_until.load(Ordering::Acquire)) }
    }

    pub(crate) fn trust_until(&self, instant: Timestamp) {
        self.vouched_at.store(self.age_millis(), Ordering::Release);
        self.fresh_until.store(instant.as_micros(), Ordering::Release);
    }

    /// Ends the trust when nobody has vouched for `bound`, whatever the wall clock says: it may have been set back.
    pub(crate) fn fence(&self, bound: Duration) {
        let silent = self.age_millis().saturating_sub(self.vouched_at.load(Ordering::Acquire));
        if u128::from(silent) > bound.as_millis() {
            self.fresh_until.store(Timestamp::MIN.as_micros(), Ordering::Release);
        }
    }

    fn age_millis(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn names_epoch(&self) -> u64 {
        self.names_epoch.load(Ordering::Acquire)
    }

    /// What the upstream calls a company.
    pub(crate) fn company_names(&self, company: CompanyId) -> Option<Arc<[ExternalName]>> {
        self.companies.pin().get(&company).cloned()
    }

    /// Which account the people of an issuer and directory act in.
    pub(crate) fn identity(&self, issuer: &str, directory: &str) -> Option<(IdentityId, AccountId)> {
        self.identities.pin().get(&HashKey::of_identity(issuer, directory)).copied()
    }

    /// The company that `account` calls so. No lock, no wait.
    pub(crate) fn company(&self, account: AccountId, name: ExternalName) -> Option<CompanyId> {
        self.by_name.pin().get(&(account, name)).copied()
    }

    /// Secrets in the table.
    pub(crate) fn len(&self) -> usize {
        self.credentials.len()
    }
}

/// The only one who changes the table: the follower.
pub(crate) struct Writer {
    snapshot: Arc<Snapshot>,
    /// Which secrets a key has in the table, so that those that are gone can be taken out.
    secrets: HashMap<KeyId, Box<[SecretHash]>>,
    pages: PagesWriter,
    /// Where an identity is in the table.
    identities: HashMap<IdentityId, (String, String)>,
    /// Whose a company is, so that its names can be taken out when it is gone.
    owners: HashMap<CompanyId, AccountId>,
}

impl Writer {
    pub(crate) fn new(snapshot: Arc<Snapshot>) -> Self {
        let pages = PagesWriter::new(Arc::clone(&snapshot.pages));
        Self { snapshot, secrets: HashMap::new(), identities: HashMap::new(), owners: HashMap::new(), pages }
    }

    /// Takes one current row in. When this returns no later look-up sees the old state; what was admitted under it
    /// still has to be cut with what is added to `cuts`.
    pub(crate) fn apply(&mut self, item: FeedItem, cuts: &mut Vec<Cut>) {
        match item {
            FeedItem::Key(key, credentials) => self.put(&key, &credentials, cuts),
            FeedItem::KeyGone(id) => {
                self.pages.remove(id);
                for hash in self.secrets.remove(&id).unwrap_or_default() {
                    self.snapshot.credentials.pin().remove(&HashKey(*hash.as_bytes()));
                }
                cuts.push(Cut::Key(id));
            }
            FeedItem::Company(company) => self.put_company(company),
            FeedItem::Identity(identity) => self.put_identity(identity),
            FeedItem::IdentityGone(id) => {
                if let Some((issuer, directory)) = self.identities.remove(&id) {
                    self.take_identity(id, &issuer, &directory);
                }
                cuts.push(Cut::Identity(id));
            }
            FeedItem::CompanyGone(id) => {
                self.forget_names(id, &[]);
                self.owners.remove(&id);
                self.snapshot.companies.pin().remove(&id);
                self.snapshot.names_epoch.fetch_add(1, Ordering::AcqRel);
            }
        }
    }

    fn put(&mut self, key: &Key, credentials: &[Credential], cuts: &mut Vec<Cut>) {
        self.pages.put(key);
        let record = Arc::new(Record::from(key));
        let hashes: Box<[SecretHash]> = credentials.iter().map(|c| c.hash).collect();
        let before = self.secrets.insert(key.id, hashes).unwrap_or_default();
        let old = before.iter().find_map(|hash| self.snapshot.find(hash));
        let table = self.snapshot.credentials.pin();
        for credential in credentials {
            let entry = Entry::new(credential, Arc::clone(&record));
            let live = Live { entry, token: TokenSlot::default() };
            table.insert(HashKey(*credential.hash.as_bytes()), Arc::new(live));
        }
        for gone in before.iter().filter(|b| !credentials.iter().any(|c| c.hash.matches(b))) {
            table.remove(&HashKey(*gone.as_bytes()));
            cuts.push(Cut::Secret(*gone));
        }
        let Some(old) = old else { return };
        if key.status != KeyStatus::Active {
            cuts.push(Cut::Key(key.id));
        } else if narrowed(&old.entry.record, &record) {
            cuts.push(Cut::Streams(key.id));
        }
        // What was admitted with a secret or key that has a new end is held to the new end.
        for credential in credentials {
            if let Some(end) = credential.ends_at.filter(|_| before.iter().any(|b| b.matches(&credential.hash))) {
                cuts.push(Cut::SecretEnds(credential.hash, end));
            }
        }
        if old.entry.record.expires_at != key.expires_at {
            cuts.push(Cut::KeyEnds(key.id, key.expires_at.unwrap_or(Timestamp::MAX)));
        }
    }

    fn put_identity(&mut self, identity: Identity) {
        let place = HashKey::of_identity(&identity.issuer, &identity.directory);
        self.snapshot.identities.pin().insert(place, (identity.id, identity.account));
        self.identities.insert(identity.id, (identity.issuer, identity.directory));
    }

    /// A batch holds present states in the order of their first change: the same pair may have been mapped anew already.
    fn take_identity(&self, id: IdentityId, issuer: &str, directory: &str) {
        let identities = self.snapshot.identities.pin();
        let place = HashKey::of_identity(issuer, directory);
        if identities.get(&place).is_some_and(|(found, _)| *found == id) {
            identities.remove(&place);
        }
    }

    fn put_company(&mut self, company: Company) {
        let names: Arc<[ExternalName]> = company.external_names.into();
        self.forget_names(company.id, &names);
        self.owners.insert(company.id, company.account);
        let by_name = self.snapshot.by_name.pin();
        for name in names.iter() {
            by_name.insert((company.account, name.clone()), company.id);
        }
        let companies = self.snapshot.companies.pin();
        let same = companies.get(&company.id).is_some_and(|known| **known == *names);
        if !same {
            companies.insert(company.id, names);
            self.snapshot.names_epoch.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Writer {
    /// Takes out the names of a company that are not among `kept`. A name that another company has by now stays.
    fn forget_names(&self, id: CompanyId, kept: &[ExternalName]) {
        let (Some(account), Some(known)) = (self.owners.get(&id), self.snapshot.company_names(id)) else { return };
        let by_name = self.snapshot.by_name.pin();
        for name in known.iter().filter(|name| !kept.contains(name)) {
            let entry = (*account, name.clone());
            if by_name.get(&entry) == Some(&id) {
                by_name.remove(&entry);
            }
        }
    }
}

/// Whether a key may now do less than before (D41).
fn narrowed(old: &Record, new: &Record) -> bool {
    !new.preset.scopes().covers(&old.preset.scopes())
        || !new.companies.covers(&old.companies)
        || !new.origins.covers(&old.origins)
        || !new.networks.covers(&old.networks)
}
