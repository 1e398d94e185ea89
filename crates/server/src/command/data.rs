//! `claviger doctor`, `backup` and `restore`: commands on a data folder.
//!
//! Owns:  what they print, and the files beside the database that they look at.
//! Never: changes anything but by a restore.
//! Read:  `doctor`.

use crate::{
    cli::{Backup, ConfigFile, Doctor, Restore},
    clock,
    config::{Config, sheet::Sheet},
    deployment,
    failure::{Exit, Failure},
    operator_token,
    output::{Output, facts},
    sealing_key, signing_key,
};
use std::path::{Path, PathBuf};
use store::{Health, Options, UsageHealth, WritesHealth};

/// The folder that flags or the configuration name. For a folder alone no whole configuration is needed.
pub(crate) fn folder(data: Option<PathBuf>, file: &ConfigFile) -> Result<PathBuf, Failure> {
    if let Some(folder) = data {
        return Ok(folder);
    }
    if !file.config.exists() {
        let message = format!("which data folder? There is no {}", file.config.display());
        return Err(Failure::usage(message, "say --data DIR or --config FILE"));
    }
    let sheet = Sheet::read(Some(&file.config), std::env::vars_os())?;
    Ok(Config::folder_of(sheet)?)
}

#[derive(serde::Serialize)]
struct Examined {
    folder: String,
    sqlite_version: String,
    journal_mode: String,
    schema_version: i64,
    database_bytes: u64,
    wal_bytes: u64,
    revision: u64,
    accounts: u64,
    companies: u64,
    keys: u64,
    operator_tokens: u64,
    audit_entries: u64,
    usage_bytes: u64,
    usage_requests: u64,
    writes_bytes: u64,
    writes: u64,
    writes_unknown: u64,
    /// What is allowed and still worth knowing, of the configuration if there is one (D31).
    warnings: Vec<String>,
    problems: Vec<String>,
}

/// Examines a folder; exit code 3 when something is wrong.
pub(crate) async fn doctor(args: Doctor) -> Result<(), Failure> {
    let warnings = match &args.data {
        // Whose configuration the folder has is not known then.
        Some(_) => Vec::new(),
        None => Config::load(&args.file.config).map(|config| deployment::warnings(&config)).unwrap_or_default(),
    };
    let folder = folder(args.data, &args.file)?;
    let health = store::inspect(&folder).await?;
    let usage = store::inspect_usage(&folder).await?;
    let writes = store::inspect_writes(&folder).await?;
    let examined = Examined { warnings, ..examined(&folder, health, usage, writes) };
    Output::of(args.json.json).show(&examined, text)?;
    if examined.problems.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Exit::Problems, format!("{} problems found", examined.problems.len())))
}

fn examined(folder: &Path, health: Health, usage: UsageHealth, writes: WritesHealth) -> Examined {
    let mut problems = health.problems;
    problems.extend(usage.problems);
    problems.extend(writes.problems);
    if let Err(error) = sealing_key::check(folder) {
        problems.push(format!("the key that seals answers: {error:#}"));
    }
    if let Err(error) = signing_key::check(folder) {
        problems.push(format!("the context's signing key: {error:#}"));
    }
    Examined {
        folder: folder.display().to_string(),
        sqlite_version: health.sqlite_version,
        journal_mode: health.journal_mode,
        schema_version: health.schema_version,
        database_bytes: health.database_bytes,
        wal_bytes: health.wal_bytes,
        revision: health.revision.0,
        accounts: health.counts.accounts,
        companies: health.counts.companies,
        keys: health.counts.keys,
        operator_tokens: health.counts.operator_tokens,
        audit_entries: health.counts.audit_entries,
        usage_bytes: usage.bytes,
        usage_requests: usage.requests,
        writes_bytes: writes.bytes,
        writes: writes.records,
        writes_unknown: writes.unknown,
        warnings: Vec::new(),
        problems,
    }
}

fn text(examined: &Examined) -> String {
    let list = facts(&[
        ("data folder", examined.folder.clone()),
        ("database", format!("{} bytes, log {} bytes", examined.database_bytes, examined.wal_bytes)),
        ("sqlite", format!("{}, journal {}", examined.sqlite_version, examined.journal_mode)),
        ("schema", examined.schema_version.to_string()),
        ("revision", examined.revision.to_string()),
        ("accounts", examined.accounts.to_string()),
        ("companies", examined.companies.to_string()),
        ("keys", examined.keys.to_string()),
        ("operator tokens", examined.operator_tokens.to_string()),
        ("audit entries", examined.audit_entries.to_string()),
        ("usage file", format!("{} bytes, {} requests", examined.usage_bytes, examined.usage_requests)),
        (
            "records of writes",
            format!(
                "{}, {} with unknown outcome, {} bytes",
                examined.writes, examined.writes_unknown, examined.writes_bytes
            ),
        ),
    ]);
    let warnings: String = examined.warnings.iter().map(|w| format!("\nwarning: {w}")).collect();
    let list = if warnings.is_empty() { list } else { format!("{list}\n{warnings}") };
    if examined.problems.is_empty() {
        return format!("{list}\n\nAll is well: the file is sound and the audit chain is whole.");
    }
    let problems: String = examined.problems.iter().map(|p| format!("\n  - {p}")).collect();
    format!("{list}\n\nProblems:{problems}")
}

#[derive(serde::Serialize)]
struct Written {
    file: String,
    bytes: u64,
    revision: u64,
    audit_entries: u64,
    audit_head: String,
    /// The usage file's own back-up, unless it was left out or there is none.
    usage_file: Option<String>,
    /// The records of writes, beside it.
    writes_file: Option<String>,
}

/// Writes a back-up, also beside a running process.
pub(crate) async fn backup(args: Backup) -> Result<(), Failure> {
    let folder = folder(args.data, &args.file)?;
    let backup = store::backup(&folder, &args.to).await?;
    let beside = store::usage_beside(&backup.path);
    let usage = if args.without_usage { None } else { store::backup_usage(&folder, &beside).await? };
    let written = Written {
        file: backup.path.display().to_string(),
        bytes: backup.bytes,
        revision: backup.revision.0,
        audit_entries: backup.audit.sequence,
        audit_head: hex(&backup.audit.hash),
        usage_file: usage.map(|_| beside.display().to_string()),
        writes_file: backup.writes.map(|path| path.display().to_string()),
    };
    Output::of(args.json.json).show(&written, |w| {
        let usage = w.usage_file.as_ref().map(|file| format!("\n{file} holds the usage.")).unwrap_or_default();
        let writes =
            w.writes_file.as_ref().map(|file| format!("\n{file} holds the records of writes: keep it beside it."));
        format!(
            "{} holds everything up to revision {} ({} bytes), read back and checked.{usage}{}\n\
             It does not hold {}, the key that signs the context, nor {}, which seals answers: copy these files too.",
            w.file,
            w.revision,
            w.bytes,
            writes.unwrap_or_default(),
            signing_key::path(&folder).display(),
            sealing_key::path(&folder).display()
        )
    })?;
    Ok(())
}

#[derive(serde::Serialize)]
struct PutBack {
    folder: String,
    revision: u64,
    kept: Option<String>,
    /// Whether the usage file was put back too.
    usage: bool,
}

/// Puts a back-up in place; the old database is kept beside it.
pub(crate) async fn restore(args: Restore) -> Result<(), Failure> {
    clock::check_randomness()?;
    let folder = folder(args.data, &args.file)?;
    let restored = store::restore(&args.from, &folder, Options::default(), operator_token::stamp()).await?;
    let beside = store::usage_beside(&args.from);
    let usage = !args.without_usage && beside.exists();
    if usage {
        store::restore_usage(&beside, &folder, clock::now()).await?;
    }
    let put_back = PutBack {
        folder: folder.display().to_string(),
        revision: restored.revision.0,
        kept: restored.kept.map(|p| p.display().to_string()),
        usage,
    };
    Output::of(args.json.json).show(&put_back, |p| {
        let kept = p.kept.as_ref().map(|k| format!("\nThe database that was there is now {k}.")).unwrap_or_default();
        format!(
            "{} is as it was at revision {}. Keys that were revoked after the back-up work again: check them.{kept}",
            p.folder, p.revision
        )
    })?;
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
