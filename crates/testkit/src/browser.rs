//! Chromium with open frames of several origins, each of which fetches what a test tells it to.
//!
//! Owns:  the browser's process and profile, the server of its pages, and what each page's script saw of an answer.
//! Never: leaves loopback, and never tells a test more than the script could read.
//! Read:  `Browser::start`, then `fetch`, then `browser.html`.

use crate::{must::Must, poll::within};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, convert::Infallible, path::PathBuf, process::Stdio, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::AsyncReadExt as _,
    net::TcpListener,
    process::{Child, Command},
    sync::{Mutex, mpsc},
    task::JoinHandle,
};

/// The browser's program, which `./test` installs.
const CHROMIUM: &str = "CLAVIGER_TEST_CHROMIUM";
/// How long a page may take for one fetch. The first includes the browser's start, on a machine that may be busy.
const FETCH_BOUND: Duration = Duration::from_secs(120);
/// How long the browser may take to end.
const STOP_BOUND: Duration = Duration::from_secs(60);
/// Every host that a test uses is this machine.
const HOSTS: &str = "--host-resolver-rules=MAP *.example.test 127.0.0.1, MAP example.test 127.0.0.1";
const FLAGS: [&str; 7] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    HOSTS,
];
/// The page in the frame that has no origin of its own.
pub const SANDBOXED: &str = "sandboxed";
const SCRIPT: &str = include_str!("browser.html");

/// What a page's script is told to fetch.
#[derive(Clone, Debug)]
pub struct Job(Value);

impl Job {
    /// `method url` with a key in `X-API-Key`.
    #[must_use]
    pub fn new(method: &str, url: &str, key: &str) -> Self {
        Self(json!({"method": method, "url": url, "headers": {"x-api-key": key}}))
    }

    /// `method url` without a key.
    #[must_use]
    pub fn bare(method: &str, url: &str) -> Self {
        Self(json!({"method": method, "url": url, "headers": {}}))
    }

    /// One more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0["headers"][name] = value.into();
        self
    }

    /// A body.
    #[must_use]
    pub fn body(mut self, body: &str) -> Self {
        self.0["body"] = body.into();
        self
    }
}

/// What a page's script saw.
#[derive(Clone, Debug)]
pub struct Seen(Value);

impl Seen {
    /// The script's own origin.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.0["origin"].as_str().unwrap_or_default()
    }

    /// The status, when the script could read the answer.
    #[must_use]
    pub fn status(&self) -> Option<u64> {
        self.0["status"].as_u64()
    }

    /// A header that the script could read, or an empty text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.0["headers"][name].as_str().unwrap_or_default()
    }

    /// The body as JSON, or null.
    #[must_use]
    pub fn json(&self) -> Value {
        self.0["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default()
    }

    /// `error.code` of the body, or an empty text.
    #[must_use]
    pub fn code(&self) -> String {
        self.json().pointer("/error/code").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Whether the script learned nothing but that the fetch failed: no status, no header, no body, no reason.
    #[must_use]
    pub fn is_opaque(&self) -> bool {
        let answer = ["status", "headers", "body"].iter().any(|part| self.0.get(part).is_some());
        !answer && self.0["failed"] == "TypeError: Failed to fetch" && self.0["properties"] == json!([])
    }
}

/// Work for one page, and what came of it.
struct Desk<T> {
    put: mpsc::Sender<T>,
    take: Mutex<mpsc::Receiver<T>>,
}

impl<T> Default for Desk<T> {
    fn default() -> Self {
        let (put, take) = mpsc::channel(1);
        Self { put, take: Mutex::new(take) }
    }
}

#[derive(Default)]
struct Tab {
    jobs: Desk<Value>,
    reports: Desk<Value>,
}

type Tabs = Arc<BTreeMap<String, Tab>>;

/// A running browser and its pages. Dropping it stops both.
pub struct Browser {
    port: u16,
    tabs: Tabs,
    server: JoinHandle<()>,
    // Before the profile, which it writes.
    chromium: Child,
    profile: Option<TempDir>,
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Browser {
    /// Opens a page with a frame of each host and a sandboxed one. Without the browser's program it says so and returns
    /// nothing.
    pub async fn start(hosts: &[&str]) -> Option<Self> {
        let program = chromium()?;
        let listener = TcpListener::bind("127.0.0.1:0").await.must("listen");
        let port = listener.local_addr().must("know the own address").port();
        let names = hosts.iter().copied().chain([SANDBOXED]);
        let tabs: Tabs = Arc::new(names.map(|name| (name.to_owned(), Tab::default())).collect());
        let server = tokio::spawn(serve(listener, Arc::new(frames(hosts, port)), tabs.clone()));
        let profile = tempfile::Builder::new().prefix("claviger-browser-").tempdir().must("make a profile");
        let first = hosts.first().must("have a host");
        let mut folder = std::ffi::OsString::from("--user-data-dir=");
        folder.push(profile.path());
        let chromium = Command::new(program)
            .args(FLAGS)
            .arg(folder)
            .arg(format!("http://{first}:{port}/"))
            .env("HOME", profile.path())
            .env("TMPDIR", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .must("start the browser");
        Some(Self { port, tabs, server, chromium, profile: Some(profile) })
    }

    /// Asks the browser to end, waits for the last of its processes, and removes its profile.
    pub async fn stop(mut self) {
        let process = self.chromium.id().must("have a running browser");
        let line = format!("kill -TERM {process}");
        let status = Command::new("sh").args(["-c", &line]).status().await.must("start kill");
        assert!(status.success(), "{line}: {status}");
        // All of its processes hold this pipe, into which none writes: its end is the end of them all.
        let mut output = self.chromium.stdout.take().must("have the browser's output");
        let ended = async {
            output.read_to_end(&mut Vec::new()).await.must("wait for the browser's processes");
            self.chromium.wait().await.must("wait for the browser");
        };
        within("the end of the browser", STOP_BOUND, ended).await;
        self.profile.take().must("have a profile").close().must("remove the profile");
    }

    /// The origin of a host's page, or of every page below `*.host`.
    #[must_use]
    pub fn origin(&self, host: &str) -> String {
        format!("http://{host}:{}", self.port)
    }

    /// Lets the page on `host` run one fetch and returns what its script saw.
    pub async fn fetch(&self, host: &str, job: Job) -> Seen {
        let tab = self.tabs.get(host).must(&format!("find the page on {host}"));
        let exchange = async {
            tab.jobs.put.send(job.0).await.must("tell the page");
            tab.reports.take.lock().await.recv().await.must("hear from the page")
        };
        let seen = Seen(within(&format!("a fetch by the page on {host}"), FETCH_BOUND, exchange).await);
        let expected = if host == SANDBOXED { "null".to_owned() } else { self.origin(host) };
        assert_eq!(seen.origin(), expected, "the page has the origin that the test is about");
        seen
    }
}

fn chromium() -> Option<PathBuf> {
    let Some(program) = std::env::var_os(CHROMIUM).map(PathBuf::from) else {
        skipped();
        return None;
    };
    assert!(program.exists(), "{CHROMIUM} names {}, which is not there", program.display());
    Some(program)
}

#[expect(clippy::print_stdout, reason = "a skipped test says why")]
fn skipped() {
    println!("SKIPPED: {CHROMIUM} is not set; ./test installs chromium and sets it");
}

/// The one page that the browser opens: in headless mode it takes no more. A frame's script has the origin of its frame.
fn frames(hosts: &[&str], port: u16) -> String {
    let frames = hosts.iter().map(|host| format!("<iframe src=\"http://{host}:{port}/page?page={host}\"></iframe>\n"));
    let sandboxed = format!("<iframe sandbox=\"allow-scripts\" src=\"/page?page={SANDBOXED}\"></iframe>\n");
    frames.chain([sandboxed]).collect()
}

async fn serve(listener: TcpListener, frames: Arc<String>, tabs: Tabs) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let (frames, tabs) = (frames.clone(), tabs.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, frames.clone(), tabs.clone()));
            // The browser ends connections as it likes.
            let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    frames: Arc<String>,
    tabs: Tabs,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let name = request.uri().query().and_then(|query| query.strip_prefix("page=")).unwrap_or_default();
    let tab = tabs.get(name);
    let (kind, body) = match (path.as_str(), tab) {
        ("/page", Some(_)) => ("text/html", SCRIPT.to_owned()),
        ("/", _) => ("text/html", frames.to_string()),
        ("/work", Some(tab)) => {
            let job = tab.jobs.take.lock().await.recv().await;
            ("application/json", job.unwrap_or_default().to_string())
        }
        ("/report", Some(tab)) => {
            let report = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            let _gone = tab.reports.put.send(serde_json::from_slice(&report).unwrap_or_default()).await;
            ("application/json", "{}".to_owned())
        }
        _ => ("text/plain", String::new()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    if kind == "text/plain" {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // The sandboxed frame has no origin, so that its own server is a stranger to it.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(response)
}
