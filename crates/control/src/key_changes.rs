//! Key changes: what a change of a key asks and does, whoever asks for it.
//!
//! Owns:  creating, updating, switching and rotating keys, each confirmed before it is answered (D14); D10 and D11 for origins.
//! Never: asks who may; the control API's operations and the facade for restricted keys (D32) do, each in its own way.
//! Read:  `KeyChanges`.

use crate::{control::Control, refusal::Refusal};
use api::{
    key::{ANY_ORIGIN_UNCONFIRMED, KeyDraft, KeySecrets, any_origin_needs_confirmation},
    receipt::ReceiptOut,
};
use model::{
    ClientId, CompanyRestriction, Environment, Environments, Key, KeyId, KeyKind, KeyStatus, OriginList, Preset,
    SecretSlot,
};
use store::{AccountStore, Committed, KeyPatch, KeyRow, Stamp, StoreError};

/// What is said when a primary key is given to web pages (D11, R16).
const PRIMARY_IN_BROWSER: &str = "the primary key is never used in a browser; create a restricted key for the page";
/// Unknown companies that one message names.
const NAMED_MAX: usize = 5;

/// One change of one key of an account.
pub(crate) struct KeyChanges<'a> {
    pub(crate) control: &'a Control,
    pub(crate) account: &'a AccountStore,
    /// Who changes it, when, in which request.
    pub(crate) stamp: Stamp,
}

/// A key after a change that is in force.
pub(crate) struct Changed {
    pub(crate) row: KeyRow,
    pub(crate) in_force: ReceiptOut,
}

/// A key with new secrets that are in force.
pub(crate) struct Issued {
    pub(crate) row: KeyRow,
    pub(crate) secrets: KeySecrets,
    pub(crate) in_force: ReceiptOut,
}

impl KeyChanges<'_> {
    /// A new restricted key, enabled or disabled.
    pub(crate) async fn create(&self, draft: KeyDraft, status: KeyStatus) -> Result<Issued, Refusal> {
        self.one_company(&draft.companies)?;
        companies_exist(self.account, &draft.companies).await?;
        let mut issued = self.control.issuer(self.stamp.now).key(self.account.id(), KeyKind::Restricted, draft);
        issued.new.key.status = status;
        let committed = self.account.create_key(self.stamp, issued.new).await?;
        let in_force = self.control.confirm(committed.revision).await?;
        Ok(Issued { row: committed.value, secrets: issued.secrets, in_force })
    }

    /// Other settings.
    pub(crate) async fn update(&self, id: KeyId, patch: KeyPatch) -> Result<Changed, Refusal> {
        if let Some(companies) = &patch.companies {
            self.one_company(companies)?;
            companies_exist(self.account, companies).await?;
        }
        self.confirmed(self.account.update_key(self.stamp, id, patch).await).await
    }

    /// Another status (D14).
    pub(crate) async fn set_status(&self, id: KeyId, status: KeyStatus) -> Result<Changed, Refusal> {
        self.confirmed(self.account.set_key_status(self.stamp, id, status).await).await
    }

    /// New secrets in the `chosen` environments; the old ones live on for `overlap` seconds, never past the key's expiry (D13).
    pub(crate) async fn rotate(&self, row: &KeyRow, chosen: Environments, overlap: u64) -> Result<Issued, Refusal> {
        let now = self.stamp.now;
        let clients = chosen.iter().filter_map(|environment| Some((environment, client_id(row, environment)?)));
        let (credentials, secrets) = self.control.issuer(now).secrets(&row.key, clients);
        let overlap_end = now.plus_secs(i64::try_from(overlap).unwrap_or(i64::MAX));
        let previous_ends_at = row.key.expires_at.map_or(overlap_end, |expiry| overlap_end.min(expiry));
        let committed = self.account.rotate_key(self.stamp, row.key.id, credentials, previous_ends_at).await?;
        let in_force = self.control.confirm(committed.revision).await?;
        Ok(Issued { row: committed.value, secrets, in_force })
    }

    /// R89: where the deployment says so, a restricted key is for exactly one company.
    fn one_company(&self, companies: &CompanyRestriction) -> Result<(), Refusal> {
        let one = matches!(companies, CompanyRestriction::Only(set) if set.as_slice().len() == 1);
        if one || !self.control.parts().one_company {
            return Ok(());
        }
        Err(Refusal::field("/companies", "here a restricted key is for exactly one company: name one"))
    }

    pub(crate) async fn confirmed(&self, result: Result<Committed<KeyRow>, StoreError>) -> Result<Changed, Refusal> {
        let committed = result?;
        let in_force = self.control.confirm(committed.revision).await?;
        Ok(Changed { row: committed.value, in_force })
    }
}

/// D10, D11: no page uses a primary key, and `*` needs a confirmation for a key that may do more than read, whichever of the
/// two is changed. Answers whether what was found right is so for this state of the key alone.
pub(crate) fn origins_allowed(
    key: &Key,
    origins: Option<&OriginList>,
    preset: Option<&Preset>,
    confirmed: bool,
) -> Result<bool, Refusal> {
    let touched = origins.is_some() || preset.is_some();
    let origins = origins.unwrap_or(&key.origins);
    if key.kind == KeyKind::Primary && !origins.is_empty() {
        return Err(Refusal::field("/origins", PRIMARY_IN_BROWSER));
    }
    let preset = preset.unwrap_or(&key.preset);
    if touched && !confirmed && any_origin_needs_confirmation(origins, preset) {
        return Err(Refusal::field("/origins", ANY_ORIGIN_UNCONFIRMED));
    }
    Ok(touched && !confirmed)
}

fn client_id(row: &KeyRow, environment: Environment) -> Option<ClientId> {
    let current =
        |c: &&store::CredentialRow| c.credential.environment == environment && c.credential.slot == SecretSlot::Current;
    row.credentials.iter().find(current).map(|c| c.credential.client_id)
}

/// D9: a company of another account is as unknown as one that does not exist.
async fn companies_exist(account: &AccountStore, companies: &CompanyRestriction) -> Result<(), Refusal> {
    let CompanyRestriction::Only(set) = companies else { return Ok(()) };
    let mut unknown = Vec::new();
    for id in set.as_slice() {
        match account.company(*id).await {
            Ok(_) => {}
            Err(StoreError::NotFound { .. }) => unknown.push(id.to_string()),
            Err(error) => return Err(error.into()),
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let more = if unknown.len() > NAMED_MAX { " and others" } else { "" };
    unknown.truncate(NAMED_MAX);
    Err(Refusal::field("/companies", format!("no such company in this account: {}{more}", unknown.join(", "))))
}
