//! Secrets that a run has issued, and the places where none of them may be (R71-R73, R116).
//!
//! Owns:  recognising secrets in answers, and finding traces of them in logs, files and metrics.
//! Never: prints one; a finding names the place and the last four characters.
//! Read:  `Secrets::learn`, then `Secrets::assert_absent`.

use crate::must::Must;
use serde_json::Value;
use std::{
    collections::HashMap,
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// Characters after the last underscore of every secret of the product.
const BODY: usize = 44;
/// How much of a secret counts as a trace of it: sixteen characters in a row do not happen by chance.
const TRACE: usize = 16;

/// Panics when an answer that refuses or fails has anything in it with the shape of a secret (R72). Every client of the
/// harness asks this of every answer it reads, so no test has to think of it.
#[track_caller]
pub fn assert_no_secret_in_error(status: u16, answer: &[u8]) {
    if status >= 400 {
        let learned = Secrets::default();
        learned.learn_text(&String::from_utf8_lossy(answer));
        assert_eq!(learned.traces(), 0, "an answer with status {status} holds something shaped like a secret");
    }
}

/// Everything secret that one run has issued so far. Clones share.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Mutex<HashMap<[u8; TRACE], String>>>);

impl Secrets {
    /// Takes every secret out of an answer: all strings that look like `prefix_...` and 44 letters and digits.
    pub fn learn(&self, answer: &Value) {
        match answer {
            Value::String(text) => self.learn_text(text),
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            Value::Object(members) => members.values().for_each(|member| self.learn(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The same for a plain text, such as what the command line prints.
    pub fn learn_text(&self, text: &str) {
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            let looks_secret = word
                .rsplit_once('_')
                .is_some_and(|(_, body)| body.len() == BODY && body.bytes().all(|b| b.is_ascii_alphanumeric()));
            if looks_secret {
                self.plant(word);
            }
        }
    }

    /// Declares a text secret, whatever it looks like.
    pub fn plant(&self, secret: &str) {
        let body = secret.rsplit_once('_').map_or(secret, |(_, body)| body);
        let tail: String = secret.chars().skip(secret.chars().count().saturating_sub(4)).collect();
        // As HTTP Basic would carry it: the middle of the encoding is the same whatever stands around it.
        let basic = data_encoding::BASE64.encode(format!("{secret}:").as_bytes());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (text, form) in [(body, "plain"), (&basic, "Basic")] {
            if let Some(trace) = text.as_bytes().first_chunk::<TRACE>() {
                known.insert(*trace, format!("...{tail} ({form})"));
            }
            if let Some(trace) = text.as_bytes().get(TRACE..).and_then(|rest| rest.first_chunk::<TRACE>()) {
                known.insert(*trace, format!("...{tail} ({form})"));
            }
        }
    }

    /// How many traces are known; a test that learned nothing proves nothing.
    #[must_use]
    pub fn traces(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Panics when a trace of any secret is in `bytes`.
    #[track_caller]
    pub fn assert_absent(&self, place: &str, bytes: &[u8]) {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for window in bytes.windows(TRACE) {
            // Cheap first: most windows of a binary file are not sixteen letters and digits.
            if !window[0].is_ascii_alphanumeric() || !window[TRACE - 1].is_ascii_alphanumeric() {
                continue;
            }
            if let Some(found) = <&[u8; TRACE]>::try_from(window).ok().and_then(|trace| known.get(trace)) {
                panic!("a secret ending in {found} is in {place}");
            }
        }
    }

    /// The same for every file below `folder`.
    #[track_caller]
    pub fn assert_absent_below(&self, folder: &Path) {
        for entry in fs::read_dir(folder).must("list a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                self.assert_absent_below(&path);
            } else if let Ok(bytes) = fs::read(&path) {
                self.assert_absent(&path.display().to_string(), &bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::panic::catch_unwind;

    const SECRET: &str = "sk_test_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefgh";

    #[test]
    fn r71_a_secret_is_found_whole_in_part_and_as_basic() {
        let secrets = Secrets::default();
        secrets.learn(&json!({"primary": {"test": {"secret": SECRET, "client_id": "ci_0123456789abcdef01234567"}}}));
        let basic = data_encoding::BASE64.encode(format!("{SECRET}:").as_bytes());
        for leak in [SECRET.to_owned(), format!("x{}y", &SECRET[8..30]), format!("authorization: Basic {basic}")] {
            assert!(catch_unwind(|| secrets.assert_absent("a log", leak.as_bytes())).is_err(), "{leak}");
        }
        secrets.assert_absent("a log", b"key ...efgh of account acc_01, client ci_0123456789abcdef01234567");
    }

    #[test]
    fn r72_a_secret_in_an_error_is_found() {
        let leak = format!(r#"{{"detail":"the key {SECRET} is not valid"}}"#);
        assert!(catch_unwind(|| assert_no_secret_in_error(401, leak.as_bytes())).is_err());
        assert_no_secret_in_error(201, leak.as_bytes());
        assert_no_secret_in_error(401, br#"{"detail":"The API key is not valid."}"#);
    }

    #[test]
    fn ids_are_not_secrets() {
        let secrets = Secrets::default();
        secrets.learn_text("key_01hzzzzzzzzzzzzzzzzzzzzzzz created");
        assert_eq!(secrets.traces(), 0);
    }
}
