//! Outcomes: what the last run of the tests says of each, read from the reports that the runners leave (JUnit).
//!
//! Owns:  where the reports are, and how a test in them is told from another.
//! Never: keeps a time or a duration: the page is the same after every run that passes.
//! Read:  `Outcomes::read`.

use anyhow::{Context, Result};
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Where nextest leaves its report (`.config/nextest.toml`), from the root.
const REPORT: &str = "target/nextest/default/junit.xml";
/// Where the dashboard's runner leaves its own (`gate`), from the root.
const DASHBOARD_REPORT: &str = "target/dashboard/junit.xml";

/// What the names of tests begin with that run on several engines.
const ENGINES: [&str; 2] = ["sqlite::", "postgres::"];

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    Failed,
}

/// The program that holds a test, and the test's name in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    program: String,
    name: String,
}

impl Key {
    /// Both as the report or the source has them: of a program the kind is left out (`server::bin/claviger`), of a title the
    /// group that it is in (`a key > has a state`).
    pub(super) fn new(program: &str, name: &str) -> Self {
        let program = program.split_once("::bin/").map_or(program, |(home, _)| home);
        let name = name.rsplit_once(" > ").map_or(name, |(_, title)| title);
        // A suite that runs once for each engine has one source; its tests passed when they did on all.
        let name = ENGINES.iter().find_map(|engine| name.strip_prefix(engine)).unwrap_or(name);
        Self { program: program.to_owned(), name: name.to_owned() }
    }
}

/// What a test prints that leaves itself out, because something of the machine is missing. To the runner it has passed.
const LEFT_OUT: &str = "skipped: ";

/// Every test that ran.
#[derive(Default)]
pub(super) struct Outcomes {
    ended: BTreeMap<Key, Outcome>,
    left_out: BTreeSet<Key>,
}

impl Outcomes {
    /// The reports that are there; a test in none of them did not run.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut outcomes = Self::default();
        for report in [REPORT, DASHBOARD_REPORT] {
            let path = root.join(report);
            if path.exists() {
                let text = fs::read_to_string(path).with_context(|| format!("cannot read {report}"))?;
                outcomes.add(&text).with_context(|| format!("{report} is no report of tests"))?;
            } else {
                println!("requirements: {report} is missing; cargo xtask ci writes it");
            }
        }
        Ok(outcomes)
    }

    /// Adds what one report says.
    pub(super) fn add(&mut self, report: &str) -> Result<()> {
        let mut reader = Reader::from_str(report);
        let mut current: Option<Key> = None;
        loop {
            let event = reader.read_event()?;
            match &event {
                Event::Start(tag) | Event::Empty(tag) => match tag.name().as_ref() {
                    "testcase" => {
                        let key = Key::new(&attribute(tag, "classname")?, &attribute(tag, "name")?);
                        self.ended.entry(key.clone()).or_insert(Outcome::Passed);
                        current = Some(key);
                    }
                    "failure" | "error" => {
                        if let Some(key) = current.clone() {
                            self.ended.insert(key, Outcome::Failed);
                        }
                    }
                    "skipped" => {
                        if let Some(key) = &current {
                            self.ended.remove(key);
                        }
                    }
                    _ => {}
                },
                Event::Text(text) => {
                    if let Some(key) = current.clone().filter(|_| text.to_ascii_lowercase().contains(LEFT_OUT)) {
                        self.left_out.insert(key);
                    }
                }
                Event::Eof => return Ok(()),
                Event::End(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_)
                | Event::GeneralRef(_) => {}
            }
        }
    }

    pub(super) fn of(&self, key: &Key) -> Option<Outcome> {
        self.ended.get(key).copied()
    }

    /// Whether the test left itself out.
    pub(super) fn is_left_out(&self, key: &Key) -> bool {
        self.left_out.contains(key)
    }

    pub(super) fn has(&self, key: &Key) -> bool {
        self.ended.contains_key(key)
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<String> {
    let attribute = tag.try_get_attribute(name)?.with_context(|| format!("a test without `{name}`"))?;
    Ok(attribute.normalized_value(XmlVersion::Implicit1_0)?.into_owned())
}
