//! Who may call what (R103 to R109, R135 to R140).

use super::super::harness::Caller;
use super::{seller, with_invostaq};
use serde_json::json;

const MEMBERS: [&str; 10] = [
    "/api/dashboard/stats",
    "/api/settings/profile",
    "/api/settings/webhooks",
    "/api/settings/integrations",
    "/api/customers",
    "/api/suppliers",
    "/api/vat-returns",
    "/api/invoices",
    "/api/reminders",
    "/api/reports/ageing",
];
const KEYS: [&str; 4] =
    ["/api/v2/lookup?participantId=0196:1", "/api/v2/participants", "/api/v2/invoices", "/api/v2/received"];

#[tokio::test]
async fn r111_r136_keys_and_people_each_have_their_own_operations() {
    with_invostaq(|server| async move {
        let (member, admin) = (Caller::member("live", "acc_seller"), Caller::admin("live", "acc_seller"));
        for path in MEMBERS {
            server.get(&member, path).await.expect(200);
            server.get(&admin, path).await.expect(200);
            server.get(&seller(), path).await.invostaq_refused(403, "member-required");
            server.get(&Caller::callback("live"), path).await.invostaq_refused(403, "member-required");
            server.raw("GET", path, &[], "").await.invostaq_refused(401, "context-missing");
        }
        for path in KEYS {
            server.get(&seller(), path).await.expect(200);
            for caller in [&member, &admin, &Caller::callback("live")] {
                server.get(caller, path).await.invostaq_refused(403, "key-required");
            }
        }
        for caller in [&member, &seller(), &Caller::callback("live")] {
            server.get(caller, "/api/admin/tenants").await.invostaq_refused(403, "admin-required");
        }
        let event = json!({ "eventType": "transaction.sent", "transactionId": "txn_1" });
        for caller in [&member, &admin, &seller()] {
            let told = server.json(caller, "POST", "/api/callbacks/access-point", &event).await;
            told.invostaq_refused(403, "callback-required");
        }
        server.raw("GET", "/api/health", &[], "").await.expect(200);
        for caller in [&member, &seller()] {
            server.get(caller, "/api/nothing").await.invostaq_refused(404, "not-found");
        }
        server.call(&seller(), "PUT", "/api/v2/invoices", "", "").await.invostaq_refused(405, "method-not-allowed");
        server
    })
    .await;
}

#[tokio::test]
async fn r106_an_administrator_sees_the_counts_of_their_account() {
    with_invostaq(|server| async move {
        let list = server.get(&Caller::admin("live", "acc_seller"), "/api/admin/tenants").await.expect(200);
        let [row] = super::items(&list).as_slice() else { panic!("{list}") };
        assert_eq!((&row["customers"], &row["delivered"]), (&json!(0), &json!(0)));
        server
    })
    .await;
}
