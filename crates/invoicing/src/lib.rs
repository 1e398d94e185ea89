//! Invoicing: a small e-invoicing API that trusts nothing but the signed context.
//!
//! Owns:  companies, sent invoices and their states, in two ledgers (test, live), each a file or a schema of its own.
//! Never: imports another crate of the product, reads an API key, or lets a parameter choose account or environment.
//! Read:  `serve`, then `gate`, then `ledger::scoped`. Tests: `tests/it`.
#![warn(missing_docs)]

mod body;
mod context;
mod fattura;
mod gate;
mod key_set;
mod ledger;
mod listen;
mod options;
mod problem;
mod query;
mod resource;
mod routes;
mod serve;
mod zip;

pub use options::{Clock, ContextKeys, DatabaseUrl, Options, Randomness};
pub use serve::{ServeError, serve};
