//! Tally: what one commit of the usage file will hold, gathered in memory.
//!
//! Owns:  the last use of each secret; which rows are kept when there are too many. `counts` has the counting.
//! Never: statements, or more memory than its bounds.
//! Read:  `Tally::add`.

use super::{
    counts::{COUNTERS_MAX, Counters, Map},
    seen::{RequestOutcome, SecretTag, Seen},
};
use model::{AccountId, CompanyId, Environment, KeyId, RequestId, Timestamp};

/// One request, as it will be stored.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) request: RequestId,
    pub(crate) at: Timestamp,
    pub(crate) caller: Option<(AccountId, KeyId, SecretTag, Environment)>,
    pub(crate) company: Option<CompanyId>,
    pub(crate) method: String,
    pub(crate) operation: Option<String>,
    pub(crate) status: u16,
    pub(crate) outcome: RequestOutcome,
    pub(crate) reason: Option<String>,
    pub(crate) limit: Option<String>,
    pub(crate) address: String,
    pub(crate) agent: Option<String>,
    pub(crate) origin: Option<String>,
    pub(crate) micros: u32,
}

/// The last time that a secret was good for a request.
#[derive(Clone, Debug)]
pub(crate) struct Last {
    pub(crate) environment: Environment,
    pub(crate) at: Timestamp,
    pub(crate) address: Box<str>,
    pub(crate) operation: Option<Box<str>>,
}

/// What was gathered.
pub(crate) struct Tally {
    /// By what is given up last: refused with a key, passed on with a key, without a key.
    rows: [Vec<Kept>; 3],
    /// Rows that may still be kept in this second.
    room: usize,
    /// By the minute.
    pub(crate) counters: Counters,
    pub(crate) last: Map<(AccountId, KeyId, SecretTag), Last>,
    /// Rows given up since this was last asked.
    given_up: u64,
    first: Option<Timestamp>,
}

impl Tally {
    pub(crate) fn new(room: usize) -> Self {
        Self {
            rows: Default::default(),
            room,
            counters: Counters::default(),
            last: Map::default(),
            given_up: 0,
            first: None,
        }
    }

    /// Begins another second: so many rows may be kept in it.
    pub(crate) const fn allow(&mut self, rows: usize) {
        self.room = rows;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.counters.is_empty() && self.last.is_empty() && self.rows.iter().all(Vec::is_empty)
    }

    /// Takes one batch in.
    pub(crate) fn add(&mut self, mut batch: &[u8]) {
        while let Some(seen) = Seen::read(&mut batch) {
            self.first = Some(self.first.map_or(seen.at, |first| first.min(seen.at)));
            self.count(&seen);
            self.keep(&seen);
        }
    }

    fn count(&mut self, seen: &Seen<'_>) {
        let Some(caller) = &seen.caller else { return };
        if !self.counters.count(caller, seen) {
            self.given_up += 1;
        }
        if caller.good {
            self.note((caller.account, caller.key, caller.secret), caller.environment, seen);
        }
    }

    fn note(&mut self, which: (AccountId, KeyId, SecretTag), environment: Environment, seen: &Seen<'_>) {
        let operation = (!seen.operation.is_empty()).then_some(seen.operation);
        if let Some(last) = self.last.get_mut(&which) {
            if last.at > seen.at {
                return;
            }
            last.at = seen.at;
            if *last.address != *seen.address {
                last.address = seen.address.into();
            }
            if last.operation.as_deref() != operation {
                last.operation = operation.map(Into::into);
            }
        } else if self.last.len() < COUNTERS_MAX {
            let (address, operation) = (seen.address.into(), operation.map(Into::into));
            self.last.insert(which, Last { environment, at: seen.at, address, operation });
        }
    }

    /// When there is no room, what matters less makes room.
    fn keep(&mut self, seen: &Seen<'_>) {
        let refused = !seen.reason.is_empty();
        let class = match (&seen.caller, refused) {
            (Some(_), true) => 0,
            (Some(_), false) => 1,
            (None, _) => 2,
        };
        if self.room == 0 {
            self.given_up += 1;
            let lesser = self.rows.iter_mut().skip(class + 1).rev().find(|rows| !rows.is_empty());
            let Some(_given_up) = lesser.and_then(Vec::pop) else { return };
        } else {
            self.room -= 1;
        }
        if let Some(rows) = self.rows.get_mut(class) {
            rows.push(Kept::of(seen));
        }
    }

    /// What is to be stored, and room for the next.
    pub(crate) fn take(&mut self) -> Self {
        let room = self.room;
        std::mem::replace(self, Self::new(room))
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &Kept> {
        self.rows.iter().flatten()
    }

    pub(crate) const fn given_up(&self) -> u64 {
        self.given_up
    }

    /// The earliest request of it.
    pub(crate) const fn first(&self) -> Option<Timestamp> {
        self.first
    }
}

impl Kept {
    fn of(seen: &Seen<'_>) -> Self {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            request: seen.request,
            at: seen.at,
            caller: seen.caller.map(|c| (c.account, c.key, c.secret, c.environment)),
            company: seen.company,
            method: seen.method.to_owned(),
            operation: text(seen.operation),
            status: seen.status,
            outcome: seen.outcome,
            reason: text(seen.reason),
            limit: text(seen.limit),
            address: seen.address.to_owned(),
            agent: seen.agent_text(),
            origin: seen.origin_text(),
            micros: seen.micros,
        }
    }
}
