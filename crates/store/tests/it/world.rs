//! The world of a test: a store in a folder of its own, and values that are fresh each time.
//!
//! Owns:  deterministic ids, secrets and stamps; small shortcuts for what every test needs.
//! Never: asserts.
//! Read:  `World`.

use model::{
    Account, AccountId, AuditId, ClientId, Company, CompanyId, CompanyRestriction, Credential, Entropy, Environment,
    Environments, ExternalName, Identity, IdentityId, Key, KeyId, KeyKind, KeyLimits, KeyStatus, NetworkList,
    OperatorTokenId, OriginList, Preset, SecretHash, SecretSlot, Timestamp,
};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};
use store::{AccountStore, Author, CompanyRow, KeyRow, NewKey, NewOperatorToken, Options, Stamp, Store};
use tempfile::TempDir;

/// Fresh values, each told apart by a count; `start` keeps two sources apart.
pub(crate) struct Source(AtomicU64);

impl Source {
    pub(crate) fn new(start: u64) -> Self {
        Self(AtomicU64::new(start))
    }

    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    fn entropy(&self) -> Entropy {
        let mut bytes = [0; 10];
        bytes[2..].copy_from_slice(&self.next().to_be_bytes());
        Entropy(bytes)
    }

    /// A later instant with every call.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_790_000_000).plus_micros(i64::try_from(self.next()).unwrap() * 1_000)
    }

    pub(crate) fn stamp(&self) -> Stamp {
        self.stamp_at(self.now())
    }

    pub(crate) fn stamp_at(&self, now: Timestamp) -> Stamp {
        Stamp { author: Author::Installation, request: None, now, audit_id: AuditId::new(now, self.entropy()) }
    }

    pub(crate) fn new_account(&self) -> (Account, NewKey) {
        let now = self.now();
        let account =
            Account { id: AccountId::new(now, self.entropy()), name: "Rossi Srl".to_owned(), created_at: now };
        let mut primary = self.new_key(account.id);
        primary.key.kind = KeyKind::Primary;
        primary.key.preset = Preset::FullAccess;
        (account, primary)
    }

    pub(crate) fn new_company(&self, account: AccountId, names: &[&str]) -> Company {
        let now = self.now();
        Company {
            id: CompanyId::new(now, self.entropy()),
            account,
            name: "Bottega".to_owned(),
            external_names: names.iter().map(|text| ExternalName::parse(text).unwrap()).collect(),
            created_at: now,
        }
    }

    /// A mapping that no other has.
    pub(crate) fn identity(&self, account: AccountId) -> Identity {
        let (id, directory) = (IdentityId::new(self.now(), self.entropy()), self.next().to_string());
        Identity { id, account, issuer: "https://id.example.com".to_owned(), directory, created_at: self.now() }
    }

    pub(crate) fn credential(&self, environment: Environment, client_id: Option<ClientId>) -> Credential {
        let fresh = self.next().to_be_bytes();
        let mut id = [7; 12];
        id[4..].copy_from_slice(&fresh);
        Credential {
            client_id: client_id.unwrap_or_else(|| ClientId::from_bytes(id)),
            environment,
            hash: SecretHash::of(&fresh),
            last_four: *b"Ab9z",
            slot: SecretSlot::Current,
            ends_at: None,
        }
    }

    /// A restricted key with both credentials and every company.
    pub(crate) fn new_key(&self, account: AccountId) -> NewKey {
        let now = self.now();
        let key = Key {
            id: KeyId::new(now, self.entropy()),
            account,
            kind: KeyKind::Restricted,
            description: "integration".to_owned(),
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
        let credentials = Environment::ALL.map(|e| self.credential(e, None)).to_vec();
        NewKey { key, credentials }
    }

    pub(crate) fn new_operator_token(&self) -> NewOperatorToken {
        let id = OperatorTokenId::new(self.now(), self.entropy());
        let hash = SecretHash::of(&self.next().to_be_bytes());
        NewOperatorToken { id, hash, description: "pipeline".to_owned() }
    }
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) source: Source,
    folder: TempDir,
}

impl std::ops::Deref for World {
    type Target = Source;
    fn deref(&self) -> &Source {
        &self.source
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { store: Store::open(folder.path(), options).await.unwrap(), source: Source::new(1), folder }
    }

    /// A world with one account.
    pub(crate) async fn with_account() -> (Self, AccountStore) {
        let world = Self::new().await;
        let account = world.account().await;
        (world, account)
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path().join("claviger.db")
    }

    pub(crate) async fn account(&self) -> AccountStore {
        let (account, primary) = self.new_account();
        let made = self.store.create_account(self.stamp(), account, primary).await.unwrap();
        self.store.account(made.value.0.id)
    }

    pub(crate) async fn key(&self, account: &AccountStore) -> KeyRow {
        account.create_key(self.stamp(), self.new_key(account.id())).await.unwrap().value
    }

    pub(crate) async fn company(&self, account: &AccountStore, names: &[&str]) -> CompanyRow {
        account.create_company(self.stamp(), self.new_company(account.id(), names)).await.unwrap().value
    }

    /// Closes the store and opens it again.
    pub(crate) async fn reopen(&mut self) {
        self.store.clone().close().await;
        self.store = Store::open(self.folder.path(), Options::default()).await.unwrap();
    }

    /// Statements on the file, past the store.
    pub(crate) async fn raw(&self, statements: &[&'static str]) {
        raw(&self.database(), statements).await;
    }
}

/// Statements on a database file, past the store.
pub(crate) async fn raw(file: &Path, statements: &[&'static str]) {
    let mut connection =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file).create_if_missing(true))
            .await
            .unwrap();
    for statement in statements {
        sqlx::query(*statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

/// One number from a database file, past the store.
pub(crate) async fn number(file: &Path, statement: &'static str) -> i64 {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let (number,) = sqlx::query_as::<_, (i64,)>(statement).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    number
}

/// The credential of one environment and slot.
pub(crate) fn secret(row: &KeyRow, environment: Environment, slot: SecretSlot) -> Option<&Credential> {
    row.credentials.iter().map(|c| &c.credential).find(|c| c.environment == environment && c.slot == slot)
}

/// Rows as text that compares: hashes do not compare, and print as nothing.
pub(crate) fn picture(row: &KeyRow) -> String {
    let secrets: Vec<String> =
        row.credentials.iter().map(|c| format!("{:?} {:?}", c, c.credential.hash.as_bytes())).collect();
    format!("{:?} {} {:?} {secrets:?}", row.key, row.version, row.updated_at)
}
