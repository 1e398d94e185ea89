//! Limit use: how much of their limits an account's keys used at their peaks of the last hour.
//!
//! Owns:  what a peak is held against. Peaks come from the counts of whole minutes (hours, where a limit's window is longer
//!        than an hour), so that each is a lower bound: the gateway counts every instant, this adds up what is on disk.
//! Never: asks a gateway, or decides anything.
//! Read:  `limit_use`.

use crate::{operation::Context, refusal::Refusal};
use api::overview::LimitUseOut;
use model::{AccountId, Catalogue, Environment, KeyId, KeyLimits, Limit, LimitKind, LimitSubject, Timestamp};
use std::collections::HashMap;
use store::{Granularity, Peak, PeaksOf};

/// The most peaks that are shown, the fullest first.
const SHOWN_MAX: usize = 20;
/// How far back peaks are looked for, in seconds.
const BACK_SECS: i64 = 3_600;

/// A limit as counts can tell of it.
struct Measure {
    granularity: Granularity,
    /// How many counts lie within one window for certain.
    counts: u32,
    /// How long those are, in seconds.
    seconds: u32,
}

impl Measure {
    /// `None` for buckets and concurrency: sums over time say nothing of those.
    fn of(limit: &Limit) -> Option<Self> {
        let LimitKind::Window { seconds } = limit.kind else { return None };
        let granularity = if seconds > 3_600 { Granularity::Hour } else { Granularity::Minute };
        let each = u32::try_from(granularity.secs()).unwrap_or(u32::MAX);
        let counts = (seconds / each).max(1);
        Some(Self { granularity, counts, seconds: counts * each })
    }

    /// How many requests the limit lets through in that time. A window shorter than a minute passes several times in it.
    fn room(&self, limit: &Limit, number: u32) -> u64 {
        match limit.kind {
            LimitKind::Window { seconds } if seconds < self.seconds => {
                u64::from(number) * u64::from(self.seconds) / u64::from(seconds.max(1))
            }
            LimitKind::Window { .. } | LimitKind::Bucket { .. } | LimitKind::Concurrency => u64::from(number),
        }
    }
}

/// How full the windows of the deployment's limits were at most, for these keys with their own numbers and for the account.
pub(crate) async fn limit_use(
    context: &Context,
    account: AccountId,
    environment: Option<Environment>,
    keys: &HashMap<KeyId, KeyLimits>,
) -> Result<Vec<LimitUseOut>, Refusal> {
    let usage = context.account(account).usage();
    let catalogue = (context.control.parts().catalogue)();
    let ids: Vec<KeyId> = keys.keys().copied().collect();
    let mut shown = Vec::new();
    for limit in context.control.parts().rates.iter() {
        let Some(measure) = Measure::of(limit) else { continue };
        let keys_of = match limit.subject {
            LimitSubject::Key => Some(&*ids),
            LimitSubject::Account => None,
            // Only of requests without a key.
            LimitSubject::Address => continue,
        };
        let operations = operations(limit, &catalogue);
        let (since, until) = hour_until(context.now, measure.granularity);
        let (granularity, counts) = (measure.granularity, measure.counts);
        let of = PeaksOf {
            keys: keys_of,
            operations: operations.as_deref(),
            environment,
            granularity,
            counts,
            since,
            until,
        };
        for peak in usage.peaks(of).await? {
            let own = peak.key.and_then(|key| keys.get(&key)?.get(&limit.name));
            shown.push(show(limit, &measure, peak, own.unwrap_or(limit.count)));
        }
    }
    shown.sort_by(|a, b| b.percent.cmp(&a.percent).then_with(|| b.used.cmp(&a.used)));
    shown.truncate(SHOWN_MAX);
    Ok(shown)
}

fn show(limit: &Limit, measure: &Measure, peak: Peak, number: u32) -> LimitUseOut {
    let room = measure.room(limit, number).max(1);
    LimitUseOut {
        key_id: peak.key.map(|key| key.to_string()),
        environment: peak.environment.as_str().to_owned(),
        limit: limit.name.to_string(),
        used: peak.count,
        room,
        seconds: measure.seconds,
        percent: u32::try_from(peak.count.saturating_mul(100) / room).unwrap_or(u32::MAX),
    }
}

/// The operations that a limit counts; `None`: all.
fn operations<'a>(limit: &Limit, catalogue: &'a Catalogue) -> Option<Vec<&'a str>> {
    let counted = |operation: &&model::Operation| limit.counts(&operation.class, operation.method);
    let some: Vec<_> = catalogue.operations().iter().filter(counted).map(|operation| operation.id.as_str()).collect();
    (some.len() < catalogue.operations().len()).then_some(some)
}

/// The last hour, from the start of the count that it begins in.
fn hour_until(now: Timestamp, granularity: Granularity) -> (Timestamp, Timestamp) {
    let start = now.plus_secs(-BACK_SECS).as_secs();
    (Timestamp::from_secs(start.div_euclid(granularity.secs()) * granularity.secs()), now.plus_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{LimitMethods, LimitName};

    fn window(seconds: u32) -> Limit {
        Limit {
            name: LimitName::new("default").unwrap(),
            subject: LimitSubject::Key,
            class: None,
            methods: LimitMethods::All,
            kind: LimitKind::Window { seconds },
            count: 60,
        }
    }

    #[test]
    fn d15_a_peak_is_held_against_no_less_than_the_limit_lets_through_in_its_time() {
        for (seconds, granularity, counts, span, room) in [
            (1, Granularity::Minute, 1, 60, 3_600),
            (10, Granularity::Minute, 1, 60, 360),
            (60, Granularity::Minute, 1, 60, 60),
            (90, Granularity::Minute, 1, 60, 60),
            (3_600, Granularity::Minute, 60, 3_600, 60),
            (86_400, Granularity::Hour, 24, 86_400, 60),
        ] {
            let measure = Measure::of(&window(seconds)).unwrap();
            assert_eq!(
                (measure.granularity, measure.counts, measure.seconds),
                (granularity, counts, span),
                "{seconds}"
            );
            assert_eq!(measure.room(&window(seconds), 60), room, "{seconds}");
        }
        let bucket = Limit { kind: LimitKind::Bucket { refill: 1, seconds: 1 }, ..window(1) };
        assert!(Measure::of(&bucket).is_none());
    }
}
