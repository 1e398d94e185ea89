//! Companies that the upstream creates are known before its answer is (D35).

use crate::registry::{Caller, Registry};
use model::{Company, CompanyRestriction, CompanySet, ExternalName};
use store::Page;

async fn company(ledger: &Registry, account: usize, name: &str) -> Option<Company> {
    let name = ExternalName::parse(name).unwrap();
    let all = ledger.rows[account].companies(Page::first(100)).await.unwrap().items;
    all.into_iter().map(|row| row.company).find(|company| company.external_names.contains(&name))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d35_the_next_request_knows_a_company_that_an_answer_named() {
    let ledger = Registry::start().await;
    let (all, one) = (ledger.key(0, None).await.text, ledger.key(0, Some(&[1])).await);
    let mut caller = Caller::new(ledger.world.address).await;
    let (status, body) = caller.ask(&all, "POST /v1/create", &["Accept-Encoding: gzip"], "{}").await;
    assert_eq!(status, 201);
    assert_eq!(body, "{\"data\":{\"id\":500,\"name\":\"Nuova Srl\"}}");
    assert!(ledger.seen.last.lock().unwrap().to_ascii_lowercase().contains("accept-encoding: identity"));
    // In the store, and in force: a key can be made for it, and may name it at once.
    let new = company(&ledger, 0, "test:id=500").await.expect("it was created");
    assert_eq!((new.name.as_str(), new.external_names.len()), ("Nuova Srl", 1));
    assert!(company(&ledger, 1, "test:id=500").await.is_none(), "of the caller's account alone");
    assert_eq!(caller.ask(&one.text, "GET /v1/filter?company_id=500", &[], "").await.0, 403, "no set was widened");
    let stored = ledger.rows[0].key(one.id).await.unwrap().key.companies;
    assert_eq!(stored, CompanyRestriction::Only(CompanySet::chosen(&ledger.companies[..1]).unwrap()));
    // Known: nothing changes.
    let before = *ledger.world.store.committed().borrow();
    assert_eq!(caller.ask(&all, "POST /v1/create", &[], "{}").await.0, 201);
    assert_eq!(*ledger.world.store.committed().borrow(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d35_writes_that_are_kept_from_running_twice_teach_too() {
    let ledger = Registry::start().await;
    let all = ledger.key(1, None).await.text;
    let mut caller = Caller::new(ledger.world.address).await;
    let first = caller.ask(&all, "POST /v1/create", &["Idempotency-Key: one"], "{}").await;
    assert!(company(&ledger, 1, "test:id=500").await.is_some());
    let again = caller.ask(&all, "POST /v1/create", &["Idempotency-Key: one"], "{}").await;
    assert_eq!((first.0, &again), (201, &first));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d35_further_names_are_learned_with_the_company_unless_another_one_has_them() {
    let ledger = Registry::start().await;
    let all = ledger.key(0, None).await.text;
    let mut caller = Caller::new(ledger.world.address).await;
    for kind in ["two_names", "taken"] {
        assert_eq!(caller.ask(&all, &format!("POST /v1/create?kind={kind}"), &[], "{}").await.0, 201);
    }
    let both = company(&ledger, 0, "test:vat=VAT501").await.expect("it was created");
    assert_eq!((both.name.as_str(), both.external_names.len()), ("501", 2));
    let one = company(&ledger, 0, "test:id=502").await.expect("it was created");
    assert_eq!(one.external_names.len(), 1);
    assert_eq!(company(&ledger, 0, "test:vat=VAT1").await.unwrap().id, ledger.companies[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d35_an_answer_that_teaches_nothing_goes_out_as_it_is() {
    let ledger = Registry::start().await;
    let all = ledger.key(0, None).await.text;
    let mut caller = Caller::new(ledger.world.address).await;
    let before = *ledger.world.store.committed().borrow();
    for (kind, status) in [("text", 200), ("error", 422), ("silent", 201)] {
        assert_eq!(caller.ask(&all, &format!("POST /v1/create?kind={kind}"), &[], "{}").await.0, status, "{kind}");
    }
    assert_eq!(*ledger.world.store.committed().borrow(), before);
    ledger.world.store.clone().close().await;
    let (status, body) = caller.ask(&all, "GET /v1/create", &[], "").await;
    assert_eq!(
        (status, body.contains("Nuova Srl")),
        (201, true),
        "without the store it is not learned, and not withheld"
    );
}
