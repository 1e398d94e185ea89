//! Bodies: from bytes to the type that an operation takes.
//!
//! Owns:  reading within bounds, media type, and messages that say where the body is wrong.
//! Never: repeats long words of a body in a message: they may be secrets (R71).
//! Read:  `read`.

use crate::{limits::Limits, refusal::Refusal};
use api::Code;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

/// Words of this length or longer are left out of messages; every secret is longer.
const WORD_MAX: usize = 32;

/// Reads a body into `T`. No bytes at all are an empty object.
pub(crate) async fn read<T: DeserializeOwned>(headers: &HeaderMap, body: Body, limits: &Limits) -> Result<T, Refusal> {
    let bytes = collect(body, limits).await?;
    if bytes.is_empty() {
        return parse(b"{}");
    }
    let declared = headers.get(header::CONTENT_TYPE).map_or(&b""[..], http::HeaderValue::as_bytes);
    let media_type = declared.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
    if !media_type.eq_ignore_ascii_case(b"application/json") {
        return Err(Refusal::from(Code::UnsupportedMediaType));
    }
    // The reader would also take an array for an object, by the order of its members.
    if matches!(bytes.trim_ascii_start().first(), Some(b'[')) {
        return Err(Refusal::field("", "a JSON object is wanted here, not an array"));
    }
    parse(&bytes)
}

async fn collect(body: Body, limits: &Limits) -> Result<Bytes, Refusal> {
    let reading = Limited::new(body, limits.body_max).collect();
    match tokio::time::timeout(limits.body_read, reading).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let detail = format!("The request body is larger than {} bytes.", limits.body_max);
            Err(Refusal::with_detail(Code::BodyTooLarge, detail))
        }
        Ok(Err(_)) => Err(Refusal::from(Code::MalformedRequest)),
        Err(_) => {
            let detail = format!("The request body did not arrive within {} seconds.", limits.body_read.as_secs());
            Err(Refusal::with_detail(Code::MalformedRequest, detail))
        }
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let mut source = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut source).map_err(|error| {
        let pointer = pointer(error.path());
        refusal(&pointer, error.inner())
    })?;
    source.end().map_err(|error| refusal("", &error))?;
    Ok(value)
}

fn refusal(pointer: &str, error: &serde_json::Error) -> Refusal {
    let (line, column) = (error.line(), error.column());
    let told = error.to_string();
    let told = told.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&told);
    match error.classify() {
        serde_json::error::Category::Data => Refusal::field(brief(pointer), brief(told)),
        serde_json::error::Category::Syntax | serde_json::error::Category::Eof | serde_json::error::Category::Io => {
            let detail = format!("The request body is not JSON: {} (line {line}, column {column}).", brief(told));
            Refusal::with_detail(Code::MalformedJson, detail)
        }
    }
}

/// RFC 6901.
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// `text` with every long word left out.
pub(crate) fn brief(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '=');
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        out.push_str(if word.len() < WORD_MAX { word } else { "…" });
        let gap = after.find(is_word).unwrap_or(after.len());
        let (between, next) = after.split_at(gap);
        out.push_str(between);
        rest = next;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r71_long_words_are_left_out_and_short_ones_stay() {
        let secret = "sk_test_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH";
        assert_eq!(brief(&format!("unknown field `{secret}`, expected `name`")), "unknown field `…`, expected `name`");
        assert_eq!(brief("è vuoto: /a/b"), "è vuoto: /a/b");
        assert_eq!(brief(""), "");
    }
}
