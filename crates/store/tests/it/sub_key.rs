//! Sub-keys: numbers, lists, the upstream's names of companies, and changes that a key makes.
//!
//! Owns:  what `AccountStore` promises the facade for restricted keys (D32).
//! Never: other accounts' rows beyond the question whether they are seen.
//! Read:  top down.

use crate::world::World;
use model::{CompanyRestriction, CompanySet, Environment, KeyId, KeyKind, KeyStatus, NameKind, SecretSlot};
use store::{
    AccountStore, AuditAction, Author, ConflictReason, KeyFilter, KeyPatch, Naming, Page, Stamp, StoreError,
    SubKeyFilter,
};

fn naming(environment: Environment) -> Naming {
    Naming { environment, kind: NameKind::new("id").unwrap() }
}

fn test() -> Naming {
    naming(Environment::Test)
}

async fn primary(account: &AccountStore) -> KeyId {
    let filter = KeyFilter { kind: Some(KeyKind::Primary), status: None };
    account.keys(filter, Page::first(1)).await.unwrap().items[0].key.id
}

fn by(world: &World, key: KeyId) -> Stamp {
    Stamp { author: Author::Key(key), ..world.stamp() }
}

fn conflict(result: Result<impl Sized, StoreError>) -> ConflictReason {
    let refused = result.map(|_| ()).unwrap_err();
    let StoreError::Conflict { reason } = refused else { panic!("expected a conflict, got {refused}") };
    reason
}

fn not_found(result: Result<impl Sized, StoreError>) {
    assert!(matches!(result.map(|_| ()), Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn d32_a_restricted_key_has_a_number_of_its_own_for_ever() {
    let (world, account) = World::with_account().await;
    let other = world.account().await;
    not_found(account.sub_key_number(primary(&account).await).await);
    let mut numbers = Vec::new();
    for account in [&account, &other, &account] {
        let key = world.key(account).await;
        let number = account.sub_key_number(key.key.id).await.unwrap();
        assert_eq!(account.sub_key(number, &test()).await.unwrap().row.key.id, key.key.id);
        numbers.push((number, key.key.id));
    }
    let (last, id) = numbers[2];
    not_found(other.sub_key(last, &test()).await);
    not_found(other.sub_key_number(id).await);
    let _ = account.set_key_status(world.stamp(), id, KeyStatus::Deleted).await.unwrap();
    not_found(account.sub_key(last, &test()).await);
    let next = account.sub_key_number(world.key(&account).await.key.id).await.unwrap();
    let mut all: Vec<u64> = numbers.iter().map(|(number, _)| *number).chain([next]).collect();
    assert!(all.is_sorted(), "{all:?}");
    all.dedup();
    assert_eq!(all.len(), 4, "a number is never given out twice");
}

#[tokio::test]
async fn d32_lists_are_filtered_and_counted_and_show_no_other_account() {
    let (world, account) = World::with_account().await;
    let other = world.account().await;
    world.key(&other).await;
    let company = world.company(&account, &["test:id=42", "live:id=7", "test:vat=IT1"]).await.company.id;
    for (description, restricted, status) in [
        ("Shop one", false, KeyStatus::Active),
        ("Shop 100%", true, KeyStatus::Active),
        ("Till", true, KeyStatus::Disabled),
        ("Gone", true, KeyStatus::Deleted),
        ("Ended", false, KeyStatus::Revoked),
    ] {
        let mut new = world.new_key(account.id());
        new.key.description = description.to_owned();
        if restricted {
            new.key.companies = CompanyRestriction::Only(CompanySet::chosen(&[company]).unwrap());
        }
        let id = new.key.id;
        let _ = account.create_key(world.stamp(), new).await.unwrap();
        let _ = account.set_key_status(world.stamp(), id, status).await.unwrap();
    }
    let ask = async |filter: SubKeyFilter, skip, limit| {
        let found = account.sub_keys(&filter, skip, limit, &test()).await.unwrap();
        let names: Vec<String> = found.items.into_iter().map(|item| item.row.key.description).collect();
        (names.join(", "), found.total)
    };
    let all = SubKeyFilter::default();
    assert_eq!(ask(all.clone(), 0, 100).await, ("Shop one, Shop 100%, Till, Ended".to_owned(), 4));
    assert_eq!(ask(all.clone(), 1, 2).await, ("Shop 100%, Till".to_owned(), 4));
    assert_eq!(ask(all.clone(), 9, 2).await, (String::new(), 4));
    let active = |active| SubKeyFilter { active: Some(active), ..SubKeyFilter::default() };
    assert_eq!(ask(active(true), 0, 100).await, ("Shop one, Shop 100%".to_owned(), 2));
    assert_eq!(ask(active(false), 0, 100).await, ("Till, Ended".to_owned(), 2));
    let text = |text: &str| SubKeyFilter { text: Some(text.to_owned()), ..SubKeyFilter::default() };
    assert_eq!(ask(text("shop"), 0, 100).await, ("Shop one, Shop 100%".to_owned(), 2));
    assert_eq!(ask(text("%"), 0, 100).await, ("Shop 100%".to_owned(), 1), "% is a letter like any other");
    let of = SubKeyFilter { company: Some(company), active: Some(true), ..SubKeyFilter::default() };
    assert_eq!(ask(of, 0, 100).await, ("Shop 100%".to_owned(), 1));

    let named = account.sub_keys(&text("100"), 0, 1, &test()).await.unwrap().items.remove(0);
    assert_eq!(named.names, [(company, "42".to_owned())]);
    let live = account.sub_key(named.number, &naming(Environment::Live)).await.unwrap();
    assert_eq!(live.names, [(company, "7".to_owned())]);
    for (asked, naming, value, found) in [
        (&account, test(), "42", Some(company)),
        (&account, naming(Environment::Live), "42", None),
        (&account, Naming { kind: NameKind::new("vat").unwrap(), ..test() }, "IT1", Some(company)),
        (&other, test(), "42", None),
    ] {
        assert_eq!(asked.company_called(&naming, value).await.unwrap(), found, "{naming:?} {value}");
    }
}

#[tokio::test]
async fn d8_d32_a_key_changes_restricted_keys_only_while_it_is_the_active_primary_key() {
    let (world, account) = World::with_account().await;
    let other = world.account().await;
    let (primary, stranger) = (primary(&account).await, primary(&other).await);
    let key = world.key(&account).await.key.id;
    let made = account.create_key(by(&world, primary), world.new_key(account.id())).await.unwrap();
    let told = account.audit(Page::first(1)).await.unwrap().items.remove(0);
    assert_eq!((told.action, told.author), (AuditAction::KeyCreated, Author::Key(primary)));
    assert!(world.store.verify_audit().await.unwrap().broken.is_none());

    let refused = async |author: KeyId, subject: KeyId| {
        let stamp = || by(&world, author);
        let renamed = KeyPatch { description: Some("taken over".to_owned()), ..KeyPatch::default() };
        let fresh = world.credential(Environment::Test, None);
        let soon = world.now();
        for result in [
            account.update_key(stamp(), subject, renamed).await,
            account.set_key_status(stamp(), subject, KeyStatus::Disabled).await,
            account.rotate_key(stamp(), subject, vec![fresh], soon).await,
            account.end_previous_secret(stamp(), subject, model::Environments::Both).await,
        ] {
            assert_eq!(conflict(result), ConflictReason::NotPrimary);
        }
    };
    for author in [made.value.key.id, stranger] {
        refused(author, key).await;
        let new = world.new_key(account.id());
        assert_eq!(conflict(account.create_key(by(&world, author), new).await), ConflictReason::NotPrimary);
    }
    refused(primary, primary).await;
    let _ = account.set_key_status(by(&world, primary), key, KeyStatus::Deleted).await.unwrap();
    let _ = account.set_key_status(world.stamp(), primary, KeyStatus::Disabled).await.unwrap();
    refused(primary, made.value.key.id).await;
}

#[tokio::test]
async fn d32_settings_and_status_change_in_one_step() {
    let (world, account) = World::with_account().await;
    let key = world.key(&account).await;
    let patch = |status| KeyPatch {
        description: Some("both at once".to_owned()),
        status: Some(status),
        expected_version: Some(1),
        ..KeyPatch::default()
    };
    let changed = account.update_key(world.stamp(), key.key.id, patch(KeyStatus::Disabled)).await.unwrap().value;
    assert_eq!((changed.key.status, changed.version), (KeyStatus::Disabled, 2));
    assert_eq!(account.key(key.key.id).await.unwrap().key, changed.key);
    let told = account.audit(Page::first(1)).await.unwrap().items.remove(0);
    let details: serde_json::Value = serde_json::from_str(&told.details).unwrap();
    assert_eq!(details["status"], serde_json::json!({ "from": "active", "to": "disabled" }));
    assert!(crate::world::secret(&changed, Environment::Test, SecretSlot::Current).is_some());
    for status in [KeyStatus::Revoked, KeyStatus::Deleted] {
        let refused = KeyPatch { expected_version: None, ..patch(status) };
        let refused = account.update_key(world.stamp(), key.key.id, refused).await;
        assert!(matches!(refused, Err(StoreError::Invalid { .. })), "{status:?}");
    }
}
