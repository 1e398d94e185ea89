//! Test and live: which world a credential belongs to (D4).
//!
//! Owns:  `Environment`, `Environments`.
//! Never: knows upstreams; the gateway maps an environment to one.
//! Read:  top down.

use std::fmt;

/// Which world a credential belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Environment {
    /// Nothing done here reaches the outside (R117, R120).
    Test,
    /// The real thing (R118).
    Live,
}

impl Environment {
    /// Both, in the order in which they are shown.
    pub const ALL: [Self; 2] = [Self::Test, Self::Live];

    /// `test` or `live`, as it stands in a key's text and in every document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live => "live",
        }
    }

    /// From `test` or `live`, exactly.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|e| e.as_str() == text)
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// In which environments a key record has a credential (D4, I11). There is no empty set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Environments {
    /// A pair: one credential in each (R26).
    Both,
    /// A credential in one environment only.
    Only(Environment),
}

impl Environments {
    /// Whether the record has a credential in `environment`.
    #[must_use]
    pub fn contains(self, environment: Environment) -> bool {
        match self {
            Self::Both => true,
            Self::Only(only) => only == environment,
        }
    }

    /// The members, in the order in which they are shown.
    pub fn iter(self) -> impl Iterator<Item = Environment> {
        Environment::ALL.into_iter().filter(move |e| self.contains(*e))
    }
}
