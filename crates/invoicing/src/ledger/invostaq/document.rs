//! Document: the invoices that an account drafts and sends.
//!
//! Owns:  the rows, and which state follows which.
//! Never: sends as a participant that the account has not registered; changes what was sent.
//! Read:  `DocumentRow`, then `Office::send`.

use super::{By, Office};
use crate::{
    cursor::{Order, Page, Pager, Place, Placed},
    ledger::{
        LedgerError, Moment,
        engine::Tx,
        paged::{compare, is},
        sql::{Sql, Value},
    },
    money::Amount,
};
use serde::Serialize;
use sqlx::FromRow;

/// Where a document is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Draft,
    Processing,
    Delivered,
    Failed,
}

impl State {
    const ALL: [Self; 4] = [Self::Draft, Self::Processing, Self::Delivered, Self::Failed];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Processing => "Processing",
            Self::Delivered => "Delivered",
            Self::Failed => "Failed",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A document as the API shows it.
#[derive(Debug, Serialize, FromRow)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DocumentRow {
    #[serde(rename = "databaseRecordId")]
    pub(crate) id: String,
    pub(crate) transaction_id: Option<String>,
    provider: String,
    pub(crate) state: String,
    #[serde(rename = "failureReason")]
    reason: Option<String>,
    pub(crate) number: String,
    issue_date: String,
    pub(crate) due_date: String,
    pub(crate) currency: String,
    #[serde(rename = "senderParticipantId")]
    pub(crate) sender: Option<String>,
    #[serde(rename = "receiverParticipantId")]
    pub(crate) receiver: Option<String>,
    supplier_name: String,
    supplier_tax_id: Option<String>,
    pub(crate) buyer_name: String,
    buyer_tax_id: Option<String>,
    #[serde(rename = "netAmount")]
    net: Amount,
    #[serde(rename = "taxAmount")]
    tax: Amount,
    #[serde(rename = "totalAmount")]
    pub(crate) total: Amount,
    #[serde(rename = "createdAt")]
    created: Moment,
    #[serde(rename = "updatedAt")]
    updated: Moment,
    #[serde(rename = "paidAt")]
    pub(crate) paid: Option<Moment>,
}

impl Placed for DocumentRow {
    fn place(&self, order: &str) -> Place {
        match order {
            "issueDate" => Place::Text(self.issue_date.clone()),
            "number" => Place::Text(self.number.clone()),
            "totalAmount" => Place::Number(self.total.0),
            _ => Place::Number(self.created.0),
        }
    }
    fn id(&self) -> &str {
        &self.id
    }
}

/// A checked invoice on its way into the ledger.
pub(crate) struct DocumentDraft {
    pub(crate) id: String,
    pub(crate) sender: Option<String>,
    pub(crate) receiver: Option<String>,
    pub(crate) summary: Summary,
    /// As the caller wrote it, in JSON.
    pub(crate) content: String,
    pub(crate) now: i64,
}

/// What lists and reports show of an invoice.
pub(crate) struct Summary {
    pub(crate) number: String,
    pub(crate) issue_date: String,
    pub(crate) due_date: String,
    pub(crate) currency: String,
    pub(crate) supplier_name: String,
    pub(crate) supplier_tax_id: Option<String>,
    pub(crate) buyer_name: String,
    pub(crate) buyer_tax_id: Option<String>,
    pub(crate) net: Amount,
    pub(crate) tax: Amount,
    pub(crate) total: Amount,
}

/// What makes a document one that is sent.
pub(crate) struct Posting {
    pub(crate) transaction_id: String,
    pub(crate) sender: String,
    pub(crate) receiver: String,
    pub(crate) ubl: String,
    /// When it is handed over first.
    pub(crate) first_attempt: i64,
}

/// What came of sending.
pub(crate) enum Sent {
    Done(Box<DocumentRow>),
    /// The account has not registered the sender in this network.
    SenderUnknown,
    /// The sender has a document of this number that did not fail.
    NumberTaken,
    /// It is no draft any more.
    NoDraft,
}

/// Which documents a list is about.
#[derive(Default)]
pub(crate) struct DocumentFilter<'a> {
    pub(crate) number: Option<&'a str>,
    pub(crate) state: Option<State>,
    pub(crate) sender: Option<&'a str>,
    pub(crate) from: Option<&'a str>,
    pub(crate) to: Option<&'a str>,
    /// Drafts belong to people; keys do not see them.
    pub(crate) without_drafts: bool,
}

const SELECT: &str = "SELECT t.id, t.transaction_id, CAST('Invostaq' AS TEXT) AS provider, t.state, t.reason, t.number,
    t.issue_date, t.due_date, t.currency, t.sender, t.receiver, t.supplier_name, t.supplier_tax_id, t.buyer_name,
    t.buyer_tax_id, t.net, t.tax, t.total, t.created, t.updated, t.paid FROM invostaq_document AS t";
/// What a list of documents may be ordered by.
pub(crate) const ORDERS: [Order; 4] = [
    Order::number("createdAt", "t.created"),
    Order::text("issueDate", "t.issue_date"),
    Order::text("number", "t.number"),
    Order::number("totalAmount", "t.total"),
];

impl Office {
    pub(crate) async fn documents(
        &self,
        pager: &Pager,
        filter: &DocumentFilter<'_>,
    ) -> Result<Page<DocumentRow>, LedgerError> {
        let mut sql = self.of(SELECT, By::Sender);
        is(&mut sql, "t.number", filter.number);
        is(&mut sql, "t.state", filter.state.map(State::name));
        is(&mut sql, "t.sender", filter.sender);
        compare(&mut sql, "t.issue_date", " >= ", filter.from);
        compare(&mut sql, "t.issue_date", " <= ", filter.to);
        if filter.without_drafts {
            compare(&mut sql, "t.state", " <> ", Some(State::Draft.name()));
        }
        self.page(sql, pager).await
    }

    pub(crate) async fn document(&self, id: &str) -> Result<Option<DocumentRow>, LedgerError> {
        self.row(SELECT, By::Sender, id, &mut self.read().await?).await
    }

    pub(crate) async fn document_of(&self, transaction: &str) -> Result<Option<DocumentRow>, LedgerError> {
        let mut sql = self.of(SELECT, By::Sender);
        is(&mut sql, "t.transaction_id", Some(transaction));
        self.read().await?.optional(sql).await
    }

    /// The UBL of a document that was sent.
    pub(crate) async fn ubl_of(&self, transaction: &str) -> Result<Option<String>, LedgerError> {
        let mut sql = self.of("SELECT t.ubl FROM invostaq_document AS t", By::Sender);
        is(&mut sql, "t.transaction_id", Some(transaction));
        sql.push(" AND t.ubl IS NOT NULL");
        self.read().await?.optional_scalar(sql).await
    }

    /// What the caller wrote of a document, in JSON.
    pub(crate) async fn content_of(&self, id: &str) -> Result<Option<String>, LedgerError> {
        let mut sql = self.of("SELECT t.content FROM invostaq_document AS t", By::Sender);
        is(&mut sql, "t.id", Some(id));
        self.read().await?.optional_scalar(sql).await
    }

    /// Stores a document and puts it on its way. All or nothing, durable when it returns.
    pub(crate) async fn send(&self, draft: &DocumentDraft, posting: &Posting) -> Result<Sent, LedgerError> {
        let mut tx = self.write().await?;
        if let Some(refused) = self.refusal(&posting.sender, &draft.summary.number, &mut tx).await? {
            return Ok(refused);
        }
        self.insert(draft, &mut tx).await?;
        self.post(&draft.id, posting, draft.now, tx).await
    }

    /// Stores a draft.
    pub(crate) async fn create_draft(&self, draft: &DocumentDraft) -> Result<DocumentRow, LedgerError> {
        let mut tx = self.write().await?;
        self.insert(draft, &mut tx).await?;
        let row = self.row(SELECT, By::Account, &draft.id, &mut tx).await?.ok_or(sqlx::Error::RowNotFound)?;
        tx.commit().await?;
        Ok(row)
    }

    /// Puts a draft on its way.
    pub(crate) async fn approve(&self, id: &str, posting: &Posting, now: i64) -> Result<Sent, LedgerError> {
        let mut tx = self.write().await?;
        let Some(row) = self.row::<DocumentRow>(SELECT, By::Account, id, &mut tx).await? else {
            return Ok(Sent::NoDraft);
        };
        if row.state != State::Draft.name() {
            return Ok(Sent::NoDraft);
        }
        if let Some(refused) = self.refusal(&posting.sender, &row.number, &mut tx).await? {
            return Ok(refused);
        }
        self.post(id, posting, now, tx).await
    }

    /// Removes a draft; false when there is none.
    pub(crate) async fn delete_draft(&self, id: &str) -> Result<bool, LedgerError> {
        let mut sql = self.of("DELETE FROM invostaq_document AS t", By::Account);
        sql.push(" AND t.state = ").bind(State::Draft.name()).push(" AND t.id = ").bind(id);
        let mut tx = self.write().await?;
        let removed = tx.execute(sql).await? == 1;
        tx.commit().await?;
        Ok(removed)
    }

    /// Notes that a document was paid. None when there is none that was delivered.
    pub(crate) async fn mark_paid(&self, id: &str, now: i64) -> Result<Option<DocumentRow>, LedgerError> {
        let mut sql = Sql::new("UPDATE invostaq_document AS t SET paid = coalesce(t.paid, ");
        sql.bind(now).push("), updated = ").bind(now);
        self.held(&mut sql, By::Account);
        sql.push(" AND t.state = ").bind(State::Delivered.name()).push(" AND t.id = ").bind(id);
        let mut tx = self.write().await?;
        tx.execute(sql).await?;
        let row = self.row::<DocumentRow>(SELECT, By::Account, id, &mut tx).await?;
        tx.commit().await?;
        Ok(row.filter(|row| row.paid.is_some()))
    }

    /// Why `sender` may not send a document of this number, if it may not.
    async fn refusal(&self, sender: &str, number: &str, on: &mut Tx) -> Result<Option<Sent>, LedgerError> {
        if !self.holds(sender, on).await? {
            return Ok(Some(Sent::SenderUnknown));
        }
        let mut sql = self.of("SELECT t.id FROM invostaq_document AS t", By::Sender);
        is(&mut sql, "t.sender", Some(sender));
        is(&mut sql, "t.number", Some(number));
        sql.push(" AND t.state IN (").bind(State::Processing.name()).push(", ").bind(State::Delivered.name()).push(")");
        let taken: Option<String> = on.optional_scalar(sql).await?;
        Ok(taken.map(|_| Sent::NumberTaken))
    }

    async fn insert(&self, draft: &DocumentDraft, on: &mut Tx) -> Result<(), LedgerError> {
        let mut sql = Sql::new(
            "INSERT INTO invostaq_document (account_id, id, state, sender, receiver, number, issue_date, due_date, currency,
             supplier_name, supplier_tax_id, buyer_name, buyer_tax_id, net, tax, total, content, created, updated) VALUES (",
        );
        let summary = &draft.summary;
        sql.bind_all([
            Value::from(self.account),
            (&draft.id).into(),
            State::Draft.name().into(),
            (&draft.sender).into(),
            (&draft.receiver).into(),
            (&summary.number).into(),
            (&summary.issue_date).into(),
            (&summary.due_date).into(),
            (&summary.currency).into(),
            (&summary.supplier_name).into(),
            (&summary.supplier_tax_id).into(),
            (&summary.buyer_name).into(),
            (&summary.buyer_tax_id).into(),
            summary.net.into(),
            summary.tax.into(),
            summary.total.into(),
            (&draft.content).into(),
            draft.now.into(),
            draft.now.into(),
        ])
        .push(")");
        on.execute(sql).await?;
        Ok(())
    }

    /// Makes a draft a document on its way, and ends the change.
    async fn post(&self, id: &str, posting: &Posting, now: i64, mut tx: Tx) -> Result<Sent, LedgerError> {
        let mut sql = Sql::new("UPDATE invostaq_document AS t SET state = ");
        sql.bind(State::Processing.name()).push(", transaction_id = ").bind(&posting.transaction_id);
        sql.push(", sender = ").bind(&posting.sender).push(", receiver = ").bind(&posting.receiver);
        sql.push(", ubl = ").bind(&posting.ubl).push(", next_attempt = ").bind(posting.first_attempt);
        sql.push(", updated = ").bind(now);
        sql.push(" WHERE t.account_id = ").bind(self.account).push(" AND t.id = ").bind(id);
        tx.execute(sql).await?;
        let row = self.row(SELECT, By::Sender, id, &mut tx).await?.ok_or(sqlx::Error::RowNotFound)?;
        tx.commit().await?;
        self.ledger.sent.notify_one();
        Ok(Sent::Done(Box::new(row)))
    }
}
