//! Node: a value read from TOML, YAML or JSON, with its place in the text where the format tells it.
//!
//! Owns:  the tree, the bounds on it, look-up by key, refusal of repeated keys.
//! Never: knows what the values mean.
//! Read:  `Node`, then `from_text`.

mod load;

pub(crate) use load::from_text;

/// A value. `offset` is where it starts in a TOML text, in bytes; 0 elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) offset: usize,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As written, or as near as the format tells.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Map),
}

/// Members in the order of the text, found by key without a search of all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Map {
    members: Vec<Member>,
    /// Indexes of `members`, sorted by key.
    sorted: Vec<usize>,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) key_offset: usize,
    pub(crate) node: Node,
}

impl Map {
    /// The map of these members, or the key that comes twice.
    pub(crate) fn new(members: Vec<Member>) -> Result<Self, String> {
        let mut sorted: Vec<usize> = (0..members.len()).collect();
        let key = |index: &usize| members.get(*index).map(|m| m.key.as_str());
        sorted.sort_by_key(key);
        let twice = sorted.windows(2).find(|pair| pair.first().map(key) == pair.last().map(key));
        if let Some(name) = twice.and_then(|pair| pair.first().and_then(key)) {
            return Err(name.to_owned());
        }
        Ok(Self { members, sorted })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.members.iter()
    }

    pub(crate) fn member(&self, key: &str) -> Option<&Member> {
        let found = self.sorted.binary_search_by(|index| {
            self.members.get(*index).map_or(std::cmp::Ordering::Less, |member| member.key.as_str().cmp(key))
        });
        self.members.get(*self.sorted.get(found.ok()?)?)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        Some(&self.member(key)?.node)
    }
}

impl Node {
    pub(crate) fn new(value: Value) -> Self {
        Self { value, offset: 0 }
    }

    pub(crate) fn as_map(&self) -> Option<&Map> {
        if let Value::Map(map) = &self.value { Some(map) } else { None }
    }

    pub(crate) fn as_list(&self) -> Option<&[Node]> {
        if let Value::List(list) = &self.value { Some(list) } else { None }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(value) = self.value { Some(value) } else { None }
    }

    /// A member of a map; `None` too when this is no map.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key)
    }

    /// What follows an RFC 6901 pointer, already percent-decoded.
    pub(crate) fn pointer(&self, pointer: &str) -> Option<&Self> {
        let mut node = self;
        for token in pointer.strip_prefix('/')?.split('/') {
            let token = token.replace("~1", "/").replace("~0", "~");
            node = match &node.value {
                Value::Map(map) => map.get(&token)?,
                Value::List(list) => list.get(token.parse::<usize>().ok()?)?,
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => return None,
            };
        }
        Some(node)
    }

    /// What kind of value it is, for messages.
    pub(crate) const fn noun(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a table",
        }
    }
}
