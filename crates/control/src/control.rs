//! Control: the parts that the control plane is made of, and the one door that every request comes through.
//!
//! Owns:  `Parts`, `Control`, and what every answer has in common: request id, bounds, log line, headers.
//! Never: knows single operations.
//! Read:  `Parts`, then `Control::answer`.

use crate::{
    arrival::Arrival,
    in_force::InForce,
    issue::Issuer,
    limits::Limits,
    oidc::Providers,
    operation::{Handled, RequestTag},
    password::Passwords,
    people::PeopleParts,
    refusal::Refusal,
    routes,
    seal::Sealer,
    session_cookie::Cookies,
    streams::Streams,
};
use admission::Policy;
use api::{Code, ProblemStyle, receipt::ReceiptOut};
use axum::{Router, body::Body, extract::Request, response::Response};
use http::{HeaderValue, header};
use model::{Catalogue, HttpMethod, Limit, LimitName, RequestId, Timestamp};
use std::sync::Arc;
use store::{AuditReport, Revision, Store};
use tokio::sync::{Mutex, Semaphore, watch};
use tower::ServiceExt as _;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
/// Fills a buffer from the system's CSPRNG.
pub type Randomness = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Writes the node's metrics as OpenMetrics text.
pub type Metrics = Arc<dyn Fn() -> String + Send + Sync>;

/// The header that names a request, on every answer.
pub(crate) const REQUEST_ID: &str = "x-request-id";

/// The media type of OpenMetrics text.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whether a node is ready, and if not, why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// What is not ready, in sentences for the operator; empty when everything is.
    pub missing: Vec<String>,
}

/// What the control plane is made of. `server` hands it in.
#[derive(Clone)]
pub struct Parts {
    /// The truth.
    pub store: Store,
    /// Waits for gateways.
    pub in_force: Arc<dyn InForce>,
    /// Tells the time.
    pub clock: Clock,
    /// Draws randomness.
    pub randomness: Randomness,
    /// The catalogue as it is now.
    pub catalogue: Arc<dyn Fn() -> Arc<Catalogue> + Send + Sync>,
    /// What the gateways decide by; `explain` and new keys obey it too.
    pub policy: Arc<Policy>,
    /// Whether each restricted key is for exactly one company (R89), as the deployment says.
    pub one_company: bool,
    /// How problems are worded.
    pub problems: ProblemStyle,
    /// Whether the node is ready.
    pub ready: Arc<dyn Fn() -> Readiness + Send + Sync>,
    /// The bounds.
    pub limits: Limits,
    /// The deployment's limits, which gateways hold requests against.
    pub rates: Arc<[Limit]>,
    /// The names of the limits that a key may have numbers of its own for (R77), as the deployment has them.
    pub limit_names: Arc<[LimitName]>,
    /// What the deployment says about people.
    pub people: PeopleParts,
}

/// The control plane. Cheap to clone.
#[derive(Clone)]
pub struct Control {
    inner: Arc<Inner>,
}

struct Inner {
    parts: Parts,
    router: Router<Control>,
    room: Arc<Semaphore>,
    /// Streams of events that may be open.
    streams: Streams,
    /// Said when the control plane stops: streams end by themselves.
    closing: watch::Sender<bool>,
    cookies: Cookies,
    passwords: Arc<Passwords>,
    /// None when the deployment's sealing key is unusable: then nobody gets a second factor, and nothing else is worse.
    sealer: Option<Sealer>,
    providers: Providers,
    /// The last walk along the audit chain that a member asked for.
    verified: Mutex<Option<(Timestamp, AuditReport)>>,
}

impl Control {
    /// Puts the control plane together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self::with_router(parts, routes::router())
    }

    /// The same, with `/metrics` beside the operations: for scrapers, so without a token and not JSON.
    #[must_use]
    pub fn with_metrics(parts: Parts, metrics: Metrics) -> Self {
        let answer = move || async move { ([(header::CONTENT_TYPE, METRICS_TYPE)], metrics()) };
        Self::with_router(parts, routes::router().route("/metrics", axum::routing::get(answer)))
    }

    fn with_router(parts: Parts, router: Router<Self>) -> Self {
        let room = Arc::new(Semaphore::new(parts.limits.requests_max));
        let inner = Inner {
            router,
            room,
            streams: Streams::new(parts.limits.streams_of_events_max),
            closing: watch::Sender::new(false),
            cookies: Cookies::new(&parts.people.namespace),
            passwords: Passwords::new(Arc::clone(&parts.randomness)),
            sealer: Sealer::new(&parts.people.sealing_key, Arc::clone(&parts.randomness)),
            providers: Providers::new(&parts.people.providers),
            verified: Mutex::new(None),
            parts,
        };
        Self { inner: Arc::new(inner) }
    }

    pub(crate) fn cookies(&self) -> &Cookies {
        &self.inner.cookies
    }

    pub(crate) fn passwords(&self) -> &Arc<Passwords> {
        &self.inner.passwords
    }

    pub(crate) fn sealer(&self) -> Result<&Sealer, Refusal> {
        self.inner.sealer.as_ref().ok_or_else(|| Code::InternalError.into())
    }

    pub(crate) fn providers(&self) -> &Providers {
        &self.inner.providers
    }

    pub(crate) fn streams(&self) -> &Streams {
        &self.inner.streams
    }

    /// The last walk along the audit chain that a member asked for.
    pub(crate) fn verified(&self) -> &Mutex<Option<(Timestamp, AuditReport)>> {
        &self.inner.verified
    }

    /// Tells streams of events to end.
    pub(crate) fn close(&self) {
        self.inner.closing.send_replace(true);
    }

    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.inner.closing.subscribe()
    }

    /// A session that was not used since then has ended.
    pub(crate) fn seen_since(&self, now: Timestamp) -> Timestamp {
        let idle = i64::try_from(self.parts().people.session_idle.as_secs()).unwrap_or(i64::MAX);
        now.plus_secs(-idle)
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.inner.parts
    }

    pub(crate) fn issuer(&self, now: Timestamp) -> Issuer<'_> {
        let parts = self.parts();
        Issuer { shape: &parts.policy.shape, now, fill: &*parts.randomness }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.parts().clock)()
    }

    /// Answers one request.
    pub async fn answer(&self, mut request: Request, arrival: Arrival) -> Response {
        let started = self.now();
        let id = self.issuer(started).request_id();
        // Any text can be a method; only known ones are worth a log line.
        let method = HttpMethod::parse(request.method().as_str()).map_or("other", HttpMethod::as_str);
        request.extensions_mut().insert(RequestTag(id));
        request.extensions_mut().insert(arrival);
        let mut response = self.bounded(request, id).await;
        self.dress(&mut response, id, arrival.secure);
        let handled = response.extensions().get::<Handled>().copied().unwrap_or_default();
        let micros = self.now().micros_since(started);
        tracing::info!(
            request_id = %id, method, operation = handled.operation, status = response.status().as_u16(), micros,
            author = handled.author.map(tracing::field::display), "control request"
        );
        response
    }

    /// The work is a task of its own: a caller who goes away, or a time that runs out, leaves no change half made and
    /// unconfirmed, and a panic ends one request and nothing else. Its own waits are all bounded, so it ends.
    async fn bounded(&self, request: Request, id: RequestId) -> Response {
        let Ok(room) = Arc::clone(&self.inner.room).try_acquire_owned() else {
            let mut response = self.refuse(Refusal::from(Code::Overloaded), id);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            return response;
        };
        let router = self.inner.router.clone().with_state(self.clone());
        let work = tokio::spawn(async move {
            let response = router.oneshot(request).await;
            drop(room);
            response
        });
        match tokio::time::timeout(self.parts().limits.request, work).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Err(died)) => {
                tracing::error!(request_id = %id, error = %died, "the work on a control request died");
                self.refuse(Refusal::from(Code::InternalError), id)
            }
            Err(_) => self.refuse(Refusal::from(Code::Timeout), id),
        }
    }

    /// Waits until `revision` is in force everywhere (D14).
    pub(crate) async fn confirm(&self, revision: Revision) -> Result<ReceiptOut, Refusal> {
        let parts = self.parts();
        match tokio::time::timeout(parts.limits.confirm, parts.in_force.in_force(revision)).await {
            Ok(receipt) => Ok(receipt.into()),
            Err(_) => {
                let detail = format!(
                    "The change is stored as revision {revision}, but not every gateway has confirmed it within {} seconds.",
                    parts.limits.confirm.as_secs()
                );
                Err(Refusal::with_detail(Code::NotConfirmed, detail))
            }
        }
    }

    pub(crate) fn refuse(&self, refusal: Refusal, id: RequestId) -> Response {
        refusal.answer(&self.parts().problems, id)
    }

    fn dress(&self, response: &mut Response<Body>, id: RequestId, secure: bool) {
        let headers = response.headers_mut();
        if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
            headers.insert(REQUEST_ID, value);
        }
        // Answers hold what only operators may see, and some hold a secret. The dashboard's files say for themselves.
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if secure {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
        }
    }
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}
