//! Tree: TOML text to nodes with places.
//!
//! Owns:  the step from the `toml` crate's own tree to ours.
//! Never: knows the keys of a catalogue.
//! Read:  `parse`.

use crate::{
    node::{Map, Member, Node, Value},
    problem::ProblemCode,
    reader::Sink,
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The document's root table, as far as it can be read; syntax problems go to `sink`. The `toml` crate bounds the depth.
pub(crate) fn parse(text: &str, sink: &mut Sink<'_>) -> Map {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let message = format!("is not TOML: {}", error.message());
        sink.add(ProblemCode::Syntax, error.span().map(|span| span.start), message, "");
    }
    map(table.get_ref(), sink)
}

fn map(table: &DeTable<'_>, sink: &mut Sink<'_>) -> Map {
    let members = table.iter().map(|(key, value)| Member {
        key: key.get_ref().to_string(),
        key_offset: key.span().start,
        node: node(value, sink),
    });
    let members: Vec<Member> = members.collect();
    // The parser has refused repeated keys already, and told them.
    Map::new(members).unwrap_or_default()
}

fn node(value: &Spanned<DeValue<'_>>, sink: &mut Sink<'_>) -> Node {
    let offset = value.span().start;
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Number(number.to_string()),
        DeValue::Float(number) => Value::Number(number.to_string()),
        DeValue::Boolean(value) => Value::Bool(*value),
        // Nothing in a catalogue is a date; as a number it is refused wherever it stands.
        DeValue::Datetime(date) => Value::Number(date.to_string()),
        DeValue::Array(list) => Value::List(list.iter().map(|item| node(item, sink)).collect()),
        DeValue::Table(table) => Value::Map(map(table, sink)),
    };
    Node { value, offset }
}
