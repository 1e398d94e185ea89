//! Page: the table of requirements as people read it.
//!
//! Owns:  its words and order. The same names and outcomes give the same bytes.
//! Never: a time, a duration, a count of lines: nothing that a run changes.
//! Read:  `render`.

use super::{
    Proofs, Test,
    list::{Entry, List, Without},
    outcomes::{Outcome, Outcomes},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
};

/// Tests that one row names.
const TESTS_MAX: usize = 6;

/// The whole page.
pub(super) fn render(list: &List, proofs: &Proofs<'_>, outcomes: &Outcomes) -> String {
    let mut text = format!(
        "# Requirements and their tests\n\n\
         <!-- written by `cargo xtask requirements --write` -->\n\n\
         Every statement that the product keeps (`R`) and every ruling of ours where the statements are silent (`D`), the tests\n\
         that prove it, and how they ended. Tests name what they prove; `cargo xtask ci` writes this page anew after the tests\n\
         and fails when it differs. A row names at most {TESTS_MAX} tests.\n\n{}\n",
        Summary::of(list, proofs)
    );
    for area in &list.areas {
        let _ = write!(text, "\n## {}\n\n| id | what it says | tests | result |\n|---|---|---|---|\n", area.name);
        for (id, entry) in &area.entries {
            let tests = proofs.get(id).map(Vec::as_slice).unwrap_or_default();
            let _ =
                writeln!(text, "| {id} | {} | {} | {} |", entry.title, links(tests), result(entry, tests, outcomes));
        }
    }
    text
}

/// How many requirements have what.
#[derive(Default)]
pub(super) struct Summary {
    all: usize,
    proven: usize,
    later: usize,
    explained: usize,
    pending: usize,
    tests: usize,
}

impl Summary {
    pub(super) fn of(list: &List, proofs: &Proofs<'_>) -> Self {
        let named: BTreeSet<&Test> = proofs.values().flatten().copied().collect();
        let mut summary = Self { tests: named.len(), ..Self::default() };
        for (id, entry) in list.entries() {
            summary.all += 1;
            match &entry.without {
                _ if proofs.contains_key(&id) => summary.proven += 1,
                Some(Without::Later(_)) => summary.later += 1,
                Some(Without::Explained(_)) => summary.explained += 1,
                Some(Without::Pending(_)) => summary.pending += 1,
                None => {}
            }
        }
        summary
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { all, proven, later, explained, pending, tests } = self;
        write!(
            f,
            "{all} requirements: {proven} with tests ({tests} tests name one), {later} later, {explained} explained"
        )?;
        if *pending > 0 {
            write!(f, ", {pending} waiting for their tests")?;
        }
        f.write_str(".")
    }
}

/// The chosen tests as links to their files, and how many there are when that is not all.
fn links(tests: &[&Test]) -> String {
    let mut shown: Vec<String> = chosen(tests)
        .into_iter()
        .map(|test| format!("[`{}`](../../{})", test.title.replace('|', "\\|"), test.file))
        .collect();
    if tests.len() > TESTS_MAX {
        shown.push(format!("{} in all", tests.len()));
    }
    shown.join("<br>")
}

/// The first of each crate, then the rest in order, until there are enough.
pub(super) fn chosen<'a>(tests: &[&'a Test]) -> Vec<&'a Test> {
    let mut homes: BTreeMap<&str, &Test> = BTreeMap::new();
    for test in tests {
        homes.entry(&test.home).or_insert(test);
    }
    let mut chosen: BTreeSet<&Test> = homes.into_values().take(TESTS_MAX).collect();
    for test in tests {
        if chosen.len() < TESTS_MAX {
            chosen.insert(test);
        }
    }
    chosen.into_iter().collect()
}

fn result(entry: &Entry, tests: &[&Test], outcomes: &Outcomes) -> String {
    let ended = |wanted| tests.iter().filter(|test| outcomes.of(&test.key) == wanted).count();
    let (failed, not_run) = (ended(Some(Outcome::Failed)), ended(None));
    let mut words = Vec::new();
    if failed > 0 {
        words.push(format!("{failed} of {} failed", tests.len()));
    }
    if not_run > 0 {
        words.push(format!("{not_run} of {} not run", tests.len()));
    }
    if !tests.is_empty() && words.is_empty() {
        words.push("passed".to_owned());
    }
    match &entry.without {
        Some(Without::Later(why)) => words.push(format!("later: {why}")),
        Some(Without::Explained(why)) if tests.is_empty() => words.push(format!("explained: {why}")),
        Some(Without::Pending(why)) if tests.is_empty() => words.push(format!("waiting: {why}")),
        None | Some(Without::Explained(_) | Without::Pending(_)) => {}
    }
    words.join("; ")
}
