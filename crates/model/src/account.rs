//! Accounts: who signs up, pays, and owns keys and companies.
//!
//! Owns:  `Account`, and `Identity`: whose people act in it (D37).
//! Never: people (members) or money.
//! Read:  top down.

use crate::{
    id::{AccountId, IdentityId},
    time::Timestamp,
};

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

/// The longest issuer or directory, in bytes.
pub const ISSUER_MAX: usize = 512;

/// Everybody whom an issuer vouches for in one directory acts in this account (D37).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its id.
    pub id: IdentityId,
    /// The account.
    pub account: AccountId,
    /// `iss`, exactly as tokens say it.
    pub issuer: String,
    /// `tid`, for issuers with directories (Entra ID); empty for others.
    pub directory: String,
    /// When it was mapped.
    pub created_at: Timestamp,
}
