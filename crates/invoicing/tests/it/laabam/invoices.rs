//! Invoices: sums are the server's, whatever a caller says.

use super::{acme, customer, data, id, invoice, made, with_laabam};
use serde_json::{Value, json};

#[tokio::test]
async fn sums_are_counted_by_the_server_and_those_of_callers_are_not_read() {
    with_laabam(|server| async move {
        let buyer = customer(&server, &acme(), "Anna").await;
        let body = json!({
            "number": "2026/1", "customer_id": buyer, "currency": "EUR", "issue_date": "2026-11-01", "due_date": "2026-12-01",
            "lines": [
                { "description": "Thirds", "quantity": "3", "unit_price": "0.3350", "tax_rate": "5", "net": "900", "total": 1 },
                { "description": "Hours", "quantity": 1.5, "unit_price": 80, "tax_rate": "22.00", "tax": "x" },
            ],
            "subtotal": "1.00", "taxes": [], "tax_total": "0.00", "total": "1.00",
        });
        let bill = made(&server, &acme(), "/v1/invoices", &body).await;
        assert!(id(&bill).starts_with("inv_"));
        let text = |name: &str| bill[name].as_str().unwrap().to_owned();
        // 3 x 0.335 = 1.005, rounded 1.01; 1.5 x 80 = 120. Tax 5 % of 1.01 = 0.05, 22 % of 120 = 26.40.
        assert_eq!((text("subtotal"), text("tax_total"), text("total")), ("121.01".into(), "26.45".into(), "147.46".into()));
        assert_eq!((text("amount_paid"), text("amount_due"), text("status")), ("0.00".into(), "147.46".into(), "unpaid".into()));
        assert_eq!(bill["lines"][0]["net"], "1.01");
        let taxes = json!([
            { "tax_rate": "5.00", "taxable": "1.01", "tax": "0.05" },
            { "tax_rate": "22.00", "taxable": "120.00", "tax": "26.40" },
        ]);
        assert_eq!(bill["taxes"], taxes);
        assert_eq!(data(server.get(&acme(), &format!("/v1/invoices/{}", id(&bill))).await.expect(200)), bill);
        server
    })
    .await;
}

#[tokio::test]
async fn a_number_is_used_once_and_given_where_there_is_none() {
    with_laabam(|server| async move {
        let buyer = customer(&server, &acme(), "Anna").await;
        let line = json!([{ "description": "A", "quantity": 1, "unit_price": 1 }]);
        let with = |number: Value| json!({ "number": number, "customer_id": buyer, "currency": "EUR", "lines": line });
        made(&server, &acme(), "/v1/invoices", &with(json!("INV-000002"))).await;
        server
            .json(&acme(), "POST", "/v1/invoices", &with(json!("INV-000002")))
            .await
            .laabam_refused(409, "already_exists");
        let given = [
            made(&server, &acme(), "/v1/invoices", &with(json!(null))).await,
            invoice(&server, &acme(), &buyer, "1").await,
        ];
        assert_eq!(given.map(|bill| bill["number"].clone()), [json!("INV-000001"), json!("INV-000003")]);
        server
    })
    .await;
}

#[tokio::test]
async fn a_product_says_what_its_line_does_not() {
    with_laabam(|server| async move {
        let buyer = customer(&server, &acme(), "Anna").await;
        let product = json!({ "name": "Hour", "currency": "EUR", "unit_price": "80.5", "tax_rate": "22" });
        let product = made(&server, &acme(), "/v1/products", &product).await;
        let with = |currency: &str, line: Value| json!({ "customer_id": buyer, "currency": currency, "lines": [line] });
        let bill = with("EUR", json!({ "product_id": id(&product), "quantity": 2 }));
        let bill = made(&server, &acme(), "/v1/invoices", &bill).await;
        assert_eq!(
            (&bill["subtotal"], &bill["tax_total"], &bill["lines"][0]["description"]),
            (&json!("161.00"), &json!("35.42"), &json!("Hour"))
        );
        // What was invoiced stays when the product changes.
        server.call(&acme(), "DELETE", &format!("/v1/products/{}", id(&product)), "", "").await.expect(200);
        assert_eq!(data(server.get(&acme(), &format!("/v1/invoices/{}", id(&bill))).await.expect(200)), bill);
        let gone = with("EUR", json!({ "product_id": id(&product), "quantity": 2 }));
        server.json(&acme(), "POST", "/v1/invoices", &gone).await.laabam_refused(422, "invalid_record");
        server
    })
    .await;
}

#[tokio::test]
async fn what_an_invoice_cannot_say_is_refused_by_name() {
    with_laabam(|server| async move {
        let buyer = customer(&server, &acme(), "Anna").await;
        let good = json!({ "customer_id": buyer, "currency": "EUR", "issue_date": "2026-11-01",
            "lines": [{ "description": "A", "quantity": "1", "unit_price": "1", "tax_rate": "5" }] });
        let with = |pointer: &str, value: Value| {
            let mut body = good.clone();
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            body.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value);
            body
        };
        for (pointer, value, member) in [
            ("/customer_id", json!("cus_none"), "customer_id"),
            ("/currency", json!("KWD"), "currency"),
            ("/issue_date", json!("01.11.2026"), "issue_date"),
            ("/due_date", json!("2026-10-31"), "due_date"),
            ("/lines", json!([]), "lines"),
            ("/lines", json!(vec![good["lines"][0].clone(); 501]), "lines"),
            ("/lines/0/quantity", json!("0"), "lines[0].quantity"),
            ("/lines/0/quantity", json!("-1"), "lines[0].quantity"),
            ("/lines/0/unit_price", json!("-0.01"), "lines[0].unit_price"),
            ("/lines/0/unit_price", json!(null), "lines[0].unit_price"),
            ("/lines/0/tax_rate", json!("101"), "lines[0].tax_rate"),
            ("/lines/0/description", json!(""), "lines[0].description"),
            ("/lines/0/product_id", json!("prd_none"), "lines[0].product_id"),
            ("/number", json!("x".repeat(65)), "number"),
        ] {
            let told = server.json(&acme(), "POST", "/v1/invoices", &with(pointer, value)).await;
            let told = told.laabam_refused(422, "invalid_record");
            assert!(told["detail"].as_str().unwrap().contains(&format!("`{member}`")), "{told}");
        }
        for (pointer, value) in [
            ("/lines/0/quantity", json!("1.00001")),
            ("/lines/0/unit_price", json!("1e2")),
            ("/lines/0/unit_price", json!("12,50")),
            ("/status", json!("paid")),
            ("/lines/0/amount", json!("1")),
            ("/amount_paid", json!("1")),
        ] {
            server.json(&acme(), "POST", "/v1/invoices", &with(pointer, value)).await.laabam_refused(400, "bad_body");
        }
        // Sums beyond what an amount can be.
        let line = json!({ "description": "A", "quantity": "999999999999", "unit_price": "999999999999" });
        server
            .json(&acme(), "POST", "/v1/invoices", &with("/lines", json!([line])))
            .await
            .laabam_refused(422, "invalid_record");
        assert_eq!(server.get(&acme(), "/v1/invoices").await.expect(200)["data"], json!([]));
        server.get(&acme(), "/v1/invoices/inv_none").await.laabam_refused(404, "not_found");
        server.call(&acme(), "POST", "/v1/invoices/inv_none/void", "", "").await.laabam_refused(404, "not_found");
        server
    })
    .await;
}
