//! Companies, and the restriction of a key to some of them (D9, D35, R23, R32-R36).
//!
//! Owns:  `CompanyRestriction`, where "all" and "an explicit set" are different types, so that an emptied set can
//!        never come to mean everything (I14).
//! Never: knows where a request names a company; that is `operation::Locator`.
//! Read:  `CompanyRestriction`, then `ExternalName`.

use crate::{
    environment::Environment,
    id::{AccountId, CompanyId},
    time::Timestamp,
};

/// Whose documents are kept apart; an account has many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Its id.
    pub id: CompanyId,
    /// The account that owns it.
    pub account: AccountId,
    /// A name for people, 1 to 200 characters.
    pub name: String,
    /// What the upstream calls it, per environment and kind.
    pub external_names: Vec<ExternalName>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// What kind of name an upstream uses: `id`, `vat`, `slug`. 1 to 32 lower-case letters, digits or underscores.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameKind(Box<str>);

impl NameKind {
    /// Checks and takes a kind; `None` when it is malformed.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        (plain && (1..=32).contains(&text.len())).then(|| Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the upstream calls a company: `test:id=42`, `live:vat=IT01234567890` (D35).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalName {
    /// In which world.
    pub environment: Environment,
    /// Which kind of name.
    pub kind: NameKind,
    /// The name, 1 to 128 visible characters, compared exactly.
    pub value: Box<str>,
}

impl ExternalName {
    /// From `environment:kind=value`; `None` when it is malformed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (environment, rest) = text.split_once(':')?;
        let (kind, value) = rest.split_once('=')?;
        let visible = value.chars().all(|c| !c.is_control() && !c.is_whitespace());
        (visible && (1..=128).contains(&value.len())).then_some(())?;
        Some(Self { environment: Environment::parse(environment)?, kind: NameKind::new(kind)?, value: value.into() })
    }
}

impl std::fmt::Display for ExternalName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}={}", self.environment, self.kind.as_str(), self.value)
    }
}

/// The most companies an explicit set may name.
pub const COMPANIES_MAX: usize = 1_000;

/// Which companies a key may reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompanyRestriction {
    /// All of the account's, also those created later (R36).
    All,
    /// These, and never more.
    Only(CompanySet),
}

/// An explicit set of companies. Made non-empty; deleting companies may empty it, and then it holds nothing (D9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanySet(Box<[CompanyId]>);

impl CompanySet {
    /// A set as chosen by a person: 1 to `COMPANIES_MAX` companies, repeats folded; `None` for none or too many.
    #[must_use]
    pub fn chosen(companies: &[CompanyId]) -> Option<Self> {
        let set = Self::stored(companies);
        (1..=COMPANIES_MAX).contains(&set.0.len()).then_some(set)
    }

    /// A set as read back from the store, where companies may since have been deleted: empty reaches nothing.
    #[must_use]
    pub fn stored(companies: &[CompanyId]) -> Self {
        let mut sorted = companies.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        Self(sorted.into())
    }

    /// Whether `company` is in the set.
    #[must_use]
    pub fn contains(&self, company: CompanyId) -> bool {
        self.0.binary_search(&company).is_ok()
    }

    /// The members, sorted.
    #[must_use]
    pub fn as_slice(&self) -> &[CompanyId] {
        &self.0
    }

    /// The set without `company`; never becomes "all".
    #[must_use]
    pub fn without(&self, company: CompanyId) -> Self {
        Self(self.0.iter().copied().filter(|c| *c != company).collect())
    }
}

impl CompanyRestriction {
    /// Whether everything that `other` allows, this restriction allows too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Only(_), Self::All) => false,
            (Self::Only(here), Self::Only(there)) => there.as_slice().iter().all(|c| here.contains(*c)),
        }
    }

    /// Whether the key may reach `company` of its own account.
    #[must_use]
    pub fn allows(&self, company: CompanyId) -> bool {
        match self {
            Self::All => true,
            Self::Only(set) => set.contains(company),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Entropy;

    fn company(n: u8) -> CompanyId {
        CompanyId::new(Timestamp::from_secs(i64::from(n)), Entropy([n; 10]))
    }

    #[test]
    fn d9_an_emptied_set_reaches_nothing() {
        assert!(CompanySet::chosen(&[]).is_none());
        let set = CompanySet::chosen(&[company(1), company(1)]).unwrap().without(company(1));
        assert!(set.as_slice().is_empty());
        assert!(!CompanyRestriction::Only(set).allows(company(1)));
        assert!(CompanyRestriction::All.allows(company(1)));
        let one = CompanyRestriction::Only(CompanySet::chosen(&[company(1)]).unwrap());
        let two = CompanyRestriction::Only(CompanySet::chosen(&[company(1), company(2)]).unwrap());
        assert!(two.covers(&one) && !one.covers(&two) && !two.covers(&CompanyRestriction::All));
    }

    #[test]
    fn d35_external_names_round_trip_and_bad_ones_are_refused() {
        for text in ["test:id=42", "live:vat=IT01234567890", "live:slug=a=b"] {
            assert_eq!(ExternalName::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "id=42", "prod:id=42", "test:ID=42", "test:id=", "test:id=a b", "test:=4"] {
            assert!(ExternalName::parse(text).is_none(), "{text}");
        }
    }
}
