//! Keys that are bound to companies: they see their own, and nothing tells them of others (R32-R36, R89-R92, D9, D34).

use crate::deployment::{Admin, CLAVIGER, Deployment, NewKey};
use serde_json::{Value, json};
use testkit::{Launch, Must, Reply, client::Call};

/// Two companies of one account, by VAT number.
const ALFA: &str = "IT01234567890";
const BETA: &str = "IT09876543210";

#[tokio::test(flavor = "multi_thread")]
async fn r12_r23_r32_r92_d9_d34_a_bound_key_reaches_only_its_companies() {
    let claviger = Launch::quickstart(CLAVIGER).start().await;
    let primary = claviger.text("/primary/test/secret");
    let url = |path: &str| format!("{}/v1{path}", claviger.gateway());
    let mut companies = Vec::new();
    for vat in [ALFA, BETA] {
        let record = json!({"name": vat, "vat": vat, "fiscal_code": &vat[2..]});
        let created = Call::post(&url("/company")).key(&primary).json(&record).send().await;
        assert_eq!(created.status, 201, "{}", String::from_utf8_lossy(&created.body));
        companies.push(created.json()["id"].as_i64().must("find the id"));
    }
    let [alfa, beta] = companies[..] else { panic!("two companies") };

    let mut admin = Admin::of(&claviger).await;
    // The gateway has learned the company from the answer that made it (D35).
    let company = admin.company_named(&format!("test:id={alfa}")).await.must("know the company");
    let key = admin.create_key(json!({"preset": "full_access", "companies": [company]})).await;
    let get = async |path: &str, secret: &str| Call::get(&url(path)).key(secret).send().await;
    let vats = |reply: &Reply| -> Vec<String> {
        let listed = reply.json();
        listed
            .as_array()
            .must(&format!("read a list from {listed}"))
            .iter()
            .filter_map(|c| c["vat"].as_str().map(str::to_owned))
            .collect()
    };
    assert_eq!(vats(&get("/company", &primary).await).len(), 2);
    assert_eq!(vats(&get("/company", &key.test).await), [ALFA]);
    assert_eq!(get(&format!("/company/{alfa}"), &key.test).await.status, 200);
    // A foreign company is refused like one that never was, by either of its names (D9).
    for path in
        [format!("/company/{beta}"), "/company/999999".into(), format!("/company/{BETA}"), "/company/IT1".into()]
    {
        let reply = get(&path, &key.test).await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "company_not_allowed"), "{path}");
    }
    let erase = Call::new("DELETE", &url(&format!("/company/{beta}"))).key(&key.test).send().await;
    assert_eq!(erase.status, 403);
    // No parameter changes what a key operates on (R92).
    for path in ["/company?company_id=2", "/company?q=0987", "/company?page_size=200&page=1"] {
        let reply = get(path, &key.test).await;
        let seen = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(matches!(reply.status, 200 | 400) && !seen.contains(BETA), "{path}: {} {seen}", reply.status);
    }
    let forged = Call::get(&url("/company"))
        .key(&key.test)
        .header("claviger-account", "acc_x")
        .header("claviger-companies", "all");
    assert_eq!(vats(&forged.send().await), [ALFA]);
    assert!(vats(&get("/company", &key.live).await).is_empty(), "the live ledger knows nothing of the test companies");

    // The last company goes: the key reaches nothing, and never everything (I14).
    let gone = admin.url(&format!("/companies/{company}"));
    assert_eq!(admin.ask(Call::new("DELETE", &gone)).await.status, 200);
    let after = get("/company", &key.test).await;
    assert!(
        after.status == 403 || vats(&after).is_empty(),
        "{}: {}",
        after.status,
        String::from_utf8_lossy(&after.body)
    );
    assert_ne!(get(&format!("/company/{alfa}"), &key.test).await.status, 200);
    claviger.stop().await;
}

/// A company that the upstream knows by this VAT number, and a full-access key bound to it.
async fn bound_key(admin: &mut Admin, vat: &str) -> NewKey {
    let names = [format!("test:vat={vat}"), format!("live:vat={vat}")];
    let url = admin.url("/companies");
    let created = admin.ask(Call::post(&url).json(&json!({"name": "Alfa", "external_names": names}))).await;
    assert_eq!(created.status, 201, "{}", String::from_utf8_lossy(&created.body));
    let company = created.json().pointer("/company/id").and_then(Value::as_str).must("find the id").to_owned();
    admin.create_key(json!({"preset": "full_access", "companies": [company]})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn d34_an_imported_operation_is_refused_to_bound_keys_until_somebody_says_how_it_is_held() {
    let deployment = Deployment::start().await;
    let mut admin = deployment.admin().await;
    let key = bound_key(&mut admin, ALFA).await;
    for path in ["/things", "/things/7", "/slow"] {
        let reply = deployment.get(path, &key.test).await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "company_not_allowed"), "{path}");
    }
    assert_eq!(deployment.upstream.requests(), 0);
    deployment.stop().await;
}
