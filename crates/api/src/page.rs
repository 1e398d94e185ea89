//! Pages: every list is read in pages, from the oldest to the newest unless its operation says otherwise.
//!
//! Owns:  the shape of a page and the two query parameters that choose one.
//! Never: knows what is listed.
//! Read:  top down.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, Ref, RefOr, Schema, Type, schema::SchemaType},
};

/// Items of a page when the caller does not say.
pub const LIMIT_DEFAULT: u32 = 50;
/// The most items of a page.
pub const LIMIT_MAX: u32 = 200;

/// Which page of a list.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// The most items to answer: 1 to 200, 50 when left out.
    #[param(minimum = 1, maximum = 200, default = 50)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before; left out for the first page.
    #[param(min_length = 1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items.
    pub data: Vec<T>,
    /// Pass it as `cursor` for the next page; null on the last one. Its form may change: do not take it apart.
    pub next_cursor: Option<String>,
}

// Derived, every page would have the same name in the document, whatever is on it.
impl<T: ToSchema> PartialSchema for Page<T> {
    fn schema() -> RefOr<Schema> {
        let cursor = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
            .description(Some("Pass it as `cursor` for the next page; null on the last one. Do not take it apart."));
        ObjectBuilder::new()
            .description(Some("One page of a list."))
            .property(
                "data",
                ArrayBuilder::new().items(Ref::from_schema_name(T::name())).max_items(Some(LIMIT_MAX as usize)),
            )
            .required("data")
            .property("next_cursor", cursor)
            .required("next_cursor")
            .into()
    }
}

impl<T: ToSchema> ToSchema for Page<T> {
    fn name() -> Cow<'static, str> {
        format!("{}Page", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}
