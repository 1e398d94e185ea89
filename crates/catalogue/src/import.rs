//! Import: an OpenAPI description to a draft of a catalogue.
//!
//! Owns:  the options, the precedence (rule over extension over guess), the notes on every choice.
//! Never: follows references out of the text, or leaves in an operation that it did not understand in full.
//! Read:  `import`, then `import::choice`; `description` reads OpenAPI, `guess` guesses.

mod choice;
mod cue;
mod description;
mod extension;
mod guess;
mod naming;
mod reference;
mod suggest;

use crate::{
    draft::{Draft, Field, Note, NoteKind},
    format::one_line,
    node, overlap,
    problem::{Problem, ProblemCode},
    reader::Sink,
    rule::{Answer, RULES_MAX, Rule},
    sound,
};
use description::{Description, Endpoint, Unread};
use model::{HttpMethod, Operation, OperationId, Template};
use std::{collections::HashMap, fmt};

/// The longest text of a description that a note repeats, in characters.
const NOTE_MAX: usize = 120;
/// The most overlaps that are noted at one operation.
const OVERLAPS_NOTED: usize = 4;

/// How to import.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// What callers send before the description's paths: `/v1`, or an empty text for nothing. `None`: the path that all of
    /// the description's `servers` share.
    pub prefix: Option<String>,
    /// What the operator says; over everything else.
    pub rules: Vec<Rule>,
    /// The name of the extension to read, such as `x-gate`; empty: none.
    pub extension: String,
}

/// The description, or an option, cannot be used at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportError(pub Problem);

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ImportError {}

fn unusable(code: ProblemCode, message: impl Into<String>, hint: &str) -> ImportError {
    let (message, hint) = (message.into(), hint.to_owned());
    ImportError(Problem { code, position: None, subject: String::new(), message, hint })
}

/// Drafts a catalogue from an OpenAPI 3.0 or 3.1 description, JSON or YAML.
///
/// Only a draft without `problems` should be served; its text then passes `read`.
///
/// # Errors
/// The text is not such a description, holds more than the bounds allow, or an option is malformed. Everything that concerns
/// single operations is in the draft's `problems` instead.
pub fn import(source: &str, options: &ImportOptions) -> Result<Draft, ImportError> {
    let root = load(source, options)?;
    let description = Description::open(&root)?;
    let prefix = prefix(&description, options)?;
    let mut sink = Sink::default();
    let listing = description.listing(&options.extension, &mut sink)?;
    let endpoints = listing.endpoints;
    let mut drafting = Drafting {
        options,
        description: &description,
        several_schemes: guess::keys_and_people(&description, &endpoints),
        ids: naming::ids(&endpoints),
        prefix: &prefix,
        sink,
        operations: Vec::new(),
        sources: Vec::new(),
        notes: notes_on_prefix(options, &prefix),
        matched: vec![false; options.rules.len()],
    };
    for unread in &listing.unread {
        drafting.unread(unread);
    }
    for (index, endpoint) in endpoints.iter().enumerate() {
        drafting.add(index, endpoint);
    }
    drafting.suggest(&endpoints);
    Ok(drafting.finish(&endpoints))
}

/// What `check` compares a catalogue with.
pub(crate) struct Survey {
    pub(crate) title: String,
    pub(crate) prefix: String,
    pub(crate) endpoints: Vec<Surveyed>,
}

/// An operation of a description.
pub(crate) struct Surveyed {
    pub(crate) method: HttpMethod,
    /// As the description writes it.
    pub(crate) path: String,
    pub(crate) summary: String,
    /// A rule or the extension leaves it out on purpose.
    pub(crate) ignored: bool,
}

/// Lists the operations of a description.
pub(crate) fn survey(source: &str, options: &ImportOptions) -> Result<Survey, ImportError> {
    let root = load(source, options)?;
    let description = Description::open(&root)?;
    let prefix = prefix(&description, options)?;
    let mut sink = Sink::default();
    let listing = description.listing(&options.extension, &mut sink)?;
    let endpoints = listing.endpoints.iter().map(|endpoint| Surveyed {
        method: endpoint.method,
        path: endpoint.path.to_owned(),
        summary: one_line(endpoint.summary, NOTE_MAX),
        ignored: endpoint.overlay.ignore == Some(true)
            || choice::rules(&options.rules, endpoint.method, endpoint.path, &prefix)
                .any(|(_, rule)| rule.answer == Answer::Ignore),
    });
    Ok(Survey { title: description.title(), endpoints: endpoints.collect(), prefix: prefix.clone() })
}

fn load(source: &str, options: &ImportOptions) -> Result<node::Node, ImportError> {
    if options.rules.len() > RULES_MAX {
        return Err(unusable(ProblemCode::TooMuch, format!("more than {RULES_MAX} rules"), "use * in the paths"));
    }
    if !options.extension.is_empty() && !options.extension.starts_with("x-") {
        let message = format!("{:?} is no name of an extension", options.extension);
        return Err(unusable(ProblemCode::InvalidValue, message, "extensions of OpenAPI start with x-"));
    }
    node::from_text(source).map_err(ImportError)
}

/// The prefix as it stands before paths: empty, or starting and not ending with `/`.
fn prefix(description: &Description<'_>, options: &ImportOptions) -> Result<String, ImportError> {
    let text = options.prefix.clone().unwrap_or_else(|| description.servers_path().unwrap_or_default());
    let text = text.trim_end_matches('/');
    let plain = Template::parse(text).is_ok_and(|template| template.params().next().is_none());
    if !text.is_empty() && !plain {
        let message = format!("the prefix {text:?} is no path");
        return Err(unusable(ProblemCode::InvalidValue, message, "write it like /v1"));
    }
    Ok(text.to_owned())
}

fn notes_on_prefix(options: &ImportOptions, prefix: &str) -> Vec<Note> {
    if options.prefix.is_some() || prefix.is_empty() {
        return Vec::new();
    }
    let text = format!("paths start with {prefix}, because the description's servers do; say otherwise with --prefix");
    vec![Note { operation: None, field: None, kind: NoteKind::Guessed, text }]
}

/// An import under way.
struct Drafting<'o> {
    options: &'o ImportOptions,
    description: &'o Description<'o>,
    several_schemes: bool,
    ids: Vec<naming::Name>,
    prefix: &'o str,
    sink: Sink<'static>,
    operations: Vec<Operation>,
    /// For each operation, its endpoint.
    sources: Vec<usize>,
    notes: Vec<Note>,
    /// Which rules have matched something.
    matched: Vec<bool>,
}

impl Drafting<'_> {
    /// Tells of a path that could not be read, unless a rule leaves it out.
    fn unread(&mut self, unread: &Unread<'_>) {
        let rules = HttpMethod::ALL.map(|method| {
            choice::rules(&self.options.rules, method, unread.path, self.prefix)
                .find(|(_, rule)| rule.answer == Answer::Ignore)
        });
        self.sink.subject = one_line(unread.path, NOTE_MAX);
        // The methods of the path are unknown, so only a rule for all of them settles it.
        if let [Some((index, rule)), rest @ ..] = rules
            && rest.iter().all(Option::is_some)
        {
            self.matched.iter_mut().skip(index).take(1).for_each(|flag| *flag = true);
            let text = format!("{}, by {rule}", self.sink.subject);
            self.notes.push(Note { operation: None, field: None, kind: NoteKind::LeftOut, text });
            return;
        }
        let hint = "the path is left out; put all of it into the description, or --ignore it for all methods";
        self.sink.add(unread.code, None, unread.message.clone(), hint);
    }

    /// Adds the operation of an endpoint, unless it is left out or not understood.
    fn add(&mut self, index: usize, endpoint: &Endpoint<'_>) {
        self.sink.subject = endpoint.subject();
        let Some(name) = self.ids.get(index).cloned() else { return };
        let wanted = choice::Wanted {
            description: self.description,
            endpoint,
            prefix: self.prefix,
            name,
            several_schemes: self.several_schemes,
            extension: &self.options.extension,
            rules: &self.options.rules,
        };
        match wanted.choose(&mut self.sink) {
            choice::Outcome::NotUnderstood => {}
            choice::Outcome::LeftOut(text) => {
                self.notes.push(Note { operation: None, field: None, kind: NoteKind::LeftOut, text });
            }
            choice::Outcome::Chosen(operation, notes) => {
                self.notes.extend(notes);
                self.operations.push(*operation);
                self.sources.push(index);
            }
        }
    }

    /// Notes where an operation seems to name a company; nothing of it is applied.
    fn suggest(&mut self, endpoints: &[Endpoint<'_>]) {
        let drafted: Vec<(&Endpoint<'_>, &Operation)> = self
            .operations
            .iter()
            .zip(&self.sources)
            .filter_map(|(operation, index)| Some((endpoints.get(*index)?, operation)))
            .collect();
        let suggestions: Vec<Note> = suggest::suggestions(self.description.root, &drafted)
            .into_iter()
            .map(|(operation, text)| note(Some(operation), None, NoteKind::Suggestion, text))
            .collect();
        self.notes.extend(suggestions);
    }

    fn finish(mut self, endpoints: &[Endpoint<'_>]) -> Draft {
        self.unmatched_rules(endpoints);
        self.overlaps();
        for (index, flaw) in sound::flaws(&self.operations) {
            let endpoint = self.sources.get(index).and_then(|at| endpoints.get(*at));
            self.sink.subject = endpoint.map(Endpoint::subject).unwrap_or_default();
            let hint = if flaw.code == ProblemCode::Ambiguous {
                "tell them apart with --param 'METHOD PATH=NAME:KIND', or leave one out with --ignore".to_owned()
            } else {
                flaw.hint
            };
            self.sink.add(flaw.code, None, flaw.message, &hint);
        }
        // Notes on the whole draft first, then in the order of the operations; within one, as they were made.
        let order: HashMap<&OperationId, usize> =
            self.operations.iter().enumerate().map(|(index, operation)| (&operation.id, index + 1)).collect();
        let mut notes = self.notes;
        notes.sort_by_key(|note| note.operation.as_ref().and_then(|id| order.get(id).copied()).unwrap_or(0));
        Draft {
            title: self.description.title(),
            prefix: self.prefix.to_owned(),
            notes,
            problems: self.sink.into_problems(),
            operations: self.operations,
        }
    }

    fn unmatched_rules(&mut self, endpoints: &[Endpoint<'_>]) {
        for endpoint in endpoints {
            for (index, _) in choice::rules(&self.options.rules, endpoint.method, endpoint.path, self.prefix) {
                self.matched.iter_mut().skip(index).take(1).for_each(|flag| *flag = true);
            }
        }
        for (rule, _) in self.options.rules.iter().zip(&self.matched).filter(|(_, matched)| !**matched) {
            self.sink.subject = rule.to_string();
            let hint = "compare method and path with the description; * stands for any run of characters";
            self.sink.add(ProblemCode::UnmatchedRule, None, "matches no operation", hint);
        }
    }

    fn overlaps(&mut self) {
        let mut noted: HashMap<usize, usize> = HashMap::new();
        for overlap in overlap::overlaps(&self.operations) {
            let both = [(overlap.first, overlap.second), (overlap.second, overlap.first)];
            for (one, other) in both {
                let (Some(one_is), Some(other)) = (self.operations.get(one), self.operations.get(other)) else {
                    continue;
                };
                let count = noted.entry(one).or_default();
                *count += 1;
                if *count > OVERLAPS_NOTED {
                    continue;
                }
                let apart = match &overlap.apart {
                    Some(words) => format!("told apart: {words}"),
                    None => "NOTHING TELLS THEM APART".to_owned(),
                };
                let text = format!("with {} ({} {}), {apart}", other.id, other.method.as_str(), other.template);
                self.notes.push(note(Some(one_is.id.clone()), None, NoteKind::Overlap, text));
            }
        }
    }
}

fn note(operation: Option<OperationId>, field: Option<Field>, kind: NoteKind, text: impl Into<String>) -> Note {
    Note { operation, field, kind, text: text.into() }
}
