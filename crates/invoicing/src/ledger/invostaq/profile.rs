//! Profile: what an account says of itself, its registrations, and the settings that are only kept.
//!
//! Owns:  the row of an account.
//! Never: a registration that is somebody else's.
//! Read:  `Profile`, then `Office::put_profile`.

use super::{By, Office};
use crate::{
    invostaq::address::Address,
    ledger::{
        LedgerError,
        sql::{Json, Sql, Value},
    },
};
use sqlx::FromRow;

/// What is said where nothing was said yet.
const CURRENCY: &str = "EUR";

/// What an account says of itself.
#[derive(Debug, FromRow)]
pub(crate) struct Profile {
    pub(crate) name: Option<String>,
    pub(crate) tax_id: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) currency: String,
    pub(crate) address: Option<Json<Address>>,
}

impl Office {
    pub(crate) async fn profile(&self) -> Result<Profile, LedgerError> {
        let sql =
            self.of("SELECT t.name, t.tax_id, t.email, t.currency, t.address FROM invostaq_tenant AS t", By::Account);
        let found = self.read().await?.optional(sql).await?;
        let nothing = Profile { name: None, tax_id: None, email: None, currency: CURRENCY.to_owned(), address: None };
        Ok(found.unwrap_or(nothing))
    }

    /// Replaces the profile and the registrations. The participant that somebody else has, if there is one; then nothing
    /// was changed.
    pub(crate) async fn put_profile(
        &self,
        profile: &Profile,
        participants: &[String],
        now: i64,
    ) -> Result<Option<String>, LedgerError> {
        let mut tx = self.write().await?;
        let mut sql = Sql::new("SELECT t.id FROM invostaq_participant AS t WHERE t.account_id = ");
        sql.bind(self.account);
        let had: Vec<(String,)> = tx.all(sql).await?;
        for (id,) in had.into_iter().filter(|(id,)| !participants.contains(id)) {
            let sql = "DELETE FROM invostaq_participant WHERE account_id = $1 AND id = $2";
            tx.execute(Sql::new(sql).value(self.account).value(id)).await?;
        }
        for id in participants {
            if !self.register_on(id, now, &mut tx).await? {
                return Ok(Some(id.clone()));
            }
        }
        let address = profile.address.as_ref().map(|Json(address)| serde_json::json!(address).to_string());
        let mut sql = Sql::new(
            "INSERT INTO invostaq_tenant (account_id, name, tax_id, email, currency, address, integrations, updated) VALUES (",
        );
        sql.bind_all([
            Value::from(self.account),
            (&profile.name).into(),
            (&profile.tax_id).into(),
            (&profile.email).into(),
            (&profile.currency).into(),
            address.into(),
            "{}".into(),
            now.into(),
        ]);
        sql.push(
            ") ON CONFLICT (account_id) DO UPDATE SET name = excluded.name, tax_id = excluded.tax_id,
             email = excluded.email, currency = excluded.currency, address = excluded.address, updated = excluded.updated",
        );
        tx.execute(sql).await?;
        tx.commit().await?;
        Ok(None)
    }

    /// The settings of integrations, a JSON object.
    pub(crate) async fn integrations(&self) -> Result<String, LedgerError> {
        let sql = self.of("SELECT t.integrations FROM invostaq_tenant AS t", By::Account);
        Ok(self.read().await?.optional_scalar(sql).await?.unwrap_or_else(|| "{}".to_owned()))
    }

    pub(crate) async fn put_integrations(&self, settings: &str, now: i64) -> Result<(), LedgerError> {
        let mut sql = Sql::new("INSERT INTO invostaq_tenant (account_id, currency, integrations, updated) VALUES (");
        sql.bind_all([self.account.into(), CURRENCY.into(), settings.into(), now.into()]);
        sql.push(
            ") ON CONFLICT (account_id) DO UPDATE SET integrations = excluded.integrations, updated = excluded.updated",
        );
        let mut tx = self.write().await?;
        tx.execute(sql).await?;
        tx.commit().await
    }
}
