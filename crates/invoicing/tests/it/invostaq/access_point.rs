//! R117 to R120: live documents go to the access point, test documents never do.

use super::super::harness::{Caller, Server, Setup, folder};
use super::{BUYER, SELLER, body, register, seller, send, settled, with_invostaq};
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use invoicing::{AccessPoint, Surface};
use serde_json::json;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// A service that takes documents, and remembers each.
struct Listening {
    url: String,
    taken: Arc<Mutex<Vec<Parcel>>>,
    status: Arc<AtomicU16>,
    task: JoinHandle<()>,
}

#[derive(Clone, Debug)]
struct Parcel {
    transaction: String,
    secret: String,
    receiver: String,
    ubl: String,
}

impl Listening {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/as4?office=1", listener.local_addr().unwrap());
        let (taken, status) = (Arc::<Mutex<Vec<Parcel>>>::default(), Arc::new(AtomicU16::new(202)));
        let (keep, answer) = (Arc::clone(&taken), Arc::clone(&status));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (keep, answer) = (Arc::clone(&keep), Arc::clone(&answer));
                let take = service_fn(move |request: Request<Incoming>| {
                    let (keep, answer) = (Arc::clone(&keep), Arc::clone(&answer));
                    async move {
                        assert_eq!(request.uri().to_string(), "/as4?office=1");
                        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
                        let (transaction, secret) = (header("x-transaction-id"), header("x-access-point-secret"));
                        let receiver = header("x-receiver-participant-id");
                        let ubl = request.into_body().collect().await.unwrap().to_bytes();
                        let ubl = String::from_utf8(ubl.to_vec()).unwrap();
                        keep.lock().unwrap().push(Parcel { transaction, secret, receiver, ubl });
                        let status = answer.load(Ordering::SeqCst);
                        Response::builder().status(status).body(Full::new(Bytes::from("taken")))
                    }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), take));
            }
        });
        Self { url, taken, status, task }
    }

    fn taken(&self) -> Vec<Parcel> {
        self.taken.lock().unwrap().clone()
    }

    async fn server(&self, folder: &std::path::Path) -> Server {
        let access_point = Some(AccessPoint { url: self.url.clone(), secret: "ap-secret".to_owned() });
        Server::start_with(folder, Setup { access_point, ..Setup::of(Surface::Invostaq) }).await
    }
}

fn event(kind: &str, transaction: &str) -> serde_json::Value {
    json!({ "eventType": kind, "transactionId": transaction, "timestamp": "2026-11-23T12:00:00Z" })
}

async fn call_back(
    server: &Server,
    environment: &'static str,
    body: &serde_json::Value,
) -> super::super::harness::Answer {
    server.json(&Caller::callback(environment), "POST", "/api/callbacks/access-point", body).await
}

#[tokio::test]
async fn r120_a_test_document_never_reaches_the_access_point_and_a_live_one_does() {
    let (access_point, folder) = (Listening::start().await, folder());
    let server = access_point.server(folder.path()).await;
    let test = Caller::new("test", "acc_seller");
    for caller in [&test, &seller()] {
        register(&server, caller, SELLER).await;
    }
    // The test document goes first, so that it would be there if it ever came.
    let tested = send(&server, &test, &body("N1")).await;
    settled(&server, &test, &tested, "Failed").await;
    register(&server, &Caller::new("test", "acc_buyer"), BUYER).await;
    let delivered = send(&server, &test, &body("N1")).await;
    settled(&server, &test, &delivered, "Delivered").await;
    let live = send(&server, &seller(), &body("N1")).await;
    server.advance(Duration::from_secs(2));
    let path = format!("/api/v2/invoices/{live}");
    server.until(&seller(), &path, |_| !access_point.taken().is_empty()).await;
    // Whatever the callback of the other environment says.
    call_back(&server, "test", &event("transaction.failed", &live)).await.invostaq_refused(404, "not-found");
    call_back(&server, "live", &event("transaction.sent", &live)).await.expect(200);
    server.until(&seller(), &path, |row| row["state"] == "Delivered").await;
    let taken = access_point.taken();
    assert_eq!(taken.len(), 1, "{taken:?}");
    assert_eq!((&*taken[0].transaction, &*taken[0].secret, &*taken[0].receiver), (&*live, "ap-secret", BUYER));
    let document = server.get(&seller(), &format!("{path}/document")).await.text();
    assert_eq!(taken[0].ubl, document);
    // Nor can the access point speak of what it was never given.
    for transaction in [&tested, &delivered] {
        for environment in ["test", "live"] {
            let told = call_back(&server, environment, &event("transaction.failed", transaction)).await;
            told.invostaq_refused(404, "not-found");
        }
    }
    server.stop().await;
    access_point.task.abort();
}

#[tokio::test]
async fn r107_a_callback_ends_a_document_once() {
    let (access_point, folder) = (Listening::start().await, folder());
    let server = access_point.server(folder.path()).await;
    register(&server, &seller(), SELLER).await;
    let given = async |number: &str| {
        let transaction = send(&server, &seller(), &body(number)).await;
        server.advance(Duration::from_secs(2));
        let there = |_: &_| access_point.taken().iter().any(|parcel| parcel.transaction == transaction);
        server.until(&seller(), &format!("/api/v2/invoices/{transaction}"), there).await;
        transaction
    };
    let first = given("N1").await;
    let row = server.get(&seller(), &format!("/api/v2/invoices/{first}")).await.expect(200);
    assert_eq!(row["state"], "Processing", "its end is told by the callback alone");
    let mut failed = event("transaction.failed", &first);
    failed["reason"] = json!("no such receiver");
    for _ in 0..2 {
        assert_eq!(call_back(&server, "live", &failed).await.expect(200)["state"], "Failed");
    }
    // A state that is final stays.
    assert_eq!(call_back(&server, "live", &event("transaction.sent", &first)).await.expect(200)["state"], "Failed");
    let row = server.get(&seller(), &format!("/api/v2/invoices/{first}")).await.expect(200);
    assert_eq!(row["failureReason"], "no such receiver");
    let second = given("N2").await;
    let received = json!({ "eventType": "transaction.received", "payload": { "transactionId": second, "receiverId": BUYER,
        "docInstanceId": "1" }, "senderParticipantId": SELLER, "timestamp": "2026-11-23T12:00:00Z" });
    assert_eq!(call_back(&server, "live", &received).await.expect(200)["state"], "Delivered");
    call_back(&server, "live", &event("transaction.sent", "txn_unknown")).await.invostaq_refused(404, "not-found");
    call_back(&server, "live", &json!({ "eventType": "transaction.sent" }))
        .await
        .invostaq_refused(422, "invalid-record");
    call_back(&server, "live", &event("transaction.lost", &second)).await.invostaq_refused(400, "bad-body");
    server.stop().await;
    access_point.task.abort();
}

#[tokio::test]
async fn an_access_point_in_trouble_is_tried_again_later_also_after_a_restart() {
    let (access_point, folder) = (Listening::start().await, folder());
    access_point.status.store(503, Ordering::SeqCst);
    let server = access_point.server(folder.path()).await;
    register(&server, &seller(), SELLER).await;
    let transaction = send(&server, &seller(), &body("N1")).await;
    let path = format!("/api/v2/invoices/{transaction}");
    server.advance(Duration::from_secs(2));
    server.until(&seller(), &path, |_| access_point.taken().len() == 1).await;
    // An orderly stop waits for the errand, so that its plan is in the rows.
    let clock = server.clock.load(Ordering::SeqCst);
    server.stop().await;
    access_point.status.store(200, Ordering::SeqCst);
    let server = access_point.server(folder.path()).await;
    server.clock.store(clock, Ordering::SeqCst);
    assert_eq!(server.get(&seller(), &path).await.expect(200)["state"], "Processing");
    assert_eq!(access_point.taken().len(), 1, "not before its time");
    server.advance(Duration::from_secs(5));
    server.until(&seller(), &path, |_| access_point.taken().len() == 2).await;
    call_back(&server, "live", &event("transaction.sent", &transaction)).await.expect(200);
    server.stop().await;
    access_point.task.abort();
}

#[tokio::test]
async fn what_the_access_point_refuses_fails() {
    let (access_point, folder) = (Listening::start().await, folder());
    access_point.status.store(422, Ordering::SeqCst);
    let server = access_point.server(folder.path()).await;
    register(&server, &seller(), SELLER).await;
    let transaction = send(&server, &seller(), &body("N1")).await;
    let row = settled(&server, &seller(), &transaction, "Failed").await;
    assert!(row["failureReason"].as_str().unwrap().contains("422"), "{row}");
    server.stop().await;
    access_point.task.abort();
}

#[tokio::test]
async fn an_access_point_is_on_this_machine_and_has_a_secret() {
    for (url, secret) in [
        ("https://ap.example.com/", "x"),
        ("http://10.0.0.1/", "x"),
        ("http://127.0.0.1/", ""),
        ("http://127.0.0.1/", "a b"),
        ("", "x"),
    ] {
        let folder = folder();
        let access_point = Some(AccessPoint { url: url.to_owned(), secret: secret.to_owned() });
        let server = Server::start_with(folder.path(), Setup { access_point, ..Setup::of(Surface::Invostaq) }).await;
        let error = server.ended().await.unwrap_err().to_string();
        assert!(error.contains("access point") && !error.contains("a b"), "{error}");
    }
    assert!(!format!("{:?}", AccessPoint { url: "u".to_owned(), secret: "planted".to_owned() }).contains("planted"));
}

#[tokio::test]
async fn without_an_access_point_no_callback_ends_anything() {
    with_invostaq(|server| async move {
        register(&server, &seller(), SELLER).await;
        let transaction = send(&server, &seller(), &body("N1")).await;
        call_back(&server, "live", &event("transaction.sent", &transaction)).await.invostaq_refused(404, "not-found");
        settled(&server, &seller(), &transaction, "Failed").await;
        call_back(&server, "live", &event("transaction.sent", &transaction)).await.invostaq_refused(404, "not-found");
        server
    })
    .await;
}
