//! World: an account for each key that asks, with two companies and one of everything for each of them.

use crate::deployment::{Admin, CLAVIGER};
use serde_json::{Value, json};
use testkit::{Claviger, Launch, Must, Reply, client::Call, eventually};

/// A number that no object has, and a VAT number and an identifier of nobody.
const NO_ID: i64 = 2_000_000_000;
const NO_VAT: &str = "IT99999999999";
const NO_IDENTIFIER: &str = "199999999999";
/// VAT numbers count from here, far from other numbers of the reference API: an answer is searched for them.
const FIRST_VAT: u64 = 76_000_000_001;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Power {
    Primary,
    Full,
    Read,
    Send,
}

impl Power {
    const fn preset(self) -> Option<&'static str> {
        match self {
            Self::Primary => None,
            Self::Full => Some("full_access"),
            Self::Read => Some("read_only"),
            Self::Send => Some("send"),
        }
    }
}

/// The keys that ask, as the page names them; the last ones are for one company.
const KEYS: [(&str, Power, bool); 7] = [
    ("primary", Power::Primary, false),
    ("full access", Power::Full, false),
    ("read only", Power::Read, false),
    ("send", Power::Send, false),
    ("full access, one company", Power::Full, true),
    ("read only, one company", Power::Read, true),
    ("send, one company", Power::Send, true),
];

/// A company with one of everything that can belong to it.
#[derive(Clone, Debug)]
pub(super) struct Things {
    pub(super) id: i64,
    pub(super) vat: String,
    /// Stands in the company's record alone, and no request says it.
    pub(super) name: String,
    pub(super) send: i64,
    pub(super) identifier: String,
    pub(super) update: i64,
    pub(super) received: i64,
    pub(super) webhook: i64,
    pub(super) log: i64,
    pub(super) subkey: i64,
}

impl Things {
    /// What never was.
    fn nobodys() -> Self {
        Self {
            id: NO_ID,
            vat: NO_VAT.to_owned(),
            name: "nobody at all".to_owned(),
            send: NO_ID,
            identifier: NO_IDENTIFIER.to_owned(),
            update: NO_ID,
            received: NO_ID,
            webhook: NO_ID,
            log: NO_ID,
            subkey: NO_ID,
        }
    }

    /// The eleven digits of the VAT number.
    pub(super) fn digits(&self) -> &str {
        self.vat.trim_start_matches("IT")
    }
}

/// A key that asks, in an account of its own.
pub(super) struct Column {
    pub(super) title: &'static str,
    pub(super) power: Power,
    /// It is restricted to `own`.
    pub(super) one: bool,
    pub(super) secret: String,
    /// The account's primary key.
    pub(super) primary: String,
    pub(super) own: Things,
    pub(super) sibling: Things,
}

/// A company of what account, seen from a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The request names no company and no object.
    Nothing,
    Own,
    Sibling,
    Foreign,
    Nobody,
}

pub(super) struct World {
    pub(super) claviger: Claviger,
    pub(super) columns: Vec<Column>,
    /// A company of another account.
    pub(super) foreign: Things,
    /// The primary key of that account.
    pub(super) stranger: String,
    nobody: Things,
}

impl World {
    pub(super) async fn start() -> Self {
        let launch = Launch::profile(CLAVIGER, "invoicetronic");
        let launch = launch.env("CLAVIGER__LIMITS__RULES", "default = 1000000 per 1s");
        let claviger = launch.env("CLAVIGER__LIMITS__FAILURES", "off").start().await;
        let client = Client::of(&claviger);
        let mut operator = Admin::of(&claviger).await;
        let mut vats = (FIRST_VAT..).map(|number| format!("IT{number}"));
        let mut vat = || vats.next().must("count on");
        let stranger = claviger.text("/primary/test/secret");
        let supplier = client.company(&stranger, &vat(), "SUPPLIER").await;
        let mut foreign = client.begin(&stranger, &vat(), "FOREIGN").await;
        let mut columns = Vec::new();
        for (index, (title, power, one)) in KEYS.into_iter().enumerate() {
            let url = format!("{}/v1/accounts", claviger.control());
            let made = operator.ask(Call::post(&url).json(&json!({"name": title}))).await.json();
            let text = |pointer: &str| made.pointer(pointer).and_then(Value::as_str).must("find a text").to_owned();
            let (account, primary) = (text("/account/id"), text("/primary/test/secret"));
            let own = client.begin(&primary, &vat(), &format!("OWN-{index}")).await;
            let sibling = client.begin(&primary, &vat(), &format!("SIBLING-{index}")).await;
            let secret = match power.preset() {
                None => primary.clone(),
                Some(preset) => {
                    let mut admin = Admin::of_account(&claviger, account).await;
                    let companies =
                        if one { json!([company_called(&mut admin, &own.vat).await]) } else { json!("all") };
                    admin.create_key(json!({"preset": preset, "companies": companies})).await.test
                }
            };
            columns.push(Column { title, power, one, secret, primary, own, sibling });
        }
        // One invoice to each, from a company that nobody asks about; then the exchange delivers all of them.
        let all = columns.iter().flat_map(|column| [&column.own, &column.sibling]).chain([&foreign]);
        for (number, to) in (1..).zip(all) {
            client.send(&stranger, &invoice(&supplier.1, to.digits(), number)).await;
        }
        client.finish(&stranger, &mut foreign).await;
        for column in &mut columns {
            client.finish(&column.primary, &mut column.own).await;
            client.finish(&column.primary, &mut column.sibling).await;
        }
        Self { claviger, columns, foreign, stranger, nobody: Things::nobodys() }
    }

    /// What a request of this key is about. A request about nothing is told the key's own company.
    pub(super) fn things<'w>(&'w self, column: &'w Column, target: Target) -> &'w Things {
        match target {
            Target::Nothing | Target::Own => &column.own,
            Target::Sibling => &column.sibling,
            Target::Foreign => &self.foreign,
            Target::Nobody => &self.nobody,
        }
    }
}

/// The gateway's name for the company that the upstream calls `vat`.
async fn company_called(admin: &mut Admin, vat: &str) -> String {
    let url = admin.url("/companies");
    let listed = admin.ask(Call::get(&url)).await.json();
    let called = |company: &&Value| company["external_names"].to_string().contains(vat);
    let found = listed["data"].as_array().and_then(|all| all.iter().find(called));
    found.and_then(|company| company["id"].as_str()).must("find the company that was learned").to_owned()
}

/// The tour's invoice in XML. `from` and `to` are the digits of VAT numbers.
pub(super) fn invoice(from: &str, to: &str, number: u32) -> String {
    let text = include_str!("../tour/invoice.xml").replace("{number}", &number.to_string());
    text.replace("{vat}", from).replace("09876543210", to)
}

/// A client of the gateway, with keys as HTTP Basic user names. Each request has a connection of its own: the gateway closes
/// one where it refuses a request before its body is read.
pub(super) struct Client {
    gateway: String,
    secrets: testkit::Secrets,
}

impl Client {
    pub(super) fn of(claviger: &Claviger) -> Self {
        Self { gateway: claviger.gateway(), secrets: claviger.secrets().clone() }
    }

    /// A request to a path; learns every secret that is answered.
    pub(super) async fn ask(&self, secret: &str, method: &str, path: &str, body: Body) -> Reply {
        let basic = data_encoding::BASE64.encode(format!("{secret}:").as_bytes());
        let call = Call::new(method, &format!("{}{path}", self.gateway));
        let call = call.header("authorization", &format!("Basic {basic}"));
        let call = match body {
            Body::Nothing => call,
            Body::Json(value) => call.json(&value),
            Body::Text(kind, text) => call.header("content-type", kind).body(text),
        };
        let reply = call.send().await;
        if let Ok(answer) = serde_json::from_slice(&reply.body) {
            self.secrets.learn(&answer);
        }
        reply
    }

    async fn make(&self, secret: &str, path: &str, body: Body) -> i64 {
        let reply = self.ask(secret, "POST", path, body).await;
        assert_eq!(reply.status, 201, "{path}: {}", String::from_utf8_lossy(&reply.body));
        reply.json()["id"].as_i64().must("find the id")
    }

    pub(super) async fn get(&self, secret: &str, path: &str) -> Value {
        let reply = self.ask(secret, "GET", path, Body::Nothing).await;
        assert_eq!(reply.status, 200, "{path}: {}", String::from_utf8_lossy(&reply.body));
        reply.json()
    }

    /// A company: its id and the digits of its VAT number.
    async fn company(&self, primary: &str, vat: &str, name: &str) -> (i64, String) {
        let digits = vat.trim_start_matches("IT").to_owned();
        let record = json!({"name": name, "vat": vat, "fiscal_code": digits});
        (self.make(primary, "/v1/company", Body::Json(record)).await, digits)
    }

    async fn send(&self, primary: &str, invoice: &str) -> i64 {
        self.make(primary, "/v1/send/xml", Body::Text("application/xml", invoice.to_owned())).await
    }

    /// A company with what can be made for it.
    async fn begin(&self, primary: &str, vat: &str, name: &str) -> Things {
        let (id, digits) = self.company(primary, vat, name).await;
        let send = self.send(primary, &invoice(&digits, "09876543210", 1)).await;
        let webhook = json!({"company_id": id, "url": "https://hooks.example.com/in", "description": name});
        let webhook = self.make(primary, "/v1/webhook", Body::Json(webhook)).await;
        let subkey = json!({"description": name, "company_ids": [id]});
        let subkey = self.make(primary, "/v1/subkey", Body::Json(subkey)).await;
        Things { id, vat: vat.to_owned(), name: name.to_owned(), send, webhook, subkey, ..Things::nobodys() }
    }

    /// Waits for what comes by itself: the states of its invoice, an invoice that it is sent, its requests in the log.
    async fn finish(&self, primary: &str, it: &mut Things) {
        let (id, send) = (it.id, it.send);
        let first = |rows: &Value| rows[0]["id"].as_i64();
        let (sent, update, received, log) = eventually("what comes by itself", async || {
            let sent = self.get(primary, &format!("/v1/send/{send}")).await;
            if sent["latest_state"] != "Consegnato" {
                return None;
            }
            let update = first(&self.get(primary, &format!("/v1/update?send_id={send}")).await)?;
            let received = first(&self.get(primary, &format!("/v1/receive?company_id={id}")).await)?;
            let log = first(&self.get(primary, &format!("/v1/log?company_id={id}")).await)?;
            Some((sent, update, received, log))
        })
        .await;
        it.identifier = sent["identifier"].as_str().must("find the identifier").to_owned();
        (it.update, it.received, it.log) = (update, received, log);
    }

    /// What the account knows about a company's objects, as its primary key sees it; null for what is not there.
    pub(super) async fn record(&self, primary: &str, it: &Things) -> Record {
        let mut all = Vec::new();
        for (what, path) in [
            ("company", format!("/v1/company/{}", it.id)),
            ("sent invoice", format!("/v1/send/{}", it.send)),
            ("received invoice", format!("/v1/receive/{}", it.received)),
            ("webhook", format!("/v1/webhook/{}", it.webhook)),
            ("restricted key", format!("/v1/subkey/{}", it.subkey)),
            ("update", format!("/v1/update?send_id={}&sort=id", it.send)),
        ] {
            let reply = self.ask(primary, "GET", &path, Body::Nothing).await;
            all.push((what, if reply.status == 200 { reply.json() } else { Value::Null }));
        }
        all
    }
}

/// A company's objects, each with what it is.
pub(super) type Record = Vec<(&'static str, Value)>;

/// The body of a request.
pub(super) enum Body {
    Nothing,
    Json(Value),
    /// With its content type.
    Text(&'static str, String),
}
