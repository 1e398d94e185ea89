//! The gate: the steps that every change passes, in the order in which they fail fastest.
//!
//! Owns:  the list of steps; the test command and CI call it and nothing else.
//! Never: installs anything; `./test` does.
//! Read:  `run`, then `steps`.

use crate::{fuzz, tidy};
use anyhow::{Context, Result, bail};
use std::{path::Path, process::Command, time::Duration};

/// Runs every step and stops at the first that fails.
pub(crate) fn run(root: &Path) -> Result<()> {
    println!("== tidy");
    tidy::run(root, tidy::Mode::Check)?;
    for step in steps(root) {
        println!("== {}", step.name);
        let (outcome, took) = timed(|| step.command(root).status());
        let status = outcome.with_context(|| format!("{}: cannot start cargo", step.name))?;
        if !status.success() {
            bail!("{} failed; run it alone with: {}", step.name, step.line());
        }
        println!("== {} took {} s", step.name, took.as_secs());
    }
    println!("== fuzz targets");
    fuzz::run(root, fuzz::SECONDS)
}

/// One command of the gate.
struct Step {
    name: &'static str,
    arguments: Vec<&'static str>,
    environment: &'static [(&'static str, &'static str)],
}

impl Step {
    fn command(&self, root: &Path) -> Command {
        let mut command = Command::new("cargo");
        command.current_dir(root).args(&self.arguments).envs(self.environment.iter().copied());
        command
    }

    /// What a person types to run this step alone.
    fn line(&self) -> String {
        let environment: String = self.environment.iter().map(|(k, v)| format!("{k}='{v}' ")).collect();
        format!("{environment}cargo {}", self.arguments.join(" "))
    }
}

fn steps(root: &Path) -> Vec<Step> {
    let mut steps = vec![
        step("format", &["fmt", "--all", "--check"]),
        step("clippy", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
        Step {
            name: "documentation",
            arguments: vec!["doc", "--workspace", "--no-deps", "--document-private-items", "--locked", "--quiet"],
            environment: &[("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links")],
        },
    ];
    if has(root, "deny") {
        steps.push(step("licences and bans", &["deny", "--locked", "check", "bans", "licenses", "sources"]));
    } else {
        println!("cargo-deny is not installed: licences are not checked; tidy checks the bans all the same");
    }
    steps.push(if has(root, "nextest") {
        step("tests", &["nextest", "run", "--workspace", "--locked", "--no-fail-fast"])
    } else {
        step("tests", &["test", "--workspace", "--all-targets", "--locked", "--no-fail-fast"])
    });
    steps.push(step("documentation tests", &["test", "--workspace", "--doc", "--locked", "--quiet"]));
    steps
}

fn step(name: &'static str, arguments: &[&'static str]) -> Step {
    Step { name, arguments: arguments.to_vec(), environment: &[] }
}

/// Whether `cargo NAME` exists here.
fn has(root: &Path, name: &str) -> bool {
    let mut command = Command::new("cargo");
    command.current_dir(root).args([name, "--version"]);
    command.output().is_ok_and(|output| output.status.success())
}

#[expect(clippy::disallowed_methods, reason = "how long a step took is for the person at the terminal")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let value = work();
    (value, start.elapsed())
}
