//! Company: which companies a request names, and whether a key may reach them (D9, D34, R90-R92).
//!
//! Owns:  where names stand in a request, what makes them ambiguous, and the rule of each company mode.
//! Never: resolves a name; the gateway's snapshot knows whose it is. A name that cannot be read is one that is foreign.
//! Read:  `Request::names`, then `allowed`.

use crate::{
    facts::Field,
    json::{self, Found},
    spelling,
};
use model::{
    CompanyId, CompanyMode, CompanyRestriction, Denial, Locator, Operation,
    operation::{OtherBodies, Place, Segment},
};

/// What a body is, as far as its header tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BodyKind {
    /// `application/json` or a type that ends in `+json`, not encoded.
    Json,
    /// `application/x-www-form-urlencoded`, not encoded.
    Form,
    /// Anything else.
    Other,
}

impl BodyKind {
    /// From `Content-Type` and `Content-Encoding`.
    #[must_use]
    pub fn of(content_type: Field<'_>, content_encoding: Field<'_>) -> Self {
        let plain = match content_encoding {
            Field::Absent => true,
            Field::One(value) => value.trim_ascii().eq_ignore_ascii_case(b"identity"),
            Field::Many => false,
        };
        let Field::One(value) = content_type else { return Self::Other };
        let mut parts = value.split(|b| *b == b';');
        let essence = parts.next().unwrap_or_default().trim_ascii().to_ascii_lowercase();
        // JSON has one encoding; another one that is claimed may be believed by the upstream (RFC 8259 section 8.1).
        let mut named = parts.map(|p| p.trim_ascii().to_ascii_lowercase()).filter(|p| p.starts_with(b"charset"));
        let utf8 = named.all(|p| matches!(&*p, b"charset=utf-8" | b"charset=\"utf-8\""));
        match &*essence {
            _ if !plain || !utf8 => Self::Other,
            b"application/json" => Self::Json,
            b"application/x-www-form-urlencoded" => Self::Form,
            other if other.starts_with(b"application/") && other.ends_with(b"+json") => Self::Json,
            _ => Self::Other,
        }
    }
}

/// Hands every header field, name and value, to what it is given.
pub type Fields<'a> = dyn Fn(&mut dyn FnMut(&str, &[u8])) + 'a;

/// A request, as far as it may name companies. The path is canonical and was matched.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// What it asks for.
    pub operation: &'a Operation,
    /// Its path.
    pub path: &'a [u8],
    /// Its query, without `?`.
    pub query: &'a [u8],
    /// Its header fields.
    pub headers: &'a Fields<'a>,
    /// Its whole body, when `wants_body`; empty when it has none.
    pub body: &'a [u8],
    /// What the body is.
    pub kind: BodyKind,
}

/// The places in a request at which an operation names companies.
fn places(operation: &Operation) -> &[Locator] {
    match &operation.company {
        CompanyMode::Locators(locators) => locators,
        CompanyMode::Injected(locator) => std::slice::from_ref(locator),
        CompanyMode::Lookup(_) | CompanyMode::Context | CompanyMode::Neutral | CompanyMode::Account => &[],
    }
}

/// The places in an answer that are held to the key's companies: the response guard.
pub fn guards(operation: &Operation) -> impl Iterator<Item = &Locator> {
    places(operation).iter().filter(|locator| matches!(locator.place, Place::Response(_)))
}

/// Whether a header names companies: then a trailer, which some servers read as a header, could name another one.
#[must_use]
pub fn names_in_header(operation: &Operation) -> bool {
    places(operation).iter().any(|locator| matches!(locator.place, Place::Header(_)))
}

/// Whether the body has to be read before a request of a company-restricted key can be judged. A form may repeat what the
/// query says, and some servers read both as one.
#[must_use]
pub fn wants_body(operation: &Operation, kind: BodyKind) -> bool {
    let wanted = |locator: &Locator| match (&locator.place, kind) {
        (Place::Body(_), BodyKind::Json) | (Place::Query(_), BodyKind::Form) => true,
        (Place::Body(_) | Place::Query(_) | Place::Path(_) | Place::Header(_) | Place::Response(_), _) => false,
    };
    places(operation).iter().any(wanted)
}

impl<'a> Request<'a> {
    /// What becomes of a body that should name companies and cannot be read (D36); `None` when there is no such body.
    fn opaque(&self) -> Option<OtherBodies> {
        let body = |locator: &Locator| matches!(locator.place, Place::Body(_));
        let opaque = !self.body.is_empty() && self.kind != BodyKind::Json && places(self.operation).iter().any(body);
        opaque.then_some(self.operation.other_bodies)
    }

    /// Whether the catalogue leaves the body, which cannot be read here, to the upstream (D36).
    #[must_use]
    pub fn leaves_body(&self) -> bool {
        self.opaque() == Some(OtherBodies::Upstream)
    }

    /// Hands every name of a company to `each`, with its locator; `None` is one that cannot be read, or that some server
    /// reads where another does not. Fails when the body cannot be judged.
    pub fn names(&self, each: &mut dyn FnMut(&'a Locator, Option<&str>)) -> Result<(), Denial> {
        if self.opaque() == Some(OtherBodies::Refused) {
            return Err(Denial::BodyNotInspectable);
        }
        let mut pointers: Vec<(&Locator, &str)> = Vec::new();
        for locator in places(self.operation) {
            match &locator.place {
                Place::Path(name) => {
                    let value = parameter(self.operation, self.path, name);
                    each(locator, value.as_deref().and_then(text));
                }
                Place::Query(name) => {
                    parameters(self.query, name, &mut |value| each(locator, value));
                    if self.kind == BodyKind::Form {
                        parameters(self.body, name, &mut |value| each(locator, value));
                    }
                }
                Place::Header(name) => self.fields(name, &mut |value| each(locator, value)),
                Place::Body(pointer) => pointers.push((locator, pointer)),
                Place::Response(_) => {}
            }
        }
        if pointers.is_empty() || self.kind != BodyKind::Json || self.body.is_empty() {
            return Ok(());
        }
        let wanted: Vec<&str> = pointers.iter().map(|(_, pointer)| *pointer).collect();
        json::scan(self.body, &wanted, &mut |index, found| {
            let Some((locator, _)) = pointers.get(index) else { return };
            match found {
                Found::Name(name) => each(locator, Some(&name)),
                Found::Unreadable => each(locator, None),
                // An item that names nobody may stand beside items that do.
                Found::Absent { item: true } => each(locator, None),
                Found::Absent { item: false } => {}
            }
        })
        .map_err(|_| Denial::BodyMalformed)
    }

    fn fields(&self, wanted: &str, each: &mut dyn FnMut(Option<&str>)) {
        (self.headers)(&mut |name, value| {
            // What `Connection` names does not reach the upstream, which would then see no company at all.
            let dropped = name.eq_ignore_ascii_case("connection")
                && value
                    .split(|b| *b == b',')
                    .any(|t| std::str::from_utf8(t.trim_ascii()).is_ok_and(|token| spelling::alike(wanted, token)));
            if name.eq_ignore_ascii_case(wanted) {
                each(text(value));
            } else if dropped || spelling::alike(wanted, name) {
                each(None);
            }
        });
    }
}

fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok().filter(|t| (1..=json::VALUE_MAX).contains(&t.len()))
}

/// The decoded value of a path parameter.
#[must_use]
pub fn parameter<'p>(operation: &Operation, path: &'p [u8], wanted: &str) -> Option<std::borrow::Cow<'p, [u8]>> {
    raw_parameter(operation, path, wanted).map(|raw| spelling::decode(raw, false))
}

/// The value of a path parameter as it stands in the path.
#[must_use]
pub fn raw_parameter<'p>(operation: &Operation, path: &'p [u8], wanted: &str) -> Option<&'p [u8]> {
    let parts = path.strip_prefix(b"/")?.split(|b| *b == b'/');
    operation.template.segments().iter().zip(parts).find_map(|(segment, part)| match segment {
        Segment::Param { prefix, name, suffix, .. } if **name == *wanted => {
            part.strip_prefix(prefix.as_bytes())?.strip_suffix(suffix.as_bytes())
        }
        Segment::Param { .. } | Segment::Literal(_) => None,
    })
}

/// Every value of a parameter of a query or a form.
fn parameters(query: &[u8], wanted: &str, each: &mut dyn FnMut(Option<&str>)) {
    let name_of = |pair: &[u8]| pair.split(|b| *b == b'=').next().unwrap_or_default().to_vec();
    for pair in query.split(|b| *b == b'&') {
        let name = name_of(pair);
        // Some servers end a parameter at `;` too.
        let hidden =
            pair.contains(&b';') && pair.split(|b| *b == b';').any(|p| spelling::parameter_alike(wanted, &name_of(p)));
        if hidden {
            each(None);
        } else if spelling::decode(&name, true) == wanted.as_bytes() {
            let value = pair.get(name.len() + 1..).map(|value| spelling::decode(value, true));
            each(value.as_deref().and_then(text));
        } else if spelling::parameter_alike(wanted, &name) {
            each(None);
        }
    }
}

/// What a request was found to name, and what the gateway found out beside it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a>(pub(crate) State<'a>);

#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum State<'a> {
    /// Nobody looked.
    #[default]
    Unread,
    /// For an explanation: it names what it has to.
    Supposed,
    /// These were named; `None` is a name that is not known or cannot be read.
    Named(&'a [Option<CompanyId>]),
    /// These were named beside a body that the upstream holds to the signed context.
    Left(&'a [Option<CompanyId>]),
    /// The body cannot be judged.
    Broken(Denial),
    /// What the look-up told: whose the object is.
    Owned(&'a [Option<CompanyId>]),
}

impl<'a> Asked<'a> {
    /// The names that the request has at its locators, resolved in the key's account.
    #[must_use]
    pub const fn named(companies: &'a [Option<CompanyId>]) -> Self {
        Self(State::Named(companies))
    }

    /// The same, beside a body that the catalogue leaves to the upstream: the body may name one where nothing else does.
    #[must_use]
    pub const fn left(companies: &'a [Option<CompanyId>]) -> Self {
        Self(State::Left(companies))
    }

    /// Whose the object of the path is, as the look-up operation says.
    #[must_use]
    pub const fn owned(companies: &'a [Option<CompanyId>]) -> Self {
        Self(State::Owned(companies))
    }

    /// The request cannot be read, for this reason.
    #[must_use]
    pub const fn broken(denial: Denial) -> Self {
        Self(State::Broken(denial))
    }

    pub(crate) const fn supposed() -> Self {
        Self(State::Supposed)
    }
}

/// Whether a request of a key so restricted has to be looked into before it can be judged.
pub(crate) fn inspects(companies: &CompanyRestriction, operation: &Operation) -> bool {
    let looks = match operation.company {
        CompanyMode::Locators(_) | CompanyMode::Injected(_) | CompanyMode::Lookup(_) => true,
        CompanyMode::Context | CompanyMode::Neutral | CompanyMode::Account => false,
    };
    looks && matches!(companies, CompanyRestriction::Only(_))
}

/// Holds what a request names to the companies of its key (D34). Unknown means no.
pub(crate) fn allowed(companies: &CompanyRestriction, operation: &Operation, asked: Asked<'_>) -> Result<(), Denial> {
    let set = match companies {
        CompanyRestriction::All => return Ok(()),
        CompanyRestriction::Only(_) if operation.company == CompanyMode::Neutral => return Ok(()),
        // An emptied set reaches nothing (D9). An upstream could take an empty filter for no filter, so it is not asked.
        CompanyRestriction::Only(set) if set.as_slice().is_empty() => return Err(Denial::CompanyNotAllowed),
        CompanyRestriction::Only(set) => set,
    };
    let within = |named: &[Option<CompanyId>]| named.iter().all(|n| n.is_some_and(|company| set.contains(company)));
    match (&operation.company, asked.0) {
        (CompanyMode::Context | CompanyMode::Neutral, _) => Ok(()),
        (CompanyMode::Account, _) | (_, State::Unread) => Err(Denial::CompanyNotAllowed),
        (_, State::Supposed) => Ok(()),
        (_, State::Broken(denial)) => Err(denial),
        (CompanyMode::Lookup(_), State::Owned(named)) if !named.is_empty() && within(named) => Ok(()),
        // The same as for an object that does not exist (D9).
        (CompanyMode::Lookup(_), State::Owned(_)) => Err(Denial::CompanyForeign),
        (CompanyMode::Locators(locators), State::Named(named)) if within(named) => {
            let only_answers = locators.iter().all(|l| matches!(l.place, Place::Response(_)));
            if only_answers || !named.is_empty() { Ok(()) } else { Err(Denial::CompanyNotAllowed) }
        }
        // The operator says that the upstream holds the body to the context. What is named beside it is held here.
        (CompanyMode::Locators(_) | CompanyMode::Injected(_), State::Left(named)) if within(named) => Ok(()),
        // The gateway sets the only company; of several the request names one.
        (CompanyMode::Injected(locator), State::Named(named)) if within(named) => {
            let settable = matches!(locator.place, Place::Query(_) | Place::Header(_)) && set.as_slice().len() == 1;
            if settable || !named.is_empty() { Ok(()) } else { Err(Denial::CompanyNotAllowed) }
        }
        (_, State::Named(_) | State::Owned(_) | State::Left(_)) => Err(Denial::CompanyNotAllowed),
    }
}
