//! An upstream that makes things and remembers what it made, while the gateway in front of it is killed and comes back.

use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use testkit::{Must, eventually};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// How far the upstream gets with a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It makes the thing and answers.
    Answer,
    /// It has the request and does nothing, for ever.
    Before,
    /// It makes the thing and does not answer, for ever.
    After,
    /// It makes the thing and answers half, for ever.
    Half,
    /// It makes the thing and hangs up, once; then it answers.
    CutOnce,
}

#[derive(Default)]
struct State {
    made: HashMap<String, usize>,
    steps: HashMap<String, Step>,
    heads: usize,
    arrived: usize,
    lookups: usize,
}

/// A running one.
#[derive(Clone)]
pub(crate) struct Effects {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Effects {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.must("listen");
        let url = format!("http://{}", listener.local_addr().must("know the own address"));
        let effects = Self { url, state: Arc::default() };
        let told = effects.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let told = told.clone();
                tokio::spawn(async move { told.serve(socket).await });
            }
        });
        effects
    }

    fn with<T>(&self, read: impl FnOnce(&mut State) -> T) -> T {
        read(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How far it gets with the thing of this business key; others are answered.
    pub(crate) fn set(&self, no: &str, step: Step) {
        self.with(|state| state.steps.insert(no.to_owned(), step));
    }

    /// How often the thing was made.
    pub(crate) fn made(&self, no: &str) -> usize {
        self.with(|state| state.made.get(no).copied().unwrap_or(0))
    }

    /// Everything that was made, and how often.
    pub(crate) fn all(&self) -> HashMap<String, usize> {
        self.with(|state| state.made.clone())
    }

    /// Look-ups that it answered.
    pub(crate) fn lookups(&self) -> usize {
        self.with(|state| state.lookups)
    }

    /// Writes whose head has arrived, and those that have arrived whole.
    pub(crate) fn counts(&self) -> (usize, usize) {
        self.with(|state| (state.heads, state.arrived))
    }

    /// Returns when so many writes have arrived whole.
    pub(crate) async fn until_arrived(&self, count: usize) {
        eventually("the write to arrive", async || (self.counts().1 >= count).then_some(())).await;
    }

    /// Returns when the heads of so many writes have arrived.
    pub(crate) async fn until_heads(&self, count: usize) {
        eventually("the head of the write to arrive", async || (self.counts().0 >= count).then_some(())).await;
    }

    async fn serve(&self, mut socket: TcpStream) {
        let mut buffer = Vec::new();
        loop {
            let Some(end) = self.read_until(&mut socket, &mut buffer, |b| position(b, b"\r\n\r\n")).await else {
                return;
            };
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            buffer.drain(..end + 4);
            let write = head.starts_with("POST");
            if write {
                self.with(|state| state.heads += 1);
            }
            let length = field(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            let whole = |b: &[u8]| (b.len() >= length).then_some(length);
            if self.read_until(&mut socket, &mut buffer, whole).await.is_none() {
                return;
            }
            let body: Vec<u8> = buffer.drain(..length).collect();
            let answer = if write { self.write(&mut socket, &head, &body).await } else { Some(self.look_up(&head)) };
            let Some(answer) = answer else { return };
            if socket.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    async fn read_until(
        &self,
        socket: &mut TcpStream,
        buffer: &mut Vec<u8>,
        end: impl Fn(&[u8]) -> Option<usize>,
    ) -> Option<usize> {
        loop {
            if let Some(end) = end(buffer) {
                return Some(end);
            }
            if socket.read_buf(buffer).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    fn look_up(&self, head: &str) -> String {
        let target = head.split(' ').nth(1).unwrap_or_default();
        let no = target.split_once("no=").map_or("", |(_, no)| no);
        let found = self.with(|state| {
            state.lookups += 1;
            state.made.contains_key(no)
        });
        // Told apart from the answer that was lost.
        let list =
            if found { vec![json!({"object": "customer", "id": format!("cus_{no}"), "found": true})] } else { vec![] };
        answer(200, &json!({"object": "list", "data": list}))
    }

    /// The business key is in a JSON body; a caller who sends forms has none but the key of the header.
    async fn write(&self, socket: &mut TcpStream, head: &str, body: &[u8]) -> Option<String> {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let key = || field(head, "idempotency-key").unwrap_or("none");
        let no = asked["no"].as_str().unwrap_or_else(key).to_owned();
        let step = self.with(|state| {
            state.arrived += 1;
            let step = state.steps.get(&no).or_else(|| state.steps.get("*")).copied().unwrap_or(Step::Answer);
            if step == Step::CutOnce {
                state.steps.clear();
            }
            if step != Step::Before {
                *state.made.entry(no.clone()).or_default() += 1;
            }
            step
        });
        match step {
            Step::Answer => Some(answer(201, &thing(&no))),
            Step::CutOnce => None,
            Step::Before | Step::After => std::future::pending().await,
            Step::Half => {
                let half = b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"no\":";
                let _gateway_is_gone = socket.write_all(half).await;
                std::future::pending().await
            }
        }
    }
}

fn thing(no: &str) -> Value {
    json!({"object": "customer", "id": format!("cus_{no}"), "no": no})
}

fn position(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let of = |line: &'h str| line.split_once(": ").filter(|(own, _)| own.eq_ignore_ascii_case(name));
    head.lines().find_map(of).map(|(_, value)| value)
}

fn answer(status: u16, body: &Value) -> String {
    let body = body.to_string();
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
}
