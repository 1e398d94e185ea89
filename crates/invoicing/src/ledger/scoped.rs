//! Scoped: an account's rows in one ledger, as far as the caller's companies reach.
//!
//! Owns:  the condition that every statement on an account's rows begins with (R90, R91, R92).
//! Never: takes account, companies or environment from anywhere but the verified context.
//! Read:  `Scoped::statement`, then `Table`.

use super::{
    Ledger, LedgerError,
    engine::{Access, Reach, Row, Tx},
    sql::Sql,
};
use crate::context::{Caller, CompanyLimit, CompanyNames, Environment, normal_vat};
use std::sync::Arc;

/// What a caller may reach. The only way from a request to a row; handlers never see SQL.
#[derive(Clone)]
pub(crate) struct Scoped {
    pub(super) ledger: Ledger,
    pub(super) account: i64,
    pub(super) caller: Arc<Caller>,
}

/// The tables that hold rows of accounts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Company,
    Send,
    Update,
    Webhook,
    Event,
    Receive,
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Send => "send",
            Self::Update => "state_update",
            Self::Webhook => "webhook",
            Self::Event => "event",
            Self::Receive => "receive",
        }
    }

    /// The column that says whose company the row is. Rows of no company are seen only by callers of all companies.
    const fn company(self) -> &'static str {
        match self {
            Self::Company => "t.id",
            Self::Send | Self::Update | Self::Webhook | Self::Event | Self::Receive => "t.company_id",
        }
    }
}

/// What a statement does with the rows it reaches. The row is called `t` in every part.
pub(super) enum Act {
    /// Columns, and joins if there are any.
    Select(&'static str, &'static str),
    Delete,
}

/// A page of a list and how many rows there are in all.
pub(crate) struct Rows<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) total: i64,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), total: 0 }
    }
}

/// Which rows of a list, and in which order. `order` is a column of the table's own list, never the caller's text.
pub(crate) struct Slice {
    pub(crate) order: &'static str,
    pub(crate) descending: bool,
    pub(crate) limit: i64,
    pub(crate) offset: i64,
}

impl Ledger {
    /// What `caller` may reach in this ledger. The account gets its row with its first request.
    pub(crate) async fn scope(&self, caller: Arc<Caller>, now: i64) -> Result<Scoped, LedgerError> {
        let account = self.account(&caller.account, now).await?;
        Ok(Scoped { ledger: self.clone(), account, caller })
    }

    /// The account of this name.
    pub(super) async fn account(&self, name: &str, now: i64) -> Result<i64, LedgerError> {
        let known = Sql::new("SELECT id FROM account WHERE name = $1").value(name);
        if let Some(id) = self.system(Access::Read).await?.optional_scalar(known).await? {
            return Ok(id);
        }
        // Two first requests may meet here; the second finds the row of the first.
        let made = Sql::new(
            "INSERT INTO account (name, created) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id",
        );
        let mut change = self.system(Access::Write).await?;
        let id = change.scalar(made.value(name).value(now)).await?;
        change.commit().await?;
        Ok(id)
    }
}

impl Scoped {
    /// A transaction that reads. On PostgreSQL it sees the scope's rows only, whatever it asks for.
    pub(super) async fn read(&self) -> Result<Tx, LedgerError> {
        self.ledger.engine.begin(Reach::Scope(self.account, &self.caller.companies), Access::Read).await
    }

    /// A transaction that changes rows. Dropped without a commit it undoes itself.
    pub(super) async fn write(&self) -> Result<Tx, LedgerError> {
        self.ledger.engine.begin(Reach::Scope(self.account, &self.caller.companies), Access::Write).await
    }

    /// Begins a statement with the condition that keeps it inside the scope. Every statement on `Table`s begins here.
    pub(super) fn statement(&self, act: &Act, table: Table) -> Sql {
        let mut sql = Sql::default();
        match act {
            Act::Select(columns, joins) => {
                sql.push("SELECT ").push(columns).push(" FROM ").push(table.name()).push(" AS t ").push(joins)
            }
            Act::Delete => sql.push("DELETE FROM ").push(table.name()).push(" AS t"),
        };
        self.condition(&mut sql, table);
        sql
    }

    /// Begins an `UPDATE` of the assignments that `assign` pushes.
    pub(super) fn update_statement(&self, table: Table, assign: impl FnOnce(&mut Sql)) -> Sql {
        let mut sql = Sql::new("UPDATE ");
        sql.push(table.name()).push(" AS t SET ");
        assign(&mut sql);
        self.condition(&mut sql, table);
        sql
    }

    fn condition(&self, sql: &mut Sql, table: Table) {
        sql.push(" WHERE t.account_id = ").bind(self.account);
        if let CompanyLimit::Only(CompanyNames { vats, ids, .. }) = &self.caller.companies {
            sql.push(" AND ").push(table.company()).push(" IN (SELECT id FROM company WHERE account_id = ");
            sql.bind(self.account).push(" AND (vat").among(vats.clone()).push(" OR id").among(ids.clone()).push("))");
        }
    }

    /// A page of the rows that `filter` leaves, and their number.
    pub(super) async fn list<T>(
        &self,
        (columns, joins): (&'static str, &'static str),
        table: Table,
        slice: &Slice,
        filter: impl Fn(&mut Sql),
    ) -> Result<Rows<T>, LedgerError>
    where
        T: Row,
    {
        let mut read = self.read().await?;
        let mut count = self.statement(&Act::Select("count(*)", joins), table);
        filter(&mut count);
        let total = read.scalar(count).await?;
        let mut page = self.statement(&Act::Select(columns, joins), table);
        filter(&mut page);
        // Engines differ in where they put what is not there, unless they are told.
        let way = if slice.descending { " DESC NULLS LAST" } else { " ASC NULLS FIRST" };
        page.push(" ORDER BY ").push(slice.order).push(way).push(", t.id").push(way);
        page.push(" LIMIT ").bind(slice.limit).push(" OFFSET ").bind(slice.offset);
        Ok(Rows { rows: read.all(page).await?, total })
    }

    /// The row with this id, if it is in reach.
    pub(super) async fn row<T>(
        &self,
        (columns, joins): (&'static str, &'static str),
        table: Table,
        id: i64,
        on: &mut Tx,
    ) -> Result<Option<T>, LedgerError>
    where
        T: Row,
    {
        let mut sql = self.statement(&Act::Select(columns, joins), table);
        sql.push(" AND t.id = ").bind(id);
        on.optional(sql).await
    }

    /// Whether a company with this VAT number, existing or not, is in reach.
    pub(crate) fn allows_vat(&self, vat: &str) -> bool {
        match &self.caller.companies {
            CompanyLimit::All => true,
            CompanyLimit::Only(names) => names.vats.contains(&normal_vat(vat)),
        }
    }

    /// Whether every company of the account is in reach.
    pub(crate) fn allows_all(&self) -> bool {
        self.caller.companies == CompanyLimit::All
    }

    pub(crate) fn is_restricted(&self) -> bool {
        self.caller.restricted
    }

    /// Whether the caller's scopes grant an action on a resource.
    pub(crate) fn may(&self, resource: &str, action: &str) -> bool {
        self.caller.may(resource, action)
    }

    pub(crate) fn is_live(&self) -> bool {
        self.ledger.environment == Environment::Live
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Ledgers, sql::Dialect};

    const TABLES: [Table; 6] =
        [Table::Company, Table::Send, Table::Update, Table::Webhook, Table::Event, Table::Receive];

    /// In SQLite nothing but the condition keeps rows apart, so it is looked for in every statement that there can be.
    #[tokio::test]
    async fn r91_every_statement_begins_with_the_scope() {
        let folder = tempfile::tempdir().unwrap();
        let (ledgers, _) = Ledgers::open(folder.path(), None).await.unwrap();
        for companies in [CompanyLimit::All, CompanyLimit::Only(CompanyNames::default())] {
            let caller = Caller {
                account: "a".into(),
                key: "k".into(),
                restricted: true,
                scopes: Vec::new(),
                companies: companies.clone(),
            };
            let scope = ledgers.of(Environment::Test).scope(Arc::new(caller), 0).await.unwrap();
            for table in TABLES {
                let (name, company) = (table.name(), table.company());
                for (sql, begin) in [
                    (scope.statement(&Act::Select("x", "JOIN y"), table), format!("SELECT x FROM {name} AS t JOIN y")),
                    (scope.statement(&Act::Delete, table), format!("DELETE FROM {name} AS t")),
                    (
                        scope.update_statement(table, |sql| {
                            sql.push("x = y");
                        }),
                        format!("UPDATE {name} AS t SET x = y"),
                    ),
                ] {
                    let text = sql.text(Dialect::Sqlite).0;
                    let rest = text.strip_prefix(&begin).unwrap().strip_prefix(" WHERE t.account_id = $1").unwrap();
                    match companies {
                        CompanyLimit::All => assert_eq!(rest, ""),
                        CompanyLimit::Only { .. } => {
                            let list = |n: u8| format!("IN (SELECT value FROM json_each(${n}))");
                            let inner = "SELECT id FROM company WHERE account_id = $2 AND (vat";
                            let wanted = format!(" AND {company} IN ({inner} {} OR id {}))", list(3), list(4));
                            assert_eq!(rest, wanted);
                        }
                    }
                }
            }
        }
        ledgers.close().await;
    }
}
