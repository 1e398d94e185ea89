//! The sheet: what was said for each setting and where, before anything is checked.
//!
//! Owns:  reading the file and the environment, unknown names, and typed access that collects every problem.
//! Never: knows what a setting means; that is `super`.
//! Read:  `Sheet::read`, then `Sheet::text`.

use super::{
    Profile,
    problem::{Origin, Problem, Problems, nearest},
    settings::{self, Setting},
};
use crate::name::SETTING_PREFIX;
use std::{collections::BTreeMap, ops::Range, path::PathBuf};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The longest configuration file, in bytes.
const FILE_MAX: u64 = 1 << 20;

/// What one setting was given.
#[derive(Clone, Debug, PartialEq)]
enum Said {
    Text(String),
    Integer(i64),
    Flag(bool),
    List(Vec<(Self, Origin)>),
    /// From the environment or a flag, where everything is text: read as whatever the setting takes.
    Raw(String),
    /// A float, a date, a table: no setting takes one.
    Other(&'static str),
}

impl Said {
    /// The same, with its parts said at `origin`.
    fn placed(self, origin: &Origin) -> Self {
        match self {
            Self::List(items) => {
                Self::List(items.into_iter().map(|(item, _)| (item.placed(origin), origin.clone())).collect())
            }
            other @ (Self::Text(_) | Self::Integer(_) | Self::Flag(_) | Self::Raw(_) | Self::Other(_)) => other,
        }
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::Raw(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Flag(_) => "a boolean",
            Self::List(_) => "a list",
            Self::Other(kind) => kind,
        }
    }
}

/// What was said for every setting.
#[derive(Debug)]
pub(crate) struct Sheet {
    file: Option<String>,
    said: BTreeMap<&'static str, (Said, Origin)>,
    problems: Vec<Problem>,
}

impl Sheet {
    /// Reads the file (if any) and `environment`, of which only names that begin with the product's prefix matter.
    pub(crate) fn read(
        path: Option<&std::path::Path>,
        environment: impl IntoIterator<Item = (std::ffi::OsString, std::ffi::OsString)>,
    ) -> Result<Self, Problems> {
        let file = path.map(|p| p.display().to_string());
        let mut sheet = Self { file: file.clone(), said: BTreeMap::new(), problems: Vec::new() };
        if let (Some(path), Some(name)) = (path, &file) {
            let text = read_file(path).map_err(|what| {
                let hint = "name the file with --config; the annotated example is docs/reference/claviger.example.toml";
                let problem = Problem { origin: None, what, hint: Some(hint.to_owned()) };
                Problems { file: file.clone(), list: vec![problem] }
            })?;
            sheet.read_text(name, &text)?;
        }
        for (name, value) in environment {
            sheet.read_variable(&name.to_string_lossy(), &value.to_string_lossy());
        }
        sheet.read_profile();
        Ok(sheet)
    }

    /// What the profile says, where nothing else was said. A name that is none is a problem of the setting.
    fn read_profile(&mut self) {
        self.said.retain(|_, (_, origin)| !matches!(origin, Origin::Profile(_)));
        let name = self.said.get("profile").and_then(|(said, _)| match said {
            Said::Text(text) | Said::Raw(text) => Profile::named(text).ok(),
            Said::Integer(_) | Said::Flag(_) | Said::List(_) | Said::Other(_) => None,
        });
        let Some(profile) = name else { return };
        let origin = Origin::Profile(profile.name());
        let mut inner = Self { file: None, said: BTreeMap::new(), problems: Vec::new() };
        // The profiles are part of the binary; that each of them reads well is a test.
        if inner.read_text(profile.name(), profile.text()).is_ok() {
            for (path, (said, _)) in inner.said {
                self.said.entry(path).or_insert_with(|| (said.placed(&origin), origin.clone()));
            }
        }
    }

    /// What flags say, over everything else; `fallbacks` where nothing was said.
    pub(crate) fn say(
        &mut self,
        flags: impl IntoIterator<Item = (&'static str, &'static str, String)>,
        fallbacks: impl IntoIterator<Item = (&'static str, &'static str)>,
    ) {
        for (path, flag, value) in flags {
            self.said.insert(path, (Said::Raw(value), Origin::Flag(flag)));
        }
        self.read_profile();
        for (path, value) in fallbacks {
            self.said.entry(path).or_insert_with(|| (Said::Raw(value.to_owned()), Origin::Default));
        }
    }

    fn read_text(&mut self, name: &str, text: &str) -> Result<(), Problems> {
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            // What follows a syntax error is guesswork, so that nothing else is reported beside one.
            let list = errors.iter().map(|error| Problem {
                origin: Some(place(name, text, error.span().unwrap_or(0..0))),
                what: error.message().trim().replace('\n', "; "),
                hint: Some("this is not TOML; strings need quotes, sections are [in.brackets]".to_owned()),
            });
            return Err(Problems { file: Some(name.to_owned()), list: list.collect() });
        }
        self.read_table(name, text, "", table.get_ref());
        Ok(())
    }

    fn read_table(&mut self, name: &str, text: &str, section: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let path =
                if section.is_empty() { key.get_ref().to_string() } else { format!("{section}.{}", key.get_ref()) };
            let origin = place(name, text, key.span());
            match (settings::find(&path), value.get_ref()) {
                (Some(setting), value_ref) => {
                    let said = said(name, text, value_ref);
                    let at = place(name, text, value.span());
                    self.said.insert(setting.path, (said, at));
                }
                (None, DeValue::Table(inner)) if settings::is_section(&path) => {
                    self.read_table(name, text, &path, inner)
                }
                (None, _) if settings::is_section(&path) => self.problem(
                    Some(origin),
                    format!("`{path}` is a section, not a value"),
                    Some(format!("write [{path}] on a line of its own and its keys below")),
                ),
                (None, _) => self.unknown(origin, section, key.get_ref()),
            }
        }
    }

    fn unknown(&mut self, origin: Origin, section: &str, key: &str) {
        let (what, hint) = if section.is_empty() {
            let hint = nearest(key, settings::sections()).map(|s| format!("did you mean [{s}]?"));
            (format!("unknown section `{key}`"), hint)
        } else {
            let hint = nearest(key, settings::keys_of(section)).map(|s| format!("did you mean `{s}`?"));
            (format!("unknown key `{key}` in [{section}]"), hint)
        };
        let known = || {
            let known: Vec<_> =
                if section.is_empty() { settings::sections().collect() } else { settings::keys_of(section).collect() };
            format!("known here: {}", known.join(", "))
        };
        self.problem(Some(origin), what, Some(hint.unwrap_or_else(known)));
    }

    fn read_variable(&mut self, name: &str, value: &str) {
        let Some(rest) = name.strip_prefix(SETTING_PREFIX) else { return };
        let path = rest.to_ascii_lowercase().replace("__", ".");
        match settings::find(&path) {
            Some(setting) => {
                self.said.insert(setting.path, (Said::Raw(value.to_owned()), Origin::Environment(name.to_owned())));
            }
            None => {
                let hint = nearest(&path, settings::all().map(|s| s.path))
                    .map(|near| format!("did you mean {}?", settings::variable(near)));
                self.problem(
                    Some(Origin::Environment(name.to_owned())),
                    format!("no setting is called `{path}`"),
                    hint,
                );
            }
        }
    }

    /// Adds a problem that only shows when settings are looked at together.
    pub(crate) fn problem(&mut self, origin: Option<Origin>, what: String, hint: Option<String>) {
        self.problems.push(Problem { origin, what, hint });
    }

    /// Where `path` was said.
    pub(crate) fn origin(&self, path: &str) -> Origin {
        self.said.get(path).map_or(Origin::Default, |(_, origin)| origin.clone())
    }

    /// Whether `path` was said at all.
    pub(crate) fn is_said(&self, path: &str) -> bool {
        self.said.contains_key(path)
    }

    /// A setting that has a value or a default: checked by `check`, `None` when a problem was noted.
    pub(crate) fn text<T>(&mut self, path: &'static str, check: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let value = self.optional(path, &check)?;
        if value.is_none() {
            let hint = settings::find(path).map(|s| format!("for example: {} = {}", s.key(), s.example));
            self.problem(None, format!("`{path}` is missing"), hint);
        }
        value
    }

    /// A setting that may stay unsaid: `Some(None)` then; `None` when a problem was noted.
    #[expect(
        clippy::option_option,
        reason = "the outer one says whether a problem was noted, the inner one is the setting"
    )]
    pub(crate) fn optional<T>(
        &mut self,
        path: &'static str,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        let Some((said, origin)) = self.value(path) else { return Some(None) };
        let checked = match &said {
            Said::Text(text) | Said::Raw(text) => check(text),
            Said::Integer(number) => check(&number.to_string()),
            Said::Flag(_) | Said::List(_) | Said::Other(_) => Err(format!("expected a string, found {}", said.kind())),
        };
        self.settle(path, origin, checked).map(Some)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, path: &'static str) -> Option<bool> {
        let (said, origin) = self.value(path)?;
        let checked = match &said {
            Said::Flag(flag) => Ok(*flag),
            Said::Raw(text) if text == "true" => Ok(true),
            Said::Raw(text) if text == "false" => Ok(false),
            other @ (Said::Text(_) | Said::Integer(_) | Said::List(_) | Said::Raw(_) | Said::Other(_)) => {
                Err(format!("expected true or false, found {}", other.kind()))
            }
        };
        self.settle(path, origin, checked)
    }

    /// A list of texts, each checked; empty when unsaid.
    pub(crate) fn list<T>(&mut self, path: &'static str, check: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
        let Some((said, origin)) = self.value(path) else { return Some(Vec::new()) };
        let items = match said {
            Said::List(items) => items,
            Said::Raw(text) => {
                let items = text.split(',').map(str::trim).filter(|t| !t.is_empty());
                items.map(|t| (Said::Text(t.to_owned()), origin.clone())).collect()
            }
            other @ (Said::Text(_) | Said::Integer(_) | Said::Flag(_) | Said::Other(_)) => {
                let what = format!("expected a list such as [\"a\", \"b\"], found {}", other.kind());
                return self.settle(path, origin, Err(what));
            }
        };
        let mut checked = Some(Vec::with_capacity(items.len()));
        for (item, origin) in items {
            let result = match &item {
                Said::Text(text) => check(text),
                Said::Raw(_) | Said::Integer(_) | Said::Flag(_) | Said::List(_) | Said::Other(_) => {
                    Err(format!("expected a string in the list, found {}", item.kind()))
                }
            };
            let value = self.settle(path, origin, result);
            checked = checked.zip(value).map(|(mut list, value)| {
                list.push(value);
                list
            });
        }
        checked
    }

    /// The configuration that `assemble` made, or every problem, in the order of the file.
    pub(crate) fn finish<T>(mut self, assembled: Option<T>) -> Result<T, Problems> {
        let line = |problem: &Problem| match &problem.origin {
            Some(Origin::File { line, column, .. }) => (*line, *column),
            Some(Origin::Flag(_)) => (0, 0),
            Some(Origin::Default | Origin::Profile(_) | Origin::Environment(_)) | None => (usize::MAX, 0),
        };
        self.problems.sort_by_key(line);
        match assembled {
            Some(value) if self.problems.is_empty() => Ok(value),
            Some(_) | None => Err(Problems { file: self.file, list: self.problems }),
        }
    }

    /// Folder that a relative path of this setting starts from: the file's own, or the working directory.
    pub(crate) fn base(&self, path: &str) -> PathBuf {
        match self.origin(path) {
            Origin::File { file, .. } => std::path::Path::new(&file).parent().map(PathBuf::from).unwrap_or_default(),
            Origin::Default if self.file.is_some() => {
                let file = self.file.as_deref().unwrap_or_default();
                std::path::Path::new(file).parent().map(PathBuf::from).unwrap_or_default()
            }
            Origin::Default | Origin::Profile(_) | Origin::Environment(_) | Origin::Flag(_) => PathBuf::new(),
        }
    }

    /// The value in force as TOML would write it, and where it comes from.
    pub(crate) fn in_force(&self, setting: &Setting) -> (Option<String>, Origin) {
        match self.said.get(setting.path) {
            Some((said, origin)) => (Some(written(said)), origin.clone()),
            None => (setting.default.map(str::to_owned), Origin::Default),
        }
    }

    fn value(&self, path: &'static str) -> Option<(Said, Origin)> {
        if let Some(found) = self.said.get(path) {
            return Some(found.clone());
        }
        let default = settings::find(path)?.default?;
        let value = DeValue::parse(default).ok()?;
        Some((said("", default, value.get_ref()), Origin::Default))
    }

    /// What must hold of a value as a whole, once its parts are sound.
    pub(crate) fn whole<T>(
        &mut self,
        path: &'static str,
        value: Option<T>,
        check: impl FnOnce(&T) -> Result<(), String>,
    ) -> Option<T> {
        let value = value?;
        match (check(&value), self.value(path)) {
            (Err(what), Some((_, origin))) => self.settle(path, origin, Err(what)),
            (Ok(()) | Err(_), _) => Some(value),
        }
    }

    fn settle<T>(&mut self, path: &str, origin: Origin, checked: Result<T, String>) -> Option<T> {
        match checked {
            Ok(value) => Some(value),
            Err(what) => {
                let hint = settings::find(path).map(|s| format!("for example: {} = {}", s.key(), s.example));
                self.problem(Some(origin), format!("`{path}`: {what}"), hint);
                None
            }
        }
    }
}

fn read_file(path: &std::path::Path) -> Result<String, String> {
    let meta = std::fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?;
    if meta.len() > FILE_MAX {
        return Err(format!("is larger than {FILE_MAX} bytes, which no configuration is"));
    }
    std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))
}

fn said(name: &str, text: &str, value: &DeValue<'_>) -> Said {
    match value {
        DeValue::String(text) => Said::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Said::Other("an integer out of range"), Said::Integer),
        DeValue::Boolean(flag) => Said::Flag(*flag),
        DeValue::Array(items) => {
            let item = |v: &Spanned<DeValue<'_>>| (said(name, text, v.get_ref()), place(name, text, v.span()));
            Said::List(items.iter().map(item).collect())
        }
        DeValue::Float(_) => Said::Other("a decimal number"),
        DeValue::Datetime(_) => Said::Other("a date"),
        DeValue::Table(_) => Said::Other("a table"),
    }
}

fn written(said: &Said) -> String {
    match said {
        Said::Text(text) | Said::Raw(text) => toml::Value::String(text.clone()).to_string(),
        Said::Integer(number) => number.to_string(),
        Said::Flag(flag) => flag.to_string(),
        Said::List(items) => {
            let items: Vec<_> = items.iter().map(|(item, _)| written(item)).collect();
            format!("[{}]", items.join(", "))
        }
        Said::Other(kind) => format!("({kind})"),
    }
}

fn place(name: &str, text: &str, span: Range<usize>) -> Origin {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Origin::File { file: name.to_owned(), line, column }
}
