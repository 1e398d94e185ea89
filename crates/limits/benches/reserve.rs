//! Reserve: what one limit costs one request.
//!
//! Owns:  nanoseconds per reservation: admitted, refused, and under no limit at all.
//! Never: HTTP; the gateway's own bench measures that.
//! Read:  `refused`.
#![allow(clippy::unwrap_used, reason = "a bench stops at its first mistake")]

use divan::{Bencher, black_box};
use limits::{Asking, Limits};
use model::{
    AccountId, Environment, HttpMethod, KeyId, KeyLimits, Limit, LimitClass, LimitKind, LimitMethods, LimitName,
    LimitSubject,
};

fn main() {
    divan::main();
}

fn limit(count: u32) -> Limit {
    Limit {
        name: LimitName::new("default").unwrap(),
        subject: LimitSubject::Key,
        class: None,
        methods: LimitMethods::All,
        kind: LimitKind::Window { seconds: 60 },
        count,
    }
}

/// Asks again and again, each time `step` microseconds later.
fn ask(bencher: Bencher<'_, '_>, rules: Vec<Limit>, step: u64) {
    let (limits, class, own) = (Limits::new(rules), LimitClass::default(), KeyLimits::default());
    let key = (KeyId::from_bytes([1; 16]), AccountId::from_bytes([2; 16]));
    let mut now = 1;
    bencher.bench_local(move || {
        now += step;
        let asking = Asking {
            class: &class,
            method: HttpMethod::Get,
            environment: Environment::Test,
            key: Some(key),
            address: None,
            own: &own,
        };
        black_box(limits.reserve(&asking, now).is_ok())
    });
}

/// No limit is configured.
#[divan::bench]
fn none(bencher: Bencher<'_, '_>) {
    ask(bencher, Vec::new(), 1);
}

/// 60 a minute (R77), one request a second: all are admitted.
#[divan::bench]
fn admitted(bencher: Bencher<'_, '_>) {
    ask(bencher, vec![limit(60)], 1_000_000);
}

/// 60 a minute, a request each microsecond: nearly all are refused.
#[divan::bench]
fn refused(bencher: Bencher<'_, '_>) {
    ask(bencher, vec![limit(60)], 1);
}

/// Above the exact ring: sixtieths of the window.
#[divan::bench]
fn admitted_by_sixtieths(bencher: Bencher<'_, '_>) {
    ask(bencher, vec![limit(1_000_000)], 1_000);
}
