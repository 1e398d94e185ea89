//! Changes of keys: create, update, status, rotate, end of the overlap.
//!
//! Owns:  the writing statements on `keys`, `credentials` and `key_companies`; which change a key's state allows.
//! Never: sees a secret; control makes them and hands in hashes.
//! Read:  top down; `find_changeable` holds what all but creation ask first.

use crate::{
    account,
    audit::{AuditAction, Draft},
    column,
    commit::{Change, Effect},
    company_change::{check_version, differences},
    error::{ConflictReason, StoreError},
    key::{self, CredentialRow, KeyRow, NewKey},
    key_settings,
    operator_token::check_description,
    options::Options,
    people,
    stamp::{Stamp, Subject},
    sub_key::author_may,
};
use model::{
    AccountId, CompanyRestriction, Credential, Environment, Environments, Key, KeyId, KeyKind, KeyLimits, KeyStatus,
    NetworkList, OriginList, Preset, Role, SecretSlot, Timestamp, company::COMPANIES_MAX,
};
use serde_json::{Map, Value, json};
use sqlx::SqliteConnection;

/// What to change of a key; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct KeyPatch {
    /// A new description.
    pub description: Option<String>,
    /// Enabled or disabled, together with the rest.
    pub status: Option<KeyStatus>,
    /// Another preset.
    pub preset: Option<Preset>,
    /// Another restriction.
    pub companies: Option<CompanyRestriction>,
    /// Other origins.
    pub origins: Option<OriginList>,
    /// Other networks.
    pub networks: Option<NetworkList>,
    /// Other numbers of its own.
    pub limits: Option<KeyLimits>,
    /// Another reminder, in days, or none.
    pub rotate_every_days: Option<Option<u16>>,
    /// Another expiry, or none.
    pub expires_at: Option<Option<Timestamp>>,
    /// Refuse when the row is not at this version.
    pub expected_version: Option<u64>,
}

impl KeyPatch {
    /// Makes the changes to `key`.
    fn apply(self, key: &mut Key) -> Result<(), StoreError> {
        if let Some(description) = self.description {
            check_description(&description)?;
            key.description = description;
        }
        if let Some(status) = self.status {
            if !matches!(status, KeyStatus::Active | KeyStatus::Disabled) {
                return Err(StoreError::invalid("a key is ended by itself, not together with other changes"));
            }
            key.status = status;
        }
        key.preset = self.preset.unwrap_or_else(|| key.preset.clone());
        key.companies = self.companies.unwrap_or_else(|| key.companies.clone());
        key.origins = self.origins.unwrap_or_else(|| std::mem::take(&mut key.origins));
        key.networks = self.networks.unwrap_or_else(|| std::mem::take(&mut key.networks));
        key.limits = self.limits.unwrap_or_else(|| std::mem::take(&mut key.limits));
        key.rotate_every_days = self.rotate_every_days.unwrap_or(key.rotate_every_days);
        key.expires_at = self.expires_at.unwrap_or(key.expires_at);
        Ok(())
    }
}

pub(crate) struct CreateKey {
    pub(crate) account: AccountId,
    pub(crate) key: NewKey,
}

impl Change for CreateKey {
    type Value = KeyRow;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        if self.key.key.account != self.account {
            return Err(StoreError::invalid("the key names another account"));
        }
        account::find(tx, self.account).await?;
        // A key never exceeds its creator: who may make none makes none, also if they lost their role a moment ago.
        people::require(tx, self.account, stamp, Role::Developer).await?;
        author_may(tx, &self.key.key, stamp).await?;
        let row = insert(tx, self.key, stamp, options).await?;
        let details = key_settings::describe(&row.key);
        Ok(changed(row, AuditAction::KeyCreated, details))
    }
}

/// Writes the rows of a new key, of an account that exists.
pub(crate) async fn insert(
    tx: &mut SqliteConnection,
    new: NewKey,
    stamp: &Stamp,
    options: &Options,
) -> Result<KeyRow, StoreError> {
    let NewKey { key, credentials } = new;
    check_description(&key.description)?;
    check_credentials(&credentials)?;
    if !matches!(key.status, KeyStatus::Active | KeyStatus::Disabled) {
        return Err(StoreError::invalid("a key is created active or disabled"));
    }
    if credentials.len() != key.environments.iter().count()
        || credentials.iter().any(|c| !key.environments.contains(c.environment))
    {
        return Err(StoreError::invalid("a key is created with one credential for each of its environments"));
    }
    check_room(tx, &key, options).await?;
    sqlx::query(
        "INSERT INTO keys (id, account_id, kind, description, status, preset, scopes, companies, environments, expires_at, \
         created_at, updated_at, version, origins, networks, limits, rotate_every_days, \
         created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, $14, $15, $16, $17)",
    )
    .bind(key.id.to_bytes().to_vec())
    .bind(key.account.to_bytes().to_vec())
    .bind(key.kind.as_str())
    .bind(&key.description)
    .bind(key.status.as_str())
    .bind(key.preset.name())
    .bind(scopes_text(&key.preset))
    .bind(companies_text(&key.companies))
    .bind(column::environments_text(key.environments))
    .bind(key.expires_at.map(Timestamp::as_micros))
    .bind(key.created_at.as_micros())
    .bind(stamp.now.as_micros())
    .bind(key_settings::origins_text(&key.origins))
    .bind(key_settings::networks_text(&key.networks))
    .bind(key_settings::limits_text(&key.limits))
    .bind(key.rotate_every_days)
    .bind(stamp.author.member().map(|id| id.to_bytes().to_vec()))
    .execute(&mut *tx)
    .await?;
    insert_companies(tx, &key).await?;
    for credential in &credentials {
        insert_credential(tx, key.id, credential, stamp).await?;
    }
    let made = |credential| CredentialRow { credential, created_at: stamp.now, ended: None };
    let mut credentials: Vec<CredentialRow> = credentials.into_iter().map(made).collect();
    key::sort(&mut credentials);
    Ok(KeyRow { key, credentials, created_by: stamp.author.member(), version: 1, updated_at: stamp.now })
}

/// Whether the account may have one more key of this kind.
async fn check_room(tx: &mut SqliteConnection, key: &Key, options: &Options) -> Result<(), StoreError> {
    let account = key.account.to_bytes().to_vec();
    match key.kind {
        KeyKind::Primary => {
            let statement = "SELECT COUNT(*) FROM keys WHERE account_id = $1 AND kind = 'primary' \
                             AND status IN ('active', 'disabled')";
            if column::count(&sqlx::query(statement).bind(account).fetch_one(tx).await?, 0)? > 0 {
                return Err(ConflictReason::PrimaryExists.into());
            }
        }
        KeyKind::Restricted => {
            let statement =
                "SELECT COUNT(*) FROM keys WHERE account_id = $1 AND kind = 'restricted' AND status <> 'deleted'";
            let max = options.restricted_keys_max;
            if column::count(&sqlx::query(statement).bind(account).fetch_one(tx).await?, 0)? >= max {
                return Err(StoreError::Limit { what: "restricted keys of an account", max });
            }
        }
    }
    Ok(())
}

pub(crate) struct UpdateKey {
    pub(crate) account: AccountId,
    pub(crate) id: KeyId,
    pub(crate) patch: KeyPatch,
}

impl Change for UpdateKey {
    type Value = KeyRow;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let row = find_changeable(tx, self.account, self.id, stamp).await?;
        check_version(self.patch.expected_version, row.version)?;
        let before = row.key;
        let mut key = before.clone();
        self.patch.apply(&mut key)?;
        if key == before {
            return key::get(tx, self.account, self.id).await.map(Effect::unchanged);
        }
        sqlx::query(
            "UPDATE keys SET description = $1, preset = $2, scopes = $3, companies = $4, expires_at = $5, updated_at = $6, \
             origins = $9, networks = $10, limits = $11, rotate_every_days = $12, status = $13, version = version + 1 \
             WHERE id = $7 AND account_id = $8",
        )
        .bind(&key.description)
        .bind(key.preset.name())
        .bind(scopes_text(&key.preset))
        .bind(companies_text(&key.companies))
        .bind(key.expires_at.map(Timestamp::as_micros))
        .bind(stamp.now.as_micros())
        .bind(key.id.to_bytes().to_vec())
        .bind(key.account.to_bytes().to_vec())
        .bind(key_settings::origins_text(&key.origins))
        .bind(key_settings::networks_text(&key.networks))
        .bind(key_settings::limits_text(&key.limits))
        .bind(key.rotate_every_days)
        .bind(key.status.as_str())
        .execute(&mut *tx)
        .await?;
        if key.companies != before.companies {
            let clear = "DELETE FROM key_companies WHERE key_id = $1";
            sqlx::query(clear).bind(key.id.to_bytes().to_vec()).execute(&mut *tx).await?;
            insert_companies(tx, &key).await?;
        }
        if let Some(expiry) = key.expires_at {
            // The overlap of a rotation never outlasts the key (D13).
            sqlx::query("UPDATE credentials SET ends_at = $1 WHERE key_id = $2 AND slot = 'previous' AND ends_at > $1")
                .bind(expiry.as_micros())
                .bind(key.id.to_bytes().to_vec())
                .execute(&mut *tx)
                .await?;
        }
        let mut details = differences(&key_settings::describe(&before), &key_settings::describe(&key));
        if key.status != before.status {
            details.insert("status".into(), json!({ "from": before.status.as_str(), "to": key.status.as_str() }));
        }
        Ok(changed(key::get(tx, self.account, self.id).await?, AuditAction::KeyUpdated, details))
    }
}

pub(crate) struct SetKeyStatus {
    pub(crate) account: AccountId,
    pub(crate) id: KeyId,
    pub(crate) status: KeyStatus,
}

impl Change for SetKeyStatus {
    type Value = KeyRow;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let found = key::find(tx, Some(self.account), self.id).await?;
        let mut row = found.ok_or(StoreError::NotFound { what: "key" })?;
        author_may(tx, &row.key, stamp).await?;
        let before = row.key.status;
        let action = match (before, self.status) {
            // Repeating a change whose answer was lost is harmless.
            (KeyStatus::Active, KeyStatus::Active)
            | (KeyStatus::Disabled, KeyStatus::Disabled)
            | (KeyStatus::Revoked, KeyStatus::Revoked)
            | (KeyStatus::Deleted, KeyStatus::Deleted) => return Ok(Effect::unchanged(row)),
            (KeyStatus::Deleted, _) | (KeyStatus::Revoked, KeyStatus::Active | KeyStatus::Disabled) => {
                return Err(ConflictReason::KeyFinal(before).into());
            }
            (KeyStatus::Disabled, KeyStatus::Active) => AuditAction::KeyEnabled,
            (KeyStatus::Active, KeyStatus::Disabled) => AuditAction::KeyDisabled,
            (KeyStatus::Active | KeyStatus::Disabled, KeyStatus::Revoked) => AuditAction::KeyRevoked,
            (KeyStatus::Active | KeyStatus::Disabled | KeyStatus::Revoked, KeyStatus::Deleted) => {
                AuditAction::KeyDeleted
            }
        };
        row.key.status = self.status;
        row.version += 1;
        row.updated_at = stamp.now;
        sqlx::query("UPDATE keys SET status = $1, updated_at = $2, version = $3 WHERE id = $4 AND account_id = $5")
            .bind(row.key.status.as_str())
            .bind(row.updated_at.as_micros())
            .bind(column::integer(row.version))
            .bind(row.key.id.to_bytes().to_vec())
            .bind(row.key.account.to_bytes().to_vec())
            .execute(tx)
            .await?;
        let mut details = Map::new();
        details.insert("status".into(), json!({ "from": before.as_str(), "to": self.status.as_str() }));
        Ok(changed(row, action, details))
    }
}

pub(crate) struct RotateKey {
    pub(crate) account: AccountId,
    pub(crate) id: KeyId,
    pub(crate) credentials: Vec<Credential>,
    pub(crate) previous_ends_at: Timestamp,
}

impl Change for RotateKey {
    type Value = KeyRow;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let row = find_changeable(tx, self.account, self.id, stamp).await?;
        check_credentials(&self.credentials)?;
        if self.credentials.is_empty() {
            return Err(StoreError::invalid("a rotation names at least one environment"));
        }
        // Never past the key's own expiry (D13), and not in the past: then it ends now.
        let ends_at = self.previous_ends_at.max(stamp.now).min(row.key.expires_at.unwrap_or(Timestamp::MAX));
        let id = self.id.to_bytes().to_vec();
        for credential in &self.credentials {
            let current = row.credentials.iter().map(|c| &c.credential);
            let mut current =
                current.filter(|c| c.slot == SecretSlot::Current && c.environment == credential.environment);
            if current.next().is_none_or(|current| current.client_id != credential.client_id) {
                return Err(StoreError::invalid("the key has no credential with this client id in this environment"));
            }
            // At most one old secret: the one before the last ends at once (D41).
            sqlx::query("DELETE FROM credentials WHERE key_id = $1 AND environment = $2 AND slot = 'previous'")
                .bind(id.clone())
                .bind(credential.environment.as_str())
                .execute(&mut *tx)
                .await?;
            sqlx::query(
                "UPDATE credentials SET slot = 'previous', ends_at = $3 WHERE key_id = $1 AND environment = $2",
            )
            .bind(id.clone())
            .bind(credential.environment.as_str())
            .bind(ends_at.as_micros())
            .execute(&mut *tx)
            .await?;
            insert_credential(tx, self.id, credential, stamp).await?;
        }
        touch(tx, &row.key, stamp.now).await?;
        let mut details = environments_detail(self.credentials.iter().map(|c| c.environment));
        details.insert("previous_ends_at".into(), json!(column::time_text(ends_at)));
        Ok(changed(key::get(tx, self.account, self.id).await?, AuditAction::KeyRotated, details))
    }
}

pub(crate) struct EndPreviousSecret {
    pub(crate) account: AccountId,
    pub(crate) id: KeyId,
    pub(crate) environments: Environments,
}

impl Change for EndPreviousSecret {
    type Value = KeyRow;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let row = find_changeable(tx, self.account, self.id, stamp).await?;
        let mut ended = Vec::new();
        for environment in self.environments.iter() {
            let written = sqlx::query(
                "UPDATE credentials SET ends_at = $3, ended_at = $3 \
                 WHERE key_id = $1 AND environment = $2 AND slot = 'previous' AND ends_at > $3",
            )
            .bind(self.id.to_bytes().to_vec())
            .bind(environment.as_str())
            .bind(stamp.now.as_micros())
            .execute(&mut *tx)
            .await?;
            if written.rows_affected() > 0 {
                ended.push(environment);
            }
        }
        if ended.is_empty() {
            return Ok(Effect::unchanged(row));
        }
        touch(tx, &row.key, stamp.now).await?;
        let details = environments_detail(ended.into_iter());
        Ok(changed(key::get(tx, self.account, self.id).await?, AuditAction::KeyPreviousSecretEnded, details))
    }
}

/// The key, unless it is out of view or final.
async fn find_changeable(
    tx: &mut SqliteConnection,
    account: AccountId,
    id: KeyId,
    stamp: &Stamp,
) -> Result<KeyRow, StoreError> {
    let row = key::find(tx, Some(account), id).await?.ok_or(StoreError::NotFound { what: "key" })?;
    author_may(tx, &row.key, stamp).await?;
    match row.key.status {
        KeyStatus::Active | KeyStatus::Disabled => Ok(row),
        status @ (KeyStatus::Revoked | KeyStatus::Deleted) => Err(ConflictReason::KeyFinal(status).into()),
    }
}

async fn touch(tx: &mut SqliteConnection, key: &Key, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE keys SET updated_at = $1, version = version + 1 WHERE id = $2 AND account_id = $3")
        .bind(now.as_micros())
        .bind(key.id.to_bytes().to_vec())
        .bind(key.account.to_bytes().to_vec())
        .execute(tx)
        .await?;
    Ok(())
}

/// Fresh credentials are current, have no end, and are at most one per environment.
fn check_credentials(credentials: &[Credential]) -> Result<(), StoreError> {
    let fresh = credentials.iter().all(|c| c.slot == SecretSlot::Current && c.ends_at.is_none());
    let single = Environment::ALL.iter().all(|e| credentials.iter().filter(|c| c.environment == *e).count() <= 1);
    if fresh && single { Ok(()) } else { Err(StoreError::invalid("new credentials are current, one per environment")) }
}

async fn insert_credential(
    tx: &mut SqliteConnection,
    key: KeyId,
    credential: &Credential,
    stamp: &Stamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO credentials (key_id, environment, slot, client_id, hash, last_four, created_at, made_by) \
         VALUES ($1, $2, 'current', $3, $4, $5, $6, $7)",
    )
    .bind(key.to_bytes().to_vec())
    .bind(credential.environment.as_str())
    .bind(credential.client_id.to_bytes().to_vec())
    .bind(credential.hash.as_bytes().to_vec())
    .bind(credential.last_four.to_vec())
    .bind(stamp.now.as_micros())
    .bind(stamp.author.member().map(|id| id.to_bytes().to_vec()))
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes the set of a key that has none yet. Every member must be a company of the key's account.
async fn insert_companies(tx: &mut SqliteConnection, key: &Key) -> Result<(), StoreError> {
    let CompanyRestriction::Only(set) = &key.companies else { return Ok(()) };
    // An emptied set is stored, never chosen (D9).
    if set.as_slice().is_empty() || set.as_slice().len() > COMPANIES_MAX {
        return Err(StoreError::invalid(format!(
            "a key is restricted to 1 to {COMPANIES_MAX} companies, or to none of them"
        )));
    }
    for company in set.as_slice() {
        let written = sqlx::query(
            "INSERT INTO key_companies (key_id, company_id, account_id) \
             SELECT $1, id, account_id FROM companies WHERE id = $2 AND account_id = $3",
        )
        .bind(key.id.to_bytes().to_vec())
        .bind(company.to_bytes().to_vec())
        .bind(key.account.to_bytes().to_vec())
        .execute(&mut *tx)
        .await?;
        if written.rows_affected() == 0 {
            return Err(StoreError::NotFound { what: "company" });
        }
    }
    Ok(())
}

fn changed(row: KeyRow, action: AuditAction, details: Map<String, Value>) -> Effect<KeyRow> {
    let subjects = vec![Subject::Key(row.key.id)];
    let draft = Draft { action, account: Some(row.key.account), details };
    Effect::changed(row, draft, subjects)
}

fn environments_detail(environments: impl Iterator<Item = Environment>) -> Map<String, Value> {
    let names: Vec<&str> = environments.map(Environment::as_str).collect();
    Map::from_iter([("environments".to_owned(), json!(names))])
}

fn scopes_text(preset: &Preset) -> String {
    match preset {
        Preset::Custom(scopes) => scopes.to_texts().join(" "),
        Preset::FullAccess | Preset::ReadOnly | Preset::Send => String::new(),
    }
}

const fn companies_text(companies: &CompanyRestriction) -> &'static str {
    match companies {
        CompanyRestriction::All => "all",
        CompanyRestriction::Only(_) => "only",
    }
}
