//! D24: nothing but a context that the gateway signed lets a request in.

use super::harness::{Caller, NOW, Server, Setup, Signer, folder, options, unsigned, with_server};
use data_encoding::BASE64URL_NOPAD;
use invoicing::{ContextKeys, Options};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

fn caller() -> Caller {
    Caller::new("test", "acc_one")
}

fn without(mut claims: Value, name: &str) -> Value {
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

#[tokio::test]
async fn d24_every_broken_token_is_refused() {
    with_server(async |server| {
        let claims = caller().claims(NOW);
        let head = json!({"alg": "EdDSA", "typ": "JWT", "kid": "k1"});
        let signer = &server.signer;
        let stranger = Signer::new(9, "k1");
        let good = signer.sign(&claims);
        let (text, signature) = good.rsplit_once('.').unwrap();
        let none = |alg: &str| format!("{}.", unsigned(&json!({"alg": alg, "kid": "k1"}), &claims));
        let hs256 = {
            // The classic: the public key, which everybody may know, as the secret of an HMAC.
            let text = unsigned(&json!({"alg": "HS256", "kid": "k1"}), &claims);
            let public = aws_lc_rs::signature::KeyPair::public_key(&signer.key).as_ref().to_vec();
            let tag = aws_lc_rs::hmac::sign(
                &aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &public),
                text.as_bytes(),
            );
            format!("{text}.{}", BASE64URL_NOPAD.encode(tag.as_ref()))
        };
        let cases: Vec<(&str, String)> = vec![
            ("no token at all", String::from("x")),
            ("an empty token", String::new()),
            ("two dots", String::from("..")),
            ("no signature", format!("{text}.")),
            ("half a signature", format!("{text}.{}", &signature[..20])),
            ("the signature of another text", format!("{}.{signature}", unsigned(&head, &caller().claims(NOW - 1)))),
            ("a stranger's key under our id", stranger.sign(&claims)),
            ("a stranger's key under its own id", Signer::new(9, "k9").sign(&claims)),
            ("no key id", signer.sign_with(&json!({"alg": "EdDSA"}), &claims)),
            ("a key in the header", signer.sign_with(&json!({"alg": "EdDSA", "jwk": {"kty": "OKP"}}), &claims)),
            ("a critical extension", signer.sign_with(&with(head.clone(), "crit", json!(["b64"])), &claims)),
            ("alg none", none("none")),
            ("alg None", none("None")),
            ("alg HS256 with the public key", hs256),
            ("alg RS256", signer.sign_with(&with(head.clone(), "alg", json!("RS256")), &claims)),
            ("expired", signer.sign(&caller().claims(NOW - 65))),
            ("not issued yet", signer.sign(&caller().claims(NOW + 6))),
            ("not valid yet", signer.sign(&with(claims.clone(), "nbf", json!(NOW + 6)))),
            ("a life too long", signer.sign(&with(claims.clone(), "exp", json!(NOW + 301)))),
            ("no end", signer.sign(&without(claims.clone(), "exp"))),
            ("an end as text", signer.sign(&with(claims.clone(), "exp", json!("9999999999")))),
            ("no beginning", signer.sign(&without(claims.clone(), "iat"))),
            ("no issuer", signer.sign(&without(claims.clone(), "iss"))),
            ("another issuer", signer.sign(&with(claims.clone(), "iss", json!("claviger2")))),
            ("a list of issuers", signer.sign(&with(claims.clone(), "iss", json!(["claviger"])))),
            ("no audience", signer.sign(&without(claims.clone(), "aud"))),
            ("another audience", signer.sign(&with(claims.clone(), "aud", json!("dashboard")))),
            ("a list of audiences", signer.sign(&with(claims.clone(), "aud", json!(["upstream", "x"])))),
            ("no environment", signer.sign(&without(claims.clone(), "environment"))),
            ("another environment", signer.sign(&with(claims.clone(), "environment", json!("prod")))),
            ("no companies", signer.sign(&without(claims.clone(), "companies"))),
            ("companies as a number", signer.sign(&with(claims.clone(), "companies", json!(1)))),
            ("companies in capitals", signer.sign(&with(claims.clone(), "companies", json!("ALL")))),
            ("no account", signer.sign(&without(claims.clone(), "account"))),
            ("no key", signer.sign(&without(claims.clone(), "key"))),
            ("another kind", signer.sign(&with(claims.clone(), "kind", json!("root")))),
            ("claims that are a list", signer.sign(&json!([1]))),
        ];
        for (what, token) in cases {
            let answer = server.raw("GET", "/v1/status", &[("claviger-context", &token)], "").await;
            assert_eq!(answer.status.as_u16(), 401, "{what}: {}", answer.text());
            answer.refused(401, "context_invalid");
            assert!(answer.headers.contains_key("www-authenticate"));
        }
        let twice = [("claviger-context", good.as_str()), ("claviger-context", good.as_str())];
        server.raw("GET", "/v1/status", &twice, "").await.refused(401, "context_invalid");
        server.raw("GET", "/v1/status", &[("claviger-context", &good)], "").await.expect(200);
        server
    })
    .await;
}

#[tokio::test]
async fn d24_without_the_gateway_there_is_nothing_but_health() {
    with_server(async |server| {
        for (method, path) in
            [("GET", "/v1/company"), ("POST", "/v1/send/json"), ("GET", "/"), ("GET", "/v2/x"), ("PATCH", "/v1/send")]
        {
            let problem = server.raw(method, path, &[], "").await.refused(401, "context_missing");
            assert!(problem["detail"].as_str().unwrap().contains("through the gateway"));
        }
        // The plain copies of the context, and a key, say nothing by themselves.
        let copies = [("claviger-account", "acc_one"), ("claviger-environment", "live"), ("authorization", "Bearer x")];
        server.raw("GET", "/v1/company", &copies, "").await.refused(401, "context_missing");
        server.raw("GET", "/v1/health", &[], "").await.expect(200);
        server.raw("POST", "/v1/health", &[], "").await.refused(405, "method_not_allowed");
        server
    })
    .await;
}

#[tokio::test]
async fn d24_the_public_has_an_environment_and_no_data() {
    with_server(async |server| {
        let claims = json!({"iss": "claviger", "aud": "upstream", "iat": NOW, "exp": NOW + 60, "environment": "test"});
        let token = server.signer.sign(&claims);
        let headers = [("claviger-context", token.as_str())];
        server.raw("GET", "/v1/health", &headers, "").await.expect(200);
        for path in ["/v1/status", "/v1/company", "/v1/log", "/v1/nothing"] {
            server.raw("GET", path, &headers, "").await.refused(403, "account_required");
        }
        server
    })
    .await;
}

#[tokio::test]
async fn d24_clocks_may_differ_by_five_seconds() {
    with_server(async |server| {
        for (issued, status) in [(NOW + 5, 200), (NOW + 6, 401), (NOW - 64, 200), (NOW - 65, 401)] {
            let token = server.signer.sign(&caller().claims(issued));
            let answer = server.raw("GET", "/v1/status", &[("claviger-context", &token)], "").await;
            assert_eq!(answer.status.as_u16(), status, "issued at {issued}");
        }
        server
    })
    .await;
}

#[tokio::test]
async fn d24_the_header_and_the_issuer_are_the_operators() {
    let folder = folder();
    let signer = Signer::new(1, "k1");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let options = Options {
        issuer: String::from("wicket"),
        header: String::from("Wicket-Context"),
        ..options(folder.path(), None)
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let task = tokio::spawn(invoicing::serve(listener, options, async {
        let _ = stopped.await;
    }));
    let token = signer.sign(&with(caller().claims(NOW), "iss", json!("wicket")));
    let call = async |header: &str| {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET /v1/status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}: {token}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    assert!(call("wicket-context").await.starts_with("HTTP/1.1 200"));
    assert!(call("claviger-context").await.contains("no `wicket-context` header"));
    stop.send(()).unwrap();
    task.await.unwrap().unwrap();
}

#[tokio::test]
async fn d43_the_key_set_is_read_when_it_is_needed_and_not_for_every_stranger() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/.well-known/claviger/jwks.json", listener.local_addr().unwrap());
    let reads = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&reads);
    let body = Signer::new(1, "k1").jwks();
    let gateway = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 2_048];
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(buffer[..read].starts_with(b"GET /.well-known/claviger/jwks.json HTTP/1.1\r\n"));
            count.fetch_add(1, Ordering::SeqCst);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(body.as_bytes()).await.unwrap();
        }
    });
    let folder = folder();
    let server =
        Server::start_with(folder.path(), Setup { keys: Some(ContextKeys::Url(url)), ..Setup::default() }).await;
    assert_eq!(reads.load(Ordering::SeqCst), 0, "nothing is read before it is needed");
    // Many first requests at once make one read.
    let (a, b, c) = (caller(), caller(), caller());
    let (a, b, c) =
        tokio::join!(server.get(&a, "/v1/status"), server.get(&b, "/v1/status"), server.get(&c, "/v1/status"));
    for answer in [a, b, c] {
        answer.expect(200);
    }
    assert_eq!(reads.load(Ordering::SeqCst), 1);
    for n in 0..30 {
        let token =
            server.signer.sign_with(&json!({"alg": "EdDSA", "kid": format!("unknown{n}")}), &caller().claims(NOW));
        server.raw("GET", "/v1/status", &[("claviger-context", &token)], "").await.refused(401, "context_invalid");
    }
    assert_eq!(reads.load(Ordering::SeqCst), 1, "an unknown key id is no way to make this API read");
    server.stop().await;
    gateway.abort();
}

#[tokio::test]
async fn d43_until_the_key_set_can_be_read_the_answer_is_503() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    drop(listener);
    let folder = folder();
    let server =
        Server::start_with(folder.path(), Setup { keys: Some(ContextKeys::Url(url)), ..Setup::default() }).await;
    server.get(&caller(), "/v1/status").await.refused(503, "context_keys_unavailable");
    server.stop().await;
}

#[tokio::test]
async fn d43_keys_that_cannot_work_stop_the_start() {
    for keys in [
        ContextKeys::Url(String::from("https://gateway.example/jwks.json")),
        ContextKeys::Url(String::from("http://192.0.2.1/jwks.json")),
        ContextKeys::Static(String::from("{}")),
        ContextKeys::Static(String::from(r#"{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}]}"#)),
    ] {
        let folder = folder();
        let error = Server::refused(options(folder.path(), Some(keys))).await;
        assert!(error.contains("keys of the signed context"), "{error}");
    }
}
