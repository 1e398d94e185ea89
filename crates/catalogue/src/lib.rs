//! Catalogue: the file that lists operations; read it, write it, check it, draft it from OpenAPI (D7, D15, D34).
//!
//! Owns:  the layout of `catalogue.toml`, the import from OpenAPI 3.0 and 3.1 and what it guesses, the check.
//! Never: opens files, matches requests (that is `model::Catalogue`), knows the product's name (it is an option).
//! Read:  `format`, then `import`, then `check`. Tests: `tests/it`.
#![warn(missing_docs)]

pub mod check;
pub mod draft;
pub mod format;
pub mod import;
pub mod problem;
pub mod rule;

mod node;
mod overlap;
mod reader;
mod sound;

pub use check::{Report, check};
pub use draft::{Draft, Field, Note, NoteKind};
pub use format::{Reading, examine, read, write};
pub use import::{ImportError, ImportOptions, import};
pub use problem::{Position, Problem, ProblemCode, Problems};
pub use rule::{Rule, RuleError, RuleKind};
