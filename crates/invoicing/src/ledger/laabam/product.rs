//! Product: what a company sells.
//!
//! Owns:  the rows; that a stock number is one product's.
//! Never: changes what was invoiced: lines hold copies.
//! Read:  `ProductRow`, then the changes.

use super::{Books, Change};
use crate::{
    cursor::{Order, Page, Pager, Place, Placed},
    ledger::{
        LedgerError, Moment,
        engine::Tx,
        paged::{compare, is},
        sql::Sql,
    },
    money::{Price, Rate},
};
use serde::Serialize;
use sqlx::FromRow;

/// What a product's record says.
#[derive(Clone, Debug, Serialize, FromRow)]
pub(crate) struct ProductRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) sku: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) currency: String,
    pub(crate) unit_price: Price,
    pub(crate) tax_rate: Rate,
    #[serde(rename = "created_at")]
    pub(crate) created: Moment,
    #[serde(rename = "updated_at")]
    pub(crate) updated: Moment,
}

impl Placed for ProductRow {
    fn place(&self, order: &str) -> Place {
        match order {
            "name" => Place::Text(self.name.clone()),
            "unit_price" => Place::Number(self.unit_price.0),
            _ => Place::Number(self.created.0),
        }
    }
    fn id(&self) -> &str {
        &self.id
    }
}

const SELECT: &str =
    "SELECT t.id, t.name, t.sku, t.description, t.currency, t.unit_price, t.tax_rate, t.created, t.updated
    FROM laabam_product AS t";
/// What a list of products may be ordered by.
pub(crate) const ORDERS: [Order; 3] = [
    Order::number("created_at", "t.created"),
    Order::text("name", "t.name"),
    Order::number("unit_price", "t.unit_price"),
];

impl Books {
    pub(crate) async fn products(&self, pager: &Pager, sku: Option<&str>) -> Result<Page<ProductRow>, LedgerError> {
        let mut sql = self.of(SELECT);
        is(&mut sql, "t.sku", sku);
        self.page(sql, pager).await
    }

    pub(crate) async fn product(&self, id: &str) -> Result<Option<ProductRow>, LedgerError> {
        self.find(SELECT, id).await
    }

    /// Whether another product has this stock number.
    async fn sku_taken(&self, row: &ProductRow, on: &mut Tx) -> Result<bool, LedgerError> {
        let Some(sku) = &row.sku else { return Ok(false) };
        let mut sql = self.of("SELECT t.id FROM laabam_product AS t");
        is(&mut sql, "t.sku", Some(sku));
        compare(&mut sql, "t.id", " <> ", Some(&row.id));
        self.any(sql, on).await
    }

    pub(crate) async fn create_product(&self, row: ProductRow) -> Result<Change<ProductRow>, LedgerError> {
        let mut tx = self.write().await?;
        if self.sku_taken(&row, &mut tx).await? {
            return Ok(Change::Taken("sku"));
        }
        let mut sql = Sql::new(
            "INSERT INTO laabam_product (account_id, company_key, id, name, sku, description, currency, unit_price, tax_rate,
             created, updated) VALUES (",
        );
        sql.bind_all([
            self.scope.account.into(),
            self.company.into(),
            (&row.id).into(),
            (&row.name).into(),
            (&row.sku).into(),
            (&row.description).into(),
            (&row.currency).into(),
            row.unit_price.into(),
            row.tax_rate.into(),
            row.created.into(),
            row.updated.into(),
        ])
        .push(")");
        tx.execute(sql).await?;
        tx.commit().await?;
        Ok(Change::Done(row))
    }

    /// Writes a product after `change`.
    pub(crate) async fn update_product<E>(
        &self,
        id: &str,
        change: impl FnOnce(&mut ProductRow) -> Result<(), E>,
    ) -> Result<Result<Change<ProductRow>, E>, LedgerError> {
        let mut tx = self.write().await?;
        let Some(mut row) = self.row::<ProductRow>(SELECT, id, &mut tx).await? else {
            return Ok(Ok(Change::NotFound));
        };
        if let Err(refused) = change(&mut row) {
            return Ok(Err(refused));
        }
        if self.sku_taken(&row, &mut tx).await? {
            return Ok(Ok(Change::Taken("sku")));
        }
        let mut sql = Sql::new("UPDATE laabam_product AS t SET name = ");
        sql.bind(&row.name).push(", sku = ").bind(&row.sku).push(", description = ").bind(&row.description);
        sql.push(", currency = ").bind(&row.currency).push(", unit_price = ").bind(row.unit_price);
        sql.push(", tax_rate = ").bind(row.tax_rate).push(", updated = ").bind(row.updated);
        self.held(&mut sql);
        sql.push(" AND t.id = ").bind(id);
        tx.execute(sql).await?;
        tx.commit().await?;
        Ok(Ok(Change::Done(row)))
    }

    /// Removes a product. Invoices keep their copy of it.
    pub(crate) async fn delete_product(&self, id: &str) -> Result<Change<ProductRow>, LedgerError> {
        let mut tx = self.write().await?;
        let Some(row) = self.row::<ProductRow>(SELECT, id, &mut tx).await? else {
            return Ok(Change::NotFound);
        };
        let mut sql = self.of("DELETE FROM laabam_product AS t");
        sql.push(" AND t.id = ").bind(id);
        tx.execute(sql).await?;
        tx.commit().await?;
        Ok(Change::Done(row))
    }
}
