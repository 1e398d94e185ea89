//! Fuzz: runs every fuzz target for a while, with the toolchain that builds everything else.
//!
//! Owns:  the flags that give a stable compiler's output the coverage that libFuzzer wants.
//! Never: replaces a long run with sanitizers; `fuzz/README.md` says how to do one.
//! Read:  `run`.

use anyhow::{Context, Result, bail, ensure};
use std::{fs, path::Path, process::Command, sync::Mutex};

/// Seconds per target when nothing is said: enough to run the kept inputs and some thousands of new ones.
pub(crate) const SECONDS: u32 = 5;
/// The longest input, in bytes.
const INPUT_MAX: u32 = 1024;
/// Inputs of one target in the repository, at most.
const KEPT_MAX: usize = 96;
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

/// What becomes of inputs that reach something new.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// They stay out of the repository.
    Nothing,
    /// They are added to `fuzz/corpus`.
    New,
}

/// Builds all targets, then runs them, as many side by side as there are cores; fails when an input does harm.
pub(crate) fn run(root: &Path, seconds: u32, keep: Keep) -> Result<()> {
    let mut build = Command::new("cargo");
    build.current_dir(root).args(["build", "--release", "--locked", "--quiet", "--manifest-path", "fuzz/Cargo.toml"]);
    build.args(["--target", TARGET, "--target-dir", BUILD]);
    build.env("RUSTFLAGS", FLAGS.join(" ")).env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true");
    ensure!(build.status().context("cannot start cargo")?.success(), "the fuzz targets do not build");
    let waiting = Mutex::new(targets(root)?.into_iter());
    let side_by_side = std::thread::available_parallelism().map_or(1, usize::from);
    let next = || waiting.lock().ok()?.next();
    let work = || std::iter::from_fn(next).try_for_each(|target| one(root, &target, seconds, keep));
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..side_by_side).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| bail!("a fuzzing thread died")))
    })
}

/// Runs one target; with `keep`, adds to the repository what reached code that the kept inputs do not.
fn one(root: &Path, target: &str, seconds: u32, keep: Keep) -> Result<()> {
    let program = root.join(BUILD).join(TARGET).join("release").join(target);
    let (found, kept) = (root.join(BUILD).join("inputs").join(target), root.join("fuzz/corpus").join(target));
    for folder in [&found, &kept] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let run = |arguments: &[String], folders: [&Path; 2]| -> Result<String> {
        let mut fuzzer = Command::new(&program);
        // An input that does harm stays beside the new ones, out of the repository.
        fuzzer.current_dir(root).args(arguments).arg(format!("-artifact_prefix={}/", found.display())).args(folders);
        let output = fuzzer.output().with_context(|| format!("cannot start the fuzz target {target}"))?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "fuzz target {target} found an input that does harm:\n{said}");
        Ok(said)
    };
    let length = format!("-max_len={INPUT_MAX}");
    let said = run(&[format!("-max_total_time={seconds}"), length.clone()], [&found, &kept])?;
    println!("{target}: {}", said.lines().last().unwrap_or_default().to_lowercase());
    if keep == Keep::New {
        let merged = root.join(BUILD).join("merged").join(target);
        // What an earlier run merged is in the repository or was not among the smallest.
        let _may_not_exist = fs::remove_dir_all(&merged);
        fs::create_dir_all(&merged).with_context(|| format!("cannot make {}", merged.display()))?;
        run(&["-merge=1".to_owned(), length], [&merged, &found])?;
        keep_smallest(&merged, &kept)?;
    }
    Ok(())
}

/// Copies the smallest inputs of `from` to `to`, until there are `KEPT_MAX`.
fn keep_smallest(from: &Path, to: &Path) -> Result<()> {
    let mut inputs = Vec::new();
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        inputs.push((entry.metadata()?.len(), entry.file_name()));
    }
    inputs.sort();
    let room = KEPT_MAX.saturating_sub(fs::read_dir(to)?.count());
    for (_, name) in inputs.into_iter().filter(|(_, name)| !to.join(name).exists()).take(room) {
        fs::copy(from.join(&name), to.join(&name))?;
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
