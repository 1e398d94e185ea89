//! Receive: the invoices that companies of an account were sent by others in the same ledger.
//!
//! Owns:  the rows, each a copy of its own; the delivery when the exchange hands an invoice over; whether it was read.
//! Never: crosses from one ledger into the other (R120); says of which account or row the sender is.
//! Read:  `ReceiveRow`, then `deliver`, then `Scoped::open_received`.

use super::{
    LedgerError, Moment, Scoped, Span,
    engine::Tx,
    equals, like, matches_any,
    scoped::{Act, Rows, Slice, Table},
    send::{DocumentFilter, Encoding, PAYLOADS_MAX},
    sql::{Json, Sql},
    within,
};
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::FromRow;

/// A received invoice as the API shows it.
#[derive(Debug, Serialize, FromRow)]
pub(crate) struct ReceiveRow {
    pub(crate) id: i64,
    created: Moment,
    version: i64,
    user_id: i64,
    pub(crate) company_id: i64,
    committente: String,
    prestatore: String,
    identifier: Option<String>,
    pub(crate) file_name: String,
    format: String,
    pub(crate) payload: String,
    last_update: Option<Moment>,
    date_sent: Option<Moment>,
    documents: Json<Box<RawValue>>,
    #[sqlx(try_from = "String")]
    encoding: Encoding,
    nome_prestatore: String,
    is_read: bool,
    /// The exchange numbers its messages; this API has none of its own.
    #[sqlx(skip)]
    message_id: Option<String>,
    #[serde(skip)]
    payload_bytes: i64,
}

impl ReceiveRow {
    pub(crate) const fn encoding(&self) -> Encoding {
        self.encoding
    }

    pub(crate) const fn payload_bytes(&self) -> i64 {
        self.payload_bytes
    }

    /// What the invoice is called in an archive: below its company's VAT number.
    pub(crate) fn archive_name(&self, prefix: &str) -> String {
        format!("{}/receive/{prefix}{}", self.committente, self.file_name)
    }
}

/// What came of reading payloads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opened {
    Done,
    /// The account has not as many operations left as there are unread invoices among them. Nothing was read.
    OperationsExhausted,
    /// They are more than one answer may hold. Nothing was read.
    TooLarge,
}

/// Which invoices a list is about.
#[derive(Default)]
pub(crate) struct ReceiveFilter<'a> {
    pub(crate) company_id: Option<i64>,
    pub(crate) identifier: Option<&'a str>,
    pub(crate) unread: bool,
    pub(crate) committente: Option<&'a str>,
    pub(crate) prestatore: Option<&'a str>,
    pub(crate) file_name: Option<&'a str>,
    pub(crate) last_update: Span,
    pub(crate) date_sent: Span,
    pub(crate) document: DocumentFilter<'a>,
    pub(crate) q: Option<&'a str>,
}

/// Clients require the field `payload` to hold a text, also where the payload was not asked for.
const COLUMNS: (&str, &str) = (
    "t.id, t.created, t.version, t.account_id AS user_id, t.company_id, t.committente, t.prestatore, t.identifier,
     t.file_name, t.format, t.last_update, t.date_sent, t.documents, t.encoding, t.nome_prestatore, t.is_read,
     t.payload_bytes, '(not included: ask for it with include_payload=true)' AS payload",
    "",
);
/// What a list of received invoices may be ordered by.
pub(crate) const ORDERS: [(&str, &str); 12] = [
    ("id", "t.id"),
    ("created", "t.created"),
    ("version", "t.version"),
    ("company_id", "t.company_id"),
    ("committente", "t.committente"),
    ("prestatore", "t.prestatore"),
    ("identifier", "t.identifier"),
    ("file_name", "t.file_name"),
    ("format", "t.format"),
    ("last_update", "t.last_update"),
    ("date_sent", "t.date_sent"),
    ("is_read", "t.is_read"),
];

/// Gives a copy of a sent invoice to every company of this ledger that has the recipient's VAT number, whosever it is. An
/// invoice to a number that nobody has, or to somebody without one, goes nowhere. Its step is made once, and so is this.
pub(super) async fn deliver(send: i64, now: i64, on: &mut Tx) -> Result<(), LedgerError> {
    // Held, so that a company does not go between being found and being named.
    let companies = Sql::new(
        "SELECT id FROM company WHERE vat = (SELECT committente_vat FROM send WHERE id = $1) ORDER BY id FOR KEY SHARE",
    );
    on.lock(companies.value(send)).await?;
    let copy = Sql::new(
        "INSERT INTO receive (account_id, company_id, created, version, prestatore, nome_prestatore, committente, identifier,
         file_name, format, encoding, payload, payload_bytes, documents, last_update, date_sent, is_read)
         SELECT c.account_id, c.id, $2, 1, s.prestatore, coalesce(s.nome_prestatore, v.name), s.committente, s.identifier,
         s.file_name, s.format, s.encoding, s.payload, s.payload_bytes, s.documents, $2, s.date_sent, $3
         FROM send AS s JOIN company AS v ON v.id = s.company_id JOIN company AS c ON c.vat = s.committente_vat
         WHERE s.id = $1 RETURNING id, company_id",
    );
    let copies: Vec<(i64, i64)> = on.all(copy.value(send).value(now).value(false)).await?;
    for (id, company) in copies {
        let documents = Sql::new(
            "INSERT INTO received_document (receive_id, company_id, position, number, date)
             SELECT $1, $2, position, number, date FROM document WHERE send_id = $3",
        );
        on.execute(documents.value(id).value(company).value(send)).await?;
    }
    Ok(())
}

impl Scoped {
    pub(crate) async fn receives(
        &self,
        slice: &Slice,
        filter: &ReceiveFilter<'_>,
    ) -> Result<Rows<ReceiveRow>, LedgerError> {
        self.list(COLUMNS, Table::Receive, slice, |sql| filter.push(sql)).await
    }

    pub(crate) async fn receive(&self, id: i64) -> Result<Option<ReceiveRow>, LedgerError> {
        self.row(COLUMNS, Table::Receive, id, &mut self.read().await?).await
    }

    /// Puts the payloads into rows. Each that was unread is now read, and counts as an operation in the live ledger.
    pub(crate) async fn open_received(&self, rows: &mut [ReceiveRow], allowance: u32) -> Result<Opened, LedgerError> {
        if rows.iter().map(|row| row.payload_bytes).sum::<i64>() > PAYLOADS_MAX {
            return Ok(Opened::TooLarge);
        }
        if rows.is_empty() {
            return Ok(Opened::Done);
        }
        let mut change = self.write().await?;
        let mut mark = self.update_statement(Table::Receive, |sql| {
            sql.push("is_read = ").bind(true);
        });
        mark.push(" AND NOT t.is_read AND t.id").among(rows.iter().map(|row| row.id).collect::<Vec<_>>());
        let unread = change.execute(mark).await?;
        if !self.count_within(allowance, unread, &mut change).await? {
            return Ok(Opened::OperationsExhausted);
        }
        for row in rows {
            let mut sql = self.statement(&Act::Select("t.payload", ""), Table::Receive);
            sql.push(" AND t.id = ").bind(row.id);
            // One that was deleted in between says that its payload is not there.
            if let Some(payload) = change.optional_scalar(sql).await? {
                row.payload = payload;
                row.is_read = true;
            }
        }
        change.commit().await?;
        Ok(Opened::Done)
    }

    /// Deletes a received invoice; the sender keeps its own.
    pub(crate) async fn delete_receive(&self, id: i64) -> Result<Option<ReceiveRow>, LedgerError> {
        let mut change = self.write().await?;
        let row = self.row(COLUMNS, Table::Receive, id, &mut change).await?;
        if row.is_some() {
            let mut sql = self.statement(&Act::Delete, Table::Receive);
            sql.push(" AND t.id = ").bind(id);
            change.execute(sql).await?;
            change.commit().await?;
        }
        Ok(row)
    }
}

impl ReceiveFilter<'_> {
    fn push(&self, sql: &mut Sql) {
        equals(sql, "t.company_id", self.company_id);
        equals(sql, "t.identifier", self.identifier);
        equals(sql, "t.committente", self.committente);
        equals(sql, "t.prestatore", self.prestatore);
        equals(sql, "t.file_name", self.file_name);
        within(sql, "t.last_update", self.last_update);
        within(sql, "t.date_sent", self.date_sent);
        self.document.push(sql, " AND EXISTS (SELECT 1 FROM received_document AS d WHERE d.receive_id = t.id");
        if self.unread {
            sql.push(" AND NOT t.is_read");
        }
        if let Some(q) = self.q {
            matches_any(sql, &["t.committente", "t.prestatore", "t.identifier", "t.file_name"], &like(q));
        }
    }
}
