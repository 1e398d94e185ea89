//! Faults: every way in which a request fails without admission having said no.
//!
//! Owns:  the closed list with the public answer of each, and `Refusal`, which joins it with `Denial`.
//! Never: formats a body; `respond` does.
//! Read:  `Fault::answer`.

use model::Denial;
use model::denial::{Answer, Blame};

/// A request failed at the door, at its body, or at the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// The path is not one that every reader would read alike (design section 4).
    PathUnsafe,
    /// No host, two hosts, or two that differ.
    HostMalformed,
    /// A host name that this gateway does not serve.
    HostUnknown,
    /// Plain HTTP from beyond loopback (D21).
    HttpsRequired,
    /// More than `headers_max` header fields, where the protocol below has no such bound of its own.
    TooManyHeaders,
    /// The caller went away before it had an answer. Nobody reads it; the request log does.
    CallerGone,
    /// A browser's preflight; no origin is allowed yet for this operation (D10).
    PreflightRefused,
    /// The body is longer than `body_max`.
    BodyTooLarge,
    /// No byte of the body for `body_timeout`.
    BodyTimeout,
    /// The caller's body broke off.
    BodyBroken,
    /// The upstream could not be reached; nothing was sent.
    UpstreamUnreachable,
    /// The upstream broke off or answered something that is not HTTP.
    UpstreamBroken,
    /// The upstream did not answer in time.
    UpstreamTimeout,
    /// The issuer's signing keys are not known, so that no token of it can be verified.
    IssuerUnreachable,
    /// The upstream answered a list with an item of a company that the key may not reach: it broke its own promise (D34).
    IsolationViolation,
    /// The answer cannot be held to the companies of the key: not JSON, too long, or silent about its company.
    AnswerNotInspectable,
    /// A named bound of this gateway is reached.
    Overloaded,
    /// The record of a write cannot be kept now, so the write is not begun (D16).
    RecordsUnavailable,
    /// The write was carried out before; its answer was too large to keep (D16).
    AnswerNotKept,
    /// A defect of the gateway; the request was not admitted or its answer was lost.
    Internal,
}

impl Fault {
    /// Every fault.
    pub(crate) const ALL: [Self; 20] = [
        Self::PathUnsafe,
        Self::HostMalformed,
        Self::HostUnknown,
        Self::HttpsRequired,
        Self::TooManyHeaders,
        Self::CallerGone,
        Self::PreflightRefused,
        Self::BodyTooLarge,
        Self::BodyTimeout,
        Self::BodyBroken,
        Self::UpstreamUnreachable,
        Self::UpstreamBroken,
        Self::UpstreamTimeout,
        Self::IssuerUnreachable,
        Self::IsolationViolation,
        Self::AnswerNotInspectable,
        Self::Overloaded,
        Self::RecordsUnavailable,
        Self::AnswerNotKept,
        Self::Internal,
    ];

    /// What the fault says.
    pub(crate) const fn answer(self) -> Answer {
        let (status, code, title, detail, blame) = self.words();
        // The public code of a refused preflight is that of a refused origin; the reason tells them apart.
        let reason = if matches!(self, Self::PreflightRefused) { "preflight_refused" } else { code };
        Answer { status, code, title, detail, reason, blame }
    }

    #[expect(clippy::too_many_lines, reason = "one row for each fault")]
    const fn words(self) -> (u16, &'static str, &'static str, &'static str, Blame) {
        match self {
            Self::PathUnsafe => (
                400,
                "unsafe_path",
                "Unsafe path",
                "The path has empty or dot segments, encoded separators, backslashes, semicolons or control characters.",
                Blame::Caller,
            ),
            Self::HostMalformed => (400, "malformed_host", "Malformed host", "Send exactly one Host.", Blame::Caller),
            Self::HostUnknown => {
                (421, "unknown_host", "Unknown host", "This gateway does not serve that host name.", Blame::Caller)
            }
            Self::HttpsRequired => (
                403,
                "https_required",
                "HTTPS required",
                "Use https. A key sent over plain HTTP may have been read on the way: rotate it.",
                Blame::Caller,
            ),
            Self::TooManyHeaders => {
                (431, "too_many_headers", "Too many headers", "Send fewer header fields.", Blame::Caller)
            }
            Self::CallerGone => (499, "caller_gone", "Caller gone", "The caller closed the request.", Blame::Caller),
            Self::PreflightRefused => {
                (403, "origin_not_allowed", "Origin not allowed", "No key allows this origin here.", Blame::Account)
            }
            Self::BodyTooLarge => (
                413,
                "body_too_large",
                "Body too large",
                "The request body is longer than this API takes.",
                Blame::Caller,
            ),
            Self::BodyTimeout => {
                (408, "body_timeout", "Body timeout", "The request body did not arrive in time.", Blame::Caller)
            }
            Self::BodyBroken => {
                (400, "broken_body", "Broken body", "The request body broke off or was malformed.", Blame::Caller)
            }
            Self::UpstreamUnreachable => (
                502,
                "upstream_unreachable",
                "Upstream unreachable",
                "The API behind this gateway cannot be reached. The request was not carried out.",
                Blame::Operator,
            ),
            Self::UpstreamBroken => (
                502,
                "upstream_invalid_response",
                "Invalid upstream response",
                "The API behind this gateway broke off or sent no valid answer. The request may have been carried out.",
                Blame::Operator,
            ),
            Self::UpstreamTimeout => (
                504,
                "upstream_timeout",
                "Upstream timeout",
                "The API behind this gateway did not answer in time. The request may have been carried out.",
                Blame::Operator,
            ),
            Self::IssuerUnreachable => (
                503,
                "identity_unavailable",
                "Sign-in not available",
                "The issuer of this token cannot be reached, so it cannot be verified. Try again shortly.",
                Blame::Operator,
            ),
            Self::IsolationViolation => (
                502,
                "isolation_violation",
                "Isolation violation",
                "The API behind this gateway answered with data that this key may not see. The answer was withheld.",
                Blame::Operator,
            ),
            Self::AnswerNotInspectable => (
                502,
                "response_not_inspectable",
                "Response not inspectable",
                "The answer cannot be held to the companies of this key, so it was withheld. The request may have been carried out.",
                Blame::Operator,
            ),
            Self::Overloaded => {
                (503, "overloaded", "Overloaded", "Too much work at once. Try again shortly.", Blame::Operator)
            }
            Self::RecordsUnavailable => (
                503,
                "idempotency_unavailable",
                "Idempotency unavailable",
                "The record of this write cannot be kept now, so it was not carried out. Try again shortly.",
                Blame::Operator,
            ),
            Self::AnswerNotKept => (
                409,
                "idempotency_answer_not_kept",
                "Answer not kept",
                "The first request with this Idempotency-Key was carried out and answered with the status in Idempotent-Status; its answer was too large to keep. Do not send it again.",
                Blame::Caller,
            ),
            Self::Internal => {
                (500, "internal_error", "Internal error", "The gateway failed on this request.", Blame::Operator)
            }
        }
    }
}

/// Why a request was not passed on, or its answer not passed back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Admission said no.
    Denied(Denial),
    /// Something else went wrong.
    Failed(Fault),
}

impl Refusal {
    pub(crate) const fn answer(self) -> Answer {
        match self {
            Self::Denied(denial) => denial.answer(),
            Self::Failed(fault) => fault.answer(),
        }
    }
}

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_its_own_because_the_metrics_are_labelled_with_it() {
        let denied = Denial::ALL.iter().map(|d| d.answer().reason);
        let mut reasons: Vec<_> = denied.chain(Fault::ALL.iter().map(|f| f.answer().reason)).collect();
        let count = reasons.len();
        reasons.sort_unstable();
        reasons.dedup();
        assert_eq!(reasons.len(), count);
    }
}
