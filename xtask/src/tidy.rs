//! Tidy: the rules of this repository that no other tool knows.
//!
//! Owns:  reading the files, running every check, printing every slip at once.
//! Never: fixes silently; only `--fix` writes, and only what is generated.
//! Read:  `run`, then the checks: `dependencies`, `sources`, `documents`.

mod dependencies;
mod documents;
mod sources;

use crate::metadata::{self, Metadata};
use anyhow::{Context, Result, bail};
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// Folders that hold nothing of the repository's own text.
const SKIPPED: [&str; 7] = [".git", "target", "node_modules", ".venv", ".cache", "corpus", "artifacts"];

/// Whether to rewrite what is generated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Only say what is wrong.
    Check,
    /// Rewrite the dependency table first.
    Fix,
}

/// One file of the repository.
struct File {
    /// From the root, with forward slashes.
    path: String,
    text: String,
}

/// Everything found wrong so far.
#[derive(Default)]
struct Slips(Vec<String>);

impl Slips {
    fn add(&mut self, path: &str, line: Option<usize>, what: impl std::fmt::Display) {
        let at = line.map(|line| format!(":{line}")).unwrap_or_default();
        self.0.push(format!("{path}{at}: {what}"));
    }
}

/// Runs every check and fails with the list of slips, if there is any.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<()> {
    let metadata = Metadata::load(root)?;
    if mode == Mode::Fix {
        dependencies::rewrite_table(root, &metadata)?;
    }
    let files = read(root)?;
    let mut slips = Slips::default();
    dependencies::check(&metadata, &metadata::tree(root)?, &files, &mut slips);
    sources::check(&files, &mut slips);
    documents::check(root, &files, &mut slips);
    if slips.0.is_empty() {
        println!("tidy: {} files, nothing to say", files.len());
        return Ok(());
    }
    let mut report = String::new();
    for slip in &slips.0 {
        let _ = writeln!(report, "{slip}");
    }
    bail!("tidy: {} to mend\n{report}", slips.0.len())
}

/// Every text file of the repository, sorted by path. Files that are not UTF-8 are passed over.
fn read(root: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let entry = entry?;
            let (path, name) = (entry.path(), entry.file_name());
            let kind = entry.file_type()?;
            // In a worktree `.git` is a file.
            if SKIPPED.iter().any(|skipped| name == *skipped) {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file()
                && let Ok(text) = String::from_utf8(fs::read(&path)?)
            {
                let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                files.push(File { path, text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}
