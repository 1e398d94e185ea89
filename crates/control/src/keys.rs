//! Keys: create, list, show, change, disable, enable, rotate, end an overlap, revoke, delete.
//!
//! Owns:  their handlers, and the rule for primary keys: an account has exactly one, made with it. It can be rotated,
//!        disabled and enabled, because these can be undone or lose nothing; it cannot be revoked, deleted or narrowed,
//!        because no second one could ever be made. Networks and limits it may have: giving them up again needs no key. A
//!        leaked primary key is rotated with an overlap of 0 seconds.
//! Never: decides requests; that is `admission`.
//! Read:  top down.

use crate::{
    operation::{Context, Op},
    pages::page,
    refusal::Refusal,
    usage::note_use,
};
use api::{
    Code,
    contract::{
        AtKey, KeysCreate, KeysDelete, KeysDisable, KeysEnable, KeysEndPrevious, KeysGet, KeysList, KeysRevoke,
        KeysRotate, KeysUpdate,
    },
    key::{
        ANY_ORIGIN_UNCONFIRMED, CredentialState, KeyChange, KeyChanged, KeyDeleted, KeyIssued, KeyOut, KeysQuery,
        any_origin_needs_confirmation,
    },
    page::Page,
    receipt::RowState,
};
use model::{
    ClientId, CompanyRestriction, Environment, Environments, Key, KeyKind, KeyStatus, Role, SecretSlot, Timestamp,
};
use store::{AccountStore, Committed, KeyFilter, KeyPatch, KeyRow, StoreError};

/// What is said when a primary key is given to web pages (D11, R16).
const PRIMARY_IN_BROWSER: &str = "the primary key is never used in a browser; create a restricted key for the page";
/// Unknown companies that one message names.
const NAMED_MAX: usize = 5;

pub(crate) async fn create(op: Op<KeysCreate>) -> Result<KeyIssued, Refusal> {
    let draft = op.body.check(op.context.now, &op.context.control.parts().limit_names)?;
    let account = op.context.account(op.target.account);
    account.account().await?;
    companies_exist(&account, &draft.companies).await?;
    let issued = op.context.issuer().key(op.target.account, KeyKind::Restricted, draft);
    let committed = account.create_key(op.context.stamp()?, issued.new).await?;
    let in_force = op.context.confirm(committed.revision).await?;
    Ok(KeyIssued { secrets: issued.secrets, key: show(&committed.value, op.context.now), in_force })
}

pub(crate) async fn list(op: Op<KeysList>) -> Result<Page<KeyOut>, Refusal> {
    let account = op.context.account(op.target.account);
    account.account().await?;
    let page = page(op.query.limit, op.query.cursor.as_deref())?;
    let rows = account.keys(filter(&op.query)?, page).await?;
    let mut used = Vec::with_capacity(rows.items.len());
    for row in &rows.items {
        let mut key = show(row, op.context.now);
        note_use(&op.context, op.target.account, row, &mut key).await;
        used.push(key);
    }
    Ok(Page { data: used, next_cursor: rows.next.map(|id| id.to_string()) })
}

pub(crate) async fn get(op: Op<KeysGet>) -> Result<KeyOut, Refusal> {
    let row = op.context.account(op.target.account).key(op.target.key).await?;
    let mut key = show(&row, op.context.now);
    note_use(&op.context, op.target.account, &row, &mut key).await;
    Ok(key)
}

pub(crate) async fn update(op: Op<KeysUpdate>) -> Result<KeyChanged, Refusal> {
    let change = op.body.check(op.context.now, &op.context.control.parts().limit_names)?;
    let account = op.context.account(op.target.account);
    let row = account.key(op.target.key).await?;
    may_touch(&op.context, &row)?;
    let narrows = change.preset.is_some() || change.companies.is_some() || change.expires_at.is_some();
    if row.key.kind == KeyKind::Primary && narrows {
        return Err(Code::PrimaryKeyProtected.into());
    }
    let depends = origins_allowed(&row.key, &change)?;
    if let Some(companies) = &change.companies {
        companies_exist(&account, companies).await?;
    }
    let patch = KeyPatch {
        description: change.description,
        preset: change.preset,
        companies: change.companies,
        origins: change.origins,
        networks: change.networks,
        limits: change.limits,
        rotate_every_days: change.rotate_every_days,
        expires_at: change.expires_at,
        expected_version: change.expected_version.or_else(|| depends.then_some(row.version)),
    };
    changed(&op.context, account.update_key(op.context.stamp()?, op.target.key, patch).await).await
}

pub(crate) async fn disable(op: Op<KeysDisable>) -> Result<KeyChanged, Refusal> {
    set_status(&op.context, op.target, KeyStatus::Disabled).await
}

pub(crate) async fn enable(op: Op<KeysEnable>) -> Result<KeyChanged, Refusal> {
    set_status(&op.context, op.target, KeyStatus::Active).await
}

pub(crate) async fn revoke(op: Op<KeysRevoke>) -> Result<KeyChanged, Refusal> {
    not_primary(&op.context, op.target).await?;
    set_status(&op.context, op.target, KeyStatus::Revoked).await
}

pub(crate) async fn delete(op: Op<KeysDelete>) -> Result<KeyDeleted, Refusal> {
    not_primary(&op.context, op.target).await?;
    let deleted = set_status(&op.context, op.target, KeyStatus::Deleted).await?;
    Ok(KeyDeleted { key_id: deleted.key.id, in_force: deleted.in_force })
}

pub(crate) async fn rotate(op: Op<KeysRotate>) -> Result<KeyIssued, Refusal> {
    let wish = op.body.check()?;
    let account = op.context.account(op.target.account);
    let row = account.key(op.target.key).await?;
    may_touch(&op.context, &row)?;
    let chosen = chosen(wish.environments, row.key.environments)?;
    let clients = chosen.iter().filter_map(|environment| Some((environment, client_id(&row, environment)?)));
    let (credentials, secrets) = op.context.issuer().secrets(&row.key, clients);
    let overlap_end = op.context.now.plus_secs(i64::try_from(wish.overlap).unwrap_or(i64::MAX));
    let previous_ends_at = row.key.expires_at.map_or(overlap_end, |expiry| overlap_end.min(expiry));
    let stamp = op.context.stamp()?;
    let committed = account.rotate_key(stamp, op.target.key, credentials, previous_ends_at).await?;
    let in_force = op.context.confirm(committed.revision).await?;
    Ok(KeyIssued { secrets, key: show(&committed.value, op.context.now), in_force })
}

pub(crate) async fn end_previous(op: Op<KeysEndPrevious>) -> Result<KeyChanged, Refusal> {
    let wish = op.body.check()?;
    let account = op.context.account(op.target.account);
    let row = account.key(op.target.key).await?;
    may_touch(&op.context, &row)?;
    let chosen = chosen(wish, row.key.environments)?;
    changed(&op.context, account.end_previous_secret(op.context.stamp()?, op.target.key, chosen).await).await
}

async fn set_status(context: &Context, at: AtKey, status: KeyStatus) -> Result<KeyChanged, Refusal> {
    if context.member().is_some() {
        may_touch(context, &context.account(at.account).key(at.key).await?)?;
    }
    let stamp = context.stamp()?;
    changed(context, context.account(at.account).set_key_status(stamp, at.key, status).await).await
}

async fn changed(context: &Context, result: Result<Committed<KeyRow>, StoreError>) -> Result<KeyChanged, Refusal> {
    let committed = result?;
    let in_force = context.confirm(committed.revision).await?;
    Ok(KeyChanged { key: show(&committed.value, context.now), in_force })
}

/// D10, D11: no page uses a primary key, and `*` needs a confirmation for a key that may do more than read, whichever of the
/// two is changed. Answers whether what was found right is so for this state of the key alone.
fn origins_allowed(key: &Key, change: &KeyChange) -> Result<bool, Refusal> {
    let touched = change.origins.is_some() || change.preset.is_some();
    let origins = change.origins.as_ref().unwrap_or(&key.origins);
    if key.kind == KeyKind::Primary && !origins.is_empty() {
        return Err(Refusal::field("/origins", PRIMARY_IN_BROWSER));
    }
    let preset = change.preset.as_ref().unwrap_or(&key.preset);
    if touched && !change.confirm_any_origin && any_origin_needs_confirmation(origins, preset) {
        return Err(Refusal::field("/origins", ANY_ORIGIN_UNCONFIRMED));
    }
    Ok(touched && !change.confirm_any_origin)
}

/// The primary key may everything: who may less does not get hold of it, and does not stop it.
fn may_touch(context: &Context, row: &KeyRow) -> Result<(), Refusal> {
    match row.key.kind {
        KeyKind::Primary => context.require(Role::Admin),
        KeyKind::Restricted => Ok(()),
    }
}

/// A key's kind never changes, so nothing can come between this look and the change.
async fn not_primary(context: &Context, at: AtKey) -> Result<(), Refusal> {
    match context.account(at.account).key(at.key).await?.key.kind {
        KeyKind::Primary => Err(Code::PrimaryKeyProtected.into()),
        KeyKind::Restricted => Ok(()),
    }
}

/// The environments to act on: those wished for, which the key must have, or all that it has.
fn chosen(wish: Option<Environments>, has: Environments) -> Result<Environments, Refusal> {
    let chosen = wish.unwrap_or(has);
    if chosen.iter().all(|environment| has.contains(environment)) {
        return Ok(chosen);
    }
    Err(Refusal::field("/environments", "the key has no credential in one of these environments"))
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

fn filter(query: &KeysQuery) -> Result<KeyFilter, Refusal> {
    let no = |detail: &str| Refusal::with_detail(Code::InvalidQuery, detail);
    let status = match query.status.as_deref() {
        None => None,
        Some(text) => {
            let status = KeyStatus::parse(text).filter(|s| *s != KeyStatus::Deleted);
            Some(status.ok_or_else(|| no("status: use active, disabled or revoked."))?)
        }
    };
    let kind = match query.kind.as_deref() {
        None => None,
        Some(text) => Some(KeyKind::parse(text).ok_or_else(|| no("kind: use primary or restricted."))?),
    };
    Ok(KeyFilter { kind, status })
}

pub(crate) fn show(row: &KeyRow, now: Timestamp) -> KeyOut {
    let credentials: Vec<_> = row
        .credentials
        .iter()
        .map(|c| CredentialState { credential: &c.credential, created_at: c.created_at, ended: c.ended.is_some() })
        .collect();
    let state = RowState { version: row.version, updated_at: row.updated_at };
    let created_by = row.created_by.map(|member| member.to_string());
    KeyOut { created_by, ..KeyOut::new(&row.key, &credentials, state, now) }
}
