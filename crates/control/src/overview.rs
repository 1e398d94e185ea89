//! Overview: an account at a glance.
//!
//! Owns:  the handler.
//! Never: counts; `store` sums what it has.
//! Read:  top down.

use crate::{
    keys,
    limit_use::limit_use,
    operation::{Context, Op},
    refusal::Refusal,
    requests::read,
};
use api::{
    Code, Time,
    contract::OverviewGet,
    overview::{
        FindingCountOut, HOURS_DEFAULT, HOURS_MAX, KeyCountOut, LimitCountOut, OverviewOut, ReasonCountOut, SpanOut,
    },
    usage::TotalsOut,
};
use model::{AccountId, Environment, KeyId, KeyLimits, KeyStatus, Timestamp};
use std::collections::HashMap;
use store::{Granularity, KeyFilter, Overview, OverviewOf, PAGE_MAX, Page, RequestOutcome, StoreError};

/// Keys that are looked at for findings and limits.
const KEYS_MAX: usize = 1_000;
/// The most hours that are shown by the minute, and by the hour.
const FINE_HOURS: (u32, u32) = (2, 7 * 24);

pub(crate) async fn get(op: Op<OverviewGet>) -> Result<OverviewOut, Refusal> {
    let context = &op.context;
    let account = context.account(op.target.account);
    account.account().await?;
    let hours = op.query.hours.unwrap_or(HOURS_DEFAULT);
    if !(1..=HOURS_MAX).contains(&hours) {
        return Err(Refusal::with_detail(Code::InvalidQuery, format!("hours: choose 1 to {HOURS_MAX}.")));
    }
    let problem = "environment: use test or live.";
    let environment = read(op.query.environment.as_deref(), problem, Environment::parse)?;
    let granularity = match hours {
        hours if hours <= FINE_HOURS.0 => Granularity::Minute,
        hours if hours <= FINE_HOURS.1 => Granularity::Hour,
        _ => Granularity::Day,
    };
    let until = context.now.plus_secs(1);
    let start = until.plus_secs(-i64::from(hours) * 3_600).as_secs();
    let since = Timestamp::from_secs(start.div_euclid(granularity.secs()) * granularity.secs());
    let usage = account.usage();
    let found = usage.overview(OverviewOf { granularity, since, until, environment }).await?;
    let keys = keys_of(context, op.target.account).await?;
    let limit_use = limit_use(context, op.target.account, environment, &keys.limits).await?;
    let spans = spans(&found);
    let mut totals = TotalsOut::default();
    for (_, outcome, count) in &found.spans {
        add(&mut totals, *outcome, *count);
    }
    let mut top_keys = Vec::with_capacity(found.keys.len());
    for (key, count) in found.keys {
        top_keys.push(top_key(context, op.target.account, key, count).await?);
    }
    Ok(OverviewOut {
        since: Time(since),
        until: Time(until),
        granularity: granularity.as_str().to_owned(),
        kept_since: usage.kept_since().await?.map(Time),
        totals,
        spans,
        top_keys,
        refusals: found.reasons.into_iter().map(|(reason, count)| ReasonCountOut { reason, count }).collect(),
        findings: keys.findings,
        limits: found
            .limits
            .into_iter()
            .map(|(key, limit, count)| LimitCountOut { key_id: key.to_string(), limit, count })
            .collect(),
        limit_use,
        findings_complete: keys.complete,
    })
}

fn spans(found: &Overview) -> Vec<SpanOut> {
    let mut spans: Vec<SpanOut> = Vec::new();
    for (start, outcome, count) in &found.spans {
        match spans.last_mut().filter(|span| span.start == Time(*start)) {
            Some(span) => add(&mut span.counts, *outcome, *count),
            None => {
                let mut counts = TotalsOut::default();
                add(&mut counts, *outcome, *count);
                spans.push(SpanOut { start: Time(*start), counts });
            }
        }
    }
    spans
}

const fn add(totals: &mut TotalsOut, outcome: RequestOutcome, count: u64) {
    let sum = match outcome {
        RequestOutcome::Ok => &mut totals.ok,
        RequestOutcome::ClientError => &mut totals.client_error,
        RequestOutcome::ServerError => &mut totals.server_error,
        RequestOutcome::Refused => &mut totals.refused,
        RequestOutcome::Limited => &mut totals.limited,
    };
    *sum = sum.saturating_add(count);
}

async fn top_key(context: &Context, account: AccountId, key: KeyId, count: u64) -> Result<KeyCountOut, Refusal> {
    let (description, kind) = match context.account(account).key(key).await {
        Ok(row) => (row.key.description, Some(row.key.kind.as_str().to_owned())),
        Err(StoreError::NotFound { .. }) => (String::new(), None),
        Err(error) => return Err(error.into()),
    };
    Ok(KeyCountOut { key_id: key.to_string(), description, kind, count })
}

/// What the settings of an account's keys tell.
struct Keys {
    /// What is worth looking at, by how many keys have it.
    findings: Vec<FindingCountOut>,
    /// The own numbers of those that work.
    limits: HashMap<KeyId, KeyLimits>,
    /// Whether all keys were looked at.
    complete: bool,
}

async fn keys_of(context: &Context, account: AccountId) -> Result<Keys, Refusal> {
    let mut counts: HashMap<(String, String), u64> = HashMap::new();
    let mut limits = HashMap::new();
    let (mut page, mut seen) = (Page::first(PAGE_MAX), 0);
    let complete = loop {
        let list = context.account(account).keys(KeyFilter::default(), page).await?;
        seen += list.items.len();
        for row in list.items {
            for finding in keys::show(&row, context).findings {
                *counts.entry((finding.code, finding.level)).or_default() += 1;
            }
            if row.key.status == KeyStatus::Active {
                limits.insert(row.key.id, row.key.limits);
            }
        }
        match list.next {
            None => break true,
            Some(_) if seen >= KEYS_MAX => break false,
            Some(after) => page = Page::behind(after, PAGE_MAX),
        }
    };
    let show = |((code, level), count)| FindingCountOut { code, level, count };
    let mut findings: Vec<_> = counts.into_iter().map(show).collect();
    findings.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.code.cmp(&b.code)));
    Ok(Keys { findings, limits, complete })
}
