//! Sub-keys: restricted keys by the numbers that the facade calls them, and companies by the upstream's names (D32, D35).
//!
//! Owns:  the reading statements on `sub_key_numbers` (a trigger writes it), and what a key that makes changes may change.
//! Never: changes a key; that is `key_change`.
//! Read:  `SubKeyRow`, then `find` and `list`.

use crate::{
    column,
    error::{ConflictReason, StoreError},
    key::{self, KeyRow},
    stamp::{Author, Stamp},
};
use model::{AccountId, CompanyId, CompanyRestriction, Environment, Key, KeyId, KeyKind, KeyStatus, NameKind};
use sqlx::SqliteConnection;

/// The most rows that one page of sub-keys has.
pub const SUB_KEYS_PAGE_MAX: u32 = 200;

/// A restricted key as the facade shows it.
#[derive(Clone, Debug)]
pub struct SubKeyRow {
    /// What it is called there. No other key of the deployment has had or will have this number.
    pub number: u64,
    /// The key.
    pub row: KeyRow,
    /// What the upstream calls the companies that it is restricted to, by `Naming`; a company may have several names, or none.
    pub names: Vec<(CompanyId, String)>,
}

/// Which of a company's external names are meant.
#[derive(Clone, Debug)]
pub struct Naming {
    /// Of this world.
    pub environment: Environment,
    /// Of this kind.
    pub kind: NameKind,
}

/// Which restricted keys are wanted; deleted ones never are.
#[derive(Clone, Debug, Default)]
pub struct SubKeyFilter {
    /// Only those whose set names this company.
    pub company: Option<CompanyId>,
    /// Only those that are enabled, or only those that are not.
    pub active: Option<bool>,
    /// Only those whose description has this text in it; ASCII letters in either case.
    pub text: Option<String>,
}

/// One page of restricted keys, by number.
#[derive(Clone, Debug)]
pub struct SubKeys {
    /// The rows, in the order of their numbers.
    pub items: Vec<SubKeyRow>,
    /// How many there are on all pages.
    pub total: u64,
}

/// The key of `account` that is called `number` and is not deleted.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    account: AccountId,
    number: u64,
    naming: &Naming,
) -> Result<SubKeyRow, StoreError> {
    let statement = "SELECT n.key_id FROM sub_key_numbers n JOIN keys k ON k.id = n.key_id \
                     WHERE n.number = $1 AND k.account_id = $2 AND k.status <> 'deleted'";
    let query = sqlx::query(statement).bind(column::integer(number)).bind(account.to_bytes().to_vec());
    let found = query.fetch_optional(&mut *connection).await?.ok_or(StoreError::NotFound { what: "key" })?;
    row(connection, account, column::id(&found, 0, KeyId::from_bytes)?, number, naming).await
}

/// The number of a restricted key of `account`.
pub(crate) async fn number(
    connection: &mut SqliteConnection,
    account: AccountId,
    id: KeyId,
) -> Result<u64, StoreError> {
    let statement = "SELECT n.number FROM sub_key_numbers n JOIN keys k ON k.id = n.key_id \
                     WHERE n.key_id = $1 AND k.account_id = $2";
    let query = sqlx::query(statement).bind(id.to_bytes().to_vec()).bind(account.to_bytes().to_vec());
    column::count(&query.fetch_optional(connection).await?.ok_or(StoreError::NotFound { what: "key" })?, 0)
}

/// Restricted keys of `account` by number: at most `limit`, after `skip` others.
pub(crate) async fn list(
    connection: &mut SqliteConnection,
    account: AccountId,
    filter: &SubKeyFilter,
    (skip, limit): (u64, u32),
    naming: &Naming,
) -> Result<SubKeys, StoreError> {
    macro_rules! wanted {
        () => {
            "FROM sub_key_numbers n JOIN keys k ON k.id = n.key_id \
             WHERE k.account_id = $1 AND k.kind = 'restricted' AND k.status <> 'deleted' \
             AND ($2 IS NULL OR (k.status = 'active') = $2) \
             AND ($3 IS NULL OR instr(lower(k.description), lower($3)) > 0) \
             AND ($4 IS NULL OR EXISTS (SELECT 1 FROM key_companies s WHERE s.key_id = k.id AND s.company_id = $4))"
        };
    }
    let bound = |statement| {
        sqlx::query(statement)
            .bind(account.to_bytes().to_vec())
            .bind(filter.active)
            .bind(filter.text.clone())
            .bind(filter.company.map(|id| id.to_bytes().to_vec()))
    };
    let counted = bound(concat!("SELECT COUNT(*) ", wanted!())).fetch_one(&mut *connection).await?;
    let page = bound(concat!("SELECT n.number, n.key_id ", wanted!(), " ORDER BY n.number LIMIT $5 OFFSET $6"))
        .bind(i64::from(limit.clamp(1, SUB_KEYS_PAGE_MAX)))
        .bind(column::integer(skip))
        .fetch_all(&mut *connection)
        .await?;
    let mut items = Vec::with_capacity(page.len());
    for found in &page {
        let (number, id) = (column::count(found, 0)?, column::id(found, 1, KeyId::from_bytes)?);
        items.push(row(connection, account, id, number, naming).await?);
    }
    Ok(SubKeys { items, total: column::count(&counted, 0)? })
}

async fn row(
    connection: &mut SqliteConnection,
    account: AccountId,
    id: KeyId,
    number: u64,
    naming: &Naming,
) -> Result<SubKeyRow, StoreError> {
    let row = key::get(connection, account, id).await?;
    let names = match row.key.companies {
        CompanyRestriction::All => Vec::new(),
        CompanyRestriction::Only(_) => names(connection, account, id, naming).await?,
    };
    Ok(SubKeyRow { number, row, names })
}

/// What the companies of a key are called.
async fn names(
    connection: &mut SqliteConnection,
    account: AccountId,
    id: KeyId,
    naming: &Naming,
) -> Result<Vec<(CompanyId, String)>, StoreError> {
    let statement = "SELECT e.company_id, e.value FROM key_companies s \
                     JOIN external_names e ON e.account_id = s.account_id AND e.company_id = s.company_id \
                     WHERE s.key_id = $1 AND s.account_id = $2 AND e.environment = $3 AND e.kind = $4 \
                     ORDER BY e.company_id, e.value";
    let rows = sqlx::query(statement)
        .bind(id.to_bytes().to_vec())
        .bind(account.to_bytes().to_vec())
        .bind(naming.environment.as_str())
        .bind(naming.kind.as_str())
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok((column::id(row, 0, CompanyId::from_bytes)?, column::text(row, 1)?))).collect()
}

/// The company of `account` that the upstream calls `value`.
pub(crate) async fn company(
    connection: &mut SqliteConnection,
    account: AccountId,
    naming: &Naming,
    value: &str,
) -> Result<Option<CompanyId>, StoreError> {
    let statement = "SELECT company_id FROM external_names \
                     WHERE account_id = $1 AND environment = $2 AND kind = $3 AND value = $4";
    let found = sqlx::query(statement)
        .bind(account.to_bytes().to_vec())
        .bind(naming.environment.as_str())
        .bind(naming.kind.as_str())
        .bind(value)
        .fetch_optional(connection)
        .await?;
    found.map(|row| column::id(&row, 0, CompanyId::from_bytes)).transpose()
}

/// A key that makes changes is the active primary key of the account, inside the change, and it changes restricted keys alone:
/// no key widens, ends or replaces the one that it was made with (D8, D32).
pub(crate) async fn author_may(tx: &mut SqliteConnection, changes: &Key, stamp: &Stamp) -> Result<(), StoreError> {
    let Author::Key(author) = stamp.author else { return Ok(()) };
    let primary = key::find(tx, Some(changes.account), author).await?.map(|row| row.key);
    let works = primary.is_some_and(|key| key.kind == KeyKind::Primary && key.status == KeyStatus::Active);
    if works && changes.kind == KeyKind::Restricted { Ok(()) } else { Err(ConflictReason::NotPrimary.into()) }
}
