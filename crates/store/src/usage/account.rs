//! One account's usage: the only way to its requests, counts and last uses (invariant 5).
//!
//! Owns:  `AccountUsage`, and the reading statements on `counts` and `last_used`.
//! Never: tells another account's request from one that does not exist.
//! Read:  `AccountUsage`.

use super::{
    LastUse, RequestFilter, RequestRow, Usage, request,
    seen::{RequestOutcome, SecretTag},
};
use crate::{
    column,
    error::StoreError,
    page::{List, Page},
};
use model::{AccountId, Environment, KeyId, RequestId, Timestamp};
use sqlx::Row as _;

/// The most counts that one answer holds.
pub const COUNTS_MAX: u16 = 5_000;

/// How finely requests are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Granularity {
    /// By the minute.
    Minute,
    /// By the hour.
    Hour,
    /// By the day, in UTC.
    Day,
}

impl Granularity {
    /// Every granularity.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// `minute`, `hour` or `day`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// From `as_str`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|granularity| granularity.as_str() == text)
    }

    /// Its length in seconds.
    #[must_use]
    pub const fn secs(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
}

/// How many requests of one kind there were in one span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageCount {
    /// The start of the span.
    pub start: Timestamp,
    /// The operation, if the catalogue had one.
    pub operation: Option<String>,
    /// With which half of the key.
    pub environment: Environment,
    /// How they ended.
    pub outcome: RequestOutcome,
    /// How many.
    pub count: u64,
}

/// Counts of a key.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Newest span first, at most `COUNTS_MAX`.
    pub items: Vec<UsageCount>,
    /// Whether older ones were left out.
    pub more: bool,
}

/// The usage of one account. Another account's ids are `NotFound` here, or have nothing.
#[derive(Clone, Debug)]
pub struct AccountUsage {
    usage: Usage,
    account: AccountId,
}

impl AccountUsage {
    pub(crate) const fn new(usage: Usage, account: AccountId) -> Self {
        Self { usage, account }
    }

    pub(crate) const fn account(&self) -> AccountId {
        self.account
    }

    pub(crate) async fn reader(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Sqlite>, StoreError> {
        self.usage.reader().await
    }

    /// Requests with the account's keys, newest first.
    pub async fn requests(
        &self,
        filter: &RequestFilter,
        page: Page<RequestId>,
    ) -> Result<List<RequestRow, RequestId>, StoreError> {
        request::list(&mut *self.usage.reader().await?, self.account, filter, page).await
    }

    /// One request with one of the account's keys.
    pub async fn request(&self, id: RequestId) -> Result<RequestRow, StoreError> {
        request::find(&mut *self.usage.reader().await?, Some(self.account), id).await
    }

    /// How often a key was used in spans that start within `since` and `until`.
    pub async fn counts(
        &self,
        key: KeyId,
        granularity: Granularity,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Counts, StoreError> {
        let rows = sqlx::query(
            "SELECT start, operation, environment, outcome, count FROM counts WHERE account_id = $1 AND key_id = $2 \
             AND granularity = $3 AND start >= $4 AND start < $5 \
             ORDER BY start DESC, operation, environment, outcome LIMIT $6",
        )
        .bind(self.account.to_bytes().to_vec())
        .bind(key.to_bytes().to_vec())
        .bind(granularity.as_str())
        .bind(since.as_micros())
        .bind(until.as_micros())
        .bind(i64::from(COUNTS_MAX) + 1)
        .fetch_all(&mut *self.usage.reader().await?)
        .await?;
        let read = |row| {
            let operation = column::text(row, 1)?;
            Ok(UsageCount {
                start: column::time(row, 0)?,
                operation: (!operation.is_empty()).then_some(operation),
                environment: column::word(row, 2, Environment::parse)?,
                outcome: column::word(row, 3, RequestOutcome::parse)?,
                count: column::count(row, 4)?,
            })
        };
        let more = rows.len() > usize::from(COUNTS_MAX);
        let items = rows.iter().take(usize::from(COUNTS_MAX)).map(read).collect::<Result<_, StoreError>>()?;
        Ok(Counts { items, more })
    }

    /// The last use of each secret of a key that was ever good for a request.
    pub async fn last_used(&self, key: KeyId) -> Result<Vec<LastUse>, StoreError> {
        let rows = sqlx::query(
            "SELECT secret, environment, at, address, operation FROM last_used \
             WHERE account_id = $1 AND key_id = $2 ORDER BY at DESC",
        )
        .bind(self.account.to_bytes().to_vec())
        .bind(key.to_bytes().to_vec())
        .fetch_all(&mut *self.usage.reader().await?)
        .await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            Ok(LastUse {
                secret: SecretTag(row.try_get(0)?),
                environment: column::word(row, 1, Environment::parse)?,
                at: column::time(row, 2)?,
                address: column::text(row, 3)?,
                operation: row.try_get(4)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Since when usage is kept; what was before is not known. `None`: nothing was kept yet.
    pub async fn kept_since(&self) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query("SELECT MIN(at) FROM kept_since").fetch_one(&mut *self.usage.reader().await?).await?;
        column::time_or_none(&row, 0)
    }
}
