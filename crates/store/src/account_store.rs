//! The account store: the only way to an account's rows (invariant 5).
//!
//! Owns:  `AccountStore`. Every statement behind it names the account.
//! Never: tells another account's row from one that does not exist: both are `NotFound`.
//! Read:  companies, then keys, then audit.

use crate::{
    account,
    audit::{self, AuditEntry},
    company::{self, CompanyRow},
    company_change::{CompanyPatch, CreateCompany, DeleteCompany, UpdateCompany},
    error::StoreError,
    identity::{self, CreateIdentity, DeleteIdentity},
    key::{self, KeyFilter, KeyRow, NewKey},
    key_change::{CreateKey, EndPreviousSecret, KeyPatch, RotateKey, SetKeyStatus, UpdateKey},
    page::{List, Page},
    people::{
        InvitationRow, KeysFate, MemberRow, NewInvitation,
        invitation::{self, Invite, Uninvite},
        member::{self, RemoveMember, SetRole},
    },
    stamp::{Committed, Stamp},
    store::Store,
    sub_key::{self, Naming, SubKeyFilter, SubKeyRow, SubKeys},
    usage::AccountUsage,
};
use model::{
    Account, AccountId, AuditId, Company, CompanyId, Credential, Environments, Identity, IdentityId, InvitationId,
    KeyId, KeyStatus, MemberId, Role, Timestamp,
};

/// The rows of one account. Another account's ids are `NotFound` here.
#[derive(Clone, Debug)]
pub struct AccountStore {
    store: Store,
    account: AccountId,
}

impl AccountStore {
    pub(crate) fn new(store: Store, account: AccountId) -> Self {
        Self { store, account }
    }

    /// Whose rows these are.
    #[must_use]
    pub const fn id(&self) -> AccountId {
        self.account
    }

    /// The account.
    pub async fn account(&self) -> Result<Account, StoreError> {
        account::find(&mut *self.store.reader().await?, self.account).await
    }

    /// Companies, newest first.
    pub async fn companies(&self, page: Page<CompanyId>) -> Result<List<CompanyRow, CompanyId>, StoreError> {
        company::list(&mut *self.store.snapshot().await?, self.account, page).await
    }

    /// One company.
    pub async fn company(&self, id: CompanyId) -> Result<CompanyRow, StoreError> {
        company::get(&mut *self.store.snapshot().await?, self.account, id).await
    }

    /// Creates a company. `ExternalNameTaken` when another of the account has one of its names.
    pub async fn create_company(&self, stamp: Stamp, company: Company) -> Result<Committed<CompanyRow>, StoreError> {
        self.store.commit(stamp, CreateCompany { account: self.account, company }).await
    }

    /// Changes a company. A patch that changes nothing is no change and no error.
    pub async fn update_company(
        &self,
        stamp: Stamp,
        id: CompanyId,
        patch: CompanyPatch,
    ) -> Result<Committed<CompanyRow>, StoreError> {
        self.store.commit(stamp, UpdateCompany { account: self.account, id, patch }).await
    }

    /// Deletes a company, and returns the keys whose set it left; none of them reaches more than before (D9).
    pub async fn delete_company(
        &self,
        stamp: Stamp,
        id: CompanyId,
        expected_version: Option<u64>,
    ) -> Result<Committed<Vec<KeyId>>, StoreError> {
        self.store.commit(stamp, DeleteCompany { account: self.account, id, expected_version }).await
    }

    /// Keys that are not deleted, newest first.
    pub async fn keys(&self, filter: KeyFilter, page: Page<KeyId>) -> Result<List<KeyRow, KeyId>, StoreError> {
        key::list(&mut *self.store.snapshot().await?, self.account, filter, page).await
    }

    /// One key that is not deleted.
    pub async fn key(&self, id: KeyId) -> Result<KeyRow, StoreError> {
        key::get(&mut *self.store.snapshot().await?, self.account, id).await
    }

    /// The restricted key that is called `number` and is not deleted (D32).
    pub async fn sub_key(&self, number: u64, naming: &Naming) -> Result<SubKeyRow, StoreError> {
        sub_key::find(&mut *self.store.snapshot().await?, self.account, number, naming).await
    }

    /// What a restricted key is called.
    pub async fn sub_key_number(&self, id: KeyId) -> Result<u64, StoreError> {
        sub_key::number(&mut *self.store.reader().await?, self.account, id).await
    }

    /// Restricted keys by number: at most `limit` (1 to `SUB_KEYS_PAGE_MAX`), after `skip` others.
    pub async fn sub_keys(
        &self,
        filter: &SubKeyFilter,
        skip: u64,
        limit: u32,
        naming: &Naming,
    ) -> Result<SubKeys, StoreError> {
        sub_key::list(&mut *self.store.snapshot().await?, self.account, filter, (skip, limit), naming).await
    }

    /// The company that the upstream calls `value` (D35).
    pub async fn company_called(&self, naming: &Naming, value: &str) -> Result<Option<CompanyId>, StoreError> {
        sub_key::company(&mut *self.store.reader().await?, self.account, naming, value).await
    }

    /// Creates a key: one current credential for each of its environments. `Limit` beyond
    /// `Options::restricted_keys_max`; `PrimaryExists` while the account has a primary key that can work.
    pub async fn create_key(&self, stamp: Stamp, key: NewKey) -> Result<Committed<KeyRow>, StoreError> {
        self.store.commit(stamp, CreateKey { account: self.account, key }).await
    }

    /// Changes an active or disabled key. A patch that changes nothing is no change and no error.
    pub async fn update_key(&self, stamp: Stamp, id: KeyId, patch: KeyPatch) -> Result<Committed<KeyRow>, StoreError> {
        self.store.commit(stamp, UpdateKey { account: self.account, id, patch }).await
    }

    /// Enables, disables, revokes or deletes a key (D14). The status that it has already is no change and no error, so that
    /// a call whose answer was lost can be repeated; `KeyFinal` for a way back from revoked or deleted.
    pub async fn set_key_status(
        &self,
        stamp: Stamp,
        id: KeyId,
        status: KeyStatus,
    ) -> Result<Committed<KeyRow>, StoreError> {
        self.store.commit(stamp, SetKeyStatus { account: self.account, id, status }).await
    }

    /// Gives an active or disabled key new secrets (D13, D41), in the environments that `credentials` name. Each is
    /// `Current`, without an end, and carries the client id that the environment has. The secrets in use live on until
    /// `previous_ends_at` (not past the key's expiry; a time that is over means at once); older ones end at once.
    pub async fn rotate_key(
        &self,
        stamp: Stamp,
        id: KeyId,
        credentials: Vec<Credential>,
        previous_ends_at: Timestamp,
    ) -> Result<Committed<KeyRow>, StoreError> {
        self.store.commit(stamp, RotateKey { account: self.account, id, credentials, previous_ends_at }).await
    }

    /// Ends the overlap of a rotation now. Nothing left to end is no change and no error.
    pub async fn end_previous_secret(
        &self,
        stamp: Stamp,
        id: KeyId,
        environments: Environments,
    ) -> Result<Committed<KeyRow>, StoreError> {
        self.store.commit(stamp, EndPreviousSecret { account: self.account, id, environments }).await
    }

    /// Whose people act in the account, newest first.
    pub async fn identities(&self, page: Page<IdentityId>) -> Result<List<Identity, IdentityId>, StoreError> {
        identity::list(&mut *self.store.snapshot().await?, self.account, page).await
    }

    /// Lets the people of an issuer and directory act in the account. `IdentityTaken` when they act in one already.
    pub async fn create_identity(&self, stamp: Stamp, identity: Identity) -> Result<Committed<Identity>, StoreError> {
        self.store.commit(stamp, CreateIdentity { account: self.account, identity }).await
    }

    /// Ends that; what they have in flight is cut.
    pub async fn delete_identity(&self, stamp: Stamp, id: IdentityId) -> Result<Committed<Identity>, StoreError> {
        self.store.commit(stamp, DeleteIdentity { account: self.account, id }).await
    }

    /// Members, newest first.
    pub async fn members(&self, page: Page<MemberId>) -> Result<List<MemberRow, MemberId>, StoreError> {
        member::list(&mut *self.store.reader().await?, self.account, page).await
    }

    /// One member.
    pub async fn member(&self, id: MemberId) -> Result<MemberRow, StoreError> {
        member::find(&mut *self.store.reader().await?, self.account, id).await
    }

    /// Gives a member another role. `RoleInsufficient` when the author is a member who may not; `LastOwner`.
    pub async fn set_role(&self, stamp: Stamp, id: MemberId, role: Role) -> Result<Committed<MemberRow>, StoreError> {
        self.store.commit(stamp, SetRole { account: self.account, id, role }).await
    }

    /// Removes a member, and answers the keys that were disabled or revoked with them. `MemberHasKeys` when they created
    /// or rotated keys that still work and `keys` says nothing; `RoleInsufficient`; `LastOwner`.
    pub async fn remove_member(
        &self,
        stamp: Stamp,
        id: MemberId,
        keys: Option<KeysFate>,
    ) -> Result<Committed<Vec<KeyId>>, StoreError> {
        self.store.commit(stamp, RemoveMember { account: self.account, id, keys }).await
    }

    /// Invitations that can be accepted, newest first.
    pub async fn invitations(
        &self,
        now: Timestamp,
        page: Page<InvitationId>,
    ) -> Result<List<InvitationRow, InvitationId>, StoreError> {
        invitation::list(&mut *self.store.reader().await?, self.account, now, page).await
    }

    /// Invites somebody; an invitation for the address that was there before ends. `AlreadyMember`; `RoleInsufficient`.
    pub async fn invite(&self, stamp: Stamp, new: NewInvitation) -> Result<Committed<InvitationRow>, StoreError> {
        self.store.commit(stamp, Invite { account: self.account, new }).await
    }

    /// Takes an invitation back.
    pub async fn uninvite(&self, stamp: Stamp, id: InvitationId) -> Result<Committed<InvitationRow>, StoreError> {
        self.store.commit(stamp, Uninvite { account: self.account, id }).await
    }

    /// The place in the audit chain of the account's last entry; 0 when there is none.
    pub async fn audit_end(&self) -> Result<u64, StoreError> {
        audit::last(&mut *self.store.reader().await?, self.account).await
    }

    /// The account's audit entries behind a place in the chain, oldest first, at most `limit`.
    pub async fn audit_behind(&self, after: u64, limit: u16) -> Result<Vec<AuditEntry>, StoreError> {
        audit::behind(&mut *self.store.reader().await?, self.account, after, limit).await
    }

    /// What was asked with the account's keys.
    #[must_use]
    pub fn usage(&self) -> AccountUsage {
        AccountUsage::new(self.store.usage().clone(), self.account)
    }

    /// The account's audit entries, newest first.
    pub async fn audit(&self, page: Page<AuditId>) -> Result<List<AuditEntry, AuditId>, StoreError> {
        audit::list(&mut *self.store.snapshot().await?, Some(self.account), page).await
    }
}
