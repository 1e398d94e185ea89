//! Permit: the proof that a request passed every check (invariant 1).
//!
//! Owns:  `Permit` and who it was given to.
//! Never: is made outside this crate, copied, or given for a described request.
//! Read:  `Permit`.

use model::{
    AccountId, Environment, KeyId, KeyKind, Operation, SecretHash,
    operation::{OPERATION_ID_MAX, ServedBy},
};

/// Whom a permit was given to.
#[derive(Clone, Copy, Debug)]
pub enum Caller {
    /// Anyone: the operation is public (D22).
    Public {
        /// Which upstream serves it (D37).
        environment: Environment,
    },
    /// The holder of a key.
    Key {
        /// The key.
        key: KeyId,
        /// The account that owns it.
        account: AccountId,
        /// Primary or restricted.
        kind: KeyKind,
        /// Which world the credential opens; it chooses the upstream (D4).
        environment: Environment,
        /// The secret it was admitted with; when that ends, what it admitted ends too (D41).
        hash: SecretHash,
    },
    /// A person whom an issuer vouches for (D20).
    Member {
        /// SHA-256 of issuer, directory and subject: a name that fits into a permit.
        subject: SecretHash,
        /// The account that the issuer and directory are mapped to (D37).
        account: AccountId,
        /// Whether the person is an administrator.
        admin: bool,
        /// The operation's (D37).
        environment: Environment,
    },
    /// An inbound callback that proved where it comes from (D19).
    Callback {
        /// The account of its configuration, if any.
        account: Option<AccountId>,
        /// The operation's (D37).
        environment: Environment,
    },
}

impl Caller {
    /// Which upstream the request goes to.
    #[must_use]
    pub const fn environment(&self) -> Environment {
        match self {
            Self::Public { environment }
            | Self::Key { environment, .. }
            | Self::Member { environment, .. }
            | Self::Callback { environment, .. } => *environment,
        }
    }
}

/// One request may be forwarded, once, to one operation. Nothing but the last stage makes one:
///
/// ```compile_fail,E0451
/// # fn forge(caller: admission::Caller, permit: admission::Permit) -> admission::Permit {
/// admission::Permit { caller, ..permit }
/// # }
/// ```
/// ```compile_fail,E0624
/// # use admission::{Caller, Permit};
/// # fn forge(operation: &model::Operation) -> Permit {
/// Permit::grant(Caller::Public { environment: model::Environment::Live }, operation)
/// # }
/// ```
/// and it cannot be used twice:
/// ```compile_fail,E0382
/// # fn twice(permit: admission::Permit, forward: fn(admission::Permit)) {
/// forward(permit);
/// forward(permit);
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a permit that is not forwarded was not needed"]
pub struct Permit {
    caller: Caller,
    operation: Name,
    served_by: ServedBy,
}

impl Permit {
    pub(crate) fn grant(caller: Caller, operation: &Operation) -> Self {
        Self { caller, operation: Name::of(operation), served_by: operation.served_by }
    }

    /// Whom it was given to.
    #[must_use]
    pub const fn caller(&self) -> Caller {
        self.caller
    }

    /// Which upstream the request goes to.
    #[must_use]
    pub const fn environment(&self) -> Environment {
        self.caller.environment()
    }

    /// Who answers the operation that it is for.
    #[must_use]
    pub const fn served_by(&self) -> ServedBy {
        self.served_by
    }

    /// The id of the operation that it is for.
    #[must_use]
    pub fn operation(&self) -> &str {
        self.operation.as_str()
    }

    /// Whether it is for `operation`; whoever forwards can hold it against what is about to be forwarded.
    #[must_use]
    pub fn covers(&self, operation: &Operation) -> bool {
        self.operation() == operation.id.as_str()
    }
}

/// An operation's id by value: a permit outlives the catalogue it was made under, and a shared counter would be
/// written by every core on every request.
#[derive(Clone, Copy)]
pub(crate) struct Name {
    bytes: [u8; OPERATION_ID_MAX],
    len: u8,
}

const _: () = assert!(OPERATION_ID_MAX <= u8::MAX as usize);

impl Name {
    pub(crate) fn of(operation: &Operation) -> Self {
        let id = operation.id.as_str().as_bytes();
        let mut bytes = [0; OPERATION_ID_MAX];
        // An `OperationId` is never longer.
        let len = id.len().min(OPERATION_ID_MAX);
        if let (Some(to), Some(from)) = (bytes.get_mut(..len), id.get(..len)) {
            to.copy_from_slice(from);
        }
        Self { bytes, len: len as u8 }
    }

    fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.len)).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default()
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
