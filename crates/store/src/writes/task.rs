//! Task: the one writer of the records of writes.
//!
//! Owns:  the connection, the grouping: everything that waits while a group is flushed shares the next flush.
//! Never: answers before the flush.
//! Read:  `Task::run`, then `apply`.

use crate::{
    error::StoreError,
    writes::{Done, Found, Hold, Live, NewWrite, Request, WriteId, WritesOptions, row},
};
use model::Timestamp;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// What an owner says of its record.
pub(crate) enum Change {
    /// It is the caller's from now on.
    Take { from: [u8; 16], lease_until: Timestamp },
    /// It still runs.
    Renew { lease_until: Timestamp },
    /// It was carried out.
    Done(Done),
    /// Nobody knows.
    Unknown { request: Option<Request>, expires_at: Option<Timestamp> },
    /// It was not carried out.
    Release,
}

/// What the task is asked.
pub(crate) enum Message {
    /// Take a write if nobody had it.
    Claim { write: NewWrite, hold: Hold, reply: oneshot::Sender<Result<Found, StoreError>> },
    /// Change a record; without `reply` nobody waits for it.
    Change { id: WriteId, owner: [u8; 16], change: Change, reply: Option<oneshot::Sender<Result<bool, StoreError>>> },
    /// Remove what is over.
    Sweep { now: Timestamp, max: u32, reply: oneshot::Sender<Result<u64, StoreError>> },
    /// End.
    Close(oneshot::Sender<()>),
}

/// An answer that waits for the flush.
enum Answer {
    Found(oneshot::Sender<Result<Found, StoreError>>, Found),
    Changed(Option<oneshot::Sender<Result<bool, StoreError>>>, bool),
    Swept(oneshot::Sender<Result<u64, StoreError>>, u64),
}

impl Answer {
    /// What cannot be delivered is dropped: a `Hold` that nobody takes gives its claim up by itself.
    fn deliver(self, failed: Option<&StoreError>) {
        fn say<T>(reply: oneshot::Sender<Result<T, StoreError>>, value: T, failed: Option<&StoreError>) {
            let _nobody_waits = reply.send(failed.map_or(Ok(value), |error| Err(error.clone())));
        }
        match self {
            // Nothing was written: there is nothing to give up.
            Self::Found(reply, Found::Nothing(mut hold)) if failed.is_some() => {
                hold.forget();
                say(reply, Found::Nothing(hold), failed);
            }
            Self::Found(reply, found) => say(reply, found, failed),
            Self::Changed(Some(reply), changed) => say(reply, changed, failed),
            Self::Changed(None, _) => {}
            Self::Swept(reply, count) => say(reply, count, failed),
        }
    }
}

/// The writer.
pub(crate) struct Task {
    /// `None` after a failure that leaves its state in doubt, until the next group opens another.
    connection: Option<SqliteConnection>,
    connect: SqliteConnectOptions,
    options: WritesOptions,
    live: Arc<Live>,
}

impl Task {
    pub(crate) const fn new(
        connection: SqliteConnection,
        connect: SqliteConnectOptions,
        options: WritesOptions,
        live: Arc<Live>,
    ) -> Self {
        Self { connection: Some(connection), connect, options, live }
    }

    pub(crate) async fn run(mut self, mut waiting: mpsc::Receiver<Message>) {
        let mut closing = Vec::new();
        let mut group = Vec::new();
        // 0 means that the queue is closed and empty.
        while waiting.recv_many(&mut group, self.options.group_max.max(1)).await > 0 {
            let mut work = Vec::with_capacity(group.len());
            for message in group.drain(..) {
                match message {
                    Message::Close(done) => {
                        waiting.close();
                        closing.push(done);
                    }
                    message @ (Message::Claim { .. } | Message::Change { .. } | Message::Sweep { .. }) => {
                        work.push(message)
                    }
                }
            }
            if !work.is_empty() {
                self.commit(work).await;
            }
        }
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the records of writes were not closed cleanly; the next start repairs that");
        }
        for done in closing {
            let _nobody_waits = done.send(());
        }
    }

    async fn commit(&mut self, work: Vec<Message>) {
        let count = work.len();
        let mut answers = Vec::with_capacity(count);
        let outcome = self.try_commit(work, &mut answers).await;
        if let Err(error) = &outcome {
            tracing::error!(%error, count, "records of writes could not be kept; none of them was acknowledged");
        }
        for answer in answers {
            answer.deliver(outcome.as_ref().err());
        }
    }

    async fn try_commit(&mut self, work: Vec<Message>, answers: &mut Vec<Answer>) -> Result<(), StoreError> {
        let opened = match self.connection.take() {
            Some(connection) => Ok(connection),
            None => SqliteConnection::connect_with(&self.connect).await.map_err(StoreError::from),
        };
        let mut connection = match opened {
            Ok(connection) => connection,
            Err(error) => {
                answers.extend(work.into_iter().filter_map(unapplied));
                return Err(error);
            }
        };
        // After a failure its state is not known: it is closed, which rolls back, and another one is opened.
        grouped(&mut connection, work, (self.options.records_max, &self.live), answers).await?;
        self.connection = Some(connection);
        Ok(())
    }
}

/// All of the group in one transaction. Every message becomes an answer, whatever happens.
async fn grouped(
    connection: &mut SqliteConnection,
    work: Vec<Message>,
    bounds: (u64, &Live),
    answers: &mut Vec<Answer>,
) -> Result<(), StoreError> {
    let mut work = work.into_iter();
    let outcome = async {
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
        for message in work.by_ref() {
            apply(&mut tx, message, bounds, answers).await?;
        }
        tx.commit().await?;
        Ok(())
    };
    let outcome = outcome.await;
    answers.extend(work.filter_map(unapplied));
    outcome
}

/// One message inside the transaction.
async fn apply(
    tx: &mut SqliteConnection,
    message: Message,
    (records_max, live): (u64, &Live),
    answers: &mut Vec<Answer>,
) -> Result<(), StoreError> {
    match message {
        Message::Claim { write, mut hold, reply } => {
            let claimed = row::claim(tx, &write, hold.owner(), records_max, live).await;
            let (found, outcome) = match claimed {
                Ok(row::Claimed::Nothing) => (Found::Nothing(hold), Ok(())),
                other => {
                    hold.forget();
                    match other {
                        Ok(row::Claimed::Earlier(earlier)) => (Found::Earlier(earlier), Ok(())),
                        Ok(row::Claimed::Full | row::Claimed::Nothing) => (Found::Full, Ok(())),
                        // What was found is not told: the answer is the error.
                        Err(error) => (Found::Full, Err(error)),
                    }
                }
            };
            answers.push(Answer::Found(reply, found));
            outcome
        }
        Message::Change { id, owner, change, reply } => {
            let changed = row::change(tx, id, owner, change).await;
            answers.push(Answer::Changed(reply, *changed.as_ref().unwrap_or(&false)));
            changed.map(|_| ())
        }
        Message::Sweep { now, max, reply } => {
            let swept = row::sweep(tx, now, max).await;
            answers.push(Answer::Swept(reply, *swept.as_ref().unwrap_or(&0)));
            swept.map(|_| ())
        }
        // Taken out before.
        Message::Close(_) => Ok(()),
    }
}

/// The answer to a message that the group did not come to; it will be an error.
fn unapplied(message: Message) -> Option<Answer> {
    match message {
        Message::Claim { mut hold, reply, .. } => {
            hold.forget();
            Some(Answer::Found(reply, Found::Full))
        }
        Message::Change { reply, .. } => Some(Answer::Changed(reply, false)),
        Message::Sweep { reply, .. } => Some(Answer::Swept(reply, 0)),
        Message::Close(_) => None,
    }
}
