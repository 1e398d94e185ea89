//! The `Date` of answers that have none yet (RFC 9110, 6.6.1).
//!
//! Owns:  its text, made once a second on each listener.
//! Never: reads a clock.
//! Read:  `DateText::append`.

use model::Timestamp;
use std::cell::RefCell;

/// The text of the second that was asked for last.
#[derive(Default)]
pub(crate) struct DateText(RefCell<(Option<i64>, String)>);

impl DateText {
    /// Appends the whole field, or nothing with a clock beyond the calendar.
    pub(crate) fn append(&self, now: Timestamp, out: &mut Vec<u8>) {
        let mut kept = self.0.borrow_mut();
        let second = now.as_secs();
        if kept.0 != Some(second) {
            let text = |t: jiff::Timestamp| t.strftime("date: %a, %d %b %Y %H:%M:%S GMT\r\n").to_string();
            *kept = (Some(second), jiff::Timestamp::from_second(second).map_or_else(|_| String::new(), text));
        }
        out.extend_from_slice(kept.1.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_that_of_rfc_9110_and_follows_the_clock() {
        let (date, mut out) = (DateText::default(), Vec::new());
        for (second, text) in [
            (784_111_777, "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
            (784_111_777, "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
            (784_111_778, "date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"),
        ] {
            out.clear();
            date.append(Timestamp::from_secs(second), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), text);
        }
    }
}
