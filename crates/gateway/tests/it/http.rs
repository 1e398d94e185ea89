//! HTTP as it is spoken: both versions, every method, bodies, trailers, what is passed on and what is not.

use crate::{
    harness::{
        Http2Body, World, ask, entropy, get, new_key, no_body, operation, read_to_end, read_until, real_clock, request,
        soon, status,
    },
    registry::stamp,
};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use model::{
    Company, CompanyId, CompanyMode, CompanyRestriction, CompanySet, ExternalName, HttpMethod, KeyKind, Locator,
    NameKind, Operation, Preset, operation::Place,
};
use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

/// Frames without a length told before: with one, trailers have no place in HTTP/1.1.
struct Frames(VecDeque<Frame<Bytes>>);

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

fn with_trailers(body: &'static str, trailers: &[(&'static str, String)]) -> Http2Body {
    let mut map = HeaderMap::new();
    for (name, value) in trailers {
        map.append(*name, value.parse().unwrap());
    }
    Frames([Frame::data(Bytes::from_static(body.as_bytes())), Frame::trailers(map)].into()).boxed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d27_trailers_pass_both_ways_and_lose_what_headers_lose_over_http2() {
    let world = World::start().await;
    let key = world.key(Preset::FullAccess).await;
    let mut h2 = world.h2().await;
    let trailers = [
        ("x-sum", "1".to_owned()),
        ("claviger-account", "forged".into()),
        ("claviger_context", "forged".into()),
        ("x-api-key", key.text.clone()),
        ("x-forwarded-for", "9.9.9.9".into()),
        ("x-http-method-override", "DELETE".into()),
    ];
    let post = request("POST", "/v1/thing", &key.text).body(with_trailers("abc", &trailers)).unwrap();
    assert_eq!(soon(h2.send_request(post)).await.unwrap().status(), 200);
    let body = String::from_utf8(world.upstream.last_body.lock().unwrap().clone()).unwrap();
    assert_eq!(body, "3\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n");
    let get = request("GET", "/v1/trailers", &key.text).header("te", "trailers").body(no_body()).unwrap();
    let answer = soon(h2.send_request(get)).await.unwrap().into_body().collect().await.unwrap();
    let trailers = answer.trailers().unwrap();
    assert_eq!((trailers.len(), &trailers["x-sum"]), (1, &"7".parse::<http::HeaderValue>().unwrap()));
    assert_eq!(answer.to_bytes(), "ok");
    assert_eq!(world.upstream.field("te").as_deref(), Some("trailers"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d27_trailers_pass_both_ways_and_lose_what_headers_lose_over_http1() {
    let world = World::start().await;
    let key = world.key(Preset::FullAccess).await;
    let post = format!(
        "POST /v1/thing HTTP/1.1\r\nHost: api\r\nX-API-Key: {0}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\nClaviger-Key: forged\r\nAuthorization: Bearer {0}\r\n\r\n",
        key.text
    );
    assert_eq!(status(&world.raw(&post).await), 200);
    let body = String::from_utf8(world.upstream.last_body.lock().unwrap().clone()).unwrap();
    assert_eq!(body, "3\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n");
    let asked = get("/v1/trailers", &key.text).replace("Connection: close", "Connection: close, TE\r\nTE: trailers");
    let answer = world.raw(&asked).await;
    assert!(answer.ends_with("0\r\nx-sum: 7\r\n\r\n"), "{answer}");
}

/// A server may read a trailer as a header, and the header that names the company was looked into before there was one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d34_trailers_of_a_restricted_key_do_not_pass_where_a_header_names_the_company() {
    let world = World::start().await;
    let company = Company {
        id: CompanyId::new(real_clock(), entropy()),
        account: world.account,
        name: "one".to_owned(),
        external_names: vec![ExternalName::parse("test:id=1").unwrap()],
        created_at: real_clock(),
    };
    let (mut restricted, text) = new_key(world.account, KeyKind::Restricted, Preset::FullAccess, real_clock());
    restricted.key.companies = CompanyRestriction::Only(CompanySet::chosen(&[company.id]).unwrap());
    let rows = world.store.account(world.account);
    world.applied(rows.create_company(stamp(), company).await.unwrap().revision).await;
    world.applied(rows.create_key(stamp(), restricted).await.unwrap().revision).await;
    let all = world.key(Preset::FullAccess).await.text;
    let locator = Locator { place: Place::parse("header:x-company").unwrap(), kind: NameKind::new("id").unwrap() };
    for company in [CompanyMode::Locators(Box::new([locator.clone()])), CompanyMode::Injected(locator)] {
        let make = Operation { company, ..operation("make", HttpMethod::Post, "/v1/thing", "things:write") };
        world.gateway.set_catalogue(&Arc::new(model::Catalogue::new(vec![make]).unwrap())).await;
        for (key, passed) in [(&text, "3\r\nabc\r\n0\r\n\r\n"), (&all, "3\r\nabc\r\n0\r\nx-company: 2\r\n\r\n")] {
            let post = format!(
                "POST /v1/thing HTTP/1.1\r\nHost: api\r\nX-API-Key: {key}\r\nX-Company: 1\r\nConnection: close\r\n\
                 Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Company: 2\r\n\r\n"
            );
            assert_eq!(status(&world.raw(&post).await), 200);
            let body = String::from_utf8(world.upstream.last_body.lock().unwrap().clone()).unwrap();
            assert_eq!(body, passed);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_to_head_have_no_body_whoever_makes_them() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let cases = [
        ("/v1/thing/7", key.text.as_str(), 200),
        ("/v1/thing/7", "sk_test_wrong", 401),
        ("/v1/nothing", &key.text, 404),
        ("/.well-known/claviger/jwks.json", "", 200),
    ];
    let mut h2 = world.h2().await;
    let mut h1 = TcpStream::connect(world.address).await.unwrap();
    for (path, key, code) in cases {
        let answer = ask(&mut h2, "HEAD", path, key).await;
        assert_eq!(answer.status(), code, "{path}");
        assert_ne!(answer.headers()["content-length"], "0", "{path}");
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "", "{path}");
        // On a connection that goes on: a body would be taken for the next answer.
        h1.write_all(format!("HEAD {path} HTTP/1.1\r\nHost: api\r\nX-API-Key: {key}\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let answer = read_until(&mut h1, "\r\n\r\n").await;
        assert!(
            status(&answer) == code && answer.ends_with("\r\n\r\n") && answer.contains("content-length: "),
            "{answer}"
        );
    }
    assert_eq!(status(&world.get("/v1/thing/7", &key.text).await), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_without_a_body_stay_so() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let mut h2 = world.h2().await;
    let mut h1 = TcpStream::connect(world.address).await.unwrap();
    for (path, code) in [("/v1/unchanged", 304), ("/v1/empty", 204)] {
        let answer = ask(&mut h2, "GET", path, &key.text).await;
        assert_eq!(answer.status(), code);
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "");
        h1.write_all(get(path, &key.text).replace("Connection: close\r\n", "").as_bytes()).await.unwrap();
        let answer = read_until(&mut h1, "\r\n\r\n").await;
        assert!(status(&answer) == code && answer.ends_with("\r\n\r\n"), "{answer}");
        assert!(!answer.contains("transfer-encoding"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_body_of_a_refused_request_is_not_asked_for() {
    let world = World::start().await;
    let key = world.key(Preset::FullAccess).await;
    let head = |key: &str| {
        format!(
            "POST /v1/thing HTTP/1.1\r\nHost: api\r\nX-API-Key: {key}\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
        )
    };
    let mut socket = world.send(&head(&key.text)).await;
    assert_eq!(read_until(&mut socket, "\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    socket.write_all(b"abc").await.unwrap();
    assert_eq!(status(&read_until(&mut socket, "ok").await), 200);
    assert!(world.upstream.field("expect").is_none());
    let mut refused = world.send(&head("sk_test_wrong")).await;
    let answer = read_to_end(&mut refused).await;
    assert_eq!((status(&answer), answer.matches("HTTP/1.1").count()), (401, 1), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_before_the_end_of_the_request_goes_through() {
    let world = World::start().await;
    let key = world.key(Preset::FullAccess).await;
    let head = |path: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: api\r\nX-API-Key: {}\r\nContent-Length: 6\r\n\r\nabc", key.text)
    };
    let mut early = world.send(&head("/v1/early")).await;
    read_until(&mut early, "early").await;
    early.write_all(b"def").await.unwrap();
    read_until(&mut early, "0\r\n\r\n").await;
    assert_eq!(*world.upstream.last_body.lock().unwrap(), b"abcdef");
    // The same connection takes a next request.
    early.write_all(get("/v1/thing/1", &key.text).as_bytes()).await.unwrap();
    assert_eq!(status(&read_to_end(&mut early).await), 200);
    let mut conflict = world.send(&head("/v1/conflict")).await;
    assert_eq!(status(&read_until(&mut conflict, "no").await), 409);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipelined_requests_are_judged_one_by_one() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let body_refused = "POST /v1/thing HTTP/1.1\r\nHost: api\r\nX-API-Key: sk_test_wrong\r\nContent-Length: 38\r\n\r\nGET /v1/thing/1 HTTP/1.1\r\nHost: api\r\n\r\n";
    let requests = [
        get("/v1/thing/1", &key.text).replace("Connection: close\r\n", ""),
        body_refused.to_owned(),
        get("/v1/nothing", &key.text).replace("Connection: close\r\n", ""),
        get("/v1/thing/2", &key.text),
    ];
    let answer = world.raw(&requests.concat()).await;
    let codes: Vec<_> = answer.split("HTTP/1.1 ").skip(1).map(|a| a[..3].to_owned()).collect();
    assert_eq!(codes, ["200", "401", "404", "200"], "{answer}");
    assert_eq!(world.upstream.seen.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_1_0_is_served_without_chunks() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let answer = world.raw(&format!("GET /v1/trailers HTTP/1.0\r\nX-API-Key: {}\r\n\r\n", key.text)).await;
    assert!(status(&answer) == 200 && answer.ends_with("\r\n\r\nok"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_matched_is_what_is_forwarded() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let line = |target: &str| get(target, &key.text);
    for (asked, forwarded) in [
        ("/v1/%74hing/7?a=%41&b=..%2f", "/v1/thing/7?a=%41&b=..%2f"),
        ("http://api/v1/thing/7?x=1", "/v1/thing/7?x=1"),
        ("/v1/thing/7?", "/v1/thing/7?"),
        ("/v1/thing/7?a=//../;x", "/v1/thing/7?a=//../;x"),
    ] {
        assert_eq!(status(&world.raw(&line(asked)).await), 200, "{asked}");
        assert!(
            world.upstream.head().starts_with(&format!("GET {forwarded} HTTP/1.1\r\n")),
            "{}",
            world.upstream.head()
        );
    }
    let seen = world.upstream.seen.load(Ordering::SeqCst);
    for (method, target) in [
        ("CONNECT", "api:443"),
        ("OPTIONS", "*"),
        ("GET", "http://other/v1/thing/7"),
        ("GET", "http://a@api/v1/thing/7"),
    ] {
        let answer = world.raw(&line(target).replacen("GET", method, 1)).await;
        assert_eq!(status(&answer), 400, "{method} {target}: {answer}");
    }
    assert_eq!(world.upstream.seen.load(Ordering::SeqCst), seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d27_connection_cannot_take_our_fields_out_or_bring_others_in() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let named = "Connection: close, claviger-context, claviger-account, x-request-id, x-forwarded-for, host, x-named, x-api-key\r\nX-Named: 1\r\nCLAVIGER_KIND: primary\r\nX-Forwarded-User: root\r\nX_Forwarded-Proto: https\r\nX-Method: DELETE";
    assert_eq!(status(&world.raw(&get("/v1/thing/1", &key.text).replace("Connection: close", named)).await), 200);
    let head = world.upstream.head().to_ascii_lowercase();
    for field in [
        "claviger-context",
        "claviger-account",
        "claviger-kind",
        "x-request-id",
        "x-forwarded-for",
        "x-forwarded-proto",
        "host",
    ] {
        assert_eq!(head.matches(&format!("\r\n{field}: ")).count(), 1, "{field}: {head}");
    }
    assert_eq!(world.upstream.field("claviger-kind").as_deref(), Some("restricted"));
    for field in ["x-named", "claviger_kind", "x-forwarded-user", "x_forwarded", "x-method", "x-api-key", "connection"]
    {
        assert!(!head.contains(field), "{field}: {head}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http2_is_translated() {
    let world = World::start_with(real_clock, |config| config.limits.headers_max = 20).await;
    let key = world.key(Preset::ReadOnly).await;
    let mut h2 = world.h2().await;
    let pieces = request("GET", "/v1/thing/1", &key.text)
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .body(no_body())
        .unwrap();
    assert_eq!(soon(h2.send_request(pieces)).await.unwrap().status(), 200);
    assert_eq!(world.upstream.field("cookie").as_deref(), Some("a=1; b=2"));
    assert_eq!(world.upstream.field("x-forwarded-host").as_deref(), Some("api"));
    // One host, in one place.
    let two = request("GET", "/v1/thing/1", &key.text).header("host", "other").body(no_body()).unwrap();
    assert_eq!(soon(h2.send_request(two)).await.unwrap().status(), 400);
    // The bound on fields holds here too, and costs the request, not the connection.
    let mut many = request("GET", "/v1/thing/1", &key.text);
    for n in 0..20 {
        many = many.header(format!("x-{n}"), "1");
    }
    assert_eq!(soon(h2.send_request(many.body(no_body()).unwrap())).await.unwrap().status(), 431);
    let twice = request("GET", "/v1/thing/1", &key.text).header("x-api-key", &key.text).body(no_body()).unwrap();
    assert_eq!(soon(h2.send_request(twice)).await.unwrap().status(), 400);
    let connect = http::Request::builder()
        .method("CONNECT")
        .uri("api:443")
        .header("x-api-key", &key.text)
        .body(no_body())
        .unwrap();
    assert_eq!(soon(h2.send_request(connect)).await.unwrap().status(), 400);
    assert_eq!(ask(&mut h2, "GET", "/v1/thing/1", &key.text).await.status(), 200);
}
