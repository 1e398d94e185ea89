//! Operator tokens: create, list, revoke.
//!
//! Owns:  their handlers.
//! Never: recognises a token; that is `authority`.
//! Read:  top down.

use crate::{
    operation::Op,
    pages::{page, shown},
    refusal::Refusal,
};
use api::{
    Time,
    contract::{OperatorTokensCreate, OperatorTokensList, OperatorTokensRevoke},
    key::SecretText,
    operator_token::{OperatorTokenChanged, OperatorTokenCreated, OperatorTokenOut},
    page::Page,
};
use store::OperatorToken;

pub(crate) async fn create(op: Op<OperatorTokensCreate>) -> Result<OperatorTokenCreated, Refusal> {
    let issued = op.context.issuer().operator_token(op.body.check()?);
    let committed = op.context.store().create_operator_token(op.context.stamp()?, issued.new).await?;
    let in_force = op.context.confirm(committed.revision).await?;
    let token = SecretText::new(issued.text);
    Ok(OperatorTokenCreated { operator_token: show(&committed.value), token, in_force })
}

pub(crate) async fn list(op: Op<OperatorTokensList>) -> Result<Page<OperatorTokenOut>, Refusal> {
    let page = page(op.query.limit, op.query.cursor.as_deref())?;
    Ok(shown(op.context.store().operator_tokens(page).await?, show))
}

pub(crate) async fn revoke(op: Op<OperatorTokensRevoke>) -> Result<OperatorTokenChanged, Refusal> {
    let committed = op.context.store().revoke_operator_token(op.context.stamp()?, op.target.token).await?;
    let in_force = op.context.confirm(committed.revision).await?;
    Ok(OperatorTokenChanged { operator_token: show(&committed.value), in_force })
}

fn show(token: &OperatorToken) -> OperatorTokenOut {
    OperatorTokenOut {
        id: token.id.to_string(),
        description: token.description.clone(),
        created_at: Time(token.created_at),
        revoked_at: token.revoked_at.map(Time),
    }
}
