//! Pool: the connections of one core to one target.
//!
//! Owns:  the bound on connections (`Slot`), the unused ones (`Idle`), who waits for one.
//! Never: dials, or keeps a connection that an exchange did not leave clean.
//! Read:  `Pool::slot`, `Pool::reuse`, `Lease::give_back`.

use crate::connection::Connection;
use crate::error::{Fate, UpstreamError, Wait};
use crate::upstream::{Counts, UpstreamConfig};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

/// The connections of one core to one target. An unused connection holds no slot, and a connection is only opened with a
/// slot in hand and none unused, so `total_max` bounds all of them.
#[derive(Debug)]
pub(crate) struct Pool {
    slots: Semaphore,
    total_max: usize,
    waiting: Cell<usize>,
    waiting_max: usize,
    acquire_timeout: Duration,
    /// Oldest first; taken from the back, so that those too many grow old.
    idle: RefCell<VecDeque<Idle>>,
    idle_max: usize,
    idle_keep: Duration,
    pub(crate) opened: Cell<u64>,
    pub(crate) reused: Cell<u64>,
    pub(crate) retried: Cell<u64>,
    pub(crate) writes: Cell<u64>,
}

#[derive(Debug)]
struct Idle {
    conn: Box<Connection>,
    since: Instant,
}

/// The right to use one connection.
#[derive(Debug)]
pub(crate) struct Slot(Rc<Pool>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.slots.add_permits(1);
    }
}

/// A connection in use. Dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) conn: Box<Connection>,
    pub(crate) slot: Slot,
}

impl Lease {
    /// Puts the connection among the unused ones. Only for one on which an exchange came to its end in both directions.
    pub(crate) fn give_back(self) {
        self.slot.0.keep(self.conn);
    }
}

/// Counts a waiting request for as long as it waits.
struct Waiting<'a>(&'a Cell<usize>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Pool {
    pub(crate) fn new(config: &UpstreamConfig) -> Rc<Self> {
        let total_max = config.total_max.clamp(1, Semaphore::MAX_PERMITS);
        Rc::new(Self {
            slots: Semaphore::new(total_max),
            total_max,
            waiting: Cell::new(0),
            waiting_max: config.waiting_max,
            acquire_timeout: config.acquire_timeout,
            idle: RefCell::new(VecDeque::new()),
            idle_max: config.idle_max,
            idle_keep: config.idle_keep,
            opened: Cell::new(0),
            reused: Cell::new(0),
            retried: Cell::new(0),
            writes: Cell::new(0),
        })
    }

    /// The right to a connection; waits its turn when all are in use.
    pub(crate) async fn slot(self: &Rc<Self>) -> Result<Slot, UpstreamError> {
        if let Ok(permit) = self.slots.try_acquire() {
            permit.forget();
            return Ok(Slot(Rc::clone(self)));
        }
        if self.waiting.get() >= self.waiting_max {
            return Err(UpstreamError::Busy);
        }
        self.waiting.set(self.waiting.get() + 1);
        let _waiting = Waiting(&self.waiting);
        match timeout(self.acquire_timeout, self.slots.acquire()).await {
            Ok(Ok(permit)) => {
                permit.forget();
                Ok(Slot(Rc::clone(self)))
            }
            // The semaphore is never closed; were it, there would be nothing to wait for.
            Ok(Err(_)) => Err(UpstreamError::Busy),
            Err(_) => Err(UpstreamError::Timeout { wait: Wait::Connection, fate: Fate::NotSent }),
        }
    }

    /// The connection that was put away last, if it is alive.
    pub(crate) fn reuse(&self) -> Option<Box<Connection>> {
        let mut idle = self.idle.borrow_mut();
        let now = idle.back().map(|_| Instant::now())?;
        while let Some(mut last) = idle.pop_back() {
            if now.saturating_duration_since(last.since) >= self.idle_keep {
                // All before it have waited longer still.
                idle.clear();
            } else if last.conn.is_quiet() {
                return Some(last.conn);
            }
        }
        None
    }

    fn keep(&self, mut conn: Box<Connection>) {
        if self.idle_max == 0 {
            return;
        }
        conn.rest();
        let since = Instant::now();
        let mut idle = self.idle.borrow_mut();
        let old = |first: &Idle| since.saturating_duration_since(first.since) >= self.idle_keep;
        while idle.len() >= self.idle_max || idle.front().is_some_and(old) {
            idle.pop_front();
        }
        idle.push_back(Idle { conn, since });
    }

    /// Closes unused connections that are too old or that the upstream has closed.
    pub(crate) fn sweep(&self) {
        let mut idle = self.idle.borrow_mut();
        if idle.is_empty() {
            return;
        }
        let now = Instant::now();
        idle.retain_mut(|one| now.saturating_duration_since(one.since) < self.idle_keep && one.conn.is_quiet());
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            active: self.total_max - self.slots.available_permits().min(self.total_max),
            idle: self.idle.borrow().len(),
            waiting: self.waiting.get(),
            opened: self.opened.get(),
            reused: self.reused.get(),
            retried: self.retried.get(),
            writes: self.writes.get(),
        }
    }
}

/// Adds to a count.
pub(crate) fn count(cell: &Cell<u64>, more: u64) {
    cell.set(cell.get().wrapping_add(more));
}
