//! Egress: the only code that dials out (invariant 2).
//!
//! Owns:  where upstreams are (`target`), how they are reached (`tls`, `dial`), the pool of connections per core
//!        (`upstream`) and the HTTP/1.1 client side on the wire (`codec`).
//! Never: decides who may call, spawns a task on a request's way, follows a redirect, or reads a secret.
//! Read:  `upstream`, then `exchange`, then `codec`. Tests: `codec/*/tests.rs`, `tests/it`.
#![warn(missing_docs)]

pub mod body;
mod codec;
mod connection;
mod dial;
pub mod error;
mod exchange;
pub mod fetch;
pub mod fields;
#[doc(hidden)]
pub mod fuzz;
mod pool;
mod prepared;
mod sender;
pub mod target;
pub mod tls;
pub mod upgraded;
pub mod upstream;

pub use body::UpstreamBody;
pub use error::{Fate, Fault, TlsFault, UpstreamError, Wait};
pub use fetch::{Fetch, FetchError, Fetched, fetch};
pub use fields::Fields;
pub use prepared::Prepared;
pub use target::{Scheme, Target, TargetError};
pub use tls::{TrustError, TrustRoots, client_config};
pub use upgraded::UpgradedIo;
pub use upstream::{Answer, AnswerHead, Counts, HostField, RawAnswer, RequestHead, Upstream, UpstreamConfig};
