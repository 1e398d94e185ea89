//! Lists: pages, orders, filters, totals.

use super::harness::{Caller, Invoice, Server, with_server};
use serde_json::{Value, json};
use std::time::Duration;

fn caller() -> Caller {
    Caller::new("test", "acc_one")
}

fn column(value: &Value, name: &str) -> Vec<Value> {
    value.as_array().unwrap().iter().map(|row| row[name].clone()).collect()
}

async fn five_companies(server: &Server) {
    for (n, name) in ["Echo", "Delta", "100% Carbon", "Bravo_1", "Alfa"].into_iter().enumerate() {
        let body = json!({"vat": format!("IT0000000000{n}"), "fiscal_code": format!("0000000000{n}"), "name": name});
        server.json(&caller(), "POST", "/v1/company", &body).await.expect(201);
    }
}

#[tokio::test]
async fn pages_have_a_size_an_order_and_the_total_of_all() {
    with_server(async |server| {
        five_companies(&server).await;
        let caller = caller();
        let list = async |query: &str| {
            let answer = server.get(&caller, &format!("/v1/company?{query}")).await;
            (column(&answer.expect(200), "id"), answer.total())
        };
        assert_eq!(list("").await, (vec![json!(1), json!(2), json!(3), json!(4), json!(5)], 5));
        assert_eq!(list("page_size=2").await, (vec![json!(1), json!(2)], 5));
        assert_eq!(list("page=3&page_size=2").await, (vec![json!(5)], 5));
        assert_eq!(list("page=4&page_size=2").await, (vec![], 5));
        assert_eq!(list("page=2147483647&page_size=200").await, (vec![], 5));
        assert_eq!(list("sort=name").await.0, [3, 5, 4, 2, 1].map(|id| json!(id)));
        assert_eq!(list("sort=-name&page_size=2").await.0, [1, 2].map(|id| json!(id)));
        // Every row is on exactly one page, also where the order leaves ties.
        let mut seen = Vec::new();
        for page in 1..=5 {
            seen.extend(list(&format!("sort=version&page_size=1&page={page}")).await.0);
        }
        assert_eq!(seen, [1, 2, 3, 4, 5].map(|id| json!(id)));
        // Signs of the pattern language stand for themselves.
        assert_eq!(list("q=alf").await, (vec![json!(5)], 1));
        assert_eq!(list("q=%25").await, (vec![json!(3)], 1));
        assert_eq!(list("q=_").await, (vec![json!(4)], 1));
        assert_eq!(list("q=%5C").await, (vec![], 0));
        assert_eq!(list("q=%27%20OR%201=1--").await, (vec![], 0));
        for query in ["page=0", "page_size=201", "page_size=0", "sort=secret", "sort=id;drop", "limit=5", "q=a&q=b"] {
            server.get(&caller, &format!("/v1/company?{query}")).await.refused(400, "bad_query");
        }
        server
    })
    .await;
}

#[tokio::test]
async fn invoices_are_found_by_what_is_known_of_them() {
    with_server(async |server| {
        let caller = caller();
        let other = Invoice { date: "2026-10-31", buyer: "IT88888888888", ..Invoice::new("IT00000000002", "B/2") };
        for invoice in [Invoice::new("IT00000000001", "A/1"), other] {
            server.call(&caller, "POST", "/v1/send/xml", "application/xml", invoice.xml()).await.expect(201);
            server.advance(Duration::from_secs(60));
            server.until(&caller, "/v1/send?latest_state=Inviato", |rows| !rows.as_array().unwrap().is_empty()).await;
            server.advance(Duration::from_secs(60));
            server.until(&caller, "/v1/send?latest_state=Inviato", |rows| rows.as_array().unwrap().is_empty()).await;
        }
        let found =
            async |query: &str| column(&server.get(&caller, &format!("/v1/send?{query}")).await.expect(200), "id");
        for (query, first, second) in [
            ("", true, true),
            ("company_id=1", true, false),
            ("prestatore=IT00000000002", false, true),
            ("committente=IT99999999999", true, false),
            ("document_number=A/1", true, false),
            ("document_number=A", false, false),
            ("document_number=A/1&document_date_from=2026-11-21", false, false),
            ("document_date_from=2026-10-31&document_date_to=2026-11-19", false, true),
            ("document_date_to=2026-11-20T00:00:00Z", true, true),
            ("file_name=IT11111111111_00002.xml", false, true),
            ("identifier=100000000001", true, false),
            ("latest_state=Consegnato", true, true),
            ("latest_state=Scartato", false, false),
            ("date_sent_from=2026-11-23T12:02:30Z", false, true),
            ("date_sent_to=2026-11-23T12:02:30.000000%2B0000", true, false),
            ("last_update_to=2026-11-23T12:00:00", false, false),
            ("ids=2,77", false, true),
            ("ids=1,2&company_id=1", true, false),
            ("q=00002", false, true),
            ("q=buyer", true, true),
        ] {
            let wanted: Vec<Value> =
                [(first, 1), (second, 2)].into_iter().filter(|(is, _)| *is).map(|(_, id)| json!(id)).collect();
            assert_eq!(found(query).await, wanted, "{query}");
        }
        let whole = server.get(&caller, "/v1/send?include_payload=true").await.expect(200);
        assert!(whole.as_array().unwrap().iter().all(|row| row["payload"].as_str().unwrap().contains("<p:Fattura")));
        for query in ["latest_state=Spedito", "ids=a", "company_id=x", "date_sent_from=soon", "include_payload=perhaps"]
        {
            server.get(&caller, &format!("/v1/send?{query}")).await.refused(400, "bad_query");
        }
        assert_eq!(server.get(&caller, "/v1/update?identifier=100000000002&sort=-state").await.total(), 2);
        assert_eq!(
            server.get(&caller, "/v1/update?prestatore=IT00000000001&date_sent_to=2026-11-23T12:02:30Z").await.total(),
            2
        );
        server
    })
    .await;
}

#[tokio::test]
async fn payloads_of_one_answer_are_bounded() {
    with_server(async |server| {
        let caller = caller();
        for n in 0..8 {
            let filler = format!("<!--{}-->", "x".repeat(4_500_000));
            let invoice = Invoice::new("IT00000000001", &n.to_string()).xml().replacen("?>", &format!("?>{filler}"), 1);
            server.call(&caller, "POST", "/v1/send/xml", "application/xml", invoice).await.expect(201);
        }
        server.get(&caller, "/v1/send?include_payload=true").await.refused(400, "bad_query");
        let page = server.get(&caller, "/v1/send?include_payload=true&page_size=2").await.expect(200);
        assert!(page[1]["payload"].as_str().unwrap().len() > 4_500_000);
        server
    })
    .await;
}

#[tokio::test]
async fn r14_every_request_is_in_the_log_of_its_account_and_ledger() {
    with_server(async |server| {
        let caller = caller();
        five_companies(&server).await;
        server.advance(Duration::from_secs(60));
        server.get(&caller, "/v1/company/77").await.refused(404, "not_found");
        server.json(&caller, "PUT", "/v1/company", &json!({"id": 1})).await.refused(400, "bad_body");
        server.get(&Caller::new("live", "acc_one"), "/v1/company/1").await.refused(404, "not_found");
        server.get(&Caller::new("test", "acc_two"), "/v1/company/1").await.refused(404, "not_found");
        let log = server.get(&caller, "/v1/log?sort=id").await;
        assert_eq!(log.total(), 7);
        let rows = log.value();
        let first = &rows[0];
        for (name, value) in [
            ("method", json!("POST")),
            ("endpoint", json!("/v1/company")),
            ("status_code", json!(201)),
            ("success", json!(true)),
            ("resource_id", json!(1)),
            ("company_id", json!(1)),
            ("user_agent", json!("it/1")),
            ("api_version", json!(1)),
            ("error", Value::Null),
            ("query", Value::Null),
            ("response_body", Value::Null),
            ("date_time", json!("2026-11-23T12:00:00Z")),
        ] {
            assert_eq!(first[name], value, "{name}");
        }
        assert_eq!((&rows[5]["error"], &rows[5]["success"]), (&json!("not_found"), &json!(false)));
        assert_eq!(server.get(&caller, &format!("/v1/log/{}", first["id"])).await.expect(200), *first);
        for (query, count) in [
            ("company_id=2", 1),
            ("endpoint=/v1/company", 6),
            ("method=PUT", 1),
            ("status_code=404", 1),
            ("success=false", 2),
            ("api_verion=1&method=POST", 5),
            ("api_verion=2", 0),
            ("date_time_from=2026-11-23T12:01:00Z&success=false", 2),
            ("date_created_to=2026-11-23T12:00:30Z", 5),
            ("user_agent=IT/1&method=POST", 5),
            ("query=a", 0),
        ] {
            assert_eq!(server.get(&caller, &format!("/v1/log?{query}")).await.total(), count, "{query}");
        }
        server
    })
    .await;
}

#[tokio::test]
async fn log_entries_are_kept_for_fifteen_days() {
    with_server(async |server| {
        let caller = caller();
        server.get(&caller, "/v1/status").await.expect(200);
        let old = server.get(&caller, "/v1/log?endpoint=/v1/status").await.total();
        assert_eq!(old, 1);
        server.advance(Duration::from_secs(15 * 24 * 3_600 + 1));
        // The next entry that is written sweeps; reading waits for the writing before it.
        server.get(&caller, "/v1/company").await.expect(200);
        server.until(&caller, "/v1/log?endpoint=/v1/status", |rows| rows.as_array().unwrap().is_empty()).await;
        server
    })
    .await;
}
