//! The gateway's store: the few changes that a data plane may ask for.
//!
//! Owns:  `GatewayStore`.
//! Never: anything that lets a key reach more.
//! Read:  top down.

use crate::{
    audit::{AuditAction, Draft},
    commit::{Change, Effect},
    daily_cap::{DailyBlock, DailyTake, TakeDaily},
    error::StoreError,
    learned::LearnCompany,
    options::Options,
    stamp::{Committed, Stamp},
    store::Store,
};
use model::{AccountId, Company, KeyId, OperationId};
use serde_json::{Map, json};
use sqlx::SqliteConnection;

/// What a gateway may ask of the store beyond following it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct GatewayStore(Store);

impl GatewayStore {
    pub(crate) fn new(store: Store) -> Self {
        Self(store)
    }

    /// Takes a block of what is left of a channel's cap for a day, durably (R80, D38). Neither the change log nor the audit
    /// chain tells of it.
    pub async fn take_daily(&self, stamp: Stamp, take: DailyTake) -> Result<Committed<DailyBlock>, StoreError> {
        self.0.commit(stamp, TakeDaily(take)).await
    }

    /// Creates a company that the upstream created and named (D35), called by its external name when its name is none here;
    /// `false` when the account knows the external name already. No key reaches more.
    pub async fn learn_company(
        &self,
        stamp: Stamp,
        account: AccountId,
        company: Company,
    ) -> Result<Committed<bool>, StoreError> {
        self.0.commit(stamp, LearnCompany { account, company }).await
    }

    /// Writes into the audit chain that the upstream answered lists with items of companies that the key may not reach, and
    /// how many (D34). No row changes, and nobody has anything to follow.
    pub async fn note_violation(
        &self,
        stamp: Stamp,
        account: AccountId,
        key: KeyId,
        operation: OperationId,
        count: u64,
    ) -> Result<Committed<()>, StoreError> {
        self.0.commit(stamp, NoteViolation { account, key, operation, count }).await
    }
}

struct NoteViolation {
    account: AccountId,
    key: KeyId,
    operation: OperationId,
    count: u64,
}

impl Change for NoteViolation {
    type Value = ();

    async fn apply(
        self,
        _tx: &mut SqliteConnection,
        _stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let mut details = Map::new();
        details.insert("key".into(), json!(self.key.to_string()));
        details.insert("operation".into(), json!(self.operation.as_str()));
        details.insert("count".into(), json!(self.count));
        let draft = Draft { action: AuditAction::IsolationViolation, account: Some(self.account), details };
        Ok(Effect::changed((), draft, Vec::new()))
    }
}
