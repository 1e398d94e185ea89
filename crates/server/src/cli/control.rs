//! Commands that speak to the control API: accounts, companies, operations, audit, explain, tokens.
//!
//! Owns:  their flags, and how the control API is found.
//! Never: sends anything.
//! Read:  `Connection`, then the command in question.

use super::{ConfigFile, Json};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Where the control API is and what opens it.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Control API")]
pub(crate) struct Connection {
    /// Address of the control API.
    #[arg(long, value_name = "URL", env = "CLAVIGER_URL", default_value = "http://127.0.0.1:8081", global = true)]
    pub(crate) url: String,
    /// An operator token. Prefer CLAVIGER_TOKEN or --token-file: a command line is seen by every user of the machine.
    #[arg(long, value_name = "TOKEN", env = "CLAVIGER_TOKEN", hide_env_values = true, global = true)]
    pub(crate) token: Option<String>,
    /// A file that holds an operator token.
    #[arg(long, value_name = "FILE", env = "CLAVIGER_TOKEN_FILE", conflicts_with = "token", global = true)]
    pub(crate) token_file: Option<PathBuf>,
    /// PEM: trust this certificate (or its issuer) instead of the system's, for an https:// address.
    #[arg(long, value_name = "FILE", env = "CLAVIGER_CA_FILE", global = true)]
    pub(crate) ca_file: Option<PathBuf>,
}

/// Which account.
#[derive(Args, Clone, Debug)]
pub(crate) struct Account {
    /// The account. May be left out when there is exactly one.
    #[arg(long, value_name = "ACCOUNT", env = "CLAVIGER_ACCOUNT")]
    pub(crate) account: Option<String>,
}

/// Which part of a list.
#[derive(Args, Clone, Debug)]
pub(crate) struct Paging {
    /// Stop after this many; the default is all.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountsCommand {
    /// Create an account. Prints its primary keys, which cannot be shown again.
    Create {
        /// A name for people.
        #[arg(long)]
        name: String,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// List accounts.
    List {
        #[command(flatten)]
        paging: Paging,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// Show one account.
    Show {
        /// Its id; may be left out when there is exactly one.
        id: Option<String>,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum CompaniesCommand {
    /// Create a company.
    Create {
        /// A name for people.
        #[arg(long)]
        name: String,
        /// What the upstream calls it, for example test:id=42 or live:vat=IT01234567890. May be repeated.
        #[arg(long = "external-name", value_name = "ENV:KIND=VALUE")]
        external_names: Vec<String>,
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// List companies.
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
    /// Show one company.
    Show {
        /// Its id.
        id: String,
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// Change a company.
    Update {
        /// Its id.
        id: String,
        /// A new name.
        #[arg(long)]
        name: Option<String>,
        /// The whole new list of what the upstream calls it. May be repeated.
        #[arg(long = "external-name", value_name = "ENV:KIND=VALUE", conflicts_with = "no_external_names")]
        external_names: Vec<String>,
        /// Remove all external names.
        #[arg(long)]
        no_external_names: bool,
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// Delete a company. Keys restricted to it lose it; a key that loses its last one reaches nothing.
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

#[derive(Debug, Subcommand)]
pub(crate) enum OperationsCommand {
    /// List the operations of the catalogue in force.
    List {
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List changes, newest first.
    List {
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
        /// Only changes to this account.
        #[arg(long, value_name = "ACCOUNT", env = "CLAVIGER_ACCOUNT")]
        account: Option<String>,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// Say what is worth looking at in keys, and what settles it: keys that are too wide, too old, or without an end.
    Findings {
        /// Only keys of this account; the default is all.
        #[arg(long, value_name = "ACCOUNT", env = "CLAVIGER_ACCOUNT")]
        account: Option<String>,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// Walk along the whole audit chain and say whether anything was changed or removed.
    Verify {
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
}

/// Say what would happen to a request, and which change would allow it.
///
/// The answer comes from the code that decides real requests. Nothing is forwarded and nothing is counted.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  claviger explain --key key_01jd8m3q5vk0a9n7x2c4b6d8e0 POST /v1/send")]
pub(crate) struct Explain {
    /// The method, in capitals.
    pub(crate) method: String,
    /// The path, as the caller sends it.
    pub(crate) path: String,
    /// The key's id. Without it: a request without a key.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// With which half of the key: test or live.
    #[arg(long, value_name = "ENV", default_value = "test")]
    pub(crate) environment: String,
    /// With the secret before the last rotation.
    #[arg(long, requires = "key")]
    pub(crate) previous_secret: bool,
    /// The Origin header that a browser would send.
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) origin: Option<String>,
    /// The address that it would come from.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Option<String>,
    #[command(flatten)]
    pub(crate) account: Account,
    #[command(flatten)]
    pub(crate) json: Json,
    #[command(flatten)]
    pub(crate) at: Connection,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokensCommand {
    /// Create an operator token. It is shown once.
    Create {
        /// What it is for: who would miss it if it were revoked?
        #[arg(long)]
        description: String,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// List operator tokens.
    List {
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// Revoke an operator token.
    Revoke {
        /// Its id.
        id: String,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        at: Connection,
    },
    /// Create an operator token directly in a data folder: the first one, or when all are lost. Stop the process first.
    Bootstrap {
        /// What it is for.
        #[arg(long, default_value = "made by tokens bootstrap")]
        description: String,
        /// The data folder. Default: the one of --config.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        #[command(flatten)]
        file: ConfigFile,
        #[command(flatten)]
        json: Json,
    },
}
