//! Idempotency: how an operation takes `Idempotency-Key`, and the key's own text (D16, D28, D40).
//!
//! Owns:  `Idempotency` (an operation's rules), `Recovery` (its look-up), `IdempotencyKey` (the caller's word).
//! Never: keeps records; `store` does.
//! Read:  `IdempotencyKey::read`, then `Idempotency`.

use crate::operation::{OperationId, Place};
use std::fmt;

/// The longest key, in characters (D16).
pub const IDEMPOTENCY_KEY_MAX: usize = 255;

/// How an operation treats `Idempotency-Key`. Every write accepts one; the default asks for nothing more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Idempotency {
    /// Without the header the answer is 400 (D28).
    pub required: bool,
    /// Answers that say that nothing was done: the record is released, and a retry runs (D40). 429 always is one.
    pub not_executed: Box<[u16]>,
    /// How a lost outcome is looked up (D17).
    pub recovery: Option<Recovery>,
}

/// Another operation of the same upstream that finds what a lost write has made (D17).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The operation that is asked; GET, with a read scope.
    pub operation: OperationId,
    /// Where it takes the business key: `query:NAME`, `path:NAME` or `header:NAME`.
    pub at: Place,
    /// Where the lost request has it: `body:/pointer`, `query:NAME`, `path:NAME` or `header:NAME`.
    pub from: Place,
    /// Where the answer has what was made: `response:` (the whole) or `response:/0`. Nothing there: it was not made.
    pub found: Place,
    /// The status that the retry is answered with, and the found object as its body.
    pub status: u16,
}

/// The caller's word for one write: 1 to `IDEMPOTENCY_KEY_MAX` visible characters, quoted or bare (D28).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(Box<[u8]>);

impl IdempotencyKey {
    /// From a header's value. A quoted string (RFC 9651) and the same characters bare are the same key; `None` when
    /// malformed: empty, too long, with white space, control characters or bytes beyond ASCII.
    #[must_use]
    pub fn read(value: &[u8]) -> Option<Self> {
        let value = value.trim_ascii();
        let text: Box<[u8]> = match value.split_first() {
            Some((b'"', rest)) => {
                let inner = rest.strip_suffix(b"\"")?;
                let mut text = Vec::with_capacity(inner.len());
                let mut bytes = inner.iter();
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'"' => return None,
                        b'\\' => match bytes.next() {
                            Some(escaped @ (b'"' | b'\\')) => text.push(*escaped),
                            Some(_) | None => return None,
                        },
                        byte => text.push(*byte),
                    }
                }
                text.into()
            }
            Some(_) => value.into(),
            None => return None,
        };
        let visible = text.iter().all(u8::is_ascii_graphic);
        (visible && (1..=IDEMPOTENCY_KEY_MAX).contains(&text.len())).then_some(Self(text))
    }

    /// The characters, without quotes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The caller's word may be telling; logs say that there is one.
impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d28_quoted_and_bare_are_the_same_key() {
        let read = |text: &str| IdempotencyKey::read(text.as_bytes());
        for text in ["a", "inv-2024-001-first-attempt", "8e03978e-40d5-43dd-bc93-6894a57f9324", "a,b;c=d", "x\"y"] {
            let quoted = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
            assert_eq!(read(text).unwrap(), read(&quoted).unwrap(), "{text}");
            assert_eq!(read(&format!("  {text}\t")).unwrap(), read(text).unwrap());
        }
        let longest = "k".repeat(IDEMPOTENCY_KEY_MAX);
        assert!(read(&longest).is_some() && read(&format!("{longest}k")).is_none());
        for text in ["", "\"", "\"\"", "\"a", "a b", "é", "\"a\\n\"", "\"a\"b\"", "a\u{7f}"] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
