//! The audit chain: what is written, what it names, and that tampering shows.
//!
//! Owns:  the content of entries, the walk, a table of ways to tamper.
//! Never: which change writes which entry in detail.
//! Read:  top down.

use crate::world::{World, number, raw};
use model::{AuditId, Entropy, Environments, KeyStatus, OperatorTokenId, RequestId, Timestamp};
use sha2::{Digest, Sha256};
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use store::{AuditAction, Author, Page, Revision, Stamp, Store, StoreError, Subject, inspect};

/// A store with a handful of entries, closed.
async fn chain() -> World {
    let (world, account) = World::with_account().await;
    for _ in 0..3 {
        let id = world.key(&account).await.key.id;
        let _ = account.set_key_status(world.stamp(), id, KeyStatus::Revoked).await.unwrap();
    }
    world.store.clone().close().await;
    world
}

#[tokio::test]
async fn d34_an_isolation_violation_is_an_entry_without_a_change() {
    let (world, account) = World::with_account().await;
    let key = world.key(&account).await.key.id;
    let (other, before) = (world.account().await, *world.store.committed().borrow());
    let operation = model::OperationId::new("list").unwrap();
    let noted = world.store.for_gateway().note_violation(world.stamp(), account.id(), key, operation, 3).await.unwrap();
    let after = world.store.feed().since(Revision::START, 100).await.unwrap().revision;
    assert!(noted.revision == after && after >= before, "no revision of its own");
    let entry = account.audit(Page::first(1)).await.unwrap().items.remove(0);
    assert_eq!((entry.action, entry.account), (AuditAction::IsolationViolation, Some(account.id())));
    assert_eq!(entry.details, format!("{{\"count\":3,\"key\":\"{key}\",\"operation\":\"list\"}}"));
    let theirs = other.audit(Page::first(100)).await.unwrap().items;
    assert!(theirs.iter().all(|e| e.action != AuditAction::IsolationViolation), "a second account does not see it");
    assert_eq!(world.store.verify_audit().await.unwrap().broken, None);
}

#[tokio::test]
async fn every_change_writes_one_entry_with_author_request_and_time() {
    let (world, account) = World::with_account().await;
    let key = world.key(&account).await;
    let now = Timestamp::from_secs(1_800_000_000);
    let stamp = Stamp {
        author: Author::Operator(OperatorTokenId::new(now, Entropy([1; 10]))),
        request: Some(RequestId::new(now, Entropy([2; 10]))),
        now,
        audit_id: AuditId::new(now, Entropy([3; 10])),
    };
    let revoked = account.set_key_status(stamp, key.key.id, KeyStatus::Revoked).await.unwrap();
    let entries = account.audit(Page::first(10)).await.unwrap().items;
    let entry = &entries[0];
    assert_eq!((entry.sequence, entry.id, entry.at), (3, stamp.audit_id, now));
    assert_eq!((entry.author, entry.request), (stamp.author, stamp.request));
    assert_eq!((entry.action, entry.account), (AuditAction::KeyRevoked, Some(account.id())));
    assert_eq!((&entry.subjects[..], entry.revision), (&[Subject::Key(key.key.id)][..], revoked.revision));
    assert_eq!(entry.details, r#"{"status":{"from":"active","to":"revoked"}}"#);
    let actions: Vec<_> = entries.iter().map(|e| e.action).collect();
    assert_eq!(actions, [AuditAction::KeyRevoked, AuditAction::KeyCreated, AuditAction::AccountCreated]);
    // Nothing to end: no change, no entry.
    assert!(account.end_previous_secret(world.stamp(), key.key.id, Environments::Both).await.is_err());
    assert_eq!(world.store.verify_audit().await.unwrap().head.sequence, 3);
}

#[tokio::test]
async fn entries_are_pages_newest_first() {
    let (world, account) = World::with_account().await;
    let other = world.account().await;
    for _ in 0..5 {
        world.key(&account).await;
        world.key(&other).await;
    }
    let first = account.audit(Page::first(4)).await.unwrap();
    let rest = account.audit(Page::behind(first.next.unwrap(), 4)).await.unwrap();
    assert_eq!((first.items.len(), rest.items.len(), rest.next), (4, 2, None));
    assert!(first.items.iter().chain(&rest.items).all(|e| e.account == Some(account.id())));
    let all = world.store.audit(Page::first(200)).await.unwrap().items;
    let sequences: Vec<u64> = all.iter().map(|e| e.sequence).collect();
    assert_eq!(sequences, (1..=12).rev().collect::<Vec<_>>());
    let unknown = Page::behind(AuditId::from_bytes([1; 16]), 1);
    assert!(matches!(world.store.audit(unknown).await, Err(StoreError::NotFound { what: "audit entry" })));
}

#[test]
fn every_action_reads_back_from_its_text() {
    for action in AuditAction::ALL {
        assert_eq!(AuditAction::parse(action.as_str()), Some(*action));
    }
    assert_eq!(AuditAction::parse("key.created "), None);
}

#[tokio::test]
async fn anybody_can_recompute_the_chain_from_the_columns() {
    let world = chain().await;
    let options = SqliteConnectOptions::new().filename(world.database()).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let texts = "SELECT hash, CAST(sequence AS TEXT), id, CAST(at AS TEXT), author, request, action, account, subjects, \
                 CAST(revision AS TEXT), details FROM audit ORDER BY sequence";
    let mut before = vec![0; 32];
    for row in sqlx::query(texts).fetch_all(&mut connection).await.unwrap() {
        let mut hash = Sha256::new_with_prefix(&before);
        for column in 1..=10 {
            let text: &str = row.get(column);
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        before = hash.finalize().to_vec();
        assert_eq!(before, row.get::<Vec<u8>, _>(0));
    }
}

#[tokio::test]
async fn tampering_is_found_and_named() {
    for (statement, sequence) in [
        ("UPDATE audit SET at = at + 1 WHERE sequence = 3", 3),
        ("UPDATE audit SET author = 'opt_00000000000000000000000000' WHERE sequence = 2", 2),
        ("UPDATE audit SET request = 'x' WHERE sequence = 4", 4),
        ("UPDATE audit SET action = 'key.created' WHERE sequence = 3", 3),
        ("UPDATE audit SET account = '' WHERE sequence = 1", 1),
        ("UPDATE audit SET subjects = '' WHERE sequence = 5", 5),
        ("UPDATE audit SET details = '{}' WHERE sequence = 7", 7),
        ("UPDATE audit SET revision = revision - 1 WHERE sequence = 6", 6),
        ("UPDATE audit SET id = id || 'x' WHERE sequence = 2", 2),
        ("UPDATE audit SET hash = zeroblob(32) WHERE sequence = 4", 4),
        ("UPDATE audit SET author = author || request, request = '' WHERE sequence = 1", 0),
        ("DELETE FROM audit WHERE sequence = 4", 4),
        ("DELETE FROM audit WHERE sequence = 1", 1),
        ("DELETE FROM audit WHERE sequence = 7", 7),
        ("DELETE FROM audit", 1),
        ("DELETE FROM change_log WHERE revision = 8", 8),
    ] {
        let world = chain().await;
        world.raw(&[statement]).await;
        let health = inspect(world.path()).await.unwrap();
        // A sequence of 0 is a statement that changes nothing: author and request keep their lengths.
        let found = health.audit.broken.as_ref().map_or(0, |broken| broken.sequence);
        assert_eq!(found, sequence, "{statement}: {:?}", health.audit);
        assert_eq!(health.problems.is_empty(), sequence == 0, "{statement}: {:?}", health.problems);
    }
}

#[tokio::test]
async fn a_chain_that_was_cut_or_bent_at_its_end_does_not_open() {
    for statement in ["DELETE FROM audit WHERE sequence = 7", "UPDATE audit SET details = '{}' WHERE sequence = 7"] {
        let world = chain().await;
        world.raw(&[statement]).await;
        let refused = Store::open(world.path(), store::Options::default()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused}");
    }
}

#[tokio::test]
async fn a_rewritten_chain_has_another_head() {
    let world = chain().await;
    let head = inspect(world.path()).await.unwrap().audit.head;
    assert_eq!(head.sequence, 7);
    assert_eq!(number(&world.database(), "SELECT COUNT(*) FROM audit").await, 7);
    raw(&world.database(), &["UPDATE audit SET hash = randomblob(32) WHERE sequence = 7"]).await;
    let report = inspect(world.path()).await.unwrap().audit;
    assert_ne!(report.head, head);
    assert_eq!(report.head.sequence, 6, "the head is the end of what fits");
}
