//! Update: what became of the invoices that an account sent.
//!
//! Owns:  one row for each state that an invoice reached; whether somebody has read it.
//! Never: changes a state; `steps` does.
//! Read:  `UpdateRow`.

use super::{
    LedgerError, Moment, Scoped, Span, equals,
    scoped::{Rows, Slice, Table},
    sql::Json,
    state::State,
    within,
};
use crate::problem::Fault;
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::FromRow;

/// A change of state as the API shows it.
#[derive(Debug, Serialize, FromRow)]
pub(crate) struct UpdateRow {
    pub(crate) id: i64,
    created: Moment,
    version: i64,
    user_id: i64,
    pub(crate) company_id: i64,
    send_id: i64,
    last_update: Moment,
    state: State,
    description: String,
    /// The exchange numbers its messages; this API has none of its own.
    #[sqlx(skip)]
    message_id: Option<String>,
    errors: Json<Vec<Fault>>,
    pub(crate) is_read: bool,
    #[sqlx(flatten)]
    send: ReducedSend,
}

/// The little of the invoice that comes with its update.
#[derive(Debug, Serialize, FromRow)]
struct ReducedSend {
    identifier: Option<String>,
    prestatore: String,
    meta_data: Option<Json<Box<RawValue>>>,
    documents: Json<Box<RawValue>>,
    date_sent: Option<Moment>,
    latest_state: Option<State>,
}

/// Which updates a list is about.
#[derive(Default)]
pub(crate) struct UpdateFilter<'a> {
    pub(crate) company_id: Option<i64>,
    pub(crate) identifier: Option<&'a str>,
    pub(crate) prestatore: Option<&'a str>,
    pub(crate) unread: bool,
    pub(crate) send_id: Option<i64>,
    pub(crate) state: Option<State>,
    pub(crate) last_update: Span,
    pub(crate) date_sent: Span,
}

const COLUMNS: (&str, &str) = (
    "t.id, t.created, t.version, t.account_id AS user_id, t.company_id, t.send_id, t.last_update, t.state,
     t.description, coalesce(t.errors, '[]') AS errors, t.is_read, s.identifier, s.prestatore, s.meta_data, s.documents, s.date_sent, s.latest_state",
    "JOIN send AS s ON s.id = t.send_id",
);
/// What a list of updates may be ordered by.
pub(crate) const ORDERS: [(&str, &str); 8] = [
    ("last_update", "t.last_update"),
    ("id", "t.id"),
    ("created", "t.created"),
    ("version", "t.version"),
    ("company_id", "t.company_id"),
    ("send_id", "t.send_id"),
    ("state", "t.state"),
    ("is_read", "t.is_read"),
];

impl Scoped {
    pub(crate) async fn updates(
        &self,
        slice: &Slice,
        filter: &UpdateFilter<'_>,
    ) -> Result<Rows<UpdateRow>, LedgerError> {
        self.list(COLUMNS, Table::Update, slice, |sql| {
            equals(sql, "t.company_id", filter.company_id);
            equals(sql, "s.identifier", filter.identifier);
            equals(sql, "s.prestatore", filter.prestatore);
            equals(sql, "t.send_id", filter.send_id);
            equals(sql, "t.state", filter.state);
            within(sql, "t.last_update", filter.last_update);
            within(sql, "s.date_sent", filter.date_sent);
            if filter.unread {
                sql.push(" AND NOT t.is_read");
            }
        })
        .await
    }

    /// One update. Looking at it marks it as read; the answer says how it was before.
    pub(crate) async fn read_update(&self, id: i64) -> Result<Option<UpdateRow>, LedgerError> {
        let row: Option<UpdateRow> = self.row(COLUMNS, Table::Update, id, &mut self.read().await?).await?;
        if row.as_ref().is_some_and(|row| !row.is_read) {
            let mut sql = self.update_statement(Table::Update, |sql| {
                sql.push("is_read = ").bind(true);
            });
            sql.push(" AND t.id = ").bind(id);
            let mut change = self.write().await?;
            change.execute(sql).await?;
            change.commit().await?;
        }
        Ok(row)
    }
}
