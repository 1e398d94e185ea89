//! Invoicing: small e-invoicing APIs that trust nothing but the signed context. One of three is served.
//!
//! Owns:  the surfaces (Invoicetronic, Laabam, Invostaq) and their rows, in two ledgers (test, live), each a file or a
//!        schema of its own.
//! Never: imports another crate of the product, reads an API key, or lets a parameter choose account or environment.
//! Read:  `serve`, then `gate`, then `ledger::scoped`. Tests: `tests/it`.
#![warn(missing_docs)]

mod body;
mod context;
mod cursor;
mod fattura;
mod field;
mod gate;
mod identifier;
mod invostaq;
mod key_set;
mod laabam;
mod ledger;
mod listen;
mod money;
mod options;
mod problem;
mod query;
mod resource;
mod routes;
mod serve;
mod totals;
mod zip;

pub use options::{AccessPoint, Clock, ContextKeys, DatabaseUrl, Options, Randomness, Surface};
pub use serve::{ServeError, serve};
