//! The control plane: who may change what, and the changes.
//!
//! Owns:  authority, the operations of `api::contract`, the secrets of new keys on their one way out, the listener.
//! Never: proxying, SQL, clocks (the time and the randomness are handed in).
//! Read:  `control` (the parts), `operation` (how a request reaches a handler), `keys` (a handler), `serve`; for people
//!        `authority`, then `sign_in`; for primary keys that manage restricted ones `subkeys`.
#![warn(missing_docs)]

mod accounts;
mod arrival;
mod audit;
mod authority;
mod body;
mod brake;
mod companies;
mod connection;
mod control;
mod dashboard_files;
mod events;
mod explain;
mod identities;
mod in_force;
mod invitations;
mod issue;
mod key_changes;
mod keys;
mod limit_use;
mod limits;
mod linked_providers;
mod me;
mod members;
mod node;
mod oidc;
mod operation;
mod operations;
mod operator_tokens;
mod overview;
mod pages;
mod password;
mod people;
mod persons;
mod refusal;
mod registration;
mod reply;
mod requests;
mod routes;
mod seal;
mod second_factor;
mod second_factors;
mod serve;
mod session_cookie;
mod sessions;
mod sign_in;
mod streams;
mod subkeys;
mod trace;
mod usage;

pub use arrival::Arrival;
pub use authority::TOKEN_HEAD;
pub use control::{Clock, Control, Metrics, Parts, Randomness, Readiness};
pub use in_force::{Applied, Fenced, InForce, Receipt};
pub use issue::{IssuedAccount, IssuedKey, IssuedToken, Issuer};
pub use limits::Limits;
pub use people::{PeopleParts, Provider, Registration};
pub use serve::{Listener, TlsConfig, serve};
pub use subkeys::{SubKeys, serve_sub_keys};
