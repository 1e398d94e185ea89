//! VAT returns, reminders, reports (R135, R138, R140).

use super::super::harness::{Caller, Server};
use super::{BUYER, SELLER, body, buyer, items, register, seller, send, settled, with_invostaq};
use serde_json::{Value, json};

fn member() -> Caller {
    Caller::member("live", "acc_seller")
}

/// Sends an invoice over `price` at 5 %, issued and due on these days, and sees it delivered. Its record's id.
async fn deliver(server: &Server, number: &str, price: &str, days: (&str, &str), currency: &str) -> String {
    let mut body = body(number);
    body["invoice"]["lineItems"] = json!([{ "description": "A", "quantity": 1, "unitPrice": price, "taxRate": 5 }]);
    (body["invoice"]["issueDate"], body["invoice"]["dueDate"]) = (json!(days.0), json!(days.1));
    body["invoice"]["currency"] = json!(currency);
    let transaction = send(server, &seller(), &body).await;
    let row = settled(server, &seller(), &transaction, "Delivered").await;
    row["databaseRecordId"].as_str().unwrap().to_owned()
}

async fn ready(server: &Server) {
    register(server, &seller(), SELLER).await;
    register(server, &buyer(), BUYER).await;
}

#[tokio::test]
async fn r138_a_return_is_counted_from_documents_and_stays_once_submitted() {
    with_invostaq(|server| async move {
        ready(&server).await;
        deliver(&server, "1", "100", ("2026-10-01", "2026-10-01"), "AED").await;
        deliver(&server, "2", "50.10", ("2026-10-31", "2026-10-31"), "AED").await;
        deliver(&server, "3", "7", ("2026-11-01", "2026-11-01"), "AED").await;
        deliver(&server, "4", "9", ("2026-10-15", "2026-10-15"), "EUR").await;
        // A draft and what failed count for nothing.
        server.json(&member(), "POST", "/api/invoices", &json!({ "invoice": super::content("5") })).await.expect(201);
        let october = json!({ "periodStart": "2026-10-01", "periodEnd": "2026-10-31", "currency": "AED" });
        let create = async |caller: &Caller, body: &Value| server.json(caller, "POST", "/api/vat-returns", body).await;
        let row = create(&member(), &october).await.expect(201);
        // 5 % of 50.10 is 2.505, rounded 2.51.
        assert_eq!((&row["outputNet"], &row["outputTax"]), (&json!("150.10"), &json!("7.51")));
        assert_eq!(
            (&row["inputTax"], &row["netTax"], &row["state"]),
            (&json!("0.00"), &json!("7.51"), &json!("Draft"))
        );
        assert_eq!((&row["documentsSent"], &row["documentsInOtherCurrencies"]), (&json!(2), &json!(1)));
        let theirs = create(&Caller::member("live", "acc_buyer"), &october).await.expect(201);
        assert_eq!(
            (&theirs["inputTax"], &theirs["netTax"], &theirs["documentsReceived"]),
            (&json!("7.51"), &json!("-7.51"), &json!(2))
        );
        // A draft is counted again, in place of the one before.
        deliver(&server, "6", "10", ("2026-10-20", "2026-10-20"), "AED").await;
        let row = create(&member(), &october).await.expect(201);
        assert_eq!(row["outputNet"], "160.10");
        assert_eq!(items(&server.get(&member(), "/api/vat-returns").await.expect(200)).len(), 1);
        let path = format!("/api/vat-returns/{}", row["id"].as_str().unwrap());
        let stranger = Caller::member("live", "acc_buyer");
        server.call(&stranger, "POST", &format!("{path}/submit"), "", "").await.invostaq_refused(404, "not-found");
        for _ in 0..2 {
            let submitted = server.call(&member(), "POST", &format!("{path}/submit"), "", "").await.expect(200);
            assert_eq!((&submitted["state"], &submitted["outputNet"]), (&json!("Submitted"), &json!("160.10")));
        }
        create(&member(), &october).await.invostaq_refused(409, "state-conflict");
        assert_eq!(server.get(&member(), &path).await.expect(200)["state"], "Submitted");
        for wrong in [
            json!({ "periodStart": "2026-10-31", "periodEnd": "2026-10-01" }),
            json!({ "periodStart": "2026-01-01", "periodEnd": "2027-06-01" }),
            json!({ "periodStart": "October", "periodEnd": "2026-10-31" }),
            json!({ "periodStart": "2026-10-01", "periodEnd": "2026-10-31", "currency": "x" }),
        ] {
            create(&member(), &wrong).await.invostaq_refused(422, "invalid-record");
        }
        let sums = json!({ "periodStart": "2026-10-01", "periodEnd": "2026-10-31", "outputTax": "0" });
        create(&member(), &sums).await.invostaq_refused(400, "bad-body");
        server
    })
    .await;
}

#[tokio::test]
async fn r140_overdue_invoices_are_aged_and_asked_for_until_they_are_paid() {
    with_invostaq(|server| async move {
        ready(&server).await;
        let late = deliver(&server, "1", "100", ("2026-09-01", "2026-09-24"), "AED").await;
        let soon = deliver(&server, "2", "10", ("2026-11-01", "2026-12-01"), "AED").await;
        deliver(&server, "3", "1", ("2026-01-01", "2026-01-01"), "EUR").await;
        let ageing = server.get(&member(), "/api/reports/ageing").await.expect(200);
        assert_eq!(ageing["asOf"], "2026-11-23");
        let aed = &ageing["currencies"][0];
        assert_eq!((&aed["currency"], &aed["total"], &aed["count"]), (&json!("AED"), &json!("115.50"), &json!(2)));
        let totals =
            |aged: &Value| aged["buckets"].as_array().unwrap().iter().map(|b| b["total"].clone()).collect::<Vec<_>>();
        assert_eq!(totals(aed), ["10.50", "0.00", "105.00", "0.00", "0.00"]);
        assert_eq!(totals(&ageing["currencies"][1]), ["0.00", "0.00", "0.00", "0.00", "1.05"]);
        let remind = async |body: Value| server.json(&member(), "POST", "/api/reminders", &body).await;
        let made = remind(json!({ "invoiceId": late, "message": "Please" })).await.expect(201);
        assert_eq!((&made["daysOverdue"], &made["totalAmount"]), (&json!(60), &json!("105.00")));
        remind(json!({ "invoiceId": soon })).await.invostaq_refused(409, "state-conflict");
        remind(json!({ "invoiceId": "none" })).await.invostaq_refused(422, "invalid-record");
        remind(json!({ "invoiceId": late, "message": "" })).await.invostaq_refused(422, "invalid-record");
        server.call(&member(), "POST", &format!("/api/invoices/{late}/paid"), "", "").await.expect(200);
        remind(json!({ "invoiceId": late })).await.invostaq_refused(409, "state-conflict");
        let ageing = server.get(&member(), "/api/reports/ageing").await.expect(200);
        assert_eq!(totals(&ageing["currencies"][0]), ["10.50", "0.00", "0.00", "0.00", "0.00"]);
        assert_eq!(
            items(&server.get(&member(), &format!("/api/reminders?invoiceId={late}")).await.expect(200)).len(),
            1
        );
        let stats = server.get(&member(), "/api/dashboard/stats").await.expect(200);
        assert_eq!(
            (&stats["delivered"], &stats["received"], &stats["participants"]),
            (&json!(3), &json!(0), &json!(1))
        );
        let theirs = server.get(&Caller::member("live", "acc_buyer"), "/api/dashboard/stats").await.expect(200);
        assert_eq!((&theirs["delivered"], &theirs["received"]), (&json!(0), &json!(3)));
        // A buyer owes and is not owed.
        let none = server.get(&Caller::member("live", "acc_buyer"), "/api/reports/ageing").await.expect(200);
        assert_eq!(none["currencies"], json!([]));
        server
    })
    .await;
}
