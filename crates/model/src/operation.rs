//! Operations: what callers can ask of the upstream, and under which conditions (D7, D15, D34).
//!
//! Owns:  `Operation` and its parts: template, audience, company mode, locators, limit class.
//! Never: matches paths (that is `router`), reads files (that is the `catalogue` crate).
//! Read:  `Operation`, then `Template::parse`.

use crate::{company::NameKind, environment::Environment, idempotency::Idempotency, limit::LimitName, scope::Scope};
use std::fmt;

/// A name of up to `max` characters: letters, digits, `_`, `-`, `.`.
fn plain_name(text: &str, max: usize) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    (1..=max).contains(&text.len()) && text.bytes().all(plain)
}

/// The longest name of an operation, in bytes.
pub const OPERATION_ID_MAX: usize = 128;

/// The name of an operation, unique in its catalogue: `company_get`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(Box<str>);

impl OperationId {
    /// Checks and takes a name: 1 to `OPERATION_ID_MAX` letters, digits, `_`, `-` or `.`; `None` otherwise.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        plain_name(text, OPERATION_ID_MAX).then(|| Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Methods that an operation may have. `CONNECT`, `TRACE` and unknown ones are refused at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are the methods of RFC 9110 and RFC 5789")]
pub enum HttpMethod {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl HttpMethod {
    /// All, in the order in which catalogues list them.
    pub const ALL: [Self; 6] = [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// The method's name in capitals.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// From the name in capitals, exactly.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.as_str() == text)
    }

    /// Whether RFC 9110 calls the method safe.
    #[must_use]
    pub const fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }
}

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Anyone; GET and HEAD only; no credential is read (D22).
    Public,
    /// Callers with a key.
    Key,
    /// Signed-in people (D20).
    Member,
    /// Signed-in administrators (D20).
    Admin,
    /// Inbound callbacks with a shared secret or signature (D19).
    Callback,
}

impl Audience {
    /// All, in the order in which they are documented.
    pub const ALL: [Self; 5] = [Self::Public, Self::Key, Self::Member, Self::Admin, Self::Callback];

    /// As catalogues write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Key => "key",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Callback => "callback",
        }
    }

    /// From the text of `as_str`, exactly.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.as_str() == text)
    }
}

/// Where a request or an answer names a company.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A parameter of the path template.
    Path(Box<str>),
    /// A query parameter.
    Query(Box<str>),
    /// A request header.
    Header(Box<str>),
    /// An RFC 6901 pointer with `*` into the request's JSON body.
    Body(Box<str>),
    /// The same into the response's.
    Response(Box<str>),
}

/// Where a company is named, and by which kind of external name (D34, D35).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Locator {
    /// Where.
    pub place: Place,
    /// By which kind of name.
    pub kind: NameKind,
}

impl Place {
    /// From `path:NAME`, `query:NAME`, `header:NAME`, `body:/pointer` or `response:/pointer`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let pointer = || (rest.is_empty() || rest.starts_with('/')) && rest.len() <= 256;
        match scheme {
            "path" if plain_name(rest, 64) => Some(Self::Path(rest.into())),
            "query" if plain_name(rest, 64) => Some(Self::Query(rest.into())),
            "header" if plain_name(rest, 64) => Some(Self::Header(rest.to_ascii_lowercase().into())),
            "body" if pointer() => Some(Self::Body(rest.into())),
            "response" if pointer() => Some(Self::Response(rest.into())),
            _ => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(name) => write!(f, "path:{name}"),
            Self::Query(name) => write!(f, "query:{name}"),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Body(pointer) => write!(f, "body:{pointer}"),
            Self::Response(pointer) => write!(f, "response:{pointer}"),
        }
    }
}

/// How an operation is held to the company set of a key (D34).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompanyMode {
    /// The request names the company at these places.
    Locators(Box<[Locator]>),
    /// The gateway sets the filter, or the only company, at this place.
    Injected(Locator),
    /// Another operation tells the company of the path's object first.
    Lookup(OperationId),
    /// The upstream filters by the signed context; the operator says so.
    Context,
    /// No company data: health, status.
    Neutral,
    /// Whole-account data: refused to company-restricted keys. The default of an import.
    Account,
}

impl CompanyMode {
    /// As catalogues write it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Locators(_) => "locators",
            Self::Injected(_) => "injected",
            Self::Lookup(_) => "lookup",
            Self::Context => "context",
            Self::Neutral => "neutral",
            Self::Account => "account",
        }
    }
}

/// Which counter an operation spends from: `default`, `messaging` (D15).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitClass(Box<str>);

impl LimitClass {
    /// Checks and takes a name: 1 to 64 letters, digits, `_`, `-` or `.`; `None` otherwise.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        plain_name(text, 64).then(|| Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LimitClass {
    fn default() -> Self {
        Self("default".into())
    }
}

/// What values a path parameter takes; it tells overlapping templates apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ParamKind {
    /// Decimal digits without leading zeros, up to 2^31 - 1.
    Int32,
    /// Decimal digits without leading zeros, up to 2^63 - 1.
    Int64,
    /// A UUID in its 36-character form.
    Uuid,
    /// Any one segment.
    Any,
}

impl ParamKind {
    /// All, the narrowest first: the order in which the router tries them.
    pub const ALL: [Self; 4] = [Self::Int32, Self::Int64, Self::Uuid, Self::Any];

    /// As templates write it after the colon; `any` is left out.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uuid => "uuid",
            Self::Any => "any",
        }
    }

    /// Whether a (decoded) segment is such a value.
    #[must_use]
    pub fn accepts(self, value: &[u8]) -> bool {
        let integer = |max: u64| {
            let canonical = value == b"0" || value.first().is_some_and(|b| (b'1'..=b'9').contains(b));
            canonical
                && value.len() <= 19
                && value.iter().all(u8::is_ascii_digit)
                && value.iter().fold(0u64, |n, b| n * 10 + u64::from(b - b'0')) <= max
        };
        match self {
            Self::Int32 => integer(i32::MAX as u64),
            Self::Int64 => integer(i64::MAX as u64),
            Self::Uuid => {
                value.len() == 36
                    && value.iter().enumerate().all(|(i, b)| match i {
                        8 | 13 | 18 | 23 => *b == b'-',
                        _ => b.is_ascii_hexdigit(),
                    })
            }
            Self::Any => !value.is_empty(),
        }
    }
}

/// One segment of a template.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// Exactly this text.
    Literal(Box<str>),
    /// One parameter, with fixed text around it (usually none).
    Param {
        /// Fixed text before it.
        prefix: Box<str>,
        /// Its name.
        name: Box<str>,
        /// What it takes.
        kind: ParamKind,
        /// Fixed text after it.
        suffix: Box<str>,
    },
}

/// The longest template, in segments.
pub const SEGMENTS_MAX: usize = 32;

/// A path template: `/v1/company/{id:int32}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Template(Box<[Segment]>);

/// The text is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// The text.
    pub template: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "path template {:?}: {}", self.template, self.problem)
    }
}

impl std::error::Error for TemplateError {}

impl Template {
    /// From `/literal/{name}/{name:kind}`; a trailing slash is a segment of its own (an empty literal).
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let error = |problem| TemplateError { template: text.to_owned(), problem };
        let rest = text.strip_prefix('/').ok_or_else(|| error("must start with /"))?;
        let segments: Result<Vec<_>, _> = rest.split('/').map(|s| segment(s).map_err(error)).collect();
        let segments = segments?;
        let last = segments.len() - 1;
        let empty = |(i, s): (usize, &Segment)| i != last && *s == Segment::Literal("".into());
        if segments.iter().enumerate().any(empty) {
            return Err(error("has an empty segment"));
        }
        if segments.len() > SEGMENTS_MAX {
            return Err(error("has too many segments"));
        }
        Ok(Self(segments.into()))
    }

    /// The segments in order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The names of the parameters, in order.
    pub fn params(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|s| match s {
            Segment::Param { name, .. } => Some(&**name),
            Segment::Literal(_) => None,
        })
    }
}

fn segment(text: &str) -> Result<Segment, &'static str> {
    let Some((prefix, rest)) = text.split_once('{') else {
        if text.bytes().any(|b| matches!(b, b'}' | b'%' | b'\\' | b';' | b'?' | b'#') || b <= b' ' || b >= 0x7f) {
            return Err("has a character that cannot stand in a path as it is");
        }
        return Ok(Segment::Literal(text.into()));
    };
    let (inner, suffix) = rest.split_once('}').ok_or("has { without }")?;
    if suffix.contains(['{', '}']) || prefix.contains('}') {
        return Err("has more than one parameter in a segment");
    }
    let (name, kind) = inner.split_once(':').unwrap_or((inner, ParamKind::Any.as_str()));
    let kind = ParamKind::ALL.into_iter().find(|k| k.as_str() == kind).ok_or("has an unknown parameter kind")?;
    if !plain_name(name, 64) {
        return Err("has a parameter without a plain name");
    }
    Ok(Segment::Param { prefix: prefix.into(), name: name.into(), kind, suffix: suffix.into() })
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.0 {
            match segment {
                Segment::Literal(text) => write!(f, "/{text}")?,
                Segment::Param { prefix, name, kind: ParamKind::Any, suffix } => {
                    write!(f, "/{prefix}{{{name}}}{suffix}")?
                }
                Segment::Param { prefix, name, kind, suffix } => {
                    write!(f, "/{prefix}{{{name}:{}}}{suffix}", kind.as_str())?
                }
            }
        }
        Ok(())
    }
}

/// One thing that callers can ask of the upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its name, unique in the catalogue.
    pub id: OperationId,
    /// Its method.
    pub method: HttpMethod,
    /// Its path, as callers send it.
    pub template: Template,
    /// Who may call it.
    pub audience: Audience,
    /// What it acts on and how. For audiences other than `key` it is documentation.
    pub scope: Scope,
    /// How it is held to a key's companies.
    pub company: CompanyMode,
    /// Which counter it spends from.
    pub class: LimitClass,
    /// For audiences without a key: which upstream it goes to (D37).
    pub environment: Option<Environment>,
    /// What a body that is not JSON does to an operation with a body locator.
    pub other_bodies: OtherBodies,
    /// How it takes `Idempotency-Key`, if it is a write (D16).
    pub idempotency: Idempotency,
    /// The channel whose daily cap it spends from (R80).
    pub channel: Option<LimitName>,
    /// What its answers teach about companies (D35).
    pub learn: Option<Learn>,
    /// For the audience `callback`: which of the deployment's callback secrets it asks for (D19).
    pub callback: Option<LimitName>,
    /// Who answers it.
    pub served_by: ServedBy,
}

/// Who answers an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ServedBy {
    /// The API behind the gateway.
    #[default]
    Upstream,
    /// The deployment's own management of restricted keys, for primary keys alone (D32).
    SubKeys,
}

impl ServedBy {
    /// As catalogues write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Upstream => "upstream",
            Self::SubKeys => "subkeys",
        }
    }

    /// From the text of `as_str`, exactly.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Upstream, Self::SubKeys].into_iter().find(|s| s.as_str() == text)
    }
}

/// Where the answer of an operation that creates a company names it, so that the gateway knows it from then on (D35).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Learn {
    /// The external name.
    pub at: Locator,
    /// Further names of the same company, where the answer has them.
    pub also: Box<[Locator]>,
    /// What the company is called; without it, as its external name says.
    pub name: Option<Place>,
}

/// What becomes of a body that is not JSON where a body locator would have to be read (D36).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OtherBodies {
    /// Refused to company-restricted keys: what cannot be read cannot be held to the set.
    #[default]
    Refused,
    /// Passed on: the upstream holds it to the signed context; the operator says so.
    Upstream,
}

impl OtherBodies {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Upstream => "upstream",
        }
    }
}

#[cfg(test)]
mod tests;
