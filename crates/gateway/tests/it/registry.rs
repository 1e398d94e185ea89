//! Registry: two accounts with three companies each, and an upstream that keeps accounts apart but not companies.
//!
//! Owns:  who owns what, the operations, the upstream's answers, and a caller that keeps its connection.
//! Never: knows which keys there are.
//! Read:  `operations`, then `answer`.

use crate::harness::{World, entropy, new_key, read_head, real_clock};
use model::{
    Account, AccountId, Audience, AuditId, Company, CompanyId, CompanyMode, CompanyRestriction, CompanySet,
    ExternalName, HttpMethod, Idempotency, KeyKind, Learn, LimitClass, Locator, NameKind, Operation, OperationId,
    Preset, Scope, Template,
    operation::{OtherBodies, Place, ServedBy},
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use store::{AccountStore, Author, Stamp};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Companies are numbered from 1; the first half is the first account's.
pub(crate) const COMPANIES: usize = 6;

pub(crate) fn owner(company: usize) -> usize {
    usize::from(company > COMPANIES / 2)
}

pub(crate) fn invoice_owner(invoice: usize) -> usize {
    invoice % COMPANIES + 1
}

fn locator(place: &str, kind: &str) -> Locator {
    Locator { place: Place::parse(place).unwrap(), kind: NameKind::new(kind).unwrap() }
}

fn locators(places: &[(&str, &str)]) -> CompanyMode {
    CompanyMode::Locators(places.iter().map(|(place, kind)| locator(place, kind)).collect())
}

pub(crate) fn operations() -> Vec<Operation> {
    let (get, post, delete) = (HttpMethod::Get, HttpMethod::Post, HttpMethod::Delete);
    let table = [
        ("report", get, "/v1/company/{vat}/report", locators(&[("path:vat", "vat")])),
        ("filter", get, "/v1/filter", locators(&[("query:company_id", "id")])),
        ("form", post, "/v1/filter", locators(&[("query:company_id", "id")])),
        ("tenant", get, "/v1/tenant", locators(&[("header:x-company", "id")])),
        ("send", post, "/v1/send", locators(&[("body:/invoices/*/company_id", "id")])),
        ("invoices", get, "/v1/invoices", CompanyMode::Injected(locator("query:company_id", "id"))),
        ("own", get, "/v1/own", CompanyMode::Injected(locator("header:x-company", "id"))),
        ("invoice", get, "/v1/invoice/{id:int32}", locators(&[("response:/company_id", "id")])),
        ("list", get, "/v1/list", locators(&[("response:/items/*/company_id", "id")])),
        ("rows", get, "/v1/rows", locators(&[("response:/*/company_id", "id")])),
        ("delete", delete, "/v1/invoice/{id:int32}", CompanyMode::Lookup(OperationId::new("invoice").unwrap())),
        ("file", get, "/v1/file", locators(&[("response:/company_id", "id")])),
        ("hold", get, "/v1/hold", locators(&[("response:/company_id", "id")])),
        ("all", get, "/v1/all", CompanyMode::Account),
        ("scan", post, "/v1/scan", locators(&[("query:x", "id"), ("body:/company_id", "id")])),
        ("scan_set", post, "/v1/scan/set", CompanyMode::Injected(locator("body:/company_id", "id"))),
    ];
    let operation = |(id, method, path, company): (&str, HttpMethod, &str, CompanyMode)| Operation {
        id: OperationId::new(id).unwrap(),
        method,
        template: Template::parse(path).unwrap(),
        audience: Audience::Key,
        scope: Scope::parse(if method == get { "things:read" } else { "things:write" }).unwrap(),
        company,
        class: LimitClass::default(),
        environment: None,
        other_bodies: if id.starts_with("scan") { OtherBodies::Upstream } else { OtherBodies::Refused },
        idempotency: Idempotency::default(),
        channel: None,
        learn: None,
        callback: None,
        served_by: ServedBy::default(),
    };
    let mut operations: Vec<Operation> = table.into_iter().map(operation).collect();
    for (id, method) in [("create", post), ("create_get", get)] {
        let (at, name) = (locator("response:/data/id", "id"), Place::parse("response:/data/name"));
        let also = [locator("response:/data/vat", "vat")].into();
        let learn = Some(Learn { at, also, name });
        operations.push(Operation { learn, ..operation((id, method, "/v1/create", CompanyMode::Context)) });
    }
    operations
}

/// What the upstream has seen.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    pub(crate) requests: Arc<AtomicUsize>,
    pub(crate) last: Arc<Mutex<String>>,
    accounts: Arc<Mutex<HashMap<String, usize>>>,
}

pub(crate) struct Registry {
    pub(crate) world: World,
    pub(crate) seen: Seen,
    /// The rows of each account.
    pub(crate) rows: [AccountStore; 2],
    pub(crate) accounts: [AccountId; 2],
    pub(crate) companies: Vec<CompanyId>,
}

impl Registry {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Seen::default();
        let upstream = seen.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, upstream.clone()));
            }
        });
        let world = World::start_with(real_clock, |config| {
            let to = egress::UpstreamConfig::new(egress::Target::parse(&format!("http://{address}")).unwrap(), None);
            config.upstreams = gateway::Upstreams { test: to.clone(), live: to, sub_keys: None };
            config.limits.inspect_max = 64 * 1024;
            config.limits.answer_inspect_max = 64 * 1024;
        })
        .await;
        world.gateway.set_catalogue(&Arc::new(model::Catalogue::new(operations()).unwrap())).await;
        let now = real_clock();
        let account = Account { id: AccountId::new(now, entropy()), name: "two".into(), created_at: now };
        let second = account.id;
        let (primary, _) = new_key(second, KeyKind::Primary, Preset::FullAccess, now);
        let made = world.store.create_account(stamp(), account, primary).await.unwrap();
        world.applied(made.revision).await;
        let accounts = [world.account, second];
        let rows = accounts.map(|account| world.store.account(account));
        let mut companies = Vec::new();
        for number in 1..=COMPANIES {
            let account = owner(number);
            let names = [format!("test:id={}", 100 + number), format!("test:vat=VAT{number}")];
            let company = Company {
                id: CompanyId::new(now, entropy()),
                account: accounts[account],
                name: format!("Company {number}"),
                external_names: names.iter().map(|n| ExternalName::parse(n).unwrap()).collect(),
                created_at: now,
            };
            companies.push(company.id);
            let made = rows[account].create_company(stamp(), company).await.unwrap();
            world.applied(made.revision).await;
        }
        for (index, account) in accounts.iter().enumerate() {
            seen.accounts.lock().unwrap().insert(account.to_string(), index);
        }
        Self { world, seen, rows, accounts, companies }
    }

    /// A key of an account for these companies, or for all.
    pub(crate) async fn key(&self, account: usize, companies: Option<&[usize]>) -> crate::harness::TestKey {
        let (mut key, text) = new_key(self.accounts[account], KeyKind::Restricted, Preset::FullAccess, real_clock());
        if let Some(companies) = companies {
            let ids: Vec<CompanyId> = companies.iter().map(|n| self.companies[n - 1]).collect();
            key.key.companies = CompanyRestriction::Only(CompanySet::chosen(&ids).unwrap());
        }
        let id = key.key.id;
        let made = self.rows[account].create_key(stamp(), key).await.unwrap();
        self.world.applied(made.revision).await;
        crate::harness::TestKey { id, text }
    }
}

pub(crate) fn stamp() -> Stamp {
    let now = real_clock();
    Stamp { author: Author::Installation, request: None, now, audit_id: AuditId::new(now, entropy()) }
}

async fn serve(mut socket: TcpStream, seen: Seen) {
    let mut buffer = Vec::new();
    while let Some(head) = read_head(&mut socket, &mut buffer).await {
        let length = field(&head, "content-length").map_or(0, |l| l.parse().unwrap());
        while buffer.len() < length {
            if socket.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let body: Vec<u8> = buffer.drain(..length).collect();
        *seen.last.lock().unwrap() = head.clone();
        seen.requests.fetch_add(1, Ordering::SeqCst);
        let account = field(&head, "claviger-account").and_then(|a| seen.accounts.lock().unwrap().get(&a).copied());
        let (status, kind, text) = answer(&head, &body, account);
        if kind == "hold" {
            return std::future::pending().await;
        }
        let sent = format!("HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", text.len());
        let sent = if head.starts_with("HEAD ") { sent } else { sent + &text };
        if socket.write_all(sent.as_bytes()).await.is_err() {
            return;
        }
    }
}

pub(crate) fn field(head: &str, name: &str) -> Option<String> {
    head.lines()
        .filter_map(|l| l.split_once(": "))
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| v.to_owned())
}

/// What belongs to a company; whoever sees the text has seen it.
fn item(company: usize) -> Value {
    json!({"company_id": 100 + company, "text": format!("secret-of-{company}")})
}

/// Believes every name, of companies of the caller's account.
fn answer(head: &str, body: &[u8], account: Option<usize>) -> (u16, &'static str, String) {
    let target = head.split(' ').nth(1).unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let last =
        |name: &str| query.split('&').rev().find_map(|p| p.strip_prefix(name)?.strip_prefix('=').map(str::to_owned));
    let known = |name: Option<String>| -> Option<usize> {
        let number = name?.trim_start_matches("VAT").parse::<usize>().ok()?;
        let number = if number > 100 { number - 100 } else { number };
        ((1..=COMPANIES).contains(&number) && Some(owner(number)) == account).then_some(number)
    };
    let one = |company: Option<usize>| match company {
        Some(company) => (200, "application/json", item(company).to_string()),
        None => (404, "application/json", json!({"error": "no such thing"}).to_string()),
    };
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["", "v1", "company", vat, "report"] => one(known(Some((*vat).to_owned()))),
        ["", "v1", "filter" | "invoices"] => one(known(last("company_id"))),
        ["", "v1", "tenant" | "own"] => one(known(field(head, "x-company"))),
        ["", "v1", "send"] => {
            let value: Value = serde_json::from_slice(body).unwrap_or_default();
            let items: Vec<&Value> = value["invoices"].as_array().into_iter().flatten().collect();
            let ids = items.iter().map(|i| known(i["company_id"].as_u64().map(|n| n.to_string())));
            let found: Option<Vec<usize>> = ids.collect();
            match found {
                Some(all) => (200, "application/json", Value::from_iter(all.into_iter().map(item)).to_string()),
                None => one(None),
            }
        }
        ["", "v1", "invoice", id] => {
            let company = invoice_owner(id.parse().unwrap());
            one((Some(owner(company)) == account).then_some(company))
        }
        ["", "v1", "list"] => {
            let of = last("of").unwrap_or_default();
            let items: Vec<Value> = of.split(',').filter_map(|n| known(Some(n.to_owned()))).map(item).collect();
            (200, "application/json", json!({ "items": items }).to_string())
        }
        ["", "v1", "rows"] => match last("kind").as_deref() {
            Some("error") => (400, "application/json", "{\"detail\":\"which?\"}".to_owned()),
            Some("object") => (200, "application/json", "{\"company_id\":101,\"x\":\"secret-of-1\"}".to_owned()),
            _ => (200, "application/json", json!([item(1)]).to_string()),
        },
        ["", "v1", "file"] => match last("kind").as_deref() {
            Some("text") => (200, "text/plain", "secret-of-1".to_owned()),
            Some("long") => {
                (200, "application/json", format!("{{\"company_id\":101,\"x\":\"{}\"}}", "x".repeat(70_000)))
            }
            Some("silent") => (200, "application/json", "{\"x\":\"secret-of-1\"}".to_owned()),
            Some("twice") => (200, "application/json", "{\"company_id\":102,\"company_id\":101}".to_owned()),
            Some("error") => (500, "application/json", "{\"detail\":\"broken\"}".to_owned()),
            _ => one(Some(1)),
        },
        ["", "v1", "create"] => match last("kind").as_deref() {
            Some("text") => (200, "text/plain", "made".to_owned()),
            Some("error") => (422, "application/json", json!({"data": {"id": 999}}).to_string()),
            Some("silent") => (201, "application/json", json!({"data": {}}).to_string()),
            Some("two_names") => (201, "application/json", json!({"data": {"id": 501, "vat": "VAT501"}}).to_string()),
            // Of company 1.
            Some("taken") => (201, "application/json", json!({"data": {"id": 502, "vat": "VAT1"}}).to_string()),
            _ => (201, "application/json", json!({"data": {"id": 500, "name": "Nuova Srl"}}).to_string()),
        },
        ["", "v1", "hold"] => (200, "hold", String::new()),
        _ => (
            200,
            "application/json",
            json!((1..=COMPANIES).filter(|c| Some(owner(*c)) == account).map(item).collect::<Vec<_>>()).to_string(),
        ),
    }
}

/// A caller on one connection.
pub(crate) struct Caller {
    socket: TcpStream,
    buffer: Vec<u8>,
}

impl Caller {
    pub(crate) async fn new(address: SocketAddr) -> Self {
        Self { socket: TcpStream::connect(address).await.unwrap(), buffer: Vec::new() }
    }

    /// `line`: method and target; `fields`: whole lines. Status and body.
    pub(crate) async fn ask(&mut self, key: &str, line: &str, fields: &[&str], body: &str) -> (u16, String) {
        let mut text = format!("{line} HTTP/1.1\r\nHost: api\r\nX-API-Key: {key}\r\n");
        fields.iter().for_each(|f| text.extend([f, "\r\n"]));
        if !body.is_empty() {
            text += &format!("Content-Length: {}\r\n", body.len());
        }
        text += &format!("\r\n{body}");
        self.socket.write_all(text.as_bytes()).await.unwrap();
        let head = crate::harness::soon(read_head(&mut self.socket, &mut self.buffer)).await.expect("an answer");
        let length = field(&head, "content-length").map_or(0, |l| l.parse().unwrap());
        let length: usize = if line.starts_with("HEAD") { 0 } else { length };
        while self.buffer.len() < length {
            assert_ne!(self.socket.read_buf(&mut self.buffer).await.unwrap(), 0, "broke off");
        }
        let body: Vec<u8> = self.buffer.drain(..length).collect();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), String::from_utf8(body).unwrap())
    }
}
