//! `claviger catalogue ...`.
//!
//! Owns:  its flags; the flags of rules are made from `catalogue::RuleKind`.
//! Never: reads a description.
//! Read:  `CatalogueCommand`.

use super::Json;
use catalogue::RuleKind;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum CatalogueCommand {
    Import(Import),
    Check(Check),
}

/// Draft a catalogue from an OpenAPI description, with a comment on everything that was guessed.
///
/// Every operation gets a scope, an audience, a company mode and a limit class. What was guessed is said in a comment
/// beside it: read those lines. Rules overrule guesses, and the extension x-claviger in the description does too. Operations
/// that are not in the catalogue are refused.
///
/// A rule is 'METHOD PATH': METHOD in capitals or *, PATH as in the description, with * for any run of characters.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  claviger catalogue import openapi.yml --prefix /v1 -o catalogue.toml
  claviger catalogue import openapi.yml \\
      --send 'POST /send*' --read 'POST /send/validate*' --write 'GET /export'")]
pub(crate) struct Import {
    /// The description: OpenAPI 3.0 or 3.1, JSON or YAML.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// What callers write before the paths of the description, for example /v1.
    #[arg(long, value_name = "PATH")]
    pub(crate) prefix: Option<String>,
    /// Write the catalogue here instead of to standard output. Never overwrites without --force.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite the output file.
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) json: Json,
    #[command(flatten)]
    pub(crate) rules: Rules,
}

/// Rules that overrule guesses. Each may be given several times.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Rules")]
pub(crate) struct Rules {
    /// Leave these operations out, so that they are refused.
    #[arg(long, value_name = "METHOD PATH")]
    ignore: Vec<String>,
    /// These only look, whatever their method.
    #[arg(long, value_name = "METHOD PATH")]
    read: Vec<String>,
    /// These change something, whatever their method.
    #[arg(long, value_name = "METHOD PATH")]
    write: Vec<String>,
    /// These send something out into the world.
    #[arg(long, value_name = "METHOD PATH")]
    send: Vec<String>,
    /// Anyone may call these, without a key; GET and HEAD only.
    #[arg(long, value_name = "METHOD PATH")]
    public: Vec<String>,
    /// What these act on: the first half of their scope.
    #[arg(long, value_name = "METHOD PATH=RESOURCE")]
    resource: Vec<String>,
    /// Which limit these spend from.
    #[arg(long, value_name = "METHOD PATH=CLASS")]
    class: Vec<String>,
    /// How these are held to a key's companies: account, neutral, context, or where the company is named.
    #[arg(long, value_name = "METHOD PATH=COMPANY")]
    company: Vec<String>,
    /// Which values a path parameter takes: int32, int64, uuid, any.
    #[arg(long, value_name = "METHOD PATH=NAME:KIND")]
    param: Vec<String>,
}

impl Rules {
    /// The texts given for one kind of rule.
    pub(crate) fn of(&self, kind: RuleKind) -> &[String] {
        match kind {
            RuleKind::Ignore => &self.ignore,
            RuleKind::Read => &self.read,
            RuleKind::Write => &self.write,
            RuleKind::Send => &self.send,
            RuleKind::Public => &self.public,
            RuleKind::Resource => &self.resource,
            RuleKind::Class => &self.class,
            RuleKind::Company => &self.company,
            RuleKind::Param => &self.param,
        }
    }
}

/// Say what is wrong with a catalogue, what is ambiguous, and what company-restricted keys cannot reach.
///
/// With --against, also which operations of the description are missing. Rules say what was left out on purpose.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// The catalogue.
    #[arg(value_name = "FILE", default_value = "catalogue.toml")]
    pub(crate) file: PathBuf,
    /// Compare it with this OpenAPI description.
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,
    /// What callers write before the paths of the description. Default: what fits best.
    #[arg(long, value_name = "PATH", requires = "against")]
    pub(crate) prefix: Option<String>,
    #[command(flatten)]
    pub(crate) json: Json,
    #[command(flatten)]
    pub(crate) rules: Rules,
}
