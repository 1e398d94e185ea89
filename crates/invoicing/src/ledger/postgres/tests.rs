//! What row-level security holds when a statement forgets its condition (R90, R91).

use super::{super::schema as twin, *};
use crate::{
    context::{Caller, CompanyLimit, CompanyNames},
    ledger::{
        Ledger, Ledgers, Scoped,
        engine::{Access, Engine, Tx},
        sql::Sql,
    },
};
use std::{collections::BTreeSet, path::Path, sync::Arc};
use testkit::{Postgres, postgres::Database};

/// Tables with rows of accounts, with the company's column where there is one.
const TABLES: [(&str, &str); 8] = [
    ("SELECT count(*) FROM company", "UPDATE company SET version = version + 1"),
    ("SELECT count(*) FROM send", "UPDATE send SET version = version + 1"),
    ("SELECT count(*) FROM document", "UPDATE document SET kind = 'TD02'"),
    ("SELECT count(*) FROM receive", "UPDATE receive SET is_read = true"),
    ("SELECT count(*) FROM received_document", "UPDATE received_document SET number = '2'"),
    ("SELECT count(*) FROM state_update", "UPDATE state_update SET version = version + 1"),
    ("SELECT count(*) FROM webhook", "UPDATE webhook SET version = version + 1"),
    ("SELECT count(*) FROM event", "UPDATE event SET status_code = 200"),
];

/// Two accounts with two companies each; each company has one row in each table, and each account a webhook and an event of
/// no company.
const FILL: &str = "
    SET search_path = test;
    INSERT INTO account (id, name, created) VALUES (1, 'acc_one', 0), (2, 'acc_two', 0);
    INSERT INTO api_key (id, account_id, name) VALUES (1, 1, 'k'), (2, 2, 'k');
    INSERT INTO company (id, account_id, created, version, vat, fiscal_code, name)
        SELECT id, (id + 1) / 2, 0, 1, 'IT' || id, 'x', 'x' FROM generate_series(1, 4) AS id;
    INSERT INTO send (id, account_id, company_id, created, version, prestatore, committente, nome_committente, file_name,
        format, encoding, payload, payload_bytes, documents)
        SELECT id, account_id, id, 0, 1, vat, 'x', 'x', 'x', 'FPR12', 'Xml', 'x', 1, '[]' FROM company;
    INSERT INTO document (send_id, company_id, position, kind, number, date) SELECT id, id, 0, 'TD01', '1', 'x' FROM company;
    INSERT INTO receive (id, account_id, company_id, created, version, prestatore, nome_prestatore, committente, file_name,
        format, encoding, payload, payload_bytes, documents, is_read)
        SELECT id, account_id, id, 0, 1, 'x', 'x', vat, 'x', 'FPR12', 'Xml', 'x', 1, '[]', false FROM company;
    INSERT INTO received_document (receive_id, company_id, position, number, date) SELECT id, id, 0, '1', 'x' FROM company;
    INSERT INTO state_update (account_id, company_id, send_id, created, version, last_update, state, description)
        SELECT account_id, id, id, 0, 1, 0, 2, 'x' FROM company;
    INSERT INTO webhook (account_id, company_id, created, version, url, enabled, secret)
        SELECT account_id, id, 0, 1, 'x', true, 'x' FROM company UNION SELECT id, NULL, 0, 1, 'x', true, 'x' FROM account;
    INSERT INTO event (account_id, api_key_id, company_id, date_time, method, endpoint, status_code)
        SELECT account_id, account_id, id, 0, 'GET', 'x', 200 FROM company
        UNION SELECT id, id, NULL, 0, 'GET', 'x', 200 FROM account;
    SELECT setval(pg_get_serial_sequence(name, 'id'), 100) FROM unnest(ARRAY['account', 'api_key', 'company', 'send']) AS name;
";

async fn filled(name: &str) -> (Ledgers, Database) {
    let database = Postgres::of_run().database(&format!("unit_{name}_{}", std::process::id()));
    let (ledgers, _) = Ledgers::open(Path::new("unused"), Some(&DatabaseUrl::new(&database.url))).await.unwrap();
    database.run(FILL);
    (ledgers, database)
}

async fn scope(ledgers: &Ledgers, account: &str, companies: CompanyLimit) -> Scoped {
    let restricted = companies != CompanyLimit::All;
    let caller =
        Caller { account: account.to_owned(), key: String::from("k"), restricted, scopes: Vec::new(), companies };
    ledgers.of(Environment::Test).scope(Arc::new(caller), 0).await.unwrap()
}

fn only(vats: &[&str], ids: &[i64]) -> CompanyLimit {
    let vats = vats.iter().copied().map(str::to_owned).collect();
    CompanyLimit::Only(CompanyNames { vats, ids: ids.to_vec(), ..CompanyNames::default() })
}

fn pool(ledger: &Ledger) -> &PgPool {
    match &ledger.engine {
        Engine::Postgres(pool) => pool,
        Engine::Sqlite { .. } => panic!("not PostgreSQL"),
    }
}

/// What a transaction sees and changes without any condition, table by table.
async fn reached(mut tx: Tx) -> Vec<(i64, u64)> {
    let mut all = Vec::new();
    for (count, update) in TABLES {
        let seen = tx.scalar(Sql::new(count)).await.unwrap();
        all.push((seen, tx.execute(Sql::new(update)).await.unwrap()));
    }
    all
}

#[tokio::test]
async fn r91_a_statement_without_its_condition_reaches_the_scope_only() {
    let (ledgers, _) = filled("reach").await;
    for (companies, each, open) in [
        (CompanyLimit::All, 2_i64, 1_i64),
        (only(&["IT1"], &[]), 1, 0),
        (only(&[], &[2]), 1, 0),
        (only(&["IT1", "IT2", "IT3"], &[4]), 2, 0),
        // Companies of the other account, none at all, and names that try to be something else.
        (only(&["IT3"], &[4]), 0, 0),
        (only(&[], &[]), 0, 0),
        (only(&["*", "{", "\"", "'; --", "a,b"], &[i64::MIN, i64::MAX]), 0, 0),
    ] {
        let scope = scope(&ledgers, "acc_one", companies.clone()).await;
        let wanted: Vec<(i64, u64)> =
            [0, 0, 0, 0, 0, 0, open, open].iter().map(|open| (each + open, (each + open).unsigned_abs())).collect();
        assert_eq!(reached(scope.write().await.unwrap()).await, wanted, "{companies:?}");
        let mut tx = scope.read().await.unwrap();
        let accounts: Vec<(i64,)> = tx.all(Sql::new("SELECT id FROM account")).await.unwrap();
        let keys: Vec<(i64,)> = tx.all(Sql::new("SELECT account_id FROM api_key")).await.unwrap();
        assert_eq!((accounts, keys), (vec![(1,)], vec![(1,)]));
    }
    // The ledger's own work sees everything.
    let all = reached(ledgers.of(Environment::Test).system(Access::Write).await.unwrap()).await;
    assert_eq!(all, [(4, 4), (4, 4), (4, 4), (4, 4), (4, 4), (4, 4), (6, 6), (6, 6)]);
    ledgers.close().await;
}

#[tokio::test]
async fn r91_a_statement_without_its_condition_writes_into_the_scope_only() {
    let (ledgers, database) = filled("write").await;
    let company = "INSERT INTO company (account_id, created, version, vat, fiscal_code, name) VALUES";
    let hook = "INSERT INTO webhook (account_id, company_id, created, version, url, enabled, secret) VALUES";
    let event =
        "INSERT INTO event (account_id, api_key_id, company_id, date_time, method, endpoint, status_code) VALUES";
    for (companies, statement, allowed) in [
        (CompanyLimit::All, format!("{company} (1, 0, 1, 'IT7', 'x', 'x')"), true),
        (CompanyLimit::All, format!("{company} (2, 0, 1, 'IT7', 'x', 'x')"), false),
        (only(&["IT8"], &[]), format!("{company} (1, 0, 1, 'IT8', 'x', 'x')"), true),
        (only(&["IT8"], &[]), format!("{company} (1, 0, 1, 'IT9', 'x', 'x')"), false),
        (CompanyLimit::All, format!("{hook} (1, 2, 0, 1, 'x', true, 'x')"), true),
        (CompanyLimit::All, format!("{hook} (1, NULL, 0, 1, 'x', true, 'x')"), true),
        // Of another account, of another account's company, of a company out of reach, of all companies.
        (CompanyLimit::All, format!("{hook} (2, NULL, 0, 1, 'x', true, 'x')"), false),
        (CompanyLimit::All, format!("{hook} (1, 3, 0, 1, 'x', true, 'x')"), false),
        (only(&["IT1"], &[]), format!("{hook} (1, 2, 0, 1, 'x', true, 'x')"), false),
        (only(&["IT1"], &[]), format!("{hook} (1, NULL, 0, 1, 'x', true, 'x')"), false),
        (CompanyLimit::All, format!("{event} (2, 2, NULL, 0, 'x', 'x', 1)"), false),
        (CompanyLimit::All, String::from("INSERT INTO api_key (account_id, name) VALUES (2, 'mine')"), false),
        (CompanyLimit::All, String::from("INSERT INTO account (name, created) VALUES ('mine', 0)"), false),
        (CompanyLimit::All, String::from("INSERT INTO document VALUES (3, 3, 1, 'x', 'x', 'x')"), false),
        (CompanyLimit::All, String::from("INSERT INTO document VALUES (1, 3, 1, 'x', 'x', 'x')"), false),
        (CompanyLimit::All, String::from("INSERT INTO received_document VALUES (3, 3, 1, 'x', 'x')"), false),
        // Giving rows away.
        (CompanyLimit::All, String::from("UPDATE receive SET account_id = 2, company_id = 3"), false),
        (CompanyLimit::All, String::from("UPDATE company SET account_id = 2 WHERE id = 1"), false),
        (CompanyLimit::All, String::from("UPDATE send SET company_id = 3"), false),
        (only(&["IT1"], &[]), String::from("UPDATE company SET vat = 'IT9'"), false),
        (only(&["IT1"], &[]), String::from("UPDATE webhook SET company_id = NULL"), false),
    ] {
        let scope = scope(&ledgers, "acc_one", companies.clone()).await;
        let Tx::Postgres(mut tx) = scope.write().await.unwrap() else { panic!("not PostgreSQL") };
        let done = raw_sql(sqlx::AssertSqlSafe(statement.clone())).execute(&mut *tx).await;
        match done {
            Ok(_) => assert!(allowed, "{companies:?} may: {statement}"),
            Err(error) => {
                assert!(!allowed && error.to_string().contains("row-level security"), "{statement}: {error}");
            }
        }
    }
    // Deleting without a condition takes the scope's rows, with what belongs to them.
    let scope = scope(&ledgers, "acc_one", only(&["IT1"], &[])).await;
    let mut tx = scope.write().await.unwrap();
    assert_eq!(tx.execute(Sql::new("DELETE FROM company")).await.unwrap(), 1);
    tx.commit().await.unwrap();
    let left = "SELECT count(*), (SELECT count(*) FROM test.send), (SELECT count(*) FROM test.event),
        (SELECT count(*) FROM test.received_document) FROM test.company";
    assert_eq!(database.run(left), "3|3|5|3");
    ledgers.close().await;
}

#[tokio::test]
async fn r91_a_connection_says_nothing_of_the_transaction_before() {
    let (ledgers, _) = filled("pool").await;
    let pool = pool(ledgers.of(Environment::Test));
    let scope = scope(&ledgers, "acc_one", CompanyLimit::All).await;
    // Every connection of the pool has served the scope and the ledger's own work, and has ended them in either way.
    for _ in 0..2 {
        let mut held = Vec::new();
        for _ in 0..CONNECTIONS {
            held.push(scope.read().await.unwrap());
        }
        for (index, tx) in held.into_iter().enumerate() {
            if index % 2 == 0 { tx.commit().await.unwrap() } else { drop(tx) }
        }
        ledgers.of(Environment::Test).system(Access::Write).await.unwrap().commit().await.unwrap();
    }
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut bare = Tx::Postgres(pool.begin().await.unwrap());
        let sql = "SELECT coalesce(current_setting('claviger.account', true), '')
            || coalesce(current_setting('claviger.companies', true), '')";
        assert_eq!(bare.scalar::<String>(Sql::new(sql)).await.unwrap(), "");
        for (count, update) in TABLES {
            assert_eq!(bare.scalar::<i64>(Sql::new(count)).await.unwrap(), 0);
            assert_eq!(bare.execute(Sql::new(update)).await.unwrap(), 0);
        }
        held.push(bare);
    }
    // Strange values name nobody.
    let mut bare = held.pop().unwrap();
    for account in ["", " ", "**", "1 OR true", "-1", "99999999999999999999"] {
        let sql = "SELECT set_config('claviger.account', $1, true), set_config('claviger.companies', '*', true)";
        bare.execute(Sql::new(sql).value(account)).await.unwrap();
        assert_eq!(bare.scalar::<i64>(Sql::new(TABLES[0].0)).await.unwrap(), 0, "{account}");
    }
    drop((bare, held));
    ledgers.close().await;
}

#[tokio::test]
async fn both_engines_have_the_same_tables_and_columns() {
    let database = Postgres::of_run().database(&format!("unit_twin_{}", std::process::id()));
    let (ledgers, _) = Ledgers::open(Path::new("unused"), Some(&DatabaseUrl::new(&database.url))).await.unwrap();
    ledgers.close().await;
    let columns = "SELECT table_name || '.' || column_name || ' ' || is_nullable FROM information_schema.columns
        WHERE table_schema = 'live' AND table_name <> 'format'";
    let postgres: BTreeSet<String> = database.run(columns).lines().map(str::to_owned).collect();
    let file = sqlx::SqlitePool::connect("sqlite::memory:").await.unwrap();
    twin::prepare(&file, "memory").await.unwrap();
    let columns = "SELECT t.name || '.' || c.name || CASE WHEN c.\"notnull\" OR c.pk THEN ' NO' ELSE ' YES' END
        FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'";
    let sqlite: Vec<String> = sqlx::query_scalar(columns).fetch_all(&file).await.unwrap();
    assert_eq!(postgres, sqlite.into_iter().collect());
}
