//! The writer of the usage file: a task that gathers batches and commits them once a second, sooner while somebody watches.
//!
//! Owns:  the only writing connection of that file, and what happens when it fails.
//! Never: holds a request up: whoever hands a batch over never waits, and a file that fails costs its rows and nothing else.
//! Read:  `Task::run`.

use super::{
    Losses, UsageOptions,
    counts::{Counters, HOUR},
    file, sweep,
    tally::Tally,
    write,
};
use crate::error::StoreError;
use model::Timestamp;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::MissedTickBehavior,
};

/// How often what was gathered is committed: what a crash may lose (design section 5).
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);
/// The same while somebody watches: who looks on sees a request within a second, and it has a way before and behind it.
const WATCHED_INTERVAL: Duration = Duration::from_millis(250);
/// Intervals of those who watch in one of everybody's.
const WATCHED_IN_ONE: u32 = 4;
/// Commits after which hours and days are written too; a crash before is made good from the minutes.
const COMMITS_OF_HOURS: u32 = 10;
/// Messages that are taken off the queue at once.
const AT_ONCE: usize = 64;
/// Batches that a sweep may remove between two commits.
const SWEEP_TURNS: usize = 4;

/// What the writer is told.
pub(crate) enum Message {
    /// Requests.
    Batch(Vec<u8>),
    /// Commit what was gathered, now.
    Flush(oneshot::Sender<()>),
    /// Remove what is too old at this instant.
    Sweep(Timestamp),
    /// Commit, close the file and end.
    Close(oneshot::Sender<()>),
}

/// Whether hours and days are written with the minutes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hours {
    /// They are about to be read.
    Now,
    /// They may wait for their turn.
    WhenDue,
    /// It is not their turn: this commit is for somebody who watches.
    NotNow,
}

/// The task.
pub(crate) struct Task {
    /// `None` after a failure that leaves its state in doubt, until the next commit opens another.
    pub(crate) connection: Option<SqliteConnection>,
    pub(crate) connect: SqliteConnectOptions,
    pub(crate) options: UsageOptions,
    pub(crate) losses: Arc<Losses>,
    /// Told after each commit of requests.
    pub(crate) recorded: watch::Sender<()>,
    /// What was counted since hours and days were last written.
    pub(crate) hours: Counters,
    /// Commits since then.
    pub(crate) commits: u32,
}

impl Task {
    pub(crate) async fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        let mut tally = Tally::new(self.options.requests_per_second_max);
        debug_assert_eq!(
            WATCHED_INTERVAL * WATCHED_IN_ONE,
            COMMIT_INTERVAL,
            "the short intervals make up the long one"
        );
        let mut tick = tokio::time::interval(WATCHED_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut messages, mut closing) = (Vec::new(), Vec::new());
        let (mut sweeping, mut failing, mut turn) = (None, false, 0);
        loop {
            tokio::select! {
                biased;
                _ = tick.tick() => {
                    turn = (turn + 1) % WATCHED_IN_ONE;
                    if turn != 0 {
                        if self.recorded.receiver_count() > 0 {
                            self.commit(&mut tally, &mut failing, Hours::NotNow).await;
                        }
                        continue;
                    }
                    self.commit(&mut tally, &mut failing, Hours::WhenDue).await;
                    tally.allow(self.options.requests_per_second_max);
                    sweeping = self.sweep(sweeping).await;
                }
                // 0 means that nobody is left who could send.
                count = queue.recv_many(&mut messages, AT_ONCE) => if count == 0 { break },
            }
            for message in messages.drain(..) {
                match message {
                    Message::Batch(batch) => tally.add(&batch),
                    Message::Flush(done) => {
                        self.commit(&mut tally, &mut failing, Hours::Now).await;
                        // Whoever asked may have gone away.
                        let _gone = done.send(());
                    }
                    Message::Sweep(now) => sweeping = Some(now),
                    Message::Close(done) => {
                        queue.close();
                        closing.push(done);
                    }
                }
            }
        }
        self.commit(&mut tally, &mut failing, Hours::Now).await;
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the usage file was not closed cleanly; the next start repairs that");
        }
        for done in closing {
            let _gone = done.send(());
        }
    }

    /// What cannot be stored is given up and counted; the next second begins afresh.
    async fn commit(&mut self, tally: &mut Tally, failing: &mut bool, hours: Hours) {
        self.losses.crowded.fetch_add(tally.given_up(), Relaxed);
        let gathered = tally.take();
        let nothing = gathered.is_empty() && gathered.first().is_none();
        self.commits += u32::from(hours != Hours::NotNow);
        let due = hours == Hours::Now || self.commits >= COMMITS_OF_HOURS || self.hours.is_full();
        if nothing && (self.hours.is_empty() || !due) {
            return;
        }
        self.hours.gather(&gathered.counters, HOUR);
        let stored = self.store(&gathered, due).await;
        if stored.is_ok() && !nothing {
            self.recorded.send_replace(());
        }
        match stored {
            Ok(()) if std::mem::take(failing) => tracing::info!("usage is recorded again"),
            Ok(()) => {}
            Err(error) => {
                let rows = u64::try_from(gathered.rows().count()).unwrap_or(u64::MAX);
                self.losses.failed.fetch_add(rows.max(1), Relaxed);
                // Once, not once a second.
                if !std::mem::replace(failing, true) {
                    tracing::warn!(%error, "usage cannot be recorded; requests are served all the same");
                }
            }
        }
    }

    async fn store(&mut self, gathered: &Tally, due: bool) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        write::write(&mut connection, gathered, due.then_some(&self.hours)).await?;
        if due {
            self.hours = Counters::default();
            self.commits = 0;
        }
        // After an error its state is not known: it is dropped, which rolls back, and another one is opened.
        self.connection = Some(connection);
        Ok(())
    }

    async fn connection(&mut self) -> Result<SqliteConnection, StoreError> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => Ok(SqliteConnection::connect_with(&self.connect).await?),
        }
    }

    /// Goes on removing; returns what is still to be done.
    async fn sweep(&mut self, until: Option<Timestamp>) -> Option<Timestamp> {
        let now = until?;
        for _ in 0..SWEEP_TURNS {
            let mut connection = self.connection().await.ok()?;
            match sweep::turn(&mut connection, &self.options, now).await {
                Ok(more) => {
                    self.connection = Some(connection);
                    if !more {
                        return None;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "old usage could not be removed; it is tried again");
                    return None;
                }
            }
        }
        Some(now)
    }
}

/// Opens the file and starts the task.
pub(crate) async fn start(
    folder: &crate::folder::Folder,
    options: &crate::options::Options,
    losses: Arc<Losses>,
    recorded: watch::Sender<()>,
) -> Result<mpsc::Sender<Message>, StoreError> {
    let mut connection = file::open(folder, options).await?;
    write::catch_up(&mut connection).await?;
    let (sender, queue) = mpsc::channel(options.usage.batches_max.max(1));
    let connect = file::read_write(&folder.usage(), options);
    let options = options.usage.clone();
    let connection = Some(connection);
    let task = Task { connection, connect, options, losses, recorded, hours: Counters::default(), commits: 0 };
    tokio::spawn(task.run(queue));
    Ok(sender)
}
