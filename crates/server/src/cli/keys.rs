//! `claviger keys ...`.
//!
//! Owns:  its flags.
//! Never: sends anything.
//! Read:  `KeysCommand`.

use super::{
    Json,
    control::{Account, Connection, Paging},
};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    Create(Create),
    List(List),
    /// Show one key.
    Show(One),
    Update(Update),
    /// Switch a key off. In force when the command returns; `enable` undoes it.
    Disable(One),
    /// Switch a disabled key on again.
    Enable(One),
    Rotate(Rotate),
    EndPrevious(EndPrevious),
    /// End a key for good. In force when the command returns: waiting requests are answered 401, streams are cut.
    Revoke(One),
    /// Revoke a key and take it out of view.
    Delete(One),
}

/// Which key.
#[derive(Args, Debug)]
pub(crate) struct One {
    /// The key's id.
    #[arg(value_name = "KEY")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) account: Account,
    #[command(flatten)]
    pub(crate) json: Json,
    #[command(flatten)]
    pub(crate) at: Connection,
}

/// Create a restricted key. Prints its test and live secrets, which cannot be shown again.
///
/// A new key may do as little as possible: it is read-only unless --preset or --scope says more.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  claviger keys create --description 'Reporting' --json
  claviger keys create --preset send --company co_01jd8m3q5vk0a9n7x2c4b6d8e0 --expires-in 90d
  claviger keys create --scope company:read --scope status:read
  claviger keys create --origin https://app.example.com --limit default=30
  claviger keys create --network 203.0.113.0/24 --rotate-every 90")]
pub(crate) struct Create {
    /// What it is for.
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// What it may do: read_only (the default), send, full_access.
    #[arg(long, conflicts_with = "scopes")]
    pub(crate) preset: Option<String>,
    /// What it may do, exactly: resource:action or *:action, with action read, write or send. May be repeated.
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
    /// A company that it may reach; the default is all, also those created later. May be repeated.
    #[arg(long = "company", value_name = "COMPANY")]
    pub(crate) companies: Vec<String>,
    /// Only this environment: test or live. The default is both.
    #[arg(long, value_name = "ENV")]
    pub(crate) environment: Option<String>,
    #[command(flatten)]
    pub(crate) expiry: Expiry,
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[command(flatten)]
    pub(crate) account: Account,
    #[command(flatten)]
    pub(crate) json: Json,
    #[command(flatten)]
    pub(crate) at: Connection,
}

/// Where a key may be used from, how often, and when its owner is reminded. In a change, each list is the whole new one.
#[derive(Args, Debug)]
pub(crate) struct Settings {
    /// A web page that may use it: `https://app.example.com`, `https://*.example.com`, or `*` for every page. Whoever opens the page
    /// can read the key. May be repeated.
    #[arg(long = "origin", value_name = "ORIGIN")]
    pub(crate) origins: Vec<String>,
    /// Yes, every web page (--origin '*') may use a key that may do more than read.
    #[arg(long)]
    pub(crate) confirm_any_origin: bool,
    /// Addresses that it may be used from: 203.0.113.7, 203.0.113.0/24, 2001:db8::/32. The default is all. May be repeated.
    #[arg(long = "network", value_name = "CIDR")]
    pub(crate) networks: Vec<String>,
    /// Its own number in place of the deployment's: default=600. May be repeated.
    #[arg(long = "limit", value_name = "NAME=COUNT", value_parser = limit)]
    pub(crate) limits: Vec<(String, u64)>,
    /// Say that a rotation is due when its secrets are this old.
    #[arg(long, value_name = "DAYS")]
    pub(crate) rotate_every: Option<u64>,
}

/// When a key ends.
#[derive(Args, Debug)]
pub(crate) struct Expiry {
    /// From this time on it is refused, for example 2027-01-31T00:00:00Z.
    #[arg(long, value_name = "TIME", conflicts_with = "expires_in")]
    pub(crate) expires_at: Option<String>,
    /// The same, counted from now: 12h, 30d.
    #[arg(long, value_name = "TIME", value_parser = life)]
    pub(crate) expires_in: Option<u64>,
}

/// List keys.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Only active, disabled or revoked keys.
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// Only primary or restricted keys.
    #[arg(long)]
    pub(crate) kind: Option<String>,
    #[command(flatten)]
    pub(crate) paging: Paging,
    #[command(flatten)]
    pub(crate) account: Account,
    #[command(flatten)]
    pub(crate) json: Json,
    #[command(flatten)]
    pub(crate) at: Connection,
}

/// Change what a key is for, what it may do, whose documents it may reach, where it may be used from, or when it ends.
///
/// In force when the command returns. What a key may no longer do is refused from then on, and its streams are cut.
#[derive(Args, Debug)]
pub(crate) struct Update {
    /// The key's id.
    #[arg(value_name = "KEY")]
    pub(crate) id: String,
    /// What it is for.
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// What it may do: read_only, send, full_access.
    #[arg(long, conflicts_with = "scopes")]
    pub(crate) preset: Option<String>,
    /// The whole new list of what it may do. May be repeated.
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
    /// The whole new list of companies that it may reach. May be repeated.
    #[arg(long = "company", value_name = "COMPANY", conflicts_with = "all_companies")]
    pub(crate) companies: Vec<String>,
    /// It may reach all companies, also those created later.
    #[arg(long)]
    pub(crate) all_companies: bool,
    #[command(flatten)]
    pub(crate) expiry: Expiry,
    /// It has no expiry.
    #[arg(long, conflicts_with_all = ["expires_at", "expires_in"])]
    pub(crate) no_expiry: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// No web page may use it.
    #[arg(long, conflicts_with = "origins")]
    pub(crate) no_origins: bool,
    /// It may be used from every address.
    #[arg(long, conflicts_with = "networks")]
    pub(crate) any_network: bool,
    /// It has no numbers of its own: the deployment's hold.
    #[arg(long, conflicts_with = "limits")]
    pub(crate) no_limits: bool,
    /// Remind nobody to rotate it.
    #[arg(long, conflicts_with = "rotate_every")]
    pub(crate) no_rotate_every: bool,
    #[command(flatten)]
    pub(crate) account: Account,
    #[command(flatten)]
    pub(crate) json: Json,
    #[command(flatten)]
    pub(crate) at: Connection,
}

/// Make new secrets. The old ones live on for the overlap, so that programs can be changed in peace.
///
/// The client ids stay. A further rotation ends the secrets before the last ones at once.
#[derive(Args, Debug)]
pub(crate) struct Rotate {
    /// The key's id.
    #[arg(value_name = "KEY")]
    pub(crate) id: String,
    /// Only this environment: test or live. The default is both.
    #[arg(long, value_name = "ENV")]
    pub(crate) environment: Option<String>,
    /// How long the old secrets live on: 0, 90s, 2h, up to 90d. The default is 24 hours.
    #[arg(long, value_name = "TIME", value_parser = life)]
    pub(crate) overlap: Option<u64>,
    #[command(flatten)]
    pub(crate) account: Account,
    #[command(flatten)]
    pub(crate) json: Json,
    #[command(flatten)]
    pub(crate) at: Connection,
}

/// End the overlap of a rotation now.
#[derive(Args, Debug)]
pub(crate) struct EndPrevious {
    /// The key's id.
    #[arg(value_name = "KEY")]
    pub(crate) id: String,
    /// Only in this environment: test or live.
    #[arg(long, value_name = "ENV")]
    pub(crate) environment: Option<String>,
    #[command(flatten)]
    pub(crate) account: Account,
    #[command(flatten)]
    pub(crate) json: Json,
    #[command(flatten)]
    pub(crate) at: Connection,
}

/// Seconds from `0`, `90s`, `10m`, `2h` or `30d`; ten years at most.
fn life(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let scale: u64 = match unit {
        "" if number == "0" => 1,
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("write a whole number and one of s, m, h, d, for example 24h or 30d".to_owned()),
    };
    let seconds = number.parse::<u64>().ok().and_then(|n| n.checked_mul(scale));
    seconds.filter(|s| *s <= 3_650 * 86_400).ok_or_else(|| "at most 3650d".to_owned())
}

/// A name and a number from `default=600`.
fn limit(text: &str) -> Result<(String, u64), String> {
    let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let number = parts.and_then(|(name, count)| Some((name.to_owned(), count.parse().ok()?)));
    number.ok_or_else(|| "write the name of a limit and a whole number, for example default=600".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{life, limit};

    #[test]
    fn r77_a_limit_is_a_name_and_a_number() {
        assert_eq!(limit("default=600"), Ok(("default".to_owned(), 600)));
        for bad in ["", "default", "=6", "default=", "default=-1", "default=1.5", "default=many"] {
            assert!(limit(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn d13_lives_are_written_with_a_unit() {
        assert_eq!((life("0"), life("24h"), life("30d")), (Ok(0), Ok(86_400), Ok(2_592_000)));
        for bad in ["", "24", "1w", "-1d", "4000d", "99999999999999999999d"] {
            assert!(life(bad).is_err(), "{bad}");
        }
    }
}
