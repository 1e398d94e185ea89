//! Update: what became of the invoices that an account sent.
//!
//! Owns:  one row for each state that an invoice reached; whether somebody has read it.
//! Never: changes a state; `steps` does.
//! Read:  `UpdateRow`.

use super::{
    LedgerError, Moment, Scoped, Span, equals,
    scoped::{Rows, Slice, Table},
    send::raw,
    state::State,
    within,
};
use crate::problem::Fault;
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::{FromRow, Row as _, sqlite::SqliteRow};

/// A change of state as the API shows it.
#[derive(Debug, Serialize)]
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
    message_id: Option<String>,
    errors: Vec<Fault>,
    pub(crate) is_read: bool,
    send: ReducedSend,
}

/// The little of the invoice that comes with its update.
#[derive(Debug, Serialize)]
struct ReducedSend {
    identifier: Option<String>,
    prestatore: String,
    meta_data: Option<Box<RawValue>>,
    documents: Box<RawValue>,
    date_sent: Option<Moment>,
    latest_state: Option<State>,
}

impl FromRow<'_, SqliteRow> for UpdateRow {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let errors: Option<String> = row.try_get("errors")?;
        let errors = errors.map(|text| serde_json::from_str(&text)).transpose();
        Ok(Self {
            id: row.try_get("id")?,
            created: row.try_get("created")?,
            version: row.try_get("version")?,
            user_id: row.try_get("user_id")?,
            company_id: row.try_get("company_id")?,
            send_id: row.try_get("send_id")?,
            last_update: row.try_get("last_update")?,
            state: row.try_get("state")?,
            description: row.try_get("description")?,
            // The exchange numbers its messages; this one has no messages of its own.
            message_id: None,
            errors: errors.map_err(|error| sqlx::Error::Decode(error.into()))?.unwrap_or_default(),
            is_read: row.try_get("is_read")?,
            send: ReducedSend {
                identifier: row.try_get("identifier")?,
                prestatore: row.try_get("prestatore")?,
                meta_data: row.try_get::<Option<String>, _>("meta_data")?.map(raw).transpose()?,
                documents: raw(row.try_get("documents")?)?,
                date_sent: row.try_get("date_sent")?,
                latest_state: row.try_get("latest_state")?,
            },
        })
    }
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
     t.description, t.errors, t.is_read, s.identifier, s.prestatore, s.meta_data, s.documents, s.date_sent, s.latest_state",
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
                sql.push(" AND t.is_read = 0");
            }
        })
        .await
    }

    /// One update. Looking at it marks it as read; the answer says how it was before.
    pub(crate) async fn read_update(&self, id: i64) -> Result<Option<UpdateRow>, LedgerError> {
        let row: Option<UpdateRow> = {
            let mut read = self.ledger.reader.acquire().await?;
            self.row(COLUMNS, Table::Update, id, &mut read).await?
        };
        if row.as_ref().is_some_and(|row| !row.is_read) {
            let mut sql = self.update_statement(Table::Update, |sql| {
                sql.push("is_read = 1");
            });
            sql.push(" AND t.id = ").push_bind(id);
            sql.build().execute(&self.ledger.writer).await?;
        }
        Ok(row)
    }
}
