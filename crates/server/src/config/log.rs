//! `[log]`: what is written where.
//!
//! Owns:  the section's values.
//! Never: opens a file.
//! Read:  `section`.

use super::{check, sheet::Sheet};
use std::path::PathBuf;

/// `[log]`.
#[derive(Clone, Debug)]
pub(crate) struct LogSection {
    pub(crate) json: bool,
    pub(crate) level: String,
    pub(crate) requests: RequestLog,
}

/// Where request lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RequestLog {
    Off,
    Stderr,
    Stdout,
    File(PathBuf),
}

/// Every setting is checked before the first `?`.
pub(super) fn section(sheet: &mut Sheet) -> Option<LogSection> {
    let json = sheet.text("log.format", |t| check::one_of(t, &[("text", false), ("json", true)]));
    let level = sheet.text("log.level", |text| crate::logging::check_level(text).map(|()| text.to_owned()));
    let requests = sheet.text("log.requests", |text| Ok::<_, String>(text.to_owned()));
    let base = sheet.base("log.requests");
    let requests = requests.map(|text| match text.as_str() {
        "off" => RequestLog::Off,
        "stderr" => RequestLog::Stderr,
        "stdout" => RequestLog::Stdout,
        file => RequestLog::File(base.join(file)),
    });
    Some(LogSection { json: json?, level: level?, requests: requests? })
}
