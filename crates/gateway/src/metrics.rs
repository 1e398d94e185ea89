//! Counters of the data plane, one set per core.
//!
//! Owns:  what is counted, and its exposition with closed label sets; never a key id (design section 11).
//! Never: shares a counter between cores on the request's way.
//! Read:  `Counters`, then `Exposition`.

use crate::fault::{Fault, Refusal};
use model::Denial;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
};
use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
};

/// What one core counts. Written by that core only; aligned so that cores do not share a cache line.
#[repr(align(128))]
pub(crate) struct Counters {
    denied: [AtomicU64; Denial::ALL.len()],
    failed: [AtomicU64; Fault::ALL.len()],
    /// By first digit of the upstream's status, 1 to 5.
    forwarded: [AtomicU64; 5],
    documents: AtomicU64,
    cut: AtomicU64,
    log_lines_dropped: AtomicU64,
    audit_entries_dropped: AtomicU64,
    connections: AtomicI64,
    in_flight: AtomicI64,
}

impl Counters {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            denied: std::array::from_fn(|_| AtomicU64::new(0)),
            failed: std::array::from_fn(|_| AtomicU64::new(0)),
            forwarded: std::array::from_fn(|_| AtomicU64::new(0)),
            documents: AtomicU64::new(0),
            cut: AtomicU64::new(0),
            log_lines_dropped: AtomicU64::new(0),
            audit_entries_dropped: AtomicU64::new(0),
            connections: AtomicI64::new(0),
            in_flight: AtomicI64::new(0),
        })
    }

    pub(crate) fn refused(&self, refusal: Refusal) {
        let slot = match refusal {
            Refusal::Denied(denial) => Denial::ALL.iter().position(|d| *d == denial).and_then(|i| self.denied.get(i)),
            Refusal::Failed(fault) => Fault::ALL.iter().position(|f| *f == fault).and_then(|i| self.failed.get(i)),
        };
        add(slot, 1);
    }

    pub(crate) fn forwarded(&self, status: u16) {
        add(self.forwarded.get(usize::from(status / 100).wrapping_sub(1)), 1);
    }

    pub(crate) fn document(&self) {
        add(Some(&self.documents), 1);
    }

    pub(crate) fn cut(&self, requests: u64) {
        add(Some(&self.cut), requests);
    }

    pub(crate) fn log_lines_dropped(&self, lines: u64) {
        add(Some(&self.log_lines_dropped), lines);
    }

    pub(crate) fn audit_entry_dropped(&self) {
        add(Some(&self.audit_entries_dropped), 1);
    }

    pub(crate) fn audit_entries_dropped(&self) -> u64 {
        self.audit_entries_dropped.load(Relaxed)
    }

    pub(crate) fn connections(&self, change: i64) {
        self.connections.store(self.connections.load(Relaxed) + change, Relaxed);
    }

    pub(crate) fn in_flight(&self, now: usize) {
        self.in_flight.store(i64::try_from(now).unwrap_or(i64::MAX), Relaxed);
    }
}

/// One writer per counter, so a load and a store do; no locked instruction.
fn add(counter: Option<&AtomicU64>, amount: u64) {
    if let Some(counter) = counter {
        counter.store(counter.load(Relaxed) + amount, Relaxed);
    }
}

/// All cores' counters, for a `prometheus_client` registry.
#[derive(Clone)]
pub struct Exposition {
    pub(crate) cores: Vec<Arc<Counters>>,
    pub(crate) credentials: Arc<crate::snapshot::Snapshot>,
}

impl std::fmt::Debug for Exposition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exposition")
    }
}

impl Exposition {
    fn sum(&self, read: impl Fn(&Counters) -> u64) -> u64 {
        self.cores.iter().map(|core| read(core)).sum()
    }

    fn total(&self, read: impl Fn(&Counters) -> i64) -> i64 {
        self.cores.iter().map(|core| read(core)).sum()
    }
}

impl Collector for Exposition {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let kind = ConstCounter::new(0u64).metric_type();
        let mut refused = encoder.encode_descriptor("requests_refused", "Requests refused, by reason", None, kind)?;
        let denied =
            Denial::ALL.iter().enumerate().map(|(i, d)| (d.answer().reason, self.sum(|c| read(c.denied.get(i)))));
        let failed =
            Fault::ALL.iter().enumerate().map(|(i, f)| (f.answer().reason, self.sum(|c| read(c.failed.get(i)))));
        for (reason, count) in denied.chain(failed) {
            ConstCounter::new(count).encode(refused.encode_family(&[("reason", reason)])?)?;
        }
        let mut forwarded = encoder.encode_descriptor(
            "requests_forwarded",
            "Requests passed on, by status of the answer",
            None,
            kind,
        )?;
        for (i, class) in ["1xx", "2xx", "3xx", "4xx", "5xx"].into_iter().enumerate() {
            let count = self.sum(|c| read(c.forwarded.get(i)));
            ConstCounter::new(count).encode(forwarded.encode_family(&[("status", class)])?)?;
        }
        let counters = [
            ("documents_served", "Requests for the gateway's own documents", self.sum(|c| c.documents.load(Relaxed))),
            (
                "requests_cut",
                "Requests ended by a revocation, an expiry or a caller that took nothing",
                self.sum(|c| c.cut.load(Relaxed)),
            ),
            (
                "log_lines_dropped",
                "Request log lines given up because the sink was slow",
                self.sum(|c| c.log_lines_dropped.load(Relaxed)),
            ),
            (
                "audit_entries_dropped",
                "Isolation violations that found no room on their way into the audit chain",
                self.sum(Counters::audit_entries_dropped),
            ),
        ];
        for (name, help, count) in counters {
            let metric = ConstCounter::new(count);
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        let gauges = [
            ("connections", "Open connections from callers", self.total(|c| c.connections.load(Relaxed))),
            ("requests_in_flight", "Admitted requests that are not done", self.total(|c| c.in_flight.load(Relaxed))),
            ("credentials", "Secrets in the snapshot", i64::try_from(self.credentials.len()).unwrap_or(i64::MAX)),
        ];
        for (name, help, value) in gauges {
            let metric = ConstGauge::new(value);
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        Ok(())
    }
}

fn read(counter: Option<&AtomicU64>) -> u64 {
    counter.map_or(0, |c| c.load(Relaxed))
}
