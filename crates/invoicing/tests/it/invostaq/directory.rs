//! The directory: customers and suppliers, tables of them, and who is named in documents (R137).

use super::super::harness::{Caller, Server, form};
use super::{BUYER, SELLER, body, buyer, detail, items, register, seller, send, settled, with_invostaq};
use serde_json::{Value, json};

fn member() -> Caller {
    Caller::member("live", "acc_seller")
}

async fn names(server: &Server, path: &str) -> Vec<String> {
    let list = server.get(&member(), &format!("{path}?sort=name")).await.expect(200);
    items(&list).iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn contacts_are_made_replaced_and_removed() {
    with_invostaq(|server| async move {
        for (path, other) in [("/api/customers", "/api/suppliers"), ("/api/suppliers", "/api/customers")] {
            let body = json!({ "name": "Acme", "taxId": "T1", "email": "a@example.com", "phone": "+971501234567",
                "participantId": BUYER, "address": { "city": "Dubai", "country": "AE" } });
            let made = server.json(&member(), "POST", path, &body).await.expect(201);
            let at = format!("{path}/{}", made["id"].as_str().unwrap());
            assert_eq!(server.get(&member(), &at).await.expect(200), made);
            // The two lists are apart, and so are accounts.
            server
                .get(&member(), &format!("{other}/{}", made["id"].as_str().unwrap()))
                .await
                .invostaq_refused(404, "not-found");
            let stranger = Caller::member("live", "acc_buyer");
            server.get(&stranger, &at).await.invostaq_refused(404, "not-found");
            server.json(&stranger, "PUT", &at, &body).await.invostaq_refused(404, "not-found");
            server.call(&stranger, "DELETE", &at, "", "").await.invostaq_refused(404, "not-found");
            for same in [json!({ "name": "Other", "taxId": "T1" }), json!({ "name": " acme " })] {
                server.json(&member(), "POST", path, &same).await.invostaq_refused(409, "already-exists");
            }
            let changed =
                server.json(&member(), "PUT", &at, &json!({ "name": "Acme 2", "taxId": "T1" })).await.expect(200);
            assert_eq!(
                (&changed["name"], &changed["email"], &changed["createdAt"]),
                (&json!("Acme 2"), &json!(null), &made["createdAt"])
            );
            server.json(&member(), "POST", path, &json!({ "name": "B", "taxId": "T2" })).await.expect(201);
            server
                .json(&member(), "PUT", &at, &json!({ "name": "A", "taxId": "T2" }))
                .await
                .invostaq_refused(409, "already-exists");
            for wrong in [
                json!({ "name": "" }),
                json!({ "name": "A", "email": "x" }),
                json!({ "name": "A", "phone": "1" }),
                json!({ "name": "A", "participantId": "x" }),
                json!({ "name": "A", "address": { "country": "x" } }),
            ] {
                server.json(&member(), "POST", path, &wrong).await.invostaq_refused(422, "invalid-record");
                server.json(&member(), "PUT", &at, &wrong).await.invostaq_refused(422, "invalid-record");
            }
            server.json(&member(), "POST", path, &json!({ "title": "A" })).await.invostaq_refused(400, "bad-body");
            assert_eq!(items(&server.get(&member(), &format!("{path}?taxId=T2")).await.expect(200)).len(), 1);
            server.call(&member(), "DELETE", &at, "", "").await.expect(204);
            server.call(&member(), "DELETE", &at, "", "").await.invostaq_refused(404, "not-found");
        }
        server
    })
    .await;
}

async fn import(server: &Server, query: &str, table: &str) -> super::super::harness::Answer {
    let path = format!("/api/customers/import{query}");
    server.call(&member(), "POST", &path, "text/csv; charset=utf-8", table.to_owned()).await
}

#[tokio::test]
async fn a_table_is_imported_with_quotes_crlf_and_the_mark() {
    with_invostaq(|server| async move {
        let table = "\u{feff}Name,tax_id,Email,Participant ID,street,city,country\r\n\
                     \"Rossi, \"\"Anna\"\"\",T1,anna@example.com,0088:1,\"Via 1\nScala B\",Roma,IT\r\n\
                     \r\n\
                     Bianchi,T2,,,,,\r\n\
                     Bianchi again,T2,,,,,";
        let told = import(&server, "", table).await.invostaq_refused(422, "invalid-record");
        assert!(detail(&told).contains("line 2: `address.street`"), "{told}");
        let table = table.replace("Via 1\nScala B", "Via 1");
        let answer = import(&server, "", &table).await.expect(200);
        assert_eq!(answer, json!({ "created": 2, "skipped": 1, "total": 3, "errors": [] }));
        assert_eq!(names(&server, "/api/customers").await, ["Bianchi", "Rossi, \"Anna\""]);
        let again = import(&server, "", &table).await.expect(200);
        assert_eq!((&again["created"], &again["skipped"]), (&json!(0), &json!(3)));
        let (kind, upload) = form("file", "suppliers.csv", "name;taxId\nFornitore;F1\n");
        let answer = server.call(&member(), "POST", "/api/suppliers/import", &kind, upload).await.expect(200);
        assert_eq!(answer["created"], 1);
        server
    })
    .await;
}

#[tokio::test]
async fn one_bad_row_stops_a_table_unless_the_caller_wants_the_rest() {
    with_invostaq(|server| async move {
        let table = "name,email\nGood,a@example.com\n,b@example.com\nBad,nobody\nShort\nAlso good,\n";
        let told = import(&server, "", table).await.invostaq_refused(422, "invalid-record");
        for part in ["3 row(s)", "line 3: `name`", "line 4: `email`", "line 5: There are 1 fields"] {
            assert!(detail(&told).contains(part), "{part}: {told}");
        }
        assert!(names(&server, "/api/customers").await.is_empty());
        let answer = import(&server, "?partial=true", table).await.expect(200);
        assert_eq!((&answer["created"], &answer["skipped"], &answer["total"]), (&json!(2), &json!(3), &json!(5)));
        let lines: Vec<_> = answer["errors"].as_array().unwrap().iter().map(|error| error["line"].clone()).collect();
        assert_eq!(lines, [json!(3), json!(4), json!(5)]);
        assert_eq!(names(&server, "/api/customers").await, ["Also good", "Good"]);
        server
    })
    .await;
}

#[tokio::test]
async fn what_is_no_table_is_refused() {
    with_invostaq(|server| async move {
        for table in
            ["", "email\na@example.com\n", "name,name\nA,B\n", "name,vat\nA,B\n", "name\n\"A\n", "name\nA\"B\n"]
        {
            import(&server, "", table).await.invostaq_refused(422, "invalid-record");
        }
        let rows = "name\n".to_owned() + &"A\n".repeat(5_001);
        import(&server, "", &rows).await.invostaq_refused(422, "invalid-record");
        let large = "name\n".to_owned() + &"x".repeat(3 * 1024 * 1024);
        import(&server, "", &large).await.invostaq_refused(413, "body-too-large");
        let path = "/api/customers/import";
        server
            .call(&member(), "POST", path, "text/csv", b"name\n\xff\n".to_vec())
            .await
            .invostaq_refused(422, "invalid-record");
        server
            .call(&member(), "POST", path, "application/json", "{}")
            .await
            .invostaq_refused(415, "unsupported-media-type");
        import(&server, "?partial=yes", "name\nA\n").await.invostaq_refused(400, "bad-query");
        assert!(names(&server, "/api/customers").await.is_empty());
        server
    })
    .await;
}

#[tokio::test]
async fn seeding_takes_in_whom_documents_name_and_done_again_nobody() {
    with_invostaq(|server| async move {
        register(&server, &seller(), SELLER).await;
        register(&server, &buyer(), BUYER).await;
        let send_to = async |number: &str, name: &str, tax_id: Value| {
            let mut body = body(number);
            body["invoice"]["buyer"]["name"] = json!(name);
            body["invoice"]["buyer"]["taxId"] = tax_id;
            send(&server, &seller(), &body).await
        };
        send_to("1", "Buyer Ltd", json!("T1")).await;
        send_to("2", "Buyer Limited", json!("T1")).await;
        send_to("3", "Someone", json!(null)).await;
        send_to("4", "someone", json!(null)).await;
        let last = send_to("5", "Third", json!("T3")).await;
        server
            .json(&member(), "POST", "/api/customers", &json!({ "name": "Third Inc", "taxId": "T3" }))
            .await
            .expect(201);
        let seed = async |path: &str| {
            server.call(&member(), "POST", &format!("{path}/seed-from-invoices"), "", "").await.expect(200)
        };
        assert_eq!(seed("/api/customers").await, json!({ "created": 2, "skipped": 1, "total": 3 }));
        assert_eq!(seed("/api/customers").await, json!({ "created": 0, "skipped": 3, "total": 3 }));
        assert_eq!(names(&server, "/api/customers").await.len(), 3);
        // Suppliers come from what was received.
        assert_eq!(seed("/api/suppliers").await, json!({ "created": 0, "skipped": 0, "total": 0 }));
        settled(&server, &seller(), &last, "Delivered").await;
        let theirs = Caller::member("live", "acc_buyer");
        let seeded = server.call(&theirs, "POST", "/api/suppliers/seed-from-invoices", "", "").await.expect(200);
        assert_eq!(seeded["created"], 1);
        let suppliers = server.get(&theirs, "/api/suppliers").await.expect(200);
        assert_eq!(
            (&items(&suppliers)[0]["taxId"], &items(&suppliers)[0]["participantId"]),
            (&json!("100123456700003"), &json!(SELLER))
        );
        server
    })
    .await;
}
