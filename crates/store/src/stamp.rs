//! Stamps and revisions: who changed what, when, and the place in the log where it stands.
//!
//! Owns:  `Revision`, `Subject`, `Author`, `Stamp`, `Committed`.
//! Never: statements.
//! Read:  top down.

use model::{
    AccountId, AuditId, CompanyId, IdentityId, InvitationId, KeyId, MemberId, OperatorTokenId, PersonId, RequestId,
    SessionId, Timestamp,
};
use std::fmt;

/// A place in the change log. 0 is before the first change; there are no gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    /// Before the first change.
    pub const START: Self = Self(0);
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a change-log row or an audit entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An account.
    Account(AccountId),
    /// A company.
    Company(CompanyId),
    /// A key.
    Key(KeyId),
    /// An operator token.
    OperatorToken(OperatorTokenId),
    /// Whose people act in an account.
    Identity(IdentityId),
    /// Who can sign in.
    Person(PersonId),
    /// Who is signed in.
    Session(SessionId),
    /// A person in an account.
    Member(MemberId),
    /// An invitation into an account.
    Invitation(InvitationId),
}

impl Subject {
    /// Its kind, as the change log holds it: `key`.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        self.row().0
    }

    /// Its kind and id, as the change log holds them.
    pub(crate) const fn row(self) -> (&'static str, [u8; 16]) {
        match self {
            Self::Account(id) => ("account", id.to_bytes()),
            Self::Company(id) => ("company", id.to_bytes()),
            Self::Key(id) => ("key", id.to_bytes()),
            Self::OperatorToken(id) => ("operator_token", id.to_bytes()),
            Self::Identity(id) => ("identity", id.to_bytes()),
            Self::Person(id) => ("person", id.to_bytes()),
            Self::Session(id) => ("session", id.to_bytes()),
            Self::Member(id) => ("member", id.to_bytes()),
            Self::Invitation(id) => ("invitation", id.to_bytes()),
        }
    }

    /// From what `row` gave.
    pub(crate) fn from_row(kind: &str, id: [u8; 16]) -> Option<Self> {
        Some(match kind {
            "account" => Self::Account(AccountId::from_bytes(id)),
            "company" => Self::Company(CompanyId::from_bytes(id)),
            "key" => Self::Key(KeyId::from_bytes(id)),
            "operator_token" => Self::OperatorToken(OperatorTokenId::from_bytes(id)),
            "identity" => Self::Identity(IdentityId::from_bytes(id)),
            "person" => Self::Person(PersonId::from_bytes(id)),
            "session" => Self::Session(SessionId::from_bytes(id)),
            "member" => Self::Member(MemberId::from_bytes(id)),
            "invitation" => Self::Invitation(InvitationId::from_bytes(id)),
            _ => return None,
        })
    }

    /// From the text of an id, whose prefix tells the kind.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (prefix, _) = text.split_once('_')?;
        match prefix {
            AccountId::PREFIX => text.parse().ok().map(Self::Account),
            CompanyId::PREFIX => text.parse().ok().map(Self::Company),
            KeyId::PREFIX => text.parse().ok().map(Self::Key),
            OperatorTokenId::PREFIX => text.parse().ok().map(Self::OperatorToken),
            IdentityId::PREFIX => text.parse().ok().map(Self::Identity),
            PersonId::PREFIX => text.parse().ok().map(Self::Person),
            SessionId::PREFIX => text.parse().ok().map(Self::Session),
            MemberId::PREFIX => text.parse().ok().map(Self::Member),
            InvitationId::PREFIX => text.parse().ok().map(Self::Invitation),
            _ => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => id.fmt(f),
            Self::Company(id) => id.fmt(f),
            Self::Key(id) => id.fmt(f),
            Self::OperatorToken(id) => id.fmt(f),
            Self::Identity(id) => id.fmt(f),
            Self::Person(id) => id.fmt(f),
            Self::Session(id) => id.fmt(f),
            Self::Member(id) => id.fmt(f),
            Self::Invitation(id) => id.fmt(f),
        }
    }
}

/// Who made a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Author {
    /// Whoever held this operator token.
    Operator(OperatorTokenId),
    /// A member, in the account that the change is in.
    Member(MemberId),
    /// Somebody who can sign in, in what is theirs alone.
    Person(PersonId),
    /// The holder of an account's primary key, in the account's restricted keys (D32).
    Key(KeyId),
    /// The installation itself: its first start, or a command run on the data folder.
    Installation,
}

impl Author {
    /// The member, when it was one.
    #[must_use]
    pub const fn member(self) -> Option<MemberId> {
        match self {
            Self::Member(id) => Some(id),
            Self::Operator(_) | Self::Person(_) | Self::Key(_) | Self::Installation => None,
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "installation" {
            return Some(Self::Installation);
        }
        match text.split_once('_')?.0 {
            MemberId::PREFIX => text.parse().ok().map(Self::Member),
            PersonId::PREFIX => text.parse().ok().map(Self::Person),
            KeyId::PREFIX => text.parse().ok().map(Self::Key),
            _ => text.parse().ok().map(Self::Operator),
        }
    }
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator(id) => id.fmt(f),
            Self::Member(id) => id.fmt(f),
            Self::Person(id) => id.fmt(f),
            Self::Key(id) => id.fmt(f),
            Self::Installation => f.write_str("installation"),
        }
    }
}

/// What every change carries into its audit entry. Time and randomness are the caller's (invariant 4).
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// Who.
    pub author: Author,
    /// In which request, when there was one.
    pub request: Option<RequestId>,
    /// When.
    pub now: Timestamp,
    /// The id of the audit entry that this change will write.
    pub audit_id: AuditId,
}

/// A change that is durable: on disk with its change-log rows and its audit entry.
#[derive(Clone, Copy, Debug)]
#[must_use = "a change is acknowledged only when its revision is in force"]
pub struct Committed<T> {
    /// Its last place in the change log. A change that changed nothing has the revision that was the last one.
    pub revision: Revision,
    /// What was changed, as it is now.
    pub value: T,
}
