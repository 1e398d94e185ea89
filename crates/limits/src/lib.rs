//! Limits: how much of what was asked for in which time (D15, D38).
//!
//! Owns:  the states of all subjects, shared by all cores; windows that never admit one too many; refunds.
//! Never: locks, I/O, a clock (times are microseconds of a clock that nobody sets back, handed in), HTTP.
//! Read:  `table`, then `ring` (exact, small counts), `buckets` (conservative, large ones), `gcra`.
#![warn(missing_docs)]

mod buckets;
mod gcra;
mod ring;
mod state;
mod table;

pub use ring::RING_MAX;
pub use table::{Asking, Exceeded, Limits, Reservation, SUBJECTS_MAX, Standing};

/// Microseconds since an instant before the first request, of a clock that nobody sets back.
pub type Micros = u64;

/// What became of one reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reserved {
    /// Taken; what is needed to give it back.
    Taken { slot: u64, at: Micros },
    /// No room before this instant.
    Refused { until: Micros },
}

/// What a state that is replaced leaves to the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Past {
    /// The last admissions, oldest first; no more than a ring can hold.
    pub(crate) times: Vec<Micros>,
    /// How many there may have been before those.
    pub(crate) earlier: u64,
    /// When the last of the earlier ones was, at the latest.
    pub(crate) earlier_until: Micros,
}

impl Past {
    /// Only the newest `count` are told; the others become earlier ones.
    pub(crate) fn newest(mut self, count: usize) -> Self {
        // Earlier ones that a larger count would have to hold against the caller stand where the last of them was: that may
        // refuse too much, and never admits too much.
        let room = count.saturating_sub(self.times.len());
        let filled = usize::try_from(self.earlier).unwrap_or(usize::MAX).min(room);
        self.times.splice(0..0, std::iter::repeat_n(self.earlier_until, filled));
        self.earlier -= filled as u64;
        if let Some(gone) = self.times.len().checked_sub(count).filter(|gone| *gone > 0) {
            self.earlier += gone as u64;
            self.earlier_until = self.times.drain(..gone).next_back().unwrap_or(self.earlier_until);
        }
        self
    }
}

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// How many more would be admitted now.
    pub(crate) left: u32,
    /// In how many microseconds some of what is used comes back; 0 when nothing is used.
    pub(crate) reset: Micros,
}

#[cfg(test)]
mod tests;
