//! Commits: how a change becomes durable. The one commit function (invariant 6).
//!
//! Owns:  the writer connection; the rule that rows, change-log rows and audit entry are one transaction; grouping.
//! Never: knows what a change does; each `Change` says so and hands back an `Effect`.
//! Read:  `Change`, `Effect`, then `commit`, then `Writer::run`.
//!
//! All changes go through one task that owns the only writing connection. A change that waits while another is being
//! flushed shares the next transaction with whatever else waits: each runs in a savepoint of its own, so that one which is
//! refused leaves nothing, and all are answered after the one flush. A caller who goes away does not stop a queued change.

use crate::{
    audit::{self, Draft},
    column,
    error::StoreError,
    folder::Lock,
    options::Options,
    stamp::{Committed, Revision, Stamp, Subject},
};
use sqlx::{Acquire, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{future::Future, pin::Pin};
use tokio::sync::{mpsc, oneshot, watch};

/// What a change did to the rows, and what is therefore written beside them.
pub(crate) struct Effect<T> {
    value: T,
    record: Option<(Draft, Vec<Subject>)>,
}

impl<T> Effect<T> {
    /// Rows changed: `subjects` go into the change log, and with `draft` into the audit chain.
    pub(crate) fn changed(value: T, draft: Draft, subjects: Vec<Subject>) -> Self {
        Self { value, record: Some((draft, subjects)) }
    }

    /// The same, which also did something to `subjects`, and has these particulars besides.
    pub(crate) fn with(mut self, subjects: Vec<Subject>, details: serde_json::Map<String, serde_json::Value>) -> Self {
        if let Some((draft, all)) = &mut self.record {
            draft.details.extend(details);
            all.extend(subjects);
        }
        self
    }

    /// The same with another value.
    pub(crate) fn map<U>(self, to: impl FnOnce(T) -> U) -> Effect<U> {
        Effect { value: to(self.value), record: self.record }
    }

    /// Everything was so already: nothing is written.
    pub(crate) fn unchanged(value: T) -> Self {
        Self { value, record: None }
    }
}

/// One change. It may read and write rows; the change log and the audit chain are written for it.
pub(crate) trait Change: Send + 'static {
    /// What the caller gets back.
    type Value: Send + 'static;

    /// Changes rows. An error leaves nothing of it.
    fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        options: &Options,
    ) -> impl Future<Output = Result<Effect<Self::Value>, StoreError>> + Send;
}

/// The ends of the change log and of the audit chain.
#[derive(Clone, Copy)]
pub(crate) struct Heads {
    pub(crate) revision: u64,
    pub(crate) sequence: u64,
    pub(crate) hash: [u8; 32],
}

impl Heads {
    pub(crate) async fn load(connection: &mut SqliteConnection) -> Result<Self, StoreError> {
        let statement = "SELECT (SELECT COALESCE(MAX(revision), 0) FROM change_log), COALESCE(MAX(sequence), 0), \
                         COALESCE((SELECT hash FROM audit ORDER BY sequence DESC LIMIT 1), zeroblob(32)) FROM audit";
        let row = sqlx::query(statement).fetch_one(connection).await?;
        let (revision, sequence, hash) = (column::count(&row, 0)?, column::count(&row, 1)?, column::bytes(&row, 2)?);
        Ok(Self { revision, sequence, hash })
    }
}

/// A queued change, whatever its type.
trait Job: Send {
    fn run<'a>(&'a mut self, tx: &'a mut SqliteConnection, heads: &'a mut Heads, options: &'a Options) -> Running<'a>;
    fn answer(self: Box<Self>, outcome: &Result<Revision, StoreError>);
}

/// Whether the change is to be kept.
type Running<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

struct Pending<C: Change> {
    change: Option<C>,
    stamp: Stamp,
    result: Result<Committed<C::Value>, StoreError>,
    reply: oneshot::Sender<Result<Committed<C::Value>, StoreError>>,
}

impl<C: Change> Job for Pending<C> {
    fn run<'a>(&'a mut self, tx: &'a mut SqliteConnection, heads: &'a mut Heads, options: &'a Options) -> Running<'a> {
        Box::pin(async move {
            let Some(change) = self.change.take() else { return false };
            self.result = record(change, tx, &self.stamp, heads, options).await;
            self.result.is_ok()
        })
    }

    fn answer(self: Box<Self>, outcome: &Result<Revision, StoreError>) {
        let result = match (self.result, outcome) {
            (Ok(_), Err(error)) => Err(error.clone()),
            (result, _) => result,
        };
        // The caller may have gone away; the change is durable all the same.
        let _ = self.reply.send(result);
    }
}

/// Applies one change and writes its change-log rows and its audit entry beside it.
async fn record<C: Change>(
    change: C,
    tx: &mut SqliteConnection,
    stamp: &Stamp,
    heads: &mut Heads,
    options: &Options,
) -> Result<Committed<C::Value>, StoreError> {
    let effect = change.apply(tx, stamp, options).await?;
    if let Some((draft, subjects)) = effect.record {
        for subject in &subjects {
            heads.revision += 1;
            let (kind, id) = subject.row();
            sqlx::query("INSERT INTO change_log (revision, kind, id) VALUES ($1, $2, $3)")
                .bind(column::integer(heads.revision))
                .bind(kind)
                .bind(id.to_vec())
                .execute(&mut *tx)
                .await?;
        }
        audit::append(tx, heads, stamp, draft, &subjects).await?;
    }
    Ok(Committed { revision: Revision(heads.revision), value: effect.value })
}

/// Makes the waiting changes durable in one transaction. An error means that none of them is acknowledged.
async fn commit(
    connection: &mut SqliteConnection,
    group: &mut [Box<dyn Job>],
    options: &Options,
) -> Result<Revision, StoreError> {
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut heads = Heads::load(&mut tx).await?;
    for job in group {
        let before = heads;
        let mut savepoint = tx.begin().await?;
        if job.run(&mut savepoint, &mut heads, options).await {
            savepoint.commit().await?;
        } else {
            savepoint.rollback().await?;
            heads = before;
        }
    }
    tx.commit().await?;
    Ok(Revision(heads.revision))
}

enum Message {
    Change(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

/// The way to the one task that writes. Cheap to clone; the task ends when the last clone is gone, or on `close`.
#[derive(Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
}

impl Writer {
    /// Starts the task. It holds the folder's lock for as long as it has the connection.
    pub(crate) fn start(
        connection: SqliteConnection,
        connect: SqliteConnectOptions,
        options: Options,
        committed: watch::Sender<Revision>,
        lock: Lock,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(options.queue_max.max(1));
        let task = Task { connection: Some(connection), connect, options, committed, lock };
        tokio::spawn(task.run(waiting));
        Self { queue }
    }

    /// Makes one change durable, or says why it is not. This is the only way to change a row.
    pub(crate) async fn commit<C: Change>(&self, stamp: Stamp, change: C) -> Result<Committed<C::Value>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Pending { change: Some(change), stamp, result: Err(StoreError::Closed), reply });
        self.queue.send(Message::Change(job)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Lets what is queued finish, closes the connection and frees the folder.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
    }
}

struct Task {
    /// `None` after a failure that leaves its state in doubt, until the next change opens another.
    connection: Option<SqliteConnection>,
    connect: SqliteConnectOptions,
    options: Options,
    committed: watch::Sender<Revision>,
    lock: Lock,
}

impl Task {
    async fn run(mut self, mut waiting: mpsc::Receiver<Message>) {
        let mut closing = Vec::new();
        let mut messages = Vec::new();
        let mut group: Vec<Box<dyn Job>> = Vec::new();
        // 0 means that the queue is closed and empty.
        while waiting.recv_many(&mut messages, self.options.group_max.max(1)).await > 0 {
            for message in messages.drain(..) {
                match message {
                    Message::Change(job) => group.push(job),
                    Message::Close(done) => {
                        waiting.close();
                        closing.push(done);
                    }
                }
            }
            let outcome = self.commit(&mut group).await;
            for job in group.drain(..) {
                job.answer(&outcome);
            }
        }
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the database was not closed cleanly; the next start repairs that");
        }
        drop(self.lock);
        for done in closing {
            let _ = done.send(());
        }
    }

    async fn commit(&mut self, group: &mut [Box<dyn Job>]) -> Result<Revision, StoreError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => SqliteConnection::connect_with(&self.connect).await?,
        };
        let outcome = commit(&mut connection, group, &self.options).await;
        match &outcome {
            Ok(revision) => {
                // Only a hint, and only after the flush: followers read what is durable, never what may yet be lost.
                self.committed.send_if_modified(|seen| std::mem::replace(seen, *revision) != *revision);
                self.connection = Some(connection);
            }
            // What state the connection is in is not known: it is closed, which rolls back, and another one is opened.
            Err(error) => {
                tracing::error!(%error, changes = group.len(), "a commit failed; none of its changes was acknowledged")
            }
        }
        outcome
    }
}
