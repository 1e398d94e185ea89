//! Looking up, sending, the document, and the network inside the deployment.

use super::super::harness::{Caller, Server, Setup, folder};
use super::{BUYER, SELLER, body, buyer, detail, items, register, seller, send, settled, with_invostaq};
use invoicing::Surface;
use quick_xml::{Reader, events::Event};
use serde_json::{Value, json};

#[tokio::test]
async fn r110_a_lookup_sees_the_network_of_its_environment() {
    with_invostaq(|server| async move {
        register(&server, &seller(), SELLER).await;
        for version in ["v1", "v2"] {
            let path = format!("/api/{version}/lookup?participantId={SELLER}");
            let found = server.get(&buyer(), &path).await.expect(200);
            assert_eq!((&found["participantId"], &found["isRegistered"]), (&json!(SELLER), &json!(true)));
            assert_eq!(
                (&found["accessPointRef"], &found["provider"]),
                (&json!("AP-0196-971501234567"), &json!("Invostaq"))
            );
            assert_eq!(found["supportedDocTypes"].as_array().unwrap().len(), 1);
            let test = server.get(&Caller::new("test", "acc_seller"), &path).await.expect(200);
            assert_eq!((&test["isRegistered"], &test["supportedDocTypes"]), (&json!(false), &json!([])));
            for path in [format!("/api/{version}/lookup"), format!("/api/{version}/lookup?participantId=")] {
                let told = server.get(&buyer(), &path).await.invostaq_refused(400, "missing-participant-id");
                assert_eq!(told["title"], "Missing participant ID");
                assert_eq!(told["detail"], "The participantId query parameter is required.");
            }
            for id in ["971501234567", "0196:", "x:1", "0196:1:2"] {
                let path = format!("/api/{version}/lookup?participantId={id}");
                server.get(&buyer(), &path).await.invostaq_refused(400, "bad-query");
            }
        }
        server
    })
    .await;
}

#[tokio::test]
async fn registrations_are_one_accounts_and_can_be_taken_back() {
    with_invostaq(|server| async move {
        register(&server, &seller(), SELLER).await;
        register(&server, &seller(), SELLER).await;
        let theirs = json!({ "participantId": SELLER });
        server.json(&buyer(), "POST", "/api/v2/participants", &theirs).await.invostaq_refused(409, "participant-taken");
        let wrong = json!({ "participantId": "x" });
        server.json(&buyer(), "POST", "/api/v2/participants", &wrong).await.invostaq_refused(422, "invalid-record");
        let path = format!("/api/v2/participants/{SELLER}");
        server.call(&buyer(), "DELETE", &path, "", "").await.invostaq_refused(404, "not-found");
        assert_eq!(items(&server.get(&seller(), "/api/v2/participants").await.expect(200)).len(), 1);
        assert!(items(&server.get(&buyer(), "/api/v2/participants").await.expect(200)).is_empty());
        server.call(&seller(), "DELETE", &path, "", "").await.expect(204);
        server.call(&seller(), "DELETE", &path, "", "").await.invostaq_refused(404, "not-found");
        register(&server, &buyer(), SELLER).await;
        server
    })
    .await;
}

#[tokio::test]
async fn a_document_reaches_the_account_that_registered_its_receiver() {
    with_invostaq(|server| async move {
        register(&server, &seller(), SELLER).await;
        register(&server, &buyer(), BUYER).await;
        let answer = server.json(&seller(), "POST", "/api/v2/invoices/send", &body("N1")).await.expect(200);
        assert_eq!((&answer["status"], &answer["provider"]), (&json!("success"), &json!("Invostaq")));
        assert!(answer["transactionId"].as_str().unwrap().starts_with("txn_"));
        assert_eq!(answer["databaseRecordId"].as_str().unwrap().len(), 36);
        let transaction = answer["transactionId"].as_str().unwrap();
        let path = format!("/api/v2/invoices/{transaction}");
        let row = server.get(&seller(), &path).await.expect(200);
        assert_eq!((&row["state"], &row["number"]), (&json!("Processing"), &json!("N1")));
        assert_eq!(
            (&row["netAmount"], &row["taxAmount"], &row["totalAmount"]),
            (&json!("101.01"), &json!("0.05"), &json!("101.06"))
        );
        assert!(items(&server.get(&buyer(), "/api/v2/received").await.expect(200)).is_empty());
        settled(&server, &seller(), transaction, "Delivered").await;
        let received = server.get(&buyer(), "/api/v2/received").await.expect(200);
        let [document] = items(&received).as_slice() else { panic!("{received}") };
        assert_eq!((&document["transactionId"], &document["totalAmount"]), (&json!(transaction), &json!("101.06")));
        let theirs = server.get(&buyer(), &format!("/api/v2/received/{transaction}/document")).await;
        let ours = server.get(&seller(), &format!("{path}/document")).await;
        assert_eq!((ours.status.as_u16(), &ours.headers["content-type"]), (200, &"application/xml".parse().unwrap()));
        assert_eq!(theirs.body, ours.body);
        // The sender has not received it, nor the receiver sent it.
        server.get(&seller(), &format!("/api/v2/received/{transaction}")).await.invostaq_refused(404, "not-found");
        server.get(&buyer(), &path).await.invostaq_refused(404, "not-found");
        server
    })
    .await;
}

#[tokio::test]
async fn a_receiver_that_nobody_registered_fails_with_a_reason() {
    with_invostaq(|server| async move {
        register(&server, &seller(), SELLER).await;
        let transaction = send(&server, &seller(), &body("N1")).await;
        let row = settled(&server, &seller(), &transaction, "Failed").await;
        assert!(row["failureReason"].as_str().unwrap().contains(BUYER), "{row}");
        // A number that failed may be used again, one that did not may not.
        register(&server, &buyer(), BUYER).await;
        let again = send(&server, &seller(), &body("N1")).await;
        server
            .json(&seller(), "POST", "/api/v2/invoices/send", &body("N1"))
            .await
            .invostaq_refused(409, "already-exists");
        settled(&server, &seller(), &again, "Delivered").await;
        server
            .json(&seller(), "POST", "/api/v2/invoices/send", &body("N1"))
            .await
            .invostaq_refused(409, "already-exists");
        server
    })
    .await;
}

#[tokio::test]
async fn what_is_due_is_delivered_after_a_restart() {
    let folder = folder();
    let start = async || Server::start_with(folder.path(), Setup::of(Surface::Invostaq)).await;
    let server = start().await;
    register(&server, &seller(), SELLER).await;
    register(&server, &buyer(), BUYER).await;
    let transaction = send(&server, &seller(), &body("N1")).await;
    server.kill().await;
    let server = start().await;
    settled(&server, &seller(), &transaction, "Delivered").await;
    assert_eq!(items(&server.get(&buyer(), "/api/v2/received").await.expect(200)).len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn missing_routing_names_what_is_missing_first() {
    with_invostaq(|server| async move {
        for (left_out, begins) in [
            (vec!["senderParticipantId"], "senderParticipantId is missing"),
            (vec!["receiverParticipantId"], "receiverParticipantId is missing"),
            (
                vec!["senderParticipantId", "receiverParticipantId"],
                "senderParticipantId, receiverParticipantId are missing",
            ),
        ] {
            let mut body = body("N1");
            for name in left_out {
                body.as_object_mut().unwrap().remove(name);
            }
            let told = server.json(&seller(), "POST", "/api/v2/invoices/send", &body).await;
            let told = told.invostaq_refused(400, "missing-routing");
            assert_eq!(told["title"], "Missing routing information");
            assert!(detail(&told).starts_with(begins), "{told}");
        }
        server
    })
    .await;
}

#[tokio::test]
async fn what_an_invoice_cannot_say_is_refused_by_name() {
    with_invostaq(|server| async move {
        register(&server, &seller(), SELLER).await;
        let with = |pointer: &str, value: Value| {
            let mut body = body("N1");
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            body.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value);
            body
        };
        for (pointer, value, member) in [
            ("/senderParticipantId", json!("971"), "senderParticipantId"),
            ("/receiverParticipantId", json!("0196:ä"), "receiverParticipantId"),
            ("/invoice/number", json!(""), "invoice.number"),
            ("/invoice/issueDate", json!("2026-02-30"), "invoice.issueDate"),
            ("/invoice/dueDate", json!("2026-10-01"), "invoice.dueDate"),
            ("/invoice/currency", json!("KWD"), "invoice.currency"),
            ("/invoice/lineItems", json!([]), "invoice.lineItems"),
            ("/invoice/note", json!("\u{ffff}"), "invoice.note"),
            ("/invoice/supplier/name", json!(" "), "invoice.supplier.name"),
            ("/invoice/supplier/taxId", json!(null), "invoice.supplier.taxId"),
            ("/invoice/supplier/email", json!("x"), "invoice.supplier.email"),
            ("/invoice/buyer/address", json!({}), "invoice.buyer.address.country"),
            ("/invoice/buyer/address", json!({ "country": "Emirates" }), "invoice.buyer.address.country"),
            ("/invoice/lineItems/0/quantity", json!(0), "invoice.lineItems[0].quantity"),
            ("/invoice/lineItems/0/unitPrice", json!(-1), "invoice.lineItems[0].unitPrice"),
            ("/invoice/lineItems/0/taxRate", json!("100.5"), "invoice.lineItems[0].taxRate"),
            ("/invoice/lineItems/0/taxCategory", json!("Z"), "invoice.lineItems[0].taxCategory"),
            ("/invoice/lineItems/1/taxCategory", json!("S"), "invoice.lineItems[1].taxCategory"),
            ("/invoice/lineItems/1/taxCategory", json!("E"), "invoice.lineItems[1].taxExemptionReason"),
            ("/invoice/lineItems/1/taxExemptionReason", json!("why"), "invoice.lineItems[1].taxExemptionReason"),
            ("/invoice/lineItems/1/unitCode", json!("hour"), "invoice.lineItems[1].unitCode"),
        ] {
            let told = server.json(&seller(), "POST", "/api/v2/invoices/send", &with(pointer, value)).await;
            let told = told.invostaq_refused(422, "invalid-record");
            assert!(detail(&told).contains(&format!("`{member}`")), "{told}");
        }
        for (pointer, value) in [
            ("/invoice/lineItems/0/unitPrice", json!("0.33333")),
            ("/invoice/lineItems/0/taxCategory", json!("X")),
            ("/invoice/allowances", json!([])),
            ("/invoice/supplier", json!(null)),
            ("/office", json!("acc_buyer")),
        ] {
            let told = server.json(&seller(), "POST", "/api/v2/invoices/send", &with(pointer, value)).await;
            told.invostaq_refused(400, "bad-body");
        }
        // D9: only as a participant of one's own.
        let told = server.json(&buyer(), "POST", "/api/v2/invoices/send", &body("N1")).await;
        told.invostaq_refused(403, "participant-not-allowed");
        assert!(items(&server.get(&seller(), "/api/v2/invoices").await.expect(200)).is_empty());
        server
    })
    .await;
}

/// The text of every element, by its path, in the order of the document. Fails where it is not well-formed.
fn elements(xml: &str) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let (mut path, mut found): (Vec<String>, Vec<(String, String)>) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                path.push(start.name().as_ref().to_owned());
                found.push((path.join("/"), String::new()));
            }
            Event::End(_) => {
                path.pop();
            }
            Event::Text(text) => {
                if let Some((_, last)) = found.last_mut() {
                    last.push_str(&text.xml10_content());
                }
            }
            Event::GeneralRef(reference) => {
                let known = quick_xml::escape::resolve_predefined_entity(&reference).unwrap();
                found.last_mut().unwrap().1.push_str(known);
            }
            Event::Eof => break,
            Event::Decl(_) => {}
            other @ (Event::Empty(_) | Event::CData(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_)) => {
                panic!("{other:?} is not written")
            }
        }
    }
    assert!(path.is_empty());
    // What stands between elements is room only.
    found.into_iter().map(|(path, text)| (path, text.trim().to_owned())).collect()
}

#[tokio::test]
async fn the_document_is_ubl_whose_sums_are_those_of_the_record() {
    with_invostaq(|server| async move {
        register(&server, &seller(), SELLER).await;
        let mut body = body("N<1>");
        body["invoice"]["note"] = json!("First line\nsecond & last");
        body["invoice"]["totalAmount"] = json!(1);
        body["invoice"]["lineItems"][0]["lineTotal"] = json!("900");
        let transaction = send(&server, &seller(), &body).await;
        let row = server.get(&seller(), &format!("/api/v2/invoices/{transaction}")).await.expect(200);
        let xml = server.get(&seller(), &format!("/api/v2/invoices/{transaction}/document")).await.text();
        let found = elements(&xml);
        let texts = |path: &str| {
            let path = format!("Invoice/{path}");
            found.iter().filter(|(at, _)| *at == path).map(|(_, text)| text.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(
            texts("cbc:CustomizationID"),
            ["urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"]
        );
        assert_eq!(texts("cbc:ProfileID"), ["urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"]);
        assert_eq!((texts("cbc:ID"), texts("cbc:InvoiceTypeCode")), (vec!["N<1>"], vec!["380"]));
        assert_eq!(texts("cac:AccountingSupplierParty/cac:Party/cac:PartyName/cbc:Name"), ["Seller <LLC> & Sons"]);
        assert_eq!(texts("cac:AccountingSupplierParty/cac:Party/cbc:EndpointID"), ["971501234567"]);
        assert!(xml.contains("<cbc:EndpointID schemeID=\"0088\">7300010000001</cbc:EndpointID>"));
        let total = "cac:LegalMonetaryTotal/cbc:";
        for (name, member) in [
            ("LineExtensionAmount", "netAmount"),
            ("TaxExclusiveAmount", "netAmount"),
            ("TaxInclusiveAmount", "totalAmount"),
            ("PayableAmount", "totalAmount"),
        ] {
            assert_eq!(texts(&format!("{total}{name}")), [row[member].as_str().unwrap()]);
        }
        assert_eq!(texts("cac:TaxTotal/cbc:TaxAmount"), [row["taxAmount"].as_str().unwrap()]);
        assert_eq!(texts("cac:TaxTotal/cac:TaxSubtotal/cbc:TaxableAmount"), ["1.01", "100.00"]);
        assert_eq!(texts("cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:ID"), ["S", "Z"]);
        assert_eq!(texts("cac:InvoiceLine/cbc:LineExtensionAmount"), ["1.01", "100.00"]);
        assert_eq!(texts("cac:InvoiceLine/cac:Price/cbc:PriceAmount"), ["0.335", "100.00"]);
        assert_eq!(texts("cac:InvoiceLine/cac:Item/cbc:Name"), ["Paper \"A4\"", "Consulting"]);
        // The order of the root's own elements is that of the schema.
        let order = [
            "cbc:CustomizationID",
            "cbc:ProfileID",
            "cbc:ID",
            "cbc:IssueDate",
            "cbc:DueDate",
            "cbc:InvoiceTypeCode",
            "cbc:Note",
            "cbc:DocumentCurrencyCode",
            "cbc:BuyerReference",
            "cac:AccountingSupplierParty",
            "cac:AccountingCustomerParty",
            "cac:TaxTotal",
            "cac:LegalMonetaryTotal",
            "cac:InvoiceLine",
            "cac:InvoiceLine",
        ];
        let own = found.iter().filter_map(|(at, _)| at.strip_prefix("Invoice/")).filter(|at| !at.contains('/'));
        assert_eq!(own.collect::<Vec<_>>(), order);
        server
    })
    .await;
}

#[tokio::test]
async fn d17_what_was_sent_is_found_again_by_its_number() {
    with_invostaq(|server| async move {
        for participant in [SELLER, "0007:556677"] {
            register(&server, &seller(), participant).await;
        }
        server.get(&seller(), "/api/v2/invoices/lookup?number=N1").await.invostaq_refused(404, "not-found");
        let answer = server.json(&seller(), "POST", "/api/v2/invoices/send", &body("N1")).await;
        let found = server.get(&seller(), "/api/v2/invoices/lookup?number=N1").await;
        assert_eq!(found.body, answer.body);
        let mut other = body("N1");
        other["senderParticipantId"] = json!("0007:556677");
        send(&server, &seller(), &other).await;
        server.get(&seller(), "/api/v2/invoices/lookup?number=N1").await.invostaq_refused(409, "state-conflict");
        let one = format!("/api/v2/invoices/lookup?number=N1&senderParticipantId={SELLER}");
        assert_eq!(server.get(&seller(), &one).await.body, answer.body);
        server.get(&seller(), "/api/v2/invoices/lookup").await.invostaq_refused(400, "bad-query");
        server
    })
    .await;
}

#[tokio::test]
async fn lists_have_filters_and_pages() {
    with_invostaq(|server| async move {
        register(&server, &seller(), SELLER).await;
        register(&server, &buyer(), BUYER).await;
        let mut sent = Vec::new();
        for number in 0..5 {
            let mut body = body(&format!("N{number}"));
            body["invoice"]["issueDate"] = json!(format!("2026-11-{:02}", 1 + number % 2));
            sent.push(send(&server, &seller(), &body).await);
        }
        for transaction in &sent {
            settled(&server, &seller(), transaction, "Delivered").await;
        }
        for (caller, path) in [(seller(), "invoices"), (buyer(), "received")] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page =
                    server.get(&caller, &format!("/api/v2/{path}?sort=issueDate&limit=2{cursor}")).await.expect(200);
                seen.extend(items(&page).iter().map(|row| row["transactionId"].as_str().unwrap().to_owned()));
                let Some(next) = page["nextCursor"].as_str() else { break };
                assert_eq!(page["hasMore"], true);
                cursor = format!("&cursor={next}");
            }
            seen.sort();
            let mut all = sent.clone();
            all.sort();
            assert_eq!(seen, all);
            let count = async |query: &str| {
                items(&server.get(&caller, &format!("/api/v2/{path}?{query}")).await.expect(200)).len()
            };
            assert_eq!(
                (count("number=N3").await, count("from=2026-11-02").await, count("to=2026-11-01").await),
                (1, 2, 3)
            );
            for query in ["limit=0", "sort=state", "from=x", "cursor=x", "office=1", "number=1&number=2"] {
                server.get(&caller, &format!("/api/v2/{path}?{query}")).await.invostaq_refused(400, "bad-query");
            }
        }
        assert_eq!(items(&server.get(&seller(), "/api/v2/invoices?state=Failed").await.expect(200)).len(), 0);
        server.get(&seller(), "/api/v2/invoices?state=failed").await.invostaq_refused(400, "bad-query");
        server
    })
    .await;
}
