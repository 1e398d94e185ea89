//! Keys: their rows with credentials and companies, as they are read.
//!
//! Owns:  the reading statements on `keys`, `credentials` and `key_companies`.
//! Never: changes them; that is `key_change`.
//! Read:  `KeyRow`, then `find`, `list` and `chunk`.

use crate::{
    column,
    error::StoreError,
    key_settings,
    page::{List, Page},
};
use model::{
    AccountId, ClientId, CompanyId, CompanyRestriction, CompanySet, Credential, Environment, Key, KeyId, KeyKind,
    KeyStatus, MemberId, Preset, ScopeSet, SecretHash, SecretSlot, Timestamp,
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

/// A key to be created, with one current credential for each of its environments.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The record.
    pub key: Key,
    /// Its credentials.
    pub credentials: Vec<Credential>,
}

/// A key and what the store knows about its row.
#[derive(Clone, Debug)]
pub struct KeyRow {
    /// The record.
    pub key: Key,
    /// Its secrets' hashes, test before live: the current one, and after a rotation the previous one.
    pub credentials: Vec<CredentialRow>,
    /// The member who created it; `None` when an operator did, or whoever registered the account.
    pub created_by: Option<MemberId>,
    /// 1 at first; grows by one with every change.
    pub version: u64,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A credential and what the store knows about its row.
#[derive(Clone, Debug)]
pub struct CredentialRow {
    /// The credential.
    pub credential: Credential,
    /// When this secret was made.
    pub created_at: Timestamp,
    /// When its overlap was ended by hand, if it was.
    pub ended: Option<Timestamp>,
}

/// Which keys of an account are wanted; deleted ones never are.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyFilter {
    /// Only of this kind.
    pub kind: Option<KeyKind>,
    /// Only in this status.
    pub status: Option<KeyStatus>,
}

macro_rules! columns {
    () => {
        "SELECT k.id, k.account_id, k.kind, k.description, k.status, k.preset, k.scopes, k.companies, k.environments, \
         k.expires_at, k.created_at, k.updated_at, k.version, k.origins, k.networks, k.limits, k.rotate_every_days, \
         k.created_by FROM keys k "
    };
}

macro_rules! credentials {
    () => {
        "SELECT c.key_id, c.environment, c.slot, c.client_id, c.hash, c.last_four, c.created_at, c.ends_at, c.ended_at \
         FROM credentials c "
    };
}

/// Without credentials and companies; `attach` adds them.
fn read(row: &SqliteRow) -> Result<KeyRow, StoreError> {
    Ok(KeyRow {
        key: Key {
            id: column::id(row, 0, KeyId::from_bytes)?,
            account: column::id(row, 1, AccountId::from_bytes)?,
            kind: column::word(row, 2, KeyKind::parse)?,
            description: column::text(row, 3)?,
            status: column::word(row, 4, KeyStatus::parse)?,
            preset: read_preset(row)?,
            companies: column::word(row, 7, |text| match text {
                "all" => Some(CompanyRestriction::All),
                "only" => Some(CompanyRestriction::Only(CompanySet::stored(&[]))),
                _ => None,
            })?,
            environments: column::word(row, 8, column::parse_environments)?,
            origins: column::word(row, 13, key_settings::parse_origins)?,
            networks: column::word(row, 14, key_settings::parse_networks)?,
            limits: column::word(row, 15, key_settings::parse_limits)?,
            rotate_every_days: column::count_or_none(row, 16)?.and_then(|days| u16::try_from(days).ok()),
            expires_at: column::time_or_none(row, 9)?,
            created_at: column::time(row, 10)?,
        },
        credentials: Vec::with_capacity(2),
        created_by: column::id_or_none(row, 17, MemberId::from_bytes)?,
        updated_at: column::time(row, 11)?,
        version: column::count(row, 12)?,
    })
}

fn read_preset(row: &SqliteRow) -> Result<Preset, StoreError> {
    let preset = column::word(row, 5, |text| match text {
        "full_access" => Some(Preset::FullAccess),
        "read_only" => Some(Preset::ReadOnly),
        "send" => Some(Preset::Send),
        "custom" => Some(Preset::Custom(ScopeSet::default())),
        _ => None,
    })?;
    if !matches!(preset, Preset::Custom(_)) {
        return Ok(preset);
    }
    column::word(row, 6, |text| ScopeSet::parse(&text.split_whitespace().collect::<Vec<_>>()).ok()).map(Preset::Custom)
}

fn read_credential(row: &SqliteRow) -> Result<CredentialRow, StoreError> {
    Ok(CredentialRow {
        credential: Credential {
            environment: column::word(row, 1, Environment::parse)?,
            slot: column::word(row, 2, |text| match text {
                "current" => Some(SecretSlot::Current),
                "previous" => Some(SecretSlot::Previous),
                _ => None,
            })?,
            client_id: ClientId::from_bytes(column::bytes(row, 3)?),
            hash: SecretHash::from_bytes(column::bytes(row, 4)?),
            last_four: column::bytes(row, 5)?,
            ends_at: column::time_or_none(row, 7)?,
        },
        created_at: column::time(row, 6)?,
        ended: column::time_or_none(row, 8)?,
    })
}

/// Test before live, the current one before the previous one.
pub(crate) fn sort(credentials: &mut [CredentialRow]) {
    credentials.sort_unstable_by_key(|c| (c.credential.environment, c.credential.slot == SecretSlot::Previous));
}

/// Gives credentials and companies to their keys. `keys` are sorted by id; rows of other keys are left out.
fn attach(keys: &mut [KeyRow], credentials: &[SqliteRow], companies: &[SqliteRow]) -> Result<(), StoreError> {
    for row in credentials {
        let id = column::id(row, 0, KeyId::from_bytes)?;
        if let Ok(at) = keys.binary_search_by_key(&id, |k| k.key.id) {
            keys[at].credentials.push(read_credential(row)?);
        }
    }
    keys.iter_mut().for_each(|key| sort(&mut key.credentials));
    let mut sets: Vec<Vec<CompanyId>> = vec![Vec::new(); if companies.is_empty() { 0 } else { keys.len() }];
    for row in companies {
        let id = column::id(row, 0, KeyId::from_bytes)?;
        if let Ok(at) = keys.binary_search_by_key(&id, |k| k.key.id) {
            sets[at].push(column::id(row, 1, CompanyId::from_bytes)?);
        }
    }
    for (key, set) in keys.iter_mut().zip(&sets) {
        if let CompanyRestriction::Only(companies) = &mut key.key.companies {
            *companies = CompanySet::stored(set);
        }
    }
    Ok(())
}

/// One key of `account`, or of any account when the feed asks; deleted ones too.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    account: Option<AccountId>,
    id: KeyId,
) -> Result<Option<KeyRow>, StoreError> {
    let statement = concat!(columns!(), "WHERE k.id = $1 AND ($2 IS NULL OR k.account_id = $2)");
    let account = account.map(|a| a.to_bytes().to_vec());
    let id = id.to_bytes().to_vec();
    let Some(row) = sqlx::query(statement).bind(id.clone()).bind(account).fetch_optional(&mut *connection).await?
    else {
        return Ok(None);
    };
    let mut found = [read(&row)?];
    let credentials = concat!(credentials!(), "WHERE c.key_id = $1");
    let credentials = sqlx::query(credentials).bind(id.clone()).fetch_all(&mut *connection).await?;
    let companies = "SELECT key_id, company_id FROM key_companies WHERE key_id = $1";
    let companies = match found[0].key.companies {
        CompanyRestriction::All => Vec::new(),
        CompanyRestriction::Only(_) => sqlx::query(companies).bind(id).fetch_all(connection).await?,
    };
    attach(&mut found, &credentials, &companies)?;
    let [key] = found;
    Ok(Some(key))
}

/// One key of `account` that is not deleted.
pub(crate) async fn get(
    connection: &mut SqliteConnection,
    account: AccountId,
    id: KeyId,
) -> Result<KeyRow, StoreError> {
    let found = find(connection, Some(account), id).await?;
    found.filter(|row| row.key.status != KeyStatus::Deleted).ok_or(StoreError::NotFound { what: "key" })
}

/// Keys of `account` that are not deleted, newest first.
pub(crate) async fn list(
    connection: &mut SqliteConnection,
    account: AccountId,
    filter: KeyFilter,
    page: Page<KeyId>,
) -> Result<List<KeyRow, KeyId>, StoreError> {
    let statement = concat!(
        columns!(),
        "WHERE k.account_id = $1 AND ($2 IS NULL OR k.id < $2) AND k.status <> 'deleted' \
         AND ($3 IS NULL OR k.kind = $3) AND ($4 IS NULL OR k.status = $4) ORDER BY k.id DESC LIMIT $5"
    );
    let account = account.to_bytes().to_vec();
    let query = sqlx::query(statement)
        .bind(account.clone())
        .bind(page.after.map(|id| id.to_bytes().to_vec()))
        .bind(filter.kind.map(KeyKind::as_str))
        .bind(filter.status.map(KeyStatus::as_str))
        .bind(page.fetch());
    let mut rows: Vec<KeyRow> = query.fetch_all(&mut *connection).await?.iter().map(read).collect::<Result<_, _>>()?;
    rows.reverse();
    if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
        let (first, last) = (first.key.id.to_bytes().to_vec(), last.key.id.to_bytes().to_vec());
        let credentials = concat!(
            credentials!(),
            "JOIN keys k ON k.id = c.key_id WHERE k.account_id = $1 AND k.id BETWEEN $2 AND $3"
        );
        let query = sqlx::query(credentials).bind(account.clone()).bind(first.clone()).bind(last.clone());
        let credentials = query.fetch_all(&mut *connection).await?;
        let companies = "SELECT s.key_id, s.company_id FROM keys k JOIN key_companies s ON s.key_id = k.id \
                         WHERE k.account_id = $1 AND k.id BETWEEN $2 AND $3";
        let companies = sqlx::query(companies).bind(account).bind(first).bind(last).fetch_all(connection).await?;
        attach(&mut rows, &credentials, &companies)?;
    }
    rows.reverse();
    Ok(List::of(rows, &page, |row| row.key.id))
}

/// Keys of all accounts behind `after`, oldest first, deleted ones too (so that the number of rows read is bounded).
pub(crate) async fn chunk(
    connection: &mut SqliteConnection,
    after: KeyId,
    limit: i64,
) -> Result<Vec<KeyRow>, StoreError> {
    let statement = concat!(columns!(), "WHERE k.id > $1 ORDER BY k.id LIMIT $2");
    let query = sqlx::query(statement).bind(after.to_bytes().to_vec()).bind(limit);
    let mut rows: Vec<KeyRow> = query.fetch_all(&mut *connection).await?.iter().map(read).collect::<Result<_, _>>()?;
    if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
        let (first, last) = (first.key.id.to_bytes().to_vec(), last.key.id.to_bytes().to_vec());
        let credentials = concat!(credentials!(), "WHERE c.key_id BETWEEN $1 AND $2");
        let query = sqlx::query(credentials).bind(first.clone()).bind(last.clone());
        let credentials = query.fetch_all(&mut *connection).await?;
        let companies = "SELECT key_id, company_id FROM key_companies WHERE key_id BETWEEN $1 AND $2";
        let companies = sqlx::query(companies).bind(first).bind(last).fetch_all(connection).await?;
        attach(&mut rows, &credentials, &companies)?;
    }
    Ok(rows)
}
