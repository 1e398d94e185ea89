//! Ring: an exact sliding window for small counts (D38).
//!
//! Owns:  the times of the last L admissions, shared by all cores without a lock.
//! Never: admits more than L in any half-open window of the stated length, whatever the threads do.
//! Read:  `Ring::reserve`, then `Ring::close`.
//!
//! The head says where the next admission goes and when the last one was: one word, so that times never run backwards along
//! the ring. The place at the head holds the admission L before, which is the oldest that counts: if it is a whole window
//! old, there is room. Whoever moves the head then writes its place. Each place carries the lap it was written in, so a
//! place that is still being written is seen to be, and waited for.

use crate::{Micros, Past, Reserved, Room};
use std::{
    hint::spin_loop,
    sync::atomic::{AtomicU64, Ordering},
};

/// The largest count that is kept exactly (D38).
pub const RING_MAX: u32 = 256;

/// Bits of a word that tell a time in microseconds: almost nine years since the process began.
const TIME_BITS: u32 = 48;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;
/// How often a place that another core is writing is looked at; a store takes a few nanoseconds.
const SPINS_MAX: u32 = 1_000;
/// A head that moves no more: the state was replaced.
const CLOSED: u64 = u64::MAX;

/// The last `count` admissions of one subject.
#[derive(Debug)]
pub(crate) struct Ring {
    /// Place and lap of the next admission (16 bits), time of the last.
    head: AtomicU64,
    /// Lap (16 bits) and time; lap 0 is "never".
    places: Box<[AtomicU64]>,
    /// Places times laps: the head's 16 bits run from 0 to this.
    round: u64,
    /// What a larger state before this one knew, and when the last of that was.
    earlier: (u64, Micros),
}

const fn word(high: u64, time: Micros) -> u64 {
    high << TIME_BITS | (if time > TIME_MASK { TIME_MASK } else { time })
}

impl Ring {
    /// A ring for `count` admissions (1 to `RING_MAX`) that goes on from `past`.
    pub(crate) fn new(count: u32, past: Past) -> Self {
        let count = count.clamp(1, RING_MAX) as usize;
        let Past { times: kept, earlier, earlier_until } = past.newest(count);
        let places: Box<[AtomicU64]> = (0..count).map(|_| AtomicU64::new(0)).collect();
        // Lap 0 is full of admissions that never were; the kept ones take the first places of lap 1.
        let laps = u64::from(u16::MAX) / count as u64;
        let ring = Self {
            head: AtomicU64::new(word(count as u64, 0)),
            places,
            round: laps * count as u64,
            earlier: (earlier, earlier_until),
        };
        let mut last = 0;
        for (place, time) in ring.places.iter().zip(&kept) {
            last = last.max(*time);
            place.store(word(1, last), Ordering::Relaxed);
        }
        ring.head.store(word((count + kept.len()) as u64, last), Ordering::Relaxed);
        ring
    }

    pub(crate) fn count(&self) -> u32 {
        self.places.len() as u32
    }

    /// Takes a place if fewer than `count` admissions lie in the last `window`. `None`: the state was replaced; look it up again.
    pub(crate) fn reserve(&self, now: Micros, window: Micros) -> Option<Reserved> {
        let mut spins = 0;
        loop {
            let head = self.head.load(Ordering::Acquire);
            if head == CLOSED {
                return None;
            }
            let (at, last) = (head >> TIME_BITS, head & TIME_MASK);
            let now = now.max(last).clamp(1, TIME_MASK);
            let (lap, place) = self.place(at)?;
            let found = place.load(Ordering::Acquire);
            let free_at = match found >> TIME_BITS {
                0 if lap == 1 => 0,
                seen if seen == before(lap, self.laps()) => end(found & TIME_MASK, window),
                _ if spins < SPINS_MAX => {
                    spins += 1;
                    spin_loop();
                    continue;
                }
                // Written by a core that stands still: as young as it can be.
                _ => last + window,
            };
            if now < free_at {
                return Some(Reserved::Refused { until: free_at });
            }
            let next = self.next(at);
            if self.head.compare_exchange_weak(head, word(next, now), Ordering::AcqRel, Ordering::Acquire).is_ok() {
                place.store(word(lap, now), Ordering::Release);
                return Some(Reserved::Taken { slot: at, at: now });
            }
        }
    }

    /// Gives a place back. The newest one is as if it had never been taken; an older one counts for nothing, but is only
    /// free when its turn comes.
    pub(crate) fn refund(&self, slot: u64, at: Micros) {
        let Some((lap, place)) = self.place(slot) else { return };
        // Behind it nothing was admitted: the place keeps its time, and the head returns to it with a time that is not
        // earlier, so the times stay in order. What the place says then is the time of nobody, so it says "long ago".
        let unwound =
            self.head.compare_exchange(word(self.next(slot), at), word(slot, at), Ordering::AcqRel, Ordering::Acquire);
        let long_ago = match unwound {
            Ok(_) => word(before(lap, self.laps()), 0),
            Err(_) => word(lap, 0),
        };
        let _overtaken = place.compare_exchange(word(lap, at), long_ago, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Ends the ring and tells its admissions, oldest first; `None` when somebody else has ended it.
    pub(crate) fn close(&self) -> Option<Past> {
        let head = self.head.swap(CLOSED, Ordering::AcqRel);
        let (earlier, earlier_until) = self.earlier;
        (head != CLOSED).then(|| Past { times: self.times(head), earlier, earlier_until })
    }

    /// How many more would be admitted now, and when the first place is free again.
    pub(crate) fn room(&self, now: Micros, window: Micros) -> Room {
        let head = self.head.load(Ordering::Acquire);
        if head == CLOSED {
            return Room { left: 0, reset: 0 };
        }
        let (at, now) = (head >> TIME_BITS, now.max(head & TIME_MASK));
        let count = self.places.len() as u64;
        // From the head on the places go from the oldest to the newest, but for those given back out of turn.
        let time = |back: u64| {
            self.places.get(((at + back) % count) as usize).map_or(0, |place| place.load(Ordering::Acquire) & TIME_MASK)
        };
        // Those are free already, yet only when their turn comes: what counts is how many are free before the first that is not.
        let low = (0..count).find(|back| end(time(*back), window) > now).unwrap_or(count);
        let reset = if low == count { 0 } else { end(time(low), window).saturating_sub(now) };
        Room { left: u32::try_from(low).unwrap_or(0), reset }
    }

    /// When the last admission was; 0 for never.
    pub(crate) fn last(&self) -> Micros {
        match self.head.load(Ordering::Acquire) {
            CLOSED => 0,
            head => head & TIME_MASK,
        }
    }

    fn times(&self, head: u64) -> Vec<Micros> {
        let mut times: Vec<Micros> = Vec::with_capacity(self.places.len());
        let last = head & TIME_MASK;
        for _ in 0..SPINS_MAX {
            times.clear();
            let mut writing = false;
            for place in &self.places {
                let found = place.load(Ordering::Acquire);
                writing |= self.behind(found >> TIME_BITS, head >> TIME_BITS, times.len() as u64);
                times.push(found & TIME_MASK);
            }
            if !writing {
                break;
            }
            spin_loop();
        }
        times.iter_mut().for_each(|time| *time = (*time).min(last));
        times.retain(|time| *time > 0);
        times.sort_unstable();
        times
    }

    /// Whether a place has not yet been written by whoever took it last.
    fn behind(&self, lap: u64, at: u64, index: u64) -> bool {
        let count = self.places.len() as u64;
        let (head_lap, head_index) = (at / count, at % count);
        let wanted = if index < head_index { head_lap } else { before(head_lap, self.laps()) };
        wanted != 0 && lap != wanted
    }

    fn laps(&self) -> u64 {
        self.round / self.places.len() as u64
    }

    fn place(&self, at: u64) -> Option<(u64, &AtomicU64)> {
        let count = self.places.len() as u64;
        Some((at / count, self.places.get((at % count) as usize)?))
    }

    /// The head behind `at`. Lap 0 is left out, so that "never written" is told from every written lap.
    fn next(&self, at: u64) -> u64 {
        if at + 1 == self.round { self.places.len() as u64 } else { at + 1 }
    }
}

/// When an admission stops to count. The time 0 is that of none.
const fn end(time: Micros, window: Micros) -> Micros {
    if time == 0 { 0 } else { time + window }
}

/// The lap before; the first one comes after the last.
const fn before(lap: u64, laps: u64) -> u64 {
    if lap == 1 { laps - 1 } else { lap - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r78_what_is_given_back_out_of_turn_is_not_said_to_be_room() {
        let ring = Ring::new(4, Past::default());
        let taken: Vec<_> = (1..=4).map(|now| ring.reserve(now, 60)).collect();
        assert!(taken.iter().all(|taken| matches!(taken, Some(Reserved::Taken { .. }))));
        if let Some(Some(Reserved::Taken { slot, at })) = taken.get(2) {
            ring.refund(*slot, *at);
        }
        assert_eq!(ring.room(5, 60), Room { left: 0, reset: 56 });
        assert_eq!(ring.reserve(5, 60), Some(Reserved::Refused { until: 61 }));
        assert_eq!(ring.room(61, 60), Room { left: 1, reset: 1 });
    }
}
