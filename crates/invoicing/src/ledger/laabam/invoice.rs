//! Invoice: what customers owe a company.
//!
//! Owns:  the rows; their numbers; what state an invoice is in.
//! Never: changes an invoice that was made, its state excepted; keeps a sum that a caller sent.
//! Read:  `InvoiceRow`, then the changes.

use super::{Books, Change};
use crate::{
    cursor::{Order, Page, Pager, Place, Placed},
    ledger::{
        LedgerError, Moment,
        engine::Tx,
        paged::{compare, is},
        sql::{Json, Sql, Value},
    },
    money::{Amount, Price, Quantity, Rate},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sqlx::FromRow;

/// Numbers that are tried for an invoice without one.
const NUMBERS_TRIED_MAX: usize = 1_000;

/// How far an invoice is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Unpaid,
    Partial,
    Paid,
    Voided,
}

impl Status {
    const ALL: [Self; 4] = [Self::Unpaid, Self::Partial, Self::Paid, Self::Voided];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unpaid => "unpaid",
            Self::Partial => "partial",
            Self::Paid => "paid",
            Self::Voided => "voided",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Of an invoice over `total` of which `paid` came in.
    pub(super) const fn of(total: Amount, paid: Amount) -> Self {
        if paid.0 >= total.0 {
            Self::Paid
        } else if paid.0 > 0 {
            Self::Partial
        } else {
            Self::Unpaid
        }
    }
}

/// A line as the API shows it and the row keeps it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LineRow {
    pub(crate) product_id: Option<String>,
    pub(crate) description: String,
    pub(crate) quantity: Quantity,
    pub(crate) unit_price: Price,
    pub(crate) tax_rate: Rate,
    pub(crate) net: Amount,
}

/// What is taxed at one rate.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TaxRow {
    pub(crate) tax_rate: Rate,
    pub(crate) taxable: Amount,
    pub(crate) tax: Amount,
}

/// An invoice as the API shows it.
#[derive(Debug, Serialize, FromRow)]
pub(crate) struct InvoiceRow {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) customer_id: String,
    pub(crate) status: String,
    pub(crate) currency: String,
    pub(crate) issue_date: String,
    pub(crate) due_date: String,
    pub(crate) lines: Json<Box<RawValue>>,
    pub(crate) taxes: Json<Box<RawValue>>,
    pub(crate) subtotal: Amount,
    pub(crate) tax_total: Amount,
    pub(crate) total: Amount,
    #[serde(rename = "amount_paid")]
    pub(crate) paid: Amount,
    #[serde(rename = "amount_due")]
    pub(crate) due: Amount,
    pub(crate) notes: Option<String>,
    #[serde(rename = "created_at")]
    pub(crate) created: Moment,
    #[serde(rename = "updated_at")]
    pub(crate) updated: Moment,
    #[serde(rename = "voided_at")]
    pub(crate) voided: Option<Moment>,
}

impl Placed for InvoiceRow {
    fn place(&self, order: &str) -> Place {
        match order {
            "issue_date" => Place::Text(self.issue_date.clone()),
            "due_date" => Place::Text(self.due_date.clone()),
            "number" => Place::Text(self.number.clone()),
            "total" => Place::Number(self.total.0),
            _ => Place::Number(self.created.0),
        }
    }
    fn id(&self) -> &str {
        &self.id
    }
}

/// A checked invoice on its way into the ledger.
pub(crate) struct InvoiceDraft {
    pub(crate) id: String,
    /// The company's next number when there is none.
    pub(crate) number: Option<String>,
    pub(crate) customer_id: String,
    pub(crate) currency: String,
    pub(crate) issue_date: String,
    pub(crate) due_date: String,
    pub(crate) lines: Vec<LineRow>,
    pub(crate) taxes: Vec<TaxRow>,
    pub(crate) subtotal: Amount,
    pub(crate) tax_total: Amount,
    pub(crate) total: Amount,
    pub(crate) notes: Option<String>,
    pub(crate) now: i64,
}

/// Which invoices a list is about.
#[derive(Default)]
pub(crate) struct InvoiceFilter<'a> {
    pub(crate) number: Option<&'a str>,
    pub(crate) status: Option<Status>,
    pub(crate) customer_id: Option<&'a str>,
    /// Days of issue; both ends belong to it.
    pub(crate) from: Option<&'a str>,
    pub(crate) to: Option<&'a str>,
}

pub(super) const SELECT: &str =
    "SELECT t.id, t.number, t.customer_id, t.status, t.currency, t.issue_date, t.due_date, t.lines,
    t.taxes, t.subtotal, t.tax_total, t.total, t.paid,
    CASE WHEN t.status = 'voided' THEN 0 ELSE t.total - t.paid END AS due, t.notes, t.created, t.updated, t.voided
    FROM laabam_invoice AS t";
/// What a list of invoices may be ordered by.
pub(crate) const ORDERS: [Order; 5] = [
    Order::number("created_at", "t.created"),
    Order::text("issue_date", "t.issue_date"),
    Order::text("due_date", "t.due_date"),
    Order::text("number", "t.number"),
    Order::number("total", "t.total"),
];

impl Books {
    pub(crate) async fn invoices(
        &self,
        pager: &Pager,
        filter: &InvoiceFilter<'_>,
    ) -> Result<Page<InvoiceRow>, LedgerError> {
        let mut sql = self.of(SELECT);
        is(&mut sql, "t.number", filter.number);
        is(&mut sql, "t.status", filter.status.map(Status::name));
        is(&mut sql, "t.customer_id", filter.customer_id);
        compare(&mut sql, "t.issue_date", " >= ", filter.from);
        compare(&mut sql, "t.issue_date", " <= ", filter.to);
        self.page(sql, pager).await
    }

    pub(crate) async fn invoice(&self, id: &str) -> Result<Option<InvoiceRow>, LedgerError> {
        self.find(SELECT, id).await
    }

    async fn number_taken(&self, number: &str, on: &mut Tx) -> Result<bool, LedgerError> {
        let mut sql = self.of("SELECT t.id FROM laabam_invoice AS t");
        is(&mut sql, "t.number", Some(number));
        self.any(sql, on).await
    }

    /// The next number of the company that no invoice has. None when callers used too many of them in a row.
    async fn next_number(&self, on: &mut Tx) -> Result<Option<String>, LedgerError> {
        for _ in 0..NUMBERS_TRIED_MAX {
            let mut sql =
                Sql::new("UPDATE laabam_company AS t SET next_number = next_number + 1 WHERE t.account_id = ");
            sql.bind(self.scope.account).push(" AND t.key = ").bind(self.company).push(" RETURNING next_number");
            let next: i64 = on.scalar(sql).await?;
            let number = format!("INV-{:06}", next - 1);
            if !self.number_taken(&number, on).await? {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    pub(crate) async fn create_invoice(&self, draft: InvoiceDraft) -> Result<Change<InvoiceRow>, LedgerError> {
        let mut tx = self.write().await?;
        let mut sql = self.of("SELECT t.id FROM laabam_customer AS t");
        is(&mut sql, "t.id", Some(&draft.customer_id));
        if !self.any(sql, &mut tx).await? {
            return Ok(Change::Unknown("customer_id"));
        }
        let number = match &draft.number {
            Some(number) if self.number_taken(number, &mut tx).await? => return Ok(Change::Taken("number")),
            Some(number) => number.clone(),
            None => match self.next_number(&mut tx).await? {
                Some(number) => number,
                None => return Ok(Change::Taken("number")),
            },
        };
        let status = Status::of(draft.total, Amount::default());
        let mut sql = Sql::new(
            "INSERT INTO laabam_invoice (account_id, company_key, id, number, customer_id, status, currency, issue_date,
             due_date, lines, taxes, subtotal, tax_total, total, paid, notes, created, updated) VALUES (",
        );
        sql.bind_all([
            Value::from(self.scope.account),
            self.company.into(),
            (&draft.id).into(),
            number.into(),
            draft.customer_id.into(),
            status.name().into(),
            draft.currency.into(),
            draft.issue_date.into(),
            draft.due_date.into(),
            serde_json::json!(draft.lines).to_string().into(),
            serde_json::json!(draft.taxes).to_string().into(),
            draft.subtotal.into(),
            draft.tax_total.into(),
            draft.total.into(),
            Amount::default().into(),
            draft.notes.into(),
            draft.now.into(),
            draft.now.into(),
        ])
        .push(")");
        tx.execute(sql).await?;
        let row = self.row(SELECT, &draft.id, &mut tx).await?.ok_or(sqlx::Error::RowNotFound)?;
        tx.commit().await?;
        Ok(Change::Done(row))
    }

    /// Takes an invoice back. One that something was paid of is not: its payments go first.
    pub(crate) async fn void_invoice(&self, id: &str, now: i64) -> Result<Change<InvoiceRow>, LedgerError> {
        let mut tx = self.write().await?;
        let Some(row) = self.row::<InvoiceRow>(SELECT, id, &mut tx).await? else { return Ok(Change::NotFound) };
        if row.status == Status::Voided.name() {
            // What was asked for is so already.
            return Ok(Change::Done(row));
        }
        if row.paid.0 > 0 {
            return Ok(Change::InUse);
        }
        let mut sql = Sql::new("UPDATE laabam_invoice AS t SET status = ");
        sql.bind(Status::Voided.name()).push(", voided = ").bind(now).push(", updated = ").bind(now);
        self.held(&mut sql);
        sql.push(" AND t.id = ").bind(id);
        tx.execute(sql).await?;
        let row = self.row(SELECT, id, &mut tx).await?.ok_or(sqlx::Error::RowNotFound)?;
        tx.commit().await?;
        Ok(Change::Done(row))
    }

    /// Sets what came in for an invoice, and the state that follows from it.
    pub(super) async fn set_paid(
        &self,
        invoice: &InvoiceRow,
        paid: Amount,
        now: i64,
        on: &mut Tx,
    ) -> Result<(), LedgerError> {
        let mut sql = Sql::new("UPDATE laabam_invoice AS t SET paid = ");
        sql.bind(paid).push(", status = ").bind(Status::of(invoice.total, paid).name()).push(", updated = ").bind(now);
        self.held(&mut sql);
        sql.push(" AND t.id = ").bind(&invoice.id);
        on.execute(sql).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Fixed;

    #[test]
    fn the_state_follows_from_what_came_in() {
        for (total, paid, status) in [
            (100, 0, Status::Unpaid),
            (100, 1, Status::Partial),
            (100, 99, Status::Partial),
            (100, 100, Status::Paid),
            (0, 0, Status::Paid),
        ] {
            assert_eq!(Status::of(Fixed(total), Fixed(paid)), status);
        }
        assert!(Status::ALL.into_iter().all(|status| Status::named(status.name()) == Some(status)));
        assert_eq!(Status::named("Paid"), None);
    }
}
