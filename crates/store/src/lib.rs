//! Durable truth: rows, change log, audit chain.
//!
//! Owns:  the SQLite database of a data folder, every statement on it, the one commit function, the feed, back-ups.
//! Never: HTTP, clocks, randomness, plain secrets (only their SHA-256 is handed in).
//! Read:  `store`, `account_store`, then `commit` (how a change becomes durable) and `feed` (how it is followed).
#![warn(missing_docs)]

mod account;
mod account_store;
mod audit;
mod backup;
mod column;
mod commit;
mod company;
mod company_change;
mod error;
mod feed;
mod folder;
mod health;
mod identity;
mod key;
mod key_change;
mod key_settings;
mod operator_token;
mod options;
mod page;
mod restore;
mod schema;
mod stamp;
mod store;

pub use account::NAME_MAX;
pub use account_store::AccountStore;
pub use audit::{AuditAction, AuditBreak, AuditEntry, AuditHead, AuditReport};
pub use backup::{Backup, backup};
pub use company::CompanyRow;
pub use company_change::CompanyPatch;
pub use error::{ConflictReason, StoreError};
pub use feed::{BATCH_MAX, Batch, Feed, FeedItem};
pub use health::{Counts, Health, SQLITE_VERSION_MIN, inspect};
pub use key::{CredentialRow, KeyFilter, KeyRow, NewKey};
pub use key_change::KeyPatch;
pub use operator_token::{NewOperatorToken, OperatorToken};
pub use options::Options;
pub use page::{List, PAGE_MAX, Page};
pub use restore::{Restored, restore};
pub use stamp::{Author, Committed, Revision, Stamp, Subject};
pub use store::Store;
