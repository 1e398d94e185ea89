//! Idempotency: what must hold of an operation's rules for `Idempotency-Key` (D17, D28, D40).
//!
//! Owns:  flaws of the rules themselves, and of the look-up that they name.
//! Never: changes an operation.
//! Read:  `own`, then `lookup`.

use super::{Flaw, flaw, sub_keys};
use crate::{draft::Field, problem::ProblemCode};
use model::{Action, Audience, HttpMethod, Idempotency, Operation, Recovery, operation::Place};

/// The most statuses that may say that nothing was done.
pub(crate) const NOT_EXECUTED_MAX: usize = 16;

fn wrong(message: impl Into<String>, hint: &str) -> Flaw {
    flaw(Field::Idempotency, ProblemCode::InvalidValue, message, hint)
}

/// What is wrong with the rules as they stand.
pub(crate) fn own(operation: &Operation) -> Vec<Flaw> {
    let rules = &operation.idempotency;
    if *rules == Idempotency::default() {
        return Vec::new();
    }
    if operation.method.is_safe() {
        let message = format!("{} changes nothing, so there is nothing to do once", operation.method.as_str());
        return vec![wrong(message, "remove idempotency")];
    }
    let mut found = Vec::new();
    if let Some(status) = rules.not_executed.iter().find(|status| !(400..=599).contains(*status)) {
        let message = format!("{status} does not say that nothing was done");
        found.push(wrong(message, "list statuses from 400 to 599 after which the API has certainly changed nothing"));
    }
    if rules.not_executed.len() > NOT_EXECUTED_MAX {
        let message = format!("more than {NOT_EXECUTED_MAX} statuses in not_executed");
        found.push(flaw(Field::Idempotency, ProblemCode::TooMuch, message, ""));
    }
    found.extend(rules.recovery.iter().flat_map(|recovery| places(operation, recovery)));
    found
}

/// Where the business key comes from and goes to, and where the answer is.
fn places(operation: &Operation, recovery: &Recovery) -> Vec<Flaw> {
    let mut found = Vec::new();
    match &recovery.from {
        Place::Path(name) if !operation.template.params().any(|param| param == &**name) => {
            let message = format!("the path has no parameter {name} to take the business key from");
            found.push(wrong(message, "use a parameter of this path, body:/pointer, query:NAME or header:NAME"));
        }
        Place::Response(_) => {
            let hint = "use body:/pointer, query:NAME, path:NAME or header:NAME";
            found.push(wrong("the business key cannot come from a lost answer", hint));
        }
        Place::Path(_) | Place::Query(_) | Place::Header(_) | Place::Body(_) => {}
    }
    if matches!(recovery.at, Place::Body(_) | Place::Response(_)) {
        let message = format!("a look-up takes nothing at {}", recovery.at);
        found.push(wrong(message, "use query:NAME, path:NAME or header:NAME"));
    }
    if !matches!(recovery.found, Place::Response(_)) {
        let message = format!("what was made cannot be at {}", recovery.found);
        found.push(wrong(message, "use response:/pointer, or response: for the whole answer"));
    }
    if !(200..=299).contains(&recovery.status) {
        let message = format!("{} is not the status of a write that was carried out", recovery.status);
        found.push(wrong(message, "use the one that the API answers such a write with, such as 201"));
    }
    found
}

/// What is wrong with the operation that is asked: it must only read, and ask for nothing that the write does not name.
pub(crate) fn lookup(operation: &Operation, recovery: &Recovery, target: Option<&Operation>) -> Option<Flaw> {
    let id = &recovery.operation;
    let Some(target) = target else {
        let message = format!("there is no operation {id} to look up");
        return Some(flaw(Field::Idempotency, ProblemCode::Reference, message, "name an id of this file"));
    };
    if target.method != HttpMethod::Get || target.scope.action != Action::Read {
        let hint = "look up through an operation that is GET and needs a read scope";
        return Some(wrong(format!("{id} does not only read"), hint));
    }
    if !sub_keys::can_be_looked_up(target) {
        return Some(wrong(format!("{id} is not the upstream's"), "look up through an operation of the upstream"));
    }
    if target.audience != Audience::Key {
        return Some(wrong(format!("{id} is not for keys"), "look up through an operation of audience key"));
    }
    if let Place::Path(name) = &recovery.at
        && !target.template.params().any(|param| param == &**name)
    {
        return Some(wrong(format!("the path of {id} has no parameter {name}"), "name one that it has"));
    }
    let given = |name: &str| {
        matches!(&recovery.at, Place::Path(at) if **at == *name) || operation.template.params().any(|own| own == name)
    };
    let missing = target.template.params().find(|name| !given(name))?;
    let message = format!("{id} needs the path parameter {missing}, which this path does not have");
    Some(wrong(message, "look up through an operation with the same parameters"))
}
