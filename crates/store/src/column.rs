//! Columns: from what SQLite holds to the words of the model.
//!
//! Owns:  the decoding of single columns; anything unexpected is `Corrupt` and names the column, never the value.
//! Never: statements.
//! Read:  top down.

use crate::error::StoreError;
use model::{Environments, Timestamp};
use sqlx::{
    Column, Row,
    sqlite::{Sqlite, SqliteRow},
};

fn unexpected(row: &SqliteRow, at: usize) -> StoreError {
    let name = row.columns().get(at).map_or("?", Column::name);
    StoreError::corrupt(format!("column {name} holds an unexpected value"))
}

fn get<'r, T: sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>>(row: &'r SqliteRow, at: usize) -> Result<T, StoreError> {
    row.try_get(at).map_err(|_| unexpected(row, at))
}

/// Exactly `N` bytes.
pub(crate) fn bytes<const N: usize>(row: &SqliteRow, at: usize) -> Result<[u8; N], StoreError> {
    get::<&[u8]>(row, at)?.try_into().map_err(|_| unexpected(row, at))
}

/// An id.
pub(crate) fn id<T>(row: &SqliteRow, at: usize, of: fn([u8; 16]) -> T) -> Result<T, StoreError> {
    bytes(row, at).map(of)
}

/// An id, or none.
pub(crate) fn id_or_none<T>(row: &SqliteRow, at: usize, of: fn([u8; 16]) -> T) -> Result<Option<T>, StoreError> {
    let Some(bytes) = blob_or_none(row, at)? else { return Ok(None) };
    <[u8; 16]>::try_from(bytes).map(|bytes| Some(of(bytes))).map_err(|_| unexpected(row, at))
}

/// Text.
pub(crate) fn text(row: &SqliteRow, at: usize) -> Result<String, StoreError> {
    get::<String>(row, at)
}

/// Text, or none.
pub(crate) fn text_or_none(row: &SqliteRow, at: usize) -> Result<Option<String>, StoreError> {
    get::<Option<String>>(row, at)
}

/// Bytes of any number, or none.
pub(crate) fn blob_or_none(row: &SqliteRow, at: usize) -> Result<Option<Vec<u8>>, StoreError> {
    get::<Option<Vec<u8>>>(row, at)
}

/// A truth.
pub(crate) fn truth(row: &SqliteRow, at: usize) -> Result<bool, StoreError> {
    Ok(count(row, at)? != 0)
}

/// A word of a closed list, or a text with a grammar.
pub(crate) fn word<T>(row: &SqliteRow, at: usize, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
    parse(get::<&str>(row, at)?).ok_or_else(|| unexpected(row, at))
}

/// A count, a size, a version or a place; never negative.
pub(crate) fn count(row: &SqliteRow, at: usize) -> Result<u64, StoreError> {
    u64::try_from(get::<i64>(row, at)?).map_err(|_| unexpected(row, at))
}

/// A count, or none.
pub(crate) fn count_or_none(row: &SqliteRow, at: usize) -> Result<Option<u64>, StoreError> {
    get::<Option<i64>>(row, at)?.map(|count| u64::try_from(count).map_err(|_| unexpected(row, at))).transpose()
}

/// A point in time.
pub(crate) fn time(row: &SqliteRow, at: usize) -> Result<Timestamp, StoreError> {
    get::<i64>(row, at).map(Timestamp::from_micros)
}

/// A point in time, or none.
pub(crate) fn time_or_none(row: &SqliteRow, at: usize) -> Result<Option<Timestamp>, StoreError> {
    Ok(get::<Option<i64>>(row, at)?.map(Timestamp::from_micros))
}

/// A `u64` as SQLite's signed integer. No count, version or place reaches the end of it.
pub(crate) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Environments as a column holds them.
pub(crate) const fn environments_text(environments: Environments) -> &'static str {
    match environments {
        Environments::Both => "both",
        Environments::Only(environment) => environment.as_str(),
    }
}

/// From the text of `environments_text`.
pub(crate) fn parse_environments(text: &str) -> Option<Environments> {
    if text == "both" {
        return Some(Environments::Both);
    }
    model::Environment::parse(text).map(Environments::Only)
}

/// RFC 3339 in UTC, for the particulars of audit entries; plain microseconds for times that no calendar has.
pub(crate) fn time_text(time: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(time.as_micros()).map_or_else(|_| time.as_micros().to_string(), |t| t.to_string())
}
