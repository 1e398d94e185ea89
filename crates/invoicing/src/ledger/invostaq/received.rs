//! Received: the documents that reached an account.
//!
//! Owns:  the rows, copies that are the receiver's own.
//! Never: changes them.
//! Read:  `ReceivedRow`.

use super::{By, Office};
use crate::{
    cursor::{Order, Page, Pager, Place, Placed},
    ledger::{
        LedgerError, Moment,
        paged::{compare, is},
    },
    money::Amount,
};
use serde::Serialize;
use sqlx::FromRow;

/// A received document as the API shows it.
#[derive(Debug, Serialize, FromRow)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReceivedRow {
    #[serde(rename = "docInstanceId")]
    id: String,
    transaction_id: String,
    #[serde(rename = "senderParticipantId")]
    sender: String,
    #[serde(rename = "receiverParticipantId")]
    receiver: String,
    number: String,
    issue_date: String,
    due_date: String,
    currency: String,
    supplier_name: String,
    supplier_tax_id: Option<String>,
    buyer_name: String,
    buyer_tax_id: Option<String>,
    #[serde(rename = "netAmount")]
    net: Amount,
    #[serde(rename = "taxAmount")]
    tax: Amount,
    #[serde(rename = "totalAmount")]
    total: Amount,
    #[serde(rename = "receivedAt")]
    created: Moment,
}

impl Placed for ReceivedRow {
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

/// Which documents a list is about.
#[derive(Default)]
pub(crate) struct ReceivedFilter<'a> {
    pub(crate) number: Option<&'a str>,
    pub(crate) sender: Option<&'a str>,
    pub(crate) receiver: Option<&'a str>,
    pub(crate) from: Option<&'a str>,
    pub(crate) to: Option<&'a str>,
}

const SELECT: &str =
    "SELECT t.id, t.transaction_id, t.sender, t.receiver, t.number, t.issue_date, t.due_date, t.currency,
    t.supplier_name, t.supplier_tax_id, t.buyer_name, t.buyer_tax_id, t.net, t.tax, t.total, t.created
    FROM invostaq_received AS t";
/// What a list of received documents may be ordered by.
pub(crate) const ORDERS: [Order; 4] = [
    Order::number("receivedAt", "t.created"),
    Order::text("issueDate", "t.issue_date"),
    Order::text("number", "t.number"),
    Order::number("totalAmount", "t.total"),
];

impl Office {
    pub(crate) async fn received(
        &self,
        pager: &Pager,
        filter: &ReceivedFilter<'_>,
    ) -> Result<Page<ReceivedRow>, LedgerError> {
        let mut sql = self.of(SELECT, By::Receiver);
        is(&mut sql, "t.number", filter.number);
        is(&mut sql, "t.sender", filter.sender);
        is(&mut sql, "t.receiver", filter.receiver);
        compare(&mut sql, "t.issue_date", " >= ", filter.from);
        compare(&mut sql, "t.issue_date", " <= ", filter.to);
        self.page(sql, pager).await
    }

    pub(crate) async fn received_of(&self, transaction: &str) -> Result<Option<ReceivedRow>, LedgerError> {
        let mut sql = self.of(SELECT, By::Receiver);
        is(&mut sql, "t.transaction_id", Some(transaction));
        self.read().await?.optional(sql).await
    }

    /// The UBL of a received document.
    pub(crate) async fn received_ubl(&self, transaction: &str) -> Result<Option<String>, LedgerError> {
        let mut sql = self.of("SELECT t.ubl FROM invostaq_received AS t", By::Receiver);
        is(&mut sql, "t.transaction_id", Some(transaction));
        self.read().await?.optional_scalar(sql).await
    }
}
