//! Usage: what was asked with which key, in a file of its own (D25, D44, R14).
//!
//! Owns:  `Usage`, the handle on the file: its intake, its writer, its readers; the bounds of what is kept.
//! Never: decides anything, or makes anybody wait who serves a request.
//! Read:  `Usage`, then `seen` (what is told), `tally` and `writer` (how it is stored), `account` (how it is read).

mod account;
mod counts;
mod file;
mod last_use;
mod overview;
mod peak;
mod request;
mod seen;
mod sweep;
mod tally;
mod write;
mod writer;

pub use account::{AccountUsage, COUNTS_MAX, Counts, Granularity, UsageCount};
pub use file::{UsageHealth, backup_usage, inspect_usage, restore_usage, usage_beside};
pub use last_use::{LastUse, OLD_SECRET_RECENT_DAYS, UNUSED_DAYS, UseFinding, use_findings};
pub use overview::{Overview, OverviewOf};
pub use peak::{Peak, PeaksOf};
pub use request::{RequestFilter, RequestRow};
pub use seen::{RequestOutcome, SEEN_MAX, SecretTag, Seen, SeenCaller, USER_AGENT_MAX};

use crate::{error::StoreError, folder::Folder, options::Options, store::read_only};
use model::{RequestId, Timestamp};
use sqlx::{
    Sqlite,
    pool::PoolConnection,
    sqlite::{SqlitePool, SqlitePoolOptions},
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::sync::{mpsc, oneshot, watch};
use writer::Message;

/// How long a flush waits for the writer.
const FLUSH_MAX: Duration = Duration::from_secs(2);

/// The bounds of the usage file (invariant 10).
#[derive(Clone, Debug)]
pub struct UsageOptions {
    /// Rows of the request log that are kept of one second; what is beyond is counted, not listed.
    pub requests_per_second_max: usize,
    /// Days that rows of the request log are kept.
    pub requests_days: u32,
    /// Days that counts by the minute are kept.
    pub minutes_days: u32,
    /// Days that counts by the hour are kept.
    pub hours_days: u32,
    /// Days that counts by the day, and last uses, are kept.
    pub days_days: u32,
    /// Bytes that the file may grow to; the oldest rows leave before it is reached.
    pub size_max: u64,
    /// Batches that may wait for the writer; further ones are given up and counted.
    pub batches_max: usize,
    /// Read-only connections, each a thread of its own.
    pub readers: u32,
}

impl Default for UsageOptions {
    fn default() -> Self {
        Self {
            requests_per_second_max: 2_000,
            requests_days: 15,
            minutes_days: 2,
            hours_days: 90,
            days_days: 730,
            size_max: 8 << 30,
            batches_max: 256,
            readers: 2,
        }
    }
}

/// What was not recorded, in requests.
#[derive(Debug, Default)]
pub struct Losses {
    /// The writer's queue was full.
    pub(crate) queue: AtomicU64,
    /// More requests in one second than are kept; they are counted all the same.
    pub(crate) crowded: AtomicU64,
    /// The file could not be written.
    pub(crate) failed: AtomicU64,
}

impl Losses {
    /// By cause, as metrics name it: `queue_full`, `rate`, `write_failed`.
    #[must_use]
    pub fn by_cause(&self) -> [(&'static str, u64); 3] {
        let [queue, crowded, failed] = [&self.queue, &self.crowded, &self.failed].map(|count| count.load(Relaxed));
        [("queue_full", queue), ("rate", crowded), ("write_failed", failed)]
    }
}

/// The usage file of one data folder. Cheap to clone.
#[derive(Clone)]
pub struct Usage(Arc<Inner>);

struct Inner {
    open: Result<Open, StoreError>,
    losses: Arc<Losses>,
    recorded: watch::Sender<()>,
}

struct Open {
    queue: mpsc::Sender<Message>,
    readers: SqlitePool,
}

impl fmt::Debug for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Usage").field("open", &self.0.open.is_ok()).finish_non_exhaustive()
    }
}

/// Takes batches of requests. It never waits and never fails: what has no room is given up and counted.
#[derive(Clone)]
pub struct Intake {
    queue: mpsc::Sender<Message>,
    losses: Arc<Losses>,
}

impl Intake {
    /// Hands over a batch that `Seen::write` made, of so many requests.
    pub fn put(&self, batch: Vec<u8>, requests: u64) {
        if self.queue.try_send(Message::Batch(batch)).is_err() {
            self.losses.queue.fetch_add(requests, Relaxed);
        }
    }
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Intake")
    }
}

impl Usage {
    /// Opens the file. One that cannot be opened is said once and then does without: no request depends on it.
    pub(crate) async fn open(folder: &Folder, options: &Options) -> Self {
        let losses = Arc::new(Losses::default());
        let recorded = watch::Sender::new(());
        let open = Self::start(folder, options, &losses, recorded.clone()).await;
        if let Err(error) = &open {
            tracing::warn!(%error, "the usage file cannot be used; requests are served and not recorded");
        }
        Self(Arc::new(Inner { open, losses, recorded }))
    }

    async fn start(
        folder: &Folder,
        options: &Options,
        losses: &Arc<Losses>,
        recorded: watch::Sender<()>,
    ) -> Result<Open, StoreError> {
        let queue = writer::start(folder, options, Arc::clone(losses), recorded).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(options.usage.readers.max(1))
            .acquire_timeout(options.busy_timeout)
            .test_before_acquire(false)
            .connect_with(read_only(&folder.usage(), options))
            .await?;
        Ok(Open { queue, readers })
    }

    fn opened(&self) -> Result<&Open, StoreError> {
        self.0.open.as_ref().map_err(Clone::clone)
    }

    pub(crate) async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        Ok(self.opened()?.readers.acquire().await?)
    }

    /// Where requests are told; `None` when the file cannot be used.
    #[must_use]
    pub fn intake(&self) -> Option<Intake> {
        let open = self.0.open.as_ref().ok()?;
        Some(Intake { queue: open.queue.clone(), losses: Arc::clone(&self.0.losses) })
    }

    /// What was not recorded.
    #[must_use]
    pub fn losses(&self) -> Arc<Losses> {
        Arc::clone(&self.0.losses)
    }

    /// Changes after each commit of requests, which come sooner while somebody has this.
    #[must_use]
    pub fn recorded(&self) -> watch::Receiver<()> {
        self.0.recorded.subscribe()
    }

    /// Waits until everything handed over so far can be read, for at most two seconds.
    pub async fn flush(&self) {
        let Ok(open) = self.opened() else { return };
        let (done, flushed) = oneshot::channel();
        let work = async {
            if open.queue.send(Message::Flush(done)).await.is_ok() {
                let _ended = flushed.await;
            }
        };
        // Whoever asked looks again and says what it finds.
        let _in_time = tokio::time::timeout(FLUSH_MAX, work).await;
    }

    /// Begins to remove what is too old at `now`, beside everything else.
    pub fn sweep(&self, now: Timestamp) {
        if let Ok(open) = self.opened() {
            // A full queue has more urgent work; the next call comes soon.
            let _full = open.queue.try_send(Message::Sweep(now));
        }
    }

    /// Commits what was handed over and closes the file.
    pub(crate) async fn close(&self) {
        let Ok(open) = self.opened() else { return };
        open.readers.close().await;
        let (done, closed) = oneshot::channel();
        if open.queue.send(Message::Close(done)).await.is_ok() {
            let _ended = closed.await;
        }
    }

    /// One request of anybody's, also one without a key: for whoever runs the deployment.
    pub async fn request(&self, id: RequestId) -> Result<RequestRow, StoreError> {
        request::find(&mut *self.reader().await?, None, id).await
    }
}
