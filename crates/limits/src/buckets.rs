//! Buckets: a conservative sliding window for large counts (D38).
//!
//! Owns:  how many were admitted before each sixtieth of a window began.
//! Never: admits more than L in any window; at most the part of a sixtieth too few.
//! Read:  `Buckets::reserve`.
//!
//! The head holds the number of the present sixtieth and how many were admitted since the beginning. What was admitted in
//! the last window is the head's count less the count at the start of the sixtieth that lies sixty back, which is counted
//! whole. Whoever begins a new sixtieth writes down its starting count before moving the head, and a start only ever
//! grows, so nobody sees one that is too large or missing.

use crate::{Micros, Past, Reserved, Room, ring::RING_MAX};
use std::sync::atomic::{AtomicU64, Ordering};

/// Sixtieths of a window.
const PARTS: u64 = 60;
/// Starts that are kept: those of a whole window and of the present sixtieth.
const KEPT: usize = PARTS as usize + 1;
/// Bits of a word that count admissions, and wrap around: what lies within a window is far less. The number of a sixtieth
/// has the other 32 bits, which are more than two years of the shortest window.
const COUNT_BITS: u32 = 32;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;
/// A head that moves no more: the state was replaced.
const CLOSED: u64 = u64::MAX;

/// The admissions of one subject, by sixtieths of a window.
#[derive(Debug)]
pub(crate) struct Buckets {
    /// Number of the present sixtieth, and admissions so far.
    head: AtomicU64,
    /// Number of a sixtieth, and admissions before it.
    starts: Box<[AtomicU64; KEPT]>,
    /// Given back: number of a sixtieth, and how many of it.
    refunds: Box<[AtomicU64; KEPT]>,
    /// The last sixtieth of which something was given back: most windows have none, and need not look.
    refunded: AtomicU64,
    /// The length of a sixtieth.
    part: Micros,
    count: AtomicU64,
}

const fn word(part: u64, count: u64) -> u64 {
    part << COUNT_BITS | (count & COUNT_MASK)
}

impl Buckets {
    /// For `count` admissions a window, going on from `past`.
    pub(crate) fn new(count: u32, window: Micros, past: &Past) -> Self {
        let buckets = Self {
            head: AtomicU64::new(0),
            starts: Box::new(std::array::from_fn(|_| AtomicU64::new(0))),
            refunds: Box::new(std::array::from_fn(|_| AtomicU64::new(0))),
            refunded: AtomicU64::new(0),
            // Rounded up, so that sixty parts are never less than the window.
            part: window.div_ceil(PARTS).max(1),
            count: AtomicU64::new(u64::from(count)),
        };
        buckets.add(past.earlier_until, past.earlier);
        past.times.iter().for_each(|time| buckets.add(*time, 1));
        buckets
    }

    /// Counts what was before; nobody else has the state yet.
    fn add(&self, time: Micros, admitted: u64) {
        let head = self.head.load(Ordering::Acquire);
        let (present, total) = (head >> COUNT_BITS, head & COUNT_MASK);
        let part = (time / self.part + 1).max(present);
        self.begin(present, part, total);
        self.head.store(word(part, total + admitted), Ordering::Release);
    }

    /// Writes down what was admitted before each sixtieth behind `present` up to `part`.
    fn begin(&self, present: u64, part: u64, total: u64) {
        for begun in (present + 1).max(part.saturating_sub(PARTS))..=part {
            self.start(begun).fetch_max(word(begun, total), Ordering::AcqRel);
        }
    }

    /// Another count from now on.
    pub(crate) fn set_count(&self, count: u32) {
        self.count.store(u64::from(count), Ordering::Release);
    }

    pub(crate) fn reserve(&self, now: Micros) -> Option<Reserved> {
        self.take(now, self.count.load(Ordering::Acquire))
    }

    fn take(&self, now: Micros, most: u64) -> Option<Reserved> {
        // Sixtieths are counted from 1, so that an unwritten start is that of none.
        let mut wanted = now / self.part + 1;
        loop {
            let head = self.head.load(Ordering::Acquire);
            if head == CLOSED {
                return None;
            }
            let (present, total) = (head >> COUNT_BITS, head & COUNT_MASK);
            let part = wanted.max(present);
            self.begin(present, part, total);
            let used = match self.used(part, total) {
                Ok(used) => used,
                // Another core's time has come further, to a sixtieth whose place this one's start had: so has ours.
                Err(later) => {
                    wanted = wanted.max(later);
                    continue;
                }
            };
            if used >= most {
                return Some(Reserved::Refused { until: self.free_at(part, total, most) });
            }
            let next = word(part, total + 1);
            if self.head.compare_exchange_weak(head, next, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                let at = now.max((part - 1) * self.part);
                return Some(Reserved::Taken { slot: part, at });
            }
        }
    }

    /// Gives one back.
    pub(crate) fn refund(&self, part: u64) {
        let Some(place) = self.refunds.get((part % KEPT as u64) as usize) else { return };
        // Before it is there: whoever does not see this yet counts one too many, never one too few.
        self.refunded.fetch_max(part, Ordering::AcqRel);
        let _always = place.fetch_update(Ordering::AcqRel, Ordering::Acquire, |seen| {
            let same = seen >> COUNT_BITS == part;
            Some(if same { seen + 1 } else { word(part, 1) })
        });
    }

    /// Ends the state and tells its last admissions as times, each as late as it can have been; `None` when somebody else has
    /// ended it. Only a ring comes after it, so no more are told than a ring can use.
    pub(crate) fn close(&self) -> Option<Past> {
        let head = self.head.swap(CLOSED, Ordering::AcqRel);
        if head == CLOSED {
            return None;
        }
        let (present, total) = (head >> COUNT_BITS, head & COUNT_MASK);
        let mut past = Past::default();
        let mut later = total;
        for part in (present.saturating_sub(PARTS).max(1)..=present).rev() {
            let before = self.before(part).unwrap_or(later);
            let (end, admitted) = (part * self.part - 1, since(before, later));
            let told = admitted.min(u64::from(RING_MAX) - past.times.len() as u64);
            past.times.extend(std::iter::repeat_n(end, usize::try_from(told).unwrap_or(0)));
            if told < admitted && past.earlier == 0 {
                past.earlier_until = end;
            }
            past.earlier += admitted - told;
            later = before;
        }
        past.times.reverse();
        Some(past)
    }

    pub(crate) fn room(&self, now: Micros) -> Room {
        let head = self.head.load(Ordering::Acquire);
        if head == CLOSED {
            return Room { left: 0, reset: 0 };
        }
        let (present, total) = (head >> COUNT_BITS, head & COUNT_MASK);
        let part = (now / self.part + 1).max(present);
        let first = part.saturating_sub(PARTS);
        // Nothing was admitted in sixtieths that have not begun.
        let used = if first > present { Ok(0) } else { self.used(first + PARTS, total) };
        let most = self.count.load(Ordering::Acquire);
        let left = used.map_or(0, |used| most.saturating_sub(used));
        let reset = if left == most { 0 } else { (part * self.part).saturating_sub(now) };
        Room { left: u32::try_from(left).unwrap_or(u32::MAX), reset }
    }

    /// When the last admission can have been, at the latest; 0 for never.
    pub(crate) fn last(&self) -> Micros {
        match self.head.load(Ordering::Acquire) {
            CLOSED => 0,
            head => (head >> COUNT_BITS) * self.part,
        }
    }

    /// Admissions of the window that ends in `part`, less those given back, or a later sixtieth that has begun elsewhere.
    fn used(&self, part: u64, total: u64) -> Result<u64, u64> {
        let first = part.saturating_sub(PARTS);
        Ok(since(self.before(first)?, total).saturating_sub(self.refunded(first, part)))
    }

    fn refunded(&self, first: u64, last: u64) -> u64 {
        if self.refunded.load(Ordering::Acquire) < first.max(1) {
            return 0;
        }
        let of = |place: &AtomicU64| place.load(Ordering::Acquire);
        let counted = |seen: &u64| (first..=last).contains(&(seen >> COUNT_BITS));
        self.refunds.iter().map(of).filter(counted).map(|seen| seen & COUNT_MASK).sum()
    }

    /// Admissions before a sixtieth began; a later one, if that has taken its place.
    fn before(&self, part: u64) -> Result<u64, u64> {
        let seen = self.start(part).load(Ordering::Acquire);
        match (seen >> COUNT_BITS).cmp(&part) {
            std::cmp::Ordering::Equal => Ok(seen & COUNT_MASK),
            // Never begun: nothing was admitted before the first.
            std::cmp::Ordering::Less => Ok(0),
            std::cmp::Ordering::Greater => Err(seen >> COUNT_BITS),
        }
    }

    fn free_at(&self, part: u64, total: u64, most: u64) -> Micros {
        // Each sixtieth that leaves the window gives back what was admitted in it.
        for first in part.saturating_sub(PARTS) + 1..=part {
            let Ok(before) = self.before(first) else { continue };
            if since(before, total).saturating_sub(self.refunded(first, part)) < most {
                return (first + PARTS - 1) * self.part;
            }
        }
        (part + PARTS) * self.part
    }

    fn start(&self, part: u64) -> &AtomicU64 {
        let [first, ..] = &*self.starts;
        self.starts.get((part % KEPT as u64) as usize).unwrap_or(first)
    }
}

/// Admissions between two counts, the second one later.
const fn since(before: u64, after: u64) -> u64 {
    after.wrapping_sub(before) & COUNT_MASK
}
