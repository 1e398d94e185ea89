//! Keys: create, list, show, change, disable, enable, rotate, end an overlap, revoke, delete.
//!
//! Owns:  their handlers, and the rule for primary keys: an account has exactly one, made with it. It can be rotated,
//!        disabled and enabled, because these can be undone or lose nothing; it cannot be revoked, deleted or narrowed,
//!        because no second one could ever be made. Networks and limits it may have: giving them up again needs no key. A
//!        leaked primary key is rotated with an overlap of 0 seconds.
//! Never: decides requests; that is `admission`.
//! Read:  top down.

use crate::{
    key_changes::{Changed, Issued, KeyChanges, origins_allowed},
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
    key::{CredentialState, KeyChanged, KeyDeleted, KeyIssued, KeyOut, KeysQuery},
    page::Page,
    receipt::RowState,
};
use model::{Environments, KeyKind, KeyStatus, Role};
use store::{AccountStore, KeyFilter, KeyPatch, KeyRow};

pub(crate) async fn create(op: Op<KeysCreate>) -> Result<KeyIssued, Refusal> {
    let draft = op.body.check(op.context.now, &op.context.control.parts().limit_names)?;
    let account = op.context.account(op.target.account);
    account.account().await?;
    let issued = changes(&op.context, &account)?.create(draft, KeyStatus::Active).await?;
    Ok(shown_once(issued, &op.context))
}

pub(crate) async fn list(op: Op<KeysList>) -> Result<Page<KeyOut>, Refusal> {
    let account = op.context.account(op.target.account);
    account.account().await?;
    let page = page(op.query.limit, op.query.cursor.as_deref())?;
    let rows = account.keys(filter(&op.query)?, page).await?;
    let mut used = Vec::with_capacity(rows.items.len());
    for row in &rows.items {
        let mut key = show(row, &op.context);
        note_use(&op.context, op.target.account, row, &mut key).await;
        used.push(key);
    }
    Ok(Page { data: used, next_cursor: rows.next.map(|id| id.to_string()) })
}

pub(crate) async fn get(op: Op<KeysGet>) -> Result<KeyOut, Refusal> {
    let row = op.context.account(op.target.account).key(op.target.key).await?;
    let mut key = show(&row, &op.context);
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
    let (origins, preset) = (change.origins.as_ref(), change.preset.as_ref());
    let depends = origins_allowed(&row.key, origins, preset, change.confirm_any_origin)?;
    let patch = KeyPatch {
        description: change.description,
        status: None,
        preset: change.preset,
        companies: change.companies,
        origins: change.origins,
        networks: change.networks,
        limits: change.limits,
        rotate_every_days: change.rotate_every_days,
        expires_at: change.expires_at,
        expected_version: change.expected_version.or_else(|| depends.then_some(row.version)),
    };
    let changed = changes(&op.context, &account)?.update(op.target.key, patch).await?;
    Ok(shown(&changed, &op.context))
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
    let issued = changes(&op.context, &account)?.rotate(&row, chosen, wish.overlap).await?;
    Ok(shown_once(issued, &op.context))
}

pub(crate) async fn end_previous(op: Op<KeysEndPrevious>) -> Result<KeyChanged, Refusal> {
    let wish = op.body.check()?;
    let account = op.context.account(op.target.account);
    let row = account.key(op.target.key).await?;
    may_touch(&op.context, &row)?;
    let chosen = chosen(wish, row.key.environments)?;
    let changes = changes(&op.context, &account)?;
    let changed = changes.confirmed(account.end_previous_secret(changes.stamp, op.target.key, chosen).await).await?;
    Ok(shown(&changed, &op.context))
}

async fn set_status(context: &Context, at: AtKey, status: KeyStatus) -> Result<KeyChanged, Refusal> {
    let account = context.account(at.account);
    if context.member().is_some() {
        may_touch(context, &account.key(at.key).await?)?;
    }
    Ok(shown(&changes(context, &account)?.set_status(at.key, status).await?, context))
}

/// The change that whoever asks makes.
fn changes<'a>(context: &'a Context, account: &'a AccountStore) -> Result<KeyChanges<'a>, Refusal> {
    Ok(KeyChanges { control: &context.control, account, stamp: context.stamp()? })
}

fn shown(changed: &Changed, context: &Context) -> KeyChanged {
    KeyChanged { key: show(&changed.row, context), in_force: changed.in_force.clone() }
}

fn shown_once(issued: Issued, context: &Context) -> KeyIssued {
    KeyIssued { secrets: issued.secrets, key: show(&issued.row, context), in_force: issued.in_force }
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

pub(crate) fn show(row: &KeyRow, context: &Context) -> KeyOut {
    let shape = &context.control.parts().policy.shape;
    let credentials: Vec<_> = row
        .credentials
        .iter()
        .map(|c| CredentialState {
            credential: &c.credential,
            client_id: shape.client_text(c.credential.client_id),
            created_at: c.created_at,
            ended: c.ended.is_some(),
        })
        .collect();
    let state = RowState { version: row.version, updated_at: row.updated_at };
    let created_by = row.created_by.map(|member| member.to_string());
    KeyOut { created_by, ..KeyOut::new(&row.key, &credentials, state, context.now) }
}
