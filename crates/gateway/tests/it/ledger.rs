//! An upstream that makes things and counts what it made, by business key; what goes wrong is said in the request.

use crate::harness::{read_body, read_head};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// The upstream.
#[derive(Clone)]
pub(crate) struct Ledger {
    pub(crate) address: SocketAddr,
    /// Writes whose head and body have arrived.
    pub(crate) writes: Arc<AtomicUsize>,
    /// Look-ups that were asked.
    pub(crate) lookups: Arc<AtomicUsize>,
    /// Look-ups fail.
    pub(crate) blind: Arc<AtomicBool>,
    made: Arc<Mutex<HashMap<String, usize>>>,
    released: watch::Sender<bool>,
    /// The last write's head.
    pub(crate) head: Arc<Mutex<String>>,
}

impl Ledger {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ledger = Self {
            address: listener.local_addr().unwrap(),
            writes: Arc::default(),
            lookups: Arc::default(),
            blind: Arc::default(),
            made: Arc::default(),
            released: watch::Sender::new(false),
            head: Arc::default(),
        };
        let told = ledger.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let told = told.clone();
                tokio::spawn(async move { told.serve(socket).await });
            }
        });
        ledger
    }

    /// How often a thing was made.
    pub(crate) fn made(&self, no: &str) -> usize {
        self.made.lock().unwrap().get(no).copied().unwrap_or(0)
    }

    /// Lets what waits go on, now and from now on.
    pub(crate) fn release(&self) {
        self.released.send_replace(true);
    }

    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    async fn wait(&self) {
        let _ = self.released.subscribe().wait_for(|released| *released).await;
    }

    async fn serve(&self, mut socket: TcpStream) {
        let mut buffer = Vec::new();
        while let Some(head) = read_head(&mut socket, &mut buffer).await {
            let Some(body) = read_body(&mut socket, &mut buffer, &head).await else { return };
            let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let answer = if head.starts_with("GET") {
                self.lookups.fetch_add(1, Ordering::SeqCst);
                let no = target.split_once("no=").map_or("", |(_, no)| no);
                if self.blind.load(Ordering::SeqCst) {
                    answer(503, "", "{}")
                } else {
                    let found = if self.made(no) > 0 { json!([{"no": no, "found": true}]) } else { json!([]) };
                    answer(200, "", &found.to_string())
                }
            } else {
                self.head.lock().unwrap().clone_from(&head);
                self.writes.fetch_add(1, Ordering::SeqCst);
                match self.write(&mut socket, &body).await {
                    Some(answer) => answer,
                    None => return,
                }
            };
            if socket.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    /// What the body asks for: `no` is the business key, `do` what happens. `None`: the connection ends.
    async fn write(&self, socket: &mut TcpStream, body: &[u8]) -> Option<String> {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let (no, what) = (asked["no"].as_str().unwrap_or("none"), asked["do"].as_str().unwrap_or("ok"));
        if !matches!(what, "refuse" | "busy" | "not-now" | "fail-before") {
            *self.made.lock().unwrap().entry(no.to_owned()).or_default() += 1;
        }
        let text = json!({"no": no, "made": self.made(no)}).to_string();
        let place = format!("Location: /v1/invoices/{no}\r\nETag: \"1\"\r\nSet-Cookie: s=1\r\n");
        Some(match what {
            "wait" => {
                self.wait().await;
                answer(201, &place, &text)
            }
            "refuse" => answer(400, "", "{\"refused\":true}"),
            "busy" => answer(429, "", "{}"),
            "not-now" => answer(503, "", "{}"),
            "fail-before" | "fail-after" => answer(500, "", "{}"),
            "cut" => return None,
            "half" => {
                let half = b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"no\":";
                socket.write_all(half).await.unwrap();
                return None;
            }
            "big" => answer(201, &place, &"x".repeat(200_000)),
            "empty" => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
            "stream" => {
                let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n";
                socket.write_all(head).await.unwrap();
                self.wait().await;
                "6\r\nsecond\r\n0\r\n\r\n".to_owned()
            }
            _ => answer(201, &place, &text),
        })
    }
}

fn answer(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}
