//! Invariant 5: an account's rows are reached only through its own `AccountStore`.
//!
//! Owns:  every method of `AccountStore`, called with another account's ids. A new method gets a line here.
//! Never: what the methods do for their own account.
//! Read:  top down.

use crate::world::{World, picture};
use model::{
    AccountId, CompanyRestriction, CompanySet, Environment, Environments, KeyStatus, NameKind, SecretSlot, Timestamp,
};
use store::{AccountStore, Committed, CompanyPatch, KeyFilter, KeyPatch, Naming, Page, StoreError, SubKeyFilter};

fn refused<T>(method: &str, result: Result<T, StoreError>) {
    match result {
        Err(StoreError::NotFound { .. }) => {}
        Err(other) => panic!("{method}: {other} tells that the row exists"),
        Ok(_) => panic!("{method} reached another account's row"),
    }
}

/// Everything that can be read of an account.
async fn view(account: &AccountStore) -> String {
    let keys = account.keys(KeyFilter::default(), Page::first(200)).await.unwrap();
    let keys: Vec<String> = keys.items.iter().map(picture).collect();
    let companies = account.companies(Page::first(200)).await.unwrap();
    let identities = account.identities(Page::first(200)).await.unwrap();
    let audit = account.audit(Page::first(200)).await.unwrap();
    format!("{:?} {keys:?} {companies:?} {identities:?} {audit:?}", account.account().await.unwrap())
}

#[tokio::test]
async fn invariant_5_no_method_reaches_another_accounts_rows() {
    let world = World::new().await;
    let (mine, theirs) = (world.account().await, world.account().await);
    for account in [&mine, &theirs] {
        let company = world.company(account, &["test:id=42"]).await.company.id;
        let mut new = world.new_key(account.id());
        new.key.companies = CompanyRestriction::Only(CompanySet::chosen(&[company]).unwrap());
        let key = account.create_key(world.stamp(), new).await.unwrap().value;
        let _ = account.create_identity(world.stamp(), world.identity(account.id())).await.unwrap();
        let client = key.credentials[0].credential.client_id;
        let fresh = vec![world.credential(Environment::Test, Some(client))];
        let _ = account.rotate_key(world.stamp(), key.key.id, fresh, Timestamp::MAX).await.unwrap();
    }
    let (before_mine, before_theirs) = (view(&mine).await, view(&theirs).await);
    let (revision, counts) = (*world.store.committed().borrow(), world.store.counts().await.unwrap());

    let company = theirs.companies(Page::first(1)).await.unwrap().items[0].company.id;
    let key = theirs.keys(KeyFilter::default(), Page::first(1)).await.unwrap().items.remove(0);
    let entry = theirs.audit(Page::first(1)).await.unwrap().items[0].id;
    let id = key.key.id;
    let client =
        key.credentials.iter().find(|c| c.credential.slot == SecretSlot::Current).unwrap().credential.client_id;

    refused("company", mine.company(company).await);
    let patch = CompanyPatch { name: Some("Mine".to_owned()), ..CompanyPatch::default() };
    refused("update_company", mine.update_company(world.stamp(), company, patch).await);
    refused("delete_company", mine.delete_company(world.stamp(), company, None).await);
    let identity = theirs.identities(Page::first(1)).await.unwrap().items[0].id;
    refused("delete_identity", mine.delete_identity(world.stamp(), identity).await);
    refused("key", mine.key(id).await);
    let naming = Naming { environment: Environment::Test, kind: NameKind::new("id").unwrap() };
    let number = theirs.sub_key_number(id).await.unwrap();
    refused("sub_key", mine.sub_key(number, &naming).await);
    refused("sub_key_number", mine.sub_key_number(id).await);
    let of_theirs = SubKeyFilter { company: Some(company), ..SubKeyFilter::default() };
    assert!(mine.sub_keys(&of_theirs, 0, 200, &naming).await.unwrap().items.is_empty());
    let own = mine.sub_keys(&SubKeyFilter::default(), 0, 200, &naming).await.unwrap();
    assert!(own.total == 1 && own.items[0].row.key.account == mine.id());
    assert_ne!(mine.company_called(&naming, "42").await.unwrap(), Some(company));
    let set = CompanyRestriction::Only(CompanySet::chosen(&[company]).unwrap());
    let mut new = world.new_key(mine.id());
    new.key.companies = set.clone();
    refused("create_key with their company", mine.create_key(world.stamp(), new).await);
    let own = mine.keys(KeyFilter::default(), Page::first(1)).await.unwrap().items[0].key.id;
    let patch = KeyPatch { companies: Some(set), ..KeyPatch::default() };
    refused("update_key with their company", mine.update_key(world.stamp(), own, patch).await);
    let patch = KeyPatch { description: Some("mine".to_owned()), ..KeyPatch::default() };
    refused("update_key", mine.update_key(world.stamp(), id, patch).await);
    for status in KeyStatus::ALL {
        refused("set_key_status", mine.set_key_status(world.stamp(), id, status).await);
    }
    let fresh = vec![world.credential(Environment::Test, Some(client))];
    refused("rotate_key", mine.rotate_key(world.stamp(), id, fresh, Timestamp::MAX).await);
    refused("end_previous_secret", mine.end_previous_secret(world.stamp(), id, Environments::Both).await);
    refused("audit behind their entry", mine.audit(Page::behind(entry, 10)).await);

    // What names another account is refused before anything is looked at.
    for refused in [
        mine.create_key(world.stamp(), world.new_key(theirs.id())).await.map(|_| ()),
        mine.create_company(world.stamp(), world.new_company(theirs.id(), &[])).await.map(|_| ()),
    ] {
        assert!(matches!(refused, Err(StoreError::Invalid { .. })), "{refused:?}");
    }
    // A cursor is only a place: their ids show nothing of theirs.
    let behind = mine.keys(KeyFilter::default(), Page::behind(id, 200)).await.unwrap();
    assert!(behind.items.iter().all(|row| row.key.account == mine.id()));
    let behind = mine.companies(Page::behind(company, 200)).await.unwrap();
    assert!(behind.items.iter().all(|row| row.company.account == mine.id()));

    assert_eq!((view(&mine).await, view(&theirs).await), (before_mine, before_theirs));
    assert_eq!((*world.store.committed().borrow(), world.store.counts().await.unwrap()), (revision, counts));
}

#[tokio::test]
async fn an_account_that_does_not_exist_has_nothing() {
    let world = World::new().await;
    let nobody = world.store.account(AccountId::from_bytes([3; 16]));
    refused("account", nobody.account().await);
    refused("create_key", nobody.create_key(world.stamp(), world.new_key(nobody.id())).await);
    let company = world.new_company(nobody.id(), &[]);
    let made: Result<Committed<_>, _> = nobody.create_company(world.stamp(), company).await;
    refused("create_company", made);
    assert!(nobody.keys(KeyFilter::default(), Page::first(1)).await.unwrap().items.is_empty());
    assert!(nobody.companies(Page::first(1)).await.unwrap().items.is_empty());
    assert!(nobody.audit(Page::first(1)).await.unwrap().items.is_empty());
}
