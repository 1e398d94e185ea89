//! Sources: names, headers and lengths of Rust files.
//!
//! Owns:  the budgets; the four-line header; names that say nothing.
//! Never: style that rustfmt or clippy decides (function length is clippy's).
//! Read:  `check`.

use super::{File, Slips};

/// Lines of a file, its tests left out.
const FILE_MAX: usize = 500;
/// Lines of a crate's `lib.rs`, its tests left out: it says what is where.
const LIB_MAX: usize = 100;
/// Files that were longer when this bound was set. The list may only shrink.
const LONGER: [(&str, usize); 0] = [];
/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 6] = ["utils", "util", "helpers", "common", "misc", "mod"];
/// What the header says, in this order.
const HEADER: [&str; 3] = ["//! Owns:", "//! Never:", "//! Read:"];

pub(super) fn check(files: &[File], slips: &mut Slips) {
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        name(file, slips);
        header(file, slips);
        length(file, slips);
        ignored(file, slips);
    }
}

/// The file's numbered lines without its test module; nothing for a file that holds only tests.
pub(super) fn product_lines(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let only_tests = !file.path.ends_with(".rs") || is_test(&file.path);
    let lines = file.text.lines().enumerate().map(|(index, line)| (index + 1, line));
    lines.take_while(move |(_, line)| !only_tests && *line != "#[cfg(test)]")
}

/// Whether a path holds only tests or benchmarks.
fn is_test(path: &str) -> bool {
    let has = |part: &str| path.contains(part);
    has("/tests/") || has("/benches/") || has("/fuzz_targets/") || path.ends_with("/tests.rs")
}

fn name(file: &File, slips: &mut Slips) {
    for part in file.path.trim_end_matches(".rs").split('/') {
        if EMPTY_NAMES.contains(&part) {
            slips.add(&file.path, None, format!("`{part}` says nothing: name it for what it defines"));
        }
    }
}

fn header(file: &File, slips: &mut Slips) {
    let head: Vec<&str> = file.text.lines().take_while(|line| line.starts_with("//!")).collect();
    let first = head.first().copied().unwrap_or_default();
    if is_test(&file.path) {
        if !first.starts_with("//! ") {
            slips.add(&file.path, Some(1), "open with a `//!` line that says what is tested");
        }
        return;
    }
    let summary: Vec<&str> = head.iter().copied().take_while(|line| *line != "//!").collect();
    let ends = summary.last().is_some_and(|line| line.ends_with(['.', ')']));
    if !first.starts_with("//! ") || !ends {
        slips.add(&file.path, Some(1), "open with `//! One sentence.` and an empty `//!` line");
    }
    let mut rest = head.iter();
    for wanted in HEADER {
        if !rest.any(|line| line.starts_with(wanted)) {
            slips.add(&file.path, Some(1), format!("the header has no `{wanted}` line in its place"));
            return;
        }
    }
}

fn length(file: &File, slips: &mut Slips) {
    let usual = if file.path.ends_with("/lib.rs") { LIB_MAX } else { FILE_MAX };
    let max = LONGER.iter().find(|(path, _)| *path == file.path).map_or(usual, |(_, max)| *max);
    let lines = product_lines(file).count();
    if lines > max {
        slips.add(&file.path, None, format!("{lines} lines without its tests; {max} are allowed"));
    }
}

fn ignored(file: &File, slips: &mut Slips) {
    // Written in two parts, so that this line is not a slip itself.
    let bare = concat!("#[ign", "ore]");
    for (index, line) in file.text.lines().enumerate() {
        if line.contains(bare) {
            slips.add(&file.path, Some(index + 1), "an ignored test says why: #[ignore = \"...\"]");
        }
    }
}
