//! Store.
use crate::{
    AccountStore, AuditEntry, AuditReport, Backup, Committed, Counts, Feed, Health, KeyRow, List, NewKey,
    NewOperatorToken, OperatorToken, Options, Page, Revision, Stamp, StoreError,
};
use model::{Account, AccountId, AuditId, OperatorTokenId, SecretHash};
use std::path::Path;
use tokio::sync::watch;

/// The durable truth of one deployment. Cheap to clone; the folder is free again when the last clone is gone.
#[derive(Clone, Debug)]
pub struct Store {
    committed: watch::Receiver<Revision>,
}

impl Store {
    /// Opens (or makes) the database in `folder`.
    pub async fn open(folder: &Path, options: Options) -> Result<Self, StoreError> {
        let _ = (folder, options);
        Err(StoreError::Closed)
    }
    /// Waits until queued changes are done, and frees the folder.
    pub async fn close(self) {}
    /// One account's rows. Whether the account exists shows with the first use.
    #[must_use]
    pub fn account(&self, account: AccountId) -> AccountStore {
        AccountStore { store: self.clone(), account }
    }
    /// Creates an account and its primary key (R18).
    pub async fn create_account(&self, stamp: Stamp, account: Account, primary: NewKey) -> Result<Committed<(Account, KeyRow)>, StoreError> {
        let _ = (stamp, account, primary);
        Err(StoreError::Closed)
    }
    /// Accounts, newest first.
    pub async fn accounts(&self, page: Page<AccountId>) -> Result<List<Account, AccountId>, StoreError> {
        let _ = page;
        Err(StoreError::Closed)
    }
    /// One account.
    pub async fn account_by_id(&self, id: AccountId) -> Result<Account, StoreError> {
        let _ = id;
        Err(StoreError::Closed)
    }
    /// Creates an operator token.
    pub async fn create_operator_token(&self, stamp: Stamp, token: NewOperatorToken) -> Result<Committed<OperatorToken>, StoreError> {
        let _ = (stamp, token);
        Err(StoreError::Closed)
    }
    /// The token with this hash, also when it was revoked.
    pub async fn operator_token_by_hash(&self, hash: &SecretHash) -> Result<Option<OperatorToken>, StoreError> {
        let _ = hash;
        Err(StoreError::Closed)
    }
    /// Revokes a token; again is harmless.
    pub async fn revoke_operator_token(&self, stamp: Stamp, id: OperatorTokenId) -> Result<Committed<OperatorToken>, StoreError> {
        let _ = (stamp, id);
        Err(StoreError::Closed)
    }
    /// Operator tokens, newest first, revoked ones too.
    pub async fn operator_tokens(&self, page: Page<OperatorTokenId>) -> Result<List<OperatorToken, OperatorTokenId>, StoreError> {
        let _ = page;
        Err(StoreError::Closed)
    }
    /// Audit entries of the whole deployment, newest first.
    pub async fn audit(&self, page: Page<AuditId>) -> Result<List<AuditEntry, AuditId>, StoreError> {
        let _ = page;
        Err(StoreError::Closed)
    }
    /// Walks along the whole audit chain.
    pub async fn verify_audit(&self) -> Result<AuditReport, StoreError> {
        Err(StoreError::Closed)
    }
    /// How many rows there are.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        Err(StoreError::Closed)
    }
    /// Facts for `claviger doctor`. Reads everything once.
    pub async fn health(&self) -> Result<Health, StoreError> {
        Err(StoreError::Closed)
    }
    /// Writes a checked back-up to the new file `to`.
    pub async fn backup(&self, to: &Path) -> Result<Backup, StoreError> {
        let _ = to;
        Err(StoreError::Closed)
    }
    /// What gateways follow.
    #[must_use]
    pub fn feed(&self) -> Feed {
        Feed { committed: self.committed.clone() }
    }
    /// The newest durable revision, as a hint from this process.
    #[must_use]
    pub fn committed(&self) -> watch::Receiver<Revision> {
        self.committed.clone()
    }
}
