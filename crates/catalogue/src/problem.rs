//! Problems: what is wrong with a text, where, and what to do about it.
//!
//! Owns:  `Problem`, `Problems`, positions in a text.
//! Never: stops at the first problem; readers collect all of them.
//! Read:  `Problem`.

use serde::Serialize;
use std::fmt;

/// A place in a text. Both count from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// What kind of problem it is, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// The text is not TOML, YAML or JSON.
    Syntax,
    /// Larger, deeper or more than the bound that the message names.
    TooMuch,
    /// Not an OpenAPI 3.0 or 3.1 description.
    Version,
    /// A key that nothing reads.
    UnknownKey,
    /// A key that must be there.
    MissingKey,
    /// A value that is not one of those that may stand there.
    InvalidValue,
    /// A name or key that was used before.
    Duplicate,
    /// Two operations that answer to the same requests.
    Ambiguous,
    /// A public operation that is neither GET nor HEAD (D22).
    PublicWrite,
    /// An operation without keys that does not say its environment (D37).
    EnvironmentMissing,
    /// A reference to something that is not there, goes in circles or lies in another file.
    Reference,
    /// Something that the gateway cannot match or serve.
    Unsupported,
    /// A rule that matches no operation.
    UnmatchedRule,
    /// Rules of equal weight that say different things.
    RuleConflict,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind of problem.
    pub code: ProblemCode,
    /// Where in the text, when that is known.
    pub position: Option<Position>,
    /// What it is about: `operation company_get`, `GET /company/{id}`, `--send 'POST /send*'`. May be empty.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it. May be empty.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Position { line, column }) = self.position {
            write!(f, "{line}:{column}: ")?;
        }
        if !self.subject.is_empty() {
            write!(f, "{}: ", self.subject)?;
        }
        f.write_str(&self.message)?;
        if !self.hint.is_empty() {
            write!(f, " ({})", self.hint)?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a text, in the order of the text; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The problems, or `None` when there are none.
    pub(crate) fn new(problems: Vec<Problem>) -> Option<Self> {
        (!problems.is_empty()).then_some(Self(problems))
    }

    /// The problems.
    #[must_use]
    pub fn as_slice(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
