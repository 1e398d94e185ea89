//! The catalogue: the list of operations, and finding the one that a request asks for (D7).
//!
//! Owns:  matching of canonical paths; which of two overlapping templates wins; refusing ambiguous catalogues.
//! Never: canonicalises a path (that is `admission::path`); what does not match is not an operation.
//! Read:  `Catalogue::find`, then `Node::walk`.

use crate::operation::{HttpMethod, Operation, OperationId, ParamKind, SEGMENTS_MAX, Segment, ServedBy};
use std::{collections::HashSet, fmt};

/// The most operations a catalogue may list.
pub const OPERATIONS_MAX: usize = 10_000;

/// The operations of an API, ready to be matched.
#[derive(Debug, Default)]
pub struct Catalogue {
    operations: Vec<Operation>,
    root: Node,
}

/// The list of operations cannot be a catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogueError {
    /// Two operations have one id.
    DuplicateId(OperationId),
    /// Two operations answer to exactly the same requests.
    Ambiguous(OperationId, OperationId),
    /// A public operation that is neither GET nor HEAD (D22).
    PublicWrite(OperationId),
    /// An operation without keys that does not say its environment (D37).
    EnvironmentMissing(OperationId),
    /// Restricted keys would be managed by callers without a key (D8, D32).
    SubKeysWithoutKey(OperationId),
    /// More than `OPERATIONS_MAX`.
    TooMany,
}

impl fmt::Display for CatalogueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateId(id) => write!(f, "two operations are called {id}"),
            Self::Ambiguous(a, b) => write!(f, "{a} and {b} answer to the same requests"),
            Self::PublicWrite(id) => write!(f, "{id} is public but neither GET nor HEAD"),
            Self::EnvironmentMissing(id) => write!(f, "{id} takes no key, so it must say its environment"),
            Self::SubKeysWithoutKey(id) => write!(f, "{id} manages restricted keys, so it must be for keys"),
            Self::TooMany => write!(f, "more than {OPERATIONS_MAX} operations"),
        }
    }
}

impl std::error::Error for CatalogueError {}

#[derive(Debug, Default)]
struct Node {
    /// Sorted by text.
    literals: Vec<(Box<str>, Node)>,
    /// Sorted by how narrow they are: longer fixed text first, then `ParamKind`.
    params: Vec<(ParamEdge, Node)>,
    /// Operations that end here, by method.
    ends: Vec<(HttpMethod, usize)>,
}

#[derive(Debug, PartialEq, Eq)]
struct ParamEdge {
    prefix: Box<str>,
    kind: ParamKind,
    suffix: Box<str>,
}

impl ParamEdge {
    fn accepts(&self, segment: &[u8]) -> bool {
        segment
            .strip_prefix(self.prefix.as_bytes())
            .and_then(|rest| rest.strip_suffix(self.suffix.as_bytes()))
            .is_some_and(|value| self.kind.accepts(value))
    }

    fn rank(&self) -> (std::cmp::Reverse<usize>, ParamKind) {
        (std::cmp::Reverse(self.prefix.len() + self.suffix.len()), self.kind)
    }
}

impl Catalogue {
    /// Builds the catalogue, or says every reason why the list cannot be one.
    pub fn new(operations: Vec<Operation>) -> Result<Self, Vec<CatalogueError>> {
        if operations.len() > OPERATIONS_MAX {
            return Err(vec![CatalogueError::TooMany]);
        }
        let mut errors = Vec::new();
        let mut root = Node::default();
        let mut ids = HashSet::new();
        for (index, operation) in operations.iter().enumerate() {
            if !ids.insert(&operation.id) {
                errors.push(CatalogueError::DuplicateId(operation.id.clone()));
            }
            if operation.audience == crate::Audience::Public && !operation.method.is_safe() {
                errors.push(CatalogueError::PublicWrite(operation.id.clone()));
            }
            if operation.audience != crate::Audience::Key && operation.environment.is_none() {
                errors.push(CatalogueError::EnvironmentMissing(operation.id.clone()));
            }
            if operation.served_by == ServedBy::SubKeys && operation.audience != crate::Audience::Key {
                errors.push(CatalogueError::SubKeysWithoutKey(operation.id.clone()));
            }
            let end = root.grow(operation.template.segments());
            match end.ends.iter().find(|(method, _)| *method == operation.method) {
                Some((_, other)) => {
                    let other = operations.get(*other).map_or_else(|| operation.id.clone(), |o| o.id.clone());
                    errors.push(CatalogueError::Ambiguous(other, operation.id.clone()));
                }
                None => end.ends.push((operation.method, index)),
            }
        }
        if errors.is_empty() { Ok(Self { operations, root }) } else { Err(errors) }
    }

    /// The operation that a request asks for: literal segments win over parameters, narrow parameters over wide ones.
    /// `path` is canonical (`admission::path`) and starts with `/`. HEAD falls back to GET. No allocation.
    #[must_use]
    pub fn find(&self, method: HttpMethod, path: &[u8]) -> Option<&Operation> {
        let rest = path.strip_prefix(b"/")?;
        let mut segments: [&[u8]; SEGMENTS_MAX] = [b""; SEGMENTS_MAX];
        let mut count = 0;
        for segment in rest.split(|b| *b == b'/') {
            *segments.get_mut(count)? = segment;
            count += 1;
        }
        let path = segments.get(..count)?;
        let found = self.root.walk(path, method);
        let found =
            if method == HttpMethod::Head { found.or_else(|| self.root.walk(path, HttpMethod::Get)) } else { found };
        self.operations.get(found?)
    }

    /// The operation called `id`.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|o| o.id.as_str() == id)
    }

    /// All operations, in the order of the file.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }
}

impl Node {
    fn grow(&mut self, segments: &[Segment]) -> &mut Self {
        let Some((first, rest)) = segments.split_first() else { return self };
        let child = match first {
            Segment::Literal(text) => {
                let at = match self.literals.binary_search_by(|(t, _)| t.cmp(text)) {
                    Ok(at) => at,
                    Err(at) => {
                        self.literals.insert(at, (text.clone(), Self::default()));
                        at
                    }
                };
                &mut self.literals[at].1
            }
            Segment::Param { prefix, kind, suffix, .. } => {
                let edge = ParamEdge { prefix: prefix.clone(), kind: *kind, suffix: suffix.clone() };
                let at = match self.params.iter().position(|(e, _)| *e == edge) {
                    Some(at) => at,
                    None => {
                        let at = self.params.partition_point(|(e, _)| e.rank() <= edge.rank());
                        self.params.insert(at, (edge, Self::default()));
                        at
                    }
                };
                &mut self.params[at].1
            }
        };
        child.grow(rest)
    }

    /// Depth is bounded by `SEGMENTS_MAX`; a dead end is left for the next wider branch.
    fn walk(&self, path: &[&[u8]], method: HttpMethod) -> Option<usize> {
        let Some((first, rest)) = path.split_first() else {
            return self.ends.iter().find(|(m, _)| *m == method).map(|(_, index)| *index);
        };
        let literal = self.literals.binary_search_by(|(text, _)| text.as_bytes().cmp(first)).ok();
        let literal = literal.and_then(|at| self.literals.get(at)?.1.walk(rest, method));
        literal.or_else(|| {
            let mut open = self.params.iter().filter(|(edge, _)| edge.accepts(first));
            open.find_map(|(_, node)| node.walk(rest, method))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Audience, CompanyMode, Environment, Idempotency, LimitClass, Scope, Template,
        operation::{OtherBodies, ServedBy},
    };

    fn operation(id: &str, method: HttpMethod, template: &str) -> Operation {
        Operation {
            id: OperationId::new(id).unwrap(),
            method,
            template: Template::parse(template).unwrap(),
            audience: Audience::Key,
            scope: Scope::parse("company:read").unwrap(),
            company: CompanyMode::Account,
            class: LimitClass::default(),
            environment: None,
            other_bodies: OtherBodies::default(),
            idempotency: Idempotency::default(),
            channel: None,
            learn: None,
            callback: None,
            served_by: ServedBy::default(),
        }
    }

    fn find<'a>(catalogue: &'a Catalogue, method: HttpMethod, path: &str) -> Option<&'a str> {
        catalogue.find(method, path.as_bytes()).map(|o| o.id.as_str())
    }

    #[test]
    fn d8_d32_restricted_keys_are_managed_with_a_key_or_not_at_all() {
        for audience in Audience::ALL {
            let mut operation = operation("subkey_get", HttpMethod::Get, "/v1/subkey");
            operation.audience = audience;
            operation.environment = (audience != Audience::Key).then_some(Environment::Live);
            operation.served_by = ServedBy::SubKeys;
            let id = operation.id.clone();
            let built = Catalogue::new(vec![operation]).map(|_| ());
            let refused = Err(vec![CatalogueError::SubKeysWithoutKey(id)]);
            assert_eq!(built, if audience == Audience::Key { Ok(()) } else { refused }, "{audience:?}");
        }
    }

    #[test]
    fn overlapping_templates_are_told_apart_by_what_they_take() {
        let get = HttpMethod::Get;
        let catalogue = Catalogue::new(vec![
            operation("by_vat", get, "/v1/company/{vat}"),
            operation("by_id", get, "/v1/company/{id:int32}"),
            operation("list", get, "/v1/company"),
            operation("validate", HttpMethod::Post, "/v1/send/validate"),
            operation("payload", get, "/v1/receive/{id:int32}/payload"),
            operation("deep", get, "/v1/{x}/7/tail"),
        ])
        .unwrap();
        assert_eq!(find(&catalogue, get, "/v1/company/42"), Some("by_id"));
        assert_eq!(find(&catalogue, get, "/v1/company/IT01234567890"), Some("by_vat"));
        assert_eq!(find(&catalogue, get, "/v1/company/01234567890"), Some("by_vat"));
        assert_eq!(find(&catalogue, get, "/v1/company"), Some("list"));
        assert_eq!(find(&catalogue, HttpMethod::Head, "/v1/company"), Some("list"));
        assert_eq!(find(&catalogue, get, "/v1/receive/9/payload"), Some("payload"));
        assert_eq!(find(&catalogue, get, "/v1/receive/7/tail"), Some("deep"), "a dead end is left again");
        for nothing in
            ["/v1/company/", "/v1/company/1/2", "/v1", "/", "", "/V1/company", "/v1/send/validate", "v1/company"]
        {
            assert_eq!(find(&catalogue, get, nothing), None, "{nothing}");
        }
        assert_eq!(find(&catalogue, get, &"/a".repeat(SEGMENTS_MAX + 1)), None);
    }

    #[test]
    fn unusable_catalogues_are_refused_with_every_reason() {
        let mut public = operation("c", HttpMethod::Post, "/c");
        public.audience = Audience::Public;
        let errors = Catalogue::new(vec![
            operation("a", HttpMethod::Get, "/x/{id}"),
            operation("b", HttpMethod::Get, "/x/{other}"),
            operation("a", HttpMethod::Get, "/y"),
            public,
        ])
        .unwrap_err();
        assert_eq!(errors.len(), 4, "{errors:?}");
        let mut health = operation("health", HttpMethod::Get, "/health");
        health.audience = Audience::Public;
        health.environment = Some(Environment::Live);
        assert!(Catalogue::new(vec![health]).is_ok());
    }
}
