//! JSON: whatever passes is JSON for another reader too, and that reader finds no name that was not found here.
#![no_main]

use admission::json::{Found, scan};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    let mut found = Vec::new();
    let mut unreadable = 0;
    let outcome = scan(body, &["/a/*/b", "/c"], &mut |index, value| match value {
        Found::Name(name) => found.push((index, name.into_owned())),
        Found::Unreadable => unreadable += 1,
        Found::Absent { .. } => {}
    });
    if outcome.is_err() {
        return;
    }
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        // It keeps numbers as numbers; here they are text, unless somebody asks.
        Err(error) if error.to_string().contains("out of range") => return,
        Err(error) => panic!("not JSON for others: {error}"),
    };
    let items = value.get("a").and_then(Value::as_array).into_iter().flatten();
    let places = items.filter_map(|item| item.get("b")).map(|v| (0, v)).chain(value.get("c").map(|v| (1, v)));
    let mut missing = 0;
    for (index, value) in places {
        let name = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        missing += usize::from(!found.contains(&(index, name)));
    }
    assert!(missing <= unreadable, "a name that another reader finds is found or told as unreadable");
});
