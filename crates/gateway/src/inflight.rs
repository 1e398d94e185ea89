//! Requests in flight on one core, so that a revocation can end them (D14, D41).
//!
//! Owns:  the registry of admitted requests, their tickets, and cutting them.
//! Never: locks or atomics: one registry per core, touched by that core only.
//! Read:  `Ticket`, then `InFlight::cut`.
//!
//! Why no cut can be missed: a request looks its key up and takes its ticket without yielding in between, and the
//! table is changed before the cut is sent to the core. So a request either saw the change, or holds a ticket when the
//! cut arrives.

use crate::rates::Spent;
use model::{Denial, IdentityId, KeyId, SecretHash, Timestamp};
use slab::Slab;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// What ends, for requests that were admitted with it.
#[derive(Clone, Debug)]
pub(crate) enum Cut {
    /// The key: everything.
    Key(KeyId),
    /// Whose people act in an account: everything of theirs.
    Identity(IdentityId),
    /// One secret of a key: everything admitted with it.
    Secret(SecretHash),
    /// The key became narrower: streams and upgraded connections; what waits for its answer may finish (D41).
    Streams(KeyId),
    /// The key has a new end.
    KeyEnds(KeyId, Timestamp),
    /// The secret has a new end: it was rotated, or its overlap was changed.
    SecretEnds(SecretHash, Timestamp),
}

/// Through what a request was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A key.
    Key(KeyId),
    /// The mapping of a person's issuer and directory to an account.
    Identity(IdentityId),
}

/// What an admitted request is held to.
#[derive(Clone, Copy)]
pub(crate) struct Hold {
    pub(crate) holder: Holder,
    pub(crate) hash: SecretHash,
    /// The end of the secret.
    pub(crate) secret_ends: Timestamp,
    /// The end of the key.
    pub(crate) key_ends: Timestamp,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The caller has nothing yet: a cut becomes 401.
    Waiting,
    /// The answer streams, or the connection was upgraded: a cut breaks it off.
    Streaming,
}

struct Slot {
    hold: Option<Hold>,
    phase: Phase,
    cut: bool,
    /// The cut came with time, not with a change.
    expired: bool,
    waker: Option<Waker>,
    /// Tick at which data was handed to the caller's side and not yet asked for again.
    handed_out: Option<u32>,
    /// Set with the cut of a stream, so that what is stuck in a write ends too: the connection of HTTP/1, the one stream
    /// of HTTP/2, where the others live on.
    stuck: Rc<Cell<bool>>,
}

/// All requests in flight on one core.
pub(crate) struct InFlight {
    slots: RefCell<Slab<Slot>>,
    tick: Cell<u32>,
}

/// One admitted request; leaves the registry when dropped.
pub(crate) struct Ticket {
    registry: Rc<InFlight>,
    index: usize,
    /// What is given back when the request has ended.
    spent: Option<Box<Spent>>,
}

impl InFlight {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self { slots: RefCell::new(Slab::with_capacity(1024)), tick: Cell::new(0) })
    }

    /// Registers a request. `hold` is none for public operations, which no key can end.
    pub(crate) fn enter(self: &Rc<Self>, hold: Option<Hold>, stuck: Rc<Cell<bool>>) -> Ticket {
        let slot =
            Slot { hold, phase: Phase::Waiting, cut: false, expired: false, waker: None, handed_out: None, stuck };
        Ticket { registry: Rc::clone(self), index: self.slots.borrow_mut().insert(slot), spent: None }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.borrow().len()
    }

    /// Ends what the cut names, or amends when it ends; returns how many requests were ended.
    pub(crate) fn cut(&self, cut: &Cut) -> u64 {
        self.end(|slot| {
            let phase = slot.phase;
            slot.hold.as_mut().is_some_and(|hold| match cut {
                Cut::Key(key) => hold.holder == Holder::Key(*key),
                Cut::Identity(identity) => hold.holder == Holder::Identity(*identity),
                Cut::Secret(hash) => hold.hash.matches(hash),
                Cut::Streams(key) => hold.holder == Holder::Key(*key) && phase == Phase::Streaming,
                Cut::KeyEnds(key, end) => {
                    if hold.holder == Holder::Key(*key) {
                        hold.key_ends = *end;
                    }
                    false
                }
                Cut::SecretEnds(hash, end) => {
                    if hold.hash.matches(hash) {
                        hold.secret_ends = *end;
                    }
                    false
                }
            })
        })
    }

    /// Ends what has outlived its secret or key at `now`.
    pub(crate) fn expire(&self, now: Timestamp) -> u64 {
        self.end(|slot| {
            slot.expired = slot.hold.is_some_and(|hold| now >= hold.key_ends.min(hold.secret_ends));
            slot.expired
        })
    }

    /// One step of the core's coarse time; ends streams whose caller has taken nothing for `stall_ticks`.
    pub(crate) fn advance(&self, stall_ticks: u32) -> u64 {
        let now = self.tick.get().wrapping_add(1);
        self.tick.set(now);
        self.end(|slot| slot.handed_out.is_some_and(|since| now.wrapping_sub(since) > stall_ticks))
    }

    fn end(&self, ends: impl Fn(&mut Slot) -> bool) -> u64 {
        let mut wake = Vec::new();
        let mut count = 0;
        for (_, slot) in self.slots.borrow_mut().iter_mut() {
            if !slot.cut && ends(slot) {
                slot.cut = true;
                count += 1;
                if slot.phase == Phase::Streaming {
                    slot.stuck.set(true);
                }
                wake.extend(slot.waker.take());
            }
        }
        // Outside the borrow: a waker may run code of ours.
        wake.into_iter().for_each(Waker::wake);
        count
    }
}

impl Ticket {
    fn with<T>(&self, read: impl FnOnce(&mut Slot) -> T) -> Option<T> {
        self.registry.slots.borrow_mut().get_mut(self.index).map(read)
    }

    /// Gives `spent` back when the request has ended, its answer's last byte included.
    pub(crate) fn hold(&mut self, spent: Option<Box<Spent>>) {
        self.spent = spent;
    }

    #[cfg(test)]
    fn is_cut(&self) -> bool {
        self.with(|slot| slot.cut).unwrap_or(true)
    }

    /// What a request that is cut before it has an answer is told: what the next one of the same caller is.
    pub(crate) fn denial(&self) -> Denial {
        let held = self.with(|slot| (slot.hold.map(|hold| hold.holder), slot.expired));
        match held {
            Some((Some(Holder::Identity(_)), true)) => Denial::TokenExpired,
            Some((Some(Holder::Identity(_)), false)) => Denial::AccountNotMapped,
            Some((Some(Holder::Key(_)) | None, _)) | None => Denial::KeyRevoked,
        }
    }

    /// Ready once the request is cut; otherwise remembers whom to wake.
    pub(crate) fn poll_cut(&self, context: &Context<'_>) -> Poll<()> {
        let cut = self.with(|slot| {
            if !slot.cut && !slot.waker.as_ref().is_some_and(|w| w.will_wake(context.waker())) {
                slot.waker = Some(context.waker().clone());
            }
            slot.cut
        });
        if cut.unwrap_or(true) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// From here on the caller has the head: a cut breaks off instead of answering.
    pub(crate) fn stream(&self) {
        self.with(|slot| slot.phase = Phase::Streaming);
    }

    /// Data was handed to the caller's side: the stall clock starts, until it is asked for more.
    pub(crate) fn handed_out(&self) {
        let tick = self.registry.tick.get();
        self.with(|slot| slot.handed_out = Some(tick));
    }

    /// The caller's side asked for more: the stall clock stops.
    pub(crate) fn asked(&self) {
        self.with(|slot| slot.handed_out = None);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.registry.slots.borrow_mut().try_remove(self.index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Entropy;

    fn key(n: u8) -> KeyId {
        KeyId::new(Timestamp::from_secs(1), Entropy([n; 10]))
    }

    fn hold(n: u8, ends_at: Timestamp) -> Hold {
        let key = key(n);
        Hold {
            holder: Holder::Key(key),
            hash: SecretHash::from_bytes([n; 32]),
            secret_ends: Timestamp::MAX,
            key_ends: ends_at,
        }
    }

    fn enter(registry: &Rc<InFlight>, n: u8) -> (Ticket, Rc<Cell<bool>>) {
        let connection = Rc::new(Cell::new(false));
        (registry.enter(Some(hold(n, Timestamp::MAX)), Rc::clone(&connection)), connection)
    }

    #[test]
    fn d14_a_cut_ends_the_key_and_nothing_else() {
        let registry = InFlight::new();
        let ((one, _), (two, _), (other, _)) = (enter(&registry, 1), enter(&registry, 1), enter(&registry, 2));
        let public = registry.enter(None, Rc::default());
        assert_eq!(registry.cut(&Cut::Key(key(1))), 2);
        assert!(one.is_cut() && two.is_cut() && !other.is_cut() && !public.is_cut());
        drop(one);
        assert_eq!(registry.len(), 3);
        assert_eq!(registry.cut(&Cut::Secret(SecretHash::from_bytes([2; 32]))), 1);
        assert!(other.is_cut());
    }

    #[test]
    fn d41_narrowing_cuts_streams_only_and_expiry_cuts_by_time() {
        let registry = InFlight::new();
        let ((waiting, _), (streaming, connection)) = (enter(&registry, 1), enter(&registry, 1));
        streaming.stream();
        assert_eq!(registry.cut(&Cut::Streams(key(1))), 1);
        assert!(!waiting.is_cut() && streaming.is_cut() && connection.get());
        let late = registry.enter(Some(hold(3, Timestamp::from_secs(10))), connection);
        assert_eq!(registry.expire(Timestamp::from_micros(9_999_999)), 0);
        assert_eq!(registry.expire(Timestamp::from_secs(10)), 1);
        assert!(late.is_cut());
        registry.cut(&Cut::SecretEnds(SecretHash::from_bytes([1; 32]), Timestamp::from_secs(20)));
        assert_eq!(registry.expire(Timestamp::from_secs(20)), 1);
        assert!(waiting.is_cut());
    }

    #[test]
    fn a_stalled_caller_is_cut_and_a_reading_one_is_not() {
        let registry = InFlight::new();
        let ((stalled, _), (reading, _)) = (enter(&registry, 1), enter(&registry, 1));
        stalled.stream();
        stalled.handed_out();
        reading.stream();
        reading.handed_out();
        assert_eq!(registry.advance(2) + registry.advance(2), 0);
        reading.asked();
        assert_eq!(registry.advance(2), 1);
        assert!(stalled.is_cut() && !reading.is_cut());
    }
}
