//! The gate: the steps that every change passes, in the order in which they fail fastest.
//!
//! Owns:  the list of steps; the test command and CI call it and nothing else.
//! Never: installs anything; `./test` does.
//! Read:  `run`, then `checks`, then `tests`.

use crate::{fuzz, requirements, tidy};
use anyhow::{Context, Result, bail};
use std::{path::Path, process::Command, time::Duration};

/// Runs every step and stops at the first that fails. The tests come last, so that their summary is what a log ends with; behind
/// them only the table that they prove.
pub(crate) fn run(root: &Path) -> Result<()> {
    println!("== tidy");
    tidy::run(root, tidy::Mode::Check)?;
    println!("== names of tests");
    requirements::run(root, requirements::Mode::Names)?;
    for step in checks(root) {
        step.run(root)?;
    }
    println!("== fuzz targets");
    fuzz::run(root, fuzz::SECONDS, fuzz::Keep::Nothing)?;
    let nextest = has(root, "nextest");
    tests(nextest).run(root)?;
    // Without nextest the tests leave no report to write the table from.
    if nextest {
        println!("== requirements");
        requirements::run(root, requirements::Mode::Check)?;
    }
    Ok(())
}

/// The dashboard's own checks: types, lint, tests, and that `dist` is what the sources build to.
const DASHBOARD: &str = "crates/dashboard/web/check";
/// Where its runner puts the report, from its own folder; `requirements` reads it there.
const DASHBOARD_REPORT: &str = "--outputFile=../../../target/dashboard/junit.xml";

/// One command of the gate.
struct Step {
    name: &'static str,
    program: &'static str,
    arguments: Vec<&'static str>,
    environment: &'static [(&'static str, &'static str)],
}

impl Step {
    fn run(&self, root: &Path) -> Result<()> {
        println!("== {}", self.name);
        let (outcome, took) = timed(|| self.command(root).status());
        let status = outcome.with_context(|| format!("{}: cannot start {}", self.name, self.program))?;
        if !status.success() {
            bail!("{} failed; run it alone with: {}", self.name, self.line());
        }
        println!("== {} took {} s", self.name, took.as_secs());
        Ok(())
    }

    fn command(&self, root: &Path) -> Command {
        let mut command = Command::new(self.program);
        command.current_dir(root).args(&self.arguments).envs(self.environment.iter().copied());
        command
    }

    /// What a person types to run this step alone.
    fn line(&self) -> String {
        let environment: String = self.environment.iter().map(|(k, v)| format!("{k}='{v}' ")).collect();
        format!("{environment}{} {}", self.program, self.arguments.join(" "))
    }
}

fn checks(root: &Path) -> Vec<Step> {
    let mut steps = vec![
        step("format", &["fmt", "--all", "--check"]),
        Step { name: "dashboard", program: DASHBOARD, arguments: Vec::new(), environment: &[] },
        dashboard_report(),
        step("clippy", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
        Step {
            name: "documentation",
            program: "cargo",
            arguments: vec!["doc", "--workspace", "--no-deps", "--document-private-items", "--locked", "--quiet"],
            environment: &[("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links")],
        },
    ];
    if has(root, "deny") {
        steps.push(step("licences and bans", &["deny", "--locked", "check", "bans", "licenses", "sources"]));
    } else {
        println!("cargo-deny is not installed: licences are not checked; tidy checks the bans all the same");
    }
    steps.push(step("documentation tests", &["test", "--workspace", "--doc", "--locked", "--quiet"]));
    steps
}

/// The dashboard's tests once more (seconds), for the report that the table of requirements reads.
fn dashboard_report() -> Step {
    let arguments =
        vec!["--prefix", "crates/dashboard/web", "--silent", "test", "--", "--reporter=junit", DASHBOARD_REPORT];
    Step { name: "dashboard's report", program: "npm", arguments, environment: &[] }
}

fn tests(nextest: bool) -> Step {
    if nextest {
        step("tests", &["nextest", "run", "--workspace", "--locked", "--no-fail-fast"])
    } else {
        step("tests", &["test", "--workspace", "--lib", "--bins", "--tests", "--locked", "--no-fail-fast"])
    }
}

fn step(name: &'static str, arguments: &[&'static str]) -> Step {
    Step { name, program: "cargo", arguments: arguments.to_vec(), environment: &[] }
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
