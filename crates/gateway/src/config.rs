//! What a gateway is told at its start.
//!
//! Owns:  `GatewayConfig` and `Limits`: every bound of the data plane, by name.
//! Never: reads files or the environment; `server` does and hands over checked values.
//! Read:  `GatewayConfig`, then `Limits`.

use arc_swap::ArcSwap;
use model::{Environment, Timestamp};
use std::{net::SocketAddr, sync::Arc, time::Duration};

/// The only way in which the gateway learns the time. `server` owns the clock (invariant 4).
pub type Clock = fn() -> Timestamp;

/// Fills a buffer from the system's CSPRNG. Handed in by `server` (invariant 4).
pub type Randomness = fn(&mut [u8]);

/// A TLS configuration that can be exchanged while connections are open.
pub type TlsSlot = Arc<ArcSwap<rustls::ServerConfig>>;

/// Takes whole lines of the request log, in batches, on a thread of their own.
pub type LogSink = Box<dyn FnMut(&[u8]) + Send>;

/// One address to listen on.
#[derive(Clone)]
pub struct Listen {
    /// The address; port 0 lets the system choose.
    pub address: SocketAddr,
    /// With it: HTTPS only. Without it: plain HTTP, served on loopback or behind a terminating proxy only (D21).
    pub tls: Option<TlsSlot>,
}

/// Who may speak plain HTTP to a plain listener (D21).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PlainHttp {
    /// Only connections over the loopback interface.
    #[default]
    Loopback,
    /// Also connections from these networks, where a proxy has ended the TLS.
    TerminatedBy(Vec<ipnet::IpNet>),
}

/// The proxies in front of this gateway (D12).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Where they are: what they say of the caller's address is believed, nobody else's word is.
    pub trusted: Vec<ipnet::IpNet>,
    /// Whether they begin every connection with a PROXY protocol header of version 2. Then nobody else may connect.
    pub proxy_protocol: bool,
}

/// The upstream of each environment (D4, D43), and the one within the deployment.
#[derive(Clone)]
pub struct Upstreams {
    /// Where test credentials lead.
    pub test: egress::UpstreamConfig,
    /// Where live credentials lead.
    pub live: egress::UpstreamConfig,
    /// Who manages restricted keys (D32). Without it the operations of the catalogue that lead there do not exist.
    pub sub_keys: Option<egress::UpstreamConfig>,
}

impl Upstreams {
    pub(crate) const fn of(&self, environment: Environment) -> &egress::UpstreamConfig {
        match environment {
            Environment::Test => &self.test,
            Environment::Live => &self.live,
        }
    }
}

/// Everything a gateway is told at its start.
pub struct GatewayConfig {
    /// Its name in receipts and logs.
    pub name: String,
    /// How headers of the product begin, in lower case, without the hyphen: `claviger`. Also the token's issuer.
    pub namespace: String,
    /// Where to listen.
    pub listen: Vec<Listen>,
    /// Who may speak plain HTTP.
    pub plain_http: PlainHttp,
    /// The proxies in front.
    pub proxies: Proxies,
    /// What browsers are told.
    pub cors: crate::CorsConfig,
    /// The host names that callers may use, in lower case without port; `None` = any.
    pub hosts: Option<Vec<String>>,
    /// Data-plane threads, one runtime each; at least 1.
    pub cores: usize,
    /// How credentials are recognised.
    pub policy: admission::Policy,
    /// Where admitted requests go.
    pub upstreams: Upstreams,
    /// How error bodies look (D6).
    pub problems: api::problem::ProblemStyle,
    /// Who may call without a key.
    pub people: crate::people::PeopleConfig,
    /// How writes with an `Idempotency-Key` are kept from running twice (D16).
    pub idempotency: crate::IdempotencyConfig,
    /// How many requests of a channel a key may make a day (R80).
    pub caps: Vec<model::DailyCap>,
    /// What the gateway may change in the store.
    pub store: store::GatewayStore,
    /// Every bound by name.
    pub limits: Limits,
    /// The Ed25519 key of the signed context, PKCS#8 (D24).
    pub signing_key: model::Secret<Vec<u8>>,
    /// The time.
    pub clock: Clock,
    /// The CSPRNG.
    pub randomness: Randomness,
    /// What callers may ask for in which time (D15).
    pub rates: crate::RatesConfig,
    /// Where request log lines go, if anywhere.
    pub log: Option<LogSink>,
    /// Where usage is told, if anywhere.
    pub usage: Option<store::Intake>,
}

/// The bounds of the data plane (invariant 10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections per core; beyond it, new ones wait in the kernel's queue.
    pub connections_max: usize,
    /// Time for the TLS handshake.
    pub handshake_timeout: Duration,
    /// Time for a whole request head; also how long a kept-alive connection may idle.
    pub header_timeout: Duration,
    /// Bytes of a request head.
    pub head_max: usize,
    /// Number of request headers.
    pub headers_max: usize,
    /// Bytes of a request body; more is 413.
    pub body_max: u64,
    /// Time without a byte of the request body; then 408.
    pub body_timeout: Duration,
    /// Bytes of a body that has to be read before a company-restricted key's request can be judged; more is 413 (D36).
    pub inspect_max: u64,
    /// Bytes of an answer that is held to the companies of a key; more is 502.
    pub answer_inspect_max: u64,
    /// Time to read such an answer, and for a look-up as a whole.
    pub answer_inspect_timeout: Duration,
    /// Time a caller may take to accept what was handed to it; then the connection is cut.
    pub client_stall_max: Duration,
    /// HTTP/2 streams per connection.
    pub streams_max: u32,
    /// Time without a successful read of the change log after which the gateway stops saying yes (design section 5).
    pub revocation_bound: Duration,
    /// How often the change log is read without a hint.
    pub follow_interval: Duration,
    /// How long a shutdown waits for requests in flight.
    pub drain_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 20_000,
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(30),
            head_max: 64 * 1024,
            headers_max: 100,
            body_max: 1024 * 1024 * 1024,
            body_timeout: Duration::from_secs(30),
            inspect_max: 8 * 1024 * 1024,
            answer_inspect_max: 8 * 1024 * 1024,
            answer_inspect_timeout: Duration::from_secs(30),
            client_stall_max: Duration::from_secs(60),
            streams_max: 128,
            revocation_bound: Duration::from_secs(10),
            follow_interval: Duration::from_secs(1),
            drain_max: Duration::from_secs(30),
        }
    }
}
