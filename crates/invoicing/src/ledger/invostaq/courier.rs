//! Courier: the documents of a ledger that are due to be handed over, and what came of it.
//!
//! Owns:  who takes which document and when the next try is; the copy at the receiver; what a callback changes.
//! Never: a document of the test ledger under the name of a live one: the worlds are types (R120).
//! Read:  `Post`, then `Post::due`, then `Post::settle`.

use super::{document::State, participant};
use crate::{
    identifier,
    ledger::{
        Ledger, LedgerError, Ledgers,
        engine::{Access, Tx},
        sql::Sql,
    },
    options::Randomness,
};
use sqlx::FromRow;
use std::{marker::PhantomData, time::Duration};

/// Documents that are taken at once.
const BATCH_MAX: i64 = 16;
/// How long a taken document is left alone. Whoever took it is done by then, or gone.
const LEASE: Duration = Duration::from_secs(60);
/// The first rest before another try; each is twice the one before, up to the longest.
const RETRY_FIRST: Duration = Duration::from_secs(5);
const RETRY_MAX: Duration = Duration::from_secs(3_600);
/// Tries of one document; they take about six hours.
const ATTEMPTS_MAX: i64 = 16;
/// Characters of a reason that are kept.
const REASON_MAX: usize = 300;

/// The world of documents that never leave the deployment.
pub(crate) enum Test {}
/// The world of documents that may.
pub(crate) enum Live {}

/// The post office of one ledger. `W` says of which, and nothing turns one into the other.
pub(crate) struct Post<W> {
    ledger: Ledger,
    world: PhantomData<fn() -> W>,
}

impl<W> Clone for Post<W> {
    fn clone(&self) -> Self {
        Self { ledger: self.ledger.clone(), world: PhantomData }
    }
}

/// A document that was taken to be handed over.
pub(crate) struct Parcel<W> {
    pub(crate) transaction: String,
    pub(crate) sender: String,
    pub(crate) receiver: String,
    pub(crate) ubl: String,
    id: String,
    attempts: i64,
    world: PhantomData<fn() -> W>,
}

#[derive(FromRow)]
struct Due {
    id: String,
    transaction_id: String,
    sender: String,
    receiver: String,
    ubl: String,
    attempts: i64,
}

/// What came of handing a document over.
pub(crate) enum Outcome {
    /// It is with its receiver.
    Delivered,
    /// It was taken; how it ends comes later.
    Accepted,
    /// It will never be taken, for this reason.
    Refused(String),
    /// It was perhaps not taken; another try may help.
    Again(String),
}

impl Ledgers {
    /// The post office of the test ledger.
    pub(crate) fn test_post(&self) -> Post<Test> {
        Post { ledger: self.test.clone(), world: PhantomData }
    }

    /// The post office of the live ledger.
    pub(crate) fn live_post(&self) -> Post<Live> {
        Post { ledger: self.live.clone(), world: PhantomData }
    }
}

impl<W> Post<W> {
    /// Waits until a document is stored.
    pub(crate) async fn stored(&self) {
        self.ledger.sent.notified().await;
    }

    /// When the next document is due.
    pub(crate) async fn next(&self) -> Result<Option<i64>, LedgerError> {
        let sql = "SELECT min(next_attempt) FROM invostaq_document WHERE next_attempt IS NOT NULL";
        self.ledger.system(Access::Read).await?.scalar(Sql::new(sql)).await
    }

    /// Takes the documents that are due for `network`. Of two processes that see the same one, the second waits for the row
    /// and then finds that it is not due any more.
    pub(crate) async fn due(&self, network: &'static str, now: i64) -> Result<Vec<Parcel<W>>, LedgerError> {
        let mut tx = self.ledger.system(Access::Write).await?;
        let sql = "SELECT id, transaction_id, sender, receiver, ubl, attempts FROM invostaq_document
                   WHERE next_attempt <= $1 ORDER BY next_attempt, id LIMIT $2";
        let due: Vec<Due> = tx.all(Sql::new(sql).value(now).value(BATCH_MAX)).await?;
        let mut parcels = Vec::with_capacity(due.len());
        for row in due {
            let sql = "UPDATE invostaq_document SET next_attempt = $1, attempts = attempts + 1, network = $2
                       WHERE id = $3 AND next_attempt <= $4";
            let until = now.saturating_add(micros(LEASE));
            let taken = Sql::new(sql).value(until).value(network).value(&row.id).value(now);
            if tx.execute(taken).await? == 1 {
                parcels.push(Parcel {
                    transaction: row.transaction_id,
                    sender: row.sender,
                    receiver: row.receiver,
                    ubl: row.ubl,
                    id: row.id,
                    attempts: row.attempts + 1,
                    world: PhantomData,
                });
            }
        }
        tx.commit().await?;
        Ok(parcels)
    }

    /// Puts a copy of a document where its receiver's account sees it. False when nobody registered the receiver. Done
    /// twice it is done once.
    pub(crate) async fn hand_over(
        &self,
        parcel: &Parcel<W>,
        randomness: &Randomness,
        now: i64,
    ) -> Result<bool, LedgerError> {
        let mut tx = self.ledger.system(Access::Write).await?;
        let Some(receiver) = participant::holder(&parcel.receiver, &mut tx).await? else { return Ok(false) };
        let sql = "INSERT INTO invostaq_received (id, account_id, transaction_id, sender, receiver, number, issue_date,
                       due_date, currency, supplier_name, supplier_tax_id, buyer_name, buyer_tax_id, net, tax, total, ubl,
                       created)
                   SELECT $1, $2, transaction_id, sender, receiver, number, issue_date, due_date, currency, supplier_name,
                       supplier_tax_id, buyer_name, buyer_tax_id, net, tax, total, ubl, $3
                   FROM invostaq_document WHERE id = $4
                   ON CONFLICT (account_id, transaction_id) DO NOTHING";
        let copy = Sql::new(sql).value(identifier::uuid(randomness)).value(receiver).value(now).value(&parcel.id);
        tx.execute(copy).await?;
        end(&parcel.transaction, State::Delivered, None, now, &mut tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Writes down what came of handing a document over.
    pub(crate) async fn settle(&self, parcel: &Parcel<W>, outcome: &Outcome, now: i64) -> Result<(), LedgerError> {
        let mut tx = self.ledger.system(Access::Write).await?;
        match outcome {
            Outcome::Delivered => end(&parcel.transaction, State::Delivered, None, now, &mut tx).await.map(drop)?,
            Outcome::Refused(reason) => {
                end(&parcel.transaction, State::Failed, Some(reason), now, &mut tx).await.map(drop)?;
            }
            Outcome::Again(reason) if parcel.attempts >= ATTEMPTS_MAX => {
                end(&parcel.transaction, State::Failed, Some(reason), now, &mut tx).await.map(drop)?;
            }
            Outcome::Again(_) => plan(parcel, Some(retry_at(parcel.attempts, now)), &mut tx).await?,
            Outcome::Accepted => plan(parcel, None, &mut tx).await?,
        }
        tx.commit().await
    }
}

impl Ledger {
    /// What an access point says of a document that it was given. None when it was not given one of this name.
    pub(crate) async fn called_back(
        &self,
        transaction: &str,
        delivered: bool,
        reason: Option<&str>,
        now: i64,
    ) -> Result<Option<String>, LedgerError> {
        let mut tx = self.system(Access::Write).await?;
        let sql = "SELECT id FROM invostaq_document WHERE transaction_id = $1 AND network = $2";
        let given = Sql::new(sql).value(transaction).value(ACCESS_POINT);
        if tx.optional_scalar::<String>(given).await?.is_none() {
            return Ok(None);
        }
        let state = if delivered { State::Delivered } else { State::Failed };
        end(transaction, state, reason, now, &mut tx).await?;
        let sql = "SELECT state FROM invostaq_document WHERE transaction_id = $1";
        let state = tx.scalar(Sql::new(sql).value(transaction)).await?;
        tx.commit().await?;
        Ok(Some(state))
    }
}

/// What documents say that went to the access point.
pub(crate) const ACCESS_POINT: &str = "access-point";

/// Ends a document's way, once: a state that is final stays.
async fn end(transaction: &str, state: State, reason: Option<&str>, now: i64, on: &mut Tx) -> Result<u64, LedgerError> {
    let reason: Option<String> = reason.map(|reason| reason.chars().take(REASON_MAX).collect());
    let sql = "UPDATE invostaq_document SET state = $1, reason = $2, updated = $3, next_attempt = NULL
               WHERE transaction_id = $4 AND state = $5";
    let sql = Sql::new(sql).value(state.name()).value(reason).value(now);
    on.execute(sql.value(transaction).value(State::Processing.name())).await
}

async fn plan<W>(parcel: &Parcel<W>, next: Option<i64>, on: &mut Tx) -> Result<(), LedgerError> {
    let sql = "UPDATE invostaq_document SET next_attempt = $1 WHERE id = $2 AND state = $3";
    on.execute(Sql::new(sql).value(next).value(&parcel.id).value(State::Processing.name())).await?;
    Ok(())
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// When to try again after `attempts` tries.
fn retry_at(attempts: i64, now: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or(0);
    let rest = RETRY_FIRST.saturating_mul(2_u32.saturating_pow(doublings)).min(RETRY_MAX);
    now.saturating_add(micros(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_slower_and_slower() {
        let rests: Vec<i64> = (1..=14).map(|attempts| retry_at(attempts, 0) / 1_000_000).collect();
        assert_eq!(rests, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600, 3600]);
    }
}
