//! Sweep: what is older than its time leaves the usage file, and the oldest rows when the file is full.
//!
//! Owns:  every statement that removes from the file, in batches with a bound.
//! Never: removes what the settings keep, unless there is no room.
//! Read:  `turn`.

use super::{UsageOptions, write};
use crate::{column, error::StoreError};
use model::{Entropy, RequestId, Timestamp};
use sqlx::SqliteConnection;

/// Rows that one statement removes, so that what waits for the writer waits for milliseconds.
const ROWS_MAX: i64 = 5_000;
/// Seconds of a day.
const DAY: i64 = 86_400;
/// Hundredths of the file that may be in use before the oldest rows leave early.
const FULL: u64 = 90;

/// Removes one batch of what is too old at `now`; `false` when there was nothing left to remove.
pub(crate) async fn turn(
    connection: &mut SqliteConnection,
    options: &UsageOptions,
    now: Timestamp,
) -> Result<bool, StoreError> {
    write::keep_since(connection, now).await?;
    let before = |days: u32| now.plus_secs(-DAY * i64::from(days));
    let mut removed = requests(connection, before(options.requests_days)).await?;
    if is_full(connection, options.size_max).await? {
        removed += requests(connection, Timestamp::MAX).await?;
    }
    let days = [options.minutes_days, options.hours_days, options.days_days];
    for ((granularity, _), days) in write::GRANULARITIES.into_iter().zip(days) {
        removed += counts(connection, granularity, before(days)).await?;
    }
    removed += sqlx::query("DELETE FROM last_used WHERE at < $1")
        .bind(before(options.days_days).as_micros())
        .execute(connection)
        .await?
        .rows_affected();
    Ok(removed > 0)
}

/// Ids sort by time, so the oldest come first.
async fn requests(connection: &mut SqliteConnection, before: Timestamp) -> Result<u64, StoreError> {
    let end = if before == Timestamp::MAX { [u8::MAX; 16] } else { first_id(before).to_bytes() };
    let done = sqlx::query(
        "DELETE FROM requests WHERE request_id IN \
         (SELECT request_id FROM requests WHERE request_id < $1 ORDER BY request_id LIMIT $2)",
    )
    .bind(end.to_vec())
    .bind(ROWS_MAX)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

async fn counts(
    connection: &mut SqliteConnection,
    granularity: &'static str,
    before: Timestamp,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM counts WHERE (account_id, key_id, granularity, start, operation, environment, outcome) IN \
         (SELECT account_id, key_id, granularity, start, operation, environment, outcome FROM counts \
          WHERE granularity = $1 AND start < $2 LIMIT $3)",
    )
    .bind(granularity)
    .bind(before.as_micros())
    .bind(ROWS_MAX)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Whether so little room is left that the oldest rows have to go.
async fn is_full(connection: &mut SqliteConnection, size_max: u64) -> Result<bool, StoreError> {
    let statement = "SELECT (SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count), \
                     (SELECT page_size FROM pragma_page_size)";
    let row = sqlx::query(statement).fetch_one(connection).await?;
    let used = column::count(&row, 0)?.saturating_sub(column::count(&row, 1)?) * column::count(&row, 2)?;
    Ok(used > size_max / 100 * FULL)
}

/// The lowest id of a request at `instant`, to the millisecond.
pub(crate) fn first_id(instant: Timestamp) -> RequestId {
    // An id holds 48 bits of milliseconds; what lies beyond on either side is beyond every id.
    let instant = instant.clamp(Timestamp::from_micros(0), Timestamp::from_millis((1 << 48) - 1));
    RequestId::new(instant, Entropy([0; 10]))
}
