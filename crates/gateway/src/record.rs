//! The request log: one JSON line per request, written away from the data plane.
//!
//! Owns:  the line, its buffer on each core, and the thread that hands batches to the sink.
//! Never: a secret, a query value, a path or a body (D25); never waits for the sink.
//! Read:  `Line`, then `Recorder`.

use crate::{config::LogSink, fault::Refusal, metrics::Counters};
use model::{AccountId, Environment, KeyId, RequestId, Timestamp};
use std::{
    cell::RefCell,
    fmt::Write as _,
    net::IpAddr,
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
    pub(crate) request: RequestId,
    pub(crate) peer: IpAddr,
    pub(crate) method: &'a str,
    pub(crate) operation: Option<&'a str>,
    pub(crate) caller: Option<(KeyId, AccountId)>,
    pub(crate) environment: Option<Environment>,
    pub(crate) status: u16,
    pub(crate) refusal: Option<Refusal>,
    /// Answered with a document of the gateway's own.
    pub(crate) own: bool,
    pub(crate) micros: i64,
}

/// One core's end of the log.
pub(crate) struct Recorder {
    buffer: RefCell<String>,
    lines: RefCell<u64>,
    queue: Option<SyncSender<String>>,
    counters: Arc<Counters>,
}

/// Starts the thread that feeds the sink; it ends when all queues are dropped, after the last batch.
pub(crate) fn start(sink: LogSink) -> Result<(SyncSender<String>, std::thread::JoinHandle<()>), crate::StartError> {
    let (queue, batches) = sync_channel(BATCHES_MAX);
    let thread = std::thread::Builder::new().name("request-log".into());
    let handle = thread.spawn(move || write(&batches, sink)).map_err(crate::StartError::Thread)?;
    Ok((queue, handle))
}

fn write(batches: &Receiver<String>, mut sink: LogSink) {
    while let Ok(batch) = batches.recv() {
        sink(batch.as_bytes());
    }
}

impl Recorder {
    pub(crate) fn new(queue: Option<SyncSender<String>>, counters: Arc<Counters>) -> Self {
        Self {
            buffer: RefCell::new(String::with_capacity(BATCH_BYTES + 1024)),
            lines: RefCell::new(0),
            queue,
            counters,
        }
    }

    /// Counts the request and writes its line down.
    pub(crate) fn record(&self, line: &Line<'_>) {
        match line.refusal {
            Some(refusal) => self.counters.refused(refusal),
            None if line.own => self.counters.document(),
            None => self.counters.forwarded(line.status),
        }
        if self.queue.is_none() {
            return;
        }
        let full = {
            let mut buffer = self.buffer.borrow_mut();
            // A String takes every write.
            let _always_ok = line.write(&mut buffer);
            *self.lines.borrow_mut() += 1;
            buffer.len() >= BATCH_BYTES
        };
        if full {
            self.flush();
        }
    }

    /// Hands over what has gathered. Called when the buffer is full and by the core's tick.
    pub(crate) fn flush(&self) {
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
    /// Every value is a number, an id, a closed word or an address, so nothing needs escaping.
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let at = self.at.as_micros();
        write!(
            out,
            r#"{{"at":{}.{:06},"request_id":"{}""#,
            at.div_euclid(1_000_000),
            at.rem_euclid(1_000_000),
            self.request
        )?;
        write!(
            out,
            r#","peer":"{}","method":"{}","status":{},"micros":{}"#,
            self.peer, self.method, self.status, self.micros
        )?;
        if let Some(operation) = self.operation {
            write!(out, r#","operation":"{operation}""#)?;
        }
        if let Some((key, account)) = self.caller {
            write!(out, r#","key_id":"{key}","account_id":"{account}""#)?;
        }
        if let Some(environment) = self.environment {
            write!(out, r#","environment":"{environment}""#)?;
        }
        if let Some(refusal) = self.refusal {
            write!(out, r#","reason":"{}""#, refusal.answer().reason)?;
        }
        out.push_str("}\n");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Denial, Entropy};
    use std::sync::Mutex;

    #[test]
    fn d25_lines_are_json_and_none_is_lost_when_the_sink_keeps_up() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        let (queue, thread) = start(Box::new(move |batch| kept.lock().unwrap().extend_from_slice(batch))).unwrap();
        let recorder = Recorder::new(Some(queue), Counters::new());
        let request = RequestId::new(Timestamp::from_secs(1), Entropy([1; 10]));
        for n in 0..1_000 {
            recorder.record(&Line {
                at: Timestamp::from_micros(n),
                request,
                peer: "::1".parse().unwrap(),
                method: "GET",
                operation: Some("company_list"),
                caller: None,
                environment: Some(Environment::Test),
                status: 403,
                refusal: Some(Denial::ScopeInsufficient.into()),
                own: false,
                micros: 7,
            });
        }
        drop(recorder);
        thread.join().unwrap();
        let text = String::from_utf8(seen.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1_000);
        for line in text.lines() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(value["reason"], "insufficient_scope");
        }
    }
}
