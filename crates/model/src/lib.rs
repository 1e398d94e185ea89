//! The vocabulary: ids, accounts, companies, keys, scopes, operations, denials.
//!
//! Owns:  the words of the product as types, and what makes a value of each one valid.
//! Never: I/O, clocks, randomness, serde, async.
//! Read:  `key`, then `operation`, then `denial`. Tests sit beside each file.
#![warn(missing_docs)]

pub mod account;
pub mod company;
pub mod denial;
pub mod environment;
pub mod id;
pub mod idempotency;
pub mod key;
pub mod key_text;
pub mod limit;
pub mod member;
pub mod network;
pub mod operation;
pub mod origin;
pub mod presentation;
pub mod router;
pub mod scope;
pub mod secret;
pub mod time;
pub mod visible;

pub use account::{Account, Identity};
pub use company::{Company, CompanyRestriction, CompanySet, ExternalName, NameKind};
pub use denial::{Blame, Denial};
pub use environment::{Environment, Environments};
pub use id::{
    AccountId, AuditId, CompanyId, Entropy, IdentityId, InvitationId, KeyId, MemberId, OperatorTokenId, ParseIdError,
    PersonId, RequestId, SessionId,
};
pub use idempotency::{Idempotency, IdempotencyKey, Recovery};
pub use key::{ClientId, Credential, Key, KeyKind, KeyStatus, SecretSlot};
pub use key_text::{KeyShape, KeyText, Recognised};
pub use limit::{DailyCap, KeyLimits, Limit, LimitKind, LimitMethods, LimitName, LimitSubject};
pub use member::{EmailAddress, Member, Role};
pub use network::{Network, NetworkList};
pub use operation::{Audience, CompanyMode, HttpMethod, Learn, LimitClass, Locator, Operation, OperationId, Template};
pub use origin::{OriginList, OriginPattern};
pub use presentation::{Presentation, Presentations};
pub use router::{Catalogue, CatalogueError};
pub use scope::{Action, Actions, Preset, Resource, Scope, ScopeSet};
pub use secret::{Secret, SecretHash};
pub use time::Timestamp;
