//! Postgres: a PostgreSQL server for a test run, and a database of its own for each test.
//!
//! Owns:  one server for all processes of a run, started by the first that asks and ended with the run; databases, the role
//!        that product code connects as.
//! Never: passes a test because there is no server; leaves a server behind.
//! Read:  `Postgres::of_run`, then `database`.

use crate::must::Must;
use std::{
    env,
    fs::{self, File},
    io::{BufRead, BufReader, Write as _},
    os::unix::{fs::MetadataExt, net::UnixStream, process::parent_id},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// The address of a role that may do everything, for those who bring their own server: `postgres://USER:PASSWORD@HOST/postgres`.
const OWN_SERVER: &str = "CLAVIGER_TEST_POSTGRES";
/// Where Debian puts each major version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// The user that Debian makes: the server refuses to be root.
const USER: &str = "postgres";
/// The role that product code connects as, and its password, which no log may show.
const ROLE: &str = "invoicing";
/// See `ROLE`.
pub const PASSWORD: &str = "passwordOfATestDatabase5d1f9c0a7";

/// A server.
pub struct Postgres {
    /// The address of the role that may do everything: what is before the database's name, and what is after it.
    powerful: (String, String),
    psql: PathBuf,
}

/// A database of a test.
#[derive(Clone, Debug)]
pub struct Database {
    /// Where product code finds it, as a role without powers.
    pub url: String,
    /// The same as a role that may do everything.
    pub powerful_url: String,
    psql: PathBuf,
}

impl Postgres {
    /// The server of this run: the one that the environment names, or one that lives as long as the process that started
    /// this test (`cargo nextest`, `cargo test`).
    pub fn of_run() -> &'static Self {
        static SERVER: OnceLock<Postgres> = OnceLock::new();
        SERVER.get_or_init(|| {
            let bin = bin();
            #[expect(clippy::disallowed_methods, reason = "a test is told its surroundings by the environment")]
            let url = env::var(OWN_SERVER).unwrap_or_else(|_| started(&bin));
            Self { powerful: split(&url), psql: bin.join("psql") }
        })
    }

    /// The database `name`; made when it is missing.
    pub fn database(&self, name: &str) -> Database {
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{name} is no name for a database");
        let (before, after) = &self.powerful;
        let database = Database {
            url: as_role(&format!("{before}/{name}{after}")),
            powerful_url: format!("{before}/{name}{after}"),
            psql: self.psql.clone(),
        };
        // Tests in other processes do the same at the same time.
        let script = format!(
            "DO $$ BEGIN CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}' NOSUPERUSER NOBYPASSRLS;
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
             SELECT 'CREATE DATABASE \"{name}\" TEMPLATE template0'
             WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \\gexec
             GRANT CONNECT, CREATE ON DATABASE \"{name}\" TO {ROLE};"
        );
        psql(&self.psql, &format!("{before}/postgres{after}"), &script);
        database
    }
}

impl Database {
    /// Runs statements as a role that may do everything, whom row-level security does not hold; what they print.
    pub fn run(&self, script: &str) -> String {
        psql(&self.psql, &self.powerful_url, script)
    }
}

/// The programs of the newest version.
fn bin() -> PathBuf {
    let versions = fs::read_dir(VERSIONS).map(|entries| entries.flatten().collect::<Vec<_>>()).unwrap_or_default();
    let newest = versions
        .iter()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|version| Path::new(VERSIONS).join(version.to_string()).join("bin/initdb").exists())
        .max();
    let newest =
        newest.must(&format!("find PostgreSQL below {VERSIONS}; ./test installs it: apt-get install postgresql"));
    Path::new(VERSIONS).join(newest.to_string()).join("bin")
}

/// The address of the run's server, which is started if it is not there yet.
fn started(bin: &Path) -> String {
    let watched = parent_id();
    let folder = env::temp_dir().join(format!("claviger-postgres-{watched}"));
    let lock = File::create(folder.with_extension("lock")).must("make a lock file");
    lock.lock().must("wait for the lock");
    if UnixStream::connect(folder.join(".s.PGSQL.5432")).is_err() {
        // What an earlier run left that had the same number.
        let _nothing_there = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).must("make a folder for PostgreSQL");
        start(bin, &folder, watched);
    }
    format!("postgres://postgres@localhost/postgres?host={}", folder.display())
}

fn start(bin: &Path, folder: &Path, watched: u32) {
    // A session of its own, so that what ends the tests does not end it before it has cleaned up.
    let mut command = Command::new("setsid");
    command.args(["bash", concat!(env!("CARGO_MANIFEST_DIR"), "/src/postgres.sh")]);
    command.arg(bin).arg(folder).arg(watched.to_string());
    if fs::metadata(folder).must("look at the folder").uid() == 0 {
        let id = |flag: &str| {
            let found = Command::new("id").args([flag, USER]).output().must("ask who is who");
            String::from_utf8_lossy(&found.stdout).trim().parse::<u32>().must("find the user `postgres`")
        };
        let (user, group) = (id("-u"), id("-g"));
        std::os::unix::fs::chown(folder, Some(user), Some(group)).must("give the folder away");
        command.args(["setpriv", &format!("--reuid={user}"), &format!("--regid={group}"), "--clear-groups", "--"]);
    }
    let child = command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let output = child.must("start PostgreSQL").stdout.must("hear from PostgreSQL");
    let mut said = String::new();
    for line in BufReader::new(output).lines() {
        let line = line.must("hear from PostgreSQL");
        if line == "ready" {
            return;
        }
        said.push_str(&line);
        said.push('\n');
    }
    panic!("PostgreSQL did not start: {said}");
}

/// What is before and after the name of the database.
fn split(url: &str) -> (String, String) {
    let (address, parameters) = url.split_once('?').map_or((url, String::new()), |(a, p)| (a, format!("?{p}")));
    let (before, _) = address.rsplit_once('/').must("find the database's name in the address");
    (before.to_owned(), parameters)
}

/// The address with product code's role in place of the powerful one.
fn as_role(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").must("find the scheme of the address");
    let place = rest.split_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{ROLE}:{PASSWORD}@{place}")
}

fn psql(program: &Path, url: &str, script: &str) -> String {
    let mut command = Command::new(program);
    command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--file=-", url]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().must("start psql");
    child.stdin.take().must("write to psql").write_all(script.as_bytes()).must("write to psql");
    let output = child.wait_with_output().must("wait for psql");
    assert!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
