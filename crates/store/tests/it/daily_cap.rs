//! Daily caps: blocks, days, and what a crash can do to them.
//!
//! Owns:  what `GatewayStore::take_daily` promises (R80, D15, D38).
//! Never: how a gateway spends a block.
//! Read:  top down.

use crate::world::{World, number};
use model::{Environment, KeyId, LimitName};
use store::{DailyBlock, DailyTake, Options};

fn take(key: KeyId, day: u32, want: u32) -> DailyTake {
    let channel = LimitName::new("sms").unwrap();
    DailyTake { key, environment: Environment::Live, channel, day, cap: 10, want }
}

async fn taken(world: &World, take: DailyTake) -> DailyBlock {
    world.store.for_gateway().take_daily(world.stamp(), take).await.unwrap().value
}

#[tokio::test]
async fn r80_blocks_never_add_up_to_more_than_the_cap_of_a_day() {
    let (mut world, account) = World::with_account().await;
    let key = world.key(&account).await.key.id;
    let other = world.key(&account).await.key.id;
    let revision = *world.store.committed().borrow();
    let entries = number(&world.database(), "SELECT COUNT(*) FROM audit").await;
    for got in [4, 4] {
        assert_eq!(taken(&world, take(key, 5, 4)).await, DailyBlock { day: 5, got });
    }
    // Whatever was not spent of them is gone with a crash, and nothing comes back.
    world.reopen().await;
    for got in [2, 0] {
        assert_eq!(taken(&world, take(key, 5, 4)).await, DailyBlock { day: 5, got });
    }
    // Another key, environment and channel have caps of their own, and another day begins anew.
    let email = DailyTake { channel: LimitName::new("email").unwrap(), ..take(key, 5, 4) };
    let test = DailyTake { environment: Environment::Test, ..take(key, 5, 4) };
    for one in [take(other, 5, 4), email, test] {
        assert_eq!(taken(&world, one).await.got, 4);
    }
    assert_eq!(taken(&world, take(key, 6, 11)).await, DailyBlock { day: 6, got: 10 });
    assert_eq!(*world.store.committed().borrow(), revision, "nothing for gateways to follow");
    assert_eq!(number(&world.database(), "SELECT COUNT(*) FROM audit").await, entries);
}

#[tokio::test]
async fn d38_a_clock_set_back_opens_no_second_day() {
    let (mut world, account) = World::with_account().await;
    let key = world.key(&account).await.key.id;
    let other = world.key(&account).await.key.id;
    assert_eq!(taken(&world, take(key, 7, 10)).await.got, 10);
    world.reopen().await;
    assert_eq!(taken(&world, take(key, 6, 10)).await, DailyBlock { day: 7, got: 0 });
    assert_eq!(taken(&world, take(other, 6, 10)).await, DailyBlock { day: 7, got: 10 });
}

#[tokio::test]
async fn d38_old_days_leave_in_bounded_batches() {
    let world = World::with(Options::default()).await;
    let account = world.account().await;
    let key = world.key(&account).await.key.id;
    world
        .raw(&["INSERT INTO daily_caps SELECT randomblob(16), 'live', 'sms', 3, 1 FROM \
                (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT i FROM n)"])
        .await;
    let rows = async || number(&world.database(), "SELECT COUNT(*) FROM daily_caps").await;
    assert_eq!(rows().await, 100);
    taken(&world, take(key, 4, 1)).await;
    assert_eq!(rows().await, 37);
    taken(&world, take(key, 4, 1)).await;
    assert_eq!(rows().await, 1);
}
