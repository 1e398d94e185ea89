//! Participant: who is registered in the network of a ledger.
//!
//! Owns:  the rows; that a participant is one account's.
//! Never: tells whose a registration is.
//! Read:  top down.

use super::{Ledger, LedgerError, Office};
use crate::{
    context::CompanyLimit,
    ledger::{
        engine::{Access, Tx},
        sql::Sql,
    },
};

/// Registrations of one account.
const PARTICIPANTS_MAX: i64 = 1_000;

/// The account that registered `id`, whoever it is.
pub(super) async fn holder(id: &str, on: &mut Tx) -> Result<Option<i64>, LedgerError> {
    on.optional_scalar(Sql::new("SELECT account_id FROM invostaq_participant WHERE id = $1").value(id)).await
}

impl Ledger {
    /// Whether somebody registered `id`.
    async fn is_registered(&self, id: &str) -> Result<bool, LedgerError> {
        Ok(holder(id, &mut self.system(Access::Read).await?).await?.is_some())
    }
}

impl Office {
    /// Whether somebody registered `id` in this network. The directory of a network is public to those who send in it.
    pub(crate) async fn is_registered(&self, id: &str) -> Result<bool, LedgerError> {
        self.ledger.is_registered(id).await
    }

    /// The participants that the account registered, as far as the caller reaches.
    pub(crate) async fn participants(&self) -> Result<Vec<String>, LedgerError> {
        let mut sql = Sql::new("SELECT t.id FROM invostaq_participant AS t WHERE t.account_id = ");
        sql.bind(self.account);
        if let CompanyLimit::Only(names) = &self.limit {
            sql.push(" AND t.id").among(names.participants.clone());
        }
        sql.push(" ORDER BY t.id LIMIT ").bind(PARTICIPANTS_MAX);
        let rows: Vec<(String,)> = self.read().await?.all(sql).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Registers `id` for the account. False when somebody else has it.
    pub(crate) async fn register(&self, id: &str, now: i64) -> Result<bool, LedgerError> {
        let mut tx = self.write().await?;
        let registered = self.register_on(id, now, &mut tx).await?;
        tx.commit().await?;
        Ok(registered)
    }

    pub(super) async fn register_on(&self, id: &str, now: i64, on: &mut Tx) -> Result<bool, LedgerError> {
        let sql = "INSERT INTO invostaq_participant (id, account_id, created) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING";
        on.execute(Sql::new(sql).value(id).value(self.account).value(now)).await?;
        self.holds(id, on).await
    }

    /// Whether the account registered `id`.
    pub(super) async fn holds(&self, id: &str, on: &mut Tx) -> Result<bool, LedgerError> {
        let sql = "SELECT id FROM invostaq_participant WHERE account_id = $1 AND id = $2";
        let found: Option<String> = on.optional_scalar(Sql::new(sql).value(self.account).value(id)).await?;
        Ok(found.is_some())
    }

    /// Takes a registration of the account back; false when it has none that the caller reaches.
    pub(crate) async fn unregister(&self, id: &str) -> Result<bool, LedgerError> {
        if !self.reaches(id) {
            return Ok(false);
        }
        let sql = "DELETE FROM invostaq_participant WHERE account_id = $1 AND id = $2";
        let mut tx = self.write().await?;
        let removed = tx.execute(Sql::new(sql).value(self.account).value(id)).await? == 1;
        tx.commit().await?;
        Ok(removed)
    }
}
