//! Choice: one endpoint to one operation: rule over extension over guess, with a note on each.
//!
//! Owns:  the precedence, which rule wins, templates with kinds.
//! Never: guesses (that is `guess`), compares operations (that is `sound`).
//! Read:  `Wanted::choose`.

use super::{
    description::{Description, Endpoint, Within},
    guess::{self, Guess},
    naming, note,
};
use crate::{
    draft::{Field, Note, NoteKind},
    format::one_line,
    problem::ProblemCode,
    reader::Sink,
    rule::{Answer, Question, Rule, RuleKind},
};
use model::{
    Action, Audience, Environment, HttpMethod, Idempotency, LimitClass, Operation, Resource, Scope, Template,
    operation::{OtherBodies, ParamKind, ServedBy},
};
use std::collections::BTreeMap;

/// What is known before choosing.
pub(super) struct Wanted<'a> {
    pub(super) description: &'a Description<'a>,
    pub(super) endpoint: &'a Endpoint<'a>,
    pub(super) prefix: &'a str,
    pub(super) name: naming::Name,
    pub(super) several_schemes: bool,
    pub(super) extension: &'a str,
    pub(super) rules: &'a [Rule],
}

/// What became of an endpoint.
pub(super) enum Outcome {
    /// Something about it was not understood, which is told as a problem.
    NotUnderstood,
    /// It is left out on purpose; the text says by whom.
    LeftOut(String),
    /// It is drafted.
    Chosen(Box<Operation>, Vec<Note>),
}

/// The rules that speak of an operation, with their places in the list.
pub(super) fn rules<'r>(
    rules: &'r [Rule],
    method: HttpMethod,
    path: &str,
    prefix: &str,
) -> impl Iterator<Item = (usize, &'r Rule)> + use<'r> {
    let (as_written, as_called) = (path.to_owned(), format!("{prefix}{path}"));
    rules.iter().enumerate().filter(move |(_, rule)| rule.matches(method, &[&as_written, &as_called]))
}

/// A value and where it comes from, as notes say it.
struct Told<T> {
    value: T,
    kind: NoteKind,
    why: String,
}

impl<T> Told<T> {
    /// The guess, unless the extension or a rule says otherwise.
    fn new(guess: Guess<T>, extension: Option<T>, name: &str, rule: Option<(T, &Rule)>) -> Self {
        match (rule, extension) {
            (Some((value, rule)), _) => Self { value, kind: NoteKind::Rule, why: rule.to_string() },
            (None, Some(value)) => Self { value, kind: NoteKind::Extension, why: name.to_owned() },
            (None, None) => Self { value: guess.value, kind: NoteKind::Guessed, why: guess.why },
        }
    }
}

/// The winning answers of the rules, by question (for parameters also by name).
type Answers<'r> = BTreeMap<(u8, Box<str>), &'r Rule>;

impl Wanted<'_> {
    /// Chooses every part of the operation.
    pub(super) fn choose(self, sink: &mut Sink<'_>) -> Outcome {
        let Some(answers) = self.answers(sink) else { return Outcome::NotUnderstood };
        let subject = self.endpoint.subject();
        if let Some(rule) = answer(&answers, Question::Ignore) {
            return Outcome::LeftOut(format!("{subject}, by {rule}"));
        }
        if !self.endpoint.understood {
            return Outcome::NotUnderstood;
        }
        if self.endpoint.overlay.ignore == Some(true) {
            return Outcome::LeftOut(format!("{subject}, by {}", self.extension));
        }
        let mut notes = self.notes_above();
        let Some(template) = self.template(&answers, sink, &mut notes) else { return Outcome::NotUnderstood };
        let guesses = guess::guess(self.description, self.endpoint, self.several_schemes);
        let overlay = self.endpoint.overlay.clone();
        let action = self.told(guesses.action, overlay.action, &answers, Question::Action, |answer| {
            if let Answer::Action(action) = answer { Some(*action) } else { None }
        });
        let resource = self.told(guesses.resource, overlay.resource, &answers, Question::Resource, |answer| {
            if let Answer::Resource(resource) = answer { Some(resource.clone()) } else { None }
        });
        let audience = self.told(guesses.audience, overlay.audience, &answers, Question::Audience, |answer| {
            (*answer == Answer::Public).then_some(Audience::Public)
        });
        let company = self.told(guesses.company, overlay.company, &answers, Question::Company, |answer| {
            if let Answer::Company(mode) = answer { Some(mode.clone()) } else { None }
        });
        let class = Guess { value: LimitClass::default(), why: "the overall limit".to_owned() };
        let class = self.told(class, overlay.class, &answers, Question::Class, |answer| {
            if let Answer::Class(class) = answer { Some(class.clone()) } else { None }
        });
        let environment = environment(audience.value, overlay.environment, self.extension);
        // What somebody has decided needs no warning.
        let action_warning = guesses.action_warning.filter(|_| action.kind == NoteKind::Guessed);
        let audience_warning = guesses.audience_warning.filter(|_| audience.kind == NoteKind::Guessed);
        for warning in action_warning.into_iter().chain(audience_warning) {
            notes.push(note(Some(self.name.id.clone()), None, NoteKind::Warning, warning));
        }
        self.notes_beside(&mut notes, &resource, &action);
        self.beside(&mut notes, Field::Audience, &audience);
        self.beside(&mut notes, Field::Company, &company);
        self.beside(&mut notes, Field::Class, &class);
        if let Some(told) = &environment {
            self.beside(&mut notes, Field::Environment, told);
        }
        let operation = Operation {
            id: self.name.id.clone(),
            method: self.endpoint.method,
            template,
            audience: audience.value,
            scope: Scope { resource: resource.value, action: action.value },
            company: company.value,
            class: class.value,
            environment: environment.map(|told| told.value),
            other_bodies: OtherBodies::default(),
            idempotency: Idempotency::default(),
            channel: None,
            learn: None,
            callback: None,
            served_by: ServedBy::default(),
        };
        Outcome::Chosen(Box::new(operation), notes)
    }

    /// The rule that wins each question: the one with more fixed characters. Equal ones that differ are a problem.
    fn answers(&self, sink: &mut Sink<'_>) -> Option<Answers<'_>> {
        let mut won: Answers<'_> = BTreeMap::new();
        let before = sink.count();
        for (_, rule) in rules(self.rules, self.endpoint.method, self.endpoint.path, self.prefix) {
            let name: Box<str> = if let Answer::Param(name, _) = &rule.answer { name.clone() } else { "".into() };
            let key = (rule.kind().question() as u8, name);
            match won.get(&key) {
                Some(other) if other.weight() == rule.weight() && other.answer != rule.answer => {
                    let message = format!("{other} and {rule} say different things with equal weight");
                    sink.add(ProblemCode::RuleConflict, None, message, "make the path of one of them more exact");
                }
                Some(other) if other.weight() >= rule.weight() => {}
                _ => {
                    won.insert(key, rule);
                }
            }
        }
        (sink.count() == before).then_some(won)
    }

    /// The answer to one question: of the rule that won it, else of the extension, else the guess.
    fn told<T>(
        &self,
        guess: Guess<T>,
        extension: Option<T>,
        answers: &Answers<'_>,
        question: Question,
        take: impl Fn(&Answer) -> Option<T>,
    ) -> Told<T> {
        let rule = answer(answers, question).and_then(|rule| Some((take(&rule.answer)?, rule)));
        Told::new(guess, extension, self.extension, rule)
    }

    /// What stands above the operation in the file.
    fn notes_above(&self) -> Vec<Note> {
        let summary = one_line(self.endpoint.summary, super::NOTE_MAX);
        let subject = self.endpoint.subject();
        let text = if summary.is_empty() { subject } else { format!("{subject}: {summary}") };
        vec![note(Some(self.name.id.clone()), None, NoteKind::Summary, text)]
    }

    fn beside<T>(&self, notes: &mut Vec<Note>, field: Field, told: &Told<T>) {
        if !told.why.is_empty() {
            notes.push(note(Some(self.name.id.clone()), Some(field), told.kind, told.why.clone()));
        }
    }

    fn notes_beside(&self, notes: &mut Vec<Note>, resource: &Told<Resource>, action: &Told<Action>) {
        match &self.name.from {
            naming::From::OperationId => {}
            naming::From::Extension => {
                notes.push(note(Some(self.name.id.clone()), Some(Field::Id), NoteKind::Extension, self.extension));
            }
            naming::From::Made(how) => {
                notes.push(note(Some(self.name.id.clone()), Some(Field::Id), NoteKind::Guessed, *how));
            }
        }
        if resource.kind == action.kind && resource.why != action.why {
            let text = format!("{} from {}, {}", action_word(action), action.why, resource.why);
            let text =
                if action.kind == NoteKind::Guessed { text } else { format!("{}; {}", action.why, resource.why) };
            notes.push(note(Some(self.name.id.clone()), Some(Field::Scope), action.kind, text));
            return;
        }
        self.beside(notes, Field::Scope, action);
        if resource.kind != action.kind {
            self.beside(notes, Field::Scope, resource);
        }
    }

    /// The path as callers send it, with the kinds of its parameters.
    fn template(&self, answers: &Answers<'_>, sink: &mut Sink<'_>, notes: &mut Vec<Note>) -> Option<Template> {
        const HINT: &str =
            "the operation is left out; segments take at most one {parameter} each, which is a plain name";
        let unsupported = |sink: &mut Sink<'_>, problem: &str| {
            sink.add(ProblemCode::Unsupported, None, format!("the path {problem}"), HINT);
            None
        };
        let plain = format!("{}{}", self.prefix, self.endpoint.path);
        // A kind is ours to give; in a description a colon in braces is somebody's regular expression.
        let coloned =
            plain.split('{').skip(1).any(|rest| rest.split('}').next().is_some_and(|name| name.contains(':')));
        if coloned {
            return unsupported(sink, "has a pattern inside a parameter");
        }
        let template = match Template::parse(&plain) {
            Ok(template) => template,
            Err(error) => return unsupported(sink, error.problem),
        };
        let asked = |name: &str| {
            let rule = answers.get(&(Question::Param as u8, name.into())).copied()?;
            if let Answer::Param(_, kind) = rule.answer { Some((kind, rule)) } else { None }
        };
        let mut text = plain.clone();
        for name in template.params() {
            let stated = self.endpoint.parameters.iter().find(|p| p.within == Within::Path && p.name == name);
            let kind = match (asked(name), stated) {
                (Some((kind, rule)), _) => {
                    notes.push(note(Some(self.name.id.clone()), Some(Field::Path), NoteKind::Rule, rule.to_string()));
                    kind
                }
                (None, Some(parameter)) => parameter.kind,
                (None, None) => {
                    let text = format!("the description says nothing of {{{name}}}, so it takes anything");
                    notes.push(note(Some(self.name.id.clone()), Some(Field::Path), NoteKind::Guessed, text));
                    ParamKind::Any
                }
            };
            if kind != ParamKind::Any {
                text = text.replace(&format!("{{{name}}}"), &format!("{{{name}:{}}}", kind.as_str()));
            }
        }
        for rule in answers.values().filter(|rule| rule.kind() == RuleKind::Param) {
            if let Answer::Param(name, _) = &rule.answer
                && !template.params().any(|param| param == &**name)
            {
                let message = format!("{rule} names a parameter that the path does not have");
                sink.add(ProblemCode::InvalidValue, None, message, "compare it with the path");
            }
        }
        match Template::parse(&text) {
            Ok(template) => Some(template),
            Err(error) => unsupported(sink, error.problem),
        }
    }
}

/// The rule that won a question.
fn answer<'r>(answers: &Answers<'r>, question: Question) -> Option<&'r Rule> {
    answers.get(&(question as u8, "".into())).copied()
}

fn action_word(action: &Told<Action>) -> &'static str {
    action.value.as_str()
}

/// The environment of an operation without a key; guessed to be live (D37).
fn environment(audience: Audience, stated: Option<Environment>, extension: &str) -> Option<Told<Environment>> {
    if audience == Audience::Key {
        return None;
    }
    let guess = Guess { value: Environment::Live, why: "the live upstream answers".to_owned() };
    Some(Told::new(guess, stated, extension, None))
}
