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
use model::{AccountId, Company};
use sqlx::SqliteConnection;

/// A company with the external names that an answer told.
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
        let statement = "SELECT COUNT(*) FROM external_names \
                         WHERE account_id = $1 AND environment = $2 AND kind = $3 AND value = $4";
        let known = sqlx::query(statement)
            .bind(account.to_bytes().to_vec())
            .bind(name.environment.as_str())
            .bind(name.kind.as_str())
            .bind(&*name.value)
            .fetch_one(&mut *tx)
            .await?;
        if column::count(&known, 0)? > 0 {
            return Ok(Effect::unchanged(false));
        }
        // What the upstream calls it may be no name here.
        if check_name(&company.name).is_err() {
            company.name = name.value.to_string();
        }
        let created = CreateCompany { account, company }.apply(tx, stamp, options).await?;
        Ok(created.map(|_row| true))
    }
}
