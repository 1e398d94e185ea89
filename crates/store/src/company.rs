//! Companies: their rows, as they are read.
//!
//! Owns:  the reading statements on `companies` and `external_names`.
//! Never: changes them; that is `company_change`.
//! Read:  `CompanyRow`, then `find` and `list`.

use crate::{
    column,
    error::StoreError,
    page::{List, Page},
};
use model::{AccountId, Company, CompanyId, Environment, ExternalName, NameKind, Timestamp};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

/// A company and what the store knows about its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanyRow {
    /// The company.
    pub company: Company,
    /// 1 at first; grows by one with every change.
    pub version: u64,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

macro_rules! columns {
    () => {
        "SELECT c.id, c.account_id, c.name, c.created_at, c.updated_at, c.version FROM companies c "
    };
}

macro_rules! names {
    () => {
        "SELECT company_id, environment, kind, value FROM external_names "
    };
}

/// Without its external names; `attach_names` adds them.
fn read(row: &SqliteRow) -> Result<CompanyRow, StoreError> {
    Ok(CompanyRow {
        company: Company {
            id: column::id(row, 0, CompanyId::from_bytes)?,
            account: column::id(row, 1, AccountId::from_bytes)?,
            name: column::text(row, 2)?,
            created_at: column::time(row, 3)?,
            external_names: Vec::new(),
        },
        updated_at: column::time(row, 4)?,
        version: column::count(row, 5)?,
    })
}

/// Gives each name to its company. `companies` are sorted by id; names of other companies are left out.
fn attach_names(companies: &mut [CompanyRow], names: &[SqliteRow]) -> Result<(), StoreError> {
    for row in names {
        let id = column::id(row, 0, CompanyId::from_bytes)?;
        if let Ok(at) = companies.binary_search_by_key(&id, |c| c.company.id) {
            let name = ExternalName {
                environment: column::word(row, 1, Environment::parse)?,
                kind: column::word(row, 2, NameKind::new)?,
                value: column::text(row, 3)?.into(),
            };
            companies[at].company.external_names.push(name);
        }
    }
    // The order of the model, not that of the texts.
    companies.iter_mut().for_each(|row| row.company.external_names.sort_unstable());
    Ok(())
}

/// One company of `account`, or of any account when the feed asks.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    account: Option<AccountId>,
    id: CompanyId,
) -> Result<Option<CompanyRow>, StoreError> {
    let statement = concat!(columns!(), "WHERE c.id = $1 AND ($2 IS NULL OR c.account_id = $2)");
    let account = account.map(|a| a.to_bytes().to_vec());
    let id = id.to_bytes().to_vec();
    let Some(row) = sqlx::query(statement).bind(id.clone()).bind(account).fetch_optional(&mut *connection).await?
    else {
        return Ok(None);
    };
    let mut found = [read(&row)?];
    let names = concat!(names!(), "WHERE company_id = $1");
    attach_names(&mut found, &sqlx::query(names).bind(id).fetch_all(connection).await?)?;
    let [company] = found;
    Ok(Some(company))
}

/// One company of `account`.
pub(crate) async fn get(
    connection: &mut SqliteConnection,
    account: AccountId,
    id: CompanyId,
) -> Result<CompanyRow, StoreError> {
    find(connection, Some(account), id).await?.ok_or(StoreError::NotFound { what: "company" })
}

/// Companies of `account`, newest first.
pub(crate) async fn list(
    connection: &mut SqliteConnection,
    account: AccountId,
    page: Page<CompanyId>,
) -> Result<List<CompanyRow, CompanyId>, StoreError> {
    let statement =
        concat!(columns!(), "WHERE c.account_id = $1 AND ($2 IS NULL OR c.id < $2) ORDER BY c.id DESC LIMIT $3");
    let account = account.to_bytes().to_vec();
    let after = page.after.map(|id| id.to_bytes().to_vec());
    let query = sqlx::query(statement).bind(account.clone()).bind(after).bind(page.fetch());
    let mut rows: Vec<CompanyRow> =
        query.fetch_all(&mut *connection).await?.iter().map(read).collect::<Result<_, _>>()?;
    rows.reverse();
    if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
        let names = concat!(names!(), "WHERE account_id = $1 AND company_id BETWEEN $2 AND $3");
        let names = sqlx::query(names)
            .bind(account)
            .bind(first.company.id.to_bytes().to_vec())
            .bind(last.company.id.to_bytes().to_vec())
            .fetch_all(connection)
            .await?;
        attach_names(&mut rows, &names)?;
    }
    rows.reverse();
    Ok(List::of(rows, &page, |row| row.company.id))
}

/// Companies of all accounts behind `after`, oldest first: what the feed streams.
pub(crate) async fn chunk(
    connection: &mut SqliteConnection,
    after: CompanyId,
    limit: i64,
) -> Result<Vec<CompanyRow>, StoreError> {
    let statement = concat!(columns!(), "WHERE c.id > $1 ORDER BY c.id LIMIT $2");
    let query = sqlx::query(statement).bind(after.to_bytes().to_vec()).bind(limit);
    let mut rows: Vec<CompanyRow> =
        query.fetch_all(&mut *connection).await?.iter().map(read).collect::<Result<_, _>>()?;
    if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
        let names = concat!(names!(), "WHERE company_id BETWEEN $1 AND $2");
        let names = sqlx::query(names)
            .bind(first.company.id.to_bytes().to_vec())
            .bind(last.company.id.to_bytes().to_vec())
            .fetch_all(connection)
            .await?;
        attach_names(&mut rows, &names)?;
    }
    Ok(rows)
}
