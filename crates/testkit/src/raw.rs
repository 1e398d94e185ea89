//! Raw HTTP/1: the bytes that a test wrote, and the bytes that came back.
//!
//! Owns:  a socket that sends anything, and reading one answer with its framing.
//! Never: repairs a request; hostile bytes are the point.
//! Read:  `Raw::exchange`.

use crate::{must::Must, poll::within, secrets::assert_no_secret_in_error};
use serde_json::Value;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// How long an answer may take.
const ANSWER_BOUND: Duration = Duration::from_secs(30);

/// One connection.
pub struct Raw {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// One answer, as it came.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status; 0 when the connection closed without one.
    pub status: u16,
    /// The head, status line included, as text.
    pub head: String,
    /// The body, unframed.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value, the first of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The body as JSON; `Null` when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// `error.code` of a problem body, or an empty text.
    #[must_use]
    pub fn code(&self) -> String {
        self.json().pointer("/error/code").and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

impl Raw {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.must("connect"), unread: Vec::new() }
    }

    /// Sends bytes; the other side may close while they are on their way.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Says that nothing more will be sent.
    pub async fn finish(&mut self) {
        // The other side may have closed already, which says the same.
        let _ = self.stream.shutdown().await;
    }

    /// Connects, sends, reads one answer.
    pub async fn exchange(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Answer {
        let mut raw = Self::open(address).await;
        raw.send(bytes).await;
        raw.answer().await
    }

    /// Reads one answer. Status 0 when the connection ends before a head is complete.
    pub async fn answer(&mut self) -> Answer {
        within("an answer on a raw socket", ANSWER_BOUND, self.read_answer()).await
    }

    /// The same, or nothing when the bound is over before anything is decided.
    pub async fn answer_within(&mut self, bound: Duration) -> Option<Answer> {
        tokio::time::timeout(bound, self.read_answer()).await.ok()
    }

    async fn read_answer(&mut self) -> Answer {
        let Some(end) = self.until(b"\r\n\r\n").await else {
            return Answer { status: 0, head: String::new(), body: std::mem::take(&mut self.unread) };
        };
        let head = String::from_utf8_lossy(&self.unread[..end]).into_owned();
        self.unread.drain(..end + 4);
        let status = head.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut answer = Answer { status, head, body: Vec::new() };
        let length = answer.header("content-length").and_then(|text| text.parse::<usize>().ok());
        let chunked = answer.header("transfer-encoding").is_some_and(|text| text.eq_ignore_ascii_case("chunked"));
        answer.body = if chunked {
            self.chunks().await
        } else if let Some(length) = length {
            self.exactly(length).await
        } else if (100..200).contains(&status) || status == 204 || status == 304 {
            Vec::new()
        } else {
            while self.more().await {}
            std::mem::take(&mut self.unread)
        };
        assert_no_secret_in_error(status, answer.head.as_bytes());
        assert_no_secret_in_error(status, &answer.body);
        answer
    }

    /// Whether the other side closes within the bound, whatever it still sends.
    pub async fn closes_within(&mut self, bound: Duration) -> bool {
        tokio::time::timeout(bound, async {
            while self.more().await {
                self.unread.clear();
            }
        })
        .await
        .is_ok()
    }

    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        while let Some(end) = self.until(b"\r\n").await {
            let line: Vec<u8> = self.unread.drain(..end + 2).collect();
            let size = String::from_utf8_lossy(&line);
            let size = usize::from_str_radix(size.trim().split(';').next().unwrap_or_default(), 16).unwrap_or(0);
            body.extend(self.exactly(size).await);
            if size == 0 {
                // Trailers, if any, end with an empty line.
                while let Some(end) = self.until(b"\r\n").await {
                    self.unread.drain(..end + 2);
                    if end == 0 {
                        break;
                    }
                }
                break;
            }
            self.exactly(2).await;
        }
        body
    }

    async fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length && self.more().await {}
        self.unread.drain(..length.min(self.unread.len())).collect()
    }

    async fn until(&mut self, mark: &[u8]) -> Option<usize> {
        loop {
            if let Some(at) = self.unread.windows(mark.len()).position(|window| window == mark) {
                return Some(at);
            }
            if !self.more().await {
                return None;
            }
        }
    }

    async fn more(&mut self) -> bool {
        // `read_buf` appends; it reads as much as there is room for.
        self.unread.reserve(16 * 1024);
        matches!(self.stream.read_buf(&mut self.unread).await, Ok(count) if count > 0)
    }
}
