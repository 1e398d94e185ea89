//! Database: what a PostgreSQL server shows that two files cannot.

use super::harness::{Caller, Invoice, Server, Setup, database, folder, options};
use invoicing::{DatabaseUrl, Options};
use serde_json::json;
use std::time::Duration;
use testkit::postgres::PASSWORD;

fn caller() -> Caller {
    Caller::new("live", "acc_one")
}

#[tokio::test]
async fn a_schema_of_a_newer_version_is_left_alone() {
    let folder = folder();
    Server::start(folder.path()).await.stop().await;
    database(folder.path()).run("UPDATE live.format SET number = 99");
    let error = Server::refused(options(folder.path(), None)).await;
    assert!(error.contains("schema live") && error.contains("format 99"), "{error}");
}

#[tokio::test]
async fn r91_a_role_that_row_level_security_does_not_hold_is_refused() {
    let folder = folder();
    let database = database(folder.path());
    database.run(
        "CREATE ROLE strong LOGIN BYPASSRLS; CREATE ROLE heir LOGIN IN ROLE strong;
         GRANT CREATE ON DATABASE :\"DBNAME\" TO strong, heir;",
    );
    for role in ["postgres", "strong", "heir"] {
        let url = database.powerful_url.replacen("//postgres@", &format!("//{role}@"), 1);
        let refused = Options { database: Some(DatabaseUrl::new(url)), ..options(folder.path(), None) };
        let error = Server::refused(refused).await;
        for part in [role, "BYPASSRLS", "NOSUPERUSER NOBYPASSRLS", "GRANT CONNECT, CREATE ON DATABASE"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    // Nothing was made on the way.
    assert_eq!(database.run("SELECT count(*) FROM pg_namespace WHERE nspname IN ('test', 'live')"), "0");
    database.run("DROP OWNED BY strong, heir; DROP ROLE heir; DROP ROLE strong;");
}

#[tokio::test]
async fn r91_a_table_that_is_not_guarded_stops_the_start() {
    let folder = folder();
    Server::start(folder.path()).await.stop().await;
    let database = database(folder.path());
    for (off, on) in [
        ("ALTER TABLE test.send NO FORCE ROW LEVEL SECURITY", "ALTER TABLE test.send FORCE ROW LEVEL SECURITY"),
        ("ALTER TABLE test.send DISABLE ROW LEVEL SECURITY", "ALTER TABLE test.send ENABLE ROW LEVEL SECURITY"),
    ] {
        database.run(off);
        let error = Server::refused(options(folder.path(), None)).await;
        assert!(error.contains("off for the table test.send"), "{error}");
        database.run(on);
    }
    Server::start(folder.path()).await.stop().await;
}

#[tokio::test]
async fn an_address_that_cannot_work_is_told_without_its_password() {
    let folder = folder();
    for (url, part) in [
        ("", "postgres://USER:PASSWORD@HOST/NAME"),
        ("mysql://u:hidden@localhost/x", "does not begin with postgres://"),
        ("postgres://u:hidden@localhost/x?options=-c%20row_security%3Doff", "these parameters only"),
        ("postgres://u:hidden@localhost/x?password=hidden", "these parameters only"),
        ("postgres://u:hidden@localhost/x?sslmode=hidden", "cannot be read"),
        ("postgres://u:hidden@localhost/x?host=/nonexistent", "cannot be reached"),
        ("postgres://u:hidden@127.0.0.1:1/x", "refused"),
    ] {
        let database = Some(DatabaseUrl::new(url));
        assert!(!format!("{database:?}").contains("hidden"));
        let error = Server::refused(Options { database, ..options(folder.path(), None) }).await;
        assert!(error.contains(part), "{url}: {error}");
        assert!(!error.contains("hidden") && !error.contains(PASSWORD), "{error}");
    }
}

#[tokio::test]
async fn a_role_that_may_not_make_schemas_is_told_what_it_needs() {
    let folder = folder();
    let options = options(folder.path(), None);
    database(folder.path()).run("REVOKE CREATE ON DATABASE :\"DBNAME\" FROM invoicing");
    let error = Server::refused(options).await;
    assert!(error.contains("the schema `test` cannot be made") && error.contains("GRANT CREATE"), "{error}");
}

/// Two processes on one database: first requests, schemas, versions and states do not get into each other's way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_share_a_database() {
    let folder = folder();
    let (one, two) = tokio::join!(Server::start(folder.path()), Server::start(folder.path()));
    let vats: Vec<String> = (0..8).map(|n| format!("IT0000000000{n}")).collect();
    let send = async |server: &Server, number: &str| {
        for vat in &vats {
            let invoice = Invoice::new(vat, number).json();
            server.json(&caller(), "POST", "/v1/send/json", &invoice).await.expect(201);
        }
    };
    tokio::join!(send(&one, "1"), send(&two, "2"));
    assert_eq!(one.get(&caller(), "/v1/company").await.total(), 8, "both made the same companies");
    assert_eq!(two.get(&caller(), "/v1/send").await.total(), 16);
    for server in [&one, &two] {
        server.advance(Duration::from_secs(2));
    }
    let all = |value: &serde_json::Value| value.as_array().unwrap().len() == 16;
    one.until(&caller(), "/v1/send?latest_state=Inviato", all).await;
    assert_eq!(two.get(&caller(), "/v1/update").await.total(), 16, "each step is made once");
    // A version that both believe in is good for one of them.
    let record = json!({"id": 1, "version": 1, "vat": vats[0], "fiscal_code": "00000000001", "name": "new"});
    let caller = caller();
    let (a, b) = tokio::join!(
        one.json(&caller, "PUT", "/v1/company", &record),
        two.json(&caller, "PUT", "/v1/company", &record)
    );
    let mut answers = [a.status.as_u16(), b.status.as_u16()];
    answers.sort_unstable();
    assert_eq!(answers, [200, 422]);
    one.stop().await;
    two.stop().await;
}

/// Companies go while their invoices move on, are delivered to them and are logged: every order of these ends well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn companies_may_go_at_any_moment() {
    let folder = folder();
    let setup = || Setup { state_step: Duration::ZERO, ..Setup::default() };
    let (one, two) =
        tokio::join!(Server::start_with(folder.path(), setup()), Server::start_with(folder.path(), setup()));
    let (seller, buyer) = ("IT00000000001", "IT99999999999");
    let come_and_go = async |server: &Server, account: &'static str, own: &str, other: &'static str| {
        let caller = Caller::new("live", account);
        for number in 0..40 {
            let invoice = Invoice { buyer: other, ..Invoice::new(own, &number.to_string()) }.json();
            let sent = server.json(&caller, "POST", "/v1/send/json", &invoice).await.expect(201);
            server.get(&caller, "/v1/receive?include_payload=true").await.expect(200);
            let path = format!("/v1/company/{}?force=true", sent["company_id"]);
            server.call(&caller, "DELETE", &path, "", "").await.expect(200);
        }
    };
    tokio::join!(
        come_and_go(&one, "acc_one", seller, buyer),
        come_and_go(&two, "acc_two", buyer, seller),
        come_and_go(&two, "acc_three", seller, buyer),
    );
    for (server, account) in [(&one, "acc_one"), (&two, "acc_two"), (&two, "acc_three")] {
        let caller = Caller::new("live", account);
        assert_eq!(server.get(&caller, "/v1/company").await.total(), 0);
        // Every deletion is in the log, without the company that is gone.
        assert_eq!(server.get(&caller, "/v1/log?method=DELETE&success=true").await.total(), 40);
    }
    one.stop().await;
    two.stop().await;
}
