//! Time on the wire: RFC 3339 in UTC.
//!
//! Owns:  how instants are written to and read from JSON.
//! Never: reads a clock.
//! Read:  top down.

use model::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{borrow::Cow, fmt};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

/// An instant that JSON shows as `2026-11-23T09:30:00Z`, with up to six decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub Timestamp);

/// The text is no instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeError;

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a time: write RFC 3339 with an offset, for example 2027-01-31T00:00:00Z")
    }
}

impl std::error::Error for TimeError {}

impl Time {
    /// Reads RFC 3339 with any offset.
    pub fn parse(text: &str) -> Result<Timestamp, TimeError> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| TimeError)?;
        Ok(Timestamp::from_micros(instant.as_microsecond()))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The calendar ends in the year 9999; an instant beyond is shown as its last second.
        let end = if self.0.as_micros() < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        write!(f, "{}", jiff::Timestamp::from_microsecond(self.0.as_micros()).unwrap_or(end))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map(Self).map_err(D::Error::custom)
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(format))
            .description(Some("RFC 3339, UTC."))
            .examples(["2026-11-23T09:30:00Z"])
            .into()
    }
}

impl ToSchema for Time {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_utc_and_reads_any_offset() {
        let instant = Time::parse("2026-11-23T10:30:00.25+01:00").unwrap();
        assert_eq!(Time(instant).to_string(), "2026-11-23T09:30:00.25Z");
        assert_eq!(serde_json::to_string(&Time(Timestamp::from_secs(0))).unwrap(), r#""1970-01-01T00:00:00Z""#);
        assert_eq!(serde_json::from_str::<Time>(r#""1970-01-01T00:00:01Z""#).unwrap().0, Timestamp::from_secs(1));
    }

    #[test]
    fn texts_without_an_offset_are_refused() {
        for text in ["", "tomorrow", "2026-11-23", "2026-11-23T09:30:00", "2026-13-01T00:00:00Z", "1700000000"] {
            assert_eq!(Time::parse(text), Err(TimeError), "{text}");
        }
    }

    #[test]
    fn the_ends_of_time_can_be_shown() {
        assert!(Time(Timestamp::MAX).to_string().starts_with("9999-"));
        assert!(Time(Timestamp::MIN).to_string().starts_with("-009999-"));
    }
}
