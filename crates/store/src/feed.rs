//! Feed.
use crate::{Revision, StoreError};
use model::{Company, CompanyId, Credential, Key, KeyId};
use tokio::sync::watch;

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

/// Follows the change log.
#[derive(Clone, Debug)]
pub struct Feed {
    pub(crate) committed: watch::Receiver<Revision>,
}

impl Feed {
    /// Hands every key and company to `apply`, as one consistent state, and returns its revision.
    pub async fn all(&self, apply: &mut (dyn FnMut(FeedItem) + Send)) -> Result<Revision, StoreError> {
        let _ = apply;
        Err(StoreError::Closed)
    }

    /// What changed behind `after`: at most `limit` change-log rows of it.
    pub async fn since(&self, after: Revision, limit: usize) -> Result<Batch, StoreError> {
        let _ = (after, limit);
        Err(StoreError::Closed)
    }

    /// The newest durable revision, as a hint from this process.
    #[must_use]
    pub fn committed(&self) -> watch::Receiver<Revision> {
        self.committed.clone()
    }
}
