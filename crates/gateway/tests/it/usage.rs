//! What the store is told of each request (D25, R14, R101, D5).

use crate::harness::{TestKey, World, get, new_key, read_to_end, status};
use model::{
    Company, CompanyId, CompanyRestriction, CompanySet, Environment, ExternalName, KeyKind, KeyStatus, Preset,
    RequestId, Timestamp,
};
use std::time::Duration;
use store::{Granularity, Page, RequestFilter, RequestOutcome, RequestRow, SecretTag};

/// Everything that was answered so far can be read afterwards.
async fn told(world: &World) {
    world.gateway.hand_over().await;
    world.store.usage().flush().await;
}

fn request_id(answer: &str) -> RequestId {
    let line = answer.lines().find_map(|l| l.strip_prefix("x-request-id: ")).expect("a request id");
    line.trim().parse().unwrap()
}

async fn row(world: &World, answer: &str) -> RequestRow {
    world.rows().usage().request(request_id(answer)).await.unwrap()
}

fn post(path: &str, key: &str, more: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: api\r\nX-API-Key: {key}\r\n{more}Content-Length: 2\r\nConnection: close\r\n\r\n{{}}"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d25_every_request_with_a_key_is_on_record_right_after_its_answer() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let more = "User-Agent: tool/2 (x)\r\nOrigin: https://a.example\r\n";
    let passed = world.raw(&format!("GET /v1/thing/7?secret=1 HTTP/1.1\r\nHost: api\r\nX-API-Key: {}\r\nUser-Agent: tool/2 (x)\r\nConnection: close\r\n\r\n", key.text)).await;
    let scope = world.raw(&post("/v1/thing", &key.text, "")).await;
    let origin = world.raw(&post("/v1/thing", &key.text, more)).await;
    let unknown = world.get("/v1/nothing", &key.text).await;
    told(&world).await;
    let row = async |answer: &str| row(&world, answer).await;
    let hash = &world.rows().key(key.id).await.unwrap().credentials[0].credential.hash;
    let first = row(&passed).await;
    assert_eq!(
        (first.key, first.account, first.environment),
        (Some(key.id), Some(world.account), Some(Environment::Test))
    );
    assert_eq!((first.method.as_str(), first.operation.as_deref(), first.status), ("GET", Some("thing"), 200));
    assert_eq!((first.outcome, first.reason.clone(), first.address.as_str()), (RequestOutcome::Ok, None, "127.0.0.1"));
    assert_eq!((first.agent.as_deref(), first.secret), (Some("tool/2 (x)"), Some(SecretTag::of(hash))));
    let refused = row(&scope).await;
    assert_eq!(
        (refused.status, refused.reason.as_deref(), refused.outcome),
        (403, Some("insufficient_scope"), RequestOutcome::Refused)
    );
    assert_eq!((refused.operation.as_deref(), refused.agent), (Some("make"), None));
    let browser = row(&origin).await;
    assert_eq!(
        (browser.reason.as_deref(), browser.origin.as_deref()),
        (Some("origin_not_allowed"), Some("https://a.example"))
    );
    let unknown = row(&unknown).await;
    assert_eq!((unknown.reason.as_deref(), unknown.operation), (Some("operation_unknown"), None));
    let counts = world.rows().usage().counts(key.id, Granularity::Day, Timestamp::MIN, Timestamp::MAX).await.unwrap();
    let counted: Vec<_> = counts.items.iter().map(|c| (c.operation.as_deref(), c.outcome, c.count)).collect();
    assert_eq!(
        counted,
        [
            (None, RequestOutcome::Refused, 1),
            (Some("make"), RequestOutcome::Refused, 2),
            (Some("thing"), RequestOutcome::Ok, 1)
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d5_the_precise_reason_is_the_accounts_and_a_strangers_only_the_operators() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    world.set_status(&key, KeyStatus::Disabled).await;
    let disabled = world.get("/v1/thing/1", &key.text).await;
    let (_, stranger) = new_key(world.account, KeyKind::Restricted, Preset::ReadOnly, Timestamp::from_secs(0));
    let stranger = world.get("/v1/thing/1", &stranger).await;
    let nothing = world.get("/v1/thing/1", "nonsense").await;
    assert_eq!([&disabled, &stranger, &nothing].map(|answer| status(answer)), [401; 3]);
    told(&world).await;
    assert_eq!(row(&world, &disabled).await.reason.as_deref(), Some("key_disabled"));
    assert!(world.rows().usage().last_used(key.id).await.unwrap().is_empty(), "an attempt is no use");
    for (answer, reason) in [(&stranger, "credential_unknown"), (&nothing, "credential_malformed")] {
        assert!(world.rows().usage().request(request_id(answer)).await.is_err());
        let row = world.store.usage().request(request_id(answer)).await.unwrap();
        assert_eq!((row.account, row.key, row.reason.as_deref()), (None, None, Some(reason)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r101_the_last_use_says_when_where_and_what() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    world.get("/v1/thing/1", &key.text).await;
    world.get("/v1/empty", &key.text).await;
    told(&world).await;
    let last = world.rows().usage().last_used(key.id).await.unwrap();
    assert_eq!(last.len(), 1);
    assert_eq!((last[0].operation.as_deref(), last[0].address.as_str()), (Some("empty"), "127.0.0.1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d25_the_one_company_that_a_request_names_is_on_record_also_when_it_is_refused() {
    let world = World::start().await;
    let now = crate::harness::real_clock();
    let mut companies = Vec::new();
    for name in ["test:id=42", "test:id=43"] {
        let id = CompanyId::new(now, crate::harness::entropy());
        let external_names = vec![ExternalName::parse(name).unwrap()];
        let company = Company { id, account: world.account, name: name.into(), external_names, created_at: now };
        let made = world.rows().create_company(world.stamp(), company).await.unwrap();
        world.applied(made.revision).await;
        companies.push(id);
    }
    let key = world.key(Preset::ReadOnly).await;
    let only = CompanyRestriction::Only(CompanySet::chosen(&companies[..1]).unwrap());
    let patch = store::KeyPatch { companies: Some(only), ..store::KeyPatch::default() };
    let changed = world.rows().update_key(world.stamp(), key.id, patch).await.unwrap();
    world.applied(changed.revision).await;
    let asked = async |company: &str| world.get(&format!("/v1/of?company_id={company}"), &key.text).await;
    let (own, foreign, none) = (asked("42").await, asked("43").await, asked("77").await);
    assert_eq!(status(&own), 200);
    assert!(status(&foreign) >= 400 && status(&none) >= 400);
    told(&world).await;
    assert_eq!(row(&world, &own).await.company, Some(companies[0]));
    assert_eq!(row(&world, &foreign).await.company, Some(companies[1]));
    assert_eq!(row(&world, &none).await.company, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d25_faults_and_callers_who_went_away_are_on_record() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let held = world.send(&get("/v1/hold", &key.text)).await;
    world.upstream.wait_seen(1).await;
    drop(held);
    let newest = async || -> Option<RequestRow> {
        told(&world).await;
        let list = world.rows().usage().requests(&RequestFilter::default(), Page::first(1)).await.unwrap();
        list.items.into_iter().next()
    };
    let gone = async {
        loop {
            if let Some(row) = newest().await {
                break row;
            }
        }
    };
    let gone = crate::harness::soon(gone).await;
    assert_eq!(
        (gone.status, gone.reason.as_deref(), gone.outcome),
        (499, Some("caller_gone"), RequestOutcome::ClientError)
    );
    assert_eq!(gone.operation.as_deref(), Some("hold"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d44_what_was_answered_before_a_shutdown_is_kept() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let mut held = world.send(&get("/v1/hold", &key.text)).await;
    world.upstream.wait_seen(1).await;
    world.upstream.release.notify_waiters();
    let answer = read_to_end(&mut held).await;
    let rows = world.rows();
    world.gateway.shutdown(Duration::from_secs(5)).await;
    world.store.usage().flush().await;
    assert_eq!(rows.usage().request(request_id(&answer)).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r71_nothing_of_a_secret_path_query_or_body_is_told() {
    let world = World::start().await;
    let key: TestKey = world.key(Preset::FullAccess).await;
    let more = format!("User-Agent: {0}\r\nOrigin: https://{0}\r\n", key.text);
    let answer = world.raw(&post("/v1/thing?q=querysecret", &key.text, &more)).await;
    world.raw(&post("/v1/pathsecret", &key.text, "")).await;
    assert_eq!(status(&answer), 403);
    told(&world).await;
    let row = row(&world, &answer).await;
    let shown = format!("{row:?}");
    assert!(shown.contains("blotted") && !shown.contains(&key.text[8..24]), "{shown}");
    let rows = world.rows().usage().requests(&RequestFilter::default(), Page::first(200)).await.unwrap();
    let shown = format!("{rows:?}");
    assert!(!shown.contains("querysecret") && !shown.contains("pathsecret"), "{shown}");
}
