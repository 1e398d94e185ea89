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
    Code, Time,
    audit::{AuditBroken, AuditEntryOut, AuditVerified, AuditVerifiedInAccount},
    contract::{AuditList, AuditListAll, AuditVerify, AuditVerifyInAccount},
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

/// How long a walk is answered again, in seconds: it reads the whole chain, whoever asks.
const WALK_EVERY_SECS: i64 = 60;

pub(crate) async fn verify_in_account(op: Op<AuditVerifyInAccount>) -> Result<AuditVerifiedInAccount, Refusal> {
    op.context.account(op.target.account).account().await?;
    let now = op.context.now;
    // Who asks meanwhile waits for the one walk.
    let mut last = op.context.control.verified().lock().await;
    if last.as_ref().is_none_or(|(at, _)| at.plus_secs(WALK_EVERY_SECS) <= now) {
        *last = Some((now, op.context.store().verify_audit().await?));
    }
    let (at, report) = last.as_ref().ok_or(Code::InternalError)?;
    Ok(AuditVerifiedInAccount {
        intact: report.broken.is_none(),
        verified_at: Time(*at),
        head: HEXLOWER.encode(&report.head.hash),
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
