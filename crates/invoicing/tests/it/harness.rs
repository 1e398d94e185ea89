//! A server, a clock that the test moves, contexts that the test signs, and a client.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Bytes,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use invoicing::{AccessPoint, ContextKeys, DatabaseUrl, Options, ServeError, Surface};
use serde_json::{Value, json};
use std::{
    future::Future,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use testkit::{Postgres, postgres::Database};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time,
};

/// 2026-11-23T12:00:00Z in seconds.
pub(crate) const NOW: i64 = 1_795_435_200;
/// Nothing in these tests takes this long unless it hangs: a disk that writes back what a build left behind has held up
/// commits for half a minute.
const PATIENCE: Duration = Duration::from_secs(150);

/// The gateway's signing key.
pub(crate) struct Signer {
    pub(crate) key: Ed25519KeyPair,
    pub(crate) key_id: &'static str,
}

impl Signer {
    pub(crate) fn new(seed: u8, key_id: &'static str) -> Self {
        Self { key: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap(), key_id }
    }

    pub(crate) fn jwks(&self) -> String {
        let x = BASE64URL_NOPAD.encode(self.key.public_key().as_ref());
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.key_id, "x": x}]})
            .to_string()
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_with(&json!({"alg": "EdDSA", "typ": "JWT", "kid": self.key_id}), claims)
    }

    pub(crate) fn sign_with(&self, header: &Value, claims: &Value) -> String {
        let text = unsigned(header, claims);
        let signature = BASE64URL_NOPAD.encode(self.key.sign(text.as_bytes()).as_ref());
        format!("{text}.{signature}")
    }
}

/// The first two parts of a token.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

/// Who calls.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) environment: &'static str,
    pub(crate) account: &'static str,
    pub(crate) kind: &'static str,
    /// `"all"`, or the list of the contract.
    pub(crate) companies: Value,
}

impl Caller {
    /// A primary key of all companies.
    pub(crate) fn new(environment: &'static str, account: &'static str) -> Self {
        Self { environment, account, kind: "primary", companies: json!("all") }
    }

    /// A person who is signed in for this account.
    pub(crate) fn member(environment: &'static str, account: &'static str) -> Self {
        Self { kind: "member", ..Self::new(environment, account) }
    }

    pub(crate) fn admin(environment: &'static str, account: &'static str) -> Self {
        Self { kind: "admin", ..Self::new(environment, account) }
    }

    /// The access point.
    pub(crate) fn callback(environment: &'static str) -> Self {
        Self { kind: "callback", ..Self::new(environment, "") }
    }

    pub(crate) fn only(self, names: Value) -> Self {
        let companies = json!([{ "id": "co_00000000000000000000000001", "names": names }]);
        Self { kind: "restricted", companies, ..self }
    }

    pub(crate) fn claims(&self, now: i64) -> Value {
        let times = json!({ "iss": "claviger", "aud": "upstream", "iat": now, "exp": now + 60 });
        let rest = match self.kind {
            "callback" => json!({ "audience": "callback", "callback": "access-point", "account": null }),
            "member" | "admin" => json!({
                "audience": "member", "account": self.account,
                "member": { "issuer": "https://id.example.com", "directory": "", "subject": "alice",
                    "email": "alice@example.com", "admin": self.kind == "admin" },
            }),
            _ => return self.key_claims(now),
        };
        let mut claims = json!({ "environment": self.environment });
        for part in [times, rest] {
            claims.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        }
        claims
    }

    fn key_claims(&self, now: i64) -> Value {
        json!({
            "iss": "claviger", "aud": "upstream", "iat": now, "exp": now + 60,
            "environment": self.environment, "account": self.account, "key": format!("key_{}", self.kind),
            "kind": self.kind, "preset": "full_access", "scopes": ["*:read", "*:write", "*:send"],
            "companies": self.companies,
        })
    }
}

/// A running API.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) signer: Signer,
    pub(crate) clock: Arc<AtomicI64>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), ServeError>>,
    /// A connection to use again.
    idle: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

/// What differs from the defaults.
pub(crate) struct Setup {
    pub(crate) state_step: Duration,
    pub(crate) operation_allowance: u32,
    pub(crate) keys: Option<ContextKeys>,
    pub(crate) now: i64,
    pub(crate) surface: Surface,
    pub(crate) access_point: Option<AccessPoint>,
}

impl Setup {
    pub(crate) fn of(surface: Surface) -> Self {
        Self { surface, ..Self::default() }
    }
}

/// Makes every draw of randomness in this process another one.
static DRAWS: AtomicU64 = AtomicU64::new(1);

impl Default for Setup {
    fn default() -> Self {
        // The clock of a test stands still, so that no invoice moves on before the test says so.
        Self {
            state_step: Duration::from_secs(2),
            operation_allowance: 1_000,
            keys: None,
            now: NOW,
            surface: Surface::Invoicetronic,
            access_point: None,
        }
    }
}

impl Server {
    pub(crate) async fn start(folder: &Path) -> Self {
        Self::start_with(folder, Setup::default()).await
    }

    pub(crate) async fn start_with(folder: &Path, setup: Setup) -> Self {
        let signer = Signer::new(1, "k1");
        let clock = Arc::new(AtomicI64::new(setup.now * 1_000_000));
        let tell = Arc::clone(&clock);
        let draw = |buffer: &mut [u8]| {
            let bytes = DRAWS.fetch_add(1, Ordering::SeqCst).to_be_bytes();
            buffer.iter_mut().rev().zip(bytes.iter().rev().cycle()).for_each(|(slot, byte)| *slot = *byte);
        };
        let options = Options {
            state_step: setup.state_step,
            operation_allowance: setup.operation_allowance,
            surface: setup.surface,
            access_point: setup.access_point,
            clock: Arc::new(move || tell.load(Ordering::SeqCst)),
            randomness: Arc::new(draw),
            ..options(folder, setup.keys)
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(invoicing::serve(listener, options, async {
            let _ = stopped.await;
        }));
        Self { address, signer, clock, stop, task, idle: Mutex::new(None) }
    }

    /// Why a server with these options does not start.
    pub(crate) async fn refused(options: Options) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let started = time::timeout(PATIENCE, invoicing::serve(listener, options, async {})).await;
        started.unwrap().unwrap_err().to_string()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        time::timeout(PATIENCE, self.task).await.unwrap().unwrap().unwrap();
    }

    /// How it ended by itself.
    pub(crate) async fn ended(self) -> Result<(), ServeError> {
        time::timeout(PATIENCE, self.task).await.unwrap().unwrap()
    }

    /// Ends it without any farewell.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    pub(crate) fn token(&self, caller: &Caller) -> String {
        self.signer.sign(&caller.claims(self.clock.load(Ordering::SeqCst) / 1_000_000))
    }

    pub(crate) async fn get(&self, caller: &Caller, path: &str) -> Answer {
        self.call(caller, "GET", path, "", Bytes::new()).await
    }

    pub(crate) async fn json(&self, caller: &Caller, method: &str, path: &str, body: &Value) -> Answer {
        self.call(caller, method, path, "application/json", body.to_string()).await
    }

    pub(crate) async fn call(
        &self,
        caller: &Caller,
        method: &str,
        path: &str,
        kind: &str,
        body: impl Into<Bytes>,
    ) -> Answer {
        let token = self.token(caller);
        let mut headers = vec![("claviger-context", token.as_str()), ("user-agent", "it/1")];
        if !kind.is_empty() {
            headers.push(("content-type", kind));
        }
        self.raw(method, path, &headers, body).await
    }

    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let exchange = async {
            let mut sender = self.connection().await;
            let mut request = Request::builder().method(method).uri(path).header("host", "invoicing");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let response = sender.send_request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
            let (parts, body) = response.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            *self.idle.lock().unwrap() = Some(sender);
            Answer { status: parts.status, headers: parts.headers, body }
        };
        time::timeout(PATIENCE, exchange).await.unwrap_or_else(|_| panic!("{method} {path} hangs"))
    }

    async fn connection(&self) -> SendRequest<Full<Bytes>> {
        let idle = self.idle.lock().unwrap().take();
        if let Some(mut sender) = idle
            && sender.ready().await.is_ok()
        {
            return sender;
        }
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    /// Asks until the answer is right; fails when it never is.
    pub(crate) async fn until(&self, caller: &Caller, path: &str, right: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let asking = async {
            loop {
                last = self.get(caller, path).await.value();
                if right(&last) {
                    return;
                }
            }
        };
        let in_time = time::timeout(PATIENCE, asking).await.is_ok();
        assert!(in_time, "{path} never gave what was expected, but {last}");
        last
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    #[track_caller]
    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn total(&self) -> i64 {
        self.headers["invoicetronic-total-count"].to_str().unwrap().parse().unwrap()
    }

    /// The answer's JSON if it has this status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        if self.body.is_empty() { Value::Null } else { self.value() }
    }

    /// Checks that it is a refusal of this kind, in the form of RFC 9457.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let value = self.value();
        assert_eq!((&value["code"], &value["status"]), (&json!(code), &json!(status)), "{value}");
        assert!(value["type"].is_string() && value["title"].is_string() && value["detail"].is_string());
        value
    }
}

impl Answer {
    /// Checks that it is a refusal as the Laabam surface writes it: RFC 9457 and `error.code` in one (D6, R75).
    #[track_caller]
    pub(crate) fn laabam_refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let value = self.value();
        assert_eq!((&value["error"]["code"], &value["status"]), (&json!(code), &json!(status)), "{value}");
        assert_eq!(value["error"]["message"], value["detail"]);
        assert!(value["type"].is_string() && value["title"].is_string() && value["detail"].is_string());
        value
    }

    /// Checks that it is a refusal as the Invostaq surface writes it: exactly four members, in their order.
    #[track_caller]
    pub(crate) fn invostaq_refused(&self, status: u16, slug: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let value = self.value();
        let (title, detail) = (&value["title"], &value["detail"]);
        let expected = format!(
            "{{\"type\":\"https://invostaq.com/errors/{slug}\",\"title\":{title},\"detail\":{detail},\"status\":{status}}}"
        );
        assert_eq!(self.text(), expected);
        assert!(title.is_string() && detail.is_string());
        value
    }
}

/// Runs a test whose server of this surface lives in its own folder.
pub(crate) async fn with_surface<F: Future<Output = Server>>(surface: Surface, test: impl FnOnce(Server) -> F) {
    let folder = folder();
    let server = Server::start_with(folder.path(), Setup::of(surface)).await;
    test(server).await.stop().await;
}

/// The options of a server whose ledgers belong to `folder`, on the suite's engine.
pub(crate) fn options(folder: &Path, keys: Option<ContextKeys>) -> Options {
    let keys = keys.unwrap_or_else(|| ContextKeys::Static(Signer::new(1, "k1").jwks()));
    let database = (super::ENGINE == crate::Engine::Postgres).then(|| DatabaseUrl::new(database(folder).url));
    Options {
        database,
        ..Options::new(folder.to_owned(), keys, Arc::new(|| NOW * 1_000_000), Arc::new(|_: &mut [u8]| ()))
    }
}

/// The database that belongs to a folder.
pub(crate) fn database(folder: &Path) -> Database {
    let name: String = folder.to_str().unwrap().chars().filter(char::is_ascii_alphanumeric).collect();
    Postgres::of_run().database(&format!("it_{name}"))
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Runs a test whose server lives in its own folder.
pub(crate) async fn with_server<F: Future<Output = Server>>(test: impl FnOnce(Server) -> F) {
    let folder = folder();
    let server = Server::start(folder.path()).await;
    test(server).await.stop().await;
}

/// A small valid invoice.
#[derive(Clone)]
pub(crate) struct Invoice {
    pub(crate) vat: String,
    pub(crate) number: String,
    pub(crate) date: &'static str,
    pub(crate) buyer: &'static str,
    pub(crate) text: String,
    pub(crate) format: &'static str,
}

impl Invoice {
    pub(crate) fn new(vat: &str, number: &str) -> Self {
        Self {
            vat: vat.to_owned(),
            number: number.to_owned(),
            date: "2026-11-20",
            buyer: "IT99999999999",
            text: String::from("Lavoro"),
            format: "FPR12",
        }
    }

    pub(crate) fn xml(&self) -> String {
        let (recipient, format) = (if self.format == "FPA12" { "ABC123" } else { "ABC1234" }, self.format);
        let party = |vat: &str, name: &str, more: &str| {
            format!(
                "<DatiAnagrafici><IdFiscaleIVA><IdPaese>{}</IdPaese><IdCodice>{}</IdCodice></IdFiscaleIVA>\
                 <Anagrafica><Denominazione>{name}</Denominazione></Anagrafica>{more}</DatiAnagrafici>\
                 <Sede><Indirizzo>Via 1</Indirizzo><CAP>00100</CAP><Comune>Roma</Comune><Nazione>IT</Nazione></Sede>",
                &vat[..2],
                &vat[2..]
            )
        };
        let seller = party(&self.vat, &format!("Seller {}", self.vat), "<RegimeFiscale>RF01</RegimeFiscale>");
        let buyer = party(self.buyer, "Buyer", "");
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <p:FatturaElettronica versione=\"{format}\" xmlns:p=\"http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2\">\
             <FatturaElettronicaHeader><DatiTrasmissione><IdTrasmittente><IdPaese>IT</IdPaese><IdCodice>11111111111</IdCodice>\
             </IdTrasmittente><ProgressivoInvio>1</ProgressivoInvio><FormatoTrasmissione>{format}</FormatoTrasmissione>\
             <CodiceDestinatario>{recipient}</CodiceDestinatario></DatiTrasmissione>\
             <CedentePrestatore>{seller}</CedentePrestatore><CessionarioCommittente>{buyer}</CessionarioCommittente>\
             </FatturaElettronicaHeader><FatturaElettronicaBody><DatiGenerali><DatiGeneraliDocumento>\
             <TipoDocumento>TD01</TipoDocumento><Divisa>EUR</Divisa><Data>{}</Data><Numero>{}</Numero>\
             </DatiGeneraliDocumento></DatiGenerali><DatiBeniServizi><DettaglioLinee><NumeroLinea>1</NumeroLinea>\
             <Descrizione>{}</Descrizione><PrezzoUnitario>100.00</PrezzoUnitario><PrezzoTotale>100.00</PrezzoTotale>\
             <AliquotaIVA>22.00</AliquotaIVA></DettaglioLinee><DatiRiepilogo><AliquotaIVA>22.00</AliquotaIVA>\
             <ImponibileImporto>100.00</ImponibileImporto><Imposta>22.00</Imposta></DatiRiepilogo></DatiBeniServizi>\
             </FatturaElettronicaBody></p:FatturaElettronica>",
            self.date, self.number, self.text
        )
    }

    pub(crate) fn json(&self) -> Value {
        let party = |vat: &str, name: &str| {
            json!({
                "DatiAnagrafici": { "IdFiscaleIVA": { "IdPaese": &vat[..2], "IdCodice": &vat[2..] },
                    "Anagrafica": { "Denominazione": name } },
                "Sede": { "Indirizzo": "Via 1", "CAP": "00100", "Comune": "Roma", "Nazione": "IT" }
            })
        };
        let mut seller = party(&self.vat, &format!("Seller {}", self.vat));
        seller["DatiAnagrafici"]["RegimeFiscale"] = json!("RF01");
        json!({
            "FatturaElettronicaHeader": {
                "DatiTrasmissione": { "IdTrasmittente": { "IdPaese": "IT", "IdCodice": "11111111111" },
                    "ProgressivoInvio": "1", "FormatoTrasmissione": "FPR12", "CodiceDestinatario": "ABC1234" },
                "CedentePrestatore": seller, "CessionarioCommittente": party(self.buyer, "Buyer")
            },
            "FatturaElettronicaBody": [{
                "DatiGenerali": { "DatiGeneraliDocumento": {
                    "TipoDocumento": "TD01", "Divisa": "EUR", "Data": self.date, "Numero": self.number } },
                "DatiBeniServizi": {
                    "DettaglioLinee": [{ "NumeroLinea": 1, "Descrizione": self.text, "PrezzoUnitario": 100, "PrezzoTotale": 100,
                        "AliquotaIVA": 22 }],
                    "DatiRiepilogo": [{ "AliquotaIVA": 22, "ImponibileImporto": 100, "Imposta": 22 }] }
            }]
        })
    }
}

/// A form with one file.
pub(crate) fn form(field: &str, file_name: &str, content: &str) -> (String, String) {
    let body = format!(
        "--b0undary\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{file_name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n{content}\r\n--b0undary--\r\n"
    );
    (String::from("multipart/form-data; boundary=b0undary"), body)
}
