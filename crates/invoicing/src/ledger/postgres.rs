//! Postgres: a ledger as a schema of a PostgreSQL database, behind row-level security.
//!
//! Owns:  the connection's settings, what a role must not be able to do, bringing a schema to the newest format.
//! Never: serves as a role that row-level security does not hold; prints the address, which has a password.
//! Read:  `open`, then `postgres::schema`.

mod schema;

use super::{BUSY_MAX, CONNECTION_WAIT_MAX, LedgerError};
use crate::{context::Environment, options::DatabaseUrl};
use sqlx::{
    Connection as _, PgConnection, PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
    raw_sql,
};
use std::{str::FromStr as _, time::Duration};
use tokio::time::timeout;
use url::{Host, Url};

/// Connections of one ledger.
const CONNECTIONS: u32 = 8;
/// How long one statement may take. It is longer than a request may, so that it ends what nobody waits for any more.
const STATEMENT_MAX: Duration = Duration::from_secs(35);
/// Held while a schema is brought to the newest format, so that two processes do not do it at once.
const PREPARING: i64 = 0x636c_6176_6967_6572;
/// What an address may say besides user, password, host and name. Everything else would be a way to change settings
/// that isolation rests on.
const PARAMETERS: [&str; 4] = ["host", "port", "sslmode", "application_name"];

/// The schema of an environment, and the statement that makes it.
const fn schema_of(environment: Environment) -> (&'static str, &'static str) {
    match environment {
        Environment::Test => ("test", "CREATE SCHEMA test"),
        Environment::Live => ("live", "CREATE SCHEMA live"),
    }
}

/// Opens the ledger of `environment`; makes its schema when it is missing.
pub(super) async fn open(url: &DatabaseUrl, environment: Environment) -> Result<PgPool, LedgerError> {
    let (schema, create) = schema_of(environment);
    let options = options(url, schema)?;
    // A pool would try again until its time is up, and then say only that; the first connection says what is wrong.
    let unreachable = |error: &str| LedgerError::Database(format!("the database cannot be reached: {error}"));
    let mut connection = match timeout(CONNECTION_WAIT_MAX, PgConnection::connect_with(&options)).await {
        Ok(connected) => connected.map_err(|error| unreachable(&error.to_string()))?,
        Err(_) => return Err(unreachable("it does not answer")),
    };
    refuse_powerful(&mut connection).await?;
    connection.close().await?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(CONNECTION_WAIT_MAX)
        .connect_lazy_with(options);
    let mut change = pool.begin().await?;
    prepare(schema, create, &mut change).await?;
    refuse_unguarded(schema, &mut change).await?;
    change.commit().await?;
    Ok(pool)
}

fn options(url: &DatabaseUrl, schema: &'static str) -> Result<PgConnectOptions, LedgerError> {
    let wrong = |why: &str| {
        LedgerError::Database(format!(
            "the database's address is not of the form postgres://USER:PASSWORD@HOST/NAME: {why}"
        ))
    };
    let parsed = Url::parse(url.text()).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(parsed.scheme(), "postgres" | "postgresql") {
        return Err(wrong("it does not begin with postgres://"));
    }
    if parsed.query_pairs().any(|(name, _)| !PARAMETERS.contains(&&*name)) {
        return Err(wrong(&format!("it may have these parameters only: {}", PARAMETERS.join(", "))));
    }
    let options = PgConnectOptions::from_str(url.text()).map_err(|_| wrong("a part of it cannot be read"))?;
    warn_unencrypted(&parsed, &options);
    let millis = |bound: Duration| bound.as_millis().to_string();
    Ok(options.options([
        ("search_path", schema.to_owned()),
        ("row_security", String::from("on")),
        ("lock_timeout", millis(BUSY_MAX)),
        ("statement_timeout", millis(STATEMENT_MAX)),
        ("idle_in_transaction_session_timeout", millis(STATEMENT_MAX)),
    ]))
}

/// The driver is built without TLS.
fn warn_unencrypted(parsed: &Url, options: &PgConnectOptions) {
    let near = match parsed.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.starts_with("%2F"),
        None => true,
    };
    if !near && options.get_socket().is_none() {
        tracing::warn!("invoicing: the way to the database is not encrypted; keep it inside a private network");
    }
}

/// Row-level security holds no role with `SUPERUSER` or `BYPASSRLS`, nor one that can become such a role.
async fn refuse_powerful(on: &mut PgConnection) -> Result<(), LedgerError> {
    let (role, database, powerful): (String, String, bool) = sqlx::query_as(
        "SELECT session_user::text, current_database()::text, EXISTS (SELECT 1 FROM pg_roles
         WHERE (rolsuper OR rolbypassrls) AND pg_has_role(session_user, oid, 'MEMBER'))",
    )
    .fetch_one(on)
    .await?;
    if powerful {
        return Err(LedgerError::Database(format!(
            "the role `{role}` has `SUPERUSER` or `BYPASSRLS`, or can take on a role that has it: row-level security \
             would not hold it. Make a role of its own and name it in the address:\n\
             CREATE ROLE invoicing LOGIN PASSWORD '...' NOSUPERUSER NOBYPASSRLS;\n\
             GRANT CONNECT, CREATE ON DATABASE \"{database}\" TO invoicing;"
        )));
    }
    Ok(())
}

/// Brings a schema to the newest format, or refuses one that is newer than this program.
async fn prepare(
    schema: &'static str,
    create: &'static str,
    on: &mut Transaction<'static, Postgres>,
) -> Result<(), LedgerError> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(PREPARING).execute(&mut **on).await?;
    let exists = sqlx::query_scalar("SELECT to_regnamespace($1) IS NOT NULL").bind(schema);
    if !exists.fetch_one(&mut **on).await? {
        raw_sql(create).execute(&mut **on).await.map_err(|error| {
            let grant = "GRANT CREATE ON DATABASE ... TO ...;";
            LedgerError::Database(format!("the schema `{schema}` cannot be made ({error}). Allow it with: {grant}"))
        })?;
    }
    let begun: bool = sqlx::query_scalar("SELECT to_regclass('format') IS NOT NULL").fetch_one(&mut **on).await?;
    let found: i64 =
        if begun { sqlx::query_scalar("SELECT number FROM format").fetch_one(&mut **on).await? } else { 0 };
    let known = i64::try_from(schema::STEPS.len()).unwrap_or(i64::MAX);
    let Some(from) = usize::try_from(found).ok().filter(|_| found <= known) else {
        return Err(LedgerError::TooNew { file: format!("schema {schema}"), found, known });
    };
    for step in schema::STEPS.iter().skip(from) {
        for part in *step {
            raw_sql(*part).execute(&mut **on).await?;
        }
    }
    if found < known {
        sqlx::query("UPDATE format SET number = $1").bind(known).execute(&mut **on).await?;
    }
    Ok(())
}

/// A table that row-level security does not guard, for its owner too, is one that a step or a person forgot.
async fn refuse_unguarded(schema: &'static str, on: &mut Transaction<'static, Postgres>) -> Result<(), LedgerError> {
    let open: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'p')
         AND relname <> 'format' AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY relname",
    )
    .bind(schema)
    .fetch_all(&mut **on)
    .await?;
    if let Some(table) = open.first() {
        return Err(LedgerError::Database(format!(
            "row-level security is off for the table {schema}.{table}. Switch it on:\n\
             ALTER TABLE {schema}.{table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
