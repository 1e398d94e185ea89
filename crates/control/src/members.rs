//! Members: list, change a role, remove.
//!
//! Owns:  their handlers.
//! Never: decides whose role is enough to touch an owner; the store does, inside the change.
//! Read:  top down.

use crate::{
    operation::Op,
    pages::{page, shown},
    refusal::Refusal,
};
use api::{
    Code, Time,
    contract::{MembersDelete, MembersList, MembersUpdate},
    member::{MemberChanged, MemberDeleted, MemberOut},
    page::Page,
};
use store::{KeysFate, MemberRow};

pub(crate) async fn list(op: Op<MembersList>) -> Result<Page<MemberOut>, Refusal> {
    let account = op.context.account(op.target.account);
    account.account().await?;
    let page = page(op.query.limit, op.query.cursor.as_deref())?;
    Ok(shown(account.members(page).await?, show))
}

pub(crate) async fn update(op: Op<MembersUpdate>) -> Result<MemberChanged, Refusal> {
    let account = op.context.account(op.target.account);
    let committed = account.set_role(op.context.stamp()?, op.target.member, op.body.role.into()).await?;
    let in_force = op.context.confirm(committed.revision).await?;
    Ok(MemberChanged { member: show(&committed.value), in_force })
}

pub(crate) async fn delete(op: Op<MembersDelete>) -> Result<MemberDeleted, Refusal> {
    let fate = |text: &str| {
        let detail = "keys: use keep, disable or revoke.";
        KeysFate::parse(text).ok_or_else(|| Refusal::with_detail(Code::InvalidQuery, detail))
    };
    let keys = op.query.keys.as_deref().map(fate).transpose()?;
    let account = op.context.account(op.target.account);
    let committed = account.remove_member(op.context.stamp()?, op.target.member, keys).await?;
    let in_force = op.context.confirm(committed.revision).await?;
    let keys = committed.value.iter().map(ToString::to_string).collect();
    Ok(MemberDeleted { member_id: op.target.member.to_string(), keys, in_force })
}

/// A member on the wire.
pub(crate) fn show(row: &MemberRow) -> MemberOut {
    MemberOut {
        id: row.member.id.to_string(),
        person_id: row.member.person.to_string(),
        name: row.name.clone(),
        email: row.email.to_string(),
        role: row.member.role.into(),
        has_totp: row.has_totp,
        created_at: Time(row.member.created_at),
        keys: row.keys,
        last_seen_at: row.last_seen_at.map(Time),
    }
}
