//! Percent-encoding of a value that the gateway itself puts into a target (RFC 3986, section 2).
//!
//! Owns:  the one spelling of such a value, in which nothing can end it.
//! Never: reads what a caller spelt; `admission::path` does.
//! Read:  `encode`.

/// Appends `text`: everything but what RFC 3986 calls unreserved is written in hexadecimal.
pub(crate) fn encode(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(*byte);
        } else {
            out.push(b'%');
            out.extend_from_slice(data_encoding::HEXUPPER.encode(&[*byte]).as_bytes());
        }
    }
}
