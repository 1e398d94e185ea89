//! The feed: a first load and the batches behind it lead to the same state.
//!
//! Owns:  a follower like a gateway's, and the comparison.
//! Never: how rows are changed; the other modules test that.
//! Read:  `Follower`, then the property.

use crate::world::World;
use model::{CompanyId, CompanyRestriction, CompanySet, Environments, KeyId, KeyStatus, Preset, SecretSlot, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;
use store::{AccountStore, BATCH_MAX, CompanyPatch, Feed, FeedItem, KeyFilter, KeyPatch, Page, Revision, StoreError};

/// What a gateway would hold.
#[derive(Default, PartialEq, Debug)]
struct Follower {
    keys: BTreeMap<KeyId, String>,
    companies: BTreeMap<CompanyId, String>,
}

impl Follower {
    fn apply(&mut self, item: FeedItem) {
        match item {
            FeedItem::Key(key, credentials) => {
                let hashes: Vec<_> = credentials.iter().map(|c| *c.hash.as_bytes()).collect();
                self.keys.insert(key.id, format!("{key:?} {credentials:?} {hashes:?}"));
            }
            FeedItem::KeyGone(id) => drop(self.keys.remove(&id)),
            FeedItem::Company(company) => drop(self.companies.insert(company.id, format!("{company:?}"))),
            FeedItem::CompanyGone(id) => drop(self.companies.remove(&id)),
            FeedItem::Identity(_) | FeedItem::IdentityGone(_) => panic!("nobody was mapped"),
        }
    }

    async fn load(feed: &Feed) -> (Self, Revision) {
        let mut follower = Self::default();
        let revision = feed.all(&mut |item| follower.apply(item)).await.unwrap();
        (follower, revision)
    }
}

async fn everything(account: &AccountStore) -> (Vec<store::KeyRow>, Vec<CompanyId>) {
    let keys = account.keys(KeyFilter::default(), Page::first(200)).await.unwrap().items;
    let companies = account.companies(Page::first(200)).await.unwrap().items;
    (keys, companies.iter().map(|row| row.company.id).collect())
}

/// One change of some kind, on some row; refusals are fine.
async fn change(world: &World, account: &AccountStore, kind: u8, pick: u8) {
    let (keys, companies) = everything(account).await;
    let key = keys.get(usize::from(pick) % keys.len().max(1));
    let company = companies.get(usize::from(pick) % companies.len().max(1)).copied();
    let stamp = world.stamp();
    match (kind % 9, key, company) {
        (0, _, _) => drop(account.create_company(stamp, world.new_company(account.id(), &[])).await),
        (1, _, _) => drop(account.create_key(stamp, world.new_key(account.id())).await),
        (2, _, Some(company)) => {
            let mut new = world.new_key(account.id());
            new.key.companies = CompanyRestriction::Only(CompanySet::chosen(&[company]).unwrap());
            drop(account.create_key(stamp, new).await);
        }
        (3, _, Some(company)) => drop(account.delete_company(stamp, company, None).await),
        (4, _, Some(company)) => {
            let patch = CompanyPatch { name: Some(format!("name {pick}")), ..CompanyPatch::default() };
            drop(account.update_company(stamp, company, patch).await);
        }
        (5, Some(key), _) => {
            let status = KeyStatus::ALL[usize::from(pick) % 4];
            drop(account.set_key_status(stamp, key.key.id, status).await);
        }
        (6, Some(key), _) => {
            let patch = KeyPatch { preset: Some(Preset::Send), ..KeyPatch::default() };
            drop(account.update_key(stamp, key.key.id, patch).await);
        }
        (7, Some(key), _) => {
            let current =
                key.credentials.iter().find(|c| c.credential.slot == SecretSlot::Current).unwrap().credential.clone();
            let fresh = vec![world.credential(current.environment, Some(current.client_id))];
            drop(account.rotate_key(stamp, key.key.id, fresh, Timestamp::MAX).await);
        }
        (8, Some(key), _) => drop(account.end_previous_secret(stamp, key.key.id, Environments::Both).await),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn following_and_loading_lead_to_the_same_state(
        changes in proptest::collection::vec((any::<u8>(), any::<u8>(), 1usize..6), 1..40),
    ) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let (world, account) = World::with_account().await;
            let feed = world.store.feed();
            let (mut follower, mut revision) = Follower::load(&feed).await;
            for (kind, pick, limit) in changes {
                change(&world, &account, kind, pick).await;
                // One bounded batch now and then: mostly behind, as a slow follower is.
                let batch = feed.since(revision, limit).await.unwrap();
                assert!(batch.items.len() <= limit && batch.revision >= revision);
                revision = batch.revision;
                batch.items.into_iter().for_each(|item| follower.apply(item));
            }
            loop {
                let batch = feed.since(revision, 3).await.unwrap();
                revision = batch.revision;
                batch.items.into_iter().for_each(|item| follower.apply(item));
                if !batch.more { break }
            }
            assert_eq!((follower, revision), Follower::load(&feed).await);
            assert_eq!(revision, *feed.committed().borrow());
            assert_eq!(world.store.health().await.unwrap().problems, Vec::<String>::new());
        });
    }
}

#[tokio::test]
async fn an_empty_store_and_an_up_to_date_follower_have_nothing_to_read() {
    let world = World::new().await;
    let feed = world.store.feed();
    assert_eq!(Follower::load(&feed).await, (Follower::default(), Revision::START));
    let batch = feed.since(Revision::START, BATCH_MAX).await.unwrap();
    assert!(batch.items.is_empty() && !batch.more && batch.revision == Revision::START);
    world.account().await;
    let head = *world.store.committed().borrow();
    assert!(feed.since(head, BATCH_MAX).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_follower_ahead_of_the_log_is_told_to_load_again() {
    let (world, _account) = World::with_account().await;
    let head = *world.store.committed().borrow();
    let error = world.store.feed().since(Revision(head.0 + 1), 10).await.unwrap_err();
    assert!(matches!(error, StoreError::FeedAhead { .. }), "{error}");
}

#[tokio::test]
async fn d14_revoked_keys_come_with_their_status_and_deleted_ones_are_gone() {
    let (world, account) = World::with_account().await;
    let (revoked, deleted) = (world.key(&account).await.key.id, world.key(&account).await.key.id);
    let before = account.set_key_status(world.stamp(), revoked, KeyStatus::Revoked).await.unwrap().revision;
    let _ = account.set_key_status(world.stamp(), deleted, KeyStatus::Deleted).await.unwrap();
    let items = world.store.feed().since(Revision(before.0 - 1), 10).await.unwrap().items;
    assert!(matches!(&items[0], FeedItem::Key(key, _) if key.id == revoked && key.status == KeyStatus::Revoked));
    assert!(matches!(&items[1], FeedItem::KeyGone(id) if *id == deleted));
    let (loaded, _) = Follower::load(&world.store.feed()).await;
    assert!(loaded.keys.contains_key(&revoked) && !loaded.keys.contains_key(&deleted));
}

#[tokio::test]
async fn a_first_load_goes_through_many_chunks_and_skips_deleted_keys() {
    const KEYS: usize = 3_500;
    let (world, _account) = World::with_account().await;
    let statements = [
        "CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3500) SELECT i FROM n",
        "INSERT INTO keys SELECT unhex(printf('01%030x', i)), account_id, 'restricted', 'made', \
         CASE WHEN i BETWEEN 500 AND 2600 THEN 'deleted' ELSE 'active' END, preset, scopes, companies, environments, \
         NULL, created_at, updated_at, 1, '', '', '', NULL, NULL FROM n, (SELECT * FROM keys LIMIT 1)",
        "INSERT INTO credentials (key_id, environment, slot, client_id, hash, last_four, created_at, ends_at, ended_at) \
         SELECT unhex(printf('01%030x', i)), 'test', 'current', unhex(printf('02%022x', i)), \
         unhex(printf('03%062x', i)), unhex('41414141'), 1, NULL, NULL FROM n",
    ];
    world.raw(&statements).await;
    let (loaded, _) = Follower::load(&world.store.feed()).await;
    assert_eq!(loaded.keys.len(), KEYS - 2_101 + 1, "made, without the deleted, and the primary");
    assert!(loaded.keys.values().all(|key| key.contains("ClientId(")), "every key came with its credential");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_load_is_one_state_while_changes_go_on() {
    let (world, account) = World::with_account().await;
    let company = world.company(&account, &[]).await.company.id;
    let mut new = world.new_key(account.id());
    new.key.companies = CompanyRestriction::Only(CompanySet::chosen(&[company]).unwrap());
    let _ = account.create_key(world.stamp(), new).await.unwrap();
    let before = *world.store.committed().borrow();
    let feed = world.store.feed();
    let mut companies = 0;
    let mut members = 0;
    let mut deleted = false;
    let runtime = tokio::runtime::Handle::current();
    let (store, stamp, owner) = (world.store.clone(), world.stamp(), account.id());
    let revision = feed
        .all(&mut |item| {
            if !std::mem::replace(&mut deleted, true) {
                // The company goes away in the middle of the load, durably.
                let account = store.account(owner);
                std::thread::scope(|scope| {
                    let change = scope.spawn(|| runtime.block_on(account.delete_company(stamp, company, None)));
                    let _ = change.join().unwrap().unwrap();
                });
            }
            match item {
                FeedItem::Company(_) => companies += 1,
                FeedItem::Key(key, _) => match key.companies {
                    CompanyRestriction::Only(set) => members += set.as_slice().len(),
                    CompanyRestriction::All => {}
                },
                FeedItem::KeyGone(_) | FeedItem::CompanyGone(_) | FeedItem::Identity(_) | FeedItem::IdentityGone(_) => {
                    panic!("a first load has only what is there")
                }
            }
        })
        .await
        .unwrap();
    assert_eq!((revision, companies, members), (before, 1, 1));
    assert_eq!(feed.since(revision, 10).await.unwrap().items.len(), 2);
}
