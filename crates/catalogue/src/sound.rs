//! Sound: what must hold of operations beyond their spelling.
//!
//! Owns:  flaws of one operation (places that do not exist, checks that would come too late) and between operations
//!        (ids, ambiguity, look-ups).
//! Never: changes an operation.
//! Read:  `flaws`.

mod idempotency;
mod sub_keys;

use crate::{draft::Field, problem::ProblemCode};
use model::{
    Action, Audience, Catalogue, CatalogueError, CompanyMode, HttpMethod, Locator, Operation, OperationId,
    operation::Place,
};
use std::collections::HashMap;

/// The most places at which one operation may name companies.
pub(crate) const LOCATORS_MAX: usize = 16;

/// One thing that is wrong with an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) field: Field,
    pub(crate) code: ProblemCode,
    pub(crate) message: String,
    pub(crate) hint: String,
}

fn flaw(field: Field, code: ProblemCode, message: impl Into<String>, hint: &str) -> Flaw {
    Flaw { field, code, message: message.into(), hint: hint.to_owned() }
}

/// Everything that is wrong with these operations, each with the place in the list of the operation that it is told of.
/// A list without flaws makes a `model::Catalogue`.
pub(crate) fn flaws(operations: &[Operation]) -> Vec<(usize, Flaw)> {
    let mut by_id: HashMap<&OperationId, Vec<usize>> = HashMap::new();
    for (index, operation) in operations.iter().enumerate() {
        by_id.entry(&operation.id).or_default().push(index);
    }
    let mut found = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        found.extend(own(operation).into_iter().map(|flaw| (index, flaw)));
        if let CompanyMode::Lookup(id) = &operation.company {
            let target = by_id.get(id).and_then(|at| operations.get(*at.first()?));
            found.extend(lookup(operation, id, target).map(|flaw| (index, flaw)));
        }
    }
    for (index, operation) in operations.iter().enumerate() {
        let Some(recovery) = &operation.idempotency.recovery else { continue };
        let target = by_id.get(&recovery.operation).and_then(|at| operations.get(*at.first()?));
        found.extend(idempotency::lookup(operation, recovery, target).map(|flaw| (index, flaw)));
    }
    for (id, at) in &by_id {
        let repeats = at.iter().skip(1);
        let flaw = flaw(Field::Id, ProblemCode::Duplicate, format!("the id {id} is used before"), "ids are unique");
        found.extend(repeats.map(|index| (*index, flaw.clone())));
    }
    if let Err(errors) = Catalogue::new(operations.to_vec()) {
        found.extend(errors.iter().flat_map(|error| between(error, &by_id)));
    }
    found.sort_by_key(|(index, _)| *index);
    found
}

fn own(operation: &Operation) -> Vec<Flaw> {
    let mut found = idempotency::own(operation);
    let mut names: Vec<&str> = operation.template.params().collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair.first() == pair.last()) {
        let message = format!("two parameters of the path are called {}", pair.first().unwrap_or(&""));
        found.push(flaw(Field::Path, ProblemCode::Duplicate, message, "give each parameter a name of its own"));
    }
    if operation.audience == Audience::Key && operation.environment.is_some() {
        let hint = "the key decides between test and live; remove environment";
        found.push(flaw(Field::Environment, ProblemCode::InvalidValue, "environment is not for audience key", hint));
    }
    if operation.audience != Audience::Callback && operation.callback.is_some() {
        let hint = "remove callback, or use audience callback";
        found.push(flaw(Field::Callback, ProblemCode::InvalidValue, "callback is only for audience callback", hint));
    }
    if operation.audience != Audience::Key && operation.channel.is_some() {
        let hint = "remove channel: a daily cap is a key's";
        found.push(flaw(Field::Channel, ProblemCode::InvalidValue, "channel is only for audience key", hint));
    }
    found.extend(learn(operation));
    found.extend(sub_keys::own(operation));
    let locators: &[Locator] = match &operation.company {
        CompanyMode::Locators(locators) => locators,
        CompanyMode::Injected(locator) => {
            if matches!(locator.place, Place::Path(_) | Place::Response(_)) {
                let message = format!("a company cannot be set at {}", locator.place);
                let hint = "the gateway sets query:NAME, header:NAME or body:/pointer";
                found.push(flaw(Field::Company, ProblemCode::InvalidValue, message, hint));
            }
            std::slice::from_ref(locator)
        }
        CompanyMode::Lookup(_) | CompanyMode::Context | CompanyMode::Neutral | CompanyMode::Account => &[],
    };
    if locators.len() > LOCATORS_MAX {
        let message = format!("more than {LOCATORS_MAX} locators");
        found.push(flaw(Field::Company, ProblemCode::TooMuch, message, ""));
    }
    if found.iter().all(|flaw| flaw.field != Field::Company) {
        found.extend(locators.iter().filter_map(|locator| place(operation, &locator.place)));
    }
    let late = !locators.is_empty() && locators.iter().all(|l| matches!(l.place, Place::Response(_)));
    if late && operation.scope.action != Action::Read {
        let message = "names its company only in the response, when the change is already made";
        let hint = "add a place in the request, or use mode lookup";
        found.push(flaw(Field::Company, ProblemCode::InvalidValue, message, hint));
    }
    found
}

/// What is wrong with what an operation teaches about companies.
fn learn(operation: &Operation) -> Option<Flaw> {
    let learn = operation.learn.as_ref()?;
    let wrong = |message: &str, hint: &str| Some(flaw(Field::Learn, ProblemCode::InvalidValue, message, hint));
    let one = |place: &Place| matches!(place, Place::Response(pointer) if pointer.split('/').all(|token| token != "*"));
    if operation.audience != Audience::Key {
        return wrong("learn is only for audience key", "remove learn: nobody's account would get the company");
    }
    if operation.method == HttpMethod::Head {
        return wrong("HEAD has no answer to learn from", "remove learn");
    }
    if !one(&learn.at.place)
        || !learn.also.iter().all(|also| one(&also.place))
        || learn.name.as_ref().is_some_and(|name| !one(name))
    {
        return wrong("a company is learned from one place of the answer", "use response:/pointer without *");
    }
    None
}

fn place(operation: &Operation, place: &Place) -> Option<Flaw> {
    let wrong = |message: String, hint: &str| Some(flaw(Field::Company, ProblemCode::InvalidValue, message, hint));
    match place {
        Place::Path(name) if !operation.template.params().any(|param| param == &**name) => {
            let params: Vec<&str> = operation.template.params().collect();
            let hint =
                if params.is_empty() { "it has none".to_owned() } else { format!("it has {}", params.join(", ")) };
            wrong(format!("the path has no parameter {name}"), &hint)
        }
        Place::Body(_) if operation.method.is_safe() => {
            wrong(format!("{} has no body", operation.method.as_str()), "use path, query, header or response")
        }
        Place::Path(_) | Place::Query(_) | Place::Header(_) | Place::Body(_) | Place::Response(_) => None,
    }
}

/// What is wrong with a look-up: it must read, tell the company, and ask for nothing that the request does not name.
fn lookup(operation: &Operation, id: &OperationId, target: Option<&Operation>) -> Option<Flaw> {
    let wrong = |code, message: String, hint: &str| Some(flaw(Field::Company, code, message, hint));
    let Some(target) = target else {
        return wrong(
            ProblemCode::Reference,
            format!("there is no operation {id} to look up"),
            "name an id of this file",
        );
    };
    let tells = |locators: &[Locator]| locators.iter().any(|l| matches!(l.place, Place::Response(_)));
    if !target.method.is_safe() || target.scope.action != Action::Read {
        let hint = "look up through an operation that is GET and needs a read scope";
        return wrong(ProblemCode::InvalidValue, format!("{id} does not only read"), hint);
    }
    if !matches!(&target.company, CompanyMode::Locators(locators) if tells(locators)) {
        let hint = "give it company = { mode = \"locators\", locators = [{ at = \"response:/...\", kind = ... }] }";
        return wrong(ProblemCode::InvalidValue, format!("{id} does not tell a company in its response"), hint);
    }
    let missing = target.template.params().find(|name| !operation.template.params().any(|own| own == *name))?;
    let message = format!("{id} needs the path parameter {missing}, which this path does not have");
    wrong(ProblemCode::InvalidValue, message, "look up through an operation with the same parameters")
}

/// The flaws that an error of the whole list stands for.
fn between(error: &CatalogueError, by_id: &HashMap<&OperationId, Vec<usize>>) -> Vec<(usize, Flaw)> {
    let last = |id: &OperationId| by_id.get(id).and_then(|at| at.last().copied()).unwrap_or(0);
    match error {
        // Told of every repeat, above.
        CatalogueError::DuplicateId(_) => Vec::new(),
        CatalogueError::Ambiguous(first, second) => {
            let message = format!("answers to the same requests as {first}");
            let hint = "give a parameter of one of them a kind ({id:int32}, {id:int64}, {id:uuid}), or remove one";
            vec![(last(second), flaw(Field::Path, ProblemCode::Ambiguous, message, hint))]
        }
        CatalogueError::PublicWrite(id) => {
            let message = "a public operation must be GET or HEAD";
            let hint = "use audience key, or remove the operation";
            vec![(last(id), flaw(Field::Audience, ProblemCode::PublicWrite, message, hint))]
        }
        CatalogueError::EnvironmentMissing(id) => {
            let message = "an operation without a key must say its environment";
            let hint = "add environment = \"live\" or \"test\"";
            vec![(last(id), flaw(Field::Environment, ProblemCode::EnvironmentMissing, message, hint))]
        }
        CatalogueError::SubKeysWithoutKey(id) => {
            let message = "the management of restricted keys is for keys alone";
            let hint = "use audience key, or remove served_by";
            vec![(last(id), flaw(Field::ServedBy, ProblemCode::InvalidValue, message, hint))]
        }
        CatalogueError::TooMany => vec![(0, flaw(Field::Id, ProblemCode::TooMuch, error.to_string(), ""))],
    }
}
