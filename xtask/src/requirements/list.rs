//! List: every requirement, in our own words, by area (`xtask/requirements.toml`).
//!
//! Owns:  what an id is; that the list has each of them once; why one of them may be without a test.
//! Never: knows a test.
//! Read:  `List::read`, then `Id`.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt, fs, path::Path};

/// The list, from the root.
pub(super) const HOME: &str = "xtask/requirements.toml";
/// How many there are of each kind.
const COUNTS: [(Kind, u32); 2] = [(Kind::Statement, 147), (Kind::Ruling, 45)];
/// Words of a title.
const WORDS_MAX: usize = 10;

/// Where an id comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// `R`: a provider states it.
    Statement,
    /// `D`: we ruled so.
    Ruling,
}

/// The number of a requirement, such as `R75` or `D10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    kind: Kind,
    number: u32,
}

impl Id {
    /// Reads `R75`, `r75`, `D10` or `d10`. A number that no list has is an id too, so that it can be told as unknown.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut rest = text.chars();
        let kind = match rest.next()? {
            'R' | 'r' => Kind::Statement,
            'D' | 'd' => Kind::Ruling,
            _ => return None,
        };
        let digits = rest.as_str();
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| Self { kind, number: digits.parse().unwrap_or(u32::MAX) })
    }

    /// As it stands in the name of a test.
    pub(super) fn token(self) -> String {
        self.to_string().to_ascii_lowercase()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.kind {
            Kind::Statement => 'R',
            Kind::Ruling => 'D',
        };
        write!(f, "{letter}{}", self.number)
    }
}

/// Why no test need name a requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Without {
    /// It comes in a later release.
    Later(String),
    /// Nothing of the product can show it: advice, or somebody else's part.
    Explained(String),
    /// Its test is being written. Tolerated, and said in every run.
    Pending(String),
}

/// One requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) title: String,
    pub(super) without: Option<Without>,
}

/// One table of the page.
pub(super) struct Area {
    pub(super) name: String,
    pub(super) entries: BTreeMap<Id, Entry>,
}

/// All of them.
pub(super) struct List {
    pub(super) areas: Vec<Area>,
}

/// An entry as it is written: its title alone, or with the reason why it has no test.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Title(String),
    Full(Full),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Full {
    title: String,
    later: Option<String>,
    explained: Option<String>,
    pending: Option<String>,
}

impl List {
    /// The committed list.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let text = fs::read_to_string(root.join(HOME)).with_context(|| format!("cannot read {HOME}"))?;
        Self::parse(&text).with_context(|| HOME.to_owned())
    }

    /// Every id has to be there once.
    fn parse(text: &str) -> Result<Self> {
        let list = Self::parse_some(text)?;
        for (kind, count) in COUNTS {
            for id in (1..=count).map(|number| Id { kind, number }) {
                ensure!(list.has(id), "{id} is missing");
            }
        }
        let known: u32 = COUNTS.iter().map(|(_, count)| count).sum();
        ensure!(list.entries().count() == known as usize, "more than the {known} requirements that there are");
        Ok(list)
    }

    /// A list that may be short.
    pub(super) fn parse_some(text: &str) -> Result<Self> {
        let mut list = Self { areas: Vec::new() };
        for (name, table) in text.parse::<toml::Table>()? {
            let toml::Value::Table(table) = table else { bail!("`{name}` is no area: [\"{name}\"]") };
            let mut entries = BTreeMap::new();
            for (key, value) in table {
                let id =
                    Id::read(&key).filter(|id| id.to_string() == key).with_context(|| format!("`{key}` is no id"))?;
                ensure!(!list.has(id), "{id} is there twice");
                let written: Written = value.try_into().with_context(|| format!("{id}: a title, or a table of it"))?;
                entries.insert(id, written.check().with_context(|| id.to_string())?);
            }
            list.areas.push(Area { name, entries });
        }
        Ok(list)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (Id, &Entry)> {
        self.areas.iter().flat_map(|area| area.entries.iter().map(|(id, entry)| (*id, entry)))
    }

    pub(super) fn has(&self, id: Id) -> bool {
        self.areas.iter().any(|area| area.entries.contains_key(&id))
    }

    /// Those whose tests are being written, and what they wait for.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (Id, &str)> {
        self.entries().filter_map(|(id, entry)| match &entry.without {
            Some(Without::Pending(why)) => Some((id, why.as_str())),
            None | Some(Without::Later(_) | Without::Explained(_)) => None,
        })
    }
}

impl Written {
    fn check(self) -> Result<Entry> {
        let (title, reasons) = match self {
            Self::Title(title) => (title, Vec::new()),
            Self::Full(Full { title, later, explained, pending }) => {
                let reasons =
                    [later.map(Without::Later), explained.map(Without::Explained), pending.map(Without::Pending)];
                (title, reasons.into_iter().flatten().collect())
            }
        };
        let words = title.split_whitespace().count();
        ensure!((1..=WORDS_MAX).contains(&words), "a title has 1 to {WORDS_MAX} words, this one has {words}");
        ensure!(reasons.len() <= 1, "one of `later`, `explained` and `pending`");
        Ok(Entry { title, without: reasons.into_iter().next() })
    }
}
