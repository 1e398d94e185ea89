//! A gateway, its store, an upstream that does as it is told, and raw sockets.

use gateway::{Gateway, GatewayConfig, IdempotencyConfig, Limits, Listen, PlainHttp, Upstreams};
use model::operation::{Locator, OtherBodies, Place, ServedBy};
use model::{
    Account, AccountId, Audience, AuditId, ClientId, CompanyMode, CompanyRestriction, Credential, Entropy, Environment,
    Environments, HttpMethod, Idempotency, Key, KeyId, KeyKind, KeyLimits, KeyShape, KeyStatus, LimitClass, LimitName,
    NameKind, NetworkList, Operation, OperationId, OriginList, Preset, Scope, Secret, SecretHash, SecretSlot, Template,
    Timestamp,
};
use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use store::{AccountStore, Author, NewKey, Revision, Stamp, Store, WritesOptions};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// Real time; tests that move the clock bring their own.
#[expect(clippy::disallowed_methods, reason = "the test is the binary here")]
pub(crate) fn real_clock() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
}

/// Different bytes at each call; not random.
pub(crate) fn fill(buffer: &mut [u8]) {
    static STATE: AtomicU64 = AtomicU64::new(0x9E37_79B9_7F4A_7C15);
    for byte in buffer {
        let x = STATE.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        let x = (x ^ (x >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        *byte = (x >> 40) as u8;
    }
}

pub(crate) fn entropy() -> Entropy {
    let mut bytes = [0; 10];
    fill(&mut bytes);
    Entropy(bytes)
}

/// An upstream that answers by path, and counts.
#[derive(Clone)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    /// Requests whose head has arrived.
    pub(crate) seen: Arc<AtomicUsize>,
    /// `/v1/hold` answers once this is notified (all at once).
    pub(crate) release: Arc<Notify>,
    /// The last request's head.
    pub(crate) last_head: Arc<std::sync::Mutex<String>>,
    /// The last request's body as it came, chunks and trailers included.
    pub(crate) last_body: Arc<std::sync::Mutex<Vec<u8>>>,
    /// Connections that are open.
    pub(crate) open: Arc<AtomicUsize>,
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let upstream = Self {
            address,
            seen: Arc::default(),
            release: Arc::new(Notify::new()),
            last_head: Arc::default(),
            last_body: Arc::default(),
            open: Arc::default(),
        };
        let told = upstream.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let told = told.clone();
                tokio::spawn(async move {
                    told.open.fetch_add(1, Ordering::SeqCst);
                    told.serve(socket).await;
                    told.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        upstream
    }

    pub(crate) fn head(&self) -> String {
        self.last_head.lock().unwrap().clone()
    }

    /// What the last request's head says for a field.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        self.head().lines().find_map(|l| l.strip_prefix(&format!("{name}: ")).map(str::to_owned))
    }

    /// The claims of the last request's context; its signature is not looked at.
    pub(crate) fn claims(&self) -> serde_json::Value {
        let token = self.field("claviger-context").expect("a context");
        let claims = data_encoding::BASE64URL_NOPAD.decode(token.split('.').nth(1).unwrap().as_bytes()).unwrap();
        serde_json::from_slice(&claims).unwrap()
    }

    pub(crate) async fn wait_seen(&self, count: usize) {
        let reached = async {
            while self.seen.load(Ordering::SeqCst) < count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reached).await.expect("the upstream saw the requests");
    }
}

impl Upstream {
    async fn serve(&self, mut socket: TcpStream) {
        let mut buffer = Vec::new();
        while let Some(head) = read_head(&mut socket, &mut buffer).await {
            let released = self.release.notified();
            tokio::pin!(released);
            released.as_mut().enable();
            self.last_head.lock().unwrap().clone_from(&head);
            self.seen.fetch_add(1, Ordering::SeqCst);
            let path = head.split([' ', '?']).nth(1).unwrap_or_default().to_owned();
            let answer = match path.as_str() {
                "/v1/hold" | "/v1/member/hold" => {
                    let mut byte = [0];
                    tokio::select! {
                        () = released => {}
                        // Nothing is sent meanwhile, so this is the end.
                        _ = socket.peek(&mut byte), if !head.contains("content-length") => return,
                    }
                    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nheld"
                }
                "/v1/stream" | "/v1/flood" | "/v1/ws" => return endless(&path, &mut socket).await,
                "/v1/early" => {
                    socket
                        .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n")
                        .await
                        .unwrap();
                    "0\r\n\r\n"
                }
                "/v1/conflict" => {
                    let _gone = socket
                        .write_all(b"HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
                        .await;
                    return;
                }
                "/v1/unchanged" => "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\nContent-Length: 5\r\n\r\n",
                "/v1/own_cors" => {
                    "HTTP/1.1 200 OK\r\nVary: Accept-Encoding\r\nVary: Accept-Language, Origin\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\nAccess-Control-Expose-Headers: X-Inner\r\nAccess-Control-Of-Tomorrow: yes\r\nContent-Length: 2\r\n\r\nok"
                }
                "/v1/varies" => "HTTP/1.1 200 OK\r\nVary: Accept-Encoding\r\nContent-Length: 2\r\n\r\nok",
                "/v1/empty" => "HTTP/1.1 204 No Content\r\n\r\n",
                "/v1/trailers" => {
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum, claviger-account\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\nClaviger-Account: forged\r\n\r\n"
                }
                "/v1/thing/77" => {
                    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCLAVIGER_Kind: x\r\nAccess-Control-Allow-Origin: *\r\nX-Request-ID: forged\r\nX-Two: 1\r\nVary: Accept\r\nConnection: X-Hop\r\nX-Hop: 1\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nx-two: 2\r\n\r\nok"
                }
                "/v1/thing/78" => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nVARY: accept, ORIGIN\r\n\r\nok",
                _ if head.starts_with("HEAD") => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
                _ => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nClaviger-Account: forged\r\n\r\nok",
            };
            let Some(body) = read_body(&mut socket, &mut buffer, &head).await else { return };
            *self.last_body.lock().unwrap() = body;
            if socket.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

async fn endless(path: &str, socket: &mut TcpStream) {
    let head: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    match path {
        "/v1/stream" => {
            socket.write_all(head).await.unwrap();
            while socket.write_all(b"5\r\ntick\n\r\n").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        "/v1/flood" => {
            socket.write_all(head).await.unwrap();
            let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
            while socket.write_all(&chunk).await.is_ok() {}
        }
        _ => {
            let hello = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
            socket.write_all(hello).await.unwrap();
            let mut bytes = [0; 64];
            while let Ok(n @ 1..) = socket.read(&mut bytes).await {
                if socket.write_all(&bytes[..n]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// The body, chunk sizes and trailers included.
pub(crate) async fn read_body(socket: &mut TcpStream, buffer: &mut Vec<u8>, head: &str) -> Option<Vec<u8>> {
    let head = head.to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).map_or(0, |l| l.split('\r').next().unwrap().parse().unwrap());
    let chunked = head.contains("transfer-encoding: chunked");
    let end = |buffer: &[u8]| {
        if !chunked {
            return (buffer.len() >= length).then_some(length);
        }
        let last = if buffer.starts_with(b"0\r\n") { 0 } else { buffer.windows(5).position(|w| w == b"\r\n0\r\n")? };
        let tail = buffer[last..].windows(4).position(|w| w == b"\r\n\r\n")?;
        Some(last + tail + 4)
    };
    while end(buffer).is_none() {
        if socket.read_buf(buffer).await.unwrap_or(0) == 0 {
            return None;
        }
    }
    Some(buffer.drain(..end(buffer).unwrap()).collect())
}

pub(crate) async fn read_head(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            let rest = buffer.split_off(end + 4);
            let head = std::mem::replace(buffer, rest);
            return String::from_utf8(head).ok();
        }
        if socket.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) store: Store,
    pub(crate) account: AccountId,
    pub(crate) upstream: Upstream,
    pub(crate) address: SocketAddr,
    clock: fn() -> Timestamp,
    folder: tempfile::TempDir,
}

/// A key as its owner knows it.
pub(crate) struct TestKey {
    pub(crate) id: KeyId,
    pub(crate) text: String,
}

pub(crate) fn operation(id: &str, method: HttpMethod, path: &str, scope: &str) -> Operation {
    Operation {
        id: OperationId::new(id).unwrap(),
        method,
        template: Template::parse(path).unwrap(),
        audience: Audience::Key,
        scope: Scope::parse(scope).unwrap(),
        company: CompanyMode::Context,
        class: LimitClass::default(),
        environment: None,
        other_bodies: OtherBodies::default(),
        idempotency: Idempotency::default(),
        channel: None,
        learn: None,
        callback: None,
        served_by: ServedBy::default(),
    }
}

pub(crate) fn operations() -> Vec<Operation> {
    let get = HttpMethod::Get;
    let mut list = vec![
        operation("hold", get, "/v1/hold", "things:read"),
        operation("stream", get, "/v1/stream", "things:read"),
        operation("flood", get, "/v1/flood", "things:read"),
        operation("ws", get, "/v1/ws", "things:read"),
        operation("thing", get, "/v1/thing/{id:int32}", "things:read"),
        operation("make", HttpMethod::Post, "/v1/thing", "things:write"),
        operation("hold_body", HttpMethod::Post, "/v1/hold", "things:write"),
        operation("early", HttpMethod::Post, "/v1/early", "things:write"),
        operation("conflict", HttpMethod::Post, "/v1/conflict", "things:write"),
        operation("unchanged", get, "/v1/unchanged", "things:read"),
        operation("empty", get, "/v1/empty", "things:read"),
        operation("own_cors", get, "/v1/own_cors", "things:read"),
        operation("varies", get, "/v1/varies", "things:read"),
        operation("trailers", get, "/v1/trailers", "things:read"),
    ];
    let mut of_company = operation("of_company", get, "/v1/of", "things:read");
    let place = Place::parse("query:company_id").unwrap();
    of_company.company = CompanyMode::Locators(Box::new([Locator { place, kind: NameKind::new("id").unwrap() }]));
    list.push(of_company);
    let mut sms = operation("sms", HttpMethod::Post, "/v1/sms", "messages:send");
    sms.channel = LimitName::new("sms");
    list.push(sms);
    let mut health = operation("health", get, "/v1/health", "health:read");
    health.audience = Audience::Public;
    health.environment = Some(Environment::Live);
    list.push(health);
    let visited = |id: &str, method, path: &str, audience, callback: Option<&str>| Operation {
        audience,
        environment: Some(Environment::Live),
        callback: callback.and_then(LimitName::new),
        ..operation(id, method, path, "settings:read")
    };
    list.push(visited("settings", get, "/v1/settings", Audience::Member, None));
    list.push(visited("member_hold", get, "/v1/member/hold", Audience::Member, None));
    list.push(visited("admin", get, "/v1/admin", Audience::Admin, None));
    list.push(visited("callback", HttpMethod::Post, "/v1/callback", Audience::Callback, Some("bank")));
    list.push(visited("signed", HttpMethod::Post, "/v1/signed", Audience::Callback, Some("signed")));
    list.push(visited("nobodys", HttpMethod::Post, "/v1/nobodys", Audience::Callback, Some("nobody")));
    list
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(real_clock, |_| {}).await
    }

    pub(crate) async fn start_with(clock: fn() -> Timestamp, adjust: impl FnOnce(&mut GatewayConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store"), store::Options::default()).await.unwrap();
        let upstream = Upstream::start().await;
        let target = egress::Target::parse(&format!("http://{}", upstream.address)).unwrap();
        let to = egress::UpstreamConfig::new(target, None);
        let document =
            aws_lc_rs::signature::Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
        let mut config = GatewayConfig {
            name: "gateway-1".into(),
            namespace: "claviger".into(),
            listen: vec![Listen { address: "127.0.0.1:0".parse().unwrap(), tls: None }],
            plain_http: PlainHttp::Loopback,
            proxies: gateway::Proxies::default(),
            cors: gateway::CorsConfig::default(),
            hosts: None,
            cores: 2,
            policy: admission::Policy::default(),
            upstreams: Upstreams { test: to.clone(), live: to, sub_keys: None },
            problems: api::problem::ProblemStyle::new("https://errors.example/"),
            people: gateway::PeopleConfig::default(),
            idempotency: IdempotencyConfig {
                writes: store.writes([1; 8], WritesOptions::default()).await.unwrap(),
                sealing_key: Secret::new(vec![7; 32]),
                retention: Duration::from_secs(86_400),
                answer_max: 64 * 1024,
                lease: Duration::from_secs(60),
                conflict_status: 422,
            },
            rates: gateway::RatesConfig::default(),
            caps: Vec::new(),
            store: store.for_gateway(),
            limits: Limits { follow_interval: Duration::from_millis(100), ..Limits::default() },
            signing_key: Secret::new(document.as_ref().to_vec()),
            clock,
            randomness: fill,
            log: None,
            usage: store.usage().intake(),
        };
        adjust(&mut config);
        let catalogue = Arc::new(model::Catalogue::new(operations()).unwrap());
        let gateway = Gateway::start(config, catalogue, store.feed()).await.unwrap();
        let address = gateway.addresses()[0];
        let now = clock();
        let account = Account { id: AccountId::new(now, entropy()), name: "one".into(), created_at: now };
        let account_id = account.id;
        let (primary, _) = new_key(account_id, KeyKind::Primary, Preset::FullAccess, now);
        let stamp = Stamp { author: Author::Installation, request: None, now, audit_id: AuditId::new(now, entropy()) };
        let made = store.create_account(stamp, account, primary).await.unwrap();
        gateway.in_force(made.revision).await.unwrap();
        Self { gateway, store, account: account_id, upstream, address, clock, folder }
    }

    /// The data folder.
    pub(crate) fn folder(&self) -> std::path::PathBuf {
        self.folder.path().join("store")
    }

    pub(crate) fn rows(&self) -> AccountStore {
        self.store.account(self.account)
    }

    pub(crate) fn stamp(&self) -> Stamp {
        let now = (self.clock)();
        Stamp { author: Author::Installation, request: None, now, audit_id: AuditId::new(now, entropy()) }
    }

    pub(crate) async fn key(&self, preset: Preset) -> TestKey {
        self.key_until(preset, None).await
    }

    pub(crate) async fn key_until(&self, preset: Preset, expires_at: Option<Timestamp>) -> TestKey {
        let (mut key, text) = new_key(self.account, KeyKind::Restricted, preset, (self.clock)());
        key.key.expires_at = expires_at;
        let id = key.key.id;
        let made = self.rows().create_key(self.stamp(), key).await.unwrap();
        self.applied(made.revision).await;
        TestKey { id, text }
    }

    pub(crate) async fn set_status(&self, key: &TestKey, status: KeyStatus) -> u64 {
        let changed = self.rows().set_key_status(self.stamp(), key.id, status).await.unwrap();
        self.applied(changed.revision).await
    }

    /// How many requests the step to the revision cut.
    pub(crate) async fn applied(&self, revision: Revision) -> u64 {
        self.gateway.in_force(revision).await.expect("in force").cut
    }

    /// Sends bytes and reads until the gateway closes.
    pub(crate) async fn raw(&self, request: &str) -> String {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        read_to_end(&mut socket).await
    }

    pub(crate) async fn get(&self, path: &str, key: &str) -> String {
        self.raw(&get(path, key)).await
    }

    /// Opens a connection and sends bytes on it.
    pub(crate) async fn send(&self, request: &str) -> TcpStream {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        socket
    }

    /// HTTP/2 with prior knowledge.
    pub(crate) async fn h2(&self) -> Http2 {
        http2(TcpStream::connect(self.address).await.unwrap()).await
    }

    /// The gateway's metrics as text.
    pub(crate) fn metrics(&self) -> String {
        let mut registry = prometheus_client::registry::Registry::default();
        registry.register_collector(Box::new(self.gateway.exposition()));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        text
    }

    /// Waits until the metrics say so.
    pub(crate) async fn wait_metric(&self, line: &str) {
        until(line, || self.metrics().lines().any(|l| l == line)).await;
    }
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let reached = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reached).await.unwrap_or_else(|_| panic!("in time: {what}"));
}

/// A bound on what a test waits for.
pub(crate) async fn soon<F: Future>(work: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("in time")
}

pub(crate) type Http2Body = http_body_util::combinators::BoxBody<bytes::Bytes, std::convert::Infallible>;
pub(crate) type Http2 = hyper::client::conn::http2::SendRequest<Http2Body>;

/// An HTTP/2 client whose streams stop after 64 KiB that nobody reads.
pub(crate) async fn http2<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(io: S) -> Http2 {
    let (sender, connection) = hyper::client::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new())
        .initial_stream_window_size(65_535)
        .initial_connection_window_size(1 << 20)
        .handshake(hyper_util::rt::TokioIo::new(io))
        .await
        .unwrap();
    tokio::spawn(async move {
        let _ended = connection.await;
    });
    sender
}

pub(crate) fn no_body() -> Http2Body {
    http_body_util::BodyExt::boxed(http_body_util::Empty::new())
}

pub(crate) fn request(method: &str, path: &str, key: &str) -> http::request::Builder {
    http::Request::builder().method(method).uri(format!("http://api{path}")).header("x-api-key", key)
}

pub(crate) async fn ask(
    connection: &mut Http2,
    method: &str,
    path: &str,
    key: &str,
) -> http::Response<hyper::body::Incoming> {
    let request = request(method, path, key).body(no_body()).unwrap();
    soon(connection.send_request(request)).await.unwrap()
}

pub(crate) fn get(path: &str, key: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: api\r\nX-API-Key: {key}\r\nConnection: close\r\n\r\n")
}

pub(crate) async fn read_to_end(socket: &mut (impl AsyncRead + Unpin)) -> String {
    let mut answer = Vec::new();
    let read = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(n @ 1..) = socket.read(&mut buffer).await {
            answer.extend_from_slice(&buffer[..n]);
        }
    };
    tokio::time::timeout(Duration::from_secs(20), read).await.expect("the gateway ends the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Reads until the text is there.
pub(crate) async fn read_until(socket: &mut (impl AsyncRead + Unpin), text: &str) -> String {
    let mut answer = Vec::new();
    let read = async {
        loop {
            if String::from_utf8_lossy(&answer).contains(text) {
                return;
            }
            assert_ne!(
                socket.read_buf(&mut answer).await.unwrap(),
                0,
                "closed before {text:?}: {}",
                String::from_utf8_lossy(&answer)
            );
        }
    };
    tokio::time::timeout(Duration::from_secs(20), read).await.expect("the text arrives");
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_else(|| panic!("no status in {answer:?}"))
}

pub(crate) fn new_key(account: AccountId, kind: KeyKind, preset: Preset, now: Timestamp) -> (NewKey, String) {
    let text = KeyShape::default().generate(kind, Environment::Test, &mut fill);
    let live = KeyShape::default().generate(kind, Environment::Live, &mut fill);
    let key = Key {
        id: KeyId::new(now, entropy()),
        account,
        kind,
        description: String::new(),
        status: KeyStatus::Active,
        preset,
        companies: CompanyRestriction::All,
        environments: Environments::Both,
        origins: OriginList::default(),
        networks: NetworkList::default(),
        limits: KeyLimits::default(),
        rotate_every_days: None,
        expires_at: None,
        created_at: now,
    };
    let credentials = vec![credential(Environment::Test, text.expose()), credential(Environment::Live, live.expose())];
    (NewKey { key, credentials }, text.expose().clone())
}

pub(crate) fn credential(environment: Environment, text: &str) -> Credential {
    let mut client = [0; 12];
    fill(&mut client);
    Credential {
        client_id: ClientId::from_bytes(client),
        environment,
        hash: SecretHash::of(text.as_bytes()),
        last_four: text.as_bytes()[text.len() - 4..].try_into().unwrap(),
        slot: SecretSlot::Current,
        ends_at: None,
    }
}
