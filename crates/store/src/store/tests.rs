//! Tests of the settings that only the store's own connections show.
//!
//! Owns:  proofs about connections, which the public face does not show.
//! Never: the contract; that is `tests/it`.
//! Read:  top down.

use super::*;
use sqlx::{Connection, Row, SqliteConnection};

async fn setting(connection: &mut SqliteConnection, statement: &'static str) -> String {
    let row = sqlx::query(statement).fetch_one(connection).await.unwrap();
    row.try_get::<i64, _>(0).map_or_else(|_| row.get::<String, _>(0), |number| number.to_string())
}

#[tokio::test]
async fn d44_the_writer_flushes_every_commit_and_readers_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::default();
    let store = Store::open(folder.path(), options.clone()).await.unwrap();
    let path = store.0.folder.database();
    let mut writer = SqliteConnection::connect_with(&read_write(&path, &options)).await.unwrap();
    assert_eq!(setting(&mut writer, "PRAGMA synchronous").await, "2", "FULL");
    assert_eq!(setting(&mut writer, "PRAGMA foreign_keys").await, "1");
    assert_eq!(setting(&mut writer, "PRAGMA journal_mode").await, "wal");
    assert_eq!(setting(&mut writer, "PRAGMA busy_timeout").await, "5000");
    let mut reader = store.reader().await.unwrap();
    let refused = sqlx::query("DELETE FROM audit").execute(&mut *reader).await.unwrap_err();
    assert!(refused.to_string().contains("readonly"), "{refused}");
}
