//! Output: what commands print on standard output, for people and for programs.
//!
//! Owns:  tables, JSON, and the end of a closed pipe.
//! Never: colours, pagers, or anything else that a program would stumble over.
//! Read:  `Output`.

use serde::Serialize;
use std::io::Write as _;

/// How a command answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Tables and sentences.
    Text,
    /// One JSON value.
    Json,
}

impl Output {
    /// From the flag `--json`.
    pub(crate) const fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }

    /// Prints `value` as JSON, or what `text` makes of it.
    pub(crate) fn show<T: Serialize>(self, value: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
        match self {
            Self::Json => line(&serde_json::to_string(value)?),
            Self::Text => line(&text(value)),
        }
        Ok(())
    }
}

/// Prints a line (or several) and flushes it. A reader that has gone away ends the process quietly, as in any pipe; any
/// other failure ends it loudly, because what could not be written may be a secret that is shown only once.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush());
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            remark(&format!(
                "standard output cannot be written: {error}. What was done stays done; a secret that was not shown can be replaced with `keys rotate`."
            ));
            std::process::exit(1);
        }
    }
}

/// Says something to the person at the terminal without disturbing standard output.
pub(crate) fn remark(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A table without borders: columns separated by spaces, so that `awk` and eyes can read it.
pub(crate) fn table(head: &[&str], rows: Vec<Vec<String>>, when_empty: &str) -> String {
    if rows.is_empty() {
        return when_empty.to_owned();
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_content_arrangement(comfy_table::ContentArrangement::Disabled);
    table.set_header(head.iter().map(|h| h.to_uppercase()));
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// Names and values below each other.
pub(crate) fn facts(facts: &[(&str, String)]) -> String {
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let lines: Vec<_> = facts.iter().map(|(name, value)| format!("{name:width$}  {value}")).collect();
    lines.join("\n")
}
