//! Audit: list the entries, verify the chain.
//!
//! Owns:  their handlers.
//! Never: writes an entry; the store does, with every change.
//! Read:  top down.

use crate::{
    operation::Op,
    pages::{page, shown},
    refusal::Refusal,
};
use api::{
    Time,
    audit::{AuditBroken, AuditEntryOut, AuditVerified},
    contract::{AuditList, AuditListAll, AuditVerify},
    page::Page,
};
use data_encoding::HEXLOWER;
use store::AuditEntry;

pub(crate) async fn list(op: Op<AuditList>) -> Result<Page<AuditEntryOut>, Refusal> {
    let account = op.context.account(op.target.account);
    account.account().await?;
    let page = page(op.query.limit, op.query.cursor.as_deref())?;
    Ok(shown(account.audit(page).await?, show))
}

pub(crate) async fn list_all(op: Op<AuditListAll>) -> Result<Page<AuditEntryOut>, Refusal> {
    let page = page(op.query.limit, op.query.cursor.as_deref())?;
    Ok(shown(op.context.store().audit(page).await?, show))
}

pub(crate) async fn verify(op: Op<AuditVerify>) -> Result<AuditVerified, Refusal> {
    let report = op.context.store().verify_audit().await?;
    let broken = report.broken.map(|b| AuditBroken {
        sequence: b.sequence,
        id: Some(b.id).filter(|id| !id.is_empty()),
        what: b.what,
    });
    Ok(AuditVerified {
        intact: broken.is_none(),
        entries: report.head.sequence,
        head: HEXLOWER.encode(&report.head.hash),
        broken,
    })
}

fn show(entry: &AuditEntry) -> AuditEntryOut {
    AuditEntryOut {
        id: entry.id.to_string(),
        sequence: entry.sequence,
        at: Time(entry.at),
        action: entry.action.as_str().to_owned(),
        author: entry.author.to_string(),
        request_id: entry.request.map(|id| id.to_string()),
        account_id: entry.account.map(|id| id.to_string()),
        subjects: entry.subjects.iter().map(ToString::to_string).collect(),
        revision: entry.revision.0,
        details: serde_json::from_str(&entry.details).unwrap_or_default(),
        hash: HEXLOWER.encode(&entry.hash),
    }
}
