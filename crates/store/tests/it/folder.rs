//! The data folder: permissions, the lock, and files that are not ours.
//!
//! Owns:  opening, closing, and what is refused at the door.
//! Never: rows, beyond showing that they survived.
//! Read:  top down.

use crate::world::{World, raw};
use std::{fs, os::unix::fs::PermissionsExt};
use store::{KeyFilter, Options, Page, Store, StoreError, inspect};

#[tokio::test]
async fn r116_folder_and_files_are_for_their_owner_alone() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a/b");
    let store = Store::open(&folder, Options::default()).await.unwrap();
    let world = World::new().await;
    let (account, primary) = world.new_account();
    let _ = store.create_account(world.stamp(), account, primary).await.unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&parent.path().join("a"))), (0o700, 0o700));
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{path:?}");
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    names.sort();
    assert_eq!(
        names,
        [
            "claviger.db",
            "claviger.db-shm",
            "claviger.db-wal",
            "claviger.lock",
            "usage.db",
            "usage.db-shm",
            "usage.db-wal"
        ]
    );

    // A file that was opened up by a copy is closed again.
    store.close().await;
    fs::set_permissions(folder.join("claviger.db"), fs::Permissions::from_mode(0o644)).unwrap();
    let _store = Store::open(&folder, Options::default()).await.unwrap();
    assert_eq!(mode(&folder.join("claviger.db")), 0o600);
}

#[tokio::test]
async fn a_second_opener_gets_a_clear_error_until_the_first_closes() {
    let (world, account) = World::with_account().await;
    let refused = Store::open(world.path(), Options::default()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Locked { .. }));
    assert!(refused.to_string().contains("in use by another claviger process"), "{refused}");
    let clone = world.store.clone();
    world.store.clone().close().await;
    let again = Store::open(world.path(), Options::default()).await.unwrap();
    assert!(again.account(account.id()).account().await.is_ok());
    // What is left of the first is closed, not confused.
    assert!(matches!(account.account().await, Err(StoreError::Closed)));
    let late = clone.create_operator_token(world.stamp(), world.new_operator_token()).await;
    assert!(matches!(late, Err(StoreError::Closed)));
}

#[tokio::test]
async fn dropping_every_clone_frees_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::open(folder.path(), Options::default()).await.unwrap());
    // The task that writes ends by itself; each turn gives it the thread.
    for _ in 0..100_000 {
        match Store::open(folder.path(), Options::default()).await {
            Ok(_) => return,
            Err(StoreError::Locked { .. }) => tokio::task::yield_now().await,
            Err(other) => panic!("{other}"),
        }
    }
    panic!("the folder stayed locked");
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_restart() {
    let (mut world, account) = World::with_account().await;
    let key = world.key(&account).await.key.id;
    let revision = *world.store.committed().borrow();
    world.reopen().await;
    assert_eq!(*world.store.committed().borrow(), revision);
    let account = world.store.account(account.id());
    assert!(account.key(key).await.is_ok());
    let next = account.create_company(world.stamp(), world.new_company(account.id(), &[])).await.unwrap();
    assert_eq!(next.revision.0, revision.0 + 1);
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claviger.db");
    raw(&file, &["CREATE TABLE shopping (item)"]).await;
    let foreign = fs::read(&file).unwrap();
    let text = "a text that somebody put there, long enough to be looked at ".repeat(20).into_bytes();
    for bytes in [foreign, text] {
        fs::write(&file, &bytes).unwrap();
        let refused = Store::open(folder.path(), Options::default()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Foreign { .. }), "{refused}");
        assert_eq!(fs::read(&file).unwrap(), bytes);
        assert!(matches!(inspect(folder.path()).await, Err(StoreError::Foreign { .. })));
    }
}

#[tokio::test]
async fn a_schema_of_another_release_is_refused() {
    for statement in [
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (999, 'later', 1, x'00', 0)",
        "UPDATE _sqlx_migrations SET checksum = x'00'",
    ] {
        let world = World::new().await;
        world.store.clone().close().await;
        world.raw(&[statement]).await;
        let refused = Store::open(world.path(), Options::default()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Schema { .. }), "{refused}");
        assert!(matches!(inspect(world.path()).await, Err(StoreError::Schema { .. })));
    }
}

#[tokio::test]
async fn a_full_database_refuses_the_change_and_keeps_working() {
    let mut world = World::with(Options { size_max: 60 * 4_096, ..Options::default() }).await;
    let account = world.account().await;
    let mut made = 0;
    let refused = loop {
        let names: Vec<String> = (0..60).map(|n| format!("test:id={made}-{n}-{}", "x".repeat(100))).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match account.create_company(world.stamp(), world.new_company(account.id(), &names)).await {
            Ok(_) => made += 1,
            Err(error) => break error,
        }
        assert!(made < 1_000, "the size is bounded");
    };
    assert!(matches!(refused, StoreError::Full), "{refused}");
    let counts = world.store.counts().await.unwrap();
    assert_eq!((counts.companies, counts.audit_entries), (made, made + 1), "nothing of the refused change is there");
    assert_eq!(account.keys(KeyFilter::default(), Page::first(1)).await.unwrap().items.len(), 1);
    assert_eq!(world.store.health().await.unwrap().problems, Vec::<String>::new());
    // With room again, changes go on in the same numbers.
    let revision = *world.store.committed().borrow();
    world.reopen().await;
    let account = world.store.account(account.id());
    let next = account.create_company(world.stamp(), world.new_company(account.id(), &[])).await.unwrap();
    assert_eq!(next.revision.0, revision.0 + 1);
    assert_eq!(world.store.verify_audit().await.unwrap().broken, None);
}
