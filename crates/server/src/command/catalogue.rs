//! `claviger catalogue ...`.
//!
//! Owns:  where a drafted catalogue goes, and what is said about it.
//! Never: overwrites a reviewed catalogue unasked.
//! Read:  `run`.

use crate::{
    catalogue_file,
    cli::catalogue::{CatalogueCommand, Check, Import},
    failure::{Exit, Failure},
    name,
    output::{Output, line, remark},
};
use catalogue::{Draft, NoteKind};
use std::{io::Write as _, path::Path};

pub(crate) fn run(command: CatalogueCommand) -> Result<(), Failure> {
    match command {
        CatalogueCommand::Import(args) => import(&args),
        CatalogueCommand::Check(args) => check(&args),
    }
}

#[derive(serde::Serialize)]
struct Imported<'a> {
    title: &'a str,
    prefix: &'a str,
    operations: usize,
    output: Option<String>,
    /// The whole file, when it was not written to one.
    catalogue: Option<&'a str>,
    notes: &'a [catalogue::Note],
    problems: &'a [catalogue::Problem],
}

fn import(args: &Import) -> Result<(), Failure> {
    let draft = catalogue_file::import(&args.file, args.prefix.as_deref(), &args.rules)?;
    let text = draft.to_toml();
    match &args.output {
        Some(path) => write(path, &text, args.force)?,
        None if !args.json.json => line(&text),
        None => {}
    }
    if args.json.json {
        let imported = Imported {
            title: &draft.title,
            prefix: &draft.prefix,
            operations: draft.operations.len(),
            output: args.output.as_ref().map(|p| p.display().to_string()),
            catalogue: args.output.is_none().then_some(&text),
            notes: &draft.notes,
            problems: &draft.problems,
        };
        Output::Json.show(&imported, |_| String::new())?;
    } else {
        remark(&summary(args, &draft));
    }
    if draft.problems.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = draft.problems.iter().map(|p| catalogue_file::problem(&args.file, p)).collect();
    Err(Failure::problems(lines.join("\n")))
}

fn summary(args: &Import, draft: &Draft) -> String {
    let count = |kind: NoteKind| draft.notes.iter().filter(|note| note.kind == kind).count();
    let (guessed, warnings) = (count(NoteKind::Guessed), count(NoteKind::Warning));
    let mut out = format!(
        "{}: {} operations under {}; {guessed} guesses and {warnings} warnings to look at.",
        draft.title,
        draft.operations.len(),
        if draft.prefix.is_empty() { "/" } else { &draft.prefix },
    );
    if let Some(path) = &args.output {
        out.push_str(&format!("\nReview {}, then: {} catalogue check {}", path.display(), name::NAME, path.display()));
    }
    out
}

fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if !force {
        options.create_new(true);
    }
    let failed = |error: std::io::Error| {
        let failure = Failure::new(Exit::Failed, format!("{}: {error}", path.display()));
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            failure.hint("choose another name, or overwrite it with --force")
        } else {
            failure
        }
    };
    options.open(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)
}

fn check(args: &Check) -> Result<(), Failure> {
    let report = catalogue_file::check(&args.file, args.against.as_deref(), args.prefix.as_deref(), &args.rules)?;
    Output::of(args.json.json).show(&report, ToString::to_string)?;
    if report.is_clean() {
        return Ok(());
    }
    let lines: Vec<_> = report.problems.iter().map(|p| catalogue_file::problem(&args.file, p)).collect();
    let message = if lines.is_empty() {
        format!("{}: there is something to settle", args.file.display())
    } else {
        lines.join("\n")
    };
    Err(Failure::problems(message))
}
