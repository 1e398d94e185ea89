//! Webhook: where an account wants to hear of its documents. Stored only: the gateway's deployment delivers events.
//!
//! Owns:  the rows.
//! Never: tells a secret again.
//! Read:  top down.

use super::{By, Office};
use crate::ledger::{LedgerError, Moment, sql::Sql};
use serde::Serialize;
use sqlx::FromRow;

/// Endpoints of one account.
const WEBHOOKS_MAX: i64 = 50;

/// An endpoint as the API shows it.
#[derive(Debug, Serialize, FromRow)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) url: String,
    #[serde(rename = "createdAt")]
    pub(crate) created: Moment,
}

impl Office {
    pub(crate) async fn webhooks(&self) -> Result<Vec<WebhookRow>, LedgerError> {
        let mut sql = self.of("SELECT t.id, t.name, t.url, t.created FROM invostaq_webhook AS t", By::Account);
        sql.push(" ORDER BY t.created, t.id LIMIT ").bind(WEBHOOKS_MAX);
        self.read().await?.all(sql).await
    }

    /// False when the account has as many as it may.
    pub(crate) async fn create_webhook(&self, row: &WebhookRow, secret: &str) -> Result<bool, LedgerError> {
        let mut tx = self.write().await?;
        let count: i64 = tx.scalar(self.of("SELECT count(*) FROM invostaq_webhook AS t", By::Account)).await?;
        if count >= WEBHOOKS_MAX {
            return Ok(false);
        }
        let mut sql = Sql::new("INSERT INTO invostaq_webhook (account_id, id, name, url, secret, created) VALUES (");
        sql.bind_all([
            self.account.into(),
            (&row.id).into(),
            (&row.name).into(),
            (&row.url).into(),
            secret.into(),
            row.created.into(),
        ])
        .push(")");
        tx.execute(sql).await?;
        tx.commit().await?;
        Ok(true)
    }

    pub(crate) async fn delete_webhook(&self, id: &str) -> Result<bool, LedgerError> {
        self.remove("DELETE FROM invostaq_webhook AS t", id).await
    }
}
