//! Engine: the databases that a ledger may live in, and a transaction on either.
//!
//! Owns:  the only places that tell the engines apart; what PostgreSQL is told about the scope of a transaction.
//! Never: gives a connection without saying for whom it is.
//! Read:  `Reach`, then `Engine::begin`, then `Tx`.

use super::{
    LedgerError,
    sql::{Dialect, Sql},
};
use crate::context::{CompanyLimit, CompanyNames};
use sqlx::{
    Decode, FromRow, PgPool, Postgres, Sqlite, SqlitePool, Transaction, Type,
    postgres::{PgArguments, PgRow},
    sqlite::{SqliteArguments, SqliteRow},
};

/// For whom a transaction works. PostgreSQL holds it to that, whatever its statements say; in SQLite the statements alone do.
#[derive(Clone, Copy)]
pub(super) enum Reach<'a> {
    /// An account's rows, as far as these companies go.
    Scope(i64, &'a CompanyLimit),
    /// All accounts' rows: only for work that is of no request's making, and for finding the account of one.
    System,
}

/// What a transaction may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Its statements all see the same rows.
    Read,
    /// No other transaction writes rows of the same scope meanwhile.
    Write,
}

/// Where the rows are. Cheap to clone.
#[derive(Clone)]
pub(super) enum Engine {
    /// One connection writes, others read.
    Sqlite {
        writer: SqlitePool,
        reader: SqlitePool,
    },
    Postgres(PgPool),
}

/// Rows can be read into it, whichever engine they come from. `#[derive(FromRow)]` is enough.
pub(super) trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// A single column can be read into it.
pub(super) trait Column:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin
{
}
impl<T> Column for T where
    T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin
{
}

impl Engine {
    /// A transaction. Dropped without a commit it undoes itself.
    pub(super) async fn begin(&self, reach: Reach<'_>, access: Access) -> Result<Tx, LedgerError> {
        match self {
            Self::Sqlite { reader, .. } if access == Access::Read => Ok(Tx::Sqlite(reader.begin().await?)),
            // Taking the write lock at once; taking it later could fail in the middle.
            Self::Sqlite { writer, .. } => Ok(Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?)),
            Self::Postgres(pool) => {
                let begin = match access {
                    Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                    Access::Write => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
                };
                let mut tx = Tx::Postgres(pool.begin_with(begin).await?);
                tx.restrict(reach, access).await?;
                Ok(tx)
            }
        }
    }

    /// Whether the database answers.
    pub(super) async fn is_well(&self) -> bool {
        match self {
            Self::Sqlite { reader, .. } => sqlx::query("SELECT 1").execute(reader).await.is_ok(),
            Self::Postgres(pool) => sqlx::query("SELECT 1").execute(pool).await.is_ok(),
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { writer, reader } => {
                reader.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// A transaction on either engine.
pub(super) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Tells PostgreSQL for whom the transaction is; its row-level security does the rest. The variables end with the
    /// transaction. A writer also takes its account, which makes writers of one account wait for each other.
    async fn restrict(&mut self, reach: Reach<'_>, access: Access) -> Result<(), LedgerError> {
        let (account, companies) = match reach {
            Reach::System => (String::from("*"), String::from("*")),
            Reach::Scope(account, CompanyLimit::All) => (account.to_string(), String::from("*")),
            Reach::Scope(account, CompanyLimit::Only(CompanyNames { vats, ids, .. })) => {
                (account.to_string(), serde_json::json!({ "vats": vats, "ids": ids }).to_string())
            }
        };
        let sql = "SELECT set_config('claviger.account', $1, true), set_config('claviger.companies', $2, true)";
        self.execute(Sql::new(sql).value(account).value(companies)).await?;
        if let (Reach::Scope(account, _), Access::Write) = (reach, access) {
            self.lock(Sql::new("SELECT id FROM account WHERE id = $1 FOR NO KEY UPDATE").value(account)).await?;
        }
        Ok(())
    }

    /// Locks rows where several write at once, and says which: their ids, which the statement selects. In SQLite the one
    /// writer has locked everything, and there is no list.
    pub(super) async fn lock(&mut self, sql: Sql) -> Result<Option<Vec<i64>>, LedgerError> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(_) => {
                let held: Vec<(i64,)> = self.all(sql).await?;
                Ok(Some(held.into_iter().map(|(id,)| id).collect()))
            }
        }
    }

    /// All rows.
    pub(super) async fn all<T: Row>(&mut self, sql: Sql) -> Result<Vec<T>, LedgerError> {
        Ok(match self {
            Self::Sqlite(on) => {
                sqlx::query_as_with(sql.text(Dialect::Sqlite), sql.arguments::<SqliteArguments>()?)
                    .fetch_all(&mut **on)
                    .await?
            }
            Self::Postgres(on) => {
                sqlx::query_as_with(sql.text(Dialect::Postgres), sql.arguments::<PgArguments>()?)
                    .fetch_all(&mut **on)
                    .await?
            }
        })
    }

    /// The row, if there is one.
    pub(super) async fn optional<T: Row>(&mut self, sql: Sql) -> Result<Option<T>, LedgerError> {
        Ok(match self {
            Self::Sqlite(on) => {
                sqlx::query_as_with(sql.text(Dialect::Sqlite), sql.arguments::<SqliteArguments>()?)
                    .fetch_optional(&mut **on)
                    .await?
            }
            Self::Postgres(on) => {
                sqlx::query_as_with(sql.text(Dialect::Postgres), sql.arguments::<PgArguments>()?)
                    .fetch_optional(&mut **on)
                    .await?
            }
        })
    }

    /// The row; an error when there is none.
    pub(super) async fn one<T: Row>(&mut self, sql: Sql) -> Result<T, LedgerError> {
        Ok(self.optional(sql).await?.ok_or(sqlx::Error::RowNotFound)?)
    }

    /// The one column of the row; an error when there is no row.
    pub(super) async fn scalar<T: Column>(&mut self, sql: Sql) -> Result<T, LedgerError> {
        Ok(self.optional_scalar(sql).await?.ok_or(sqlx::Error::RowNotFound)?)
    }

    /// The one column of the row, if there is a row.
    pub(super) async fn optional_scalar<T: Column>(&mut self, sql: Sql) -> Result<Option<T>, LedgerError> {
        let row: Option<(T,)> = self.optional(sql).await?;
        Ok(row.map(|(column,)| column))
    }

    /// How many rows were changed.
    pub(super) async fn execute(&mut self, sql: Sql) -> Result<u64, LedgerError> {
        Ok(match self {
            Self::Sqlite(on) => {
                let done = sqlx::query_with(sql.text(Dialect::Sqlite), sql.arguments::<SqliteArguments>()?)
                    .execute(&mut **on)
                    .await?;
                done.rows_affected()
            }
            Self::Postgres(on) => {
                let done = sqlx::query_with(sql.text(Dialect::Postgres), sql.arguments::<PgArguments>()?)
                    .execute(&mut **on)
                    .await?;
                done.rows_affected()
            }
        })
    }

    /// Makes the changes last; they are on disk when it returns.
    pub(super) async fn commit(self) -> Result<(), LedgerError> {
        match self {
            Self::Sqlite(on) => on.commit().await?,
            Self::Postgres(on) => on.commit().await?,
        }
        Ok(())
    }
}
