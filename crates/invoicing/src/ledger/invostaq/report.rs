//! Report: counts and sums over an account's rows.
//!
//! Owns:  the statements.
//! Never: another account's rows, not even as a number.
//! Read:  top down.

use super::{By, Office, document::State};
use crate::{ledger::LedgerError, money::Amount};
use serde::Serialize;
use sqlx::FromRow;

/// How much of everything an account has.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counts {
    drafts: i64,
    processing: i64,
    delivered: i64,
    failed: i64,
    received: i64,
    customers: i64,
    suppliers: i64,
    participants: i64,
}

/// What is owed in one currency and due on one day.
#[derive(FromRow)]
pub(crate) struct Owed {
    pub(crate) currency: String,
    pub(crate) due_date: String,
    pub(crate) total: Amount,
    pub(crate) count: i64,
}

#[derive(FromRow)]
struct Counted {
    name: String,
    count: i64,
}

impl Office {
    pub(crate) async fn counts(&self) -> Result<Counts, LedgerError> {
        let mut tx = self.read().await?;
        let mut sql = self.of("SELECT t.state AS name, count(*) AS count FROM invostaq_document AS t", By::Account);
        sql.push(" GROUP BY t.state");
        let states: Vec<Counted> = tx.all(sql).await?;
        let mut sql = self.of("SELECT t.kind AS name, count(*) AS count FROM invostaq_contact AS t", By::Account);
        sql.push(" GROUP BY t.kind");
        let kinds: Vec<Counted> = tx.all(sql).await?;
        let of = |list: &[Counted], name: &str| list.iter().find(|c| c.name == name).map_or(0, |c| c.count);
        let received = tx.scalar(self.of("SELECT count(*) FROM invostaq_received AS t", By::Account)).await?;
        let participants = tx.scalar(self.of("SELECT count(*) FROM invostaq_participant AS t", By::Account)).await?;
        Ok(Counts {
            drafts: of(&states, State::Draft.name()),
            processing: of(&states, State::Processing.name()),
            delivered: of(&states, State::Delivered.name()),
            failed: of(&states, State::Failed.name()),
            received,
            customers: of(&kinds, super::contact::Kind::Customer.name()),
            suppliers: of(&kinds, super::contact::Kind::Supplier.name()),
            participants,
        })
    }

    /// What was delivered and is not paid, by currency and day.
    pub(crate) async fn owed(&self) -> Result<Vec<Owed>, LedgerError> {
        let mut sql = self.of(
            "SELECT t.currency, t.due_date, CAST(sum(t.total) AS BIGINT) AS total, count(*) AS count
             FROM invostaq_document AS t",
            By::Account,
        );
        sql.push(" AND t.paid IS NULL AND t.state = ").bind(State::Delivered.name());
        sql.push(" GROUP BY t.currency, t.due_date ORDER BY t.currency, t.due_date");
        self.read().await?.all(sql).await
    }
}
