//! Daily caps: what of a channel's cap was taken on which UTC day (R80, D15, D38).
//!
//! Owns:  every statement on `daily_caps`.
//! Never: writes the change log or the audit chain: a count is no change of what anyone may do.
//! Read:  `TakeDaily`.

use crate::{
    column,
    commit::{Change, Effect},
    error::StoreError,
    options::Options,
    stamp::Stamp,
};
use model::{Environment, KeyId, LimitName};
use sqlx::SqliteConnection;

/// Rows of older days that one block removes on its way.
const OLD_ROWS_MAX: i64 = 64;

/// A block that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyTake {
    /// Whose.
    pub key: KeyId,
    /// Where.
    pub environment: Environment,
    /// Of which channel.
    pub channel: LimitName,
    /// On which UTC day, in days since 1970-01-01.
    pub day: u32,
    /// The channel's cap.
    pub cap: u32,
    /// How many are wanted.
    pub want: u32,
}

/// What there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyBlock {
    /// The day that it counts for: the highest that was ever asked for, so that a clock set back opens no second one.
    pub day: u32,
    /// How many are the asker's now; 0 when the cap is reached.
    pub got: u32,
}

pub(crate) struct TakeDaily(pub(crate) DailyTake);

impl Change for TakeDaily {
    type Value = DailyBlock;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        _stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let Self(DailyTake { key, environment, channel, day, cap, want }) = self;
        let (key, environment) = (key.to_bytes().to_vec(), environment.as_str());
        let row = sqlx::query("SELECT COALESCE(MAX(day), 0) FROM daily_caps").fetch_one(&mut *tx).await?;
        let day = u32::try_from(column::count(&row, 0)?).unwrap_or(u32::MAX).max(day);
        let statement = "SELECT COALESCE(MAX(taken), 0) FROM daily_caps \
                         WHERE key_id = $1 AND environment = $2 AND channel = $3 AND day = $4";
        let taken = sqlx::query(statement)
            .bind(key.clone())
            .bind(environment)
            .bind(channel.as_str())
            .bind(i64::from(day))
            .fetch_one(&mut *tx)
            .await?;
        let left = u64::from(cap).saturating_sub(column::count(&taken, 0)?);
        let got = u32::try_from(left).unwrap_or(u32::MAX).min(want);
        if got > 0 {
            sqlx::query(
                "INSERT INTO daily_caps (key_id, environment, channel, day, taken) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT DO UPDATE SET taken = taken + excluded.taken",
            )
            .bind(key)
            .bind(environment)
            .bind(channel.as_str())
            .bind(i64::from(day))
            .bind(i64::from(got))
            .execute(&mut *tx)
            .await?;
        }
        sqlx::query(
            "DELETE FROM daily_caps WHERE (key_id, environment, channel, day) IN \
             (SELECT key_id, environment, channel, day FROM daily_caps WHERE day < $1 ORDER BY day LIMIT $2)",
        )
        .bind(i64::from(day))
        .bind(OLD_ROWS_MAX)
        .execute(tx)
        .await?;
        Ok(Effect::unchanged(DailyBlock { day, got }))
    }
}
