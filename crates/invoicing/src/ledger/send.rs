//! Send: the invoices that an account sent.
//!
//! Owns:  the rows with their payload as it arrived, and what was extracted from it.
//! Never: keeps an invoice whose sender is out of the caller's reach.
//! Read:  `SendRow`, then `Scoped::store_send`.

use super::{
    LedgerError, Moment, Scoped, Span,
    company::{CompanyDraft, CompanyRow},
    engine::Tx,
    equals, like, matches_any,
    scoped::{Act, Rows, Slice, Table},
    sql::{Json, Sql, Value},
    state::State,
    within,
};
use crate::fattura::{Document, Fattura};
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::FromRow;

/// Bytes of payloads in one answer.
pub(crate) const PAYLOADS_MAX: i64 = 32 * 1024 * 1024;

/// A sent invoice as the API shows it.
#[derive(Debug, Serialize, FromRow)]
pub(crate) struct SendRow {
    pub(crate) id: i64,
    created: Moment,
    version: i64,
    user_id: i64,
    pub(crate) company_id: i64,
    committente: String,
    prestatore: String,
    identifier: Option<String>,
    file_name: String,
    format: String,
    pub(crate) payload: String,
    last_update: Option<Moment>,
    date_sent: Option<Moment>,
    documents: Json<Box<RawValue>>,
    #[sqlx(try_from = "String")]
    encoding: Encoding,
    nome_committente: String,
    meta_data: Option<Json<Box<RawValue>>>,
    latest_state: Option<State>,
    #[sqlx(flatten, try_from = "SenderColumns")]
    company: CompanyRow,
    #[serde(skip)]
    pub(crate) payload_bytes: i64,
}

/// The sender's company as it comes with an invoice.
#[derive(FromRow)]
struct SenderColumns {
    company_id: i64,
    company_created: Moment,
    company_version: i64,
    user_id: i64,
    company_vat: String,
    company_fiscal_code: String,
    company_name: String,
}

impl From<SenderColumns> for CompanyRow {
    fn from(columns: SenderColumns) -> Self {
        Self {
            id: columns.company_id,
            created: columns.company_created,
            version: columns.company_version,
            user_id: columns.user_id,
            vat: columns.company_vat,
            fiscal_code: columns.company_fiscal_code,
            name: columns.company_name,
        }
    }
}

/// How the payload is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Encoding {
    Xml,
    Base64,
}

impl Encoding {
    const fn text(self) -> &'static str {
        match self {
            Self::Xml => "Xml",
            Self::Base64 => "Base64",
        }
    }
}

impl From<String> for Encoding {
    fn from(stored: String) -> Self {
        if stored == Self::Base64.text() { Self::Base64 } else { Self::Xml }
    }
}

impl SendRow {
    pub(crate) const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// What the invoice is called in an archive: below its company's VAT number.
    pub(crate) fn archive_name(&self, prefix: &str) -> String {
        format!("{}/send/{prefix}{}", self.prestatore, self.file_name)
    }
}

/// A valid invoice on its way into the ledger.
pub(crate) struct SendDraft {
    pub(crate) fattura: Fattura,
    /// As it arrived (or, for the JSON form, the XML made of it).
    pub(crate) payload: String,
    pub(crate) encoding: Encoding,
    pub(crate) file_name: Option<String>,
    /// A JSON object of texts.
    pub(crate) meta_data: Option<String>,
}

/// What came of an invoice.
pub(crate) enum SendOutcome {
    Stored(Box<SendRow>),
    CompanyNotAllowed,
    OperationsExhausted,
}

/// Which documents an invoice must have one of.
#[derive(Clone, Copy, Default)]
pub(crate) struct DocumentFilter<'a> {
    pub(crate) number: Option<&'a str>,
    /// Days in UTC.
    pub(crate) date: Span,
}

impl DocumentFilter<'_> {
    /// Adds the condition, which begins with `exists` and closes what that opens.
    pub(super) fn push(&self, sql: &mut Sql, exists: &'static str) {
        if self.number.is_none() && self.date.from.is_none() && self.date.to.is_none() {
            return;
        }
        // One and the same document must fit the number and both ends of the span.
        sql.push(exists);
        equals(sql, "d.number", self.number);
        if let Some(from) = self.date.from {
            sql.push(" AND d.date >= ").bind(from.day());
        }
        if let Some(to) = self.date.to {
            sql.push(" AND d.date <= ").bind(to.day());
        }
        sql.push(")");
    }
}

/// Which invoices a list is about.
#[derive(Default)]
pub(crate) struct SendFilter<'a> {
    pub(crate) company_id: Option<i64>,
    pub(crate) identifier: Option<&'a str>,
    pub(crate) committente: Option<&'a str>,
    pub(crate) prestatore: Option<&'a str>,
    pub(crate) file_name: Option<&'a str>,
    pub(crate) last_update: Span,
    pub(crate) date_sent: Span,
    pub(crate) document: DocumentFilter<'a>,
    pub(crate) latest_state: Option<State>,
    pub(crate) ids: Option<Vec<i64>>,
    pub(crate) q: Option<&'a str>,
    pub(crate) definitive_only: bool,
}

/// Clients require the field `payload` to hold a text, also where the payload was not asked for.
const COLUMNS: (&str, &str) = (
    "t.id, t.created, t.version, t.account_id AS user_id, t.company_id, t.committente, t.prestatore, t.identifier,
     t.file_name, t.format, t.last_update, t.date_sent, t.documents, t.encoding, t.nome_committente, t.meta_data,
     t.latest_state, t.payload_bytes, '(not included: ask for it with include_payload=true)' AS payload, c.created AS company_created, c.version AS company_version,
     c.vat AS company_vat, c.fiscal_code AS company_fiscal_code, c.name AS company_name",
    "JOIN company AS c ON c.id = t.company_id",
);
/// What a list of invoices may be ordered by.
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
    ("latest_state", "t.latest_state"),
];

impl Scoped {
    /// Stores an invoice; counts it; makes its company where the caller may have one. All or nothing, durable when it
    /// returns.
    pub(crate) async fn store_send(
        &self,
        draft: &SendDraft,
        allowance: u32,
        now: i64,
        first_step_at: i64,
    ) -> Result<SendOutcome, LedgerError> {
        let sender = &draft.fattura.sender;
        let company = CompanyDraft {
            vat: sender.vat.clone(),
            fiscal_code: sender.fiscal_code.clone(),
            name: sender.name.clone(),
        };
        let mut change = self.write().await?;
        let Some(company) = self.sender(&company, now, &mut change).await? else {
            return Ok(SendOutcome::CompanyNotAllowed);
        };
        if !self.count_within(allowance, 1, &mut change).await? {
            return Ok(SendOutcome::OperationsExhausted);
        }
        let id = self.insert_send(draft, company.id, now, first_step_at, &mut change).await?;
        let row: SendRow = self.row(COLUMNS, Table::Send, id, &mut change).await?.ok_or(sqlx::Error::RowNotFound)?;
        change.commit().await?;
        self.ledger.sent.notify_one();
        Ok(SendOutcome::Stored(Box::new(row)))
    }

    async fn insert_send(
        &self,
        draft: &SendDraft,
        company: i64,
        now: i64,
        first_step_at: i64,
        on: &mut Tx,
    ) -> Result<i64, LedgerError> {
        let fattura = &draft.fattura;
        let mut insert = Sql::new(
            "INSERT INTO send (account_id, company_id, created, version, prestatore, committente, nome_committente,
             file_name, format, encoding, payload, payload_bytes, documents, meta_data, next_step_at,
             nome_prestatore, committente_vat) VALUES (",
        );
        insert.bind_all([
            self.account.into(),
            company.into(),
            now.into(),
            Value::from(1_i64),
            Value::from(&fattura.sender.vat),
            Value::from(&fattura.recipient),
            Value::from(&fattura.recipient_name),
            Value::from(draft.file_name.as_deref().unwrap_or_default()),
            Value::from(&fattura.format),
            Value::from(draft.encoding.text()),
            Value::from(&draft.payload),
            Value::from(i64::try_from(draft.payload.len()).unwrap_or(i64::MAX)),
            Value::from(documents_text(&fattura.documents)),
            Value::from(&draft.meta_data),
            first_step_at.into(),
            Value::from(&fattura.sender.name),
            Value::from(&fattura.recipient_vat),
        ]);
        insert.push(") RETURNING id");
        let id: i64 = on.scalar(insert).await?;
        if draft.file_name.is_none() {
            let name = file_name(&fattura.transmitter, id);
            on.execute(Sql::new("UPDATE send SET file_name = $1 WHERE id = $2").value(name).value(id)).await?;
        }
        for (position, document) in (0_i64..).zip(&fattura.documents) {
            let sql = Sql::new(
                "INSERT INTO document (send_id, company_id, position, kind, number, date) VALUES ($1, $2, $3, $4, $5, $6)",
            );
            let sql = sql.value(id).value(company).value(position);
            on.execute(sql.value(&document.kind).value(&document.number).value(&document.date)).await?;
        }
        Ok(id)
    }

    pub(crate) async fn sends(&self, slice: &Slice, filter: &SendFilter<'_>) -> Result<Rows<SendRow>, LedgerError> {
        self.list(COLUMNS, Table::Send, slice, |sql| filter.push(sql)).await
    }

    pub(crate) async fn send(&self, id: i64) -> Result<Option<SendRow>, LedgerError> {
        self.row(COLUMNS, Table::Send, id, &mut self.read().await?).await
    }

    pub(crate) async fn send_by_identifier(&self, identifier: &str) -> Result<Option<SendRow>, LedgerError> {
        let mut sql = self.statement(&Act::Select(COLUMNS.0, COLUMNS.1), Table::Send);
        sql.push(" AND t.identifier = ").bind(identifier);
        self.read().await?.optional(sql).await
    }

    /// The payload of an invoice, as it arrived.
    pub(crate) async fn payload(&self, id: i64) -> Result<Option<String>, LedgerError> {
        let mut sql = self.statement(&Act::Select("t.payload", ""), Table::Send);
        sql.push(" AND t.id = ").bind(id);
        self.read().await?.optional_scalar(sql).await
    }

    /// Puts the payloads into rows. False when they are more than one answer may hold.
    pub(crate) async fn include_payloads(&self, rows: &mut [SendRow]) -> Result<bool, LedgerError> {
        if rows.iter().map(|row| row.payload_bytes).sum::<i64>() > PAYLOADS_MAX {
            return Ok(false);
        }
        for row in rows {
            // A company deleted in between took its invoices along; the row then says that the payload is not there.
            if let Some(payload) = self.payload(row.id).await? {
                row.payload = payload;
            }
        }
        Ok(true)
    }
}

impl SendFilter<'_> {
    fn push(&self, sql: &mut Sql) {
        equals(sql, "t.company_id", self.company_id);
        equals(sql, "t.identifier", self.identifier);
        equals(sql, "t.committente", self.committente);
        equals(sql, "t.prestatore", self.prestatore);
        equals(sql, "t.file_name", self.file_name);
        equals(sql, "t.latest_state", self.latest_state);
        within(sql, "t.last_update", self.last_update);
        within(sql, "t.date_sent", self.date_sent);
        if let Some(ids) = &self.ids {
            sql.push(" AND t.id").among(ids.clone());
        }
        self.document.push(sql, " AND EXISTS (SELECT 1 FROM document AS d WHERE d.send_id = t.id");
        if let Some(q) = self.q {
            matches_any(
                sql,
                &["t.committente", "t.nome_committente", "t.prestatore", "t.identifier", "t.file_name"],
                &like(q),
            );
        }
        if self.definitive_only {
            sql.push(" AND t.latest_state").among(State::definitive().map(|state| state as i64).collect::<Vec<_>>());
        }
    }
}

/// The documents as the API shows them: number and date, which is a date and time on the wire.
fn documents_text(documents: &[Document]) -> String {
    let items: Vec<_> = documents
        .iter()
        .map(
            |document| serde_json::json!({ "number": document.number, "date": format!("{}T00:00:00Z", document.date) }),
        )
        .collect();
    serde_json::Value::from(items).to_string()
}

/// The exchange's form of a file name: who hands it over, and five characters that tell files apart.
fn file_name(transmitter: &str, id: i64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut rest = id.unsigned_abs();
    let mut suffix = [b'0'; 5];
    for slot in suffix.iter_mut().rev() {
        let digit = usize::try_from(rest % 36).unwrap_or(0);
        *slot = DIGITS.get(digit).copied().unwrap_or(b'0');
        rest /= 36;
    }
    format!("{transmitter}_{}.xml", String::from_utf8_lossy(&suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_tell_files_apart() {
        assert_eq!(file_name("IT01234567890", 1), "IT01234567890_00001.xml");
        assert_eq!(file_name("IT01234567890", 36 * 36 + 35), "IT01234567890_0010Z.xml");
    }
}
