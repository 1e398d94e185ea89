//! The control API's contract: operations, wire types, problems, the OpenAPI document.
//!
//! Owns:  every JSON shape that crosses the control API, and the problem body of both planes.
//! Never: business rules, I/O, the store.
//! Read:  `problem`.
#![warn(missing_docs)]

pub mod problem;

pub use problem::{FieldProblem, Problem, ProblemParts, ProblemStyle};
