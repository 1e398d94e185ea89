//! The API as the gateway meets it: one server per test, contexts signed by a key of the test.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod contexts;
mod durability;
mod harness;
mod invoices;
mod invostaq;
mod isolation;
mod laabam;
mod lists;
mod records;
mod source;
