//! Commands about what callers asked: requests and usage.
//!
//! Owns:  their flags.
//! Never: sends anything.
//! Read:  top down.

use super::{
    Json,
    control::{Account, Connection},
};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum RequestsCommand {
    List(ListRequests),
    Show(ShowRequest),
}

/// List requests with an account's keys, newest first. They appear within about a second.
#[derive(Args, Debug)]
pub(crate) struct ListRequests {
    /// Only with this key.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Only for this operation.
    #[arg(long, value_name = "OPERATION")]
    pub(crate) operation: Option<String>,
    /// Only answers of this class: 2xx, 3xx, 4xx or 5xx.
    #[arg(long, value_name = "CLASS")]
    pub(crate) status: Option<String>,
    /// Only refused for this reason, for example insufficient_scope.
    #[arg(long, value_name = "REASON")]
    pub(crate) reason: Option<String>,
    /// Only with the test or the live half of a key.
    #[arg(long, value_name = "ENV")]
    pub(crate) environment: Option<String>,
    /// From this time on, for example 2027-01-31T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Before this time.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// How many.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) account: Account,
    #[command(flatten)]
    pub(crate) json: Json,
    #[command(flatten)]
    pub(crate) at: Connection,
}

/// Say why a request was refused, and what would allow it.
///
/// The id is in the answer that the caller got: request_id in its body, X-Request-Id in its head. It is enough.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  claviger requests show req_01jd8m3q5vk0a9n7x2c4b6d8e0")]
pub(crate) struct ShowRequest {
    /// Its id.
    #[arg(value_name = "REQUEST")]
    pub(crate) id: String,
    /// Only if it came with a key of this account.
    #[arg(long, value_name = "ACCOUNT", env = "CLAVIGER_ACCOUNT")]
    pub(crate) account: Option<String>,
    #[command(flatten)]
    pub(crate) json: Json,
    #[command(flatten)]
    pub(crate) at: Connection,
}

/// Count how often a key was used, by operation and by how the requests ended.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  claviger usage key_01jd8m3q5vk0a9n7x2c4b6d8e0 --granularity day")]
pub(crate) struct Usage {
    /// The key's id.
    #[arg(value_name = "KEY")]
    pub(crate) key: String,
    /// By minute, hour or day.
    #[arg(long, value_name = "SPAN", default_value = "hour")]
    pub(crate) granularity: String,
    /// From this time on; the default is the last hour, day or 30 days.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Before this time; the default is now.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    #[command(flatten)]
    pub(crate) account: Account,
    #[command(flatten)]
    pub(crate) json: Json,
    #[command(flatten)]
    pub(crate) at: Connection,
}
