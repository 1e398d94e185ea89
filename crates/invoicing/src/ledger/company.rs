//! Company: the companies of an account.
//!
//! Owns:  the rows; versions; what goes with a company that is deleted.
//! Never: makes or moves a company out of the caller's reach.
//! Read:  `CompanyRow`, then the changes.

use super::{
    LedgerError, Moment, Scoped,
    engine::Tx,
    scoped::{Act, Rows, Slice, Table},
    sql::Sql,
};
use serde::Serialize;
use sqlx::FromRow;

/// A company as the API shows it.
#[derive(Clone, Debug, Serialize, FromRow)]
pub(crate) struct CompanyRow {
    pub(crate) id: i64,
    pub(crate) created: Moment,
    pub(crate) version: i64,
    pub(crate) user_id: i64,
    pub(crate) vat: String,
    pub(crate) fiscal_code: String,
    pub(crate) name: String,
}

/// What a caller may say of a company.
pub(crate) struct CompanyDraft {
    /// Normalised.
    pub(crate) vat: String,
    pub(crate) fiscal_code: String,
    pub(crate) name: String,
}

/// What came of a change.
pub(crate) enum CompanyChange {
    Done(CompanyRow),
    /// Outside of what the caller may reach.
    NotAllowed,
    /// Another company of the account has this VAT number.
    Exists,
    /// The row has another version than the caller believes.
    Stale(i64),
    /// It has this many invoices, sent and received.
    InUse(i64, i64),
    NotFound,
}

const COLUMNS: (&str, &str) = ("t.id, t.created, t.version, t.account_id AS user_id, t.vat, t.fiscal_code, t.name", "");
/// What a list of companies may be ordered by.
pub(crate) const ORDERS: [(&str, &str); 6] = [
    ("id", "t.id"),
    ("created", "t.created"),
    ("version", "t.version"),
    ("vat", "t.vat"),
    ("fiscal_code", "t.fiscal_code"),
    ("name", "t.name"),
];

impl Scoped {
    pub(crate) async fn companies(&self, slice: &Slice, q: Option<&str>) -> Result<Rows<CompanyRow>, LedgerError> {
        let like = q.map(super::like);
        self.list(COLUMNS, Table::Company, slice, |sql| {
            if let Some(like) = &like {
                super::matches_any(sql, &["t.name", "t.vat", "t.fiscal_code"], like);
            }
        })
        .await
    }

    pub(crate) async fn company(&self, id: i64) -> Result<Option<CompanyRow>, LedgerError> {
        self.row(COLUMNS, Table::Company, id, &mut self.read().await?).await
    }

    pub(crate) async fn company_by_vat(&self, vat: &str) -> Result<Option<CompanyRow>, LedgerError> {
        self.company_on(vat, &mut self.read().await?).await
    }

    async fn company_on(&self, vat: &str, on: &mut Tx) -> Result<Option<CompanyRow>, LedgerError> {
        let mut sql = self.statement(&Act::Select(COLUMNS.0, COLUMNS.1), Table::Company);
        sql.push(" AND t.vat = ").bind(vat);
        on.optional(sql).await
    }

    /// Whether some company of the account, in reach or not, has this VAT number.
    async fn vat_taken(&self, vat: &str, on: &mut Tx) -> Result<bool, LedgerError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM company WHERE account_id = $1 AND vat = $2)";
        on.scalar(Sql::new(sql).value(self.account).value(vat)).await
    }

    pub(crate) async fn create_company(&self, draft: &CompanyDraft, now: i64) -> Result<CompanyChange, LedgerError> {
        if !self.allows_vat(&draft.vat) {
            return Ok(CompanyChange::NotAllowed);
        }
        let mut change = self.write().await?;
        if self.vat_taken(&draft.vat, &mut change).await? {
            return Ok(CompanyChange::Exists);
        }
        let row = self.insert_company(draft, now, &mut change).await?;
        change.commit().await?;
        Ok(CompanyChange::Done(row))
    }

    /// The company that an invoice is from: the one there is, or a new one where the caller may have it. None when the
    /// company is out of reach, whether it exists or not.
    pub(super) async fn sender(
        &self,
        draft: &CompanyDraft,
        now: i64,
        on: &mut Tx,
    ) -> Result<Option<CompanyRow>, LedgerError> {
        if let Some(row) = self.company_on(&draft.vat, on).await? {
            return Ok(Some(row));
        }
        if !self.allows_vat(&draft.vat) {
            return Ok(None);
        }
        Ok(Some(self.insert_company(draft, now, on).await?))
    }

    async fn insert_company(&self, draft: &CompanyDraft, now: i64, on: &mut Tx) -> Result<CompanyRow, LedgerError> {
        let sql = Sql::new(
            "INSERT INTO company (account_id, created, version, vat, fiscal_code, name) VALUES ($1, $2, 1, $3, $4, $5)
             RETURNING id, created, version, account_id AS user_id, vat, fiscal_code, name",
        );
        let sql = sql.value(self.account).value(now).value(&draft.vat).value(&draft.fiscal_code).value(&draft.name);
        on.one(sql).await
    }

    /// Changes a company. `version`, when stated, must be the row's.
    pub(crate) async fn update_company(
        &self,
        id: i64,
        version: Option<i64>,
        draft: &CompanyDraft,
    ) -> Result<CompanyChange, LedgerError> {
        let mut change = self.write().await?;
        let Some(old) = self.row::<CompanyRow>(COLUMNS, Table::Company, id, &mut change).await? else {
            return Ok(CompanyChange::NotFound);
        };
        if version.is_some_and(|version| version != old.version) {
            return Ok(CompanyChange::Stale(old.version));
        }
        if draft.vat != old.vat {
            // Another number would take the company out of what the caller was given, or put another one in.
            if !self.allows_vat(&draft.vat) {
                return Ok(CompanyChange::NotAllowed);
            }
            if self.vat_taken(&draft.vat, &mut change).await? {
                return Ok(CompanyChange::Exists);
            }
        }
        let mut sql = self.update_statement(Table::Company, |sql| {
            sql.push("version = version + 1, vat = ").bind(&draft.vat);
            sql.push(", fiscal_code = ").bind(&draft.fiscal_code).push(", name = ").bind(&draft.name);
        });
        sql.push(" AND t.id = ").bind(id);
        sql.push(" RETURNING id, created, version, account_id AS user_id, vat, fiscal_code, name");
        let row = change.one(sql).await?;
        change.commit().await?;
        Ok(CompanyChange::Done(row))
    }

    /// Deletes a company with everything that belongs to it. With invoices only by `force`.
    pub(crate) async fn delete_company(&self, id: i64, force: bool) -> Result<CompanyChange, LedgerError> {
        let mut change = self.write().await?;
        let Some(row) = self.row::<CompanyRow>(COLUMNS, Table::Company, id, &mut change).await? else {
            return Ok(CompanyChange::NotFound);
        };
        let mut counts = [0, 0];
        for (count, table) in counts.iter_mut().zip([Table::Send, Table::Receive]) {
            let mut sql = self.statement(&Act::Select("count(*)", ""), table);
            sql.push(" AND t.company_id = ").bind(id);
            *count = change.scalar(sql).await?;
        }
        let [sent, received] = counts;
        if sent + received > 0 && !force {
            return Ok(CompanyChange::InUse(sent, received));
        }
        let mut sql = self.statement(&Act::Delete, Table::Company);
        sql.push(" AND t.id = ").bind(id);
        change.execute(sql).await?;
        change.commit().await?;
        Ok(CompanyChange::Done(row))
    }
}
