//! Reminder: that a buyer was asked to pay.
//!
//! Owns:  the rows.
//! Never: sends: this API has no carrier behind it.
//! Read:  top down.

use super::{By, Office};
use crate::{
    cursor::{Order, Page, Pager, Place, Placed},
    ledger::{
        LedgerError, Moment,
        paged::is,
        sql::{Sql, Value},
    },
    money::Amount,
};
use serde::Serialize;
use sqlx::FromRow;

/// A reminder as the API shows it.
#[derive(Debug, Serialize, FromRow)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReminderRow {
    pub(crate) id: String,
    #[serde(rename = "invoiceId")]
    pub(crate) document_id: String,
    pub(crate) number: String,
    pub(crate) buyer_name: String,
    pub(crate) currency: String,
    #[serde(rename = "totalAmount")]
    pub(crate) total: Amount,
    pub(crate) due_date: String,
    pub(crate) days_overdue: i64,
    pub(crate) message: Option<String>,
    #[serde(rename = "createdAt")]
    pub(crate) created: Moment,
}

impl Placed for ReminderRow {
    fn place(&self, _: &str) -> Place {
        Place::Number(self.created.0)
    }
    fn id(&self) -> &str {
        &self.id
    }
}

const SELECT: &str =
    "SELECT t.id, t.document_id, t.number, t.buyer_name, t.currency, t.total, t.due_date, t.days_overdue,
    t.message, t.created FROM invostaq_reminder AS t";
/// What a list of reminders may be ordered by.
pub(crate) const ORDERS: [Order; 1] = [Order::number("createdAt", "t.created")];

impl Office {
    pub(crate) async fn reminders(
        &self,
        pager: &Pager,
        document: Option<&str>,
    ) -> Result<Page<ReminderRow>, LedgerError> {
        let mut sql = self.of(SELECT, By::Account);
        is(&mut sql, "t.document_id", document);
        self.page(sql, pager).await
    }

    pub(crate) async fn create_reminder(&self, row: &ReminderRow) -> Result<(), LedgerError> {
        let mut sql = Sql::new(
            "INSERT INTO invostaq_reminder (account_id, id, document_id, number, buyer_name, currency, total, due_date,
             days_overdue, message, created) VALUES (",
        );
        sql.bind_all([
            Value::from(self.account),
            (&row.id).into(),
            (&row.document_id).into(),
            (&row.number).into(),
            (&row.buyer_name).into(),
            (&row.currency).into(),
            row.total.into(),
            (&row.due_date).into(),
            row.days_overdue.into(),
            (&row.message).into(),
            row.created.into(),
        ])
        .push(")");
        let mut tx = self.write().await?;
        tx.execute(sql).await?;
        tx.commit().await
    }
}
