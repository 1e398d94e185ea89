//! Tokens and callbacks, with keys made here.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod callback;
mod forge;
mod token;
