//! Event: the log of requests made to this API.
//!
//! Owns:  the rows; the one worker of each ledger that writes them; how long they are kept.
//! Never: a query, a body, a header but the user agent.
//! Read:  `Entry`, then `Ledger::record_events`.

use super::{
    Ledger, LedgerError, Moment, Scoped, Span,
    engine::{Access, Tx},
    equals, like, matches_any,
    scoped::{Rows, Slice, Table},
    sql::Sql,
    within,
};
use crate::options::Clock;
use serde::Serialize;
use sqlx::FromRow;
use tokio::{
    select,
    sync::{mpsc, oneshot, watch},
};

/// Entries that wait to be written; a request waits when there are more.
pub(super) const EVENTS_WAITING_MAX: usize = 1_024;
/// Entries of one transaction.
const BATCH_MAX: usize = 256;
/// How long entries are kept: fifteen days.
const KEPT_MICROS: i64 = 15 * 24 * 3_600 * 1_000_000;
/// How often old entries are removed.
const SWEEP_MICROS: i64 = 3_600 * 1_000_000;
/// Entries that one sweep removes, so that it never holds the writer for long.
const SWEEP_MAX: i64 = 10_000;

/// A request as the API shows it.
#[derive(Debug, Serialize, FromRow)]
pub(crate) struct EventRow {
    pub(crate) id: i64,
    created: Moment,
    version: i64,
    user_id: i64,
    api_key_id: i64,
    company_id: Option<i64>,
    method: String,
    endpoint: String,
    api_version: i64,
    status_code: i64,
    date_time: Moment,
    error: Option<String>,
    resource_id: Option<i64>,
    user_agent: Option<String>,
    success: bool,
    /// Queries and bodies are not kept; the fields are part of the answer's form.
    #[sqlx(skip)]
    query: Option<String>,
    #[sqlx(skip)]
    response_body: Option<String>,
}

/// A request to be written to the log.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) at: i64,
    pub(crate) method: String,
    pub(crate) endpoint: String,
    pub(crate) status: u16,
    /// The code of the problem, if the answer was one.
    pub(crate) error: Option<&'static str>,
    pub(crate) touched: Touched,
    pub(crate) user_agent: Option<String>,
}

/// What a request was about. Handlers put it into the extensions of their answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Touched {
    pub(crate) resource: Option<i64>,
    pub(crate) company: Option<i64>,
}

/// To the worker that writes the log.
pub(super) enum Message {
    Entry {
        account: i64,
        key: String,
        entry: Box<Entry>,
    },
    /// Answered when everything before it is written.
    Flush(oneshot::Sender<()>),
}

/// The worker's end of the queue.
pub(crate) struct Inbox(pub(super) mpsc::Receiver<Message>);

/// Which requests a list is about.
#[derive(Default)]
pub(crate) struct EventFilter<'a> {
    pub(crate) company_id: Option<i64>,
    pub(crate) endpoint: Option<&'a str>,
    pub(crate) method: Option<&'a str>,
    pub(crate) api_version: Option<i64>,
    pub(crate) status_code: Option<i64>,
    pub(crate) success: Option<bool>,
    pub(crate) created: Span,
    pub(crate) date_time: Span,
    pub(crate) user_agent: Option<&'a str>,
    pub(crate) query: Option<&'a str>,
}

const COLUMNS: (&str, &str) = (
    "t.id, t.date_time AS created, CAST(1 AS BIGINT) AS version, t.account_id AS user_id, t.api_key_id, t.company_id,
     t.method, t.endpoint, CAST(1 AS BIGINT) AS api_version, t.status_code, t.date_time, t.error, t.resource_id,
     t.user_agent, t.status_code < 400 AS success",
    "",
);
/// What a list of requests may be ordered by.
pub(crate) const ORDERS: [(&str, &str); 9] = [
    ("id", "t.id"),
    ("created", "t.date_time"),
    ("date_time", "t.date_time"),
    ("company_id", "t.company_id"),
    ("method", "t.method"),
    ("endpoint", "t.endpoint"),
    ("status_code", "t.status_code"),
    ("api_key_id", "t.api_key_id"),
    ("user_agent", "t.user_agent"),
];

impl Scoped {
    /// Hands a finished request to the log.
    pub(crate) async fn record(&self, entry: Entry) {
        let message = Message::Entry { account: self.account, key: self.caller.key.clone(), entry: Box::new(entry) };
        if self.ledger.events.send(message).await.is_err() {
            tracing::warn!("invoicing: a request was not logged because the server is stopping");
        }
    }

    /// Requests, the latest included: what has been answered before is written before it is read.
    pub(crate) async fn events(&self, slice: &Slice, filter: &EventFilter<'_>) -> Result<Rows<EventRow>, LedgerError> {
        self.ledger.flush_events().await;
        let agent = filter.user_agent.map(like);
        self.list(COLUMNS, Table::Event, slice, |sql| {
            equals(sql, "t.company_id", filter.company_id);
            equals(sql, "t.endpoint", filter.endpoint);
            equals(sql, "t.method", filter.method);
            equals(sql, "t.status_code", filter.status_code);
            equals(sql, "(t.status_code < 400)", filter.success);
            // There is one version so far, and no query is kept: these two leave all rows or none.
            equals(sql, "1", filter.api_version);
            equals(sql, "NULL", filter.query);
            within(sql, "t.date_time", filter.created);
            within(sql, "t.date_time", filter.date_time);
            if let Some(like) = &agent {
                matches_any(sql, &["t.user_agent"], like);
            }
        })
        .await
    }

    pub(crate) async fn event(&self, id: i64) -> Result<Option<EventRow>, LedgerError> {
        self.ledger.flush_events().await;
        self.row(COLUMNS, Table::Event, id, &mut self.read().await?).await
    }
}

impl Ledger {
    async fn flush_events(&self) {
        let (done, written) = oneshot::channel();
        if self.events.send(Message::Flush(done)).await.is_ok() {
            // An error means that the worker has stopped; what it had is written.
            let _ = written.await;
        }
    }

    /// Writes the log until `stopping`, then what is left. Entries of requests that are not answered yet may be lost
    /// in a crash; an answered request's entry is on its way to the disk.
    pub(crate) async fn record_events(self, inbox: Inbox, clock: Clock, mut stopping: watch::Receiver<bool>) {
        let Inbox(mut inbox) = inbox;
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let mut swept_at = i64::MIN;
        loop {
            let open = select! {
                biased;
                count = inbox.recv_many(&mut batch, BATCH_MAX) => count > 0,
                _ = stopping.changed() => false,
            };
            if !open {
                inbox.close();
                while inbox.recv_many(&mut batch, BATCH_MAX).await > 0 {
                    self.write_events(&mut batch).await;
                }
                return;
            }
            self.write_events(&mut batch).await;
            let now = clock();
            if now.saturating_sub(swept_at) >= SWEEP_MICROS {
                swept_at = now;
                if let Err(error) = self.sweep_events(now.saturating_sub(KEPT_MICROS)).await {
                    tracing::warn!(%error, "invoicing: old log entries could not be removed");
                }
            }
        }
    }

    async fn write_events(&self, batch: &mut Vec<Message>) {
        let mut flushes = Vec::new();
        let mut entries = Vec::new();
        for message in batch.drain(..) {
            match message {
                Message::Entry { account, key, entry } => entries.push((account, key, entry)),
                Message::Flush(done) => flushes.push(done),
            }
        }
        if !entries.is_empty()
            && let Err(error) = self.insert_events(&entries).await
        {
            tracing::error!(%error, lost = entries.len(), "invoicing: log entries could not be written");
        }
        for done in flushes {
            // Whoever asked may have gone away.
            let _ = done.send(());
        }
    }

    async fn insert_events(&self, entries: &[(i64, String, Box<Entry>)]) -> Result<(), LedgerError> {
        let mut change = self.system(Access::Write).await?;
        for (account, key, entry) in entries {
            let key_id = key_id(*account, key, &mut change).await?;
            // Held, so that it does not go between being looked up and being named.
            let company = Sql::new("SELECT id FROM company WHERE id = $1 FOR KEY SHARE").value(entry.touched.company);
            change.lock(company).await?;
            // The company may be gone by now, perhaps by this very request.
            let sql = Sql::new(
                "INSERT INTO event (account_id, api_key_id, company_id, date_time, method, endpoint, status_code, error,
                 resource_id, user_agent)
                 VALUES ($1, $2, (SELECT id FROM company WHERE id = $3 AND account_id = $1), $4, $5, $6, $7, $8, $9, $10)",
            );
            let sql = sql.value(*account).value(key_id).value(entry.touched.company).value(entry.at);
            let sql = sql.value(&entry.method).value(&entry.endpoint).value(i64::from(entry.status));
            let sql = sql.value(entry.error).value(entry.touched.resource).value(&entry.user_agent);
            change.execute(sql).await?;
        }
        change.commit().await
    }

    async fn sweep_events(&self, before: i64) -> Result<(), LedgerError> {
        let sql = "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE date_time < $1 LIMIT $2)";
        let mut change = self.system(Access::Write).await?;
        change.execute(Sql::new(sql).value(before).value(SWEEP_MAX)).await?;
        change.commit().await
    }
}

/// The row of an account's key, made when it is new.
async fn key_id(account: i64, key: &str, on: &mut Tx) -> Result<i64, LedgerError> {
    let known = Sql::new("SELECT id FROM api_key WHERE account_id = $1 AND name = $2").value(account).value(key);
    if let Some(id) = on.optional_scalar(known).await? {
        return Ok(id);
    }
    // Another process on the same database may have been faster.
    let made = Sql::new(
        "INSERT INTO api_key (account_id, name) VALUES ($1, $2)
         ON CONFLICT (account_id, name) DO UPDATE SET name = excluded.name RETURNING id",
    );
    on.scalar(made.value(account).value(key)).await
}
