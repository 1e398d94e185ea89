//! Egress against raw sockets on loopback.
//!
//! Owns:  one binary for all integration tests of this crate.
//! Never: leaves the machine; sleeps to let something happen.
//! Read:  `harness`, then `reuse` for the plain cases.
#![expect(clippy::unwrap_used, reason = "the scripts of upstreams fail the test by panicking")]

mod behind_a_server;
mod cancel;
mod dialling;
mod early;
mod fetching;
mod framing;
mod harness;
mod reuse;
mod streams;
mod tls;
mod upgrade;
mod waits;
