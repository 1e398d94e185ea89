//! Fields that many requests say alike, written out once.
//!
//! Owns:  `Prepared`.
//! Never: holds a byte that could end a line early, or a field that this side of a connection writes itself.
//! Read:  `Prepared::of`.

use crate::codec::request::{is_ours, line};
use http::{HeaderName, HeaderValue};

/// Fields as they go over the wire, ready to be copied into any number of requests.
#[derive(Clone, Debug, Default)]
pub struct Prepared(Box<[u8]>);

impl Prepared {
    /// Writes the fields out, in this order; those that `RequestHead` leaves out are left out here too.
    #[must_use]
    pub fn of<'a>(fields: impl IntoIterator<Item = (&'a HeaderName, &'a HeaderValue)>) -> Self {
        let mut out = Vec::new();
        for (name, value) in fields {
            if !is_ours(name.as_str()) {
                line(&mut out, name.as_str().as_bytes(), value.as_bytes());
            }
        }
        Self(out.into())
    }

    pub(crate) const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d42_only_fields_that_frame_nothing_are_written_out() {
        let value = HeaderValue::from_static("1");
        let names = ["x-a", "content-length", "transfer-encoding", "host", "x-b"].map(HeaderName::from_static);
        let prepared = Prepared::of(names.iter().map(|name| (name, &value)));
        assert_eq!(prepared.as_bytes(), b"x-a: 1\r\nx-b: 1\r\n");
    }
}
