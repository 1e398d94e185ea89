//! Denials: every way in which admission says no, and what each one tells whom (D5, D6).
//!
//! Owns:  the closed list; the public answer (coarse) and the internal reason (precise) of each.
//! Never: formats a body; the planes do, from `Denial::answer`.
//! Read:  `Denial`, then `Denial::answer`.

use std::fmt;

/// Who has to act for the request to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The program that called.
    Caller,
    /// The account's owner: the key's settings do not allow it.
    Account,
    /// Whoever runs the deployment.
    Operator,
}

/// A refusal by admission. The order is the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Denial {
    /// No credential where this deployment takes one.
    CredentialMissing,
    /// Two credentials, or one header twice (D3).
    CredentialAmbiguous,
    /// Not the shape of a key: prefix, length, alphabet or checksum (D1).
    CredentialMalformed,
    /// The right shape, but no such secret.
    CredentialUnknown,
    /// The client id and the secret do not belong together (D2).
    CredentialMismatched,
    /// The key is switched off.
    KeyDisabled,
    /// The key was revoked.
    KeyRevoked,
    /// The key was deleted.
    KeyDeleted,
    /// The key's time is over (D13).
    KeyExpired,
    /// The secret was rotated away and its overlap is over (D13).
    SecretEnded,
    /// This gateway has not read the change log within the bound, so it stops saying yes (design section 5).
    FreshnessLost,
    /// The catalogue has no such operation (D7).
    OperationUnknown,
    /// The operation is not for keys (D20).
    AudienceMismatched,
    /// A restricted key asked for the management of restricted keys, which is the primary key's alone (D8, D32).
    SubKeyNotAllowed,
    /// The key may not be used from the caller's address (D12).
    IpNotAllowed,
    /// A primary key was sent by a browser (D11).
    PrimaryKeyInBrowser,
    /// The request comes from a browser page whose origin this key does not list (D10).
    OriginNotAllowed,
    /// The key lacks the scope that the operation needs (R75).
    ScopeInsufficient,
    /// The request is not, or cannot be, held to the companies of this key (D9, D34).
    CompanyNotAllowed,
    /// The operation names its company in a JSON body, and this body is of another kind (D36).
    BodyNotInspectable,
    /// The body that has to be inspected is no JSON that every reader would read alike (D36).
    BodyMalformed,
    /// The object belongs to a company outside the key's set: the same answer as for one that does not exist (D9).
    CompanyForeign,
    /// A limit of the key, account or address has no room (D15).
    LimitExceeded,
    /// The channel's cap for this UTC day is reached (R80).
    DailyCapExceeded,
    /// The address has collected too many refused credentials.
    AddressBraked,
    /// `Idempotency-Key` is malformed or there are two (D28).
    IdempotencyKeyMalformed,
    /// The operation needs an `Idempotency-Key` (D28).
    IdempotencyKeyMissing,
    /// The `Idempotency-Key` was used for another request (D16).
    IdempotencyKeyReused,
    /// The first request with this `Idempotency-Key` is still running (D16).
    IdempotencyInProgress,
    /// Whether the first request with this `Idempotency-Key` was carried out is not known (D17).
    IdempotencyOutcomeUnknown,
    /// No bearer token where the operation is for people (D20).
    TokenMissing,
    /// Not a token in the one form that is read: three parts, a plain header, no key of its own.
    TokenMalformed,
    /// No configured issuer has this token's `iss`.
    TokenIssuerUnknown,
    /// An algorithm that the issuer is not configured for, `none` and `HS256` among them.
    TokenAlgorithmRefused,
    /// The issuer has no such signing key.
    TokenKeyUnknown,
    /// The signature is not that of the key.
    TokenSignatureWrong,
    /// A claim is missing or of the wrong type.
    TokenClaimsUnusable,
    /// The token is for another application.
    TokenAudienceWrong,
    /// The token's directory is not an accepted one, or its issuer is not built from it.
    TokenDirectoryRefused,
    /// The token's time is over (R141, R142).
    TokenExpired,
    /// The token's time has not come.
    TokenNotYetValid,
    /// The person is no administrator (R106).
    AdminRequired,
    /// No account is mapped to the person's issuer and directory (D37).
    AccountNotMapped,
    /// A callback without its secret or signature, or with two (D19).
    CallbackProofMissing,
    /// A callback whose secret or signature is not a configured one.
    CallbackProofWrong,
    /// A signed callback whose time is too far from now.
    CallbackStale,
    /// A signed callback that was taken before.
    CallbackReplayed,
}

/// What a denial says to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Public code, `snake_case`; with hyphens it ends the problem's `type`.
    pub code: &'static str,
    /// Public title: the same for every denial with this code.
    pub title: &'static str,
    /// Public sentence for the person who reads the caller's log.
    pub detail: &'static str,
    /// Internal reason, for the account's request log only.
    pub reason: &'static str,
    /// Who has to act.
    pub blame: Blame,
}

impl Denial {
    /// Every denial, in the order of the checks.
    pub const ALL: [Self; 47] = [
        Self::CredentialMissing,
        Self::CredentialAmbiguous,
        Self::CredentialMalformed,
        Self::CredentialUnknown,
        Self::CredentialMismatched,
        Self::KeyDisabled,
        Self::KeyRevoked,
        Self::KeyDeleted,
        Self::KeyExpired,
        Self::SecretEnded,
        Self::FreshnessLost,
        Self::OperationUnknown,
        Self::AudienceMismatched,
        Self::SubKeyNotAllowed,
        Self::IpNotAllowed,
        Self::PrimaryKeyInBrowser,
        Self::OriginNotAllowed,
        Self::ScopeInsufficient,
        Self::CompanyNotAllowed,
        Self::BodyNotInspectable,
        Self::BodyMalformed,
        Self::CompanyForeign,
        Self::LimitExceeded,
        Self::DailyCapExceeded,
        Self::AddressBraked,
        Self::IdempotencyKeyMalformed,
        Self::IdempotencyKeyMissing,
        Self::IdempotencyKeyReused,
        Self::IdempotencyInProgress,
        Self::IdempotencyOutcomeUnknown,
        Self::TokenMissing,
        Self::TokenMalformed,
        Self::TokenIssuerUnknown,
        Self::TokenAlgorithmRefused,
        Self::TokenKeyUnknown,
        Self::TokenSignatureWrong,
        Self::TokenClaimsUnusable,
        Self::TokenAudienceWrong,
        Self::TokenDirectoryRefused,
        Self::TokenExpired,
        Self::TokenNotYetValid,
        Self::AdminRequired,
        Self::AccountNotMapped,
        Self::CallbackProofMissing,
        Self::CallbackProofWrong,
        Self::CallbackStale,
        Self::CallbackReplayed,
    ];

    /// What this denial says. Everything about the credential itself is one of two public answers (D5).
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "one row for each denial")]
    pub const fn answer(self) -> Answer {
        match self {
            Self::CredentialMissing => Answer {
                status: 401,
                code: "api_key_required",
                title: "API key required",
                detail: "This API needs a key. Send it in the X-API-Key header or as the HTTP Basic user name.",
                reason: "credential_missing",
                blame: Blame::Caller,
            },
            Self::CredentialAmbiguous => Answer {
                status: 400,
                code: "ambiguous_credentials",
                title: "Ambiguous credentials",
                detail: "Send exactly one credential, in one place.",
                reason: "credential_ambiguous",
                blame: Blame::Caller,
            },
            Self::CredentialMalformed => invalid("credential_malformed"),
            Self::CredentialUnknown => invalid("credential_unknown"),
            Self::CredentialMismatched => invalid("credential_mismatched"),
            Self::KeyDisabled => invalid("key_disabled"),
            Self::KeyRevoked => invalid("key_revoked"),
            Self::KeyDeleted => invalid("key_deleted"),
            Self::KeyExpired => invalid("key_expired"),
            Self::SecretEnded => invalid("secret_ended"),
            Self::AudienceMismatched => invalid("audience_mismatched"),
            Self::FreshnessLost => Answer {
                status: 503,
                code: "freshness_lost",
                title: "Temporarily unable to decide",
                detail: "This gateway cannot confirm that keys are current. Try again shortly.",
                reason: "freshness_lost",
                blame: Blame::Operator,
            },
            Self::OperationUnknown => Answer {
                status: 404,
                code: "operation_not_found",
                title: "No such operation",
                detail: "This API has no operation for this method and path.",
                reason: "operation_unknown",
                blame: Blame::Caller,
            },
            Self::SubKeyNotAllowed => forbidden(
                "subkey_not_allowed",
                "Not allowed for restricted keys",
                "Only the primary key manages restricted keys.",
            ),
            Self::IpNotAllowed => {
                forbidden("ip_not_allowed", "Address not allowed", "This key may not be used from this address.")
            }
            Self::PrimaryKeyInBrowser => forbidden(
                "primary_key_in_browser",
                "Primary key in a browser",
                "A primary key must never be used from a browser. Use a restricted key with allowed origins.",
            ),
            Self::OriginNotAllowed => {
                forbidden("origin_not_allowed", "Origin not allowed", "This key may not be used from this origin.")
            }
            Self::ScopeInsufficient => forbidden(
                "insufficient_scope",
                "Insufficient scope",
                "This key does not have the scope that the operation needs.",
            ),
            Self::CompanyNotAllowed => forbidden(
                "company_not_allowed",
                "Company not allowed",
                "This key may not reach what the request asks for: it is restricted to other companies.",
            ),
            Self::BodyNotInspectable => late(
                415,
                "body_not_inspectable",
                "Unsupported body",
                "A key that is restricted to companies sends this operation JSON: application/json or a type that ends in +json.",
            ),
            Self::BodyMalformed => late(
                400,
                "malformed_json",
                "Malformed JSON",
                "The body is not one JSON value that all readers read alike: no member twice, no deeper than 64.",
            ),
            Self::CompanyForeign => {
                Answer { reason: "company_foreign", ..late(404, "not_found", "Not found", "There is no such object.") }
            }
            Self::LimitExceeded => late(
                429,
                "rate_limit_exceeded",
                "Rate limit exceeded",
                "Too many requests. Retry after the period specified in the Retry-After header.",
            ),
            Self::DailyCapExceeded => late(
                429,
                "daily_cap_exceeded",
                "Daily cap exceeded",
                "The cap for today is reached. The day ends at midnight UTC.",
            ),
            Self::AddressBraked => late(
                429,
                "too_many_failures",
                "Too many failures",
                "Too many requests from this address had no valid key. Retry after the period in the Retry-After header.",
            ),
            Self::IdempotencyKeyMalformed => late(
                400,
                "idempotency_key_malformed",
                "Malformed Idempotency-Key",
                "Send one Idempotency-Key of 1 to 255 visible ASCII characters.",
            ),
            Self::IdempotencyKeyMissing => late(
                400,
                "idempotency_key_required",
                "Idempotency-Key required",
                "This operation needs an Idempotency-Key, so that a retry cannot run it twice.",
            ),
            Self::IdempotencyKeyReused => late(
                422,
                "idempotency_key_reused",
                "Idempotency-Key reused",
                "This Idempotency-Key was used for another request. Use a new one for each write.",
            ),
            Self::IdempotencyInProgress => late(
                409,
                "idempotency_in_progress",
                "Request in progress",
                "The first request with this Idempotency-Key is still running. Retry shortly.",
            ),
            Self::IdempotencyOutcomeUnknown => late(
                409,
                "idempotency_outcome_unknown",
                "Outcome unknown",
                "The answer to the first request with this Idempotency-Key was lost; it may have been carried out. Look before you send it again with a new key.",
            ),
            Self::TokenMissing => Answer {
                reason: "token_missing",
                ..late(
                    401,
                    "bearer_token_required",
                    "Bearer token required",
                    "This operation is for signed-in people. Send one token as Authorization: Bearer.",
                )
            },
            Self::TokenMalformed => token("token_malformed"),
            Self::TokenIssuerUnknown => token("token_issuer_unknown"),
            Self::TokenAlgorithmRefused => token("token_algorithm_refused"),
            Self::TokenKeyUnknown => token("token_key_unknown"),
            Self::TokenSignatureWrong => token("token_signature_wrong"),
            Self::TokenClaimsUnusable => token("token_claims_unusable"),
            Self::TokenAudienceWrong => token("token_audience_wrong"),
            Self::TokenDirectoryRefused => token("token_directory_refused"),
            Self::TokenExpired => token("token_expired"),
            Self::TokenNotYetValid => token("token_not_yet_valid"),
            Self::AdminRequired => {
                late(403, "admin_required", "Administrator required", "This operation is for administrators.")
            }
            Self::AccountNotMapped => Answer {
                blame: Blame::Operator,
                ..late(
                    403,
                    "account_not_mapped",
                    "No account",
                    "No account belongs to the organisation that you signed in with.",
                )
            },
            Self::CallbackProofMissing => callback("callback_proof_missing"),
            Self::CallbackProofWrong => callback("callback_proof_wrong"),
            Self::CallbackStale => callback("callback_stale"),
            Self::CallbackReplayed => callback("callback_replayed"),
        }
    }

    /// Whether it is about a person's bearer token, which the challenge of the answer says (RFC 6750).
    #[must_use]
    pub fn is_of_token(self) -> bool {
        matches!(self.answer().code, "invalid_token" | "bearer_token_required")
    }
}

/// What is said once the key's own rights are not in question; the reason is the code.
const fn late(status: u16, code: &'static str, title: &'static str, detail: &'static str) -> Answer {
    Answer { status, code, title, detail, reason: code, blame: Blame::Caller }
}

const fn invalid(reason: &'static str) -> Answer {
    Answer {
        status: 401,
        code: "invalid_api_key",
        title: "Invalid API key",
        detail: "The API key is not valid.",
        reason,
        blame: Blame::Caller,
    }
}

/// Every fault of a bearer token has one public answer (D5, D20). An expired one too: the caller signs in again (R142).
const fn token(reason: &'static str) -> Answer {
    Answer {
        reason,
        ..late(401, "invalid_token", "Invalid token", "The bearer token is not valid. Sign in again for a fresh one.")
    }
}

/// So has every fault of a callback's proof (D19).
const fn callback(reason: &'static str) -> Answer {
    Answer {
        reason,
        ..late(
            401,
            "callback_unauthorized",
            "Callback not authorized",
            "The callback's secret or signature is not valid.",
        )
    }
}

const fn forbidden(code: &'static str, title: &'static str, detail: &'static str) -> Answer {
    Answer { status: 403, code, title, detail, reason: code, blame: Blame::Account }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.answer().reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d5_everything_about_a_credential_has_one_of_two_public_answers() {
        let public = |d: Denial| {
            let a = d.answer();
            (a.status, a.code, a.title, a.detail)
        };
        let one_answer = |missing: Denial, faulty: Denial, names: &str| {
            for denial in Denial::ALL {
                let (answer, reason) = (denial.answer(), denial.answer().reason);
                let of_kind = names.split(' ').any(|name| reason.starts_with(name));
                if answer.status == 401 && of_kind && denial != missing {
                    assert_eq!(public(denial), public(faulty), "{denial:?}");
                }
            }
        };
        one_answer(Denial::CredentialMissing, Denial::CredentialMalformed, "credential_ key_ secret_ audience_");
        one_answer(Denial::TokenMissing, Denial::TokenMalformed, "token_");
        one_answer(Denial::CallbackProofWrong, Denial::CallbackProofWrong, "callback_");
        assert_eq!(public(Denial::KeyRevoked), public(Denial::CredentialMalformed));
        assert_eq!(public(Denial::TokenExpired), public(Denial::TokenSignatureWrong));
        assert!(Denial::TokenMissing.is_of_token() && !Denial::KeyRevoked.is_of_token());
    }

    #[test]
    fn every_reason_is_its_own() {
        let mut reasons: Vec<_> = Denial::ALL.iter().map(|d| d.answer().reason).collect();
        reasons.sort_unstable();
        reasons.dedup();
        assert_eq!(reasons.len(), Denial::ALL.len());
    }
}
