//! What browsers are told, before a request and with its answer (D10, D11, D29), over raw sockets and HTTP/2.

use crate::harness::{
    World, ask, entropy, get, new_key, no_body, read_to_end, read_until, real_clock, request, soon, status,
};
use gateway::Proxies;
use model::{Account, AccountId, Key, KeyKind, KeyStatus, Network, NetworkList, OriginList, OriginPattern, Preset};
use tokio::{io::AsyncWriteExt, net::TcpStream};

const APP: &str = "https://app.example.com";

fn origins(texts: &[&str]) -> OriginList {
    OriginList::new(texts.iter().map(|text| OriginPattern::parse(text).unwrap()).collect()).unwrap()
}

/// A key that was changed before it was made.
async fn key(world: &World, kind: KeyKind, preset: Preset, change: impl FnOnce(&mut Key)) -> (Key, String) {
    let owner = match kind {
        KeyKind::Restricted => world.account,
        // An account has one; this one has an account of its own.
        KeyKind::Primary => AccountId::new(real_clock(), entropy()),
    };
    let (mut new, text) = new_key(owner, kind, preset, real_clock());
    change(&mut new.key);
    let key = new.key.clone();
    let revision = match kind {
        KeyKind::Restricted => world.rows().create_key(world.stamp(), new).await.unwrap().revision,
        KeyKind::Primary => {
            let account = Account { id: owner, name: "two".into(), created_at: real_clock() };
            world.store.create_account(world.stamp(), account, new).await.unwrap().revision
        }
    };
    world.applied(revision).await;
    (key, text)
}

async fn status_of(world: &World, key: &Key, to: KeyStatus) {
    let changed = world.rows().set_key_status(world.stamp(), key.id, to).await.unwrap();
    world.applied(changed.revision).await;
}

fn preflight(path: &str, origin: &str, method: &str, more: &str) -> String {
    format!(
        "OPTIONS {path} HTTP/1.1\r\nHost: api\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: {method}\r\n{more}Connection: close\r\n\r\n"
    )
}

fn from_page(path: &str, key: &str, origin: &str) -> String {
    get(path, key).replace("Connection", &format!("Origin: {origin}\r\nConnection"))
}

fn field(answer: &str, name: &str) -> Option<String> {
    let head = answer.split("\r\n\r\n").next().unwrap();
    let mut values =
        head.lines().filter_map(|line| line.split_once(": ")).filter(|(n, _)| n.eq_ignore_ascii_case(name));
    values.next().map(|(_, value)| value.to_owned())
}

fn allowed(answer: &str) -> Option<String> {
    assert_eq!(field(answer, "access-control-allow-credentials"), None);
    field(answer, "access-control-allow-origin")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r2_r3_d10_a_preflight_is_answered_without_a_key_and_never_forwarded() {
    let world = World::start().await;
    assert_eq!(status(&world.raw(&preflight("/v1/thing/7", APP, "GET", "")).await), 403);
    key(&world, KeyKind::Restricted, Preset::ReadOnly, |k| k.origins = origins(&[APP, "https://*.shop.example"])).await;
    let asked = "Access-Control-Request-Headers: x-api-key, x-mine, claviger-account, x-forwarded-for\r\n";
    let answer = world.raw(&preflight("/v1/thing/7", APP, "GET", asked)).await;
    assert_eq!((status(&answer), allowed(&answer).as_deref()), (204, Some(APP)), "{answer}");
    assert_eq!(field(&answer, "access-control-allow-methods").as_deref(), Some("GET"));
    assert_eq!(field(&answer, "access-control-max-age").as_deref(), Some("600"));
    let vary = field(&answer, "vary").unwrap();
    assert_eq!(vary, "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
    let headers = field(&answer, "access-control-allow-headers").unwrap().to_lowercase();
    assert!(headers.contains("x-api-key") && headers.contains("x-mine") && headers.contains("idempotency-key"));
    assert!(!headers.contains("claviger") && !headers.contains("forwarded"), "{headers}");
    let sub = world.raw(&preflight("/v1/thing/7", "https://a.b.shop.example", "GET", "")).await;
    assert_eq!(allowed(&sub).as_deref(), Some("https://a.b.shop.example"));
    assert_eq!(world.upstream.seen.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d10_every_refused_preflight_reads_alike() {
    let world = World::start().await;
    key(&world, KeyKind::Restricted, Preset::ReadOnly, |k| k.origins = origins(&[APP, "https://*.shop.example"])).await;
    // D11: a primary key's record counts for nothing.
    key(&world, KeyKind::Primary, Preset::FullAccess, |k| k.origins = origins(&["https://primary.example"])).await;
    let bodies = |answer: &str| {
        let body: serde_json::Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        (status(answer), body["error"]["code"].clone(), body["error"]["message"].clone())
    };
    let first = bodies(&world.raw(&preflight("/v1/thing/7", "https://evil.example", "GET", "")).await);
    for (path, origin, method, more) in [
        ("/v1/nothing", APP, "GET", ""),
        ("/v1/thing", APP, "POST", ""),
        ("/v1/thing/7", APP, "TRACE", ""),
        ("/v1/thing/7", "null", "GET", ""),
        ("/v1/thing/7", "https://shop.example", "GET", ""),
        ("/v1/thing/7", "http://app.example.com", "GET", ""),
        ("/v1/thing/7", "https://primary.example", "GET", ""),
        ("/v1/health", APP, "GET", ""),
        ("/v1/thing/7", APP, "GET", "Origin: https://app.example.com\r\n"),
        ("/v1/thing/7", APP, "GET", "Access-Control-Request-Method: GET\r\n"),
        ("/v1/thing/7", APP, "GET", "Access-Control-Request-Private-Network: true\r\n"),
        ("/v1/thing/7", APP, "GET", "Access-Control-Request-Local-Network: true\r\n"),
        ("/v1/thing/7", APP, "GET", "Access-Control-Request-Headers: a b\r\n"),
    ] {
        let answer = world.raw(&preflight(path, origin, method, more)).await;
        assert_eq!(bodies(&answer), first, "{path} {origin} {method} {more}");
        assert_eq!((allowed(&answer), field(&answer, "vary").as_deref()), (None, Some("Origin")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d10_a_keys_origins_leave_the_index_with_the_key() {
    let world = World::start().await;
    let may = async || status(&world.raw(&preflight("/v1/thing/7", APP, "GET", "")).await) == 204;
    let read = |k: &mut Key| k.origins = origins(&[APP]);
    let (one, _) = key(&world, KeyKind::Restricted, Preset::ReadOnly, read).await;
    let (two, _) = key(&world, KeyKind::Restricted, Preset::FullAccess, read).await;
    assert!(may().await);
    status_of(&world, &one, KeyStatus::Disabled).await;
    assert!(may().await, "the other key still allows it");
    status_of(&world, &two, KeyStatus::Revoked).await;
    assert!(!may().await);
    status_of(&world, &one, KeyStatus::Active).await;
    assert!(may().await);
    status_of(&world, &one, KeyStatus::Revoked).await;
    key(&world, KeyKind::Restricted, Preset::ReadOnly, |k| {
        read(k);
        k.expires_at = Some(real_clock());
    })
    .await;
    assert!(!may().await, "an expired key allows nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d10_d29_real_requests_are_held_against_their_own_key() {
    let world = World::start_with(real_clock, |config| {
        config.cors.expose = vec![http::HeaderName::from_static("x-total")];
    })
    .await;
    let (one, text) = key(&world, KeyKind::Restricted, Preset::ReadOnly, |k| k.origins = origins(&[APP])).await;
    let (_, other) =
        key(&world, KeyKind::Restricted, Preset::ReadOnly, |k| k.origins = origins(&["https://b.example"])).await;
    let (_, primary) = key(&world, KeyKind::Primary, Preset::FullAccess, |k| k.origins = origins(&[APP])).await;
    let answer = world.raw(&from_page("/v1/thing/7", &text, APP)).await;
    assert_eq!((status(&answer), allowed(&answer).as_deref()), (200, Some(APP)));
    let exposed = field(&answer, "access-control-expose-headers").unwrap();
    assert!(exposed.contains("Retry-After") && exposed.contains("X-Request-Id") && exposed.ends_with("x-total"));
    for (key, origin, code) in [
        (&other, APP, "origin_not_allowed"),
        (&text, "https://b.example", "origin_not_allowed"),
        (&text, "null", "origin_not_allowed"),
        (&primary, APP, "primary_key_in_browser"),
    ] {
        let answer = world.raw(&from_page("/v1/thing/7", key, origin)).await;
        assert_eq!((status(&answer), allowed(&answer)), (403, None), "{origin}");
        assert!(answer.contains(code) && field(&answer, "vary").as_deref() == Some("Origin"), "{answer}");
    }
    // An error that an allowed page may read: the scope is missing, the operation is unknown.
    let missing = world.raw(&from_page("/v1/nothing", &text, APP)).await;
    assert_eq!((status(&missing), allowed(&missing).as_deref()), (404, Some(APP)));
    // D29: without Origin too, and merged with what the upstream says.
    let plain = world.get("/v1/thing/7", &text).await;
    assert_eq!((field(&plain, "vary").as_deref(), allowed(&plain)), (Some("Origin"), None));
    // The key is gone, but another still allows the origin for this operation: its page may read the 401.
    let (_, _) = key(&world, KeyKind::Restricted, Preset::ReadOnly, |k| k.origins = origins(&[APP])).await;
    status_of(&world, &one, KeyStatus::Revoked).await;
    let gone = world.raw(&from_page("/v1/thing/7", &text, APP)).await;
    assert_eq!((status(&gone), allowed(&gone).as_deref()), (401, Some(APP)));
    let stranger = world.raw(&from_page("/v1/thing/7", &text, "https://evil.example")).await;
    assert_eq!((status(&stranger), allowed(&stranger)), (401, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d29_the_upstreams_vary_is_kept_and_its_cors_headers_are_ours_to_write() {
    let world = World::start().await;
    let (_, text) = key(&world, KeyKind::Restricted, Preset::ReadOnly, |k| k.origins = origins(&[APP])).await;
    let fields = |answer: &str, begin: &str| -> Vec<String> {
        let head = answer.split("\r\n\r\n").next().unwrap().to_ascii_lowercase();
        head.lines().filter(|line| line.starts_with(begin)).map(str::to_owned).collect()
    };
    for (path, vary) in [
        ("/v1/varies", ["vary: accept-encoding", "vary: origin"]),
        // It says so itself already: not once more.
        ("/v1/own_cors", ["vary: accept-encoding", "vary: accept-language, origin"]),
    ] {
        let plain = world.get(path, &text).await;
        assert_eq!((status(&plain), fields(&plain, "vary:")), (200, vary.map(str::to_owned).to_vec()), "{plain}");
        assert_eq!(fields(&plain, "access-control-"), Vec::<String>::new());
        let page = world.raw(&from_page(path, &text, APP)).await;
        assert_eq!((status(&page), fields(&page, "vary:")), (200, vary.map(str::to_owned).to_vec()), "{page}");
        let said = fields(&page, "access-control-");
        assert!(said.len() == 2 && said.contains(&format!("access-control-allow-origin: {APP}")), "{said:?}");
        assert!(said.iter().all(|line| !line.contains("x-inner")), "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d10_d11_a_websocket_from_a_page_is_held_against_its_key() {
    let world = World::start().await;
    let (_, text) = key(&world, KeyKind::Restricted, Preset::ReadOnly, |k| k.origins = origins(&[APP])).await;
    let (_, primary) = key(&world, KeyKind::Primary, Preset::FullAccess, |_| {}).await;
    let upgrade = |key: &str, origin: &str| {
        get("/v1/ws", key).replace(
            "Connection: close",
            &format!("Origin: {origin}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket"),
        )
    };
    // Browsers send no preflight for a WebSocket and hide no answer: the refusal itself is all that protects.
    for (key, origin, code) in [
        (&text, "https://evil.example", "origin_not_allowed"),
        (&text, "null", "origin_not_allowed"),
        (&primary, APP, "primary_key_in_browser"),
    ] {
        let refused = world.raw(&upgrade(key, origin).replace("keep-alive", "close")).await;
        assert!(status(&refused) == 403 && refused.contains(code), "{refused}");
        assert_eq!(allowed(&refused), None);
    }
    assert_eq!(world.upstream.seen.load(std::sync::atomic::Ordering::SeqCst), 0);
    let mut socket = world.send(&upgrade(&text, APP)).await;
    let answer = read_until(&mut socket, "\r\n\r\n").await;
    assert_eq!(status(&answer), 101, "{answer}");
    socket.write_all(b"hello").await.unwrap();
    read_until(&mut socket, "hello").await;
    assert_eq!(world.upstream.field("origin").as_deref(), Some(APP));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d10_http2_is_told_the_same() {
    let world = World::start().await;
    let (_, text) = key(&world, KeyKind::Restricted, Preset::ReadOnly, |k| k.origins = origins(&[APP])).await;
    let mut connection = world.h2().await;
    let options = http::Request::builder()
        .method("OPTIONS")
        .uri("http://api/v1/thing/7")
        .header("origin", APP)
        .header("access-control-request-method", "GET");
    let answer = soon(connection.send_request(options.body(no_body()).unwrap())).await.unwrap();
    assert_eq!(
        (answer.status(), answer.headers()["access-control-allow-origin"].to_str().unwrap()),
        (http::StatusCode::NO_CONTENT, APP)
    );
    for (origin, expected) in [(APP, 200), ("https://evil.example", 403)] {
        let asked = request("GET", "/v1/thing/7", &text).header("origin", origin).body(no_body()).unwrap();
        let answer = soon(connection.send_request(asked)).await.unwrap();
        assert_eq!(answer.status(), expected);
        assert_eq!(answer.headers().contains_key("access-control-allow-origin"), expected == 200);
        assert_eq!(answer.headers()["vary"], "Origin");
    }
    let plain = ask(&mut connection, "GET", "/v1/thing/7", &text).await;
    assert_eq!(plain.headers()["vary"], "Origin");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r84_public_operations_are_open_to_pages_only_when_the_operator_says_so() {
    let read = format!("GET /v1/health HTTP/1.1\r\nHost: api\r\nOrigin: {APP}\r\nConnection: close\r\n\r\n");
    let closed = World::start().await;
    assert_eq!(allowed(&closed.raw(&read).await), None);
    let open = World::start_with(real_clock, |config| config.cors.public_operations = true).await;
    assert_eq!(allowed(&open.raw(&read).await).as_deref(), Some(APP));
    assert_eq!(status(&open.raw(&preflight("/v1/health", APP, "GET", "")).await), 204);
    assert_eq!(status(&open.raw(&preflight("/v1/thing/7", APP, "GET", "")).await), 403);
    assert_eq!(status(&open.raw(&preflight("/v1/health", "null", "GET", "")).await), 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d12_d27_the_address_is_what_trusted_proxies_say_and_the_upstream_is_told_it() {
    let block = |k: &mut Key| k.networks = NetworkList::new(vec![Network::parse("198.51.100.0/24").unwrap()]).unwrap();
    let said =
        |text: &str, more: &str| get("/v1/thing/7", text).replace("Connection", &format!("{more}\r\nConnection"));
    let stranger = World::start().await;
    let (_, text) = key(&stranger, KeyKind::Restricted, Preset::ReadOnly, block).await;
    let answer = stranger.raw(&said(&text, "X-Forwarded-For: 198.51.100.7")).await;
    assert!(status(&answer) == 403 && answer.contains("ip_not_allowed"), "{answer}");
    let world =
        World::start_with(real_clock, |config| config.proxies.trusted = vec!["127.0.0.0/8".parse().unwrap()]).await;
    let (_, text) = key(&world, KeyKind::Restricted, Preset::ReadOnly, block).await;
    for (more, expected) in [
        ("X-Forwarded-For: 198.51.100.7", 200),
        ("X-Forwarded-For: 203.0.113.9, 198.51.100.7, 127.0.0.2", 200),
        ("Forwarded: for=\"198.51.100.7:99\";proto=https", 200),
        ("X-Forwarded-For: 198.51.100.7, 203.0.113.9", 403),
        ("X-Forwarded-For: 198.51.100.7, x", 403),
        ("Accept: x", 403),
    ] {
        assert_eq!(status(&world.raw(&said(&text, more)).await), expected, "{more}");
        if expected == 200 {
            assert_eq!(world.upstream.field("x-forwarded-for").as_deref(), Some("198.51.100.7"));
            assert!(
                !world.upstream.head().contains("203.0.113.9") && !world.upstream.head().contains("\r\nforwarded:")
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d12_with_the_proxy_protocol_every_connection_begins_with_it() {
    let header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x07\x7f\0\0\x01\0\x50\x01\xbb";
    let start = async |trusted: &str| {
        let trusted = vec![trusted.parse().unwrap()];
        World::start_with(real_clock, |config| config.proxies = Proxies { trusted, proxy_protocol: true }).await
    };
    let answer = async |world: &World, head: &[u8], text: &str| {
        let mut socket = TcpStream::connect(world.address).await.unwrap();
        // Who is not served may be cut off while writing.
        let _cut = socket.write_all(&[head, get("/v1/thing/7", text).as_bytes()].concat()).await;
        read_to_end(&mut socket).await
    };
    let world = start("127.0.0.0/8").await;
    let text = world.key(Preset::ReadOnly).await.text;
    assert_eq!(status(&answer(&world, header, &text).await), 200);
    assert_eq!(world.upstream.field("x-forwarded-for").as_deref(), Some("198.51.100.7"));
    for head in [b"".as_slice(), b"PROXY TCP4 198.51.100.7 127.0.0.1 80 443\r\n"] {
        assert_eq!(answer(&world, head, &text).await, "", "not served");
    }
    let elsewhere = start("10.0.0.0/8").await;
    let text = elsewhere.key(Preset::ReadOnly).await.text;
    assert_eq!(answer(&elsewhere, header, &text).await, "", "only trusted proxies are heard");
}
