//! What a request spends of its limits, and what its answer says (D15, D22, D30, D38, D39; R77, R78, R127-R130).

use crate::harness::{World, entropy, get, new_key, real_clock, status};
use gateway::{GatewayConfig, RateFields, RateForm, RatesConfig, RetryAfter};
use model::{
    DailyCap, KeyKind, KeyLimits, Limit, LimitClass, LimitKind, LimitMethods, LimitName, LimitSubject, Preset,
    Timestamp,
};
use std::sync::atomic::Ordering;
use store::KeyPatch;

fn limit(name: &str, count: u32) -> Limit {
    Limit {
        name: LimitName::new(name).unwrap(),
        subject: LimitSubject::Key,
        class: None,
        methods: LimitMethods::All,
        kind: LimitKind::Window { seconds: 60 },
        count,
    }
}

fn only(methods: LimitMethods, name: &str, count: u32) -> Limit {
    Limit { methods, ..limit(name, count) }
}

async fn world(rates: RatesConfig) -> World {
    World::start_with(real_clock, |config: &mut GatewayConfig| config.rates = rates).await
}

fn of(limits: Vec<Limit>) -> RatesConfig {
    RatesConfig { limits, ..RatesConfig::default() }
}

fn field<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap();
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

fn with(method: &str, path: &str, key: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: api\r\nX-API-Key: {key}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d30_an_answer_may_list_every_window_and_add_the_older_names() {
    let account = |name: &str, count, seconds| Limit {
        subject: LimitSubject::Account,
        kind: LimitKind::Window { seconds },
        ..limit(name, count)
    };
    let bucket = Limit { kind: LimitKind::Bucket { refill: 60, seconds: 60 }, ..limit("polling", 200) };
    let class = Limit { class: LimitClass::new("messaging"), ..limit("messaging", 30) };
    let limits =
        vec![account("day", 100_000, 86_400), bucket, class, account("hour", 2, 3_600), limit("minute", 2_000)];
    let fields = RateFields { form: RateForm::Windows, x_ratelimit: true };
    let world = world(RatesConfig { fields, ..of(limits) }).await;
    let key = world.key(Preset::ReadOnly).await;
    let answer = world.get("/v1/thing/7", &key.text).await;
    assert_eq!(field(&answer, "ratelimit-limit"), Some("2000"));
    assert_eq!(field(&answer, "ratelimit-policy"), Some("2000;w=60, 2;w=3600, 100000;w=86400"));
    assert_eq!((field(&answer, "ratelimit"), field(&answer, "x-ratelimit-limit")), (None, Some("2")));
    // A number of the key's own is the one that holds.
    let own = KeyLimits::new(vec![(LimitName::new("minute").unwrap(), 500)]).unwrap();
    let patch = KeyPatch { limits: Some(own), ..KeyPatch::default() };
    let changed = world.rows().update_key(world.stamp(), key.id, patch).await.unwrap();
    world.applied(changed.revision).await;
    let answer = world.get("/v1/thing/7", &key.text).await;
    assert_eq!(field(&answer, "ratelimit-policy"), Some("500;w=60, 2;w=3600, 100000;w=86400"));
    let refused = world.get("/v1/thing/7", &key.text).await;
    assert_eq!((status(&refused), field(&refused, "ratelimit-limit")), (429, Some("500")));
    assert!(field(&refused, "retry-after").is_some_and(|wait| wait.parse().is_ok_and(|wait: u64| wait > 3_500)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r77_r78_d30_a_key_has_its_limit_and_the_answers_say_how_it_stands() {
    let world = world(of(vec![limit("default", 3)])).await;
    let key = world.key(Preset::ReadOnly).await;
    let other = world.key(Preset::ReadOnly).await;
    for left in [2, 1, 0] {
        let answer = world.get("/v1/thing/7", &key.text).await;
        assert_eq!(status(&answer), 200);
        let told = field(&answer, "ratelimit").unwrap();
        assert!(told.starts_with(&format!("\"default\";r={left};t=")), "{told}");
        assert_eq!(field(&answer, "ratelimit-policy"), Some("\"default\";q=3;w=60"));
        assert_eq!((field(&answer, "retry-after"), field(&answer, "x-ratelimit-limit")), (None, None));
    }
    let seen = world.upstream.seen.load(Ordering::SeqCst);
    let refused = world.get("/v1/thing/7", &key.text).await;
    assert_eq!((status(&refused), world.upstream.seen.load(Ordering::SeqCst)), (429, seen));
    let wait: u64 = field(&refused, "retry-after").unwrap().parse().unwrap();
    assert!((50..=60).contains(&wait), "{wait}");
    assert_eq!(field(&refused, "ratelimit").unwrap(), format!("\"default\";r=0;t={wait}"));
    assert_eq!(field(&refused, "content-type"), Some("application/problem+json"));
    let problem: serde_json::Value = serde_json::from_str(body(&refused)).unwrap();
    assert_eq!((&problem["error"]["code"], &problem["limit"]), (&"rate_limit_exceeded".into(), &"default".into()));
    assert_eq!(status(&world.get("/v1/thing/7", &other.text).await), 200, "another key has its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r127_r128_r129_reads_and_writes_apart_and_the_exact_answer() {
    let world = World::start_with(real_clock, |config: &mut GatewayConfig| {
        config.problems = api::problem::ProblemStyle::rfc9457("https://invostaq.com/errors/");
        config.rates = RatesConfig {
            limits: vec![only(LimitMethods::Reads, "get", 60), only(LimitMethods::Writes, "post", 20)],
            retry_after: RetryAfter::Window,
            ..RatesConfig::default()
        };
    })
    .await;
    let key = world.key(Preset::FullAccess).await;
    for n in 0..20 {
        assert_eq!(status(&world.raw(&with("POST", "/v1/thing", &key.text)).await), 200, "{n}");
    }
    let refused = world.raw(&with("POST", "/v1/thing", &key.text)).await;
    assert_eq!(status(&refused), 429);
    assert_eq!(field(&refused, "retry-after"), Some("60"));
    assert_eq!(field(&refused, "content-type"), Some("application/problem+json"));
    assert_eq!(
        body(&refused),
        r#"{"type":"https://invostaq.com/errors/rate-limit-exceeded","title":"Rate limit exceeded","detail":"Too many requests. Retry after the period specified in the Retry-After header.","status":429}"#
    );
    for n in 0..60 {
        assert_eq!(status(&world.get("/v1/thing/7", &key.text).await), 200, "{n}");
    }
    assert_eq!(status(&world.get("/v1/thing/7", &key.text).await), 429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d15_r77_refused_requests_count_for_nothing_and_a_number_can_change_on_a_live_key() {
    let world = world(of(vec![limit("default", 2)])).await;
    let (new, test) = new_key(world.account, KeyKind::Restricted, Preset::ReadOnly, real_clock());
    let id = new.key.id;
    let live = {
        let made = world.rows().create_key(world.stamp(), new).await.unwrap();
        world.applied(made.revision).await;
        id
    };
    for _ in 0..5 {
        // 403, 404 and 400 come before the limits.
        assert_eq!(status(&world.raw(&with("POST", "/v1/thing", &test)).await), 403);
        assert_eq!(status(&world.get("/v1/nothing", &test).await), 404);
    }
    for _ in 0..2 {
        assert_eq!(status(&world.get("/v1/thing/7", &test).await), 200);
    }
    assert_eq!(status(&world.get("/v1/thing/7", &test).await), 429);
    // R77: a larger number of its own lets the key go on; what it has used stays counted.
    let own = KeyLimits::new(vec![(LimitName::new("default").unwrap(), 4)]).unwrap();
    let patch = KeyPatch { limits: Some(own), ..KeyPatch::default() };
    let changed = world.rows().update_key(world.stamp(), live, patch).await.unwrap();
    world.applied(changed.revision).await;
    for _ in 0..2 {
        assert_eq!(status(&world.get("/v1/thing/7", &test).await), 200);
    }
    assert_eq!(status(&world.get("/v1/thing/7", &test).await), 429);
}

/// A wall clock that jumps with every look.
fn wild_clock() -> Timestamp {
    static STEP: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
    let step = STEP.fetch_add(1, Ordering::SeqCst);
    real_clock().plus_secs(if step % 2 == 0 { 3 } else { 0 })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d15_a_wall_clock_that_steps_admits_nothing_more() {
    let world = World::start_with(wild_clock, |config: &mut GatewayConfig| {
        let seconds = LimitKind::Window { seconds: 3_600 };
        config.rates = of(vec![Limit { kind: seconds, ..limit("default", 5) }]);
    })
    .await;
    let key = world.key(Preset::ReadOnly).await;
    let mut admitted = 0;
    for _ in 0..20 {
        admitted += usize::from(status(&world.get("/v1/thing/7", &key.text).await) == 200);
    }
    assert_eq!(admitted, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d38_at_the_same_time_means_until_the_last_byte() {
    let at_once = Limit { kind: LimitKind::Concurrency, ..limit("export", 1) };
    let world = world(of(vec![at_once])).await;
    let key = world.key(Preset::ReadOnly).await;
    let held = world.send(&get("/v1/hold", &key.text)).await;
    world.upstream.wait_seen(1).await;
    let refused = world.get("/v1/thing/7", &key.text).await;
    assert_eq!((status(&refused), field(&refused, "retry-after")), (429, Some("1")));
    drop(held);
    let mut answer = 429;
    while answer == 429 {
        answer = status(&world.get("/v1/thing/7", &key.text).await);
    }
    assert_eq!(answer, 200, "the caller that went away gave its place back");
    assert_eq!(status(&world.get("/v1/thing/7", &key.text).await), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d15_classes_and_accounts_are_counted_on_top() {
    let account = Limit { subject: LimitSubject::Account, ..limit("account", 4) };
    let other_class = Limit { class: LimitClass::new("messaging"), ..limit("messaging", 1) };
    let world = world(of(vec![account, other_class])).await;
    let (one, two) = (world.key(Preset::ReadOnly).await, world.key(Preset::ReadOnly).await);
    for n in 0..4 {
        let key = if n % 2 == 0 { &one } else { &two };
        assert_eq!(status(&world.get("/v1/thing/7", &key.text).await), 200, "{n}");
    }
    let refused = world.get("/v1/thing/7", &one.text).await;
    assert_eq!(status(&refused), 429);
    assert!(body(&refused).contains("\"limit\":\"account\""), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d22_public_operations_are_limited_by_address() {
    let by_address = Limit { subject: LimitSubject::Address, ..limit("public", 2) };
    let world = world(of(vec![by_address])).await;
    let ask = async || world.raw("GET /v1/health HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n").await;
    assert_eq!((status(&ask().await), status(&ask().await)), (200, 200));
    let refused = ask().await;
    assert_eq!(status(&refused), 429);
    let key = world.key(Preset::ReadOnly).await;
    assert_eq!(status(&world.get("/v1/thing/7", &key.text).await), 200, "a key is not counted by its address");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_collects_refused_credentials_is_braked_and_a_valid_key_is_not() {
    let world = world(RatesConfig { failures: Some((3, 600)), ..RatesConfig::default() }).await;
    let key = world.key(Preset::ReadOnly).await;
    let (_, unknown) = new_key(world.account, KeyKind::Restricted, Preset::ReadOnly, real_clock());
    let _ = entropy();
    for _ in 0..3 {
        assert_eq!(status(&world.get("/v1/thing/7", &unknown).await), 401);
    }
    let braked = world.get("/v1/thing/7", &unknown).await;
    assert_eq!(status(&braked), 429);
    assert!(body(&braked).contains("too_many_failures") && field(&braked, "retry-after").is_some(), "{braked}");
    assert_eq!(field(&braked, "ratelimit"), None);
    assert_eq!(status(&world.get("/v1/thing/7", "nonsense").await), 429);
    assert_eq!(status(&world.get("/v1/thing/7", &key.text).await), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d39_a_denial_after_reserving_gives_the_place_back_and_a_replay_does_not() {
    let world = world(of(vec![limit("default", 3)])).await;
    let key = world.key(Preset::FullAccess).await;
    let post = |word: &str| {
        with("POST", "/v1/thing", &key.text).replace("Connection", &format!("Idempotency-Key: {word}\r\nConnection"))
    };
    // Malformed keys are refused at the end of admission: nothing is spent.
    for _ in 0..5 {
        assert_eq!(status(&world.raw(&post("a b")).await), 400);
    }
    assert_eq!(status(&world.raw(&post("one")).await), 200);
    let replay = world.raw(&post("one")).await;
    assert_eq!((status(&replay), field(&replay, "idempotent-replayed")), (200, Some("true")));
    assert_eq!(status(&world.raw(&post("two")).await), 200);
    assert_eq!(status(&world.raw(&post("three")).await), 429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r80_a_channel_has_a_cap_a_day_on_top_of_the_limits_until_midnight_utc() {
    let world = World::start_with(real_clock, |config: &mut GatewayConfig| {
        config.rates = of(vec![limit("default", 100)]);
        config.caps = vec![DailyCap { channel: LimitName::new("sms").unwrap(), count: 3 }];
    })
    .await;
    let key = world.key(Preset::FullAccess).await;
    let other = world.key(Preset::FullAccess).await;
    for n in 0..3 {
        assert_eq!(status(&world.raw(&with("POST", "/v1/sms", &key.text)).await), 200, "{n}");
    }
    let refused = world.raw(&with("POST", "/v1/sms", &key.text)).await;
    assert_eq!(status(&refused), 429);
    assert!(body(&refused).contains("daily_cap_exceeded"), "{refused}");
    let wait: i64 = field(&refused, "retry-after").unwrap().parse().unwrap();
    let midnight = 86_400 - real_clock().as_secs().rem_euclid(86_400);
    assert!((midnight - wait).abs() <= 2 || wait <= 2, "{wait} of {midnight}");
    assert_eq!(status(&world.get("/v1/thing/7", &key.text).await), 200, "other operations go on");
    assert_eq!(status(&world.raw(&with("POST", "/v1/sms", &other.text)).await), 200, "another key has its own");
    // A denial after the cap gives its one back (D39).
    let malformed = with("POST", "/v1/sms", &other.text).replace("Connection", "Idempotency-Key: a b\r\nConnection");
    for _ in 0..5 {
        assert_eq!(status(&world.raw(&malformed).await), 400);
    }
    for n in 0..2 {
        assert_eq!(status(&world.raw(&with("POST", "/v1/sms", &other.text)).await), 200, "{n}");
    }
    assert_eq!(status(&world.raw(&with("POST", "/v1/sms", &other.text)).await), 429);
}
