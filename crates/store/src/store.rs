//! The store: one open data folder.
//!
//! Owns:  opening (lock, identity, migrations, durability settings), and what belongs to no single account.
//! Never: an account's companies and keys; `Store::account` leads there.
//! Read:  `Store::open`, then the methods by noun.

use crate::{
    account::{self, CreateAccount},
    account_store::AccountStore,
    audit::{self, AuditEntry, AuditReport},
    backup::{self, Backup},
    commit::{Change, Writer},
    error::StoreError,
    feed::{self, Feed},
    folder::{Folder, Lock},
    gateway_store::GatewayStore,
    health::{self, Counts, Health},
    key::{KeyRow, NewKey},
    operator_token::{self, CreateOperatorToken, NewOperatorToken, OperatorToken, RevokeOperatorToken},
    options::Options,
    page::{List, Page},
    people::PeopleStore,
    schema,
    stamp::{Committed, Revision, Stamp},
    usage::Usage,
    writes::{Writes, WritesOptions},
};
use model::{Account, AccountId, AuditId, OperatorTokenId, SecretHash};
use sqlx::{
    ConnectOptions,
    pool::PoolConnection,
    sqlite::{Sqlite, SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous},
};
use std::{fmt, path::Path, sync::Arc};
use tokio::sync::watch;

/// Bytes that the write-ahead log is cut back to when it was larger.
const WAL_KEPT_MAX: &str = "67108864";
/// SQLite's page, as new databases get it.
const PAGE_BYTES: u64 = 4_096;

/// Rows that a reading connection may be ahead of who takes them: a first load is not woken for every few.
const ROWS_AHEAD: usize = 1_024;

/// The durable truth of one deployment. Cheap to clone; the folder is free again after `close`, or soon after the last
/// clone is gone. Must be opened inside a tokio runtime, which then runs the task that writes.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    folder: Folder,
    readers: SqlitePool,
    writer: Writer,
    committed: watch::Receiver<Revision>,
    usage: Usage,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("folder", &self.0.folder.path()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database in `folder`, and makes both where they are missing (0700 and 0600). `Locked` when another process
    /// has it; `Foreign` and `Schema` when this release cannot know what is in it; `Corrupt` when the end of the audit
    /// chain does not fit.
    pub async fn open(folder: &Path, options: Options) -> Result<Self, StoreError> {
        let folder = Folder::new(folder)?;
        folder.make()?;
        let lock = folder.lock()?;
        Self::open_locked(folder, lock, options).await
    }

    pub(crate) async fn open_locked(folder: Folder, lock: Lock, options: Options) -> Result<Self, StoreError> {
        folder.make_database()?;
        let path = folder.database();
        let connect = read_write(&path, &options);
        let mut connection = schema::connect(&connect, &path).await?;
        schema::claim(&mut connection, &path).await?;
        schema::migrate(&mut connection, &path).await?;
        let end = audit::verify_end(&mut connection).await?;
        if let Some(broken) = end.broken {
            return Err(StoreError::corrupt(format!("audit entry {}: {}", broken.sequence, broken.what)));
        }
        let revision = feed::head(&mut connection).await?;
        let (announce, committed) = watch::channel(revision);
        let readers = SqlitePoolOptions::new()
            .max_connections(options.readers.max(1))
            .acquire_timeout(options.busy_timeout)
            .test_before_acquire(false)
            .connect_with(read_only(&path, &options))
            .await?;
        let usage = Usage::open(&folder, &options).await;
        let writer = Writer::start(connection, connect, options, announce, lock);
        Ok(Self(Arc::new(Inner { folder, readers, writer, committed, usage })))
    }

    /// Waits until queued changes are done, closes the database and frees the folder. Other clones then answer `Closed`.
    pub async fn close(self) {
        self.0.readers.close().await;
        self.0.usage.close().await;
        self.0.writer.close().await;
    }

    /// Makes one change durable: rows, change-log rows and audit entry in one transaction (invariant 6).
    pub(crate) async fn commit<C: Change>(&self, stamp: Stamp, change: C) -> Result<Committed<C::Value>, StoreError> {
        self.0.writer.commit(stamp, change).await
    }

    /// A connection that can only read.
    pub(crate) async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        Ok(self.0.readers.acquire().await?)
    }

    /// Several reads of one state.
    pub(crate) async fn snapshot(&self) -> Result<sqlx::Transaction<'static, Sqlite>, StoreError> {
        Ok(self.0.readers.begin().await?)
    }

    /// One account's rows. Whether the account exists shows with the first use.
    #[must_use]
    pub fn account(&self, account: AccountId) -> AccountStore {
        AccountStore::new(self.clone(), account)
    }

    /// Who can sign in.
    #[must_use]
    pub fn people(&self) -> PeopleStore {
        PeopleStore::new(self.clone())
    }

    /// What callers asked, in the second file (D44).
    #[must_use]
    pub fn usage(&self) -> &Usage {
        &self.0.usage
    }

    /// Creates an account and its primary key (R18).
    pub async fn create_account(
        &self,
        stamp: Stamp,
        account: Account,
        primary: NewKey,
    ) -> Result<Committed<(Account, KeyRow)>, StoreError> {
        self.commit(stamp, CreateAccount { account, primary }).await
    }

    /// Accounts, newest first.
    pub async fn accounts(&self, page: Page<AccountId>) -> Result<List<Account, AccountId>, StoreError> {
        account::list(&mut *self.reader().await?, page).await
    }

    /// One account.
    pub async fn account_by_id(&self, id: AccountId) -> Result<Account, StoreError> {
        account::find(&mut *self.reader().await?, id).await
    }

    /// Creates an operator token.
    pub async fn create_operator_token(
        &self,
        stamp: Stamp,
        token: NewOperatorToken,
    ) -> Result<Committed<OperatorToken>, StoreError> {
        self.commit(stamp, CreateOperatorToken(token)).await
    }

    /// The token with this hash, also when it was revoked.
    pub async fn operator_token_by_hash(&self, hash: &SecretHash) -> Result<Option<OperatorToken>, StoreError> {
        operator_token::find_by_hash(&mut *self.reader().await?, hash).await
    }

    /// Revokes a token. One that is revoked already stays as it is: no change and no error.
    pub async fn revoke_operator_token(
        &self,
        stamp: Stamp,
        id: OperatorTokenId,
    ) -> Result<Committed<OperatorToken>, StoreError> {
        self.commit(stamp, RevokeOperatorToken(id)).await
    }

    /// Operator tokens, newest first, revoked ones too.
    pub async fn operator_tokens(
        &self,
        page: Page<OperatorTokenId>,
    ) -> Result<List<OperatorToken, OperatorTokenId>, StoreError> {
        operator_token::list(&mut *self.reader().await?, page).await
    }

    /// Audit entries of the whole deployment, newest first.
    pub async fn audit(&self, page: Page<AuditId>) -> Result<List<AuditEntry, AuditId>, StoreError> {
        audit::list(&mut *self.snapshot().await?, None, page).await
    }

    /// Walks along the whole audit chain and names the first entry that does not fit.
    pub async fn verify_audit(&self) -> Result<AuditReport, StoreError> {
        audit::verify(&mut *self.snapshot().await?).await
    }

    /// How many rows there are.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        health::count(&mut *self.snapshot().await?).await
    }

    /// Facts for `claviger doctor`. Reads the whole database once.
    pub async fn health(&self) -> Result<Health, StoreError> {
        health::inspect(self.0.folder.path()).await
    }

    /// Writes a checked back-up to the new file `to`, while changes go on.
    pub async fn backup(&self, to: &Path) -> Result<Backup, StoreError> {
        backup::backup(self.0.folder.path(), to).await
    }

    /// Opens the records of writes with an `Idempotency-Key`. `boot` tells this run from those before: random bytes of the
    /// caller's. To be closed before the store is, whose lock covers them.
    pub async fn writes(&self, boot: [u8; 8], options: WritesOptions) -> Result<Writes, StoreError> {
        Writes::open(&self.0.folder, boot, options).await
    }

    /// What gateways change.
    #[must_use]
    pub fn for_gateway(&self) -> GatewayStore {
        GatewayStore::new(self.clone())
    }

    /// What gateways follow.
    #[must_use]
    pub fn feed(&self) -> Feed {
        Feed { readers: self.0.readers.clone(), committed: self.0.committed.clone() }
    }

    /// The newest durable revision, as a hint inside this process: sent after the flush, never before.
    #[must_use]
    pub fn committed(&self) -> watch::Receiver<Revision> {
        self.0.committed.clone()
    }
}

/// How the one writing connection is opened. Every commit is flushed to disk before it is acknowledged (D44).
fn read_write(path: &Path, options: &Options) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(options.busy_timeout)
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Full)
        .pragma("trusted_schema", "OFF")
        .pragma("journal_size_limit", WAL_KEPT_MAX)
        .pragma("max_page_count", (options.size_max / PAGE_BYTES).to_string())
        .disable_statement_logging()
}

/// How a database is opened by whoever only reads it.
pub(crate) fn read_only(path: &Path, options: &Options) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .row_buffer_size(ROWS_AHEAD)
        .busy_timeout(options.busy_timeout)
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging()
}

#[cfg(test)]
mod tests;
