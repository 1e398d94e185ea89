//! Files: what two SQLite files show that a database server cannot.

use super::harness::{Server, folder, options};

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let folder = folder();
    Server::start(folder.path()).await.stop().await;
    let file = folder.path().join("invoicing-live.db");
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut connection = sqlx::ConnectOptions::connect(&file).await.unwrap();
    sqlx::raw_sql("PRAGMA user_version = 99").execute(&mut connection).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
    let error = Server::refused(options(folder.path(), None)).await;
    assert!(error.contains("invoicing-live.db") && error.contains("format 99"), "{error}");
}

#[tokio::test]
#[cfg(unix)]
async fn nobody_else_reads_the_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = folder();
    let folder = parent.path().join("data");
    Server::start(&folder).await.stop().await;
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
}
