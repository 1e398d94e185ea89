//! Feed: the change log as gateways follow it.
//!
//! Owns:  the consistent first load, and the bounded batches behind a revision.
//! Never: waits or retries; the follower decides when to read. `committed` is a hint only.
//! Read:  `Feed::all`, then `Feed::since`.

use crate::{
    column, company,
    error::StoreError,
    identity,
    key::{self, KeyRow},
    stamp::{Revision, Subject},
};
use model::{Company, CompanyId, Credential, Identity, IdentityId, Key, KeyId, KeyStatus};
use sqlx::{SqliteConnection, sqlite::SqlitePool};
use std::{collections::HashSet, fmt};
use tokio::sync::watch;

/// Rows that a first load holds in memory at once.
const CHUNK: i64 = 1_000;
/// The most change-log rows of one batch.
pub const BATCH_MAX: usize = 1_000;

/// The present state of something that changed.
#[derive(Clone, Debug)]
pub enum FeedItem {
    /// A key that is not deleted, whatever its status, with every credential it has.
    Key(Key, Vec<Credential>),
    /// The key was deleted.
    KeyGone(KeyId),
    /// A company.
    Company(Company),
    /// The company was deleted.
    CompanyGone(CompanyId),
    /// Whose people act in an account.
    Identity(Identity),
    /// The mapping was deleted.
    IdentityGone(IdentityId),
}

impl FeedItem {
    fn key(row: KeyRow) -> Self {
        match row.key.status {
            KeyStatus::Deleted => Self::KeyGone(row.key.id),
            KeyStatus::Active | KeyStatus::Disabled | KeyStatus::Revoked => {
                Self::Key(row.key, row.credentials.into_iter().map(|c| c.credential).collect())
            }
        }
    }
}

/// What changed behind a revision.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The items stand for everything up to here; continue from here.
    pub revision: Revision,
    /// Present states, each thing once.
    pub items: Vec<FeedItem>,
    /// Whether the log holds more behind `revision`.
    pub more: bool,
}

/// Follows the change log. Cheap to clone; usable from any runtime.
#[derive(Clone)]
pub struct Feed {
    pub(crate) readers: SqlitePool,
    pub(crate) committed: watch::Receiver<Revision>,
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}

impl Feed {
    /// Hands every company, every identity and then every key that is not deleted to `apply`, oldest first, as one consistent state, and
    /// returns its revision. Memory is bounded by a chunk, whatever the number of keys. On an error `apply` has seen a part.
    pub async fn all(&self, apply: &mut (dyn FnMut(FeedItem) + Send)) -> Result<Revision, StoreError> {
        let mut tx = self.readers.begin().await?;
        let revision = head(&mut tx).await?;
        let mut after = CompanyId::from_bytes([0; 16]);
        loop {
            let chunk = company::chunk(&mut tx, after, CHUNK).await?;
            let Some(last) = chunk.last() else { break };
            after = last.company.id;
            chunk.into_iter().for_each(|row| apply(FeedItem::Company(row.company)));
        }
        let mut after = IdentityId::from_bytes([0; 16]);
        loop {
            let chunk = identity::chunk(&mut tx, after, CHUNK).await?;
            let Some(last) = chunk.last() else { break };
            after = last.id;
            chunk.into_iter().map(FeedItem::Identity).for_each(&mut *apply);
        }
        let mut after = KeyId::from_bytes([0; 16]);
        loop {
            let chunk = key::chunk(&mut tx, after, CHUNK).await?;
            let Some(last) = chunk.last() else { break };
            after = last.key.id;
            let kept = chunk.into_iter().filter(|row| row.key.status != KeyStatus::Deleted);
            kept.map(FeedItem::key).for_each(&mut *apply);
        }
        tx.commit().await?;
        Ok(revision)
    }

    /// What changed behind `after`: the present state of what at most `limit` (1 to `BATCH_MAX`) change-log rows name.
    /// Nothing new is an empty batch. `FeedAhead` when the log ends before `after`.
    pub async fn since(&self, after: Revision, limit: usize) -> Result<Batch, StoreError> {
        let limit = limit.clamp(1, BATCH_MAX);
        let mut tx = self.readers.begin().await?;
        let statement = "SELECT revision, kind, id FROM change_log WHERE revision > $1 ORDER BY revision LIMIT $2";
        let query = sqlx::query(statement).bind(column::integer(after.0)).bind(column::integer(limit as u64 + 1));
        let rows = query.fetch_all(&mut *tx).await?;
        if rows.is_empty() {
            let head = head(&mut tx).await?;
            if head < after {
                return Err(StoreError::FeedAhead { after, head });
            }
        }
        let mut batch = Batch { revision: after, items: Vec::new(), more: rows.len() > limit };
        let mut seen = HashSet::with_capacity(limit.min(rows.len()));
        for row in rows.iter().take(limit) {
            batch.revision = Revision(column::count(row, 0)?);
            let id = column::bytes(row, 2)?;
            let subject = column::word(row, 1, |kind| Subject::from_row(kind, id))?;
            if seen.insert(subject)
                && let Some(item) = present(&mut tx, subject).await?
            {
                batch.items.push(item);
            }
        }
        tx.commit().await?;
        Ok(batch)
    }

    /// The newest durable revision, as a hint from this process.
    #[must_use]
    pub fn committed(&self) -> watch::Receiver<Revision> {
        self.committed.clone()
    }
}

/// The last revision of the log.
pub(crate) async fn head(connection: &mut SqliteConnection) -> Result<Revision, StoreError> {
    let row = sqlx::query("SELECT COALESCE(MAX(revision), 0) FROM change_log").fetch_one(connection).await?;
    column::count(&row, 0).map(Revision)
}

/// What a subject is now; `None` for what gateways do not follow.
async fn present(connection: &mut SqliteConnection, subject: Subject) -> Result<Option<FeedItem>, StoreError> {
    Ok(match subject {
        Subject::Key(id) => Some(key::find(connection, None, id).await?.map_or(FeedItem::KeyGone(id), FeedItem::key)),
        Subject::Company(id) => Some(match company::find(connection, None, id).await? {
            Some(row) => FeedItem::Company(row.company),
            None => FeedItem::CompanyGone(id),
        }),
        Subject::Identity(id) => {
            Some(identity::find(connection, None, id).await?.map_or(FeedItem::IdentityGone(id), FeedItem::Identity))
        }
        Subject::Account(_)
        | Subject::OperatorToken(_)
        | Subject::Person(_)
        | Subject::Session(_)
        | Subject::Member(_)
        | Subject::Invitation(_) => None,
    })
}
