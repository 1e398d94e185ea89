//! What was answered is there after a restart, whichever way the end came.

use super::harness::{Caller, Invoice, NOW, Server, Setup, folder};
use serde_json::{Value, json};
use std::time::Duration;

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
