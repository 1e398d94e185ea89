//! Accounts: who signs up, pays, and owns keys and companies.
//!
//! Owns:  `Account`.
//! Never: people (members) or money.
//! Read:  top down.

use crate::{id::AccountId, time::Timestamp};

/// Who signs up, pays, and owns keys and companies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// A name for people, 1 to 200 characters.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
}
