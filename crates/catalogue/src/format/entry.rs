//! Entry: one `[[operation]]` table to an operation.
//!
//! Owns:  which keys an operation has and what may stand at each.
//! Never: looks at other operations; `sound` does.
//! Read:  `operation`, then `company`.

use crate::{
    node::Node,
    problem::ProblemCode,
    reader::{Sink, Table},
};
use model::{
    Audience, CompanyMode, Environment, HttpMethod, Learn, LimitClass, LimitName, Locator, NameKind, Operation,
    OperationId, Scope, Template,
    operation::{OtherBodies, Place, ServedBy},
};

/// What may stand at each key, for hints.
pub(crate) const ID_HINT: &str = "1 to 128 letters, digits, _, - or .";
pub(crate) const AUDIENCE_HINT: &str = "one of public, key, member, admin, callback";
pub(crate) const SCOPE_HINT: &str = "resource:action, such as company:read; the action is read, write or send";
pub(crate) const CLASS_HINT: &str = "1 to 64 letters, digits, _, - or .";
pub(crate) const ENVIRONMENT_HINT: &str = "test or live";
const OTHER_BODIES_HINT: &str = "refused (the default), or upstream when it holds them to the signed context itself";
const CHANNEL_HINT: &str = "the channel of a [[daily_cap]] of the configuration, such as sms";
const CALLBACK_HINT: &str = "the name of a [[callback]] of the configuration";
const SERVED_BY_HINT: &str = "upstream (the default), or subkeys for the management of restricted keys by primary ones";
const METHOD_HINT: &str = "one of GET, HEAD, POST, PUT, PATCH, DELETE";
const PATH_HINT: &str = "such as /v1/company/{id:int32}; kinds are int32, int64, uuid, or none";
const MODE_HINT: &str = "one of account, neutral, context, locators, injected, lookup";
const PLACE_HINT: &str = "path:NAME, query:NAME, header:NAME, body:/pointer or response:/pointer";
const KIND_HINT: &str = "1 to 32 lower-case letters, digits or underscores, such as id or vat";

const KEYS: &[&str] = &[
    "id",
    "method",
    "path",
    "audience",
    "environment",
    "scope",
    "company",
    "learn",
    "class",
    "channel",
    "idempotency",
    "other_bodies",
    "callback",
    "served_by",
];

/// The operation that a table describes; `None` when anything about it is wrong, which is then told.
pub(crate) fn operation(node: &Node, sink: &mut Sink<'_>) -> Option<Operation> {
    sink.subject.clear();
    let before = sink.count();
    if let Some(id) = node.get("id").and_then(Node::as_text).and_then(OperationId::new) {
        sink.subject = format!("operation {id}");
    }
    let table = Table::open(node, KEYS, sink)?;
    let id = table.required("id", sink, ID_HINT, OperationId::new);
    let method = table.required("method", sink, METHOD_HINT, HttpMethod::parse);
    let template = path(&table, sink);
    let audience = table.required("audience", sink, AUDIENCE_HINT, Audience::parse);
    let environment = table.optional("environment", sink, ENVIRONMENT_HINT, Environment::parse);
    let scope = table.required("scope", sink, SCOPE_HINT, |text| Scope::parse(text).ok());
    let mode = match table.get("company") {
        None => Some(CompanyMode::Account),
        Some(node) => company(node, sink),
    };
    let learn = table.get("learn").and_then(|node| learn(node, sink));
    let callback = table.optional("callback", sink, CALLBACK_HINT, LimitName::new);
    let class = table.optional("class", sink, CLASS_HINT, LimitClass::new);
    let channel = table.optional("channel", sink, CHANNEL_HINT, LimitName::new);
    let other_bodies = table.optional("other_bodies", sink, OTHER_BODIES_HINT, other_bodies);
    let served_by = table.optional("served_by", sink, SERVED_BY_HINT, ServedBy::parse);
    let idempotency = table.get("idempotency").and_then(|node| super::idempotency::read(node, sink));
    // A value that was there and not understood must not pass as one that was left out.
    if sink.count() > before {
        return None;
    }
    Some(Operation {
        id: id?,
        method: method?,
        template: template?,
        audience: audience?,
        scope: scope?,
        company: mode?,
        class: class.unwrap_or_default(),
        environment,
        other_bodies: other_bodies.unwrap_or_default(),
        idempotency: idempotency.unwrap_or_default(),
        channel,
        learn,
        callback,
        served_by: served_by.unwrap_or_default(),
    })
}

fn other_bodies(text: &str) -> Option<OtherBodies> {
    match text {
        "refused" => Some(OtherBodies::Refused),
        "upstream" => Some(OtherBodies::Upstream),
        _ => None,
    }
}

fn path(table: &Table<'_>, sink: &mut Sink<'_>) -> Option<Template> {
    let mut reason = String::new();
    let template = table.required("path", sink, PATH_HINT, |text| match Template::parse(text) {
        // Told below, in its own words.
        Err(error) => {
            reason = error.to_string();
            Some(None)
        }
        Ok(template) => Some(Some(template)),
    })?;
    if template.is_none() {
        sink.add(ProblemCode::InvalidValue, table.get("path").map(|node| node.offset), reason, PATH_HINT);
    }
    template
}

/// The company mode at `node`; shared with the extension of an OpenAPI description.
pub(crate) fn company(node: &Node, sink: &mut Sink<'_>) -> Option<CompanyMode> {
    let mode = node.get("mode").and_then(Node::as_text).unwrap_or_default();
    let known: &'static [&'static str] = match mode {
        "locators" => &["mode", "locators"],
        "injected" => &["mode", "at", "kind"],
        "lookup" => &["mode", "operation"],
        "account" | "neutral" | "context" => &["mode"],
        // The mode is told below; what belongs to it cannot be known.
        _ => &["mode", "locators", "at", "kind", "operation"],
    };
    let table = Table::open(node, known, sink)?;
    match table.required("mode", sink, MODE_HINT, |text| Some(text.to_owned()))?.as_str() {
        "account" => Some(CompanyMode::Account),
        "neutral" => Some(CompanyMode::Neutral),
        "context" => Some(CompanyMode::Context),
        "injected" => locator(&table, sink).map(CompanyMode::Injected),
        "lookup" => {
            table.required("operation", sink, "the id of another operation", OperationId::new).map(CompanyMode::Lookup)
        }
        "locators" => locators(&table, sink).map(CompanyMode::Locators),
        other => {
            let message = format!("mode cannot be {other:?}");
            sink.add(ProblemCode::InvalidValue, Some(table.offset()), message, MODE_HINT);
            None
        }
    }
}

fn locators(table: &Table<'_>, sink: &mut Sink<'_>) -> Option<Box<[Locator]>> {
    const HINT: &str = "such as locators = [{ at = \"path:id\", kind = \"id\" }]";
    let Some(node) = table.get("locators") else {
        sink.add(ProblemCode::MissingKey, Some(table.offset()), "locators is missing", HINT);
        return None;
    };
    places(node, "locators", HINT, sink)
}

/// A list of places, at least one; `key` is what it is called.
fn places(node: &Node, key: &str, hint: &str, sink: &mut Sink<'_>) -> Option<Box<[Locator]>> {
    let Some(list) = node.as_list().filter(|list| !list.is_empty()) else {
        let message = format!("{key} must be a list with at least one place");
        sink.add(ProblemCode::InvalidValue, Some(node.offset), message, hint);
        return None;
    };
    // Every item is looked at, so that every problem is told.
    let items: Vec<Option<Locator>> = list
        .iter()
        .map(|item| {
            let table = Table::open(item, &["at", "kind"], sink)?;
            locator(&table, sink)
        })
        .collect();
    items.into_iter().collect()
}

fn learn(node: &Node, sink: &mut Sink<'_>) -> Option<Learn> {
    const HINT: &str = "such as also = [{ at = \"response:/vat\", kind = \"vat\" }]";
    let table = Table::open(node, &["at", "kind", "also", "name"], sink)?;
    let at = locator(&table, sink);
    let also = table.get("also").map(|node| places(node, "also", HINT, sink));
    let name = table.optional("name", sink, PLACE_HINT, Place::parse);
    Some(Learn { at: at?, also: also.unwrap_or_else(|| Some(Box::default()))?, name })
}

fn locator(table: &Table<'_>, sink: &mut Sink<'_>) -> Option<Locator> {
    let place = table.required("at", sink, PLACE_HINT, Place::parse);
    let kind = table.required("kind", sink, KIND_HINT, NameKind::new);
    Some(Locator { place: place?, kind: kind? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d36_other_bodies_are_refused_unless_the_file_says_otherwise() {
        let read = |line: &str| {
            let head = "[[operation]]\nid = \"a\"\nmethod = \"POST\"\npath = \"/a\"\naudience = \"key\"\nscope = \"a:write\"\n";
            crate::read(&format!("{head}{line}")).ok().map(|mut list| list.remove(0))
        };
        assert_eq!(read("").map(|o| o.other_bodies), Some(OtherBodies::Refused));
        let upstream = read("other_bodies = \"upstream\"").unwrap();
        assert_eq!(upstream.other_bodies, OtherBodies::Upstream);
        assert!(crate::write(&[upstream]).contains("other_bodies = \"upstream\""));
        assert!(read("other_bodies = \"passed\"").is_none());
    }

    #[test]
    fn r80_an_operation_names_its_channel() {
        let head =
            "[[operation]]\nid = \"a\"\nmethod = \"POST\"\npath = \"/a\"\naudience = \"key\"\nscope = \"a:send\"\n";
        let read = |line: &str| crate::read(&format!("{head}{line}")).ok().map(|mut list| list.remove(0));
        assert_eq!(read("").and_then(|o| o.channel), None);
        let capped = read("channel = \"sms\"").unwrap();
        assert_eq!(capped.channel, LimitName::new("sms"));
        assert!(crate::write(&[capped]).contains("\nchannel = \"sms\"\n"));
        assert!(read("channel = \"two words\"").is_none());
        let public = head.replace("\"key\"", "\"public\"").replace("POST", "GET");
        assert!(crate::read(&format!("{public}environment = \"live\"\n")).is_ok());
        assert!(
            crate::read(&format!("{public}environment = \"live\"\nchannel = \"sms\"")).is_err(),
            "caps are a key's"
        );
    }

    #[test]
    fn d35_an_operation_says_where_its_answer_names_a_new_company() {
        let head =
            "[[operation]]\nid = \"a\"\nmethod = \"POST\"\npath = \"/a\"\naudience = \"key\"\nscope = \"a:write\"\n";
        let read = |line: &str| crate::read(&format!("{head}{line}")).ok().map(|mut list| list.remove(0));
        for line in [
            r#"learn = { at = "response:/id", kind = "id", name = "response:/name" }"#,
            r#"learn = { at = "response:/data/id", kind = "id" }"#,
            r#"learn = { at = "response:/id", kind = "id", also = [{ at = "response:/vat", kind = "vat" }] }"#,
        ] {
            let operation = read(line).unwrap();
            assert!(operation.learn.is_some() && crate::write(&[operation]).contains(&format!("\n{line}\n")), "{line}");
        }
        for line in [
            r#"learn = { at = "response:/id" }"#,
            r#"learn = { at = "path:id", kind = "id" }"#,
            r#"learn = { at = "response:/items/*/id", kind = "id" }"#,
            r#"learn = { at = "response:/id", kind = "id", name = "body:/name" }"#,
            r#"learn = { at = "response:/id", kind = "id", more = "x" }"#,
            r#"learn = { at = "response:/id", kind = "id", also = [] }"#,
            r#"learn = { at = "response:/id", kind = "id", also = [{ at = "path:id", kind = "vat" }] }"#,
        ] {
            assert!(read(line).is_none(), "{line}");
        }
        let line = r#"learn = { at = "response:/id", kind = "id" }"#;
        for (of, to) in [("POST", "HEAD"), ("\"key\"", "\"member\"\nenvironment = \"live\"")] {
            let head = head.replace(of, to).replace("a:write", if to == "HEAD" { "a:read" } else { "a:write" });
            assert!(crate::read(&head).is_ok(), "{to}");
            assert!(crate::read(&format!("{head}{line}")).is_err(), "{to}");
        }
    }

    #[test]
    fn every_field_is_a_key() {
        assert_eq!(crate::Field::ALL.map(crate::Field::as_str), KEYS);
    }
}
