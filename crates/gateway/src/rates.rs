//! Rates: what a request spends of its limits, and what its answer says about them (D15, D30, D38, D39).
//!
//! Owns:  reserving and giving back, the brake on addresses that collect refused credentials, the `RateLimit` fields.
//! Never: counts by itself; the `limits` crate does. Never says yes: what was reserved goes into admission's settlement.
//! Read:  `Rates::reserve`, then `Spent`, then `Rates::write`.

use crate::{caps, core::Core, decide::Admitted, fault::Fault, signer::Subject};
use admission::Reserved;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use limits::{Asking, Exceeded, Limits as Table, Micros, Reservation, Standing};
use model::{
    Audience, Environment, HttpMethod, KeyLimits, Limit, LimitClass, LimitKind, LimitMethods, LimitName, LimitSubject,
    Operation,
};
use std::{
    net::IpAddr,
    rc::Rc,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::time::Instant;

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATELIMIT_LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const X_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// The clock of limits begins here, so that the time 0 is before everything.
const BEGIN: Micros = 1_000_000;
const SECOND: Micros = 1_000_000;
/// How often subjects of whom nothing counts any more are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// What a deployment limits.
#[derive(Clone, Debug)]
pub struct RatesConfig {
    /// The limits, each name once.
    pub limits: Vec<Limit>,
    /// What `Retry-After` says.
    pub retry_after: RetryAfter,
    /// How answers say what is left.
    pub fields: RateFields,
    /// After so many refused credentials from one address in so many seconds, the next ones are answered 429.
    pub failures: Option<(u32, u32)>,
}

impl Default for RatesConfig {
    fn default() -> Self {
        Self { limits: Vec::new(), retry_after: RetryAfter::Remaining, fields: RateFields::default(), failures: None }
    }
}

/// The fields that say what is left (D30).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateFields {
    /// The form of `RateLimit-Policy`, and what goes with it.
    pub form: RateForm,
    /// Whether `X-RateLimit-Limit`, `-Remaining` and `-Reset` are sent too.
    pub x_ratelimit: bool,
}

impl Default for RateFields {
    fn default() -> Self {
        Self { form: RateForm::Named, x_ratelimit: false }
    }
}

/// `RateLimit-Policy` has changed its form from draft to draft; an answer has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateForm {
    /// `RateLimit: "default";r=12;t=34` and `RateLimit-Policy: "default";q=60;w=60`, of the limit with the least room.
    Named,
    /// `RateLimit-Limit: 100` and `RateLimit-Policy: 100;w=1, 2000;w=60`: every window that counted the request, the
    /// shortest first; the limit is that of the shortest (draft 03).
    Windows,
    /// Neither.
    None,
}

/// What `Retry-After` says (R78, R129).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetryAfter {
    /// Whole seconds until the next request would be admitted.
    #[default]
    Remaining,
    /// The length of the window, always.
    Window,
}

/// The limits as all cores share them.
pub(crate) struct Rates {
    table: Table,
    names: Box<[Arc<str>]>,
    failures: Option<Table>,
    retry_after: RetryAfter,
    fields: RateFields,
    born: Instant,
    none: KeyLimits,
    class: LimitClass,
}

/// How an answer stands with the limits.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    standing: Standing,
    exceeded: bool,
    /// Not one of the limits: the brake, or a daily cap.
    braked: bool,
    /// The windows that counted the request, where the answer lists them.
    windows: Option<Rc<Windows>>,
}

/// `RateLimit-Limit` and `RateLimit-Policy` of draft 03.
#[derive(Debug)]
struct Windows {
    shortest: u32,
    policy: HeaderValue,
}

/// What one request has reserved; given back unless it is kept.
pub(crate) struct Spent {
    core: Rc<Core>,
    reservation: Reservation,
    /// One of a channel's daily cap.
    cap: Option<caps::Spent>,
    kept: bool,
}

impl Rates {
    pub(crate) fn new(config: RatesConfig) -> Self {
        let brake = |(count, seconds)| Limit {
            // A name for a table of its own; nobody sees it.
            name: LimitName::new("failures").unwrap_or_else(|| unreachable!("the name is plain")),
            subject: LimitSubject::Address,
            class: None,
            methods: LimitMethods::All,
            kind: LimitKind::Window { seconds },
            count,
        };
        Self {
            names: config.limits.iter().map(|limit| Arc::from(limit.name.as_str())).collect(),
            table: Table::new(config.limits),
            failures: config.failures.map(|brakes| Table::new(vec![brake(brakes)])),
            retry_after: config.retry_after,
            fields: config.fields,
            born: Instant::now(),
            none: KeyLimits::default(),
            class: LimitClass::default(),
        }
    }

    /// Forgets subjects of whom nothing counts any more; walks the tables.
    fn sweep(&self) {
        let now = self.now();
        self.table.sweep(now);
        if let Some(failures) = &self.failures {
            failures.sweep(now);
        }
    }

    /// Microseconds of a clock that nobody sets back.
    fn now(&self) -> Micros {
        BEGIN + Micros::try_from(self.born.elapsed().as_micros()).unwrap_or(Micros::MAX / 2)
    }

    /// Reserves what an admitted request spends. What admission is told, what was reserved, and what the answer shows.
    pub(crate) fn reserve(
        &self,
        core: &Rc<Core>,
        operation: Option<&Operation>,
        admitted: &Admitted,
        address: IpAddr,
    ) -> Result<(Reserved, Option<Spent>, Option<Shown>), Fault> {
        let Some(operation) = operation.filter(|_| !self.names.is_empty()) else {
            return Ok((Reserved::Within, None, None));
        };
        let (key, environment, own) = match &admitted.subject {
            Subject::Key(live) | Subject::Manager(live) => {
                let record = &live.entry.record;
                (Some((record.key, record.account)), live.entry.environment, &record.limits)
            }
            Subject::Public(environment) | Subject::Person(_, environment) | Subject::Callback(_, environment) => {
                (None, *environment, &self.none)
            }
        };
        let asking = Asking {
            class: &operation.class,
            method: operation.method,
            environment,
            key,
            // Public operations have nobody else to be counted by (D22).
            address: (operation.audience == Audience::Public).then_some(address),
            own,
        };
        let windows = self.windows(&asking);
        match self.table.reserve(&asking, self.now()) {
            Ok(reservation) => {
                let shown = reservation.tightest();
                let shown = shown.map(|standing| Shown { standing, exceeded: false, braked: false, windows });
                let spent = Spent { core: Rc::clone(core), reservation, cap: None, kept: false };
                Ok((Reserved::Within, Some(spent), shown))
            }
            Err(Exceeded::Limit { standing }) => {
                Ok((Reserved::LimitExceeded, None, Some(Shown { standing, exceeded: true, braked: false, windows })))
            }
            Err(Exceeded::Crowded) => Err(Fault::Overloaded),
        }
    }

    /// Counts a refused credential of an address; when it has had too many, what the answer says instead. A valid key is never
    /// braked: behind one address there may be many callers.
    pub(crate) fn failed(&self, address: Option<IpAddr>) -> Option<Shown> {
        let asking = Asking {
            class: &self.class,
            method: HttpMethod::Get,
            environment: Environment::Live,
            key: None,
            address: Some(address?),
            own: &self.none,
        };
        match self.failures.as_ref()?.reserve(&asking, self.now()) {
            Ok(_) => None,
            Err(Exceeded::Limit { standing }) => Some(Shown::braked(standing)),
            // A full table is no reason to say anything else than what is so.
            Err(Exceeded::Crowded) => None,
        }
    }

    /// The name of the limit that had no room.
    pub(crate) fn exceeded(&self, shown: Option<&Shown>) -> Option<Arc<str>> {
        let shown = shown.filter(|shown| shown.exceeded && !shown.braked)?;
        self.names.get(usize::from(shown.standing.rule)).cloned()
    }

    /// Writes `Retry-After` where there was no room, and the fields that say what is left.
    pub(crate) fn write(&self, shown: Option<&Shown>, headers: &mut HeaderMap) {
        let Some(shown) = shown else { return };
        let Standing { rule, count, left, reset } = shown.standing;
        let seconds = reset.div_ceil(SECOND).max(1);
        if shown.exceeded {
            let limit = self.table.rules().get(usize::from(rule)).filter(|_| !shown.braked);
            let told = match (self.retry_after, limit.map(|limit| limit.kind)) {
                (RetryAfter::Window, Some(LimitKind::Window { seconds } | LimitKind::Bucket { seconds, .. })) => {
                    u64::from(seconds)
                }
                (RetryAfter::Window | RetryAfter::Remaining, _) => seconds,
            };
            headers.insert(header::RETRY_AFTER, HeaderValue::from(told));
        }
        if shown.braked {
            return;
        }
        match (self.fields.form, &shown.windows) {
            (RateForm::Named, _) => self.write_named(shown.standing, seconds, headers),
            (RateForm::Windows, Some(windows)) => {
                headers.insert(RATELIMIT_LIMIT, HeaderValue::from(windows.shortest));
                headers.insert(RATELIMIT_POLICY, windows.policy.clone());
            }
            (RateForm::Windows | RateForm::None, _) => {}
        }
        if self.fields.x_ratelimit {
            headers.insert(X_LIMIT, HeaderValue::from(count));
            headers.insert(X_REMAINING, HeaderValue::from(left));
            headers.insert(X_RESET, HeaderValue::from(seconds));
        }
    }

    /// The newest draft's form, of the limit with the least room.
    fn write_named(&self, standing: Standing, seconds: u64, headers: &mut HeaderMap) {
        let rule = usize::from(standing.rule);
        let Some(name) = self.names.get(rule) else { return };
        let mut text = String::with_capacity(name.len() + 48);
        put(&mut text, &["\"", name, "\";r="], u64::from(standing.left));
        put(&mut text, &[";t="], seconds);
        if let Ok(value) = HeaderValue::try_from(text.as_str()) {
            headers.insert(RATELIMIT, value);
        }
        text.clear();
        put(&mut text, &["\"", name, "\";q="], u64::from(standing.count));
        if let Some(window) = self.table.rules().get(rule).and_then(window) {
            put(&mut text, &[";w="], u64::from(window));
        }
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(RATELIMIT_POLICY, value);
        }
    }

    /// The windows that count a request, the shortest first, where answers list them.
    fn windows(&self, asking: &Asking<'_>) -> Option<Rc<Windows>> {
        (self.fields.form == RateForm::Windows).then_some(())?;
        let mut windows: Vec<(u32, u32)> = self.table.windows(asking).collect();
        windows.sort_unstable();
        let (_, shortest) = *windows.first()?;
        let mut text = String::new();
        for (seconds, count) in windows {
            let comma = if text.is_empty() { "" } else { ", " };
            put(&mut text, &[comma], u64::from(count));
            put(&mut text, &[";w="], u64::from(seconds));
        }
        Some(Rc::new(Windows { shortest, policy: HeaderValue::try_from(text).ok()? }))
    }
}

/// Forgets now and then who has not been seen for long; ends with the gateway.
pub(crate) async fn sweep(rates: Weak<Rates>) {
    let mut tick = tokio::time::interval(SWEEP_INTERVAL);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let Some(rates) = rates.upgrade() else { return };
        // A large table takes a while, and other tasks of the runtime shall not wait for it.
        let _ended = tokio::task::spawn_blocking(move || rates.sweep()).await;
    }
}

impl Shown {
    /// The channel's cap is reached until the day ends.
    pub(crate) const fn capped(retry_after: u64) -> Self {
        let reset = retry_after.saturating_mul(SECOND);
        Self::braked(Standing { rule: 0, count: 0, left: 0, reset })
    }

    const fn braked(standing: Standing) -> Self {
        Self { standing, exceeded: true, braked: true, windows: None }
    }
}

impl Spent {
    /// Of a request that no limit counts.
    pub(crate) fn of_cap(core: &Rc<Core>) -> Self {
        Self { core: Rc::clone(core), reservation: Reservation::default(), cap: None, kept: false }
    }

    /// Holds on to one of a channel's daily cap.
    pub(crate) fn hold(&mut self, one: caps::Spent) {
        self.cap = Some(one);
    }

    /// The request is carried out, or its answer is given again: what it reserved is spent. What has to be given back when it
    /// ends is handed back, to be dropped then.
    pub(crate) fn keep(mut self) -> Option<Box<Self>> {
        self.kept = true;
        if let Some(one) = self.cap.take() {
            one.keep();
        }
        let ends = self.core.shared.rates.table.holds_on(&self.reservation);
        ends.then(|| Box::new(self))
    }
}

impl Drop for Spent {
    fn drop(&mut self) {
        let table = &self.core.shared.rates.table;
        if self.kept {
            table.release(&self.reservation);
        } else {
            // One of a daily cap gives itself back.
            table.refund(&self.reservation);
        }
    }
}

/// Seconds of a limit's window, as `RateLimit-Policy` says it.
const fn window(limit: &Limit) -> Option<u32> {
    match limit.kind {
        LimitKind::Window { seconds } | LimitKind::Bucket { seconds, .. } => Some(seconds),
        LimitKind::Concurrency => None,
    }
}

/// Without the formatting machinery: this runs for every answer to a key.
fn put(text: &mut String, words: &[&str], number: u64) {
    words.iter().for_each(|word| text.push_str(word));
    text.push_str(itoa::Buffer::new().format(number));
}
