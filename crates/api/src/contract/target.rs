//! Targets: what the parameters of a path name.
//!
//! Owns:  one type for each shape of path, and how it is read. A text that can be no id of its kind names nothing.
//! Never: looks whether there is such a thing.
//! Read:  `Target`, then the list.

use model::{
    AccountId, CompanyId, IdentityId, InvitationId, KeyId, MemberId, OperatorTokenId, PersonId, RequestId, SessionId,
};

/// The longest name of a provider in a path, in bytes.
const PROVIDER_MAX: usize = 32;

/// What the parameters of a path name.
pub trait Target: Clone + Send + 'static {
    /// From the parameters' texts, in order. `None`: no such thing can exist.
    fn read(texts: &[&str]) -> Option<Self>;

    /// The account that the path is below, when it is below one.
    fn account(&self) -> Option<AccountId> {
        None
    }
}

/// A path without parameters.
#[derive(Clone, Copy, Debug)]
pub struct Everywhere;

impl Target for Everywhere {
    fn read(texts: &[&str]) -> Option<Self> {
        texts.is_empty().then_some(Self)
    }
}

/// A path below an account.
#[derive(Clone, Copy, Debug)]
pub struct AtAccount {
    /// `{account_id}`
    pub account: AccountId,
}

impl Target for AtAccount {
    fn read(texts: &[&str]) -> Option<Self> {
        let [account] = texts else { return None };
        Some(Self { account: account.parse().ok()? })
    }

    fn account(&self) -> Option<AccountId> {
        Some(self.account)
    }
}

macro_rules! in_account {
    ($($(#[$doc:meta])* $name:ident { $(#[$field_doc:meta])* $field:ident: $id:ty })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name {
            /// `{account_id}`
            pub account: AccountId,
            $(#[$field_doc])*
            pub $field: $id,
        }

        impl Target for $name {
            fn read(texts: &[&str]) -> Option<Self> {
                let [account, $field] = texts else { return None };
                Some(Self { account: account.parse().ok()?, $field: $field.parse().ok()? })
            }

            fn account(&self) -> Option<AccountId> {
                Some(self.account)
            }
        }
    )+ };
}

in_account! {
    /// A path of a company.
    AtCompany {
        /// `{company_id}`
        company: CompanyId
    }
    /// A path of a key.
    AtKey {
        /// `{key_id}`
        key: KeyId
    }
    /// A path of an identity.
    AtIdentity {
        /// `{identity_id}`
        identity: IdentityId
    }
    /// A path of a request with a key of an account.
    AtRequest {
        /// `{request_id}`
        request: RequestId
    }
    /// A path of a member.
    AtMember {
        /// `{member_id}`
        member: MemberId
    }
    /// A path of an invitation.
    AtInvitation {
        /// `{invitation_id}`
        invitation: InvitationId
    }
}

macro_rules! alone {
    ($($(#[$doc:meta])* $name:ident { $(#[$field_doc:meta])* $field:ident: $id:ty })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name {
            $(#[$field_doc])*
            pub $field: $id,
        }

        impl Target for $name {
            fn read(texts: &[&str]) -> Option<Self> {
                let [$field] = texts else { return None };
                Some(Self { $field: $field.parse().ok()? })
            }
        }
    )+ };
}

alone! {
    /// A path of any request.
    AtAnyRequest {
        /// `{request_id}`
        request: RequestId
    }
    /// A path of an operator token.
    AtOperatorToken {
        /// `{operator_token_id}`
        token: OperatorTokenId
    }
    /// A path of a person.
    AtPerson {
        /// `{person_id}`
        person: PersonId
    }
    /// A path of a session of whoever asks.
    AtDevice {
        /// `{session_id}`
        session: SessionId
    }
}

/// A path of a provider that people sign in with.
#[derive(Clone, Debug)]
pub struct AtProvider {
    /// `{provider_id}`
    pub provider: String,
}

impl Target for AtProvider {
    fn read(texts: &[&str]) -> Option<Self> {
        let [provider] = texts else { return None };
        let named = provider.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        (named && (1..=PROVIDER_MAX).contains(&provider.len())).then(|| Self { provider: (*provider).to_owned() })
    }
}
