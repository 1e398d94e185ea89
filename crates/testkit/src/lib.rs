//! The harness: the built binary as a process, raw sockets, and an upstream that misbehaves on demand.
//!
//! Owns:  starting and judging processes, clients that send what they are told, secrets that must never be seen again.
//! Never: imports a product crate: an end-to-end test sees what an operator and a caller see.
//! Read:  `process`, then `secrets`, then `upstream`, then the clients `client`, `raw`, `websocket`, `browser`; for databases `postgres`.

pub mod browser;
pub mod client;
pub mod command;
pub mod leaky;
pub mod must;
pub mod poll;
pub mod postgres;
pub mod process;
pub mod raw;
pub mod secrets;
pub mod upstream;
pub mod websocket;

pub use browser::Browser;
pub use client::Reply;
pub use command::{Cli, Run};
pub use must::Must;
pub use poll::{eventually, within};
pub use postgres::Postgres;
pub use process::{Claviger, Home, Launch};
pub use raw::Raw;
pub use secrets::Secrets;
pub use upstream::Upstream;
