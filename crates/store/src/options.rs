//! Options: the bounds of one store, each with a name and a default.
//!
//! Owns:  `Options`.
//! Never: reads configuration; `server` does.
//! Read:  top down.

use crate::usage::UsageOptions;
use std::time::Duration;

/// The bounds of a store (invariant 10).
#[derive(Clone, Debug)]
pub struct Options {
    /// Read-only connections, each a thread of its own.
    pub readers: u32,
    /// How long a statement waits for a lock that another process holds (a back-up tool), and a read for a connection.
    pub busy_timeout: Duration,
    /// Changes that may wait for the writer; further callers wait for room.
    pub queue_max: usize,
    /// Waiting changes that share one commit to disk.
    pub group_max: usize,
    /// Bytes that the main database file may grow to.
    pub size_max: u64,
    /// Accounts of the deployment.
    pub accounts_max: u64,
    /// Restricted keys of one account that are not deleted.
    pub restricted_keys_max: u64,
    /// Companies of one account.
    pub companies_max: u64,
    /// External names of one company.
    pub external_names_max: u64,
    /// Operator tokens that are not revoked.
    pub operator_tokens_max: u64,
    /// What is kept of usage, in its own file.
    pub usage: UsageOptions,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 4,
            busy_timeout: Duration::from_secs(5),
            queue_max: 1_024,
            group_max: 128,
            size_max: 64 << 30,
            accounts_max: 1_000_000,
            restricted_keys_max: 1_000,
            companies_max: 10_000,
            external_names_max: 64,
            operator_tokens_max: 100,
            usage: UsageOptions::default(),
        }
    }
}
