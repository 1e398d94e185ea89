//! Moment: a point in time as rows and answers carry it.
//!
//! Owns:  the text form (RFC 3339, UTC) and the lenient reading of a parameter.
//! Never: reads a clock.
//! Read:  top down.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use serde::{Serialize, Serializer};

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, sqlx::Type)]
#[sqlx(transparent)]
pub(crate) struct Moment(pub(crate) i64);

impl Moment {
    /// Reads an instant, or a date and time without a zone (UTC), or a date (its beginning).
    pub(crate) fn read(text: &str) -> Option<Self> {
        let civil = |at: DateTime| at.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
        let instant = text
            .parse::<Timestamp>()
            .ok()
            .or_else(|| text.parse::<Date>().ok().filter(|_| text.len() == 10).and_then(|date| civil(date.into())))
            .or_else(|| text.parse::<DateTime>().ok().and_then(civil))?;
        Some(Self(instant.as_microsecond()))
    }

    /// The day in UTC.
    pub(crate) fn day(self) -> String {
        self.timestamp().to_zoned(TimeZone::UTC).date().to_string()
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_write_is_read() {
        let day = 1_767_225_600_000_000;
        for text in ["2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00"] {
            assert_eq!(Moment::read(text), Some(Moment(day)), "{text}");
        }
        // The form that Python's strftime gives for %Y-%m-%dT%H:%M:%S.%f%z.
        assert_eq!(Moment::read("2026-01-01T00:00:00.000001+0000"), Some(Moment(day + 1)));
        for text in ["", "yesterday", "2026-13-01", "2026-01-01T25:00:00Z", "1767225600"] {
            assert_eq!(Moment::read(text), None, "{text}");
        }
        assert_eq!(serde_json::to_string(&Moment(day)).unwrap(), "\"2026-01-01T00:00:00Z\"");
        assert_eq!(Moment(day).day(), "2026-01-01");
    }
}
