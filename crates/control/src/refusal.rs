//! Refusals: how the control plane says no.
//!
//! Owns:  the one mapping from errors to codes, and from a code to an answer.
//! Never: shows what only the operator's log may hold.
//! Read:  top down.

use api::{
    Code, FieldProblem, ProblemParts, ProblemStyle,
    problem::{self, render},
};
use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, header};
use model::{KeyStatus, RequestId};
use store::{ConflictReason, StoreError};

/// A refusal, before it is worded.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: Code,
    /// More precise than the code's own sentence.
    detail: Option<String>,
    errors: Vec<FieldProblem>,
    /// For the log alone.
    cause: Option<String>,
    /// Seconds until it is worth trying again.
    retry_after: Option<u64>,
}

/// What a refusal tells.
pub(crate) struct Told {
    pub(crate) code: Code,
    pub(crate) detail: Option<String>,
    pub(crate) errors: Vec<FieldProblem>,
    pub(crate) cause: Option<String>,
}

impl Refusal {
    /// Too many attempts: the next may come after so many seconds.
    pub(crate) fn braked(secs: u64) -> Self {
        let detail = format!("Too many attempts failed. Try again in {secs} seconds.");
        Self { retry_after: Some(secs), ..Self::with_detail(Code::TooManyAttempts, detail) }
    }

    /// Its code, for what tells people in another way than an answer.
    pub(crate) const fn code(&self) -> Code {
        self.code
    }

    pub(crate) fn with_detail(code: Code, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::from(code) }
    }

    /// A body whose field at `pointer` cannot be accepted.
    pub(crate) fn field(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::from(vec![FieldProblem { pointer: pointer.into(), message: message.into() }])
    }

    /// What it tells, for what words it in another way.
    pub(crate) fn told(self) -> Told {
        Told { code: self.code, detail: self.detail, errors: self.errors, cause: self.cause }
    }

    pub(crate) fn answer(self, style: &ProblemStyle, id: RequestId) -> Response {
        let answer = self.code.answer();
        if let Some(cause) = &self.cause {
            tracing::error!(request_id = %id, code = answer.code, cause, "a control request failed");
        }
        let detail = self.detail.as_deref().unwrap_or(answer.detail);
        let parts = ProblemParts {
            status: answer.status,
            code: answer.code,
            title: answer.title,
            detail,
            errors: &self.errors,
            limit: None,
        };
        let mut response = Body::from(render(style, &parts, id)).into_response();
        *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT_TYPE));
        if self.code == Code::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(secs) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self { code, detail: None, errors: Vec::new(), cause: None, retry_after: None }
    }
}

impl From<Vec<FieldProblem>> for Refusal {
    fn from(errors: Vec<FieldProblem>) -> Self {
        Self { errors, ..Self::from(Code::ValidationFailed) }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let told = error.to_string();
        match error {
            // Deleted is out of view: the same answer as for what never was.
            StoreError::NotFound { .. }
            | StoreError::Conflict { reason: ConflictReason::KeyFinal(KeyStatus::Deleted) } => {
                Self::from(Code::NotFound)
            }
            StoreError::Conflict { reason } => Self::with_detail(conflict(&reason), sentence(&told)),
            StoreError::Limit { .. } => Self::with_detail(Code::LimitReached, sentence(&told)),
            StoreError::Invalid { .. } => Self::field("", told),
            StoreError::Full => {
                Self { cause: Some(told.clone()), ..Self::with_detail(Code::StoreUnavailable, sentence(&told)) }
            }
            // What these say is for the operator.
            StoreError::Locked { .. }
            | StoreError::File { .. }
            | StoreError::Exists { .. }
            | StoreError::Foreign { .. }
            | StoreError::Schema { .. }
            | StoreError::Corrupt { .. }
            | StoreError::FeedAhead { .. }
            | StoreError::Closed
            | StoreError::Database(_) => Self { cause: Some(told), ..Self::from(Code::StoreUnavailable) },
        }
    }
}

const fn conflict(reason: &ConflictReason) -> Code {
    match reason {
        ConflictReason::KeyFinal(_) => Code::KeyFinal,
        ConflictReason::Stale { .. } => Code::StaleVersion,
        ConflictReason::ExternalNameTaken(_) => Code::ExternalNameTaken,
        ConflictReason::PrimaryExists
        | ConflictReason::IdentityTaken
        | ConflictReason::SubjectTaken
        | ConflictReason::LastWayIn
        | ConflictReason::SecondFactor(_) => Code::Conflict,
        ConflictReason::EmailTaken => Code::EmailTaken,
        ConflictReason::AlreadyMember => Code::AlreadyMember,
        ConflictReason::RoleInsufficient(_) | ConflictReason::NotPrimary => Code::RoleInsufficient,
        ConflictReason::LastOwner => Code::LastOwner,
        ConflictReason::MemberHasKeys(_) => Code::MemberHasKeys,
        // 226 random bits do not repeat: the generator is broken.
        ConflictReason::Taken => Code::InternalError,
    }
}

/// `the key is revoked` as `The key is revoked.`
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).chain(['.']).collect()).unwrap_or_default()
}
