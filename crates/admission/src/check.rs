//! Check: the closed list of what is checked, in order, and who watches.
//!
//! Owns:  `Check`; the seam through which `explain` sees the very checks that decide requests.
//! Never: holds a rule; those are in `stage`.
//! Read:  top down.

use model::Denial;

/// One check of a request with a key, in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// The secret is known, and belongs to the client id and environment it came with (D1, D2).
    Credential,
    /// The key is neither disabled, revoked nor deleted (D14).
    Status,
    /// The key's time is not over (D13).
    Expiry,
    /// The secret was not rotated away (D13).
    Secret,
    /// What the gateway knows of the key is current (design section 5).
    Freshness,
    /// The catalogue has the operation (D7).
    Operation,
    /// The operation is for keys (D20).
    Audience,
    /// The key may be used from the caller's address (D12).
    Address,
    /// The key may be used from where the request comes from (D10, D11).
    Origin,
    /// The key has the scope (R75).
    Scope,
    /// The request is held to the key's companies (D9, D34).
    Company,
}

impl Check {
    /// All, in order.
    pub const ALL: [Self; 11] = [
        Self::Credential,
        Self::Status,
        Self::Expiry,
        Self::Secret,
        Self::Freshness,
        Self::Operation,
        Self::Audience,
        Self::Address,
        Self::Origin,
        Self::Scope,
        Self::Company,
    ];

    /// As documents write it: `credential`, `status`, ...
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Status => "status",
            Self::Expiry => "expiry",
            Self::Secret => "secret",
            Self::Freshness => "freshness",
            Self::Operation => "operation",
            Self::Audience => "audience",
            Self::Address => "address",
            Self::Origin => "origin",
            Self::Scope => "scope",
            Self::Company => "company",
        }
    }
}

/// Sees every check as it is made. It cannot change an outcome: the stages go on with what they found.
pub(crate) trait Watch {
    fn see(&mut self, check: Check, failed: Option<Denial>);
}

/// Nobody watches: what requests pay for.
pub(crate) struct Unwatched;

impl Watch for Unwatched {
    #[inline]
    fn see(&mut self, _: Check, _: Option<Denial>) {}
}
