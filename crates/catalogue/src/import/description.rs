//! Description: an OpenAPI document as a list of endpoints.
//!
//! Owns:  versions, path items, parameters and their kinds, security, the schemas of bodies and answers.
//! Never: guesses; an endpoint holds what the document states.
//! Read:  `Description::endpoints`, then `Endpoint`.

mod parameter;
mod schema;

pub(super) use parameter::{Parameter, Within};
pub(super) use schema::{Property, properties};

use super::{
    ImportError,
    extension::{self, Overlay},
    reference::resolve,
    unusable,
};
use crate::{
    format::one_line,
    node::{Map, Node},
    problem::ProblemCode,
    reader::Sink,
};
use model::{HttpMethod, router::OPERATIONS_MAX};
use std::collections::BTreeSet;

/// The longest title that is repeated, in characters.
const TITLE_MAX: usize = 80;

/// An OpenAPI 3.0 or 3.1 document.
pub(super) struct Description<'n> {
    pub(super) root: &'n Node,
    paths: &'n Map,
}

/// What an endpoint asks of callers, as the document states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Security {
    /// The document says nothing.
    Unstated,
    /// It says that nothing is asked (`security: []`), or that credentials may be left out (`{}`).
    Open,
    /// One of these sets of schemes.
    Schemes(Vec<BTreeSet<String>>),
}

/// What a document lists.
pub(super) struct Listing<'n> {
    /// The operations, in the order of the document.
    pub(super) endpoints: Vec<Endpoint<'n>>,
    /// Paths that could not be read; the caller tells them, unless a rule leaves them out.
    pub(super) unread: Vec<Unread<'n>>,
}

/// A path of the document that could not be read.
pub(super) struct Unread<'n> {
    pub(super) path: &'n str,
    pub(super) code: ProblemCode,
    pub(super) message: String,
}

/// One operation of the document.
pub(super) struct Endpoint<'n> {
    pub(super) method: HttpMethod,
    /// As the document writes it.
    pub(super) path: &'n str,
    pub(super) operation_id: Option<&'n str>,
    pub(super) summary: &'n str,
    /// What the document says at length.
    pub(super) text: &'n str,
    pub(super) parameters: Vec<Parameter<'n>>,
    pub(super) security: Security,
    /// The schema of the request's JSON body.
    pub(super) body: Option<&'n Node>,
    /// The schema of the JSON answer of a success.
    pub(super) answer: Option<&'n Node>,
    /// What the extension says at the document, the path item and the operation, folded.
    pub(super) overlay: Overlay,
    /// Whether all of this could be read; what could not is told.
    pub(super) understood: bool,
}

impl Endpoint<'_> {
    /// How problems name it.
    pub(super) fn subject(&self) -> String {
        format!("{} {}", self.method.as_str(), one_line(self.path, 200))
    }

    /// The fixed segments of the path, without `api` and versions at its start.
    pub(super) fn literals(&self) -> impl Iterator<Item = &str> {
        let version = |s: &&str| {
            let digits = s.strip_prefix(['v', 'V']).unwrap_or_default();
            s.eq_ignore_ascii_case("api")
                || (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
        };
        let fixed = self.path.split('/').filter(|s| !s.is_empty() && !s.contains('{'));
        fixed.skip_while(version)
    }
}

impl<'n> Description<'n> {
    /// Takes a document of a version that is known.
    pub(super) fn open(root: &'n Node) -> Result<Self, ImportError> {
        const HINT: &str = "convert it to OpenAPI 3.0 or 3.1 first";
        let version = |code, message: String| Err(unusable(code, message, HINT));
        match root.get("openapi").map(|node| (node.as_text(), node)) {
            Some((Some(text), _)) if ["3.0.", "3.1."].iter().any(|known| text.starts_with(known)) => {}
            Some((Some(text), _)) => {
                return version(ProblemCode::Version, format!("is OpenAPI {}", one_line(text, 20)));
            }
            Some((None, node)) => {
                let message = format!("openapi must be a version in quotes, such as \"3.0.4\"; found {}", node.noun());
                return version(ProblemCode::Version, message);
            }
            None if root.get("swagger").is_some() => {
                return version(ProblemCode::Version, "is Swagger 2.0".to_owned());
            }
            None => {
                return version(ProblemCode::Version, "is no OpenAPI description: it has no openapi key".to_owned());
            }
        }
        let Some(paths) = root.get("paths").and_then(Node::as_map) else {
            return Err(unusable(ProblemCode::Unsupported, "has no paths", "the description must list operations"));
        };
        Ok(Self { root, paths })
    }

    /// Title and version, on one line.
    pub(super) fn title(&self) -> String {
        let text = |pointer: &str| self.root.pointer(pointer).and_then(Node::as_text).unwrap_or_default();
        let title = one_line(text("/info/title"), TITLE_MAX);
        let version = one_line(text("/info/version"), 20);
        let title = if title.is_empty() { "an API without a title".to_owned() } else { title };
        if version.is_empty() { title } else { format!("{title} {version}") }
    }

    /// The path that all servers share, if there is one without variables.
    pub(super) fn servers_path(&self) -> Option<String> {
        let servers = self.root.get("servers")?.as_list()?;
        let path = |server: &Node| -> Option<String> {
            let url = server.get("url")?.as_text()?;
            let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
            let path = if rest.len() == url.len() { url } else { rest.get(rest.find('/')?..)? };
            let path = path.trim_end_matches('/');
            (path.starts_with('/') && !path.contains(['{', '?', '#', '%'])).then(|| path.to_owned())
        };
        let first = path(servers.first()?)?;
        servers.iter().all(|server| path(server).as_ref() == Some(&first)).then_some(first)
    }

    /// The type of a security scheme: `apiKey`, `http:basic`, `http:bearer`, `oauth2`, `openIdConnect`.
    pub(super) fn scheme_type(&self, name: &str) -> Option<String> {
        let scheme = self.root.pointer("/components/securitySchemes")?.get(name)?;
        let scheme = resolve(self.root, scheme).ok()?;
        let kind = scheme.get("type")?.as_text()?;
        if kind != "http" {
            return Some(kind.to_owned());
        }
        Some(format!("http:{}", scheme.get("scheme")?.as_text()?.to_ascii_lowercase()))
    }

    /// The endpoints in the order of the document; what is wrong with single ones goes to `sink`.
    pub(super) fn listing(&self, extension: &str, sink: &mut Sink<'_>) -> Result<Listing<'n>, ImportError> {
        let whole = extension::read(self.root, extension, extension::Level::Document, sink);
        let (mut endpoints, mut unread) = (Vec::new(), Vec::new());
        for member in self.paths.iter().filter(|member| !member.key.starts_with("x-")) {
            sink.subject = one_line(&member.key, 200);
            let item = match self.item(&member.node) {
                Ok(item) => item,
                Err((code, message)) => {
                    unread.push(Unread { path: &member.key, code, message });
                    continue;
                }
            };
            let mut level = whole.clone();
            // Beside a reference stands what is said of this path, over what is said where it points to.
            let beside = (!std::ptr::eq(item, &member.node)).then_some(&member.node);
            for owner in std::iter::once(item).chain(beside) {
                let said = extension::read(owner, extension, extension::Level::PathItem, sink);
                level = level.zip(said).map(|(level, said)| level.under(said));
            }
            let shared = parameter::parameters(self.root, item, sink);
            for (method, node) in methods(item, sink) {
                if endpoints.len() == OPERATIONS_MAX {
                    let message = format!("has more than {OPERATIONS_MAX} operations");
                    return Err(unusable(ProblemCode::TooMuch, message, "import it in parts"));
                }
                endpoints.push(self.endpoint(method, &member.key, node, &shared, level.as_ref(), extension, sink));
            }
        }
        if endpoints.is_empty() && unread.is_empty() {
            let hint = "its paths hold no operation that could be read";
            return Err(unusable(ProblemCode::Unsupported, "describes no operation", hint));
        }
        Ok(Listing { endpoints, unread })
    }

    /// The path item, resolved.
    fn item(&self, node: &'n Node) -> Result<&'n Node, (ProblemCode, String)> {
        let item = resolve(self.root, node).map_err(|message| (ProblemCode::Reference, message))?;
        if item.as_map().is_none() {
            return Err((ProblemCode::InvalidValue, format!("is {}", item.noun())));
        }
        if node.get("$ref").is_some() && HttpMethod::ALL.iter().any(|m| node.get(key(*m)).is_some()) {
            return Err((ProblemCode::InvalidValue, "has operations beside its $ref".to_owned()));
        }
        Ok(item)
    }

    #[expect(clippy::too_many_arguments, reason = "what an operation inherits from its path and document")]
    fn endpoint(
        &self,
        method: HttpMethod,
        path: &'n str,
        node: &'n Node,
        shared: &[Parameter<'n>],
        level: Option<&Overlay>,
        extension: &str,
        sink: &mut Sink<'_>,
    ) -> Endpoint<'n> {
        sink.subject = format!("{} {}", method.as_str(), one_line(path, 200));
        let text = |key: &str| node.get(key).and_then(Node::as_text);
        let own = extension::read(node, extension, extension::Level::Operation, sink);
        let overlay = level.cloned().zip(own).map(|(level, own)| level.under(own));
        let mut parameters = parameter::parameters(self.root, node, sink);
        // A parameter of the operation replaces the path's one of the same name and place.
        let inherited = shared.iter().filter(|s| !parameters.iter().any(|p| p.name == s.name && p.within == s.within));
        let inherited: Vec<Parameter<'n>> = inherited.cloned().collect();
        parameters.extend(inherited);
        Endpoint {
            method,
            path,
            operation_id: text("operationId"),
            summary: text("summary").unwrap_or_default(),
            text: text("description").unwrap_or_default(),
            parameters,
            security: self.security(node),
            body: schema::json_body(self.root, node),
            answer: schema::json_answer(self.root, node),
            understood: overlay.is_some(),
            overlay: overlay.unwrap_or_default(),
        }
    }

    fn security(&self, operation: &Node) -> Security {
        let Some(list) = operation.get("security").or_else(|| self.root.get("security")).and_then(Node::as_list) else {
            return Security::Unstated;
        };
        let names = |node: &Node| -> BTreeSet<String> {
            node.as_map().into_iter().flat_map(|map| map.iter().map(|member| member.key.clone())).collect()
        };
        let sets: Vec<BTreeSet<String>> = list.iter().map(names).collect();
        if sets.is_empty() || sets.iter().any(BTreeSet::is_empty) { Security::Open } else { Security::Schemes(sets) }
    }
}

/// The key of a method in a path item.
const fn key(method: HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "get",
        HttpMethod::Head => "head",
        HttpMethod::Post => "post",
        HttpMethod::Put => "put",
        HttpMethod::Patch => "patch",
        HttpMethod::Delete => "delete",
    }
}

/// The operations of a path item, in the order of the document.
fn methods<'n>(item: &'n Node, sink: &mut Sink<'_>) -> Vec<(HttpMethod, &'n Node)> {
    const OTHERS: [&str; 5] = ["$ref", "summary", "description", "servers", "parameters"];
    let mut found = Vec::new();
    for member in item.as_map().into_iter().flat_map(Map::iter) {
        let name = member.key.as_str();
        let method = HttpMethod::ALL.into_iter().find(|method| key(*method) == name);
        match method {
            Some(method) if member.node.as_map().is_some() => found.push((method, &member.node)),
            // The gateway answers preflights itself (D10), and forwards neither other OPTIONS requests nor TRACE.
            None if name == "options" || name == "trace" || name.starts_with("x-") || OTHERS.contains(&name) => {}
            Some(_) => {
                sink.add(ProblemCode::InvalidValue, None, format!("{name} is {}", member.node.noun()), "left out")
            }
            None => {
                let hint = "the gateway serves GET, HEAD, POST, PUT, PATCH and DELETE";
                sink.add(
                    ProblemCode::Unsupported,
                    None,
                    format!("has {}, which is no operation", one_line(name, 40)),
                    hint,
                );
            }
        }
    }
    found
}
