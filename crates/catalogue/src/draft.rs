//! Draft: a catalogue proposed by an import, with a note on everything that a person should look at.
//!
//! Owns:  `Draft`, `Note`, and which notes stand where in the written file.
//! Never: decides anything; `import` did.
//! Read:  `Draft`.

use crate::{
    format::{Comments, write_with},
    problem::Problem,
};
use model::{Operation, OperationId};
use serde::{Serialize, Serializer};
use std::collections::HashMap;

/// A part of an operation, named as the file names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the keys of the catalogue file")]
pub enum Field {
    Id,
    Method,
    Path,
    Audience,
    Scope,
    Company,
    Learn,
    Class,
    Channel,
    Environment,
    Idempotency,
    OtherBodies,
    Callback,
    ServedBy,
}

impl Field {
    /// All, in the order in which the file lists them.
    pub const ALL: [Self; 14] = [
        Self::Id,
        Self::Method,
        Self::Path,
        Self::Audience,
        Self::Environment,
        Self::Scope,
        Self::Company,
        Self::Learn,
        Self::Class,
        Self::Channel,
        Self::Idempotency,
        Self::OtherBodies,
        Self::Callback,
        Self::ServedBy,
    ];

    /// The key in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Method => "method",
            Self::Path => "path",
            Self::Audience => "audience",
            Self::Scope => "scope",
            Self::Company => "company",
            Self::Learn => "learn",
            Self::Class => "class",
            Self::Channel => "channel",
            Self::Environment => "environment",
            Self::Idempotency => "idempotency",
            Self::OtherBodies => "other_bodies",
            Self::Callback => "callback",
            Self::ServedBy => "served_by",
        }
    }
}

/// Why there is a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// What the description says of the operation.
    Summary,
    /// The value was guessed, and from what.
    Guessed,
    /// The value comes from the extension in the file.
    Extension,
    /// The value comes from a rule.
    Rule,
    /// Another template takes some of the same requests.
    Overlap,
    /// Something that a person should decide.
    Warning,
    /// A value that would probably fit, and was not applied.
    Suggestion,
    /// An operation of the description that was left out, and why.
    LeftOut,
}

impl NoteKind {
    /// As comments begin.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Guessed => "guessed",
            Self::Extension => "extension",
            Self::Rule => "rule",
            Self::Overlap => "overlap",
            Self::Warning => "warning",
            Self::Suggestion => "suggestion",
            Self::LeftOut => "left out",
        }
    }
}

/// Something to know about a drafted operation, or about the draft as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Which operation; `None` for the draft as a whole.
    #[serde(serialize_with = "id_text")]
    pub operation: Option<OperationId>,
    /// Which part of it; `None` for the whole operation.
    pub field: Option<Field>,
    /// Why the note is there.
    pub kind: NoteKind,
    /// The note: one line.
    pub text: String,
}

#[expect(clippy::ref_option, reason = "the signature is serde's")]
fn id_text<S: Serializer>(id: &Option<OperationId>, serializer: S) -> Result<S::Ok, S::Error> {
    id.as_ref().map(OperationId::as_str).serialize(serializer)
}

/// A proposed catalogue.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What the description calls the API, on one line.
    pub title: String,
    /// What stands before every path of the description: empty or `/v1`.
    pub prefix: String,
    /// The operations, in the order of the description. Ids are unique; ambiguous pairs are both here.
    pub operations: Vec<Operation>,
    /// What a reviewer should know, in the order of the operations; those about the whole draft first.
    pub notes: Vec<Note>,
    /// What a person has to settle. An operation that was not understood in full is not in `operations`.
    pub problems: Vec<Problem>,
}

impl Draft {
    /// The catalogue file: every note as a comment beside what it is about, every problem as a comment at the top.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut comments = Comments::default();
        comments.top.push(format!("Catalogue of {}, drafted from its OpenAPI description.", self.title));
        comments.top.push("Look at every line that says guessed, warning, overlap or suggestion.".to_owned());
        comments.top.push("What is not listed here is refused.".to_owned());
        comments.top.extend(self.problems.iter().map(|problem| format!("PROBLEM: {problem}")));
        let mut by_operation: HashMap<&OperationId, Vec<&Note>> = HashMap::new();
        for note in &self.notes {
            match &note.operation {
                None => comments.top.push(line(note)),
                Some(id) => by_operation.entry(id).or_default().push(note),
            }
        }
        for (index, operation) in self.operations.iter().enumerate() {
            for note in by_operation.get(&operation.id).into_iter().flatten() {
                match note.field {
                    None => comments.above.entry(index).or_default().push(line(note)),
                    Some(field) => comments.beside.entry((index, field)).or_default().push(line(note)),
                }
            }
        }
        write_with(&self.operations, &comments)
    }
}

fn line(note: &Note) -> String {
    if note.kind == NoteKind::Summary {
        return note.text.clone();
    }
    format!("{}: {}", note.kind.as_str(), note.text)
}
