//! Remedies: the changes that a described request can need, as words for machines and sentences for people.
//!
//! Owns:  the closed list.
//! Never: decides which one helps; `explain` tries them.
//! Read:  `Remedy`.

use model::{Network, OriginPattern, Scope};

/// One change that a described request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Give the key this scope.
    GrantScope(Scope),
    /// Enable the key.
    EnableKey,
    /// Give the key a later end, or none.
    ExtendExpiry,
    /// Use the key's current secret in place of the rotated one.
    UseCurrentSecret,
    /// Rotate the key and use its new secret.
    RotateKey,
    /// Wait until the gateway has read the change log again.
    AwaitFreshness,
    /// Send the request from a server: without `Origin`.
    CallFromServer,
    /// Give the key this origin.
    AllowOrigin(OriginPattern),
    /// Give the key this network: the caller's address.
    AllowAddress(Network),
    /// Say the address that the request would come from; without one nothing can be said.
    NameAddress,
    /// Let the key reach all companies.
    AllowAllCompanies,
    /// Give the key at least one company.
    AddCompany,
    /// No change of this key or request helps.
    NotPossible {
        /// Why, and what to do in its place.
        why: &'static str,
    },
}

impl Remedy {
    /// Whether it can be done at all.
    #[must_use]
    pub const fn is_possible(&self) -> bool {
        !matches!(self, Self::NotPossible { .. })
    }

    /// A stable word for machines.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::GrantScope(_) => "grant_scope",
            Self::EnableKey => "enable_key",
            Self::ExtendExpiry => "extend_expiry",
            Self::UseCurrentSecret => "use_current_secret",
            Self::RotateKey => "rotate_key",
            Self::AwaitFreshness => "await_freshness",
            Self::CallFromServer => "call_from_server",
            Self::AllowOrigin(_) => "allow_origin",
            Self::AllowAddress(_) => "allow_address",
            Self::NameAddress => "name_address",
            Self::AllowAllCompanies => "allow_all_companies",
            Self::AddCompany => "add_company",
            Self::NotPossible { .. } => "not_possible",
        }
    }

    /// One sentence for the key's owner.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::GrantScope(scope) => format!("Give the key the scope {scope}."),
            Self::EnableKey => "Enable the key.".to_owned(),
            Self::ExtendExpiry => "Set the key's expiry to a later time, or remove it.".to_owned(),
            Self::UseCurrentSecret => "Use the key's current secret; this one was rotated away.".to_owned(),
            Self::RotateKey => "Rotate the key and use its new secret.".to_owned(),
            Self::AwaitFreshness => {
                "Wait until the gateway has read the latest changes; the operator sees why it cannot.".to_owned()
            }
            Self::CallFromServer => "Send the request from a server; a browser adds the Origin header.".to_owned(),
            Self::AllowOrigin(origin) => format!("Give the key the origin {origin}."),
            Self::AllowAddress(network) => format!("Give the key the network {network}."),
            Self::NameAddress => {
                "Say the address that the request comes from; the key works from its networks only.".to_owned()
            }
            Self::AllowAllCompanies => "Let the key reach all companies of the account.".to_owned(),
            Self::AddCompany => "Give the key at least one company.".to_owned(),
            Self::NotPossible { why } => (*why).to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_remedy_has_a_word_of_its_own_for_machines() {
        let words = [
            Remedy::EnableKey,
            Remedy::ExtendExpiry,
            Remedy::UseCurrentSecret,
            Remedy::RotateKey,
            Remedy::AwaitFreshness,
            Remedy::CallFromServer,
            Remedy::NameAddress,
            Remedy::AllowAllCompanies,
            Remedy::AddCompany,
        ]
        .map(|remedy| remedy.as_str());
        let plain = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        assert!(words.into_iter().all(plain), "{words:?}");
        assert_eq!(words.into_iter().collect::<std::collections::BTreeSet<_>>().len(), words.len(), "{words:?}");
        assert_eq!(Remedy::EnableKey.as_str(), "enable_key");
    }
}
