//! Account: what an account has used up.
//!
//! Owns:  the count of operations (invoices, validations, and received invoices when they are read) in the live ledger.
//! Never: counts in the test ledger.
//! Read:  top down.

use super::{LedgerError, Scoped, engine::Tx, sql::Sql};

impl Scoped {
    /// Operations that the account has used here.
    pub(crate) async fn operations(&self) -> Result<i64, LedgerError> {
        let used = Sql::new("SELECT operations FROM account WHERE id = $1").value(self.account);
        self.read().await?.scalar(used).await
    }

    /// Counts a validation; false when the allowance is used up.
    pub(crate) async fn count_operation(&self, allowance: u32) -> Result<bool, LedgerError> {
        if !self.is_live() {
            return Ok(true);
        }
        let mut change = self.write().await?;
        let counted = self.count_within(allowance, 1, &mut change).await?;
        change.commit().await?;
        Ok(counted)
    }

    /// The same for any number, inside a change that stands or falls with it.
    pub(super) async fn count_within(&self, allowance: u32, count: u64, on: &mut Tx) -> Result<bool, LedgerError> {
        if !self.is_live() || count == 0 {
            return Ok(true);
        }
        let sql = "UPDATE account SET operations = operations + $2 WHERE id = $1 AND operations + $2 <= $3";
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let counted = on.execute(Sql::new(sql).value(self.account).value(count).value(i64::from(allowance))).await?;
        Ok(counted == 1)
    }
}
