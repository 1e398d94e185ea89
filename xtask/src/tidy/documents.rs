//! Documents: words, links and lengths of what people read.
//!
//! Owns:  the words that the glossary replaces, paths that belong to one machine, links to files that exist.
//! Never: spelling.
//! Read:  `check`.

use super::{File, Slips, sources::product_lines};
use std::path::Path;

/// Lines of ARCHITECTURE.md: a page that is read in one sitting.
const ARCHITECTURE_MAX: usize = 300;
/// Words with a better one in docs/dev/glossary.md.
const WORDS: [(&str, &str); 6] = [
    ("tenant", "account or company"),
    ("superuser", "operator"),
    ("blacklist", "deny-list"),
    ("whitelist", "allow-list"),
    ("utilize", "use"),
    ("leverage", "use"),
];
/// The page that lists those words.
const GLOSSARY: &str = "docs/dev/glossary.md";
/// Beginnings of paths that exist on one machine only; in two parts, so that this file has none of them.
const MACHINE_PATHS: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];

pub(super) fn check(root: &Path, files: &[File], slips: &mut Slips) {
    for file in files {
        machine_paths(file, slips);
        if file.path.ends_with(".md") {
            links(root, file, slips);
            words(file, file.text.lines().enumerate().map(|(index, line)| (index + 1, line)), slips);
        } else if file.path.starts_with("crates/") {
            words(file, product_lines(file), slips);
        }
    }
    if let Some(file) = files.iter().find(|file| file.path == "ARCHITECTURE.md") {
        let lines = file.text.lines().count();
        if lines > ARCHITECTURE_MAX {
            slips.add(&file.path, None, format!("{lines} lines; {ARCHITECTURE_MAX} are allowed"));
        }
    }
}

fn machine_paths(file: &File, slips: &mut Slips) {
    for (index, line) in file.text.lines().enumerate() {
        if let Some(path) = MACHINE_PATHS.iter().find(|path| line.contains(**path)) {
            slips.add(&file.path, Some(index + 1), format!("`{path}` is a path of one machine"));
        }
    }
}

fn words<'a>(file: &File, lines: impl Iterator<Item = (usize, &'a str)>, slips: &mut Slips) {
    if file.path == GLOSSARY {
        return;
    }
    for (number, line) in lines {
        let lower = line.to_ascii_lowercase();
        for (word, better) in WORDS {
            if has_word(&lower, word) {
                slips.add(&file.path, Some(number), format!("`{word}`: say {better} ({GLOSSARY})"));
            }
        }
    }
}

/// Whether the word stands alone, plural included. `multi-tenant`, `tenant_id` and quoted words of others are not ours to
/// change.
fn has_word(line: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || "-_\"`".contains(c);
    line.match_indices(word).any(|(at, _)| {
        let after = line[at + word.len()..].trim_start_matches('s');
        !line[..at].ends_with(joins) && !after.starts_with(joins)
    })
}

/// Links of a Markdown file that are relative must lead to something.
fn links(root: &Path, file: &File, slips: &mut Slips) {
    let folder = Path::new(&file.path).parent().unwrap_or_else(|| Path::new(""));
    for (index, line) in file.text.lines().enumerate() {
        for (at, _) in line.match_indices("](") {
            let target = line[at + 2..].split(')').next().unwrap_or_default();
            let target = target.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            if !root.join(folder).join(target).exists() {
                slips.add(&file.path, Some(index + 1), format!("the link to `{target}` leads nowhere"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_alone_and_not_inside_another() {
        assert!(has_word("the tenants of", "tenant"));
        assert!(has_word("tenant", "tenant"));
        assert!(!has_word("a multi-tenant api", "tenant"));
        assert!(!has_word("lieutenant", "tenant"));
        assert!(!has_word("tenant_id", "tenant"));
        assert!(!has_word(r#"["tenant", "org"]"#, "tenant"));
    }
}
