//! Operator tokens and accounts.
//!
//! Owns:  what `Store` promises about tokens and accounts.
//! Never: keys or companies.
//! Read:  top down.

use crate::world::World;
use model::{OperatorTokenId, SecretHash};
use store::{ConflictReason, Options, Page, StoreError};

#[tokio::test]
async fn r69_a_token_is_found_by_its_hash_and_revoked_once() {
    let world = World::new().await;
    let new = world.new_operator_token();
    let made = world.store.create_operator_token(world.stamp(), new.clone()).await.unwrap().value;
    assert_eq!(world.store.operator_token_by_hash(&new.hash).await.unwrap(), Some(made));
    assert_eq!(world.store.operator_token_by_hash(&SecretHash::of(b"other")).await.unwrap(), None);

    let stamp = world.stamp();
    let revoked = world.store.revoke_operator_token(stamp, new.id).await.unwrap();
    assert_eq!(revoked.value.revoked_at, Some(stamp.now));
    let again = world.store.revoke_operator_token(world.stamp(), new.id).await.unwrap();
    assert_eq!((again.revision, again.value), (revoked.revision, revoked.value.clone()));
    assert_eq!(world.store.operator_token_by_hash(&new.hash).await.unwrap(), Some(revoked.value.clone()));
    assert_eq!(world.store.operator_tokens(Page::first(10)).await.unwrap().items, [revoked.value]);

    let unknown = OperatorTokenId::from_bytes([1; 16]);
    let refused = world.store.revoke_operator_token(world.stamp(), unknown).await.unwrap_err();
    assert!(matches!(refused, StoreError::NotFound { what: "operator token" }));
    let twice = world.store.create_operator_token(world.stamp(), new).await.unwrap_err();
    assert!(matches!(twice, StoreError::Conflict { reason: ConflictReason::Taken }));
}

#[tokio::test]
async fn tokens_and_accounts_are_limited() {
    let world = World::with(Options { operator_tokens_max: 1, accounts_max: 1, ..Options::default() }).await;
    let first = world.store.create_operator_token(world.stamp(), world.new_operator_token()).await.unwrap().value;
    let refused = world.store.create_operator_token(world.stamp(), world.new_operator_token()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Limit { max: 1, .. }), "{refused}");
    let _ = world.store.revoke_operator_token(world.stamp(), first.id).await.unwrap();
    let _ = world.store.create_operator_token(world.stamp(), world.new_operator_token()).await.unwrap();

    world.account().await;
    let (account, primary) = world.new_account();
    let refused = world.store.create_account(world.stamp(), account, primary).await.unwrap_err();
    assert!(matches!(refused, StoreError::Limit { max: 1, .. }), "{refused}");
}

#[tokio::test]
async fn accounts_are_listed_newest_first() {
    let world = World::new().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(world.account().await.id());
    }
    made.reverse();
    let first = world.store.accounts(Page::first(3)).await.unwrap();
    let rest = world.store.accounts(Page::behind(first.next.unwrap(), 3)).await.unwrap();
    let seen: Vec<_> = first.items.iter().chain(&rest.items).map(|a| a.id).collect();
    assert_eq!((seen, rest.next), (made.clone(), None));
    assert_eq!(world.store.account_by_id(made[2]).await.unwrap().id, made[2]);
}
