//! Problem: every refusal of this API as an RFC 9457 body, in the form of the surface that is served.
//!
//! Owns:  the closed list of codes with their status; faults of an invoice; the forms.
//! Never: echoes a token or a row of somebody else.
//! Read:  `Code`, then `Problem`, then `write`.

use crate::options::Surface;
use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

/// Faults that one answer lists at most.
pub(crate) const FAULTS_MAX: usize = 50;

/// What kind of refusal it is. The text form is part of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    BadQuery,
    BadBody,
    BodyTooLarge,
    MediaType,
    ContextMissing,
    ContextInvalid,
    ContextKeysUnavailable,
    AccountRequired,
    CompanyNotAllowed,
    OperationExhausted,
    SignatureExhausted,
    NotFound,
    MethodNotAllowed,
    CompanyInUse,
    CompanyExists,
    VersionStale,
    InvalidRecord,
    InvalidInvoice,
    Overloaded,
    TimedOut,
    Internal,
    AdminRequired,
    AlreadyExists,
    CompanyRequired,
    InUse,
    InsufficientScope,
    MemberRequired,
    KeyRequired,
    CallbackRequired,
    MissingParticipantId,
    MissingRouting,
    Overpayment,
    ParticipantNotAllowed,
    ParticipantTaken,
    StateConflict,
    TooMany,
}

impl Code {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::BadQuery
            | Self::BadBody
            | Self::CompanyRequired
            | Self::MissingParticipantId
            | Self::MissingRouting => StatusCode::BAD_REQUEST,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::ContextMissing | Self::ContextInvalid => StatusCode::UNAUTHORIZED,
            Self::AccountRequired
            | Self::AdminRequired
            | Self::CallbackRequired
            | Self::CompanyNotAllowed
            | Self::KeyRequired
            | Self::MemberRequired
            | Self::OperationExhausted
            | Self::ParticipantNotAllowed
            | Self::SignatureExhausted
            | Self::InsufficientScope => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::AlreadyExists | Self::CompanyInUse | Self::InUse | Self::ParticipantTaken | Self::StateConflict => {
                StatusCode::CONFLICT
            }
            Self::CompanyExists
            | Self::VersionStale
            | Self::InvalidRecord
            | Self::InvalidInvoice
            | Self::Overpayment
            | Self::TooMany => StatusCode::UNPROCESSABLE_ENTITY,
            Self::ContextKeysUnavailable | Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::BadQuery => "bad_query",
            Self::BadBody => "bad_body",
            Self::BodyTooLarge => "body_too_large",
            Self::MediaType => "unsupported_media_type",
            Self::ContextMissing => "context_missing",
            Self::ContextInvalid => "context_invalid",
            Self::ContextKeysUnavailable => "context_keys_unavailable",
            Self::AccountRequired => "account_required",
            Self::CompanyNotAllowed => "company_not_allowed",
            Self::OperationExhausted => "operation_exhausted",
            Self::SignatureExhausted => "signature_exhausted",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::CompanyInUse => "company_in_use",
            Self::CompanyExists => "company_exists",
            Self::VersionStale => "version_stale",
            Self::InvalidRecord => "invalid_record",
            Self::InvalidInvoice => "invalid_invoice",
            Self::Overloaded => "overloaded",
            Self::TimedOut => "timed_out",
            Self::Internal => "internal",
            Self::AdminRequired => "admin_required",
            Self::AlreadyExists => "already_exists",
            Self::CompanyRequired => "company_required",
            Self::InUse => "in_use",
            Self::InsufficientScope => "insufficient_scope",
            Self::MemberRequired => "member_required",
            Self::KeyRequired => "key_required",
            Self::CallbackRequired => "callback_required",
            Self::MissingParticipantId => "missing_participant_id",
            Self::MissingRouting => "missing_routing",
            Self::Overpayment => "overpayment",
            Self::ParticipantNotAllowed => "participant_not_allowed",
            Self::ParticipantTaken => "participant_taken",
            Self::StateConflict => "state_conflict",
            Self::TooMany => "too_many",
        }
    }

    /// What kind of refusal it is, in words; the same for all of the kind.
    const fn title(self) -> &'static str {
        match self {
            Self::BadQuery => "Invalid query parameters",
            Self::BadBody => "Invalid request body",
            Self::BodyTooLarge => "Request body too large",
            Self::MediaType => "Unsupported media type",
            Self::ContextMissing => "Signed context required",
            Self::ContextInvalid => "Invalid signed context",
            Self::ContextKeysUnavailable => "Signed context cannot be verified",
            Self::AccountRequired => "Account required",
            Self::CompanyNotAllowed => "Company not allowed",
            Self::OperationExhausted => "Operations exhausted",
            Self::SignatureExhausted => "Signatures exhausted",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::CompanyInUse => "Company in use",
            Self::CompanyExists => "Company exists",
            Self::VersionStale => "Version stale",
            Self::InvalidRecord => "Invalid record",
            Self::InvalidInvoice => "Invalid invoice",
            Self::Overloaded => "Service overloaded",
            Self::TimedOut => "Request timed out",
            Self::Internal => "Internal error",
            Self::AdminRequired => "Administrator required",
            Self::AlreadyExists => "Already exists",
            Self::CompanyRequired => "Company required",
            Self::InUse => "In use",
            Self::InsufficientScope => "Insufficient scope",
            Self::MemberRequired => "Member required",
            Self::KeyRequired => "API key required here",
            Self::CallbackRequired => "Callback required",
            Self::MissingParticipantId => "Missing participant ID",
            Self::MissingRouting => "Missing routing information",
            Self::Overpayment => "Overpayment",
            Self::ParticipantNotAllowed => "Participant not allowed",
            Self::ParticipantTaken => "Participant taken",
            Self::StateConflict => "State conflict",
            Self::TooMany => "Too many",
        }
    }
}

/// One thing that is wrong with an invoice: the exchange's own code, what it is, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fault {
    pub(crate) code: String,
    pub(crate) description: String,
    pub(crate) hint: Option<String>,
}

impl Fault {
    pub(crate) fn new(code: &str, description: impl Into<String>) -> Self {
        Self { code: code.to_owned(), description: description.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A refusal on its way to the caller.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    detail: String,
    faults: Vec<Fault>,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), faults: Vec::new() }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(Code::NotFound, "There is nothing under this address that this caller may see.")
    }

    pub(crate) fn invalid_invoice(mut faults: Vec<Fault>) -> Self {
        faults.truncate(FAULTS_MAX);
        let detail = format!("The invoice has {} fault(s); see `errors`. Nothing was stored.", faults.len());
        Self { code: Code::InvalidInvoice, detail, faults }
    }

    /// What it says to the caller.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    pub(crate) fn bad_query(detail: impl Into<String>) -> Self {
        Self::new(Code::BadQuery, detail)
    }

    pub(crate) fn invalid_record(detail: impl Into<String>) -> Self {
        Self::new(Code::InvalidRecord, detail)
    }
}

impl IntoResponse for Problem {
    /// Without a body yet: `write` adds it, which knows the surface.
    fn into_response(self) -> Response {
        let status = self.code.status();
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Signed-Context"));
        }
        response.extensions_mut().insert(self.code);
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the bodies of problems. The outermost layer of every surface.
pub(crate) async fn write(State(surface): State<Surface>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        *response.body_mut() = Body::from(problem.body(surface));
    }
    response
}

#[derive(Serialize)]
struct InvoicetronicWire<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    errors: &'a [Fault],
}

/// RFC 9457 and the provider's own member in one (D6).
#[derive(Serialize)]
struct LaabamWire<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    error: LaabamError<'a>,
}

#[derive(Serialize)]
struct LaabamError<'a> {
    code: &'static str,
    message: &'a str,
}

/// These four and nothing else, in this order.
#[derive(Serialize)]
struct InvostaqWire<'a> {
    r#type: String,
    title: &'static str,
    detail: &'a str,
    status: u16,
}

impl Problem {
    fn body(&self, surface: Surface) -> Vec<u8> {
        let (status, detail, code) = (self.code.status(), &*self.detail, self.code.text());
        let title = status.canonical_reason().unwrap_or("Error");
        let (status, about) = (status.as_u16(), "about:blank");
        let written = match surface {
            Surface::Invoicetronic => serde_json::to_vec(&InvoicetronicWire {
                r#type: about,
                title,
                status,
                detail,
                code,
                errors: &self.faults,
            }),
            Surface::Laabam => serde_json::to_vec(&LaabamWire {
                r#type: about,
                title,
                status,
                detail,
                error: LaabamError { code, message: detail },
            }),
            Surface::Invostaq => serde_json::to_vec(&InvostaqWire {
                r#type: format!("https://invostaq.com/errors/{}", code.replace('_', "-")),
                title: self.code.title(),
                detail,
                status,
            }),
        };
        written.unwrap_or_default()
    }
}
