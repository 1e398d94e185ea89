//! Reference: `$ref` inside one text.
//!
//! Owns:  local references, their bound, and what is said of others.
//! Never: opens another file or address.
//! Read:  `resolve`.

use crate::node::Node;

/// The longest chain of references.
pub(super) const REFERENCES_MAX: usize = 16;

/// The node that `node` refers to, or `node` itself; the message says why there is none.
pub(super) fn resolve<'n>(root: &'n Node, node: &'n Node) -> Result<&'n Node, String> {
    let mut node = node;
    for _ in 0..REFERENCES_MAX {
        let Some(reference) = node.get("$ref") else { return Ok(node) };
        let Some(reference) = reference.as_text() else { return Err("has a $ref that is no text".to_owned()) };
        let Some(fragment) = reference.strip_prefix('#') else {
            return Err(format!("refers to another document ({reference:?}), which is not followed"));
        };
        let target = decode(fragment).and_then(|pointer| root.pointer(&pointer));
        node = target.ok_or_else(|| format!("refers to {reference:?}, which is not there"))?;
    }
    Err(format!("follows more than {REFERENCES_MAX} references, or goes in a circle"))
}

/// A URI fragment without percent-encoding.
fn decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::from_text;

    #[test]
    fn only_what_is_here_is_found() {
        let root = from_text(
            "{\"a\": {\"x/y\": {\"$ref\": \"#/b\"}}, \"b\": 7, \"loop\": {\"$ref\": \"#/loop\"}, \
             \"out\": {\"$ref\": \"other.yml#/b\"}, \"gone\": {\"$ref\": \"#/c\"}, \"odd\": {\"$ref\": 7}, \
             \"coded\": {\"$ref\": \"#/a/x%7E1y\"}}",
        )
        .unwrap();
        let at = |key: &str| resolve(&root, root.get(key).unwrap());
        assert_eq!(at("coded").unwrap(), root.get("b").unwrap());
        for (key, word) in [("loop", "circle"), ("out", "another document"), ("gone", "not there"), ("odd", "no text")]
        {
            assert!(at(key).unwrap_err().contains(word), "{key}");
        }
        assert_eq!(decode("%zz"), None);
        assert_eq!(decode("%"), None);
    }
}
