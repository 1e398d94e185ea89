//! Usage: how often a key was used, and when each of its secrets was used last (R14, R101).
//!
//! Owns:  the handler for counts, and the last uses in the records of keys.
//! Never: fails a look at a key because its usage cannot be read.
//! Read:  `counts`, then `note_use`.

use crate::{
    operation::{Context, Op},
    refusal::Refusal,
    requests::{instant, read},
};
use api::{
    Time,
    contract::KeysUsage,
    key::{Finding, KeyOut},
    usage::{KeyUsageOut, LastUsedOut, TotalsOut, UsageCountOut},
};
use model::{AccountId, Denial, KeyKind, SecretSlot, Timestamp};
use store::{
    AccountUsage, Granularity, KeyRow, Page, RequestFilter, RequestOutcome, SecretTag, StoreError, UsageCount,
    UseFinding,
};

pub(crate) async fn counts(op: Op<KeysUsage>) -> Result<KeyUsageOut, Refusal> {
    let account = op.context.account(op.target.account);
    let key = account.key(op.target.key).await?.key.id;
    let wish = read(op.query.granularity.as_deref(), "granularity: use minute, hour or day.", Granularity::parse)?;
    let granularity = wish.unwrap_or(Granularity::Hour);
    let until = instant(op.query.until.as_deref(), "until")?.unwrap_or_else(|| op.context.now.plus_secs(1));
    let since = instant(op.query.since.as_deref(), "since")?.unwrap_or_else(|| until.plus_secs(-usual(granularity)));
    // A span that begins before `since` and reaches into it is part of the answer.
    let since = floor(since, granularity);
    let usage = account.usage();
    let counts = usage.counts(key, granularity, since, until).await?;
    let mut totals = TotalsOut::default();
    counts.items.iter().for_each(|count| add(&mut totals, count));
    Ok(KeyUsageOut {
        key_id: key.to_string(),
        granularity: granularity.as_str().to_owned(),
        since: Time(since),
        until: Time(until),
        kept_since: usage.kept_since().await?.map(Time),
        complete: !counts.more,
        totals,
        data: counts.items.iter().map(show).collect(),
    })
}

/// Seconds that are answered when nobody says since when.
const fn usual(granularity: Granularity) -> i64 {
    match granularity {
        Granularity::Minute => 3_600,
        Granularity::Hour => 86_400,
        Granularity::Day => 30 * 86_400,
    }
}

fn floor(instant: Timestamp, granularity: Granularity) -> Timestamp {
    let span = granularity.secs();
    Timestamp::from_secs(instant.as_secs().div_euclid(span).saturating_mul(span))
}

const fn add(totals: &mut TotalsOut, count: &UsageCount) {
    let sum = match count.outcome {
        RequestOutcome::Ok => &mut totals.ok,
        RequestOutcome::ClientError => &mut totals.client_error,
        RequestOutcome::ServerError => &mut totals.server_error,
        RequestOutcome::Refused => &mut totals.refused,
        RequestOutcome::Limited => &mut totals.limited,
    };
    *sum = sum.saturating_add(count.count);
}

fn show(count: &UsageCount) -> UsageCountOut {
    UsageCountOut {
        start: Time(count.start),
        operation: count.operation.clone(),
        environment: count.environment.as_str().to_owned(),
        outcome: count.outcome.as_str().to_owned(),
        count: count.count,
    }
}

/// Adds to `shown` when each secret of the key `row` was used last, and the findings that follow from its use. Without the
/// usage file nothing is added.
pub(crate) async fn note_use(context: &Context, account: AccountId, row: &KeyRow, shown: &mut KeyOut) {
    let usage = context.account(account).usage();
    if let Err(error) = note(&usage, row, context.now, shown).await {
        tracing::debug!(%error, "the use of a key could not be read");
    }
}

async fn note(usage: &AccountUsage, row: &KeyRow, now: Timestamp, shown: &mut KeyOut) -> Result<(), StoreError> {
    let last = usage.last_used(row.key.id).await?;
    for credential in row.credentials.iter().map(|c| &c.credential) {
        let tag = SecretTag::of(&credential.hash);
        let Some(used) = last.iter().find(|used| used.secret == tag) else { continue };
        let used = LastUsedOut {
            at: Time(used.at),
            address: used.address.clone(),
            operation: used.operation.clone(),
            environment: used.environment.as_str().to_owned(),
        };
        shown.note_use(credential.environment, credential.slot, used);
    }
    if row.key.expires_at.is_some_and(|end| end <= now) {
        // Such a key has one finding: it goes, or it gets another end.
        return Ok(());
    }
    for found in store::use_findings(row, &last, usage.kept_since().await?, now) {
        shown.note_finding(match found {
            UseFinding::Unused90Days => Finding::Unused90Days,
            UseFinding::OldSecretStillUsed => Finding::OldSecretStillUsed,
        });
    }
    if row.key.kind == KeyKind::Primary && seen_in_browser(usage, row).await? {
        shown.note_finding(Finding::PrimaryUsedInBrowser);
    }
    Ok(())
}

/// Whether the request log has a page that sent this key since its secrets were made (D11). One bounded look.
async fn seen_in_browser(usage: &AccountUsage, row: &KeyRow) -> Result<bool, StoreError> {
    let current = row.credentials.iter().filter(|c| c.credential.slot == SecretSlot::Current);
    let filter = RequestFilter {
        key: Some(row.key.id),
        reason: Some(Denial::PrimaryKeyInBrowser.answer().reason.to_owned()),
        since: current.map(|c| c.created_at).min(),
        ..RequestFilter::default()
    };
    Ok(!usage.requests(&filter, Page::first(1)).await?.items.is_empty())
}
