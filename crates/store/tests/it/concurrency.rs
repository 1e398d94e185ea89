//! Many writers at once: grouped commits keep the log gapless and ordered, and a refused change takes no other with it.
//!
//! Owns:  callers that compete, go away, or come too late.
//! Never: killed processes; that is `durability`.
//! Read:  top down.

use crate::world::World;
use std::sync::Arc;
use store::{Options, Revision, StoreError};

const TASKS: usize = 64;
const EACH: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_6_revisions_are_gapless_ordered_and_durable_for_many_writers() {
    let world = Arc::new(World::with(Options { companies_max: 100_000, ..Options::default() }).await);
    let account = world.account().await;
    world.company(&account, &["test:id=taken"]).await;
    let start = *world.store.committed().borrow();
    let mut tasks = Vec::new();
    for _ in 0..TASKS {
        let (world, account) = (Arc::clone(&world), account.clone());
        tasks.push(tokio::spawn(async move {
            let mut revisions = Vec::new();
            for n in 0..EACH {
                let committed = world.store.committed();
                if n % 3 == 0 {
                    let taken = world.new_company(account.id(), &["live:id=free", "test:id=taken"]);
                    let refused = account.create_company(world.stamp(), taken).await;
                    assert!(matches!(refused, Err(StoreError::Conflict { .. })));
                    continue;
                }
                let made = account.create_company(world.stamp(), world.new_company(account.id(), &[])).await.unwrap();
                assert!(*committed.borrow() >= made.revision, "the hint is there when the call returns");
                assert!(account.company(made.value.company.id).await.is_ok(), "readers see what was acknowledged");
                revisions.push(made.revision);
            }
            assert!(revisions.is_sorted(), "one caller's changes keep their order");
            revisions
        }));
    }
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    all.sort_unstable();
    let expected: Vec<Revision> = (start.0 + 1..=start.0 + all.len() as u64).map(Revision).collect();
    assert_eq!(all, expected, "every revision once, none missing");
    let health = world.store.health().await.unwrap();
    assert_eq!(health.problems, Vec::<String>::new());
    assert_eq!((health.revision, health.counts.companies), (*all.last().unwrap(), all.len() as u64 + 1));
    // The refused changes left none of their rows: the free name is still free.
    world.company(&account, &["live:id=free"]).await;
}

#[tokio::test]
async fn a_caller_who_goes_away_leaves_a_whole_change_or_none() {
    let (world, account) = World::with_account().await;
    for polls in 0..12 {
        let change = account.create_key(world.stamp(), world.new_key(account.id()));
        let mut change = Box::pin(change);
        for _ in 0..polls {
            tokio::select! {
                biased;
                _ = &mut change => break,
                () = tokio::task::yield_now() => {}
            }
        }
        drop(change);
    }
    // Behind everything that was queued.
    world.company(&account, &[]).await;
    let health = world.store.health().await.unwrap();
    assert_eq!(health.problems, Vec::<String>::new());
    assert_eq!(health.counts.audit_entries, health.counts.keys + 1, "the account's entry covers its primary key");
}

#[tokio::test]
async fn closing_answers_what_was_queued() {
    let (world, account) = World::with_account().await;
    let changes: Vec<_> = (0..50)
        .map(|_| {
            let (account, stamp, company) = (account.clone(), world.stamp(), world.new_company(account.id(), &[]));
            tokio::spawn(async move { account.create_company(stamp, company).await })
        })
        .collect();
    tokio::task::yield_now().await;
    world.store.clone().close().await;
    let mut kept = 0;
    for change in changes {
        match change.await.unwrap() {
            Ok(_) => kept += 1,
            Err(StoreError::Closed) => {}
            Err(other) => panic!("{other}"),
        }
    }
    let health = store::inspect(world.path()).await.unwrap();
    assert_eq!((health.problems.len(), health.counts.companies), (0, kept));
}
