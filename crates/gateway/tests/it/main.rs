//! The data plane in one process: a real store, real sockets, a clock that the test holds.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod bounds;
mod companies;
mod cors;
mod door;
mod harness;
mod http;
mod http1;
mod issuer;
mod learn;
mod ledger;
mod people;
mod rates;
mod registry;
mod revocation;
mod secrets;
mod stream;
mod sub_keys;
mod tls;
mod two_doors;
mod usage;
mod use_cases;
mod writes;
