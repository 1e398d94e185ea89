//! The API as the gateway meets it: one server per test, contexts signed by a key of the test. The suite runs twice, once
//! on each engine: a test's name begins with the engine.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::duplicate_mod, reason = "the same tests on two engines")]

mod postgres;
mod source;
mod sqlite;

/// Where the ledgers of a suite are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Two files in the test's folder.
    Sqlite,
    /// A database of the folder's own.
    Postgres,
}
