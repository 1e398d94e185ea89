//! `claviger prove-isolation`: its flags.
//!
//! Owns:  what can be said about companies and bodies of an upstream that nobody here knows.
//! Never: sends anything.
//! Read:  `ProveIsolation`.

use super::{Json, control::Connection};
use clap::Args;
use std::path::PathBuf;

/// Try to reach foreign data through a running deployment, and say for every operation whether it held.
///
/// Makes two throw-away accounts with two companies each, fills them with marked objects, and asks with keys of the one for
/// what belongs to the other: foreign ids in paths, queries, headers and bodies, parameters twice and in other spellings.
/// Exit code 1 when anything foreign was shown or done. Keys and companies are removed at the end; the two accounts stay,
/// with their primary keys disabled, and so does what was made in the upstream. Use it where test data is welcome: it asks
/// with test keys alone.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  claviger prove-isolation
  claviger prove-isolation --config claviger.toml --token-file operator-token
  claviger prove-isolation --gateway https://api.example.com --url https://control.example.com \\
      --create 'customer_create={\"name\": \"{mark}\", \"code\": \"{code}\"}' --name id=/id \\
      --fill 'order_create={\"customer\": {id}, \"note\": \"{mark}\"}'

In bodies, {mark} is a text that is looked for in answers, {code} are eleven digits, {vat} is IT with these digits, and {id}
is the id that the upstream gave the company. A body that begins with < is sent as application/xml.")]
pub(crate) struct ProveIsolation {
    /// Take both addresses from the configuration of a deployment that runs on this machine, and trust its self-signed
    /// certificates. Not together with --gateway and --url, or CLAVIGER_GATEWAY and CLAVIGER_URL.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["gateway", "url"])]
    pub(crate) config: Option<PathBuf>,
    /// Address of the gateway.
    #[arg(long, value_name = "URL", env = "CLAVIGER_GATEWAY", default_value = "http://127.0.0.1:8080")]
    pub(crate) gateway: String,
    /// The operation that makes a company in the upstream, and its body. Default: those of the reference API.
    #[arg(long, value_name = "OPERATION=BODY", requires = "names")]
    pub(crate) create: Option<String>,
    /// A kind of external name, and where the answer to --create tells it. May be repeated.
    #[arg(long = "name", value_name = "KIND=POINTER", requires = "create")]
    pub(crate) names: Vec<String>,
    /// An operation that makes an object of a company, and its body. May be repeated.
    #[arg(long = "fill", value_name = "OPERATION=BODY", requires = "create")]
    pub(crate) fills: Vec<String>,
    /// A query parameter or header by which the upstream may take a company. May be repeated; company_id always is one.
    #[arg(long = "filter", value_name = "NAME")]
    pub(crate) filters: Vec<String>,
    /// Ask of this operation only. May be repeated.
    #[arg(long = "operation", value_name = "OPERATION")]
    pub(crate) operations: Vec<String>,
    /// Stop asking after this many probes; what was not asked is not covered.
    #[arg(long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) probes_max: u32,
    /// Stop asking after this many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) time_max: u64,
    #[command(flatten)]
    pub(crate) json: Json,
    #[command(flatten)]
    pub(crate) at: Connection,
}
