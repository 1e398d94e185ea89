//! Problem: how the sub-key API says no (D6, D32).
//!
//! Owns:  the codes of that API, and what the control plane's refusals are called there.
//! Never: shows what only the operator's log may hold.
//! Read:  `Problem`, then `From<Refusal>`.

use crate::refusal::{Refusal, Told};
use api::{
    Code, FieldProblem, ProblemParts, ProblemStyle,
    problem::{self, ProblemMembers, render},
};
use axum::{body::Body, response::Response};
use http::{HeaderValue, StatusCode, header};
use model::RequestId;

/// A refusal in the words of the sub-key API.
#[derive(Debug)]
pub(super) struct Problem {
    status: u16,
    code: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<FieldProblem>,
    /// For the log alone.
    cause: Option<String>,
}

impl Problem {
    fn new(status: u16, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, title, detail: detail.into(), errors: Vec::new(), cause: None }
    }

    /// The request does not come from the gateway; every way in which it does not is one answer.
    pub(super) fn context() -> Self {
        let detail = "This is reached through the gateway alone: call its address with the account's primary key.";
        Self::new(401, "context_invalid", "Context invalid", detail)
    }

    /// A key asks that is not the active primary key (D8).
    pub(super) fn not_allowed() -> Self {
        let detail = "Only the primary key manages restricted keys.";
        Self::new(403, "subkey_not_allowed", "Not allowed for restricted keys", detail)
    }

    pub(super) fn permission_exceeds(resource: &str) -> Self {
        let detail = format!("The permission {resource} exceeds the primary key's: it is Read at most.");
        Self::new(400, "permission_exceeds_parent", "Permission exceeds the primary key's", detail)
    }

    pub(super) fn company_unknown(id: i64, environment: &str) -> Self {
        let detail = format!("No company of the account has the id {id} in the {environment} environment.");
        Self::new(400, "company_not_found", "Company not found", detail)
    }

    pub(super) fn route() -> Self {
        Self::new(404, "not_found", "Not found", "There is no such restricted key.")
    }

    pub(super) fn method() -> Self {
        let answer = Code::MethodNotAllowed.answer();
        Self::new(answer.status, answer.code, answer.title, answer.detail)
    }

    pub(super) fn timeout() -> Self {
        Refusal::from(Code::Timeout).into()
    }

    pub(super) fn internal() -> Self {
        Refusal::from(Code::InternalError).into()
    }

    pub(super) fn query(detail: impl Into<String>) -> Self {
        Refusal::with_detail(Code::InvalidQuery, detail).into()
    }

    pub(super) fn stale() -> Self {
        let answer = Code::StaleVersion.answer();
        Self::new(422, answer.code, answer.title, "The key was changed meanwhile; read it again and repeat the change.")
    }

    #[cfg(test)]
    pub(super) const fn code(&self) -> &'static str {
        self.code
    }

    /// A problem with its code at the top level as well, where clients of this API look for it.
    pub(super) fn answer(self, style: &ProblemStyle, id: RequestId) -> Response {
        if let Some(cause) = &self.cause {
            tracing::error!(request_id = %id, code = self.code, cause, "a sub-key request failed");
        }
        let parts = ProblemParts {
            errors: &self.errors,
            ..ProblemParts::new(self.status, self.code, self.title, &self.detail)
        };
        let style = ProblemStyle { members: ProblemMembers::Coded, ..style.clone() };
        let body = render(&style, &parts, id);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT_TYPE));
        response
    }
}

impl From<Refusal> for Problem {
    /// Its words for what the control plane says in others; what is left is said as it is.
    fn from(refusal: Refusal) -> Self {
        let Told { code, detail, mut errors, cause } = refusal.told();
        for (ours, theirs) in [("/companies", "/company_ids"), ("/origins", "/cors_origins")] {
            errors.iter_mut().filter(|error| error.pointer == ours).for_each(|error| error.pointer = theirs.to_owned());
        }
        let answer = code.answer();
        let detail = detail.unwrap_or_else(|| answer.detail.to_owned());
        let problem = if code == Code::LimitReached {
            Self::new(400, "subkey_limit_reached", "Too many restricted keys", detail)
        } else if code == Code::StaleVersion {
            Self::stale()
        } else if code == Code::RoleInsufficient {
            // The store looked again, inside the change.
            Self::not_allowed()
        } else {
            // An object's state keeps the change from being made; this API has one status for that.
            let status = if code == Code::KeyFinal { 422 } else { answer.status };
            Self::new(status, answer.code, answer.title, detail)
        };
        Self { errors, cause, ..problem }
    }
}

impl From<store::StoreError> for Problem {
    fn from(error: store::StoreError) -> Self {
        Refusal::from(error).into()
    }
}
