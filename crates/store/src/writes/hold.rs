//! Hold: the ownership of one record, for as long as its write runs.
//!
//! Owns:  what becomes of a record whose owner goes away without a word.
//! Never: blocks when it is dropped.
//! Read:  `Hold::sent`, then `drop`.

use crate::{
    error::StoreError,
    writes::{
        Done, Request, WriteId, Writes,
        task::{Change, Message},
    },
};
use model::Timestamp;
use std::fmt;
use tokio::sync::oneshot;

/// A record that is the caller's. Dropped without an outcome it says by itself what is known: before `sent` nothing
/// happened and the record goes; after it, nobody knows.
#[must_use = "a hold that is dropped gives its write up"]
pub struct Hold {
    writes: Writes,
    id: WriteId,
    owner: [u8; 16],
    sent: bool,
    open: bool,
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").field("sent", &self.sent).finish_non_exhaustive()
    }
}

impl Hold {
    pub(crate) fn new(writes: &Writes, id: WriteId) -> Self {
        Self { writes: writes.clone(), id, owner: writes.owner(), sent: false, open: true }
    }

    pub(crate) const fn owner(&self) -> [u8; 16] {
        self.owner
    }

    /// There is no record after all.
    pub(crate) fn forget(&mut self) {
        self.open = false;
    }

    /// Which write.
    #[must_use]
    pub const fn id(&self) -> WriteId {
        self.id
    }

    /// From here on the upstream may have acted.
    pub const fn sent(&mut self) {
        self.sent = true;
    }

    /// The write still runs. Not waited for: the next one comes before the lease ends.
    pub fn renew(&self, lease_until: Timestamp) {
        self.tell(Change::Renew { lease_until });
    }

    /// The write was carried out and answered so. Durable when this returns.
    pub async fn done(mut self, done: Done) -> Result<(), StoreError> {
        self.end(Change::Done(done)).await
    }

    /// Nobody knows whether the write was carried out (D17). Durable when this returns.
    pub async fn unknown(mut self, request: Option<Request>, expires_at: Timestamp) -> Result<(), StoreError> {
        self.end(Change::Unknown { request, expires_at: Some(expires_at) }).await
    }

    /// The write was not carried out: the record goes, and a retry runs (D40).
    pub async fn release(mut self) -> Result<(), StoreError> {
        self.end(Change::Release).await
    }

    async fn end(&mut self, change: Change) -> Result<(), StoreError> {
        // If it fails, `drop` has the last word: what was sent and not recorded is unknown.
        self.change(change).await?;
        self.open = false;
        Ok(())
    }

    /// Whether the record was still the hold's own.
    pub(crate) async fn change(&self, change: Change) -> Result<bool, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.writes.send(Message::Change { id: self.id, owner: self.owner, change, reply: Some(reply) }).await?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    fn tell(&self, change: Change) {
        // With a full queue the record stays as it is; without a live owner it is unknown, which is never wrong.
        let message = Message::Change { id: self.id, owner: self.owner, change, reply: None };
        let _full_or_closed = self.writes.0.queue.try_send(message);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.open {
            self.tell(if self.sent { Change::Unknown { request: None, expires_at: None } } else { Change::Release });
        }
        self.writes.0.live.change(|owners| owners.remove(&self.owner));
    }
}
