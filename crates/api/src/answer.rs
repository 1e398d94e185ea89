//! Answers that are not a JSON document: nothing, another address, a stream of events.
//!
//! Owns:  the types that stand for them in the table of operations.
//! Never: writes one; `control` does.
//! Read:  `Form`.

use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

/// What an answer is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A JSON document.
    Json,
    /// Nothing: 204.
    Nothing,
    /// Another address: 302 with `Location`.
    Redirect,
    /// `text/event-stream` (HTML Living Standard, section 9.2).
    Events,
}

impl Form {
    /// The form of the answers of type `A`.
    #[must_use]
    pub fn of<A: ToSchema>() -> Self {
        let name = A::name();
        let is = |other: std::borrow::Cow<'_, str>| name == other;
        match () {
            () if is(Nothing::name()) => Self::Nothing,
            () if is(Redirect::name()) => Self::Redirect,
            () if is(EventStream::name()) => Self::Events,
            () => Self::Json,
        }
    }
}

/// No body.
#[derive(Clone, Copy, Debug, Default, Serialize, serde::Deserialize, ToSchema)]
pub struct Nothing {}

/// The browser goes on elsewhere.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Redirect {
    /// Where.
    pub location: String,
}

/// Events, for as long as the connection lasts.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct EventStream {}

impl PartialSchema for EventStream {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "`event: change` with `data: {\"kind\": ..., \"id\": ...}`, and a comment every 15 seconds.",
            ))
            .into()
    }
}

impl ToSchema for EventStream {}
