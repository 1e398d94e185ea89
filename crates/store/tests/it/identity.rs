//! D37: which account the people of an issuer and directory act in.
//!
//! Owns:  what the store promises of it: one account for a pair, followed like a key.
//! Never: other accounts; `isolation` does.
//! Read:  top down.

use crate::world::World;
use model::{Identity, IdentityId};
use store::{AuditAction, ConflictReason, FeedItem, Page, Revision, StoreError};

#[tokio::test]
async fn d37_a_pair_means_one_account_and_the_feed_tells_it() {
    let world = World::new().await;
    let (one, two) = (world.account().await, world.account().await);
    let made = one.create_identity(world.stamp(), world.identity(one.id())).await.unwrap();
    let identity = made.value;
    let again = Identity { id: IdentityId::from_bytes([9; 16]), account: two.id(), ..identity.clone() };
    let refused = two.create_identity(world.stamp(), again.clone()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { reason: ConflictReason::IdentityTaken }), "{refused}");
    assert_eq!(one.identities(Page::first(10)).await.unwrap().items, std::slice::from_ref(&identity));

    let mut items = Vec::new();
    let head = world.store.feed().all(&mut |item| items.push(item)).await.unwrap();
    assert!(items.iter().any(|item| matches!(item, FeedItem::Identity(found) if *found == identity)));
    assert_eq!(head, made.revision);

    let gone = one.delete_identity(world.stamp(), identity.id).await.unwrap();
    let batch = world.store.feed().since(Revision(gone.revision.0 - 1), 10).await.unwrap();
    assert!(matches!(batch.items[..], [FeedItem::IdentityGone(id)] if id == identity.id));
    let actions: Vec<_> = one.audit(Page::first(2)).await.unwrap().items.iter().map(|entry| entry.action).collect();
    assert_eq!(actions, [AuditAction::IdentityDeleted, AuditAction::IdentityCreated]);
    assert!(two.create_identity(world.stamp(), again).await.is_ok());
    let repeated = one.delete_identity(world.stamp(), identity.id).await.unwrap_err();
    assert!(matches!(repeated, StoreError::NotFound { .. }));
}

#[tokio::test]
async fn d37_what_tokens_cannot_say_is_no_identity() {
    let world = World::new().await;
    let account = world.account().await;
    for issuer in ["", "https://id.example.com\n", &"x".repeat(513)] {
        let identity = Identity { issuer: issuer.to_owned(), ..world.identity(account.id()) };
        let refused = account.create_identity(world.stamp(), identity).await.unwrap_err();
        assert!(matches!(refused, StoreError::Invalid { .. }), "{refused}");
    }
}
