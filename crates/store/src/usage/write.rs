//! Write: the statements that put a tally into the usage file, in one transaction.
//!
//! Owns:  every statement that adds to the file.
//! Never: reads for anybody; takes a time of its own.
//! Read:  `write`.

use super::{
    seen::RequestOutcome,
    tally::{CountOf, Kept, Last, Tally},
};
use crate::{column, error::StoreError};
use model::{AccountId, KeyId, Timestamp};
use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection};

/// Rows of one statement: 18 values each, far below SQLite's bound of 32,766.
const ROWS_AT_ONCE: usize = 64;
/// Microseconds of each granularity.
pub(crate) const GRANULARITIES: [(&str, i64); 3] =
    [("minute", 60_000_000), ("hour", 3_600_000_000), ("day", 86_400_000_000)];

/// All of the tally or nothing of it.
pub(crate) async fn write(connection: &mut SqliteConnection, tally: &Tally) -> Result<(), StoreError> {
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    let rows: Vec<&Kept> = tally.rows().collect();
    for some in rows.chunks(ROWS_AT_ONCE) {
        insert(&mut tx, some).await?;
    }
    for (of, operation, outcome, count) in tally.counts() {
        add(&mut tx, of, operation, outcome, count).await?;
    }
    for ((account, key, secret), last) in &tally.last {
        note(&mut tx, *account, *key, secret.0, last).await?;
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
    of: &CountOf,
    operation: &str,
    outcome: RequestOutcome,
    count: u64,
) -> Result<(), StoreError> {
    for (granularity, micros) in GRANULARITIES {
        sqlx::query(
            "INSERT INTO counts (account_id, key_id, granularity, start, operation, environment, outcome, count) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT DO UPDATE SET count = count + excluded.count",
        )
        .bind(of.account.to_bytes().to_vec())
        .bind(of.key.to_bytes().to_vec())
        .bind(granularity)
        .bind(of.minute.div_euclid(micros) * micros)
        .bind(operation)
        .bind(of.environment.as_str())
        .bind(outcome.as_str())
        .bind(column::integer(count))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn note(
    connection: &mut SqliteConnection,
    account: AccountId,
    key: KeyId,
    secret: i64,
    last: &Last,
) -> Result<(), StoreError> {
    // Cores hand over at different moments, so what comes later may be older.
    sqlx::query(
        "INSERT INTO last_used (account_id, key_id, secret, environment, at, address, operation) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO UPDATE SET environment = excluded.environment, \
         at = excluded.at, address = excluded.address, operation = excluded.operation WHERE excluded.at >= at",
    )
    .bind(account.to_bytes().to_vec())
    .bind(key.to_bytes().to_vec())
    .bind(secret)
    .bind(last.environment.as_str())
    .bind(last.at.as_micros())
    .bind(&*last.address)
    .bind(last.operation.as_deref())
    .execute(connection)
    .await?;
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
