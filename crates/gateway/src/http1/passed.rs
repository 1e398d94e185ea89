//! The upstream's fields on their way into an answer, as they came.
//!
//! Owns:  which of them are left out beside the gateway's own.
//! Never: passes on what only the gateway may say (D10, D27), or a field that it says itself.
//! Read:  `Passed::write`.

use crate::{cors, facts};
use egress::Fields;
use http::HeaderMap;

/// The fields that an upstream answered with.
pub(crate) struct Passed<'a> {
    pub(crate) fields: &'a Fields,
    pub(crate) namespace: &'a str,
}

/// What of the passed fields bears on those that are written behind them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// One of them is the date.
    pub(crate) dated: bool,
    /// They say already that the answer is another for another origin.
    pub(crate) varies: bool,
}

impl Passed<'_> {
    /// Appends them. `own` are the gateway's, which take the place of the upstream's of the same name; `Vary` adds to it.
    pub(crate) fn write(&self, own: &HeaderMap, out: &mut Vec<u8>) -> Seen {
        let mut seen = Seen::default();
        for (name, value) in self.fields.iter() {
            if facts::is_said_here(name, self.namespace) {
                continue;
            }
            let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
            if is("vary") {
                seen.varies |= cors::names_origin(value);
            } else if own.keys().any(|known| is(known.as_str())) {
                continue;
            } else if is("date") {
                seen.dated = true;
            }
            for piece in [name, b": ", value, b"\r\n"] {
                out.extend_from_slice(piece);
            }
        }
        seen
    }
}
