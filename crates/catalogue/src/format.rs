//! Format: the text of `catalogue.toml`, read and written.
//!
//! Owns:  the keys of the file and what may stand at each; every problem is told with line and column.
//! Never: guesses, widens or ignores: what is not understood is a problem, and nothing unknown passes.
//! Read:  `read`, then `examine`, then `format::entry`; `format::text` writes.
//!
//! ```toml
//! [[operation]]
//! id = "company_id_get"
//! method = "GET"
//! path = "/v1/company/{id:int32}"                  # kinds: int32, int64, uuid; none: any one segment
//! audience = "key"                                 # public, key, member, admin, callback
//! scope = "company:read"                           # resource:action, action read, write or send
//! company = { mode = "locators", locators = [{ at = "path:id", kind = "id" }] }
//! class = "default"
//! ```
//!
//! `company` is one of `{ mode = "account" }`, `{ mode = "neutral" }`, `{ mode = "context" }`,
//! `{ mode = "locators", locators = [{ at = PLACE, kind = KIND }, ...] }`,
//! `{ mode = "injected", at = PLACE, kind = KIND }` and `{ mode = "lookup", operation = ID }`.
//! `learn = { at = PLACE, kind = KIND, also = [{ at = PLACE, kind = KIND }], name = PLACE }` says where the answer names a company that was created (D35), and
//! `channel` whose daily cap a request spends from (R80).
//! Left out, `company` is `account` and `class` is `default`. `environment` (`test` or `live`) must be there when the
//! audience is not `key`, and must not when it is.

pub(crate) mod entry;
mod idempotency;
mod text;
mod tree;

pub(crate) use text::{Comments, company_text, one_line, write_with};

use crate::{
    problem::{Position, Problem, ProblemCode, Problems},
    reader::Sink,
    sound,
};
use model::{Operation, router::OPERATIONS_MAX};

/// The largest catalogue file, in bytes.
pub const CATALOGUE_MAX: usize = 16 << 20;

/// What could be read of a catalogue file.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The operations that are understood in full.
    pub operations: Vec<Operation>,
    /// Everything that is wrong, in the order of the text.
    pub problems: Vec<Problem>,
}

/// Reads a catalogue file.
///
/// # Errors
/// Everything that is wrong with it, each with line, column and what to do. The operations of a file without problems
/// always make a `model::Catalogue`.
pub fn read(toml: &str) -> Result<Vec<Operation>, Problems> {
    let Reading { operations, problems } = examine(toml);
    Problems::new(problems).map_or(Ok(operations), Err)
}

/// Reads as much of a catalogue file as can be understood; for reports, never for serving.
#[must_use]
pub fn examine(toml: &str) -> Reading {
    let mut sink = Sink::with_text(toml);
    if toml.len() > CATALOGUE_MAX {
        let message = format!("has {} bytes, more than {CATALOGUE_MAX}", toml.len());
        sink.add(ProblemCode::TooMuch, None, message, "split the deployment");
        return Reading { operations: Vec::new(), problems: sink.into_problems() };
    }
    let root = tree::parse(toml, &mut sink);
    let mut places = Vec::new();
    let mut operations = Vec::new();
    for member in root.iter() {
        sink.subject.clear();
        if member.key != "operation" {
            let message = format!("unknown key {:?}", member.key);
            sink.add(
                ProblemCode::UnknownKey,
                Some(member.key_offset),
                message,
                "a catalogue is a list of [[operation]]",
            );
            continue;
        }
        let Some(list) = member.node.as_list() else {
            let message = format!("operation is {}", member.node.noun());
            sink.add(
                ProblemCode::InvalidValue,
                Some(member.key_offset),
                message,
                "write [[operation]], with two brackets",
            );
            continue;
        };
        if list.len() > OPERATIONS_MAX {
            let message = format!("more than {OPERATIONS_MAX} operations");
            sink.add(ProblemCode::TooMuch, Some(member.key_offset), message, "");
        }
        for node in list.iter().take(OPERATIONS_MAX) {
            if let Some(operation) = entry::operation(node, &mut sink) {
                operations.push(operation);
                places.push(node);
            }
        }
    }
    for (index, flaw) in sound::flaws(&operations) {
        let (Some(operation), Some(node)) = (operations.get(index), places.get(index)) else { continue };
        sink.subject = format!("operation {}", operation.id);
        let at = node.as_map().and_then(|map| map.get(flaw.field.as_str()));
        sink.add(flaw.code, Some(at.map_or(node.offset, |value| value.offset)), flaw.message, &flaw.hint);
    }
    Reading { operations, problems: sink.into_problems() }
}

/// The catalogue file of these operations, without comments. `read` gives them back.
#[must_use]
pub fn write(operations: &[Operation]) -> String {
    write_with(operations, &Comments::default())
}

/// Where an offset of a text lies.
pub(crate) fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(line_start..).map_or(0, |line| line.chars().count());
    Position { line: before.bytes().filter(|b| *b == b'\n').count() + 1, column: column + 1 }
}
