//! The signing keys of an issuer: fetched at start, every hour, and when a token names one that is not known (D20).
//!
//! Owns:  discovery and the key set of each issuer, their age, and the one task per issuer that fetches.
//! Never: fetches on a request's account more than once a minute, whoever asks and on however many cores.
//! Read:  `IssuerKeys::keys`, then `IssuerKeys::keep`.

use crate::{config::Clock, fault::Fault};
use arc_swap::ArcSwapOption;
use bytes::Bytes;
use egress::Fetch;
use model::Timestamp;
use proof::{DOCUMENT_MAX, Directory, Issuer, KeySet};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, timeout},
};

/// How often keys are fetched without a reason.
const REFRESH_EVERY: Duration = Duration::from_secs(3_600);
/// How soon after a failure, while there are no keys at all.
const RETRY_AFTER: Duration = Duration::from_secs(30);
/// How often requests may cause a fetch.
const REFRESH_GAP: Duration = Duration::from_secs(60);
/// How long a request waits for a fetch that its unknown key caused.
const REFRESH_WAIT_MAX: Duration = Duration::from_secs(2);
/// How long the start waits for the first keys. The gateway starts without them too.
pub(crate) const START_WAIT_MAX: Duration = Duration::from_secs(5);
/// For one document.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);
/// How long keys are used while the issuer cannot be reached.
const STALE_MAX_SECS: i64 = 86_400;

/// An issuer, and how it is reached.
#[derive(Clone)]
pub struct IssuerConfig {
    /// Whose tokens are taken.
    pub issuer: Issuer,
    /// How TLS is done with it.
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// Plain HTTP to this machine is allowed: for development only.
    pub unsafe_plain_http: bool,
}

/// A key set and when it was read.
pub(crate) struct Held {
    pub(crate) set: KeySet,
    read_at: Timestamp,
}

/// Fetches, counted.
#[derive(Clone, Copy, Default)]
struct Rounds {
    begun: u64,
    ended: u64,
    /// When a request last caused one.
    asked_at: Option<Instant>,
}

/// One issuer's keys, read by all cores.
pub(crate) struct IssuerKeys {
    pub(crate) config: IssuerConfig,
    held: ArcSwapOption<Held>,
    wanted: Notify,
    rounds: watch::Sender<Rounds>,
}

impl IssuerKeys {
    pub(crate) fn new(config: IssuerConfig) -> Arc<Self> {
        let rounds = watch::Sender::new(Rounds::default());
        Arc::new(Self { config, held: ArcSwapOption::empty(), wanted: Notify::new(), rounds })
    }

    /// The keys in use; none when they are older than a day.
    pub(crate) fn current(&self, now: Timestamp) -> Option<Arc<Held>> {
        self.held.load_full().filter(|held| now < held.read_at.plus_secs(STALE_MAX_SECS))
    }

    /// The keys to verify a token of `kid` with. One that is not known is asked for at most once a minute, and waited for
    /// within `REFRESH_WAIT_MAX`; whether it is there then, the verification says.
    pub(crate) async fn keys(&self, kid: &str, clock: Clock) -> Result<Arc<Held>, Fault> {
        if let Some(held) = self.current(clock()).filter(|held| held.set.has(kid)) {
            return Ok(held);
        }
        self.refreshed().await;
        self.current(clock()).ok_or(Fault::IssuerUnreachable)
    }

    async fn refreshed(&self) {
        let mut rounds = self.rounds.subscribe();
        let seen = *rounds.borrow();
        if seen.begun == seen.ended {
            if seen.asked_at.is_some_and(|at| at.elapsed() < REFRESH_GAP) {
                return;
            }
            self.wanted.notify_one();
        }
        let ended = rounds.wait_for(|now| now.ended > seen.ended);
        let _in_time = timeout(REFRESH_WAIT_MAX, ended).await;
    }

    /// Waits until the first fetch has ended, whatever came of it.
    pub(crate) async fn tried(&self) {
        let mut rounds = self.rounds.subscribe();
        let _sender_is_here = rounds.wait_for(|now| now.ended > 0).await;
    }

    /// Keeps the keys current, for as long as the task is not ended.
    pub(crate) async fn keep(self: Arc<Self>, clock: Clock) {
        loop {
            self.round(clock).await;
            let pause = if self.current(clock()).is_some() { REFRESH_EVERY } else { RETRY_AFTER };
            let next = sleep(pause);
            tokio::pin!(next);
            loop {
                tokio::select! {
                    () = &mut next => break,
                    () = self.wanted.notified() => {
                        // Many cores ask at once; the first one is heard.
                        if self.rounds.borrow().asked_at.is_none_or(|at| at.elapsed() >= REFRESH_GAP) {
                            self.rounds.send_modify(|rounds| rounds.asked_at = Some(Instant::now()));
                            self.round(clock).await;
                        }
                    }
                }
            }
        }
    }

    async fn round(&self, clock: Clock) {
        self.rounds.send_modify(|rounds| rounds.begun += 1);
        let issuer = &self.config.issuer.url;
        match self.fetch().await {
            Ok(set) => {
                tracing::debug!(issuer, keys = ?set, "signing keys read");
                self.held.store(Some(Arc::new(Held { set, read_at: clock() })));
            }
            Err(error) => {
                tracing::warn!(
                    issuer,
                    error,
                    "the issuer's signing keys cannot be read; those at hand serve for a day"
                );
            }
        }
        self.rounds.send_modify(|rounds| rounds.ended += 1);
    }

    /// Discovery (OpenID Connect Discovery, section 4), then the key set that it names.
    async fn fetch(&self) -> Result<KeySet, String> {
        let issuer = &self.config.issuer;
        let url = format!("{}/.well-known/openid-configuration", issuer.url.trim_end_matches('/'));
        let metadata: serde_json::Value =
            serde_json::from_slice(&self.document(&url).await?).map_err(|_| format!("{url} is not JSON"))?;
        let said = metadata.get("issuer").and_then(serde_json::Value::as_str);
        // Entra ID's shared metadata name no directory; there the issuer is held against each token instead.
        if issuer.directory == Directory::Plain && said != Some(&issuer.url) {
            return Err(format!("{url} does not say that its issuer is {}", issuer.url));
        }
        let keys = metadata.get("jwks_uri").and_then(serde_json::Value::as_str);
        let keys = keys.ok_or_else(|| format!("{url} has no jwks_uri"))?;
        KeySet::parse(&self.document(keys).await?).map_err(|error| format!("{keys}: {error}"))
    }

    async fn document(&self, url: &str) -> Result<Bytes, String> {
        if !may_fetch(url, self.config.unsafe_plain_http) {
            return Err(format!("{url} is not https"));
        }
        let fetch = Fetch {
            timeout: FETCH_TIMEOUT,
            body_max: DOCUMENT_MAX,
            ..Fetch::new(http::Method::GET, url, self.config.tls.clone())
        };
        let answer = egress::fetch(fetch).await.map_err(|error| format!("{url}: {error}"))?;
        if answer.status != http::StatusCode::OK {
            return Err(format!("{url} answered {}", answer.status));
        }
        Ok(answer.body)
    }
}

/// Keys that came readable over a network are anybody's keys.
fn may_fetch(url: &str, plain: bool) -> bool {
    const LOOPBACK: [&str; 3] = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
    url.starts_with("https://") || (plain && LOOPBACK.iter().any(|start| url.starts_with(start)))
}
