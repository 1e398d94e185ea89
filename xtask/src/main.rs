//! Chores: what `cargo xtask` can do.
//!
//! Owns:  the list of chores; the gate that every change passes is one of them.
//! Never: ships; nothing of the product depends on it.
//! Read:  `chore`, then `gate`, then `tidy` and `requirements`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people at a terminal")]

mod fuzz;
mod gate;
mod metadata;
mod requirements;
mod tidy;

use anyhow::{Context, Result, bail};
use fuzz::Keep;
use std::{path::PathBuf, process::ExitCode};

const USAGE: &str = "\
cargo xtask ci                    the gate: tidy, format, clippy, documentation, tests, fuzzing, requirements
cargo xtask fuzz [SECS]           every fuzz target, a few seconds each; with --keep, adds what reached something new
cargo xtask requirements          which test proves what, held against docs/reference/requirements.md
cargo xtask requirements --write  writes that page from the last run of the tests
cargo xtask tidy                  the rules that no other tool knows
cargo xtask tidy --fix            the same, after rewriting what can be rewritten (the dependency table)";

fn main() -> ExitCode {
    match chore() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn chore() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = root()?;
    match words.as_slice() {
        ["ci"] => gate::run(&root),
        ["fuzz"] => fuzz::run(&root, fuzz::SECONDS, Keep::Nothing),
        ["fuzz", seconds] => fuzz::run(&root, span(seconds)?, Keep::Nothing),
        ["fuzz", seconds, "--keep"] => fuzz::run(&root, span(seconds)?, Keep::New),
        ["requirements"] => requirements::run(&root, requirements::Mode::Check),
        ["requirements", "--write"] => requirements::run(&root, requirements::Mode::Write),
        ["tidy"] => tidy::run(&root, tidy::Mode::Check),
        ["tidy", "--fix"] => tidy::run(&root, tidy::Mode::Fix),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => {
            eprintln!("{USAGE}");
            bail!("no such chore: {}", words.join(" "))
        }
    }
}

fn span(seconds: &str) -> Result<u32> {
    seconds.parse().context("say how many seconds per target")
}

/// The repository's root: the folder above this crate's.
fn root() -> Result<PathBuf> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(PathBuf::from).context("xtask has no folder above it")
}
