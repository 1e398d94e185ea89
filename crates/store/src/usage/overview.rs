//! An account's usage at a glance: sums over all of its keys.
//!
//! Owns:  the summing statements on `counts` and `requests`.
//! Never: sums another account's.
//! Read:  `Overview`.

use super::{AccountUsage, Granularity, seen::RequestOutcome};
use crate::{column, error::StoreError};
use model::{AccountId, Entropy, Environment, KeyId, RequestId, Timestamp};
use sqlx::SqliteConnection;

/// The most spans with an outcome that are summed.
const SPANS_MAX: i64 = 11_000;
/// The most keys that are named.
const TOP_KEYS: i64 = 10;
/// The most reasons, and the most limits, that are named.
const TOP_REASONS: i64 = 20;

/// Which time, and which halves of keys.
#[derive(Clone, Copy, Debug)]
pub struct OverviewOf {
    /// How finely.
    pub granularity: Granularity,
    /// Spans that start from here on.
    pub since: Timestamp,
    /// And before here.
    pub until: Timestamp,
    /// Only this half.
    pub environment: Option<Environment>,
}

/// An account at a glance.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// Requests by span and outcome, oldest first.
    pub spans: Vec<(Timestamp, RequestOutcome, u64)>,
    /// The keys most used, and how often.
    pub keys: Vec<(KeyId, u64)>,
    /// Why requests were refused, and how often, as far as the request log goes back.
    pub reasons: Vec<(String, u64)>,
    /// Which limits of which keys had no room, and how often.
    pub limits: Vec<(KeyId, String, u64)>,
}

impl AccountUsage {
    /// What was asked with all keys of the account.
    pub async fn overview(&self, of: OverviewOf) -> Result<Overview, StoreError> {
        let connection = &mut *self.reader().await?;
        Ok(Overview {
            spans: spans(connection, self.account(), of).await?,
            keys: keys(connection, self.account(), of).await?,
            reasons: reasons(connection, self.account(), of).await?,
            limits: limits(connection, self.account(), of).await?,
        })
    }
}

macro_rules! counted {
    ($select:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $select,
            ", SUM(count) FROM counts WHERE account_id = $1 AND granularity = $2 AND start >= $3 AND start < $4 \
             AND ($5 IS NULL OR environment = $5) ",
            $rest,
            " LIMIT $6"
        )
    };
}

async fn counted(
    connection: &mut SqliteConnection,
    statement: &'static str,
    (account, of): (AccountId, OverviewOf),
    limit: i64,
) -> Result<Vec<sqlx::sqlite::SqliteRow>, StoreError> {
    let query = sqlx::query(statement)
        .bind(account.to_bytes().to_vec())
        .bind(of.granularity.as_str())
        .bind(of.since.as_micros())
        .bind(of.until.as_micros())
        .bind(of.environment.map(Environment::as_str))
        .bind(limit);
    Ok(query.fetch_all(connection).await?)
}

async fn spans(
    connection: &mut SqliteConnection,
    account: AccountId,
    of: OverviewOf,
) -> Result<Vec<(Timestamp, RequestOutcome, u64)>, StoreError> {
    const SPANS: &str = counted!("start, outcome", "GROUP BY start, outcome ORDER BY start, outcome");
    let rows = counted(connection, SPANS, (account, of), SPANS_MAX).await?;
    let read = |row| Ok((column::time(row, 0)?, column::word(row, 1, RequestOutcome::parse)?, column::count(row, 2)?));
    rows.iter().map(read).collect()
}

async fn keys(
    connection: &mut SqliteConnection,
    account: AccountId,
    of: OverviewOf,
) -> Result<Vec<(KeyId, u64)>, StoreError> {
    const KEYS: &str = counted!("key_id", "GROUP BY key_id ORDER BY 2 DESC, key_id");
    let rows = counted(connection, KEYS, (account, of), TOP_KEYS).await?;
    rows.iter().map(|row| Ok((column::id(row, 0, KeyId::from_bytes)?, column::count(row, 1)?))).collect()
}

macro_rules! logged {
    ($select:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $select,
            ", COUNT(*) FROM requests WHERE account_id = $1 AND request_id >= $2 AND request_id < $3 \
             AND ($4 IS NULL OR environment = $4) ",
            $rest,
            " LIMIT $5"
        )
    };
}

/// Ids of requests begin with their time.
async fn logged(
    connection: &mut SqliteConnection,
    statement: &'static str,
    (account, of): (AccountId, OverviewOf),
) -> Result<Vec<sqlx::sqlite::SqliteRow>, StoreError> {
    let from = |instant| RequestId::new(instant, Entropy([0; 10])).to_bytes().to_vec();
    let query = sqlx::query(statement)
        .bind(account.to_bytes().to_vec())
        .bind(from(of.since))
        .bind(from(of.until))
        .bind(of.environment.map(Environment::as_str))
        .bind(TOP_REASONS);
    Ok(query.fetch_all(connection).await?)
}

async fn reasons(
    connection: &mut SqliteConnection,
    account: AccountId,
    of: OverviewOf,
) -> Result<Vec<(String, u64)>, StoreError> {
    const REASONS: &str = logged!("reason", "AND reason IS NOT NULL GROUP BY reason ORDER BY 2 DESC, reason");
    let rows = logged(connection, REASONS, (account, of)).await?;
    rows.iter().map(|row| Ok((column::text(row, 0)?, column::count(row, 1)?))).collect()
}

async fn limits(
    connection: &mut SqliteConnection,
    account: AccountId,
    of: OverviewOf,
) -> Result<Vec<(KeyId, String, u64)>, StoreError> {
    const LIMITS: &str = logged!(
        "key_id, limit_name",
        "AND limit_name IS NOT NULL AND key_id IS NOT NULL GROUP BY key_id, limit_name ORDER BY 3 DESC, key_id"
    );
    let rows = logged(connection, LIMITS, (account, of)).await?;
    let read = |row| Ok((column::id(row, 0, KeyId::from_bytes)?, column::text(row, 1)?, column::count(row, 2)?));
    rows.iter().map(read).collect()
}
