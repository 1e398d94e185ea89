//! CORS: what browsers are told, before a request and with its answer (D10, D29).
//!
//! Owns:  the deployment's choices, the answer to a preflight, and the headers of every other answer.
//! Never: admits a request, reads a key for a preflight, or says `*` or `Allow-Credentials`.
//! Read:  `preflight`, then `Page`.

use crate::{body::ResponseBody, core::Core, facts, facts::Facts, fault::Fault};
use admission::{Field, Policy, Record};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header, request::Parts};
use model::{Audience, HttpMethod, KeyKind, Operation, Presentation, Presentations, Timestamp};

/// Names that a preflight may ask for; more are refused.
const REQUESTED_MAX: usize = 64;
/// Bytes of the names that a preflight may ask for; more are refused.
const REQUESTED_BYTES_MAX: usize = 4 * 1024;
/// Preflights for pages of the web that reach into a private network, under the names that they had and have.
const PRIVATE_NETWORK: [(HeaderName, HeaderName); 2] = [
    (
        HeaderName::from_static("access-control-request-private-network"),
        HeaderName::from_static("access-control-allow-private-network"),
    ),
    (
        HeaderName::from_static("access-control-request-local-network"),
        HeaderName::from_static("access-control-allow-local-network"),
    ),
];
/// What scripts may read of an answer beside what every page may (D29).
const EXPOSED: &str = "Retry-After, RateLimit, RateLimit-Policy, Idempotent-Replayed, X-Request-Id, WWW-Authenticate";
const VARY_ORIGIN: HeaderValue = HeaderValue::from_static("Origin");
const VARY_PREFLIGHT: HeaderValue =
    HeaderValue::from_static("Origin, Access-Control-Request-Method, Access-Control-Request-Headers");

/// The deployment's choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsConfig {
    /// Seconds for which a browser may remember a preflight. The real request is held against its key all the same.
    pub max_age: u32,
    /// Whether pages of the web may reach this gateway when it stands in a private network.
    pub allow_private_network: bool,
    /// Whether pages of any origin may read public operations.
    pub public_operations: bool,
    /// Names that scripts may read beside ours.
    pub expose: Vec<HeaderName>,
}

impl Default for CorsConfig {
    fn default() -> Self {
        Self { max_age: 600, allow_private_network: false, public_operations: false, expose: Vec::new() }
    }
}

/// The choices as they are written into answers.
pub(crate) struct Cors {
    max_age: HeaderValue,
    expose: HeaderValue,
    /// `X-API-Key, Content-Type, ...`: what a page may always send.
    allowed: String,
    allow_private_network: bool,
    public_operations: bool,
}

impl Cors {
    pub(crate) fn new(config: &CorsConfig, presentations: Presentations) -> Self {
        let mut expose = EXPOSED.to_owned();
        for name in &config.expose {
            expose.push_str(", ");
            expose.push_str(name.as_str());
        }
        let mut allowed = "Content-Type, Idempotency-Key".to_owned();
        let basic = presentations.contains(Presentation::BasicUsername) || presentations.contains(Presentation::Bearer);
        for (accepted, names) in [
            (presentations.contains(Presentation::ApiKeyHeader), ", X-API-Key"),
            (presentations.contains(Presentation::ClientIdSecret), ", X-Client-Id, X-Client-Secret"),
            (basic || presentations.contains(Presentation::ClientIdSecret), ", Authorization"),
        ] {
            allowed.push_str(if accepted { names } else { "" });
        }
        Self {
            max_age: HeaderValue::from(config.max_age),
            // Names are header values.
            expose: HeaderValue::from_str(&expose).unwrap_or_else(|_| HeaderValue::from_static(EXPOSED)),
            allowed,
            allow_private_network: config.allow_private_network,
            public_operations: config.public_operations,
        }
    }

    fn opens(&self, operation: &Operation) -> bool {
        self.public_operations && operation.audience == Audience::Public && operation.method.is_safe()
    }
}

/// What the page that a request comes from may read of the answer.
#[derive(Default)]
pub(crate) enum Page {
    /// There is none, or it may read nothing.
    #[default]
    None,
    /// A page of this origin may read it.
    May(HeaderValue),
}

impl Page {
    /// Before the key is known: an origin that some key allows for this operation may read why it was refused, so that a
    /// page whose key was just revoked can tell its user.
    pub(crate) fn before_key(core: &Core, facts: &admission::Facts<'_>, now: Timestamp) -> Self {
        let Field::One(origin) = facts.origin else { return Self::None };
        let shared = &core.shared;
        let may = shared.policy.owns(origin) || facts.operation.is_some_and(|o| indexed(core, o, origin, now));
        Self::of(may, origin)
    }

    /// Once the key is known its own list decides (D10, D11).
    pub(crate) fn of_key(record: &Record, origin: Field<'_>, policy: &Policy) -> Self {
        let Field::One(origin) = origin else { return Self::None };
        let listed = record.kind == KeyKind::Restricted && record.origins.allows(origin);
        Self::of(listed || policy.owns(origin), origin)
    }

    fn of(may: bool, origin: &[u8]) -> Self {
        match HeaderValue::from_bytes(origin) {
            Ok(value) if may => Self::May(value),
            _ => Self::None,
        }
    }

    /// Writes what this answer tells browsers.
    pub(crate) fn write(&self, headers: &mut HeaderMap, cors: &Cors) {
        if !headers.contains_key(header::VARY) {
            headers.insert(header::VARY, VARY_ORIGIN);
        } else if !varies_by_origin(headers) {
            headers.append(header::VARY, VARY_ORIGIN);
        }
        if let Self::May(origin) = self {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, cors.expose.clone());
        }
    }
}

fn varies_by_origin(headers: &HeaderMap) -> bool {
    headers.get_all(header::VARY).iter().any(|value| names_origin(value.as_bytes()))
}

/// Whether a value of `Vary` says that the answer is another for another origin.
pub(crate) fn names_origin(value: &[u8]) -> bool {
    value
        .split(|b| *b == b',')
        .any(|name| matches!(name.trim_ascii(), b"*") || name.trim_ascii().eq_ignore_ascii_case(b"origin"))
}

fn indexed(core: &Core, operation: &Operation, origin: &[u8], now: Timestamp) -> bool {
    let shared = &core.shared;
    if shared.cors.opens(operation) {
        return origin != b"null" && !origin.is_empty();
    }
    operation.audience == Audience::Key
        && now < shared.snapshot.freshness().fresh_until
        && shared.snapshot.pages.allow(operation, origin, now)
}

/// Whether it is the question of a browser, which is answered without a key and never passed on.
pub(crate) fn is_preflight(parts: &Parts) -> bool {
    parts.method == http::Method::OPTIONS
        && parts.headers.contains_key(header::ORIGIN)
        && parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight. An operation that does not exist is refused like an origin that nobody allows, so that
/// strangers cannot find out which paths exist.
pub(crate) fn preflight(
    core: &Core,
    facts: &Facts<'_>,
    parts: &Parts,
    now: Timestamp,
) -> Result<Response<ResponseBody>, Fault> {
    let answer = granted(core, facts, parts, now).ok_or(Fault::PreflightRefused)?;
    let mut response = Response::new(ResponseBody::Whole(None));
    *response.status_mut() = StatusCode::NO_CONTENT;
    *response.headers_mut() = answer;
    Ok(response)
}

fn granted(core: &Core, facts: &Facts<'_>, parts: &Parts, now: Timestamp) -> Option<HeaderMap> {
    let shared = &core.shared;
    let origin = one(&parts.headers, &header::ORIGIN)?;
    let asked = one(&parts.headers, &header::ACCESS_CONTROL_REQUEST_METHOD)?;
    let method = HttpMethod::parse(asked.to_str().ok()?)?;
    let catalogue = core.catalogue();
    let operation = catalogue.find(method, &facts.path)?;
    // The API's own pages pass with any key, so for operations that keys open.
    let own = operation.audience == Audience::Key && shared.policy.owns(origin.as_bytes());
    if !own && !indexed(core, operation, origin.as_bytes(), now) {
        return None;
    }
    let mut headers = HeaderMap::with_capacity(6);
    for (request, answer) in &PRIVATE_NETWORK {
        if parts.headers.contains_key(request) {
            if !shared.cors.allow_private_network {
                return None;
            }
            headers.insert(answer, HeaderValue::from_static("true"));
        }
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, asked.clone());
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, requested(&parts.headers, shared)?);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, shared.cors.max_age.clone());
    headers.insert(header::VARY, VARY_PREFLIGHT);
    Some(headers)
}

fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// What a page may send: always the credential, `Content-Type` and `Idempotency-Key`; of what it asks for everything that
/// would reach the upstream. What never does (D27) is left out, and the browser then refuses for us.
fn requested(headers: &HeaderMap, shared: &crate::core::Shared) -> Option<HeaderValue> {
    let mut allowed = shared.cors.allowed.clone();
    let values = headers.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS).iter();
    let names = values.flat_map(|value| value.as_bytes().split(|b| *b == b',')).map(<[u8]>::trim_ascii);
    let (mut count, mut bytes) = (0, 0);
    for name in names.filter(|name| !name.is_empty()) {
        (count, bytes) = (count + 1, bytes + name.len());
        if count > REQUESTED_MAX || bytes > REQUESTED_BYTES_MAX {
            return None;
        }
        let name = HeaderName::from_bytes(name).ok()?;
        let known = shared.cors.allowed.split(", ").any(|known| known.eq_ignore_ascii_case(name.as_str()));
        if !known && !facts::never_reaches_upstream(name.as_str(), &shared.namespace) {
            allowed.push_str(", ");
            allowed.push_str(name.as_str());
        }
    }
    HeaderValue::from_str(&allowed).ok()
}
