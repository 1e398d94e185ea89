//! `claviger identities ...` on the command line.
//!
//! Owns:  its flags.
//! Never: does anything; `command::identities` does.
//! Read:  `IdentitiesCommand`.

use super::{
    Json,
    control::{Account, Connection, Paging},
};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum IdentitiesCommand {
    /// Let the people of an issuer, or of one Entra ID directory, act in an account.
    Create {
        /// The directory of Entra ID, a UUID.
        #[arg(long, value_name = "DIRECTORY", required_unless_present = "issuer", conflicts_with = "issuer")]
        entra_directory: Option<String>,
        /// The issuer, exactly as its tokens say it (iss).
        #[arg(long, value_name = "URL")]
        issuer: Option<String>,
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// List whose people act in an account.
    List {
        #[command(flatten)]
        paging: Paging,
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// Take that back: none of their requests passes any more, and those in flight are cut.
    Delete {
        /// Its id.
        id: String,
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
}
