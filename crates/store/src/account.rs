//! Accounts: their rows and their creation.
//!
//! Owns:  the statements on `accounts`.
//! Never: an account's companies and keys; those are reached through `AccountStore`.
//! Read:  `CreateAccount`, then `find`.

use crate::{
    audit::{AuditAction, Draft},
    column,
    commit::{Change, Effect},
    error::StoreError,
    key::{KeyRow, NewKey},
    key_change, key_settings,
    options::Options,
    page::{List, Page},
    stamp::{Stamp, Subject},
};
use model::{Account, AccountId, KeyKind};
use serde_json::json;
use sqlx::{SqliteConnection, sqlite::SqliteRow};

/// The longest name of an account or a company, in characters.
pub const NAME_MAX: usize = 200;

/// A new account with its primary key (R18).
pub(crate) struct CreateAccount {
    pub(crate) account: Account,
    pub(crate) primary: NewKey,
}

impl Change for CreateAccount {
    type Value = (Account, KeyRow);

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let Self { account, primary } = self;
        check_name(&account.name)?;
        if primary.key.kind != KeyKind::Primary || primary.key.account != account.id {
            return Err(StoreError::invalid("an account is created with a primary key of its own"));
        }
        let count = sqlx::query("SELECT COUNT(*) FROM accounts").fetch_one(&mut *tx).await?;
        if column::count(&count, 0)? >= options.accounts_max {
            return Err(StoreError::Limit { what: "accounts", max: options.accounts_max });
        }
        sqlx::query("INSERT INTO accounts (id, name, created_at) VALUES ($1, $2, $3)")
            .bind(account.id.to_bytes().to_vec())
            .bind(&account.name)
            .bind(account.created_at.as_micros())
            .execute(&mut *tx)
            .await?;
        let key = key_change::insert(tx, primary, stamp, options).await?;
        let mut details = serde_json::Map::new();
        details.insert("name".into(), json!(account.name));
        details.insert("primary".into(), key_settings::describe(&key.key).into());
        let draft = Draft { action: AuditAction::AccountCreated, account: Some(account.id), details };
        let subjects = vec![Subject::Account(account.id), Subject::Key(key.key.id)];
        Ok(Effect::changed((account, key), draft, subjects))
    }
}

/// Refuses a name that is empty, too long or holds control or hidden characters (`model::visible`).
pub(crate) fn check_name(name: &str) -> Result<(), StoreError> {
    let length = name.chars().count();
    if name.trim().is_empty() || length > NAME_MAX || model::visible::hidden(name).is_some() {
        return Err(StoreError::invalid(format!(
            "a name has 1 to {NAME_MAX} characters, none of them a control character or hidden"
        )));
    }
    Ok(())
}

fn read(row: &SqliteRow) -> Result<Account, StoreError> {
    Ok(Account {
        id: column::id(row, 0, AccountId::from_bytes)?,
        name: column::text(row, 1)?,
        created_at: column::time(row, 2)?,
    })
}

/// One account.
pub(crate) async fn find(connection: &mut SqliteConnection, id: AccountId) -> Result<Account, StoreError> {
    let statement = "SELECT id, name, created_at FROM accounts WHERE id = $1";
    let row = sqlx::query(statement).bind(id.to_bytes().to_vec()).fetch_optional(connection).await?;
    read(&row.ok_or(StoreError::NotFound { what: "account" })?)
}

/// Accounts, newest first.
pub(crate) async fn list(
    connection: &mut SqliteConnection,
    page: Page<AccountId>,
) -> Result<List<Account, AccountId>, StoreError> {
    let statement = "SELECT id, name, created_at FROM accounts WHERE $1 IS NULL OR id < $1 ORDER BY id DESC LIMIT $2";
    let after = page.after.map(|id| id.to_bytes().to_vec());
    let rows = sqlx::query(statement).bind(after).bind(page.fetch()).fetch_all(connection).await?;
    Ok(List::of(rows.iter().map(read).collect::<Result<_, _>>()?, &page, |account| account.id))
}
