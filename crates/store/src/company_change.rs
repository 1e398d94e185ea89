//! Changes of companies: create, update, delete.
//!
//! Owns:  the writing statements on `companies` and `external_names`, and what deleting one does to keys (D9).
//! Never: lets a key reach more because a company went away.
//! Read:  top down.

use crate::{
    account::{self, check_name},
    audit::{AuditAction, Draft},
    column,
    commit::{Change, Effect},
    company::{self, CompanyRow},
    error::{ConflictReason, StoreError},
    options::Options,
    stamp::{Stamp, Subject},
};
use model::{AccountId, Company, CompanyId, ExternalName, KeyId};
use serde_json::{Map, Value, json};
use sqlx::SqliteConnection;

/// What to change of a company; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct CompanyPatch {
    /// A new name.
    pub name: Option<String>,
    /// All external names, in place of the present ones.
    pub external_names: Option<Vec<ExternalName>>,
    /// Refuse when the row is not at this version.
    pub expected_version: Option<u64>,
}

pub(crate) struct CreateCompany {
    pub(crate) account: AccountId,
    pub(crate) company: Company,
}

impl Change for CreateCompany {
    type Value = CompanyRow;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let Self { account, mut company } = self;
        check_name(&company.name)?;
        if company.account != account {
            return Err(StoreError::invalid("the company names another account"));
        }
        account::find(tx, account).await?;
        let count =
            sqlx::query("SELECT COUNT(*) FROM companies WHERE account_id = $1").bind(account.to_bytes().to_vec());
        if column::count(&count.fetch_one(&mut *tx).await?, 0)? >= options.companies_max {
            return Err(StoreError::Limit { what: "companies", max: options.companies_max });
        }
        sqlx::query("INSERT INTO companies (id, account_id, name, created_at, updated_at, version) VALUES ($1, $2, $3, $4, $5, 1)")
            .bind(company.id.to_bytes().to_vec())
            .bind(account.to_bytes().to_vec())
            .bind(&company.name)
            .bind(company.created_at.as_micros())
            .bind(stamp.now.as_micros())
            .execute(&mut *tx)
            .await?;
        insert_names(tx, &mut company, options).await?;
        let details = describe(&company);
        let row = CompanyRow { company, version: 1, updated_at: stamp.now };
        Ok(changed(row, AuditAction::CompanyCreated, details))
    }
}

pub(crate) struct UpdateCompany {
    pub(crate) account: AccountId,
    pub(crate) id: CompanyId,
    pub(crate) patch: CompanyPatch,
}

impl Change for UpdateCompany {
    type Value = CompanyRow;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let mut row = company::get(tx, self.account, self.id).await?;
        check_version(self.patch.expected_version, row.version)?;
        let before = row.company.clone();
        if let Some(name) = self.patch.name {
            check_name(&name)?;
            row.company.name = name;
        }
        if let Some(mut names) = self.patch.external_names {
            names.sort_unstable();
            row.company.external_names = names;
        }
        let differences = differences(&describe(&before), &describe(&row.company));
        if differences.is_empty() {
            return Ok(Effect::unchanged(row));
        }
        if row.company.external_names != before.external_names {
            sqlx::query("DELETE FROM external_names WHERE company_id = $1")
                .bind(self.id.to_bytes().to_vec())
                .execute(&mut *tx)
                .await?;
            insert_names(tx, &mut row.company, options).await?;
        }
        row.version += 1;
        row.updated_at = stamp.now;
        sqlx::query("UPDATE companies SET name = $1, updated_at = $2, version = $3 WHERE id = $4 AND account_id = $5")
            .bind(&row.company.name)
            .bind(row.updated_at.as_micros())
            .bind(column::integer(row.version))
            .bind(self.id.to_bytes().to_vec())
            .bind(self.account.to_bytes().to_vec())
            .execute(tx)
            .await?;
        Ok(changed(row, AuditAction::CompanyUpdated, differences))
    }
}

pub(crate) struct DeleteCompany {
    pub(crate) account: AccountId,
    pub(crate) id: CompanyId,
    pub(crate) expected_version: Option<u64>,
}

impl Change for DeleteCompany {
    type Value = Vec<KeyId>;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let row = company::get(tx, self.account, self.id).await?;
        check_version(self.expected_version, row.version)?;
        let (account, id) = (self.account.to_bytes().to_vec(), self.id.to_bytes().to_vec());
        let named = "SELECT k.id FROM key_companies s JOIN keys k ON k.id = s.key_id \
                     WHERE s.account_id = $1 AND s.company_id = $2 AND k.status <> 'deleted' ORDER BY k.id";
        let rows = sqlx::query(named).bind(account.clone()).bind(id.clone()).fetch_all(&mut *tx).await?;
        let keys = rows.iter().map(|row| column::id(row, 0, KeyId::from_bytes)).collect::<Result<Vec<_>, _>>()?;
        // `keys.companies` stays 'only': a set that loses its last company reaches nothing (D9).
        sqlx::query(
            "UPDATE keys SET version = version + 1, updated_at = $3 WHERE account_id = $1 AND status <> 'deleted' \
             AND id IN (SELECT key_id FROM key_companies WHERE account_id = $1 AND company_id = $2)",
        )
        .bind(account.clone())
        .bind(id.clone())
        .bind(stamp.now.as_micros())
        .execute(&mut *tx)
        .await?;
        for statement in [
            "DELETE FROM key_companies WHERE account_id = $1 AND company_id = $2",
            "DELETE FROM companies WHERE account_id = $1 AND id = $2",
        ] {
            sqlx::query(statement).bind(account.clone()).bind(id.clone()).execute(&mut *tx).await?;
        }
        let subjects =
            std::iter::once(Subject::Company(self.id)).chain(keys.iter().map(|k| Subject::Key(*k))).collect();
        let details = describe(&row.company);
        let draft = Draft { action: AuditAction::CompanyDeleted, account: Some(self.account), details };
        Ok(Effect::changed(keys, draft, subjects))
    }
}

/// Writes the names of a company that has none yet, and leaves them sorted.
async fn insert_names(tx: &mut SqliteConnection, company: &mut Company, options: &Options) -> Result<(), StoreError> {
    let max = options.external_names_max;
    company.external_names.sort_unstable();
    company.external_names.dedup();
    if company.external_names.len() as u64 > max {
        return Err(StoreError::Limit { what: "external names of a company", max });
    }
    for name in &company.external_names {
        // Built by hand or parsed: what the store keeps must read back as the same name.
        if ExternalName::parse(&name.to_string()).as_ref() != Some(name) {
            return Err(StoreError::invalid("an external name has 1 to 128 visible characters and no spaces"));
        }
        let written = sqlx::query(
            "INSERT INTO external_names (company_id, account_id, environment, kind, value) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING",
        )
        .bind(company.id.to_bytes().to_vec())
        .bind(company.account.to_bytes().to_vec())
        .bind(name.environment.as_str())
        .bind(name.kind.as_str())
        .bind(&*name.value)
        .execute(&mut *tx)
        .await?;
        if written.rows_affected() == 0 {
            return Err(ConflictReason::ExternalNameTaken(name.clone()).into());
        }
    }
    Ok(())
}

fn changed(row: CompanyRow, action: AuditAction, details: Map<String, Value>) -> Effect<CompanyRow> {
    let subjects = vec![Subject::Company(row.company.id)];
    let draft = Draft { action, account: Some(row.company.account), details };
    Effect::changed(row, draft, subjects)
}

fn describe(company: &Company) -> Map<String, Value> {
    let mut details = Map::new();
    details.insert("name".into(), json!(company.name));
    let names: Vec<String> = company.external_names.iter().map(ExternalName::to_string).collect();
    details.insert("external_names".into(), json!(names));
    details
}

/// Refuses a change that was decided on an older row.
pub(crate) fn check_version(expected: Option<u64>, actual: u64) -> Result<(), StoreError> {
    match expected {
        Some(expected) if expected != actual => Err(ConflictReason::Stale { expected, actual }.into()),
        Some(_) | None => Ok(()),
    }
}

/// What differs between two descriptions of a thing, as `{"field": {"from": .., "to": ..}}`.
pub(crate) fn differences(before: &Map<String, Value>, after: &Map<String, Value>) -> Map<String, Value> {
    let differing = after.iter().filter(|(field, to)| before.get(*field) != Some(to));
    differing.map(|(field, to)| (field.clone(), json!({ "from": before.get(field), "to": to }))).collect()
}
