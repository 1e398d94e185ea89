//! What was answered is there after a restart, whichever way the end came.

use crate::harness::{Caller, Invoice, NOW, Server, Setup, folder};
use invoicing::{ContextKeys, Options};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::net::TcpListener;

fn caller() -> Caller {
    Caller::new("live", "acc_one")
}

async fn fill(server: &Server) {
    for number in ["1", "2"] {
        server
            .json(&caller(), "POST", "/v1/send/json", &Invoice::new("IT00000000001", number).json())
            .await
            .expect(201);
    }
    server.json(&caller(), "POST", "/v1/webhook", &json!({"url": "https://example.com/"})).await.expect(201);
}

async fn everything(server: &Server) -> Vec<Value> {
    let mut all = Vec::new();
    for path in ["company", "send?include_payload=true", "update", "webhook", "status"] {
        all.push(server.get(&caller(), &format!("/v1/{path}")).await.expect(200));
    }
    all
}

#[tokio::test]
async fn rows_outlive_the_process_however_it_ends() {
    let folder = folder();
    let server = Server::start(folder.path()).await;
    fill(&server).await;
    let before = everything(&server).await;
    server.kill().await;
    let server = Server::start(folder.path()).await;
    assert_eq!(everything(&server).await, before);
    assert!(server.get(&caller(), "/v1/log?method=POST").await.total() <= 3);
    server.stop().await;
    let server = Server::start(folder.path()).await;
    assert_eq!(everything(&server).await, before);
    server.stop().await;
}

#[tokio::test]
async fn an_orderly_stop_writes_the_whole_log() {
    let folder = folder();
    let server = Server::start(folder.path()).await;
    fill(&server).await;
    server.stop().await;
    let server = Server::start(folder.path()).await;
    assert_eq!(server.get(&caller(), "/v1/log?method=POST").await.total(), 3);
    server.stop().await;
}

#[tokio::test]
async fn states_go_on_after_a_restart() {
    let folder = folder();
    let server = Server::start(folder.path()).await;
    fill(&server).await;
    server.advance(Duration::from_secs(2));
    let two = |value: &Value| value.as_array().unwrap().len() == 2;
    server.until(&caller(), "/v1/send?latest_state=Inviato", two).await;
    server.kill().await;
    // Long after: the step that was due in between is made, once.
    let server = Server::start_with(folder.path(), Setup { now: NOW + 3_600, ..Setup::default() }).await;
    server.until(&caller(), "/v1/send?latest_state=Consegnato", two).await;
    assert_eq!(server.get(&caller(), "/v1/update").await.total(), 4);
    server.stop().await;
}

#[tokio::test]
async fn requests_that_are_under_way_end_before_the_server_does() {
    let folder = folder();
    let server = Server::start(folder.path()).await;
    let address = server.address;
    let token = server.token(&caller());
    // A request whose body is still on its way when the stop comes.
    let body = Invoice::new("IT00000000001", "1").json().to_string();
    let (first, rest) = body.split_at(body.len() / 2);
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/send/json HTTP/1.1\r\nhost: x\r\nclaviger-context: {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{first}",
        body.len()
    );
    tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes()).await.unwrap();
    // Another request answered means that the loop has taken the first connection.
    server.get(&caller(), "/v1/status").await.expect(200);
    let stopping = tokio::spawn(server.stop());
    tokio::io::AsyncWriteExt::write_all(&mut stream, rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    stopping.await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    let server = Server::start(folder.path()).await;
    assert_eq!(server.get(&caller(), "/v1/send").await.total(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let folder = folder();
    Server::start(folder.path()).await.stop().await;
    let file = folder.path().join("invoicing-live.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file);
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::raw_sql("PRAGMA user_version = 99").execute(&mut connection).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
    let keys = ContextKeys::Static(crate::harness::Signer::new(1, "k1").jwks());
    let options = Options::new(folder.path().to_owned(), keys, Arc::new(|| 0), Arc::new(|_: &mut [u8]| ()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = invoicing::serve(listener, options, async {}).await.unwrap_err().to_string();
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
