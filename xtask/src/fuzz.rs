//! Fuzz: runs every fuzz target for a while, with the toolchain that builds everything else.
//!
//! Owns:  the flags that give a stable compiler's output the coverage that libFuzzer wants.
//! Never: replaces a long run with sanitizers; `fuzz/README.md` says how to do one.
//! Read:  `run`.

use anyhow::{Context, Result, ensure};
use std::{fs, path::Path, process::Command};

/// Seconds per target when nothing is said: enough to run the kept inputs and some thousands of new ones.
pub(crate) const SECONDS: u32 = 5;
/// The longest input, in bytes.
const INPUT_MAX: u32 = 1024;
/// Where the targets are built and new inputs are kept, out of the repository.
const BUILD: &str = "fuzz/target/xtask";
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Edge coverage, comparisons traced, as `cargo fuzz` asks of a nightly compiler.
const FLAGS: [&str; 7] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// Builds all targets, then runs each; fails at the first input that does harm.
pub(crate) fn run(root: &Path, seconds: u32) -> Result<()> {
    let mut build = Command::new("cargo");
    build.current_dir(root).args(["build", "--release", "--locked", "--quiet", "--manifest-path", "fuzz/Cargo.toml"]);
    build.args(["--target", TARGET, "--target-dir", BUILD]);
    build.env("RUSTFLAGS", FLAGS.join(" ")).env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true");
    ensure!(build.status().context("cannot start cargo")?.success(), "the fuzz targets do not build");
    let programs = root.join(BUILD).join(TARGET).join("release");
    for target in targets(root)? {
        let (found, kept) = (root.join(BUILD).join("inputs").join(&target), root.join("fuzz/corpus").join(&target));
        fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
        let mut fuzzer = Command::new(programs.join(&target));
        fuzzer.current_dir(root).arg(&found).arg(&kept);
        fuzzer.args([format!("-max_total_time={seconds}"), format!("-max_len={INPUT_MAX}")]);
        // An input that does harm stays beside the new ones, out of the repository.
        fuzzer.arg(format!("-artifact_prefix={}/", found.display()));
        let output = fuzzer.output().with_context(|| format!("cannot start the fuzz target {target}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "fuzz target {target} found an input that does harm:\n{said}");
        println!("{target}: {}", said.lines().last().unwrap_or_default().to_lowercase());
    }
    Ok(())
}

/// The names of all targets, sorted.
fn targets(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}
