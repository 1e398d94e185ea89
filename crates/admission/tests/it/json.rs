//! Tests of `json`: one strict reading, and nothing found that another reader would not find (D34, D36, RFC 8259).
//!
//! Owns:  the tables of what is refused, and the comparison with another implementation.
//! Never: asks whose a name is.
//! Read:  top down.

use admission::json::{DEPTH_MAX, Found, JsonError, OPEN_MEMBERS_MAX, scan};
use proptest::prelude::*;
use serde_json::Value;

/// Everything found, `None` for what cannot be read.
fn found(body: &str, pointers: &[&str]) -> Result<Vec<(usize, Option<String>)>, JsonError> {
    let mut all = Vec::new();
    scan(body.as_bytes(), pointers, &mut |index, found| match found {
        Found::Name(name) => all.push((index, Some(name.into_owned()))),
        Found::Unreadable => all.push((index, None)),
        Found::Absent { .. } => {}
    })?;
    Ok(all)
}

fn one(body: &str, pointer: &str) -> Vec<Option<String>> {
    found(body, &[pointer]).unwrap().into_iter().map(|(_, name)| name).collect()
}

#[test]
fn d35_a_number_and_a_string_are_one_name_and_nothing_else_is_a_name() {
    let name = |text: &str| vec![Some(text.to_owned())];
    for (value, expected) in [
        ("42", name("42")),
        ("\"42\"", name("42")),
        ("\"\\u0034\\u0032\"", name("42")),
        ("-7", name("-7")),
        ("9007199254740991", name("9007199254740991")),
        ("\"9007199254740993\"", name("9007199254740993")),
        ("\"\\ud83d\\ude00\"", name("\u{1f600}")),
        ("\"042\"", name("042")),
    ] {
        assert_eq!(one(&format!("{{\"c\":{value}}}"), "/c"), expected, "{value}");
    }
    for value in [
        "42.0",
        "4.2e1",
        "42e0",
        "9007199254740992",
        "-0",
        "null",
        "true",
        "false",
        "{}",
        "[]",
        "[42]",
        "{\"id\":42}",
        "\"\"",
    ] {
        assert_eq!(one(&format!("{{\"c\":{value}}}"), "/c"), [None], "{value}");
    }
    assert_eq!(one(&format!("{{\"c\":\"{}\"}}", "x".repeat(129)), "/c"), [None]);
}

#[test]
fn d34_every_escape_of_the_grammar_is_read_and_keeps_no_body_out() {
    let body = r#"{"other":"\b\f\n\r\t\/\\\"","company_id":"a\"b"}"#;
    assert_eq!(one(body, "/other"), one(r#"{"other":"\u0008\u000c\u000a\u000d\u0009\u002f\u005c\u0022"}"#, "/other"));
    assert_eq!(one(body, "/company_id"), [Some("a\"b".into())]);
    for (escape, meant) in
        [("\\b", "\\u0008"), ("\\f", "\\u000c"), ("\\n", "\\u000a"), ("\\r", "\\u000d"), ("\\t", "\\u0009")]
    {
        // As the name of a member, where what is meant decides whether it is said twice.
        let twice = format!(r#"{{"{escape}":1,"{meant}":2}}"#);
        assert_eq!(found(&twice, &["/a"]), Err(JsonError::DuplicateMember), "{escape}");
    }
}

#[test]
fn d34_pointers_lead_through_objects_and_every_element_of_arrays() {
    let body = r#"{"a":[{"c":1},{"c":"2"},{"d":3}],"a/b":{"m~n":4},"":5,"x":{"c":6},"list":[7,8]}"#;
    assert_eq!(one(body, "/a/*/c"), [Some("1".into()), Some("2".into())]);
    assert_eq!(one(body, "/a~1b/m~0n"), [Some("4".into())]);
    assert_eq!(one(body, "/"), [Some("5".into())]);
    assert_eq!(one(body, "/list/*"), [Some("7".into()), Some("8".into())]);
    assert_eq!(one(body, "/nothing"), []);
    assert_eq!(one("17", ""), [Some("17".into())]);
    // Another shape than the pointer says may be taken for the right one by some server.
    assert_eq!(one(r#"{"a":{"c":1}}"#, "/a/*/c"), [None]);
    assert_eq!(one(r#"[{"c":1}]"#, "/c"), [None]);
    assert_eq!(one(r#"{"a":1}"#, "/a/c"), [None]);
    assert_eq!(
        found(body, &["/x/c", "/list/*"]).unwrap(),
        [(0, Some("6".into())), (1, Some("7".into())), (1, Some("8".into()))]
    );
}

#[test]
fn d34_what_is_missing_is_told() {
    let absent = |body: &str, pointer: &str| {
        let mut all = Vec::new();
        scan(body.as_bytes(), &[pointer], &mut |_, found| {
            all.extend(if let Found::Absent { item } = found { Some(item) } else { None });
        })
        .unwrap();
        all
    };
    assert_eq!(absent("{}", "/a"), [false]);
    assert_eq!(absent(r#"{"a":1}"#, "/a"), [false; 0]);
    assert_eq!(absent(r#"{"b":[{"c":1},{},{"d":1}]}"#, "/b/*/c"), [true, true]);
    assert_eq!(absent(r#"{"x":[]}"#, "/b/*/c"), [false]);
    assert_eq!(absent(r#"{"b":[]}"#, "/b/*/c"), [false; 0]);
    // Below members alone nothing is an item; an item of the outermost list is one.
    assert_eq!(absent(r#"{"a":{}}"#, "/a/c"), [false]);
    assert_eq!(absent(r#"[{},{"c":1}]"#, "/*/c"), [true]);
}

#[test]
fn r92_a_member_under_another_spelling_cannot_be_read() {
    for name in ["Company_ID", "companyId", "COMPANYID", "company-id", "company\\u005Fid ", "\\u017Fcompany_id"] {
        let expected: &[Option<String>] = if name.starts_with("\\u017F") { &[] } else { &[None] };
        assert_eq!(one(&format!("{{\"{name}\":2}}"), "/company_id"), expected, "{name}");
    }
    assert_eq!(one(r#"{"company_id":1,"companyId":2}"#, "/company_id"), [Some("1".into()), None]);
    assert_eq!(one(r#"{"company\u005fid":1}"#, "/company_id"), [Some("1".into())]);
}

#[test]
fn d36_what_two_readers_could_read_differently_is_refused() {
    for body in [
        "",
        " ",
        "{",
        "[",
        "nul",
        "nulll",
        "tru",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "[1,]",
        "[1 2]",
        "{a:1}",
        "{'a':1}",
        "01",
        "-",
        "+1",
        ".5",
        "1.",
        "1e",
        "1e+",
        "-01",
        "0x1",
        "NaN",
        "Infinity",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u+123\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"a\nb\"",
        "\"\t\"",
        "1 2",
        "{}{}",
        "\u{feff}{}",
        "// x\n{}",
        "[1,,2]",
        "\u{a0}1",
        "{\"a\":1}\0",
    ] {
        assert_eq!(found(body, &["/a"]), Err(JsonError::Malformed), "{body:?}");
    }
    assert_eq!(scan(b"\"\xff\"", &[], &mut |_, _| ()), Err(JsonError::Malformed));
    assert_eq!(scan(b"\"\xc0\xaf\"", &[], &mut |_, _| ()), Err(JsonError::Malformed));
    for body in [r#"{"a":1,"a":2}"#, r#"{"a":1,"b":2,"\u0061":3}"#, r#"[{"x":{"y":1,"z":2,"y":3}}]"#, r#"{"":1,"":1}"#]
    {
        assert_eq!(found(body, &["/c"]), Err(JsonError::DuplicateMember), "{body}");
    }
    // One name in two objects is no repeat.
    assert_eq!(found(r#"{"a":{"a":1},"b":{"a":1}}"#, &["/c"]), Ok(Vec::new()));
}

#[test]
fn bounds_have_names() {
    let nest = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(found(&nest(DEPTH_MAX), &[]), Ok(Vec::new()));
    assert_eq!(found(&nest(DEPTH_MAX + 1), &[]), Err(JsonError::TooDeep));
    let members = |count: usize| {
        let list: Vec<String> = (0..count).map(|i| format!("\"{i}\":0")).collect();
        format!("{{{}}}", list.join(","))
    };
    assert_eq!(found(&members(OPEN_MEMBERS_MAX), &[]), Ok(Vec::new()));
    assert_eq!(found(&members(OPEN_MEMBERS_MAX + 1), &[]), Err(JsonError::TooManyMembers));
    assert_eq!(found("1", &["/a"; 33]), Err(JsonError::BadPointer));
    assert_eq!(found("1", &["a"]), Err(JsonError::BadPointer));
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(Value::from),
        "\\PC{0,6}|[\\x00-\\x7f]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[abc]|\\PC{0,3}", inner, 0..5)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

fn names(value: &Value, out: &mut Vec<Option<String>>) {
    for element in value.get("a").and_then(Value::as_array).into_iter().flatten() {
        if let Some(value) = element.get("b") {
            out.push(match value {
                Value::String(text) if !text.is_empty() && text.len() <= 128 => Some(text.clone()),
                Value::Number(number) if number.is_i64() => Some(number.to_string()),
                Value::Null
                | Value::Bool(_)
                | Value::String(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_) => None,
            });
        }
    }
}

proptest! {
    #[test]
    fn d34_finds_what_another_reader_finds(value in json(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let mut expected = Vec::new();
        names(&value, &mut expected);
        let seen: Vec<Option<String>> = one(&text, "/a/*/b");
        let known: Vec<&Option<String>> = seen.iter().filter(|n| n.is_some()).collect();
        prop_assert_eq!(known, expected.iter().filter(|n| n.is_some()).collect::<Vec<_>>());
        prop_assert!(seen.len() >= expected.len(), "what cannot be read is told as well");
    }

    #[test]
    fn d36_whatever_passes_is_json_for_others(text in "[\\[\\]{}:,\"\\\\a-cu0-9.eE+ntrflsy -]{0,24}") {
        if scan(text.as_bytes(), &["/a"], &mut |_, _| ()).is_ok() {
            // A number beyond its range is refused there and kept as text here.
            let error = serde_json::from_str::<Value>(&text).err().map(|e| e.to_string());
            prop_assert!(error.as_ref().is_none_or(|e| e.contains("out of range")), "{:?}", error);
        }
    }
}

#[test]
fn every_reason_has_words_of_its_own() {
    use JsonError as E;
    let words = [E::Malformed, E::TooDeep, E::TooManyMembers, E::DuplicateMember, E::BadPointer].map(|e| e.to_string());
    let expected = ["not JSON", "nested too deeply", "too many members", "a member twice", "not a pointer"];
    assert_eq!(words, expected);
}
