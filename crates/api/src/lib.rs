//! The control API's contract: operations, wire types, problems, the OpenAPI document.
//!
//! Owns:  every JSON shape that crosses the control API, and the problem body of both planes.
//! Never: business rules, I/O, the store.
//! Read:  `contract` (the table of operations), `key`, `problem`, `code`.
#![warn(missing_docs)]

pub mod account;
pub mod answer;
pub mod audit;
pub mod catalogue;
pub mod code;
pub mod company;
pub mod contract;
pub mod explain;
pub mod identity;
pub mod invitation;
pub mod key;
pub mod member;
pub mod openapi;
pub mod operator_token;
pub mod overview;
pub mod page;
pub mod person;
pub mod problem;
pub mod receipt;
pub mod request;
mod schema;
pub mod session;
pub mod status;
pub mod time;
pub mod usage;
pub mod validation;

pub use code::Code;
pub use problem::{FieldProblem, Problem, ProblemParts, ProblemStyle};
pub use time::Time;
