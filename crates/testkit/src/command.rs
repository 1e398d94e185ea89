//! Commands that end: the binary run to its end, alone or against a running control API.
//!
//! Owns:  `Run` (one command line) and `Cli` (the same with address and token, learning the secrets it shows).
//! Never: tolerates that a command shows a secret that was shown before (R68, R72).
//! Read:  `Run::end`, then `Cli::json`.

use crate::{must::Must, poll::within, process::Home, secrets::Secrets};
use serde_json::Value;
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::process::Command;

/// How long a command may take.
const COMMAND_BOUND: Duration = Duration::from_secs(60);

/// One command line.
pub struct Run(Command);

/// What a command did.
#[derive(Debug)]
pub struct Done {
    /// Its exit code.
    pub code: i32,
    /// What it printed.
    pub output: String,
    /// What it complained about.
    pub errors: String,
}

impl Run {
    /// `PROGRAM ARGUMENTS...`, with no control API in its environment.
    #[must_use]
    pub fn new(program: impl AsRef<OsStr>, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).env_remove("CLAVIGER_URL").env_remove("CLAVIGER_TOKEN").env_remove("RUST_BACKTRACE");
        command.stdin(Stdio::null()).kill_on_drop(true);
        Self(command)
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.0.arg(argument);
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.0.args(arguments);
        self
    }

    /// One variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// In that folder.
    #[must_use]
    pub fn within(mut self, home: &Home) -> Self {
        self.0.current_dir(home.path());
        self
    }

    /// Runs it to its end.
    pub async fn end(mut self) -> Done {
        let ended = within("the end of a command", COMMAND_BOUND, self.0.output()).await.must("run a command");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).must("read a command's output");
        Done { code: ended.status.code().unwrap_or(-1), output: text(ended.stdout), errors: text(ended.stderr) }
    }
}

/// The binary as a client of the control API.
#[derive(Clone)]
pub struct Cli {
    program: PathBuf,
    url: String,
    token: String,
    secrets: Secrets,
}

impl Cli {
    /// A client with the address and the operator token in its environment.
    #[must_use]
    pub fn new(program: &Path, url: &str, token: &str, secrets: &Secrets) -> Self {
        Self { program: program.into(), url: url.into(), token: token.into(), secrets: secrets.clone() }
    }

    /// The same with another token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.into(), ..self.clone() }
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Done {
        let run = Run::new(&self.program, arguments).env("CLAVIGER_URL", &self.url).env("CLAVIGER_TOKEN", &self.token);
        let done = run.end().await;
        let line = arguments.join(" ");
        self.secrets.assert_absent(&format!("what `claviger {line}` printed"), done.output.as_bytes());
        self.secrets.assert_absent(&format!("what `claviger {line}` complained"), done.errors.as_bytes());
        self.secrets.learn_text(&done.output);
        done
    }

    /// Runs a command with `--json` and reads the one value that it prints; panics when it fails.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        let done = self.run(&arguments).await;
        let line = arguments.join(" ");
        assert_eq!(done.code, 0, "claviger {line}: {}{}", done.errors, done.output);
        serde_json::from_str(&done.output).must(&format!("read the JSON of `claviger {line}`: {}", done.output))
    }
}
