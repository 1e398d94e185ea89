//! Peaks: the most that was admitted within any span of a given length, from the counts that are kept anyway.
//!
//! Owns:  the summing statement over sliding spans of `counts`.
//! Never: says how full a limit is: its exact counters are the gateway's. A peak here is never more than the true one.
//! Read:  `PeaksOf`.

use super::{AccountUsage, Granularity, seen::RequestOutcome};
use crate::{column, error::StoreError};
use model::{Environment, KeyId, Timestamp};

/// The most keys and environments that have a peak in one answer.
const PEAKS_MAX: i64 = 2_000;
/// Microseconds of a second.
const MICROS: i64 = 1_000_000;

/// Whose peaks, of what, and when.
#[derive(Clone, Copy, Debug)]
pub struct PeaksOf<'a> {
    /// Of each of these keys; `None`: of all keys of the account together.
    pub keys: Option<&'a [KeyId]>,
    /// Only requests for these operations; `None`: for all.
    pub operations: Option<&'a [&'a str]>,
    /// Only this half of keys.
    pub environment: Option<Environment>,
    /// How long the counts are that are summed.
    pub granularity: Granularity,
    /// How many of them make up a span: 1 or more.
    pub counts: u32,
    /// Spans that end in a count that starts from here on.
    pub since: Timestamp,
    /// And before here.
    pub until: Timestamp,
}

/// The most that was admitted within one span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peak {
    /// By which key; `None`: by the account.
    pub key: Option<KeyId>,
    /// With which half.
    pub environment: Environment,
    /// How many requests.
    pub count: u64,
}

macro_rules! peaks {
    ($whose:literal, $only:literal) => {
        concat!(
            "WITH asked AS (SELECT ",
            $whose,
            " AS whose, environment, start, SUM(count) AS count FROM counts WHERE account_id = $1 AND granularity = $2 \
             AND start >= $3 AND start < $4 AND outcome IN ($5, $6, $7) AND ($8 IS NULL OR environment = $8) \
             AND ($9 IS NULL OR operation IN (SELECT value FROM json_each($9)))",
            $only,
            " GROUP BY whose, environment, start), \
             spans AS (SELECT whose, environment, start, SUM(count) OVER (PARTITION BY whose, environment ORDER BY start \
             RANGE BETWEEN $11 PRECEDING AND CURRENT ROW) AS count FROM asked) \
             SELECT whose, environment, MAX(count) FROM spans WHERE start >= $12 GROUP BY whose, environment \
             ORDER BY 3 DESC, whose, environment LIMIT $13"
        )
    };
}

impl AccountUsage {
    /// The peaks, the highest first; without those who were admitted nothing. What was refused, by a limit or otherwise, spent
    /// nothing and is not counted.
    pub async fn peaks(&self, of: PeaksOf<'_>) -> Result<Vec<Peak>, StoreError> {
        const OF_KEYS: &str = peaks!("key_id", " AND key_id IN (SELECT unhex(value) FROM json_each($10))");
        const OF_ACCOUNT: &str = peaks!("NULL", " AND $10 IS NULL");
        let before = i64::from(of.counts.saturating_sub(1)) * of.granularity.secs();
        let hex = |key: &KeyId| key.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let keys = of.keys.map(|keys| serde_json::Value::from(keys.iter().map(hex).collect::<Vec<_>>()).to_string());
        let operations = of.operations.map(|operations| serde_json::Value::from(operations).to_string());
        let [ok, client, server] =
            [RequestOutcome::Ok, RequestOutcome::ClientError, RequestOutcome::ServerError].map(RequestOutcome::as_str);
        let query = sqlx::query(if keys.is_some() { OF_KEYS } else { OF_ACCOUNT })
            .bind(self.account().to_bytes().to_vec())
            .bind(of.granularity.as_str())
            .bind(of.since.plus_secs(-before).as_micros())
            .bind(of.until.as_micros())
            .bind(ok)
            .bind(client)
            .bind(server)
            .bind(of.environment.map(Environment::as_str))
            .bind(operations)
            .bind(keys)
            .bind(before * MICROS)
            .bind(of.since.as_micros())
            .bind(PEAKS_MAX);
        let rows = query.fetch_all(&mut *self.reader().await?).await?;
        let read = |row| {
            Ok(Peak {
                key: column::id_or_none(row, 0, KeyId::from_bytes)?,
                environment: column::word(row, 1, Environment::parse)?,
                count: column::count(row, 2)?,
            })
        };
        rows.iter().map(read).collect()
    }
}
