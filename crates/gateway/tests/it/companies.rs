//! Keys that are restricted to companies: what they name, what they are shown, and a random comparison with the rules
//! written down once more (D9, D33-D36, R32-R36, R89-R92, R125, R126).

use crate::{
    harness::{soon, until},
    registry::{COMPANIES, Caller, Registry, field, invoice_owner, owner, stamp},
};
use model::KeyStatus;
use std::{sync::atomic::Ordering, time::Duration};
use store::{AuditAction, CompanyPatch, Page};

const JSON: &str = "Content-Type: application/json";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d9_a_foreign_company_is_403_the_same_whether_it_exists_or_not() {
    let ledger = Registry::start().await;
    let key = ledger.key(0, Some(&[1])).await.text;
    let mut caller = Caller::new(ledger.world.address).await;
    assert_eq!(caller.ask(&key, "GET /v1/company/VAT1/report", &[], "").await.0, 200);
    let told = |body: &str| {
        let mut value: serde_json::Value = serde_json::from_str(body).unwrap();
        value.as_object_mut().unwrap().retain(|name, _| !name.contains("request"));
        value
    };
    let before = ledger.seen.requests.load(Ordering::SeqCst);
    let mut answers = Vec::new();
    // Of the same account, of another account, of nobody.
    for vat in ["VAT2", "VAT4", "VAT9"] {
        let (status, body) = caller.ask(&key, &format!("GET /v1/company/{vat}/report"), &[], "").await;
        answers.push((status, told(&body)));
    }
    assert_eq!(answers[0].0, 403);
    assert!(answers[0].1.to_string().contains("company_not_allowed"), "{answers:?}");
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
    assert_eq!(ledger.seen.requests.load(Ordering::SeqCst), before, "the upstream was not asked");
    // An object of a foreign company is an object that is not there, also when the upstream itself says so.
    let mut answers = Vec::new();
    for id in [1, 3, 99_999] {
        let (status, body) = caller.ask(&key, &format!("GET /v1/invoice/{id}"), &[], "").await;
        answers.push((status, told(&body)));
    }
    assert_eq!(answers[0].0, 404);
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r89_r90_d34_the_only_company_is_set_and_of_several_the_request_names_one() {
    let ledger = Registry::start().await;
    let (one, two) = (ledger.key(0, Some(&[1])).await.text, ledger.key(0, Some(&[1, 2])).await.text);
    let mut caller = Caller::new(ledger.world.address).await;
    assert_eq!(caller.ask(&one, "GET /v1/invoices?x=1", &[], "").await.0, 200);
    assert!(ledger.seen.last.lock().unwrap().starts_with("GET /v1/invoices?x=1&company_id=101 "));
    let narrowed = field(&ledger.seen.last.lock().unwrap(), "claviger-companies");
    assert_eq!(narrowed, Some(ledger.companies[0].to_string()));
    assert_eq!(caller.ask(&one, "GET /v1/own", &["Claviger-Companies: co_x"], "").await.0, 200);
    let last = ledger.seen.last.lock().unwrap().clone();
    assert_eq!(field(&last, "x-company").as_deref(), Some("101"));
    assert!(!last.contains("co_x"));
    assert_eq!(caller.ask(&one, "GET /v1/invoices?company_id=101", &[], "").await.0, 200);
    assert_eq!(caller.ask(&one, "GET /v1/invoices?company_id=102", &[], "").await.0, 403);
    assert_eq!(caller.ask(&one, "GET /v1/own", &["x_company: 102"], "").await.0, 403);
    assert_eq!(caller.ask(&two, "GET /v1/invoices", &[], "").await.0, 403);
    assert_eq!(caller.ask(&two, "GET /v1/invoices?company_id=102", &[], "").await.0, 200);
    assert_eq!(caller.ask(&two, "GET /v1/all", &[], "").await.0, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d36_bodies_are_read_within_a_bound_and_only_for_restricted_keys() {
    let ledger = Registry::start().await;
    let (one, all) = (ledger.key(0, Some(&[1])).await.text, ledger.key(0, None).await.text);
    let mut caller = Caller::new(ledger.world.address).await;
    let body =
        |id: u32, pad: usize| format!("{{\"invoices\":[{{\"company_id\":{id}}}],\"x\":\"{}\"}}", "x".repeat(pad));
    assert_eq!(caller.ask(&one, "POST /v1/send", &[JSON], &body(101, 60_000)).await.0, 200);
    assert_eq!(caller.ask(&one, "POST /v1/send", &[JSON], &body(102, 0)).await.0, 403);
    assert_eq!(caller.ask(&one, "POST /v1/send", &["Content-Type: text/json"], &body(101, 0)).await.0, 415);
    assert_eq!(caller.ask(&one, "POST /v1/send", &[JSON, "Content-Encoding: gzip"], "x").await.0, 415);
    let twice = r#"{"invoices":[{"company_id":102,"company_id":101}]}"#;
    assert_eq!(caller.ask(&one, "POST /v1/send", &[JSON], twice).await.0, 400);
    assert_eq!(caller.ask(&all, "POST /v1/send", &[JSON], &body(102, 70_000)).await.0, 200);
    let mut caller = Caller::new(ledger.world.address).await;
    assert_eq!(caller.ask(&one, "POST /v1/send", &[JSON], &body(101, 70_000)).await.0, 413);
    let mut caller = Caller::new(ledger.world.address).await;
    let form = "Content-Type: application/x-www-form-urlencoded";
    assert_eq!(caller.ask(&one, "POST /v1/filter?company_id=101", &[form], "company_id=102").await.0, 403);
    assert_eq!(caller.ask(&one, "POST /v1/filter?company_id=101", &[form], "a=1").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d36_a_body_that_is_left_to_the_upstream_reaches_it_as_it_came_and_narrows_nothing() {
    let ledger = Registry::start().await;
    let (one, two) = (ledger.key(0, Some(&[1])).await.text, ledger.key(0, Some(&[1, 2])).await.text);
    let mut caller = Caller::new(ledger.world.address).await;
    let xml = ["Content-Type: application/xml"];
    for (key, line) in [(&one, "POST /v1/scan"), (&one, "POST /v1/scan/set"), (&two, "POST /v1/scan/set")] {
        assert_eq!(caller.ask(key, line, &xml, "<company_id>102</company_id>").await.0, 200, "{line}");
        let last = ledger.seen.last.lock().unwrap().clone();
        assert!(last.starts_with(line) && field(&last, "claviger-companies").is_none(), "{last}");
    }
    // What can be read beside it is held here, and so is a body that can be read.
    assert_eq!(caller.ask(&one, "POST /v1/scan?x=101", &xml, "<x/>").await.0, 200);
    assert!(field(&ledger.seen.last.lock().unwrap(), "claviger-companies").is_some());
    assert_eq!(caller.ask(&one, "POST /v1/scan?x=102", &xml, "<x/>").await.0, 403);
    assert_eq!(caller.ask(&one, "POST /v1/scan", &[JSON], "{\"company_id\":102}").await.0, 403);
    assert_eq!(caller.ask(&one, "POST /v1/scan", &[JSON], "{}").await.0, 403);
    assert_eq!(caller.ask(&one, "POST /v1/scan", &xml, "").await.0, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d34_an_answer_that_cannot_be_held_to_the_companies_is_withheld() {
    let ledger = Registry::start().await;
    let (one, all) = (ledger.key(0, Some(&[1])).await.text, ledger.key(0, None).await.text);
    let mut caller = Caller::new(ledger.world.address).await;
    assert_eq!(caller.ask(&one, "GET /v1/file", &["Range: bytes=0-1", "Accept-Encoding: gzip"], "").await.0, 200);
    let last = ledger.seen.last.lock().unwrap().to_ascii_lowercase();
    assert!(last.contains("accept-encoding: identity") && !last.contains("gzip") && !last.contains("range"), "{last}");
    for (kind, status) in [("text", 502), ("long", 502), ("silent", 502), ("twice", 502), ("error", 500)] {
        let (told, body) = caller.ask(&one, &format!("GET /v1/file?kind={kind}"), &[], "").await;
        assert_eq!(told, status, "{kind}");
        assert!(!body.contains("secret"), "{body}");
    }
    assert_eq!(caller.ask(&all, "GET /v1/file?kind=text", &[], "").await.0, 200);
    // The head of an answer says whether the object is there, so it is held to the companies too.
    assert_eq!(caller.ask(&one, "HEAD /v1/invoice/6", &[], "").await.0, 200);
    assert_eq!(caller.ask(&one, "HEAD /v1/invoice/1", &[], "").await.0, 404);
    // A list with a foreign item: the upstream broke its promise.
    assert_eq!(caller.ask(&one, "GET /v1/list?of=1,1", &[], "").await.0, 200);
    let (status, body) = caller.ask(&one, "GET /v1/list?of=1,2", &[], "").await;
    assert_eq!((status, body.contains("secret")), (502, false));
    // An object in the place of a list lists nothing: an error is an error, a success cannot be held to anything.
    assert_eq!(caller.ask(&one, "GET /v1/rows", &[], "").await.0, 200);
    assert_eq!(caller.ask(&one, "GET /v1/rows?kind=error", &[], "").await.0, 400);
    let (status, body) = caller.ask(&one, "GET /v1/rows?kind=object", &[], "").await;
    assert_eq!((status, body.contains("secret")), (502, false));
    ledger.world.wait_metric("requests_refused_total{reason=\"isolation_violation\"} 1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d34_a_broken_promise_of_the_upstream_is_in_the_audit_chain() {
    let ledger = Registry::start().await;
    let key = ledger.key(0, Some(&[1])).await;
    let mut caller = Caller::new(ledger.world.address).await;
    let mut told = Vec::new();
    for _ in 0..5 {
        let (status, body) = caller.ask(&key.text, "GET /v1/list?of=2,2,2", &[], "").await;
        assert_eq!(status, 502);
        told.push(serde_json::from_str::<serde_json::Value>(&body).unwrap());
    }
    let (accounts, rows) = (ledger.accounts, ledger.rows.clone());
    // What was queued is written before the gateway is gone.
    ledger.world.gateway.shutdown(Duration::from_secs(5)).await;
    let entries = rows[0].audit(Page::first(100)).await.unwrap().items;
    let entries: Vec<_> = entries.iter().filter(|e| e.action == AuditAction::IsolationViolation).collect();
    // The first at once, the rest as one; the newest comes first.
    assert_eq!(entries.len(), 2, "{entries:?}");
    for (entry, first, count) in [(entries[1], &told[0], 1), (entries[0], &told[1], 4)] {
        assert_eq!(entry.account, Some(accounts[0]));
        assert_eq!(entry.request.map(|id| id.to_string()).as_deref(), first["request_id"].as_str());
        assert!(entry.request.is_some() && entry.subjects.is_empty(), "{entry:?}");
        let details: serde_json::Value = serde_json::from_str(&entry.details).unwrap();
        assert_eq!(details, serde_json::json!({"key": key.id.to_string(), "operation": "list", "count": count}));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d34_a_look_up_comes_before_the_change() {
    let ledger = Registry::start().await;
    let one = ledger.key(0, Some(&[1])).await.text;
    let mut caller = Caller::new(ledger.world.address).await;
    assert_eq!(caller.ask(&one, "DELETE /v1/invoice/1", &[], "").await.0, 404);
    assert!(ledger.seen.last.lock().unwrap().starts_with("GET /v1/invoice/1 "), "only the look-up was asked");
    assert_eq!(caller.ask(&one, "DELETE /v1/invoice/6", &[], "").await.0, 200);
    assert!(ledger.seen.last.lock().unwrap().starts_with("DELETE /v1/invoice/6 "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d14_a_revocation_ends_what_is_still_being_read() {
    let ledger = Registry::start().await;
    let key = ledger.key(0, Some(&[1])).await;
    let revoke = async |waiting: usize| {
        until("it waits", || ledger.world.metrics().contains(&format!("requests_in_flight {waiting}\n"))).await;
        let changed = ledger.rows[0].set_key_status(stamp(), key.id, KeyStatus::Disabled).await.unwrap();
        assert_eq!(ledger.world.applied(changed.revision).await, 1);
        let changed = ledger.rows[0].set_key_status(stamp(), key.id, KeyStatus::Active).await.unwrap();
        ledger.world.applied(changed.revision).await;
    };
    // The answer that is guarded.
    let mut caller = Caller::new(ledger.world.address).await;
    let (answer, ()) = soon(async { tokio::join!(caller.ask(&key.text, "GET /v1/hold", &[], ""), revoke(1)) }).await;
    assert_eq!(answer.0, 401);
    // The body that is looked into.
    let head = format!(
        "POST /v1/send HTTP/1.1\r\nHost: api\r\nX-API-Key: {}\r\n{JSON}\r\nContent-Length: 50\r\nConnection: close\r\n\r\n{{",
        key.text
    );
    let mut socket = ledger.world.send(&head).await;
    revoke(1).await;
    let answer = crate::harness::read_until(&mut socket, "invalid_api_key").await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d35_a_name_that_moves_is_the_new_companys_at_once() {
    let ledger = Registry::start().await;
    let (one, two) = (ledger.key(0, Some(&[1])).await.text, ledger.key(0, Some(&[2])).await.text);
    let mut caller = Caller::new(ledger.world.address).await;
    let patch = |names: &[&str]| CompanyPatch {
        external_names: Some(names.iter().map(|n| model::ExternalName::parse(n).unwrap()).collect()),
        ..CompanyPatch::default()
    };
    let changed = ledger.rows[0].update_company(stamp(), ledger.companies[0], patch(&["test:id=7"])).await.unwrap();
    ledger.world.applied(changed.revision).await;
    assert_eq!(caller.ask(&one, "GET /v1/company/VAT1/report", &[], "").await.0, 403);
    let names = ["test:vat=VAT2", "test:vat=VAT1", "test:id=102"];
    let changed = ledger.rows[0].update_company(stamp(), ledger.companies[1], patch(&names)).await.unwrap();
    ledger.world.applied(changed.revision).await;
    assert_eq!(caller.ask(&two, "GET /v1/company/VAT1/report", &[], "").await.0, 200);
    let gone = ledger.rows[0].delete_company(stamp(), ledger.companies[1], None).await.unwrap();
    ledger.world.applied(gone.revision).await;
    assert_eq!(caller.ask(&two, "GET /v1/company/VAT1/report", &[], "").await.0, 403);
}

/// A repeatable stream of numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % n
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// A random request, and by whom it is made.
struct Case {
    line: String,
    fields: Vec<String>,
    body: String,
    /// The companies that it names, in the one spelling; `None` when some spelling is another one.
    names: Option<Vec<usize>>,
    /// Which operation.
    what: usize,
    invoice: usize,
}

/// A company number, most often one that exists.
fn some(dice: &mut Dice) -> usize {
    1 + dice.below(COMPANIES + 1)
}

fn case(dice: &mut Dice) -> Case {
    let what = dice.below(10);
    let names: Vec<usize> = (0..dice.below(3)).map(|_| some(dice)).collect();
    let (mut odd, invoice) = (false, dice.below(200));
    let mut case = Case { line: String::new(), fields: Vec::new(), body: String::new(), names: None, what, invoice };
    let spelt = |dice: &mut Dice, odd: &mut bool, good: &str, others: &[&str]| {
        if dice.below(8) == 0 {
            *odd = true;
            dice.of(others).to_owned()
        } else {
            good.to_owned()
        }
    };
    let mut named = names;
    match what {
        0 => {
            named = vec![some(dice)];
            case.line = format!("GET /v1/company/VAT{}/report", named[0]);
        }
        1 | 2 => {
            let others = ["company_id[]", "Company_Id", "companyId", "company%5fid%5b0%5d", "x;company_id"];
            let pairs: Vec<String> =
                named.iter().map(|n| format!("{}={}", spelt(dice, &mut odd, "company_id", &others), 100 + n)).collect();
            let path = if what == 1 { "filter" } else { "invoices" };
            case.line = format!("GET /v1/{path}?a=1&{}", pairs.join("&"));
        }
        3 | 4 => {
            for n in &named {
                case.fields.push(format!("{}: {}", spelt(dice, &mut odd, "X-Company", &["x_company"]), 100 + n));
            }
            case.line = format!("GET /v1/{}", if what == 3 { "tenant" } else { "own" });
        }
        5 => {
            let items: Vec<String> = named
                .iter()
                .map(|n| {
                    format!("{{\"{}\":{}}}", spelt(dice, &mut odd, "company_id", &["companyId", "COMPANY_ID"]), 100 + n)
                })
                .collect();
            case.line = "POST /v1/send".into();
            case.fields.push(JSON.into());
            case.body = format!("{{\"invoices\":[{}]}}", items.join(","));
        }
        6 => case.line = format!("GET /v1/invoice/{invoice}"),
        7 => case.line = format!("DELETE /v1/invoice/{invoice}"),
        8 => {
            let of: Vec<String> = named.iter().map(usize::to_string).collect();
            case.line = format!("GET /v1/list?of={}", of.join(","));
        }
        _ => case.line = "GET /v1/all".into(),
    }
    case.names = (!odd).then_some(named);
    case
}

/// The rules in one place: the status that a key of `account` for `set` (or for all) gets.
fn expected(case: &Case, account: usize, set: &[usize]) -> u16 {
    let within = |company: &usize| set.contains(company);
    let mine = |company: usize| company <= COMPANIES && owner(company) == account;
    let named = case.names.as_deref();
    match case.what {
        0..=5 => {
            // A name in another spelling, a foreign one, an unknown one: one answer.
            let Some(named) = named.filter(|n| n.iter().all(within)) else { return 403 };
            let injected = matches!(case.what, 2 | 4);
            if named.is_empty() && !(injected && set.len() == 1) { 403 } else { 200 }
        }
        6 | 7 => {
            let company = invoice_owner(case.invoice);
            if mine(company) && within(&company) { 200 } else { 404 }
        }
        8 => {
            let listed: Vec<usize> = named.unwrap_or_default().iter().copied().filter(|c| mine(*c)).collect();
            if listed.iter().all(within) { 200 } else { 502 }
        }
        _ => 403,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r91_r125_r126_ten_thousand_random_requests_are_answered_as_the_rules_say_and_nothing_foreign_is_seen() {
    const REQUESTS: usize = 10_000;
    let ledger = Registry::start().await;
    let mut keys = Vec::new();
    for account in 0..2 {
        let first = account * COMPANIES / 2 + 1;
        for set in [&[first][..], &[first + 1], &[first, first + 2], &[first, first + 1, first + 2]] {
            keys.push((account, Some(set.to_vec()), ledger.key(account, Some(set)).await.text));
        }
        keys.push((account, None, ledger.key(account, None).await.text));
    }
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    let mut caller = Caller::new(ledger.world.address).await;
    let mut statuses = std::collections::BTreeMap::<u16, usize>::new();
    for number in 0..REQUESTS {
        let (account, set, key) = &keys[dice.below(keys.len())];
        let case = case(&mut dice);
        let fields: Vec<&str> = case.fields.iter().map(String::as_str).collect();
        let (status, body) = caller.ask(key, &case.line, &fields, &case.body).await;
        let context =
            || format!("request {number}: {} {fields:?} {} by {account} {set:?}: {body}", case.line, case.body);
        if let Some(set) = set {
            assert_eq!(status, expected(&case, *account, set), "{}", context());
        }
        for company in 1..=COMPANIES {
            let may = set.as_ref().map_or_else(|| owner(company) == *account, |set| set.contains(&company));
            assert!(may || !body.contains(&format!("secret-of-{company}")), "{}", context());
        }
        *statuses.entry(status).or_default() += 1;
    }
    // All answers are reached often enough to mean something.
    for status in [200, 403, 404, 502] {
        assert!(statuses.get(&status).is_some_and(|count| *count > 100), "{statuses:?}");
    }
}
