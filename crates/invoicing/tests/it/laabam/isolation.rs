//! R89 to R92: nothing of another account, another company or the other environment, by any way.

use super::super::harness::{Caller, Server};
use super::{acme, bound, customer, id, invoice, made, with_laabam};
use serde_json::{Value, json};

/// One record of each kind, and the address of each.
async fn fill(server: &Server, caller: &Caller, slug: &str) -> Vec<String> {
    let buyer = customer(server, caller, "Anna").await;
    let bill = invoice(server, caller, &buyer, "10").await;
    let product = json!({ "name": "P", "currency": "EUR", "unit_price": "1" });
    let product = made(server, caller, "/v1/products", &product).await;
    let paid = json!({ "invoice_id": id(&bill), "amount": "1" });
    let paid = made(server, caller, "/v1/payments", &paid).await;
    let sms = json!({ "to": "+393331234567", "text": "A" });
    server.json(caller, "POST", &format!("/v1/messaging/{slug}/sms"), &sms).await.expect(202);
    vec![
        format!("/v1/customers/{buyer}"),
        format!("/v1/invoices/{}", id(&bill)),
        format!("/v1/products/{}", id(&product)),
        format!("/v1/payments/{}", id(&paid)),
    ]
}

async fn lists(server: &Server, caller: &Caller, slug: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for path in ["customers", "invoices", "products", "payments", &format!("messaging/{slug}/messages")] {
        all.extend(server.get(caller, &format!("/v1/{path}")).await.expect(200)["data"].as_array().unwrap().clone());
    }
    all
}

#[tokio::test]
async fn r61_r91_accounts_companies_and_environments_are_kept_apart() {
    with_laabam(|server| async move {
        let others = [
            (bound("live", "acc_two", "acme"), "acme"),
            (bound("live", "acc_one", "other"), "other"),
            (bound("test", "acc_one", "acme"), "acme"),
        ];
        let mine = fill(&server, &acme(), "acme").await;
        let before = lists(&server, &acme(), "acme").await;
        for (other, slug) in &others {
            // They see nothing of it, neither in lists nor by name.
            customer(&server, other, "first").await;
            assert_eq!(lists(&server, other, slug).await.len(), 1);
            for path in &mine {
                server.get(other, path).await.laabam_refused(404, "not_found");
                let same = server.get(other, "/v1/customers/cus_unknown").await;
                assert_eq!(server.get(other, path).await.body, same.body, "a foreign record is as an unknown one");
            }
            for path in [&mine[0], &mine[2]] {
                server.json(other, "PATCH", path, &json!({ "name": "Mine" })).await.laabam_refused(404, "not_found");
                server.call(other, "DELETE", path, "", "").await.laabam_refused(404, "not_found");
            }
            for path in [&mine[1], &mine[3]] {
                server.call(other, "POST", &format!("{path}/void"), "", "").await.laabam_refused(404, "not_found");
            }
            // Nor can they build on it.
            let (buyer, bill) = (mine[0].rsplit('/').next().unwrap(), mine[1].rsplit('/').next().unwrap());
            let lines = json!([{ "description": "A", "quantity": 1, "unit_price": 1 }]);
            let theirs = json!({ "customer_id": buyer, "currency": "EUR", "lines": lines });
            server.json(other, "POST", "/v1/invoices", &theirs).await.laabam_refused(422, "invalid_record");
            let paid = json!({ "invoice_id": bill, "amount": "1" });
            server.json(other, "POST", "/v1/payments", &paid).await.laabam_refused(422, "invalid_record");
            let product = json!([{ "product_id": mine[2].rsplit('/').next().unwrap(), "quantity": 1 }]);
            let own = customer(&server, other, "own").await;
            let with = json!({ "customer_id": own, "currency": "EUR", "lines": product });
            server.json(other, "POST", "/v1/invoices", &with).await.laabam_refused(422, "invalid_record");
            let filter = format!("/v1/payments?customer_id={buyer}");
            assert_eq!(server.get(other, &filter).await.expect(200)["data"], json!([]));
        }
        assert_eq!(lists(&server, &acme(), "acme").await, before);
        server
    })
    .await;
}

#[tokio::test]
async fn business_keys_are_each_companys_own() {
    with_laabam(|server| async move {
        for caller in [
            acme(),
            bound("live", "acc_one", "other"),
            bound("live", "acc_two", "acme"),
            bound("test", "acc_one", "acme"),
        ] {
            let buyer = made(&server, &caller, "/v1/customers", &json!({ "name": "A", "reference": "R" })).await;
            let lines = json!([{ "description": "A", "quantity": 1, "unit_price": 1 }]);
            let bill = json!({ "number": "N", "customer_id": id(&buyer), "currency": "EUR", "lines": lines });
            made(&server, &caller, "/v1/invoices", &bill).await;
            assert_eq!(server.get(&caller, "/v1/lookup/customer?reference=R").await.expect(200)["data"], buyer);
        }
        server
    })
    .await;
}

#[tokio::test]
async fn a_cursor_of_another_company_shows_only_the_callers_own() {
    with_laabam(|server| async move {
        for _ in 0..3 {
            customer(&server, &acme(), "A").await;
        }
        let page = server.get(&acme(), "/v1/customers?limit=1").await.expect(200);
        let cursor = page["paging"]["next_cursor"].as_str().unwrap();
        let other = bound("live", "acc_one", "other");
        customer(&server, &other, "Theirs").await;
        let page = server.get(&other, &format!("/v1/customers?cursor={cursor}")).await.expect(200);
        assert!(page["data"].as_array().unwrap().iter().all(|row| row["name"] == "Theirs"));
        server
    })
    .await;
}
