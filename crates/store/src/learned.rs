//! Learned companies: what the upstream created, known from its answer (D35).
//!
//! Owns:  `LearnCompany`.
//! Never: changes a company that is known, or a key: nobody reaches more.
//! Read:  top down.

use crate::{
    account::check_name,
    column,
    commit::{Change, Effect},
    company_change::CreateCompany,
    error::StoreError,
    options::Options,
    stamp::Stamp,
};
use model::{AccountId, Company, ExternalName};
use sqlx::SqliteConnection;

/// A company with the external names that an answer told: the first is the one that it is known by.
pub(crate) struct LearnCompany {
    pub(crate) account: AccountId,
    pub(crate) company: Company,
}

impl Change for LearnCompany {
    /// Whether it is new.
    type Value = bool;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let Self { account, mut company } = self;
        let Some(name) = company.external_names.first() else {
            return Err(StoreError::invalid("a learned company has an external name"));
        };
        let called = name.value.to_string();
        if is_known(tx, account, name).await? {
            return Ok(Effect::unchanged(false));
        }
        // A further name that another company has stays with that one.
        let mut names = Vec::with_capacity(company.external_names.len());
        for name in company.external_names {
            if !is_known(tx, account, &name).await? && !names.contains(&name) {
                names.push(name);
            }
        }
        company.external_names = names;
        // What the upstream calls it may be no name here.
        if check_name(&company.name).is_err() {
            company.name = called;
        }
        let created = CreateCompany { account, company }.apply(tx, stamp, options).await?;
        Ok(created.map(|_row| true))
    }
}

async fn is_known(tx: &mut SqliteConnection, account: AccountId, name: &ExternalName) -> Result<bool, StoreError> {
    let statement = "SELECT COUNT(*) FROM external_names \
                     WHERE account_id = $1 AND environment = $2 AND kind = $3 AND value = $4";
    let row = sqlx::query(statement)
        .bind(account.to_bytes().to_vec())
        .bind(name.environment.as_str())
        .bind(name.kind.as_str())
        .bind(&*name.value)
        .fetch_one(tx)
        .await?;
    Ok(column::count(&row, 0)? > 0)
}
