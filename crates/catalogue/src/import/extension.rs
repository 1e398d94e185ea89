//! Extension: what the description itself says to us, at the document, a path item or an operation.
//!
//! Owns:  the members of the extension, their values, and that the more exact level wins.
//! Never: knows the extension's name; it is an option.
//! Read:  `Overlay`, then `read`.

use crate::{
    format::entry::{self, AUDIENCE_HINT, CLASS_HINT, ENVIRONMENT_HINT, ID_HINT, SCOPE_HINT},
    node::Node,
    problem::ProblemCode,
    reader::{Sink, Table},
};
use model::{Action, Audience, CompanyMode, Environment, LimitClass, OperationId, Resource, Scope};

/// What is said; `None` where nothing is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Overlay {
    pub(super) id: Option<OperationId>,
    pub(super) resource: Option<Resource>,
    pub(super) action: Option<Action>,
    pub(super) audience: Option<Audience>,
    pub(super) environment: Option<Environment>,
    pub(super) company: Option<CompanyMode>,
    pub(super) class: Option<LimitClass>,
    pub(super) ignore: Option<bool>,
}

/// Where an extension stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Document,
    PathItem,
    Operation,
}

const SHARED: &[&str] = &["scope", "resource", "action", "audience", "environment", "company", "class", "ignore"];
const OWN: &[&str] = &["id", "scope", "resource", "action", "audience", "environment", "company", "class", "ignore"];

impl Overlay {
    /// This, with what a more exact level says over it.
    pub(super) fn under(self, exact: Self) -> Self {
        Self {
            id: exact.id.or(self.id),
            resource: exact.resource.or(self.resource),
            action: exact.action.or(self.action),
            audience: exact.audience.or(self.audience),
            environment: exact.environment.or(self.environment),
            company: exact.company.or(self.company),
            class: exact.class.or(self.class),
            ignore: exact.ignore.or(self.ignore),
        }
    }
}

/// What the extension called `name` says at `owner`. `None` when it is there and not understood in full: then nothing below
/// it may be mapped.
pub(super) fn read(owner: &Node, name: &str, level: Level, sink: &mut Sink<'_>) -> Option<Overlay> {
    let Some(node) = owner.get(name).filter(|_| !name.is_empty()) else { return Some(Overlay::default()) };
    let subject = sink.subject.clone();
    sink.subject = if subject.is_empty() { name.to_owned() } else { format!("{subject}: {name}") };
    let before = sink.count();
    let overlay = members(node, level, sink);
    let understood = sink.count() == before;
    sink.subject = subject;
    overlay.filter(|_| understood)
}

fn members(node: &Node, level: Level, sink: &mut Sink<'_>) -> Option<Overlay> {
    let known = if level == Level::Operation { OWN } else { SHARED };
    let table = Table::open(node, known, sink)?;
    let scope = table.optional("scope", sink, SCOPE_HINT, |text| Scope::parse(text).ok());
    let resource =
        table.optional("resource", sink, "lower-case letters, digits, _ and -", |text| Resource::new(text).ok());
    let action = table.optional("action", sink, "read, write or send", Action::parse);
    if scope.is_some() && (resource.is_some() || action.is_some()) {
        let message = "has scope beside resource or action, which it already says";
        sink.add(ProblemCode::InvalidValue, None, message, "keep one of the two forms");
    }
    let (resource, action) = scope.map_or((resource, action), |scope| (Some(scope.resource), Some(scope.action)));
    let id = if level == Level::Operation { table.optional("id", sink, ID_HINT, OperationId::new) } else { None };
    let ignore = table.get("ignore").and_then(|node| {
        let value = node.as_bool();
        if value.is_none() {
            let message = format!("ignore is {}", node.noun());
            sink.add(ProblemCode::InvalidValue, None, message, "true or false");
        }
        value
    });
    Some(Overlay {
        id,
        resource,
        action,
        audience: table.optional("audience", sink, AUDIENCE_HINT, Audience::parse),
        environment: table.optional("environment", sink, ENVIRONMENT_HINT, Environment::parse),
        company: table.get("company").and_then(|node| entry::company(node, sink)),
        class: table.optional("class", sink, CLASS_HINT, LimitClass::new),
        ignore,
    })
}
