//! Schemas: the parts of the document that are narrower than a Rust type.
//!
//! Owns:  patterns and lists that several wire types share.
//! Never: checks a value; the types' own `check` does, by the same rules.
//! Read:  top down.

use crate::validation::NAME_MAX;
use model::{company::COMPANIES_MAX, key::DESCRIPTION_MAX, scope::SCOPES_MAX};
use utoipa::openapi::{
    ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, RefOr, Schema, SchemaFormat, Type,
    schema::{KnownFormat, SchemaType},
};

/// Controls and what `model::visible` always refuses, as far as a pattern can say it. Joiners and variation selectors are refused
/// between some characters only.
macro_rules! hidden {
    () => {
        "\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b\\u200e\\u200f\
         \\u2028-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb"
    };
}

/// A text for people: no control or hidden characters, no space at the ends.
const TEXT: &str = concat!("^([^\\s", hidden!(), "]([^", hidden!(), "]*[^\\s", hidden!(), "])?)?$");

/// What an id with this prefix looks like.
pub(crate) fn id_pattern(prefix: &str) -> String {
    format!("^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$")
}

/// A text of this pattern.
pub(crate) fn text(pattern: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern))
}

/// This type, or null.
pub(crate) fn nullable(kind: Type) -> SchemaType {
    SchemaType::from_iter([kind, Type::Null])
}

/// A name for people.
pub(crate) fn name() -> Object {
    let name = text(TEXT).min_length(Some(1)).max_length(Some(NAME_MAX));
    name.description(Some("A name for people.")).examples(["Bianchi S.p.A."]).build()
}

/// An e-mail address.
pub(crate) fn email() -> Object {
    const EMAIL: &str = concat!(
        "^[^\\s",
        hidden!(),
        "\\u200c\\u200d\\ufe00-\\ufe0f@<>()\\[\\],;:\\\\\"]+@[A-Za-z0-9-]([A-Za-z0-9.-]*[A-Za-z0-9-])?$"
    );
    let email = text(EMAIL).max_length(Some(model::member::EMAIL_MAX));
    email.description(Some("An e-mail address, in any case.")).examples(["anna@example.com"]).build()
}

/// What a key is for, or null.
pub(crate) fn description() -> Object {
    let description = text(TEXT).schema_type(nullable(Type::String)).max_length(Some(DESCRIPTION_MAX));
    description.description(Some("What it is for.")).examples(["Reporting"]).build()
}

/// What an operator token is for.
pub(crate) fn purpose() -> Object {
    let purpose = text(TEXT).min_length(Some(1)).max_length(Some(crate::operator_token::DESCRIPTION_MAX));
    purpose.description(Some("What it is for: who would miss it?")).examples(["deployment pipeline"]).build()
}

/// An account's id, or null.
pub(crate) fn account_id() -> Object {
    let id = text(&id_pattern("acc")).schema_type(nullable(Type::String));
    id.description(Some("The account whose key it would use; left out for a request without a key.")).build()
}

/// A key's id, or null.
pub(crate) fn key_id() -> Object {
    let id = text(&id_pattern("key")).schema_type(nullable(Type::String));
    id.description(Some("The key that it would use; left out for a request without a key.")).build()
}

/// One or both environments, or null.
pub(crate) fn environments() -> RefOr<Schema> {
    let one = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["test", "live"]));
    let list = ArrayBuilder::new().schema_type(nullable(Type::Array)).items(one);
    list.min_items(Some(1)).max_items(Some(2)).unique_items(true).examples([serde_json::json!(["test", "live"])]).into()
}

/// A list of scopes, or null.
pub(crate) fn scopes() -> RefOr<Schema> {
    some_scopes().schema_type(nullable(Type::Array)).into()
}

/// A list of scopes.
pub(crate) fn new_scopes() -> RefOr<Schema> {
    some_scopes().into()
}

fn some_scopes() -> ArrayBuilder {
    let name = "[a-z0-9_-]+(:[a-z0-9_-]+)*";
    let one = text(&format!("^(\\*|{name}):(read|write|send)$")).examples(["invoices:read", "messages:send"]);
    ArrayBuilder::new().items(one).min_items(Some(1)).max_items(Some(SCOPES_MAX))
}

/// A list of external names, which null may stand for where `clears`.
pub(crate) fn external_names(clears: bool) -> RefOr<Schema> {
    let one = text("^(test|live):[a-z0-9_]{1,32}=[!-~]{1,128}$").examples(["test:id=42", "live:vat=IT01234567890"]);
    let list = ArrayBuilder::new().items(one).max_items(Some(crate::company::EXTERNAL_NAMES_MAX));
    let list = if clears { list.schema_type(nullable(Type::Array)) } else { list };
    list.description(Some(
        "What the upstream calls it, per environment and kind: `environment:kind=value`. In a change: the whole new list.",
    ))
    .into()
}

/// RFC 3339, or null.
pub(crate) fn expiry() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(nullable(Type::String))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some(
            "From this instant on the key is refused; it lies ahead. Null or left out at creation: never.",
        ))
        .examples(["2099-01-31T00:00:00Z"])
        .into()
}

/// `"all"`, or at least `min` company ids.
pub(crate) fn companies(min: usize, description: &str) -> RefOr<Schema> {
    let word = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([crate::key::ALL]));
    let id = text(&id_pattern("co")).examples(["co_01jd8m3q5vk0a9n7x2c4b6d8e0"]);
    let list = ArrayBuilder::new().items(id).min_items(Some(min)).max_items(Some(COMPANIES_MAX));
    OneOfBuilder::new().item(word).item(list).description(Some(description)).into()
}
