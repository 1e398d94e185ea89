//! Idempotency: how an operation takes `Idempotency-Key`, as `catalogue.toml` says it (D16, D17, D28, D40).
//!
//! Owns:  the keys of `idempotency` and of `recovery` in it, both ways.
//! Never: looks at other operations; `sound` does.
//! Read:  `read`, then `text`.

use super::text::quoted;
use crate::{
    node::{Node, Value},
    problem::ProblemCode,
    reader::{Sink, Table},
};
use model::{Idempotency, OperationId, Recovery, operation::Place};

const AT_HINT: &str = "where the look-up takes the business key: query:NAME, path:NAME or header:NAME";
const FROM_HINT: &str = "where the write has the business key: body:/pointer, query:NAME, path:NAME or header:NAME";
const FOUND_HINT: &str = "where the answer has what was made: response:/0, or response: for the whole";
const STATUS_HINT: &str = "a status without quotes, such as 201";
const STATUSES_HINT: &str = "a list of statuses that say that nothing was done, such as [422, 503]";

/// The table at `node`; `None` when anything about it is wrong, which is then told.
pub(crate) fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Idempotency> {
    let table = Table::open(node, &["required", "not_executed", "recovery"], sink)?;
    let required = match table.get("required") {
        None => Some(false),
        Some(node) => {
            let value = node.as_bool();
            if value.is_none() {
                let message = format!("required must be true or false, found {}", node.noun());
                sink.add(ProblemCode::InvalidValue, Some(node.offset), message, "without quotes");
            }
            value
        }
    };
    let not_executed = table.get("not_executed").map_or_else(|| Some(Box::default()), |node| statuses(node, sink));
    let recovery = match table.get("recovery") {
        None => Some(None),
        Some(node) => recovery(node, sink).map(Some),
    };
    Some(Idempotency { required: required?, not_executed: not_executed?, recovery: recovery? })
}

fn statuses(node: &Node, sink: &mut Sink<'_>) -> Option<Box<[u16]>> {
    let Some(list) = node.as_list() else {
        let message = format!("not_executed must be a list, found {}", node.noun());
        sink.add(ProblemCode::InvalidValue, Some(node.offset), message, STATUSES_HINT);
        return None;
    };
    // Every item is looked at, so that every problem is told.
    let items: Vec<Option<u16>> = list.iter().map(|item| status(item, sink)).collect();
    items.into_iter().collect()
}

fn status(node: &Node, sink: &mut Sink<'_>) -> Option<u16> {
    let number = if let Value::Number(text) = &node.value { text.parse::<u16>().ok() } else { None };
    let status = number.filter(|status| (100..=599).contains(status));
    if status.is_none() {
        sink.add(ProblemCode::InvalidValue, Some(node.offset), "is not an HTTP status", STATUS_HINT);
    }
    status
}

fn recovery(node: &Node, sink: &mut Sink<'_>) -> Option<Recovery> {
    let table = Table::open(node, &["operation", "at", "from", "found", "status"], sink)?;
    let operation = table.required("operation", sink, "the id of another operation", OperationId::new);
    let at = table.required("at", sink, AT_HINT, Place::parse);
    let from = table.required("from", sink, FROM_HINT, Place::parse);
    let found = table.required("found", sink, FOUND_HINT, Place::parse);
    let status = match table.get("status") {
        Some(node) => status(node, sink),
        None => {
            sink.add(ProblemCode::MissingKey, Some(table.offset()), "status is missing", STATUS_HINT);
            None
        }
    };
    Some(Recovery { operation: operation?, at: at?, from: from?, found: found?, status: status? })
}

/// As the file writes it; `None` when it says nothing.
pub(crate) fn text(idempotency: &Idempotency) -> Option<String> {
    let mut parts = Vec::new();
    if idempotency.required {
        parts.push("required = true".to_owned());
    }
    if !idempotency.not_executed.is_empty() {
        let list: Vec<String> = idempotency.not_executed.iter().map(u16::to_string).collect();
        parts.push(format!("not_executed = [{}]", list.join(", ")));
    }
    if let Some(Recovery { operation, at, from, found, status }) = &idempotency.recovery {
        let place = |place: &Place| quoted(&place.to_string());
        parts.push(format!(
            "recovery = {{ operation = {}, at = {}, from = {}, found = {}, status = {status} }}",
            quoted(operation.as_str()),
            place(at),
            place(from),
            place(found)
        ));
    }
    (!parts.is_empty()).then(|| format!("{{ {} }}", parts.join(", ")))
}
