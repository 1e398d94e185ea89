//! Steps: moves sent invoices through the exchange's states.
//!
//! Owns:  the worker of each ledger that makes the steps that are due, each with its update row.
//! Never: depends on what it did before: the rows say what is due, so a restart changes nothing.
//! Read:  `Ledger::step_states`.

use super::{
    Ledger, LedgerError,
    engine::{Access, Tx},
    receive::deliver,
    sql::Sql,
    state::{State, Step},
};
use crate::{options::Clock, problem::Fault};
use sqlx::FromRow;
use std::time::Duration;
use tokio::{select, sync::watch, time};

/// Steps of one transaction.
const BATCH_MAX: i64 = 100;
/// The longest rest between two looks, so that a clock that jumps is noticed.
const REST_MAX: Duration = Duration::from_millis(250);
/// The shortest, so that a step of no length is no busy loop.
const REST_MIN: Duration = Duration::from_millis(1);
/// The exchange's identifiers have twelve digits. They must not fit 32 bits, where they would be taken for an id.
const IDENTIFIER_BASE: i64 = 100_000_000_000;

/// An invoice whose step is due.
#[derive(FromRow)]
struct Due {
    id: i64,
    account_id: i64,
    company_id: i64,
    format: String,
    latest_state: Option<State>,
}

impl Ledger {
    /// Makes the steps that are due until `stopping`.
    pub(crate) async fn step_states(self, step: Duration, clock: Clock, mut stopping: watch::Receiver<bool>) {
        let step = i64::try_from(step.as_micros()).unwrap_or(i64::MAX);
        loop {
            let rest = match self.make_steps(clock(), step).await {
                Ok(rest) => rest,
                Err(error) => {
                    tracing::error!(%error, "invoicing: states could not be moved on; trying again");
                    REST_MAX
                }
            };
            select! {
                () = time::sleep(rest) => {}
                () = self.sent.notified() => {}
                _ = stopping.changed() => return,
            }
        }
    }

    /// Makes one batch of steps; says how long to rest.
    async fn make_steps(&self, now: i64, step: i64) -> Result<Duration, LedgerError> {
        // Looking costs no write lock; most looks find nothing.
        if self.next_step().await?.is_some_and(|due| due <= now) {
            let mut change = self.system(Access::Write).await?;
            for due in due(now, &mut change).await? {
                make_step(&due, now, step, &mut change).await?;
            }
            change.commit().await?;
        }
        let due = self.next_step().await?;
        let rest = due.map_or(REST_MAX, |due| Duration::from_micros(due.saturating_sub(now).max(0).unsigned_abs()));
        Ok(rest.clamp(REST_MIN, REST_MAX))
    }

    /// When the next step is due.
    async fn next_step(&self) -> Result<Option<i64>, LedgerError> {
        let next = "SELECT min(next_step_at) FROM send WHERE next_step_at IS NOT NULL";
        self.system(Access::Read).await?.scalar(Sql::new(next)).await
    }
}

/// The invoices of one batch. Their accounts are held first, as every writer of an account holds it: a company may be going
/// with all that it has, or another process may be making the same steps. Accounts that were late for that wait for the next
/// batch.
async fn due(now: i64, on: &mut Tx) -> Result<Vec<Due>, LedgerError> {
    let accounts = Sql::new(
        "SELECT id FROM account WHERE id IN (SELECT account_id FROM send WHERE next_step_at <= $1)
         ORDER BY id FOR NO KEY UPDATE",
    );
    let held = on.lock(accounts.value(now)).await?;
    let mut due = Sql::new("SELECT id, account_id, company_id, format, latest_state FROM send WHERE next_step_at <= ");
    due.bind(now);
    if let Some(held) = held {
        due.push(" AND account_id").among(held);
    }
    due.push(" ORDER BY next_step_at, id LIMIT ").bind(BATCH_MAX);
    on.all(due).await
}

async fn make_step(due: &Due, now: i64, step: i64, on: &mut Tx) -> Result<(), LedgerError> {
    let duplicate = due.latest_state == Some(State::Sent) && is_duplicate(due.id, on).await?;
    let Some(Step { state, last }) = State::after(due.latest_state, &due.format, duplicate) else {
        on.execute(Sql::new("UPDATE send SET next_step_at = NULL WHERE id = $1").value(due.id)).await?;
        return Ok(());
    };
    let errors = (state == State::Rejected).then(|| {
        let fault = Fault::new("00404", "The company has sent a document of this kind and number in this year before.");
        serde_json::json!([fault.hint("Use another number, or do not send it again.")]).to_string()
    });
    let sql = Sql::new(
        "UPDATE send SET version = version + 1, latest_state = $1, last_update = $2, next_step_at = $3,
         identifier = coalesce(identifier, $4), date_sent = coalesce(date_sent, $2) WHERE id = $5",
    );
    let sql = sql.value(state).value(now).value((!last).then(|| now.saturating_add(step)));
    on.execute(sql.value((IDENTIFIER_BASE + due.id).to_string()).value(due.id)).await?;
    let sql = Sql::new(
        "INSERT INTO state_update (account_id, company_id, send_id, created, version, last_update, state, description, errors)
         VALUES ($1, $2, $3, $4, 1, $4, $5, $6, $7)",
    );
    let sql = sql.value(due.account_id).value(due.company_id).value(due.id).value(now);
    on.execute(sql.value(state).value(state.description()).value(errors)).await?;
    if state == State::Delivered {
        deliver(due.id, now, on).await?;
    }
    Ok(())
}

/// Whether a document of this invoice is, by company, kind, number and year, one that was sent before and not rejected.
async fn is_duplicate(send: i64, on: &mut Tx) -> Result<bool, LedgerError> {
    let sql = "SELECT EXISTS (
        SELECT 1 FROM document AS d
        JOIN document AS e ON e.company_id = d.company_id AND e.number = d.number AND e.kind = d.kind
            AND substr(e.date, 1, 4) = substr(d.date, 1, 4) AND e.send_id < d.send_id
        JOIN send AS s ON s.id = e.send_id
        WHERE d.send_id = $1 AND coalesce(s.latest_state, 0) <> $2)";
    on.scalar(Sql::new(sql).value(send).value(State::Rejected)).await
}
