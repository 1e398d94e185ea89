//! Laabam: one company's books in one ledger.
//!
//! Owns:  which company a request is about, and the condition that every statement on its rows begins with (R89 to R92).
//! Never: takes the company from anything but the verified context; a name in a request only picks among what that allows.
//! Read:  `Scoped::books`, then `Books::select`.

pub(crate) mod customer;
pub(crate) mod invoice;
pub(crate) mod message;
pub(crate) mod payment;
pub(crate) mod product;
pub(super) mod schema;

use super::{
    LedgerError, Moment, Scoped,
    engine::{Row, Tx},
    paged::paged,
    sql::Sql,
};
use crate::{
    context::CompanyLimit,
    cursor::{Order, Page, Pager, Place, Placed},
};
use serde::Serialize;
use sqlx::FromRow;

/// Characters of a company's name in paths.
const SLUG_MAX: usize = 64;

/// Whether this can name a company in a path: lower-case letters, digits, inner hyphens.
pub(crate) fn is_slug(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.len() <= SLUG_MAX && text.split('-').all(part)
}

/// A company as the API shows it.
#[derive(Clone, Debug, Serialize, FromRow)]
pub(crate) struct CompanyRow {
    #[serde(skip)]
    id: i64,
    pub(crate) slug: String,
    name: String,
    #[serde(rename = "created_at")]
    created: Moment,
}

impl Placed for CompanyRow {
    fn place(&self, order: &str) -> Place {
        if order == "name" { Place::Text(self.name.clone()) } else { Place::Text(self.slug.clone()) }
    }
    fn id(&self) -> &str {
        &self.slug
    }
}

/// What a list of companies may be ordered by.
pub(crate) const COMPANY_ORDERS: [Order; 2] = [Order::text("slug", "t.id"), Order::text("name", "t.name")];
const COMPANY: &str = "SELECT t.key AS id, t.id AS slug, t.name, t.created FROM laabam_company AS t";

/// One company's rows. The only way from a request to them.
pub(crate) struct Books {
    scope: Scoped,
    company: i64,
}

/// Which books a request may open.
pub(crate) enum Opened {
    Books(Books),
    /// The company that the request names is out of reach, whether it exists or not.
    NotAllowed,
    /// There are several in reach, and the request names none.
    Which,
    /// There is none in reach.
    None,
}

impl Scoped {
    /// The companies of the account that are in reach.
    fn companies_of(&self) -> Sql {
        let mut sql = Sql::new(COMPANY);
        sql.push(" WHERE t.account_id = ").bind(self.account);
        if let CompanyLimit::Only(names) = &self.caller.companies {
            sql.push(" AND t.id").among(names.slugs.clone());
        }
        sql
    }

    /// The books of the one company in reach, or of the one among several that the request names. A company that the signed
    /// context names gets its row with its first request, as an account does.
    pub(crate) async fn books(&self, named: Option<&str>, now: i64) -> Result<Opened, LedgerError> {
        let in_context = match &self.caller.companies {
            CompanyLimit::All => None,
            CompanyLimit::Only(names) => match (named, &*names.slugs) {
                (Some(slug), slugs) if !slugs.iter().any(|known| known == slug) => return Ok(Opened::NotAllowed),
                (Some(slug), _) => Some(slug),
                (None, [slug]) => Some(slug.as_str()),
                (None, []) => return Ok(Opened::None),
                (None, _) => return Ok(Opened::Which),
            },
        };
        let mut sql = self.companies_of();
        if let Some(slug) = named.or(in_context) {
            sql.push(" AND t.id = ").bind(slug);
        }
        sql.push(" ORDER BY t.key LIMIT 2");
        let mut tx = self.read().await?;
        let found: Vec<CompanyRow> = tx.all(sql).await?;
        drop(tx);
        let company = match (&*found, in_context) {
            ([one], _) => one.id,
            ([], Some(slug)) if is_slug(slug) => self.insert_company_of(slug, slug, now).await?.0.id,
            ([], _) if named.is_some() => return Ok(Opened::NotAllowed),
            ([], _) => return Ok(Opened::None),
            _ => return Ok(Opened::Which),
        };
        Ok(Opened::Books(Books { scope: self.clone(), company }))
    }

    /// A page of the companies in reach.
    pub(crate) async fn list_companies_of(&self, pager: &Pager) -> Result<Page<CompanyRow>, LedgerError> {
        let mut sql = self.companies_of();
        paged(&mut sql, pager);
        Ok(pager.page(self.read().await?.all(sql).await?))
    }

    /// The company of this name, if it is in reach.
    pub(crate) async fn company_of(&self, slug: &str) -> Result<Option<CompanyRow>, LedgerError> {
        let mut sql = self.companies_of();
        sql.push(" AND t.id = ").bind(slug);
        self.read().await?.optional(sql).await
    }

    /// Whether a company of this name, existing or not, is in reach.
    pub(crate) fn allows_slug(&self, slug: &str) -> bool {
        match &self.caller.companies {
            CompanyLimit::All => true,
            CompanyLimit::Only(names) => names.slugs.iter().any(|known| known == slug),
        }
    }

    /// The new company, or the one that has this name already; true when it is new.
    pub(crate) async fn insert_company_of(
        &self,
        slug: &str,
        name: &str,
        now: i64,
    ) -> Result<(CompanyRow, bool), LedgerError> {
        let mut tx = self.write().await?;
        let mut sql = Sql::new("INSERT INTO laabam_company (account_id, id, name, created) VALUES (");
        sql.bind_all([self.account.into(), slug.into(), name.into(), now.into()]);
        sql.push(") ON CONFLICT (account_id, id) DO NOTHING");
        let new = tx.execute(sql).await? == 1;
        let mut sql = Sql::new(COMPANY);
        sql.push(" WHERE t.account_id = ").bind(self.account).push(" AND t.id = ").bind(slug);
        let row = tx.one(sql).await?;
        tx.commit().await?;
        Ok((row, new))
    }
}

impl Books {
    async fn read(&self) -> Result<Tx, LedgerError> {
        self.scope.read().await
    }

    async fn write(&self) -> Result<Tx, LedgerError> {
        self.scope.write().await
    }

    /// Begins a statement on the company's rows, which `text` calls `t`. Every statement on them begins here.
    fn of(&self, text: &'static str) -> Sql {
        let mut sql = Sql::new(text);
        self.held(&mut sql);
        sql
    }

    /// The condition that keeps a statement inside the company.
    fn held(&self, sql: &mut Sql) {
        sql.push(" WHERE t.account_id = ").bind(self.scope.account).push(" AND t.company_key = ").bind(self.company);
    }

    /// A page of the rows that `sql` is about.
    async fn page<T: Row + Placed>(&self, mut sql: Sql, pager: &Pager) -> Result<Page<T>, LedgerError> {
        paged(&mut sql, pager);
        Ok(pager.page(self.read().await?.all(sql).await?))
    }

    /// The row with this id, if the company has it.
    async fn row<T: Row>(&self, text: &'static str, id: &str, on: &mut Tx) -> Result<Option<T>, LedgerError> {
        let mut sql = self.of(text);
        sql.push(" AND t.id = ").bind(id);
        on.optional(sql).await
    }

    /// The row with this id, outside of any change.
    async fn find<T: Row>(&self, text: &'static str, id: &str) -> Result<Option<T>, LedgerError> {
        self.row(text, id, &mut self.read().await?).await
    }

    /// Whether a row of the statement's kind is there.
    async fn any(&self, sql: Sql, on: &mut Tx) -> Result<bool, LedgerError> {
        Ok(on.optional_scalar::<String>(sql).await?.is_some())
    }
}

/// What came of a change.
pub(crate) enum Change<T> {
    Done(T),
    NotFound,
    /// Another row has this value of the named member.
    Taken(&'static str),
    /// Other rows refer to it.
    InUse,
    /// What it refers to is not there; the named member says what.
    Unknown(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_companies_fit_a_path() {
        for good in ["acme", "acme-2", "a", "7"] {
            assert!(is_slug(good), "{good}");
        }
        for bad in ["", "-", "Acme", "a--b", "a-", "-a", "a_b", "a/b", "a.b", "é", &"a".repeat(65)] {
            assert!(!is_slug(bad), "{bad}");
        }
    }
}
