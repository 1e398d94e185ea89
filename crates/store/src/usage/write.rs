//! Write: the statements that put a tally into the usage file, in one transaction.
//!
//! Owns:  every statement that adds to the file.
//! Never: reads for anybody; takes a time of its own.
//! Read:  `write`.

use super::{
    counts::{Counters, DAY, HOUR, MINUTE},
    seen::SecretTag,
    tally::{Kept, Last, Tally},
};
use crate::{column, error::StoreError};
use model::{AccountId, KeyId, Timestamp};
use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection};

/// Rows of one statement: 18 values each, far below SQLite's bound of 32,766. A statement is two switches of threads, which
/// is more than its rows cost.
const ROWS_AT_ONCE: usize = 128;
/// Microseconds of each granularity.
pub(crate) const GRANULARITIES: [(&str, i64); 3] = [("minute", MINUTE), ("hour", HOUR), ("day", DAY)];

/// All of the tally or nothing of it; `hours`: what was counted since hours and days were last written, if that is due.
pub(crate) async fn write(
    connection: &mut SqliteConnection,
    tally: &Tally,
    hours: Option<&Counters>,
) -> Result<(), StoreError> {
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    let rows: Vec<&Kept> = tally.rows().collect();
    for some in rows.chunks(ROWS_AT_ONCE) {
        insert(&mut tx, some).await?;
    }
    add(&mut tx, "minute", &tally.counters).await?;
    if let Some(hours) = hours {
        let mut days = Counters::default();
        days.gather(hours, DAY);
        add(&mut tx, "hour", hours).await?;
        add(&mut tx, "day", &days).await?;
    }
    let mut last: Vec<_> = tally.last.iter().collect();
    last.sort_unstable_by_key(|(which, _)| **which);
    for some in last.chunks(ROWS_AT_ONCE) {
        note(&mut tx, some).await?;
    }
    if let Some(first) = tally.first() {
        keep_since(&mut tx, first).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn insert(connection: &mut SqliteConnection, rows: &[&Kept]) -> Result<(), StoreError> {
    // A request that is told of twice is kept once.
    let mut sql = QueryBuilder::<Sqlite>::new(
        "INSERT OR IGNORE INTO requests (request_id, at, account_id, key_id, secret, environment, method, operation, \
         status, outcome, reason, limit_name, company_id, address, user_agent, origin, micros) ",
    );
    sql.push_values(rows, |mut row, kept| {
        let caller = kept.caller;
        row.push_bind(kept.request.to_bytes().to_vec())
            .push_bind(kept.at.as_micros())
            .push_bind(caller.map(|(account, ..)| account.to_bytes().to_vec()))
            .push_bind(caller.map(|(_, key, ..)| key.to_bytes().to_vec()))
            .push_bind(caller.map(|(_, _, secret, _)| secret.0))
            .push_bind(caller.map(|(.., environment)| environment.as_str()))
            .push_bind(kept.method.clone())
            .push_bind(kept.operation.clone())
            .push_bind(i64::from(kept.status))
            .push_bind(kept.outcome.as_str())
            .push_bind(kept.reason.clone())
            .push_bind(kept.limit.clone())
            .push_bind(kept.company.map(|company| company.to_bytes().to_vec()))
            .push_bind(kept.address.clone())
            .push_bind(kept.agent.clone())
            .push_bind(kept.origin.clone())
            .push_bind(i64::from(kept.micros));
    });
    // Only whole chunks have a text that comes again.
    sql.build().persistent(rows.len() == ROWS_AT_ONCE).execute(connection).await?;
    Ok(())
}

async fn add(
    connection: &mut SqliteConnection,
    granularity: &'static str,
    counters: &Counters,
) -> Result<(), StoreError> {
    for some in counters.all().chunks(ROWS_AT_ONCE) {
        let mut sql = QueryBuilder::<Sqlite>::new(
            "INSERT INTO counts (account_id, key_id, granularity, start, operation, environment, outcome, count) ",
        );
        sql.push_values(some, |mut row, (of, operation, outcome, count)| {
            row.push_bind(of.account.to_bytes().to_vec())
                .push_bind(of.key.to_bytes().to_vec())
                .push_bind(granularity)
                .push_bind(of.start)
                .push_bind((*operation).to_owned())
                .push_bind(of.environment.as_str())
                .push_bind(outcome.as_str())
                .push_bind(column::integer(*count));
        });
        sql.push(" ON CONFLICT DO UPDATE SET count = count + excluded.count");
        sql.build().persistent(some.len() == ROWS_AT_ONCE).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn note(
    connection: &mut SqliteConnection,
    rows: &[(&(AccountId, KeyId, SecretTag), &Last)],
) -> Result<(), StoreError> {
    let mut sql = QueryBuilder::<Sqlite>::new(
        "INSERT INTO last_used (account_id, key_id, secret, environment, at, address, operation) ",
    );
    sql.push_values(rows, |mut row, ((account, key, secret), last)| {
        row.push_bind(account.to_bytes().to_vec())
            .push_bind(key.to_bytes().to_vec())
            .push_bind(secret.0)
            .push_bind(last.environment.as_str())
            .push_bind(last.at.as_micros())
            .push_bind(last.address.to_string())
            .push_bind(last.operation.as_deref().map(str::to_owned));
    });
    // Cores hand over at different moments, so what comes later may be older.
    sql.push(
        " ON CONFLICT DO UPDATE SET environment = excluded.environment, at = excluded.at, \
         address = excluded.address, operation = excluded.operation WHERE excluded.at >= at",
    );
    sql.build().persistent(rows.len() == ROWS_AT_ONCE).execute(connection).await?;
    Ok(())
}

/// Makes hours and days whole again after a crash that lost what minutes already say of them: minutes are written every
/// second, hours and days less often. What lies further back than a day was whole before.
pub(crate) async fn catch_up(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    for ((finer, length), (coarser, micros)) in GRANULARITIES.into_iter().zip(GRANULARITIES.into_iter().skip(1)) {
        sqlx::query(
            "INSERT INTO counts (account_id, key_id, granularity, start, operation, environment, outcome, count) \
             SELECT account_id, key_id, $1, start - start % $2 AS span, operation, environment, outcome, SUM(count) \
             FROM counts WHERE granularity = $3 AND start >= (SELECT MAX(start) - $4 - (MAX(start) - $4) % $2 FROM counts \
             WHERE granularity = $3) GROUP BY account_id, key_id, span, operation, environment, outcome \
             ON CONFLICT DO UPDATE SET count = max(count, excluded.count)",
        )
        .bind(coarser)
        .bind(micros)
        .bind(finer)
        .bind(length)
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Notes when the file began to keep account, once.
pub(crate) async fn keep_since(connection: &mut SqliteConnection, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query("INSERT OR IGNORE INTO kept_since (one, at) VALUES (1, $1)")
        .bind(at.as_micros())
        .execute(connection)
        .await?;
    Ok(())
}
