//! Identities: which account the people of an issuer and directory act in (D37).
//!
//! Owns:  the statements on `identities`, and their two changes. A mapping is made and deleted, never changed.
//! Never: people; who somebody is, the issuer says.
//! Read:  `list`, then `CreateIdentity`.

use crate::{
    account,
    audit::{AuditAction, Draft},
    column,
    commit::{Change, Effect},
    error::{ConflictReason, StoreError},
    options::Options,
    page::{List, Page},
    stamp::{Stamp, Subject},
};
use model::{AccountId, Identity, IdentityId, account::ISSUER_MAX};
use serde_json::{Map, Value, json};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

/// The most identities of one account.
const IDENTITIES_MAX: u64 = 1_000;

macro_rules! columns {
    () => {
        "SELECT id, account_id, issuer, directory, created_at FROM identities "
    };
}

fn read(row: &SqliteRow) -> Result<Identity, StoreError> {
    Ok(Identity {
        id: column::id(row, 0, IdentityId::from_bytes)?,
        account: column::id(row, 1, AccountId::from_bytes)?,
        issuer: column::text(row, 2)?,
        directory: column::text(row, 3)?,
        created_at: column::time(row, 4)?,
    })
}

/// One identity of `account`, or of any account when the feed asks.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    account: Option<AccountId>,
    id: IdentityId,
) -> Result<Option<Identity>, StoreError> {
    let statement = concat!(columns!(), "WHERE id = $1 AND ($2 IS NULL OR account_id = $2)");
    let account = account.map(|a| a.to_bytes().to_vec());
    let query = sqlx::query(statement).bind(id.to_bytes().to_vec()).bind(account);
    query.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// Identities of `account`, newest first.
pub(crate) async fn list(
    connection: &mut SqliteConnection,
    account: AccountId,
    page: Page<IdentityId>,
) -> Result<List<Identity, IdentityId>, StoreError> {
    let statement = concat!(columns!(), "WHERE account_id = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3");
    let after = page.after.map(|id| id.to_bytes().to_vec());
    let query = sqlx::query(statement).bind(account.to_bytes().to_vec()).bind(after).bind(page.fetch());
    let rows = query.fetch_all(connection).await?.iter().map(read).collect::<Result<_, _>>()?;
    Ok(List::of(rows, &page, |identity: &Identity| identity.id))
}

/// Identities of all accounts behind `after`, oldest first: what the feed streams.
pub(crate) async fn chunk(
    connection: &mut SqliteConnection,
    after: IdentityId,
    limit: i64,
) -> Result<Vec<Identity>, StoreError> {
    let statement = concat!(columns!(), "WHERE id > $1 ORDER BY id LIMIT $2");
    let query = sqlx::query(statement).bind(after.to_bytes().to_vec()).bind(limit);
    query.fetch_all(connection).await?.iter().map(read).collect()
}

pub(crate) struct CreateIdentity {
    pub(crate) account: AccountId,
    pub(crate) identity: Identity,
}

impl Change for CreateIdentity {
    type Value = Identity;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let Self { account, identity } = self;
        account::find(tx, account).await?;
        if identity.account != account {
            return Err(StoreError::invalid("the identity is of another account"));
        }
        let fit = |text: &str| text.len() <= ISSUER_MAX && !text.chars().any(char::is_control);
        if identity.issuer.is_empty() || !fit(&identity.issuer) || !fit(&identity.directory) {
            return Err(StoreError::invalid("an identity has an issuer, without control characters"));
        }
        let row = sqlx::query("SELECT COUNT(*) FROM identities WHERE account_id = $1")
            .bind(account.to_bytes().to_vec())
            .fetch_one(&mut *tx)
            .await?;
        if column::count(&row, 0)? >= IDENTITIES_MAX {
            return Err(StoreError::Limit { what: "identities of an account", max: IDENTITIES_MAX });
        }
        let written = sqlx::query(
            "INSERT INTO identities (id, account_id, issuer, directory, created_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (issuer, directory) DO NOTHING",
        )
        .bind(identity.id.to_bytes().to_vec())
        .bind(account.to_bytes().to_vec())
        .bind(&identity.issuer)
        .bind(&identity.directory)
        .bind(stamp.now.as_micros())
        .execute(tx)
        .await?;
        if written.rows_affected() == 0 {
            return Err(ConflictReason::IdentityTaken.into());
        }
        let identity = Identity { created_at: stamp.now, ..identity };
        Ok(changed(identity, AuditAction::IdentityCreated))
    }
}

pub(crate) struct DeleteIdentity {
    pub(crate) account: AccountId,
    pub(crate) id: IdentityId,
}

impl Change for DeleteIdentity {
    type Value = Identity;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        _stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let found = find(tx, Some(self.account), self.id).await?;
        let identity = found.ok_or(StoreError::NotFound { what: "identity" })?;
        sqlx::query("DELETE FROM identities WHERE account_id = $1 AND id = $2")
            .bind(self.account.to_bytes().to_vec())
            .bind(self.id.to_bytes().to_vec())
            .execute(tx)
            .await?;
        Ok(changed(identity, AuditAction::IdentityDeleted))
    }
}

fn changed(identity: Identity, action: AuditAction) -> Effect<Identity> {
    let mut details: Map<String, Value> = Map::new();
    details.insert("issuer".into(), json!(identity.issuer));
    details.insert("directory".into(), json!(identity.directory));
    let draft = Draft { action, account: Some(identity.account), details };
    let subjects = vec![Subject::Identity(identity.id)];
    Effect::changed(identity, draft, subjects)
}
