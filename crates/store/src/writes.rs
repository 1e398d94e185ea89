//! Writes: the records that keep a write with an `Idempotency-Key` from being carried out twice (D16, D17, D40).
//!
//! Owns:  `Writes` (claim, take over, sweep), what a claim finds, the bounds of it all.
//! Never: knows what a request or an answer is: fingerprints are hashes, answers come sealed.
//! Read:  `Writes::claim`, then `hold` (who owns a record), then `task` (how records share a flush).
//!
//! They have a database file of their own, `writes.db`, because they come with the traffic and go after a day: the main
//! database stays small, and neither waits for the other's flush. There is no audit entry and no change log for them.

mod file;
mod hold;
mod row;
mod task;

pub use file::{WritesHealth, inspect};
pub(crate) use file::{backup, restore};
pub use hold::Hold;
pub use row::{Earlier, Outcome, Request};

use crate::{error::StoreError, folder::Folder};
use model::{AccountId, Timestamp};
use std::{
    collections::HashSet,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use task::{Change, Message, Task};
use tokio::sync::{mpsc, oneshot};

/// The bounds of the records of writes (invariant 10).
#[derive(Clone, Debug)]
pub struct WritesOptions {
    /// How long a statement waits for a lock that another process holds (a back-up tool).
    pub busy_timeout: Duration,
    /// Claims and outcomes that may wait for the writer; further ones wait for room.
    pub queue_max: usize,
    /// Waiting claims and outcomes that share one commit to disk.
    pub group_max: usize,
    /// Bytes that `writes.db` may grow to.
    pub size_max: u64,
    /// Records of one account.
    pub records_max: u64,
    /// Records that one sweep removes.
    pub sweep_max: u32,
}

impl Default for WritesOptions {
    fn default() -> Self {
        Self {
            busy_timeout: Duration::from_secs(5),
            queue_max: 4_096,
            group_max: 256,
            size_max: 64 << 30,
            records_max: 1_000_000,
            sweep_max: 500,
        }
    }
}

/// Which write: the SHA-256 that its owner makes over key, environment, operation and `Idempotency-Key`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct WriteId(pub [u8; 32]);

impl fmt::Debug for WriteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteId")
    }
}

/// A write that somebody wants to carry out.
#[derive(Clone, Copy, Debug)]
pub struct NewWrite {
    /// Which one.
    pub id: WriteId,
    /// Whose.
    pub account: AccountId,
    /// SHA-256 of what is known of the request before its body.
    pub head: [u8; 32],
    /// When.
    pub now: Timestamp,
    /// Until when it is surely running without being heard of again.
    pub lease_until: Timestamp,
    /// When the record may go, unless an outcome says otherwise.
    pub expires_at: Timestamp,
}

/// What a claim found.
#[derive(Debug)]
pub enum Found {
    /// Nothing: the record is durable now, and the caller's.
    Nothing(Hold),
    /// There is a record.
    Earlier(Earlier),
    /// Nothing, but the account has as many records as it may have.
    Full,
}

/// How the record of a write ended.
#[derive(Clone, Debug)]
pub struct Done {
    /// The request; none when its body was never seen whole.
    pub request: Option<Request>,
    /// The status of the answer.
    pub status: u16,
    /// Its headers and body, sealed; none when they were too large to keep.
    pub answer: Option<Vec<u8>>,
    /// When the record may go.
    pub expires_at: Timestamp,
}

/// The records of one data folder. Cheap to clone. Must be opened inside a tokio runtime, which runs the task that writes.
#[derive(Clone)]
pub struct Writes(Arc<Inner>);

struct Inner {
    queue: mpsc::Sender<Message>,
    count: AtomicU64,
    live: Arc<Live>,
    sweep_max: u32,
}

/// The holds of this run. What one of them has still runs, whatever a clock says that was set forward meanwhile.
pub(crate) struct Live {
    boot: [u8; 8],
    owners: Mutex<HashSet<[u8; 16]>>,
}

impl Live {
    fn change<T>(&self, change: impl FnOnce(&mut HashSet<[u8; 16]>) -> T) -> T {
        // A set is whole between any two calls, also when one of them panicked.
        change(&mut self.owners.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether an owner is alive; `None` when it is of another run, where only the lease tells.
    fn is_alive(&self, owner: &[u8; 16]) -> Option<bool> {
        owner.starts_with(&self.boot).then(|| self.change(|owners| owners.contains(owner)))
    }
}

impl fmt::Debug for Writes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writes").finish_non_exhaustive()
    }
}

impl Writes {
    /// Opens the records of a folder whose lock the caller holds. What another run left in flight is unknown from here on.
    pub(crate) async fn open(folder: &Folder, boot: [u8; 8], options: WritesOptions) -> Result<Self, StoreError> {
        let (connection, connect) = file::open(folder, &options).await?;
        let (queue, waiting) = mpsc::channel(options.queue_max.max(1));
        let sweep_max = options.sweep_max.max(1);
        let live = Arc::new(Live { boot, owners: Mutex::default() });
        tokio::spawn(Task::new(connection, connect, options, Arc::clone(&live)).run(waiting));
        Ok(Self(Arc::new(Inner { queue, count: AtomicU64::new(0), live, sweep_max })))
    }

    /// Takes the write for the caller if nobody had it; the record is on disk when this returns. Who stops waiting gives the
    /// claim up, and it is released.
    pub async fn claim(&self, write: NewWrite) -> Result<Found, StoreError> {
        let hold = Hold::new(self, write.id);
        let (reply, answer) = oneshot::channel();
        self.send(Message::Claim { write, hold, reply }).await?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Takes over a record whose outcome is unknown, to find it out. `None` when somebody else did, or it is gone.
    pub async fn take(&self, earlier: &Earlier, lease_until: Timestamp) -> Result<Option<Hold>, StoreError> {
        let mut hold = Hold::new(self, earlier.id);
        // From the first moment: whoever gives it up leaves it as unknown as it was.
        hold.sent();
        let change = Change::Take { from: earlier.owner, lease_until };
        let taken = hold.change(change).await?;
        if !taken {
            hold.forget();
        }
        Ok(taken.then_some(hold))
    }

    /// Removes records whose time is over, at most `sweep_max` of them; returns how many.
    pub async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Sweep { now, max: self.0.sweep_max, reply }).await?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Lets what is queued finish, and closes the file. Other clones then answer `Closed`.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.send(Message::Close(done)).await.is_ok() {
            let _task_is_gone = closed.await;
        }
    }

    async fn send(&self, message: Message) -> Result<(), StoreError> {
        self.0.queue.send(message).await.map_err(|_| StoreError::Closed)
    }

    /// A name that no other hold has, alive from here on.
    fn owner(&self) -> [u8; 16] {
        let count = self.0.count.fetch_add(1, Ordering::Relaxed);
        let mut owner = [0; 16];
        let (boot, rest) = owner.split_at_mut(8);
        boot.copy_from_slice(&self.0.live.boot);
        rest.copy_from_slice(&count.to_be_bytes());
        self.0.live.change(|owners| owners.insert(owner));
        owner
    }
}
