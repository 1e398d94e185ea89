//! Problem: every refusal of this API as an RFC 9457 body.
//!
//! Owns:  the closed list of codes with their status; faults of an invoice.
//! Never: echoes a token or a row of somebody else.
//! Read:  `Code`, then `Problem`.

use axum::{
    body::Body,
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
}

impl Code {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::BadQuery | Self::BadBody => StatusCode::BAD_REQUEST,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::ContextMissing | Self::ContextInvalid => StatusCode::UNAUTHORIZED,
            Self::AccountRequired | Self::CompanyNotAllowed | Self::OperationExhausted | Self::SignatureExhausted => {
                StatusCode::FORBIDDEN
            }
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::CompanyInUse => StatusCode::CONFLICT,
            Self::CompanyExists | Self::VersionStale | Self::InvalidRecord | Self::InvalidInvoice => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
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
#[derive(Debug)]
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
        Self::new(Code::NotFound, "There is nothing under this address that this key may see.")
    }

    pub(crate) fn invalid_invoice(mut faults: Vec<Fault>) -> Self {
        faults.truncate(FAULTS_MAX);
        let detail = format!("The invoice has {} fault(s); see `errors`. Nothing was stored.", faults.len());
        Self { code: Code::InvalidInvoice, detail, faults }
    }

    pub(crate) fn bad_query(detail: impl Into<String>) -> Self {
        Self::new(Code::BadQuery, detail)
    }

    pub(crate) fn invalid_record(detail: impl Into<String>) -> Self {
        Self::new(Code::InvalidRecord, detail)
    }
}

#[derive(Serialize)]
struct Wire<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    errors: &'a [Fault],
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let wire = Wire {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: &self.detail,
            code: self.code.text(),
            errors: &self.faults,
        };
        let mut response = Response::new(Body::from(serde_json::to_vec(&wire).unwrap_or_default()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Signed-Context"));
        }
        response.extensions_mut().insert(self.code);
        response
    }
}
