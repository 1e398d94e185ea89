//! The binary: configuration, wiring, clock, signals, command line.
//!
//! Owns:  the process.
//! Never: decides about a request, or holds a rule of the product.
//! Read:  `cli` (what can be asked), `command` (who answers), `deployment` (what runs).

mod catalogue_file;
mod cli;
mod client;
mod clock;
mod command;
mod config;
mod control_plane;
mod deployment;
mod failure;
mod invoicing_alone;
mod logging;
mod name;
mod operator_token;
mod output;
mod people_file;
mod private_file;
mod quickstart;
mod sealing_key;
mod serve;
mod signing_key;
mod stop;
mod sub_keys;
mod tls;
mod usage_metrics;

use clap::Parser as _;
use std::process::ExitCode;

/// Requests make and drop many small things; this allocator does that with fewer instructions than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    install_crypto();
    let cli = cli::Cli::parse();
    // Before the command takes it apart: errors are JSON where answers are.
    let json = std::env::args_os().any(|argument| argument == "--json");
    match command::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::remark(&if json { failure.to_json() } else { failure.to_string() });
            ExitCode::from(failure.exit as u8)
        }
    }
}

/// One provider for everything. Both libraries refuse to work when they have to guess.
fn install_crypto() {
    // An error would mean that a provider is installed already, and there is only this one in the binary.
    let _installed_already = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let _installed_already = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
}
