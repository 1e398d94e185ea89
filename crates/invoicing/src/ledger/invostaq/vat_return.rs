//! VatReturn: what an account owes for a period.
//!
//! Owns:  the sums over sent and received documents; drafts and what was submitted.
//! Never: changes what was submitted.
//! Read:  `VatReturnRow`, then `Office::draft_vat_return`.

use super::{By, Office, document::State};
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

const DRAFT: &str = "Draft";
const SUBMITTED: &str = "Submitted";

/// A return as the API shows it.
#[derive(Debug, Serialize, FromRow)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VatReturnRow {
    pub(crate) id: String,
    period_start: String,
    period_end: String,
    currency: String,
    pub(crate) state: String,
    output_net: Amount,
    output_tax: Amount,
    input_net: Amount,
    input_tax: Amount,
    /// What is owed; what is claimed when it is negative.
    net_tax: Amount,
    #[serde(rename = "documentsSent")]
    sent: i64,
    #[serde(rename = "documentsReceived")]
    received: i64,
    #[serde(rename = "documentsInOtherCurrencies")]
    other_currencies: i64,
    #[serde(rename = "createdAt")]
    created: Moment,
    #[serde(rename = "submittedAt")]
    submitted: Option<Moment>,
}

impl Placed for VatReturnRow {
    fn place(&self, order: &str) -> Place {
        if order == "periodStart" { Place::Text(self.period_start.clone()) } else { Place::Number(self.created.0) }
    }
    fn id(&self) -> &str {
        &self.id
    }
}

/// What a return is about; both days belong to it.
pub(crate) struct Period {
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) currency: String,
}

#[derive(FromRow)]
struct Sums {
    net: Amount,
    tax: Amount,
    count: i64,
}

const SELECT: &str =
    "SELECT t.id, t.period_start, t.period_end, t.currency, t.state, t.output_net, t.output_tax, t.input_net,
    t.input_tax, t.output_tax - t.input_tax AS net_tax, t.sent, t.received, t.other_currencies, t.created, t.submitted
    FROM invostaq_vat_return AS t";
/// What a list of returns may be ordered by.
pub(crate) const ORDERS: [Order; 2] =
    [Order::text("periodStart", "t.period_start"), Order::number("createdAt", "t.created")];

const SENT: &str =
    "SELECT CAST(coalesce(sum(t.net), 0) AS BIGINT) AS net, CAST(coalesce(sum(t.tax), 0) AS BIGINT) AS tax,
    count(*) AS count FROM invostaq_document AS t";
const RECEIVED: &str =
    "SELECT CAST(coalesce(sum(t.net), 0) AS BIGINT) AS net, CAST(coalesce(sum(t.tax), 0) AS BIGINT) AS tax,
    count(*) AS count FROM invostaq_received AS t";

impl Office {
    pub(crate) async fn vat_returns(&self, pager: &Pager) -> Result<Page<VatReturnRow>, LedgerError> {
        self.page(self.of(SELECT, By::Account), pager).await
    }

    pub(crate) async fn vat_return(&self, id: &str) -> Result<Option<VatReturnRow>, LedgerError> {
        self.row(SELECT, By::Account, id, &mut self.read().await?).await
    }

    /// The sums of the period; `currency_is` tells whether those in its currency or all others.
    async fn sums(
        &self,
        text: &'static str,
        period: &Period,
        currency_is: bool,
        on: &mut Tx,
    ) -> Result<Sums, LedgerError> {
        let mut sql = self.of(text, By::Account);
        compare(&mut sql, "t.issue_date", " >= ", Some(&period.start));
        compare(&mut sql, "t.issue_date", " <= ", Some(&period.end));
        compare(&mut sql, "t.currency", if currency_is { " = " } else { " <> " }, Some(&period.currency));
        if text == SENT {
            sql.push(" AND t.state IN (").bind(State::Processing.name());
            sql.push(", ").bind(State::Delivered.name()).push(")");
        }
        on.one(sql).await
    }

    /// Counts the period and keeps the result as a draft, in place of the draft before. None when the period was submitted.
    pub(crate) async fn draft_vat_return(
        &self,
        id: &str,
        period: &Period,
        now: i64,
    ) -> Result<Option<VatReturnRow>, LedgerError> {
        let mut tx = self.write().await?;
        let mut sql = self.of(SELECT, By::Account);
        is(&mut sql, "t.period_start", Some(&period.start));
        is(&mut sql, "t.period_end", Some(&period.end));
        is(&mut sql, "t.currency", Some(&period.currency));
        let before: Option<VatReturnRow> = tx.optional(sql).await?;
        if before.as_ref().is_some_and(|row| row.state == SUBMITTED) {
            return Ok(None);
        }
        if let Some(before) = before {
            let mut sql = self.of("DELETE FROM invostaq_vat_return AS t", By::Account);
            is(&mut sql, "t.id", Some(&before.id));
            tx.execute(sql).await?;
        }
        let sent = self.sums(SENT, period, true, &mut tx).await?;
        let received = self.sums(RECEIVED, period, true, &mut tx).await?;
        let others = self.sums(SENT, period, false, &mut tx).await?.count
            + self.sums(RECEIVED, period, false, &mut tx).await?.count;
        let mut sql = Sql::new(
            "INSERT INTO invostaq_vat_return (account_id, id, period_start, period_end, currency, state, output_net,
             output_tax, input_net, input_tax, sent, received, other_currencies, created) VALUES (",
        );
        sql.bind_all([
            Value::from(self.account),
            id.into(),
            (&period.start).into(),
            (&period.end).into(),
            (&period.currency).into(),
            DRAFT.into(),
            sent.net.into(),
            sent.tax.into(),
            received.net.into(),
            received.tax.into(),
            sent.count.into(),
            received.count.into(),
            others.into(),
            now.into(),
        ])
        .push(")");
        tx.execute(sql).await?;
        let row = self.row(SELECT, By::Account, id, &mut tx).await?.ok_or(sqlx::Error::RowNotFound)?;
        tx.commit().await?;
        Ok(Some(row))
    }

    /// Submits a draft as it is. None when there is none; a return that was submitted before stays as it was.
    pub(crate) async fn submit_vat_return(&self, id: &str, now: i64) -> Result<Option<VatReturnRow>, LedgerError> {
        let mut tx = self.write().await?;
        let mut sql = Sql::new("UPDATE invostaq_vat_return AS t SET state = ");
        sql.bind(SUBMITTED).push(", submitted = ").bind(now);
        self.held(&mut sql, By::Account);
        is(&mut sql, "t.state", Some(DRAFT));
        is(&mut sql, "t.id", Some(id));
        tx.execute(sql).await?;
        let row = self.row(SELECT, By::Account, id, &mut tx).await?;
        tx.commit().await?;
        Ok(row)
    }
}
