//! Companies: create, list, show, change, delete.
//!
//! Owns:  their handlers.
//! Never: what a company means to a key; that is `admission`.
//! Read:  top down.

use crate::{
    operation::Op,
    pages::{page, shown},
    refusal::Refusal,
};
use api::{
    company::{CompanyChanged, CompanyDeleted, CompanyOut},
    contract::{CompaniesCreate, CompaniesDelete, CompaniesGet, CompaniesList, CompaniesUpdate},
    page::Page,
    receipt::RowState,
};
use store::{CompanyPatch, CompanyRow};

pub(crate) async fn create(op: Op<CompaniesCreate>) -> Result<CompanyChanged, Refusal> {
    let company = op.context.issuer().company(op.target.account, op.body.check()?);
    let stamp = op.context.stamp()?;
    let committed = op.context.account(op.target.account).create_company(stamp, company).await?;
    let in_force = op.context.confirm(committed.revision).await?;
    Ok(CompanyChanged { company: show(&committed.value), in_force })
}

pub(crate) async fn list(op: Op<CompaniesList>) -> Result<Page<CompanyOut>, Refusal> {
    let account = op.context.account(op.target.account);
    account.account().await?;
    let page = page(op.query.limit, op.query.cursor.as_deref())?;
    Ok(shown(account.companies(page).await?, show))
}

pub(crate) async fn get(op: Op<CompaniesGet>) -> Result<CompanyOut, Refusal> {
    Ok(show(&op.context.account(op.target.account).company(op.target.company).await?))
}

pub(crate) async fn update(op: Op<CompaniesUpdate>) -> Result<CompanyChanged, Refusal> {
    let change = op.body.check()?;
    let patch = CompanyPatch {
        name: change.name,
        external_names: change.external_names,
        expected_version: change.expected_version,
    };
    let stamp = op.context.stamp()?;
    let committed = op.context.account(op.target.account).update_company(stamp, op.target.company, patch).await?;
    let in_force = op.context.confirm(committed.revision).await?;
    Ok(CompanyChanged { company: show(&committed.value), in_force })
}

pub(crate) async fn delete(op: Op<CompaniesDelete>) -> Result<CompanyDeleted, Refusal> {
    let company = op.target.company;
    let stamp = op.context.stamp()?;
    let committed = op.context.account(op.target.account).delete_company(stamp, company, None).await?;
    let in_force = op.context.confirm(committed.revision).await?;
    let keys = committed.value.iter().map(ToString::to_string).collect();
    Ok(CompanyDeleted { company_id: company.to_string(), keys, in_force })
}

fn show(row: &CompanyRow) -> CompanyOut {
    CompanyOut::new(&row.company, RowState { version: row.version, updated_at: row.updated_at })
}
