//! Table: every subject's state under every limit of the deployment.
//!
//! Owns:  which limits a request counts under, the order of reserving, giving everything back when one has no room.
//! Never: grows beyond `SUBJECTS_MAX`: a subject that finds no place is refused, not waved through.
//! Read:  `Limits::reserve`, then `Limits::sweep`.

use crate::{Micros, Past, Reserved, Room, state::State};
use model::{AccountId, Environment, HttpMethod, KeyId, KeyLimits, Limit, LimitClass, LimitKind, LimitSubject};
use papaya::{HashMap, Operation, ResizeMode};
use std::{hint::spin_loop, net::IpAddr, sync::Arc};

/// The most states that are kept: subjects times limits.
pub const SUBJECTS_MAX: usize = 2_000_000;
/// States that there is room for from the beginning, so that tables of a usual size never grow.
const STATES_USUAL: usize = 16_384;
/// How often a state that is being replaced is looked up again: far longer than a replacement takes.
const RETRIES_MAX: u32 = 100_000;
/// Limits that one request usually counts under; more need room of their own.
const USUAL: usize = 2;

/// All limits of a deployment and what they remember.
#[derive(Debug)]
pub struct Limits {
    rules: Box<[Limit]>,
    states: HashMap<Subject, Arc<State>, foldhash::fast::RandomState>,
    most: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Subject {
    rule: u16,
    environment: Option<Environment>,
    id: [u8; 16],
}

/// What a request is, as far as limits go.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The class of its operation.
    pub class: &'a LimitClass,
    /// Its method.
    pub method: HttpMethod,
    /// Which world it is for; both have the same limits and separate counters (D15).
    pub environment: Environment,
    /// Its key and account, if it has one.
    pub key: Option<(KeyId, AccountId)>,
    /// The caller's address, if it is known.
    pub address: Option<IpAddr>,
    /// The key's own numbers (R77).
    pub own: &'a KeyLimits,
}

/// What was reserved for one request; given back with `Limits::refund`, or ended with `Limits::release`.
#[derive(Debug, Default)]
pub struct Reservation {
    usual: [Option<Held>; USUAL],
    more: Vec<Held>,
    /// The limit with the least room left.
    tightest: Option<Standing>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    subject: Subject,
    count: u32,
    slot: u64,
    at: Micros,
}

/// How a request stands under one limit, for the fields of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which limit: its place in the configuration.
    pub rule: u16,
    /// The number that holds.
    pub count: u32,
    /// How many more would be admitted now.
    pub left: u32,
    /// In how many microseconds some of what is used comes back.
    pub reset: Micros,
}

/// Why nothing was reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// A limit has no room.
    Limit {
        /// How it stands; `reset` is when the next request would be admitted.
        standing: Standing,
    },
    /// There is no place for one more subject.
    Crowded,
}

impl Reservation {
    /// How the request stands under the limit with the least room; none when it counts under no limit.
    #[must_use]
    pub const fn tightest(&self) -> Option<Standing> {
        self.tightest
    }

    /// When it was counted, which may be later than the caller thought.
    #[cfg(test)]
    pub(crate) fn counted_at(&self) -> Micros {
        self.all().map(|held| held.at).max().unwrap_or(0)
    }

    fn hold(&mut self, held: Held) {
        match self.usual.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(held),
            None => self.more.push(held),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Held> {
        self.usual.iter().flatten().chain(&self.more)
    }

    fn see(&mut self, standing: Standing) {
        if self.tightest.is_none_or(|seen| standing.left < seen.left) {
            self.tightest = Some(standing);
        }
    }
}

impl Limits {
    /// The limits of a deployment, nothing counted yet. At most `model::limit::LIMITS_MAX`; more are left out by nobody:
    /// the configuration refuses them.
    #[must_use]
    pub fn new(rules: Vec<Limit>) -> Self {
        Self::bounded(rules, SUBJECTS_MAX)
    }

    /// The same with another bound on what is remembered.
    #[must_use]
    pub fn bounded(rules: Vec<Limit>, most: usize) -> Self {
        // Look-ups in a table that grows bit by bit cost ten times as much, for as long as it is not through with it.
        let states =
            HashMap::builder().resize_mode(ResizeMode::Blocking).hasher(foldhash::fast::RandomState::default());
        Self { rules: rules.into(), states: states.capacity(STATES_USUAL.min(most)).build(), most }
    }

    /// The limits, in the order of the configuration.
    #[must_use]
    pub fn rules(&self) -> &[Limit] {
        &self.rules
    }

    /// The windows that count a request: seconds and how many, in the order of the configuration.
    pub fn windows<'a>(&'a self, asking: &'a Asking<'_>) -> impl Iterator<Item = (u32, u32)> + 'a {
        let counted = (0u16..).zip(&self.rules).filter(|(_, limit)| limit.counts(asking.class, asking.method));
        counted.filter_map(|(rule, limit)| match limit.kind {
            LimitKind::Window { seconds } => subject(rule, limit, asking).map(|_| (seconds, count(limit, asking))),
            LimitKind::Bucket { .. } | LimitKind::Concurrency => None,
        })
    }

    /// Reserves under every limit that counts the request, or under none.
    pub fn reserve(&self, asking: &Asking<'_>, now: Micros) -> Result<Reservation, Exceeded> {
        let mut reservation = Reservation::default();
        for (rule, limit) in (0u16..).zip(&self.rules) {
            if !limit.counts(asking.class, asking.method) {
                continue;
            }
            let Some(subject) = subject(rule, limit, asking) else { continue };
            let count = count(limit, asking);
            match self.take(subject, limit, count, now) {
                Ok((Reserved::Taken { slot, at }, room)) => {
                    reservation.hold(Held { subject, count, slot, at });
                    reservation.see(Standing { rule, count, left: room.left, reset: room.reset });
                }
                Ok((Reserved::Refused { until }, _)) => {
                    self.refund(&reservation);
                    let reset = until.saturating_sub(now);
                    return Err(Exceeded::Limit { standing: Standing { rule, count, left: 0, reset } });
                }
                Err(Crowded) => {
                    self.refund(&reservation);
                    return Err(Exceeded::Crowded);
                }
            }
        }
        Ok(reservation)
    }

    /// Gives everything back: the request was refused after all (D39).
    pub fn refund(&self, reservation: &Reservation) {
        let states = self.states.pin();
        for held in reservation.all() {
            if let (Some(state), Some(limit)) =
                (states.get(&held.subject), self.rules.get(usize::from(held.subject.rule)))
            {
                state.refund(limit, held.count, held.slot, held.at);
            }
        }
    }

    /// The request has ended: those who wait for its place may come.
    pub fn release(&self, reservation: &Reservation) {
        for held in reservation.all() {
            let limit = self.rules.get(usize::from(held.subject.rule));
            if limit.is_some_and(|limit| limit.kind == LimitKind::Concurrency)
                && let Some(state) = self.states.pin().get(&held.subject)
            {
                state.release();
            }
        }
    }

    /// Whether a reservation has anything to release when its request ends.
    #[must_use]
    pub fn holds_on(&self, reservation: &Reservation) -> bool {
        let kind = |held: &Held| self.rules.get(usize::from(held.subject.rule)).map(|limit| limit.kind);
        reservation.all().any(|held| kind(held) == Some(LimitKind::Concurrency))
    }

    /// Forgets subjects of whom nothing counts any more. Walks the whole table: call it now and then, off the data plane.
    pub fn sweep(&self, now: Micros) {
        let states = self.states.pin();
        for (subject, state) in &states {
            let Some(limit) = self.rules.get(usize::from(subject.rule)) else { continue };
            if !state.is_idle(limit, now) {
                continue;
            }
            // What was admitted between the look and the end still counts.
            let past = state.close().unwrap_or_default();
            let counts = past.times.iter().any(|at| *at + window(limit) > now);
            let next = counts.then(|| Arc::new(State::of(limit, limit.count, &past)));
            self.put(*subject, state, next.as_ref());
        }
    }

    /// States that are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    fn take(&self, subject: Subject, limit: &Limit, count: u32, now: Micros) -> Result<(Reserved, Room), Crowded> {
        let states = self.states.pin();
        for _ in 0..RETRIES_MAX {
            let state = match states.get(&subject) {
                Some(state) => state,
                None if states.len() >= self.most => return Err(Crowded),
                None => states.get_or_insert_with(subject, || Arc::new(State::of(limit, count, &Past::default()))),
            };
            if !state.fits(count) {
                // Whoever ends it carries over what it counted; the others wait for the new one.
                if let Some(past) = state.close() {
                    self.put(subject, state, Some(&Arc::new(State::of(limit, count, &past))));
                }
            } else if let Some(reserved) = state.reserve(limit, count, now) {
                return Ok((reserved, state.room(limit, count, now)));
            }
            spin_loop();
        }
        Err(Crowded)
    }

    /// Puts `next` in the place of `old`, or nothing.
    fn put(&self, subject: Subject, old: &Arc<State>, next: Option<&Arc<State>>) {
        let _gone = self.states.pin().compute(subject, |present| match (present, next) {
            (Some((_, state)), Some(next)) if Arc::ptr_eq(state, old) => Operation::Insert(Arc::clone(next)),
            (Some((_, state)), None) if Arc::ptr_eq(state, old) => Operation::Remove,
            (Some(_) | None, _) => Operation::Abort(()),
        });
    }
}

/// There is no place for one more state.
struct Crowded;

fn window(limit: &Limit) -> Micros {
    match limit.kind {
        LimitKind::Window { seconds } | LimitKind::Bucket { seconds, .. } => crate::state::micros(seconds),
        LimitKind::Concurrency => 0,
    }
}

/// The number that holds: the key's own stands above the deployment's, where keys are counted.
fn count(limit: &Limit, asking: &Asking<'_>) -> u32 {
    match limit.subject {
        LimitSubject::Key => asking.own.get(&limit.name).unwrap_or(limit.count),
        LimitSubject::Account | LimitSubject::Address => limit.count,
    }
}

fn subject(rule: u16, limit: &Limit, asking: &Asking<'_>) -> Option<Subject> {
    let environment = Some(asking.environment);
    Some(match limit.subject {
        LimitSubject::Key => Subject { rule, environment, id: asking.key?.0.to_bytes() },
        LimitSubject::Account => Subject { rule, environment, id: asking.key?.1.to_bytes() },
        LimitSubject::Address => Subject { rule, environment: None, id: block(asking.address?) },
    })
}

/// IPv4 addresses one by one, IPv6 ones by their /64, which one subscriber has.
fn block(address: IpAddr) -> [u8; 16] {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => {
            let mut octets = address.octets();
            octets.iter_mut().skip(8).for_each(|octet| *octet = 0);
            octets
        }
    }
}
