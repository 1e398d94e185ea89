//! Accounts: create, list, show.
//!
//! Owns:  their handlers.
//! Never: how an account's primary pair is made; that is `issue`.
//! Read:  top down.

use crate::{
    operation::Op,
    pages::{page, shown},
    refusal::Refusal,
};
use api::{
    account::{AccountCreated, AccountOut},
    contract::{AccountsCreate, AccountsGet, AccountsList},
    page::Page,
};

/// R18: the account comes with its primary pair, which this answer alone shows.
pub(crate) async fn create(op: Op<AccountsCreate>) -> Result<AccountCreated, Refusal> {
    let name = op.body.check()?;
    let issued = op.context.issuer().account(name);
    let stamp = op.context.stamp()?;
    let committed = op.context.store().create_account(stamp, issued.account, issued.primary.new).await?;
    let in_force = op.context.confirm(committed.revision).await?;
    let (account, _) = &committed.value;
    Ok(AccountCreated { account: AccountOut::from(account), primary: issued.primary.secrets, in_force })
}

pub(crate) async fn list(op: Op<AccountsList>) -> Result<Page<AccountOut>, Refusal> {
    let page = page(op.query.limit, op.query.cursor.as_deref())?;
    Ok(shown(op.context.store().accounts(page).await?, |account| AccountOut::from(account)))
}

pub(crate) async fn get(op: Op<AccountsGet>) -> Result<AccountOut, Refusal> {
    Ok(AccountOut::from(&op.context.store().account_by_id(op.target.account).await?))
}
