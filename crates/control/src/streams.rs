//! Streams: how many of them are open, all in all and for one caller.
//!
//! Owns:  the seats of streams of events.
//! Never: knows what is streamed.
//! Read:  `Streams::enter`.

use crate::authority::Caller;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Streams that one caller may have open: a few tabs.
const OF_ONE_MAX: usize = 8;

/// The seats.
#[derive(Clone)]
pub(crate) struct Streams {
    /// How many each caller has; callers who have none are not listed.
    open: Arc<Mutex<HashMap<String, usize>>>,
    max: usize,
}

/// One seat; free again when it is dropped.
pub(crate) struct Seat {
    streams: Streams,
    whose: String,
}

impl Streams {
    pub(crate) fn new(max: usize) -> Self {
        Self { open: Arc::default(), max }
    }

    /// A seat for this caller, if there is one.
    pub(crate) fn enter(&self, caller: &Caller) -> Option<Seat> {
        let whose = match caller {
            Caller::Nobody => return None,
            Caller::Operator(id) => id.to_string(),
            Caller::Person { session, .. } => session.person.to_string(),
        };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = open.values().sum();
        let own = open.get(&whose).copied().unwrap_or_default();
        if all >= self.max || own >= OF_ONE_MAX {
            return None;
        }
        open.insert(whose.clone(), own + 1);
        Some(Seat { streams: self.clone(), whose })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.streams.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.whose) {
            Some(own) if *own > 1 => *own -= 1,
            Some(_) | None => {
                open.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::OperatorTokenId;

    #[test]
    fn one_caller_takes_no_more_than_a_few_seats_and_gives_them_back() {
        let streams = Streams::new(OF_ONE_MAX + 1);
        let caller = |n| Caller::Operator(OperatorTokenId::from_bytes([n; 16]));
        let mut seats: Vec<_> = (0..OF_ONE_MAX).map(|_| streams.enter(&caller(1)).unwrap()).collect();
        assert!(streams.enter(&caller(1)).is_none());
        let _other = streams.enter(&caller(2)).unwrap();
        assert!(streams.enter(&caller(3)).is_none(), "all are taken");
        seats.clear();
        assert_eq!(streams.open.lock().unwrap().len(), 1);
        assert!(streams.enter(&caller(1)).is_some());
    }
}
