//! HTTP/1.1 over raw sockets, read by our own side and by hyper: the same rules hold whoever reads.

use crate::harness::{World, get, read_to_end, read_until, real_clock, soon, status, until};
use model::{KeyStatus, Preset};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// Who reads a request. An absolute target is not plain, so it is hyper's, and the connection after it too.
#[derive(Clone, Copy, Debug)]
enum Side {
    Own,
    Hyper,
}

const BOTH: [Side; 2] = [Side::Own, Side::Hyper];

impl Side {
    fn of(self, request: &str) -> String {
        match self {
            Self::Own => request.to_owned(),
            Self::Hyper => request.replacen(" /", " http://api/", 1),
        }
    }
}

fn post(key: &str, path: &str, fields: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: api\r\nX-API-Key: {key}\r\n{fields}\r\n{body}")
}

fn open_get(path: &str, key: &str) -> String {
    get(path, key).replace("Connection: close\r\n", "")
}

async fn connect(world: &World) -> TcpStream {
    let socket = TcpStream::connect(world.address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d42_what_two_readers_could_read_differently_never_reaches_the_upstream() {
    let world = World::start().await;
    let key = world.key(Preset::FullAccess).await;
    let bad = [
        "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length: +3\r\n",
        "Content-Length: 3, 4\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: cow\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "X-Folded: one\r\n two\r\n",
        "X-Space : one\r\n",
        "X-Nul: a\0b\r\n",
        "X-Cr: a\rb\r\n",
        ": value\r\n",
        "Host: other\r\n",
    ];
    for side in BOTH {
        for fields in bad {
            let request = side.of(&post(&key.text, "/v1/thing", fields, "abcd"));
            let answer = world.raw(&format!("{request}{}", get("/v1/thing/1", &key.text))).await;
            assert_eq!(status(&answer), 400, "{side:?} {fields:?}: {answer}");
        }
    }
    // Here our own side says no to what hyper takes.
    for request in [
        post(&key.text, "/v1/thing", "Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
        post(&key.text, "/v1/thing", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
        post(&key.text, "/v1/thing", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
        get("/v1/thing/1", &key.text).replace("\r\n", "\n"),
        get("/v1/thing/1", &key.text).replacen("\r\n", "\n", 1),
    ] {
        let answer = world.raw(&request).await;
        assert!(status(&answer) == 400 && answer.contains("\r\nconnection: close\r\n"), "{request:?}: {answer}");
        assert_eq!(answer.matches("\r\ndate: ").count(), 1, "{answer}");
    }
    // The host that came twice is refused behind the head, so its connection goes on to the next request.
    assert!(world.upstream.seen.load(Ordering::SeqCst) <= 2);
    assert!(!world.upstream.head().contains("POST"), "{}", world.upstream.head());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_serves_many_requests_and_changes_hands_once() {
    let world = World::start().await;
    let key = world.key(Preset::FullAccess).await;
    let chunked = post(&key.text, "/v1/thing", "Transfer-Encoding: chunked\r\n", "2\r\nzz\r\n0\r\n\r\n");
    let requests = [
        open_get("/v1/thing/1", &key.text),
        post(&key.text, "/v1/thing", "Content-Length: 4\r\n", "body"),
        post("sk_test_wrong", "/v1/thing", "Content-Length: 4\r\n", "GET "),
        open_get("/v1/trailers", &key.text),
        open_get("/v1/nothing", &key.text),
        post(&key.text, "/v1/thing", "Content-Length: 0\r\n", ""),
        // From here on hyper reads.
        chunked,
        open_get("/v1/thing/2", &key.text),
        get("/v1/empty", &key.text),
    ];
    let codes =
        |answer: &str| -> Vec<u16> { answer.split("HTTP/1.1 ").skip(1).map(|a| a[..3].parse().unwrap()).collect() };
    let expected = [200, 200, 401, 200, 404, 200, 200, 200, 204];
    let answer = world.raw(&requests.concat()).await;
    assert_eq!(codes(&answer), expected, "at once: {answer}");
    assert_eq!(world.upstream.seen.load(Ordering::SeqCst), 7);
    // One after the other, and in small pieces.
    let mut socket = connect(&world).await;
    let mut answers = String::new();
    for (n, request) in requests.iter().enumerate() {
        // A refusal does not wait for a body, and without it the connection ends: here it comes with its head.
        let size = if n == 2 { request.len() } else { 1 + n * 3 };
        for piece in request.as_bytes().chunks(size) {
            socket.write_all(piece).await.unwrap();
        }
        match n {
            8 => answers += &read_to_end(&mut socket).await,
            3 => answers += &read_until(&mut socket, "0\r\n\r\n").await,
            2 | 4 => answers += &read_until(&mut socket, "}").await,
            _ => answers += &read_until(&mut socket, "ok").await,
        }
    }
    let seen = codes(&answers);
    assert_eq!(seen, expected, "in pieces: {answers}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_has_one_date_one_length_and_says_when_it_is_the_last() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    for side in BOTH {
        for (request, last) in [
            (open_get("/v1/thing/1", &key.text), false),
            (get("/v1/thing/1", &key.text), true),
            (open_get("/v1/nothing", &key.text), false),
            (get("/v1/nothing", "sk_test_wrong"), true),
            // A body that is not taken and not here: nothing after it can be found.
            (post("sk_test_wrong", "/v1/thing", "Content-Length: 100000\r\n", "abc"), true),
        ] {
            let mut socket = world.send(&side.of(&request)).await;
            let head = read_until(&mut socket, "\r\n\r\n").await.to_ascii_lowercase();
            assert_eq!(head.matches("\r\ndate: ").count(), 1, "{side:?}: {head}");
            assert_eq!(head.matches("\r\ncontent-length: ").count(), 1, "{side:?}: {head}");
            // hyper finds out after the head that a body was not taken.
            if matches!(side, Side::Own) || !request.starts_with("POST") {
                assert_eq!(head.contains("\r\nconnection: close\r\n"), last, "{side:?}: {head}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_bodies_pass_both_ways_on_a_connection_that_goes_on() {
    let world = World::start().await;
    let key = world.key(Preset::FullAccess).await;
    let body: String = (0..3_000_000_u32).map(|n| char::from(b'a' + u8::try_from(n % 23).unwrap())).collect();
    let length = format!("Content-Length: {}\r\n", body.len());
    for side in BOTH {
        let mut socket = connect(&world).await;
        for _ in 0..2 {
            soon(socket.write_all(side.of(&post(&key.text, "/v1/thing", &length, &body)).as_bytes())).await.unwrap();
            assert_eq!(status(&read_until(&mut socket, "ok").await), 200, "{side:?}");
            assert!(*world.upstream.last_body.lock().unwrap() == body.as_bytes(), "{side:?}");
        }
        socket.write_all(side.of(&get("/v1/flood", &key.text)).as_bytes()).await.unwrap();
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        let mut received = read_until(&mut socket, "\r\n\r\n").await.into_bytes();
        let body_at = received.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
        while received.len() < body_at + 64 * chunk.len() {
            assert_ne!(soon(socket.read_buf(&mut received)).await.unwrap(), 0);
        }
        // However the pieces were cut, what is in the chunks is what was sent.
        let (mut rest, mut content) = (&received[body_at..], 0);
        while let Some(end) = rest.windows(2).position(|w| w == b"\r\n") {
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
            let Some(data) = rest.get(end + 2..end + 4 + size) else { break };
            assert!(data.ends_with(b"\r\n") && data[..size].iter().all(|b| *b == b'x'), "{side:?}");
            content += size;
            rest = &rest[end + 4 + size..];
        }
        assert!(content > 60 * 0x10000, "{side:?}: {content}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d14_a_stream_is_cut_whether_its_caller_reads_or_not() {
    for side in BOTH {
        let world = World::start().await;
        let key = world.key(Preset::FullAccess).await;
        let mut read = world.send(&side.of(&get("/v1/stream", &key.text))).await;
        read_until(&mut read, "tick").await;
        let stuck = TcpSocket::new_v4().unwrap();
        stuck.set_recv_buffer_size(4096).unwrap();
        let mut stuck = stuck.connect(world.address).await.unwrap();
        stuck.write_all(side.of(&get("/v1/flood", &key.text)).as_bytes()).await.unwrap();
        let mut upload = world.send(&side.of(&post(&key.text, "/v1/thing", "Content-Length: 9\r\n", "abc"))).await;
        world.upstream.wait_seen(3).await;
        assert_eq!(world.set_status(&key, KeyStatus::Revoked).await, 3, "{side:?}");
        assert!(!read_to_end(&mut read).await.ends_with("0\r\n\r\n"), "{side:?}");
        assert_eq!(status(&read_to_end(&mut upload).await), 401, "{side:?}");
        // The one that reads nothing is let go without having read anything.
        world.wait_metric("connections 0").await;
        until("the upstream is left", || world.upstream.open.load(Ordering::SeqCst) == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_closes_its_side_takes_its_request_with_it() {
    for side in BOTH {
        let world = World::start().await;
        let key = world.key(Preset::FullAccess).await;
        let mut waiting = world.send(&side.of(&open_get("/v1/hold", &key.text))).await;
        world.upstream.wait_seen(1).await;
        waiting.shutdown().await.unwrap();
        assert_eq!(read_to_end(&mut waiting).await, "", "{side:?}");
        world.wait_metric("requests_refused_total{reason=\"caller_gone\"} 1").await;
        // Half a body, then the end of it.
        let mut half = world.send(&side.of(&post(&key.text, "/v1/thing", "Content-Length: 9\r\n", "abc"))).await;
        half.shutdown().await.unwrap();
        let answer = read_to_end(&mut half).await;
        assert!(answer.is_empty() || status(&answer) == 400, "{side:?}: {answer}");
        // Half a head.
        let mut half = world.send(&side.of("GET /v1/thing/1 HTTP/1.1\r\nHost: a")).await;
        half.shutdown().await.unwrap();
        let answer = read_to_end(&mut half).await;
        assert!(answer.is_empty() || status(&answer) == 400, "{side:?}: {answer}");
        world.wait_metric("connections 0").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_and_heads_that_trickle_are_given_up_in_one_header_timeout() {
    let limit = Duration::from_millis(600);
    let world = World::start_with(real_clock, |config| config.limits.header_timeout = limit).await;
    let key = world.key(Preset::ReadOnly).await;
    let mut idle = world.send(&open_get("/v1/thing/1", &key.text)).await;
    read_until(&mut idle, "ok").await;
    assert_eq!(read_to_end(&mut idle).await, "");
    // A byte now and then does not buy time.
    let mut slow = world.send("GET /v1/thing/1 HTTP/1.1\r\nX: ").await;
    let began = tokio::time::Instant::now();
    let mut trickle = tokio::time::interval(limit / 8);
    let ended = async {
        let mut byte = [0];
        loop {
            tokio::select! {
                _ = trickle.tick() => if slow.write_all(b"a").await.is_err() { return },
                read = slow.read(&mut byte) => if !matches!(read, Ok(1..)) { return },
            }
        }
    };
    soon(ended).await;
    assert!(began.elapsed() < limit * 4, "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d10_d27_of_the_upstreams_fields_those_that_are_ours_to_say_are_left_out() {
    let world = World::start().await;
    let key = world.key(Preset::ReadOnly).await;
    let values = |answer: &str, name: &str| -> Vec<String> {
        let head = answer.split("\r\n\r\n").next().unwrap();
        let fields = head.lines().filter_map(|line| line.split_once(": "));
        fields.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).collect()
    };
    for side in BOTH {
        let answer = world.raw(&side.of(&get("/v1/thing/77", &key.text))).await;
        assert!(status(&answer) == 200 && answer.ends_with("\r\n\r\nok"), "{side:?}: {answer}");
        for gone in ["claviger_kind", "access-control-allow-origin", "x-hop"] {
            assert!(values(&answer, gone).is_empty(), "{side:?}: {answer}");
        }
        let id = values(&answer, "x-request-id");
        assert!(id.len() == 1 && id[0].starts_with("req_"), "{side:?}: {answer}");
        assert_eq!(values(&answer, "x-two"), ["1", "2"], "{side:?}");
        assert_eq!(values(&answer, "vary"), ["Accept", "Origin"], "{side:?}");
        assert_eq!(values(&answer, "date"), ["Thu, 01 Jan 1970 00:00:00 GMT"], "{side:?}");
        assert_eq!(values(&answer, "content-length"), ["2"], "{side:?}");
        let answer = world.raw(&side.of(&get("/v1/thing/78", &key.text))).await;
        assert_eq!(values(&answer, "vary"), ["accept, ORIGIN"], "{side:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_ends_idle_connections_and_says_so_in_the_last_answer() {
    // One core, so that the end of one connection shows that the other has heard of the drain.
    let world = World::start_with(real_clock, |config| config.cores = 1).await;
    let key = world.key(Preset::ReadOnly).await;
    let mut idle = world.send(&open_get("/v1/thing/1", &key.text)).await;
    read_until(&mut idle, "ok").await;
    let mut held = world.send(&open_get("/v1/hold", &key.text)).await;
    world.upstream.wait_seen(2).await;
    let release = world.upstream.release.clone();
    let ended = tokio::spawn(world.gateway.shutdown(Duration::from_secs(15)));
    assert_eq!(read_to_end(&mut idle).await, "");
    release.notify_waiters();
    let answer = read_to_end(&mut held).await;
    assert!(status(&answer) == 200 && answer.contains("\r\nconnection: close\r\n"), "{answer}");
    soon(ended).await.unwrap();
}
