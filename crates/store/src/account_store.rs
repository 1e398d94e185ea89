//! Account store.
use crate::{
    AuditEntry, Committed, CompanyPatch, CompanyRow, KeyFilter, KeyPatch, KeyRow, List, NewKey, Page, Stamp, Store,
    StoreError,
};
use model::{Account, AccountId, AuditId, Company, CompanyId, Credential, Environments, KeyId, KeyStatus, Timestamp};

/// The rows of one account. Another account's ids are `NotFound` here.
#[derive(Clone, Debug)]
pub struct AccountStore {
    pub(crate) store: Store,
    pub(crate) account: AccountId,
}

impl AccountStore {
    /// The account.
    pub async fn account(&self) -> Result<Account, StoreError> {
        self.store.account_by_id(self.account).await
    }
    /// Companies, newest first.
    pub async fn companies(&self, page: Page<CompanyId>) -> Result<List<CompanyRow, CompanyId>, StoreError> {
        let _ = page;
        Err(StoreError::Closed)
    }
    /// One company.
    pub async fn company(&self, id: CompanyId) -> Result<CompanyRow, StoreError> {
        let _ = id;
        Err(StoreError::Closed)
    }
    /// Creates a company.
    pub async fn create_company(&self, stamp: Stamp, company: Company) -> Result<Committed<CompanyRow>, StoreError> {
        let _ = (stamp, company);
        Err(StoreError::Closed)
    }
    /// Changes a company.
    pub async fn update_company(&self, stamp: Stamp, id: CompanyId, patch: CompanyPatch) -> Result<Committed<CompanyRow>, StoreError> {
        let _ = (stamp, id, patch);
        Err(StoreError::Closed)
    }
    /// Deletes a company; returns the keys whose set it left (D9).
    pub async fn delete_company(&self, stamp: Stamp, id: CompanyId, expected_version: Option<u64>) -> Result<Committed<Vec<KeyId>>, StoreError> {
        let _ = (stamp, id, expected_version);
        Err(StoreError::Closed)
    }
    /// Keys, newest first.
    pub async fn keys(&self, filter: KeyFilter, page: Page<KeyId>) -> Result<List<KeyRow, KeyId>, StoreError> {
        let _ = (filter, page);
        Err(StoreError::Closed)
    }
    /// One key.
    pub async fn key(&self, id: KeyId) -> Result<KeyRow, StoreError> {
        let _ = id;
        Err(StoreError::Closed)
    }
    /// Creates a key.
    pub async fn create_key(&self, stamp: Stamp, key: NewKey) -> Result<Committed<KeyRow>, StoreError> {
        let _ = (stamp, key);
        Err(StoreError::Closed)
    }
    /// Changes a key's settings.
    pub async fn update_key(&self, stamp: Stamp, id: KeyId, patch: KeyPatch) -> Result<Committed<KeyRow>, StoreError> {
        let _ = (stamp, id, patch);
        Err(StoreError::Closed)
    }
    /// Enables, disables, revokes or deletes a key. The status that it has already is no change and no error.
    pub async fn set_key_status(&self, stamp: Stamp, id: KeyId, status: KeyStatus) -> Result<Committed<KeyRow>, StoreError> {
        let _ = (stamp, id, status);
        Err(StoreError::Closed)
    }
    /// Gives a key new secrets. `credentials`: `Current`, with the client id that the environment has.
    pub async fn rotate_key(&self, stamp: Stamp, id: KeyId, credentials: Vec<Credential>, previous_ends_at: Timestamp) -> Result<Committed<KeyRow>, StoreError> {
        let _ = (stamp, id, credentials, previous_ends_at);
        Err(StoreError::Closed)
    }
    /// Ends the overlap of a rotation now.
    pub async fn end_previous_secret(&self, stamp: Stamp, id: KeyId, environments: Environments) -> Result<Committed<KeyRow>, StoreError> {
        let _ = (stamp, id, environments);
        Err(StoreError::Closed)
    }
    /// The account's audit entries, newest first.
    pub async fn audit(&self, page: Page<AuditId>) -> Result<List<AuditEntry, AuditId>, StoreError> {
        let _ = page;
        Err(StoreError::Closed)
    }
}
