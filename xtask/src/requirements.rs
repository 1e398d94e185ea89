//! Requirements: which test proves what, and whether it passed (`docs/reference/requirements.md`).
//!
//! Owns:  the page, and what is wrong with it: a requirement that nothing proves, a test that names none of the list.
//! Never: judges whether a test proves what its name says; people do.
//! Read:  `run`, then `list`, `rust_tests`, `dashboard_tests`, `outcomes`, `page`.

mod dashboard_tests;
mod list;
mod outcomes;
mod page;
mod rust_tests;

use anyhow::{Context, Result, bail, ensure};
use list::{Id, List, Without};
use outcomes::Outcomes;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

/// The page, from the root.
const PAGE: &str = "docs/reference/requirements.md";
/// What to do when the page is not what it should be.
const REMEDY: &str = "cargo xtask requirements --write";
/// What to do before that when the last run was not of all tests.
const ALL: &str = "cargo nextest run --workspace, ";

/// What to do with the page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Look at the names of the tests alone, before any of them runs.
    Names,
    /// Say how the committed page differs from what the last run of the tests gives.
    Check,
    /// Write what the last run of the tests gives.
    Write,
}

/// One test that names requirements.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Test {
    /// The crate: what a reader sees first.
    home: String,
    /// The whole name, as it is printed.
    title: String,
    /// The file, from the root.
    file: String,
    /// Program and name under which the run reports it.
    key: outcomes::Key,
    ids: BTreeSet<Id>,
}

/// Finds the tests and what became of them, then checks or writes the page.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<()> {
    let list = List::read(root)?;
    let mut tests = rust_tests::find(root)?;
    tests.extend(dashboard_tests::find(root)?);
    tests.sort();
    let proofs = proofs(&tests);
    let run = if mode == Mode::Names { None } else { Some(Run::read(root, &list, &tests, &proofs)?) };
    if let (Mode::Write, Some(run)) = (mode, &run) {
        fs::write(root.join(PAGE), &run.page).with_context(|| format!("cannot write {PAGE}"))?;
    }
    for (id, why) in list.waiting().filter(|(id, _)| !proofs.contains_key(id)) {
        println!("requirements: {id} waits for its test: {why}");
    }
    let slips = slips(&list, &tests, &proofs);
    ensure!(slips.is_empty(), "requirements: {} to mend\n{}", slips.len(), slips.join("\n"));
    if let Some(run) = &run {
        compare(&fs::read_to_string(root.join(PAGE)).unwrap_or_default(), run)?;
    }
    println!("requirements: {}", page::Summary::of(&list, &proofs));
    Ok(())
}

/// What the last run of the tests gives.
struct Run {
    page: String,
    /// Tests that it was without.
    missing: usize,
}

impl Run {
    /// Reads the reports; says which tests are not in them, or left themselves out.
    fn read(root: &Path, list: &List, tests: &[Test], proofs: &Proofs<'_>) -> Result<Self> {
        let outcomes = Outcomes::read(root)?;
        let missing = tests.iter().filter(|test| !outcomes.has(&test.key)).count();
        if missing > 0 {
            println!("requirements: the last run was without {missing} of {} tests", tests.len());
        }
        for test in tests.iter().filter(|test| outcomes.is_left_out(&test.key)) {
            println!("requirements: {} left itself out here; its output says what it misses", test.title);
        }
        Ok(Self { page: page::render(list, proofs, &outcomes), missing })
    }
}

/// The tests of each requirement that has any, in order.
type Proofs<'a> = BTreeMap<Id, Vec<&'a Test>>;

fn proofs(tests: &[Test]) -> Proofs<'_> {
    let mut proofs = Proofs::new();
    for test in tests {
        for id in &test.ids {
            proofs.entry(*id).or_default().push(test);
        }
    }
    proofs
}

/// What is wrong with names and list, one line each.
fn slips(list: &List, tests: &[Test], proofs: &Proofs<'_>) -> Vec<String> {
    let mut slips = Vec::new();
    for test in tests {
        for id in test.ids.iter().filter(|id| !list.has(**id)) {
            slips.push(format!("{}: `{}` names {id}, which is not in {}", test.file, test.title, list::HOME));
        }
    }
    for (id, entry) in list.entries() {
        let proven = proofs.contains_key(&id);
        match &entry.without {
            None if !proven => slips.push(format!(
                "{id} ({}): no test names it; name it in the test that proves it (`{}_...`), or say in {} why there is none",
                entry.title,
                id.token(),
                list::HOME
            )),
            Some(Without::Explained(_)) if proven => {
                slips.push(format!("{id}: a test names it; take `explained` out of {}", list::HOME));
            }
            None | Some(Without::Later(_) | Without::Pending(_) | Without::Explained(_)) => {}
        }
    }
    slips
}

/// Fails with the first lines that differ, and with what to do.
fn compare(committed: &str, run: &Run) -> Result<()> {
    let current = &run.page;
    if committed == current {
        return Ok(());
    }
    let mut shown = String::new();
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (committed.lines().collect(), current.lines().collect());
    for line in committed.lines().filter(|line| !new.contains(line)).take(SHOWN_MAX) {
        let _ = writeln!(shown, "- {line}");
    }
    for line in current.lines().filter(|line| !old.contains(line)).take(SHOWN_MAX) {
        let _ = writeln!(shown, "+ {line}");
    }
    let first = if run.missing > 0 { ALL } else { "" };
    bail!(
        "{PAGE} is not what names and results of the tests give: {first}{REMEDY}, then look at the difference\n{shown}"
    )
}

/// Lines of either side that a failed comparison shows.
const SHOWN_MAX: usize = 5;

#[cfg(test)]
mod tests;
