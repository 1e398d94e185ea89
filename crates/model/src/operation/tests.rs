//! What a template, a company mode and an operation take and refuse.

use super::*;

#[test]
fn templates_round_trip() {
    for text in
        ["/", "/v1/company", "/v1/company/{id:int32}", "/v1/company/{vat}", "/a/{x:uuid}.json", "/a/v{x}", "/a/"]
    {
        assert_eq!(Template::parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn unusable_templates_are_refused() {
    for text in ["", "a", "/a//b", "/{", "/{}", "/{a}{b}", "/{a:float}", "/a b", "/a;b", "/%2e", "/é", "/a?b"] {
        assert!(Template::parse(text).is_err(), "{text}");
    }
    assert!(Template::parse(&"/a".repeat(SEGMENTS_MAX + 1)).is_err());
}

#[test]
fn param_kinds_take_what_they_say() {
    let table: [(ParamKind, &str, bool); 12] = [
        (ParamKind::Int32, "0", true),
        (ParamKind::Int32, "2147483647", true),
        (ParamKind::Int32, "2147483648", false),
        (ParamKind::Int32, "007", false),
        (ParamKind::Int32, "-1", false),
        (ParamKind::Int32, "", false),
        (ParamKind::Int64, "9223372036854775807", true),
        (ParamKind::Int64, "9223372036854775808", false),
        (ParamKind::Int64, "99999999999999999999", false),
        (ParamKind::Uuid, "123e4567-e89b-12d3-a456-426614174000", true),
        (ParamKind::Uuid, "123e4567-e89b-12d3-a456-42661417400g", false),
        (ParamKind::Any, "IT01234567890", true),
    ];
    for (kind, value, expected) in table {
        assert_eq!(kind.accepts(value.as_bytes()), expected, "{kind:?} {value}");
    }
}
