//! The contract of the store, through its public face and a look at its file.
//!
//! Owns:  one binary of integration tests. Raw SQL appears here only to look at, or to damage, what the store wrote.
//! Never: mocks.
//! Read:  `world` first.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod audit;
mod backup;
mod company;
mod concurrency;
mod daily_cap;
mod durability;
mod feed;
mod folder;
mod identity;
mod isolation;
mod key;
mod operator_token;
mod people;
mod secrets;
mod sub_key;
mod usage;
mod world;
mod writes;
