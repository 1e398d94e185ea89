//! R120: an invoice reaches the company that it is addressed to, in its own ledger, as a copy of that company's own.

use super::harness::{Caller, Invoice, Server, Setup, folder, with_server};
use serde_json::{Value, json};
use std::time::Duration;

const BUYER: &str = "IT99999999999";

fn supplier(environment: &'static str) -> Caller {
    Caller::new(environment, "acc_supplier")
}

fn buyer(environment: &'static str) -> Caller {
    Caller::new(environment, "acc_buyer")
}

async fn company(server: &Server, caller: &Caller, vat: &str) -> Value {
    let record = json!({"vat": vat, "fiscal_code": &vat[2..], "name": "Buyer"});
    server.json(caller, "POST", "/v1/company", &record).await.expect(201)["id"].clone()
}

/// Sends invoices and lets the exchange hand them over.
async fn deliver(server: &Server, caller: &Caller, invoices: &[Invoice]) {
    let before = server.get(caller, "/v1/send?latest_state=Consegnato").await.total();
    for invoice in invoices {
        server.call(caller, "POST", "/v1/send/xml", "application/xml", invoice.xml()).await.expect(201);
    }
    let wanted = usize::try_from(before).unwrap() + invoices.len();
    server.advance(Duration::from_secs(2));
    let sent = |rows: &Value| rows.as_array().unwrap().len() == invoices.len();
    server.until(caller, "/v1/send?latest_state=Inviato", sent).await;
    server.advance(Duration::from_secs(2));
    let handed_over = |rows: &Value| rows.as_array().unwrap().len() == wanted;
    server.until(caller, "/v1/send?latest_state=Consegnato", handed_over).await;
}

#[tokio::test]
async fn r120_an_invoice_arrives_at_the_company_that_it_names() {
    with_server(async |server| {
        let (supplier, buyer) = (supplier("test"), buyer("test"));
        let id = company(&server, &buyer, BUYER).await;
        let invoice = Invoice::new("IT00000000001", "A/1");
        server.call(&supplier, "POST", "/v1/send/xml", "application/xml", invoice.xml()).await.expect(201);
        server.advance(Duration::from_secs(2));
        server.until(&supplier, "/v1/send?latest_state=Inviato", |rows| rows.as_array().unwrap().len() == 1).await;
        assert_eq!(server.get(&buyer, "/v1/receive").await.total(), 0, "it is still on its way");
        server.advance(Duration::from_secs(2));
        let rows = server.until(&buyer, "/v1/receive", |rows| rows.as_array().unwrap().len() == 1).await;
        let sent = server.get(&supplier, "/v1/send/1").await.expect(200);
        let found = &rows[0];
        for (name, value) in [
            ("id", json!(1)),
            ("version", json!(1)),
            ("created", json!("2026-11-23T12:00:04Z")),
            ("company_id", id.clone()),
            ("committente", json!(BUYER)),
            ("prestatore", json!("IT00000000001")),
            ("nome_prestatore", json!("Seller IT00000000001")),
            ("identifier", sent["identifier"].clone()),
            ("file_name", sent["file_name"].clone()),
            ("format", json!("FPR12")),
            ("encoding", json!("Xml")),
            ("documents", sent["documents"].clone()),
            ("date_sent", sent["date_sent"].clone()),
            ("last_update", json!("2026-11-23T12:00:04Z")),
            ("is_read", json!(false)),
            ("message_id", Value::Null),
        ] {
            assert_eq!(found[name], value, "{name}");
        }
        // The user is the recipient's, and nothing says whose the sender is.
        assert_eq!(found["user_id"], server.get(&buyer, "/v1/company").await.expect(200)[0]["user_id"]);
        assert_eq!(found.as_object().unwrap().len(), 18, "{found}");
        assert!(!found["payload"].as_str().unwrap().contains("Fattura"));
        // Looking at the record does not read it; its payload does.
        assert_eq!(server.get(&buyer, "/v1/receive/1").await.expect(200)["is_read"], json!(false));
        let payload = server.get(&buyer, "/v1/receive/1/payload").await;
        assert_eq!((payload.status.as_u16(), payload.text()), (200, invoice.xml()));
        assert_eq!(server.get(&buyer, "/v1/receive?unread=true").await.total(), 0);
        let whole = server.get(&buyer, "/v1/receive/1?include_payload=true").await.expect(200);
        assert_eq!((&whole["payload"], &whole["is_read"]), (&json!(invoice.xml()), &json!(true)));
        // The sender has received nothing, and cannot touch the copy; the recipient has sent nothing.
        assert_eq!(server.get(&supplier, "/v1/receive").await.total(), 0);
        server.call(&supplier, "DELETE", "/v1/receive/1", "", "").await.refused(404, "not_found");
        assert_eq!(server.get(&buyer, "/v1/send").await.total(), 0);
        let deleted = server.call(&buyer, "DELETE", "/v1/receive/1", "", "").await.expect(200);
        assert_eq!(deleted["id"], json!(1));
        server.get(&buyer, "/v1/receive/1").await.refused(404, "not_found");
        server.get(&supplier, "/v1/send/1").await.expect(200);
        server
    })
    .await;
}

#[tokio::test]
async fn r120_test_and_live_never_deliver_to_each_other() {
    with_server(async |server| {
        company(&server, &buyer("live"), BUYER).await;
        company(&server, &buyer("test"), "IT88888888888").await;
        deliver(&server, &supplier("test"), &[Invoice::new("IT00000000001", "1")]).await;
        let other = Invoice { buyer: "IT88888888888", ..Invoice::new("IT00000000001", "1") };
        deliver(&server, &supplier("live"), &[other]).await;
        for environment in ["test", "live"] {
            assert_eq!(server.get(&buyer(environment), "/v1/receive").await.total(), 0, "{environment}");
        }
        server
    })
    .await;
}

#[tokio::test]
async fn r91_a_key_of_one_company_receives_for_that_company() {
    with_server(async |server| {
        let (supplier, buyer) = (supplier("test"), buyer("test"));
        let ids = [company(&server, &buyer, BUYER).await, company(&server, &buyer, "IT88888888888").await];
        let second = Invoice { buyer: "IT88888888888", ..Invoice::new("IT00000000001", "2") };
        // One that goes to nobody: no company has this number.
        let unknown = Invoice { buyer: "IT66666666666", ..Invoice::new("IT00000000001", "3") };
        deliver(&server, &supplier, &[Invoice::new("IT00000000001", "1"), second, unknown]).await;
        assert_eq!(server.get(&buyer, "/v1/receive").await.total(), 2);
        for (index, vat) in [BUYER, "IT88888888888"].into_iter().enumerate() {
            let own = buyer.clone().only(json!({ "vat": [vat] }));
            let rows = server.get(&own, "/v1/receive?include_payload=true").await.expect(200);
            assert_eq!(rows.as_array().unwrap().len(), 1);
            assert_eq!(rows[0]["company_id"], ids[index]);
            let other = if rows[0]["id"] == json!(1) { 2 } else { 1 };
            for path in [format!("/v1/receive/{other}"), format!("/v1/receive/{other}/payload")] {
                server.get(&own, &path).await.refused(404, "not_found");
            }
            server.call(&own, "DELETE", &format!("/v1/receive/{other}"), "", "").await.refused(404, "not_found");
            let foreign = format!("/v1/receive?company_id={}", ids[1 - index]);
            server.get(&own, &foreign).await.refused(404, "not_found");
        }
        // Deleting the company says what goes with it, and takes it along.
        let path = format!("/v1/company/{}", ids[0]);
        let problem = server.call(&buyer, "DELETE", &path, "", "").await.refused(409, "company_in_use");
        assert!(problem["detail"].as_str().unwrap().contains("0 sent invoice(s) and 1 received"));
        server.call(&buyer, "DELETE", &format!("{path}?force=true"), "", "").await.expect(200);
        assert_eq!(server.get(&buyer, "/v1/receive").await.total(), 1);
        server
    })
    .await;
}

#[tokio::test]
async fn received_invoices_are_found_by_what_is_known_of_them() {
    with_server(async |server| {
        let (supplier, buyer) = (supplier("test"), buyer("test"));
        company(&server, &buyer, BUYER).await;
        let first = Invoice { date: "2026-10-31", ..Invoice::new("IT00000000001", "A/1") };
        deliver(&server, &supplier, &[first, Invoice::new("IT00000000002", "B/2")]).await;
        for (query, count) in [
            ("prestatore=IT00000000001", 1),
            ("committente=IT99999999999", 2),
            ("committente=IT00000000001", 0),
            ("identifier=100000000002", 1),
            ("file_name=IT11111111111_00001.xml", 1),
            ("document_number=A/1", 1),
            ("document_number=A/1&document_date_from=2026-11-01", 0),
            ("document_date_from=2026-11-01", 1),
            ("document_date_to=2026-11-01", 1),
            ("date_sent_to=2026-11-23T12:00:02Z", 2),
            ("date_sent_from=2026-11-23T12:00:03Z", 0),
            ("last_update_from=2026-11-23T12:00:04Z", 2),
            ("unread=true", 2),
            ("q=00002", 1),
            ("q=it0000", 2),
            ("q=%25", 0),
        ] {
            assert_eq!(server.get(&buyer, &format!("/v1/receive?{query}")).await.total(), count, "{query}");
        }
        let page = server.get(&buyer, "/v1/receive?page=2&page_size=1&sort=-prestatore").await;
        assert_eq!((page.total(), &page.value()[0]["prestatore"]), (2, &json!("IT00000000001")));
        for query in ["ids=1", "sort=payload", "unread=perhaps", "latest_state=Inviato"] {
            server.get(&buyer, &format!("/v1/receive?{query}")).await.refused(400, "bad_query");
        }
        server
    })
    .await;
}

#[tokio::test]
async fn reading_a_received_invoice_counts_once_in_the_live_ledger() {
    let folder = folder();
    // Each account has four: the supplier sends four invoices, the buyer validates one and so cannot read them all.
    let server = Server::start_with(folder.path(), Setup { operation_allowance: 4, ..Setup::default() }).await;
    let (supplier, buyer) = (supplier("live"), buyer("live"));
    company(&server, &buyer, BUYER).await;
    let left = async || server.get(&buyer, "/v1/status").await.expect(200)["operation_left"].clone();
    let invoices: Vec<_> = (1..=4).map(|n| Invoice::new("IT00000000001", &n.to_string())).collect();
    deliver(&server, &supplier, &invoices).await;
    server.get(&buyer, "/v1/receive?page_size=200").await.expect(200);
    assert_eq!(left().await, json!(4), "a list without payloads counts nothing");
    for _ in 0..2 {
        assert_eq!(server.get(&buyer, "/v1/receive/1/payload").await.status.as_u16(), 200);
        assert_eq!(left().await, json!(3), "the second time counts nothing");
    }
    server.get(&buyer, "/v1/receive/2?include_payload=true").await.expect(200);
    let own = server.call(&buyer, "POST", "/v1/send/validate/xml", "application/xml", invoices[0].xml()).await;
    assert_eq!((own.status.as_u16(), left().await), (204, json!(1)));
    // Two are unread and one operation is left: all or nothing, and nothing is marked.
    server.get(&buyer, "/v1/receive?include_payload=true").await.refused(403, "operation_exhausted");
    server.get(&buyer, "/v1/export?type=receive").await.refused(403, "operation_exhausted");
    assert_eq!(server.get(&buyer, "/v1/receive?unread=true").await.total(), 2);
    server.get(&buyer, "/v1/receive/3/payload").await;
    server.get(&buyer, "/v1/receive/4/payload").await.refused(403, "operation_exhausted");
    // What was read before can be read again.
    assert_eq!(server.get(&buyer, "/v1/receive/3/payload").await.status.as_u16(), 200);
    assert_eq!(left().await, json!(0));
    server.stop().await;
}

#[tokio::test]
async fn an_archive_holds_what_arrived_and_that_is_read() {
    with_server(async |server| {
        let (supplier, buyer) = (supplier("live"), buyer("live"));
        company(&server, &buyer, BUYER).await;
        let march = Invoice { date: "2026-03-31", ..Invoice::new("IT00000000001", "1") };
        // Two suppliers' files of the same name.
        let other = Invoice::new("IT00000000002", "2");
        deliver(&server, &supplier, &[march, other]).await;
        let own = Invoice { buyer: "IT00000000001", ..Invoice::new(BUYER, "3") };
        deliver(&server, &buyer, &[own]).await;
        let numbers = async |query: &str| {
            let answer = server.get(&buyer, &format!("/v1/export?{query}")).await;
            assert_eq!(answer.status.as_u16(), 200, "{query}");
            let text = answer.text();
            assert_eq!(text.contains(&format!("{BUYER}/receive/IT11111111111_0000")), query != "type=send");
            (1..=3).filter(|n| text.contains(&format!("<Numero>{n}</Numero>"))).collect::<Vec<_>>()
        };
        assert_eq!(numbers("type=send").await, [3]);
        assert_eq!(server.get(&buyer, "/v1/receive?unread=true").await.total(), 2);
        assert_eq!(numbers("type=receive&year=2026&month=3").await, [1]);
        assert_eq!(
            server.get(&buyer, "/v1/receive?unread=true").await.total(),
            1,
            "only what the archive holds is read"
        );
        assert_eq!(numbers("type=receive").await, [1, 2]);
        assert_eq!(numbers("").await, [1, 2, 3]);
        assert_eq!(server.get(&buyer, "/v1/receive?unread=true").await.total(), 0);
        // The supplier received the buyer's, which is addressed to its company.
        assert_eq!(server.get(&supplier, "/v1/receive").await.total(), 1);
        server
    })
    .await;
}
