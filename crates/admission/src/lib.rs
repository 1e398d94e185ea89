//! Admission: the only code that may say yes.
//!
//! Owns:  the order of the checks, `Permit`, canonical paths, and the explanation of a decision.
//! Never: I/O, clocks, locks, async, logging, HTTP framing; the data plane's checks do not allocate.
//! Read:  `present`, then follow the types: `Presented`, `Identified`, `Authorized`, `Permit`. Tests: `tests/it`.
//!
//! A request becomes [`Facts`]. [`present()`] reads its credential, [`Presented::identify`] holds it against what is known
//! of that secret, [`Identified::authorize`] holds the key against the operation, and [`Authorized::settle`] gives the
//! [`Permit`]. Each stage is a type that only the stage before it makes, so no stage can be left out:
//!
//! ```
//! # use admission::{Entry, Facts, Freshness, Policy, Settled, Settlement, present};
//! # use model::{Denial, Timestamp};
//! fn decide(facts: &Facts<'_>, policy: &Policy, found: Option<&Entry>, fresh: Freshness, now: Timestamp) -> Result<Settled, Denial> {
//!     present(facts, policy)?.identify(found, fresh, now)?.authorize(facts, policy)?.settle(Settlement::default())
//! }
//! ```
//! An unidentified credential cannot be authorised:
//! ```compile_fail,E0599
//! # use admission::{Entry, Facts, Freshness, Policy, Settled, Settlement, present};
//! # use model::{Denial, Timestamp};
//! fn decide(facts: &Facts<'_>, policy: &Policy, found: Option<&Entry>, fresh: Freshness, now: Timestamp) -> Result<Settled, Denial> {
//!     present(facts, policy)?.authorize(facts, policy)?.settle(Settlement::default())
//! }
//! ```
//! An identified key is not yet authorised:
//! ```compile_fail,E0599
//! # use admission::{Entry, Facts, Freshness, Policy, Settled, Settlement, present};
//! # use model::{Denial, Timestamp};
//! fn decide(facts: &Facts<'_>, policy: &Policy, found: Option<&Entry>, fresh: Freshness, now: Timestamp) -> Result<Settled, Denial> {
//!     present(facts, policy)?.identify(found, fresh, now)?.settle(Settlement::default())
//! }
//! ```
//! What is authorised is not yet a permit:
//! ```compile_fail,E0308
//! # use admission::{Entry, Facts, Freshness, Policy, Settled, Settlement, present};
//! # use model::{Denial, Timestamp};
//! fn decide(facts: &Facts<'_>, policy: &Policy, found: Option<&Entry>, fresh: Freshness, now: Timestamp) -> Result<Settled, Denial> {
//!     present(facts, policy)?.identify(found, fresh, now)?.authorize(facts, policy)
//! }
//! ```
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod check;
pub mod company;
pub mod explain;
mod facts;
pub mod json;
pub mod path;
mod permit;
mod person;
mod present;
mod record;
mod settle;
mod spelling;
mod stage;

pub use check::Check;
pub use company::Asked;
pub use explain::{Described, Explanation, Remedy, Step, StepState, Verdict, explain};
pub use facts::{CredentialFields, Facts, Field, Policy};
pub use path::PathError;
pub use permit::{Caller, Permit};
pub use person::{callback, person};
pub use present::{Presented, present};
pub use record::{Entry, Freshness, Record};
pub use settle::{Claimed, Reserved, Settled, Settlement};
pub use stage::{Authorized, Identified, public};
