//! Metadata: what cargo says about the workspace and what it builds on.
//!
//! Owns:  the few facts of `cargo metadata` and `cargo tree` that the checks read.
//! Never: judges; `tidy` does.
//! Read:  `Metadata::load`, then `tree`.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

/// The platform whose tree the bans are about: the one that is shipped.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// The workspace as cargo resolved it.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

impl Metadata {
    /// Asks cargo, for the shipped platform, with the committed lock file.
    pub(crate) fn load(root: &Path) -> Result<Self> {
        let output = cargo(root, &["metadata", "--format-version=1"], &["--locked", "--filter-platform", PLATFORM])?;
        serde_json::from_slice(&output).context("cargo metadata printed something unexpected")
    }

    /// Our crates, each with the names that its manifest lists for building (not for testing), ours and others'.
    pub(crate) fn imports(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let ours = self.packages.iter().filter(|package| self.workspace_members.contains(&package.id));
        ours.map(|package| {
            let built_on = package.dependencies.iter().filter(|d| d.kind.is_none()).map(|d| d.name.as_str());
            (package.name.as_str(), built_on.collect())
        })
        .collect()
    }
}

/// Every package that is built for the shipped platform, ours and others', with its features. From `cargo tree`, because
/// the resolution in `cargo metadata` still lists optional packages that no build ever touches.
pub(crate) fn tree(root: &Path) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let shown = ["--workspace", "--edges=normal,build,dev", "--prefix=none", "--no-dedupe", "--format={p}|{f}"];
    let output = cargo(root, &["tree", "--locked", "--target", PLATFORM], &shown)?;
    let text = String::from_utf8(output).context("cargo tree printed something unexpected")?;
    let mut tree: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines() {
        let (package, features) = line.split_once('|').unwrap_or((line, ""));
        let name = package.split(' ').next().unwrap_or_default();
        let features = features.split(',').filter(|feature| !feature.is_empty()).map(str::to_owned);
        tree.entry(name.to_owned()).or_default().extend(features);
    }
    // A ban that looks at an empty tree would never fire.
    anyhow::ensure!(tree.contains_key("tokio"), "cargo tree did not list what this workspace builds on");
    Ok(tree)
}

fn cargo(root: &Path, arguments: &[&str], more: &[&str]) -> Result<Vec<u8>> {
    let what = arguments.first().copied().unwrap_or_default();
    let mut command = Command::new("cargo");
    let output = command.current_dir(root).args(arguments).args(more).output();
    let output = output.with_context(|| format!("cannot start cargo {what}"))?;
    if !output.status.success() {
        bail!("cargo {what}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}
