//! Courier: the worker of each ledger that hands over what is due.
//!
//! Owns:  when it looks, and how many documents it carries at once.
//! Never: depends on what it did before: the rows say what is due, so a restart changes nothing.
//! Read:  `carry`.

use super::network::Network;
use crate::{
    ledger::{
        LedgerError,
        invostaq::courier::{Outcome, Parcel, Post},
    },
    options::Clock,
};
use std::{sync::Arc, time::Duration};
use tokio::{select, sync::watch, task::JoinSet, time};

/// The longest rest between two looks, so that a clock that jumps is noticed.
const REST_MAX: Duration = Duration::from_millis(250);
/// The shortest, so that a document that is always due is no busy loop.
const REST_MIN: Duration = Duration::from_millis(1);
/// How often one step of an errand is tried when the ledger fails.
const LEDGER_TRIES_MAX: usize = 4;

/// Hands over what is due in one ledger until `stopping`.
pub(crate) async fn carry<W: 'static, N: Network<W>>(
    post: Post<W>,
    network: N,
    clock: Clock,
    mut stopping: watch::Receiver<bool>,
) {
    let network = Arc::new(network);
    loop {
        let rest = match round(&post, &network, &clock).await {
            Ok(rest) => rest,
            Err(error) => {
                tracing::error!(%error, "invoicing: documents could not be handed over; trying again");
                REST_MAX
            }
        };
        select! {
            () = time::sleep(rest) => {}
            () = post.stored() => {}
            _ = stopping.changed() => return,
        }
    }
}

/// Hands over one batch; says how long to rest.
async fn round<W: 'static, N: Network<W>>(
    post: &Post<W>,
    network: &Arc<N>,
    clock: &Clock,
) -> Result<Duration, LedgerError> {
    // Looking costs no write lock; most looks find nothing.
    if post.next().await?.is_some_and(|due| due <= clock()) {
        let mut errands = JoinSet::new();
        for parcel in post.due(N::NAME, clock()).await? {
            errands.spawn(errand(post.clone(), Arc::clone(network), Arc::clone(clock), parcel));
        }
        while errands.join_next().await.is_some() {}
    }
    let rest = |due: i64| Duration::from_micros(due.saturating_sub(clock()).max(0).unsigned_abs());
    Ok(post.next().await?.map_or(REST_MAX, rest).clamp(REST_MIN, REST_MAX))
}

/// Hands one document over. The ledger may be busy for a moment, so it is asked again; where that does not help, the document
/// stays taken for a while, and is due again after that.
async fn errand<W: 'static, N: Network<W>>(post: Post<W>, network: Arc<N>, clock: Clock, parcel: Parcel<W>) {
    let mut outcome = None;
    for _ in 0..LEDGER_TRIES_MAX {
        match attempt(&post, &*network, &clock, &parcel, &mut outcome).await {
            Ok(()) => return,
            Err(error) => {
                tracing::error!(%error, transaction = %parcel.transaction, "invoicing: a document could not be handed over");
                time::sleep(REST_MAX).await;
            }
        }
    }
}

/// Delivers, unless that was done before, and writes down what came of it.
async fn attempt<W: 'static, N: Network<W>>(
    post: &Post<W>,
    network: &N,
    clock: &Clock,
    parcel: &Parcel<W>,
    outcome: &mut Option<Outcome>,
) -> Result<(), LedgerError> {
    let made = match outcome.take() {
        Some(made) => made,
        None => network.deliver(parcel, post).await?,
    };
    post.settle(parcel, outcome.insert(made), clock()).await
}
