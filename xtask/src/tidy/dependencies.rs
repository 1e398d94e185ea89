//! Dependencies: who may import whom, and what may not be in the tree at all (invariants 2, 3 and 11).
//!
//! Owns:  the layers, the fences, the bans; the dependency table of ARCHITECTURE.md.
//! Never: licences; cargo-deny reads those.
//! Read:  the tables, then `check`.

use super::{File, Slips, sources::product_lines};
use crate::metadata::Metadata;
use anyhow::{Context, Result};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

/// Our crates by layer. A crate imports only from layers below its own, never from beside it.
const LAYERS: [(&str, u8); 15] = [
    ("model", 0),
    // Below `admission`, so that only a verified proof can become a permit.
    ("proof", 1),
    ("admission", 2),
    ("api", 2),
    ("catalogue", 2),
    ("egress", 2),
    ("limits", 2),
    ("store", 2),
    ("control", 3),
    ("gateway", 3),
    // Apart: a reference API that sees only what the gateway sends. Imported by `server` to be started, imports nothing.
    ("invoicing", 1),
    // Built files and their look-up: no code of ours, handed out by `control`.
    ("dashboard", 1),
    ("server", 4),
    // Beside everything; product code never imports it.
    ("testkit", 9),
    ("xtask", 9),
];

/// The whole list of what these may build on: no I/O, no locks, no async, no logging (invariant 3).
const PURE: [(&str, &[&str]); 5] = [
    ("model", &["crc32fast", "sha2", "subtle", "zeroize"]),
    ("limits", &["model", "papaya", "foldhash"]),
    ("admission", &["model", "proof", "sha2", "subtle", "data-encoding"]),
    ("proof", &["model", "aws-lc-rs", "data-encoding", "serde", "serde_json"]),
    ("dashboard", &[]),
];

/// Packages that only the named crates may import, and why.
const FENCES: [(&str, &[&str], &str); 8] = [
    ("sqlx", &["store", "invoicing"], "only `store` speaks SQL (invariant 2); `invoicing` owns its small database"),
    ("rustls-platform-verifier", &["egress"], "only `egress` dials out (invariant 2)"),
    ("axum", &["control", "invoicing"], "the data plane has no web framework"),
    ("clap", &["server"], "only the binary reads a command line"),
    ("toml", &["server", "catalogue"], "file formats live at the edge (invariant 11)"),
    ("serde-saphyr", &["catalogue"], "file formats live at the edge (invariant 11)"),
    ("getrandom", &["server"], "randomness is an argument (invariant 4)"),
    ("tracing-subscriber", &["server"], "only the binary decides where logs go"),
];

/// Packages that may not be in the tree, and why.
const BANS: [(&str, &str); 7] = [
    ("openssl-sys", "one cryptographic provider: aws-lc-rs"),
    ("openssl", "one cryptographic provider: aws-lc-rs"),
    ("native-tls", "one TLS stack: rustls"),
    ("ring", "one cryptographic provider: aws-lc-rs"),
    ("serde_yaml", "unmaintained"),
    ("reqwest", "everything that dials out goes through `egress`"),
    ("chrono", "time is jiff's at the edge and `model::Timestamp` inside"),
];

/// Features that may not be switched on, and why.
const FEATURE_BANS: [(&str, &str, &str); 2] = [
    ("hyper-util", "client-legacy", "its pool dials; `egress` has its own (invariant 2)"),
    ("sqlx", "any", "types, RETURNING and JSON differ per engine behind it"),
];

/// How code opens a connection. Outside `egress` only tests may (invariant 2), and `invoicing`, which stands for an upstream
/// written by somebody else and reads the gateway's key set.
const DIALLING: [&str; 6] = [
    "TcpStream::connect",
    "UnixStream::connect",
    "UdpSocket::connect",
    "TcpSocket::new",
    "hyper::client",
    "to_socket_addrs(",
];

/// Packages and their features.
type Tree = BTreeMap<String, BTreeSet<String>>;

const TABLE_START: &str = "<!-- dependency table: written by `cargo xtask tidy --fix` -->\n";
const TABLE_END: &str = "<!-- end of the dependency table -->";
const TABLE_HOME: &str = "ARCHITECTURE.md";

pub(super) fn check(metadata: &Metadata, tree: &Tree, files: &[File], slips: &mut Slips) {
    let imports = metadata.imports();
    layers(&imports, slips);
    fences(&imports, slips);
    bans(tree, slips);
    dialling(files, slips);
    let current = files.iter().find(|file| file.path == TABLE_HOME).and_then(|file| split(&file.text));
    match current {
        Some((_, body, _)) if body == table(&imports) => {}
        Some(_) => slips.add(TABLE_HOME, None, "the dependency table is not what cargo says: cargo xtask tidy --fix"),
        None => slips.add(TABLE_HOME, None, "the dependency table's two marker lines are missing"),
    }
}

/// Puts the table that cargo's answer makes between the two markers.
pub(super) fn rewrite_table(root: &Path, metadata: &Metadata) -> Result<()> {
    let path = root.join(TABLE_HOME);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {TABLE_HOME}"))?;
    let (before, _, after) = split(&text).context("the dependency table's two marker lines are missing")?;
    fs::write(&path, format!("{before}{}{after}", table(&metadata.imports()))).context("cannot write the table")
}

/// The text up to the table, the table, the text after it.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find(TABLE_START)? + TABLE_START.len();
    let end = start + text.get(start..)?.find(TABLE_END)?;
    Some((&text[..start], &text[start..end], &text[end..]))
}

fn table(imports: &BTreeMap<&str, BTreeSet<&str>>) -> String {
    let mut rows: Vec<_> = imports.iter().collect();
    rows.sort_by_key(|(name, _)| (std::cmp::Reverse(layer(name)), **name));
    let mut text = String::from("| crate | imports of ours |\n|---|---|\n");
    for (name, imported) in rows {
        let ours: Vec<String> =
            imported.iter().filter(|i| imports.contains_key(*i)).map(|i| format!("`{i}`")).collect();
        let _ =
            writeln!(text, "| `{name}` | {} |", if ours.is_empty() { "nothing".to_owned() } else { ours.join(" ") });
    }
    text
}

fn layer(name: &str) -> Option<u8> {
    LAYERS.iter().find(|(crate_name, _)| *crate_name == name).map(|(_, layer)| *layer)
}

fn layers(imports: &BTreeMap<&str, BTreeSet<&str>>, slips: &mut Slips) {
    for (name, imported) in imports {
        let manifest = format!("{name}/Cargo.toml");
        let Some(own) = layer(name) else {
            slips.add(&manifest, None, "a new crate: give it a layer in xtask/src/tidy/dependencies.rs");
            continue;
        };
        for other in imported.iter().filter(|other| imports.contains_key(*other)) {
            if layer(other).is_none_or(|below| below >= own) {
                slips.add(&manifest, None, format!("imports `{other}`, which is not below it"));
            }
        }
        if *name == "invoicing" && imported.iter().any(|other| imports.contains_key(other)) {
            slips.add(&manifest, None, "`invoicing` imports nothing of ours: it sees only what the gateway sends");
        }
    }
}

fn fences(imports: &BTreeMap<&str, BTreeSet<&str>>, slips: &mut Slips) {
    for (name, imported) in imports {
        let manifest = format!("crates/{name}/Cargo.toml");
        if let Some((_, allowed)) = PURE.iter().find(|(pure, _)| pure == name) {
            for other in imported.iter().filter(|other| !allowed.contains(other)) {
                slips.add(&manifest, None, format!("`{other}`: this crate is pure (invariant 3)"));
            }
        }
        for (package, allowed, why) in FENCES {
            if imported.contains(package) && !allowed.contains(name) && !matches!(*name, "xtask" | "testkit") {
                slips.add(&manifest, None, format!("`{package}`: {why}"));
            }
        }
    }
}

fn bans(tree: &Tree, slips: &mut Slips) {
    for (package, why) in BANS {
        if tree.contains_key(package) {
            slips.add(
                "Cargo.lock",
                None,
                format!("`{package}` is in the tree: {why} (find it with cargo tree -i {package})"),
            );
        }
    }
    for (package, feature, why) in FEATURE_BANS {
        if tree.get(package).is_some_and(|features| features.contains(feature)) {
            slips.add("Cargo.toml", None, format!("`{package}` has the feature `{feature}`: {why}"));
        }
    }
}

fn dialling(files: &[File], slips: &mut Slips) {
    let may =
        |path: &str| ["egress", "invoicing", "testkit"].iter().any(|name| path.starts_with(&format!("crates/{name}/")));
    for file in files.iter().filter(|file| file.path.starts_with("crates/") && !may(&file.path)) {
        for (number, line) in product_lines(file) {
            if let Some(call) = DIALLING.iter().find(|call| line.contains(**call)) {
                slips.add(&file.path, Some(number), format!("`{call}`: only `egress` dials out (invariant 2)"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slips of a workspace in which this crate imports these.
    fn slips(name: &'static str, imported: &[&'static str]) -> String {
        let ours = LAYERS.iter().map(|(name, _)| (*name, BTreeSet::new()));
        let mut imports: BTreeMap<&str, BTreeSet<&str>> = ours.collect();
        imports.insert(name, imported.iter().copied().collect());
        let mut slips = Slips::default();
        layers(&imports, &mut slips);
        fences(&imports, &mut slips);
        slips.0.join("\n")
    }

    #[test]
    fn d45_a_crate_beyond_its_fence_is_told_and_the_exceptions_are_not() {
        for (name, imported) in [
            ("store", &["model", "sqlx"][..]),
            ("invoicing", &["sqlx", "axum"]),
            ("egress", &["model", "rustls-platform-verifier"]),
            ("gateway", &["admission", "egress", "limits", "store"]),
            ("control", &["api", "dashboard", "store"]),
            ("xtask", &["toml"]),
        ] {
            assert_eq!(slips(name, imported), "", "{name}");
        }
        for (name, imported, said) in [
            ("gateway", "sqlx", "only `store` speaks SQL"),
            ("control", "rustls-platform-verifier", "only `egress` dials out"),
            ("gateway", "control", "which is not below it"),
            ("control", "gateway", "which is not below it"),
            ("invoicing", "model", "it sees only what the gateway sends"),
            ("admission", "tokio", "this crate is pure"),
        ] {
            assert!(slips(name, &[imported]).contains(said), "{name} imports {imported}");
        }
    }
}
