//! The command line against a running control API.
//!
//! Owns:  running one command with its address and token, reading its JSON, learning the secrets it shows.
//! Never: tolerates that a command shows a secret that was shown before (R68, R72).
//! Read:  `Cli::json`.

use crate::{must::Must, secrets::Secrets};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::process::Command;

/// The binary as a client of the control API.
#[derive(Clone)]
pub struct Cli {
    program: PathBuf,
    url: String,
    token: String,
    secrets: Secrets,
}

/// What one command did.
pub struct Done {
    /// Its exit code.
    pub code: i32,
    /// What it printed.
    pub output: String,
    /// What it complained about.
    pub errors: String,
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
        let mut command = Command::new(&self.program);
        command.args(arguments).env("CLAVIGER_URL", &self.url).env("CLAVIGER_TOKEN", &self.token);
        command.env_remove("RUST_BACKTRACE").stdin(Stdio::null());
        let ended = command.output().await.must("run a command");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).must("read a command's output");
        let done =
            Done { code: ended.status.code().unwrap_or(-1), output: text(ended.stdout), errors: text(ended.stderr) };
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
