//! Paged: pages of lists and amounts of money in SQL.
//!
//! Owns:  the condition of a cursor, the order and the bound of a page; how decimals are stored.
//! Never: a column that a caller names.
//! Read:  `paged`.

use super::sql::{Sql, Value};
use crate::{
    cursor::{Pager, Place},
    money::Fixed,
};
use sqlx::{Database, Decode, Type, error::BoxDynError};

/// Ends a statement on rows called `t` with the page: one row more than it holds, which tells whether there are more.
pub(super) fn paged(sql: &mut Sql, pager: &Pager) {
    let column = pager.order.column;
    let (beyond, way) = if pager.descending { (" < ", " DESC") } else { (" > ", " ASC") };
    if let Some((place, id)) = &pager.after {
        sql.push(" AND (").push(column).push(beyond).bind(place).push(" OR (").push(column).push(" = ").bind(place);
        sql.push(" AND t.id").push(beyond).bind(id).push("))");
    }
    sql.push(" ORDER BY ").push(column).push(way).push(", t.id").push(way);
    sql.push(" LIMIT ").bind(pager.limit.saturating_add(1));
}

/// Adds the condition that `column` is `value`, if there is one.
pub(super) fn is(sql: &mut Sql, column: &'static str, value: Option<&str>) {
    compare(sql, column, " = ", value);
}

/// Adds a comparison with `value`, if there is one.
pub(super) fn compare(sql: &mut Sql, column: &'static str, by: &'static str, value: Option<&str>) {
    if let Some(value) = value {
        sql.push(" AND ").push(column).push(by).bind(value);
    }
}

impl From<&Place> for Value {
    fn from(place: &Place) -> Self {
        match place {
            Place::Number(number) => Self::from(*number),
            Place::Text(text) => Self::from(text),
        }
    }
}

impl<const PLACES: u32> From<Fixed<PLACES>> for Value {
    fn from(value: Fixed<PLACES>) -> Self {
        Self::from(value.0)
    }
}

impl<DB: Database, const PLACES: u32> Type<DB> for Fixed<PLACES>
where
    i64: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <i64 as Type<DB>>::type_info()
    }

    fn compatible(found: &DB::TypeInfo) -> bool {
        <i64 as Type<DB>>::compatible(found)
    }
}

impl<'r, DB: Database, const PLACES: u32> Decode<'r, DB> for Fixed<PLACES>
where
    i64: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        <i64 as Decode<DB>>::decode(value).map(Self)
    }
}
