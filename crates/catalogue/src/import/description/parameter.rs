//! Parameter: where a request names a value, and which values it takes.
//!
//! Owns:  reading of `parameters`, the step from a schema to a `ParamKind`.
//! Never: knows companies.
//! Read:  `parameters`, then `kind`.

use super::super::reference::resolve;
use crate::{
    format::one_line,
    node::{Node, Value},
    problem::ProblemCode,
    reader::Sink,
};
use model::operation::ParamKind;

/// The most parameters of one list.
const PARAMETERS_MAX: usize = 256;

/// Where a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    Path,
    Query,
    Header,
    Cookie,
}

/// A parameter of an endpoint.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parameter<'n> {
    pub(crate) name: &'n str,
    pub(crate) within: Within,
    pub(crate) kind: ParamKind,
}

/// The parameters that a path item or an operation lists.
pub(super) fn parameters<'n>(root: &'n Node, owner: &'n Node, sink: &mut Sink<'_>) -> Vec<Parameter<'n>> {
    let Some(node) = owner.get("parameters") else { return Vec::new() };
    let Some(list) = node.as_list() else {
        sink.add(ProblemCode::InvalidValue, None, format!("parameters is {}", node.noun()), "it must be a list");
        return Vec::new();
    };
    if list.len() > PARAMETERS_MAX {
        sink.add(ProblemCode::TooMuch, None, format!("has more than {PARAMETERS_MAX} parameters"), "");
    }
    list.iter().take(PARAMETERS_MAX).filter_map(|node| parameter(root, node, sink)).collect()
}

fn parameter<'n>(root: &'n Node, node: &'n Node, sink: &mut Sink<'_>) -> Option<Parameter<'n>> {
    let node = match resolve(root, node) {
        Ok(node) => node,
        Err(message) => {
            let hint = "put the parameter into the description, so that its values are known";
            sink.add(ProblemCode::Reference, None, format!("a parameter {message}"), hint);
            return None;
        }
    };
    let within = match node.get("in").and_then(Node::as_text) {
        Some("path") => Within::Path,
        Some("query") => Within::Query,
        Some("header") => Within::Header,
        Some("cookie") => Within::Cookie,
        _ => {
            sink.add(
                ProblemCode::InvalidValue,
                None,
                "a parameter does not say in which place it is",
                "in: path, query, header",
            );
            return None;
        }
    };
    let Some(name) = node.get("name").and_then(Node::as_text) else {
        sink.add(ProblemCode::MissingKey, None, "a parameter has no name", "");
        return None;
    };
    let in_content = || node.get("content")?.as_map()?.iter().next()?.node.get("schema");
    let schema = node.get("schema").or_else(in_content);
    let kind = schema.map_or(Ok(ParamKind::Any), |schema| kind(root, schema, 0));
    let kind = kind.unwrap_or_else(|message| {
        let message = format!("the schema of parameter {} {message}", one_line(name, 40));
        sink.add(ProblemCode::Reference, None, message, "put it into the description, so that its values are known");
        ParamKind::Any
    });
    Some(Parameter { name, within, kind })
}

/// Which values a schema takes, as far as paths can tell them apart.
fn kind(root: &Node, schema: &Node, depth: usize) -> Result<ParamKind, String> {
    let schema = resolve(root, schema)?;
    // 3.1 writes a list of types; `null` cannot stand in a path.
    let types: Vec<&str> = match schema.get("type").map(|node| &node.value) {
        Some(Value::Text(text)) => vec![text],
        Some(Value::List(list)) => list.iter().filter_map(Node::as_text).filter(|text| *text != "null").collect(),
        _ => Vec::new(),
    };
    let format = schema.get("format").and_then(Node::as_text).unwrap_or_default();
    let number =
        |key: &str| if let Value::Number(text) = &schema.get(key)?.value { text.parse::<f64>().ok() } else { None };
    let negative = number("minimum").is_some_and(|minimum| minimum < 0.0);
    Ok(match types.as_slice() {
        // Kinds take no sign, so a range that says it has negative numbers stays open.
        ["integer"] if negative => ParamKind::Any,
        ["integer"] if format == "int32" => ParamKind::Int32,
        ["integer"] => ParamKind::Int64,
        ["string"] if format.eq_ignore_ascii_case("uuid") || format.eq_ignore_ascii_case("guid") => ParamKind::Uuid,
        [] if depth < 4 => match schema.get("allOf").and_then(Node::as_list) {
            Some([only]) => return kind(root, only, depth + 1),
            _ => ParamKind::Any,
        },
        _ => ParamKind::Any,
    })
}
