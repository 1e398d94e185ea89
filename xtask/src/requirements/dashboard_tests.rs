//! Dashboard tests: those of the pages whose titles name requirements, such as `is never empty (D9)`.
//!
//! Owns:  how a title of such a test is found.
//! Never: looks at the browser's journeys; the tests of `server` that start them name what they prove.
//! Read:  `find`, then `in_file`.

use super::{Test, list::Id, outcomes::Key};
use anyhow::{Context, Result};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The dashboard's sources, from the root.
const SOURCES: &str = "crates/dashboard/web/src";
/// How a line begins that begins a test.
const BEGINNINGS: [&str; 2] = ["it(", "test("];

/// Every test of the dashboard's pages that names a requirement.
pub(super) fn find(root: &Path) -> Result<Vec<Test>> {
    let (mut tests, mut folders) = (Vec::new(), vec![root.join(SOURCES)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path: PathBuf = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(".test.ts") {
                let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                tests.extend(in_file(&path, &text));
            }
        }
    }
    Ok(tests)
}

/// The tests of one file whose titles name a requirement.
pub(super) fn in_file(path: &str, text: &str) -> Vec<Test> {
    let file = path.trim_start_matches("crates/dashboard/web/");
    let titles = text.lines().filter_map(|line| title(line.trim_start()));
    let tests = titles.filter_map(|title| {
        let ids: BTreeSet<Id> = title.split(|c: char| !c.is_ascii_alphanumeric()).filter_map(written).collect();
        (!ids.is_empty()).then(|| Test {
            home: "dashboard".to_owned(),
            title: format!("dashboard: {title}"),
            file: path.to_owned(),
            key: Key::new(file, title),
            ids,
        })
    });
    tests.collect()
}

/// In titles an id is written large: `r2` may be a name of something else there.
fn written(word: &str) -> Option<Id> {
    Id::read(word).filter(|id| id.to_string() == word)
}

/// The text in quotes behind `it(` at the beginning of a line. The formatter puts it there.
fn title(line: &str) -> Option<&str> {
    let rest = BEGINNINGS.iter().find_map(|beginning| line.strip_prefix(beginning))?;
    let quote = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"' | '`'))?;
    rest.get(1..)?.split_once(quote).map(|(title, _)| title)
}
