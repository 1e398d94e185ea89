//! Contact: an account's customers and suppliers.
//!
//! Owns:  the rows; who counts as the same: by tax id, or by name where one of the two has none.
//! Never: mixes customers and suppliers.
//! Read:  `ContactRow`, then the changes.

use super::{By, Office};
use crate::{
    cursor::{Order, Page, Pager, Place, Placed},
    identifier,
    invostaq::address::Address,
    ledger::{
        LedgerError, Moment,
        engine::Tx,
        paged::is,
        sql::{Json, Sql, Value},
    },
    options::Randomness,
};
use serde::Serialize;
use sqlx::FromRow;
use std::collections::HashSet;

/// Documents that one seeding looks at; the newest.
const SEED_MAX: i64 = 10_000;

/// Which list somebody is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Customer,
    Supplier,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Supplier => "supplier",
        }
    }

    /// Buyers of what was sent, or suppliers of what was received.
    const fn seen_in(self) -> &'static str {
        match self {
            Self::Customer => {
                "SELECT t.buyer_name AS name, t.buyer_tax_id AS tax_id, t.receiver AS participant_id
                FROM invostaq_document AS t"
            }
            Self::Supplier => {
                "SELECT t.supplier_name AS name, t.supplier_tax_id AS tax_id, t.sender AS participant_id
                FROM invostaq_received AS t"
            }
        }
    }
}

/// What a contact's record says.
#[derive(Clone, Debug, Serialize, FromRow)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContactRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) tax_id: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) participant_id: Option<String>,
    pub(crate) address: Option<Json<Address>>,
    #[serde(rename = "createdAt")]
    pub(crate) created: Moment,
    #[serde(rename = "updatedAt")]
    pub(crate) updated: Moment,
}

impl Placed for ContactRow {
    fn place(&self, order: &str) -> Place {
        if order == "name" { Place::Text(self.name.clone()) } else { Place::Number(self.created.0) }
    }
    fn id(&self) -> &str {
        &self.id
    }
}

/// Somebody who was seen in a document.
#[derive(FromRow)]
struct Seen {
    name: String,
    tax_id: Option<String>,
    participant_id: Option<String>,
}

/// Who was seen so far. The same as `Office::is_known`, in memory.
#[derive(Default)]
struct Names {
    tax_ids: HashSet<String>,
    all: HashSet<String>,
    without_tax_id: HashSet<String>,
}

impl Names {
    /// Takes somebody in; false when they were seen before.
    fn are_new(&mut self, name: &str, tax_id: Option<&str>) -> bool {
        let name = name_key(name);
        let seen = match tax_id {
            Some(tax_id) => self.tax_ids.contains(tax_id) || self.without_tax_id.contains(&name),
            None => self.all.contains(&name),
        };
        if seen {
            return false;
        }
        match tax_id {
            Some(tax_id) => self.tax_ids.insert(tax_id.to_owned()),
            None => self.without_tax_id.insert(name.clone()),
        };
        self.all.insert(name);
        true
    }
}

/// What came of taking in several.
#[derive(Clone, Copy, Default)]
pub(crate) struct Taken {
    pub(crate) created: usize,
    pub(crate) skipped: usize,
}

const SELECT: &str =
    "SELECT t.id, t.name, t.tax_id, t.email, t.phone, t.participant_id, t.address, t.created, t.updated
    FROM invostaq_contact AS t";
/// What a list of contacts may be ordered by.
pub(crate) const ORDERS: [Order; 2] = [Order::number("createdAt", "t.created"), Order::text("name", "t.name")];

/// What names are compared by.
fn name_key(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn address(row: &ContactRow) -> Value {
    Value::from(row.address.as_ref().map(|Json(address)| serde_json::json!(address).to_string()))
}

impl Office {
    pub(crate) async fn contacts(
        &self,
        kind: Kind,
        pager: &Pager,
        tax_id: Option<&str>,
        name: Option<&str>,
    ) -> Result<Page<ContactRow>, LedgerError> {
        let mut sql = self.of_kind(SELECT, kind);
        is(&mut sql, "t.tax_id", tax_id);
        is(&mut sql, "t.name_key", name.map(name_key).as_deref());
        self.page(sql, pager).await
    }

    fn of_kind(&self, text: &'static str, kind: Kind) -> Sql {
        let mut sql = self.of(text, By::Account);
        is(&mut sql, "t.kind", Some(kind.name()));
        sql
    }

    pub(crate) async fn contact(&self, kind: Kind, id: &str) -> Result<Option<ContactRow>, LedgerError> {
        let mut sql = self.of_kind(SELECT, kind);
        is(&mut sql, "t.id", Some(id));
        self.read().await?.optional(sql).await
    }

    /// Whether there is somebody like this already, `except` aside.
    async fn is_known(&self, kind: Kind, row: &ContactRow, on: &mut Tx) -> Result<bool, LedgerError> {
        let mut sql = self.of_kind("SELECT t.id FROM invostaq_contact AS t", kind);
        sql.push(" AND t.id <> ").bind(&row.id);
        match &row.tax_id {
            Some(tax_id) => {
                sql.push(" AND (t.tax_id = ").bind(tax_id);
                sql.push(" OR (t.tax_id IS NULL AND t.name_key = ").bind(name_key(&row.name)).push("))");
            }
            None => is(&mut sql, "t.name_key", Some(&name_key(&row.name))),
        }
        sql.push(" LIMIT 1");
        Ok(on.optional_scalar::<String>(sql).await?.is_some())
    }

    async fn insert_contact(&self, kind: Kind, row: &ContactRow, on: &mut Tx) -> Result<(), LedgerError> {
        let mut sql = Sql::new(
            "INSERT INTO invostaq_contact (account_id, kind, id, name, name_key, tax_id, email, phone, participant_id,
             address, created, updated) VALUES (",
        );
        sql.bind_all([
            Value::from(self.account),
            kind.name().into(),
            (&row.id).into(),
            (&row.name).into(),
            name_key(&row.name).into(),
            (&row.tax_id).into(),
            (&row.email).into(),
            (&row.phone).into(),
            (&row.participant_id).into(),
            address(row),
            row.created.into(),
            row.updated.into(),
        ])
        .push(")");
        on.execute(sql).await?;
        Ok(())
    }

    /// Stores those who are not known yet. All or nothing.
    pub(crate) async fn create_contacts(&self, kind: Kind, rows: &[ContactRow]) -> Result<Taken, LedgerError> {
        let mut tx = self.write().await?;
        let mut taken = Taken::default();
        for row in rows {
            if self.is_known(kind, row, &mut tx).await? {
                taken.skipped += 1;
            } else {
                self.insert_contact(kind, row, &mut tx).await?;
                taken.created += 1;
            }
        }
        tx.commit().await?;
        Ok(taken)
    }

    /// Replaces a contact. None when there is none; false when another one is like this already.
    pub(crate) async fn put_contact(&self, kind: Kind, row: &ContactRow) -> Result<Option<bool>, LedgerError> {
        let mut tx = self.write().await?;
        if self.is_known(kind, row, &mut tx).await? {
            let mut sql = self.of_kind("SELECT t.id FROM invostaq_contact AS t", kind);
            is(&mut sql, "t.id", Some(&row.id));
            let there: Option<String> = tx.optional_scalar(sql).await?;
            return Ok(there.map(|_| false));
        }
        let mut sql = Sql::new("UPDATE invostaq_contact AS t SET name = ");
        sql.bind(&row.name).push(", name_key = ").bind(name_key(&row.name)).push(", tax_id = ").bind(&row.tax_id);
        sql.push(", email = ").bind(&row.email).push(", phone = ").bind(&row.phone);
        sql.push(", participant_id = ").bind(&row.participant_id).push(", address = ").bind(address(row));
        sql.push(", updated = ").bind(row.updated);
        self.held(&mut sql, By::Account);
        is(&mut sql, "t.kind", Some(kind.name()));
        is(&mut sql, "t.id", Some(&row.id));
        let changed = tx.execute(sql).await? == 1;
        tx.commit().await?;
        Ok(changed.then_some(true))
    }

    pub(crate) async fn delete_contact(&self, kind: Kind, id: &str) -> Result<bool, LedgerError> {
        let mut sql = self.of_kind("DELETE FROM invostaq_contact AS t", kind);
        is(&mut sql, "t.id", Some(id));
        let mut tx = self.write().await?;
        let removed = tx.execute(sql).await? == 1;
        tx.commit().await?;
        Ok(removed)
    }

    /// Takes in who is named in documents and not known yet. Done again it creates nobody.
    pub(crate) async fn seed_contacts(
        &self,
        kind: Kind,
        now: i64,
        randomness: &Randomness,
    ) -> Result<Taken, LedgerError> {
        let mut sql = self.of(kind.seen_in(), By::Account);
        sql.push(" ORDER BY t.created DESC, t.id LIMIT ").bind(SEED_MAX);
        let seen: Vec<Seen> = self.read().await?.all(sql).await?;
        let (mut rows, mut names) = (Vec::new(), Names::default());
        for Seen { name, tax_id, participant_id } in seen {
            if names.are_new(&name, tax_id.as_deref()) {
                rows.push(ContactRow {
                    id: identifier::uuid(randomness),
                    name,
                    tax_id,
                    email: None,
                    phone: None,
                    participant_id,
                    address: None,
                    created: Moment(now),
                    updated: Moment(now),
                });
            }
        }
        self.create_contacts(kind, &rows).await
    }
}
