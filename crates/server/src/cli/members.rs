//! `claviger members ...` and `claviger sessions ...` on the command line.
//!
//! Owns:  their flags.
//! Never: does anything; `command::members` and `command::sessions` do.
//! Read:  `MembersCommand`, then `SessionsCommand`.

use super::{
    Json,
    control::{Account, Connection, Paging},
};
use clap::{Subcommand, ValueEnum};

/// What somebody may do in an account.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RoleArg {
    /// Everything.
    Owner,
    /// Everything but owners.
    Admin,
    /// Keys and companies; never the primary key's secrets, never people.
    Developer,
    /// Looks, and changes nothing.
    Viewer,
}

/// What becomes of the keys of a member who goes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum KeysArg {
    /// They stay as they are.
    Keep,
    /// They are switched off, reversibly.
    Disable,
    /// They end for good.
    Revoke,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MembersCommand {
    /// List the members of an account.
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
    /// Invite somebody into an account. Prints a link, which cannot be shown again; it works once, for 7 days.
    Invite {
        /// Their e-mail address.
        email: String,
        /// As what.
        #[arg(long, value_enum)]
        role: RoleArg,
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// List the invitations that can still be accepted.
    Invitations {
        #[command(flatten)]
        paging: Paging,
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// Take an invitation back.
    Uninvite {
        /// The invitation's id.
        id: String,
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// Give a member another role.
    SetRole {
        /// The member's id.
        id: String,
        /// The role.
        #[arg(value_enum)]
        role: RoleArg,
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// Remove a member from an account.
    Remove {
        /// The member's id.
        id: String,
        /// What becomes of the keys that they created or rotated. Needed when there are some.
        #[arg(long, value_enum)]
        keys: Option<KeysArg>,
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SessionsCommand {
    /// List everybody who can sign in, and where they are members.
    People {
        #[command(flatten)]
        paging: Paging,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// List where a person is signed in.
    List {
        /// The person's id.
        person: String,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// Sign a person out everywhere.
    End {
        /// The person's id.
        person: String,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// Take the second factor of a person away who lost it, and sign them out everywhere.
    ResetSecondFactor {
        /// The person's id.
        person: String,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// Forget a person who lost their password too: they are a member nowhere any more. Then invite them again.
    Forget {
        /// The person's id.
        person: String,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
}
