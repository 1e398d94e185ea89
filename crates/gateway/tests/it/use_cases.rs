//! What keys are made for, one case each: a page, a backend, a client, a department, a consultant, a service, a half for tests.

use crate::{
    harness::{World, credential, entropy, fill, get, new_key, operation, real_clock, status},
    registry::{COMPANIES, Caller, Registry},
};
use gateway::RatesConfig;
use model::{
    Account, AccountId, Catalogue, Company, CompanyId, CompanyRestriction, CompanySet, Environment, ExternalName,
    HttpMethod, Key, KeyKind, KeyShape, Limit, LimitClass, LimitKind, LimitMethods, LimitName, LimitSubject, Operation,
    OriginList, OriginPattern, Preset, ScopeSet, Timestamp,
};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

const PAGE: &str = "https://app.example.com";

/// Makes a restricted key; the texts of its test half and its live half.
async fn pair(world: &World, preset: Preset, adjust: impl FnOnce(&mut Key)) -> [String; 2] {
    let (mut new, test) = new_key(world.account, KeyKind::Restricted, preset, world.stamp().now);
    let live = KeyShape::default().generate(KeyKind::Restricted, Environment::Live, &mut fill);
    new.credentials[1] = credential(Environment::Live, live.expose());
    adjust(&mut new.key);
    let made = world.rows().create_key(world.stamp(), new).await.unwrap();
    world.applied(made.revision).await;
    [test, live.expose().clone()]
}

/// A company that the upstream knows by this number in both environments.
async fn company(world: &World, number: u32) -> CompanyId {
    let now = world.stamp().now;
    let names = ["test", "live"].map(|environment| ExternalName::parse(&format!("{environment}:id={number}")).unwrap());
    let id = CompanyId::new(now, entropy());
    let company = Company {
        id,
        account: world.account,
        name: format!("Company {number}"),
        external_names: names.into_iter().collect(),
        created_at: now,
    };
    let made = world.rows().create_company(world.stamp(), company).await.unwrap();
    world.applied(made.revision).await;
    id
}

fn only(companies: &[CompanyId]) -> CompanyRestriction {
    CompanyRestriction::Only(CompanySet::chosen(companies).unwrap())
}

fn request(method: &str, path: &str, key: &str, more: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: api\r\nX-API-Key: {key}\r\n{more}Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

/// So many a minute for each key.
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

/// Status, and the code of a refusal.
fn outcome(answer: &str) -> (u16, String) {
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    let problem: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    (status(answer), problem["error"]["code"].as_str().unwrap_or_default().to_owned())
}

async fn ask(world: &World, method: &str, path: &str, key: &str) -> (u16, String) {
    outcome(&world.raw(&request(method, path, key, "")).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_key_that_was_copied_out_of_a_page_works_elsewhere_within_its_permissions() {
    let world = World::start().await;
    let origins = OriginList::new(vec![OriginPattern::parse(PAGE).unwrap()]).unwrap();
    for key in pair(&world, Preset::ReadOnly, |key| key.origins = origins).await {
        for origin in [format!("Origin: {PAGE}\r\n"), String::new()] {
            let read = world.raw(&request("GET", "/v1/thing/7", &key, &origin)).await;
            assert_eq!(status(&read), 200, "{origin}");
            let write = world.raw(&request("POST", "/v1/thing", &key, &origin)).await;
            assert_eq!(outcome(&write), (403, "insufficient_scope".into()), "{origin}");
        }
        let other = world.raw(&request("GET", "/v1/thing/7", &key, "Origin: https://evil.example\r\n")).await;
        assert_eq!(outcome(&other), (403, "origin_not_allowed".into()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r6_r16_r17_a_backend_uses_the_primary_key_and_a_page_cannot() {
    let world = World::start().await;
    let account = Account { id: AccountId::new(real_clock(), entropy()), name: "two".into(), created_at: real_clock() };
    let (primary, text) = new_key(account.id, KeyKind::Primary, Preset::FullAccess, real_clock());
    let made = world.store.create_account(world.stamp(), account, primary).await.unwrap();
    world.applied(made.revision).await;
    for (method, path) in [("GET", "/v1/thing/7"), ("POST", "/v1/thing")] {
        assert_eq!(ask(&world, method, path, &text).await.0, 200, "{method}");
        let seen = world.upstream.seen.load(Ordering::SeqCst);
        let from_page = world.raw(&request(method, path, &text, &format!("Origin: {PAGE}\r\n"))).await;
        assert_eq!(outcome(&from_page), (403, "primary_key_in_browser".into()), "{method}");
        assert_eq!(world.upstream.seen.load(Ordering::SeqCst), seen);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r33_r34_r35_each_key_reaches_the_documents_of_its_own_companies_alone() {
    let registry = Registry::start().await;
    // A client, a department of somebody else, and a helper of both.
    for set in [&[1][..], &[2], &[1, 2]] {
        let key = registry.key(0, Some(set)).await.text;
        let mut caller = Caller::new(registry.world.address).await;
        for number in 1..=COMPANIES {
            let may = set.contains(&number);
            for line in [format!("/v1/company/VAT{number}/report"), format!("/v1/invoices?company_id={}", 100 + number)]
            {
                let (status, body) = caller.ask(&key, &format!("GET {line}"), &[], "").await;
                assert_eq!(status, if may { 200 } else { 403 }, "{set:?} {line}");
                assert_eq!(body.contains(&format!("secret-of-{number}")), may, "{set:?} {line}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r36_without_a_choice_a_key_reaches_every_company_also_one_that_comes_later() {
    let world = World::start().await;
    let first = company(&world, 42).await;
    let [all, _] = pair(&world, Preset::ReadOnly, |_| {}).await;
    let [bound, _] = pair(&world, Preset::ReadOnly, |key| key.companies = only(&[first])).await;
    company(&world, 43).await;
    for (number, of_bound) in [(42, (200, String::new())), (43, (403, "company_not_allowed".into()))] {
        let path = format!("/v1/of?company_id={number}");
        assert_eq!(ask(&world, "GET", &path, &all).await, (200, String::new()), "{number}");
        assert_eq!(ask(&world, "GET", &path, &bound).await, of_bound, "{number}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_r11_r30_r31_r37_r39_r58_each_service_may_do_what_its_key_says_and_nothing_else() {
    let world = World::start().await;
    let (get, post) = (HttpMethod::Get, HttpMethod::Post);
    let table = [
        ("invoices", get, "/v1/invoices", "invoices:read"),
        ("log", get, "/v1/log", "log:read"),
        ("status", get, "/v1/status", "status:read"),
        ("send", post, "/v1/send", "invoices:send"),
        ("customer", post, "/v1/customers", "customers:write"),
    ];
    let operations = table.map(|(id, method, path, scope)| operation(id, method, path, scope)).to_vec();
    world.gateway.set_catalogue(&Arc::new(Catalogue::new(operations).unwrap())).await;
    let custom = |scopes: &[&str]| Preset::Custom(ScopeSet::parse(scopes).unwrap());
    for (who, preset, may) in [
        ("reporting", Preset::ReadOnly, [true, true, true, false, false]),
        ("sender", Preset::Send, [true, true, true, true, false]),
        ("mailer", custom(&["invoices:send"]), [false, false, false, true, false]),
        ("shop", custom(&["customers:write", "invoices:read"]), [true, false, false, false, true]),
        ("nobody", custom(&[]), [false; 5]),
    ] {
        let [key, _] = pair(&world, preset, |_| {}).await;
        for ((id, method, path, _), may) in table.iter().zip(may) {
            let wanted = if may { (200, String::new()) } else { (403, "insufficient_scope".to_owned()) };
            assert_eq!(ask(&world, method.as_str(), path, &key).await, wanted, "{who} {id}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r38_a_consultants_key_ends_by_itself_and_never_leaves_its_company() {
    static NOW: AtomicI64 = AtomicI64::new(1_800_000_000_000_000);
    fn clock() -> Timestamp {
        Timestamp::from_micros(NOW.load(Ordering::SeqCst))
    }
    let world = World::start_with(clock, |_| {}).await;
    let own = company(&world, 42).await;
    company(&world, 43).await;
    let keys = pair(&world, Preset::ReadOnly, |key| {
        key.companies = only(&[own]);
        key.expires_at = Some(clock().plus_secs(2));
    })
    .await;
    let all = async |own: u16, other: u16| {
        for key in &keys {
            assert_eq!(ask(&world, "GET", "/v1/of?company_id=42", key).await.0, own);
            assert_eq!(ask(&world, "GET", "/v1/of?company_id=43", key).await.0, other);
        }
    };
    all(200, 403).await;
    NOW.fetch_add(1_999_999, Ordering::SeqCst);
    all(200, 403).await;
    NOW.fetch_add(1, Ordering::SeqCst);
    all(401, 401).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r40_r119_both_halves_obey_the_same_rules_and_differ_in_their_environment_alone() {
    let rates = RatesConfig { limits: vec![limit("default", 3)], ..RatesConfig::default() };
    let world = World::start_with(real_clock, |config| config.rates = rates).await;
    let own = company(&world, 42).await;
    company(&world, 43).await;
    let halves = pair(&world, Preset::ReadOnly, |key| key.companies = only(&[own])).await;
    let mut told = Vec::new();
    for (half, environment) in halves.iter().zip(["test", "live"]) {
        let mut outcomes = Vec::new();
        for (method, path) in [
            ("GET", "/v1/of?company_id=42"),
            ("GET", "/v1/of?company_id=43"),
            ("GET", "/v1/of?company_id=99"),
            ("POST", "/v1/thing"),
            ("GET", "/v1/none"),
            ("GET", "/v1/thing/7"),
            ("GET", "/v1/thing/x"),
            ("GET", "/v1/thing/8"),
            ("GET", "/v1/thing/9"),
        ] {
            outcomes.push(ask(&world, method, path, half).await);
        }
        // The last one that reached the upstream.
        assert_eq!(world.upstream.field("claviger-environment").as_deref(), Some(environment));
        told.push(outcomes);
    }
    assert_eq!(told[0], told[1]);
    let statuses: Vec<u16> = told[0].iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [200, 403, 403, 403, 404, 200, 404, 200, 429]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r79_messages_have_a_lower_limit_of_their_own_on_top_of_the_keys() {
    let messaging = LimitClass::new("messaging").unwrap();
    let lower = Limit { class: Some(messaging.clone()), ..limit("messaging", 2) };
    let rates = RatesConfig { limits: vec![limit("default", 5), lower], ..RatesConfig::default() };
    let world = World::start_with(real_clock, |config| config.rates = rates).await;
    let sms = Operation { class: messaging, ..operation("sms", HttpMethod::Post, "/v1/sms", "messages:send") };
    let invoices = operation("invoices", HttpMethod::Get, "/v1/invoices", "invoices:read");
    world.gateway.set_catalogue(&Arc::new(Catalogue::new(vec![sms, invoices]).unwrap())).await;
    let [key, _] = pair(&world, Preset::FullAccess, |_| {}).await;
    let refused_by = async |method: &str, path: &str| {
        let answer = world.raw(&request(method, path, &key, "")).await;
        let problem: serde_json::Value =
            serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or_default();
        (status(&answer), problem["limit"].as_str().unwrap_or_default().to_owned())
    };
    for _ in 0..2 {
        assert_eq!(refused_by("POST", "/v1/sms").await.0, 200);
    }
    assert_eq!(refused_by("POST", "/v1/sms").await, (429, "messaging".into()));
    // The rest goes on, and the messages have counted there too.
    for _ in 0..3 {
        assert_eq!(refused_by("GET", "/v1/invoices").await.0, 200);
    }
    assert_eq!(refused_by("GET", "/v1/invoices").await, (429, "default".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r93_every_method_that_writes_takes_an_idempotency_key() {
    let world = World::start().await;
    let methods = [HttpMethod::Post, HttpMethod::Put, HttpMethod::Patch, HttpMethod::Delete];
    let write = |(index, method)| operation(&format!("write_{index}"), method, "/v1/record", "things:write");
    let mut operations: Vec<_> = methods.into_iter().enumerate().map(write).collect();
    operations.push(operation("read", HttpMethod::Get, "/v1/record", "things:read"));
    world.gateway.set_catalogue(&Arc::new(Catalogue::new(operations).unwrap())).await;
    let key = world.key(Preset::FullAccess).await;
    for method in methods.map(HttpMethod::as_str) {
        let before = world.upstream.seen.load(Ordering::SeqCst);
        let once = request(method, "/v1/record", &key.text, "Idempotency-Key: one\r\n");
        let (first, again) = (world.raw(&once).await, world.raw(&once).await);
        assert_eq!((status(&first), status(&again)), (200, 200), "{method}");
        let replayed = |answer: &str| answer.to_ascii_lowercase().contains("idempotent-replayed: true");
        assert!(!replayed(&first) && replayed(&again), "{method}: {again}");
        assert_eq!(world.upstream.seen.load(Ordering::SeqCst), before + 1, "{method} ran once");
        // Another key of the caller's is another write.
        world.raw(&request(method, "/v1/record", &key.text, "Idempotency-Key: two\r\n")).await;
        assert_eq!(world.upstream.seen.load(Ordering::SeqCst), before + 2, "{method}");
    }
    let before = world.upstream.seen.load(Ordering::SeqCst);
    for _ in 0..2 {
        assert_eq!(status(&world.raw(&get("/v1/record", &key.text)).await), 200);
    }
    assert_eq!(world.upstream.seen.load(Ordering::SeqCst), before + 2, "what only reads is never replayed");
}
