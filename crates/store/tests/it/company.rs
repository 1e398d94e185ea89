//! Companies: external names, versions, and what deleting one does to keys.
//!
//! Owns:  what `AccountStore` promises about companies (D9, D35).
//! Never: other accounts; that is `isolation`.
//! Read:  top down.

use crate::world::World;
use model::{CompanyId, CompanyRestriction, CompanySet, ExternalName, KeyStatus};
use store::{AuditAction, CompanyPatch, ConflictReason, FeedItem, Options, Page, Revision, StoreError, Subject};

fn names(texts: &[&str]) -> Vec<ExternalName> {
    texts.iter().map(|text| ExternalName::parse(text).unwrap()).collect()
}

#[tokio::test]
async fn d35_an_external_name_means_one_company_of_the_account() {
    let (world, account) = World::with_account().await;
    let other = world.account().await;
    let first = world.company(&account, &["live:vat=IT01234567890", "test:id=42"]).await;
    assert_eq!(account.company(first.company.id).await.unwrap(), first);

    let taken = world.new_company(account.id(), &["test:id=7", "test:id=42"]);
    let refused = account.create_company(world.stamp(), taken.clone()).await.unwrap_err();
    let expected = ConflictReason::ExternalNameTaken(ExternalName::parse("test:id=42").unwrap());
    assert!(matches!(refused, StoreError::Conflict { reason } if reason == expected));
    assert!(account.company(taken.id).await.is_err(), "nothing of the refused company is there");

    // Another environment, kind or account is another name; the same name twice is one.
    let second = world.company(&account, &["live:id=42", "test:vat=42", "live:id=42"]).await;
    assert_eq!(second.company.external_names, names(&["test:vat=42", "live:id=42"]));
    world.company(&other, &["test:id=42"]).await;

    let patch = CompanyPatch { external_names: Some(names(&["test:id=42"])), ..CompanyPatch::default() };
    let refused = account.update_company(world.stamp(), second.company.id, patch).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { reason } if reason == expected));
    assert_eq!(account.company(second.company.id).await.unwrap(), second, "the refused patch left nothing");

    // Freed by its owner, it can be taken.
    let freed = CompanyPatch { external_names: Some(Vec::new()), ..CompanyPatch::default() };
    let _ = account.update_company(world.stamp(), first.company.id, freed).await.unwrap();
    let patch = CompanyPatch { external_names: Some(names(&["test:id=42"])), ..CompanyPatch::default() };
    let moved = account.update_company(world.stamp(), second.company.id, patch).await.unwrap().value;
    assert_eq!(moved.company.external_names, names(&["test:id=42"]));
}

#[tokio::test]
async fn d35_a_learned_company_is_created_once_and_widens_no_key() {
    let (world, account) = World::with_account().await;
    let other = world.account().await;
    let first = world.company(&account, &["test:id=1"]).await;
    let mut key = world.new_key(account.id());
    key.key.companies = CompanyRestriction::Only(CompanySet::chosen(&[first.company.id]).unwrap());
    let key = account.create_key(world.stamp(), key).await.unwrap().value;
    let learn = async |account: &store::AccountStore, name: &str, called: &str| {
        let mut company = world.new_company(account.id(), &[name]);
        company.name = called.to_owned();
        world.store.for_gateway().learn_company(world.stamp(), account.id(), company).await.unwrap()
    };
    let new = learn(&account, "test:id=42", "Nuova Srl").await;
    assert!(new.value);
    let again = learn(&account, "test:id=42", "Altra").await;
    assert_eq!((again.value, again.revision), (false, new.revision));
    assert!(learn(&account, "live:id=42", "\n").await.value, "another environment, and a name that is none");
    assert!(learn(&other, "test:id=42", "Nuova Srl").await.value, "another account");
    let all = account.companies(Page::first(10)).await.unwrap().items;
    let mut told: Vec<_> = all.iter().map(|c| (c.company.name.as_str(), c.company.external_names.clone())).collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [("42", names(&["live:id=42"])), ("Bottega", names(&["test:id=1"])), ("Nuova Srl", names(&["test:id=42"]))]
    );
    assert_eq!(account.key(key.key.id).await.unwrap().key.companies, key.key.companies);
    assert_eq!(account.audit(Page::first(1)).await.unwrap().items[0].action, AuditAction::CompanyCreated);
}

#[tokio::test]
async fn patches_state_the_version_they_were_made_for() {
    let (world, account) = World::with_account().await;
    let company = world.company(&account, &[]).await;
    let rename = |name: &str, version| CompanyPatch {
        name: Some(name.to_owned()),
        external_names: None,
        expected_version: Some(version),
    };
    let id = company.company.id;
    let renamed = account.update_company(world.stamp(), id, rename("Nuova", 1)).await.unwrap();
    assert_eq!((renamed.value.version, renamed.value.company.name.as_str()), (2, "Nuova"));
    let stale = account.update_company(world.stamp(), id, rename("Altra", 1)).await.unwrap_err();
    assert!(matches!(stale, StoreError::Conflict { reason: ConflictReason::Stale { expected: 1, actual: 2 } }));
    let same = account.update_company(world.stamp(), id, rename("Nuova", 2)).await.unwrap();
    assert_eq!((same.revision, same.value.version), (renamed.revision, 2));
    for bad in ["", "  ", "a\nb", &"x".repeat(201)] {
        let refused = account.update_company(world.stamp(), id, rename(bad, 2)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Invalid { .. }), "{bad:?}");
    }
    assert!(account.delete_company(world.stamp(), id, Some(1)).await.is_err());
    assert!(account.delete_company(world.stamp(), id, Some(2)).await.is_ok());
    assert!(matches!(account.company(id).await, Err(StoreError::NotFound { what: "company" })));
}

#[tokio::test]
async fn d9_deleting_the_last_company_of_a_set_leaves_a_key_that_reaches_nothing() {
    let (world, account) = World::with_account().await;
    let [a, b] =
        [world.company(&account, &["test:id=1"]).await, world.company(&account, &[]).await].map(|c| c.company.id);
    let restricted = |set: &[CompanyId]| {
        let mut new = world.new_key(account.id());
        new.key.companies = CompanyRestriction::Only(CompanySet::chosen(set).unwrap());
        new
    };
    let both = account.create_key(world.stamp(), restricted(&[a, b])).await.unwrap().value.key.id;
    let only_a = account.create_key(world.stamp(), restricted(&[a])).await.unwrap().value.key.id;
    let only_b = account.create_key(world.stamp(), restricted(&[b])).await.unwrap().value.key.id;
    let gone = account.create_key(world.stamp(), restricted(&[a])).await.unwrap().value.key.id;
    let _ = account.set_key_status(world.stamp(), gone, KeyStatus::Deleted).await.unwrap();
    let everything = world.key(&account).await.key.id;
    let before = *world.store.committed().borrow();

    let deleted = account.delete_company(world.stamp(), a, None).await.unwrap();
    assert_eq!(deleted.value, [both, only_a]);
    assert_eq!(deleted.revision, Revision(before.0 + 3), "the company and both keys are in the change log");

    let companies = |id| {
        let account = account.clone();
        async move { account.key(id).await.unwrap().key.companies }
    };
    assert_eq!(companies(both).await, CompanyRestriction::Only(CompanySet::stored(&[b])));
    assert_eq!(companies(only_a).await, CompanyRestriction::Only(CompanySet::stored(&[])));
    assert_eq!(companies(only_b).await, CompanyRestriction::Only(CompanySet::stored(&[b])));
    assert_eq!(companies(everything).await, CompanyRestriction::All);
    assert_eq!(account.key(only_a).await.unwrap().version, 2);

    // The feed says the same, and so does a first load.
    let batch = world.store.feed().since(before, 100).await.unwrap();
    let mut loaded = Vec::new();
    world.store.feed().all(&mut |item| loaded.push(item)).await.unwrap();
    for items in [&batch.items, &loaded] {
        let key = items.iter().find_map(|item| match item {
            FeedItem::Key(key, _) => Some(key).filter(|key| key.id == only_a),
            FeedItem::KeyGone(_)
            | FeedItem::Company(_)
            | FeedItem::CompanyGone(_)
            | FeedItem::Identity(_)
            | FeedItem::IdentityGone(_) => None,
        });
        assert_eq!(key.unwrap().companies, CompanyRestriction::Only(CompanySet::stored(&[])));
    }
    assert!(matches!(batch.items[0], FeedItem::CompanyGone(id) if id == a));

    let entry = &account.audit(Page::first(1)).await.unwrap().items[0];
    assert_eq!(entry.action, AuditAction::CompanyDeleted);
    assert_eq!(entry.subjects, [Subject::Company(a), Subject::Key(both), Subject::Key(only_a)]);
    assert!(entry.details.contains("test:id=1"), "{}", entry.details);

    // Its external name is free, and a new company does not come into anybody's set.
    world.company(&account, &["test:id=1"]).await;
    assert_eq!(companies(only_a).await, CompanyRestriction::Only(CompanySet::stored(&[])));
}

#[tokio::test]
async fn companies_and_names_are_limited() {
    let world = World::with(Options { companies_max: 2, external_names_max: 1, ..Options::default() }).await;
    let account = world.account().await;
    let many = world.new_company(account.id(), &["test:id=1", "test:id=2"]);
    let refused = account.create_company(world.stamp(), many).await.unwrap_err();
    assert!(matches!(refused, StoreError::Limit { max: 1, .. }), "{refused}");
    world.company(&account, &["test:id=1"]).await;
    world.company(&account, &[]).await;
    let refused = account.create_company(world.stamp(), world.new_company(account.id(), &[])).await.unwrap_err();
    assert!(matches!(refused, StoreError::Limit { max: 2, .. }), "{refused}");
}
