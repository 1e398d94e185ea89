//! Durable truth: rows, change log, audit chain.
//!
//! Owns:  the SQLite databases of a data folder, every statement on them, the one commit function, the feed, back-ups.
//! Never: HTTP, clocks, randomness, plain secrets (only their SHA-256 is handed in).
//! Read:  `store`, `account_store`, then `commit` (how a change becomes durable), `feed` (how it is followed) and `usage`
//!        (what callers asked).
#![warn(missing_docs)]

mod account;
mod account_store;
mod audit;
mod backup;
mod column;
mod commit;
mod company;
mod company_change;
mod daily_cap;
mod error;
mod feed;
mod folder;
mod gateway_store;
mod health;
mod identity;
mod key;
mod key_change;
mod key_settings;
mod learned;
mod operator_token;
mod options;
mod page;
mod people;
mod restore;
mod schema;
mod stamp;
mod store;
mod sub_key;
mod usage;
mod writes;

pub use account::NAME_MAX;
pub use account_store::AccountStore;
pub use audit::{AuditAction, AuditBreak, AuditEntry, AuditHead, AuditReport};
pub use backup::{Backup, backup};
pub use company::CompanyRow;
pub use company_change::CompanyPatch;
pub use daily_cap::{DailyBlock, DailyTake};
pub use error::{ConflictReason, StoreError};
pub use feed::{BATCH_MAX, Batch, Feed, FeedItem};
pub use gateway_store::GatewayStore;
pub use health::{Counts, Health, SQLITE_VERSION_MIN, inspect};
pub use key::{CredentialRow, KeyFilter, KeyRow, NewKey};
pub use key_change::KeyPatch;
pub use operator_token::{NewOperatorToken, OperatorToken};
pub use options::Options;
pub use page::{List, PAGE_MAX, Page};
pub use people::{
    Accepting, Attempt, Brake, InvitationRow, IssuerSubject, KeysFate, LinkedSubject, MemberRow, Membership,
    NewInvitation, NewPerson, NewRegistration, NewSession, PeopleStore, PersonRow, Proof, Registered, Rotation,
    SESSIONS_MAX, SessionRow, Sessions,
};
pub use restore::{Restored, restore};
pub use stamp::{Author, Committed, Revision, Stamp, Subject};
pub use store::Store;
pub use sub_key::{Naming, SUB_KEYS_PAGE_MAX, SubKeyFilter, SubKeyRow, SubKeys};
pub use usage::{
    AccountUsage, COUNTS_MAX, Counts as UsageCounts, Granularity, Intake, LastUse, Losses, OLD_SECRET_RECENT_DAYS,
    Overview, OverviewOf, Peak, PeaksOf, RequestFilter, RequestOutcome, RequestRow, SEEN_MAX, SecretTag, Seen,
    SeenCaller, UNUSED_DAYS, USER_AGENT_MAX, Usage, UsageCount, UsageHealth, UsageOptions, UseFinding, backup_usage,
    inspect_usage, restore_usage, usage_beside, use_findings,
};
pub use writes::{
    Done, Earlier, Found, Hold, NewWrite, Outcome as WriteOutcome, Request, WriteId, Writes, WritesHealth,
    WritesOptions, inspect as inspect_writes,
};
