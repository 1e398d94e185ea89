//! Message: what a company sent to people.
//!
//! Owns:  the rows.
//! Never: sends: this API has no carrier behind it.
//! Read:  top down.

use super::Books;
use crate::{
    cursor::{Order, Page, Pager, Place, Placed},
    ledger::{
        LedgerError, Moment,
        paged::is,
        sql::{Sql, Value},
    },
};
use serde::Serialize;
use sqlx::FromRow;

/// A message as the API shows it.
#[derive(Clone, Debug, Serialize, FromRow)]
pub(crate) struct MessageRow {
    pub(crate) id: String,
    pub(crate) channel: String,
    pub(crate) status: String,
    #[serde(rename = "to")]
    pub(crate) recipient: String,
    pub(crate) reference: Option<String>,
    #[serde(rename = "created_at")]
    pub(crate) created: Moment,
}

impl Placed for MessageRow {
    fn place(&self, _: &str) -> Place {
        Place::Number(self.created.0)
    }
    fn id(&self) -> &str {
        &self.id
    }
}

/// What a message says.
pub(crate) struct Words {
    pub(crate) subject: Option<String>,
    pub(crate) text: String,
}

/// What a list of messages may be ordered by.
pub(crate) const ORDERS: [Order; 1] = [Order::number("created_at", "t.created")];

impl Books {
    pub(crate) async fn messages(
        &self,
        pager: &Pager,
        channel: Option<&str>,
        reference: Option<&str>,
    ) -> Result<Page<MessageRow>, LedgerError> {
        let mut sql =
            self.of("SELECT t.id, t.channel, t.status, t.recipient, t.reference, t.created FROM laabam_message AS t");
        is(&mut sql, "t.channel", channel);
        is(&mut sql, "t.reference", reference);
        self.page(sql, pager).await
    }

    /// False when another message of the company has this reference.
    pub(crate) async fn store_message(&self, row: &MessageRow, words: &Words) -> Result<bool, LedgerError> {
        let mut tx = self.write().await?;
        if let Some(reference) = &row.reference {
            let mut sql = self.of("SELECT t.id FROM laabam_message AS t");
            is(&mut sql, "t.reference", Some(reference));
            if self.any(sql, &mut tx).await? {
                return Ok(false);
            }
        }
        let mut sql = Sql::new(
            "INSERT INTO laabam_message (account_id, company_key, id, channel, status, recipient, reference, subject, text,
             created) VALUES (",
        );
        sql.bind_all([
            Value::from(self.scope.account),
            self.company.into(),
            (&row.id).into(),
            (&row.channel).into(),
            (&row.status).into(),
            (&row.recipient).into(),
            (&row.reference).into(),
            (&words.subject).into(),
            (&words.text).into(),
            row.created.into(),
        ])
        .push(")");
        tx.execute(sql).await?;
        tx.commit().await?;
        Ok(true)
    }
}
