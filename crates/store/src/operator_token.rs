//! Operator tokens: what lets a program of the operator into the control API.
//!
//! Owns:  the rows, their creation and their end; only the SHA-256 of a token is kept.
//! Never: deletes one: the audit chain names them.
//! Read:  `OperatorToken`, then the changes.

use crate::{
    audit::{AuditAction, Draft},
    column,
    commit::{Change, Effect},
    error::StoreError,
    options::Options,
    page::{List, Page},
    people::invitation,
    stamp::{Author, Stamp, Subject},
};
use model::{OperatorTokenId, SecretHash, Timestamp, key::DESCRIPTION_MAX};
use serde_json::json;
use sqlx::{SqliteConnection, sqlite::SqliteRow};

/// An operator token to be created. It is made at the stamp's time.
#[derive(Clone, Debug)]
pub struct NewOperatorToken {
    /// Its id.
    pub id: OperatorTokenId,
    /// SHA-256 of its text.
    pub hash: SecretHash,
    /// What it is for.
    pub description: String,
}

/// An operator token, without its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorToken {
    /// Its id.
    pub id: OperatorTokenId,
    /// What it is for.
    pub description: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

pub(crate) struct CreateOperatorToken(pub(crate) NewOperatorToken);

impl Change for CreateOperatorToken {
    type Value = OperatorToken;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let NewOperatorToken { id, hash, description } = self.0;
        check_description(&description)?;
        let count = "SELECT COUNT(*) FROM operator_tokens WHERE revoked_at IS NULL";
        if column::count(&sqlx::query(count).fetch_one(&mut *tx).await?, 0)? >= options.operator_tokens_max {
            return Err(StoreError::Limit { what: "operator tokens", max: options.operator_tokens_max });
        }
        sqlx::query("INSERT INTO operator_tokens (id, hash, description, created_at) VALUES ($1, $2, $3, $4)")
            .bind(id.to_bytes().to_vec())
            .bind(hash.as_bytes().to_vec())
            .bind(&description)
            .bind(stamp.now.as_micros())
            .execute(tx)
            .await?;
        let token = OperatorToken { id, description, created_at: stamp.now, revoked_at: None };
        Ok(changed(token, AuditAction::OperatorTokenCreated))
    }
}

/// Revokes a token. Whom it invited and who has not come yet is not invited any more.
pub(crate) struct RevokeOperatorToken(pub(crate) OperatorTokenId);

impl Change for RevokeOperatorToken {
    type Value = OperatorToken;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let id = self.0.to_bytes().to_vec();
        let statement = "SELECT id, description, created_at, revoked_at FROM operator_tokens WHERE id = $1";
        let row = sqlx::query(statement).bind(id.clone()).fetch_optional(&mut *tx).await?;
        let mut token = read(&row.ok_or(StoreError::NotFound { what: "operator token" })?)?;
        if token.revoked_at.is_some() {
            return Ok(Effect::unchanged(token));
        }
        sqlx::query("UPDATE operator_tokens SET revoked_at = $1 WHERE id = $2")
            .bind(stamp.now.as_micros())
            .bind(id)
            .execute(&mut *tx)
            .await?;
        token.revoked_at = Some(stamp.now);
        let ended = invitation::end_all_by(tx, Author::Operator(self.0)).await?;
        Ok(changed(token, AuditAction::OperatorTokenRevoked).with(ended, serde_json::Map::new()))
    }
}

fn changed(token: OperatorToken, action: AuditAction) -> Effect<OperatorToken> {
    let mut details = serde_json::Map::new();
    details.insert("description".into(), json!(token.description));
    let subjects = vec![Subject::OperatorToken(token.id)];
    Effect::changed(token, Draft { action, account: None, details }, subjects)
}

/// Refuses a description that is too long or holds control or hidden characters (`model::visible`).
pub(crate) fn check_description(description: &str) -> Result<(), StoreError> {
    if description.chars().count() > DESCRIPTION_MAX || model::visible::hidden(description).is_some() {
        return Err(StoreError::invalid(format!(
            "a description has at most {DESCRIPTION_MAX} characters, none of them a control character or hidden"
        )));
    }
    Ok(())
}

fn read(row: &SqliteRow) -> Result<OperatorToken, StoreError> {
    Ok(OperatorToken {
        id: column::id(row, 0, OperatorTokenId::from_bytes)?,
        description: column::text(row, 1)?,
        created_at: column::time(row, 2)?,
        revoked_at: column::time_or_none(row, 3)?,
    })
}

/// The token with this hash, also when it was revoked. The index is searched by hash, so time tells nothing of the text.
pub(crate) async fn find_by_hash(
    connection: &mut SqliteConnection,
    hash: &SecretHash,
) -> Result<Option<OperatorToken>, StoreError> {
    let statement = "SELECT id, description, created_at, revoked_at FROM operator_tokens WHERE hash = $1";
    let row = sqlx::query(statement).bind(hash.as_bytes().to_vec()).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// Tokens, newest first, revoked ones too.
pub(crate) async fn list(
    connection: &mut SqliteConnection,
    page: Page<OperatorTokenId>,
) -> Result<List<OperatorToken, OperatorTokenId>, StoreError> {
    let statement = "SELECT id, description, created_at, revoked_at FROM operator_tokens \
                     WHERE $1 IS NULL OR id < $1 ORDER BY id DESC LIMIT $2";
    let after = page.after.map(|id| id.to_bytes().to_vec());
    let rows = sqlx::query(statement).bind(after).bind(page.fetch()).fetch_all(connection).await?;
    Ok(List::of(rows.iter().map(read).collect::<Result<_, _>>()?, &page, |token| token.id))
}
