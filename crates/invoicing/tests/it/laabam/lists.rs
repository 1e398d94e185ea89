//! Lists: pages are complete and hold nothing twice, also where many rows stand at one place of the order.

use super::super::harness::Server;
use super::{acme, customer, id, made, with_laabam};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

/// All rows of a list, page by page; between two pages `between` may change it.
async fn walk(server: &Server, path: &str, limit: usize, mut between: impl AsyncFnMut()) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.get(&acme(), &format!("{path}limit={limit}{cursor}")).await.expect(200);
        let items = page["data"].as_array().unwrap();
        let more = page["paging"]["has_more"].as_bool().unwrap();
        assert!(items.len() == limit || !more, "a page in between is full");
        assert_eq!(more, page["paging"]["next_cursor"].is_string());
        rows.extend(items.iter().cloned());
        assert!(rows.len() < 1_000, "the pages never end");
        if !more {
            return rows;
        }
        cursor = format!("&cursor={}", page["paging"]["next_cursor"].as_str().unwrap());
        between().await;
    }
}

#[tokio::test]
async fn pages_are_complete_without_doubles_where_rows_share_a_place() {
    with_laabam(|server| async move {
        let buyer = customer(&server, &acme(), "Anna").await;
        // The clock stands still for seven of them, and totals repeat.
        for number in 0..23_i64 {
            let lines = json!([{ "description": "A", "quantity": 1, "unit_price": number % 4 }]);
            let date = format!("2026-11-{:02}", 1 + number % 3);
            let body = json!({ "customer_id": buyer, "currency": "EUR", "issue_date": date, "lines": lines });
            made(&server, &acme(), "/v1/invoices", &body).await;
            if number % 7 == 0 {
                server.advance(Duration::from_secs(1));
            }
        }
        for sort in ["created_at", "-created_at", "issue_date", "-issue_date", "total", "-total", "number", "-due_date"]
        {
            for limit in [1, 3, 7, 22, 23, 100] {
                let rows = walk(&server, &format!("/v1/invoices?sort={sort}&"), limit, async || ()).await;
                let ids: BTreeSet<_> = rows.iter().map(id).collect();
                assert_eq!((rows.len(), ids.len()), (23, 23), "{sort} by {limit}");
                let (descending, name) = sort.strip_prefix('-').map_or((false, sort), |name| (true, name));
                // Totals of one digit before the point are in order as texts too.
                let mut places: Vec<_> = rows.iter().map(|row| row[name].as_str().unwrap()).collect();
                if descending {
                    places.reverse();
                }
                assert!(places.is_sorted(), "{sort} by {limit}: {places:?}");
            }
        }
        server
    })
    .await;
}

#[tokio::test]
async fn a_list_that_grows_shows_every_old_row_once() {
    with_laabam(|server| async move {
        let mut old = BTreeSet::new();
        for number in 0..9 {
            old.insert(customer(&server, &acme(), &format!("N{number}")).await);
        }
        let rows = walk(&server, "/v1/customers?", 2, async || {
            customer(&server, &acme(), "Later").await;
        })
        .await;
        let shown: Vec<_> = rows.iter().map(|row| id(row).to_owned()).filter(|id| old.contains(id)).collect();
        assert_eq!(shown.len(), old.len());
        assert_eq!(shown.into_iter().collect::<BTreeSet<_>>(), old);
        server
    })
    .await;
}

#[tokio::test]
async fn filters_leave_what_they_say() {
    with_laabam(|server| async move {
        let buyers = [customer(&server, &acme(), "A").await, customer(&server, &acme(), "B").await];
        for (number, date) in ["2026-11-01", "2026-11-02", "2026-11-03"].into_iter().enumerate() {
            let lines = json!([{ "description": "A", "quantity": 1, "unit_price": "10" }]);
            let body = json!({ "number": format!("N{number}"), "customer_id": buyers[number % 2], "currency": "EUR",
                "issue_date": date, "lines": lines });
            let bill = made(&server, &acme(), "/v1/invoices", &body).await;
            if number < 2 {
                let amount = if number == 0 { "10" } else { "4" };
                let paid = json!({ "invoice_id": id(&bill), "amount": amount, "paid_on": date });
                made(&server, &acme(), "/v1/payments", &paid).await;
            }
        }
        let numbers = async |query: &str| {
            let list = server.get(&acme(), &format!("/v1/invoices?sort=number&{query}")).await.expect(200);
            list["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["number"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(numbers("status=paid").await, ["N0"]);
        assert_eq!(numbers("status=partial").await, ["N1"]);
        assert_eq!(numbers("status=unpaid").await, ["N2"]);
        assert_eq!(numbers("status=voided").await, [""; 0]);
        assert_eq!(numbers("number=N1").await, ["N1"]);
        assert_eq!(numbers(&format!("customer_id={}", buyers[0])).await, ["N0", "N2"]);
        assert_eq!(numbers("from=2026-11-02").await, ["N1", "N2"]);
        assert_eq!(numbers("from=2026-11-02&to=2026-11-02").await, ["N1"]);
        for query in [
            "status=Paid",
            "status=open",
            "from=yesterday",
            "to=2026-11",
            "limit=0",
            "limit=101",
            "sort=id",
            "cursor=x",
            "page=2",
        ] {
            server.get(&acme(), &format!("/v1/invoices?{query}")).await.laabam_refused(400, "bad_query");
        }
        let payments = async |query: &str| {
            server.get(&acme(), &format!("/v1/payments?{query}")).await.expect(200)["data"].as_array().unwrap().len()
        };
        assert_eq!(payments("").await, 2);
        assert_eq!(payments(&format!("customer_id={}", buyers[1])).await, 1);
        assert_eq!(payments("from=2026-11-02").await, 1);
        server
    })
    .await;
}
