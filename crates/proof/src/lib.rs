//! Proof: what callers without a key prove themselves with (D19, D20).
//!
//! Owns:  reading and verifying bearer tokens and callbacks. `Person` and `Called` come out of that and of nothing else.
//! Never: I/O, clocks, logging, or a look-up: keys, rules and the time are handed in.
//! Read:  `token` (unverified), `key_set`, `person` (verified), then `callback`; `manager`. Tests: `tests/it`.
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod callback;
mod issuer;
mod key_set;
mod manager;
mod members;
mod person;
mod token;

pub use callback::{CallbackRule, CallbackScheme, Called, SECRETS_MAX, Sent, TOLERANCE_SECS};
pub use issuer::{Algorithm, Directories, Directory, ENTRA_AUTHORITY, Issuer};
pub use key_set::{DOCUMENT_MAX, KEYS_MAX, KeySet, KeySetError};
pub use manager::{ContextFault, ContextKey, Manager, SUB_KEYS_AUDIENCE};
pub use person::{Admins, CLOCK_TOLERANCE_SECS, Person};
pub use token::{TOKEN_MAX, Token};
