//! Secrets over time: rotation, deletion, what the upstream is told after a change.

use crate::harness::{TestKey, World, credential, entropy, fill, get, read_to_end, status};
use model::{
    Company, CompanyId, CompanyRestriction, CompanySet, Credential, Environment, ExternalName, KeyKind, KeyShape,
    KeyStatus, Preset, ScopeSet, Timestamp,
};
use std::sync::atomic::{AtomicI64, Ordering};
use store::{CompanyPatch, KeyPatch};

const START: i64 = 1_800_000_000_000_000;

async fn rotate(world: &World, key: &TestKey, previous_ends_at: Timestamp) -> (String, u64) {
    let [test, live] =
        [Environment::Test, Environment::Live].map(|e| KeyShape::default().generate(KeyKind::Restricted, e, &mut fill));
    let old: Vec<Credential> =
        world.rows().key(key.id).await.unwrap().credentials.into_iter().map(|c| c.credential).collect();
    let new = [(Environment::Test, &test), (Environment::Live, &live)].map(|(environment, text)| {
        let mut new = credential(environment, text.expose());
        new.client_id = old.iter().find(|c| c.environment == environment).unwrap().client_id;
        new
    });
    let changed = world.rows().rotate_key(world.stamp(), key.id, new.to_vec(), previous_ends_at).await.unwrap();
    (test.expose().clone(), world.applied(changed.revision).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d13_d41_an_old_secret_works_until_its_end_and_what_it_admitted_ends_with_it() {
    static NOW: AtomicI64 = AtomicI64::new(START);
    fn clock() -> Timestamp {
        Timestamp::from_micros(NOW.load(Ordering::SeqCst))
    }
    let world = World::start_with(clock, |_| {}).await;
    let key = world.key(Preset::ReadOnly).await;
    let mut by_old = world.send(&get("/v1/hold", &key.text)).await;
    world.upstream.wait_seen(1).await;
    let end = clock().plus_secs(8);
    let (new, cut) = rotate(&world, &key, end).await;
    assert_eq!(cut, 0, "the overlap has begun, nothing ends");
    let mut by_new = world.send(&get("/v1/hold", &new)).await;
    world.upstream.wait_seen(2).await;
    NOW.store(end.as_micros() - 1, Ordering::SeqCst);
    for text in [&key.text, &new] {
        assert_eq!(status(&world.get("/v1/thing/1", text).await), 200);
    }
    NOW.store(end.as_micros(), Ordering::SeqCst);
    assert_eq!(status(&world.get("/v1/thing/1", &key.text).await), 401);
    assert_eq!(status(&read_to_end(&mut by_old).await), 401, "nobody released it");
    assert_eq!(status(&world.get("/v1/thing/1", &new).await), 200);
    world.upstream.release.notify_waiters();
    assert_eq!(status(&read_to_end(&mut by_new).await), 200);
    // A further rotation ends the one before: there is at most one old secret.
    let first = TestKey { id: key.id, text: new };
    let (second, _) = rotate(&world, &first, clock().plus_secs(3600)).await;
    let mut held = world.send(&get("/v1/hold", &first.text)).await;
    world.upstream.wait_seen(6).await;
    let (third, cut) = rotate(&world, &first, clock().plus_secs(3600)).await;
    assert_eq!(cut, 1);
    assert_eq!(status(&read_to_end(&mut held).await), 401);
    assert_eq!(status(&world.get("/v1/thing/1", &first.text).await), 401);
    for text in [&second, &third] {
        assert_eq!(status(&world.get("/v1/thing/1", text).await), 200);
    }
    // Rotating without an overlap.
    let (_, _) = rotate(&world, &first, clock()).await;
    assert_eq!(status(&world.get("/v1/thing/1", &third).await), 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d14_a_deleted_key_is_gone_and_its_requests_with_it() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let mut held = world.send(&get("/v1/hold", &key.text)).await;
    world.upstream.wait_seen(1).await;
    let before = world.metrics();
    let credentials =
        |text: &str| text.lines().find_map(|l| l.strip_prefix("credentials ")).unwrap().parse::<u64>().unwrap();
    assert_eq!(world.set_status(&key, KeyStatus::Deleted).await, 1);
    assert_eq!(status(&read_to_end(&mut held).await), 401);
    assert_eq!(status(&world.get("/v1/thing/1", &key.text).await), 401);
    assert_eq!(credentials(&world.metrics()), credentials(&before) - 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d33_tokens_are_kept_renewed_and_never_outlive_what_they_say() {
    static NOW: AtomicI64 = AtomicI64::new(START);
    fn clock() -> Timestamp {
        Timestamp::from_micros(NOW.load(Ordering::SeqCst))
    }
    let forward = |secs: i64| NOW.fetch_add(secs * 1_000_000, Ordering::SeqCst);
    // The clock jumps here; whether the log was read is not the question.
    let world =
        World::start_with(clock, |config| config.limits.revocation_bound = std::time::Duration::from_secs(100_000))
            .await;
    let key = world.key(Preset::FullAccess).await;
    let ask = async |key: &str| {
        assert_eq!(status(&world.get("/v1/thing/1", key).await), 200);
        world.upstream.field("claviger-context").unwrap()
    };
    let first = ask(&key.text).await;
    forward(19);
    assert_eq!(ask(&key.text).await, first, "kept");
    forward(30);
    assert_ne!(ask(&key.text).await, first, "49 s is too old");
    assert_eq!(world.upstream.claims()["iat"], clock().as_secs());
    // The clock is set back: a token from the future is not used, and not for an hour.
    NOW.fetch_sub(3600 * 1_000_000, Ordering::SeqCst);
    ask(&key.text).await;
    assert_eq!(world.upstream.claims()["iat"], clock().as_secs());
    // A narrowed key says so at once.
    let wide = world.upstream.claims()["scopes"].clone();
    let scopes = ScopeSet::parse(&["things:read"]).unwrap();
    let patch = KeyPatch { preset: Some(Preset::Custom(scopes)), ..KeyPatch::default() };
    let changed = world.rows().update_key(world.stamp(), key.id, patch).await.unwrap();
    world.applied(changed.revision).await;
    ask(&key.text).await;
    assert_eq!(world.upstream.claims()["scopes"], serde_json::json!(["things:read"]));
    assert_ne!(world.upstream.claims()["scopes"], wide);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d35_a_renamed_company_is_told_by_its_new_name_at_once() {
    let world = World::start().await;
    let now = crate::harness::real_clock();
    let company = Company {
        id: CompanyId::new(now, entropy()),
        account: world.account,
        name: "One".into(),
        external_names: vec![
            ExternalName::parse("test:vat=IT1").unwrap(),
            ExternalName::parse("live:vat=IT9").unwrap(),
        ],
        created_at: now,
    };
    let id = company.id;
    let made = world.rows().create_company(world.stamp(), company).await.unwrap();
    world.applied(made.revision).await;
    let key = world.key(Preset::ReadOnly).await;
    let only = CompanyRestriction::Only(CompanySet::chosen(&[id]).unwrap());
    let patch = KeyPatch { companies: Some(only), ..KeyPatch::default() };
    let changed = world.rows().update_key(world.stamp(), key.id, patch).await.unwrap();
    world.applied(changed.revision).await;
    let told = async || {
        assert_eq!(status(&world.get("/v1/thing/1", &key.text).await), 200);
        world.upstream.claims()["companies"].clone()
    };
    assert_eq!(told().await, serde_json::json!([{"id": id.to_string(), "names": {"vat": ["IT1"]}}]));
    let names = vec![ExternalName::parse("test:vat=IT2").unwrap(), ExternalName::parse("test:id=42").unwrap()];
    let patch = CompanyPatch { external_names: Some(names), ..CompanyPatch::default() };
    let changed = world.rows().update_company(world.stamp(), id, patch).await.unwrap();
    world.applied(changed.revision).await;
    assert_eq!(told().await, serde_json::json!([{"id": id.to_string(), "names": {"id": ["42"], "vat": ["IT2"]}}]));
    // The last company goes: the key reaches nothing (D9).
    let changed = world.rows().delete_company(world.stamp(), id, None).await.unwrap();
    world.applied(changed.revision).await;
    assert_eq!(status(&world.get("/v1/thing/1", &key.text).await), 403);
}
