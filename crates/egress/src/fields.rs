//! Fields of an answer's head as they came: one block of bytes, and where in it each name and value lies.
//!
//! Owns:  `Fields`; the map of them, for whoever needs one.
//! Never: holds a field of one connection, or the content's length among the others.
//! Read:  `Fields::iter`, then `Fields::into_map`.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// The fields of an answer, in the order in which they came, without those of one connection. Names are as the upstream
/// spelt them; names and values hold no character that could end a line.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    block: Bytes,
    spans: Vec<Span>,
    length: Option<u64>,
}

/// Where a field lies in the block. A head is far smaller than what fits.
#[derive(Clone, Copy, Debug)]
struct Span {
    name: (u32, u32),
    value: (u32, u32),
}

impl Fields {
    pub(crate) fn new(block: Bytes, count: usize) -> Self {
        Self { block, spans: Vec::with_capacity(count), length: None }
    }

    /// Adds a field that lies in the block; whether it does.
    pub(crate) fn push(&mut self, name: &[u8], value: &[u8]) -> bool {
        let (Some(name), Some(value)) = (self.place(name), self.place(value)) else { return false };
        self.spans.push(Span { name, value });
        true
    }

    fn place(&self, part: &[u8]) -> Option<(u32, u32)> {
        // The parser gives an empty value that lies nowhere.
        if part.is_empty() {
            return Some((0, 0));
        }
        let at = (part.as_ptr() as usize).checked_sub(self.block.as_ptr() as usize)?;
        let end = at.checked_add(part.len()).filter(|end| *end <= self.block.len())?;
        Some((u32::try_from(at).ok()?, u32::try_from(end).ok()?))
    }

    /// Takes out the fields of a name.
    pub(crate) fn remove(&mut self, name: &[u8]) {
        if name.eq_ignore_ascii_case(b"content-length") {
            self.length = None;
        }
        let block = &self.block;
        self.spans.retain(|span| !part(block, span.name).eq_ignore_ascii_case(name));
    }

    pub(crate) const fn set_length(&mut self, length: Option<u64>) {
        self.length = length;
    }

    /// What the upstream said of the content's length: for an answer to HEAD or a 304, of the content that it stands for.
    #[must_use]
    pub const fn length(&self) -> Option<u64> {
        self.length
    }

    /// Names, in any case, and values; without `Content-Length`.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.spans.iter().map(|span| (part(&self.block, span.name), part(&self.block, span.value)))
    }

    /// All of them as a map, the content's length included.
    #[must_use]
    pub fn into_map(self) -> HeaderMap {
        let mut map = HeaderMap::with_capacity(self.spans.len() + 1);
        for span in &self.spans {
            let value = self.block.slice(span.value.0 as usize..span.value.1 as usize);
            // What the parser took for a field is one; and no head holds more of them than a map does.
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(part(&self.block, span.name)), HeaderValue::from_maybe_shared(value))
            {
                let _full = map.try_append(name, value);
            }
        }
        if let Some(length) = self.length {
            map.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        map
    }
}

fn part(block: &[u8], (from, to): (u32, u32)) -> &[u8] {
    block.get(from as usize..to as usize).unwrap_or_default()
}
