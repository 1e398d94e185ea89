//! Attempts: the brake on guessing, by e-mail address and by network address.
//!
//! Owns:  the statements on `attempts`, and how long a subject waits after how many failures.
//! Never: locks anybody out for good: the wait has a bound, and a day without attempts forgets.
//! Read:  `Brake`, then `TakeAttempt`.

use crate::{
    column,
    commit::{Change, Effect},
    error::StoreError,
    options::Options,
    stamp::Stamp,
};
use model::Timestamp;
use sqlx::SqliteConnection;

/// Seconds without an attempt after which a subject's failures are forgotten.
const FORGOTTEN_AFTER_SECS: i64 = 86_400;
/// Forgotten rows that one attempt removes.
const SWEEP_MAX: i64 = 100;

/// What is braked: a subject (SHA-256 of an address of either kind), and how.
#[derive(Clone, Copy, Debug)]
pub struct Brake {
    /// SHA-256 of what is braked, with what kind of thing it is.
    pub subject: [u8; 32],
    /// Failures that cost nothing.
    pub free: u32,
    /// The longest wait, in seconds. It doubles with every failure up to there.
    pub wait_max_secs: i64,
}

impl Brake {
    /// How long after the last of `failures` the next attempt may come.
    fn wait_secs(&self, failures: u64) -> i64 {
        let beyond = failures.saturating_sub(u64::from(self.free));
        if beyond == 0 {
            return 0;
        }
        let exponent = u32::try_from(beyond - 1).unwrap_or(u32::MAX);
        1_i64.checked_shl(exponent).filter(|secs| *secs > 0).unwrap_or(i64::MAX).min(self.wait_max_secs)
    }
}

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It may, and counts as failed until `Forgive`.
    Taken,
    /// Not before this instant; nothing was counted.
    NotBefore(Timestamp),
}

/// Takes an attempt. It is counted before anything is tried, so that attempts side by side cannot all come first.
pub(crate) struct TakeAttempt(pub(crate) Vec<Brake>);

impl Change for TakeAttempt {
    type Value = Attempt;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let forgotten = stamp.now.plus_secs(-FORGOTTEN_AFTER_SECS);
        sqlx::query("DELETE FROM attempts WHERE subject IN (SELECT subject FROM attempts WHERE last_at < $1 LIMIT $2)")
            .bind(forgotten.as_micros())
            .bind(SWEEP_MAX)
            .execute(&mut *tx)
            .await?;
        let mut counts = Vec::with_capacity(self.0.len());
        let mut not_before = Timestamp::MIN;
        for brake in &self.0 {
            let query = sqlx::query("SELECT failures, last_at FROM attempts WHERE subject = $1");
            let row = query.bind(brake.subject.to_vec()).fetch_optional(&mut *tx).await?;
            let (failures, last_at) = match &row {
                Some(row) => (column::count(row, 0)?, column::time(row, 1)?),
                None => (0, Timestamp::MIN),
            };
            let failures = if last_at < forgotten { 0 } else { failures };
            // A clock that was set back does not lengthen a wait.
            not_before = not_before.max(last_at.min(stamp.now).plus_secs(brake.wait_secs(failures)));
            counts.push((brake.subject, failures + 1));
        }
        if stamp.now < not_before {
            return Ok(Effect::unchanged(Attempt::NotBefore(not_before)));
        }
        for (subject, failures) in counts {
            sqlx::query(
                "INSERT INTO attempts (subject, failures, last_at) VALUES ($1, $2, $3) \
                 ON CONFLICT (subject) DO UPDATE SET failures = $2, last_at = $3",
            )
            .bind(subject.to_vec())
            .bind(column::integer(failures))
            .bind(stamp.now.as_micros())
            .execute(&mut *tx)
            .await?;
        }
        Ok(Effect::unchanged(Attempt::Taken))
    }
}

/// An attempt succeeded: what was counted of `cleared` is forgotten, and of `counted` this one.
pub(crate) struct Forgive {
    pub(crate) cleared: Vec<[u8; 32]>,
    pub(crate) counted: Vec<[u8; 32]>,
}

impl Change for Forgive {
    type Value = ();

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        _stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        for subject in self.cleared {
            sqlx::query("DELETE FROM attempts WHERE subject = $1").bind(subject.to_vec()).execute(&mut *tx).await?;
        }
        for subject in self.counted {
            let statement = "UPDATE attempts SET failures = failures - 1 WHERE subject = $1 AND failures > 0";
            sqlx::query(statement).bind(subject.to_vec()).execute(&mut *tx).await?;
        }
        Ok(Effect::unchanged(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_bound_and_never_beyond() {
        let brake = Brake { subject: [0; 32], free: 5, wait_max_secs: 900 };
        let waits: Vec<_> = [0, 5, 6, 7, 8, 15, 16, 70, 100, u64::MAX].map(|n| brake.wait_secs(n)).to_vec();
        assert_eq!(waits, [0, 0, 1, 2, 4, 512, 900, 900, 900, 900]);
    }
}
