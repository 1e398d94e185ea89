//! Sql: a statement, written once for both engines: parts that are constants, and values that are bound.
//!
//! Owns:  the text with its placeholders, the closed list of values, the one form that differs (a list of values).
//! Never: text that a caller wrote: parts are constants of this program.
//! Read:  `Sql`, then `Value`.

use super::{LedgerError, Moment, state::State};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Arguments, AssertSqlSafe, Database, Decode, Encode, Type, error::BoxDynError};
use std::fmt::Write as _;

/// Whose SQL a statement is written out in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

enum Part {
    Text(&'static str),
    /// The place of the value with this number, counted from one.
    Value(usize),
    /// ` IN ...` the list with this number.
    Among(usize),
}

/// A value that is bound to a statement. A missing one has a type too, which PostgreSQL asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bool(Option<bool>),
    Bytes(Option<Vec<u8>>),
    Ints(Vec<i64>),
    Texts(Vec<String>),
}

/// A statement under construction.
#[derive(Default)]
pub(super) struct Sql {
    parts: Vec<Part>,
    values: Vec<Value>,
}

impl Sql {
    /// Begins with `text`. It may name values as `$1`, `$2`, ... that `value` gives in this order.
    pub(super) fn new(text: &'static str) -> Self {
        let mut sql = Self::default();
        sql.push(text);
        sql
    }

    pub(super) fn push(&mut self, text: &'static str) -> &mut Self {
        self.parts.push(Part::Text(text));
        self
    }

    /// A value and its place.
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.parts.push(Part::Value(self.values.len()));
        self
    }

    /// Values with commas between them.
    pub(super) fn bind_all<const N: usize>(&mut self, values: [Value; N]) -> &mut Self {
        for (index, value) in values.into_iter().enumerate() {
            self.push(if index == 0 { "" } else { ", " }).bind(value);
        }
        self
    }

    /// ` IN ` a list of any length, which is one value to the engine.
    pub(super) fn among(&mut self, list: impl Into<Value>) -> &mut Self {
        self.values.push(list.into());
        self.parts.push(Part::Among(self.values.len()));
        self
    }

    /// A value whose place the text names.
    pub(super) fn value(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// The text for an engine. Safe to run: each part is a constant, and values are bound.
    pub(super) fn text(&self, dialect: Dialect) -> AssertSqlSafe<String> {
        let mut text = String::new();
        for part in &self.parts {
            // Writing to a string cannot fail.
            let _ = match (part, dialect) {
                (Part::Text(part), _) => text.write_str(part),
                (Part::Value(number), _) => write!(text, "${number}"),
                (Part::Among(number), Dialect::Sqlite) => {
                    write!(text, " IN (SELECT value FROM json_each(${number}))")
                }
                (Part::Among(number), Dialect::Postgres) => write!(text, " = ANY(${number})"),
            };
        }
        AssertSqlSafe(text)
    }

    /// The values for an engine.
    pub(super) fn arguments<A>(self) -> Result<A, LedgerError>
    where
        A: Arguments,
        Vec<i64>: List<A::Database>,
        Vec<String>: List<A::Database>,
        for<'v> Option<i64>: Encode<'v, A::Database> + Type<A::Database>,
        for<'v> Option<String>: Encode<'v, A::Database> + Type<A::Database>,
        for<'v> Option<bool>: Encode<'v, A::Database> + Type<A::Database>,
        for<'v> Option<Vec<u8>>: Encode<'v, A::Database> + Type<A::Database>,
    {
        // PostgreSQL cannot store this character; a ledger keeps the same texts on either engine.
        let broken = |text: &String| text.contains('\0');
        let mut arguments = A::default();
        for value in self.values {
            let added = match value {
                Value::Text(Some(text)) if broken(&text) => return Err(LedgerError::Nul),
                Value::Texts(texts) if texts.iter().any(broken) => return Err(LedgerError::Nul),
                Value::Int(value) => arguments.add(value),
                Value::Text(value) => arguments.add(value),
                Value::Bool(value) => arguments.add(value),
                Value::Bytes(value) => arguments.add(value),
                Value::Ints(list) => list.add_to(&mut arguments),
                Value::Texts(list) => list.add_to(&mut arguments),
            };
            added.map_err(sqlx::Error::Encode)?;
        }
        Ok(arguments)
    }
}

/// A list as an engine takes it: an array, or JSON text where there are no arrays.
pub(super) trait List<DB: Database> {
    fn add_to<A: Arguments<Database = DB>>(self, arguments: &mut A) -> Result<(), BoxDynError>;
}

impl<T: Serialize> List<sqlx::Sqlite> for Vec<T> {
    fn add_to<A: Arguments<Database = sqlx::Sqlite>>(self, arguments: &mut A) -> Result<(), BoxDynError> {
        arguments.add(serde_json::to_string(&self)?)
    }
}

impl<T> List<sqlx::Postgres> for Vec<T>
where
    for<'v> Self: Encode<'v, sqlx::Postgres> + Type<sqlx::Postgres>,
{
    fn add_to<A: Arguments<Database = sqlx::Postgres>>(self, arguments: &mut A) -> Result<(), BoxDynError> {
        arguments.add(self)
    }
}

macro_rules! values {
    ($($from:ty => $variant:ident, |$value:ident| $into:expr;)*) => {$(
        impl From<$from> for Value {
            fn from($value: $from) -> Self {
                Self::$variant(Some($into))
            }
        }

        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self {
                Self::$variant(value.map(|$value| $into))
            }
        }
    )*};
}

values! {
    i64 => Int, |value| value;
    Moment => Int, |value| value.0;
    State => Int, |value| value as i64;
    &str => Text, |value| value.to_owned();
    &String => Text, |value| value.clone();
    String => Text, |value| value;
    bool => Bool, |value| value;
    Vec<u8> => Bytes, |value| value;
}

impl From<&Option<String>> for Value {
    fn from(value: &Option<String>) -> Self {
        Self::Text(value.clone())
    }
}

impl From<Vec<i64>> for Value {
    fn from(list: Vec<i64>) -> Self {
        Self::Ints(list)
    }
}

impl From<Vec<String>> for Value {
    fn from(list: Vec<String>) -> Self {
        Self::Texts(list)
    }
}

/// A column of JSON text that this crate wrote itself.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Json<T>(pub(crate) T);

impl<DB: Database, T> Type<DB> for Json<T>
where
    String: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <String as Type<DB>>::type_info()
    }

    fn compatible(found: &DB::TypeInfo) -> bool {
        <String as Type<DB>>::compatible(found)
    }
}

impl<'r, DB: Database, T: DeserializeOwned> Decode<'r, DB> for Json<T>
where
    String: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(serde_json::from_str(&<String as Decode<DB>>::decode(value)?)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_written_once_for_both_engines() {
        let mut sql = Sql::new("SELECT id FROM t WHERE a = ");
        sql.bind(1_i64).push(" AND b").among(vec![2_i64, 3]).push(" AND c IN (");
        sql.bind_all([Value::from("x"), Value::from(Option::<i64>::None)]).push(")");
        let same = "SELECT id FROM t WHERE a = $1 AND b";
        let end = " AND c IN ($3, $4)";
        assert_eq!(sql.text(Dialect::Sqlite).0, format!("{same} IN (SELECT value FROM json_each($2)){end}"));
        assert_eq!(sql.text(Dialect::Postgres).0, format!("{same} = ANY($2){end}"));
        let wanted = [Value::Int(Some(1)), Value::Ints(vec![2, 3]), Value::Text(Some("x".into())), Value::Int(None)];
        assert_eq!(sql.values, wanted);
    }

    #[test]
    fn a_text_that_one_engine_cannot_hold_is_for_neither() {
        for value in [Value::from("a\0b"), Value::from(vec![String::from("\0")])] {
            let bound = Sql::new("SELECT $1").value(value).arguments::<sqlx::sqlite::SqliteArguments>();
            assert!(matches!(bound, Err(LedgerError::Nul)));
        }
    }
}
