//! Load: YAML or JSON text to a tree, within bounds.
//!
//! Owns:  the bounds of what is read (size, depth, nodes, alias replay) and the positions of syntax errors.
//! Never: resolves references, follows includes, keeps tags or comments.
//! Read:  `from_text`, then `Seed`.

use super::{Map, Member, Node, Value};
use crate::problem::{Position, Problem, ProblemCode};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::{cell::Cell, fmt};

/// The largest text that is read, in bytes.
pub(crate) const SOURCE_MAX: usize = 16 << 20;
/// The most values in a text, after aliases are expanded.
pub(crate) const NODES_MAX: usize = 1_000_000;
/// The most parser events that YAML anchors may hold or aliases may repeat.
const ALIASED_MAX: usize = 200_000;
/// The deepest nesting.
pub(crate) const DEPTH_MAX: usize = 64;
/// The most text that the expansion of aliases may add up to, in bytes.
const TEXT_MAX: usize = 4 * SOURCE_MAX;

/// Reads JSON (a text that starts with `{` or `[`) or YAML.
pub(crate) fn from_text(text: &str) -> Result<Node, Problem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > SOURCE_MAX {
        let message = format!("has {} bytes, more than {SOURCE_MAX}", text.len());
        return Err(problem(ProblemCode::TooMuch, None, message));
    }
    let left = Left { nodes: Cell::new(NODES_MAX), text: Cell::new(TEXT_MAX) };
    let seed = Seed { left: &left, depth: DEPTH_MAX };
    if text.trim_start().starts_with(['{', '[']) { json(text, seed) } else { yaml(text, seed) }
}

fn problem(code: ProblemCode, position: Option<Position>, message: String) -> Problem {
    Problem { code, position, subject: String::new(), message, hint: String::new() }
}

fn json(text: &str, seed: Seed<'_>) -> Result<Node, Problem> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let node = seed.deserialize(&mut deserializer).and_then(|node| deserializer.end().map(|()| node));
    node.map_err(|error| {
        let position = Position { line: error.line(), column: error.column().max(1) };
        let known = error.line() > 0;
        // The position is told apart from the message, so that it is not said twice.
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or(&message);
        problem(ProblemCode::Syntax, known.then_some(position), format!("is not JSON that can be read: {message}"))
    })
}

fn yaml(text: &str, seed: Seed<'_>) -> Result<Node, Problem> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_documents: 1,
            max_depth: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_events: 4 * NODES_MAX,
            max_total_scalar_bytes: SOURCE_MAX,
            max_recorded_anchor_events: ALIASED_MAX,
            max_recorded_anchor_bytes: TEXT_MAX,
            // What aliases expand to is bounded by the nodes; many uses of one anchor are ordinary.
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: ALIASED_MAX,
        },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::Error,
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::AsString,
        strict_booleans: true,
        with_snippet: false,
    };
    let node = serde_saphyr::with_deserializer_from_str_with_options(text, options, |d| seed.deserialize(d));
    node.map_err(|error| {
        let position = error.location().and_then(|at| {
            let (line, column) = (usize::try_from(at.line()).ok()?, usize::try_from(at.column()).ok()?);
            (line > 0).then_some(Position { line, column })
        });
        let (code, message) = said(&error);
        problem(code, position, message)
    })
}

/// What went wrong, in the words of this product where a bound was met.
fn said(error: &serde_saphyr::Error) -> (ProblemCode, String) {
    use serde_saphyr::{Error, budget::BudgetBreach};
    let mut error = error;
    while let Error::AliasError { error: inner, .. } = error {
        error = inner;
    }
    if let Error::Budget { breach, .. } = error {
        let message = if matches!(breach, BudgetBreach::Depth { .. }) {
            format!("nests deeper than {DEPTH_MAX}")
        } else if matches!(breach, BudgetBreach::Documents { .. }) {
            "holds more than one YAML document".to_owned()
        } else if matches!(breach, BudgetBreach::Nodes { .. } | BudgetBreach::Events { .. }) {
            format!("holds more than {NODES_MAX} values")
        } else {
            "holds more text, anchors or merges than is read".to_owned()
        };
        return (ProblemCode::TooMuch, message);
    }
    if matches!(error, Error::AliasReplayLimitExceeded { .. } | Error::AliasReplayStackDepthExceeded { .. }) {
        return (ProblemCode::TooMuch, format!("has aliases that expand to more than {ALIASED_MAX} values"));
    }
    let message = error.to_string();
    // The position is told apart from the message, so that it is not said twice.
    let message = message.lines().next().and_then(|line| line.split(" at line ").next()).unwrap_or_default();
    (ProblemCode::Syntax, format!("is not YAML that can be read: {message}"))
}

/// What may still be read.
struct Left {
    nodes: Cell<usize>,
    text: Cell<usize>,
}

impl Left {
    fn text<E: Error>(&self, text: &str) -> Result<(), E> {
        let left = self.text.get().checked_sub(text.len());
        self.text.set(left.ok_or_else(|| E::custom(format!("expands to more than {TEXT_MAX} bytes")))?);
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    left: &'a Left,
    depth: usize,
}

impl Seed<'_> {
    /// The seed of what is inside, or an error when that is too deep.
    fn inner<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom(format!("nests deeper than {DEPTH_MAX}")))?;
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let left = self.left.nodes.get().checked_sub(1);
        self.left.nodes.set(left.ok_or_else(|| D::Error::custom(format!("holds more than {NODES_MAX} values")))?);
        deserializer.deserialize_any(self).map(Node::new)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.left.text(value)?;
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        self.left.text(&value)?;
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut list = Vec::new();
        while let Some(node) = seq.next_element_seed(inner)? {
            list.push(node);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            self.left.text(&key)?;
            members.push(Member { key, key_offset: 0, node: map.next_value_seed(inner)? });
        }
        let map =
            Map::new(members).map_err(|key| A::Error::custom(format!("the key {key:?} comes twice in one map")))?;
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        from_text(text).unwrap_err().to_string()
    }

    #[test]
    fn yaml_and_json_read_to_the_same_tree() {
        let yaml = "a: 1\nb: [true, no, null, 'x', 1.5]\n200: {c: |\n   text\n  }\n";
        let yaml = yaml.replace("{c: |\n   text\n  }", "\n  c: \"text\\n\"");
        let json = r#"{"a": 1, "b": [true, "no", null, "x", 1.5], "200": {"c": "text\n"}}"#;
        assert_eq!(from_text(&yaml).unwrap(), from_text(json).unwrap());
        assert_eq!(from_text(json).unwrap().pointer("/200/c").unwrap().as_text(), Some("text\n"));
        assert_eq!(from_text("{\"a/b\": [{\"~\": 7}]}").unwrap().pointer("/a~1b/0/~0").unwrap().noun(), "a number");
    }

    #[test]
    fn anchors_and_merges_are_expanded() {
        let node = from_text("base: &b {x: 1}\nuse: *b\nmore:\n  <<: *b\n  y: 2\n").unwrap();
        assert_eq!(node.pointer("/use/x"), node.pointer("/base/x"));
        assert!(node.pointer("/more/x").is_some() && node.pointer("/more/y").is_some());
    }

    #[test]
    fn repeated_keys_are_refused_where_they_stand() {
        assert!(refused("a: 1\na: 2\n").starts_with("2:1: "), "{}", refused("a: 1\na: 2\n"));
        assert!(refused("{\"a\": 1,\n \"a\": 2}").contains("\"a\" comes twice"));
    }

    #[test]
    fn the_deepest_nesting_that_is_allowed_is_read() {
        let depth = DEPTH_MAX - 1;
        let yaml = (0..depth).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>();
        assert!(from_text(&yaml).is_ok());
        assert!(from_text(&format!("{}1{}", "[".repeat(depth), "]".repeat(depth))).is_ok());
        assert!(refused(&format!("- {}", "- ".repeat(DEPTH_MAX))).contains("deeper than"));
    }

    #[test]
    fn bombs_are_refused_soon() {
        let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..20 {
            let alias = format!("*a{}", n - 1);
            laughs.push_str(&format!("a{n}: &a{n} [{}]\n", [alias.as_str(); 10].join(", ")));
        }
        let mut long = format!("a: &a {}\nb:\n", "x".repeat(1 << 20));
        long.push_str(&"  - *a\n".repeat(1_000));
        let deep_yaml = (0..5_000).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>();
        let table = [
            laughs,
            long,
            deep_yaml,
            format!("a: {}", "[".repeat(100_000)),
            "[".repeat(100_000),
            format!("{}{}", "{\"a\":".repeat(100_000), "}".repeat(100_000)),
            format!("[{}1]", "1,".repeat(NODES_MAX)),
            "a: &a\n  b: *a\n".to_owned(),
            "x".repeat(SOURCE_MAX + 1),
            "a: 1\n---\nb: 2\n".to_owned(),
            "\u{0}".to_owned(),
            "a: *nothing\n".to_owned(),
        ];
        for text in table {
            assert!(!refused(&text).is_empty(), "{}", text.chars().take(40).collect::<String>());
        }
    }
}
