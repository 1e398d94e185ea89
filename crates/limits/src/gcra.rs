//! GCRA: a bucket that refills evenly (D38).
//!
//! Owns:  one word a subject: when the bucket would be full again.
//! Never: counts by windows; that is `ring` and `buckets`.
//! Read:  `Gcra::reserve`.

use crate::{Micros, Reserved, Room};
use std::sync::atomic::{AtomicU64, Ordering};

/// A bucket that was taken out of the table.
const CLOSED: u64 = u64::MAX;

/// A bucket's shape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// How many it holds.
    pub(crate) count: u32,
    /// How many come back in `every`.
    pub(crate) refill: u32,
    /// Microseconds.
    pub(crate) every: Micros,
}

impl Shape {
    /// Nanoseconds in which one comes back, rounded up: never sooner than stated.
    fn step(self) -> u64 {
        (self.every * 1_000).div_ceil(u64::from(self.refill.max(1)))
    }
}

/// The bucket of one subject: the instant, in nanoseconds, at which it is full again if nothing more is taken.
#[derive(Debug, Default)]
pub(crate) struct Gcra(AtomicU64);

impl Gcra {
    /// `None`: it was closed; look it up again.
    pub(crate) fn reserve(&self, now: Micros, shape: Shape) -> Option<Reserved> {
        let (now, step) = (now * 1_000, shape.step());
        let room = step * u64::from(shape.count);
        let mut full_at = self.0.load(Ordering::Acquire);
        loop {
            if full_at == CLOSED {
                return None;
            }
            let next = full_at.max(now) + step;
            if next > now + room {
                return Some(Reserved::Refused { until: (next - room).div_ceil(1_000) });
            }
            match self.0.compare_exchange_weak(full_at, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(Reserved::Taken { slot: 0, at: now / 1_000 }),
                Err(seen) => full_at = seen,
            }
        }
    }

    pub(crate) fn refund(&self, shape: Shape) {
        let _closed = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |full_at| {
            (full_at != CLOSED).then(|| full_at.saturating_sub(shape.step()))
        });
    }

    pub(crate) fn room(&self, now: Micros, shape: Shape) -> Room {
        let (now, step) = (now * 1_000, shape.step());
        let owed = self.0.load(Ordering::Acquire).saturating_sub(now);
        let used = owed.div_ceil(step);
        let left = u64::from(shape.count).saturating_sub(used);
        Room { left: u32::try_from(left).unwrap_or(u32::MAX), reset: owed.div_ceil(1_000) }
    }

    /// Closes a bucket that is full; whether it was.
    pub(crate) fn close_if_full(&self, now: Micros) -> bool {
        let full_at = self.0.load(Ordering::Acquire);
        full_at <= now * 1_000 && self.0.compare_exchange(full_at, CLOSED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}
