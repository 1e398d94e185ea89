//! Text: operations to the text of `catalogue.toml`.
//!
//! Owns:  the order of keys, quoting, and comments that can never become anything but comments.
//! Never: decides what a comment says.
//! Read:  `write_with`.

use crate::draft::Field;
use model::{
    CompanyMode, Learn, Locator, Operation,
    operation::{OtherBodies, ServedBy},
};
use std::{collections::HashMap, fmt::Write as _};

/// The longest comment, in characters.
const COMMENT_MAX: usize = 600;

/// Comments of a file; each becomes one line or the end of one.
#[derive(Debug, Default)]
pub(crate) struct Comments {
    /// At the top of the file.
    pub(crate) top: Vec<String>,
    /// Above an operation, by its place in the list.
    pub(crate) above: HashMap<usize, Vec<String>>,
    /// Behind a value.
    pub(crate) beside: HashMap<(usize, Field), Vec<String>>,
}

/// The file, with comments.
pub(crate) fn write_with(operations: &[Operation], comments: &Comments) -> String {
    let mut out = String::new();
    for comment in &comments.top {
        line(&mut out, format_args!("# {}", one_line(comment, COMMENT_MAX)));
    }
    for (index, operation) in operations.iter().enumerate() {
        if !out.is_empty() {
            out.push('\n');
        }
        for comment in comments.above.get(&index).into_iter().flatten() {
            line(&mut out, format_args!("# {}", one_line(comment, COMMENT_MAX)));
        }
        out.push_str("[[operation]]\n");
        for field in Field::ALL {
            let Some(value) = value(operation, field) else { continue };
            match comments.beside.get(&(index, field)) {
                Some(notes) => {
                    let note = one_line(&notes.join("; "), COMMENT_MAX);
                    line(&mut out, format_args!("{} = {value} # {note}", field.as_str()));
                }
                None => line(&mut out, format_args!("{} = {value}", field.as_str())),
            }
        }
    }
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
    out.push('\n');
}

fn value(operation: &Operation, field: Field) -> Option<String> {
    Some(match field {
        Field::Id => quoted(operation.id.as_str()),
        Field::Method => quoted(operation.method.as_str()),
        Field::Path => quoted(&operation.template.to_string()),
        Field::Audience => quoted(operation.audience.as_str()),
        Field::Environment => quoted(operation.environment?.as_str()),
        Field::Scope => quoted(&operation.scope.to_string()),
        Field::Company => company_text(&operation.company),
        Field::Learn => learn_text(operation.learn.as_ref()?),
        Field::Class => quoted(operation.class.as_str()),
        Field::Channel => quoted(operation.channel.as_ref()?.as_str()),
        Field::OtherBodies => match operation.other_bodies {
            OtherBodies::Refused => return None,
            OtherBodies::Upstream => quoted(operation.other_bodies.as_str()),
        },
        Field::Idempotency => super::idempotency::text(&operation.idempotency)?,
        Field::Callback => quoted(operation.callback.as_ref()?.as_str()),
        Field::ServedBy => match operation.served_by {
            ServedBy::Upstream => return None,
            ServedBy::SubKeys => quoted(operation.served_by.as_str()),
        },
    })
}

/// A company mode as the file writes it.
pub(crate) fn company_text(mode: &CompanyMode) -> String {
    let name = quoted(mode.as_str());
    match mode {
        CompanyMode::Account | CompanyMode::Neutral | CompanyMode::Context => format!("{{ mode = {name} }}"),
        CompanyMode::Lookup(id) => format!("{{ mode = {name}, operation = {} }}", quoted(id.as_str())),
        CompanyMode::Injected(locator) => format!("{{ mode = {name}, {} }}", members(locator)),
        CompanyMode::Locators(locators) => {
            let list: Vec<String> = locators.iter().map(|l| format!("{{ {} }}", members(l))).collect();
            format!("{{ mode = {name}, locators = [{}] }}", list.join(", "))
        }
    }
}

fn learn_text(Learn { at, also, name }: &Learn) -> String {
    let mut text = members(at);
    if !also.is_empty() {
        let also: Vec<_> = also.iter().map(|also| format!("{{ {} }}", members(also))).collect();
        text.push_str(&format!(", also = [{}]", also.join(", ")));
    }
    if let Some(name) = name {
        text.push_str(&format!(", name = {}", quoted(&name.to_string())));
    }
    format!("{{ {text} }}")
}

fn members(Locator { place, kind }: &Locator) -> String {
    format!("at = {}, kind = {}", quoted(&place.to_string()), quoted(kind.as_str()))
}

/// A TOML basic string.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Foreign text on one line of at most `max` characters, without anything that breaks the line or reorders what a reviewer
/// sees.
pub(crate) fn one_line(text: &str, max: usize) -> String {
    // Characters that turn the direction of text around, and separators that some editors show as new lines.
    let hidden =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let mut out = String::new();
    let mut count = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control() || hidden(c)).filter(|word| !word.is_empty()) {
        if count > 0 {
            out.push(' ');
            count += 1;
        }
        for c in word.chars() {
            if count >= max {
                out.push_str("...");
                return out;
            }
            out.push(c);
            count += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn foreign_text_stays_on_its_line() {
        assert_eq!(one_line(" a\r\n\t[[operation]]\u{2028}b\u{202e}c ", 100), "a [[operation]] b c");
        assert_eq!(one_line("abcdef", 3), "abc...");
        assert_eq!(one_line("\n\n", 3), "");
    }

    proptest! {
        #[test]
        fn comments_never_become_values(text in "\\PC*|[\\x00-\\x7f]{0,60}") {
            let comments = Comments { top: vec![text.clone()], ..Comments::default() };
            let written = write_with(&[], &comments);
            prop_assert_eq!(written.lines().count(), 1);
            prop_assert!(toml::from_str::<toml::Table>(&written).unwrap().is_empty());
        }

        #[test]
        fn quoted_text_reads_back(text in "\\PC*|[\\x00-\\x7f]{0,60}") {
            let table: toml::Table = toml::from_str(&format!("x = {}", quoted(&text))).unwrap();
            prop_assert_eq!(table["x"].as_str(), Some(text.as_str()));
        }
    }
}
