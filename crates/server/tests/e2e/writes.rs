//! Writes with an `Idempotency-Key` while the process is killed, and by the client library of a real provider.

use crate::{
    deployment::{CLAVIGER, configuration},
    effects::{Effects, Step},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf, process::Stdio};
use testkit::{Claviger, Home, Launch, Must, Raw, Reply, Run, Secrets, client::Call};
use tokio::{io::AsyncWriteExt as _, process::Command};

/// How often the process is killed at random.
const ROUNDS: u64 = 6;
/// Callers that write at the same time.
const CALLERS: u64 = 8;
/// The interpreter with the library, which `./test` installs.
const PYTHON: &str = "CLAVIGER_TEST_SDK_PYTHON";

const CATALOGUE: &str = r#"
[[operation]]
id = "invoice_create"
method = "POST"
path = "/invoices"
audience = "key"
scope = "invoice:write"
company = { mode = "context" }
idempotency = { required = true, recovery = { operation = "invoice_list", at = "query:no", from = "body:/no", found = "response:/data/0", status = 201 } }

[[operation]]
id = "invoice_list"
method = "GET"
path = "/invoices"
audience = "key"
scope = "invoice:read"
company = { mode = "context" }

[[operation]]
id = "plain_create"
method = "POST"
path = "/plain"
audience = "key"
scope = "invoice:write"
company = { mode = "context" }

[[operation]]
id = "customer_create"
method = "POST"
path = "/v1/customers"
audience = "key"
scope = "customer:write"
company = { mode = "context" }
idempotency = { recovery = { operation = "customer_list", at = "query:no", from = "header:idempotency-key", found = "response:/data/0", status = 200 } }

[[operation]]
id = "customer_list"
method = "GET"
path = "/v1/customers"
audience = "key"
scope = "customer:read"
company = { mode = "context" }
"#;

/// A deployment in front of an upstream that counts what it makes.
struct Writes {
    effects: Effects,
    claviger: Claviger,
    key: String,
}

impl Writes {
    async fn start() -> Self {
        let effects = Effects::start().await;
        let home = Home::new();
        home.file("catalogue.toml", CATALOGUE);
        home.file("claviger.toml", &configuration(&effects.url));
        let secrets = Secrets::default();
        let done = Run::new(CLAVIGER, &["tokens", "bootstrap", "--json"]).within(&home).end().await;
        assert_eq!(done.code, 0, "{}{}", done.output, done.errors);
        let token: Value = serde_json::from_str(&done.output).must("read the token");
        secrets.learn(&token);
        let claviger = Self::launch(&home, &secrets).await;
        let call = Call::post(&format!("{}/v1/accounts", claviger.control())).json(&json!({"name": "Account"}));
        let created = call.bearer(token["token"].as_str().must("find the token")).send().await;
        assert_eq!(created.status, 201, "{}", String::from_utf8_lossy(&created.body));
        let created = created.json();
        secrets.learn(&created);
        let key = created.pointer("/primary/test/secret").and_then(Value::as_str).must("find the key").to_owned();
        Self { effects, claviger, key }
    }

    async fn launch(home: &Home, secrets: &Secrets) -> Claviger {
        Launch::new(CLAVIGER, "serve").at(home, secrets).args(["--json"]).start().await
    }

    /// `kill -9`, and started again.
    async fn kill(self) -> Self {
        let Self { effects, claviger, key } = self;
        let (home, secrets) = claviger.kill().await;
        Self { effects, claviger: Self::launch(&home, &secrets).await, key }
    }

    fn call(&self, path: &str, no: &str) -> Call {
        let call = Call::post(&format!("{}{path}", self.claviger.gateway())).key(&self.key);
        call.header("idempotency-key", &format!("key-of-{no}")).json(&json!({ "no": no }))
    }

    async fn post(&self, path: &str, no: &str) -> Reply {
        self.call(path, no).send().await
    }

    /// Begins a write and leaves it to itself.
    fn begin(&self, path: &str, no: &str) -> tokio::task::JoinHandle<Option<Reply>> {
        tokio::spawn(self.call(path, no).attempt())
    }
}

fn replayed(reply: &Reply) -> bool {
    reply.header("idempotent-replayed") == "true"
}

#[tokio::test(flavor = "multi_thread")]
async fn heavy_d17_kill_9_at_each_step_of_a_write_makes_nothing_twice_and_loses_nothing() {
    let mut writes = Writes::start().await;
    // Claimed and begun: the caller still holds the body back, the upstream has the head.
    let mut raw = Raw::open(writes.claviger.address()).await;
    let head = format!(
        "POST /invoices HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\nidempotency-key: key-of-claimed\r\n\
         content-type: application/json\r\ncontent-length: 16\r\n\r\n{{\"no\":",
        writes.key
    );
    raw.send(head).await;
    writes.effects.until_heads(1).await;
    writes = writes.kill().await;
    let reply = writes.post("/invoices", "claimed").await;
    assert_eq!((reply.status, writes.effects.made("claimed")), (201, 1));
    assert!(!replayed(&reply), "nothing was made before, so the retry ran");

    // Forwarded, and made or not when the process dies; nobody in front of the upstream can know.
    for (no, step) in [("before", Step::Before), ("after", Step::After), ("half", Step::Half)] {
        writes.effects.set(no, step);
        let arrived = writes.effects.counts().1;
        let caller = writes.begin("/invoices", no);
        writes.effects.until_arrived(arrived + 1).await;
        writes = writes.kill().await;
        drop(caller);
        writes.effects.set(no, Step::Answer);
        let reply = writes.post("/invoices", no).await;
        assert_eq!((reply.status, writes.effects.made(no)), (201, 1), "{no}");
        assert_eq!(replayed(&reply), step != Step::Before, "{no}: what was made is found, and only that");
    }

    // Stored: whoever has the answer has it again, and nobody is asked.
    let first = writes.post("/invoices", "stored").await;
    let lookups = writes.effects.lookups();
    writes = writes.kill().await;
    let again = writes.post("/invoices", "stored").await;
    assert!(replayed(&again) && again.body == first.body && again.status == 201);
    assert_eq!((writes.effects.made("stored"), writes.effects.lookups()), (1, lookups));

    // Without a look-up nobody can find out, and that is said; nothing is sent.
    writes.effects.set("plain", Step::After);
    let arrived = writes.effects.counts().1;
    let caller = writes.begin("/plain", "plain");
    writes.effects.until_arrived(arrived + 1).await;
    writes = writes.kill().await;
    drop(caller);
    for _ in 0..2 {
        let reply = writes.post("/plain", "plain").await;
        assert_eq!((reply.status, reply.code().as_str()), (409, "idempotency_outcome_unknown"));
    }
    assert_eq!(writes.effects.made("plain"), 1);
    writes.claviger.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heavy_d16_kill_9_at_any_moment_under_load_makes_every_write_exactly_once() {
    let mut writes = Writes::start().await;
    let mut answered: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut asked: Vec<String> = Vec::new();
    for round in 0..ROUNDS {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (base, key) = (writes.claviger.gateway(), writes.key.clone());
                tokio::spawn(write_until_it_dies(base, key, format!("{round}-{caller}")))
            })
            .collect();
        // Not a pause to wait for something: the moment of the kill is meant to be anywhere in the stream of writes.
        tokio::time::sleep(std::time::Duration::from_millis(80 + 41 * (round % 5))).await;
        writes = writes.kill().await;
        for caller in callers {
            for (no, body) in caller.await.must("join the caller") {
                asked.push(no.clone());
                answered.extend(body.map(|body| (no, body)));
            }
        }
    }
    assert!(answered.len() > 50, "too few writes were answered to prove anything: {}", answered.len());
    for no in &asked {
        let reply = writes.post("/invoices", no).await;
        assert_eq!(reply.status, 201, "{no}: {}", String::from_utf8_lossy(&reply.body));
        if let Some(body) = answered.get(no) {
            assert!(replayed(&reply) && reply.body == body.as_slice(), "{no} was answered and is not any more");
        }
    }
    let made = writes.effects.all();
    assert_eq!(made.len(), asked.len(), "nothing is lost");
    assert!(made.values().all(|count| *count == 1), "something was made twice: {made:?}");
    writes.claviger.stop().await;
}

/// Writes one thing after the other until the gateway is gone; says which, and the whole answers.
async fn write_until_it_dies(base: String, key: String, prefix: String) -> Vec<(String, Option<Vec<u8>>)> {
    let mut asked = Vec::new();
    for number in 0.. {
        let no = format!("{prefix}-{number}");
        let call = Call::post(&format!("{base}/invoices")).key(&key);
        let reply = call.header("idempotency-key", &format!("key-of-{no}")).json(&json!({ "no": no })).attempt().await;
        let answered = reply.map(|reply| {
            assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
            reply.body.to_vec()
        });
        let over = answered.is_none();
        asked.push((no, answered));
        if over {
            break;
        }
    }
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn r99_d17_the_stripe_library_retries_a_lost_answer_and_one_customer_is_made() {
    let Some(python) = python() else { return };
    let writes = Writes::start().await;
    // The first answer of all is lost, whatever key the library makes up.
    writes.effects.set("*", Step::CutOnce);
    let given = json!({ "host": writes.claviger.gateway(), "key": writes.key });
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/stripe_retry.py");
    let mut command = Command::new(python);
    command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().must("start the interpreter");
    let mut input = child.stdin.take().must("have its input");
    input.write_all(given.to_string().as_bytes()).await.must("tell it the key");
    drop(input);
    let ended = child.wait_with_output().await.must("wait for the interpreter");
    let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{said}");
    let made = writes.effects.all();
    assert_eq!(made.values().copied().collect::<Vec<_>>(), [1], "{made:?}");
    assert_eq!(writes.effects.lookups(), 1, "the library retried, and the gateway asked");
    writes.claviger.stop().await;
}

fn python() -> Option<PathBuf> {
    let Some(python) = std::env::var_os(PYTHON).map(PathBuf::from) else {
        println!("SKIPPED: {PYTHON} is not set; ./test installs stripe and sets it");
        return None;
    };
    assert!(python.exists(), "{PYTHON} names {}, which is not there", python.display());
    Some(python)
}
