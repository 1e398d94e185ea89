//! Payment: what came in for an invoice.
//!
//! Owns:  the rows; that no invoice is paid beyond its total.
//! Never: removes a payment: one that was wrong is taken back and stays to be seen.
//! Read:  `PaymentRow`, then the changes.

use super::{
    Books, Change,
    invoice::{InvoiceRow, SELECT as INVOICE, Status},
};
use crate::{
    cursor::{Order, Page, Pager, Place, Placed},
    ledger::{
        LedgerError, Moment,
        paged::{compare, is},
        sql::{Sql, Value},
    },
    money::{Amount, Fixed},
};
use serde::Serialize;
use sqlx::FromRow;

/// A payment as the API shows it.
#[derive(Debug, Serialize, FromRow)]
pub(crate) struct PaymentRow {
    pub(crate) id: String,
    pub(crate) invoice_id: String,
    pub(crate) amount: Amount,
    pub(crate) currency: String,
    pub(crate) method: String,
    pub(crate) paid_on: String,
    pub(crate) reference: Option<String>,
    #[serde(rename = "created_at")]
    pub(crate) created: Moment,
    #[serde(rename = "voided_at")]
    pub(crate) voided: Option<Moment>,
}

impl Placed for PaymentRow {
    fn place(&self, order: &str) -> Place {
        match order {
            "paid_on" => Place::Text(self.paid_on.clone()),
            "amount" => Place::Number(self.amount.0),
            _ => Place::Number(self.created.0),
        }
    }
    fn id(&self) -> &str {
        &self.id
    }
}

/// A payment on its way into the ledger. Its currency is the invoice's.
pub(crate) struct PaymentDraft {
    pub(crate) id: String,
    pub(crate) invoice_id: String,
    pub(crate) amount: Amount,
    /// The currency that the caller believes; another one than the invoice's is refused.
    pub(crate) currency: Option<String>,
    pub(crate) method: &'static str,
    pub(crate) paid_on: String,
    pub(crate) reference: Option<String>,
    pub(crate) now: i64,
}

/// What came of a payment.
pub(crate) enum Paid {
    Done(Box<PaymentRow>),
    NoInvoice,
    Voided,
    /// More than what is still due, which is this much.
    TooMuch(Amount),
    /// The invoice is in this currency.
    OtherCurrency(String),
    ReferenceTaken,
}

/// Which payments a list is about.
#[derive(Default)]
pub(crate) struct PaymentFilter<'a> {
    pub(crate) invoice_id: Option<&'a str>,
    pub(crate) customer_id: Option<&'a str>,
    pub(crate) reference: Option<&'a str>,
    /// Days of payment; both ends belong to it.
    pub(crate) from: Option<&'a str>,
    pub(crate) to: Option<&'a str>,
}

const SELECT: &str =
    "SELECT t.id, t.invoice_id, t.amount, t.currency, t.method, t.paid_on, t.reference, t.created, t.voided
    FROM laabam_payment AS t";
/// What a list of payments may be ordered by.
pub(crate) const ORDERS: [Order; 3] = [
    Order::number("created_at", "t.created"),
    Order::text("paid_on", "t.paid_on"),
    Order::number("amount", "t.amount"),
];

impl Books {
    pub(crate) async fn payments(
        &self,
        pager: &Pager,
        filter: &PaymentFilter<'_>,
    ) -> Result<Page<PaymentRow>, LedgerError> {
        let mut sql = self.of(SELECT);
        is(&mut sql, "t.invoice_id", filter.invoice_id);
        is(&mut sql, "t.reference", filter.reference);
        compare(&mut sql, "t.paid_on", " >= ", filter.from);
        compare(&mut sql, "t.paid_on", " <= ", filter.to);
        if let Some(customer) = filter.customer_id {
            sql.push(" AND EXISTS (SELECT 1 FROM laabam_invoice AS i WHERE i.id = t.invoice_id AND i.company_key = ");
            sql.bind(self.company).push(" AND i.customer_id = ").bind(customer).push(")");
        }
        self.page(sql, pager).await
    }

    pub(crate) async fn payment(&self, id: &str) -> Result<Option<PaymentRow>, LedgerError> {
        self.find(SELECT, id).await
    }

    /// Stores a payment and moves its invoice on. All or nothing.
    pub(crate) async fn create_payment(&self, draft: PaymentDraft) -> Result<Paid, LedgerError> {
        let mut tx = self.write().await?;
        let Some(invoice) = self.row::<InvoiceRow>(INVOICE, &draft.invoice_id, &mut tx).await? else {
            return Ok(Paid::NoInvoice);
        };
        if invoice.status == Status::Voided.name() {
            return Ok(Paid::Voided);
        }
        if draft.currency.as_ref().is_some_and(|currency| *currency != invoice.currency) {
            return Ok(Paid::OtherCurrency(invoice.currency));
        }
        if draft.amount > invoice.due {
            return Ok(Paid::TooMuch(invoice.due));
        }
        if let Some(reference) = &draft.reference {
            let mut sql = self.of("SELECT t.id FROM laabam_payment AS t");
            is(&mut sql, "t.reference", Some(reference));
            if self.any(sql, &mut tx).await? {
                return Ok(Paid::ReferenceTaken);
            }
        }
        let mut sql = Sql::new(
            "INSERT INTO laabam_payment (account_id, company_key, id, invoice_id, amount, currency, method, paid_on,
             reference, created) VALUES (",
        );
        sql.bind_all([
            Value::from(self.scope.account),
            self.company.into(),
            (&draft.id).into(),
            (&invoice.id).into(),
            draft.amount.into(),
            (&invoice.currency).into(),
            draft.method.into(),
            draft.paid_on.into(),
            draft.reference.into(),
            draft.now.into(),
        ])
        .push(")");
        tx.execute(sql).await?;
        self.set_paid(&invoice, Fixed(invoice.paid.0 + draft.amount.0), draft.now, &mut tx).await?;
        let row = self.row(SELECT, &draft.id, &mut tx).await?.ok_or(sqlx::Error::RowNotFound)?;
        tx.commit().await?;
        Ok(Paid::Done(Box::new(row)))
    }

    /// Takes a payment back; its invoice is owed again.
    pub(crate) async fn void_payment(&self, id: &str, now: i64) -> Result<Change<PaymentRow>, LedgerError> {
        let mut tx = self.write().await?;
        let Some(row) = self.row::<PaymentRow>(SELECT, id, &mut tx).await? else { return Ok(Change::NotFound) };
        if row.voided.is_some() {
            return Ok(Change::Done(row));
        }
        let mut sql = Sql::new("UPDATE laabam_payment AS t SET voided = ");
        sql.bind(now);
        self.held(&mut sql);
        sql.push(" AND t.id = ").bind(id);
        tx.execute(sql).await?;
        let invoice: InvoiceRow = self.row(INVOICE, &row.invoice_id, &mut tx).await?.ok_or(sqlx::Error::RowNotFound)?;
        self.set_paid(&invoice, Fixed(invoice.paid.0 - row.amount.0), now, &mut tx).await?;
        let row = self.row(SELECT, id, &mut tx).await?.ok_or(sqlx::Error::RowNotFound)?;
        tx.commit().await?;
        Ok(Change::Done(row))
    }
}
