//! Members: people in an account, each with a role.
//!
//! Owns:  `Role` and the order of roles, `Member`, and the one spelling of an e-mail address.
//! Never: says what a role may do; the table of operations in `api::contract` does.
//! Read:  `Role`, then `Member`.

use crate::{
    id::{AccountId, MemberId, PersonId},
    time::Timestamp,
    visible::unseen,
};
use std::fmt;

/// What somebody may do in an account. The order is that of what they may: each role may everything that a lower one may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks, and changes nothing.
    Viewer,
    /// Keys and companies; never the primary key's secrets, never people.
    Developer,
    /// Everything but owners.
    Admin,
    /// Everything.
    Owner,
}

impl Role {
    /// All, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Developer, Self::Admin, Self::Owner];

    /// As the wire, the store and the command line write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Developer => "developer",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// From the text of `as_str`, exactly.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Whether this role may what `least` may.
    #[must_use]
    pub fn includes(self, least: Self) -> bool {
        self >= least
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A person in one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: MemberId,
    /// Where.
    pub account: AccountId,
    /// Who.
    pub person: PersonId,
    /// As what.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
}

/// The longest e-mail address, in bytes (RFC 5321 section 4.5.3.1, as corrected by erratum 1690).
pub const EMAIL_MAX: usize = 254;

/// An e-mail address in the one spelling in which two are compared: in lower case, without spaces around it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// From what somebody typed. `None`: there is no `@` with something on both sides, or characters that no address that
    /// is typed by people has, among them those that nobody sees. Whether mail arrives there, nobody knows.
    ///
    /// What is made here can be read here again, so the bound holds for the lower case, which can be longer. A letter whose
    /// lower case is one of ASCII (the Kelvin sign) makes no address: it would be another's.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let becomes_ascii = |c: char| !c.is_ascii() && c.to_lowercase().any(|lower| lower.is_ascii());
        if text.len() > EMAIL_MAX || text.chars().any(|c| becomes_ascii(c) || unseen(c)) {
            return None;
        }
        let text = text.to_lowercase();
        let (local, domain) = text.rsplit_once('@')?;
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>()[],;:\\\"".contains(c);
        let fits = text.len() <= EMAIL_MAX && !local.is_empty() && !local.contains('@') && local.chars().all(plain);
        let host = !domain.is_empty() && domain.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b));
        (fits && host && !domain.starts_with('.') && !domain.ends_with('.')).then_some(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_include_the_lower_ones_and_nothing_above() {
        for (at, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(Role::parse(role.as_str()), Some(role));
            for (least_at, least) in Role::ALL.into_iter().enumerate() {
                assert_eq!(role.includes(least), least_at <= at, "{role} and {least}");
            }
        }
        assert_eq!(Role::parse("Owner"), None);
    }

    #[test]
    fn addresses_have_one_spelling() {
        let read = |text| EmailAddress::parse(text).map(|address| address.to_string());
        assert_eq!(read(" Anna@Example.com ").as_deref(), Some("anna@example.com"));
        assert_eq!(read("a+b@x").as_deref(), Some("a+b@x"));
        for no in ["", "a", "@x", "a@", "a b@x", "a@x y", "a@b@x", "a\n@x", "<a@x>", "a@.x", "a@x."] {
            assert_eq!(read(no), None, "{no:?}");
        }
        assert_eq!(read(&format!("{}@x", "a".repeat(EMAIL_MAX))), None);
    }

    #[test]
    fn an_address_is_read_back_from_its_own_spelling_and_no_other_letter_becomes_one_of_ascii() {
        let read = |text: &str| EmailAddress::parse(text).map(|address| address.to_string());
        assert_eq!(read("Ünal@x").as_deref(), Some("ünal@x"));
        // Two bytes in upper case, three in lower case.
        for local in ["\u{23a}".repeat(EMAIL_MAX / 2 - 1), "\u{23a}".repeat(EMAIL_MAX / 3 - 1), "ΑΣ".to_owned()] {
            let address = read(&format!("{local}@x"));
            assert_eq!(address.as_deref().and_then(read), address, "{local}");
        }
        assert_eq!(read(&format!("{}@x", "\u{23a}".repeat(EMAIL_MAX / 2 - 1))), None);
        for no in ["mi\u{212a}e@x", "\u{130}@x", "an\u{200b}na@x", "\u{202e}anna@x", "an\u{ad}na@x", "anna\u{feff}@x"] {
            assert_eq!(read(no), None, "{no:?}");
        }
    }
}
