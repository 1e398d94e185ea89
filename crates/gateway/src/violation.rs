//! Violation: an answer that listed what the key may not reach, on its way into the audit chain (D34).
//!
//! Owns:  which violations are told as one: the first of a key at an operation at once, those that follow together.
//! Never: waits with the first, or forgets how many there were.
//! Read:  `Groups::take`, then `Groups::due`.

use model::{AccountId, KeyId, OperationId, RequestId};
use std::{collections::HashMap, time::Duration};
use tokio::time::Instant;

/// How long violations that follow one are gathered.
pub(crate) const TOGETHER: Duration = Duration::from_secs(60);
/// Groups that are gathered at a time; a violation beyond them is told alone.
const GROUPS_MAX: usize = 1_024;

/// An answer that listed what the key may not reach, or several of one key at one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) account: AccountId,
    pub(crate) key: KeyId,
    pub(crate) operation: OperationId,
    /// The first of the requests that were answered so.
    pub(crate) request: Option<RequestId>,
    pub(crate) count: u64,
}

/// What is gathered.
#[derive(Default)]
pub(crate) struct Groups(HashMap<(KeyId, OperationId), Group>);

struct Group {
    until: Instant,
    /// What followed the one that was told.
    more: Option<Violation>,
}

impl Groups {
    /// Takes a violation in; gives it back when it is to be told now.
    pub(crate) fn take(&mut self, violation: Violation, now: Instant) -> Option<Violation> {
        let name = (violation.key, violation.operation.clone());
        if let Some(group) = self.0.get_mut(&name) {
            match &mut group.more {
                Some(more) => more.count += violation.count,
                None => group.more = Some(violation),
            }
            return None;
        }
        if self.0.len() < GROUPS_MAX {
            self.0.insert(name, Group { until: now + TOGETHER, more: None });
        }
        Some(violation)
    }

    /// When something will be due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.values().map(|group| group.until).min()
    }

    /// What is to be told by now. A group to which something came goes on; another ends.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<Violation> {
        let mut due = Vec::new();
        self.0.retain(|_, group| {
            if group.until > now {
                return true;
            }
            group.until = now + TOGETHER;
            let more = group.more.take();
            let goes_on = more.is_some();
            due.extend(more);
            goes_on
        });
        due
    }

    /// What was gathered and not told yet.
    pub(crate) fn rest(self) -> impl Iterator<Item = Violation> {
        self.0.into_values().filter_map(|group| group.more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Entropy, Timestamp};

    fn violation(key: u8, operation: &str, request: u8) -> Violation {
        let at = Timestamp::from_secs(1);
        Violation {
            account: AccountId::new(at, Entropy([1; 10])),
            key: KeyId::new(at, Entropy([key; 10])),
            operation: OperationId::new(operation).unwrap(),
            request: Some(RequestId::new(at, Entropy([request; 10]))),
            count: 1,
        }
    }

    #[test]
    fn d34_the_first_violation_is_told_at_once_and_a_flood_behind_it_as_one() {
        let (mut groups, start) = (Groups::default(), Instant::now());
        assert_eq!(groups.take(violation(1, "list", 0), start), Some(violation(1, "list", 0)));
        for request in 1..=100 {
            assert_eq!(groups.take(violation(1, "list", request), start + TOGETHER / 2), None);
        }
        // Another key and another operation are other matters.
        assert!(groups.take(violation(2, "list", 0), start).is_some());
        assert!(groups.take(violation(1, "rows", 0), start).is_some());
        assert_eq!(groups.next(), Some(start + TOGETHER));
        assert_eq!(groups.due(start + TOGETHER / 2), []);
        let together = Violation { count: 100, ..violation(1, "list", 1) };
        assert_eq!(groups.due(start + TOGETHER), [together]);
        // As long as they keep coming, there is one a minute; after a minute without any, the next is a first one.
        assert_eq!(groups.take(violation(1, "list", 9), start + TOGETHER), None);
        assert!(groups.take(violation(2, "list", 9), start + TOGETHER).is_some());
        assert_eq!(groups.due(start + TOGETHER * 2), [violation(1, "list", 9)]);
        assert_eq!(groups.due(start + TOGETHER * 3), []);
        assert_eq!(groups.next(), None);
    }

    #[test]
    fn d34_what_was_gathered_is_told_at_the_end_and_what_finds_no_group_at_once() {
        let (mut groups, now) = (Groups::default(), Instant::now());
        for number in 0..GROUPS_MAX {
            assert!(groups.take(violation(1, &format!("list{number}"), 0), now).is_some());
        }
        for _ in 0..2 {
            assert!(groups.take(violation(1, "one_more", 0), now).is_some());
        }
        assert!(groups.take(violation(1, "list0", 5), now).is_none());
        assert_eq!(groups.rest().collect::<Vec<_>>(), [violation(1, "list0", 5)]);
    }
}
