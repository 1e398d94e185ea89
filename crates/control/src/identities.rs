//! Identities: create, list, delete (D37).
//!
//! Owns:  their handlers.
//! Never: what a mapping means to a request; that is `admission`.
//! Read:  top down.

use crate::{
    operation::Op,
    pages::{page, shown},
    refusal::Refusal,
};
use api::{
    contract::{IdentitiesCreate, IdentitiesDelete, IdentitiesList},
    identity::{IdentityChanged, IdentityOut},
    page::Page,
};

pub(crate) async fn create(op: Op<IdentitiesCreate>) -> Result<IdentityChanged, Refusal> {
    let (issuer, directory) = op.body.check()?;
    let identity = op.context.issuer().identity(op.target.account, issuer, directory);
    let stamp = op.context.stamp()?;
    let committed = op.context.account(op.target.account).create_identity(stamp, identity).await?;
    let in_force = op.context.confirm(committed.revision).await?;
    Ok(IdentityChanged { identity: IdentityOut::new(&committed.value), in_force })
}

pub(crate) async fn list(op: Op<IdentitiesList>) -> Result<Page<IdentityOut>, Refusal> {
    let account = op.context.account(op.target.account);
    account.account().await?;
    let page = page(op.query.limit, op.query.cursor.as_deref())?;
    Ok(shown(account.identities(page).await?, IdentityOut::new))
}

pub(crate) async fn delete(op: Op<IdentitiesDelete>) -> Result<IdentityChanged, Refusal> {
    let stamp = op.context.stamp()?;
    let committed = op.context.account(op.target.account).delete_identity(stamp, op.target.identity).await?;
    let in_force = op.context.confirm(committed.revision).await?;
    Ok(IdentityChanged { identity: IdentityOut::new(&committed.value), in_force })
}
