//! Schema: the JSON bodies of requests and answers, as far as finding a company in them needs.
//!
//! Owns:  which schema counts (JSON, success), a bounded list of its properties with their pointers.
//! Never: validates anything against a schema.
//! Read:  `properties`.

use super::super::reference::resolve;
use crate::node::{Map, Node, Value};

/// The most properties of one schema that are looked at.
const PROPERTIES_MAX: usize = 256;
/// How deep `allOf` is followed.
const DEPTH_MAX: usize = 4;
/// Members in which APIs wrap what they answer.
const WRAPPERS: [&str; 3] = ["data", "items", "results"];

/// A plain value in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Property {
    pub(crate) name: String,
    /// Its RFC 6901 pointer, `*` for every item of a list.
    pub(crate) pointer: String,
}

fn json_schema<'n>(root: &'n Node, node: &'n Node) -> Option<&'n Node> {
    let node = resolve(root, node).ok()?;
    let content = node.get("content")?.as_map()?;
    let json = |kind: &str| {
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        kind == "application/json" || kind.ends_with("+json") || kind == "text/json"
    };
    content.iter().find(|member| json(&member.key))?.node.get("schema")
}

/// The schema of an operation's JSON request body.
pub(super) fn json_body<'n>(root: &'n Node, operation: &'n Node) -> Option<&'n Node> {
    json_schema(root, operation.get("requestBody")?)
}

/// The schema of the JSON body of its first success.
pub(super) fn json_answer<'n>(root: &'n Node, operation: &'n Node) -> Option<&'n Node> {
    let responses = operation.get("responses")?.as_map()?;
    responses.iter().filter(|member| member.key.starts_with('2')).find_map(|member| json_schema(root, &member.node))
}

/// The plain properties of a body: of an object, of the items of a list, or of what a usual wrapper holds.
pub(crate) fn properties(root: &Node, schema: &Node) -> Vec<Property> {
    let mut found = Vec::new();
    let mut left = PROPERTIES_MAX;
    collect(root, schema, "", true, DEPTH_MAX, &mut left, &mut found);
    found
}

/// Whether a schema has the type, alone or in a list of 3.1.
fn is(schema: &Node, name: &str) -> bool {
    match schema.get("type").map(|node| &node.value) {
        Some(Value::Text(text)) => text == name,
        Some(Value::List(list)) => list.iter().any(|node| node.as_text() == Some(name)),
        _ => false,
    }
}

fn collect(
    root: &Node,
    schema: &Node,
    at: &str,
    open: bool,
    depth: usize,
    left: &mut usize,
    found: &mut Vec<Property>,
) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let Ok(schema) = resolve(root, schema) else { return };
    if let Some(items) = schema.get("items").filter(|_| is(schema, "array")) {
        if open {
            collect(root, items, &format!("{at}/*"), false, depth, left, found);
        }
        return;
    }
    for part in schema.get("allOf").and_then(Node::as_list).into_iter().flatten() {
        if *left == 0 {
            return;
        }
        *left -= 1;
        collect(root, part, at, open, depth, left, found);
    }
    for member in schema.get("properties").and_then(Node::as_map).into_iter().flat_map(Map::iter) {
        let Some(rest) = left.checked_sub(1) else { return };
        *left = rest;
        let Ok(value) = resolve(root, &member.node) else { continue };
        let escaped = member.key.replace('~', "~0").replace('/', "~1");
        let pointer = format!("{at}/{escaped}");
        if is(value, "string") || is(value, "integer") {
            found.push(Property { name: member.key.clone(), pointer });
        } else if open && WRAPPERS.contains(&member.key.as_str()) {
            // A wrapped object is closed to further wrapping; a wrapped list is opened once.
            let inner = is(value, "array");
            collect(root, value, &pointer, inner, depth, left, found);
        }
    }
}
