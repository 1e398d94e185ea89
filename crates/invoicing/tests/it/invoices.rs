//! Invoices in every form: what is stored, what is refused, what becomes of them.

use super::harness::{Caller, Invoice, Server, Setup, folder, form, with_server};
use data_encoding::BASE64;
use serde_json::{Value, json};
use std::time::Duration;

const VAT: &str = "IT01234567890";

fn caller() -> Caller {
    Caller::new("test", "acc_one")
}

#[tokio::test]
async fn every_form_of_an_invoice_is_stored_as_it_arrived() {
    with_server(async |server| {
        let caller = caller();
        let xml = |number: &str| Invoice::new(VAT, number).xml();
        let post = async |path: &str, kind: &str, body: String| {
            server.call(&caller, "POST", path, kind, body).await.expect(201)
        };
        let record =
            json!({"payload": xml("1"), "file_name": "IT01234567890_AAAAA.xml", "meta_data": {"order": "7"}, "id": 0});
        let base64 = BASE64.encode(xml("2").as_bytes());
        let (kind, body) = form("file", "upload.xml", &xml("4"));
        let sent = [
            post("/v1/send", "application/json", record.to_string()).await,
            post(
                "/v1/send?signature=Auto&validate=true",
                "application/json; charset=utf-8",
                json!({"payload": base64}).to_string(),
            )
            .await,
            post("/v1/send/xml", "text/xml", xml("3")).await,
            post("/v1/send/file", &kind, body).await,
            post("/v1/send/json", "application/json", Invoice::new(VAT, "5").json().to_string()).await,
        ];
        for (index, row) in sent.iter().enumerate() {
            let (id, number) = (index + 1, (index + 1).to_string());
            assert_eq!(row["id"], json!(id));
            assert_eq!(row["documents"], json!([{"number": number, "date": "2026-11-20T00:00:00Z"}]));
            assert_eq!((&row["prestatore"], &row["committente"]), (&json!(VAT), &json!("IT99999999999")));
            assert_eq!((&row["format"], &row["nome_committente"]), (&json!("FPR12"), &json!("Buyer")));
            assert_eq!(
                (&row["latest_state"], &row["identifier"], &row["version"]),
                (&Value::Null, &Value::Null, &json!(1))
            );
            assert_eq!(row["company"]["vat"], json!(VAT));
            assert_eq!(row["company_id"], row["company"]["id"]);
            assert_eq!(row["created"], json!("2026-11-23T12:00:00Z"));
            assert!(row["payload"].as_str().unwrap().starts_with("(not included"));

            let whole = server.get(&caller, &format!("/v1/send/{id}?include_payload=true")).await.expect(200);
            let payload = server.get(&caller, &format!("/v1/send/{id}/payload")).await;
            assert_eq!(payload.headers["content-type"], "text/plain; charset=utf-8");
            assert_eq!(whole["payload"].as_str().unwrap(), payload.text());
            match index {
                1 => assert_eq!((payload.text(), &whole["encoding"]), (base64.clone(), &json!("Base64"))),
                4 => assert!(payload.text().contains("<Numero>5</Numero>")),
                _ => assert_eq!((payload.text(), &whole["encoding"]), (xml(&number), &json!("Xml"))),
            }
        }
        assert_eq!(sent[0]["meta_data"], json!({"order": "7"}));
        let names: Vec<_> = sent.iter().map(|row| row["file_name"].as_str().unwrap()).collect();
        assert_eq!(names[0], "IT01234567890_AAAAA.xml");
        assert_eq!(names[1], "IT11111111111_00002.xml");
        assert_eq!(names[3], "upload.xml");
        // One company was made, by the first of them.
        let companies = server.get(&caller, "/v1/company").await;
        assert_eq!(companies.total(), 1);
        assert_eq!(companies.value()[0]["name"], json!(format!("Seller {VAT}")));
        server
    })
    .await;
}

#[tokio::test]
async fn validation_stores_nothing() {
    with_server(async |server| {
        let caller = caller();
        let invoice = Invoice::new(VAT, "1");
        let (kind, body) = form("file", "a.xml", &invoice.xml());
        for (form, kind, body) in [
            ("", "application/json", json!({"payload": invoice.xml()}).to_string()),
            ("/xml", "application/xml", invoice.xml()),
            ("/file", &kind, body),
            ("/json", "application/json", invoice.json().to_string()),
        ] {
            let answer = server.call(&caller, "POST", &format!("/v1/send/validate{form}"), kind, body).await;
            assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0), "{form}: {}", answer.text());
        }
        assert_eq!(server.get(&caller, "/v1/send").await.total(), 0);
        assert_eq!(server.get(&caller, "/v1/company").await.total(), 0);
        server
    })
    .await;
}

#[tokio::test]
async fn faults_are_listed_in_a_422_and_nothing_is_stored() {
    with_server(async |server| {
        let caller = caller();
        let broken = Invoice { date: "2027-01-01", ..Invoice::new(VAT, "none") };
        let (kind, body) = form("file", "a.xml", &broken.xml());
        for (path, kind, body) in [
            ("", "application/json", json!({"payload": broken.xml()}).to_string()),
            ("", "application/json", json!({"payload": BASE64.encode(broken.xml().as_bytes())}).to_string()),
            ("/xml", "application/xml", broken.xml()),
            ("/file", &kind, body.clone()),
            ("/json", "application/json", broken.json().to_string()),
            ("/validate", "application/json", json!({"payload": broken.xml()}).to_string()),
            ("/validate/xml", "application/xml", broken.xml()),
            ("/validate/file", &kind, body),
            ("/validate/json", "application/json", broken.json().to_string()),
        ] {
            let answer = server.call(&caller, "POST", &format!("/v1/send{path}"), kind, body).await;
            let problem = answer.refused(422, "invalid_invoice");
            let codes: Vec<_> =
                problem["errors"].as_array().unwrap().iter().map(|fault| fault["code"].clone()).collect();
            assert_eq!(codes, ["00425", "00403"], "{path}");
            assert!(problem["errors"][0]["description"].is_string());
        }
        let attack = Invoice::new(VAT, "1").xml().replacen(
            "?>",
            "?><!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>",
            1,
        );
        for body in
            [attack.replace("Lavoro", "&e;"), attack, String::from("{}"), String::new(), "<a>".repeat(1_000_000)]
        {
            let answer = server.call(&caller, "POST", "/v1/send/xml", "application/xml", body).await;
            let problem = answer.refused(422, "invalid_invoice");
            assert_eq!(problem["errors"][0]["code"], json!("00200"));
            assert!(!answer.text().contains("root:"));
        }
        assert_eq!(server.get(&caller, "/v1/send").await.total(), 0);
        server
    })
    .await;
}

#[tokio::test]
async fn bodies_of_another_kind_or_size_are_refused() {
    with_server(async |server| {
        let caller = caller();
        let xml = Invoice::new(VAT, "1").xml();
        let post = async |path: &str, kind: &str, body: String| server.call(&caller, "POST", path, kind, body).await;
        for (path, kind) in [
            ("/v1/send/xml", "application/json"),
            ("/v1/send/json", "text/plain"),
            ("/v1/send", ""),
            ("/v1/send/file", "application/xml"),
        ] {
            post(path, kind, xml.clone()).await.refused(415, "unsupported_media_type");
        }
        let (kind, body) = form("file", "signed.xml.p7m", &xml);
        post("/v1/send/file", &kind, body).await.refused(415, "unsupported_media_type");
        for (field, body) in [
            ("attachment", form("attachment", "a.xml", &xml).1),
            ("none", String::from("--b0undary--\r\n")),
            ("broken", String::from("--b0undary\r\nContent-")),
            ("two", form("file", "a.xml", &xml).1.replace("--b0undary--\r\n", &form("file", "b.xml", &xml).1)),
        ] {
            let answer = post("/v1/send/file", &kind, body).await;
            assert_eq!(answer.refused(400, "bad_body")["status"], 400, "{field}");
        }
        let large = Invoice { text: "x".repeat(5 * 1024 * 1024), ..Invoice::new(VAT, "1") };
        let problem = post("/v1/send/xml", "application/xml", large.xml()).await.refused(422, "invalid_invoice");
        assert_eq!(problem["errors"][0]["code"], json!("00003"));
        post("/v1/send/xml", "application/xml", "x".repeat(9 * 1024 * 1024)).await.refused(413, "body_too_large");
        let gzip = [("content-encoding", "gzip"), ("content-type", "application/xml")];
        let token = server.token(&caller);
        let headers: Vec<_> = gzip.into_iter().chain([("claviger-context", token.as_str())]).collect();
        server.raw("POST", "/v1/send/xml", &headers, xml.clone()).await.refused(415, "unsupported_media_type");
        for record in [
            json!({"payload": xml, "file_name": "../../etc/passwd"}),
            json!({"payload": xml, "file_name": "a.txt"}),
            json!({"payload": "not base64!"}),
            json!({"payload": xml, "id": 7}),
            json!({"payload": xml, "meta_data": {"k": "v".repeat(20_000)}}),
        ] {
            post("/v1/send", "application/json", record.to_string()).await.refused(422, "invalid_record");
        }
        for record in [
            "",
            "null",
            "[]",
            "{",
            r#"{"payload":7}"#,
            r#"{"payload":"x","company":1,"account":"acc_two"}"#,
            r#"{"payload":"x","encoding":"Zip"}"#,
        ] {
            post("/v1/send", "application/json", record.to_owned()).await.refused(400, "bad_body");
        }
        for query in ["signature=Apply", "signature=Force"] {
            post(&format!("/v1/send/xml?{query}"), "application/xml", xml.clone())
                .await
                .refused(403, "signature_exhausted");
        }
        for query in ["signature=Sometimes", "validate=maybe", "environment=live", "account=acc_two"] {
            post(&format!("/v1/send/xml?{query}"), "application/xml", xml.clone()).await.refused(400, "bad_query");
        }
        assert_eq!(server.get(&caller, "/v1/send").await.total(), 0);
        server
    })
    .await;
}

#[tokio::test]
async fn states_follow_each_other_and_each_leaves_an_update() {
    with_server(async |server| {
        let caller = caller();
        let office = Invoice { format: "FPA12", ..Invoice::new(VAT, "2") };
        for invoice in [Invoice::new(VAT, "1"), office, Invoice::new(VAT, "1")] {
            server.call(&caller, "POST", "/v1/send/xml", "application/xml", invoice.xml()).await.expect(201);
        }
        assert_eq!(server.get(&caller, "/v1/update").await.total(), 0);
        for count in [3, 6, 7] {
            server.advance(Duration::from_secs(2));
            server.until(&caller, "/v1/update", |value| value.as_array().unwrap().len() == count).await;
        }
        let states = async |id: i64| -> Vec<Value> {
            let list = server.get(&caller, &format!("/v1/update?send_id={id}&sort=id")).await.expect(200);
            list.as_array().unwrap().iter().map(|update| update["state"].clone()).collect()
        };
        assert_eq!(states(1).await, ["Inviato", "Consegnato"]);
        assert_eq!(states(2).await, ["Inviato", "Consegnato", "AccettatoDalDestinatario"]);
        assert_eq!(states(3).await, ["Inviato", "Scartato"]);
        let rejected = server.get(&caller, "/v1/update?state=Scartato").await.expect(200);
        assert_eq!(rejected[0]["errors"][0]["code"], json!("00404"));
        assert_eq!(rejected[0]["send"]["latest_state"], json!("Scartato"));
        assert_eq!(rejected[0]["send"]["documents"][0]["number"], json!("1"));

        let sent = server.get(&caller, "/v1/send/1").await.expect(200);
        assert_eq!((&sent["latest_state"], &sent["version"]), (&json!("Consegnato"), &json!(3)));
        assert_eq!(
            (&sent["date_sent"], &sent["last_update"]),
            (&json!("2026-11-23T12:00:02Z"), &json!("2026-11-23T12:00:04Z"))
        );
        let identifier = sent["identifier"].as_str().unwrap();
        assert_eq!(server.get(&caller, &format!("/v1/send/{identifier}")).await.expect(200), sent);

        // Reading an update marks it; the list of unread ones is shorter then.
        let unread = server.get(&caller, "/v1/update?unread=true").await.total();
        assert_eq!(server.get(&caller, "/v1/update/1").await.expect(200)["is_read"], json!(false));
        assert_eq!(server.get(&caller, "/v1/update/1").await.expect(200)["is_read"], json!(true));
        assert_eq!(server.get(&caller, "/v1/update?unread=true").await.total(), unread - 1);
        server
    })
    .await;
}

#[tokio::test]
async fn the_live_ledger_counts_operations_and_stops_at_none() {
    let folder = folder();
    let server = Server::start_with(folder.path(), Setup { operation_allowance: 2, ..Setup::default() }).await;
    let (live, test) = (Caller::new("live", "acc_one"), caller());
    let left = async |caller: &Caller| server.get(caller, "/v1/status").await.expect(200)["operation_left"].clone();
    let send = async |caller: &Caller, path: &str, number: &str| {
        server.json(caller, "POST", path, &Invoice::new(VAT, number).json()).await
    };
    send(&live, "/v1/send/json", "A").await.refused(422, "invalid_invoice");
    assert_eq!(left(&live).await, json!(2), "a refused invoice costs nothing");
    send(&live, "/v1/send/json", "1").await.expect(201);
    send(&live, "/v1/send/validate/json", "2").await.expect(204);
    assert_eq!(left(&live).await, json!(0));
    send(&live, "/v1/send/json", "3").await.refused(403, "operation_exhausted");
    send(&live, "/v1/send/validate/json", "3").await.refused(403, "operation_exhausted");
    assert_eq!(server.get(&live, "/v1/send").await.total(), 1);
    for number in ["1", "2", "3"] {
        send(&test, "/v1/send/json", number).await.expect(201);
    }
    assert_eq!(left(&test).await, json!(2), "the test ledger counts nothing");
    send(&Caller::new("live", "acc_two"), "/v1/send/json", "1").await.expect(201);
    let status = server.get(&live.only(json!({"vat": [VAT]})), "/v1/status").await.expect(200);
    assert_eq!(status, json!({"operation_left": 0, "signature_left": 0, "has_active_seat": false, "is_sub_key": true}));
    server.stop().await;
}

#[tokio::test]
async fn an_archive_holds_what_was_issued_in_the_period() {
    with_server(async |server| {
        let caller = caller();
        for (number, date) in [("1", "2026-01-31"), ("2", "2026-03-31"), ("3", "2026-04-01")] {
            let invoice = Invoice { date, ..Invoice::new(VAT, number) };
            let payload = BASE64.encode(invoice.xml().as_bytes());
            let record = json!({"payload": payload, "file_name": "same.xml"});
            server.json(&caller, "POST", "/v1/send", &record).await.expect(201);
        }
        let export = async |query: &str| server.get(&caller, &format!("/v1/export?{query}")).await;
        assert_eq!(export("").await.status.as_u16(), 204, "nothing is issued yet");
        for state in ["Inviato", "Consegnato"] {
            server.advance(Duration::from_secs(2));
            server
                .until(&caller, &format!("/v1/send?latest_state={state}"), |value| value.as_array().unwrap().len() == 3)
                .await;
        }
        let files = async |query: &str| {
            let answer = export(query).await;
            assert_eq!(answer.status.as_u16(), 200, "{query}");
            assert_eq!(answer.headers["content-type"], "application/zip");
            let text = answer.text();
            assert!(text.contains("IT01234567890/send/same.xml"));
            (1..=3).filter(|n| text.contains(&format!("<Numero>{n}</Numero>"))).collect::<Vec<_>>()
        };
        assert_eq!(files("").await, [1, 2, 3]);
        assert_eq!(files("type=send&year=2026&quarter=1").await, [1, 2]);
        assert_eq!(files("year=2026&month=4").await, [3]);
        assert_eq!(files("document_date_from=2026-01-31T00:00:00Z&document_date_to=2026-03-30").await, [1]);
        assert_eq!(export("year=2025&month=12").await.status.as_u16(), 204);
        assert_eq!(export("type=receive").await.status.as_u16(), 204);
        for query in [
            "year=2026",
            "month=1",
            "year=2026&month=13",
            "year=2026&month=1&quarter=1",
            "year=0&month=1",
            "type=all!",
            "year=2026&month=1&document_date_from=2026-01-01",
        ] {
            export(query).await.refused(400, "bad_query");
        }
        server
    })
    .await;
}
