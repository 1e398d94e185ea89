//! Errors: what the store refuses, and what can fail below it.
//!
//! Owns:  `StoreError` and the closed list of conflicts.
//! Never: echoes a secret, a hash or a bound value of a statement.
//! Read:  `StoreError`, then `ConflictReason`.

use crate::stamp::Revision;
use model::{ExternalName, KeyStatus, Role};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Why the store did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such row, or it belongs to another account: the two are never told apart.
    #[error("no such {what}")]
    NotFound {
        /// The noun: `key`, `company`, `account`, `operator token`.
        what: &'static str,
    },
    /// The rows are in a state in which the change makes no sense.
    #[error("{reason}")]
    Conflict {
        /// Which state.
        reason: ConflictReason,
    },
    /// The change would exceed a bound of `Options`.
    #[error("at most {max} {what} are allowed; delete some that are no longer needed")]
    Limit {
        /// What is bounded, in the plural.
        what: &'static str,
        /// The bound.
        max: u64,
    },
    /// What was handed in cannot be stored.
    #[error("{what}")]
    Invalid {
        /// What is wrong with it.
        what: String,
    },
    /// Another process (or another `Store` of this one) holds the data folder.
    #[error("the data folder {} is in use by another claviger process; stop that one, or choose another folder", folder.display())]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// A file or folder cannot be made, read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: Arc<std::io::Error>,
    },
    /// The target of a back-up exists; nothing is ever overwritten.
    #[error("{} exists already; choose a new name (nothing is overwritten)", path.display())]
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// The file is a database, but not one of ours, or not a database at all.
    #[error("{} is not a claviger database", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The database was written by another release: unknown or changed migrations.
    #[error("{}: the schema is not known to this release ({what}); use the release that wrote it, or a newer one", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// Which migration.
        what: String,
    },
    /// What was read contradicts itself: damaged or tampered with.
    #[error("the database is damaged: {what}; run `claviger doctor`, restore a back-up if it confirms")]
    Corrupt {
        /// What was found.
        what: String,
    },
    /// The follower has seen more than the log holds: the database was replaced underneath it. Load everything again.
    #[error("the change log ends at {head}, before {after}: the database was replaced; load everything again")]
    FeedAhead {
        /// What the follower had seen.
        after: Revision,
        /// What the log holds.
        head: Revision,
    },
    /// The database reached `Options::size_max`, or the disk is full. Nothing of the change was kept.
    #[error("the database cannot grow: the disk is full or the size limit is reached; nothing was changed")]
    Full,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The database failed. Whether an unacknowledged change was kept shows after reading again.
    #[error("the database failed: {0}")]
    Database(#[source] Arc<sqlx::Error>),
}

/// The state that a change ran into.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConflictReason {
    /// Revoked and deleted are final (D14).
    #[error("the key is {} and cannot be changed any more; create a new one", .0.as_str())]
    KeyFinal(KeyStatus),
    /// Somebody else changed the row since it was read.
    #[error("it was changed meanwhile (version {actual}, expected {expected}); read it again and repeat the change")]
    Stale {
        /// The version that the caller had read.
        expected: u64,
        /// The version in the store.
        actual: u64,
    },
    /// Another company of the account has this external name (D35).
    #[error("another company of the account has the external name {0}")]
    ExternalNameTaken(ExternalName),
    /// The people of this issuer and directory act in an account already (D37).
    #[error("the people of this issuer and directory act in an account already; delete that identity first")]
    IdentityTaken,
    /// Somebody can sign in with this address already.
    #[error("somebody can sign in with this address already")]
    EmailTaken,
    /// The issuer's subject is linked to another person.
    #[error("this sign-in belongs to somebody else")]
    SubjectTaken,
    /// The person could sign in no more.
    #[error("it is the only way to sign in that is left; link another provider first")]
    LastWayIn,
    /// The person is a member of the account already.
    #[error("the person is a member of the account already")]
    AlreadyMember,
    /// Whoever asks has a role that does not include it; the role that they have.
    #[error("your role in this account is {0}, which does not allow this")]
    RoleInsufficient(Role),
    /// The account would be left without an owner.
    #[error("the last owner of an account stays one; make somebody else an owner first")]
    LastOwner,
    /// The member created this many keys that still work, and nobody said what becomes of them.
    #[error(
        "the member created or rotated {0} keys that still work; say what becomes of them: keep, disable or revoke"
    )]
    MemberHasKeys(u64),
    /// The second factor is not in the state that the change needs.
    #[error("the second factor is not in a state for this: {0}")]
    SecondFactor(&'static str),
    /// The key that asks is not the account's primary key, or is disabled; or it asks for more than restricted keys (D8, D32).
    #[error("only the account's primary key manages its restricted keys, and nothing else")]
    NotPrimary,
    /// The account has a primary key that is neither revoked nor deleted (R18).
    #[error("the account has a primary key; revoke it before creating another")]
    PrimaryExists,
    /// The id, client id or secret exists: the caller's randomness repeats itself.
    #[error("an id, client id or secret is in use already; make a fresh one")]
    Taken,
}

impl StoreError {
    pub(crate) fn invalid(what: impl Into<String>) -> Self {
        Self::Invalid { what: what.into() }
    }

    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into() }
    }

    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source: Arc::new(source) }
    }
}

impl From<ConflictReason> for StoreError {
    fn from(reason: ConflictReason) -> Self {
        Self::Conflict { reason }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation) {
            return ConflictReason::Taken.into();
        }
        match result_code(&error) {
            Some(SQLITE_FULL) => Self::Full,
            Some(SQLITE_CORRUPT | SQLITE_NOTADB) => Self::corrupt("SQLite cannot read the file"),
            _ if matches!(error, sqlx::Error::PoolClosed) => Self::Closed,
            _ => Self::Database(Arc::new(error)),
        }
    }
}

const SQLITE_CORRUPT: u32 = 11;
const SQLITE_FULL: u32 = 13;
const SQLITE_NOTADB: u32 = 26;

/// SQLite's primary result code; extended codes keep it in the low byte.
fn result_code(error: &sqlx::Error) -> Option<u32> {
    error.as_database_error()?.code()?.parse::<u32>().ok().map(|code| code & 0xff)
}

/// Whether the file does not even begin like a database.
pub(crate) fn is_not_a_database(error: &sqlx::Error) -> bool {
    result_code(error) == Some(SQLITE_NOTADB)
}
