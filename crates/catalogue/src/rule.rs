//! Rules: what the operator says about operations, over every guess (`--send 'POST /send*'`).
//!
//! Owns:  the kinds of rules, their text form, the glob, which of two rules wins.
//! Never: applies a rule; `import` does.
//! Read:  `RuleKind`, then `Rule::parse`, then `Glob::matches`.

use crate::format::company_text;
use model::{
    Action, CompanyMode, HttpMethod, LimitClass, Locator, NameKind, OperationId, Resource,
    operation::{ParamKind, Place},
};
use std::fmt;

/// The longest rule, in bytes.
pub const RULE_MAX: usize = 1_024;
/// The most rules of one import.
pub const RULES_MAX: usize = 1_000;

/// What a rule says. Each one is a flag of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleKind {
    /// Leave the operation out, so that it is refused.
    Ignore,
    /// It only looks.
    Read,
    /// It changes something.
    Write,
    /// It sends something out.
    Send,
    /// Anyone may call it (GET and HEAD only).
    Public,
    /// What it acts on.
    Resource,
    /// Which limit it spends from.
    Class,
    /// How it is held to a key's companies.
    Company,
    /// Which values a path parameter takes.
    Param,
}

impl RuleKind {
    /// All, in the order in which they are documented.
    pub const ALL: [Self; 9] = [
        Self::Ignore,
        Self::Read,
        Self::Write,
        Self::Send,
        Self::Public,
        Self::Resource,
        Self::Class,
        Self::Company,
        Self::Param,
    ];

    /// The flag, without the dashes.
    #[must_use]
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Read => "read",
            Self::Write => "write",
            Self::Send => "send",
            Self::Public => "public",
            Self::Resource => "resource",
            Self::Class => "class",
            Self::Company => "company",
            Self::Param => "param",
        }
    }

    /// How its value is written, for help texts.
    #[must_use]
    pub const fn form(self) -> &'static str {
        match self {
            Self::Ignore | Self::Read | Self::Write | Self::Send | Self::Public => "METHOD PATH",
            Self::Resource => "METHOD PATH=RESOURCE",
            Self::Class => "METHOD PATH=CLASS",
            Self::Company => "METHOD PATH=COMPANY",
            Self::Param => "METHOD PATH=NAME:KIND",
        }
    }

    /// An example of its value, for help texts.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self {
            Self::Ignore => "* /internal/*",
            Self::Read => "POST /send/validate*",
            Self::Write => "GET /export",
            Self::Send => "POST /send*",
            Self::Public => "GET /health",
            Self::Resource => "* /webhookhistory*=webhook",
            Self::Class => "POST /messages*=messaging",
            Self::Company => "GET /company/{id}=path:id:id",
            Self::Param => "GET /orders/{id}=id:int64",
        }
    }

    /// What it settles, so that only rules on the same question compete.
    pub(crate) const fn question(self) -> Question {
        match self {
            Self::Ignore => Question::Ignore,
            Self::Read | Self::Write | Self::Send => Question::Action,
            Self::Public => Question::Audience,
            Self::Resource => Question::Resource,
            Self::Class => Question::Class,
            Self::Company => Question::Company,
            Self::Param => Question::Param,
        }
    }
}

/// What a rule settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    Ignore,
    Action,
    Audience,
    Resource,
    Class,
    Company,
    Param,
}

/// What a rule answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Ignore,
    Action(Action),
    Public,
    Resource(Resource),
    Class(LimitClass),
    Company(CompanyMode),
    Param(Box<str>, ParamKind),
}

/// One rule: which operations, and what it says of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    kind: RuleKind,
    text: String,
    method: Option<HttpMethod>,
    path: Glob,
    pub(crate) answer: Answer,
}

/// The text is not a rule of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// Which kind was wanted.
    pub kind: RuleKind,
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (flag, form, example) = (self.kind.flag(), self.kind.form(), self.kind.example());
        write!(f, "--{flag} '{}': {}; write '{form}', for example '{example}'", self.text, self.problem)
    }
}

impl std::error::Error for RuleError {}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--{} '{}'", self.kind.flag(), self.text)
    }
}

impl Rule {
    /// Reads a rule of the given kind from `METHOD PATH` or `METHOD PATH=VALUE`. METHOD is a method in capitals or `*`;
    /// PATH is a path of the description, with or without the prefix, in which `*` stands for any run of characters.
    pub fn parse(kind: RuleKind, text: &str) -> Result<Self, RuleError> {
        let error = |problem: &str| RuleError { kind, text: text.to_owned(), problem: problem.to_owned() };
        if text.len() > RULE_MAX {
            return Err(error("is too long"));
        }
        let (pattern, value) = match text.split_once('=') {
            Some((pattern, value)) => (pattern.trim(), Some(value.trim())),
            None => (text.trim(), None),
        };
        let (method, path) = pattern.split_once(' ').ok_or_else(|| error("has no space between method and path"))?;
        let method = match method {
            "*" => None,
            name => Some(HttpMethod::parse(name).ok_or_else(|| error("starts with an unknown method"))?),
        };
        let path = path.trim_start();
        if !path.starts_with(['/', '*']) {
            return Err(error("needs a path that starts with / or *"));
        }
        let answer = match (kind.form().contains('='), value) {
            (true, None) => return Err(error("has no value after =")),
            (false, Some(_)) => return Err(error("takes no value after =")),
            (_, value) => answer(kind, value.unwrap_or_default()).map_err(|problem| error(&problem))?,
        };
        Ok(Self { kind, text: text.to_owned(), method, path: Glob(path.into()), answer })
    }

    /// What kind of rule it is.
    #[must_use]
    pub const fn kind(&self) -> RuleKind {
        self.kind
    }

    /// Whether the rule speaks of an operation, whose path may be written in several ways.
    pub(crate) fn matches(&self, method: HttpMethod, paths: &[&str]) -> bool {
        self.method.is_none_or(|m| m == method) && paths.iter().any(|path| self.path.matches(path))
    }

    /// How exactly it says which operations it means: the rule with more fixed characters wins, then a named method.
    pub(crate) fn weight(&self) -> (usize, bool) {
        (self.path.0.bytes().filter(|b| *b != b'*').count(), self.method.is_some())
    }
}

fn answer(kind: RuleKind, value: &str) -> Result<Answer, String> {
    Ok(match kind {
        RuleKind::Ignore => Answer::Ignore,
        RuleKind::Read => Answer::Action(Action::Read),
        RuleKind::Write => Answer::Action(Action::Write),
        RuleKind::Send => Answer::Action(Action::Send),
        RuleKind::Public => Answer::Public,
        RuleKind::Resource => Answer::Resource(Resource::new(value).map_err(|_| "names no resource".to_owned())?),
        RuleKind::Class => Answer::Class(LimitClass::new(value).ok_or("names no limit class")?),
        RuleKind::Company => Answer::Company(company(value)?),
        RuleKind::Param => {
            let (name, kind) = value.split_once(':').ok_or("has no NAME:KIND after =")?;
            let kind = ParamKind::ALL.into_iter().find(|k| k.as_str() == kind);
            Answer::Param(name.into(), kind.ok_or("has a kind that is not int32, int64, uuid or any")?)
        }
    })
}

/// `account`, `neutral`, `context`, `lookup:OPERATION`, `injected:PLACE:KIND` or `PLACE:KIND,PLACE:KIND`.
fn company(value: &str) -> Result<CompanyMode, String> {
    match value.split_once(':') {
        None => match value {
            "account" => Ok(CompanyMode::Account),
            "neutral" => Ok(CompanyMode::Neutral),
            "context" => Ok(CompanyMode::Context),
            _ => Err("has a company mode that is none: account, neutral, context, lookup:OPERATION, \
                      injected:PLACE:KIND or PLACE:KIND"
                .to_owned()),
        },
        Some(("lookup", id)) => Ok(CompanyMode::Lookup(OperationId::new(id).ok_or("names no operation to look up")?)),
        Some(("injected", rest)) => Ok(CompanyMode::Injected(locator(rest)?)),
        Some(_) => Ok(CompanyMode::Locators(value.split(',').map(locator).collect::<Result<_, _>>()?)),
    }
}

fn locator(text: &str) -> Result<Locator, String> {
    let wrong = || format!("has {text:?}, which is not PLACE:KIND such as path:id:id or body:/company_id:id");
    let (place, kind) = text.rsplit_once(':').ok_or_else(wrong)?;
    let place = Place::parse(place).ok_or_else(wrong)?;
    Ok(Locator { place, kind: NameKind::new(kind).ok_or_else(wrong)? })
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ignore => f.write_str("left out"),
            Self::Action(action) => f.write_str(action.as_str()),
            Self::Public => f.write_str("public"),
            Self::Resource(resource) => write!(f, "{resource}"),
            Self::Class(class) => f.write_str(class.as_str()),
            Self::Company(mode) => f.write_str(&company_text(mode)),
            Self::Param(name, kind) => write!(f, "{{{name}:{}}}", kind.as_str()),
        }
    }
}

/// A pattern in which `*` stands for any run of characters, none included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Box<str>);

impl Glob {
    /// Takes any text.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self(pattern.into())
    }

    /// Whether the whole of `text` fits. At most pattern length times text length steps.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let (pattern, text) = (self.0.as_bytes(), text.as_bytes());
        let (mut p, mut t) = (0, 0);
        // Where the last star stands, and how much of the text it has swallowed so far.
        let mut star: Option<(usize, usize)> = None;
        while t < text.len() {
            if pattern.get(p) == Some(&b'*') {
                star = Some((p, t));
                p += 1;
            } else if pattern.get(p).is_some() && pattern.get(p) == text.get(t) {
                p += 1;
                t += 1;
            } else if let Some((at, swallowed)) = star {
                star = Some((at, swallowed + 1));
                p = at + 1;
                t = swallowed + 1;
            } else {
                return false;
            }
        }
        pattern.iter().skip(p).all(|b| *b == b'*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(kind: RuleKind, text: &str) -> Result<Rule, RuleError> {
        Rule::parse(kind, text)
    }

    #[test]
    fn the_examples_are_rules() {
        for kind in RuleKind::ALL {
            let rule = parse(kind, kind.example()).unwrap();
            assert_eq!(rule.to_string(), format!("--{} '{}'", kind.flag(), kind.example()));
        }
    }

    #[test]
    fn rules_say_which_operations_they_mean() {
        let rule = parse(RuleKind::Send, "POST /send*").unwrap();
        assert!(rule.matches(HttpMethod::Post, &["/send"]) && rule.matches(HttpMethod::Post, &["/send/xml"]));
        assert!(!rule.matches(HttpMethod::Get, &["/send"]) && !rule.matches(HttpMethod::Post, &["/resend"]));
        assert!(rule.matches(HttpMethod::Post, &["/v1/send", "/send"]), "as the file writes it or as callers send it");
        let any = parse(RuleKind::Ignore, "* *").unwrap();
        assert!(HttpMethod::ALL.into_iter().all(|method| any.matches(method, &["/x"])));
        assert!(parse(RuleKind::Read, "POST /send/validate*").unwrap().weight() > rule.weight());
        assert!(parse(RuleKind::Read, "* /send*").unwrap().weight() < rule.weight());
    }

    #[test]
    fn d34_company_rules_are_read() {
        let kind = |text: &str| NameKind::new(text).unwrap();
        let table = [
            ("neutral", CompanyMode::Neutral),
            ("context", CompanyMode::Context),
            ("account", CompanyMode::Account),
            ("lookup:company_get", CompanyMode::Lookup(OperationId::new("company_get").unwrap())),
            (
                "injected:query:company_id:id",
                CompanyMode::Injected(Locator { place: Place::Query("company_id".into()), kind: kind("id") }),
            ),
            (
                "path:vat:vat,body:/a/b:id",
                CompanyMode::Locators(Box::new([
                    Locator { place: Place::Path("vat".into()), kind: kind("vat") },
                    Locator { place: Place::Body("/a/b".into()), kind: kind("id") },
                ])),
            ),
        ];
        for (text, mode) in table {
            let rule = parse(RuleKind::Company, &format!("GET /x={text}")).unwrap();
            assert_eq!(rule.answer, Answer::Company(mode), "{text}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused_with_a_way_out() {
        let table = [
            (RuleKind::Send, "/send"),
            (RuleKind::Send, "SEND /send"),
            (RuleKind::Send, "POST send"),
            (RuleKind::Send, "POST /send=x"),
            (RuleKind::Resource, "GET /x"),
            (RuleKind::Resource, "GET /x=UPPER"),
            (RuleKind::Class, "GET /x="),
            (RuleKind::Param, "GET /x=id"),
            (RuleKind::Param, "GET /x=id:float"),
            (RuleKind::Company, "GET /x=everything"),
            (RuleKind::Company, "GET /x=path:id"),
            (RuleKind::Company, "GET /x=lookup:"),
            (RuleKind::Company, "GET /x=injected:path"),
        ];
        for (kind, text) in table {
            let error = parse(kind, text).unwrap_err().to_string();
            assert!(error.contains(text) && error.contains(kind.example()), "{error}");
        }
        assert!(parse(RuleKind::Read, &format!("GET /{}", "a".repeat(RULE_MAX))).is_err());
    }

    /// The obvious recursive matcher.
    fn slow(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|n| slow(rest, &text[n..])),
            Some((b, rest)) => text.first() == Some(b) && slow(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn the_glob_is_the_obvious_one(pattern in "[ab*/]{0,8}", text in "[ab/]{0,10}") {
            prop_assert_eq!(Glob::new(&pattern).matches(&text), slow(pattern.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn a_glob_without_stars_is_equality(pattern in "[^*]{0,12}", text in "\\PC{0,12}") {
            prop_assert!(Glob::new(&pattern).matches(&pattern));
            prop_assert_eq!(Glob::new(&pattern).matches(&text), pattern == text);
        }
    }

    #[test]
    fn a_glob_full_of_stars_ends_soon() {
        let glob = Glob::new(&"*a".repeat(RULE_MAX / 2));
        assert!(!glob.matches(&"a".repeat(400)));
        assert!(!Glob::new("*a*a*a*a*a*a*a*b").matches(&"a".repeat(100_000)));
    }
}
