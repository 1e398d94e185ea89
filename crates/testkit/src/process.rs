//! The built binary as a process, started and judged as an operator would.
//!
//! Owns:  folders, ports, logs, signals, memory; the verdict on a run: no error line, no panic, no secret anywhere.
//! Never: looks inside; everything is learned from what the process prints, serves and writes.
//! Read:  `Launch::start`, then `Claviger::stop`, then `judge`.

use crate::{
    client,
    command::Cli,
    must::Must,
    poll::{eventually, within},
    secrets::Secrets,
};
use serde_json::Value;
use std::{
    ffi::OsString,
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// How long a process may take from a signal to its end.
const STOP_BOUND: Duration = Duration::from_secs(45);
/// What a panic prints, whatever the log format.
const PANIC: &str = "panicked at";
/// How an error line is marked, in JSON and in text.
const ERROR_MARKS: [&str; 2] = ["\"level\":\"ERROR\"", " ERROR "];

/// A folder for one deployment: its data and its logs. It outlives the processes that run in it.
#[derive(Clone)]
pub struct Home(Arc<(TempDir, AtomicU32)>);

impl Home {
    /// A new empty folder.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("claviger-test-").tempdir().must("make a folder");
        fs::create_dir(folder.path().join("logs")).must("make a folder for logs");
        Self(Arc::new((folder, AtomicU32::new(0))))
    }

    /// The folder itself, for files that a test writes.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.0.path()
    }

    /// The deployment's data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Writes a file beside the data and returns its path.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, content).must("write a file");
        path
    }

    fn log(&self, name: &str) -> PathBuf {
        let number = self.0.1.fetch_add(1, Ordering::Relaxed);
        self.path().join("logs").join(format!("{number}-{name}"))
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

/// Limits that no test reaches.
const UNLIMITED: [(&str, &str); 2] =
    [("CLAVIGER__LIMITS__RULES", "default = 1000000 per 1s"), ("CLAVIGER__LIMITS__FAILURES", "off")];

/// A process about to be started.
pub struct Launch {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    home: Home,
    secrets: Secrets,
    excused: Vec<&'static str>,
    prints_secrets: bool,
}

impl Launch {
    /// `claviger SUBCOMMAND`, in a folder of its own.
    #[must_use]
    pub fn new(program: &str, subcommand: &str) -> Self {
        Self {
            program: program.into(),
            arguments: vec![subcommand.into()],
            // What is tested here asks more than a caller may by default; a test of limits says so itself.
            environment: UNLIMITED.map(|(name, value)| (name.into(), value.into())).to_vec(),
            home: Home::new(),
            secrets: Secrets::default(),
            excused: Vec::new(),
            prints_secrets: false,
        }
    }

    /// `claviger quickstart --json` on free ports of loopback.
    #[must_use]
    pub fn quickstart(program: &str) -> Self {
        let ports = ["--json", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"];
        Self::new(program, "quickstart").args(ports)
    }

    /// A quickstart of a profile, with the profile's own limits.
    #[must_use]
    pub fn profile(program: &str, name: &str) -> Self {
        let mut launch = Self::quickstart(program).args(["--profile", name]);
        launch.environment.retain(|(variable, _)| UNLIMITED.iter().all(|(unlimited, _)| variable != unlimited));
        launch
    }

    /// More arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// One variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Runs in a folder that another process has used, and shares what it knows to be secret.
    #[must_use]
    pub fn at(mut self, home: &Home, secrets: &Secrets) -> Self {
        self.home = home.clone();
        self.secrets = secrets.clone();
        self
    }

    /// Error lines with this text are what the test provokes.
    #[must_use]
    pub fn excuse(mut self, text: &'static str) -> Self {
        self.excused.push(text);
        self
    }

    /// Its standard output is for a person and shows secrets, once; it is not a log.
    #[must_use]
    pub fn prints_secrets(mut self) -> Self {
        self.prints_secrets = true;
        self
    }

    /// Starts it and waits for the one JSON object that says where everything is.
    pub async fn start(self) -> Claviger {
        let mut started = self.spawn();
        let output = started.output.clone();
        let child = started.child.as_mut().must("have a process");
        let ready = eventually("the first line of the process", async || {
            let text = fs::read_to_string(&output).unwrap_or_default();
            if let Some((line, _)) = text.split_once('\n') {
                return Some(Ok(line.to_owned()));
            }
            child.try_wait().ok().flatten().map(Err)
        })
        .await;
        let line = match ready {
            Ok(line) => line,
            Err(status) => panic!("the process ended at its start ({status}):\n{}", started.logs()),
        };
        started.ready = serde_json::from_str(&line).must("read the first line as JSON");
        started.secrets.learn(&started.ready);
        started
    }

    /// Starts it without waiting for anything.
    #[must_use]
    pub fn spawn(self) -> Claviger {
        let (output, errors) = (self.home.log("stdout"), self.home.log("stderr"));
        let mut command = Command::new(&self.program);
        let data = self.home.data();
        command
            .args(&self.arguments)
            .current_dir(self.home.path())
            .env_remove("CLAVIGER_URL")
            .env_remove("CLAVIGER_TOKEN")
            // A child's backtrace is of no use here, and it would hide the panic's text.
            .env_remove("RUST_BACKTRACE")
            .envs(self.environment)
            .stdin(Stdio::null())
            .stdout(File::create(&output).must("make a log file"))
            .stderr(File::create(&errors).must("make a log file"))
            .kill_on_drop(true);
        if self.arguments.first().is_some_and(|subcommand| subcommand == "quickstart") {
            command.arg("--data").arg(&data);
        }
        let child = command.spawn().must("start the process");
        Claviger {
            program: self.program,
            process: child.id().must("have a process id"),
            child: Some(child),
            ready: Value::Null,
            output,
            errors,
            home: self.home,
            secrets: self.secrets,
            excused: self.excused,
            prints_secrets: self.prints_secrets,
            judged: false,
        }
    }
}

/// A running process, its folder and its secrets. Dropping it kills it and judges the run.
pub struct Claviger {
    program: PathBuf,
    process: u32,
    child: Option<Child>,
    ready: Value,
    output: PathBuf,
    errors: PathBuf,
    home: Home,
    secrets: Secrets,
    excused: Vec<&'static str>,
    prints_secrets: bool,
    judged: bool,
}

impl Claviger {
    /// What the process said about itself when it was ready.
    #[must_use]
    pub fn ready(&self) -> &Value {
        &self.ready
    }

    /// Adds what was learned elsewhere to the ready object, and what is secret in it to the secrets.
    pub fn tell(&mut self, name: &str, value: &Value) {
        self.secrets.learn(value);
        if let Some(members) = self.ready.as_object_mut() {
            members.insert(name.to_owned(), value.clone());
        }
    }

    /// A text of the ready object, by JSON pointer.
    #[track_caller]
    #[must_use]
    pub fn text(&self, pointer: &str) -> String {
        self.ready
            .pointer(pointer)
            .and_then(Value::as_str)
            .must(&format!("find {pointer} in the ready line"))
            .to_owned()
    }

    /// The gateway's URL, without a slash at its end.
    #[must_use]
    pub fn gateway(&self) -> String {
        self.text("/gateway_url").trim_end_matches('/').to_owned()
    }

    /// The control API's URL, without a slash at its end.
    #[must_use]
    pub fn control(&self) -> String {
        self.text("/control_url").trim_end_matches('/').to_owned()
    }

    /// The gateway's address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        client::address_of(&self.gateway())
    }

    /// A command line that talks to this process.
    #[must_use]
    pub fn cli(&self) -> Cli {
        Cli::new(&self.program, &self.control(), &self.text("/operator_token"), &self.secrets)
    }

    /// The folder it runs in.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// What must never be seen again.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The process id.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.process
    }

    /// Everything it logged: all of stderr, and stdout after the ready line.
    #[must_use]
    pub fn logs(&self) -> String {
        let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
        let output = read(&self.output);
        let after_first = output.split_once('\n').map_or("", |(_, rest)| rest);
        let after_ready = match (self.prints_secrets, self.ready.is_null()) {
            (true, _) => "",
            (false, true) => output.as_str(),
            (false, false) => after_first,
        };
        format!("{}{after_ready}", read(&self.errors))
    }

    /// All that it printed on stdout, the ready line included.
    #[must_use]
    pub fn printed(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.output).unwrap_or_default()).into_owned()
    }

    /// Resident memory in KiB.
    #[must_use]
    pub fn resident_kib(&self) -> u64 {
        self.status_kib("VmRSS:")
    }

    /// The most resident memory it ever had, in KiB.
    #[must_use]
    pub fn peak_kib(&self) -> u64 {
        self.status_kib("VmHWM:")
    }

    fn status_kib(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process)).must("read the process's status");
        let line = status.lines().find_map(|line| line.strip_prefix(field)).must("find the memory line");
        line.split_whitespace().next().and_then(|number| number.parse().ok()).must("read the memory line")
    }

    /// Whether the process is still there.
    pub fn alive(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().must("ask for the process").is_none())
    }

    /// Sends a signal by name (`TERM`, `HUP`, ...).
    pub async fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.process);
        let status = Command::new("sh").args(["-c", &line]).status().await.must("start kill");
        assert!(status.success(), "{line}: {status}");
    }

    /// `kill -9`, and nothing of the process is left when this returns. The folder stays; the run is judged.
    pub async fn kill(mut self) -> (Home, Secrets) {
        if let Some(mut child) = self.child.take() {
            child.kill().await.must("kill the process");
        }
        self.judge();
        (self.home.clone(), self.secrets.clone())
    }

    /// Asks it to stop, waits for its end, and judges the run.
    pub async fn stop(mut self) -> (Home, Secrets) {
        self.signal("TERM").await;
        let status = self.ended().await;
        assert!(status.success(), "the process ended with {status} after SIGTERM:\n{}", self.logs());
        self.judge();
        (self.home.clone(), self.secrets.clone())
    }

    /// Waits for the process's own end.
    pub async fn ended(&mut self) -> ExitStatus {
        let mut child = self.child.take().must("have a process");
        within("the end of the process", STOP_BOUND, child.wait()).await.must("wait for the process")
    }

    /// The verdict: no line at level error, no panic, no trace of a secret in the logs or in any file of the deployment.
    #[track_caller]
    fn judge(&mut self) {
        self.judged = true;
        let logs = self.logs();
        for line in logs.lines() {
            let excused = self.excused.iter().any(|text| line.contains(text));
            let bad = line.contains(PANIC) || ERROR_MARKS.iter().any(|mark| line.contains(mark));
            assert!(excused || !bad, "the process logged an error:\n{line}");
        }
        self.secrets.assert_absent("the logs", logs.as_bytes());
        if self.home.data().exists() {
            self.secrets.assert_absent_below(&self.home.data());
        }
    }
}

impl Drop for Claviger {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.start_kill();
        }
        if std::thread::panicking() {
            let logs = self.logs();
            let from = logs.char_indices().rev().nth(8_000).map_or(0, |(at, _)| at);
            // The test has failed already; what the process said at the end helps to see why.
            eprint_logs(&logs[from..]);
        } else if !self.judged {
            self.judge();
        }
    }
}

#[expect(clippy::print_stderr, reason = "a failed test shows what the process said")]
fn eprint_logs(logs: &str) {
    eprintln!("--- what the process logged at the end ---\n{logs}\n--- end of the log ---");
}
