//! Writes with an `Idempotency-Key`: once, whatever happens to the caller, the upstream or the key.

use crate::{
    harness::{TestKey, World, operation, read_until, real_clock, soon, status, until},
    ledger::Ledger,
};
use gateway::{GatewayConfig, Upstreams};
use model::{
    Catalogue, HttpMethod, Idempotency, KeyStatus, Operation, OperationId, Preset, Recovery, ScopeSet, Timestamp,
    operation::Place,
};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::net::TcpStream;

fn operations() -> Vec<Operation> {
    let place = |text| Place::parse(text).unwrap();
    let recovery = Recovery {
        operation: OperationId::new("invoice_list").unwrap(),
        at: place("query:no"),
        from: place("body:/no"),
        found: place("response:/0"),
        status: 201,
    };
    let write =
        |id, method, path, idempotency| Operation { idempotency, ..operation(id, method, path, "things:write") };
    let rules = Idempotency { required: false, not_executed: Box::new([503]), recovery: Some(recovery) };
    let required = Idempotency { required: true, ..Idempotency::default() };
    vec![
        write("invoice_create", HttpMethod::Post, "/v1/invoices", rules),
        write("invoice_put", HttpMethod::Put, "/v1/invoices/{no}", Idempotency::default()),
        write("plain_create", HttpMethod::Post, "/v1/plain", Idempotency::default()),
        write("required_create", HttpMethod::Post, "/v1/required", required),
        operation("invoice_list", HttpMethod::Get, "/v1/invoices", "things:read"),
    ]
}

struct Writes {
    world: World,
    ledger: Ledger,
    key: TestKey,
}

impl Writes {
    async fn start() -> Self {
        Self::start_with(real_clock, |_| {}).await
    }

    async fn start_with(clock: fn() -> Timestamp, adjust: impl FnOnce(&mut GatewayConfig)) -> Self {
        let ledger = Ledger::start().await;
        let target = egress::Target::parse(&format!("http://{}", ledger.address)).unwrap();
        let world = World::start_with(clock, |config| {
            let to = egress::UpstreamConfig::new(target, None);
            config.upstreams = Upstreams { test: to.clone(), live: to, sub_keys: None };
            adjust(config);
        })
        .await;
        world.gateway.set_catalogue(&Arc::new(Catalogue::new(operations()).unwrap())).await;
        let key = world.key(Preset::FullAccess).await;
        Self { world, ledger, key }
    }

    fn request(&self, path: &str, idempotency: &str, body: &str) -> String {
        request(&self.key, "POST", path, &format!("Idempotency-Key: {idempotency}\r\n"), body)
    }

    async fn post(&self, path: &str, idempotency: &str, no: &str, what: &str) -> String {
        let body = json!({"no": no, "do": what}).to_string();
        self.world.raw(&self.request(path, idempotency, &body)).await
    }

    async fn begin(&self, idempotency: &str, no: &str, what: &str) -> TcpStream {
        let body = json!({"no": no, "do": what}).to_string();
        self.world.send(&self.request("/v1/invoices", idempotency, &body)).await
    }

    async fn seen(&self, writes: usize) {
        until("the upstream has the writes", || self.ledger.writes() == writes).await;
    }

    /// Sends it again until it is no longer said to run.
    async fn post_when_over(&self, path: &str, idempotency: &str, no: &str, what: &str) -> String {
        soon(async {
            loop {
                let answer = self.post(path, idempotency, no, what).await;
                if !answer.contains("idempotency_in_progress") {
                    return answer;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    async fn records(&self) -> (u64, u64) {
        let health = store::inspect_writes(&self.world.folder()).await.unwrap();
        (health.records, health.unknown)
    }
}

fn request(key: &TestKey, method: &str, path: &str, headers: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: api\r\nX-API-Key: {}\r\nContent-Type: application/json\r\n{headers}\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        key.text,
        body.len()
    )
}

fn replayed(answer: &str) -> bool {
    answer.to_ascii_lowercase().contains("\r\nidempotent-replayed: true\r\n")
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d16_64_identical_writes_reach_the_upstream_once_and_a_retry_gets_the_first_answer() {
    let writes = Writes::start().await;
    let mut first = writes.begin("one", "1", "wait").await;
    writes.seen(1).await;
    assert_eq!(writes.records().await.0, 1, "the record is durable before the request is forwarded");
    let text = json!({"no": "1", "do": "wait"}).to_string();
    let request = writes.request("/v1/invoices", "one", &text);
    let mut others = tokio::task::JoinSet::new();
    for _ in 0..63 {
        let (address, request) = (writes.world.address, request.clone());
        others.spawn(async move {
            let mut socket = TcpStream::connect(address).await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut socket, request.as_bytes()).await.unwrap();
            crate::harness::read_to_end(&mut socket).await
        });
    }
    while let Some(answer) = others.join_next().await {
        let answer = answer.unwrap();
        assert_eq!(status(&answer), 409, "{answer}");
        assert!(answer.contains("idempotency_in_progress") && answer.contains("retry-after: 1"), "{answer}");
    }
    writes.ledger.release();
    let first = crate::harness::read_to_end(&mut first).await;
    assert_eq!((status(&first), writes.ledger.made("1")), (201, 1), "{first}");
    assert!(!replayed(&first) && first.contains("set-cookie"), "{first}");
    let again = writes.post("/v1/invoices", "one", "1", "wait").await;
    assert!(status(&again) == 201 && replayed(&again) && body(&again) == body(&first), "{again}");
    assert!(again.contains("location: /v1/invoices/1") && again.contains("etag: \"1\""), "{again}");
    assert!(!again.contains("set-cookie") && !again.contains("\r\ndate: X"), "{again}");
    assert_eq!((writes.ledger.made("1"), writes.ledger.writes()), (1, 1));
    assert!(writes.ledger.head.lock().unwrap().contains("idempotency-key: one"), "it is forwarded");
    // At rest nobody reads the answer, nor the caller's word.
    for entry in std::fs::read_dir(writes.world.folder()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(8).any(|part| part == b"\"made\":1"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d16_many_at_the_same_moment_make_one() {
    let writes = Writes::start().await;
    let text = json!({"no": "1"}).to_string();
    let request = writes.request("/v1/invoices", "race", &text);
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (address, request) = (writes.world.address, request.clone());
        all.spawn(async move {
            let mut socket = TcpStream::connect(address).await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut socket, request.as_bytes()).await.unwrap();
            crate::harness::read_to_end(&mut socket).await
        });
    }
    while let Some(answer) = all.join_next().await {
        let answer = answer.unwrap();
        let got = status(&answer) == 201 && body(&answer).contains("\"made\":1");
        assert!(got || answer.contains("idempotency_in_progress"), "{answer}");
    }
    assert_eq!((writes.ledger.made("1"), writes.ledger.writes()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d28_quoted_and_bare_are_one_key_and_malformed_missing_or_two_are_400() {
    let writes = Writes::start().await;
    assert_eq!(status(&writes.post("/v1/invoices", "k-1", "1", "ok").await), 201);
    assert!(replayed(&writes.post("/v1/invoices", "\"k-1\"", "1", "ok").await));
    for (headers, code) in [
        ("Idempotency-Key: a\r\nIdempotency-Key: a\r\n", "idempotency_key_malformed"),
        ("Idempotency-Key: a b\r\n", "idempotency_key_malformed"),
        ("Idempotency-Key:\r\n", "idempotency_key_malformed"),
        ("", "idempotency_key_required"),
    ] {
        let answer = writes.world.raw(&request(&writes.key, "POST", "/v1/required", headers, "{}")).await;
        assert!(status(&answer) == 400 && answer.contains(code), "{headers}: {answer}");
    }
    assert_eq!(writes.ledger.writes(), 1, "none of them reached the upstream");
    // Without the header there is no record, and a read has none either.
    let answer = writes.world.raw(&request(&writes.key, "POST", "/v1/plain", "", "{}")).await;
    assert_eq!(status(&answer), 201, "{answer}");
    let read = request(&writes.key, "GET", "/v1/invoices", "Idempotency-Key: k-2\r\n", "");
    assert_eq!(status(&writes.world.raw(&read).await), 200);
    assert_eq!(writes.records().await, (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d16_the_same_key_for_another_request_is_refused() {
    let writes = Writes::start().await;
    assert_eq!(status(&writes.post("/v1/invoices", "k", "1", "ok").await), 201);
    let mut refused = vec![
        writes.post("/v1/invoices", "k", "2", "ok").await,
        writes.post("/v1/invoices?x=1", "k", "1", "ok").await,
        writes.post("/v1/invoices", "k", "1", "ok and much longer than it was before").await,
    ];
    let (same, key) = (json!({"no": "1", "do": "ok"}).to_string(), "Idempotency-Key: k\r\n");
    let put = |path: &str| request(&writes.key, "PUT", path, key, &same);
    // Another operation has records of its own; another path of the same operation is another request.
    assert_eq!(status(&writes.world.raw(&put("/v1/invoices/1")).await), 201);
    refused.push(writes.world.raw(&put("/v1/invoices/2")).await);
    let plain = writes.request("/v1/invoices", "k", &same).replace("application/json", "text/plain");
    refused.push(writes.world.raw(&plain).await);
    for answer in refused {
        assert!(status(&answer) == 422 && answer.contains("idempotency_key_reused"), "{answer}");
    }
    assert_eq!((writes.ledger.writes(), writes.ledger.made("2")), (2, 0));

    let profile = Writes::start_with(real_clock, |config| config.idempotency.conflict_status = 409).await;
    profile.post("/v1/invoices", "k", "1", "ok").await;
    let answer = profile.post("/v1/invoices", "k", "2", "ok").await;
    assert!(status(&answer) == 409 && answer.contains("idempotency_key_reused"), "{answer}");
    assert!(answer.contains("\"status\":409"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d16_another_key_never_sees_the_answer_not_even_after_a_revocation() {
    let mut writes = Writes::start().await;
    assert_eq!(status(&writes.post("/v1/invoices", "k", "1", "ok").await), 201);
    writes.world.set_status(&writes.key, KeyStatus::Revoked).await;
    assert_eq!(status(&writes.post("/v1/invoices", "k", "1", "ok").await), 401);
    writes.key = writes.world.key(Preset::FullAccess).await;
    let answer = writes.post("/v1/invoices", "k", "1", "ok").await;
    assert!(!replayed(&answer) && writes.ledger.made("1") == 2, "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d40_what_was_not_carried_out_is_released_and_every_other_answer_is_kept() {
    let writes = Writes::start().await;
    for (what, code) in [("busy", 429), ("not-now", 503)] {
        for _ in 0..2 {
            let answer = writes.post("/v1/invoices", what, "1", what).await;
            assert!(status(&answer) == code && !replayed(&answer), "{answer}");
        }
    }
    assert_eq!((writes.ledger.writes(), writes.records().await), (4, (0, 0)));
    for (what, code) in [("refuse", 400), ("empty", 204)] {
        let first = writes.post("/v1/invoices", what, "2", what).await;
        let again = writes.post("/v1/invoices", what, "2", what).await;
        assert!(status(&first) == code && status(&again) == code && replayed(&again), "{again}");
        assert_eq!(body(&first), body(&again));
    }
    assert_eq!(writes.ledger.writes(), 6);
    // Nothing listens: nothing was sent.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = Writes::start_with(real_clock, |config| {
        let target = egress::Target::parse(&format!("http://{closed}")).unwrap();
        let to = egress::UpstreamConfig::new(target, None);
        config.upstreams = Upstreams { test: to.clone(), live: to, sub_keys: None };
    })
    .await;
    for _ in 0..2 {
        let answer = away.post("/v1/invoices", "k", "1", "ok").await;
        assert!(answer.contains("upstream_unreachable"), "{answer}");
    }
    assert_eq!(away.records().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d17_a_lost_outcome_is_looked_up_and_nothing_is_made_twice() {
    let writes = Writes::start().await;
    for (what, code) in [("fail-after", 500), ("cut", 502), ("half", 201)] {
        let answer = writes.post("/v1/invoices", what, what, what).await;
        assert_eq!(status(&answer), code, "{answer}");
        assert_eq!(writes.records().await.1, 1, "{what}: unknown before the caller has the end of the answer");
        let other = writes.post("/v1/invoices", what, "other", what).await;
        assert_eq!(status(&other), if what == "half" { 422 } else { status(&other) }, "{other}");
        let found = writes.post("/v1/invoices", what, what, what).await;
        assert!(status(&found) == 201 && replayed(&found), "{what}: {found}");
        assert_eq!(body(&found), json!({"no": what, "found": true}).to_string());
        // From here on it is an answer like any other.
        let lookups = writes.ledger.lookups.load(Ordering::SeqCst);
        assert!(replayed(&writes.post("/v1/invoices", what, what, what).await));
        assert_eq!(writes.ledger.lookups.load(Ordering::SeqCst), lookups);
        assert_eq!(writes.ledger.made(what), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d17_what_was_not_made_runs_again_and_what_cannot_be_told_is_said() {
    let writes = Writes::start().await;
    assert_eq!(status(&writes.post("/v1/invoices", "k", "1", "fail-before").await), 500);
    writes.ledger.blind.store(true, Ordering::SeqCst);
    let unknown = writes.post("/v1/invoices", "k", "1", "fail-before").await;
    assert!(status(&unknown) == 409 && unknown.contains("idempotency_outcome_unknown"), "{unknown}");
    assert_eq!(writes.ledger.writes(), 1);
    writes.ledger.blind.store(false, Ordering::SeqCst);
    let again = writes.post("/v1/invoices", "k", "1", "fail-before").await;
    assert_eq!((status(&again), writes.ledger.writes()), (500, 2), "nothing was made, so the retry runs: {again}");

    // An operation that declares no look-up.
    assert_eq!(status(&writes.post("/v1/plain", "k", "2", "fail-after").await), 500);
    for _ in 0..2 {
        let unknown = writes.post("/v1/plain", "k", "2", "fail-after").await;
        assert!(status(&unknown) == 409 && unknown.contains("idempotency_outcome_unknown"), "{unknown}");
    }
    let other = writes.post("/v1/plain", "k", "3", "fail-after").await;
    assert!(other.contains("idempotency_key_reused"), "{other}");
    assert_eq!((writes.ledger.made("2"), writes.ledger.made("3")), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d17_nobody_reads_through_a_retry_what_he_may_not_read() {
    let mut writes = Writes::start().await;
    let scopes = ScopeSet::parse(&["things:write"]).unwrap();
    writes.key = writes.world.key(Preset::Custom(scopes)).await;
    assert_eq!(status(&writes.post("/v1/invoices", "k", "1", "fail-after").await), 500);
    let unknown = writes.post("/v1/invoices", "k", "1", "fail-after").await;
    assert!(status(&unknown) == 409 && unknown.contains("idempotency_outcome_unknown"), "{unknown}");
    assert_eq!((writes.ledger.lookups.load(Ordering::SeqCst), writes.ledger.made("1")), (0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d40_a_write_goes_on_without_its_caller() {
    let writes = Writes::start().await;
    let caller = writes.begin("k", "1", "wait").await;
    writes.seen(1).await;
    drop(caller);
    writes.ledger.release();
    let again = writes.post_when_over("/v1/invoices", "k", "1", "wait").await;
    assert!(status(&again) == 201 && replayed(&again), "{again}");
    assert_eq!((writes.ledger.made("1"), writes.ledger.writes()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d40_a_revocation_answers_the_caller_at_once_and_the_result_is_recorded() {
    let writes = Writes::start().await;
    let mut caller = writes.begin("k", "1", "wait").await;
    writes.seen(1).await;
    assert_eq!(writes.world.set_status(&writes.key, KeyStatus::Disabled).await, 1);
    let answer = crate::harness::read_to_end(&mut caller).await;
    assert_eq!(status(&answer), 401, "{answer}");
    writes.ledger.release();
    writes.world.set_status(&writes.key, KeyStatus::Active).await;
    let again = writes.post_when_over("/v1/invoices", "k", "1", "wait").await;
    assert!(status(&again) == 201 && replayed(&again), "{again}");
    assert_eq!((writes.ledger.made("1"), writes.ledger.writes()), (1, 1));
}

static FORWARD: AtomicI64 = AtomicI64::new(0);

fn clock_that_jumps() -> Timestamp {
    real_clock().plus_micros(FORWARD.load(Ordering::SeqCst))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d16_a_write_that_is_slower_than_any_lease_runs_once() {
    let writes = Writes::start_with(clock_that_jumps, |config| {
        config.idempotency.lease = Duration::from_millis(1);
        config.limits.revocation_bound = Duration::from_secs(7 * 86_400);
    })
    .await;
    let mut caller = writes.begin("k", "1", "wait").await;
    writes.seen(1).await;
    FORWARD.store(3_600_000_000, Ordering::SeqCst);
    let second = writes.post("/v1/invoices", "k", "1", "wait").await;
    assert!(second.contains("idempotency_in_progress"), "{second}");
    writes.ledger.release();
    assert_eq!(status(&crate::harness::read_to_end(&mut caller).await), 201);
    assert!(replayed(&writes.post("/v1/invoices", "k", "1", "wait").await));
    assert_eq!((writes.ledger.made("1"), writes.ledger.writes()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d16_an_answer_that_is_too_large_to_keep_is_said_to_be_one() {
    let writes = Writes::start().await;
    let first = writes.post("/v1/invoices", "k", "1", "big").await;
    assert_eq!((status(&first), body(&first).len()), (201, 200_000));
    let again = writes.post("/v1/invoices", "k", "1", "big").await;
    assert!(status(&again) == 409 && again.contains("idempotency_answer_not_kept"), "{again}");
    assert!(again.contains("idempotent-status: 201") && again.contains("location: /v1/invoices/1"), "{again}");
    assert!(replayed(&again));
    assert_eq!(writes.ledger.made("1"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d16_an_answer_streams_while_it_is_kept_and_its_end_waits_for_the_record() {
    let writes = Writes::start().await;
    let mut caller = writes.begin("k", "1", "stream").await;
    read_until(&mut caller, "first").await;
    let second = writes.post("/v1/invoices", "k", "1", "stream").await;
    assert!(second.contains("idempotency_in_progress"), "{second}");
    writes.ledger.release();
    read_until(&mut caller, "0\r\n\r\n").await;
    // No waiting: whoever has the end of the answer can have it again.
    let again = writes.post("/v1/invoices", "k", "1", "stream").await;
    assert!(replayed(&again) && body(&again) == "firstsecond", "{again}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d16_a_shutdown_waits_for_a_write_whose_caller_is_gone() {
    let writes = Writes::start().await;
    let caller = writes.begin("k", "1", "wait").await;
    writes.seen(1).await;
    drop(caller);
    let Writes { world, ledger, .. } = writes;
    let folder = world.folder();
    let World { gateway, store: _store, .. } = world;
    let shutdown = tokio::spawn(gateway.shutdown(Duration::from_secs(20)));
    ledger.release();
    soon(shutdown).await.unwrap();
    let health = store::inspect_writes(&folder).await.unwrap();
    assert_eq!((health.records, health.unknown), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d40_nobody_reads_a_connection_whose_request_was_cut() {
    let world = World::start().await;
    let (key, other) = (world.key(Preset::FullAccess).await, world.key(Preset::FullAccess).await);
    let head = format!(
        "POST /v1/thing HTTP/1.1\r\nHost: api\r\nX-API-Key: {}\r\nIdempotency-Key: k\r\nContent-Length: 10\r\n\r\n12345",
        key.text
    );
    let mut caller = world.send(&head).await;
    world.upstream.wait_seen(1).await;
    assert_eq!(world.set_status(&key, KeyStatus::Revoked).await, 1);
    assert!(read_until(&mut caller, "invalid_api_key").await.starts_with("HTTP/1.1 401"));
    // The rest of the body and a request of another key: whatever becomes of the connection, the two never mix.
    let next = format!(
        "67890POST /v1/thing HTTP/1.1\r\nHost: api\r\nX-API-Key: {}\r\nConnection: close\r\nContent-Length: 5\r\n\r\nabcde",
        other.text
    );
    let _closed = tokio::io::AsyncWriteExt::write_all(&mut caller, next.as_bytes()).await;
    let _rest = crate::harness::read_to_end(&mut caller).await;
    let body = world.upstream.last_body.lock().unwrap().clone();
    assert!(body.is_empty() || body == b"abcde", "{:?}", String::from_utf8_lossy(&body));
    // The write broke off: the upstream may have begun it.
    until("the outcome is recorded", || world.folder().join("writes.db").exists()).await;
    soon(async {
        while store::inspect_writes(&world.folder()).await.unwrap().unknown != 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
