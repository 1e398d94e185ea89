//! Back-up, restore and examination.
//!
//! Owns:  what an operator relies on when something went wrong.
//! Never: the switch's inner steps.
//! Read:  top down.

use crate::world::{World, number, raw};
use model::KeyStatus;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};
use store::{AuditAction, KeyFilter, Options, Page, SQLITE_VERSION_MIN, Store, StoreError, backup, inspect, restore};

#[tokio::test]
async fn a_back_up_is_complete_private_and_never_overwrites() {
    let (world, account) = World::with_account().await;
    world.key(&account).await;
    let target = world.path().join("back ups?mode=x%20.db");
    let made = world.store.backup(&target).await.unwrap();
    assert_eq!((made.path.as_path(), made.revision), (target.as_path(), *world.store.committed().borrow()));
    assert_eq!(fs::metadata(&target).unwrap().len(), made.bytes);
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(number(&target, "SELECT COUNT(*) FROM keys").await, 2);
    assert_eq!(made.audit, world.store.verify_audit().await.unwrap().head);

    let bytes = fs::read(&target).unwrap();
    let refused = world.store.backup(&target).await.unwrap_err();
    assert!(matches!(refused, StoreError::Exists { .. }), "{refused}");
    assert_eq!(fs::read(&target).unwrap(), bytes);
    assert!(matches!(world.store.backup(Path::new("/nowhere/b.db")).await, Err(StoreError::File { .. })));
}

#[tokio::test]
async fn a_back_up_of_a_damaged_store_fails_and_leaves_no_file() {
    let (world, _account) = World::with_account().await;
    world.raw(&["UPDATE audit SET details = '{}'"]).await;
    let target = world.path().join("backup.db");
    let refused = world.store.backup(&target).await.unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused}");
    assert!(!target.exists());
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(backup(empty.path(), &target).await, Err(StoreError::File { .. })));
    assert!(!target.exists());
}

#[tokio::test]
async fn a_back_up_is_taken_while_changes_go_on() {
    let (world, account) = World::with_account().await;
    let target = world.path().join("backup.db");
    let before = *world.store.committed().borrow();
    let (made, ()) = tokio::join!(backup(world.path(), &target), async {
        for _ in 0..40 {
            world.key(&account).await;
        }
    });
    let made = made.unwrap();
    assert!(made.revision >= before && made.revision <= *world.store.committed().borrow());
    assert_eq!(number(&target, "SELECT COUNT(*) FROM audit").await, i64::try_from(made.audit.sequence).unwrap());
}

#[tokio::test]
async fn a_restore_brings_the_state_back_and_keeps_the_one_before() {
    let (world, account) = World::with_account().await;
    let key = world.key(&account).await.key.id;
    let target = world.path().join("backup.db");
    let made = world.store.backup(&target).await.unwrap();
    let _ = account.set_key_status(world.stamp(), key, KeyStatus::Revoked).await.unwrap();
    let late = world.key(&account).await.key.id;

    let held = restore(&target, world.path(), Options::default(), world.stamp()).await.unwrap_err();
    assert!(matches!(held, StoreError::Locked { .. }), "{held}");

    world.store.clone().close().await;
    let stamp = world.stamp();
    let restored = restore(&target, world.path(), Options::default(), stamp).await.unwrap();
    assert_eq!((restored.revision, restored.audit), (made.revision, made.audit));
    let kept = restored.kept.unwrap();
    assert!(kept.file_name().unwrap().to_str().unwrap().starts_with("claviger.db.before-restore-2026"), "{kept:?}");
    assert_eq!(number(&kept, "SELECT COUNT(*) FROM keys WHERE status = 'revoked'").await, 1);

    let store = Store::open(world.path(), Options::default()).await.unwrap();
    let account = store.account(account.id());
    assert_eq!(account.key(key).await.unwrap().key.status, KeyStatus::Active);
    assert!(account.key(late).await.is_err());
    let entry = &store.audit(Page::first(1)).await.unwrap().items[0];
    assert_eq!((entry.action, entry.id, entry.revision), (AuditAction::StoreRestored, stamp.audit_id, made.revision));
    assert_eq!(store.health().await.unwrap().problems, Vec::<String>::new());
    let _ = account.create_key(world.stamp(), world.new_key(account.id())).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap().broken, None);
}

#[tokio::test]
async fn a_restore_into_an_empty_folder_needs_nothing_else() {
    let (world, account) = World::with_account().await;
    let target = world.path().join("backup.db");
    let _ = world.store.backup(&target).await.unwrap();
    let fresh = tempfile::tempdir().unwrap();
    let folder = fresh.path().join("data");
    let restored = restore(&target, &folder, Options::default(), world.stamp()).await.unwrap();
    assert_eq!(restored.kept, None);
    let store = Store::open(&folder, Options::default()).await.unwrap();
    assert_eq!(store.account(account.id()).keys(KeyFilter::default(), Page::first(9)).await.unwrap().items.len(), 1);
    assert_eq!(fs::metadata(folder.join("claviger.db")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_restore_replaces_a_database_that_cannot_be_read() {
    let (world, account) = World::with_account().await;
    let target = world.path().join("backup.db");
    let _ = world.store.backup(&target).await.unwrap();
    world.store.clone().close().await;
    fs::write(world.database(), b"burnt").unwrap();
    fs::write(world.path().join("claviger.db-wal"), b"ashes").unwrap();
    let restored = restore(&target, world.path(), Options::default(), world.stamp()).await.unwrap();
    assert_eq!(fs::read(restored.kept.unwrap()).unwrap(), b"burnt");
    let store = Store::open(world.path(), Options::default()).await.unwrap();
    assert!(store.account(account.id()).account().await.is_ok());
}

#[tokio::test]
async fn what_is_no_sound_back_up_is_refused_and_changes_nothing() {
    let (world, account) = World::with_account().await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    for name in ["tampered", "newer", "dangling"] {
        let _ = world.store.backup(&file(name)).await.unwrap();
    }
    let whole = fs::read(file("tampered")).unwrap();
    raw(&file("tampered"), &["UPDATE audit SET author = 'opt_00000000000000000000000000'"]).await;
    raw(
        &file("newer"),
        &["INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                           VALUES (999, 'later', 1, x'00', 0)"],
    )
    .await;
    raw(&file("dangling"), &["PRAGMA foreign_keys = OFF", "DELETE FROM accounts"]).await;
    raw(&file("foreign"), &["CREATE TABLE t (a)"]).await;
    fs::write(file("text"), "not a database, but long enough to be looked at as one ".repeat(40)).unwrap();
    fs::write(file("empty"), "").unwrap();
    fs::write(file("short"), &whole[..whole.len() / 2]).unwrap();
    world.store.clone().close().await;
    let before = fs::read(world.database()).unwrap();
    for (name, expected) in [
        ("tampered", "damaged"),
        ("newer", "schema"),
        ("dangling", "damaged"),
        ("foreign", "not a claviger database"),
        ("text", "not a claviger database"),
        ("empty", "not a claviger database"),
        ("short", "damaged"),
        ("missing", "No such file"),
    ] {
        let refused = restore(&file(name), world.path(), Options::default(), world.stamp()).await.unwrap_err();
        assert!(refused.to_string().contains(expected), "{name}: {refused}");
        assert_eq!(fs::read(world.database()).unwrap(), before, "{name}");
    }
    let mut names: Vec<_> = fs::read_dir(world.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["claviger.db", "claviger.lock", "usage.db"], "nothing is left behind");
    let store = Store::open(world.path(), Options::default()).await.unwrap();
    assert!(store.account(account.id()).account().await.is_ok());
}

#[tokio::test]
async fn an_examination_needs_no_lock_and_tells_the_facts() {
    let (world, account) = World::with_account().await;
    world.company(&account, &[]).await;
    let deleted = world.key(&account).await.key.id;
    let _ = account.set_key_status(world.stamp(), deleted, KeyStatus::Deleted).await.unwrap();
    let health = inspect(world.path()).await.unwrap();
    assert_eq!(health.problems, Vec::<String>::new());
    assert_eq!((health.journal_mode.as_str(), health.schema_version), ("wal", 8));
    let parts = |text: &str| text.split('.').map(|n| n.parse::<u32>().unwrap()).collect::<Vec<_>>();
    assert!(parts(&health.sqlite_version) >= parts(SQLITE_VERSION_MIN));
    assert_eq!((health.counts.accounts, health.counts.companies, health.counts.keys), (1, 1, 1));
    assert_eq!((health.counts.audit_entries, health.audit.head.sequence), (4, 4));
    assert_eq!(health.revision, *world.store.committed().borrow());
    assert!(health.database_bytes > 0 && health.wal_bytes > 0 && health.pages > 0);
    assert_eq!(world.store.counts().await.unwrap(), health.counts);

    // After a clean stop there is no log, and it still works.
    world.store.clone().close().await;
    assert_eq!(inspect(world.path()).await.unwrap().problems, Vec::<String>::new());
    world.raw(&["DELETE FROM change_log WHERE revision = 2"]).await;
    assert!(inspect(world.path()).await.unwrap().problems[0].contains("gaps"));
}
