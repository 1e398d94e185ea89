//! Errands: what the gateway asks of the store beyond following it.
//!
//! Owns:  `Desk` (the store as tasks of the control runtime reach it), and the queue of what broke the isolation of
//!        companies, on its way into the audit chain (D34).
//! Never: makes a core wait for the store.
//! Read:  `Errands`.

use crate::{
    config::{Clock, Randomness},
    follow::Progress,
    learn::{LESSONS_MAX, Lesson, teach},
    metrics::Counters,
    violation::{Groups, Violation},
};
use model::{AuditId, Entropy, RequestId};
use std::time::Duration;
use store::{Author, GatewayStore, Stamp};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// Violations that may wait for the store; further ones are counted only.
const VIOLATIONS_MAX: usize = 1_024;
/// How long a shutdown waits for what is queued.
pub(crate) const FINISH_MAX: Duration = Duration::from_secs(5);

/// Where errands are done.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) store: GatewayStore,
    pub(crate) clock: Clock,
    pub(crate) randomness: Randomness,
}

impl Desk {
    /// The installation's, for what `request` brought about.
    pub(crate) fn stamp(&self, request: Option<RequestId>) -> Stamp {
        let now = (self.clock)();
        Stamp { author: Author::Installation, request, now, audit_id: AuditId::new(now, self.entropy()) }
    }

    pub(crate) fn entropy(&self) -> Entropy {
        let mut random = [0; 10];
        (self.randomness)(&mut random);
        Entropy(random)
    }
}

/// The ways to the tasks; they end when all cores are gone and what was queued is done.
pub(crate) struct Errands {
    violations: mpsc::Sender<Violation>,
    lessons: mpsc::Sender<Lesson>,
}

impl Errands {
    /// Starts the tasks.
    pub(crate) fn start(desk: Desk, progress: watch::Receiver<Progress>) -> (Self, JoinSet<()>) {
        let (violations, queued) = mpsc::channel(VIOLATIONS_MAX);
        let mut tasks = JoinSet::new();
        tasks.spawn(note(desk.clone(), queued));
        let (lessons, queued) = mpsc::channel(LESSONS_MAX);
        tasks.spawn(teach(desk, progress, queued));
        (Self { violations, lessons }, tasks)
    }

    /// Has a company that an answer named created; `false` when there is no room.
    pub(crate) fn learn(&self, lesson: Lesson) -> bool {
        self.lessons.try_send(lesson).is_ok()
    }

    /// Has a violation written into the audit chain; one that finds no room is counted.
    pub(crate) fn violated(&self, counters: &Counters, violation: Violation) {
        if self.violations.try_send(violation).is_err() {
            counters.audit_entry_dropped();
        }
    }
}

/// Waits, bounded, until what was queued is done.
pub(crate) async fn finish(mut tasks: JoinSet<()>) {
    let done = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(FINISH_MAX, done).await.is_err() {
        tracing::warn!("what the gateway still had to ask of the store was given up");
    }
}

/// Writes violations into the audit chain: the first of its kind at once, what follows within a minute as one entry.
async fn note(desk: Desk, mut queued: mpsc::Receiver<Violation>) {
    let mut groups = Groups::default();
    loop {
        let due = async {
            match groups.next() {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let told = tokio::select! {
            violation = queued.recv() => match violation {
                Some(violation) => groups.take(violation, Instant::now()).into_iter().collect(),
                None => break,
            },
            () = due => groups.due(Instant::now()),
        };
        for violation in told {
            write(&desk, violation).await;
        }
    }
    for violation in groups.rest() {
        write(&desk, violation).await;
    }
}

async fn write(desk: &Desk, Violation { account, key, operation, request, count }: Violation) {
    if let Err(error) = desk.store.note_violation(desk.stamp(request), account, key, operation, count).await {
        tracing::error!(%error, %account, key_id = %key, count, "isolation.violation is not in the audit chain");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{AccountId, KeyId, OperationId, Timestamp};

    #[test]
    fn d34_a_violation_that_finds_no_room_is_counted() {
        let (violations, _nobody_reads) = mpsc::channel(1);
        let (lessons, _nobody_learns) = mpsc::channel(1);
        let (errands, counters) = (Errands { violations, lessons }, Counters::new());
        let at = Timestamp::from_secs(1);
        for _ in 0..3 {
            let violation = Violation {
                account: AccountId::new(at, Entropy([1; 10])),
                key: KeyId::new(at, Entropy([1; 10])),
                operation: OperationId::new("list").unwrap(),
                request: None,
                count: 1,
            };
            errands.violated(&counters, violation);
        }
        assert_eq!(counters.audit_entries_dropped(), 2);
    }
}
