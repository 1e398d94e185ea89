//! Counters: how many requests of which kind there were in which span of time, gathered in memory.
//!
//! Owns:  `Counters`, and which span of each length a minute lies in.
//! Never: statements, or more counters than its bound.
//! Read:  `Counters::count`, then `Counters::gather`.

use super::seen::{RequestOutcome, Seen, SeenCaller};
use model::{AccountId, Environment, KeyId};
use std::collections::HashMap;

/// Different counters that are gathered at once; what is beyond is given up and counted.
pub(crate) const COUNTERS_MAX: usize = 50_000;
/// Microseconds of a minute.
pub(crate) const MINUTE: i64 = 60_000_000;
/// Microseconds of an hour.
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// Microseconds of a day.
pub(crate) const DAY: i64 = 24 * HOUR;

/// A map whose keys are ids that we made ourselves: nobody can choose them so that they collide.
pub(crate) type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Whose requests are counted, and in which span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CountOf {
    pub(crate) account: AccountId,
    pub(crate) key: KeyId,
    /// The start of the span, in microseconds.
    pub(crate) start: i64,
    pub(crate) environment: Environment,
}

/// By outcome, in the order of `RequestOutcome::ALL`.
type ByOutcome = [u64; RequestOutcome::ALL.len()];

/// Counts of requests by key, span, operation and outcome. Most keys use few operations, so that those stand in a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    spans: Map<CountOf, Vec<(Box<str>, ByOutcome)>>,
    /// Lines of the lists, all in all.
    lines: usize,
}

impl Counters {
    pub(crate) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.lines >= COUNTERS_MAX
    }

    /// Counts one request in its minute; `false` when there is no room for its counter.
    pub(crate) fn count(&mut self, caller: &SeenCaller, seen: &Seen<'_>) -> bool {
        let (account, key, environment) = (caller.account, caller.key, caller.environment);
        let of = CountOf { account, key, start: floor(seen.at.as_micros(), MINUTE), environment };
        let Some(counts) = self.line(of, seen.operation) else { return false };
        if let Some(count) = counts.get_mut(seen.outcome.place()) {
            *count += 1;
        }
        true
    }

    /// Adds what `other` counted to the longer span, of `micros`, that its spans lie in.
    pub(crate) fn gather(&mut self, other: &Self, micros: i64) {
        for (of, lines) in &other.spans {
            let of = CountOf { start: floor(of.start, micros), ..*of };
            for (operation, more) in lines {
                let Some(counts) = self.line(of, operation) else { return };
                counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
            }
        }
    }

    /// Most requests are like one before: then nothing is allocated.
    fn line(&mut self, of: CountOf, operation: &str) -> Option<&mut ByOutcome> {
        if self.is_full() && !self.spans.contains_key(&of) {
            return None;
        }
        let lines = self.spans.entry(of).or_default();
        let place = match lines.iter().position(|(known, _)| **known == *operation) {
            Some(place) => place,
            None if self.lines >= COUNTERS_MAX => return None,
            None => {
                self.lines += 1;
                lines.push((operation.into(), ByOutcome::default()));
                lines.len() - 1
            }
        };
        lines.get_mut(place).map(|(_, counts)| counts)
    }

    /// Every counter that is not 0: whose, for which operation, with which outcome, and how many. In the order of the table's
    /// primary key as far as keys and spans go: neighbours are written one after the other.
    pub(crate) fn all(&self) -> Vec<(CountOf, &str, RequestOutcome, u64)> {
        let mut all = Vec::with_capacity(self.lines);
        for (of, lines) in &self.spans {
            for (operation, counts) in lines {
                let some = RequestOutcome::ALL.into_iter().zip(*counts).filter(|(_, count)| *count > 0);
                all.extend(some.map(|(outcome, count)| (*of, &**operation, outcome, count)));
            }
        }
        all.sort_unstable_by_key(|(of, ..)| *of);
        all
    }
}

const fn floor(at: i64, micros: i64) -> i64 {
    at.div_euclid(micros) * micros
}
