//! Rust tests: the functions of the workspace that are tests and name requirements.
//!
//! Owns:  what a test is, and under which name the test run reports it.
//! Never: runs one. Comments and texts that look like tests are none.
//! Read:  `find`, then `in_tokens`.

use super::{Test, list::Id, outcomes::Key};
use anyhow::{Context, Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Words that may stand between a test's attribute and its `fn`.
const QUALIFIERS: [&str; 3] = ["pub", "async", "crate"];

/// Every test of `crates/*` and `xtask` that names a requirement.
pub(super) fn find(root: &Path) -> Result<Vec<Test>> {
    let mut homes = vec![root.join("xtask")];
    for entry in fs::read_dir(root.join("crates")).context("cannot list crates")? {
        homes.push(entry?.path());
    }
    let mut tests = Vec::new();
    for home in homes {
        for folder in ["src", "tests"] {
            for path in files(&home.join(folder))? {
                let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                tests.extend(in_file(&path, &text)?);
            }
        }
    }
    Ok(tests)
}

/// The `.rs` files below a folder, which need not exist.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop().filter(|folder| folder.is_dir()) {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "node_modules") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// The tests of one file that name a requirement.
pub(super) fn in_file(path: &str, text: &str) -> Result<Vec<Test>> {
    let place = Place::of(path).with_context(|| format!("{path}: in no crate"))?;
    let tokens: TokenStream = text.parse().map_err(|error| anyhow!("{path}: not Rust: {error}"))?;
    let (mut names, mut modules) = (Vec::new(), place.modules);
    in_tokens(tokens, &mut modules, &mut names);
    let tests = names.into_iter().filter_map(|name| {
        let function = name.rsplit("::").next().unwrap_or(&name);
        let ids = function.split('_').filter_map(Id::read).collect::<std::collections::BTreeSet<_>>();
        (!ids.is_empty()).then(|| Test {
            home: place.home.clone(),
            title: format!("{}::{name}", place.program),
            file: path.to_owned(),
            key: Key::new(&place.program, &name),
            ids,
        })
    });
    Ok(tests.collect())
}

/// Where a file's tests are, as cargo sees it.
struct Place {
    /// The crate.
    home: String,
    /// The crate, or the crate and its integration test.
    program: String,
    modules: Vec<String>,
}

impl Place {
    /// `crates/server/tests/e2e/answers.rs` is module `answers` of program `server::e2e`.
    fn of(path: &str) -> Option<Self> {
        let mut parts = path.trim_end_matches(".rs").trim_start_matches("crates/").split('/');
        let home = parts.next()?.to_owned();
        let program = match parts.next()? {
            "src" => home.clone(),
            "tests" => format!("{home}::{}", parts.next()?),
            _ => return None,
        };
        let mut modules: Vec<String> = parts.map(str::to_owned).collect();
        if modules.last().is_some_and(|last| matches!(last.as_str(), "lib" | "main" | "mod")) {
            modules.pop();
        }
        Some(Self { home, program, modules })
    }
}

/// Adds the names of all functions that are marked as tests, also inside of macros such as `proptest!`.
fn in_tokens(tokens: TokenStream, modules: &mut Vec<String>, names: &mut Vec<String>) {
    let mut tokens = tokens.into_iter().peekable();
    let mut marked = false;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '#' => {
                if let Some(TokenTree::Group(attribute)) = tokens
                    .next_if(|next| matches!(next, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket))
                {
                    marked |= is_test(attribute.stream());
                }
            }
            TokenTree::Ident(word) if word == "mod" || word == "fn" => {
                let Some(TokenTree::Ident(name)) = tokens.next_if(|next| matches!(next, TokenTree::Ident(_))) else {
                    continue;
                };
                if word == "fn" && marked {
                    names.push(
                        modules.iter().map(|module| format!("{module}::")).collect::<String>() + &name.to_string(),
                    );
                }
                marked = false;
                if word == "mod"
                    && let Some(TokenTree::Group(body)) = tokens.next_if(|next| matches!(next, TokenTree::Group(_)))
                {
                    modules.push(name.to_string());
                    in_tokens(body.stream(), modules, names);
                    modules.pop();
                }
            }
            TokenTree::Ident(word) => marked &= QUALIFIERS.iter().any(|qualifier| word == qualifier),
            TokenTree::Group(group) => {
                marked &= group.delimiter() == Delimiter::Parenthesis;
                in_tokens(group.stream(), modules, names);
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => marked = false,
        }
    }
}

/// Whether an attribute's path ends with `test`, as `#[test]` and `#[tokio::test(...)]` do.
fn is_test(attribute: TokenStream) -> bool {
    let mut last = None;
    for token in attribute {
        match token {
            TokenTree::Ident(word) => last = Some(word.to_string()),
            TokenTree::Punct(mark) if mark.as_char() == ':' => {}
            TokenTree::Punct(_) | TokenTree::Group(_) | TokenTree::Literal(_) => break,
        }
    }
    last.is_some_and(|word| word == "test")
}
