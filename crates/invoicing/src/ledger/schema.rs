//! Schema: the tables of a ledger.
//!
//! Owns:  the statements that make a database, and its format number.
//! Never: changes a table in place: a new format is a new step.
//! Read:  `STEPS`.

use super::{LedgerError, invostaq, laabam};
use sqlx::{AssertSqlSafe, SqlitePool, raw_sql};

/// What leads from each format to the next; the format is SQLite's `user_version`. Ids are never used again
/// (`AUTOINCREMENT`), so that a key named for a deleted company cannot come to mean another one. They fit 32 bits.
/// Times are microseconds since 1970. What belongs to a company goes when the company goes.
const STEPS: [&str; 4] = [TABLES, RECEIVED, laabam::schema::SQLITE, invostaq::schema::SQLITE];

const TABLES: &str = "
CREATE TABLE account (
    id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id <= 2147483647),
    name TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    operations INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE api_key (
    id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id <= 2147483647),
    account_id INTEGER NOT NULL REFERENCES account,
    name TEXT NOT NULL,
    UNIQUE (account_id, name)
) STRICT;
CREATE TABLE company (
    id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id <= 2147483647),
    account_id INTEGER NOT NULL REFERENCES account,
    created INTEGER NOT NULL,
    version INTEGER NOT NULL,
    vat TEXT NOT NULL,
    fiscal_code TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (account_id, vat)
) STRICT;
CREATE TABLE send (
    id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id <= 2147483647),
    account_id INTEGER NOT NULL REFERENCES account,
    company_id INTEGER NOT NULL REFERENCES company ON DELETE CASCADE,
    created INTEGER NOT NULL,
    version INTEGER NOT NULL,
    prestatore TEXT NOT NULL,
    committente TEXT NOT NULL,
    nome_committente TEXT NOT NULL,
    identifier TEXT UNIQUE,
    file_name TEXT NOT NULL,
    format TEXT NOT NULL,
    encoding TEXT NOT NULL,
    payload TEXT NOT NULL,
    payload_bytes INTEGER NOT NULL,
    documents TEXT NOT NULL,
    meta_data TEXT,
    last_update INTEGER,
    date_sent INTEGER,
    latest_state INTEGER,
    next_step_at INTEGER
) STRICT;
CREATE INDEX send_account ON send (account_id, company_id);
CREATE INDEX send_company ON send (company_id);
CREATE INDEX send_next_step ON send (next_step_at) WHERE next_step_at IS NOT NULL;
CREATE TABLE document (
    send_id INTEGER NOT NULL REFERENCES send ON DELETE CASCADE,
    company_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    number TEXT NOT NULL,
    date TEXT NOT NULL,
    PRIMARY KEY (send_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_number ON document (company_id, number);
CREATE TABLE state_update (
    id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id <= 2147483647),
    account_id INTEGER NOT NULL REFERENCES account,
    company_id INTEGER NOT NULL REFERENCES company ON DELETE CASCADE,
    send_id INTEGER NOT NULL REFERENCES send ON DELETE CASCADE,
    created INTEGER NOT NULL,
    version INTEGER NOT NULL,
    last_update INTEGER NOT NULL,
    state INTEGER NOT NULL,
    description TEXT NOT NULL,
    errors TEXT,
    is_read INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX state_update_account ON state_update (account_id, company_id);
CREATE INDEX state_update_company ON state_update (company_id);
CREATE INDEX state_update_send ON state_update (send_id);
CREATE TABLE webhook (
    id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id <= 2147483647),
    account_id INTEGER NOT NULL REFERENCES account,
    company_id INTEGER REFERENCES company ON DELETE CASCADE,
    created INTEGER NOT NULL,
    version INTEGER NOT NULL,
    url TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    secret TEXT NOT NULL,
    description TEXT,
    events TEXT
) STRICT;
CREATE INDEX webhook_account ON webhook (account_id, company_id);
CREATE INDEX webhook_company ON webhook (company_id);
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id <= 2147483647),
    account_id INTEGER NOT NULL REFERENCES account,
    api_key_id INTEGER NOT NULL REFERENCES api_key,
    company_id INTEGER REFERENCES company ON DELETE CASCADE,
    date_time INTEGER NOT NULL,
    method TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    status_code INTEGER NOT NULL,
    error TEXT,
    resource_id INTEGER,
    user_agent TEXT
) STRICT;
CREATE INDEX event_account ON event (account_id, company_id);
CREATE INDEX event_company ON event (company_id);
CREATE INDEX event_time ON event (date_time);
";

/// Invoices that arrive, and what a sent one needs to be delivered.
const RECEIVED: &str = "
ALTER TABLE send ADD COLUMN nome_prestatore TEXT;
ALTER TABLE send ADD COLUMN committente_vat TEXT;
CREATE INDEX company_vat ON company (vat);
CREATE TABLE receive (
    id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id <= 2147483647),
    account_id INTEGER NOT NULL REFERENCES account,
    company_id INTEGER NOT NULL REFERENCES company ON DELETE CASCADE,
    created INTEGER NOT NULL,
    version INTEGER NOT NULL,
    prestatore TEXT NOT NULL,
    nome_prestatore TEXT NOT NULL,
    committente TEXT NOT NULL,
    identifier TEXT,
    file_name TEXT NOT NULL,
    format TEXT NOT NULL,
    encoding TEXT NOT NULL,
    payload TEXT NOT NULL,
    payload_bytes INTEGER NOT NULL,
    documents TEXT NOT NULL,
    last_update INTEGER,
    date_sent INTEGER,
    is_read INTEGER NOT NULL,
    UNIQUE (company_id, identifier)
) STRICT;
CREATE INDEX receive_account ON receive (account_id, company_id);
CREATE TABLE received_document (
    receive_id INTEGER NOT NULL REFERENCES receive ON DELETE CASCADE,
    company_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    number TEXT NOT NULL,
    date TEXT NOT NULL,
    PRIMARY KEY (receive_id, position)
) STRICT, WITHOUT ROWID;
";

/// Brings a database to the newest format, or refuses one that is newer than this program.
pub(super) async fn prepare(writer: &SqlitePool, file: &str) -> Result<(), LedgerError> {
    let mut change = writer.begin_with("BEGIN IMMEDIATE").await?;
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *change).await?;
    let known = STEPS.len();
    let from = usize::try_from(found).ok().filter(|from| *from <= known);
    let Some(from) = from else {
        let known = i64::try_from(known).unwrap_or(i64::MAX);
        return Err(LedgerError::TooNew { file: file.to_owned(), found, known });
    };
    for step in STEPS.iter().skip(from) {
        raw_sql(*step).execute(&mut *change).await?;
    }
    if from < known {
        // A pragma takes no parameters; the number is the length of the array above.
        raw_sql(AssertSqlSafe(format!("PRAGMA user_version = {known}"))).execute(&mut *change).await?;
    }
    change.commit().await?;
    Ok(())
}
