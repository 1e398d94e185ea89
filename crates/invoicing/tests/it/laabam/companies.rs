//! Which company a request is about.

use super::super::harness::Caller;
use super::{acme, bound, customer, made, with_laabam};
use serde_json::json;

#[tokio::test]
async fn r89_a_key_of_one_company_works_in_it_without_naming_it() {
    with_laabam(|server| async move {
        // The signed context names the company; it gets its row with the first request.
        customer(&server, &acme(), "Anna").await;
        let list = server.get(&acme(), "/v1/customers?company=acme").await.expect(200);
        assert_eq!(list["data"].as_array().unwrap().len(), 1);
        let companies = server.get(&acme(), "/v1/companies").await.expect(200);
        assert_eq!(companies["data"][0]["slug"], "acme");
        server.get(&acme(), "/v1/companies/acme").await.expect(200);
        server
    })
    .await;
}

#[tokio::test]
async fn r92_no_name_in_a_request_leads_to_another_company() {
    with_laabam(|server| async move {
        let other = bound("live", "acc_one", "other");
        customer(&server, &other, "Olga").await;
        for path in [
            "/v1/customers?company=other",
            "/v1/customers?company=nowhere",
            "/v1/customers?company=acme&company=other",
            "/v1/messaging/other/messages",
            "/v1/messaging/nowhere/messages",
            "/v1/messaging/acme/messages?company=other",
            "/v1/companies/other",
            "/v1/companies/nowhere",
        ] {
            server.get(&acme(), path).await.laabam_refused(403, "company_not_allowed");
        }
        let body = json!({ "slug": "other", "name": "Mine now" });
        server.json(&acme(), "POST", "/v1/companies", &body).await.laabam_refused(403, "company_not_allowed");
        // Parameters, members and headers of other names are nothing to this API.
        for path in ["/v1/customers?slug=other", "/v1/customers?account=acc_two", "/v1/customers?company_id=2"] {
            server.get(&acme(), path).await.laabam_refused(400, "bad_query");
        }
        let body = json!({ "name": "A", "company": "other" });
        server.json(&acme(), "POST", "/v1/customers", &body).await.laabam_refused(400, "bad_body");
        server
    })
    .await;
}

#[tokio::test]
async fn a_key_of_all_companies_has_the_only_one_or_says_which() {
    with_laabam(|server| async move {
        let all = Caller::new("live", "acc_one");
        server.get(&all, "/v1/invoices").await.laabam_refused(400, "company_required");
        made(&server, &all, "/v1/companies", &json!({ "slug": "acme", "name": "Acme" })).await;
        server.get(&all, "/v1/invoices").await.expect(200);
        made(&server, &all, "/v1/companies", &json!({ "slug": "beta-2" })).await;
        server.get(&all, "/v1/invoices").await.laabam_refused(400, "company_required");
        server.get(&all, "/v1/invoices?company=beta-2").await.expect(200);
        server.json(&all, "POST", "/v1/customers?company=acme", &json!({ "name": "A" })).await.expect(201);
        server.get(&all, "/v1/invoices?company=gamma").await.laabam_refused(403, "company_not_allowed");
        let several = Caller::new("live", "acc_one").only(json!({ "slug": ["acme", "beta-2"] }));
        server.get(&several, "/v1/invoices").await.laabam_refused(400, "company_required");
        server.get(&several, "/v1/invoices?company=acme").await.expect(200);
        // D9: an emptied set reaches nothing.
        let none = Caller { companies: json!([]), ..several.clone() };
        server.get(&none, "/v1/invoices").await.laabam_refused(400, "company_required");
        server.get(&none, "/v1/invoices?company=acme").await.laabam_refused(403, "company_not_allowed");
        assert_eq!(server.get(&none, "/v1/companies").await.expect(200)["data"], json!([]));
        server
    })
    .await;
}

#[tokio::test]
async fn companies_are_made_once_and_named_for_paths() {
    with_laabam(|server| async move {
        let all = Caller::new("test", "acc_one");
        let company = made(&server, &all, "/v1/companies", &json!({ "slug": "acme", "name": "Acme Ltd" })).await;
        assert_eq!((&company["slug"], &company["name"]), (&json!("acme"), &json!("Acme Ltd")));
        let again = json!({ "slug": "acme", "name": "Acme" });
        server.json(&all, "POST", "/v1/companies", &again).await.laabam_refused(409, "already_exists");
        for body in [
            json!({ "slug": "Acme" }),
            json!({ "slug": "" }),
            json!({ "slug": "a b" }),
            json!({ "slug": "a", "name": " " }),
        ] {
            server.json(&all, "POST", "/v1/companies", &body).await.laabam_refused(422, "invalid_record");
        }
        for body in [json!({}), json!({ "slug": 1 }), json!({ "slug": "b", "vat": "x" })] {
            server.json(&all, "POST", "/v1/companies", &body).await.laabam_refused(400, "bad_body");
        }
        // Another account may have a company of the same name.
        made(&server, &Caller::new("test", "acc_two"), "/v1/companies", &json!({ "slug": "acme" })).await;
        server.get(&all, "/v1/companies/beta").await.laabam_refused(404, "not_found");
        server
    })
    .await;
}

#[tokio::test]
async fn d24_people_and_callbacks_have_no_books() {
    with_laabam(|server| async move {
        for caller in [Caller::member("live", "acc_one"), Caller::callback("live")] {
            server.get(&caller, "/v1/invoices").await.laabam_refused(403, "account_required");
        }
        server.raw("GET", "/v1/invoices", &[], "").await.laabam_refused(401, "context_missing");
        server.raw("GET", "/v1/health", &[], "").await.expect(200);
        server.get(&acme(), "/v1/nothing").await.laabam_refused(404, "not_found");
        server.call(&acme(), "PUT", "/v1/invoices", "", "").await.laabam_refused(405, "method_not_allowed");
        server
    })
    .await;
}
