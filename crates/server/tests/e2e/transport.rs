//! Transport: TLS versions, HSTS, HTTP/2 with and without TLS, plain HTTP off loopback (R63-R65, D21).

use crate::deployment::{CLAVIGER, Deployment};
use http_body_util::BodyExt as _;
use std::time::Duration;
use testkit::{
    Home, Must, Raw, Run,
    client::{Call, Connection, Wire},
    upstream::OPENAPI,
};

/// With a certificate made at the start.
const TLS: &[(&str, &str)] = &[("gateway.tls.mode", "self_signed")];

#[tokio::test(flavor = "multi_thread")]
async fn r63_r65_tls_1_2_and_1_3_are_served_with_hsts_on_both_http_versions() {
    let deployment = Deployment::serve(TLS).await;
    assert!(deployment.claviger.gateway().starts_with("https://"), "{}", deployment.claviger.gateway());
    let address = deployment.claviger.address();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for wire in [Wire::Http1, Wire::Http2] {
            let mut connection = Connection::tls(address, wire, &[version]).await.must("shake hands");
            for (key, status) in [(deployment.test.as_str(), 200), ("wrong", 401)] {
                let reply = connection.send(Call::get(&deployment.url("/things")).key(key)).await;
                assert_eq!(reply.status, status, "{version:?} {wire:?}");
                let hsts = reply.header("strict-transport-security");
                assert!(hsts.starts_with("max-age="), "{version:?} {wire:?} {status}: {hsts:?}");
            }
        }
    }
    deployment.stop().await;
}

/// A hello of TLS 1.0 or 1.1: no extension says that the client knows better.
fn old_hello(minor: u8) -> Vec<u8> {
    let mut body = vec![3, minor];
    body.extend([7u8; 32]);
    body.push(0);
    // Two suites that every version up to 1.2 has.
    body.extend([0, 4, 0xC0, 0x13, 0xC0, 0x14, 1, 0]);
    // The groups, point formats and signatures that the server asks for, so that the version alone is at fault.
    let extensions = [0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0, 0, 13, 0, 4, 0, 2, 4, 3];
    body.extend([0, u8::try_from(extensions.len()).must("be short")]);
    body.extend(extensions);
    let length = u8::try_from(body.len()).must("be short");
    let mut hello = vec![0x16, 3, 1, 0, length + 4, 1, 0, 0, length];
    hello.extend(body);
    hello
}

#[tokio::test(flavor = "multi_thread")]
async fn r63_tls_1_0_and_1_1_are_refused() {
    let deployment = Deployment::serve(TLS).await;
    for minor in [1, 2] {
        let mut raw = Raw::open(deployment.claviger.address()).await;
        raw.send(old_hello(minor)).await;
        let answer = raw.answer().await;
        // A fatal alert (21), protocol_version (70); and nothing else.
        assert_eq!(answer.body.first(), Some(&21), "TLS 1.{}: {:?}", minor - 1, answer.body);
        assert_eq!(answer.body.last(), Some(&70), "TLS 1.{}: {:?}", minor - 1, answer.body);
    }
    let mut plain = Raw::open(deployment.claviger.address()).await;
    plain.send("GET /things HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let answer = plain.answer().await;
    assert_eq!(answer.status, 0, "plain HTTP was answered on the HTTPS port: {}", answer.head);
    assert!(plain.closes_within(Duration::from_secs(10)).await);
    assert_eq!(deployment.upstream.requests(), 0);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_with_prior_knowledge_on_loopback_and_many_requests_on_one_connection() {
    let deployment = Deployment::start().await;
    for wire in [Wire::Http1, Wire::Http2] {
        let mut connection = Connection::plain(deployment.claviger.address(), wire).await;
        for _ in 0..100 {
            let reply = connection.send(Call::get(&deployment.url("/things")).key(&deployment.test)).await;
            assert_eq!(reply.status, 200, "{wire:?}");
            assert!(reply.header("strict-transport-security").is_empty(), "HSTS over plain HTTP means nothing");
        }
        let body = "x".repeat(300_000);
        let call = Call::post(&deployment.url("/count")).key(&deployment.test).body(body.clone());
        assert_eq!(connection.send(call).await.json()["bytes"], body.len(), "{wire:?}");
    }
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trailers_pass_and_upstream_failures_are_502() {
    let deployment = Deployment::start().await;
    let call = Call::get(&deployment.url("/trailers")).key(&deployment.test).header("te", "trailers");
    let body = call.open().await.into_body().collect().await.must("read the answer");
    let sum = body.trailers().and_then(|fields| fields.get("x-sum")).must("find the trailer").clone();
    assert_eq!((sum.as_bytes(), body.to_bytes().as_ref()), (b"42".as_slice(), b"body".as_slice()));
    let reset = deployment.get("/reset", &deployment.test).await;
    assert_eq!((reset.status, reset.code().as_str()), (502, "upstream_invalid_response"));
    let early = Call::post(&deployment.url("/early")).key(&deployment.test).body(vec![b'x'; 4 * 1024 * 1024]);
    assert_eq!(early.send().await.status, 200, "an upstream may answer before it has read the body");
    deployment.stop().await;
}

/// A network of its own with one address beyond loopback; nothing outside it can reach or be reached.
const OFF_LOOPBACK: &str = "198.51.100.7";

/// Inside that network: HTTPS on one port and plain HTTP on another, both beyond loopback, and three curl calls.
const SCRIPT: &str = r#"
set -eu
ip link set lo up
ip address add "$ADDRESS/32" dev lo
"$CLAVIGER" catalogue import upstream.json -o catalogue.toml >/dev/null
"$CLAVIGER" tokens bootstrap --json >token
"$CLAVIGER" serve --json >ready 2>log &
pid=$!
trap 'kill $pid 2>/dev/null || true; wait $pid 2>/dev/null || true' EXIT
tries=0
until [ -s ready ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt 600 ] || ! kill -0 $pid 2>/dev/null; then cat log >&2; exit 9; fi
  read -r -t 0.1 _ <> <(:) || true
done
field() { sed -E "s/.*\"$1\":\"([^\"]+)\".*/\1/"; }
control=$(field control_url <ready)
curl -sS -H "authorization: Bearer $(field token <token)" -H 'content-type: application/json' \
  -d '{"name":"Account"}' "$control/v1/accounts" >account
key=$(sed -E 's/.*"live":\{[^}]*"secret":"([^"]+)".*/\1/' account)
printf 'plain '
curl -sS -o body -w '%{http_code} %{redirect_url}' -H "x-api-key: $key" "http://$ADDRESS:8080/things"
printf '\ncode '; field code <body
printf '\nhttps '
curl -sSk -o /dev/null -w '%{http_code}' "https://$ADDRESS:8443/things"
kill $pid
wait $pid
printf '\nseen '
grep -c https_required log
"#;

#[tokio::test(flavor = "multi_thread")]
async fn r64_d21_plain_http_off_loopback_is_refused_and_never_redirected() {
    let home = Home::new();
    home.file("upstream.json", OPENAPI);
    home.file(
        "claviger.toml",
        &format!(
            "[gateway]\nlisten = \"{OFF_LOOPBACK}:8443\"\nplain_listen = \"{OFF_LOOPBACK}:8080\"\n\
             [gateway.tls]\nmode = \"self_signed\"\n[upstream.test]\nurl = \"http://127.0.0.1:9\"\n\
             [upstream.live]\nurl = \"http://127.0.0.1:9\"\n[catalogue]\nfile = \"catalogue.toml\"\n\
             [store]\nfolder = \"data\"\n"
        ),
    );
    let run = Run::new("unshare", &["--user", "--map-root-user", "--net", "bash", "-c", SCRIPT]);
    let done = run.env("CLAVIGER", CLAVIGER).env("ADDRESS", OFF_LOOPBACK).within(&home).end().await;
    if done.errors.contains("unshare") && done.output.is_empty() {
        println!("SKIPPED: no network namespace can be made here: {}", done.errors.trim());
        return;
    }
    assert_eq!(done.code, 0, "{}{}", done.output, done.errors);
    let lines: Vec<&str> = done.output.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, ["plain 403", "code https_required", "https 401", "seen 1"], "{}", done.errors);
}
