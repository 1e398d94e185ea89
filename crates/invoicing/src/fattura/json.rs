//! JSON: the invoice as a JSON object whose members are named like the elements of the XML.
//!
//! Owns:  walking the object along the schema; numbers and dates as JSON writes them.
//! Never: guesses a member: one that the schema lacks is a fault.
//! Read:  `read`.

use super::{
    Element,
    schema::{Content, Field, INVOICE, Text},
};
use crate::problem::{FAULTS_MAX, Fault};
use serde_json::{Map, Value};

/// Characters of the name of the system that made the invoice.
const SYSTEM_MAX: usize = 10;

/// The root element and `SistemaEmittente`.
pub(super) fn read(bytes: &[u8]) -> Result<(Element, Option<String>), Vec<Fault>> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| vec![fault("", format!("is not JSON (line {}, column {})", error.line(), error.column()))])?;
    let Value::Object(mut members) = value else {
        return Err(vec![fault("", "is not a JSON object")]);
    };
    let mut faults = Vec::new();
    let system = match members.remove("SistemaEmittente") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if Text::Code(1, SYSTEM_MAX).fits(&text) => Some(text),
        Some(_) => {
            faults.push(fault("/SistemaEmittente", format!("is not {}", Text::Code(1, SYSTEM_MAX).wanted())));
            None
        }
    };
    let mut root = Element { name: String::from("FatturaElettronica"), ..Element::default() };
    group(&mut root, members, &INVOICE, "", &mut faults);
    if faults.is_empty() { Ok((root, system)) } else { Err(faults) }
}

fn fault(path: &str, what: impl std::fmt::Display) -> Fault {
    let place = if path.is_empty() { "The body" } else { path };
    Fault::new("00200", format!("{place} {what}."))
}

/// Moves the members of an object into `parent`, in the order of the schema.
fn group(parent: &mut Element, mut members: Map<String, Value>, fields: &[Field], path: &str, faults: &mut Vec<Fault>) {
    for field in fields {
        let path = format!("{path}/{}", field.name);
        match members.remove(field.name) {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) if field.many => {
                for (index, item) in items.into_iter().enumerate() {
                    add(parent, item, field, &format!("{path}/{index}"), faults);
                }
            }
            Some(value) => add(parent, value, field, &path, faults),
        }
        if faults.len() >= FAULTS_MAX {
            return;
        }
    }
    for name in members.keys().take(FAULTS_MAX) {
        // The name is the caller's own; cut so that an answer stays small.
        let name: String = name.chars().take(60).collect();
        faults.push(fault(&format!("{path}/{name}"), "is not part of the FatturaPA schema"));
    }
}

fn add(parent: &mut Element, value: Value, field: &Field, path: &str, faults: &mut Vec<Fault>) {
    let mut element = Element { name: field.name.to_owned(), ..Element::default() };
    match (value, field.content) {
        // An empty object or text is how many programs write "nothing".
        (Value::Object(members), Content::Group(_)) if members.values().all(Value::is_null) => return,
        (Value::String(text), _) if text.is_empty() => return,
        (Value::Object(members), Content::Group(fields)) => {
            group(&mut element, members, fields, path, faults);
            if element.children.is_empty() {
                return;
            }
        }
        (Value::String(text), Content::Text(kind)) => element.text = dated(text, kind),
        (Value::Number(number), Content::Text(kind)) => element.text = numbered(number.to_string(), kind),
        (_, Content::Group(_)) => return faults.push(fault(path, "is not an object")),
        (_, Content::Text(kind)) => return faults.push(fault(path, format!("is not {}", kind.wanted()))),
    }
    parent.children.push(element);
}

/// JSON has no dates: programs write a date with a time of zero.
fn dated(text: String, kind: Text) -> String {
    match (kind, text.split_once('T')) {
        (Text::Date, Some((day, _))) => day.to_owned(),
        _ => text.trim().to_owned(),
    }
}

/// JSON drops the zeros after the point, the invoice wants them.
fn numbered(text: String, kind: Text) -> String {
    let decimals = if let Text::Amount(min, _) = kind { min } else { 2 };
    if !matches!(kind, Text::Amount(..) | Text::Quantity | Text::Rate) {
        return text;
    }
    if text.contains(['e', 'E']) {
        // Too large or too small for an amount; the schema's check says so.
        return text;
    }
    let (before, after) = text.split_once('.').unwrap_or((&text, ""));
    format!("{before}.{after:0<decimals$}")
}
