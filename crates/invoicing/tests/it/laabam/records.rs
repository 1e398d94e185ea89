//! Customers, products and payments: what they may say, and what changes.

use super::{acme, customer, data, id, invoice, made, with_laabam};
use serde_json::json;

#[tokio::test]
async fn customers_are_made_changed_and_removed() {
    with_laabam(|server| async move {
        let body = json!({
            "name": " Anna Rossi ", "reference": "C-1", "email": "anna@example.com", "phone": "+393331234567",
            "tax_id": "IT01234567890", "address": { "line1": "Via 1", "city": "Roma", "country": "IT" }, "notes": "a\nb",
        });
        let made = made(&server, &acme(), "/v1/customers", &body).await;
        assert!(id(&made).starts_with("cus_"));
        assert_eq!((&made["name"], &made["address"]["city"]), (&json!("Anna Rossi"), &json!("Roma")));
        let path = format!("/v1/customers/{}", id(&made));
        assert_eq!(data(server.get(&acme(), &path).await.expect(200)), made);
        // What is left out stays; null takes away.
        let change = json!({ "email": null, "name": "Anna Bianchi" });
        let changed = data(server.json(&acme(), "PATCH", &path, &change).await.expect(200));
        assert_eq!((&changed["name"], &changed["email"], &changed["phone"]), (&json!("Anna Bianchi"), &json!(null), &made["phone"]));
        let other = customer(&server, &acme(), "Other").await;
        let taken = json!({ "reference": "C-1" });
        server.json(&acme(), "PATCH", &format!("/v1/customers/{other}"), &taken).await.laabam_refused(409, "already_exists");
        let taken = json!({ "name": "Third", "reference": "C-1" });
        server.json(&acme(), "POST", "/v1/customers", &taken).await.laabam_refused(409, "already_exists");
        invoice(&server, &acme(), &other, "1").await;
        server.call(&acme(), "DELETE", &format!("/v1/customers/{other}"), "", "").await.laabam_refused(409, "in_use");
        server.call(&acme(), "DELETE", &path, "", "").await.expect(200);
        for method in ["GET", "DELETE"] {
            server.call(&acme(), method, &path, "", "").await.laabam_refused(404, "not_found");
        }
        server.json(&acme(), "PATCH", &path, &json!({ "name": "A" })).await.laabam_refused(404, "not_found");
        server
    })
    .await;
}

#[tokio::test]
async fn what_a_customer_cannot_say_is_refused_by_name() {
    with_laabam(|server| async move {
        for (body, member) in [
            (json!({}), "name"),
            (json!({ "name": "" }), "name"),
            (json!({ "name": "a\u{7}b" }), "name"),
            (json!({ "name": "a\u{0}b" }), "name"),
            (json!({ "name": "x".repeat(201) }), "name"),
            (json!({ "name": "A", "email": "nobody" }), "email"),
            (json!({ "name": "A", "phone": "333" }), "phone"),
            (json!({ "name": "A", "address": { "country": "Italy" } }), "address.country"),
            (json!({ "name": "A", "notes": "x".repeat(2_001) }), "notes"),
        ] {
            let told = server.json(&acme(), "POST", "/v1/customers", &body).await.laabam_refused(422, "invalid_record");
            assert!(told["detail"].as_str().unwrap().contains(&format!("`{member}`")), "{told}");
        }
        server
            .json(&acme(), "POST", "/v1/customers", &json!({ "name": "A", "id": "x" }))
            .await
            .laabam_refused(400, "bad_body");
        server
            .call(&acme(), "POST", "/v1/customers", "text/plain", "{}")
            .await
            .laabam_refused(415, "unsupported_media_type");
        server.call(&acme(), "POST", "/v1/customers", "application/json", "{").await.laabam_refused(400, "bad_body");
        let large = vec![b' '; 9 * 1024 * 1024];
        server
            .call(&acme(), "POST", "/v1/customers", "application/json", large)
            .await
            .laabam_refused(413, "body_too_large");
        server
    })
    .await;
}

#[tokio::test]
async fn products_have_prices_of_four_places() {
    with_laabam(|server| async move {
        let body =
            json!({ "name": "Hour", "sku": "H-1", "currency": "EUR", "unit_price": "80.1234", "tax_rate": "22" });
        let product = made(&server, &acme(), "/v1/products", &body).await;
        assert!(id(&product).starts_with("prd_"));
        assert_eq!((&product["unit_price"], &product["tax_rate"]), (&json!("80.1234"), &json!("22.00")));
        let path = format!("/v1/products/{}", id(&product));
        let changed = data(server.json(&acme(), "PATCH", &path, &json!({ "unit_price": 90 })).await.expect(200));
        assert_eq!((&changed["unit_price"], &changed["sku"]), (&json!("90.00"), &json!("H-1")));
        server.json(&acme(), "POST", "/v1/products", &body).await.laabam_refused(409, "already_exists");
        for change in [
            json!({ "unit_price": "-1" }),
            json!({ "tax_rate": "100.01" }),
            json!({ "currency": "JPY" }),
            json!({ "currency": "eur" }),
            json!({ "name": "" }),
        ] {
            server.json(&acme(), "PATCH", &path, &change).await.laabam_refused(422, "invalid_record");
        }
        for change in
            [json!({ "unit_price": "1.00001" }), json!({ "unit_price": "1e3" }), json!({ "unit_price": true })]
        {
            server.json(&acme(), "PATCH", &path, &change).await.laabam_refused(400, "bad_body");
        }
        server
            .json(&acme(), "POST", "/v1/products", &json!({ "name": "A" }))
            .await
            .laabam_refused(422, "invalid_record");
        assert_eq!(data(server.get(&acme(), &path).await.expect(200)), changed);
        server.call(&acme(), "DELETE", &path, "", "").await.expect(200);
        server.get(&acme(), &path).await.laabam_refused(404, "not_found");
        server
    })
    .await;
}

#[tokio::test]
async fn payments_move_an_invoice_and_never_beyond_its_total() {
    with_laabam(|server| async move {
        let buyer = customer(&server, &acme(), "Anna").await;
        let owed = invoice(&server, &acme(), &buyer, "100.00").await;
        let path = format!("/v1/invoices/{}", id(&owed));
        assert_eq!((&owed["status"], &owed["amount_due"]), (&json!("unpaid"), &json!("100.00")));
        let pay = |amount: &str| json!({ "invoice_id": id(&owed), "amount": amount, "method": "card" });
        let first = made(&server, &acme(), "/v1/payments", &pay("40.01")).await;
        assert_eq!((&first["currency"], &first["paid_on"]), (&json!("EUR"), &json!("2026-11-23")));
        let state = data(server.get(&acme(), &path).await.expect(200));
        assert_eq!(
            (&state["status"], &state["amount_paid"], &state["amount_due"]),
            (&json!("partial"), &json!("40.01"), &json!("59.99"))
        );
        let told = server.json(&acme(), "POST", "/v1/payments", &pay("60.00")).await.laabam_refused(422, "overpayment");
        assert!(told["detail"].as_str().unwrap().contains("59.99"));
        let rest = made(&server, &acme(), "/v1/payments", &pay("59.99")).await;
        assert_eq!(data(server.get(&acme(), &path).await.expect(200))["status"], "paid");
        server.json(&acme(), "POST", "/v1/payments", &pay("0.01")).await.laabam_refused(422, "overpayment");
        server.call(&acme(), "POST", &format!("{path}/void"), "", "").await.laabam_refused(409, "state_conflict");
        // Taken back twice is taken back once.
        for _ in 0..2 {
            let void = format!("/v1/payments/{}/void", id(&rest));
            assert!(data(server.call(&acme(), "POST", &void, "", "").await.expect(200))["voided_at"].is_string());
        }
        let state = data(server.get(&acme(), &path).await.expect(200));
        assert_eq!((&state["status"], &state["amount_paid"]), (&json!("partial"), &json!("40.01")));
        server.call(&acme(), "POST", &format!("/v1/payments/{}/void", id(&first)), "", "").await.expect(200);
        for _ in 0..2 {
            let voided = data(server.call(&acme(), "POST", &format!("{path}/void"), "", "").await.expect(200));
            assert_eq!((&voided["status"], &voided["amount_due"]), (&json!("voided"), &json!("0.00")));
        }
        server.json(&acme(), "POST", "/v1/payments", &pay("1")).await.laabam_refused(409, "state_conflict");
        server
    })
    .await;
}

#[tokio::test]
async fn what_a_payment_cannot_say_is_refused() {
    with_laabam(|server| async move {
        let buyer = customer(&server, &acme(), "Anna").await;
        let owed = invoice(&server, &acme(), &buyer, "10").await;
        let with = |change: serde_json::Value| {
            let mut body = json!({ "invoice_id": id(&owed), "amount": "1" });
            body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            body
        };
        for change in [
            json!({ "amount": "0" }),
            json!({ "amount": "-1" }),
            json!({ "currency": "USD" }),
            json!({ "paid_on": "2026-02-30" }),
            json!({ "invoice_id": "inv_none" }),
            json!({ "reference": "x".repeat(65) }),
        ] {
            server.json(&acme(), "POST", "/v1/payments", &with(change)).await.laabam_refused(422, "invalid_record");
        }
        for change in [json!({ "amount": "1.001" }), json!({ "method": "cheque" }), json!({ "status": "paid" })] {
            server.json(&acme(), "POST", "/v1/payments", &with(change)).await.laabam_refused(400, "bad_body");
        }
        made(&server, &acme(), "/v1/payments", &with(json!({ "reference": "R1" }))).await;
        let again = with(json!({ "reference": "R1" }));
        server.json(&acme(), "POST", "/v1/payments", &again).await.laabam_refused(409, "already_exists");
        server.get(&acme(), "/v1/payments/pay_none").await.laabam_refused(404, "not_found");
        server.call(&acme(), "POST", "/v1/payments/pay_none/void", "", "").await.laabam_refused(404, "not_found");
        server
    })
    .await;
}

#[tokio::test]
async fn d17_what_was_made_is_found_again_by_the_callers_own_name_for_it() {
    with_laabam(|server| async move {
        for path in ["customer?reference=C", "product?sku=S", "invoice?number=N", "payment?reference=P"] {
            server.get(&acme(), &format!("/v1/lookup/{path}")).await.laabam_refused(404, "not_found");
        }
        let buyer = made(&server, &acme(), "/v1/customers", &json!({ "name": "A", "reference": "C" })).await;
        let product = json!({ "name": "P", "sku": "S", "currency": "EUR", "unit_price": "2" });
        let product = made(&server, &acme(), "/v1/products", &product).await;
        let bill = json!({ "number": "N", "customer_id": id(&buyer), "currency": "EUR",
            "lines": [{ "product_id": id(&product), "quantity": "3" }] });
        let bill = made(&server, &acme(), "/v1/invoices", &bill).await;
        let paid = json!({ "invoice_id": id(&bill), "amount": "6", "reference": "P" });
        let paid = made(&server, &acme(), "/v1/payments", &paid).await;
        let find = async |path: &str| data(server.get(&acme(), &format!("/v1/lookup/{path}")).await.expect(200));
        assert_eq!(find("customer?reference=C").await, buyer);
        assert_eq!(find("product?sku=S").await, product);
        assert_eq!(id(&find("invoice?number=N&company=acme").await), id(&bill));
        assert_eq!(find("payment?reference=P").await, paid);
        server.get(&acme(), "/v1/lookup/invoice").await.laabam_refused(400, "bad_query");
        server.get(&acme(), "/v1/lookup/invoice?number=N&number=M").await.laabam_refused(400, "bad_query");
        server
    })
    .await;
}
