//! Customer: whom a company writes invoices to.
//!
//! Owns:  the rows; that a reference is one customer's.
//! Never: removes one that has invoices.
//! Read:  `CustomerRow`, then the changes.

use super::{Books, Change};
use crate::{
    cursor::{Order, Page, Pager, Place, Placed},
    ledger::{
        LedgerError, Moment,
        engine::Tx,
        paged::{compare, is},
        sql::{Json, Sql, Value},
    },
};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

/// Where somebody is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) line1: Option<String>,
    pub(crate) line2: Option<String>,
    pub(crate) postal_code: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) country: Option<String>,
}

/// What a customer's record says.
#[derive(Clone, Debug, Serialize, FromRow)]
pub(crate) struct CustomerRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) reference: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) tax_id: Option<String>,
    pub(crate) address: Option<Json<Address>>,
    pub(crate) notes: Option<String>,
    #[serde(rename = "created_at")]
    pub(crate) created: Moment,
    #[serde(rename = "updated_at")]
    pub(crate) updated: Moment,
}

impl Placed for CustomerRow {
    fn place(&self, order: &str) -> Place {
        if order == "name" { Place::Text(self.name.clone()) } else { Place::Number(self.created.0) }
    }
    fn id(&self) -> &str {
        &self.id
    }
}

/// Which customers a list is about.
#[derive(Default)]
pub(crate) struct CustomerFilter<'a> {
    pub(crate) reference: Option<&'a str>,
    pub(crate) email: Option<&'a str>,
    pub(crate) tax_id: Option<&'a str>,
}

const SELECT: &str =
    "SELECT t.id, t.name, t.reference, t.email, t.phone, t.tax_id, t.address, t.notes, t.created, t.updated
    FROM laabam_customer AS t";
/// What a list of customers may be ordered by.
pub(crate) const ORDERS: [Order; 2] = [Order::number("created_at", "t.created"), Order::text("name", "t.name")];

fn address(row: &CustomerRow) -> Value {
    Value::from(row.address.as_ref().map(|Json(address)| serde_json::json!(address).to_string()))
}

impl Books {
    pub(crate) async fn customers(
        &self,
        pager: &Pager,
        filter: &CustomerFilter<'_>,
    ) -> Result<Page<CustomerRow>, LedgerError> {
        let mut sql = self.of(SELECT);
        is(&mut sql, "t.reference", filter.reference);
        is(&mut sql, "t.email", filter.email);
        is(&mut sql, "t.tax_id", filter.tax_id);
        self.page(sql, pager).await
    }

    pub(crate) async fn customer(&self, id: &str) -> Result<Option<CustomerRow>, LedgerError> {
        self.find(SELECT, id).await
    }

    /// Whether another customer has this reference.
    async fn reference_taken(&self, row: &CustomerRow, on: &mut Tx) -> Result<bool, LedgerError> {
        let Some(reference) = &row.reference else { return Ok(false) };
        let mut sql = self.of("SELECT t.id FROM laabam_customer AS t");
        is(&mut sql, "t.reference", Some(reference));
        compare(&mut sql, "t.id", " <> ", Some(&row.id));
        self.any(sql, on).await
    }

    pub(crate) async fn create_customer(&self, row: CustomerRow) -> Result<Change<CustomerRow>, LedgerError> {
        let mut tx = self.write().await?;
        if self.reference_taken(&row, &mut tx).await? {
            return Ok(Change::Taken("reference"));
        }
        let mut sql = Sql::new(
            "INSERT INTO laabam_customer (account_id, company_key, id, name, reference, email, phone, tax_id, address, notes,
             created, updated) VALUES (",
        );
        sql.bind_all([
            self.scope.account.into(),
            self.company.into(),
            (&row.id).into(),
            (&row.name).into(),
            (&row.reference).into(),
            (&row.email).into(),
            (&row.phone).into(),
            (&row.tax_id).into(),
            address(&row),
            (&row.notes).into(),
            row.created.into(),
            row.updated.into(),
        ])
        .push(")");
        tx.execute(sql).await?;
        tx.commit().await?;
        Ok(Change::Done(row))
    }

    /// Writes a customer that was read before and changed since by `change`.
    pub(crate) async fn update_customer<E>(
        &self,
        id: &str,
        change: impl FnOnce(&mut CustomerRow) -> Result<(), E>,
    ) -> Result<Result<Change<CustomerRow>, E>, LedgerError> {
        let mut tx = self.write().await?;
        let Some(mut row) = self.row::<CustomerRow>(SELECT, id, &mut tx).await? else {
            return Ok(Ok(Change::NotFound));
        };
        if let Err(refused) = change(&mut row) {
            return Ok(Err(refused));
        }
        if self.reference_taken(&row, &mut tx).await? {
            return Ok(Ok(Change::Taken("reference")));
        }
        let mut sql = Sql::new("UPDATE laabam_customer AS t SET name = ");
        sql.bind(&row.name).push(", reference = ").bind(&row.reference).push(", email = ").bind(&row.email);
        sql.push(", phone = ").bind(&row.phone).push(", tax_id = ").bind(&row.tax_id);
        sql.push(", address = ").bind(address(&row)).push(", notes = ").bind(&row.notes);
        sql.push(", updated = ").bind(row.updated);
        self.held(&mut sql);
        sql.push(" AND t.id = ").bind(id);
        tx.execute(sql).await?;
        tx.commit().await?;
        Ok(Ok(Change::Done(row)))
    }

    /// Removes a customer without invoices.
    pub(crate) async fn delete_customer(&self, id: &str) -> Result<Change<CustomerRow>, LedgerError> {
        let mut tx = self.write().await?;
        let Some(row) = self.row::<CustomerRow>(SELECT, id, &mut tx).await? else {
            return Ok(Change::NotFound);
        };
        let mut sql = self.of("SELECT t.id FROM laabam_invoice AS t");
        sql.push(" AND t.customer_id = ").bind(id).push(" LIMIT 1");
        if self.any(sql, &mut tx).await? {
            return Ok(Change::InUse);
        }
        let mut sql = self.of("DELETE FROM laabam_customer AS t");
        sql.push(" AND t.id = ").bind(id);
        tx.execute(sql).await?;
        tx.commit().await?;
        Ok(Change::Done(row))
    }
}
