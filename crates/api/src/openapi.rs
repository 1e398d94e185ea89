//! The OpenAPI 3.1 document, written from the table in `contract`.
//!
//! Owns:  how an operation becomes a part of the document. `openapi.json` beside `Cargo.toml` is the committed copy;
//!        the test `the_committed_document_is_current` compares it.
//! Never: hand-written paths: an operation that is not in the table is not in the document.
//! Read:  `document`, then `Entry::of`.

use crate::{
    answer::Form,
    code::Code,
    contract::{Authority, Effect, NoBody, Operation, table},
    problem::{self, Problem},
    schema::id_pattern,
};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        self, ComponentsBuilder, Content, ContentBuilder, HttpMethod, InfoBuilder, ObjectBuilder, OpenApi,
        OpenApiBuilder, Paths, Ref, RefOr, Required, Response, ResponseBuilder, Schema, SecurityRequirement, Type,
        path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        request_body::RequestBodyBuilder,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

/// The name of a security scheme.
const OPERATOR_TOKEN: &str = "operator_token";
/// And of the other one.
const SESSION: &str = "session";

/// The document as it is served: bytes that are JSON already.
#[derive(Clone, Debug)]
pub struct Document(pub Box<serde_json::value::RawValue>);

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl PartialSchema for Document {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Object).description(Some("An OpenAPI 3.1 document.")).into()
    }
}

impl ToSchema for Document {}

/// One row of the table, without its types.
#[derive(Clone)]
pub struct Entry {
    /// Its name.
    pub id: &'static str,
    /// Its method.
    pub method: model::HttpMethod,
    /// Its path.
    pub path: &'static str,
    /// Who may ask for it.
    pub authority: Authority,
    /// Whether it changes anything.
    pub effect: Effect,
    /// The status of its answer.
    pub status: u16,
    /// Everything that it may refuse, by status.
    pub refusals: Vec<Code>,
    tag: &'static str,
    doc: &'static [&'static str],
    parameters: Vec<Parameter>,
    body: Option<(RefOr<Schema>, Required)>,
    form: Form,
    answer: RefOr<Schema>,
    schemas: Vec<(String, RefOr<Schema>)>,
}

impl Entry {
    /// The row of one operation.
    #[must_use]
    pub fn of<O: Operation>() -> Self {
        let mut parameters: Vec<_> = path_parameters(O::PATH).collect();
        parameters.extend(O::Query::into_params(|| Some(ParameterIn::Query)));
        let form = Form::of::<O::Answer>();
        let mut schemas = Vec::new();
        if matches!(form, Form::Json | Form::Events) {
            schemas.push((O::Answer::name().into_owned(), O::Answer::schema()));
            O::Answer::schemas(&mut schemas);
        }
        let body = (O::Body::name() != NoBody::name()).then(|| {
            schemas.push((O::Body::name().into_owned(), O::Body::schema()));
            O::Body::schemas(&mut schemas);
            // What can be read from an empty object can be left out.
            let optional = serde_json::from_str::<O::Body>("{}").is_ok();
            (reference::<O::Body>(), if optional { Required::False } else { Required::True })
        });
        let answer = reference::<O::Answer>();
        let refusals = refusals::<O>(body.is_some());
        Self {
            id: O::ID,
            method: O::METHOD,
            path: O::PATH,
            authority: O::AUTHORITY,
            effect: O::EFFECT,
            status: O::STATUS,
            refusals,
            tag: O::TAG,
            doc: O::DOC,
            parameters,
            body,
            form,
            answer,
            schemas,
        }
    }

    fn operation(&self) -> openapi::path::Operation {
        let doc: Vec<_> = self.doc.iter().map(|line| line.trim()).collect();
        let (summary, description) =
            doc.split_first().map_or(("", String::new()), |(first, rest)| (*first, rest.join(" ")));
        let scheme = |name: &str| SecurityRequirement::new::<_, [&str; 0], &str>(name, []);
        let mut security = Vec::new();
        if self.authority != Authority::Anyone && self.authority.admits_operator() {
            security.push(scheme(OPERATOR_TOKEN));
        }
        if self.authority.admits_sessions() {
            security.push(scheme(SESSION));
        }
        let body = self.body.as_ref().map(|(schema, required)| {
            let content = ContentBuilder::new().schema(Some(schema.clone())).build();
            RequestBodyBuilder::new().content("application/json", content).required(Some(required.clone())).build()
        });
        let answer = ResponseBuilder::new().description(if self.status == 201 { "Created." } else { "Done." });
        let content = || ContentBuilder::new().schema(Some(self.answer.clone())).build();
        let answer = match self.form {
            Form::Json => answer.content("application/json", content()),
            Form::Events => answer.content("text/event-stream", content()),
            Form::Nothing | Form::Redirect => answer,
        };
        let mut operation = OperationBuilder::new()
            .operation_id(Some(self.id))
            .tag(self.tag)
            .summary(Some(summary))
            .description((!description.is_empty()).then_some(description))
            .parameters(Some(self.parameters.clone()))
            .request_body(body)
            .response(self.status.to_string(), answer.build())
            // An empty list says that no security is needed, and overrides a default.
            .securities(Some(security));
        for (status, codes) in self.by_status() {
            operation = operation.response(status.to_string(), refusal(&codes));
        }
        operation.build()
    }

    fn by_status(&self) -> BTreeMap<u16, Vec<Code>> {
        let mut by_status = BTreeMap::<u16, Vec<Code>>::new();
        for code in &self.refusals {
            by_status.entry(code.answer().status).or_default().push(*code);
        }
        by_status
    }
}

/// What an operation of this form may refuse, by status.
fn refusals<O: Operation>(body: bool) -> Vec<Code> {
    let mut codes =
        vec![Code::InvalidQuery, Code::MalformedRequest, Code::BodyTooLarge, Code::InternalError, Code::Overloaded];
    codes.push(Code::Timeout);
    if O::AUTHORITY != Authority::Anyone {
        codes.push(Code::StoreUnavailable);
        if O::AUTHORITY.admits_operator() {
            codes.push(Code::Unauthorized);
        }
    }
    if O::AUTHORITY.admits_sessions() {
        codes.push(Code::NotSignedIn);
    }
    if O::AUTHORITY != Authority::Operator && !O::METHOD.is_safe() {
        codes.push(Code::CsrfRefused);
    }
    if matches!(O::AUTHORITY, Authority::Developer | Authority::Admin | Authority::AnyMember) {
        codes.push(Code::RoleInsufficient);
    }
    if O::PATH.contains('{') {
        codes.push(Code::NotFound);
    }
    // Also an operation without a body reads one, to refuse it.
    codes.extend([Code::MalformedJson, Code::UnsupportedMediaType, Code::ValidationFailed]);
    if !body && O::METHOD.is_safe() {
        codes.retain(|c| !BODY_REFUSALS.contains(c));
    }
    if O::EFFECT == Effect::Changes {
        codes.push(Code::NotConfirmed);
    }
    codes.extend(O::REFUSALS);
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// What only a request with a body can be refused for.
const BODY_REFUSALS: [Code; 5] = [
    Code::BodyTooLarge,
    Code::MalformedRequest,
    Code::MalformedJson,
    Code::UnsupportedMediaType,
    Code::ValidationFailed,
];

fn refusal(codes: &[Code]) -> Response {
    let names: Vec<_> = codes.iter().map(|c| format!("`{}`", c.answer().code)).collect();
    let content = Content::builder().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(names.join(", ")).content(problem::CONTENT_TYPE, content).build()
}

/// A named schema as a reference, an unnamed one as it is.
fn reference<T: ToSchema>() -> RefOr<Schema> {
    Ref::from_schema_name(T::name()).into()
}

fn path_parameters(path: &'static str) -> impl Iterator<Item = Parameter> {
    path.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        let (prefix, what) = match name {
            "account_id" => ("acc", "The account."),
            "company_id" => ("co", "The company; one of another account is not found."),
            "key_id" => ("key", "The key; one of another account is not found."),
            "request_id" => ("req", "The request, as its answer named it; one of another account is not found."),
            "operator_token_id" => ("opt", "The operator token."),
            "identity_id" => ("idm", "The identity; one of another account is not found."),
            "member_id" => ("mem", "The member; one of another account is not found."),
            "invitation_id" => ("inv", "The invitation; one of another account is not found."),
            "person_id" => ("per", "The person."),
            "session_id" => ("ses", "The session; one of another person is not found."),
            "provider_id" => return Some(provider(name)),
            _ => return None,
        };
        let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(id_pattern(prefix)));
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
        Some(parameter.description(Some(what)).schema(Some(schema)).build())
    })
}

fn provider(name: &str) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[a-z0-9-]{1,32}$"));
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
    parameter.description(Some("The provider, by its id in sign_in_options_get.")).schema(Some(schema)).build()
}

const fn method(method: model::HttpMethod) -> HttpMethod {
    match method {
        model::HttpMethod::Get => HttpMethod::Get,
        model::HttpMethod::Head => HttpMethod::Head,
        model::HttpMethod::Post => HttpMethod::Post,
        model::HttpMethod::Put => HttpMethod::Put,
        model::HttpMethod::Patch => HttpMethod::Patch,
        model::HttpMethod::Delete => HttpMethod::Delete,
    }
}

/// The whole document.
#[must_use]
pub fn document() -> OpenApi {
    let mut paths = Paths::new();
    let mut schemas = BTreeMap::new();
    let mut problem = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut problem);
    schemas.extend(problem);
    for entry in table() {
        paths.add_path_operation(entry.path, vec![method(entry.method)], entry.operation());
        schemas.extend(entry.schemas);
    }
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("op_ and 44 letters and digits")
        .description(Some("An operator token. API keys are never accepted here."))
        .build();
    let session = ApiKey::Cookie(ApiKeyValue::with_description(
        "__Host-claviger-session",
        "The cookie of a session. The name in the middle is the namespace of the deployment. Anything but GET and HEAD also \
         needs the header Origin, with the origin of this API.",
    ));
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme(OPERATOR_TOKEN, SecurityScheme::Http(token))
        .security_scheme(SESSION, SecurityScheme::ApiKey(session))
        .build();
    let info = InfoBuilder::new()
        .title("Control API")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(introduction()))
        .build();
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build()
}

fn introduction() -> String {
    let codes: Vec<_> = Code::ALL
        .iter()
        .map(|c| c.answer())
        .map(|a| format!("| {} | `{}` | {} |", a.status, a.code, a.detail))
        .collect();
    format!(
        "Accounts, companies, keys, requests, members, operator tokens and the audit log of one deployment.\n\nEvery answer carries the header \
         x-request-id. Every change is in force when its answer arrives; the member in_force says since when. HEAD works \
         wherever GET does. Every refusal is a problem (RFC 9457), with one of these codes:\n\n\
         | status | code | meaning |\n|---|---|---|\n{}\n",
        codes.join("\n")
    )
}

/// The document as text, as it is committed and served.
#[must_use]
pub fn text() -> String {
    #[expect(clippy::expect_used, reason = "the document holds strings, numbers and maps only")]
    let mut text = serde_json::to_string_pretty(&document()).expect("the document serialises");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
