//! Problems of a configuration: what is wrong, where, and what to do about it.
//!
//! Owns:  their text; the nearest known name for a mistyped one.
//! Never: decides what is a problem.
//! Read:  `Problem`.

use std::fmt;

/// Where a value was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nowhere: the default.
    Default,
    /// By the profile of this name.
    Profile(&'static str),
    /// In the file, at this line and column, both from 1.
    File {
        /// The file as it was named.
        file: String,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
    },
    /// In this environment variable.
    Environment(String),
    /// By this flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Profile(name) => write!(f, "profile {name}"),
            Self::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where; `None` when nothing was said at all.
    pub(crate) origin: Option<Origin>,
    /// What is wrong, in one sentence without a full stop.
    pub(crate) what: String,
    /// What to do, when that is not obvious.
    pub(crate) hint: Option<String>,
}

/// Every problem of one configuration, in the order of the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problems {
    /// The file as it was named; where what is missing would have stood.
    pub(crate) file: Option<String>,
    /// At least one.
    pub(crate) list: Vec<Problem>,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.list.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            match (&problem.origin, &self.file) {
                (Some(origin), _) => write!(f, "{origin}: {}", problem.what)?,
                (None, Some(file)) => write!(f, "{file}: {}", problem.what)?,
                (None, None) => write!(f, "{}", problem.what)?,
            }
            if let Some(hint) = &problem.hint {
                write!(f, "\n  hint: {hint}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The known name that was most likely meant, if any is near.
pub(crate) fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (name, distance) =
        known.map(|name| (name, strsim::damerau_levenshtein(typed, name))).min_by_key(|(_, distance)| *distance)?;
    // A third of the letters wrong is still a slip; more is another word.
    (distance <= (typed.len().max(name.len()) / 3).max(1)).then_some(name)
}
