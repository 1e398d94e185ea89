//! The control plane: who may change what, and the changes.
//!
//! Owns:  authority, the operations of `api::contract`, the secrets of new keys on their one way out, the listener.
//! Never: proxying, SQL, clocks (the time and the randomness are handed in).
//! Read:  `control` (the parts), `operation` (how a request reaches a handler), `keys` (a handler), `serve`.
#![warn(missing_docs)]

mod accounts;
mod audit;
mod authority;
mod body;
mod companies;
mod connection;
mod control;
mod explain;
mod identities;
mod in_force;
mod issue;
mod keys;
mod limits;
mod node;
mod operation;
mod operations;
mod operator_tokens;
mod pages;
mod refusal;
mod requests;
mod routes;
mod serve;
mod trace;
mod usage;

pub use authority::TOKEN_HEAD;
pub use control::{Clock, Control, Metrics, Parts, Randomness, Readiness};
pub use in_force::{Applied, Fenced, InForce, Receipt};
pub use issue::{IssuedAccount, IssuedKey, IssuedToken, Issuer};
pub use limits::Limits;
pub use serve::{Listener, TlsConfig, serve};
