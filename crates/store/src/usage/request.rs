//! Requests: the rows of the request log, as they are read (D25).
//!
//! Owns:  `RequestRow`, its filter, and the reading statements on `requests`.
//! Never: writes; reads more rows for one page than its bound.
//! Read:  `RequestRow`, then `list`.

use super::{
    seen::{RequestOutcome, SecretTag},
    sweep::first_id,
};
use crate::{
    column,
    error::StoreError,
    page::{List, Page},
};
use model::{AccountId, CompanyId, Environment, KeyId, RequestId, Timestamp};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

/// Rows that are looked at for one page; a rare filter finds the rest on the next pages.
const LOOKED_AT_MAX: i64 = 50_000;

/// One request of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRow {
    /// Its id.
    pub id: RequestId,
    /// When it came.
    pub at: Timestamp,
    /// Whose key it was, if a key was recognised.
    pub account: Option<AccountId>,
    /// Which key.
    pub key: Option<KeyId>,
    /// Which of its secrets.
    pub secret: Option<SecretTag>,
    /// Which of its halves.
    pub environment: Option<Environment>,
    /// The method, or `OTHER`.
    pub method: String,
    /// The operation, if the catalogue had one.
    pub operation: Option<String>,
    /// The answer's status.
    pub status: u16,
    /// How it ended.
    pub outcome: RequestOutcome,
    /// Why it was refused, if it was.
    pub reason: Option<String>,
    /// Which limit had no room.
    pub limit: Option<String>,
    /// The company that it named, if it is known.
    pub company: Option<CompanyId>,
    /// The caller's address.
    pub address: String,
    /// The user agent, cleaned and cut.
    pub agent: Option<String>,
    /// The origin, if a browser sent it.
    pub origin: Option<String>,
    /// How long it took to its answer's head, in microseconds.
    pub micros: u64,
}

/// Which requests are wanted.
#[derive(Clone, Debug, Default)]
pub struct RequestFilter {
    /// Only with this key.
    pub key: Option<KeyId>,
    /// Only for this operation.
    pub operation: Option<String>,
    /// Only with this first digit of the status.
    pub status_class: Option<u8>,
    /// Only refused for this reason.
    pub reason: Option<String>,
    /// Only with this half of a key.
    pub environment: Option<Environment>,
    /// From this instant on, to the millisecond.
    pub since: Option<Timestamp>,
    /// Before this instant, to the millisecond.
    pub until: Option<Timestamp>,
}

macro_rules! columns {
    () => {
        "request_id, at, account_id, key_id, secret, environment, method, operation, status, outcome, reason, \
         limit_name, company_id, address, user_agent, origin, micros"
    };
}

/// The newest rows of an account, or of one of its keys, within a span; then the filters that have no index. The inner
/// statement is bounded and read in order, so the outer one ends as soon as it has enough.
macro_rules! page {
    ($of_key:literal) => {
        concat!(
            "SELECT ", columns!(), " FROM (SELECT ", columns!(), " FROM requests WHERE account_id = $1 ", $of_key,
            " AND request_id < $3 AND request_id >= $4 ORDER BY request_id DESC LIMIT $5) \
             WHERE ($6 IS NULL OR operation = $6) AND ($7 IS NULL OR status / 100 = $7) AND ($8 IS NULL OR reason = $8) \
             AND ($9 IS NULL OR environment = $9) LIMIT $10"
        )
    };
}

/// The last row that one page looks at, when there are more.
macro_rules! horizon {
    ($of_key:literal) => {
        concat!(
            "SELECT request_id FROM requests WHERE account_id = $1 ",
            $of_key,
            " AND request_id < $3 AND request_id >= $4 ORDER BY request_id DESC LIMIT 1 OFFSET $5"
        )
    };
}

fn read(row: &SqliteRow) -> Result<RequestRow, StoreError> {
    Ok(RequestRow {
        id: column::id(row, 0, RequestId::from_bytes)?,
        at: column::time(row, 1)?,
        account: some(row, 2)?.map(AccountId::from_bytes),
        key: some(row, 3)?.map(KeyId::from_bytes),
        secret: row.try_get::<Option<i64>, _>(4)?.map(SecretTag),
        environment: text(row, 5)?.map(|text| word(&text, Environment::parse)).transpose()?,
        method: column::text(row, 6)?,
        operation: text(row, 7)?,
        status: u16::try_from(column::count(row, 8)?).map_err(|_| StoreError::corrupt("a status is out of range"))?,
        outcome: column::word(row, 9, RequestOutcome::parse)?,
        reason: text(row, 10)?,
        limit: text(row, 11)?,
        company: some(row, 12)?.map(CompanyId::from_bytes),
        address: column::text(row, 13)?,
        agent: text(row, 14)?,
        origin: text(row, 15)?,
        micros: column::count(row, 16)?,
    })
}

fn some(row: &SqliteRow, at: usize) -> Result<Option<[u8; 16]>, StoreError> {
    let bytes = row.try_get::<Option<&[u8]>, _>(at)?;
    bytes.map(|b| b.try_into().map_err(|_| StoreError::corrupt("an id has another length"))).transpose()
}

fn text(row: &SqliteRow, at: usize) -> Result<Option<String>, StoreError> {
    Ok(row.try_get::<Option<String>, _>(at)?)
}

fn word<T>(text: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
    parse(text).ok_or_else(|| StoreError::corrupt("a column holds an unexpected word"))
}

/// One request; with an account, only if it is that account's.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    account: Option<AccountId>,
    id: RequestId,
) -> Result<RequestRow, StoreError> {
    let statement =
        concat!("SELECT ", columns!(), " FROM requests WHERE request_id = $1 AND ($2 IS NULL OR account_id = $2)");
    let row = sqlx::query(statement)
        .bind(id.to_bytes().to_vec())
        .bind(account.map(|account| account.to_bytes().to_vec()))
        .fetch_optional(connection)
        .await?;
    read(&row.ok_or(StoreError::NotFound { what: "request" })?)
}

/// The account's requests, newest first. A page may hold fewer than it could and still have one behind it.
pub(super) async fn list(
    connection: &mut SqliteConnection,
    account: AccountId,
    filter: &RequestFilter,
    page: Page<RequestId>,
) -> Result<List<RequestRow, RequestId>, StoreError> {
    let until = filter.until.map(first_id);
    let before = match (page.after, until) {
        (Some(after), Some(until)) => Some(after.min(until)),
        (after, until) => after.or(until),
    };
    let before = before.map_or([u8::MAX; 16], RequestId::to_bytes).to_vec();
    let since = filter.since.map_or([0; 16], |since| first_id(since).to_bytes()).to_vec();
    let key = filter.key.map(|key| key.to_bytes().to_vec());
    // The second parameter is bound in both, so that the numbers of the others are the same.
    let rows = match &key {
        Some(_) => sqlx::query(page!("AND key_id = $2")),
        None => sqlx::query(page!("AND ($2 IS NULL)")),
    };
    let rows = rows
        .bind(account.to_bytes().to_vec())
        .bind(key.clone())
        .bind(before.clone())
        .bind(since.clone())
        .bind(LOOKED_AT_MAX)
        .bind(filter.operation.as_deref())
        .bind(filter.status_class.map(i64::from))
        .bind(filter.reason.as_deref())
        .bind(filter.environment.map(Environment::as_str))
        .bind(page.fetch())
        .fetch_all(&mut *connection)
        .await?;
    let mut list = List::of(rows.iter().map(read).collect::<Result<_, _>>()?, &page, |row| row.id);
    if list.next.is_none() {
        let horizon = match &key {
            Some(_) => sqlx::query(horizon!("AND key_id = $2")),
            None => sqlx::query(horizon!("AND ($2 IS NULL)")),
        };
        let row = horizon
            .bind(account.to_bytes().to_vec())
            .bind(key)
            .bind(before)
            .bind(since)
            .bind(LOOKED_AT_MAX - 1)
            .fetch_optional(connection)
            .await?;
        list.next = row.map(|row| column::id(&row, 0, RequestId::from_bytes)).transpose()?;
    }
    Ok(list)
}
