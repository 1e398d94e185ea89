//! The data plane: listen, facts, decide, forward, cut, record.
//!
//! Owns:  one thread per core with its own runtime and listeners, the snapshot of all keys, and the follower that keeps
//!        it current.
//! Never: SQL, a clock of its own, or a yes that is not a `Permit` of `admission`.
//! Read:  `Gateway::start`, then `exchange::handle` (the life of a request), then `follow` and `inflight` (a revocation).
#![warn(missing_docs)]

mod body;
mod caller;
mod caps;
mod client_address;
mod companies;
mod config;
mod core;
mod cors;
mod decide;
mod errands;
mod exchange;
mod facts;
mod fault;
mod follow;
mod forward;
#[doc(hidden)]
pub mod fuzz;
mod gateway;
mod guard;
mod http1;
mod inflight;
mod issuer_keys;
mod learn;
mod listen;
mod lookup;
mod metrics;
mod pages;
mod people;
mod percent;
mod proxy_protocol;
mod rates;
mod record;
mod respond;
mod signer;
mod snapshot;
mod upgrade;
mod usage;
mod violation;
mod visit;
mod wire;
mod writes;

pub use config::{Clock, GatewayConfig, Limits, Listen, LogSink, PlainHttp, Proxies, Randomness, TlsSlot, Upstreams};
pub use cors::CorsConfig;
pub use follow::Applied;
pub use gateway::{Gateway, StartError};
pub use issuer_keys::IssuerConfig;
pub use metrics::Exposition;
pub use people::PeopleConfig;
pub use rates::{RateFields, RateForm, RatesConfig, RetryAfter};
pub use writes::IdempotencyConfig;
