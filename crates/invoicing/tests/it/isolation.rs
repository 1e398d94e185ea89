//! R89 to R92: two ledgers, two accounts, two companies in each; no operation lets a caller out of its cell.

use super::harness::{Caller, Invoice, Server, folder};
use serde_json::{Value, json};
use std::{collections::BTreeSet, ops::RangeInclusive, time::Duration};

/// Every operation of the public description, with `{id}` for an id and `{name}` for a VAT number or an identifier.
const OPERATIONS: [(&str, &str); 36] = [
    ("GET", "/v1/company"),
    ("POST", "/v1/company"),
    ("PUT", "/v1/company"),
    ("GET", "/v1/company/{id}"),
    ("GET", "/v1/company/{name}"),
    ("DELETE", "/v1/company/{id}"),
    ("GET", "/v1/export"),
    ("GET", "/v1/health"),
    ("GET", "/v1/log"),
    ("GET", "/v1/log/{id}"),
    ("GET", "/v1/receive"),
    ("GET", "/v1/receive/{id}"),
    ("GET", "/v1/receive/{id}/payload"),
    ("DELETE", "/v1/receive/{id}"),
    ("GET", "/v1/send"),
    ("POST", "/v1/send"),
    ("GET", "/v1/send/{id}"),
    ("GET", "/v1/send/{name}"),
    ("GET", "/v1/send/{id}/payload"),
    ("POST", "/v1/send/xml"),
    ("POST", "/v1/send/file"),
    ("POST", "/v1/send/json"),
    ("POST", "/v1/send/validate"),
    ("POST", "/v1/send/validate/xml"),
    ("POST", "/v1/send/validate/file"),
    ("POST", "/v1/send/validate/json"),
    ("GET", "/v1/status"),
    ("GET", "/v1/update"),
    ("GET", "/v1/update/{id}"),
    ("GET", "/v1/webhook"),
    ("POST", "/v1/webhook"),
    ("PUT", "/v1/webhook"),
    ("GET", "/v1/webhook/{id}"),
    ("DELETE", "/v1/webhook/{id}"),
    ("GET", "/v1/webhookhistory"),
    ("GET", "/v1/webhookhistory/{id}"),
];

const LEDGERS: [&str; 2] = ["test", "live"];
const ACCOUNTS: [&str; 2] = ["acc_one", "acc_two"];
/// Both accounts have a company with the first number.
const VATS: [[&str; 2]; 2] = [["IT00000000001", "IT00000000012"], ["IT00000000001", "IT00000000022"]];
/// Whom all of them receive from.
const SUPPLIER: &str = "IT77777777770";
/// The ids of every row that `fill` makes (at most eight in a table), and some beyond.
const IDS: RangeInclusive<i64> = 1..=10;
/// The same of the log.
const LOG_IDS: RangeInclusive<i64> = 1..=40;
const LISTS: [&str; 6] = ["company", "send", "update", "webhook", "receive", "webhookhistory"];

/// A word that only the rows of one cell hold.
fn mark(ledger: &str, account: usize, company: usize) -> String {
    format!("Mark-{ledger}-{account}-{company}")
}

/// A caller and the marks that it may see.
struct Seat {
    caller: Caller,
    account: usize,
    own: BTreeSet<String>,
    /// Companies of its account that it may act for.
    companies: Vec<usize>,
}

/// Fills every cell; gives the seats: for each ledger and account all companies, the first by number, the second by id,
/// and none.
async fn fill(server: &Server) -> Vec<Seat> {
    let mut seats = Vec::new();
    for ledger in LEDGERS {
        for (account, name) in ACCOUNTS.into_iter().enumerate() {
            let all = Caller::new(ledger, name);
            let mut ids = Vec::new();
            for (company, vat) in VATS[account].into_iter().enumerate() {
                let mark = mark(ledger, account, company);
                let body = json!({"vat": vat, "fiscal_code": &vat[2..], "name": mark});
                let id = server.json(&all, "POST", "/v1/company", &body).await.expect(201)["id"].clone();
                let invoice = Invoice { text: mark.clone(), ..Invoice::new(vat, &format!("{mark}-1")[5..]) };
                let meta = json!({"payload": invoice.xml(), "meta_data": {"order": mark}});
                server.json(&all, "POST", "/v1/send", &meta).await.expect(201);
                let hook = json!({"url": format!("https://example.com/{mark}"), "company_id": id, "description": mark});
                server.json(&all, "POST", "/v1/webhook", &hook).await.expect(201);
                // An entry of the log that is about no company and whose path names the cell.
                server.get(&all, &format!("/v1/company/{mark}")).await.refused(404, "not_found");
                ids.push(id);
            }
            let own = |companies: &[usize]| companies.iter().map(|company| mark(ledger, account, *company)).collect();
            let by_vat = all.clone().only(json!({ "vat": [VATS[account][0]] }));
            let by_id = all.clone().only(json!({ "id": [ids[1].to_string()] }));
            let nothing = Caller { companies: json!([]), ..all.clone().only(json!({})) };
            let unnamed = all.clone().only(json!({}));
            for (caller, companies) in
                [(all, vec![0, 1]), (by_vat, vec![0]), (by_id, vec![1]), (nothing, vec![]), (unnamed, vec![])]
            {
                seats.push(Seat { own: own(&companies), caller, account, companies });
            }
        }
    }
    // A supplier of its own sends to the companies whose number only one account has; the copy is the recipient's.
    for ledger in LEDGERS {
        for (account, [_, buyer]) in VATS.into_iter().enumerate() {
            let mark = mark(ledger, account, 1);
            let invoice = Invoice { text: mark.clone(), buyer, ..Invoice::new(SUPPLIER, &mark[5..]) };
            let record = json!({"payload": invoice.xml()});
            server.json(&Caller::new(ledger, "acc_supplier"), "POST", "/v1/send", &record).await.expect(201);
        }
    }
    server.advance(Duration::from_secs(10));
    for seat in seats.iter().filter(|seat| seat.companies.len() == 2) {
        let done = |value: &Value| value.as_array().unwrap().len() == 2;
        server.until(&seat.caller, "/v1/send?latest_state=Inviato", done).await;
    }
    for ledger in LEDGERS {
        let done = |value: &Value| value.as_array().unwrap().len() == 2;
        server.until(&Caller::new(ledger, "acc_supplier"), "/v1/send?latest_state=Inviato", done).await;
    }
    server.advance(Duration::from_secs(10));
    for seat in seats.iter().filter(|seat| seat.companies.len() == 2) {
        let done = |value: &Value| value.as_array().unwrap().len() == 2;
        server.until(&seat.caller, "/v1/send?latest_state=Consegnato", done).await;
        server.until(&seat.caller, "/v1/receive", |value| value.as_array().unwrap().len() == 1).await;
    }
    seats
}

fn every_mark() -> Vec<String> {
    let cells = LEDGERS.into_iter().flat_map(|ledger| (0..2).map(move |account| (ledger, account)));
    cells.flat_map(|(ledger, account)| (0..2).map(move |company| mark(ledger, account, company))).collect()
}

/// The marks in an answer. An invoice in base64 or in an archive is there as it is: nothing is compressed.
fn marks(text: &str) -> BTreeSet<String> {
    every_mark().into_iter().filter(|mark| text.contains(mark.as_str())).collect()
}

/// The paths to read an operation at: all ids, all names.
fn places(path: &str) -> Vec<String> {
    if path.contains("{id}") {
        let ids = if path == "/v1/log/{id}" { LOG_IDS } else { IDS };
        return ids.map(|id| path.replace("{id}", &id.to_string())).collect();
    }
    if path.contains("{name}") {
        let vats = VATS.concat().into_iter().map(str::to_owned);
        let identifiers = IDS.map(|id| (100_000_000_000 + id).to_string());
        return vats.chain(identifiers).map(|name| path.replace("{name}", &name)).collect();
    }
    let mut all = vec![path.to_owned(), format!("{path}?page=1&page_size=200")];
    match path {
        "/v1/receive" => {
            all.push(format!("{path}?include_payload=true"));
            all.extend(["q=%25", "unread=true"].map(|q| format!("{path}?{q}")));
        }
        "/v1/send" => {
            let ids: Vec<String> = IDS.map(|id| id.to_string()).collect();
            all.push(format!("{path}?ids={}&include_payload=true", ids.join(",")));
            all.extend(VATS.concat().iter().map(|vat| format!("{path}?prestatore={vat}&include_payload=true")));
            all.push(format!("{path}?q=%25"));
        }
        "/v1/company" => all.extend(["q=Mark", "q=%25", "q=_"].map(|q| format!("{path}?{q}"))),
        "/v1/health" | "/v1/status" | "/v1/export" => all.truncate(1),
        _ => {}
    }
    if !matches!(path, "/v1/company" | "/v1/health" | "/v1/status" | "/v1/webhookhistory") {
        all.extend((1..=10).map(|id| format!("{path}?company_id={id}")));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r91_no_read_shows_a_row_of_another_cell() {
    let folder = folder();
    let server = Server::start(folder.path()).await;
    let seats = fill(&server).await;
    for seat in &seats {
        let mut seen = BTreeSet::new();
        for (_, path) in OPERATIONS.into_iter().filter(|(method, _)| *method == "GET") {
            for place in places(path) {
                let answer = server.get(&seat.caller, &place).await;
                let status = answer.status.as_u16();
                assert!(matches!(status, 200 | 204 | 404), "{place}: {status} {}", answer.text());
                let found = marks(&answer.text());
                assert!(found.is_subset(&seat.own), "{:?} at {place} sees {found:?}", seat.caller);
                seen.extend(found);
            }
        }
        assert_eq!(seen, seat.own, "{:?} does not see its own", seat.caller);
        for list in LISTS {
            let answer = server.get(&seat.caller, &format!("/v1/{list}?page_size=200")).await;
            let rows = i64::try_from(answer.value().as_array().unwrap().len()).unwrap();
            assert_eq!(answer.total(), rows, "the total of {list} counts rows out of reach");
            let companies = i64::try_from(seat.companies.len()).unwrap();
            let wanted = match list {
                "company" | "send" | "webhook" => companies,
                "update" => 2 * companies,
                "receive" => i64::from(seat.companies.contains(&1)),
                _ => 0,
            };
            assert_eq!(rows, wanted, "{list} of {:?}", seat.caller);
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r92_a_restricted_caller_sees_only_its_companies_in_the_log() {
    let folder = folder();
    let server = Server::start(folder.path()).await;
    for seat in fill(&server).await.iter().filter(|seat| seat.companies.len() < 2) {
        let companies = server.get(&seat.caller, "/v1/company").await.expect(200);
        let own: BTreeSet<String> = companies.as_array().unwrap().iter().map(|row| row["id"].to_string()).collect();
        let log = server.get(&seat.caller, "/v1/log?page_size=200").await.expect(200);
        let log = log.as_array().unwrap();
        assert!(log.iter().all(|row| own.contains(&row["company_id"].to_string())), "{log:?}");
        assert_eq!(log.is_empty(), seat.companies.is_empty());
    }
    server.stop().await;
}

/// All rows of all cells, but for the log.
async fn snapshot(server: &Server, seats: &[Seat]) -> Vec<String> {
    let mut all = Vec::new();
    for seat in seats.iter().filter(|seat| seat.companies.len() == 2) {
        for list in LISTS {
            let page = server.get(&seat.caller, &format!("/v1/{list}?page_size=200")).await;
            all.push(page.text());
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r91_no_write_reaches_another_cell() {
    let folder = folder();
    let server = Server::start(folder.path()).await;
    let seats = fill(&server).await;
    let before = snapshot(&server, &seats).await;
    for seat in &seats {
        let caller = &seat.caller;
        let ids = async |list: &str| -> BTreeSet<i64> {
            let rows = server.get(caller, &format!("/v1/{list}?page_size=200")).await.expect(200);
            rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
        };
        let (companies, hooks) = (ids("company").await, ids("webhook").await);
        for id in IDS.filter(|id| !companies.contains(id)) {
            let record = json!({"id": id, "vat": "IT77777777777", "fiscal_code": "77777777777", "name": "mine now"});
            server.json(caller, "PUT", "/v1/company", &record).await.refused(404, "not_found");
            server.get(caller, &format!("/v1/send?company_id={id}")).await.refused(404, "not_found");
            let path = format!("/v1/company/{id}?force=true");
            server.call(caller, "DELETE", &path, "", "").await.refused(404, "not_found");
            let hook = json!({"url": "https://example.com/", "company_id": id});
            server.json(caller, "POST", "/v1/webhook", &hook).await.refused(403, "company_not_allowed");
            if let Some(own) = hooks.first() {
                let hook = json!({"id": own, "url": "https://example.com/", "company_id": id});
                server.json(caller, "PUT", "/v1/webhook", &hook).await.refused(403, "company_not_allowed");
            }
        }
        for id in IDS.filter(|id| !hooks.contains(id)) {
            let record = json!({"id": id, "url": "https://example.com/"});
            server.json(caller, "PUT", "/v1/webhook", &record).await.refused(404, "not_found");
            server.call(caller, "DELETE", &format!("/v1/webhook/{id}"), "", "").await.refused(404, "not_found");
        }
        let received = ids("receive").await;
        for id in IDS.filter(|id| !received.contains(id)) {
            server.get(caller, &format!("/v1/receive/{id}/payload")).await.refused(404, "not_found");
            server.call(caller, "DELETE", &format!("/v1/receive/{id}"), "", "").await.refused(404, "not_found");
        }
        if seat.companies.len() < 2 {
            from_outside(&server, seat).await;
        }
    }
    assert_eq!(snapshot(&server, &seats).await, before);
    server.stop().await;
}

/// A restricted caller tries to act for its account's other company, for one that does not exist, for all of them.
async fn from_outside(server: &Server, seat: &Seat) {
    let caller = &seat.caller;
    let mut vats = vec!["IT55555555555", VATS[1 - seat.account][1]];
    vats.extend((0..2).filter(|company| !seat.companies.contains(company)).map(|company| VATS[seat.account][company]));
    for vat in vats {
        let invoice = Invoice::new(vat, "99");
        for form in ["", "/validate"] {
            let record = json!({"payload": invoice.xml()});
            let path = format!("/v1/send{form}");
            server.json(caller, "POST", &path, &record).await.refused(403, "company_not_allowed");
            let answer = server.json(caller, "POST", &format!("{path}/json"), &invoice.json()).await;
            answer.refused(403, "company_not_allowed");
            let answer = server.call(caller, "POST", &format!("{path}/xml"), "application/xml", invoice.xml()).await;
            answer.refused(403, "company_not_allowed");
            let (kind, body) = super::harness::form("file", "a.xml", &invoice.xml());
            let answer = server.call(caller, "POST", &format!("{path}/file"), &kind, body).await;
            answer.refused(403, "company_not_allowed");
        }
        let record = json!({"vat": vat, "fiscal_code": &vat[2..], "name": "mine"});
        server.json(caller, "POST", "/v1/company", &record).await.refused(403, "company_not_allowed");
        // Taking the own company to another number would be a way out too.
        let companies = server.get(caller, "/v1/company").await.expect(200);
        for row in companies.as_array().unwrap() {
            let record = json!({"id": row["id"], "vat": vat, "fiscal_code": "1234567", "name": "moved"});
            server.json(caller, "PUT", "/v1/company", &record).await.refused(403, "company_not_allowed");
        }
    }
    let hook = json!({"url": "https://example.com/all"});
    server.json(caller, "POST", "/v1/webhook", &hook).await.refused(403, "company_not_allowed");
}

#[tokio::test]
async fn d9_a_key_of_one_company_works_inside_it() {
    let folder = folder();
    let server = Server::start(folder.path()).await;
    let all = Caller::new("test", "acc_one");
    let own = all.clone().only(json!({ "vat": ["it 00000000001"] }));
    // The company that the key is for need not exist yet; its first invoice makes it.
    let sent = server.json(&own, "POST", "/v1/send/json", &Invoice::new("IT00000000001", "1").json()).await.expect(201);
    let id = sent["company_id"].clone();
    let record = json!({"id": id, "vat": "IT00000000001", "fiscal_code": "00000000001", "name": "New name"});
    server.json(&own, "PUT", "/v1/company", &record).await.expect(200);
    let hook = json!({"url": "https://example.com/", "company_id": id});
    let hook = server.json(&own, "POST", "/v1/webhook", &hook).await.expect(201);
    server.call(&own, "DELETE", &format!("/v1/webhook/{}", hook["id"]), "", "").await.expect(200);
    server.call(&own, "DELETE", &format!("/v1/company/{id}"), "", "").await.refused(409, "company_in_use");
    server.call(&own, "DELETE", &format!("/v1/company/{id}?force=true"), "", "").await.expect(200);
    assert_eq!(server.get(&all, "/v1/send").await.total(), 0);
    // Ids are never used again: a key that was given this company by id does not get the next one.
    let by_id = all.clone().only(json!({ "id": [id.to_string()] }));
    server.json(&all, "POST", "/v1/send/json", &Invoice::new("IT00000000001", "1").json()).await.expect(201);
    assert_eq!(server.get(&by_id, "/v1/company").await.total(), 0);
    server.stop().await;
}

#[tokio::test]
async fn all_thirty_six_operations_exist() {
    let folder = folder();
    let server = Server::start(folder.path()).await;
    fill(&server).await;
    let caller = Caller::new("test", "acc_one");
    for (method, path) in OPERATIONS {
        let name = if path.contains("company") { VATS[0][0] } else { "100000000001" };
        let place = path.replace("{id}", "1").replace("{name}", name);
        let answer = server.json(&caller, method, &place, &json!({})).await;
        let empty = path.starts_with("/v1/webhookhistory/{id}");
        let status = answer.status.as_u16();
        assert!(status != 405 && (status != 404 || empty), "{method} {place}: {status} {}", answer.text());
        // A path that is known answers another method with 405, an unknown one with 404.
        server.json(&caller, "PATCH", &place, &json!({})).await.refused(405, "method_not_allowed");
    }
    server.get(&caller, "/v1/subkey").await.refused(404, "not_found");
    server.stop().await;
}
