//! Malformed and hostile input over raw sockets: each gets the documented answer, memory stays flat, nothing panics.

use crate::deployment::Deployment;
use std::time::Duration;
use testkit::{Must, Raw, raw::Answer};

/// What a whole pass over the table may add to the resident memory, in KiB. Far below what the bodies would take.
const GROWTH_MAX_KIB: u64 = 64 * 1024;
/// Bytes of the large body: enough to show in memory if it were kept.
const LARGE_BODY: u64 = 256 * 1024 * 1024;
/// The variable that asks for another number of bytes, for a run at full size.
const LARGE_BODY_VARIABLE: &str = "CLAVIGER_TEST_LARGE_BODY";

/// What may come back.
#[derive(Clone, Copy, Debug)]
enum Expected {
    /// This status, and this `error.code` in the body.
    Problem(u16, &'static str),
    /// This status; the parser below the gateway answers, so the body may be empty (D42).
    Status(u16),
    /// This status, or a closed connection without an answer.
    StatusOrClosed(u16),
    /// Passed on, re-framed.
    Forwarded,
}

use Expected::{Forwarded, Problem, Status, StatusOrClosed};

/// A request line, the headers every request needs, more headers, and whatever follows the empty line.
fn request(line: &str, key: &str, headers: &str, rest: &str) -> String {
    format!("{line} HTTP/1.1\r\nhost: api.example\r\nx-api-key: {key}\r\n{headers}\r\n{rest}")
}

async fn expect(deployment: &Deployment, why: &str, bytes: impl AsRef<[u8]>, expected: Expected) {
    let before = deployment.upstream.requests();
    let answer = Raw::exchange(deployment.claviger.address(), bytes).await;
    judge(why, &answer, expected);
    let forwarded = deployment.upstream.requests() - before;
    let allowed = u64::from(matches!(expected, Forwarded));
    assert_eq!(forwarded, allowed, "{why}: {forwarded} requests reached the upstream");
}

fn judge(why: &str, answer: &Answer, expected: Expected) {
    let shown = || format!("{why}: {} {}", answer.head, String::from_utf8_lossy(&answer.body));
    match expected {
        Problem(status, code) => {
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", shown());
            assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", shown());
        }
        Status(status) => assert_eq!(answer.status, status, "{}", shown()),
        StatusOrClosed(status) => assert!(answer.status == status || answer.status == 0, "{}", shown()),
        Forwarded => assert_eq!(answer.status, 200, "{}", shown()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d42_framing_and_syntax() {
    let deployment = Deployment::start().await;
    let key = deployment.test.clone();
    let post = |headers: &str, rest: &str| request("POST /things", &key, headers, rest);
    let get = |headers: &str| request("GET /things", &key, headers, "");
    let smuggled = "0\r\n\r\nGET /head HTTP/1.1\r\nhost: x\r\n\r\n";
    for (why, bytes, expected) in [
        ("a plain request", get(""), Forwarded),
        ("two lengths", post("content-length: 4\r\ncontent-length: 5\r\n", "12345"), Status(400)),
        ("a negative length", post("content-length: -1\r\n", ""), Status(400)),
        ("a length with a sign", post("content-length: +4\r\n", "1234"), Status(400)),
        ("a length in hex", post("content-length: 0x4\r\n", "1234"), Status(400)),
        ("a length beyond all numbers", post("content-length: 99999999999999999999\r\n", ""), Status(400)),
        ("a coding that ends not in chunked", post("transfer-encoding: chunked, gzip\r\n", smuggled), Status(400)),
        ("a coding nobody knows", post("transfer-encoding: cow\r\n", smuggled), Status(400)),
        ("a chunk size that is none", post("transfer-encoding: chunked\r\n", "zz\r\n"), Problem(400, "broken_body")),
        ("a folded header", get("x-folded: one\r\n two\r\n"), Status(400)),
        ("a space before the colon", get("x-space : one\r\n"), Status(400)),
        ("a NUL in a value", get("x-nul: a\0b\r\n"), Status(400)),
        ("a bare CR in a value", get("x-cr: a\rb\r\n"), Status(400)),
        ("a header without a name", get(": value\r\n"), Status(400)),
        ("a method with a space", request("GE T /things", &key, "", ""), Status(400)),
        ("an HTTP version of the future", get("").replace("HTTP/1.1", "HTTP/3.0"), Status(400)),
        ("two hosts", get("host: other.example\r\n"), Problem(400, "malformed_host")),
        ("no host", get("").replace("host: api.example\r\n", ""), Problem(400, "malformed_host")),
        ("a length beyond body_max", post("content-length: 2147483648\r\n", ""), Problem(413, "body_too_large")),
        ("garbage", "\u{1}\u{2}\u{3}\r\n\r\n".to_owned(), StatusOrClosed(400)),
        ("nothing but line ends", "\r\n\r\n\r\n\r\nGET".to_owned() + &" ".repeat(10) + "\r\n\r\n", StatusOrClosed(400)),
    ] {
        expect(&deployment, why, bytes, expected).await;
    }
    let hello = [0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3, b'\r', b'\n', b'\r', b'\n'];
    expect(&deployment, "a TLS hello on the plain port", hello, StatusOrClosed(400)).await;
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d42_two_framings_never_smuggle_a_request() {
    let deployment = Deployment::start().await;
    let address = deployment.claviger.address();
    let chunked = "transfer-encoding: chunked\r\n";
    let body = "0\r\n\r\nDELETE /things/7 HTTP/1.1\r\nhost: x\r\n\r\n";
    let length = format!("content-length: {}\r\n", body.len());
    for (why, headers) in [
        ("length first", format!("{length}{chunked}")),
        ("coding first", format!("{chunked}{length}")),
        ("coding in odd case", format!("Transfer-Encoding: Chunked\r\n{length}")),
        ("coding twice", format!("{chunked}{chunked}{length}")),
    ] {
        let before = deployment.upstream.requests();
        let mut raw = Raw::open(address).await;
        raw.send(request("POST /things", &deployment.test, &headers, body)).await;
        let answer = raw.answer().await;
        // D42: 400, or the length dropped, the body re-framed, and the connection closed after the answer.
        assert!(matches!(answer.status, 400 | 200), "{why}: {}", answer.head);
        assert!(raw.closes_within(Duration::from_secs(10)).await, "{why}: the connection stays open");
        let forwarded = deployment.upstream.requests() - before;
        assert_eq!(forwarded, u64::from(answer.status == 200), "{why}");
    }
    let seen = deployment.upstream.heads();
    assert!(seen.iter().all(|head| head.method == "POST"), "a smuggled request reached the upstream: {seen:?}");
    for head in seen {
        let framings = ["content-length", "transfer-encoding"].map(|name| head.headers.get_all(name).iter().count());
        assert_eq!(framings.iter().sum::<usize>(), 1, "not exactly one framing: {:?}", head.headers);
    }
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r62_keys_of_every_wrong_length_and_place() {
    let deployment = Deployment::start().await;
    let key = deployment.test.clone();
    let with = |value: &str| request("GET /things", value, "", "");
    for length in [0, 1, 8, 9, 30, key.len() - 1] {
        let cut = &key[..length];
        let expected = if length == 0 { [401, 400] } else { [401, 401] };
        let answer = Raw::exchange(deployment.claviger.address(), with(cut)).await;
        assert!(expected.contains(&answer.status), "{length} characters: {}", answer.head);
    }
    for (why, value) in [
        ("longer by one", format!("{key}0")),
        ("10 KB", "k".repeat(10 * 1024)),
        ("10 KB after a good key", format!("{key}{}", "k".repeat(10 * 1024))),
        ("two keys with a comma", format!("{key}, {key}")),
        ("bytes beyond ASCII", "sk_test_\u{e9}\u{e9}\u{e9}".to_owned()),
    ] {
        let answer = Raw::exchange(deployment.claviger.address(), with(&value)).await;
        assert!(matches!(answer.status, 400 | 401), "{why}: {}", answer.head);
    }
    expect(&deployment, "1 MB", with(&"k".repeat(1024 * 1024)), StatusOrClosed(431)).await;
    let many: String = (0..500).map(|n| format!("x-{n}: 1\r\n")).collect();
    expect(&deployment, "500 headers", request("GET /things", &key, &many, ""), StatusOrClosed(431)).await;
    let twice = request("GET /things", &key, &format!("x-api-key: {key}\r\n"), "");
    expect(&deployment, "one header twice", twice, Problem(400, "ambiguous_credentials")).await;
    let both = request("GET /things", &key, &format!("authorization: Bearer {key}\r\n"), "");
    expect(&deployment, "two places", both, Problem(400, "ambiguous_credentials")).await;
    assert_eq!(deployment.upstream.requests(), 0);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_are_matched_and_forwarded_in_one_spelling() {
    let deployment = Deployment::start().await;
    let key = deployment.test.clone();
    for path in [
        "//things",
        "/things//7",
        "/./things",
        "/things/../head",
        "/things/..",
        "/things/%2e%2e/head",
        "/things/.%2E/head",
        "/things%2f7",
        "/things%2F7",
        "/things;x=1",
        "/things/7;a",
        "/things\\7",
        "/things%5c7",
        "/things%5C..%5Chead",
        "/things/%00",
        "/things/%0a",
        "/things/%0d%0ahost:%20x",
        "/things/%c0%ae%c0%ae/head",
        "/things/%",
        "/things/%zz",
        "/things/%f",
    ] {
        let bytes = request(&format!("GET {path}"), &key, "", "");
        expect(&deployment, path, bytes, Problem(400, "unsafe_path")).await;
    }
    for (path, seen) in
        [("/%74hings", "/things"), ("/things/%7e1", "/things/~1"), ("/things/a%252fb", "/things/a%252fb")]
    {
        expect(&deployment, path, request(&format!("GET {path}"), &key, "", ""), Forwarded).await;
        assert_eq!(deployment.upstream.heads().last().must("see a request").target, seen, "{path}");
    }
    for path in ["/Things", "/things/", "/thing", "/things/7/more"] {
        expect(&deployment, path, request(&format!("GET {path}"), &key, "", ""), Problem(404, "operation_not_found"))
            .await;
    }
    // An absolute target names its host itself; it is matched by its path alone.
    expect(&deployment, "absolute", request("GET http://api.example/things", &key, "", ""), Forwarded).await;
    assert_eq!(deployment.upstream.heads().last().must("see a request").target, "/things");
    for line in ["GET http://api.example/things/../head", "GET http://api.example//things"] {
        expect(&deployment, line, request(line, &key, "", ""), Problem(400, "unsafe_path")).await;
    }
    for line in ["OPTIONS *", "CONNECT api.example:443", "TRACE /things", "FOO /things"] {
        let answer = Raw::exchange(deployment.claviger.address(), request(line, &key, "", "")).await;
        assert!((400..500).contains(&answer.status), "{line}: {}", answer.head);
    }
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_heads_and_stalled_bodies_are_given_up() {
    let short = [("gateway.limits.header_timeout", "1s"), ("gateway.limits.body_timeout", "1s")];
    let deployment = Deployment::serve(&short).await;
    let address = deployment.claviger.address();
    for start in ["", "GET /thi", "GET /things HTTP/1.1\r\nhost: api.example\r\nx-slow: "] {
        let mut raw = Raw::open(address).await;
        raw.send(start).await;
        let answer = raw.answer_within(Duration::from_secs(10)).await.must(&format!("be given up after {start:?}"));
        assert!(matches!(answer.status, 0 | 408), "after {start:?}: {}", answer.head);
        assert!(raw.closes_within(Duration::from_secs(10)).await, "after {start:?}");
    }
    let mut raw = Raw::open(address).await;
    raw.send(request("POST /count", &deployment.test, "content-length: 1000\r\n", "only this")).await;
    let answer = raw.answer().await;
    judge("a body that stops", &answer, Problem(408, "body_timeout"));
    assert!(raw.closes_within(Duration::from_secs(10)).await);
    // Others were served all the time.
    assert_eq!(deployment.get("/things", &deployment.test).await.status, 200);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heavy_r62_a_large_body_streams_and_memory_stays_flat() {
    let deployment = Deployment::serve(&[("gateway.limits.body_max", "4GiB")]).await;
    assert_eq!(deployment.get("/things", &deployment.test).await.status, 200);
    let before = deployment.claviger.resident_kib();
    let wanted = std::env::var_os(LARGE_BODY_VARIABLE).map(|text| text.to_string_lossy().parse().must("read a number"));
    let size = wanted.unwrap_or(LARGE_BODY);
    let piece = vec![b'x'; 256 * 1024];
    for chunked in [false, true] {
        let counted = deployment.upstream.body_bytes();
        let framing =
            if chunked { "transfer-encoding: chunked\r\n".to_owned() } else { format!("content-length: {size}\r\n") };
        let mut raw = Raw::open(deployment.claviger.address()).await;
        assert!(raw.send(request("POST /count", &deployment.test, &framing, "")).await);
        let mut left = size;
        while left > 0 {
            let now = left.min(piece.len() as u64);
            let data = &piece[..usize::try_from(now).must("fit a piece")];
            let head = if chunked { format!("{now:x}\r\n") } else { String::new() };
            let sent = raw.send(head).await && raw.send(data).await && (!chunked || raw.send("\r\n").await);
            assert!(sent, "the gateway closed after {} bytes", size - left);
            left -= now;
        }
        assert!(!chunked || raw.send("0\r\n\r\n").await);
        let answer = raw.answer().await;
        assert_eq!((answer.status, answer.json()["bytes"].as_u64()), (200, Some(size)), "{}", answer.head);
        assert_eq!(deployment.upstream.body_bytes() - counted, size);
    }
    let grown = deployment.claviger.peak_kib().saturating_sub(before);
    assert!(grown < GROWTH_MAX_KIB, "the gateway grew by {grown} KiB while {size} bytes passed twice");
    println!("{size} bytes passed twice; the gateway's peak is {grown} KiB above where it began");
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r62_a_body_beyond_the_bound_is_413_in_either_framing() {
    let deployment = Deployment::serve(&[("gateway.limits.body_max", "64KiB")]).await;
    let fits = "x".repeat(64 * 1024);
    let declared = |length: usize| format!("content-length: {length}\r\n");
    let exact = request("POST /count", &deployment.test, &declared(fits.len()), &fits);
    expect(&deployment, "exactly the bound", exact, Forwarded).await;
    let more = request("POST /count", &deployment.test, &declared(fits.len() + 1), "");
    expect(&deployment, "declared beyond the bound", more, Problem(413, "body_too_large")).await;
    let chunks = format!("10001\r\n{fits}x\r\n0\r\n\r\n");
    let bytes = request("POST /count", &deployment.test, "transfer-encoding: chunked\r\n", &chunks);
    let answer = Raw::exchange(deployment.claviger.address(), bytes).await;
    judge("chunked beyond the bound", &answer, Problem(413, "body_too_large"));
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r62_a_thousand_mutilated_requests_do_no_harm() {
    let mut deployment = Deployment::start().await;
    let address = deployment.claviger.address();
    let good = request("POST /things?a=b", &deployment.test, "content-length: 4\r\nconnection: close\r\n", "1234");
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).must("be small")
    };
    for _ in 0..1_000 {
        let mut bytes = good.clone().into_bytes();
        for _ in 0..=random(4) {
            let at = random(bytes.len());
            match random(4) {
                0 => bytes[at] = u8::try_from(random(256)).must("be a byte"),
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"\r\n\0 :,%/;\x80"[random(10)]),
                _ => bytes.truncate(at.max(1)),
            }
        }
        let mut raw = Raw::open(address).await;
        raw.send(&bytes).await;
        raw.finish().await;
        let answer = raw.answer().await;
        assert!(
            matches!(answer.status, 0 | 200 | 400..=499),
            "{} for {:?}",
            answer.head,
            String::from_utf8_lossy(&bytes)
        );
    }
    assert!(deployment.claviger.alive());
    assert_eq!(deployment.get("/things", &deployment.test).await.status, 200);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_hosts_are_not_served() {
    let deployment = Deployment::serve(&[("gateway.hosts", "api.example")]).await;
    let key = deployment.test.clone();
    expect(&deployment, "the known host", request("GET /things", &key, "", ""), Forwarded).await;
    let with_port = request("GET /things", &key, "", "").replace("host: api.example", "host: API.example:8080");
    expect(&deployment, "in capitals and with a port", with_port, Forwarded).await;
    for host in ["other.example", "api.example.evil", "127.0.0.1", "api.example@other.example", "a b"] {
        let bytes = request("GET /things", &key, "", "").replace("host: api.example", &format!("host: {host}"));
        let before = deployment.upstream.requests();
        let answer = Raw::exchange(deployment.claviger.address(), bytes).await;
        assert!(matches!(answer.status, 400 | 421), "{host}: {}", answer.head);
        assert_eq!(deployment.upstream.requests(), before, "{host}");
    }
    let absolute = request("GET http://other.example/things", &key, "", "");
    let answer = Raw::exchange(deployment.claviger.address(), absolute).await;
    assert!(matches!(answer.status, 400 | 421), "an absolute target of another host: {}", answer.head);
    deployment.stop().await;
}
