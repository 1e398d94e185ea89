//! Keys: creation, settings, status, rotation, limits, lists.
//!
//! Owns:  what `AccountStore` promises about keys.
//! Never: other accounts; that is `isolation`.
//! Read:  top down.

use crate::world::{World, picture, secret};
use model::{
    CompanyId, CompanyRestriction, CompanySet, Environment, Environments, KeyKind, KeyLimits, KeyStatus, LimitName,
    Network, NetworkList, OriginList, OriginPattern, Preset, ScopeSet, SecretSlot, Timestamp,
};
use store::{AuditAction, ConflictReason, KeyFilter, KeyPatch, Options, PAGE_MAX, Page, StoreError};

fn conflict(error: &StoreError) -> &ConflictReason {
    let StoreError::Conflict { reason } = error else { panic!("expected a conflict, got {error}") };
    reason
}

#[tokio::test]
async fn r18_an_account_comes_with_its_primary_key() {
    let (world, account) = World::with_account().await;
    let keys = account.keys(KeyFilter::default(), Page::first(10)).await.unwrap().items;
    assert_eq!(keys.len(), 1);
    assert_eq!((keys[0].key.kind, keys[0].version), (KeyKind::Primary, 1));
    assert_eq!(keys[0].credentials.len(), 2);

    let mut second = world.new_key(account.id());
    second.key.kind = KeyKind::Primary;
    let refused = account.create_key(world.stamp(), second.clone()).await.unwrap_err();
    assert_eq!(conflict(&refused), &ConflictReason::PrimaryExists);
    let _ = account.set_key_status(world.stamp(), keys[0].key.id, KeyStatus::Revoked).await.unwrap();
    let _ = account.create_key(world.stamp(), second).await.unwrap();
}

#[tokio::test]
async fn d4_what_is_created_reads_back_the_same() {
    let (world, account) = World::with_account().await;
    let company = world.company(&account, &[]).await.company.id;
    for (preset, environments, companies) in [
        (Preset::FullAccess, Environments::Both, CompanyRestriction::All),
        (Preset::Send, Environments::Only(Environment::Test), CompanyRestriction::All),
        (
            Preset::Custom(ScopeSet::parse(&["*:read", "invoices:send", "messages:sms:write"]).unwrap()),
            Environments::Only(Environment::Live),
            CompanyRestriction::Only(CompanySet::chosen(&[company]).unwrap()),
        ),
        (Preset::Custom(ScopeSet::default()), Environments::Both, CompanyRestriction::All),
    ] {
        let mut new = world.new_key(account.id());
        new.key.preset = preset;
        new.key.environments = environments;
        new.key.companies = companies;
        new.key.expires_at = Some(Timestamp::from_micros(1_900_000_000_000_001));
        new.credentials.retain(|c| environments.contains(c.environment));
        let made = account.create_key(world.stamp(), new.clone()).await.unwrap().value;
        assert_eq!(made.key, new.key);
        let read = account.key(new.key.id).await.unwrap();
        assert_eq!(picture(&read), picture(&made));
        for credential in &new.credentials {
            let stored = secret(&read, credential.environment, SecretSlot::Current).unwrap();
            assert!(stored.hash.matches(&credential.hash) && stored.client_id == credential.client_id);
            assert_eq!((stored.last_four, stored.ends_at), (credential.last_four, None));
        }
        assert_eq!(read.credentials.len(), new.credentials.len());
    }
}

#[tokio::test]
async fn malformed_new_keys_are_refused_and_leave_nothing() {
    let (world, account) = World::with_account().await;
    let before = world.store.counts().await.unwrap();
    let revision = *world.store.committed().borrow();
    let good = world.new_key(account.id());
    let spoiled: [&dyn Fn(&mut store::NewKey); 8] = [
        &|new| new.credentials.truncate(1),
        &|new| new.key.environments = Environments::Only(Environment::Test),
        &|new| new.credentials[1].environment = Environment::Test,
        &|new| new.credentials[0].slot = SecretSlot::Previous,
        &|new| new.credentials[0].ends_at = Some(Timestamp::MAX),
        &|new| new.key.status = KeyStatus::Revoked,
        &|new| new.key.description = "x".repeat(501),
        &|new| new.key.companies = CompanyRestriction::Only(CompanySet::stored(&[])),
    ];
    for (at, spoil) in spoiled.iter().enumerate() {
        let mut new = good.clone();
        spoil(&mut new);
        let refused = account.create_key(world.stamp(), new).await.unwrap_err();
        assert!(matches!(refused, StoreError::Invalid { .. }), "{at}: {refused}");
    }
    // A secret or a client id that exists, half-way through the rows of the key.
    let _ = account.create_key(world.stamp(), good.clone()).await.unwrap();
    for part in 0..3 {
        let mut new = world.new_key(account.id());
        match part {
            0 => new.credentials[1].hash = good.credentials[0].hash,
            1 => new.credentials[1].client_id = good.credentials[1].client_id,
            _ => new.key.id = good.key.id,
        }
        let refused = account.create_key(world.stamp(), new).await.unwrap_err();
        assert_eq!(conflict(&refused), &ConflictReason::Taken, "{part}");
    }
    let after = world.store.counts().await.unwrap();
    assert_eq!((after.keys, after.audit_entries), (before.keys + 1, before.audit_entries + 1));
    assert_eq!(world.store.committed().borrow().0, revision.0 + 1);
    assert!(world.store.health().await.unwrap().problems.is_empty());
}

#[tokio::test]
async fn r21_r23_r24_settings_change_and_stale_versions_are_refused() {
    let (world, account) = World::with_account().await;
    let company = world.company(&account, &[]).await.company.id;
    let id = world.key(&account).await.key.id;
    let restriction = CompanyRestriction::Only(CompanySet::chosen(&[company]).unwrap());
    let patch = KeyPatch {
        description: Some("shop".to_owned()),
        preset: Some(Preset::Custom(ScopeSet::parse(&["invoices:read"]).unwrap())),
        companies: Some(restriction.clone()),
        expires_at: Some(Some(Timestamp::from_secs(2_000_000_000))),
        expected_version: Some(1),
        ..KeyPatch::default()
    };
    let changed = account.update_key(world.stamp(), id, patch.clone()).await.unwrap();
    assert_eq!((changed.value.version, &changed.value.key.companies), (2, &restriction));
    assert_eq!(picture(&account.key(id).await.unwrap()), picture(&changed.value));

    let stale = account.update_key(world.stamp(), id, patch.clone()).await.unwrap_err();
    assert_eq!(conflict(&stale), &ConflictReason::Stale { expected: 1, actual: 2 });

    // The same again changes nothing: no version, no revision, no audit entry.
    let same = KeyPatch { expected_version: Some(2), ..patch };
    let again = account.update_key(world.stamp(), id, same).await.unwrap();
    assert_eq!((again.value.version, again.revision), (2, changed.revision));

    let widened = KeyPatch { companies: Some(CompanyRestriction::All), expires_at: Some(None), ..KeyPatch::default() };
    let widened = account.update_key(world.stamp(), id, widened).await.unwrap().value;
    assert_eq!((&widened.key.companies, widened.key.expires_at), (&CompanyRestriction::All, None));

    let entries = account.audit(Page::first(10)).await.unwrap().items;
    assert_eq!(entries[0].action, AuditAction::KeyUpdated);
    assert!(entries[0].details.contains(r#""companies":{"from":["co_"#), "{}", entries[0].details);
    assert_eq!(entries.iter().filter(|e| e.action == AuditAction::KeyUpdated).count(), 2);

    let unknown = CompanySet::chosen(&[CompanyId::from_bytes([9; 16])]).unwrap();
    let unknown = KeyPatch { companies: Some(CompanyRestriction::Only(unknown)), ..KeyPatch::default() };
    let refused = account.update_key(world.stamp(), id, unknown).await.unwrap_err();
    assert!(matches!(refused, StoreError::NotFound { what: "company" }));
    assert_eq!(account.key(id).await.unwrap().key.companies, CompanyRestriction::All, "the refused set left nothing");
}

#[tokio::test]
async fn d10_d12_r77_origins_networks_and_limits_are_kept_and_audited() {
    let (world, account) = World::with_account().await;
    let origins =
        |texts: &[&str]| OriginList::new(texts.iter().map(|t| OriginPattern::parse(t).unwrap()).collect()).unwrap();
    let networks =
        NetworkList::new(["10.0.0.0/8", "2001:db8::/32"].map(|t| Network::parse(t).unwrap()).to_vec()).unwrap();
    let limits = KeyLimits::new(vec![(LimitName::new("default").unwrap(), 600)]).unwrap();
    let mut new = world.new_key(account.id());
    new.key.origins = origins(&["https://app.example.com", "https://*.example.org:8443", "*"]);
    new.key.networks = networks.clone();
    new.key.limits = limits.clone();
    new.key.rotate_every_days = Some(90);
    let made = account.create_key(world.stamp(), new.clone()).await.unwrap().value;
    assert_eq!(account.key(made.key.id).await.unwrap().key, new.key);

    let patch = KeyPatch { origins: Some(origins(&["https://b.example"])), ..KeyPatch::default() };
    let changed = account.update_key(world.stamp(), made.key.id, patch).await.unwrap().value.key;
    assert_eq!((changed.networks, changed.limits, changed.rotate_every_days), (networks, limits, Some(90)));
    let cleared = KeyPatch {
        origins: Some(OriginList::default()),
        networks: Some(NetworkList::default()),
        limits: Some(KeyLimits::default()),
        rotate_every_days: Some(None),
        ..KeyPatch::default()
    };
    let _ = account.update_key(world.stamp(), made.key.id, cleared).await.unwrap();
    let read = account.key(made.key.id).await.unwrap().key;
    assert!(read.origins.is_empty() && read.networks.is_empty() && read.limits == KeyLimits::default());
    let entries = account.audit(Page::first(10)).await.unwrap().items;
    assert!(entries[1].details.contains("https://b.example"), "{}", entries[1].details);
    assert!(entries[0].details.contains("10.0.0.0/8") && entries[0].details.contains("600"), "{}", entries[0].details);
}

#[tokio::test]
async fn d14_disable_is_reversible_revoke_and_delete_are_final() {
    use KeyStatus::{Active, Deleted, Disabled, Revoked};
    let (world, account) = World::with_account().await;
    for (from, to, allowed) in [
        (Active, Disabled, true),
        (Active, Revoked, true),
        (Active, Deleted, true),
        (Disabled, Active, true),
        (Disabled, Revoked, true),
        (Disabled, Deleted, true),
        (Revoked, Active, false),
        (Revoked, Disabled, false),
        (Revoked, Deleted, true),
        (Deleted, Active, false),
        (Deleted, Disabled, false),
        (Deleted, Revoked, false),
    ] {
        let id = world.key(&account).await.key.id;
        let before = account.set_key_status(world.stamp(), id, from).await.unwrap();
        let result = account.set_key_status(world.stamp(), id, to).await;
        match result {
            Ok(after) => {
                assert!(allowed, "{from:?} to {to:?}");
                assert!(after.revision > before.revision && after.value.key.status == to);
                let again = account.set_key_status(world.stamp(), id, to).await.unwrap();
                assert_eq!((again.revision, again.value.version), (after.revision, after.value.version));
            }
            Err(error) => {
                assert!(!allowed, "{from:?} to {to:?}: {error}");
                assert_eq!(conflict(&error), &ConflictReason::KeyFinal(from));
            }
        }
    }
}

#[tokio::test]
async fn d14_final_keys_cannot_be_changed_and_deleted_ones_are_out_of_view() {
    let (world, account) = World::with_account().await;
    for status in [KeyStatus::Revoked, KeyStatus::Deleted] {
        let key = world.key(&account).await;
        let id = key.key.id;
        let _ = account.set_key_status(world.stamp(), id, status).await.unwrap();
        let patch = KeyPatch { description: Some("again".to_owned()), ..KeyPatch::default() };
        let fresh = world.credential(Environment::Test, Some(key.credentials[0].credential.client_id));
        for refused in [
            account.update_key(world.stamp(), id, patch).await,
            account.rotate_key(world.stamp(), id, vec![fresh], Timestamp::MAX).await,
            account.end_previous_secret(world.stamp(), id, Environments::Both).await,
        ] {
            assert_eq!(conflict(&refused.unwrap_err()), &ConflictReason::KeyFinal(status));
        }
        let listed = account.keys(KeyFilter::default(), Page::first(200)).await.unwrap().items;
        assert_eq!(listed.iter().any(|row| row.key.id == id), status == KeyStatus::Revoked);
        assert_eq!(account.key(id).await.is_ok(), status == KeyStatus::Revoked);
    }
    let deleted = KeyFilter { status: Some(KeyStatus::Deleted), kind: None };
    assert!(account.keys(deleted, Page::first(200)).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn d13_d41_rotation_keeps_one_old_secret_until_its_end() {
    let (world, account) = World::with_account().await;
    let made = world.key(&account).await;
    let id = made.key.id;
    let client = |e| secret(&made, e, SecretSlot::Current).unwrap().client_id;
    let now = world.now();
    let overlap = now.plus_secs(86_400);

    let fresh = Environment::ALL.map(|e| world.credential(e, Some(client(e)))).to_vec();
    let first = account.rotate_key(world.stamp_at(now), id, fresh.clone(), overlap).await.unwrap().value;
    for environment in Environment::ALL {
        let current = secret(&first, environment, SecretSlot::Current).unwrap();
        let previous = secret(&first, environment, SecretSlot::Previous).unwrap();
        let original = secret(&made, environment, SecretSlot::Current).unwrap();
        assert!(previous.hash.matches(&original.hash) && !current.hash.matches(&original.hash));
        assert_eq!((current.ends_at, previous.ends_at), (None, Some(overlap)));
        assert_eq!((current.client_id, previous.client_id), (original.client_id, original.client_id));
    }

    // Only test: its older previous ends at once, live keeps its own.
    let again = vec![world.credential(Environment::Test, Some(client(Environment::Test)))];
    let second = account.rotate_key(world.stamp(), id, again, overlap.plus_secs(1)).await.unwrap().value;
    assert_eq!(second.credentials.len(), 4);
    let previous = secret(&second, Environment::Test, SecretSlot::Previous).unwrap();
    assert!(previous.hash.matches(&fresh[0].hash));
    assert_eq!(previous.ends_at, Some(overlap.plus_secs(1)));
    assert_eq!(secret(&second, Environment::Live, SecretSlot::Previous).unwrap().ends_at, Some(overlap));

    // Ending early is per environment, and remembered.
    let stop = world.stamp();
    let ended = account.end_previous_secret(stop, id, Environments::Only(Environment::Live)).await.unwrap().value;
    let row = |e| {
        ended.credentials.iter().find(|c| c.credential.environment == e && c.credential.slot == SecretSlot::Previous)
    };
    assert_eq!(row(Environment::Live).map(|c| (c.credential.ends_at, c.ended)), Some((Some(stop.now), Some(stop.now))));
    assert_eq!(row(Environment::Test).map(|c| c.ended), Some(None));
    let nothing = account.end_previous_secret(world.stamp(), id, Environments::Only(Environment::Live)).await.unwrap();
    assert_eq!(nothing.value.version, ended.version);
}

#[tokio::test]
async fn d13_an_overlap_ends_with_the_key_and_zero_means_at_once() {
    let (world, account) = World::with_account().await;
    let mut new = world.new_key(account.id());
    let expiry = world.now().plus_secs(1_000);
    new.key.expires_at = Some(expiry);
    let made = account.create_key(world.stamp(), new).await.unwrap().value;
    let test = made.credentials[0].credential.client_id;
    let rotate = |until| {
        let fresh = vec![world.credential(Environment::Test, Some(test))];
        let stamp = world.stamp();
        let account = account.clone();
        async move { (stamp.now, account.rotate_key(stamp, made.key.id, fresh, until).await.unwrap().value) }
    };
    let end = |row: &store::KeyRow| secret(row, Environment::Test, SecretSlot::Previous).unwrap().ends_at;
    let (_, capped) = rotate(expiry.plus_secs(1)).await;
    assert_eq!(end(&capped), Some(expiry));
    let (now, at_once) = rotate(Timestamp::from_secs(1)).await;
    assert_eq!(end(&at_once), Some(now));

    // Bringing the expiry forward brings the end of the overlap forward.
    let (_, _) = rotate(expiry).await;
    let sooner = expiry.plus_secs(-500);
    let patch = KeyPatch { expires_at: Some(Some(sooner)), ..KeyPatch::default() };
    let patched = account.update_key(world.stamp(), made.key.id, patch).await.unwrap().value;
    assert_eq!(end(&patched), Some(sooner));
}

#[tokio::test]
async fn d41_a_rotation_keeps_the_client_id_and_the_environments() {
    let (world, account) = World::with_account().await;
    let mut new = world.new_key(account.id());
    new.key.environments = Environments::Only(Environment::Test);
    new.credentials.truncate(1);
    let made = account.create_key(world.stamp(), new).await.unwrap().value;
    let client = made.credentials[0].credential.client_id;
    let twice = world.credential(Environment::Test, Some(client));
    for bad in [
        vec![],
        vec![world.credential(Environment::Test, None)],
        vec![world.credential(Environment::Live, Some(client))],
        vec![twice.clone(), world.credential(Environment::Test, Some(client))],
    ] {
        let refused = account.rotate_key(world.stamp(), made.key.id, bad, Timestamp::MAX).await.unwrap_err();
        assert!(matches!(refused, StoreError::Invalid { .. }), "{refused}");
    }
    assert_eq!(picture(&account.key(made.key.id).await.unwrap()), picture(&made));
    let _ = account.rotate_key(world.stamp(), made.key.id, vec![twice.clone()], Timestamp::MAX).await.unwrap();
    let reused = account.rotate_key(world.stamp(), made.key.id, vec![twice], Timestamp::MAX).await.unwrap_err();
    assert_eq!(conflict(&reused), &ConflictReason::Taken);
}

#[tokio::test]
async fn restricted_keys_are_limited_and_deleting_makes_room() {
    let world = World::with(Options { restricted_keys_max: 2, ..Options::default() }).await;
    let account = world.account().await;
    let first = world.key(&account).await.key.id;
    world.key(&account).await;
    let refused = account.create_key(world.stamp(), world.new_key(account.id())).await.unwrap_err();
    assert!(matches!(refused, StoreError::Limit { max: 2, .. }), "{refused}");
    let _ = account.set_key_status(world.stamp(), first, KeyStatus::Revoked).await.unwrap();
    assert!(account.create_key(world.stamp(), world.new_key(account.id())).await.is_err(), "revoked keys are in view");
    let _ = account.set_key_status(world.stamp(), first, KeyStatus::Deleted).await.unwrap();
    let _ = account.create_key(world.stamp(), world.new_key(account.id())).await.unwrap();
    // Another account has room of its own.
    let other = world.account().await;
    world.key(&other).await;
}

#[tokio::test]
async fn lists_are_pages_newest_first() {
    let (world, account) = World::with_account().await;
    let other = world.account().await;
    let mut expected = Vec::new();
    for n in 0..9 {
        let id = world.key(&account).await.key.id;
        if n % 2 == 0 {
            let _ = account.set_key_status(world.stamp(), id, KeyStatus::Disabled).await.unwrap();
        }
        expected.push(id);
        world.key(&other).await;
    }
    expected.reverse();
    let mut seen = Vec::new();
    let mut page = Page::first(4);
    let restricted = KeyFilter { kind: Some(KeyKind::Restricted), status: None };
    loop {
        let list = account.keys(restricted, page).await.unwrap();
        assert!(list.items.len() <= 4 && list.items.iter().all(|row| row.credentials.len() == 2));
        seen.extend(list.items.iter().map(|row| row.key.id));
        let Some(next) = list.next else { break };
        page = Page::behind(next, 4);
    }
    assert_eq!(seen, expected);
    let disabled = KeyFilter { kind: None, status: Some(KeyStatus::Disabled) };
    assert_eq!(account.keys(disabled, Page::first(200)).await.unwrap().items.len(), 5);
    assert_eq!(account.keys(restricted, Page::first(0)).await.unwrap().items.len(), 1, "at least one row");
}

#[tokio::test]
async fn a_page_never_has_more_rows_than_the_bound() {
    let (world, account) = World::with_account().await;
    for _ in 0..=PAGE_MAX {
        world.company(&account, &[]).await;
    }
    let list = account.companies(Page::first(u16::MAX)).await.unwrap();
    assert_eq!(list.items.len(), usize::from(PAGE_MAX));
    let rest = account.companies(Page::behind(list.next.unwrap(), u16::MAX)).await.unwrap();
    assert_eq!((rest.items.len(), rest.next), (1, None));
}
