//! Row: one record in the database.
//!
//! Owns:  every statement on the table of writes.
//! Never: decides what an outcome means.
//! Read:  `claim`, then `change`.

use crate::{
    column,
    error::StoreError,
    writes::{Live, NewWrite, WriteId, task::Change},
};
use model::Timestamp;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

/// What a request was, once its body had been seen whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// SHA-256 of head and body.
    pub fingerprint: [u8; 32],
    /// Length of the body.
    pub bytes: u64,
}

/// A record that was there before.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// Which write.
    pub id: WriteId,
    /// SHA-256 of what was known of the request before its body.
    pub head: [u8; 32],
    /// The request; none when its body was never seen whole.
    pub request: Option<Request>,
    /// What became of it.
    pub state: Outcome,
    pub(crate) owner: [u8; 16],
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It still runs.
    InFlight,
    /// It was carried out.
    Done {
        /// The status of the answer.
        status: u16,
        /// Its headers and body, sealed; none when they were too large to keep.
        answer: Option<Vec<u8>>,
    },
    /// Nobody knows (D17).
    Unknown,
}

/// What a claim came to, inside the transaction.
pub(crate) enum Claimed {
    Nothing,
    Earlier(Earlier),
    Full,
}

/// Inserts the record, or says what is there instead.
pub(crate) async fn claim(
    tx: &mut SqliteConnection,
    write: &NewWrite,
    owner: [u8; 16],
    records_max: u64,
    live: &Live,
) -> Result<Claimed, StoreError> {
    const FIND: &str = "SELECT state, owner, lease_until, head, fingerprint, request_bytes, status, answer, expires_at \
                        FROM writes WHERE id = $1";
    if let Some(row) = sqlx::query(FIND).bind(&write.id.0[..]).fetch_optional(&mut *tx).await? {
        let over = column::time(&row, 8)? <= write.now;
        let earlier = read(&row, write.id, write.now, live)?;
        if !over || earlier.state == Outcome::InFlight {
            return Ok(Claimed::Earlier(earlier));
        }
        sqlx::query("DELETE FROM writes WHERE id = $1").bind(&write.id.0[..]).execute(&mut *tx).await?;
    }
    let account = write.account.to_bytes();
    let held = sqlx::query("SELECT records FROM holdings WHERE account_id = $1").bind(&account[..]);
    let held = held.fetch_optional(&mut *tx).await?.map_or(Ok(0), |row| column::count(&row, 0))?;
    if held >= records_max {
        return Ok(Claimed::Full);
    }
    const INSERT: &str = "INSERT INTO writes (id, account_id, state, owner, lease_until, head, created_at, expires_at) \
                          VALUES ($1, $2, 'in_flight', $3, $4, $5, $6, $7)";
    sqlx::query(INSERT)
        .bind(&write.id.0[..])
        .bind(&account[..])
        .bind(&owner[..])
        .bind(write.lease_until.as_micros())
        .bind(&write.head[..])
        .bind(write.now.as_micros())
        .bind(write.expires_at.as_micros())
        .execute(tx)
        .await?;
    Ok(Claimed::Nothing)
}

fn read(row: &SqliteRow, id: WriteId, now: Timestamp, live: &Live) -> Result<Earlier, StoreError> {
    let owner = column::bytes(row, 1)?;
    let lease_ended = column::time(row, 2)? <= now;
    let state = column::text(row, 0)?;
    let state = match state.as_str() {
        "in_flight" if live.is_alive(&owner).unwrap_or(!lease_ended) => Outcome::InFlight,
        // Whoever ran it is gone, or has not been heard of for a whole lease.
        "in_flight" => Outcome::Unknown,
        "done" => Outcome::Done {
            status: u16::try_from(column::count(row, 6)?).map_err(|_| StoreError::corrupt("a status is no status"))?,
            answer: blob(row, 7)?,
        },
        "unknown" => Outcome::Unknown,
        _ => return Err(StoreError::corrupt("the state of a write is none")),
    };
    let request = match blob(row, 4)? {
        None => None,
        Some(_) => Some(Request { fingerprint: column::bytes(row, 4)?, bytes: column::count(row, 5)? }),
    };
    Ok(Earlier { id, head: column::bytes(row, 3)?, request, state, owner })
}

fn blob(row: &SqliteRow, at: usize) -> Result<Option<Vec<u8>>, StoreError> {
    row.try_get(at).map_err(|_| StoreError::corrupt("a column of a write holds an unexpected value"))
}

/// Applies what an owner says; whether the record was still its own. A lease that ended does not end the ownership: an
/// outcome that comes late is an outcome, as long as nobody took the record over.
pub(crate) async fn change(
    tx: &mut SqliteConnection,
    id: WriteId,
    owner: [u8; 16],
    change: Change,
) -> Result<bool, StoreError> {
    let changed = match change {
        Change::Take { from, lease_until } => {
            // Also from one whose lease has ended; whether it had, the claim before has seen.
            const TAKE: &str = "UPDATE writes SET state = 'in_flight', owner = $1, lease_until = $2 \
                                WHERE id = $3 AND owner = $4 AND state <> 'done'";
            let take = sqlx::query(TAKE).bind(owner.to_vec()).bind(lease_until.as_micros());
            take.bind(id.0.to_vec()).bind(from.to_vec()).execute(tx).await?
        }
        Change::Renew { lease_until } => {
            const RENEW: &str =
                "UPDATE writes SET lease_until = $1 WHERE id = $2 AND owner = $3 AND state = 'in_flight'";
            let renew = sqlx::query(RENEW).bind(lease_until.as_micros());
            renew.bind(id.0.to_vec()).bind(owner.to_vec()).execute(tx).await?
        }
        Change::Done(done) => {
            const DONE: &str = "UPDATE writes SET state = 'done', fingerprint = $1, request_bytes = $2, status = $3, \
                                answer = $4, expires_at = $5 WHERE id = $6 AND owner = $7";
            sqlx::query(DONE)
                .bind(done.request.map(|r| r.fingerprint.to_vec()))
                .bind(done.request.map(|r| column::integer(r.bytes)))
                .bind(i64::from(done.status))
                .bind(done.answer)
                .bind(done.expires_at.as_micros())
                .bind(id.0.to_vec())
                .bind(owner.to_vec())
                .execute(tx)
                .await?
        }
        Change::Unknown { request, expires_at } => {
            const UNKNOWN: &str = "UPDATE writes SET state = 'unknown', fingerprint = COALESCE($1, fingerprint), \
                                   request_bytes = COALESCE($2, request_bytes), expires_at = COALESCE($3, expires_at) \
                                   WHERE id = $4 AND owner = $5 AND state <> 'done'";
            sqlx::query(UNKNOWN)
                .bind(request.map(|r| r.fingerprint.to_vec()))
                .bind(request.map(|r| column::integer(r.bytes)))
                .bind(expires_at.map(Timestamp::as_micros))
                .bind(id.0.to_vec())
                .bind(owner.to_vec())
                .execute(tx)
                .await?
        }
        Change::Release => {
            const RELEASE: &str = "DELETE FROM writes WHERE id = $1 AND owner = $2 AND state <> 'done'";
            sqlx::query(RELEASE).bind(id.0.to_vec()).bind(owner.to_vec()).execute(tx).await?
        }
    };
    Ok(changed.rows_affected() == 1)
}

/// Removes records whose time is over. One that runs stays; one whose lease ended long ago does not run.
pub(crate) async fn sweep(tx: &mut SqliteConnection, now: Timestamp, max: u32) -> Result<u64, StoreError> {
    const SWEEP: &str = "DELETE FROM writes WHERE rowid IN (SELECT rowid FROM writes WHERE expires_at <= $1 \
                         AND (state <> 'in_flight' OR lease_until <= $1) LIMIT $2)";
    Ok(sqlx::query(SWEEP).bind(now.as_micros()).bind(i64::from(max)).execute(tx).await?.rows_affected())
}

/// What another run left in flight may or may not have been carried out (D17).
pub(crate) async fn orphan(tx: &mut SqliteConnection) -> Result<u64, StoreError> {
    let statement = "UPDATE writes SET state = 'unknown' WHERE state = 'in_flight'";
    Ok(sqlx::query(statement).execute(tx).await?.rows_affected())
}
