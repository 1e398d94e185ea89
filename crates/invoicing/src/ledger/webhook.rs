//! Webhook: the subscriptions of an account.
//!
//! Owns:  the rows; the secret is told once, when it is made, and never again.
//! Never: delivers: this API calls nobody.
//! Read:  `WebhookRow`.

use super::{
    LedgerError, Moment, Scoped,
    engine::Tx,
    equals, like, matches_any,
    scoped::{Act, Rows, Slice, Table},
    sql::{Json, Sql},
};
use serde::Serialize;
use sqlx::FromRow;

/// A subscription as the API shows it.
#[derive(Serialize, FromRow)]
pub(crate) struct WebhookRow {
    pub(crate) id: i64,
    created: Moment,
    version: i64,
    user_id: i64,
    pub(crate) company_id: Option<i64>,
    url: String,
    enabled: bool,
    /// Only in the answer to the creation.
    #[sqlx(skip)]
    pub(crate) secret: Option<String>,
    description: Option<String>,
    events: Option<Json<Vec<String>>>,
    #[sqlx(skip)]
    failure_notified_at: Option<Moment>,
}

/// What a caller may say of a subscription.
pub(crate) struct WebhookDraft {
    pub(crate) company_id: Option<i64>,
    pub(crate) url: String,
    pub(crate) enabled: bool,
    pub(crate) description: Option<String>,
    pub(crate) events: Option<Vec<String>>,
}

/// What came of a change.
pub(crate) enum WebhookChange {
    Done(Box<WebhookRow>),
    /// The company is out of reach, or the subscription would be for more companies than the caller may reach.
    NotAllowed,
    Stale(i64),
    NotFound,
}

/// Which subscriptions a list is about.
#[derive(Default)]
pub(crate) struct WebhookFilter<'a> {
    pub(crate) company_id: Option<i64>,
    pub(crate) description: Option<&'a str>,
    pub(crate) enabled: Option<bool>,
    pub(crate) event: Option<&'a str>,
    pub(crate) url: Option<&'a str>,
}

const COLUMNS: (&str, &str) = (
    "t.id, t.created, t.version, t.account_id AS user_id, t.company_id, t.url, t.enabled, t.description, t.events",
    "",
);
/// What a list of subscriptions may be ordered by.
pub(crate) const ORDERS: [(&str, &str); 7] = [
    ("id", "t.id"),
    ("created", "t.created"),
    ("version", "t.version"),
    ("company_id", "t.company_id"),
    ("url", "t.url"),
    ("enabled", "t.enabled"),
    ("description", "t.description"),
];

impl Scoped {
    pub(crate) async fn webhooks(
        &self,
        slice: &Slice,
        filter: &WebhookFilter<'_>,
    ) -> Result<Rows<WebhookRow>, LedgerError> {
        let (description, url) = (filter.description.map(like), filter.url.map(like));
        self.list(COLUMNS, Table::Webhook, slice, |sql| {
            equals(sql, "t.company_id", filter.company_id);
            equals(sql, "t.enabled", filter.enabled);
            if let Some(like) = &description {
                matches_any(sql, &["t.description"], like);
            }
            if let Some(like) = &url {
                matches_any(sql, &["t.url"], like);
            }
            if let Some(event) = filter.event {
                // The list is JSON, and the event is looked for as it stands in it, with its quotes.
                sql.push(" AND replace(t.events, ")
                    .bind(serde_json::json!(event).to_string())
                    .push(", '') <> t.events");
            }
        })
        .await
    }

    pub(crate) async fn webhook(&self, id: i64) -> Result<Option<WebhookRow>, LedgerError> {
        self.row(COLUMNS, Table::Webhook, id, &mut self.read().await?).await
    }

    /// Whether a subscription for this company (or for all of them) stays within the caller's reach.
    async fn allows_webhook(&self, company: Option<i64>, on: &mut Tx) -> Result<bool, LedgerError> {
        let Some(id) = company else {
            return Ok(self.allows_all());
        };
        let mut sql = self.statement(&Act::Select("t.id", ""), Table::Company);
        sql.push(" AND t.id = ").bind(id);
        Ok(on.optional_scalar::<i64>(sql).await?.is_some())
    }

    pub(crate) async fn create_webhook(
        &self,
        draft: &WebhookDraft,
        secret: &str,
        now: i64,
    ) -> Result<WebhookChange, LedgerError> {
        let mut change = self.write().await?;
        if !self.allows_webhook(draft.company_id, &mut change).await? {
            return Ok(WebhookChange::NotAllowed);
        }
        let sql = Sql::new(
            "INSERT INTO webhook (account_id, company_id, created, version, url, enabled, secret, description, events)
             VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8)
             RETURNING id, created, version, account_id AS user_id, company_id, url, enabled, description, events",
        );
        let sql = sql.value(self.account).value(draft.company_id).value(now).value(&draft.url).value(true);
        let sql = sql.value(secret).value(&draft.description).value(events_text(draft));
        let row: WebhookRow = change.one(sql).await?;
        change.commit().await?;
        Ok(WebhookChange::Done(Box::new(WebhookRow { secret: Some(secret.to_owned()), ..row })))
    }

    /// Changes a subscription. `version`, when stated, must be the row's.
    pub(crate) async fn update_webhook(
        &self,
        id: i64,
        version: Option<i64>,
        draft: &WebhookDraft,
    ) -> Result<WebhookChange, LedgerError> {
        let mut change = self.write().await?;
        let Some(old) = self.row::<WebhookRow>(COLUMNS, Table::Webhook, id, &mut change).await? else {
            return Ok(WebhookChange::NotFound);
        };
        if version.is_some_and(|version| version != old.version) {
            return Ok(WebhookChange::Stale(old.version));
        }
        if !self.allows_webhook(draft.company_id, &mut change).await? {
            return Ok(WebhookChange::NotAllowed);
        }
        let mut sql = self.update_statement(Table::Webhook, |sql| {
            sql.push("version = version + 1, company_id = ").bind(draft.company_id);
            sql.push(", url = ").bind(&draft.url).push(", enabled = ").bind(draft.enabled);
            sql.push(", description = ").bind(&draft.description).push(", events = ").bind(events_text(draft));
        });
        sql.push(" AND t.id = ").bind(id);
        change.execute(sql).await?;
        let row: WebhookRow =
            self.row(COLUMNS, Table::Webhook, id, &mut change).await?.ok_or(sqlx::Error::RowNotFound)?;
        change.commit().await?;
        Ok(WebhookChange::Done(Box::new(row)))
    }

    pub(crate) async fn delete_webhook(&self, id: i64) -> Result<WebhookChange, LedgerError> {
        let mut change = self.write().await?;
        let Some(row) = self.row::<WebhookRow>(COLUMNS, Table::Webhook, id, &mut change).await? else {
            return Ok(WebhookChange::NotFound);
        };
        let mut sql = self.statement(&Act::Delete, Table::Webhook);
        sql.push(" AND t.id = ").bind(id);
        change.execute(sql).await?;
        change.commit().await?;
        Ok(WebhookChange::Done(Box::new(row)))
    }
}

fn events_text(draft: &WebhookDraft) -> Option<String> {
    draft.events.as_ref().map(|events| serde_json::json!(events).to_string())
}
