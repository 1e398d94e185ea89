//! Commands: one module per noun of the command line.
//!
//! Owns:  which runtime a command runs on.
//! Never: parses the command line (`cli`) or formats errors (`failure`).
//! Read:  `run`.

mod accounts;
mod audit;
mod catalogue;
mod companies;
mod config;
mod data;
mod explain;
mod identities;
mod keys;
mod members;
mod operations;
mod prove;
mod requests;
mod sessions;
mod tokens;
mod usage;

use crate::{
    cli::{Cli, Command},
    failure::Failure,
    invoicing_alone, name, output, quickstart, serve,
};
use anyhow::Context as _;
use clap::CommandFactory as _;

/// Threads of the control plane, apart from the data plane's (design section 13).
const CONTROL_THREADS: usize = 2;

/// Does what the command line says.
pub(crate) fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Quickstart(args) => long_running()?.block_on(quickstart::run(args)),
        Command::Serve(file) => long_running()?.block_on(serve::run(file)),
        Command::Invoicing(args) => long_running()?.block_on(invoicing_alone::run(args)),
        Command::Config(command) => config::run(command),
        Command::Catalogue(command) => catalogue::run(command),
        Command::Accounts(command) => short()?.block_on(accounts::run(command)),
        Command::Companies(command) => short()?.block_on(companies::run(command)),
        Command::Keys(command) => short()?.block_on(keys::run(command)),
        Command::Identities(command) => short()?.block_on(identities::run(command)),
        Command::Members(command) => short()?.block_on(members::run(command)),
        Command::Sessions(command) => short()?.block_on(sessions::run(command)),
        Command::Requests(command) => short()?.block_on(requests::run(command)),
        Command::Usage(args) => short()?.block_on(usage::run(args)),
        Command::Operations(command) => short()?.block_on(operations::run(command)),
        Command::Audit(command) => short()?.block_on(audit::run(command)),
        Command::Explain(args) => short()?.block_on(explain::run(args)),
        Command::ProveIsolation(args) => short()?.block_on(prove::run(args)),
        Command::Tokens(command) => short()?.block_on(tokens::run(command)),
        Command::Doctor(args) => short()?.block_on(data::doctor(args)),
        Command::Backup(args) => short()?.block_on(data::backup(args)),
        Command::Restore(args) => short()?.block_on(data::restore(args)),
        Command::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), name::NAME, &mut script);
            output::line(&String::from_utf8_lossy(&script));
            Ok(())
        }
    }
}

/// For processes that serve.
fn long_running() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(CONTROL_THREADS)
        .thread_name("control")
        .enable_all()
        .build()
        .context("cannot start the control plane's threads")
}

/// For commands that ask one thing and end.
fn short() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start a runtime")
}
