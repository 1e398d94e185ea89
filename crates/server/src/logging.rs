//! Logs: where lines go and how they look. Never a secret (R71).
//!
//! Owns:  the subscriber, the request log's sink, the panic hook.
//! Never: writes to standard output, except request lines when the configuration says so.
//! Read:  `start`, then `request_sink`.

use crate::config::{LogSection, RequestLog};
use anyhow::Context as _;
use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tracing_subscriber::EnvFilter;

/// Whether `text` is a filter such as `info` or `info,store=debug`.
pub(crate) fn check_level(text: &str) -> Result<(), String> {
    // The filter's parser takes any word for the name of a part, so that a mistyped level would mean silence.
    let level = |word: &str| ["error", "warn", "info", "debug", "trace", "off"].contains(&word);
    for part in text.split(',') {
        let word = part.rsplit('=').next().unwrap_or(part);
        if !level(word) {
            return Err(format!("{word:?} is not one of error, warn, info, debug, trace, off"));
        }
    }
    EnvFilter::builder().parse(text).map(|_| ()).map_err(|error| error.to_string())
}

/// Sends the process's log lines to standard error. Once per process.
pub(crate) fn start(section: &LogSection) -> anyhow::Result<()> {
    let filter = EnvFilter::builder().parse(&section.level).context("log.level")?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if section.json {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(false).init();
    } else {
        builder.with_ansi(colours(&std::io::stderr())).init();
    }
    install_panic_hook();
    Ok(())
}

/// Whether to colour what goes to `stream`: a terminal, and nobody asked for none (`NO_COLOR`).
pub(crate) fn colours(stream: &impl std::io::IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// Where request lines go, and the switch that makes a file be opened again (after a log rotation).
pub(crate) struct RequestSink {
    /// For the gateway; `None` when request lines are off.
    pub(crate) sink: Option<gateway::LogSink>,
    /// Set to have the file opened again before the next batch.
    pub(crate) reopen: Arc<AtomicBool>,
}

/// The sink of `log.requests`. A file that cannot be opened is an error now and a lost batch later.
pub(crate) fn request_sink(target: &RequestLog) -> anyhow::Result<RequestSink> {
    let reopen = Arc::new(AtomicBool::new(false));
    let sink: Option<gateway::LogSink> = match target {
        RequestLog::Off => None,
        RequestLog::Stderr => Some(Box::new(|lines: &[u8]| write_or_drop(&mut std::io::stderr(), lines))),
        RequestLog::Stdout => Some(Box::new(|lines: &[u8]| write_or_drop(&mut std::io::stdout(), lines))),
        RequestLog::File(path) => {
            let path = path.clone();
            let open = move || {
                std::fs::OpenOptions::new().append(true).create(true).open(&path).map_err(|error| {
                    tracing::error!(file = %path.display(), %error, "the request log cannot be opened; its lines are lost");
                    error
                })
            };
            let mut file = open().context("log.requests")?;
            let wanted = Arc::clone(&reopen);
            Some(Box::new(move |lines: &[u8]| {
                if wanted.swap(false, Ordering::Relaxed)
                    && let Ok(fresh) = open()
                {
                    file = fresh;
                }
                write_or_drop(&mut file, lines);
            }))
        }
    };
    Ok(RequestSink { sink, reopen })
}

/// A full disk or a closed pipe loses log lines, not requests.
fn write_or_drop(target: &mut dyn Write, lines: &[u8]) {
    let _ = target.write_all(lines);
}

/// The longest panic message that is logged, in characters.
const PANIC_MESSAGE_MAX: usize = 300;

/// A panic is logged like everything else; whatever could be a secret in its message is blotted out (R71).
fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        let message = info.payload_as_str().unwrap_or("(no message)");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        let message: String = blot(message).chars().take(PANIC_MESSAGE_MAX).collect();
        tracing::error!(
            thread = thread.name().unwrap_or("?"),
            place,
            message,
            "panic: this is a defect, please report it"
        );
    }));
}

/// Runs of letters and digits that are long enough to be the random part of a secret.
const SECRET_RUN: usize = 32;

/// `text` without anything that could be a key, a token or a hash.
pub(crate) fn blot(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(run);
        out.push_str(if word.len() >= SECRET_RUN { "[blotted]" } else { word });
        let other = tail.find(|c: char| c.is_ascii_alphanumeric()).unwrap_or(tail.len());
        let (between, tail) = tail.split_at(other);
        out.push_str(between);
        rest = tail;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r71_what_could_be_a_secret_is_blotted_out_of_panic_messages() {
        let key = format!("sk_test_{}", "a1B2".repeat(11));
        let message = blot(&format!("index 7 of {key:?}, in żółw"));
        assert_eq!(message, "index 7 of \"sk_test_[blotted]\", in żółw");
        assert_eq!(blot(""), "");
    }

    #[test]
    fn a_mistyped_level_is_no_silent_part_name() {
        assert!(check_level("info").is_ok() && check_level("warn,store=debug").is_ok());
        assert!(check_level("inf").is_err() && check_level("info,store=loud").is_err() && check_level("").is_err());
    }
}
