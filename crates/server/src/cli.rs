//! The command line: names, flags and help texts.
//!
//! Owns:  what can be typed, and the texts that teach it.
//! Never: does anything; `command` does.
//! Read:  `Cli`, then `Command`. Goldens of the help texts: `tests/it/help.rs`.

pub(crate) mod catalogue;
pub(crate) mod control;
pub(crate) mod identities;
pub(crate) mod keys;
pub(crate) mod members;
pub(crate) mod prove;
pub(crate) mod usage;

use crate::name;
use clap::{Args, Parser, Subcommand};
use invoicing::Surface;
use std::{net::SocketAddr, path::PathBuf};

/// Puts keys in front of an API: primary and restricted, test and live, with scopes, presets and revocation that is in
/// force when the call returns.
///
/// Start here: `claviger quickstart` runs everything in one process, with a reference API behind it.
/// `claviger quickstart --openapi FILE --upstream URL` does the same for your API.
#[derive(Debug, Parser)]
#[command(
    name = name::NAME,
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = EXIT_CODES
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  it could not be done
  2  the command line is wrong
  3  a configuration, a catalogue or a data folder has problems
  4  the control API refused
  5  the control API did not answer";

/// Where the configuration is.
#[derive(Args, Debug)]
pub(crate) struct ConfigFile {
    /// The configuration file. Every setting is explained in `claviger config example`.
    #[arg(long, value_name = "FILE", default_value = name::CONFIG_FILE)]
    pub(crate) config: PathBuf,
}

/// How to answer.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Json {
    /// Answer with JSON, one value per line; errors too, on standard error.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Quickstart(Quickstart),
    Serve(Serve),
    /// Check and explain configuration files.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Make and check the list of operations that callers may use.
    #[command(subcommand)]
    Catalogue(catalogue::CatalogueCommand),
    /// Create and list accounts.
    #[command(subcommand)]
    Accounts(control::AccountsCommand),
    /// Create, change and delete the companies of an account.
    #[command(subcommand)]
    Companies(control::CompaniesCommand),
    /// Create, change, rotate and revoke keys.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Say whose people act in an account, for operations that people sign in to.
    #[command(subcommand)]
    Identities(identities::IdentitiesCommand),
    /// Invite people into an account, and say what they may do there.
    #[command(subcommand)]
    Members(members::MembersCommand),
    /// See who can sign in and where they are signed in, and sign them out.
    #[command(subcommand)]
    Sessions(members::SessionsCommand),
    /// Read what callers asked, and why they were refused.
    #[command(subcommand)]
    Requests(usage::RequestsCommand),
    Usage(usage::Usage),
    /// List what callers may ask of the upstream.
    #[command(subcommand)]
    Operations(control::OperationsCommand),
    /// Read who changed what, and what is worth looking at in keys.
    #[command(subcommand)]
    Audit(control::AuditCommand),
    Explain(control::Explain),
    ProveIsolation(prove::ProveIsolation),
    /// Create, list and revoke the operator tokens that open the control API.
    #[command(subcommand)]
    Tokens(control::TokensCommand),
    Doctor(Doctor),
    Backup(Backup),
    Restore(Restore),
    Invoicing(Invoicing),
    /// Print a script that completes this command line in a shell.
    Completion {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// Run gateway, control API and store in one process, without a configuration.
///
/// Without --openapi and --upstream, a reference API starts behind the gateway, so that there is something to call. The
/// first start creates an account and prints its primary keys, once. Every start prints a fresh operator token and ends the
/// one of the start before.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  claviger quickstart
  claviger quickstart --openapi openapi.yml --prefix /v1 --upstream http://127.0.0.1:9000
  claviger quickstart --openapi openapi.yml \\
      --upstream-test http://127.0.0.1:9001 --upstream-live http://127.0.0.1:9002")]
pub(crate) struct Quickstart {
    /// The OpenAPI description (3.0 or 3.1, JSON or YAML) of your API. What it does not list is refused.
    #[arg(long, value_name = "FILE")]
    pub(crate) openapi: Option<PathBuf>,
    /// What callers write before the paths of the description, for example /v1.
    #[arg(long, value_name = "PATH", requires = "openapi")]
    pub(crate) prefix: Option<String>,
    /// Your API, for both environments. It must tell them apart by the signed context.
    #[arg(long, value_name = "URL", conflicts_with_all = ["upstream_test", "upstream_live"])]
    pub(crate) upstream: Option<String>,
    /// Your API's test environment.
    #[arg(long, value_name = "URL", requires = "upstream_live")]
    pub(crate) upstream_test: Option<String>,
    /// Your API's live environment.
    #[arg(long, value_name = "URL", requires = "upstream_test")]
    pub(crate) upstream_live: Option<String>,
    /// Where callers reach the API. Port 0 lets the system choose.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Where the control API listens.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    pub(crate) control: SocketAddr,
    /// Where everything is kept. Remove the folder to start afresh.
    #[arg(long, value_name = "DIR", default_value = "./claviger-data")]
    pub(crate) data: PathBuf,
    /// Print one line of JSON: gateway_url, control_url, account_id, operator_token, primary (null after the first start).
    #[arg(long)]
    pub(crate) json: bool,
}

/// Run a deployment as its configuration says, until SIGTERM or SIGINT.
///
/// SIGHUP reads certificates and the catalogue again and opens the request log anew. At a stop, requests in flight may end
/// for as long as gateway.limits.drain_max; a second signal cuts them.
#[derive(Args, Debug)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// Print one line of JSON when everything serves: gateway_url, control_url.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say everything that is wrong with a file, with lines and hints; also opens what it names.
    Check {
        #[command(flatten)]
        file: ConfigFile,
        #[command(flatten)]
        json: Json,
    },
    /// Show every setting as it is in force, and where it was said.
    Explain {
        #[command(flatten)]
        file: ConfigFile,
        #[command(flatten)]
        json: Json,
    },
    /// Print an annotated file with every setting and its default.
    Example,
}

/// Examine a data folder: database, audit chain, files. Works beside a running process.
///
/// Reads everything once: the pages of the database, every row that refers to another, the whole audit chain. Exit code 3
/// when something is wrong.
#[derive(Args, Debug)]
pub(crate) struct Doctor {
    /// The data folder. Default: the one of --config.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    #[command(flatten)]
    pub(crate) json: Json,
}

/// Write a checked back-up of a data folder. Works beside a running process.
///
/// The usage file (request log and counts) is written beside it, as FILE.usage.
///
/// The file is read back and checked before the command says that it is done. It holds no secret, only hashes, and it does
/// not hold the key that signs the context nor the one that seals second factors: copy context-signing.p8 and
/// writes-sealing.key as well.
#[derive(Args, Debug)]
pub(crate) struct Backup {
    /// The file to write. Nothing is ever overwritten.
    #[arg(value_name = "FILE")]
    pub(crate) to: PathBuf,
    /// Leave the usage file out.
    #[arg(long)]
    pub(crate) without_usage: bool,
    /// The data folder. Default: the one of --config.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    #[command(flatten)]
    pub(crate) json: Json,
}

/// Put a back-up in the place of a data folder's database. Stop the process first.
///
/// Keys that were revoked after the back-up work again after it, members who were removed are there again, and so are used
/// recovery codes: look at them before you start the process. Everybody is signed out, and open invitations end. The usage file
/// is put back too when FILE.usage is there; without it the present one stays.
#[derive(Args, Debug)]
pub(crate) struct Restore {
    /// The back-up.
    #[arg(value_name = "FILE")]
    pub(crate) from: PathBuf,
    /// Leave the present usage file as it is.
    #[arg(long)]
    pub(crate) without_usage: bool,
    /// The data folder. Default: the one of --config. The database that is there now is kept beside the restored one.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    #[command(flatten)]
    pub(crate) json: Json,
}

/// Run the reference API alone: a small e-invoicing API that trusts only the gateway's signed context.
///
/// It serves one of three surfaces, each with a catalogue for the gateway.
#[derive(Args, Debug)]
pub(crate) struct Invoicing {
    /// Which provider's API it looks like.
    #[arg(long, value_name = "NAME", value_parser = surface, default_value = "invoicetronic")]
    pub(crate) surface: Surface,
    /// Where it listens. Only the gateway should reach it.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9000")]
    pub(crate) listen: SocketAddr,
    /// The gateway's key set: GATEWAY/.well-known/claviger/jwks.json.
    #[arg(long, value_name = "URL")]
    pub(crate) jwks: String,
    /// Where it keeps its two ledgers, unless a database is named.
    #[arg(long, value_name = "DIR", default_value = "./invoicing-data")]
    pub(crate) data: PathBuf,
    /// A PostgreSQL database for its ledgers: postgres://USER:PASSWORD@HOST/NAME.
    ///
    /// The role may have neither `SUPERUSER` nor `BYPASSRLS`. Other processes can see a command line: put an address with a
    /// password into the environment.
    #[arg(
        long,
        value_name = "URL",
        env = "CLAVIGER_INVOICING_DATABASE",
        hide_env_values = true,
        conflicts_with = "data"
    )]
    pub(crate) database: Option<Address>,
    /// Where the invostaq surface hands over live documents: an http:// address on loopback. Without it they reach accounts
    /// of the same ledger. Test documents never go there.
    #[arg(long, value_name = "URL", requires = "access_point_secret_file")]
    pub(crate) access_point: Option<String>,
    /// The secret that goes with every such document. Only its owner may read the file.
    #[arg(long, value_name = "FILE", requires = "access_point")]
    pub(crate) access_point_secret_file: Option<PathBuf>,
}

/// A database's address, which holds a password and is not printed.
#[derive(Clone)]
pub(crate) struct Address(pub(crate) String);

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Address(...)")
    }
}

/// The surface of this name.
fn surface(name: &str) -> Result<Surface, String> {
    let names = Surface::ALL.map(Surface::name);
    Surface::named(name).ok_or_else(|| format!("it is one of {}", names.join(", ")))
}
