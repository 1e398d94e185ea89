//! Invostaq: one account's documents and records in one ledger, and the registrations of its network.
//!
//! Owns:  the condition that every statement on an account's rows begins with (R125, R126).
//! Never: takes account, environment or participants from anything but the verified context.
//! Read:  `Ledger::office`, then `Office::of`.

pub(crate) mod contact;
pub(crate) mod courier;
pub(crate) mod document;
pub(crate) mod participant;
pub(crate) mod profile;
pub(crate) mod received;
pub(crate) mod reminder;
pub(crate) mod report;
pub(super) mod schema;
pub(crate) mod vat_return;
pub(crate) mod webhook;

use super::{
    Ledger, LedgerError,
    engine::{Access, Reach, Row, Tx},
    paged::paged,
    sql::Sql,
};
use crate::{
    context::CompanyLimit,
    cursor::{Page, Pager, Placed},
};

/// An account's rows, as far as the caller's participants reach. The only way from a request to them.
#[derive(Clone)]
pub(crate) struct Office {
    ledger: Ledger,
    account: i64,
    limit: CompanyLimit,
}

/// Which column says whose a row is within the account.
#[derive(Clone, Copy)]
enum By {
    Sender,
    Receiver,
    /// Rows of the account as a whole; a caller for some participants sees none of them.
    Account,
}

impl Ledger {
    /// What a key or a member of `account` may reach. The account gets its row with its first request.
    pub(crate) async fn office(&self, account: &str, limit: CompanyLimit, now: i64) -> Result<Office, LedgerError> {
        Ok(Office { ledger: self.clone(), account: self.account(account, now).await?, limit })
    }
}

impl Office {
    async fn read(&self) -> Result<Tx, LedgerError> {
        self.ledger.engine.begin(Reach::Scope(self.account, &self.limit), Access::Read).await
    }

    async fn write(&self) -> Result<Tx, LedgerError> {
        self.ledger.engine.begin(Reach::Scope(self.account, &self.limit), Access::Write).await
    }

    /// Begins a statement on the rows in reach, which `text` calls `t`. Every statement on an account's rows begins here.
    fn of(&self, text: &'static str, by: By) -> Sql {
        let mut sql = Sql::new(text);
        self.held(&mut sql, by);
        sql
    }

    /// The condition that keeps a statement inside the account, and inside the caller's participants.
    fn held(&self, sql: &mut Sql, by: By) {
        sql.push(" WHERE t.account_id = ").bind(self.account);
        if let CompanyLimit::Only(names) = &self.limit {
            match by {
                By::Sender => sql.push(" AND t.sender").among(names.participants.clone()),
                By::Receiver => sql.push(" AND t.receiver").among(names.participants.clone()),
                By::Account => sql.push(" AND t.account_id IS NULL"),
            };
        }
    }

    /// Whether the caller may act for this participant, registered or not.
    pub(crate) fn reaches(&self, participant: &str) -> bool {
        match &self.limit {
            CompanyLimit::All => true,
            CompanyLimit::Only(names) => names.participants.iter().any(|known| known == participant),
        }
    }

    async fn page<T: Row + Placed>(&self, mut sql: Sql, pager: &Pager) -> Result<Page<T>, LedgerError> {
        paged(&mut sql, pager);
        Ok(pager.page(self.read().await?.all(sql).await?))
    }

    /// The row with this id, if it is in reach.
    async fn row<T: Row>(&self, text: &'static str, by: By, id: &str, on: &mut Tx) -> Result<Option<T>, LedgerError> {
        let mut sql = self.of(text, by);
        sql.push(" AND t.id = ").bind(id);
        on.optional(sql).await
    }

    /// Removes the row with this id; false when there is none in reach.
    async fn remove(&self, text: &'static str, id: &str) -> Result<bool, LedgerError> {
        let mut sql = self.of(text, By::Account);
        sql.push(" AND t.id = ").bind(id);
        let mut tx = self.write().await?;
        let removed = tx.execute(sql).await? == 1;
        tx.commit().await?;
        Ok(removed)
    }
}
