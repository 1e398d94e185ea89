//! State: what is remembered of one subject under one limit.
//!
//! Owns:  the choice of the way to count, and carrying over what was counted when a number changes.
//! Never: forgets an admission that still counts.
//! Read:  `State::of`, then `State::reserve`.

use crate::{
    Micros, Past, Reserved, Room,
    buckets::Buckets,
    gcra::{Gcra, Shape},
    ring::{RING_MAX, Ring},
};
use model::{Limit, LimitKind};
use std::sync::atomic::{AtomicU32, Ordering};

/// A concurrency state that was taken out of the table.
const CLOSED: u32 = u32::MAX;

#[derive(Debug)]
pub(crate) enum State {
    Ring(Ring),
    Buckets(Buckets),
    Gcra(Gcra),
    Concurrency(AtomicU32),
}

/// Microseconds of so many seconds.
pub(crate) const fn micros(seconds: u32) -> Micros {
    seconds as Micros * 1_000_000
}

impl State {
    /// A state for `count` that goes on from `past`, what the one before leaves.
    pub(crate) fn of(limit: &Limit, count: u32, past: &Past) -> Self {
        match limit.kind {
            LimitKind::Window { .. } if count <= RING_MAX => Self::Ring(Ring::new(count, past.clone())),
            LimitKind::Window { seconds } => Self::Buckets(Buckets::new(count, micros(seconds), past)),
            LimitKind::Bucket { .. } => Self::Gcra(Gcra::default()),
            LimitKind::Concurrency => Self::Concurrency(AtomicU32::new(0)),
        }
    }

    /// Whether it counts towards `count` as it is; a window that grew or shrank needs another, or is told.
    pub(crate) fn fits(&self, count: u32) -> bool {
        match self {
            Self::Ring(ring) => ring.count() == count,
            Self::Buckets(buckets) => {
                let large = count > RING_MAX;
                if large {
                    buckets.set_count(count);
                }
                large
            }
            Self::Gcra(_) | Self::Concurrency(_) => true,
        }
    }

    /// `None`: it was closed; look it up again.
    pub(crate) fn reserve(&self, limit: &Limit, count: u32, now: Micros) -> Option<Reserved> {
        match (self, limit.kind) {
            (Self::Ring(ring), LimitKind::Window { seconds }) => ring.reserve(now, micros(seconds)),
            (Self::Buckets(buckets), _) => buckets.reserve(now),
            (Self::Gcra(gcra), LimitKind::Bucket { refill, seconds }) => {
                gcra.reserve(now, Shape { count, refill, every: micros(seconds) })
            }
            (Self::Concurrency(open), _) => {
                let taken = open.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n < count).then_some(n + 1));
                match taken {
                    Ok(_) => Some(Reserved::Taken { slot: 0, at: now }),
                    Err(CLOSED) => None,
                    // Nobody knows when one ends; a second is what callers are told.
                    Err(_) => Some(Reserved::Refused { until: now + micros(1) }),
                }
            }
            // A state is made for the kind of its limit, which never changes.
            (Self::Ring(_) | Self::Gcra(_), _) => Some(Reserved::Refused { until: now + micros(1) }),
        }
    }

    /// Gives back what was reserved.
    pub(crate) fn refund(&self, limit: &Limit, count: u32, slot: u64, at: Micros) {
        match (self, limit.kind) {
            (Self::Ring(ring), _) => ring.refund(slot, at),
            (Self::Buckets(buckets), _) => buckets.refund(slot),
            (Self::Gcra(gcra), LimitKind::Bucket { refill, seconds }) => {
                gcra.refund(Shape { count, refill, every: micros(seconds) });
            }
            (Self::Concurrency(_), _) => self.release(),
            (Self::Gcra(_), _) => {}
        }
    }

    /// One of those at the same time has ended.
    pub(crate) fn release(&self) {
        if let Self::Concurrency(open) = self {
            let _none_was_open = open.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| match n {
                0 | CLOSED => None,
                n => Some(n - 1),
            });
        }
    }

    pub(crate) fn room(&self, limit: &Limit, count: u32, now: Micros) -> Room {
        match (self, limit.kind) {
            (Self::Ring(ring), LimitKind::Window { seconds }) => ring.room(now, micros(seconds)),
            (Self::Buckets(buckets), _) => buckets.room(now),
            (Self::Gcra(gcra), LimitKind::Bucket { refill, seconds }) => {
                gcra.room(now, Shape { count, refill, every: micros(seconds) })
            }
            (Self::Concurrency(open), _) => {
                Room { left: count.saturating_sub(open.load(Ordering::Acquire)), reset: micros(1) }
            }
            (Self::Ring(_) | Self::Gcra(_), _) => Room { left: 0, reset: 0 },
        }
    }

    /// Ends a window's state, so that nothing more is counted in it, and tells what it counted; `None` when
    /// somebody else has ended it, and for the kinds that are never replaced.
    pub(crate) fn close(&self) -> Option<Past> {
        match self {
            Self::Ring(ring) => ring.close(),
            Self::Buckets(buckets) => buckets.close(),
            Self::Gcra(_) | Self::Concurrency(_) => None,
        }
    }

    /// Whether nothing that it remembers counts any more. A bucket or a concurrency that says so is closed.
    pub(crate) fn is_idle(&self, limit: &Limit, now: Micros) -> bool {
        match (self, limit.kind) {
            (Self::Ring(ring), LimitKind::Window { seconds }) => ring.last() + micros(seconds) <= now,
            (Self::Buckets(buckets), LimitKind::Window { seconds }) => {
                buckets.last() + micros(seconds) + micros(seconds) / 60 <= now
            }
            (Self::Gcra(gcra), _) => gcra.close_if_full(now),
            (Self::Concurrency(open), _) => {
                open.compare_exchange(0, CLOSED, Ordering::AcqRel, Ordering::Acquire).is_ok()
            }
            (Self::Ring(_) | Self::Buckets(_), _) => false,
        }
    }
}
