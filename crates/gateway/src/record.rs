//! The request log: one JSON line per request, written away from the data plane, and the same told to the store.
//!
//! Owns:  the line, its buffer on each core, and the thread that hands batches to the sink. `usage` has the store's part.
//! Never: a secret, a query value, a path or a body (D25); never waits for the sink.
//! Read:  `Line`, then `Recorder`.

use crate::{config::LogSink, exchange::Story, fault::Refusal, metrics::Counters, usage::UsageBuffer};
use http::{HeaderMap, HeaderValue};
use model::{Environment, RequestId, Timestamp};
use std::{
    cell::RefCell,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

/// Bytes that a core gathers before it hands them over.
const BATCH_BYTES: usize = 32 * 1024;
/// Batches that may wait for the sink; beyond it lines are given up and counted.
const BATCHES_MAX: usize = 256;

/// What is told of one request.
pub(crate) struct Line<'a> {
    pub(crate) at: Timestamp,
    pub(crate) id: RequestId,
    /// The same as text.
    pub(crate) request: &'a str,
    /// The peer's address as text.
    pub(crate) peer: &'a str,
    pub(crate) method: &'a str,
    pub(crate) operation: Option<&'a str>,
    /// Key and account as text.
    pub(crate) caller: Option<(&'a str, &'a str)>,
    pub(crate) environment: Option<Environment>,
    pub(crate) status: u16,
    pub(crate) refusal: Option<Refusal>,
    /// Answered with a document of the gateway's own.
    pub(crate) own: bool,
    pub(crate) micros: i64,
    /// What else is known of it.
    pub(crate) story: &'a Story,
}

/// One core's end of the log.
pub(crate) struct Recorder {
    buffer: RefCell<String>,
    second: RefCell<Second>,
    lines: RefCell<u64>,
    queue: Option<SyncSender<String>>,
    usage: Option<UsageBuffer>,
    counters: Arc<Counters>,
}

/// Starts the thread that feeds the sink; it ends when all queues are dropped, after the last batch.
pub(crate) fn start(
    sink: LogSink,
) -> Result<(SyncSender<String>, std::thread::JoinHandle<()>), crate::gateway::StartError> {
    let (queue, batches) = sync_channel(BATCHES_MAX);
    let thread = std::thread::Builder::new().name("request-log".into());
    let handle = thread.spawn(move || write(&batches, sink)).map_err(crate::gateway::StartError::Thread)?;
    Ok((queue, handle))
}

fn write(batches: &Receiver<String>, mut sink: LogSink) {
    while let Ok(batch) = batches.recv() {
        sink(batch.as_bytes());
    }
}

impl Recorder {
    pub(crate) fn new(
        queue: Option<SyncSender<String>>,
        usage: Option<store::Intake>,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            buffer: RefCell::new(String::with_capacity(BATCH_BYTES + 1024)),
            second: RefCell::default(),
            lines: RefCell::new(0),
            queue,
            usage: usage.map(UsageBuffer::new),
            counters,
        }
    }

    /// The user agent of a request, when somebody keeps it.
    pub(crate) fn agent(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        self.usage.as_ref().and_then(|_kept| UsageBuffer::agent(headers))
    }

    /// Counts the request and writes its line down.
    pub(crate) fn record(&self, line: &Line<'_>) {
        match line.refusal {
            Some(refusal) => self.counters.refused(refusal),
            None if line.own => self.counters.document(),
            None => self.counters.forwarded(line.status),
        }
        // The gateway's own documents are nobody's use of anything.
        if let Some(usage) = self.usage.as_ref().filter(|_| !line.own) {
            usage.add(line);
        }
        if self.queue.is_none() {
            return;
        }
        let full = {
            let mut buffer = self.buffer.borrow_mut();
            line.write(&mut self.second.borrow_mut(), &mut buffer);
            *self.lines.borrow_mut() += 1;
            buffer.len() >= BATCH_BYTES
        };
        if full {
            self.flush_lines();
        }
    }

    /// Hands over what has gathered. Called by the core's tick, and when somebody asks for a request.
    pub(crate) fn flush(&self) {
        if let Some(usage) = &self.usage {
            usage.flush();
        }
        self.flush_lines();
    }

    fn flush_lines(&self) {
        let Some(queue) = &self.queue else { return };
        let batch = {
            let mut buffer = self.buffer.borrow_mut();
            if buffer.is_empty() {
                return;
            }
            std::mem::replace(&mut *buffer, String::with_capacity(BATCH_BYTES + 1024))
        };
        let lines = self.lines.replace(0);
        if queue.try_send(batch).is_err() {
            self.counters.log_lines_dropped(lines);
        }
    }
}

// Requests that end with their core have their lines written after its last tick.
impl Drop for Recorder {
    fn drop(&mut self) {
        self.flush();
    }
}

impl Line<'_> {
    /// Every value is a number, an id, a closed word or an address, so nothing needs escaping. Written in pieces, without
    /// the formatting machinery: this runs for every request.
    fn write(&self, second: &mut Second, out: &mut String) {
        let mut number = itoa::Buffer::new();
        let mut put = |pieces: &[&str]| pieces.iter().for_each(|piece| out.push_str(piece));
        put(&["{\"at\":\"", second.text(self.at), "."]);
        let fraction = number.format(1_000_000 + self.at.as_micros().rem_euclid(1_000_000));
        put(&[fraction.get(1..).unwrap_or_default(), "Z\",\"request_id\":\"", self.request]);
        put(&["\",\"peer\":\"", self.peer, "\",\"method\":\"", self.method]);
        put(&["\",\"status\":", number.format(self.status)]);
        put(&[",\"micros\":", number.format(self.micros)]);
        if let Some(operation) = self.operation {
            put(&[",\"operation\":\"", operation, "\""]);
        }
        if let Some((key, account)) = self.caller {
            put(&[",\"key_id\":\"", key, "\",\"account_id\":\"", account, "\""]);
        }
        if let Some(environment) = self.environment {
            put(&[",\"environment\":\"", environment.as_str(), "\""]);
        }
        if let Some(refusal) = self.refusal {
            put(&[",\"reason\":\"", refusal.answer().reason, "\""]);
        }
        put(&["}\n"]);
    }
}

/// The text of the second of the last line: most lines share it with the one before.
#[derive(Default)]
struct Second {
    second: Option<i64>,
    text: String,
}

impl Second {
    /// RFC 3339 in UTC, to the second, without the zone.
    fn text(&mut self, at: Timestamp) -> &str {
        let second = at.as_secs();
        if self.second != Some(second) {
            self.second = Some(second);
            // Out of the calendar's range only with a broken clock; then the number says more than nothing.
            self.text = jiff::Timestamp::from_second(second)
                .map_or_else(|_| second.to_string(), |t| t.strftime("%Y-%m-%dT%H:%M:%S").to_string());
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Denial;
    use std::sync::Mutex;

    #[test]
    fn d25_lines_are_json_and_none_is_lost_when_the_sink_keeps_up() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        let (queue, thread) = start(Box::new(move |batch| kept.lock().unwrap().extend_from_slice(batch))).unwrap();
        let recorder = Recorder::new(Some(queue), None, Counters::new());
        let story = Story::default();
        for n in 0..1_000 {
            recorder.record(&Line {
                at: Timestamp::from_micros(n),
                id: RequestId::from_bytes([0; 16]),
                request: "req_1",
                peer: "::1",
                method: "GET",
                operation: Some("company_list"),
                caller: Some(("key_1", "acc_1")),
                environment: Some(Environment::Test),
                status: 403,
                refusal: Some(Denial::ScopeInsufficient.into()),
                own: false,
                micros: 7,
                story: &story,
            });
        }
        drop(recorder);
        thread.join().unwrap();
        let text = String::from_utf8(seen.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1_000);
        for line in text.lines() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(value["reason"], "insufficient_scope");
            assert_eq!(value["key_id"], "key_1");
            assert!(value["at"].as_str().unwrap().starts_with("1970-01-01T00:00:00.000"), "{value}");
        }
    }
}
