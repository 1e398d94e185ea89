//! Failures: how the command line says that something did not work, and with which exit code.
//!
//! Owns:  the exit codes, and the form of an error on standard error.
//! Never: repeats a secret; what it is given was made by code that does not either.
//! Read:  `Exit`, then `Failure`.

use crate::config::problem::Problems;
use std::fmt;

/// The exit codes. They are part of the command line's contract (`claviger help` lists them).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// It could not be done: a file, a port, a database.
    Failed = 1,
    /// The command line is wrong. clap exits with the same code.
    Usage = 2,
    /// A configuration, a catalogue or a data folder has problems.
    Problems = 3,
    /// The control API refused, as the request id says.
    Refused = 4,
    /// The control API did not answer.
    Unreachable = 5,
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: Exit,
    /// Whether the message is a list that brings its own places: `file:line:column: ...`.
    pub(crate) list: bool,
    /// What is wrong, without a full stop.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
    /// The problem's code and the request that it answers, when the control API refused.
    pub(crate) refusal: Option<Refusal>,
}

/// What the control API said of its refusal.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Refusal {
    /// HTTP status.
    pub(crate) status: u16,
    /// Public code.
    pub(crate) code: Option<String>,
    /// Names the request in the logs of the deployment.
    pub(crate) request_id: Option<String>,
}

impl Failure {
    /// A failure with a code of its own.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, list: false, message: message.into(), hint: None, refusal: None }
    }

    /// A list of problems, each on lines of its own with its own place.
    pub(crate) fn problems(list: impl Into<String>) -> Self {
        Self { list: true, ..Self::new(Exit::Problems, list) }
    }

    /// A wrong command line that clap cannot see.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message).hint(hint)
    }

    /// With what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// As one JSON object, for `--json`.
    pub(crate) fn to_json(&self) -> String {
        serde_json::json!({
            "error": {
                "message": self.message,
                "hint": self.hint,
                "status": self.refusal.as_ref().map(|r| r.status),
                "code": self.refusal.as_ref().and_then(|r| r.code.as_deref()),
                "request_id": self.refusal.as_ref().and_then(|r| r.request_id.as_deref()),
            }
        })
        .to_string()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.list {
            f.write_str("error: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        if let Some(id) = self.refusal.as_ref().and_then(|r| r.request_id.as_ref()) {
            write!(f, "\n  request id: {id}")?;
        }
        Ok(())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Exit::Failed, format!("{error:#}"))
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::problems(problems.to_string())
    }
}

impl From<store::StoreError> for Failure {
    fn from(error: store::StoreError) -> Self {
        use std::io::ErrorKind;
        use store::StoreError as E;
        let exit = match &error {
            E::Corrupt { .. } | E::Foreign { .. } | E::Schema { .. } => Exit::Problems,
            E::NotFound { .. }
            | E::Conflict { .. }
            | E::Limit { .. }
            | E::Invalid { .. }
            | E::Locked { .. }
            | E::File { .. }
            | E::Exists { .. }
            | E::FeedAhead { .. }
            | E::Full
            | E::Closed
            | E::Database(_) => Exit::Failed,
        };
        let hints = [
            (ErrorKind::PermissionDenied, "the data folder must belong to the user that runs this command"),
            (ErrorKind::NotFound, "is this the right data folder? `claviger quickstart` makes ./claviger-data"),
            (ErrorKind::AlreadyExists, "the data folder's path names a file"),
            (ErrorKind::NotADirectory, "the data folder's path leads through a file"),
            (ErrorKind::ReadOnlyFilesystem, "the data folder must be writable"),
        ];
        let failure = Self::new(exit, error.to_string());
        if let E::File { source, .. } = &error
            && let Some((_, hint)) = hints.iter().find(|(kind, _)| *kind == source.kind())
        {
            return failure.hint(*hint);
        }
        failure
    }
}
