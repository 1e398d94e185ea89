//! The control plane against a real store in a folder of its own, in process.
//!
//! Owns:  one integration binary; `world` is the harness.
//! Never: stands in for our own code: what waits for changes is a follower that reads the store's feed.
//! Read:  `world`, then any file.
#![expect(clippy::unwrap_used, reason = "a harness of tests")]

mod accounts;
mod audit;
mod authority;
mod authorization;
mod browser;
mod companies;
mod events;
mod explain;
mod http;
mod isolation;
mod key_settings;
mod keys;
mod listen;
mod members;
mod oidc;
mod requests;
mod second_factor;
mod secrets;
mod sign_in;
mod sub_keys;
mod world;
