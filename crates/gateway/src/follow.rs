//! Following the change log (design section 5, invariant 7).
//!
//! Owns:  loading the snapshot, keeping it current, and telling when a revision is in force here.
//! Never: trusts a hint: a hint only wakes it, a tick reads anyway; what it has not read it does not vouch for.
//! Read:  `Follower::run`, then `Follower::step`.

use crate::{
    config::{Clock, Limits},
    core::Command,
    inflight::Cut,
    snapshot::{Snapshot, Writer},
};
use model::Timestamp;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use store::{Feed, Revision, StoreError};
use tokio::sync::{mpsc, oneshot, watch};

/// Rows of the change log read at once.
const BATCH_MAX: usize = 1_000;
/// Past steps of which the number of cut requests is remembered.
const HISTORY_MAX: usize = 1_024;

/// What this gateway has put in force.
#[derive(Clone, Debug)]
pub struct Applied {
    /// Everything up to here is in force: no later request is admitted against it, in-flight ones are cut.
    pub revision: Revision,
    /// Since when.
    pub applied_at: Timestamp,
    /// Requests that the step to this revision ended.
    pub cut: u64,
}

/// How far the follower is; kept for those who wait for a revision.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    pub(crate) revision: Revision,
    pub(crate) history: VecDeque<Applied>,
}

impl Progress {
    /// The step that put `revision` in force, if it is in force.
    pub(crate) fn of(&self, revision: Revision) -> Option<Applied> {
        if self.revision < revision {
            return None;
        }
        let step = self.history.iter().find(|step| step.revision >= revision).or_else(|| self.history.back());
        step.cloned()
    }
}

pub(crate) struct Follower {
    pub(crate) feed: Feed,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) writer: Writer,
    pub(crate) cores: Vec<mpsc::Sender<Command>>,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
}

impl Follower {
    /// Reads everything once; only then may the gateway say yes.
    pub(crate) async fn load(&mut self) -> Result<(), StoreError> {
        let began = (self.clock)();
        let writer = &mut self.writer;
        // Nothing was admitted before the first load, so there is nothing to cut.
        let mut nothing = Vec::new();
        let revision = self
            .feed
            .all(&mut |item| {
                writer.apply(item, &mut nothing);
                nothing.clear();
            })
            .await?;
        self.vouch(began);
        self.publish(revision, 0);
        Ok(())
    }

    /// Follows until `stop` is dropped or told.
    pub(crate) async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        let mut hints = self.feed.committed();
        let mut tick = tokio::time::interval(self.limits.follow_interval);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut hints_end = false;
        loop {
            tokio::select! {
                _ = &mut stop => return,
                hint = hints.changed(), if !hints_end => hints_end = hint.is_err(),
                _ = tick.tick() => {}
            }
            loop {
                match self.step().await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => {
                        tracing::error!(%error, "the change log cannot be read; requests stop when the bound is reached");
                        // The next tick tries again.
                        break;
                    }
                }
            }
        }
    }

    /// Reads and applies one batch; says whether there is more.
    async fn step(&mut self) -> Result<bool, StoreError> {
        let began = (self.clock)();
        let before = self.progress.borrow().revision;
        let batch = self.feed.since(before, BATCH_MAX).await?;
        if batch.revision == before {
            self.vouch(began);
            return Ok(false);
        }
        let mut cuts = Vec::new();
        for item in batch.items {
            self.writer.apply(item, &mut cuts);
        }
        let cut = self.cut(cuts).await;
        if !batch.more {
            self.vouch(began);
        }
        self.publish(batch.revision, cut);
        Ok(batch.more)
    }

    /// Tells every core, and waits until every core has done it. A core that is gone has no requests.
    async fn cut(&self, cuts: Vec<Cut>) -> u64 {
        if cuts.is_empty() {
            return 0;
        }
        let cuts: Arc<[Cut]> = cuts.into();
        let mut waiting = Vec::with_capacity(self.cores.len());
        for core in &self.cores {
            let (done, answer) = oneshot::channel();
            if core.send(Command::Cut(Arc::clone(&cuts), done)).await.is_ok() {
                waiting.push(answer);
            }
        }
        let mut total = 0;
        for answer in waiting {
            total += answer.await.unwrap_or(0);
        }
        total
    }

    /// The bound is measured from the start of the read (design section 5).
    fn vouch(&self, began: Timestamp) {
        let bound = i64::try_from(self.limits.revocation_bound.as_micros()).unwrap_or(i64::MAX);
        self.snapshot.trust_until(began.plus_micros(bound));
    }

    fn publish(&self, revision: Revision, cut: u64) {
        let applied = Applied { revision, applied_at: (self.clock)(), cut };
        self.progress.send_modify(|progress| {
            progress.revision = revision;
            if progress.history.len() == HISTORY_MAX {
                progress.history.pop_front();
            }
            progress.history.push_back(applied);
        });
    }
}

/// How long `in_force` waits before it gives up: longer than any step takes, shorter than a caller's patience.
pub(crate) const IN_FORCE_MAX: Duration = Duration::from_secs(30);
