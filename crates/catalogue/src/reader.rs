//! Reader: takes the members of a table one by one and tells everything that is wrong with them.
//!
//! Owns:  `Sink` (problems with their places) and `Table` (known, missing and unknown keys).
//! Never: stops at the first problem.
//! Read:  `Table`.

use crate::{
    format::position,
    node::{Map, Node},
    problem::{Problem, ProblemCode},
};

/// The most problems that are collected; the rest is only counted.
pub(crate) const PROBLEMS_MAX: usize = 200;

/// Collects problems.
#[derive(Debug, Default)]
pub(crate) struct Sink<'t> {
    /// The text that offsets point into, when they do.
    text: Option<&'t str>,
    /// What the next problem is about.
    pub(crate) subject: String,
    found: Vec<(usize, Problem)>,
    more: usize,
}

impl<'t> Sink<'t> {
    pub(crate) fn with_text(text: &'t str) -> Self {
        Self { text: Some(text), ..Self::default() }
    }

    pub(crate) fn add(&mut self, code: ProblemCode, offset: Option<usize>, message: impl Into<String>, hint: &str) {
        if self.found.len() >= PROBLEMS_MAX {
            self.more += 1;
            return;
        }
        let position = self.text.and_then(|text| Some(position(text, offset?)));
        let (subject, message, hint) = (self.subject.clone(), message.into(), hint.to_owned());
        self.found.push((offset.unwrap_or(0), Problem { code, position, subject, message, hint }));
    }

    /// How many problems there are so far; to know whether a step added any.
    pub(crate) fn count(&self) -> usize {
        self.found.len() + self.more
    }

    /// The problems, in the order of the text.
    pub(crate) fn into_problems(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|(offset, _)| *offset);
        let mut problems: Vec<Problem> = self.found.into_iter().map(|(_, problem)| problem).collect();
        if self.more > 0 {
            problems.push(Problem {
                code: ProblemCode::TooMuch,
                position: None,
                subject: String::new(),
                message: format!("and {} more problems", self.more),
                hint: "settle the first ones, then look again".to_owned(),
            });
        }
        problems
    }
}

/// A table whose members are taken by name.
pub(crate) struct Table<'n> {
    map: &'n Map,
    offset: usize,
    known: &'static [&'static str],
}

impl<'n> Table<'n> {
    /// The table at `node`, all keys of which are `known`; other keys are problems, and so is anything but a table.
    pub(crate) fn open(node: &'n Node, known: &'static [&'static str], sink: &mut Sink<'_>) -> Option<Self> {
        let Some(map) = node.as_map() else {
            sink.add(
                ProblemCode::InvalidValue,
                Some(node.offset),
                format!("expected a table, found {}", node.noun()),
                "",
            );
            return None;
        };
        for member in map.iter().filter(|member| !known.contains(&member.key.as_str())) {
            let message = format!("unknown key {:?}", member.key);
            let hint = format!("known keys: {}", known.join(", "));
            sink.add(ProblemCode::UnknownKey, Some(member.key_offset), message, &hint);
        }
        Some(Self { map, offset: node.offset, known })
    }

    /// The value of a key, if it is there.
    pub(crate) fn get(&self, key: &'static str) -> Option<&'n Node> {
        debug_assert!(self.known.contains(&key));
        self.map.get(key)
    }

    /// Where the table starts.
    pub(crate) const fn offset(&self) -> usize {
        self.offset
    }

    /// The value that `take` makes of the text of a key. A missing key is a problem; so is what `take` gives no value for,
    /// with `hint` as what to do.
    pub(crate) fn required<T>(
        &self,
        key: &'static str,
        sink: &mut Sink<'_>,
        hint: &str,
        take: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        if self.get(key).is_none() {
            sink.add(ProblemCode::MissingKey, Some(self.offset), format!("{key} is missing"), hint);
            return None;
        }
        self.optional(key, sink, hint, take)
    }

    /// As `required`, for a key that may be missing.
    pub(crate) fn optional<T>(
        &self,
        key: &'static str,
        sink: &mut Sink<'_>,
        hint: &str,
        take: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let node = self.get(key)?;
        let Some(text) = node.as_text() else {
            let message = format!("{key} must be text in quotes, found {}", node.noun());
            sink.add(ProblemCode::InvalidValue, Some(node.offset), message, hint);
            return None;
        };
        let value = take(text);
        if value.is_none() {
            sink.add(ProblemCode::InvalidValue, Some(node.offset), format!("{key} cannot be {text:?}"), hint);
        }
        value
    }
}
